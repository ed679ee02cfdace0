/* What recipes and published schemes set; declared in settings.h. */
#include <string.h>

#include "train/settings.h"

/* ---- Recipes ---------------------------------------------------------------------------- */

/* The paper's simple scheme (models.md, B.9): Dice and 0.01 balance, 1e-4, one prompt a step. */
static void recipe_segmote(TrainOptions *o) {
    o->recipe = RECIPE_SEGMOTE;
    o->loss = (MaskLoss){.rule = MASK_LOSS_FOCAL_DICE_IOU, .dice = 1.0f, .per_sample = true};
    o->optimizer.lr = 1e-4;
    o->optimizer.decay = 1e-5;
    o->prompts.rounds = 1;
    o->prompts.multimask = 0.0;
    o->batch = 10;
}

Status settings_recipe(TrainOptions *o, const char *name, Error *error) {
    if (strcmp(name, "sam") == 0) return VOXPERT_OK;
    if (strcmp(name, "segmote") == 0) {
        recipe_segmote(o);
        return VOXPERT_OK;
    }
    return error_set(error, VOXPERT_BAD_ARGUMENT, "--recipe is sam or segmote, not \"%s\"", name);
}

/* ---- Published schemes ------------------------------------------------------------------ */

/* models.md, A.8: the encoder trains its adapters only; the three tables that the published code
 * wraps anew in each pass are never updated. */
static void scheme_sam_med2d(TrainOptions *o) {
    static const char *const train[] = {"image_encoder.*.Adapter.*", "prompt_encoder.*",
                                        "mask_decoder.*"};
    static const char *const freeze[] = {"prompt_encoder.point_embeddings.0.*",
                                         "prompt_encoder.point_embeddings.1.*",
                                         "prompt_encoder.not_a_point_embed.*"};
    o->scheme = SCHEME_SAM_MED2D;
    o->train = train, o->trains = 3;
    o->freeze = freeze, o->freezes = 3;
    o->batch = 10, o->share = 5, o->accumulate = 1;
    o->schedule = SCHEDULE_CONSTANT;
    o->warm_up = 0.0;
    o->optimizer = (OptimizerRule){.lr = 1e-4, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8};
    o->augment = augment_sam_med2d();
    o->loss_side = 0;
    o->loss =
        (MaskLoss){.rule = MASK_LOSS_FOCAL_DICE_IOU, .focal = 20.0f, .dice = 1.0f, .iou = 1.0f};
    o->prompts = (PromptRule){.box = 0.5, .rounds = 9, .most_points = 9};
}

/* models.md, B.6: two masks and two pseudo masks of each of ten pictures; no clipping, no running
 * average.  The three tables are those of scheme_sam_med2d. */
static Status scheme_segmote(TrainOptions *o, Error *error) {
    static const char *const freeze[] = {"prompt_encoder.point_embeddings.0.*",
                                         "prompt_encoder.point_embeddings.1.*",
                                         "prompt_encoder.not_a_point_embed.*"};
    if (o->recipe != RECIPE_SEGMOTE)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "--scheme segmote teaches experts: it needs --recipe segmote");
    o->scheme = SCHEME_SEGMOTE;
    o->freeze = freeze, o->freezes = 3;
    o->batch = 20, o->share = 2, o->accumulate = 1;
    o->schedule = SCHEDULE_LINEAR;
    o->lr_start = 0.1, o->warm_up_epochs = 5.0, o->warm_up = 0.0;
    o->optimizer =
        (OptimizerRule){.lr = 1e-4, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .decay = 1e-5};
    o->decay_all = true;
    o->augment = augment_segmote();
    o->loss_side = 0;
    o->loss =
        (MaskLoss){.rule = MASK_LOSS_FOCAL_DICE_IOU, .focal = 20.0f, .dice = 1.0f, .iou = 1.0f};
    o->prompts = (PromptRule){.box = 0.4, .text = 0.3, .rounds = 5, .most_points = 7};
    o->experts.rule = (ExpertRule){.balance = 0.01f, .noise = true};
    return VOXPERT_OK;
}

/* The paper's simple scheme (models.md, B.9; paper-mode.md, section 5): Adam at 1e-4, halved after
 * epochs 7 and 12, batches of 10, Dice and 0.01 balance, a prompt a step, prompt tokens everywhere.
 * The paper does not say how long it trains and how often a mask guides: 15 epochs, and half of the
 * batches without a prompt. */
static Status scheme_paper(TrainOptions *o, Error *error) {
    if (o->recipe != RECIPE_SEGMOTE)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "the scheme paper trains experts: it is one of the recipe segmote");
    o->batch = 10, o->share = 1, o->accumulate = 1;
    o->epochs = 15;
    o->schedule = SCHEDULE_STEP;
    o->epoch_drops[0] = 7, o->epoch_drops[1] = 12, o->drop_by = 0.5;
    o->warm_up = 0.0;
    o->optimizer = (OptimizerRule){
        .kind = OPTIMIZER_ADAM, .lr = 1e-4, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8};
    o->decay_all = true;
    o->loss = (MaskLoss){.rule = MASK_LOSS_FOCAL_DICE_IOU, .dice = 1.0f, .per_sample = true};
    o->prompts.rounds = 1;
    o->prompts.multimask = 0.0;
    o->experts.ppt = PPT_ALWAYS;
    o->experts.rule =
        (ExpertRule){.balance = 0.01f, .noise = true, .prompt_free = 0.5, .guided = 0.5};
    return VOXPERT_OK;
}

Status settings_scheme(TrainOptions *o, const char *name, Error *error) {
    static const char *const names[] = {"voxpert", "sam-med2d", "segmote", "paper"};
    int which = 0;
    while (which < 4 && strcmp(name, names[which]) != 0) which++;
    if (which == 4)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "--scheme is voxpert, paper, sam-med2d or segmote, not \"%s\"", name);
    o->scheme_name = names[which];
    if (which == 1) scheme_sam_med2d(o);
    return which == 2 ? scheme_segmote(o, error) : which == 3 ? scheme_paper(o, error) : VOXPERT_OK;
}
