/* The scheme of SAM-Med2D (docs/spec/sam.md, 8.2): each round is an optimizer step of its own; only
 * the first reaches the encoder and the prompt encoder, the later ones work on its embedding as it
 * was; points are replaced, not added; the mask prompt is the probability; of three masks the one
 * of highest predicted quality is trained. */
#include "train/run.h"

enum { MOST_POINTS = 9 };

/* The encoder trains its adapters only. */
static Status apply(TrainOptions *o, Error *error) {
    (void)error;
    static const char *const train[] = {"image_encoder.*.Adapter.*", "prompt_encoder.*",
                                        "mask_decoder.*"};
    o->train = train, o->trains = 3;
    o->freeze = rewrapped_tables, o->freezes = REWRAPPED_TABLES;
    o->batch = 10, o->share = 5, o->accumulate = 1;
    o->schedule = SCHEDULE_CONSTANT;
    o->warm_up = 0.0;
    o->optimizer = (OptimizerRule){.lr = 1e-4, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8};
    o->augment = augment_sam_med2d();
    o->loss_side = 0;
    o->loss =
        (MaskLoss){.rule = MASK_LOSS_FOCAL_DICE_IOU, .focal = 20.0f, .dice = 1.0f, .iou = 1.0f};
    o->prompts = (PromptRule){.box = 0.5, .rounds = 9, .most_points = 9};
    return VOXPERT_OK;
}

/* One first pass, then rounds of which the last and a random one see the mask alone. */
static StepPlan plan(const PromptRule *rule, const ExpertRule *experts, const PlanFacts *facts,
                     Random *r) {
    (void)experts, (void)facts;
    static const int counts[] = {1, 3, 5, MOST_POINTS};
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

static StepPlan largest(const PromptRule *rule, const PlanFacts *facts, bool ambiguous) {
    StepPlan p = plan_clicks_largest(rule, facts, ambiguous);
    p.multimask = ambiguous;
    for (int i = 1; i < p.rounds; i++) p.points[i] = MOST_POINTS;
    return p;
}

static int most_points(const PromptRule *rule) {
    (void)rule;
    return MOST_POINTS;
}

const Scheme scheme_sam_med2d = {
    .name = "sam-med2d",
    .identity = 1,
    .apply = apply,
    .preset = "sam-med2d",
    .plan = plan,
    .largest = largest,
    .most_points = most_points,
    .box = BOX_SHIFTED,
    .replaces_points = true,
    .probability_mask = true,
    .steps = ROUNDS_EACH_ALONE,
    .multimask_always = true,
    .best_by_quality = true,
    .trains_first_prompts = true,
};
