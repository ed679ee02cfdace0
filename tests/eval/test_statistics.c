#include "eval/statistics.h"

#include <math.h>

#include "tests/check.h"

static bool is_near(double got, double want) { return fabs(got - want) <= 1e-15 * fabs(want); }

TEST(mean_and_deviation_of_a_known_list) {
    const double values[] = {2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0};
    CHECK(is_near(values_mean(values, 8), 5.0));
    CHECK(is_near(values_deviation(values, 8, 0), 2.0));
    CHECK(is_near(values_deviation(values, 8, 1), sqrt(32.0 / 7.0)));
}

TEST(quantiles_lie_between_neighbours) {
    double values[] = {7.0, 1.0, 3.0, 2.0};
    values_sort(values, 4);
    CHECK(is_near(sorted_quantile(values, 4, 0.0), 1.0));
    CHECK(is_near(sorted_quantile(values, 4, 0.25), 1.75));
    CHECK(is_near(sorted_quantile(values, 4, 0.5), 2.5));
    CHECK(is_near(sorted_quantile(values, 4, 1.0), 7.0));
}

TEST(few_values_have_few_statistics) {
    const double one[] = {3.0};
    CHECK(isnan(values_mean(one, 0)) && isnan(sorted_quantile(one, 0, 0.5)));
    CHECK(isnan(values_deviation(one, 1, 1)) && values_deviation(one, 1, 0) <= 0.0);
    CHECK(is_near(sorted_quantile(one, 1, 0.7), 3.0));
}
