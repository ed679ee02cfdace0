#include "eval/distributions.h"

#include <math.h>

#include "tests/check.h"

static bool is_near(double got, double want) { return fabs(got - want) <= 1e-13 * fabs(want); }

TEST(the_normal_distribution_has_its_known_tail) {
    CHECK(is_near(normal_above(0.0), 0.5));
    CHECK(is_near(normal_above(-1.0) + normal_above(1.0), 1.0));
    CHECK(is_near(normal_above(1.959963984540054), 0.025));
}

TEST(students_distribution_is_cauchys_with_one_degree) {
    const double pi = acos(-1.0);
    CHECK(is_near(student_beyond(1.0, 1.0), 0.5));
    CHECK(is_near(student_beyond(-3.0, 1.0), 1.0 - 2.0 / pi * atan(3.0)));
    CHECK(is_near(student_beyond(1e9, 1.0), 2.0 / pi * 1e-9));
}

TEST(students_distribution_has_a_closed_form_with_two_degrees) {
    for (double t = 0.1; t < 20.0; t *= 1.7)
        CHECK(fabs(student_beyond(t, 2.0) - (1.0 - t / sqrt(2.0 + t * t))) <= 1e-14);
}

TEST(students_distribution_tends_to_the_normal) {
    CHECK(fabs(student_beyond(1.96, 1e6) - 2.0 * normal_above(1.96)) <= 1e-6); /* 3e-7 */
    CHECK(is_near(student_beyond(0.0, 5.0), 1.0) && student_beyond((double)INFINITY, 5.0) <= 0.0);
}

TEST(coins_are_counted) {
    CHECK(is_near(coin_at_most(0, 3), 1.0 / 8.0));
    CHECK(is_near(coin_at_most(1, 3), 4.0 / 8.0));
    CHECK(is_near(coin_at_most(3, 10), 176.0 / 1024.0));
    CHECK(is_near(coin_at_most(3, 3), 1.0) && is_near(coin_at_most(0, 0), 1.0));
}

TEST(the_beta_integral_is_a_polynomial_for_small_integers) {
    for (double x = 0.05; x < 1.0; x += 0.05) { /* int of 12 t (1 - t)^2 */
        double want = x * x * (6.0 - 8.0 * x + 3.0 * x * x);
        CHECK(fabs(beta_regularised(x, 1.0 - x, 2.0, 3.0) - want) <= 1e-14);
    }
    CHECK(beta_regularised(0.0, 1.0, 2.0, 3.0) <= 0.0);
    CHECK(beta_regularised(1.0, 0.0, 2.0, 3.0) >= 1.0);
}
