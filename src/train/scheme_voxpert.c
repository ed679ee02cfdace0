/* Our scheme: a box or a click, then clicks into what is wrong, with the last answer as a mask
 * prompt. */
#include "train/run.h"

static Status apply(TrainOptions *o, Error *error) {
    (void)o, (void)error; /* the defaults are of this scheme */
    return VOXPERT_OK;
}

static StepPlan plan_prompts(const PromptRule *rule, Random *r) {
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

/* The experts' masks are one for each token, and chosen by the router: none are ambiguous. */
static StepPlan plan_experts(const PromptRule *rule, const ExpertRule *experts, Random *r) {
    bool prompt_free = random_uniform(r) < experts->prompt_free;
    StepPlan p = plan_prompts(rule, r);
    p.multimask = false;
    if (!prompt_free) return p;
    bool guided = experts->guided > 0.0 && random_uniform(r) < experts->guided;
    return (StepPlan){.rounds = guided ? 2 : 1, .prompt_free = true, .mask = {false, guided}};
}

StepPlan plan_clicks(const PromptRule *rule, const ExpertRule *experts, const PlanFacts *facts,
                     Random *r) {
    (void)facts;
    return experts ? plan_experts(rule, experts, r) : plan_prompts(rule, r);
}

/* A box and a click, the ambiguous masks, all points that later rounds may add. */
StepPlan plan_clicks_largest(const PromptRule *rule, const PlanFacts *facts, bool ambiguous) {
    (void)facts;
    StepPlan p = {.rounds = rule->rounds, .box = rule->box > 0.0, .points = {1}};
    p.multimask = rule->multimask > 0.0 && ambiguous;
    for (int i = 1; i < p.rounds; i++) {
        p.points[i] = rule->most_points;
        p.mask[i] = true;
    }
    return p;
}

int plan_clicks_points(const PromptRule *rule) {
    return (rule->rounds - 1) * rule->most_points + 1;
}

const Scheme scheme_voxpert = {
    .name = "voxpert",
    .apply = apply,
    .plan = plan_clicks,
    .largest = plan_clicks_largest,
    .most_points = plan_clicks_points,
};
