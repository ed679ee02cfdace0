/* Prompts to masks, and masks to the picture's own pixels. */
#include <string.h>

#include "base/memory.h"
#include "base/platform.h"
#include "predict/expert_maps.h"
#include "systems/experts.h"

static Status no_memory(const char *what, Error *error) {
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for %s", what);
}

/* ---- What the decoder makes of the image alone ------------------------------------------ */

enum { IMAGE_PARTS = 4 };

static void parts_of(DecoderImage *image, Tensor **part[IMAGE_PARTS]) {
    part[0] = &image->side.keys;
    part[1] = &image->side.k;
    part[2] = &image->side.v;
    part[3] = &image->side.q;
}

/* Widths of the parts: keys are as wide as the embedding, their projections half of it. */
static int part_width(const Predictor *p, int part) {
    int dim = p->model->system.sam.config.prompt.dim;
    return part == 0 ? dim : dim / 2;
}

static size_t part_floats(const Predictor *p, int part) {
    size_t grid = (size_t)sam_grid(&p->model->system.sam);
    return grid * grid * (size_t)part_width(p, part);
}

static Status image_work(Compute *cx, void *context, Error *error) {
    (void)error;
    Predictor *p = context;
    Tensor **part[IMAGE_PARTS];
    DecoderImage made =
        sam_decoder_image(cx, &p->model->system.sam, predictor_image(cx, p).embedding);
    if (!compute_ok(cx) || compute_measures(cx)) return VOXPERT_OK;
    parts_of(&made, part);
    float *to = p->image;
    for (int i = 0; i < IMAGE_PARTS; to += part_floats(p, i++))
        memcpy(to, (*part[i])->data, part_floats(p, i) * sizeof *to);
    return VOXPERT_OK;
}

static Status know_image(Predictor *p, Error *error) {
    if (p->image_known) return VOXPERT_OK;
    size_t count = 0;
    for (int i = 0; i < IMAGE_PARTS; i++) count += part_floats(p, i);
    if (!p->image) p->image = memory_aligned(count * sizeof *p->image);
    if (!p->image) return no_memory("the decoder's view of the image", error);
    StepShape shape = {.kind = STEP_IMAGE, .batch = 1};
    Status status = steps_run(&p->steps, shape, p->max_memory, image_work, p, error);
    p->image_known = !status;
    return status;
}

static DecoderImage known_image(Compute *cx, const Predictor *p) {
    int grid = sam_grid(&p->model->system.sam);
    DecoderImage image = {.grid = grid};
    Tensor **part[IMAGE_PARTS];
    parts_of(&image, part);
    float *from = p->image;
    for (int i = 0; i < IMAGE_PARTS; from += part_floats(p, i++))
        *part[i] = tensor_over(cx, 3, (int[]){1, grid * grid, part_width(p, i)}, from);
    return image;
}

/* ---- One object ------------------------------------------------------------------------- */

typedef struct Decoding {
    Predictor *p;
    const ObjectPrompt *prompt;
    bool all;    /* masks 1..; else mask 0 */
    float *text; /* vector of the prompt's text, or NULL */
    Prediction *out;
} Decoding;

static Status take(const Decoding *d, const MaskOutput *found, Error *error) {
    Prediction *out = d->out;
    *out = (Prediction){.count = found->masks->dim[1], .side = found->masks->dim[2]};
    out->low_res = memory_new(tensor_bytes(found->masks));
    if (!out->low_res) return no_memory("the masks", error);
    memcpy(out->low_res, found->masks->data, tensor_bytes(found->masks));
    for (int i = 0; i < out->count; i++) {
        out->iou[i] = found->iou->data[i];
        out->token[i] = i + d->all;
    }
    return VOXPERT_OK;
}

static Status take_routing(const Decoding *d, const ExpertOutput *found, Error *error) {
    const System *s = &d->p->model->system;
    const TokenExpertsConfig *e = system_token_experts(s);
    if (!e) return VOXPERT_OK;
    Routing *r = &d->out->routing;
    *r = (Routing){.layers = system_expert_layers(s),
                   .tokens = e->tokens,
                   .experts = e->experts,
                   .chosen = found->chosen[0]};
    size_t each = (size_t)e->tokens * (3 * (size_t)e->experts + 1);
    r->routed = memory_new((size_t)r->layers * each * sizeof *r->routed);
    if (!r->routed) return no_memory("what the routers did", error);
    for (int i = 0; i < r->layers; i++)
        memcpy(r->routed + (size_t)i * each, found->routed[i]->data, each * sizeof *r->routed);
    return VOXPERT_OK;
}

static bool has_mask(const ObjectPrompt *o) { return o->mask || o->low_res; }

static Status add_mask(Compute *cx, const Decoding *d, Prompts *prompts, Error *error) {
    const Predictor *p = d->p;
    int side = 4 * sam_grid(&p->model->system.sam);
    if (!has_mask(d->prompt)) return VOXPERT_OK;
    prompts->mask = tensor_new(cx, 4, (int[]){1, side, side, 1});
    if (!compute_ok(cx) || compute_measures(cx)) return VOXPERT_OK;
    return prompt_mask(prompts->mask->data, &p->view, &p->model->preset, d->prompt,
                       (int)p->picture.width, side, error);
}

/* Where no mask is prompted, the part of the work that depends on the image alone is done once. */
static bool uses_image_part(const Decoding *d) {
    return d->p->model->system.ops->decode_image && !has_mask(d->prompt);
}

/* The vector of the prompt's text, or NULL. */
static Tensor *text_tensor(Compute *cx, const Decoding *d) {
    if (!d->text) return NULL;
    return tensor_over(cx, 2, (int[]){1, system_text_width(&d->p->model->system)}, d->text);
}

static SystemOutput answer(Compute *cx, const Decoding *d, const Prompts *prompts) {
    const System *s = &d->p->model->system;
    if (uses_image_part(d)) {
        DecoderImage known = known_image(cx, d->p);
        MaskOutput found = s->ops->decode_image(cx, s, &known, prompts, text_tensor(cx, d), d->all);
        return (SystemOutput){.masks = found.masks, .iou = found.iou};
    }
    SystemImage image = predictor_image(cx, d->p);
    const ObjectPrompt *o = d->prompt;
    DecodeOptions options = {.multimask = d->all,
                             .prompt_free = o->prompt_free,
                             .expert = o->expert,
                             .classes = o->prompt_class ? &o->prompt_class : NULL,
                             .text = text_tensor(cx, d)};
    return system_decode(cx, s, &image, prompts, &options);
}

/* No pixel is above a threshold of NaN: an empty mask would be the answer. */
static Status check_answer(const Predictor *p, const SystemOutput *found, Error *error) {
    const Tensor *masks = found->masks, *iou = found->iou;
    Status status =
        model_check_finite(p->model, "its mask", masks->data, tensor_size(masks), error);
    if (status) return status;
    return model_check_finite(p->model, "its predicted quality", iou->data, tensor_size(iou),
                              error);
}

static Status decode_work(Compute *cx, void *context, Error *error) {
    const Decoding *d = context;
    Prompts prompts;
    Status status = prompt_to_model(cx, &d->p->view, d->prompt, &prompts, error);
    if (!status) status = add_mask(cx, d, &prompts, error);
    if (status) return status;
    ExpertMaps *maps = d->p->maps;
    if (maps) expert_maps_watch(maps, cx);
    SystemOutput found = answer(cx, d, &prompts);
    if (!compute_ok(cx) || compute_measures(cx)) return VOXPERT_OK;
    status = take(d, &(MaskOutput){found.masks, found.iou}, error);
    if (!status) status = take_routing(d, &found.experts, error);
    if (!status) status = check_answer(d->p, &found, error);
    return status || !maps ? status : expert_maps_take(maps, &d->out->routing, error);
}

static void keep_best(Prediction *out) {
    int best = 0;
    for (int i = 1; i < out->count; i++) {
        if (out->iou[i] > out->iou[best]) best = i;
    }
    size_t n = (size_t)out->side * (size_t)out->side;
    if (best) memcpy(out->low_res, out->low_res + (size_t)best * n, n * sizeof(float));
    out->iou[0] = out->iou[best];
    out->token[0] = out->token[best];
    out->count = 1;
}

static Status decode(Decoding *d, Error *error) {
    Predictor *p = d->p;
    const ObjectPrompt *o = d->prompt;
    StepShape shape = {.kind = STEP_DECODE,
                       .batch = 1,
                       .points = o->points,
                       .boxes = o->box != NULL,
                       .mask = has_mask(o),
                       .multimask = d->all,
                       .prompt_free = o->prompt_free,
                       .text = o->text != NULL,
                       .classed = o->prompt_class != 0};
    Status status = uses_image_part(d) ? know_image(p, error) : VOXPERT_OK;
    if (status) return status;
    return steps_run(&p->steps, shape, p->max_memory, decode_work, d, error);
}

/* What the tower makes of it is known afterwards, before anything else is computed. */
static Status check_text(const Model *m, const char *text, Error *error) {
    float *vector = memory_aligned((size_t)system_text_width(&m->system) * sizeof *vector + 1);
    if (!vector) return no_memory("a text", error);
    Status status = model_text(m, text, vector, error);
    memory_free(vector);
    return status;
}

Status predictor_check(const Predictor *p, const ObjectPrompt *prompt, Error *error) {
    const System *s = &p->model->system;
    int experts = system_experts(s), classes = system_classes(s);
    if (prompt->prompt_free && !system_answers_unprompted(s))
        return error_set_field(
            error, VOXPERT_BAD_ARGUMENT, "prompt-free",
            "this model makes no prompt tokens: it needs a point, a box or a mask");
    if (prompt->prompt_class < 0 || prompt->prompt_class > classes)
        return error_set_field(error, VOXPERT_BAD_ARGUMENT, "class",
                               "class %d: this model's prompt tokens have %d classes",
                               prompt->prompt_class, classes);
    if (prompt->prompt_class && !prompt->prompt_free)
        return error_set_field(error, VOXPERT_BAD_ARGUMENT, "class",
                               "a class is queried of prompt tokens from the image (prompt_free)");
    if (prompt->expert < 0 || prompt->expert > experts)
        return error_set_field(error, VOXPERT_BAD_ARGUMENT, "expert",
                               "expert %d: this model has %d experts", prompt->expert, experts);
    return prompt->text ? check_text(p->model, prompt->text, error) : VOXPERT_OK;
}

static bool chooses(const Model *m) { return m->preset.best_of_all || m->system.ops->best_of_all; }

/* The vector of the prompt's text; the caller frees it. */
static Status vector_of_text(Decoding *d, Error *error) {
    const Model *m = d->p->model;
    if (!d->prompt->text) return VOXPERT_OK;
    d->text = memory_aligned((size_t)system_text_width(&m->system) * sizeof *d->text);
    if (!d->text) return no_memory("a text", error);
    return model_text(m, d->prompt->text, d->text, error);
}

/* Its answers to other prompts are accidental. */
static void warn_of_prompts(Predictor *p, bool others) {
    const Model *m = p->model;
    if (!others || !m->preset.boxes_alone || p->warned || !m->log) return;
    p->warned = true;
    m->log(m->log_context,
           "this model was trained on box prompts alone: what it makes of points and "
           "masks is accidental");
}

Status predictor_decode(Predictor *p, const ObjectPrompt *prompt, bool multimask, Prediction *out,
                        Error *error) {
    *out = (Prediction){0};
    if (!p->encoded) return error_set(error, VOXPERT_BAD_ARGUMENT, "no image was encoded");
    double start = system_seconds();
    Decoding d = {p, prompt, multimask || chooses(p->model), NULL, out};
    Status status = predictor_check(p, prompt, error);
    if (!status) warn_of_prompts(p, prompt->points > 0 || has_mask(prompt));
    if (!status) status = vector_of_text(&d, error);
    if (!status) status = decode(&d, error);
    if (!status && d.all && !multimask) keep_best(out);
    out->crop = p->view.crop;
    memory_free(d.text);
    p->decode_seconds = system_seconds() - start;
    return status;
}

void prediction_free(Prediction *p) {
    memory_free(p->low_res);
    memory_free(p->routing.routed);
    *p = (Prediction){0};
}

/* ---- Many points ------------------------------------------------------------------------ */

enum { POINTS_AT_ONCE = 8, ROWS_AT_ONCE = 4096 };

/* The products of a small grid are too small one by one; those of a large one are not, and several
 * would only need more memory. */
static int points_at_once(const Predictor *p) {
    int grid = sam_grid(&p->model->system.sam), points = ROWS_AT_ONCE / (grid * grid);
    return points < 1 ? 1 : points > POINTS_AT_ONCE ? POINTS_AT_ONCE : points;
}

typedef struct PointsDecoding {
    Predictor *p;
    int points, label[POINTS_AT_ONCE];
    float at[2 * POINTS_AT_ONCE];
    bool multimask;
    float *low_res, *iou;
} PointsDecoding;

static Status points_work(Compute *cx, void *context, Error *error) {
    const PointsDecoding *d = context;
    Prompts prompts = {.batch = d->points, .points = 1, .point = d->at, .label = d->label};
    DecoderImage image = known_image(cx, d->p);
    const System *s = &d->p->model->system;
    MaskOutput found = s->ops->decode_image(cx, s, &image, &prompts, NULL, d->multimask);
    if (!compute_ok(cx) || compute_measures(cx)) return VOXPERT_OK;
    memcpy(d->low_res, found.masks->data, tensor_bytes(found.masks));
    memcpy(d->iou, found.iou->data, tensor_bytes(found.iou));
    return check_answer(d->p, &(SystemOutput){.masks = found.masks, .iou = found.iou}, error);
}

static Status decode_some(PointsDecoding *d, const float *point, Error *error) {
    Predictor *p = d->p;
    for (int i = 0; i < d->points; i++) {
        d->label[i] = 1;
        view_point(&p->view, point + 2 * i, d->at + 2 * i);
    }
    StepShape shape = {
        .kind = STEP_DECODE, .batch = d->points, .points = 1, .multimask = d->multimask};
    return steps_run(&p->steps, shape, p->max_memory, points_work, d, error);
}

Status predictor_decode_points(Predictor *p, int points, const float *point, bool multimask,
                               float *low_res, float *iou, Error *error) {
    size_t masks = multimask ? (size_t)p->model->system.sam.config.decoder.masks - 1 : 1;
    size_t side = 4 * (size_t)sam_grid(&p->model->system.sam);
    if (!p->encoded) return error_set(error, VOXPERT_BAD_ARGUMENT, "no image was encoded");
    if (!p->model->system.ops->decode_image)
        return error_set(
            error, VOXPERT_BAD_ARGUMENT,
            "everything mode needs a model without experts, which decode one prompt at "
            "a time");
    warn_of_prompts(p, true);
    Status status = know_image(p, error);
    int most = points_at_once(p);
    for (int first = 0; !status && first < points; first += most) {
        int left = points - first;
        size_t done = (size_t)first * masks;
        PointsDecoding d = {.p = p,
                            .points = left < most ? left : most,
                            .multimask = multimask,
                            .low_res = low_res + done * side * side,
                            .iou = iou + done};
        status = decode_some(&d, point + 2 * first, error);
    }
    return status;
}

/* ---- Back to the picture ---------------------------------------------------------------- */

static const float outside_crop = -32.0f;

static void paste(float *out, const Predictor *p, const float *part, size_t count) {
    const Crop *c = &p->view.crop;
    size_t width = (size_t)c->width, height = (size_t)c->height;
    size_t whole = p->picture.width * p->picture.height;
    for (size_t i = 0; i < count * whole; i++) out[i] = outside_crop;
    for (size_t m = 0; m < count; m++) {
        for (size_t y = 0; y < height; y++) {
            size_t row = ((size_t)c->y + y) * p->picture.width + (size_t)c->x;
            memcpy(out + m * whole + row, part + (m * height + y) * width, width * sizeof *out);
        }
    }
}

Status predictor_logits(const Predictor *p, const Prediction *prediction, float *out,
                        Error *error) {
    const Crop *c = &p->view.crop;
    const Preset *preset = &p->model->preset;
    size_t pixels = (size_t)c->width * (size_t)c->height, count = (size_t)prediction->count;
    if (pixels == p->picture.width * p->picture.height)
        return view_logits(out, &p->view, preset, prediction->low_res, prediction->count,
                           prediction->side, error);
    float *part = memory_new(count * pixels * sizeof *part);
    if (!part) return no_memory("the masks", error);
    Status status = view_logits(part, &p->view, preset, prediction->low_res, prediction->count,
                                prediction->side, error);
    if (!status) paste(out, p, part, count);
    memory_free(part);
    return status;
}
