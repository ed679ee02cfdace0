/* SegMoTE: forward passes, and training steps. */
#include "tests/golden/kinds.h"
#include "tests/golden/segmote_pass.h"

typedef struct ForwardCase {
    GoldenPasses passes;
    GoldenSegmotePass pass;
} ForwardCase;

/* What files have beside the passes' own results. */
static void results(ForwardCase *f, Compute *cx) {
    int size = f->passes.sam->config.image;
    golden_stage(&f->passes.stages, "masks", op_resize(cx, f->pass.out.masks, size, size));
    if (!f->pass.out.chosen) return; /* without routing there is nothing to balance */
    golden_stage(&f->passes.stages, "balance",
                 expert_decoder_balance(cx, &f->pass.model->model.experts, &f->pass.out, 1.0f));
}

static void forward(Compute *cx, void *context) {
    ForwardCase *f = context;
    if (golden_passes_run(&f->passes, cx)) results(f, cx);
}

void golden_segmote_forward(GoldenRun *run) {
    GoldenSegmote model;
    Error error;
    if (golden_segmote_open(&model, run) &&
        golden_check(run,
                     params_pack(&model.sam.params, NULL, run->bench->kernels, &run->bench->worker,
                                 false, true, &error),
                     &error)) {
        ForwardCase f = {.passes = {.run = run}};
        golden_segmote_passes(&f.passes, &f.pass, &model);
        golden_compute(run, &model.sam.params, forward, &f);
        golden_stages_free(&f.passes.stages);
        golden_array_free(&f.pass.noise);
    }
    golden_segmote_close(&model);
}
