/* Element by element, and sums over what was repeated. */
#include <math.h>
#include <string.h>

#include "compute/reference/reference.h"

float *reference_begin(Into sum, size_t n) {
    if (sum.at && sum.fresh) memset(sum.at, 0, n * sizeof *sum.at);
    return sum.at;
}

/* ---- Activations ------------------------------------------------------------------------ */

float reference_activate(float x, Activation f) {
    double d = (double)x;
    switch (f) {
    case ACTIVATION_GELU:
        return (float)(0.5 * d * (1.0 + erf(d * 0.70710678118654752)));
    case ACTIVATION_RELU:
        return x > 0.0f ? x : 0.0f;
    case ACTIVATION_SIGMOID:
        return (float)(1.0 / (1.0 + exp(-d)));
    case ACTIVATION_QUICK_GELU:
        return (float)(d / (1.0 + exp(-1.702 * d)));
    case ACTIVATION_NONE:
        break;
    }
    return x;
}

static double slope(float x, Activation f) {
    double d = (double)x;
    switch (f) {
    case ACTIVATION_GELU:
        return 0.5 * (1.0 + erf(d * 0.70710678118654752)) +
               d * 0.39894228040143268 * exp(-0.5 * d * d);
    case ACTIVATION_RELU:
        return x > 0.0f ? 1.0 : 0.0;
    case ACTIVATION_SIGMOID: {
        double p = 1.0 / (1.0 + exp(-d));
        return p * (1.0 - p);
    }
    case ACTIVATION_QUICK_GELU: {
        double p = 1.0 / (1.0 + exp(-1.702 * d));
        return p + 1.702 * d * p * (1.0 - p);
    }
    case ACTIVATION_NONE:
        break;
    }
    return 1.0;
}

void reference_activation(const Worker *w, float *y, const float *x, size_t n, Activation f) {
    (void)w;
    for (size_t i = 0; i < n; i++) y[i] = reference_activate(x[i], f);
}

void reference_activation_backward(const Worker *w, Into dx, const float *dy, const float *x,
                                   size_t n, Activation f) {
    (void)w;
    for (size_t i = 0; dx.at && i < n; i++) {
        float had = dx.fresh ? 0.0f : dx.at[i];
        dx.at[i] = had + (float)((double)dy[i] * slope(x[i], f));
    }
}

/* ---- Broadcasting ----------------------------------------------------------------------- */

void reference_add(const Worker *w, float *y, const float *a, const float *b, size_t n,
                   size_t period) {
    (void)w;
    for (size_t i = 0; i < n; i++) y[i] = a[i] + b[i % period];
}

void reference_reduce(const Worker *w, float *db, const float *dy, size_t n, size_t period) {
    (void)w;
    for (size_t j = 0; j < period; j++) {
        double sum = 0.0;
        for (size_t i = j; i < n; i += period) sum += (double)dy[i];
        db[j] += (float)sum;
    }
}

void reference_multiply(const Worker *w, float *y, const float *x, const float *s, int batch,
                        size_t rows, int cols) {
    (void)w;
    for (int b = 0; b < batch; b++, s += cols) {
        for (size_t r = 0; r < rows; r++, x += cols, y += cols) {
            for (int c = 0; c < cols; c++) y[c] = x[c] * s[c];
        }
    }
}

void reference_multiply_backward(const Worker *w, float *dx, float *ds, const float *dy,
                                 const float *x, const float *s, int batch, size_t rows, int cols) {
    (void)w;
    for (int b = 0; b < batch; b++) {
        for (int c = 0; c < cols; c++) {
            double sum = 0.0;
            for (size_t r = 0; r < rows; r++) {
                size_t at = ((size_t)b * rows + r) * (size_t)cols + (size_t)c;
                sum += (double)dy[at] * (double)x[at];
                if (dx) dx[at] += dy[at] * s[b * cols + c];
            }
            if (ds) ds[b * cols + c] += (float)sum;
        }
    }
}

void reference_mean(const Worker *w, float *y, const float *x, int batch, size_t rows, int cols) {
    (void)w;
    for (int b = 0; b < batch; b++) {
        for (int c = 0; c < cols; c++) {
            double sum = 0.0;
            for (size_t r = 0; r < rows; r++)
                sum += (double)x[((size_t)b * rows + r) * (size_t)cols + (size_t)c];
            y[b * cols + c] = (float)(sum / (double)rows);
        }
    }
}

void reference_mean_backward(const Worker *w, float *dx, const float *dy, int batch, size_t rows,
                             int cols) {
    (void)w;
    for (int b = 0; b < batch; b++, dy += cols) {
        for (size_t r = 0; r < rows; r++, dx += cols) {
            for (int c = 0; c < cols; c++) dx[c] += dy[c] / (float)rows;
        }
    }
}

/* ---- Plain moves ------------------------------------------------------------------------ */

void reference_accumulate(const Worker *w, float *into, const float *from, size_t n) {
    (void)w;
    for (size_t i = 0; i < n; i++) into[i] += from[i];
}

void reference_scale(const Worker *w, float *x, float by, size_t n) {
    (void)w;
    for (size_t i = 0; i < n; i++) x[i] *= by;
}

void reference_copy(const Worker *w, float *into, const float *from, size_t n) {
    (void)w;
    memcpy(into, from, n * sizeof *into);
}

void reference_zero(const Worker *w, float *x, size_t n) {
    (void)w;
    memset(x, 0, n * sizeof *x);
}

double reference_sum_of_squares(const Worker *w, const float *x, size_t n) {
    (void)w;
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) sum += (double)x[i] * (double)x[i];
    return sum;
}

/* ---- Optimizer -------------------------------------------------------------------------- */

void reference_adamw(const Worker *w, float *x, float *m, float *v, const float *gradient, size_t n,
                     const AdamStep *step) {
    (void)w;
    double first = 1.0 - pow((double)step->beta1, (double)step->step);
    double second = 1.0 - pow((double)step->beta2, (double)step->step);
    for (size_t i = 0; i < n; i++) {
        double g = (double)gradient[i] * (double)step->gradient_scale;
        if (step->coupled) g += (double)x[i] * (double)step->decay;
        m[i] = (float)((double)step->beta1 * (double)m[i] + (1.0 - (double)step->beta1) * g);
        v[i] = (float)((double)step->beta2 * (double)v[i] + (1.0 - (double)step->beta2) * g * g);
        double shrinks = step->coupled ? 0.0 : (double)step->lr * (double)step->decay;
        double decayed = (double)x[i] * (1.0 - shrinks);
        double size = sqrt((double)v[i] / second) + (double)step->eps;
        x[i] = (float)(decayed - (double)step->lr * (double)m[i] / first / size);
    }
}
