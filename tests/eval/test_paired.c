#include "eval/paired.h"

#include <math.h>

#include "base/memory.h"
#include "eval/distributions.h"
#include "tests/check.h"

static const double nothing[12] = {0.0};

static bool is_near(double got, double want) { return fabs(got - want) <= 1e-13 * fabs(want); }

static SignedRanks ranks_of(const double *differences, size_t n, ZeroRule rule) {
    SignedRanks r;
    CHECK(!signed_ranks(&r, nothing, differences, n, rule, NULL));
    return r;
}

/* ---- Ranks ---------------------------------------------------------------------------------- */

TEST(equal_sizes_share_their_ranks) {
    const double d[] = {0.3, -0.1, 0.1, 0.2, 0.1}; /* ranks 5, 2, 2, 4, 2 */
    SignedRanks r = ranks_of(d, 5, ZEROS_DROPPED);
    CHECK(r.nonzero == 5 && r.zeros == 0);
    CHECK(is_near(r.plus, 13.0) && is_near(r.minus, 2.0) && is_near(r.ties, 24.0));
}

TEST(zeros_are_dropped_before_ranking_or_after) {
    const double d[] = {0.0, 0.2, -0.1, 0.0};
    SignedRanks r = ranks_of(d, 4, ZEROS_DROPPED);
    CHECK(r.zeros == 2 && is_near(r.plus, 2.0) && is_near(r.minus, 1.0));
    r = ranks_of(d, 4, ZEROS_RANKED);
    CHECK(r.zeros == 2 && is_near(r.plus, 4.0) && is_near(r.minus, 3.0));
}

TEST(what_is_a_tie_in_decimals_is_a_tie) {
    const double a[] = {0.88, 0.50, 0.3}, b[] = {0.90, 0.52, 0.3 + 4e-7};
    SignedRanks r;
    CHECK(!signed_ranks(&r, a, b, 3, ZEROS_DROPPED, NULL));
    CHECK(r.zeros == 1 && is_near(r.ties, 6.0) && is_near(r.plus, 3.0));
}

TEST(a_missing_value_cannot_be_ranked) {
    const double b[] = {0.1, (double)NAN};
    SignedRanks r;
    CHECK(signed_ranks(&r, nothing, b, 2, ZEROS_DROPPED, NULL) == VOXPERT_BAD_INPUT);
}

/* ---- Wilcoxon ------------------------------------------------------------------------------- */

/* By listing all 2^n choices of signs. */
static double share_at_most(size_t n, size_t most) {
    size_t count = 0;
    for (size_t signs = 0; signs < (size_t)1 << n; signs++) {
        size_t sum = 0;
        for (size_t i = 0; i < n; i++) sum += signs >> i & 1 ? i + 1 : 0;
        count += sum <= most;
    }
    return (double)count / (double)((size_t)1 << n);
}

TEST(the_exact_test_counts_choices_of_signs) {
    double d[10];
    for (size_t n = 1; n <= 10; n++) {
        for (size_t i = 0; i < n; i++) d[i] = (i % 3 == 1 ? -0.01 : 0.01) * (double)(i + 1);
        SignedRanks r = ranks_of(d, n, ZEROS_DROPPED);
        TestResult two, greater;
        CHECK(!wilcoxon_exact(&two, &r, TWO_SIDED, NULL));
        CHECK(!wilcoxon_exact(&greater, &r, GREATER, NULL));
        size_t least = (size_t)fmin(r.plus, r.minus);
        CHECK(is_near(two.p, fmin(1.0, 2.0 * share_at_most(n, least))));
        CHECK(is_near(greater.p, share_at_most(n, (size_t)r.minus)));
        CHECK(is_near(greater.statistic, r.plus) && is_near(two.statistic, (double)least));
    }
}

TEST(the_exact_test_refuses_ties_and_zeros) {
    SignedRanks r = ranks_of((double[]){0.1, -0.1, 0.2}, 3, ZEROS_DROPPED);
    TestResult t;
    Error error;
    CHECK(wilcoxon_exact(&t, &r, TWO_SIDED, &error) == VOXPERT_BAD_ARGUMENT);
    r = ranks_of((double[]){0.1, 0.0, 0.2}, 3, ZEROS_DROPPED);
    CHECK(wilcoxon_exact(&t, &r, TWO_SIDED, &error) == VOXPERT_BAD_ARGUMENT);
}

TEST(the_normal_approximation_follows_its_formula) {
    const double d[] = {0.3, -0.1, 0.1, 0.2, 0.1, 0.0}; /* plus 13, ties 24 */
    SignedRanks r = ranks_of(d, 6, ZEROS_DROPPED);
    double deviation = sqrt((5.0 * 6.0 * 11.0 - 12.0) / 24.0), above = 13.0 - 7.5;
    CHECK(is_near(wilcoxon_asymptotic(&r, GREATER, false).p, normal_above(above / deviation)));
    CHECK(is_near(wilcoxon_asymptotic(&r, TWO_SIDED, true).p,
                  2.0 * normal_above((above - 0.5) / deviation)));
    r = ranks_of(d, 6, ZEROS_RANKED); /* plus 17: each rank is one higher */
    deviation = sqrt((6.0 * 7.0 * 13.0 - 6.0 - 12.0) / 24.0);
    CHECK(is_near(wilcoxon_asymptotic(&r, GREATER, false).p,
                  normal_above((17.0 - (42.0 - 2.0) / 4.0) / deviation)));
}

TEST(without_any_difference_nothing_is_shown) {
    SignedRanks r = ranks_of(nothing, 4, ZEROS_DROPPED);
    CHECK(is_near(wilcoxon_asymptotic(&r, TWO_SIDED, false).p, 1.0));
    CHECK(is_near(sign_test(nothing, nothing, 4).p, 1.0));
    CHECK(isnan(paired_t(nothing, nothing, 4).p));
}

/* ---- Others --------------------------------------------------------------------------------- */

TEST(the_sign_test_throws_coins) {
    const double d[] = {0.1, 0.2, 0.1, -0.3, 0.0, 0.4}; /* 4 of 5 */
    TestResult t = sign_test(nothing, d, 6);
    CHECK(is_near(t.statistic, 4.0) && is_near(t.p, 2.0 * 6.0 / 32.0));
    CHECK(is_near(sign_test(nothing, (double[]){0.1, -0.1}, 2).p, 1.0));
}

TEST(students_test_of_a_known_sample) {
    const double a[] = {1.0, 1.0, 1.0}, b[] = {2.0, 3.0, 4.0}; /* mean 2, variance 1 */
    TestResult t = paired_t(a, b, 3);
    CHECK(is_near(t.statistic, 2.0 * sqrt(3.0)));
    CHECK(is_near(t.p, 1.0 - t.statistic / sqrt(2.0 + t.statistic * t.statistic)));
    CHECK(isnan(paired_t(a, b, 1).p));
}

TEST(every_failed_allocation_is_reported) {
    SignedRanks r;
    TestResult t;
    memory_fail_at(1, false);
    CHECK(signed_ranks(&r, nothing, nothing, 3, ZEROS_DROPPED, NULL) == VOXPERT_OUT_OF_MEMORY);
    memory_fail_at(0, false);
    r = ranks_of((double[]){0.1, 0.2}, 2, ZEROS_DROPPED);
    memory_fail_at(1, false);
    CHECK(wilcoxon_exact(&t, &r, GREATER, NULL) == VOXPERT_OUT_OF_MEMORY);
    memory_fail_at(0, false);
}
