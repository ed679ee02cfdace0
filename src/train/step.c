#include "train/step.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "train/prompts.h"
#include "train/purposes.h"

/* ---- Plans ------------------------------------------------------------------------------ */

StepPlan step_plan(const PromptRule *rule, Random *r) {
    StepPlan p = {.rounds = rule->rounds};
    p.box = random_uniform(r) < rule->box;
    p.multimask = !p.box && random_uniform(r) < rule->multimask;
    p.points[0] = p.box ? 0 : 1;
    for (int i = 1; i < p.rounds; i++) {
        p.points[i] = (int)random_integer(r, 1, rule->most_points);
        p.mask[i] = random_uniform(r) < 0.8;
    }
    return p;
}

static StepPlan largest_plan(const PromptRule *rule) {
    StepPlan p = {.rounds = rule->rounds, .box = true, .multimask = rule->multimask > 0.0};
    for (int i = 0; i < p.rounds; i++) {
        p.points[i] = rule->most_points;
        p.mask[i] = i > 0;
    }
    return p;
}

/* ---- Prompts of a round ----------------------------------------------------------------- */

static Status add_clicks(Stepper *s, const Batch *b, int had, int more, bool first, Random *r,
                         Error *error) {
    size_t area = (size_t)s->loss_side * (size_t)s->loss_side;
    double scale = (double)b->side / (double)s->loss_side;
    Status status = VOXPERT_OK;
    for (size_t i = 0; i < (size_t)b->count; i++)
        for (int k = had; !status && k < had + more; k++)
            status = prompt_click(s->point + (i * POINTS_MAX + (size_t)k) * 2,
                                  s->label + i * POINTS_MAX + k, b->target + i * area,
                                  first ? NULL : s->predicted + i * area, s->loss_side, scale,
                                  b->pixel[i], k == had ? s->rule.deepest : 0.0, r, error);
    return status;
}

static void add_boxes(Stepper *s, const Batch *b, Random *r) {
    size_t area = (size_t)b->side * (size_t)b->side;
    for (size_t i = 0; i < (size_t)b->count; i++)
        prompt_box(s->box + 4 * i, b->object + i * area, b->side, b->pixel[i], s->rule.jitter, r);
}

static void pack_points(Stepper *s, int batch, int points) {
    for (int i = 0; i < batch; i++) {
        memcpy(s->packed + i * points * 2, s->point + i * POINTS_MAX * 2,
               (size_t)points * 2 * sizeof(float));
        memcpy(s->packed_label + i * points, s->label + i * POINTS_MAX,
               (size_t)points * sizeof(int));
    }
}

/* ---- A round ---------------------------------------------------------------------------- */

/* Of [batch,count,...] logits, the mask nearest to each target by Dice of the thresholded. */
static MaskOutput best_masks(Stepper *s, MaskOutput m, Tensor *target) {
    Compute *cx = &s->cx;
    if (!compute_ok(cx)) return m;
    int batch = m.masks->dim[0], count = m.masks->dim[1], side = s->low_side;
    Tensor *all = tensor_view(cx, m.masks, 0, 3, (int[]){batch * count, side, side});
    Tensor *iou = tensor_view(cx, m.iou, 0, 2, (int[]){batch * count, 1});
    int *best = arena_alloc(&s->records, (size_t)batch * sizeof *best);
    if (!best) return m;
    int step = s->loss_side / side;
    for (int b = 0; b < batch; b++) {
        double top = -1.0;
        best[b] = b * count;
        for (int i = 0; i < count && !compute_measures(cx); i++) {
            const float *x = all->data + (size_t)(b * count + i) * (size_t)(side * side);
            const float *t = target->data + (size_t)b * (size_t)(s->loss_side * s->loss_side);
            double both = 0.0, sum = 1.0;
            for (int k = 0; k < side * side; k++) {
                bool in = t[(k / side * step + step / 2) * s->loss_side + k % side * step +
                            step / 2] > 0.5f;
                both += in && x[k] > 0.0f;
                sum += in + (x[k] > 0.0f);
            }
            if (both / sum > top) top = both / sum, best[b] = b * count + i;
        }
    }
    Tensor *masks = op_gather(cx, all, batch, best);
    masks = tensor_view(cx, masks, 0, 4, (int[]){batch, 1, side, side});
    return (MaskOutput){masks, op_gather(cx, iou, batch, best)};
}

/* Keeps what the next round looks at; returns the mean Dice of the thresholded masks. */
static double keep_prediction(Stepper *s, const Batch *b, const Tensor *low, const Tensor *large) {
    if (!compute_ok(&s->cx) || compute_measures(&s->cx)) return 0.0;
    size_t batch = (size_t)b->count, n = (size_t)s->loss_side * (size_t)s->loss_side;
    memcpy(s->previous, low->data, tensor_bytes(low));
    double dice = 0.0;
    for (size_t i = 0; i < batch; i++) {
        double both = 0.0, sum = 1e-9;
        for (size_t k = i * n; k < (i + 1) * n; k++) {
            s->predicted[k] = large->data[k] > 0.0f;
            both += s->predicted[k] && b->target[k] > 0.5f;
            sum += s->predicted[k] + (b->target[k] > 0.5f);
        }
        dice += 2.0 * both / sum / (double)batch;
    }
    return dice;
}

static MaskLossParts round_run(Stepper *s, const Batch *b, const StepPlan *plan, int round,
                               int points, Tensor *embedding, double *dice) {
    Compute *cx = &s->cx;
    Scope scope = scope_begin(cx);
    Tape tape = {0}, *outer = cx->tape;
    cx->tape = &tape;
    int low = s->low_side, side = s->loss_side;
    Tensor mask = {.data = s->previous, .rank = 4, .dim = {b->count, low, low, 1}};
    mask.root = &mask;
    Tensor target = {.data = b->target, .rank = 4, .dim = {b->count, 1, side, side}};
    target.root = &target;
    bool bare = plan->bare[round];
    pack_points(s, b->count, points);
    Prompts prompts = {.batch = b->count,
                       .points = bare ? 0 : points,
                       .boxes = !bare && plan->box,
                       .point = s->packed,
                       .label = s->packed_label,
                       .box = s->box,
                       .mask = plan->mask[round] ? &mask : NULL};
    MaskOutput m = sam_decode(cx, s->sam, embedding, &prompts, round == 0 && plan->multimask);
    if (round == 0 && plan->multimask) m = best_masks(s, m, &target);
    Tensor *large = op_resize(cx, m.masks, side, side);
    MaskLossParts parts = {0};
    Tensor *loss = op_mask_loss(cx, large, &target, m.iou, &s->loss, &parts);
    *dice = keep_prediction(s, b, m.masks, large);
    backward(cx, loss);
    cx->tape = outer;
    scope_drop(cx, scope);
    return parts;
}

static void rounds_run(Stepper *s, const Batch *b, const StepPlan *plan, Tensor *embedding,
                       Random *r, StepResult *out, Status *status, Error *error) {
    int points = 0;
    if (plan->box && !compute_measures(&s->cx)) add_boxes(s, b, r);
    for (int i = 0; !*status && i < plan->rounds; i++) {
        int more = points + plan->points[i] <= POINTS_MAX ? plan->points[i] : 0;
        if (!compute_measures(&s->cx)) *status = add_clicks(s, b, points, more, i == 0, r, error);
        points += more;
        double dice;
        MaskLossParts parts = round_run(s, b, plan, i, points, embedding, &dice);
        out->loss += parts.loss / plan->rounds;
        if (i == 0) out->first = parts, out->dice = dice;
        out->last = parts;
    }
}

static Status run(Stepper *s, const Batch *b, const StepPlan *plan, Random *r, StepResult *out,
                  Error *error) {
    Compute *cx = &s->cx;
    Status status = VOXPERT_OK;
    *out = (StepResult){0};
    Tensor image = {.data = b->image, .rank = 4, .dim = {b->count, b->side, b->side, 3}};
    image.root = &image;
    Tape tape = {0};
    cx->tape = &tape;
    cx->failure = NULL;
    Scope scope = scope_begin(cx);
    Tensor *embedding = sam_encode(cx, s->sam, &image);
    grad_of(cx, embedding); /* outlives the rounds that add to it */
    rounds_run(s, b, plan, embedding, r, out, &status, error);
    backward_from(cx);
    scope_drop(cx, scope);
    cx->tape = NULL;
    return status ? status : compute_status(cx, error);
}

Status stepper_run(Stepper *s, const Batch *b, const StepPlan *plan, uint64_t seed, uint64_t step,
                   StepResult *out, Error *error) {
    Random r = random_begin(seed, step, 0, PURPOSE_PROMPT);
    return run(s, b, plan, &r, out, error);
}

/* ---- Memory ----------------------------------------------------------------------------- */

enum { RECORD_BYTES = 64 << 20 };

/* Runs the largest step on addresses only. */
static Status measure(Stepper *s, size_t *bytes, Error *error) {
    Batch b = {.count = s->batch, .side = s->sam->config.image, .loss_side = s->loss_side};
    Status status = arena_open_measuring(&s->memory, error);
    if (status) return status;
    s->cx = (Compute){.kernels = &kernels_measuring,
                      .worker = &s->worker,
                      .memory = &s->memory,
                      .records = &s->records};
    StepPlan plan = largest_plan(&s->rule);
    Random r = random_begin(0, 0, 0, 0);
    StepResult ignored;
    status = run(s, &b, &plan, &r, &ignored, error);
    *bytes = s->memory.peak;
    arena_close(&s->memory);
    return status;
}

static Status open_buffers(Stepper *s, Error *error) {
    size_t n = (size_t)s->batch, low = (size_t)s->low_side, large = (size_t)s->loss_side;
    s->box = memory_new(n * 4 * sizeof *s->box);
    s->point = memory_new(n * POINTS_MAX * 2 * sizeof *s->point);
    s->label = memory_new(n * POINTS_MAX * sizeof *s->label);
    s->packed = memory_new(n * POINTS_MAX * 2 * sizeof *s->packed);
    s->packed_label = memory_new(n * POINTS_MAX * sizeof *s->packed_label);
    s->previous = memory_new(n * low * low * sizeof *s->previous);
    s->predicted = memory_new(n * large * large);
    if (s->box && s->point && s->label && s->packed && s->packed_label && s->previous &&
        s->predicted)
        return VOXPERT_OK;
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the prompts of a batch");
}

Status stepper_open(Stepper *s, Sam *sam, const Kernels *kernels, Threads *threads, int batch,
                    int loss_side, const PromptRule *rule, const MaskLoss *loss, Error *error) {
    *s = (Stepper){.sam = sam,
                   .kernels = kernels,
                   .loss = *loss,
                   .rule = *rule,
                   .batch = batch,
                   .loss_side = loss_side,
                   .low_side = 4 * sam_grid(sam)};
    size_t bytes = 0;
    Status status = worker_open(&s->worker, threads, error);
    if (!status) status = open_buffers(s, error);
    if (!status) status = arena_open(&s->records, RECORD_BYTES, error);
    if (!status) status = measure(s, &bytes, error);
    if (!status) status = arena_open(&s->memory, bytes, error);
    s->cx = (Compute){.kernels = kernels,
                      .worker = &s->worker,
                      .memory = &s->memory,
                      .records = &s->records};
    if (status) stepper_close(s);
    return status;
}

void stepper_close(Stepper *s) {
    memory_free(s->box);
    memory_free(s->point);
    memory_free(s->label);
    memory_free(s->packed);
    memory_free(s->packed_label);
    memory_free(s->previous);
    memory_free(s->predicted);
    arena_close(&s->records);
    arena_close(&s->memory);
    worker_close(&s->worker);
    *s = (Stepper){0};
}
