#include "sam/resample.h"

#include <math.h>
#include <stddef.h>

enum { TAPS_MAX = 4 * 64 + 2 };

typedef struct Taps {
    int first, count;
    double weight[TAPS_MAX];
} Taps;

static double cubic(double t) {
    const double a = -0.5;
    t = fabs(t);
    if (t < 1.0) return ((a + 2.0) * t - (a + 3.0)) * t * t + 1.0;
    if (t < 2.0) return (((t - 5.0) * t + 8.0) * t - 4.0) * a;
    return 0.0;
}

/* s = from/to, c = s (i + 0.5); taps from int(c - 2s + 0.5) to int(c + 2s + 0.5), s at least 1. */
static Taps bicubic_taps(int i, int from, int to) {
    double step = (double)from / (double)to, s = step > 1.0 ? step : 1.0;
    double c = step * ((double)i + 0.5);
    int first = (int)fmax(c - 2.0 * s + 0.5, 0.0);
    int last = (int)fmin(c + 2.0 * s + 0.5, (double)from);
    Taps t = {.first = first};
    double sum = 0.0;
    for (int j = first; j < last && t.count < TAPS_MAX; j++) {
        t.weight[t.count] = cubic(((double)j - c + 0.5) / s);
        sum += t.weight[t.count++];
    }
    for (int j = 0; j < t.count; j++) t.weight[j] /= sum;
    return t;
}

static Taps linear_taps(int i, int from, int to) {
    double at = ((double)i + 0.5) * (double)from / (double)to - 0.5;
    if (at < 0.0) at = 0.0;
    int low = (int)at;
    if (low > from - 1) low = from - 1;
    Taps t = {.first = low, .count = low + 1 < from ? 2 : 1};
    double high = t.count == 2 ? at - (double)low : 0.0;
    t.weight[0] = 1.0 - high;
    t.weight[1] = high;
    return t;
}

void positions_resample(float *out, const float *table, int from, int to, int channels,
                        bool bicubic) {
    for (int y = 0; y < to; y++) {
        Taps v = bicubic ? bicubic_taps(y, from, to) : linear_taps(y, from, to);
        for (int x = 0; x < to; x++) {
            Taps h = bicubic ? bicubic_taps(x, from, to) : linear_taps(x, from, to);
            for (int c = 0; c < channels; c++) {
                double sum = 0.0;
                for (int i = 0; i < v.count; i++)
                    for (int j = 0; j < h.count; j++) {
                        int at = ((v.first + i) * from + h.first + j) * channels + c;
                        sum += v.weight[i] * h.weight[j] * (double)table[at];
                    }
                *out++ = (float)sum;
            }
        }
    }
}

void relative_resample(float *out, const float *table, int from, int to, int channels) {
    for (int i = 0; i < to; i++) {
        Taps t = linear_taps(i, from, to);
        for (int c = 0; c < channels; c++) {
            double sum = 0.0;
            for (int j = 0; j < t.count; j++)
                sum += t.weight[j] *
                       (double)table[(size_t)(t.first + j) * (size_t)channels + (size_t)c];
            *out++ = (float)sum;
        }
    }
}
