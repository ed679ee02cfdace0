/* The paper's simple scheme (docs/spec/segmote.md, 6): Adam at 1e-4, halved after
 * epochs 7 and 12, batches of 10, Dice and 0.01 balance, a prompt a step, prompt tokens everywhere.
 * The paper does not say how long it trains and how often a mask guides: 15 epochs, and half of the
 * batches without a prompt. */
#include "train/recipe.h"

static Status apply(TrainOptions *o, Error *error) {
    if (o->recipe != &recipe_segmote)
        return error_set_field(error, VOXPERT_BAD_ARGUMENT, "scheme",
                               "the scheme paper trains experts: it needs the recipe segmote");
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

const Scheme scheme_paper = {
    .name = "paper",
    .apply = apply,
    .plan = plan_clicks,
    .largest = plan_clicks_largest,
    .most_points = plan_clicks_points,
};
