/* What routers did, counted by data set. */
#include <math.h>

#include "assess/routing_tally.h"
#include "tests/check.h"

enum { E = 3, ROW = 3 * E + 1 };

/* Two samples of two tokens: gates, load, logits, confidence. */
static const float routed[4][ROW] = {
    {1, 0, 0, 0.5f, 0.25f, 0.25f, 2, 0, 0, 0.8f}, /* sample 0, of set 1 */
    {1, 0, 0, 0.5f, 0.25f, 0.25f, 0, 0, 0, 0.3f},
    {0, 1, 0, 0.5f, 0.25f, 0.25f, 0, 50, 0, 1.0f}, /* sample 1, of set 0 */
    {1, 0, 0, 0.5f, 0.25f, 0.25f, 0, 0, 0, 0.3f},
};
static const int set[] = {1, 0};

static RoutingTally counted(void) {
    RoutingTally t;
    CHECK(routing_tally_open(&t, 2, E, 1, 0, NULL) == VOXPERT_OK);
    routing_tally_add(&t, routed[0], set, 2, 2);
    return t;
}

TEST(shares_are_of_the_tokens_of_a_set_or_of_all) {
    RoutingTally t = counted();
    double share[E];
    routing_tally_shares(&t, EVERY_SET, share);
    CHECK(share[0] == 0.75 && share[1] == 0.25 && share[2] == 0.0);
    routing_tally_shares(&t, 0, share);
    CHECK(share[0] == 0.5 && share[1] == 0.5 && share[2] == 0.0);
    routing_tally_shares(&t, 1, share);
    CHECK(share[0] == 1.0);
    routing_tally_clear(&t);
    routing_tally_shares(&t, EVERY_SET, share);
    CHECK(share[0] == 0.0 && t.sums.tokens == 0.0);
    routing_tally_close(&t);
}

TEST(entropy_is_0_where_decided_and_1_where_not) {
    RoutingTally t = counted();
    double p[] = {exp(2.0) / (exp(2.0) + 2.0), 1.0 / (exp(2.0) + 2.0)};
    double first = -(p[0] * log(p[0]) + 2.0 * p[1] * log(p[1])) / log(3.0);
    CHECK(t.sums.tokens == 4.0 && t.sums.passes == 1.0);
    CHECK(fabs(t.sums.entropy - (first + 1.0 + 0.0 + 1.0)) < 1e-12);
    routing_tally_close(&t);
}

/* importance 3, 1, 0: mean 4/3, variance 7/3; load 2, 1, 1: mean 4/3, variance 1/3. */
TEST(variation_is_that_of_the_balance_loss) {
    RoutingTally t = counted();
    CHECK(fabs(t.sums.importance_cv2 - 7.0 / 3.0 / (16.0 / 9.0)) < 1e-9);
    CHECK(fabs(t.sums.load_cv2 - 1.0 / 3.0 / (16.0 / 9.0)) < 1e-9);
    routing_tally_close(&t);
}

/* The same of the first two experts and a third that is held back. */
TEST(an_expert_that_is_held_back_does_not_count) {
    static const float rows[2][ROW] = {{1, 0, 0, 1, 0, 0, 1, 0, -INFINITY, 0.7f},
                                       {0, 1, 0, 0, 1, 0, 0, 0, -INFINITY, 0.5f}};
    RoutingTally t;
    CHECK(routing_tally_open(&t, 2, E, 1, 4, NULL) == VOXPERT_OK);
    routing_tally_add(&t, rows[0], set, 1, 2);
    double p = exp(1.0) / (exp(1.0) + 1.0), q = 1.0 - p;
    CHECK(fabs(t.sums.entropy - (1.0 - (p * log(p) + q * log(q)) / log(2.0))) < 1e-12);
    CHECK(t.sums.importance_cv2 < 1e-12 && t.sums.load_cv2 < 1e-12);
    routing_tally_close(&t);
}

TEST(few_effective_experts_are_a_collapse) {
    static const double even[] = {0.25, 0.25, 0.25, 0.25}, one[] = {0, 1, 0, 0};
    static const double most[] = {0.02, 0.85, 0.03, 0.1}, none[] = {0, 0, 0, 0};
    CHECK(fabs(effective_experts(even, 4) - 4.0) < 1e-12);
    CHECK(effective_experts(one, 4) == 1.0 && effective_experts(none, 4) == 0.0);
    CHECK(!is_collapse(4.0, 4, 1) && is_collapse(1.0, 4, 1));
    CHECK(is_collapse(effective_experts(most, 4), 4, 1));
    CHECK(!is_collapse(1.0, 1, 1)); /* one expert has nobody beside it */
    CHECK(!is_collapse(4.0, 4, 4));
    CHECK(is_collapse(2.0, 4, 2)); /* always the same two */
}
