/* bench_training - times training steps around SAM's frozen decoder: batch 10, one box each, four
 * added tokens, AdamW; the image's embedding is given, as it is to a run with kept embeddings.
 *
 *     bench_training GRID EXPERTS   for each line on stdin, one step; prints a line
 *     bench_training                five steps of 4 experts at each of 32 and 64
 *
 * GRID is the side of the embedding: 32 (512 pixels) or 64 (1024).  EXPERTS is 4, SegMoTE in paper
 * mode with Dice and balance loss, or 1: a two-layer MLP for all tokens, Dice and
 * cross-entropy.  Masks are compared at the decoder's own size, 4 GRID.  Driven by bench/rivals,
 * which interleaves it with PyTorch. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/platform.h"
#include "compute/kernels.h"
#include "systems/systems.h"
#include "train/optimizer.h"
#include "train/step.h"

enum { BATCH = 10, DIM = 256 };

typedef struct Bench {
    System system;
    Threads *threads;
    const Kernels *kernels;
    Optimizer optimizer;
    Batch batch;
    Stepper stepper;
} Bench;

/* SAM's prompt encoder and decoder; the encoder is never run, and small. */
static SamConfig config_of(int grid) {
    return (SamConfig){
        .image = 16 * grid,
        .vit = {.side = grid,
                .patch = 16,
                .channels = 3,
                .dim = 32,
                .depth = 1,
                .heads = 2,
                .window = 14,
                .hidden = 64,
                .out = DIM,
                .eps = 1e-6f,
                .relative = true},
        .prompt = {.dim = DIM, .grid = grid, .image = 16 * grid, .mask_width = 16},
        .decoder = {.transformer = {.dim = DIM, .depth = 2, .heads = 8, .hidden = 2048},
                    .masks = 4,
                    .iou_hidden = 256,
                    .iou_depth = 3},
    };
}

static Status declare(Bench *b, int grid, int experts_count, Error *error) {
    System *s = &b->system;
    SamConfig config = config_of(grid);
    system_declare_sam(s, &config);
    SegmoteConfig experts = segmote_config_paper(&s->sam.config);
    experts.experts.experts.experts = experts_count;
    s->adapter = true;
    system_declare_segmote(s, &experts);
    const char *const *globs = system_trained(s);
    for (int i = 0; globs[i]; i++) params_train(&s->sam.params, globs[i], true);
    Status status = params_initialize(&s->sam.params, 1, error);
    if (!status) status = optimizer_open(&b->optimizer, &s->sam.params, true, error);
    return status ? status : sam_prepare(&s->sam, error);
}

/* A square in each picture, and an embedding of noise. */
static void fill(Batch *b, int grid) {
    size_t area = (size_t)b->side * (size_t)b->side;
    size_t loss_area = (size_t)b->loss_side * (size_t)b->loss_side;
    Random r = random_begin(1, 0, 0, 0);
    for (size_t i = 0; i < BATCH * (size_t)(grid * grid) * DIM; i++)
        b->embedding[i] = (float)random_normal(&r);
    for (size_t i = 0; i < BATCH; i++) {
        b->pixel[i] = 1.0;
        for (size_t k = 0; k < area; k++) {
            int x = (int)(k % (size_t)b->side), y = (int)(k / (size_t)b->side);
            b->object[i * area + k] =
                x > b->side / 4 && y > b->side / 4 && x < b->side * 3 / 4 && y < b->side * 3 / 4;
        }
        for (size_t k = 0; k < loss_area; k++) {
            size_t x = k % (size_t)b->loss_side, y = k / (size_t)b->loss_side, step = 4;
            b->target[i * loss_area + k] =
                (float)b->object[i * area + y * step * (size_t)b->side + x * step];
        }
    }
}

static MaskLoss loss_of(bool routed) {
    if (routed)
        return (MaskLoss){.rule = MASK_LOSS_FOCAL_DICE_IOU, .dice = 1.0f, .per_sample = true};
    return (MaskLoss){.rule = MASK_LOSS_DICE_CE, .dice = 1.0f, .cross_entropy = 1.0f};
}

static Status open(Bench *b, int grid, int experts_count, Error *error) {
    const bool routed = experts_count > 1;
    const ExpertRule experts = {.balance = routed ? 0.01f : 0.0f, .noise = routed};
    const PromptRule prompts = {.box = 1.0, .rounds = 1, .most_points = 1};
    const SystemLoss loss = {.mask = loss_of(routed),
                             .term = {[SEGMOTE_BALANCE] = experts.balance}};
    const StepperShape shape = {.scheme = &scheme_voxpert,
                                .batch = BATCH,
                                .share = 1,
                                .loss_side = 4 * grid,
                                .floats = (size_t)(grid * grid) * DIM,
                                .experts = &experts};
    const BatchShape size = {BATCH, 1, 16 * grid, 4 * grid, .floats = shape.floats};
    *b = (Bench){.kernels = kernels_choose(getenv("VOXPERT_CPU"))};
    if (!b->kernels) return error_set(error, VOXPERT_BAD_ARGUMENT, "no such kernel set");
    Status status = threads_open(&b->threads, 0, error);
    if (!status) status = declare(b, grid, experts_count, error);
    if (!status) status = batch_open(&b->batch, &size, error);
    if (!status) fill(&b->batch, grid);
    if (!status)
        status = stepper_open(&b->stepper, &b->system, b->kernels, b->threads, &shape, &prompts,
                              &loss, error);
    if (!status)
        status = params_pack(&b->system.sam.params, NULL, b->kernels, &b->stepper.worker, true,
                             false, error);
    if (!status) optimizer_zero(&b->optimizer, b->kernels, &b->stepper.worker);
    return status;
}

static void close(Bench *b) {
    stepper_close(&b->stepper);
    optimizer_close(&b->optimizer);
    batch_close(&b->batch);
    system_close(&b->system);
    threads_close(b->threads);
}

static Status step(Bench *b, uint64_t number, Error *error) {
    const OptimizerRule rule = {
        .lr = 1e-4, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .decay = 1e-5};
    const StepPlan plan = {.rounds = 1, .box = true};
    StepResult result;
    double start = system_seconds();
    Status status = stepper_run(&b->stepper, &b->batch, &plan, 1, number, NULL, &result, error);
    if (status) return status;
    optimizer_step(&b->optimizer, b->kernels, &b->stepper.worker, &rule, 1);
    optimizer_zero(&b->optimizer, b->kernels, &b->stepper.worker);
    printf("step %.6f loss %.6f rss %zu\n", system_seconds() - start, result.loss,
           system_peak_memory());
    fflush(stdout);
    return VOXPERT_OK;
}

static int run(int grid, int experts, int steps) {
    Bench b;
    Error error = {0};
    char line[64];
    double start = system_seconds();
    Status status = open(&b, grid, experts, &error);
    if (!status) {
        printf("ready %.6f kernels %s threads %d\n", system_seconds() - start, b.kernels->name,
               threads_count(b.threads));
        fflush(stdout);
    }
    for (int i = 0; !status && (steps ? i < steps : fgets(line, sizeof line, stdin) != NULL); i++)
        status = step(&b, (uint64_t)i, &error);
    if (status) fprintf(stderr, "bench_training: %s\n", error.message);
    close(&b);
    return (int)status;
}

int main(int argc, char **argv) {
    if (argc == 1) return run(32, 4, 5) || run(64, 4, 5);
    int grid = argc == 3 ? atoi(argv[1]) : 0, experts = argc == 3 ? atoi(argv[2]) : 0;
    if ((grid == 32 || grid == 64) && (experts == 1 || experts == 4)) return run(grid, experts, 0);
    fputs("usage: bench_training [32|64 4|1]\n", stderr);
    return 2;
}
