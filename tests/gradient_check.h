/* gradient_check.h - is an op's backward the derivative of its forward? */
#ifndef TESTS_GRADIENT_CHECK_H
#define TESTS_GRADIENT_CHECK_H

#include "tests/workbench.h"

typedef Tensor *OpUnderTest(Compute *cx, Tensor *const *in);

/* Worst error |numeric - analytic| / (1 + |numeric|) between backward() and central differences of
 * step h, over every element of every input that needs a gradient.  The loss is a fixed
 * projection of the output. */
double gradient_check(Workbench *w, OpUnderTest *op, Tensor *const *in, int inputs, float h);

#endif
