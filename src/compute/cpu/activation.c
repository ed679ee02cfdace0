#include "compute/cpu/range.h"
#include "compute/cpu/vec_math.h"

typedef struct Job {
    float *y;
    const float *x, *dy;
    Activation f;
    bool fresh; /* y in the backward pass */
} Job;

static void forward(void *context, size_t begin, size_t end) {
    const Job *j = context;
    for (size_t i = begin; i < end; i += LANES) {
        vec_put(j->y + i, vec_activate(vec_get(j->x + i, end - i), j->f), end - i);
    }
}

void ENTRY(activation)(const Worker *w, float *y, const float *x, size_t n, Activation f) {
    Job j = {.y = y, .x = x, .f = f};
    range_run(w, forward, &j, n, range_grain(1));
}

/* gelu' = (1 + erf(x / sqrt 2)) / 2 + x exp(-x^2 / 2) / sqrt(2 pi) */
static Vec gelu_slope(Vec x) {
    Vec density = vec_exp(x * x * -0.5f) * 0.39894228f;
    return 0.5f * (1.0f + vec_erf(x * 0.70710678f)) + x * density;
}

/* With s = sigmoid(1.702 x): s + 1.702 x s (1 - s) */
static Vec quick_gelu_slope(Vec x) {
    Vec z = 1.702f * x, s = vec_sigmoid(z);
    return s + z * s * vec_sigmoid(-z);
}

static Vec slope(Vec x, Activation f) {
    switch (f) {
    case ACTIVATION_GELU:
        return gelu_slope(x);
    case ACTIVATION_RELU:
        return vec_select(x > 0.0f, vec_set(1.0f), vec_zero());
    case ACTIVATION_SIGMOID:
        return vec_sigmoid(x) * vec_sigmoid(-x);
    case ACTIVATION_QUICK_GELU:
        return quick_gelu_slope(x);
    case ACTIVATION_NONE:
        break;
    }
    return vec_set(1.0f);
}

static void backward(void *context, size_t begin, size_t end) {
    const Job *j = context;
    for (size_t i = begin; i < end; i += LANES) {
        size_t left = end - i;
        Vec d = vec_get(j->dy + i, left) * slope(vec_get(j->x + i, left), j->f);
        if (!j->fresh) d += vec_get(j->y + i, left);
        vec_put(j->y + i, d, left);
    }
}

void ENTRY(activation_backward)(const Worker *w, Into dx, const float *dy, const float *x, size_t n,
                                Activation f) {
    if (!dx.at) return;
    Job j = {.y = dx.at, .fresh = dx.fresh, .x = x, .dy = dy, .f = f};
    range_run(w, backward, &j, n, range_grain(1));
}
