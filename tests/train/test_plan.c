/* What SegMoTE's published scheme asks, and how often. */
#include "train/scheme.h"

#include <math.h>

#include "tests/check.h"

static const PromptRule rule = {.box = 0.4, .text = 0.3, .rounds = 5, .most_points = 7};
static const PlanFacts everything = {.text = true, .pool = true, .pseudo = true, .unrouted = true};

enum { PLANS = 20000 };

static StepPlan draw(const PlanFacts *facts, uint64_t step) {
    Random r = random_begin(1, step, 0, 0);
    return scheme_segmote.plan(&rule, NULL, facts, &r);
}

/* Three standard deviations of a share near one half: 0.011. */
static bool near(int count, int of, double share) {
    return fabs((double)count / of - share) < 0.015;
}

TEST(the_first_prompt_is_a_box_a_point_or_a_text) {
    int box = 0, point = 0, text = 0, pseudo = 0;
    for (uint64_t i = 0; i < PLANS; i++) {
        StepPlan p = draw(&everything, i);
        CHECK(p.rounds == 5 && p.box + p.points[0] + p.text[0] == 1);
        CHECK(!p.mask[0] && !p.pool[0] && !p.prompt_free && !p.multimask);
        CHECK(p.pseudo_box + p.pseudo_points[0] == 1);
        box += p.box, point += p.points[0], text += p.text[0], pseudo += p.pseudo_box;
    }
    CHECK(near(box, PLANS, 0.4) && near(point, PLANS, 0.3) && near(text, PLANS, 0.3));
    CHECK(near(pseudo, PLANS, 0.5));
}

TEST(without_texts_their_share_goes_to_the_others) {
    PlanFacts facts = {0};
    int box = 0, text = 0, unmasked = 0;
    for (uint64_t i = 0; i < PLANS; i++) {
        StepPlan p = draw(&facts, i);
        box += p.box;
        CHECK(p.box + p.points[0] == 1 && !p.pseudo && !p.unrouted);
        for (int k = 0; k < 5; k++) text += p.text[k], unmasked += k && !p.mask[k];
    }
    CHECK(near(box, PLANS, 4.0 / 7.0) && text == 0 && unmasked == 0);
}

TEST(one_of_three_rounds_and_the_last_see_the_answer_alone) {
    static const int counts[] = {1, 3, 4, 7};
    int bare[5] = {0}, seen[4] = {0}, others = 0, swapped = 0, same = 0;
    for (uint64_t i = 0; i < PLANS; i++) {
        StepPlan p = draw(&everything, i);
        int here = 0;
        for (int k = 1; k < 5; k++) {
            CHECK(p.pool[k]);
            here += p.bare[k], bare[k] += p.bare[k];
            if (p.bare[k]) {
                CHECK(p.points[k] == 0 && p.pseudo_points[k] == 0 && p.mask[k] && p.text[k]);
                continue;
            }
            same += p.points[k] == p.pseudo_points[k]; /* drawn apart */
            others++, swapped += p.text[k];
            CHECK(p.mask[k] == !p.text[k]);
            for (int c = 0; c < 4; c++) seen[c] += p.points[k] == counts[c];
        }
        CHECK(here == 2 && p.bare[4]);
    }
    for (int k = 1; k < 4; k++) CHECK(near(bare[k], PLANS, 1.0 / 3.0));
    for (int c = 0; c < 4; c++) CHECK(near(seen[c], others, 0.25));
    CHECK(near(same, others, 0.25));
    CHECK(seen[0] + seen[1] + seen[2] + seen[3] == others && near(swapped, others, 0.4));
}

TEST(the_first_round_is_an_optimizer_step_of_its_own) {
    CHECK(scheme_ends_step(&scheme_segmote, 0));
    for (int i = 1; i < 5; i++) CHECK(!scheme_ends_step(&scheme_segmote, i));
    CHECK(scheme_ends_step(&scheme_sam_med2d, 3) && !scheme_ends_step(&scheme_voxpert, 0));
}

TEST(no_plan_asks_for_more_than_the_largest) {
    StepPlan most = scheme_segmote.largest(&rule, &everything, false);
    CHECK(scheme_segmote.most_points(&rule) == 7 && most.points[1] == 7);
    CHECK(most.text[1] && most.mask[1] && most.pseudo && (most.pool[1] || most.pool[2]));
}
