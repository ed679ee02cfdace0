/* Pillow's antialiased resize of bytes: two passes in fixed point with 22 fractional bits, rounded
 * to bytes after each.  The horizontal pass comes first whatever the sizes, as in all versions
 * before 13; a pass is left out where the size stays. */
#include <string.h>

#include "base/memory.h"
#include "image/resize_methods.h"

enum { FRACTION_BITS = 22, HALF = 1 << (FRACTION_BITS - 1) };

typedef struct FixedTaps {
    Taps taps;
    int32_t *weight; /* [outputs, most], units of 2^-22 */
} FixedTaps;

static void fixed_free(FixedTaps *f) {
    taps_free(&f->taps);
    memory_free(f->weight);
}

static bool fixed_make(FixedTaps *f, size_t from, size_t to, TapRule rule) {
    *f = (FixedTaps){0};
    if (!taps_make(&f->taps, from, to, rule)) return false;
    size_t n = f->taps.outputs * f->taps.most;
    f->weight = memory_new(n * sizeof *f->weight);
    if (!f->weight) {
        fixed_free(f);
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        double w = f->taps.weight[i];
        f->weight[i] = (int32_t)((w < 0.0 ? -0.5 : 0.5) + w * (1 << FRACTION_BITS));
    }
    return true;
}

/* Called with a constant number of channels, so that the inner loops unroll. */
static inline void across_pixels(uint8_t *out, const uint8_t *in, const FixedTaps *f,
                                 size_t channels) {
    for (size_t x = 0; x < f->taps.outputs; x++, out += channels) {
        const int32_t *weight = f->weight + x * f->taps.most;
        const uint8_t *from = in + f->taps.first[x] * channels;
        for (size_t c = 0; c < channels; c++) {
            int32_t sum = HALF;
            for (size_t k = 0; k < f->taps.count[x]; k++) sum += from[k * channels + c] * weight[k];
            out[c] = byte_clip(sum >> FRACTION_BITS);
        }
    }
}

static void pass_across(uint8_t *out, const uint8_t *in, size_t height, size_t width,
                        const FixedTaps *f, size_t channels) {
    for (size_t y = 0; y < height; y++) {
        uint8_t *to = out + y * f->taps.outputs * channels;
        const uint8_t *from = in + y * width * channels;
        if (channels == 1)
            across_pixels(to, from, f, 1);
        else if (channels == 3)
            across_pixels(to, from, f, 3);
        else
            across_pixels(to, from, f, channels);
    }
}

static void pass_down(uint8_t *out, const uint8_t *in, size_t row, const FixedTaps *f,
                      int32_t *sums) {
    for (size_t y = 0; y < f->taps.outputs; y++, out += row) {
        for (size_t i = 0; i < row; i++) sums[i] = HALF;
        for (size_t k = 0; k < f->taps.count[y]; k++) {
            const uint8_t *from = in + (f->taps.first[y] + k) * row;
            int32_t weight = f->weight[y * f->taps.most + k];
            for (size_t i = 0; i < row; i++) sums[i] += from[i] * weight;
        }
        for (size_t i = 0; i < row; i++) out[i] = byte_clip(sums[i] >> FRACTION_BITS);
    }
}

static bool across(uint8_t *out, const ResizeJob *j, TapRule rule) {
    FixedTaps f;
    if (!fixed_make(&f, j->from.width, j->to.width, rule)) return false;
    pass_across(out, j->in, j->from.height, j->from.width, &f, j->channels);
    fixed_free(&f);
    return true;
}

static bool down(const ResizeJob *j, const uint8_t *in, TapRule rule) {
    size_t row = j->to.width * j->channels;
    FixedTaps f;
    int32_t *sums = memory_new(row * sizeof *sums);
    bool ok = sums && fixed_make(&f, j->from.height, j->to.height, rule);
    if (ok) {
        pass_down(j->out, in, row, &f, sums);
        fixed_free(&f);
    }
    memory_free(sums);
    return ok;
}

bool resize_pillow(const ResizeJob *j, TapRule rule) {
    bool wide = j->from.width != j->to.width, high = j->from.height != j->to.height;
    if (!wide && !high) memcpy(j->out, j->in, extent_pixels(j->to) * j->channels);
    if (!high) return !wide || across(j->out, j, rule);
    if (!wide) return down(j, j->in, rule);
    uint8_t *between = memory_aligned(j->from.height * j->to.width * j->channels);
    bool ok = between && across(between, j, rule) && down(j, between, rule);
    memory_free(between);
    return ok;
}
