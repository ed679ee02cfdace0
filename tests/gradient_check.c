#include "tests/gradient_check.h"

#include <math.h>

static float projection(size_t i) { return sinf(12.9898f * (float)(i + 1)); }

static double evaluate(Compute *cx, OpUnderTest *op, Tensor *const *in) {
    Scope s = scope_begin(cx);
    const Tensor *y = op(cx, in);
    double sum = 0.0;
    for (size_t i = 0; i < tensor_size(y); i++) sum += (double)projection(i) * (double)y->data[i];
    scope_drop(cx, s);
    return sum;
}

static double worst_error(Compute *cx, OpUnderTest *op, Tensor *const *in, Tensor *t, float h) {
    double worst = 0.0;
    for (size_t i = 0; i < tensor_size(t); i++) {
        float x = t->data[i], up = x + h, down = x - h;
        t->data[i] = up;
        double above = evaluate(cx, op, in);
        t->data[i] = down;
        double below = evaluate(cx, op, in);
        t->data[i] = x;
        double numeric = (above - below) / ((double)up - (double)down);
        double analytic = 0.0;
        if (t->grad) analytic = (double)t->grad[i];
        double error = fabs(numeric - analytic) / (1.0 + fabs(numeric));
        if (!(error <= worst)) worst = error; /* NaN counts */
    }
    return worst;
}

double gradient_check(Workbench *w, OpUnderTest *op, Tensor *const *in, int inputs, float h) {
    Compute *cx = &w->cx;
    w->tape = (Tape){0};
    cx->tape = &w->tape;
    Tensor *y = op(cx, in);
    if (!compute_ok(cx)) return (double)INFINITY;
    float *seed = grad_of(cx, y);
    if (!seed) return (double)INFINITY;
    for (size_t i = 0; i < tensor_size(y); i++) seed[i] = projection(i);
    backward_from(cx);
    cx->tape = NULL;
    double worst = 0.0;
    for (int i = 0; i < inputs; i++) {
        if (in[i] && in[i]->needs_grad) worst = fmax(worst, worst_error(cx, op, in, in[i], h));
    }
    return compute_ok(cx) ? worst : (double)INFINITY;
}
