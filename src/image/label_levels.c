#include "image/label_levels.h"

#include <string.h>

#include "base/memory.h"

enum {
    BINS = 256,
    DISTINCT_LEAST = 8, /* values between the levels: fewer may be classes */
    MOST_LEAST = 128,   /* of 255: what the upper level reaches in any mask of two */
    REACH = 4           /* pixels from a ramp's value to each level, where its steps are large */
};

/* The sample as an unsigned number; 8 and 16 bits only. */
static unsigned sample_of(const Volume *v, size_t pixel) {
    size_t i = pixel * v->channels;
    return v->type == SAMPLE_U16 ? ((const uint16_t *)v->samples)[i]
                                 : ((const uint8_t *)v->samples)[i];
}

/* ---- What the values between 0 and the largest look like -------------------------------- */

typedef struct Places {
    size_t count, x0, x1, y0, y1;
} Places;

typedef struct Ramps {
    unsigned most, scale;     /* the largest value; 256 of 16 bits */
    size_t between, distinct; /* pixels and values between 0 and `most` */
    size_t bins;              /* the same values, of 16 bits by their upper byte */
    size_t inner;             /* of them: all four neighbours are equal */
    size_t rising, falling;   /* of them: a neighbour is larger, smaller */
    size_t high;              /* of them: above half of the range */
    size_t edge, near;        /* of them: as on an edge; within REACH of both levels */
    size_t single, scattered; /* of them: values of one pixel; values in several places */
    size_t zeros, fulls;      /* pixels of the two levels */
    size_t lower, upper;      /* pixels in the lowest and in the uppermost quarter */
    Places bin[BINS];
} Ramps;

enum { NEAR_BOTH = 16 | 32 };

/* One pixel between the levels; `near`: it is within REACH of both. */
static void pixel_count(Ramps *r, const Volume *v, size_t x, size_t y, bool near) {
    size_t at = y * v->width + x;
    unsigned value = sample_of(v, at);
    bool same = true, larger = false, smaller = false, gentle = true;
    const size_t next[4] = {x > 0 ? at - 1 : at, x + 1 < v->width ? at + 1 : at,
                            y > 0 ? at - v->width : at, y + 1 < v->height ? at + v->width : at};
    for (size_t i = 0; i < 4; i++) {
        unsigned other = sample_of(v, next[i]);
        unsigned step = other > value ? other - value : value - other;
        same = same && step == 0;
        larger = larger || other > value;
        smaller = smaller || other < value;
        gentle = gentle && 4 * step < r->most;
    }
    r->between++;
    r->inner += same;
    r->rising += larger;
    r->falling += smaller;
    r->high += 2 * value > r->most;
    r->near += near;
    r->edge += near || gentle;
}

static void place_add(Places *e, size_t x, size_t y) {
    if (e->count++ == 0) *e = (Places){1, x, x, y, y};
    e->x0 = x < e->x0 ? x : e->x0;
    e->x1 = x > e->x1 ? x : e->x1;
    e->y1 = y; /* rows come in order */
}

/* Sets `to` of all within REACH, along a line, of a pixel that has `from`. */
static void line_spread(uint8_t *flag, size_t count, size_t step, uint8_t from, uint8_t to) {
    for (int back = 0; back < 2; back++) {
        size_t since = REACH + 1;
        for (size_t n = 0; n < count; n++) {
            uint8_t *at = flag + (back ? count - 1 - n : n) * step;
            since = *at & from ? 0 : since + 1;
            if (since <= REACH) *at |= to;
        }
    }
}

/* `flag` [height][width]: NEAR_BOTH where both levels are within REACH, diagonals included. */
static void levels_reach(uint8_t *flag, const Ramps *r, const Volume *v) {
    for (size_t i = 0; i < v->width * v->height; i++) {
        unsigned value = sample_of(v, i);
        flag[i] = value == 0 ? 1 : value == r->most ? 2 : 0;
    }
    for (unsigned level = 1; level <= 2; level *= 2) {
        for (size_t y = 0; y < v->height; y++)
            line_spread(flag + y * v->width, v->width, 1, (uint8_t)level, (uint8_t)(level << 2));
        for (size_t x = 0; x < v->width; x++)
            line_spread(flag + x, v->height, v->width, (uint8_t)(level << 2),
                        (uint8_t)(level << 4));
    }
}

static void places_count(Ramps *r) {
    for (size_t i = 0; i < BINS; i++) {
        const Places *e = &r->bin[i];
        size_t area = (e->x1 - e->x0 + 1) * (e->y1 - e->y0 + 1);
        r->bins += e->count > 0;
        r->single += e->count == 1;
        if (e->count > 1 && area >= 4 * e->count) r->scattered += e->count;
    }
}

/* `seen` [65536], all false. */
static void values_count(Ramps *r, const Volume *v, bool *seen) {
    for (size_t i = 0; i < volume_voxels(v); i++) {
        unsigned value = sample_of(v, i);
        r->most = value > r->most ? value : r->most;
        seen[value] = true;
    }
    for (unsigned value = 1; value < r->most; value++) r->distinct += seen[value];
}

static void ramps_count(Ramps *r, const Volume *v, uint8_t *flag) {
    levels_reach(flag, r, v);
    for (size_t y = 0; y < v->height; y++) {
        for (size_t x = 0; x < v->width; x++) {
            size_t at = y * v->width + x;
            unsigned value = sample_of(v, at);
            r->zeros += value == 0;
            r->fulls += value == r->most;
            r->lower += value <= r->most / 4;
            r->upper += value >= r->most - r->most / 4;
            if (value == 0 || value == r->most) continue;
            pixel_count(r, v, x, y, (flag[at] & NEAR_BOTH) == NEAR_BOTH);
            place_add(&r->bin[value / r->scale], x, y);
        }
    }
    places_count(r);
}

/* ---- Verdicts --------------------------------------------------------------------------- */

/* Of a JPEG: where nothing lies in the middle, the rest is noise around two levels. */
static bool is_lossy_mask(const Ramps *r, const Volume *v) {
    size_t voxels = volume_voxels(v), ends = r->lower + r->upper;
    if (r->most < MOST_LEAST * r->scale || r->upper == 0) return false;
    if (ends == voxels) return r->distinct > 0;
    return r->distinct >= DISTINCT_LEAST && ends * 4 >= voxels * 3 && r->inner * 5 <= r->between &&
           r->rising * 2 >= r->between;
}

/* Values that lie along contours, and between two levels. */
static bool is_ramps(const Ramps *r) {
    size_t n = r->between, repeated = n - r->single;
    if (r->bins < DISTINCT_LEAST || r->most < MOST_LEAST * r->scale) return false;
    bool edges = r->inner * 5 <= n && r->edge * 5 >= n * 4 && r->falling * 4 >= n &&
                 r->rising * 4 >= n && r->high * 10 >= n && (n - r->high) * 10 >= n;
    bool spread = r->scattered * 2 >= repeated && repeated * 4 >= n;
    bool narrow = r->near * 20 >= n * 17 && r->rising * 10 >= n * 9 && r->falling * 5 >= n * 4 &&
                  r->fulls * r->bins >= 16 * n && r->zeros * r->bins >= 16 * n;
    return edges && (spread || narrow);
}

/* Both levels are commoner than a value between, and the upper one is the full scale. */
static bool is_two_levels(const Ramps *r) {
    bool full = r->most == 255 * r->scale || r->most == 256 * r->scale - 1;
    return full && r->zeros * r->bins >= 4 * r->between && r->fulls * r->bins >= 2 * r->between;
}

static void levels_split(Volume *v, const Ramps *r) {
    size_t count = volume_samples(v);
    unsigned full = 256 * r->scale - 1;
    for (size_t i = 0; i < count; i++) {
        if (v->type == SAMPLE_U16) {
            uint16_t *sample = (uint16_t *)v->samples + i;
            *sample = (uint16_t)(2u * *sample > r->most ? full : 0);
        } else {
            uint8_t *sample = (uint8_t *)v->samples + i;
            *sample = (uint8_t)(2u * *sample > r->most ? full : 0);
        }
    }
    volume_warn(v,
                "holds %zu values between 0 and %u that are ramps of a mask of two levels (JPEG, "
                "or smoothed edges): what is above half of the range counts as label %u, the rest "
                "as 0",
                r->distinct, r->most, full);
}

static void levels_decide(Volume *v, const Ramps *r, bool lossy) {
    bool ramps = lossy ? is_lossy_mask(r, v) : is_ramps(r);
    if (ramps && (lossy || is_two_levels(r)))
        levels_split(v, r);
    else if (ramps)
        volume_warn(v,
                    "holds %zu values between 0 and %u that look like the smoothed edges of a mask "
                    "of two levels, but may be labels: each value is a label; if it is a mask, "
                    "store it as 0 and 255",
                    r->distinct, r->most);
    else if (lossy && r->distinct > 0)
        volume_warn(v, "JPEG is lossy: its %zu values may not be the labels that were drawn",
                    r->distinct + 2);
}

static bool is_plain_picture(const Volume *v) {
    return v->frames == 1 && v->depth == 1 && (v->type == SAMPLE_U8 || v->type == SAMPLE_U16) &&
           v->slope == 1.0 && v->intercept == 0.0 && !v->indexed && !v->header && !v->alpha;
}

static bool colours_agree(const Volume *v) {
    size_t voxels = volume_voxels(v), size = sample_size(v->type);
    const uint8_t *at = v->samples;
    for (size_t i = 0; i < voxels; i++, at += v->channels * size) {
        for (size_t c = 1; c < v->channels; c++)
            if (memcmp(at, at + c * size, size) != 0) return false;
    }
    return true;
}

Status label_levels_find(Volume *v, Error *error) {
    bool lossy = v->format && strcmp(v->format, "JPEG") == 0;
    if (!is_plain_picture(v) || !colours_agree(v)) return VOXPERT_OK;
    Ramps *r = memory_new(sizeof *r);
    bool *seen = memory_new(65536 * sizeof *seen);
    uint8_t *flag = memory_new(volume_voxels(v));
    Status status = VOXPERT_OK;
    if (r && seen && flag) {
        r->scale = v->type == SAMPLE_U16 ? 256 : 1;
        values_count(r, v, seen);
        if (r->distinct > 0) {
            ramps_count(r, v, flag);
            levels_decide(v, r, lossy);
        }
    } else {
        status =
            error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to read it", volume_name(v));
    }
    memory_free(r);
    memory_free(seen);
    memory_free(flag);
    return status;
}
