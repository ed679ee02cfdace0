#include "eval/bootstrap.h"

#include <math.h>

#include "base/memory.h"
#include "tests/check.h"

static bool is_near(double got, double want) { return fabs(got - want) <= 1e-14 * fabs(want); }

TEST(few_ways_to_draw_are_all_taken) {
    const double values[] = {1.0, 5.0}; /* means 1, 3, 3, 5 */
    Interval i;
    CHECK(!bootstrap_mean(&i, values, 2, (BootstrapRule){4, 1, 0.5}, NULL));
    CHECK(is_near(i.low, 2.5) && is_near(i.high, 3.5));
    Interval again;
    CHECK(!bootstrap_mean(&again, values, 2, (BootstrapRule){1000, 2, 0.5}, NULL));
    CHECK(is_near(again.low, i.low) && is_near(again.high, i.high));
}

TEST(many_ways_to_draw_are_sampled) {
    double values[40];
    for (int i = 0; i < 40; i++) values[i] = i % 2 ? 1.0 : -1.0;
    Interval i, again, other;
    CHECK(!bootstrap_mean(&i, values, 40, (BootstrapRule){20000, 1, 0.95}, NULL));
    /* A mean of 40 signs: deviation sqrt(1/40), normal but for its steps of 1/20. */
    CHECK(fabs(i.low + 1.96 * sqrt(1.0 / 40.0)) < 0.05);
    CHECK(fabs(i.high - 1.96 * sqrt(1.0 / 40.0)) < 0.05);
    for (int k = 0; k < 40; k++) values[k] = (double)(k * k);
    CHECK(!bootstrap_mean(&i, values, 40, (BootstrapRule){500, 1, 0.95}, NULL));
    CHECK(!bootstrap_mean(&again, values, 40, (BootstrapRule){500, 1, 0.95}, NULL));
    CHECK(!bootstrap_mean(&other, values, 40, (BootstrapRule){500, 2, 0.95}, NULL));
    CHECK(is_near(i.low, again.low) && !is_near(i.low, other.low));
}

TEST(equal_values_leave_no_doubt) {
    const double values[] = {0.5, 0.5, 0.5};
    Interval i;
    CHECK(!bootstrap_mean(&i, values, 3, (BootstrapRule){100, 1, 0.95}, NULL));
    CHECK(is_near(i.low, 0.5) && is_near(i.high, 0.5));
}

TEST(a_bootstrap_needs_values_and_resamples) {
    const double values[] = {0.5};
    Interval i;
    CHECK(!bootstrap_mean(&i, values, 0, (BootstrapRule){100, 1, 0.95}, NULL));
    CHECK(isnan(i.low) && isnan(i.high));
    CHECK(bootstrap_mean(&i, values, 1, (BootstrapRule){0, 1, 0.95}, NULL) == VOXPERT_BAD_ARGUMENT);
    memory_fail_at(1, false);
    CHECK(bootstrap_mean(&i, values, 1, (BootstrapRule){9, 1, 0.95}, NULL) ==
          VOXPERT_OUT_OF_MEMORY);
    memory_fail_at(0, false);
}
