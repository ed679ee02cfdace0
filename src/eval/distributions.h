/* distributions.h - tails of the distributions that tests of significance need. */
#ifndef EVAL_DISTRIBUTIONS_H
#define EVAL_DISTRIBUTIONS_H

#include <stddef.h>

/* P(Z >= z), Z normal with mean 0 and variance 1. */
double normal_above(double z);

/* P(|T| >= |t|), T of Student's distribution with `freedom` >= 1 degrees. */
double student_beyond(double t, double freedom);

/* P(X <= k) for X heads in n throws of a fair coin. */
double coin_at_most(size_t k, size_t n);

/* I_x(a, b) = int_0^x t^(a-1) (1-t)^(b-1) dt / B(a, b), a and b > 0, given x and y = 1 - x: the
 * caller knows the smaller one better than a subtraction would (DLMF 8.17). */
double beta_regularised(double x, double y, double a, double b);

#endif
