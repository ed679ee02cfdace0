#include "image/window.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/size.h"

Status window_level(Window *out, double level, double width, Error *error) {
    if (!isfinite(level) || !isfinite(width) || width <= 0.0)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "a window needs a finite level and a width above 0, not %g and %g", level,
                         width);
    *out = (Window){.low = level - 0.5 * width, .high = level + 0.5 * width};
    return VOXPERT_OK;
}

void window_apply(uint8_t *out, const float *values, size_t count, const Window *w) {
    double range = w->high - w->low;
    for (size_t i = 0; i < count; i++) {
        double value = (double)values[i];
        if (!(value > w->low) || !(range > 0.0)) /* NaN fails */
            out[i] = 0;
        else
            out[i] = value >= w->high ? 255 : (uint8_t)(255.0 * ((value - w->low) / range));
    }
}

/* ---- Exact percentiles without a copy --------------------------------------------------- */

/* Bits of a float, reordered so that they sort as unsigned numbers do; counted by their upper half
 * first, then by the lower halves below the few upper ones that matter. */
enum { HALF = 65536, RANKS = 4 };

typedef struct Counts {
    uint64_t upper[HALF];
    uint64_t lower[RANKS][HALF];
    uint64_t used; /* finite and not 0 */
    size_t finite, nonfinite;
    float smallest, largest; /* of the finite ones */
} Counts;

static uint32_t order_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits >> 31 ? ~bits : bits | 0x80000000u;
}

static float value_of(uint32_t order) {
    uint32_t bits = order >> 31 ? order & 0x7fffffffu : ~order;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Hands every value that counts to `take`, in pieces. */
typedef void TakeValues(Counts *counts, const float *values, size_t count, const void *how);

static void values_visit(Counts *counts, const Volume *v, size_t frame, TakeValues *take,
                         const void *how) {
    enum { PIECE = 1024 };
    float values[PIECE];
    size_t samples = volume_samples(v) / v->frames, first = frame * samples;
    size_t step = v->alpha ? PIECE / v->channels * v->channels : PIECE;
    for (size_t i = 0; i < samples; i += step) {
        size_t count = size_min(step, samples - i), kept = count;
        volume_values(values, v, first + i, count);
        if (v->alpha) {
            kept = 0;
            for (size_t k = 0; k < count; k++) {
                if (k % v->channels != v->channels - 1) values[kept++] = values[k];
            }
        }
        take(counts, values, kept, how);
    }
}

static void upper_count(Counts *c, const float *values, size_t count, const void *how) {
    (void)how;
    for (size_t i = 0; i < count; i++) {
        float value = values[i];
        if (!isfinite(value)) {
            c->nonfinite++;
            continue;
        }
        if (c->finite == 0 || value < c->smallest) c->smallest = value;
        if (c->finite == 0 || value > c->largest) c->largest = value;
        c->finite++;
        if (value == 0.0f) continue;
        c->used++;
        c->upper[order_of(value) >> 16]++;
    }
}

/* Which upper half each rank lies in, and how many come before it. */
typedef struct Ranks {
    uint64_t rank[RANKS], before[RANKS];
    uint32_t upper[RANKS];
} Ranks;

static void ranks_locate(Ranks *r, const Counts *c) {
    for (int i = 0; i < RANKS; i++) {
        uint64_t before = 0;
        uint32_t half = 0;
        while (before + c->upper[half] <= r->rank[i]) before += c->upper[half++];
        r->upper[i] = half;
        r->before[i] = before;
    }
}

static void lower_count(Counts *c, const float *values, size_t count, const void *how) {
    const Ranks *r = how;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(values[i]) || values[i] == 0.0f) continue;
        uint32_t order = order_of(values[i]);
        for (int k = 0; k < RANKS; k++) {
            if (order >> 16 == r->upper[k]) c->lower[k][order & 0xffff]++;
        }
    }
}

static double rank_value(const Counts *c, const Ranks *r, int i) {
    uint64_t before = r->before[i];
    uint32_t half = 0;
    while (before + c->lower[i][half] <= r->rank[i]) before += c->lower[i][half++];
    return (double)value_of(r->upper[i] << 16 | half);
}

static void percentiles(double out[2], Counts *c, const Volume *v, size_t frame,
                        const double fraction[2]) {
    Ranks r;
    double part[2];
    for (int i = 0; i < 2; i++) {
        double position = fraction[i] * (double)(c->used - 1);
        part[i] = position - floor(position);
        r.rank[2 * i] = (uint64_t)position;
        r.rank[2 * i + 1] = r.rank[2 * i] + (r.rank[2 * i] + 1 < c->used);
    }
    ranks_locate(&r, c);
    values_visit(c, v, frame, lower_count, &r);
    for (int i = 0; i < 2; i++) {
        double a = rank_value(c, &r, 2 * i), b = rank_value(c, &r, 2 * i + 1);
        out[i] = a + (b - a) * part[i];
    }
}

/* ---- The default ------------------------------------------------------------------------ */

static const char *remark_of(const Window *w) {
    if (!(w->low < w->high)) return "constant: every finite voxel has the same value";
    if (w->high - w->low > (double)FLT_MAX) return "range: the values span more than a float holds";
    if (w->nonfinite) return "some voxels are NaN or infinite, and are drawn black or white";
    return NULL;
}

Status window_default(Window *out, const Volume *v, size_t frame, Error *error) {
    Counts *c = memory_new(sizeof *c);
    if (!c)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for its window",
                         volume_name(v));
    values_visit(c, v, frame, upper_count, NULL);
    double bounds[2] = {0.0, 0.0};
    if (c->used) percentiles(bounds, c, v, frame, (const double[2]){0.005, 0.995});
    if (!(bounds[0] < bounds[1])) bounds[0] = (double)c->smallest, bounds[1] = (double)c->largest;
    *out = (Window){.low = bounds[0], .high = bounds[1], .nonfinite = c->nonfinite};
    out->remark = remark_of(out);
    bool any = c->finite > 0;
    memory_free(c);
    if (any) return VOXPERT_OK;
    return error_set(error, VOXPERT_BAD_INPUT, "%s: every voxel is NaN or infinite",
                     volume_name(v));
}
