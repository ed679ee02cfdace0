#include "tests/golden/passes.h"

#include <stdlib.h>
#include <string.h>

/* ---- What an entry says --------------------------------------------------------------------- */

static const char *text_of(const json_t *entry, const char *key) {
    return json_string_value(json_object_get(entry, key)); /* NULL for null, too */
}

Tensor *golden_passes_leaf(GoldenPasses *p, Compute *cx, const char *name) {
    for (size_t i = 0; i < p->inputs; i++) {
        if (strcmp(p->input[i].name, name) == 0) return p->input[i].tensor;
    }
    Tensor *t = golden_map(p->run, cx, name);
    if (!t || p->inputs == GOLDEN_MAX_INPUTS) return t;
    t->needs_grad = p->trains;
    p->input[p->inputs++] = (GoldenLeaf){name, t};
    return t;
}

typedef struct Given { /* owns what the prompts point at */
    GoldenArray points, labels, boxes;
    int *label;
    Prompts prompts;
} Given;

static void given_free(Given *g) {
    golden_array_free(&g->points);
    golden_array_free(&g->labels);
    golden_array_free(&g->boxes);
    free(g->label);
}

static bool take(GoldenRun *run, const json_t *entry, const char *key, GoldenArray *out) {
    const char *name = text_of(entry, key);
    if (!name || golden_input(run, name, out)) return true;
    golden_fail(run, "input %s is missing", name);
    return false;
}

static bool given_read(GoldenPasses *owner, const json_t *entry, Given *g) {
    GoldenRun *run = owner->run;
    *g = (Given){0};
    if (text_of(entry, "text") && !owner->takes_text) {
        golden_fail(run, "text prompts belong to no model of this kind");
        return false;
    }
    if (!take(run, entry, "points", &g->points) || !take(run, entry, "labels", &g->labels) ||
        !take(run, entry, "boxes", &g->boxes))
        return false;
    Prompts *p = &g->prompts;
    if (g->points.count) {
        p->batch = g->points.rank == 3 ? g->points.dim[0] : 1;
        p->points = (int)(g->points.count / 2) / p->batch;
        p->point = g->points.values;
        g->label = malloc(g->labels.count * sizeof *g->label);
        for (size_t i = 0; g->label && i < g->labels.count; i++)
            g->label[i] = (int)g->labels.values[i];
        p->label = g->label;
    }
    if (g->boxes.count) {
        if (!p->batch) p->batch = (int)(g->boxes.count / 4);
        p->boxes = (int)(g->boxes.count / 4) / p->batch;
        p->box = g->boxes.values;
    }
    bool fits = p->batch <= GOLDEN_MAX_PROMPTS && 2 * g->labels.count == g->points.count;
    if (!fits) golden_fail(run, "prompts: labels and points differ in number, or are too many");
    return fits;
}

static const GoldenPass *earlier(const GoldenPasses *p, const char *name) {
    for (size_t i = 0; i < p->count; i++) {
        if (strcmp(p->pass[i].name, name) == 0) return &p->pass[i];
    }
    return NULL;
}

/* The mask prompt [n,4 grid,4 grid,1], or NULL: none, or (reported) it cannot be had. */
static Tensor *mask_of(GoldenPasses *p, Compute *cx, const json_t *entry, int batch) {
    const char *name = text_of(entry, "mask"), *transform = text_of(entry, "mask_transform");
    int side = 4 * sam_grid(p->sam);
    Tensor *mask = NULL;
    if (!name) return NULL;
    if (strcmp(name, "zeros") == 0) {
        mask = tensor_zeros(cx, 4, (int[]){batch ? batch : 1, side, side, 1});
    } else if (*name == '@') {
        const GoldenPass *from = earlier(p, name + 1);
        if (from) mask = from->low_res;
    } else {
        mask = golden_passes_leaf(p, cx, name);
    }
    if (!mask || (*name == '@' && mask->dim[1] != 1)) {
        golden_fail(p->run, "mask %s is not to be had", name);
        return NULL;
    }
    if (transform) mask = op_activation(cx, mask, ACTIVATION_SIGMOID);
    return tensor_view(cx, mask, 0, 4, (int[]){mask->dim[0], side, side, 1});
}

/* ---- Embeddings ----------------------------------------------------------------------------- */

static Tensor *encode(GoldenPasses *p, Compute *cx) {
    if (p->embedding) return p->embedding;
    Tensor *image = golden_passes_leaf(p, cx, "in.image");
    if (!image) return NULL;
    Tape *tape = cx->tape;
    if (p->detach_embedding) cx->tape = NULL;
    p->stages.name = p->stages.stages = "";
    p->embedding = p->encode ? p->encode(p, cx, image) : sam_encode(cx, p->sam, image);
    cx->tape = tape;
    return p->embedding;
}

/* With n prompts and m images prompt i belongs to image floor(i m / n). */
static Tensor *spread(GoldenPasses *p, Compute *cx, Tensor *embedding, int prompts) {
    bool wanted = golden_has(p->run, "mid.embedding_repeated") ||
                  golden_has(p->run, "grad.mid.embedding_repeated");
    int images = embedding->dim[0], index[GOLDEN_MAX_PROMPTS];
    if ((prompts <= images || images == 1) && !wanted) return embedding;
    for (int i = 0; i < prompts; i++) index[i] = i * images / prompts;
    embedding = op_gather(cx, embedding, prompts, index);
    golden_stage(&p->stages, "embedding_repeated", embedding);
    return embedding;
}

static Tensor *embedding_of(GoldenPasses *p, Compute *cx, const json_t *entry) {
    const char *name = text_of(entry, "embedding");
    if (!name) golden_fail(p->run, "a pass names no embedding");
    if (!name || strcmp(name, "encoder") == 0) return name ? encode(p, cx) : NULL;
    return golden_passes_leaf(p, cx, name);
}

/* ---- One pass ------------------------------------------------------------------------------- */

/* Of each prompt the mask with the largest predicted iou, the first of equals. */
static void choose(GoldenPasses *p, Compute *cx, GoldenPass *pass) {
    int n = pass->iou->dim[0], masks = pass->iou->dim[1], side = pass->low_res->dim[2];
    int index[GOLDEN_MAX_PROMPTS] = {0}, chosen[GOLDEN_MAX_PROMPTS] = {0};
    if (!compute_ok(cx)) return;
    for (int i = 0; i < n; i++) {
        const float *iou = pass->iou->data + (size_t)i * (size_t)masks;
        for (int j = 1; !compute_measures(cx) && j < masks; j++) {
            if (iou[j] > iou[chosen[i]]) chosen[i] = j;
        }
        index[i] = i * masks + chosen[i];
    }
    Tensor *low = tensor_view(cx, pass->low_res, 0, 3, (int[]){n * masks, side, side});
    Tensor *iou = tensor_view(cx, pass->iou, 0, 2, (int[]){n * masks, 1});
    low = op_gather(cx, low, n, index);
    pass->low_res = tensor_view(cx, low, 0, 4, (int[]){n, 1, side, side});
    pass->iou = op_gather(cx, iou, n, index);
    static const char *const groups[] = {"out.", "mid."};
    for (int g = 0; g < 2 && !compute_measures(cx); g++) {
        char name[256];
        snprintf(name, sizeof name, "%s%sselected", groups[g], pass->name);
        if (golden_has(p->run, name)) golden_compare_integers(p->run, name, chosen, (size_t)n);
    }
}

PromptTokens golden_passes_prompts(GoldenPasses *p, Compute *cx, const Prompts *prompts) {
    Tape *tape = cx->tape;
    if (p->detach_prompts) cx->tape = NULL;
    PromptTokens tokens = prompt_encoder_forward(cx, &p->sam->prompt, prompts);
    cx->tape = tape;
    return tokens;
}

/* The full-resolution result, for files that hold it. */
static void compare_logits(GoldenPasses *p, Compute *cx, const GoldenPass *pass) {
    const char *named = text_of(pass->entry, "logits");
    char name[256];
    snprintf(name, sizeof name, "out.%s", pass->name);
    if (named)
        snprintf(name, sizeof name, "%s", named);
    else
        strncat(name, "logits", sizeof name - strlen(name) - 1);
    if (!golden_has(p->run, name)) return;
    int size = p->sam->config.image;
    Tensor *logits = op_resize(cx, pass->low_res, size, size);
    if (compute_ok(cx) && !compute_measures(cx))
        golden_compare(p->run, name, logits->data, tensor_size(logits));
}

static void decode(GoldenPasses *p, Compute *cx, GoldenPass *pass, Tensor *embedding,
                   const Prompts *prompts) {
    bool multimask = json_is_true(json_object_get(pass->entry, "multimask"));
    PromptTokens tokens = golden_passes_prompts(p, cx, prompts);
    if (!tokens.sparse) golden_stage_none(&p->stages, "sparse");
    Tensor *positions = prompt_encoder_positions(cx, &p->sam->prompt);
    MaskOutput out =
        mask_decoder_forward(cx, &p->sam->decoder, embedding, positions, &tokens, multimask);
    pass->low_res = out.masks;
    pass->iou = out.iou;
    golden_stage_hold(&p->stages, "low_res", out.masks);
    golden_stage_hold(&p->stages, "iou", out.iou);
    golden_stage(&p->stages, "iou_all", out.iou);
    if (p->chooses && multimask) choose(p, cx, pass);
    golden_stage_result(&p->stages, "low_res", pass->low_res);
    golden_stage_result(&p->stages, "iou", pass->iou);
    compare_logits(p, cx, pass);
}

static bool run_pass(GoldenPasses *p, Compute *cx, const json_t *entry) {
    Given given;
    bool ok = given_read(p, entry, &given);
    GoldenPass *pass = &p->pass[p->count];
    const char *name = text_of(entry, "name"), *stages = text_of(entry, "stages");
    *pass = (GoldenPass){.entry = entry, .name = name ? name : ""};
    Tensor *embedding = ok ? embedding_of(p, cx, entry) : NULL;
    if (embedding && compute_ok(cx)) {
        p->stages.name = pass->name;
        p->stages.stages = stages ? stages : pass->name;
        given.prompts.mask = mask_of(p, cx, entry, given.prompts.batch);
        if (!given.prompts.batch)
            given.prompts.batch = given.prompts.mask ? given.prompts.mask->dim[0] : 1;
        embedding = spread(p, cx, embedding, given.prompts.batch);
        (p->decode ? p->decode : decode)(p, cx, pass, embedding, &given.prompts);
        p->count++;
    }
    given_free(&given);
    return embedding && compute_ok(cx);
}

bool golden_passes_run(GoldenPasses *p, Compute *cx) {
    json_t *entries = golden_metadata(p->run, "prompts");
    p->embedding = NULL;
    p->count = p->inputs = 0;
    p->stages.run = p->run;
    p->stages.encoder =
        (GoldenEncoder){.vit = p->sam->config.encoder == ENCODER_VIT ? &p->sam->vit : NULL,
                        .tiny = p->sam->config.encoder == ENCODER_TINY_VIT ? &p->sam->tiny : NULL};
    golden_stages_watch(&p->stages, cx);
    if (json_array_size(entries) > GOLDEN_MAX_PASSES) {
        golden_fail(p->run, "more passes than the runner takes");
        return false;
    }
    bool ok = true;
    if (golden_has(p->run, "out.embedding")) ok = encode(p, cx) != NULL;
    for (size_t i = 0; ok && i < json_array_size(entries); i++)
        ok = run_pass(p, cx, json_array_get(entries, i));
    return ok && compute_ok(cx);
}
