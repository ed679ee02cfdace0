/* What the rows of a router say. */
#include "moe/router_rows.h"

#include <math.h>

#include "tests/check.h"

TEST(entropy_is_1_where_all_tie_and_0_where_one_is_sure) {
    static const float tie[] = {3, 3, 3, 3}, sure[] = {0, 900, 0, 0}, one[] = {5};
    CHECK(fabs(routing_entropy(tie, 4) - 1.0) < 1e-12);
    CHECK(routing_entropy(sure, 4) < 1e-12);
    CHECK(routing_entropy(one, 1) <= 0.0);
}

TEST(an_expert_that_is_held_back_leaves_the_entropy_as_it_was) {
    static const float before[] = {0.3f, -1.2f, 2.0f};
    static const float after[] = {0.3f, -INFINITY, -1.2f, 2.0f, -INFINITY};
    CHECK(routing_entropy(before, 3) > 0.1);
    CHECK(fabs(routing_entropy(before, 3) - routing_entropy(after, 5)) <= 0.0);
    CHECK(routing_entropy(after, 2) <= 0.0); /* one that is open */
}

TEST(a_router_is_degenerate_where_no_weight_of_an_open_expert_is_used) {
    static const float weights[] = {0, 0.5f, 0, 0, -0.1f, 0}; /* [2,3] */
    CHECK(router_weights_used(weights, 2, 3, 0) == 2);
    CHECK(router_weights_used(weights, 2, 3, 1u << 1) == 0);
    CHECK(router_weights_used(weights, 2, 3, 1u << 0) == 2);
}
