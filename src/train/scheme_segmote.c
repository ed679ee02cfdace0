/* The scheme of SegMoTE as released (docs/spec/segmote.md, 8).
 *
 * The first round is an optimizer step of its own, the others are one together: a box, a point or a
 * text, and for a pseudo mask a box or a point; then four rounds, of which round r*, drawn from the
 * first three, and the last have the mask before and a text as their prompts, and the others 1, 3,
 * 4 or 7 points of the error beside that mask, or with probability 0.4 a text in its place.  Every
 * round has a second pass on pseudo masks, with a mask of its own that its later prompts start
 * from; the balance loss is left out of it.  Later rounds take the text as it was before the first
 * one's step, and do not train text_out_dim.  Losses are over the whole batch tensor. */
#include "train/recipe.h"

enum { MOST_POINTS = 7 };

/* Two masks and two pseudo masks of each of ten images; no clipping, no running average. */
static Status apply(TrainOptions *o, Error *error) {
    if (o->recipe != &recipe_segmote)
        return error_set_field(error, VOXPERT_BAD_ARGUMENT, "scheme",
                               "the scheme segmote trains experts: it needs the recipe segmote");
    o->freeze = rewrapped_tables, o->freezes = REWRAPPED_TABLES;
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

static void first_prompt(StepPlan *p, const PromptRule *rule, bool text, Random *r) {
    double named = text ? rule->text : 0.0, rest = 1.0 - rule->text;
    double box = text || rest <= 0.0 ? rule->box : rule->box / rest, at = random_uniform(r);
    p->text[0] = at < named;
    p->box = !p->text[0] && at < named + box;
    p->points[0] = !p->text[0] && !p->box;
    p->pseudo_box = random_uniform(r) < 0.5;
    p->pseudo_points[0] = !p->pseudo_box;
}

static const double text_for_mask = 0.4;

static StepPlan plan(const PromptRule *rule, const ExpertRule *experts, const PlanFacts *facts,
                     Random *r) {
    (void)experts;
    static const int counts[] = {1, 3, 4, MOST_POINTS};
    StepPlan p = {.rounds = rule->rounds, .pseudo = facts->pseudo, .unrouted = facts->unrouted};
    first_prompt(&p, rule, facts->text, r);
    int last = p.rounds - 1, bare = last > 1 ? (int)random_integer(r, 1, last - 1) : last;
    for (int i = 1; i < p.rounds; i++) {
        int points = counts[random_integer(r, 0, 3)], others = counts[random_integer(r, 0, 3)];
        bool swapped = random_uniform(r) < text_for_mask;
        p.bare[i] = i == bare || i == last;
        p.points[i] = p.bare[i] ? 0 : points;
        p.pseudo_points[i] = p.bare[i] ? 0 : others;
        p.text[i] = facts->text && (p.bare[i] || swapped);
        p.mask[i] = p.bare[i] || !p.text[i];
        p.pool[i] = facts->pool;
    }
    return p;
}

static StepPlan largest(const PromptRule *rule, const PlanFacts *facts, bool ambiguous) {
    StepPlan p = {.rounds = 3, .box = rule->box > 0.0, .points = {1}};
    p.multimask = rule->multimask > 0.0 && ambiguous;
    p.text[0] = facts->text;
    p.pseudo = p.pseudo_box = facts->pseudo;
    p.unrouted = facts->unrouted;
    p.pool[2] = facts->pool;
    for (int i = 1; i < p.rounds; i++) {
        p.points[i] = p.pseudo_points[i] = MOST_POINTS;
        p.mask[i] = true;
        p.text[i] = facts->text;
    }
    return p;
}

static int most_points(const PromptRule *rule) {
    (void)rule;
    return MOST_POINTS;
}

const Scheme scheme_segmote = {
    .name = "segmote",
    .identity = 2,
    .apply = apply,
    .plan = plan,
    .largest = largest,
    .most_points = most_points,
    .needs_facts = true,
    .always_prompts = true,
    .prompts_texts = true,
    .box = BOX_LOOSE,
    .box_once = true,
    .central_point = true,
    .replaces_points = true,
    .steps = ROUNDS_FIRST_ALONE,
};
