#include "systems/expert_change.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

static Status no_memory(Error *error) {
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory to change the experts");
}

/* ---- What it becomes -------------------------------------------------------------------- */

/* Which expert of before stands at index e afterwards; -1: none. */
static int before(const ExpertChange *c, int experts, int e) {
    if (c->name) return e < experts ? e : c->of;
    return e < c->of ? e : e + 1;
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

static const char *fault_of_less(const SegmoteConfig *old, const ExpertChange *c) {
    const TokenExpertsConfig *e = &old->experts.experts;
    uint64_t held_back = e->held_back | UINT64_C(1) << c->of;
    if (e->experts == 1) return "it is the last expert";
    if (route_open(held_back, e->experts) < e->kept)
        return "the router would have fewer experts to choose from than it keeps of a token";
    return NULL;
}

Status expert_change_config(SegmoteConfig *out, const System *s, const ExpertChange *c,
                            const char *file, Error *error) {
    const SegmoteConfig *old = &s->segmote.config;
    if (s->kind != SYSTEM_SEGMOTE || !s->adapter)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "%s: is no adapter; experts are added to adapters, and removed from them",
                         file);
    const char *fault = c->name ? fault_of_new(old, c) : fault_of_less(old, c);
    if (fault && c->name)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "%s: cannot get an expert \"%s\": %s", file,
                         c->name, fault);
    if (fault)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "%s: cannot lose expert %d: %s", file,
                         c->of + 1, fault);
    *out = *old;
    TokenExpertsConfig *e = &out->experts.experts;
    int experts = old->experts.experts.experts;
    e->experts = experts + (c->name ? 1 : -1);
    e->held_back = 0;
    memset(out->name, 0, sizeof out->name);
    for (int i = 0; i < e->experts; i++) {
        bool new = c->name &&i == experts;
        int from = before(c, experts, i);
        if (new || route_holds_back(old->experts.experts.held_back, from))
            e->held_back |= UINT64_C(1) << i;
        snprintf(out->name[i], EXPERT_NAME, "%s", new ? c->name : old->name[from]);
    }
    return VOXPERT_OK;
}

/* ---- Values ----------------------------------------------------------------------------- */

/* The adapter's parameters afterwards. */
typedef struct Changed {
    Segmote segmote;
    Params params;
    float *values, *old; /* of the largest parameter, before and afterwards */
} Changed;

static void changed_free(Changed *n) {
    params_free(&n->params);
    memory_free(n->values);
    memory_free(n->old);
}

static bool same_shape(const Param *a, const Param *b) {
    return a->rank == b->rank && memcmp(a->dim, b->dim, (size_t)a->rank * sizeof *a->dim) == 0;
}

static void copy(Changed *n, Param *to, const Param *from) {
    param_read(from, n->values);
    param_write(to, n->values);
}

static void copy_linear(Changed *n, const Linear *to, const Linear *from) {
    if (!to->weight) return;
    copy(n, to->weight, from->weight);
    copy(n, to->bias, from->bias);
}

/* [dim,experts]; the columns of an expert begun afresh stay zero. */
static void copy_columns(Changed *n, Param *to, const Param *from, const ExpertChange *c) {
    int dim = to->dim[0], experts = to->dim[1], old = from->dim[1];
    param_read(from, n->old);
    for (int d = 0; d < dim; d++)
        for (int e = 0; e < experts; e++) {
            int source = before(c, old, e);
            n->values[d * experts + e] = source < 0 ? 0.0f : n->old[d * old + source];
        }
    param_write(to, n->values);
}

static void copy_layer(Changed *n, TokenExperts *to, const TokenExperts *from,
                       const ExpertChange *c) {
    copy_columns(n, to->gate.weight, from->gate.weight, c);
    copy_columns(n, to->noise.weight, from->noise.weight, c);
    for (int e = 0; e < to->config.experts; e++) {
        int source = before(c, from->config.experts, e);
        if (source < 0) continue;
        copy_linear(n, &to->expert[e].first, &from->expert[source].first);
        copy_linear(n, &to->expert[e].second, &from->expert[source].second);
    }
}

static Status open_scratch(Changed *n, const Params *old, Error *error) {
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

static Status change(Changed *n, const System *s, const ExpertChange *c, const char *file,
                     Error *error) {
    SegmoteConfig config;
    const Params *old = &s->sam.params;
    Status status = expert_change_config(&config, s, c, file, error);
    if (status) return status;
    segmote_declare(&n->segmote, &n->params, &s->sam, &s->imis, &config);
    status = params_initialize(&n->params, c->seed, error);
    if (!status) status = open_scratch(n, old, error);
    for (size_t i = 0; !status && i < n->params.count; i++) {
        Param *to = n->params.item[i];
        const Param *from = to->name ? params_find(old, to->name) : NULL;
        if (from && same_shape(to, from)) copy(n, to, from);
    }
    for (int i = 0; !status && i < s->sam.config.decoder.transformer.depth; i++)
        copy_layer(n, &n->segmote.experts.layer[i], &s->segmote.experts.layer[i], c);
    return status;
}

/* ---- Writing ---------------------------------------------------------------------------- */

/* What its file says, but for what is no longer so. */
static Status write_changed(const Changed *n, const Checkpoint *file, const char *path,
                            Error *error) {
    size_t stated = checkpoint_metadata_count(file), pairs = 0, count = 0;
    char *config = segmote_config_write(&n->segmote.config);
    MetadataPair *pair = memory_new((stated + 1) * sizeof *pair);
    TensorToWrite *tensors = NULL;
    Status status = config && pair ? VOXPERT_OK : no_memory(error);
    for (size_t i = 0; !status && i < stated; i++) {
        checkpoint_metadata_at(file, i, &pair[pairs].key, &pair[pairs].value);
        const char *key = pair[pairs].key;
        if (strcmp(key, "config") != 0 && strcmp(key, "identity") != 0) pairs++;
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

static Status compare(Changed *n, const Checkpoint *c, Error *error) {
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

static Status read_back(Changed *n, const char *path, const Checkpoint *base, Error *error) {
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
    Changed n = {0};
    Status status = change(&n, s, c, checkpoint_path(file), error);
    if (!status) {
        status = write_changed(&n, file, path, error);
        if (!status) {
            status = read_back(&n, path, base, error);
            if (status) unlink(path);
        }
    }
    changed_free(&n);
    return status;
}
