#include "train/step.h"

#include <string.h>

#include "base/memory.h"
#include "cases/purposes.h"
#include "systems/experts.h"
#include "systems/system_prompt.h"

static Status check_points(const Stepper *s, Error *error) {
    int most = s->scheme->most_points(&s->rule);
    if (most <= POINTS_MAX) return VOXPERT_OK;
    return error_set_field(error, VOXPERT_BAD_ARGUMENT, "rounds",
                           "rounds %d with points %d need up to %d clicks at once; %d are the most",
                           s->rule.rounds, s->rule.most_points, most, POINTS_MAX);
}

/* ---- What a pass is about --------------------------------------------------------------- */

/* What the encoder gave of the batch's images. */
typedef struct Seen {
    SystemImage image; /* [images,...]: embedding and block */
    Tensor *text;      /* [batch,dim] of the objects' names, for rounds after the first; or NULL */
} Seen;

/* One pass of a round: the objects', or the pseudo masks'. */
typedef struct Pass {
    Asking *asking;
    AskedMasks masks;
    const int *image;   /* [masks.count] whose picture each shows; NULL: `share` masks for each */
    const int *classes; /* [masks.count] that a pass without a prompt asks for; NULL: none */
    bool pseudo;
} Pass;

/* The classes of a batch, where it has any. */
static const int *classes_of(const Stepper *s, const Batch *b) {
    bool any = compute_measures(&s->cx);
    for (int i = 0; !any && i < b->count; i++) any = b->prompt_class[i] != 0;
    return any ? b->prompt_class : NULL;
}

static Pass object_pass(Stepper *s, const Batch *b) {
    return (Pass){.asking = &s->object,
                  .masks = {b->count, b->object, b->target, b->pixel},
                  .classes = classes_of(s, b)};
}

static Pass pseudo_pass(Stepper *s, const Batch *b) {
    return (Pass){.asking = &s->pseudo,
                  .masks = {b->pseudo_count, b->pseudo_object, b->pseudo_target, b->pixel},
                  .image = b->pseudo_image,
                  .pseudo = true};
}

static AskedPrompts prompts_of(const StepPlan *plan, int round, bool pseudo) {
    return (AskedPrompts){.first = round == 0,
                          .box = pseudo ? plan->pseudo_box : plan->box,
                          .bare = plan->bare[round],
                          .points = pseudo ? plan->pseudo_points[round] : plan->points[round]};
}

static bool is_masked(const StepPlan *plan, int round, bool pseudo) {
    return pseudo ? round > 0 : plan->mask[round];
}

/* Pictures' tensors, one for each mask. */
static Tensor *for_masks(Stepper *s, Tensor *x, const Pass *pass) {
    if (!x || (s->share == 1 && !pass->image)) return x;
    if (!pass->image) return each_repeated(&s->cx, x, s->share);
    for (int i = 0; i < pass->masks.count; i++)
        s->best[i] = compute_measures(&s->cx) ? 0 : pass->image[i];
    return op_gather(&s->cx, x, pass->masks.count, s->best);
}

/* For the routers of a pass. */
static size_t noise_count(const Stepper *s, int batch) {
    const TokenExpertsConfig *e = system_token_experts(s->system);
    if (!e) return 0;
    return (size_t)system_expert_layers(s->system) * (size_t)batch * (size_t)e->tokens *
           (size_t)e->experts;
}

static void draw_noise(Stepper *s, int batch, Random *r) {
    if (compute_measures(&s->cx)) return;
    for (size_t i = 0, n = noise_count(s, batch); s->experts.noise && i < n; i++)
        s->noise[i] = (float)random_normal(r);
}

/* ---- Answers ---------------------------------------------------------------------------- */

/* One of [batch,count,...] masks for each sample: the nearest to its target, or the one of highest
 * predicted quality. */
static MaskOutput best_masks(Stepper *s, MaskOutput m, const Pass *pass) {
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
            const float *target = pass->masks.target + (size_t)i * large;
            double worth = s->scheme->best_by_quality
                               ? (double)iou->data[k]
                               : asking_low_dice(pass->asking, all->data + (size_t)k * low, target);
            if (worth > top) top = worth, best[i] = k;
        }
    }
    Tensor *masks = op_gather(cx, all, batch, best);
    masks = tensor_view(cx, masks, 0, 4, (int[]){batch, 1, side, side});
    return (MaskOutput){masks, op_gather(cx, iou, batch, best)};
}

static Tensor *text_of(Stepper *s) {
    union {
        const float *from;
        float *to;
    } u = {s->text}; /* only read */
    int shape[] = {s->batch, system_text_width(s->system)};
    return system_text_token(&s->cx, s->system, tensor_over(&s->cx, 2, shape, u.to));
}

/* The text as a constant, where a later round has it. */
static Tensor *later_text(Stepper *s, const StepPlan *plan) {
    bool any = false;
    for (int i = 1; i < plan->rounds; i++) any |= plan->text[i];
    if (!any) return NULL;
    Tape *tape = s->cx.tape;
    s->cx.tape = NULL;
    Tensor *text = text_of(s);
    s->cx.tape = tape;
    return text;
}

/* Images' tensors with one for each mask; features that only now are made of them. */
static SystemImage image_for_masks(Stepper *s, const SystemImage *parts, const Pass *pass) {
    SystemImage image = {.features = for_masks(s, system_features(&s->cx, s->system, parts), pass)};
    image.embedding = for_masks(s, parts->embedding, pass);
    return image;
}

static SystemOutput decode(Stepper *s, const StepPlan *plan, int round, const Pass *pass,
                           const Seen *seen, const Prompts *prompts, bool multimask) {
    Compute *cx = &s->cx;
    Tape *tape = cx->tape;
    if (s->scheme->trains_first_prompts && round > 0) cx->tape = NULL;
    PromptTokens tokens = prompt_encoder_forward(cx, &s->sam->prompt, prompts);
    cx->tape = tape;
    DecodeOptions options = {.multimask = multimask,
                             .prompt_free =
                                 plan->prompt_free || (plan->pool[round] && !pass->pseudo),
                             .classes = plan->prompt_free ? pass->classes : NULL,
                             .tokens = &tokens,
                             .noise = s->experts.noise ? s->noise : NULL,
                             .unrouted = pass->pseudo && plan->unrouted && round > 0};
    if (plan->text[round] && !pass->pseudo) options.text_token = round ? seen->text : text_of(s);
    SystemImage image = image_for_masks(s, &seen->image, pass);
    return system_decode(cx, s->system, &image, prompts, &options);
}

static void tally(Stepper *s, const Batch *b, const ExpertOutput *found) {
    if (!s->tally || !system_token_experts(s->system) || !compute_ok(&s->cx) ||
        compute_measures(&s->cx))
        return;
    int tokens = system_token_experts(s->system)->tokens;
    for (int i = 0; i < system_expert_layers(s->system); i++)
        routing_tally_add(s->tally, found->routed[i]->data, b->set, b->count, tokens);
}

/* ---- A round ---------------------------------------------------------------------------- */

static MaskLossParts pass_run(Stepper *s, const Batch *b, const StepPlan *plan, int round,
                              const Pass *pass, const Seen *seen, double *dice) {
    Compute *cx = &s->cx;
    Scope scope = scope_begin(cx);
    Tape tape = {0}, *outer = cx->tape;
    cx->tape = &tape;
    const Asking *a = pass->asking;
    union {
        const float *from;
        float *to;
    } truth = {pass->masks.target}; /* only read */
    int low = s->low_side, side = s->loss_side, count = pass->masks.count;
    bool several = plan->multimask && (round == 0 || s->scheme->multimask_always);
    Tensor mask = {.data = a->previous, .rank = 4, .dim = {count, low, low, 1}};
    mask.root = &mask;
    Tensor target = {.data = truth.to, .rank = 4, .dim = {count, 1, side, side}};
    target.root = &target;
    Prompts prompts = {.batch = count,
                       .points = a->points,
                       .boxes = a->boxed,
                       .point = a->packed,
                       .label = a->packed_label,
                       .box = a->box,
                       .mask = is_masked(plan, round, pass->pseudo) ? &mask : NULL};
    SystemOutput found = decode(s, plan, round, pass, seen, &prompts, several);
    MaskOutput m = {found.masks, found.iou};
    if (several) m = best_masks(s, m, pass);
    Tensor *large = op_resize(cx, m.masks, side, side);
    MaskLossParts parts = {0};
    SystemTarget compared = {.logits = large,
                             .mask = &target,
                             .quality =
                                 s->loss.mask.iou > 0.0f ? m.iou : NULL, /* no term, no gradient */
                             .pseudo = pass->pseudo};
    if (!pass->pseudo) tally(s, b, &found.experts);
    Tensor *loss = system_loss(cx, s->system, &found, &compared, &s->loss, &parts);
    backward(cx, loss);
    *dice = 0.0;
    if (compute_ok(cx) && !compute_measures(cx))
        *dice = asking_keep(pass->asking, &pass->masks, m.masks->data, large->data);
    cx->tape = outer;
    scope_drop(cx, scope);
    return parts;
}

static Status pass_ask(Stepper *s, const StepPlan *plan, int round, const Pass *pass, Random *r,
                       Error *error) {
    AskedPrompts prompts = prompts_of(plan, round, pass->pseudo);
    Status status =
        asking_round(pass->asking, &pass->masks, &prompts, compute_measures(&s->cx), r, error);
    draw_noise(s, pass->masks.count, r);
    return status;
}

/* The second pass of a round. */
static Status pseudo_run(Stepper *s, const Batch *b, const StepPlan *plan, int round,
                         const Seen *seen, Random *r, double *loss, Error *error) {
    Pass pass = pseudo_pass(s, b);
    double ignored;
    *loss = 0.0;
    if (!plan->pseudo || b->pseudo_count == 0) return VOXPERT_OK;
    Status status = pass_ask(s, plan, round, &pass, r, error);
    if (!status) *loss = pass_run(s, b, plan, round, &pass, seen, &ignored).loss;
    return status;
}

/* The embedding as a constant. */
static Tensor *detached(Compute *cx, Tensor *t) {
    Tensor *copy = tensor_view(cx, t, 0, t->rank, t->dim);
    copy->root = copy;
    return copy;
}

static Status rounds_run(Stepper *s, const Batch *b, const StepPlan *plan, Seen *seen, Random *r,
                         const RoundHook *hook, StepResult *out, Error *error) {
    Status status = VOXPERT_OK;
    Pass pass = object_pass(s, b);
    for (int i = 0; !status && i < plan->rounds; i++) {
        double dice, pseudo;
        status = pass_ask(s, plan, i, &pass, r, error);
        if (status) break;
        MaskLossParts parts = pass_run(s, b, plan, i, &pass, seen, &dice);
        status = pseudo_run(s, b, plan, i, seen, r, &pseudo, error);
        out->loss += (parts.loss + pseudo) / plan->rounds;
        if (i == 0) out->first = parts, out->dice = dice;
        out->last = parts;
        if (status || !hook) continue;
        if (i == 0) {
            backward_from(&s->cx);
            seen->image.embedding = detached(&s->cx, seen->image.embedding);
        }
        if (i + 1 < plan->rounds && scheme_ends_step(s->scheme, i)) hook->step(hook->context);
    }
    return status;
}

/* ---- A step ----------------------------------------------------------------------------- */

/* Of a batch that has embeddings instead of images. */
static SystemImage known(Compute *cx, const Stepper *s, const Batch *b) {
    int grid = sam_grid(s->sam), pictures = b->count / s->share;
    int dim[] = {pictures, grid, grid, s->sam->config.prompt.dim};
    SystemImage image = {.embedding = tensor_over(cx, 4, dim, b->embedding)};
    dim[3] = s->sam->config.vit.dim;
    if (system_block(s->system)) image.block = tensor_over(cx, 4, dim, b->block);
    return image;
}

static Status run(Stepper *s, const Batch *b, const StepPlan *plan, Random r, const RoundHook *hook,
                  StepResult *out, Error *error) {
    Compute *cx = &s->cx;
    *out = (StepResult){0};
    Tensor image = {.data = b->image, .rank = 4, .dim = {b->count / s->share, b->side, b->side, 3}};
    image.root = &image;
    Tape tape = {0};
    cx->tape = &tape;
    cx->failure = NULL;
    Scope scope = scope_begin(cx);
    if (s->scheme->steps == ROUNDS_TOGETHER) hook = NULL; /* no round ends a step */
    Seen seen = {.image = b->floats ? known(cx, s, b) : system_encode_parts(cx, s->system, &image)};
    grad_of(cx, seen.image.embedding); /* outlives the rounds that add to it */
    seen.text = later_text(s, plan);
    Status status = rounds_run(s, b, plan, &seen, &r, hook, out, error);
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
    float nowhere[1] = {0}; /* never read, but views of it are made */
    Batch b = {.count = s->batch,
               .image = nowhere,
               .embedding = nowhere,
               .block = nowhere,
               .target = nowhere,
               .pseudo_target = nowhere,
               .prompt_class = s->best,
               .share = s->share,
               .side = s->sam->config.image,
               .loss_side = s->loss_side,
               .floats = s->floats,
               .pseudo_count = s->facts.pseudo ? s->batch : 0,
               .pseudo_image = s->best};
    Status status = arena_open_measuring(&s->memory, error);
    if (status) return status;
    Worker counting = {.shared = &s->shared};
    s->shared = 0;
    s->cx = (Compute){.kernels = &kernels_measuring,
                      .worker = &counting,
                      .memory = &s->memory,
                      .records = &s->records};
    StepPlan plan = s->scheme->largest(&s->rule, &s->facts, s->system->ops->ambiguous);
    RoundHook hook = {no_step, NULL};
    StepResult ignored;
    status = run(s, &b, &plan, random_begin(0, 0, 0, 0), &hook, &ignored, error);
    bool guided = s->experts.guided > 0.0;
    plan = (StepPlan){.rounds = guided ? 2 : 1, .prompt_free = true, .mask = {false, guided}};
    bool also = s->experts.prompt_free > 0.0;
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
        return error_set_field(
            error, VOXPERT_OUT_OF_MEMORY, "max-memory",
            "a training step needs %zu KiB of working memory, more than the limit of "
            "%zu KiB: a smaller batch needs less",
            (bytes + 1023) >> 10, most >> 10);
    return arena_open(&s->memory, bytes, error);
}

static Status open_buffers(Stepper *s, Error *error) {
    int side = s->sam->config.image;
    s->best = memory_new((size_t)s->batch * sizeof *s->best);
    s->noise = memory_new((noise_count(s, s->batch) + 1) * sizeof *s->noise);
    if (!s->best || !s->noise)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the prompts of a batch");
    Status status = asking_open(&s->object, s->scheme, &s->rule, s->batch, side, s->loss_side,
                                s->low_side, error);
    if (!status && s->facts.pseudo)
        status = asking_open(&s->pseudo, s->scheme, &s->rule, s->batch, side, s->loss_side,
                             s->low_side, error);
    return status;
}

Status stepper_open(Stepper *s, const System *system, const Kernels *kernels, Threads *threads,
                    const StepperShape *shape, const PromptRule *rule, const SystemLoss *loss,
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
                   .facts = shape->facts,
                   .loss_side = shape->loss_side,
                   .low_side = 4 * sam_grid(sam)};
    if (!system_answers_unprompted(system)) s->experts.prompt_free = 0.0;
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
    asking_close(&s->object);
    asking_close(&s->pseudo);
    memory_free(s->best);
    memory_free(s->noise);
    arena_close(&s->records);
    arena_close(&s->memory);
    worker_close(&s->worker);
    *s = (Stepper){0};
}
