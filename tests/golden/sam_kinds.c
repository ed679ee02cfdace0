/* Kinds that only go forward through a SAM. */
#include "tests/golden/kinds.h"
#include "tests/golden/passes.h"

static bool prepare(GoldenRun *run, GoldenModel *m) {
    Error error;
    return golden_model_open(m, run) &&
           golden_check(run,
                        params_pack(&m->sam.params, NULL, run->bench->kernels, &run->bench->worker,
                                    false, true, &error),
                        &error);
}

static void forward(Compute *cx, void *context) {
    GoldenPasses *p = context;
    if (!golden_passes_run(p, cx) || !golden_has(p->run, "out.dense_pe")) return;
    int grid = sam_grid(p->sam), dim = p->sam->config.prompt.dim;
    Tensor *positions = prompt_encoder_positions(cx, &p->sam->prompt);
    p->stages.name = p->stages.stages = "";
    golden_stage(&p->stages, "dense_pe",
                 tensor_view(cx, positions, 0, 4, (int[]){1, grid, grid, dim}));
}

static void run_forward(GoldenRun *run, bool chooses) {
    GoldenModel model;
    if (prepare(run, &model)) {
        GoldenPasses passes = {.run = run, .sam = &model.sam, .chooses = chooses};
        golden_compute(run, &model.sam.params, forward, &passes);
        golden_stages_free(&passes.stages);
    }
    golden_model_close(&model);
}

void golden_sam_forward(GoldenRun *run) { run_forward(run, false); }

void golden_sam_choosing(GoldenRun *run) { run_forward(run, true); }
