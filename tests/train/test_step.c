/* A step of SegMoTE's scheme, put together again from its parts: the same losses and gradients. */
#include "train/step.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "systems/systems.h"
#include "tests/check.h"
#include "tests/systems/tiny_imis.h"
#include "tests/workbench.h"
#include "train/optimizer.h"

enum { SAMPLES = 2, SIDE = 64, AREA = SIDE * SIDE, LOW = 4 * TINY_IMIS_GRID, ROUNDS = 2 };

static const ExpertRule no_noise = {.balance = 0.0f};
static const PromptRule rule = {.box = 0.4, .text = 0.3, .rounds = 5, .most_points = 7};
static const MaskLoss loss_rule = {
    .rule = MASK_LOSS_FOCAL_DICE_IOU, .focal = 20.0f, .dice = 1.0f, .iou = 1.0f};
static const PlanFacts facts = {.text = true, .pool = true, .pseudo = true, .unrouted = true};

/* A box for each mask, then the names and the answer before: for the pseudo mask the answer alone,
 * without routing. */
static const StepPlan plan = {.rounds = ROUNDS,
                              .box = true,
                              .mask = {false, true},
                              .bare = {false, true},
                              .text = {false, true},
                              .pseudo = true,
                              .pseudo_box = true,
                              .unrouted = true};

typedef struct Bench {
    System system;
    Optimizer optimizer;
    Stepper stepper;
    Batch batch;
    float text[SAMPLES * TINY_IMIS_TEXT];
} Bench;

static void fill(Batch *b) {
    for (int i = 0; i < AREA * 3; i++) b->image[i] = 0.5f * sinf(0.37f * (float)(i % 1013));
    for (int i = 0; i < AREA; i++) {
        int x = i % SIDE, y = i / SIDE;
        b->object[i] = x > 8 && x < 30 && y > 10 && y < 40;
        b->object[AREA + i] = x > 35 && x < 60 && y > 20 && y < 36;
        b->pseudo_object[i] = x > 20 && x < 50 && y > 44 && y < 60;
        for (int k = 0; k < SAMPLES; k++) b->target[k * AREA + i] = b->object[k * AREA + i];
        b->pseudo_target[i] = b->pseudo_object[i];
    }
    b->pixel[0] = b->pixel[1] = 1.0;
    b->pseudo_count = 1;
    b->pseudo_image[0] = 0;
}

static Bench *bench_open(void) {
    Bench *b = calloc(1, sizeof *b);
    TinyImisParts t;
    if (!b) abort();
    System *s = &b->system;
    tiny_imis_parts(&t, TINY_IMIS_EXPERTS);
    SamConfig sam = t.sam.config;
    ImisConfig imis = t.imis.config;
    SegmoteConfig experts = t.segmote.config;
    system_declare_sam(s, &sam);
    imis_declare(&s->imis, &s->sam.params, &s->sam, &imis);
    system_declare_segmote(s, &experts);
    for (size_t i = 0; i < t.sam.params.count; i++) {
        Param *to = s->sam.params.item[i];
        CHECK(param_own(to, NULL) == VOXPERT_OK);
        memcpy(to->owned, t.sam.params.item[i]->tensor.data, tensor_bytes(&to->tensor));
    }
    sam_free(&t.sam);
    const char *const *globs = segmote_trained(&s->segmote);
    for (int i = 0; globs[i]; i++) params_train(&s->sam.params, globs[i], true);
    Error error = {0};
    Status status = optimizer_open(&b->optimizer, &s->sam.params, true, &error);
    if (!status) status = sam_prepare(&s->sam, &error);
    StepperShape shape = {.scheme = &scheme_segmote,
                          .batch = SAMPLES,
                          .share = SAMPLES,
                          .loss_side = SIDE,
                          .experts = &no_noise,
                          .facts = facts};
    SystemLoss loss = {.mask = loss_rule, .term = {[SEGMOTE_BALANCE] = no_noise.balance}};
    BatchShape batch = {
        .count = SAMPLES, .share = SAMPLES, .side = SIDE, .loss_side = SIDE, .pseudo = true};
    if (!status) status = batch_open(&b->batch, &batch, &error);
    if (!status)
        status =
            stepper_open(&b->stepper, s, &kernels_reference, NULL, &shape, &rule, &loss, &error);
    check_report(status == VOXPERT_OK, __FILE__, __LINE__, "%s", error.message);
    fill(&b->batch);
    for (int i = 0; i < SAMPLES * TINY_IMIS_TEXT; i++) b->text[i] = 0.1f * (float)(i % 7 - 3);
    b->stepper.text = b->text;
    return b;
}

static void bench_close(Bench *b) {
    stepper_close(&b->stepper);
    batch_close(&b->batch);
    optimizer_close(&b->optimizer);
    system_close(&b->system);
    free(b);
}

/* ---- The same by hand ----------------------------------------------------------------------- */

static Tensor *repeated(Compute *cx, Tensor *x, int count) {
    static const int zeros[SAMPLES];
    return op_gather(cx, x, count, zeros);
}

typedef struct ByHand {
    Bench *b;
    Compute *cx;
    SystemImage image;
    bool pseudo;
    float previous[SAMPLES * LOW * LOW];
} ByHand;

static Tensor *pass_loss(ByHand *h, int round, float *loss) {
    Compute *cx = h->cx;
    const System *s = &h->b->system;
    const Asking *asked = h->pseudo ? &h->b->stepper.pseudo : &h->b->stepper.object;
    Batch *b = &h->b->batch;
    int count = h->pseudo ? 1 : SAMPLES;
    Prompts prompts = {.batch = count, .boxes = round == 0, .box = asked->box};
    if (round) prompts.mask = tensor_from(cx, 4, (int[]){count, LOW, LOW, 1}, h->previous);
    PromptTokens tokens = prompt_encoder_forward(cx, &s->sam.prompt, &prompts);
    Tensor *text = NULL;
    Tape *tape = cx->tape;
    cx->tape = NULL; /* later rounds do not train text_out_dim */
    if (round && !h->pseudo)
        text =
            imis_text(cx, &s->imis, tensor_from(cx, 2, (int[]){count, TINY_IMIS_TEXT}, h->b->text));
    cx->tape = tape;
    tokens.sparse = imis_with_text(cx, tokens.sparse, text);
    Tensor *features = system_features(cx, s, &h->image);
    ExpertPrompt ask = {.tokens = &tokens,
                        .masked = round > 0,
                        .features = repeated(cx, features, count),
                        .text = text,
                        .unrouted = h->pseudo && round > 0};
    ExpertOutput out =
        expert_decoder_forward(cx, &s->segmote.experts, repeated(cx, h->image.embedding, count),
                               prompt_encoder_positions(cx, &s->sam.prompt), &ask);
    CHECK(compute_ok(cx));
    memcpy(h->previous, out.masks->data, tensor_bytes(out.masks));
    Tensor *target =
        tensor_over(cx, 4, (int[]){count, 1, SIDE, SIDE}, h->pseudo ? b->pseudo_target : b->target);
    Tensor *found =
        op_mask_loss(cx, op_resize(cx, out.masks, SIDE, SIDE), target, out.iou, &loss_rule, NULL);
    *loss = found->data[0];
    return found;
}

static float *gradients(const Optimizer *o, size_t *count) {
    *count = 0;
    for (size_t i = 0; i < o->count; i++) *count += tensor_size(&o->slot[i].param->tensor);
    float *all = malloc(*count * sizeof *all), *to = all;
    if (!all) abort();
    for (size_t i = 0; i < o->count; i++) {
        size_t n = tensor_size(&o->slot[i].param->tensor);
        memcpy(to, o->slot[i].gradient, n * sizeof *to);
        to += n;
    }
    return all;
}

static void no_step(void *context) { ++*(int *)context; }

/* Observed: losses within 1.1e-6, gradients within 8e-7 of the largest. */
TEST(a_step_is_the_sum_of_its_passes) {
    Bench *b = bench_open();
    Workbench *w = workbench_open(NULL, 0, (size_t)256 << 20);
    int steps = 0;
    RoundHook hook = {no_step, &steps};
    StepResult result;
    float loss[2][ROUNDS];
    size_t count;
    optimizer_zero(&b->optimizer, &kernels_reference, &b->stepper.worker);
    CHECK(stepper_run(&b->stepper, &b->batch, &plan, 3, 5, &hook, &result, NULL) == VOXPERT_OK);
    CHECK(steps == 1); /* after the first round alone */
    float *stepped = gradients(&b->optimizer, &count);

    optimizer_zero(&b->optimizer, &kernels_reference, &b->stepper.worker);
    Tensor *sum = NULL, *pixels = tensor_over(&w->cx, 4, (int[]){1, SIDE, SIDE, 3}, b->batch.image);
    ByHand h = {.b = b, .cx = &w->cx};
    h.image = system_encode_parts(&w->cx, &b->system, pixels);
    w->cx.tape = &w->tape;
    for (int pass = 0; pass < 2; pass++)
        for (int round = 0; round < ROUNDS; round++) {
            h.pseudo = pass == 1;
            Tensor *one = pass_loss(&h, round, &loss[pass][round]);
            sum = sum ? op_add(&w->cx, sum, one) : one;
        }
    backward(&w->cx, sum);
    float *added = gradients(&b->optimizer, &count);

    double whole =
        (double)loss[0][0] + (double)loss[0][1] + (double)loss[1][0] + (double)loss[1][1];
    CHECK(fabs(result.first.loss - (double)loss[0][0]) < 1e-6);
    CHECK(fabs(result.last.loss - (double)loss[0][1]) < 1e-6);
    CHECK(fabs(result.loss * ROUNDS - whole) < 1e-5);
    CHECK(fabsf(loss[1][0] - loss[0][0]) > 1e-3f && fabsf(loss[1][1] - loss[1][0]) > 1e-4f);
    double largest = 0.0, difference = 0.0;
    for (size_t i = 0; i < count; i++) {
        largest = fmax(largest, fabs((double)added[i]));
        difference = fmax(difference, fabs((double)(added[i] - stepped[i])));
    }
    CHECK(largest > 1e-3);
    check_report(difference < 1e-5 * largest, __FILE__, __LINE__, "gradients differ by %g of %g",
                 difference, largest);
    free(stepped);
    free(added);
    workbench_close(w);
    bench_close(b);
}
