#include "systems/expert_change.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"

static Status no_memory(Error *error) {
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory to change the experts");
}

/* ---- What it becomes -------------------------------------------------------------------- */

static int left_of(uint64_t lost, int count) {
    int left = 0;
    for (int i = 0; i < count; i++) left += !(lost >> i & 1);
    return left;
}

/* Which of `count` stands at place i when those of `lost` are gone; -1 behind the last. */
static int before(uint64_t lost, int count, int i) {
    for (int k = 0; k < count; k++)
        if (!(lost >> k & 1) && i-- == 0) return k;
    return -1;
}

/* Which expert of before stands at place e afterwards, or is copied there; -1: none. */
static int expert_before(const ExpertChange *c, int experts, int e) {
    int from = before(c->lost_experts, experts, e);
    return from < 0 ? c->of : from;
}

static const char *fault_of_new(const SegmoteConfig *old, const ExpertChange *c) {
    if (old->experts.experts.experts >= EXPERTS_MAX)
        return "it has as many experts as there can be";
    if (!expert_name_is_good(c->name))
        return "a name has letters, digits, _, - and ., a letter first, at most 31, and is not "
               "auto";
    if (segmote_expert(old, c->name) >= 0) return "it has an expert of that name";
    return NULL;
}

static const char *fault_of_fewer(const SegmoteConfig *old, const ExpertChange *c) {
    const TokenExpertsConfig *e = &old->experts.experts;
    if (left_of(c->lost_experts, e->experts) == 0) return "it is the last expert";
    if (route_open(e->held_back | c->lost_experts, e->experts) < e->kept)
        return "the router would have fewer experts to choose from than it keeps of a token";
    return NULL;
}

static int first_of(uint64_t lost) {
    int i = 0;
    while (i < 63 && !(lost >> i & 1)) i++;
    return i;
}

static Status check(const SegmoteConfig *old, const ExpertChange *c, const char *file,
                    Error *error) {
    const char *fault = c->name ? fault_of_new(old, c) : NULL;
    if (fault)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "%s: cannot get an expert \"%s\": %s", file,
                         c->name, fault);
    fault = c->lost_experts ? fault_of_fewer(old, c) : NULL;
    if (fault)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "%s: cannot lose expert %d: %s", file,
                         first_of(c->lost_experts) + 1, fault);
    if (left_of(c->lost_tokens, old->experts.experts.tokens) == 0)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "%s: cannot lose its last expert token",
                         file);
    return VOXPERT_OK;
}

Status expert_change_check(const System *s, const ExpertChange *c, const char *file, Error *error) {
    if (!s->ops->routes || !s->adapter)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "%s: is no adapter; experts are added to adapters, and removed from them",
                         file);
    return check(&s->segmote.config, c, file, error);
}

Status expert_change_config(SegmoteConfig *out, const System *s, const ExpertChange *c,
                            const char *file, Error *error) {
    const SegmoteConfig *old = &s->segmote.config;
    Status status = expert_change_check(s, c, file, error);
    if (status) return status;
    *out = *old;
    TokenExpertsConfig *e = &out->experts.experts;
    int experts = e->experts, left = left_of(c->lost_experts, experts);
    e->experts = left + (c->name != NULL);
    e->tokens = left_of(c->lost_tokens, e->tokens);
    e->held_back = 0;
    memset(out->name, 0, sizeof out->name);
    for (int i = 0; i < e->experts; i++) {
        int from = before(c->lost_experts, experts, i);
        if (from < 0 || route_holds_back(old->experts.experts.held_back, from))
            e->held_back |= UINT64_C(1) << i;
        snprintf(out->name[i], EXPERT_NAME, "%s", from < 0 ? c->name : old->name[from]);
    }
    return VOXPERT_OK;
}

/* ---- Values ----------------------------------------------------------------------------- */

void changed_experts_free(ChangedExperts *n) {
    params_free(&n->params);
    memory_free(n->values);
    memory_free(n->old);
    *n = (ChangedExperts){0};
}

void changed_experts_use(System *copy, const ChangedExperts *n) { copy->segmote = n->segmote; }

static bool same_shape(const Param *a, const Param *b) {
    return a->rank == b->rank && memcmp(a->dim, b->dim, (size_t)a->rank * sizeof *a->dim) == 0;
}

static void copy(ChangedExperts *n, Param *to, const Param *from) {
    param_read(from, n->values);
    param_write(to, n->values);
}

static void copy_linear(ChangedExperts *n, const Linear *to, const Linear *from) {
    if (!to->weight) return;
    copy(n, to->weight, from->weight);
    copy(n, to->bias, from->bias);
}

/* Rows of expert_tokens [tokens,dim] and their MLPs. */
static void copy_tokens(ChangedExperts *n, const ExpertDecoder *from, const ExpertChange *c) {
    const ExpertDecoder *to = &n->segmote.experts;
    int tokens = from->config.experts.tokens, dim = from->config.experts.dim;
    param_read(from->expert_tokens, n->old);
    for (int t = 0; t < to->config.experts.tokens; t++) {
        int source = before(c->lost_tokens, tokens, t);
        memcpy(n->values + t * dim, n->old + source * dim, (size_t)dim * sizeof *n->values);
    }
    param_write(to->expert_tokens, n->values);
    for (int t = 0; t < to->config.experts.tokens; t++) {
        const Head *a = &to->output[t], *b = &from->output[before(c->lost_tokens, tokens, t)];
        for (int i = 0; i < a->depth; i++) copy_linear(n, &a->layer[i], &b->layer[i]);
    }
}

/* [dim,experts]; the columns of an expert begun afresh stay zero. */
static void copy_columns(ChangedExperts *n, Param *to, const Param *from, const ExpertChange *c) {
    int dim = to->dim[0], experts = to->dim[1], old = from->dim[1];
    param_read(from, n->old);
    for (int d = 0; d < dim; d++)
        for (int e = 0; e < experts; e++) {
            int source = expert_before(c, old, e);
            n->values[d * experts + e] = source < 0 ? 0.0f : n->old[d * old + source];
        }
    param_write(to, n->values);
}

static void copy_layer(ChangedExperts *n, TokenExperts *to, const TokenExperts *from,
                       const ExpertChange *c) {
    copy_columns(n, to->gate.weight, from->gate.weight, c);
    copy_columns(n, to->noise.weight, from->noise.weight, c);
    for (int e = 0; e < to->config.experts; e++) {
        int source = expert_before(c, from->config.experts, e);
        if (source < 0) continue;
        copy_linear(n, &to->expert[e].first, &from->expert[source].first);
        copy_linear(n, &to->expert[e].second, &from->expert[source].second);
    }
}

static Status open_scratch(ChangedExperts *n, const Params *old, Error *error) {
    size_t bytes = 0;
    const Params *both[] = {old, &n->params};
    for (int k = 0; k < 2; k++)
        for (size_t i = 0; i < both[k]->count; i++) {
            const Param *p = both[k]->item[i];
            size_t needs = tensor_bytes(&p->tensor);
            bool matters = k || params_find(&n->params, p->name ? p->name : "");
            if (matters && needs > bytes) bytes = needs;
        }
    n->values = memory_new(bytes);
    n->old = memory_new(bytes);
    return n->values && n->old ? VOXPERT_OK : no_memory(error);
}

/* What an adapter learns beside its experts - in published mode the prompt encoder and the way of
 * texts - goes with them as it is. */
static void declare_beside(ChangedExperts *n, const System *s) {
    const char *const *learned = segmote_trained(&s->segmote);
    for (size_t i = 0; i < s->sam.params.count; i++) {
        const Param *p = s->sam.params.item[i];
        if (!param_matches(p, learned) || text_starts(p->name, "mask_decoder.")) continue;
        params_declare(&n->params, p->name, p->layout, p->rank, p->dim, p->initial, p->fan);
    }
}

Status changed_experts_make(ChangedExperts *n, const System *s, const ExpertChange *c,
                            const char *file, Error *error) {
    *n = (ChangedExperts){0};
    SegmoteConfig config;
    const Params *old = &s->sam.params;
    Status status = expert_change_config(&config, s, c, file, error);
    if (status) return status;
    segmote_declare(&n->segmote, &n->params, &s->sam, &s->imis, &config);
    declare_beside(n, s);
    status = params_initialize(&n->params, c->seed, error);
    if (!status) status = open_scratch(n, old, error);
    for (size_t i = 0; !status && i < n->params.count; i++) {
        Param *to = n->params.item[i];
        const Param *from = to->name ? params_find(old, to->name) : NULL;
        if (from && same_shape(to, from)) copy(n, to, from);
    }
    if (!status) copy_tokens(n, &s->segmote.experts, c);
    for (int i = 0; !status && i < s->sam.config.decoder.transformer.depth; i++)
        copy_layer(n, &n->segmote.experts.layer[i], &s->segmote.experts.layer[i], c);
    return status;
}

/* ---- Writing ---------------------------------------------------------------------------- */

/* What its file says, but for what is no longer so. */
static Status write_changed(const ChangedExperts *n, const Checkpoint *file, const char *path,
                            Error *error) {
    size_t stated = checkpoint_metadata_count(file), pairs = 0, count = 0;
    char *config = segmote_config_write(&n->segmote.config);
    MetadataPair *pair = memory_new((stated + 1) * sizeof *pair);
    TensorToWrite *tensors = NULL;
    Status status = config && pair ? VOXPERT_OK : no_memory(error);
    for (size_t i = 0; !status && i < stated; i++) {
        checkpoint_metadata_at(file, i, &pair[pairs].key, &pair[pairs].value);
        const char *key = pair[pairs].key;
        pairs += strcmp(key, "config") != 0 && strcmp(key, "identity") != 0 &&
                 !system_metadata_is_of_run(file, key);
    }
    if (!status) pair[pairs++] = (MetadataPair){"config", config};
    if (!status) status = params_to_write(&n->params, NULL, &tensors, &count, error);
    if (!status) status = safetensors_write(path, tensors, count, pair, pairs, ELEMENT_F32, error);
    memory_free(tensors);
    memory_free(pair);
    memory_free(config);
    return status;
}

static Status wrong(const char *path, const char *what, Error *error) {
    return error_set(error, VOXPERT_BAD_OUTPUT, "%s: differs from what was written: %s", path,
                     what);
}

static Status compare(ChangedExperts *n, const Checkpoint *c, Error *error) {
    for (size_t i = 0; i < n->params.count; i++) {
        const Param *p = n->params.item[i];
        const StoredTensor *t = p->name ? checkpoint_find(c, p->name) : NULL;
        if (!p->name) continue;
        if (!t || t->type != ELEMENT_F32 || t->count != tensor_size(&p->tensor))
            return wrong(checkpoint_path(c), p->name, error);
        stored_tensor_read(t, n->old);
        param_read(p, n->values);
        if (memcmp(n->old, n->values, t->count * sizeof *n->old) != 0)
            return wrong(checkpoint_path(c), p->name, error);
    }
    return VOXPERT_OK;
}

static Status read_back(ChangedExperts *n, const char *path, const Checkpoint *base, Error *error) {
    Checkpoint *c = NULL;
    System again = {0};
    char surplus[256];
    Status status = checkpoint_open(&c, path, error);
    if (!status) status = compare(n, c, error);
    if (!status) status = system_open(&again, c, base, true, surplus, sizeof surplus, error);
    const SegmoteConfig *a = &again.segmote.config, *b = &n->segmote.config;
    if (!status && (memcmp(a->name, b->name, sizeof a->name) != 0 ||
                    memcmp(a->class_name, b->class_name, sizeof a->class_name) != 0))
        status = wrong(path, "its config", error);
    system_close(&again);
    checkpoint_close(c);
    if (status == VOXPERT_BAD_MODEL) { /* it is an output here */
        status = VOXPERT_BAD_OUTPUT;
        if (error) error->status = status;
    }
    return status;
}

Status expert_change_write(const System *s, const ExpertChange *c, const Checkpoint *file,
                           const Checkpoint *base, const char *path, Error *error) {
    ChangedExperts n;
    Status status = changed_experts_make(&n, s, c, checkpoint_path(file), error);
    if (!status) {
        status = write_changed(&n, file, path, error);
        if (!status) {
            status = read_back(&n, path, base, error);
            if (status) unlink(path);
        }
    }
    changed_experts_free(&n);
    return status;
}
