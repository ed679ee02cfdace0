#include "train/step.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "train/prompts.h"
#include "train/purposes.h"

/* ---- Plans ------------------------------------------------------------------------------ */

static StepPlan plan_ours(const PromptRule *rule, Random *r) {
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

enum { MED2D_MOST_POINTS = 9 };

/* One first pass, then rounds of which the last and a random one see the mask alone. */
static StepPlan plan_sam_med2d(const PromptRule *rule, Random *r) {
    static const int counts[] = {1, 3, 5, MED2D_MOST_POINTS};
    StepPlan p = {.rounds = rule->rounds, .multimask = true};
    p.box = random_uniform(r) < rule->box;
    p.points[0] = p.box ? 0 : 1;
    int later = p.rounds - 1, bare = later > 2 ? (int)random_integer(r, 2, later - 1) : later;
    for (int i = 1; i < p.rounds; i++) {
        p.points[i] = counts[random_integer(r, 0, 3)];
        p.mask[i] = true;
        p.bare[i] = i == bare || i == later;
    }
    return p;
}

/* The experts' masks are one for each token, and chosen by the router: none are ambiguous. */
static StepPlan plan_experts(const PromptRule *rule, const ExpertRule *experts, Random *r) {
    bool prompt_free = random_uniform(r) < experts->prompt_free;
    StepPlan p = plan_ours(rule, r);
    p.multimask = false;
    if (!prompt_free) return p;
    return (StepPlan){.rounds = 1, .prompt_free = true};
}

StepPlan step_plan(Scheme scheme, const PromptRule *rule, const ExpertRule *experts, Random *r) {
    if (experts) return plan_experts(rule, experts, r);
    return scheme == SCHEME_SAM_MED2D ? plan_sam_med2d(rule, r) : plan_ours(rule, r);
}

/* No step asks for more at once: a box and a click, the ambiguous masks, all points that later
 * rounds may add. */
static StepPlan largest_plan(const Stepper *s) {
    const PromptRule *rule = &s->rule;
    bool published = s->scheme == SCHEME_SAM_MED2D;
    StepPlan p = {.rounds = rule->rounds, .box = rule->box > 0.0};
    p.multimask = (rule->multimask > 0.0 || published) && s->system->kind == SYSTEM_SAM;
    p.points[0] = 1;
    for (int i = 1; i < p.rounds; i++) {
        p.points[i] = published ? MED2D_MOST_POINTS : rule->most_points;
        p.mask[i] = true;
    }
    return p;
}

static Status check_points(const Stepper *s, Error *error) {
    int most = (s->rule.rounds - 1) * s->rule.most_points + 1;
    if (s->scheme == SCHEME_SAM_MED2D || most <= POINTS_MAX) return VOXPERT_OK;
    return error_set(error, VOXPERT_BAD_ARGUMENT,
                     "--rounds %d with --points %d asks for up to %d clicks at once; %d are the "
                     "most",
                     s->rule.rounds, s->rule.most_points, most, POINTS_MAX);
}

/* ---- Prompts of a round ----------------------------------------------------------------- */

/* What the prompts of a step are so far. */
typedef struct Asked {
    int points;
    bool box;
    Random random;
} Asked;

static Status add_clicks(Stepper *s, const Batch *b, Asked *asked, int more, bool first,
                         Error *error) {
    size_t area = (size_t)s->loss_side * (size_t)s->loss_side;
    double scale = (double)b->side / (double)s->loss_side;
    bool published = s->scheme == SCHEME_SAM_MED2D;
    int had = published ? 0 : asked->points;
    assert(had + more <= POINTS_MAX);
    asked->points = had + more;
    Status status = VOXPERT_OK;
    for (size_t i = 0; !compute_measures(&s->cx) && i < (size_t)b->count; i++)
        for (int k = had; !status && k < had + more; k++) {
            ClickRule rule = {k == had && !published ? s->rule.deepest : 0.0, published};
            status = prompt_click(s->point + (i * POINTS_MAX + (size_t)k) * 2,
                                  s->label + i * POINTS_MAX + (size_t)k, b->target + i * area,
                                  first ? NULL : s->predicted + i * area, s->loss_side, scale,
                                  b->pixel[i], &rule, &asked->random, error);
        }
    return status;
}

static Status add_boxes(Stepper *s, const Batch *b, Asked *asked, Error *error) {
    size_t area = (size_t)b->side * (size_t)b->side;
    Status status = VOXPERT_OK;
    for (size_t i = 0; !compute_measures(&s->cx) && !status && i < (size_t)b->count; i++) {
        const uint8_t *object = b->object + i * area;
        float *box = s->box + 4 * i;
        if (s->scheme == SCHEME_SAM_MED2D)
            status = prompt_box_shifted(box, object, b->side, &asked->random, error);
        else
            prompt_box(box, object, b->side, b->pixel[i], s->rule.jitter, &asked->random);
    }
    return status;
}

static void pack_points(Stepper *s, size_t batch, size_t points) {
    for (size_t i = 0; i < batch; i++) {
        memcpy(s->packed + i * points * 2, s->point + i * POINTS_MAX * 2,
               points * 2 * sizeof(float));
        memcpy(s->packed_label + i * points, s->label + i * POINTS_MAX, points * sizeof(int));
    }
}

static Status ask(Stepper *s, const Batch *b, const StepPlan *plan, int round, Asked *asked,
                  Error *error) {
    Status status = VOXPERT_OK;
    if (round == 0 && plan->box) status = add_boxes(s, b, asked, error);
    asked->box = round == 0 ? plan->box : asked->box && !plan->bare[round];
    if (!status) status = add_clicks(s, b, asked, plan->points[round], round == 0, error);
    if (plan->bare[round]) asked->points = 0;
    pack_points(s, (size_t)b->count, (size_t)asked->points);
    return status;
}

/* For the routers of this round. */
static size_t noise_count(const Stepper *s) {
    if (s->system->kind != SYSTEM_SEGMOTE) return 0;
    const TokenExpertsConfig *e = &s->system->segmote.config.experts.experts;
    return (size_t)s->sam->config.decoder.transformer.depth * (size_t)s->batch * (size_t)e->tokens *
           (size_t)e->experts;
}

static void draw_noise(Stepper *s, Random *r) {
    if (compute_measures(&s->cx)) return;
    for (size_t i = 0, n = noise_count(s); s->experts.noise && i < n; i++)
        s->noise[i] = (float)random_normal(r);
}

/* ---- A round ---------------------------------------------------------------------------- */

/* Dice of thresholded low logits with the target, sampled at the logits' places. */
static double low_dice(const Stepper *s, const float *logits, const float *target) {
    int side = s->low_side, step = s->loss_side / side;
    double both = 0.0, sum = 1e-9;
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++) {
            size_t at = (size_t)(y * step + step / 2) * (size_t)s->loss_side +
                        (size_t)(x * step + step / 2);
            bool in = target[at] > 0.5f, said = logits[y * side + x] > 0.0f;
            both += in && said;
            sum += in + said;
        }
    return 2.0 * both / sum;
}

/* One of [batch,count,...] masks for each sample: the nearest to its target, or, as SAM-Med2D does,
 * the one that the model believes in. */
static MaskOutput best_masks(Stepper *s, MaskOutput m, const Batch *b) {
    Compute *cx = &s->cx;
    if (!compute_ok(cx)) return m;
    int batch = m.masks->dim[0], count = m.masks->dim[1], side = s->low_side;
    Tensor *all = tensor_view(cx, m.masks, 0, 3, (int[]){batch * count, side, side});
    Tensor *iou = tensor_view(cx, m.iou, 0, 2, (int[]){batch * count, 1});
    int *best = s->best;
    size_t low = (size_t)side * (size_t)side, large = (size_t)s->loss_side * (size_t)s->loss_side;
    for (int i = 0; i < batch; i++) {
        double top = -1e30;
        best[i] = i * count;
        for (int k = i * count; k < (i + 1) * count && !compute_measures(cx); k++) {
            double worth = s->scheme == SCHEME_SAM_MED2D ? (double)iou->data[k]
                                                         : low_dice(s, all->data + (size_t)k * low,
                                                                    b->target + (size_t)i * large);
            if (worth > top) top = worth, best[i] = k;
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
    size_t count = s->scheme == SCHEME_SAM_MED2D ? tensor_size(low) : 0;
    for (size_t i = 0; i < count; i++) s->previous[i] = 1.0f / (1.0f + expf(-s->previous[i]));
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

/* What a round's decoder gave, and what its experts did. */
typedef struct Decoded {
    MaskOutput masks;
    ExpertOutput experts;
} Decoded;

static Decoded decode_experts(Stepper *s, Tensor *embedding, const Prompts *prompts,
                              const PromptTokens *tokens, Tensor *positions, bool prompt_free) {
    const ExpertDecoder *d = &s->system->segmote.experts;
    ExpertPrompt asked = {.tokens = tokens,
                          .masked = prompts->mask != NULL,
                          .pool = prompt_free,
                          .noise = s->experts.noise ? s->noise : NULL};
    Decoded out = {.experts = expert_decoder_forward(&s->cx, d, embedding, positions, &asked)};
    out.masks = (MaskOutput){out.experts.masks, NULL};
    return out;
}

static void tally(Stepper *s, const Batch *b, const ExpertOutput *found) {
    if (!s->tally || !compute_ok(&s->cx) || compute_measures(&s->cx)) return;
    for (int i = 0; i < s->sam->config.decoder.transformer.depth; i++)
        routing_tally_add(s->tally, found->routed[i]->data, b->set, b->count,
                          s->system->segmote.config.experts.experts.tokens);
}

/* As sam_decode; the published scheme's later rounds do not train the prompt encoder. */
static Decoded decode(Stepper *s, Tensor *embedding, const Prompts *prompts, bool frozen,
                      bool multimask, bool prompt_free) {
    Compute *cx = &s->cx;
    Tape *tape = cx->tape;
    Tensor *positions = prompt_encoder_positions(cx, &s->sam->prompt);
    if (frozen) cx->tape = NULL;
    PromptTokens tokens = prompt_encoder_forward(cx, &s->sam->prompt, prompts);
    cx->tape = tape;
    if (s->system->kind == SYSTEM_SEGMOTE)
        return decode_experts(s, embedding, prompts, &tokens, positions, prompt_free);
    return (Decoded){.masks = mask_decoder_forward(cx, &s->sam->decoder, embedding, positions,
                                                   &tokens, multimask)};
}

/* The shared embeddings, one for each sample. */
static Tensor *spread(Stepper *s, Tensor *embedding, int batch) {
    if (s->share == 1) return embedding;
    for (int i = 0; i < batch; i++) s->best[i] = i / s->share;
    return op_gather(&s->cx, embedding, batch, s->best);
}

static MaskLossParts round_run(Stepper *s, const Batch *b, const StepPlan *plan, int round,
                               const Asked *asked, Tensor *embedding, double *dice) {
    Compute *cx = &s->cx;
    Scope scope = scope_begin(cx);
    Tape tape = {0}, *outer = cx->tape;
    cx->tape = &tape;
    int low = s->low_side, side = s->loss_side;
    bool published = s->scheme == SCHEME_SAM_MED2D;
    bool several = plan->multimask && (round == 0 || published);
    Tensor mask = {.data = s->previous, .rank = 4, .dim = {b->count, low, low, 1}};
    mask.root = &mask;
    Tensor target = {.data = b->target, .rank = 4, .dim = {b->count, 1, side, side}};
    target.root = &target;
    Prompts prompts = {.batch = b->count,
                       .points = asked->points,
                       .boxes = asked->box,
                       .point = s->packed,
                       .label = s->packed_label,
                       .box = s->box,
                       .mask = plan->mask[round] ? &mask : NULL};
    Decoded found = decode(s, spread(s, embedding, b->count), &prompts, published && round > 0,
                           several, plan->prompt_free);
    MaskOutput m = several ? best_masks(s, found.masks, b) : found.masks;
    Tensor *large = op_resize(cx, m.masks, side, side);
    MaskLossParts parts = {0};
    Tensor *loss = op_mask_loss(cx, large, &target, m.iou, &s->loss, &parts);
    if (s->system->kind == SYSTEM_SEGMOTE) tally(s, b, &found.experts);
    if (s->system->kind == SYSTEM_SEGMOTE && s->experts.balance > 0.0f)
        loss = op_add(cx, loss,
                      expert_decoder_balance(cx, &s->system->segmote.experts, &found.experts,
                                             s->experts.balance));
    backward(cx, loss);
    *dice = keep_prediction(s, b, m.masks, large);
    cx->tape = outer;
    scope_drop(cx, scope);
    return parts;
}

/* The embedding as a constant. */
static Tensor *detached(Compute *cx, Tensor *t) {
    Tensor *copy = tensor_view(cx, t, 0, t->rank, t->dim);
    copy->root = copy;
    return copy;
}

static Status rounds_run(Stepper *s, const Batch *b, const StepPlan *plan, Tensor *embedding,
                         Asked *asked, const RoundHook *hook, StepResult *out, Error *error) {
    Status status = VOXPERT_OK;
    for (int i = 0; !status && i < plan->rounds; i++) {
        status = ask(s, b, plan, i, asked, error);
        draw_noise(s, &asked->random);
        if (status) break;
        double dice;
        MaskLossParts parts = round_run(s, b, plan, i, asked, embedding, &dice);
        out->loss += parts.loss / plan->rounds;
        if (i == 0) out->first = parts, out->dice = dice;
        out->last = parts;
        if (!hook) continue;
        if (i == 0) {
            backward_from(&s->cx);
            embedding = detached(&s->cx, embedding);
        }
        if (i + 1 < plan->rounds) hook->step(hook->context);
    }
    return status;
}

/* Of a batch that has embeddings instead of images. */
static Tensor *known_embedding(Compute *cx, const Stepper *s, const Batch *b) {
    int grid = sam_grid(s->sam);
    int dim[] = {b->count / s->share, grid, grid, s->sam->config.prompt.dim};
    return tensor_over(cx, 4, dim, b->embedding);
}

static Status run(Stepper *s, const Batch *b, const StepPlan *plan, Random r, const RoundHook *hook,
                  StepResult *out, Error *error) {
    Compute *cx = &s->cx;
    Asked asked = {.random = r};
    *out = (StepResult){0};
    Tensor image = {.data = b->image, .rank = 4, .dim = {b->count / s->share, b->side, b->side, 3}};
    image.root = &image;
    Tape tape = {0};
    cx->tape = &tape;
    cx->failure = NULL;
    Scope scope = scope_begin(cx);
    Tensor *embedding = b->floats ? known_embedding(cx, s, b) : sam_encode(cx, s->sam, &image);
    grad_of(cx, embedding); /* outlives the rounds that add to it */
    Status status = rounds_run(s, b, plan, embedding, &asked, hook, out, error);
    backward_from(cx);
    scope_drop(cx, scope);
    cx->tape = NULL;
    return status ? status : compute_status(cx, error);
}

Status stepper_run(Stepper *s, const Batch *b, const StepPlan *plan, uint64_t seed, uint64_t step,
                   const RoundHook *hook, StepResult *out, Error *error) {
    return run(s, b, plan, random_begin(seed, step, 0, PURPOSE_PROMPT), hook, out, error);
}

/* ---- Memory ----------------------------------------------------------------------------- */

enum { RECORD_BYTES = 64 << 20 };

static void no_step(void *context) { (void)context; }

/* Runs the largest step on addresses only. */
static Status measure(Stepper *s, size_t *bytes, Error *error) {
    Batch b = {.count = s->batch,
               .side = s->sam->config.image,
               .loss_side = s->loss_side,
               .floats = s->floats};
    Status status = arena_open_measuring(&s->memory, error);
    if (status) return status;
    s->cx = (Compute){.kernels = &kernels_measuring,
                      .worker = &s->worker,
                      .memory = &s->memory,
                      .records = &s->records};
    StepPlan plan = largest_plan(s);
    RoundHook hook = {no_step, NULL};
    StepResult ignored;
    status = run(s, &b, &plan, random_begin(0, 0, 0, 0),
                 s->scheme == SCHEME_SAM_MED2D ? &hook : NULL, &ignored, error);
    plan = (StepPlan){.rounds = 1, .prompt_free = true};
    bool also = s->system->kind == SYSTEM_SEGMOTE && s->experts.prompt_free > 0.0;
    if (!status && also)
        status = run(s, &b, &plan, random_begin(0, 0, 0, 0), NULL, &ignored, error);
    *bytes = s->memory.peak;
    arena_close(&s->memory);
    return status;
}

static Status reserve(Stepper *s, size_t most, Error *error) {
    size_t bytes;
    Status status = measure(s, &bytes, error);
    if (status) return status;
    if (most && bytes > most)
        return error_set(error, VOXPERT_OUT_OF_MEMORY,
                         "a training step needs %zu KiB of working memory, more than the limit of "
                         "%zu KiB: lower --batch",
                         (bytes + 1023) >> 10, most >> 10);
    return arena_open(&s->memory, bytes, error);
}

static Status open_buffers(Stepper *s, Error *error) {
    size_t n = (size_t)s->batch, low = (size_t)s->low_side, large = (size_t)s->loss_side;
    s->box = memory_new(n * 4 * sizeof *s->box);
    s->point = memory_new(n * POINTS_MAX * 2 * sizeof *s->point);
    s->label = memory_new(n * POINTS_MAX * sizeof *s->label);
    s->packed = memory_new(n * POINTS_MAX * 2 * sizeof *s->packed);
    s->packed_label = memory_new(n * POINTS_MAX * sizeof *s->packed_label);
    s->best = memory_new(n * sizeof *s->best);
    s->previous = memory_new(n * low * low * sizeof *s->previous);
    s->predicted = memory_new(n * large * large);
    s->noise = memory_new((noise_count(s) + 1) * sizeof *s->noise);
    if (s->noise && s->box && s->point && s->label && s->packed && s->packed_label && s->best &&
        s->previous && s->predicted)
        return VOXPERT_OK;
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the prompts of a batch");
}

Status stepper_open(Stepper *s, const System *system, const Kernels *kernels, Threads *threads,
                    const StepperShape *shape, const PromptRule *rule, const MaskLoss *loss,
                    Error *error) {
    const Sam *sam = &system->sam;
    *s = (Stepper){.system = system,
                   .sam = sam,
                   .experts = *shape->experts,
                   .kernels = kernels,
                   .loss = *loss,
                   .rule = *rule,
                   .scheme = shape->scheme,
                   .share = shape->share,
                   .batch = shape->batch,
                   .floats = shape->floats,
                   .loss_side = shape->loss_side,
                   .low_side = 4 * sam_grid(sam)};
    if (!system->segmote.config.experts.pool.tokens) s->experts.prompt_free = 0.0;
    Status status = check_points(s, error);
    if (!status) status = worker_open(&s->worker, threads, error);
    if (!status) status = open_buffers(s, error);
    if (!status) status = arena_open(&s->records, RECORD_BYTES, error);
    if (!status) status = reserve(s, shape->max_memory, error);
    s->cx = (Compute){
        .kernels = kernels, .worker = &s->worker, .memory = &s->memory, .records = &s->records};
    if (status) stepper_close(s);
    return status;
}

void stepper_close(Stepper *s) {
    memory_free(s->box);
    memory_free(s->point);
    memory_free(s->label);
    memory_free(s->packed);
    memory_free(s->packed_label);
    memory_free(s->best);
    memory_free(s->previous);
    memory_free(s->predicted);
    memory_free(s->noise);
    arena_close(&s->records);
    arena_close(&s->memory);
    worker_close(&s->worker);
    *s = (Stepper){0};
}
