#include "train/plan.h"

/* ---- Ours ------------------------------------------------------------------------------- */

static StepPlan plan_ours(const PromptRule *rule, Random *r) {
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
    StepPlan p = plan_ours(rule, r);
    p.multimask = false;
    if (!prompt_free) return p;
    bool guided = experts->guided > 0.0 && random_uniform(r) < experts->guided;
    return (StepPlan){.rounds = guided ? 2 : 1, .prompt_free = true, .mask = {false, guided}};
}

/* ---- Published -------------------------------------------------------------------------- */

enum { MED2D_MOST_POINTS = 9, SEGMOTE_MOST_POINTS = 7 };

/* One first pass, then rounds of which the last and a random one see the mask alone. */
static StepPlan plan_sam_med2d(const PromptRule *rule, Random *r) {
    static const int counts[] = {1, 3, 5, MED2D_MOST_POINTS};
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

static StepPlan plan_segmote(const PromptRule *rule, const PlanFacts *facts, Random *r) {
    static const int counts[] = {1, 3, 4, SEGMOTE_MOST_POINTS};
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

StepPlan step_plan(Scheme scheme, const PromptRule *rule, const ExpertRule *experts,
                   const PlanFacts *facts, Random *r) {
    if (scheme == SCHEME_SEGMOTE) return plan_segmote(rule, facts, r);
    if (experts) return plan_experts(rule, experts, r);
    return scheme == SCHEME_SAM_MED2D ? plan_sam_med2d(rule, r) : plan_ours(rule, r);
}

/* ---- At most ---------------------------------------------------------------------------- */

/* A box and a click, the ambiguous masks, all points that later rounds may add. */
StepPlan step_plan_largest(Scheme scheme, const PromptRule *rule, const PlanFacts *facts,
                           bool ambiguous) {
    StepPlan p = {.rounds = rule->rounds, .box = rule->box > 0.0, .points = {1}};
    p.multimask = (rule->multimask > 0.0 || scheme == SCHEME_SAM_MED2D) && ambiguous;
    if (scheme == SCHEME_SEGMOTE) {
        p.rounds = 3;
        p.text[0] = facts->text;
        p.pseudo = p.pseudo_box = facts->pseudo;
        p.unrouted = facts->unrouted;
        p.pool[2] = facts->pool;
    }
    for (int i = 1; i < p.rounds; i++) {
        p.points[i] = scheme == SCHEME_SAM_MED2D ? MED2D_MOST_POINTS
                      : scheme == SCHEME_SEGMOTE ? SEGMOTE_MOST_POINTS
                                                 : rule->most_points;
        p.mask[i] = true;
        p.text[i] = scheme == SCHEME_SEGMOTE && facts->text;
        p.pseudo_points[i] = SEGMOTE_MOST_POINTS;
    }
    return p;
}

int step_plan_points(Scheme scheme, const PromptRule *rule) {
    if (scheme == SCHEME_SAM_MED2D) return MED2D_MOST_POINTS;
    if (scheme == SCHEME_SEGMOTE) return SEGMOTE_MOST_POINTS;
    return (rule->rounds - 1) * rule->most_points + 1;
}

bool step_plan_ends_step(Scheme scheme, int round) {
    return scheme == SCHEME_SAM_MED2D || (scheme == SCHEME_SEGMOTE && round == 0);
}
