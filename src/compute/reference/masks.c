/* Planes resized, positions encoded, masks compared. */
#include <math.h>

#include "compute/reference/reference.h"

/* ---- Bilinear, align_corners false ------------------------------------------------------ */

typedef struct Tap {
    int low, high;
    double weight; /* of high */
} Tap;

static Tap tap_at(int i, int from, int to) {
    double at = ((double)i + 0.5) * (double)from / (double)to - 0.5;
    if (at < 0.0) at = 0.0;
    int low = (int)at;
    if (low > from - 1) low = from - 1;
    int high = low + 1 < from ? low + 1 : low;
    return (Tap){low, high, at - (double)low};
}

void reference_resize(const Worker *w, float *y, const float *x, size_t planes, const int from[2],
                      const int to[2]) {
    (void)w;
    for (size_t p = 0; p < planes; p++, x += (size_t)from[0] * (size_t)from[1]) {
        for (int i = 0; i < to[0]; i++) {
            Tap v = tap_at(i, from[0], to[0]);
            for (int j = 0; j < to[1]; j++) {
                Tap h = tap_at(j, from[1], to[1]);
                const float *a = x + (size_t)v.low * (size_t)from[1];
                const float *b = x + (size_t)v.high * (size_t)from[1];
                double above = (1.0 - h.weight) * (double)a[h.low] + h.weight * (double)a[h.high];
                double below = (1.0 - h.weight) * (double)b[h.low] + h.weight * (double)b[h.high];
                *y++ = (float)((1.0 - v.weight) * above + v.weight * below);
            }
        }
    }
}

void reference_resize_backward(const Worker *w, float *dx, const float *dy, size_t planes,
                               const int from[2], const int to[2]) {
    (void)w;
    for (size_t p = 0; p < planes; p++, dx += (size_t)from[0] * (size_t)from[1]) {
        for (int i = 0; i < to[0]; i++) {
            Tap v = tap_at(i, from[0], to[0]);
            for (int j = 0; j < to[1]; j++, dy++) {
                Tap h = tap_at(j, from[1], to[1]);
                float *a = dx + (size_t)v.low * (size_t)from[1];
                float *b = dx + (size_t)v.high * (size_t)from[1];
                double d = (double)*dy;
                a[h.low] += (float)((1.0 - v.weight) * (1.0 - h.weight) * d);
                a[h.high] += (float)((1.0 - v.weight) * h.weight * d);
                b[h.low] += (float)(v.weight * (1.0 - h.weight) * d);
                b[h.high] += (float)(v.weight * h.weight * d);
            }
        }
    }
}

/* ---- Fourier features ------------------------------------------------------------------- */

void reference_fourier(const Worker *w, float *y, const float *p, const float *g, size_t n,
                       int axes, int half) {
    (void)w;
    for (size_t i = 0; i < n; i++, p += axes, y += 2 * half) {
        for (int c = 0; c < half; c++) {
            double u = 0.0;
            for (int a = 0; a < axes; a++)
                u += (2.0 * (double)p[a] - 1.0) * (double)g[(size_t)a * (size_t)half + (size_t)c];
            u *= 6.283185307179586;
            y[c] = (float)sin(u);
            y[half + c] = (float)cos(u);
        }
    }
}

/* ---- Sums of a mask and its target ------------------------------------------------------ */

static const double tiny = 1e-12;

void reference_mask_sums(const Worker *w, MaskSums *sums, const float *x, const float *t,
                         size_t groups, size_t n) {
    (void)w;
    for (size_t group = 0; group < groups; group++) {
        MaskSums s = {0};
        for (size_t i = 0; i < n; i++, x++, t++) {
            double logit = (double)*x, target = (double)*t;
            if (target < 0.0) continue;
            double p = 1.0 / (1.0 + exp(-logit)), q = 1.0 / (1.0 + exp(logit));
            s.count += 1.0;
            s.p += p;
            s.t += target;
            s.pt += p * target;
            s.pp += p * p;
            s.tt += target * target;
            s.focal_inside -= target * q * q * log(p + tiny);
            s.focal_outside -= (1.0 - target) * p * p * log(q + tiny);
            s.cross_entropy += fmax(logit, 0.0) + log1p(exp(-fabs(logit))) - logit * target;
        }
        sums[group] = s;
    }
}

/* By the chain rule through p, with dp/dx = p (1 - p). */
void reference_mask_sums_backward(const Worker *w, float *dx, const MaskSumsGradient *d,
                                  const float *x, const float *t, size_t groups, size_t n) {
    (void)w;
    for (size_t group = 0; group < groups; group++, d++) {
        for (size_t i = 0; i < n; i++, x++, t++, dx++) {
            double target = (double)*t;
            if (target < 0.0) continue;
            double p = 1.0 / (1.0 + exp(-(double)*x)), q = 1.0 / (1.0 + exp((double)*x));
            double inside = target * (2.0 * q * log(p + tiny) - q * q / (p + tiny));
            double outside = (1.0 - target) * (p * p / (q + tiny) - 2.0 * p * log(q + tiny));
            double by_p = d->p + d->pt * target + d->pp * 2.0 * p + d->focal_inside * inside +
                          d->focal_outside * outside;
            *dx += (float)(by_p * p * q + d->cross_entropy * (p - target));
        }
    }
}
