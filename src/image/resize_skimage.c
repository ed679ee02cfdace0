/* scikit-image's cubic resize of bytes, in the order of operations of the scipy routines below it.
 *
 * The result is truncated to bytes by those who use it, so that a last-bit difference on a flat
 * background is a grey level: the sums run in scipy's order (blur: centre, then pairs from the
 * outside in; B-spline poles by axis; 4 x 4 taps by row, column and, since the picture is handled
 * as a volume, 4 more along the channels).  The edge is a mirror that does not repeat its pixel. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/size.h"
#include "image/resize_methods.h"

enum { TAPS = 4 };

static size_t mirrored(ptrdiff_t i, size_t n) {
    if (n == 1) return 0;
    ptrdiff_t period = 2 * (ptrdiff_t)n - 2;
    i = (i < 0 ? -i : i) % period;
    return (size_t)(i < (ptrdiff_t)n ? i : period - i);
}

/* ---- Blur --------------------------------------------------------------------------------- */

/* The axis of `n` samples of `inner` doubles each, `outer` times. */
typedef struct Axis {
    size_t outer, n, inner;
} Axis;

/* numpy adds eight partial sums. */
static double sum_of(const double *a, size_t n) {
    double part[8] = {0};
    size_t whole = n < 8 ? 0 : n - n % 8;
    for (size_t i = 0; i < whole; i++) part[i % 8] += a[i];
    double sum =
        ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7]));
    for (size_t i = whole; i < n; i++) sum += a[i];
    return sum;
}

/* exp(-x^2 / (2 sigma^2)) for x = -radius .. radius, normalised. */
static void gaussian(double *weight, size_t radius, double sigma) {
    size_t n = 2 * radius + 1;
    for (size_t i = 0; i < n; i++) {
        double x = (double)i - (double)radius;
        weight[i] = exp(-0.5 / (sigma * sigma) * (x * x));
    }
    double sum = sum_of(weight, n);
    for (size_t i = 0; i < n; i++) weight[i] /= sum;
}

static void blur_axis(double *out, const double *in, Axis a, const double *weight, size_t radius) {
    for (size_t o = 0; o < a.outer; o++, in += a.n * a.inner) {
        for (size_t y = 0; y < a.n; y++, out += a.inner) {
            for (size_t i = 0; i < a.inner; i++) out[i] = in[y * a.inner + i] * weight[radius];
            for (size_t k = radius; k > 0; k--) {
                const double *low = in + mirrored((ptrdiff_t)(y) - (ptrdiff_t)k, a.n) * a.inner;
                const double *high = in + mirrored((ptrdiff_t)(y + k), a.n) * a.inner;
                double w = weight[radius - k];
                for (size_t i = 0; i < a.inner; i++) out[i] += (low[i] + high[i]) * w;
            }
        }
    }
}

/* Blurs `*grid` along one axis, if it shrinks; `*other` is room of the same size, and the two are
 * exchanged. */
static bool blur(double **grid, double **other, Axis a, size_t to) {
    double sigma = ((double)a.n / (double)to - 1.0) / 2.0;
    if (!(sigma > 1e-15)) return true;
    size_t radius = (size_t)(4.0 * sigma + 0.5);
    double *weight = memory_new((2 * radius + 1) * sizeof *weight);
    if (!weight) return false;
    gaussian(weight, radius, sigma);
    blur_axis(*other, *grid, a, weight, radius);
    memory_free(weight);
    double *swapped = *grid;
    *grid = *other, *other = swapped;
    return true;
}

/* ---- B-spline coefficients (Unser 1999; one pole for the cubic) ----------------------------- */

static void add_scaled(double *out, const double *in, double factor, size_t n) {
    for (size_t i = 0; i < n; i++) out[i] += factor * in[i];
}

/* Start of the causal recursion under the mirror: an exact geometric sum. */
static void causal_start(double *c, size_t n, size_t inner, double pole) {
    const double far = pow(pole, (double)(n - 1));
    double power = pole;
    add_scaled(c, c + (n - 1) * inner, far, inner);
    for (size_t k = 1; k + 1 < n; k++, power *= pole) {
        const double *low = c + k * inner, *high = c + (n - 1 - k) * inner;
        for (size_t i = 0; i < inner; i++) c[i] += power * (low[i] + far * high[i]);
    }
    for (size_t i = 0; i < inner; i++) c[i] /= 1.0 - far * far;
}

static void spline_line(double *c, size_t n, size_t inner, double pole) {
    const double gain = (1.0 - pole) * (1.0 - 1.0 / pole);
    for (size_t i = 0; i < n * inner; i++) c[i] *= gain;
    causal_start(c, n, inner, pole);
    for (size_t k = 1; k < n; k++) add_scaled(c + k * inner, c + (k - 1) * inner, pole, inner);
    double *last = c + (n - 1) * inner;
    for (size_t i = 0; i < inner; i++)
        last[i] =
            (pole * last[(ptrdiff_t)i - (ptrdiff_t)inner] + last[i]) * pole / (pole * pole - 1.0);
    for (size_t k = n - 1; k-- > 0;) {
        double *at = c + k * inner;
        for (size_t i = 0; i < inner; i++) at[i] = pole * (at[i + inner] - at[i]);
    }
}

static void spline_axis(double *grid, Axis a) {
    const double pole = -0.267949192431122706472553658494127633; /* sqrt(3) - 2 */
    if (a.n < 2) return;
    for (size_t o = 0; o < a.outer; o++) spline_line(grid + o * a.n * a.inner, a.n, a.inner, pole);
}

/* ---- Interpolation ------------------------------------------------------------------------ */

typedef struct SplineTap {
    size_t at[TAPS];
    double weight[TAPS];
} SplineTap;

static SplineTap spline_tap(size_t i, size_t from, size_t to) {
    SplineTap tap;
    double x = ((double)i + 0.5) * ((double)from / (double)to) - 0.5;
    if (from == 1) x = 0.0;
    if (x < 0.0) x = -x; /* beyond the last sample it stays: scipy mirrors only from `from` on */
    double below = floor(x), y = x - below, z = 1.0 - y;
    tap.weight[1] = (y * y * (y - 2.0) * 3.0 + 4.0) / 6.0;
    tap.weight[2] = (z * z * (z - 2.0) * 3.0 + 4.0) / 6.0;
    tap.weight[0] = z * z * z / 6.0;
    tap.weight[3] = 1.0 - tap.weight[0] - tap.weight[1] - tap.weight[2];
    for (int k = 0; k < TAPS; k++) tap.at[k] = mirrored((ptrdiff_t)below - 1 + k, from);
    return tap;
}

typedef struct Zoom {
    const ResizeJob *job;
    const double *coefficient; /* [from.height, from.width, channels] */
    double low, high;          /* of the input */
    SplineTap *column;         /* [to.width] */
    SplineTap *channel;        /* [channels] */
    double *rows;              /* [TAPS, from.width, channels]: times the weight of their row */
    double *products;          /* [TAPS * TAPS, channels]: times that of their column too */
    double *line;              /* [to.width, channels] */
} Zoom;

static void weigh_rows(const Zoom *z, size_t y) {
    size_t row = z->job->from.width * z->job->channels;
    SplineTap tap = spline_tap(y, z->job->from.height, z->job->to.height);
    for (int k = 0; k < TAPS; k++) {
        const double *in = z->coefficient + tap.at[k] * row;
        double *out = z->rows + (size_t)k * row, w = tap.weight[k];
        for (size_t i = 0; i < row; i++) out[i] = in[i] * w;
    }
}

static double sum_one_channel(const double *product) {
    double sum = 0.0;
    for (int k = 0; k < TAPS * TAPS; k++) sum += product[k];
    return sum;
}

static double sum_channels(const double *product, const SplineTap *tap, size_t channels) {
    double sum = 0.0;
    for (int k = 0; k < TAPS * TAPS; k++, product += channels) {
        for (int l = 0; l < TAPS; l++) sum += product[tap->at[l]] * tap->weight[l];
    }
    return sum;
}

static void zoom_pixel(const Zoom *z, const SplineTap *tap, double *out) {
    size_t channels = z->job->channels, row = z->job->from.width * channels;
    double *product = z->products;
    for (int k = 0; k < TAPS; k++) {
        for (int l = 0; l < TAPS; l++) {
            const double *in = z->rows + (size_t)k * row + tap->at[l] * channels;
            for (size_t c = 0; c < channels; c++) *product++ = in[c] * tap->weight[l];
        }
    }
    if (channels == 1) {
        *out = sum_one_channel(z->products);
    } else {
        for (size_t c = 0; c < channels; c++)
            out[c] = sum_channels(z->products, &z->channel[c], channels);
    }
}

static void zoom(const Zoom *z, double *exact) {
    const ResizeJob *j = z->job;
    size_t row = j->to.width * j->channels;
    for (size_t x = 0; x < j->to.width; x++)
        z->column[x] = spline_tap(x, j->from.width, j->to.width);
    for (size_t c = 0; c < j->channels; c++)
        z->channel[c] = spline_tap(c, j->channels, j->channels);
    for (size_t y = 0; y < j->to.height; y++) {
        weigh_rows(z, y);
        for (size_t x = 0; x < j->to.width; x++)
            zoom_pixel(z, &z->column[x], z->line + x * j->channels);
        for (size_t i = 0; i < row; i++) {
            double v = fmin(fmax(z->line[i], z->low), z->high);
            if (exact) exact[y * row + i] = v;
            if (j->out) j->out[y * row + i] = (uint8_t)v;
        }
    }
}

/* ---- All of it ---------------------------------------------------------------------------- */

static void to_doubles(double *out, const ResizeJob *j, double *low, double *high) {
    *low = DBL_MAX, *high = -DBL_MAX;
    for (size_t i = 0; i < extent_pixels(j->from) * j->channels; i++) {
        out[i] = j->in[i];
        *low = fmin(*low, out[i]);
        *high = fmax(*high, out[i]);
    }
}

static bool coefficients(double **grid, double **other, const ResizeJob *j) {
    Axis y = {1, j->from.height, j->from.width * j->channels};
    Axis x = {j->from.height, j->from.width, j->channels};
    Axis c = {extent_pixels(j->from), j->channels, 1};
    if (!blur(grid, other, y, j->to.height) || !blur(grid, other, x, j->to.width)) return false;
    spline_axis(*grid, y);
    spline_axis(*grid, x);
    spline_axis(*grid, c);
    return true;
}

bool resize_skimage_cubic(const ResizeJob *j, double *exact) {
    size_t count = extent_pixels(j->from) * j->channels;
    double *grid = memory_new(count * sizeof *grid), *other = memory_new(count * sizeof *other);
    Zoom z = {.job = j,
              .column = memory_new(j->to.width * sizeof *z.column),
              .channel = memory_new(j->channels * sizeof *z.channel),
              .rows = memory_new(TAPS * j->from.width * j->channels * sizeof *z.rows),
              .products = memory_new((size_t)TAPS * TAPS * j->channels * sizeof *z.products),
              .line = memory_new(j->to.width * j->channels * sizeof *z.line)};
    bool ok = grid && other && z.column && z.channel && z.rows && z.products && z.line;
    if (ok) to_doubles(grid, j, &z.low, &z.high);
    ok = ok && coefficients(&grid, &other, j);
    z.coefficient = grid;
    if (ok) zoom(&z, exact);
    double *const held[] = {grid, other, z.rows, z.products, z.line};
    for (size_t i = 0; i < sizeof held / sizeof *held; i++) memory_free(held[i]);
    memory_free(z.column);
    memory_free(z.channel);
    return ok;
}
