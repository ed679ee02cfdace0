#include "image/label_levels.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "image/label_file.h"

enum {
    VALUES = 65536,
    BINS = 256,
    DISTINCT_LEAST = 8, /* values between the levels: fewer may be classes */
    MOST_LEAST = 128,   /* of 255: what the upper level reaches in any mask of two */
    REACH = 4,          /* pixels from a ramp's value to each level, where its steps are large */
    LEVELS_MOST = 16,   /* of a map whose labels have smoothed edges */
    LEVEL_LEAST = 32    /* pixels of such a label */
};

/* ---- Values, whatever they are stored as ------------------------------------------------- */

static bool colours_agree(const float *pixel, size_t colours) {
    for (size_t c = 1; c < colours; c++) {
        if (pixel[c] < pixel[0] || pixel[c] > pixel[0]) return false;
    }
    return true;
}

static size_t colours_of(const Volume *v) { return v->channels - (v->alpha ? 1 : 0); }

/* A row of values; `pixels` [width, channels] is scratch.  False where one is no whole number from
 * 0 to 65535, or where the colours differ. */
static bool row_read(uint16_t *out, float *pixels, const Volume *v, size_t row) {
    volume_values(pixels, v, row * v->width * v->channels, v->width * v->channels);
    for (size_t x = 0; x < v->width; x++) {
        const float *pixel = pixels + x * v->channels;
        double value = (double)pixel[0], whole = floor(value + 0.5);
        if (!(whole >= 0.0 && whole < VALUES && fabs(value - whole) <= LABEL_DRIFT) ||
            !colours_agree(pixel, colours_of(v)))
            return false;
        out[x] = (uint16_t)whole;
        if (v->grey_palette) out[x] = v->grey[whole < BINS ? (size_t)whole : 0];
    }
    return true;
}

typedef struct Plane {
    size_t width, height, number;
    uint16_t *value;      /* [height, width] */
    uint16_t *low, *high; /* the lowest and the highest level within REACH, see levels_reach() */
    uint16_t *scratch;
    float *pixels; /* [width, channels] */
} Plane;

static void plane_free(Plane *p) {
    memory_free(p->value);
    memory_free(p->low);
    memory_free(p->high);
    memory_free(p->scratch);
    memory_free(p->pixels);
}

static bool plane_new(Plane *p, const Volume *v) {
    size_t size = v->width * v->height * sizeof(uint16_t);
    *p = (Plane){.width = v->width,
                 .height = v->height,
                 .value = memory_new(size),
                 .low = memory_new(size),
                 .high = memory_new(size),
                 .scratch = memory_new(size),
                 .pixels = memory_new(v->width * v->channels * sizeof(float))};
    return p->value && p->low && p->high && p->scratch && p->pixels;
}

static size_t planes_of(const Volume *v) { return v->depth * v->frames; }

static bool plane_read(Plane *p, const Volume *v, size_t number) {
    p->number = number;
    for (size_t y = 0; y < p->height; y++) {
        if (!row_read(p->value + y * p->width, p->pixels, v, number * p->height + y)) return false;
    }
    return true;
}

/* ---- What the values between the levels look like ---------------------------------------- */

typedef struct Places {
    size_t count, x0, x1, y0, y1, z0, z1;
} Places;

typedef struct Ramps {
    unsigned most, scale;     /* the largest value; most < 256 * scale, a power of two */
    size_t between, distinct; /* pixels and values that are no level */
    size_t bins;              /* the same values, by their upper 8 bits */
    size_t inner;             /* of them: all four neighbours are equal */
    size_t rising, falling;   /* of them: a neighbour is larger, smaller */
    size_t high;              /* of them: above half of the range */
    size_t edge, near;        /* of them: as on an edge; a lower and a higher level within REACH */
    size_t single, scattered; /* of them: values of one pixel; values in several places */
    size_t zeros, fulls;      /* pixels of 0 and of `most` */
    size_t lower, upper;      /* pixels in the lowest and in the uppermost quarter */
    Places bin[BINS];
} Ramps;

/* By value. */
typedef struct Levels {
    bool seen[VALUES], level[VALUES];
    size_t count[VALUES], inner[VALUES]; /* pixels; of them, among four that are equal */
} Levels;

typedef struct Neighbours {
    bool same, larger, smaller, gentle;
} Neighbours;

static Neighbours neighbours_of(const Plane *p, size_t x, size_t y, unsigned most) {
    size_t at = y * p->width + x;
    unsigned value = p->value[at];
    Neighbours n = {true, false, false, true};
    const size_t next[4] = {x > 0 ? at - 1 : at, x + 1 < p->width ? at + 1 : at,
                            y > 0 ? at - p->width : at, y + 1 < p->height ? at + p->width : at};
    for (size_t i = 0; i < 4; i++) {
        unsigned other = p->value[next[i]];
        unsigned step = other > value ? other - value : value - other;
        n.same = n.same && step == 0;
        n.larger = n.larger || other > value;
        n.smaller = n.smaller || other < value;
        n.gentle = n.gentle && 4 * step < most;
    }
    return n;
}

static void place_add(Places *e, size_t x, size_t y, size_t z) {
    if (e->count++ == 0) *e = (Places){1, x, x, y, y, z, z};
    e->x0 = x < e->x0 ? x : e->x0;
    e->x1 = x > e->x1 ? x : e->x1;
    e->y0 = y < e->y0 ? y : e->y0;
    e->y1 = y > e->y1 ? y : e->y1;
    e->z1 = z; /* planes come in order */
}

/* One pixel between the levels. */
static void pixel_count(Ramps *r, const Plane *p, size_t x, size_t y) {
    size_t at = y * p->width + x;
    unsigned value = p->value[at];
    Neighbours n = neighbours_of(p, x, y, r->most);
    bool near = p->low[at] < value && p->high[at] > value;
    r->between++;
    r->inner += n.same;
    r->rising += n.larger;
    r->falling += n.smaller;
    r->high += 2 * value > r->most;
    r->near += near;
    r->edge += near || n.gentle;
    place_add(&r->bin[value / r->scale], x, y, p->number);
}

/* The least of all within REACH along a line. */
static void line_least(uint16_t *to, const uint16_t *from, size_t count, size_t step) {
    for (size_t i = 0; i < count; i++) {
        size_t first = i < REACH ? 0 : i - REACH;
        size_t last = count - i <= REACH ? count - 1 : i + REACH;
        uint16_t least = from[first * step];
        for (size_t k = first + 1; k <= last; k++)
            least = from[k * step] < least ? from[k * step] : least;
        to[i * step] = least;
    }
}

static void square_least(uint16_t *plane, Plane *p) {
    for (size_t y = 0; y < p->height; y++)
        line_least(p->scratch + y * p->width, plane + y * p->width, p->width, 1);
    for (size_t x = 0; x < p->width; x++)
        line_least(plane + x, p->scratch + x, p->height, p->width);
}

/* The lowest and the highest level within REACH of each pixel, diagonals included; without any,
 * 65535 and 0. */
static void levels_reach(Plane *p, const bool *level) {
    size_t count = p->width * p->height;
    for (size_t i = 0; i < count; i++) {
        bool is = level[p->value[i]];
        p->low[i] = is ? p->value[i] : UINT16_MAX;
        p->high[i] = is ? (uint16_t)(UINT16_MAX - p->value[i]) : UINT16_MAX;
    }
    square_least(p->low, p);
    square_least(p->high, p);
    for (size_t i = 0; i < count; i++) p->high[i] = (uint16_t)(UINT16_MAX - p->high[i]);
}

static void places_count(Ramps *r) {
    for (size_t i = 0; i < BINS; i++) {
        const Places *e = &r->bin[i];
        size_t box = (e->x1 - e->x0 + 1) * (e->y1 - e->y0 + 1) * (e->z1 - e->z0 + 1);
        r->bins += e->count > 0;
        r->single += e->count == 1;
        if (e->count > 1 && box >= 4 * e->count) r->scattered += e->count;
    }
}

static void plane_count(Ramps *r, Plane *p, const bool *level) {
    levels_reach(p, level);
    for (size_t y = 0; y < p->height; y++) {
        for (size_t x = 0; x < p->width; x++) {
            unsigned value = p->value[y * p->width + x];
            r->zeros += value == 0;
            r->fulls += value == r->most;
            r->lower += value <= r->most / 4;
            r->upper += value >= r->most - r->most / 4;
            if (!level[value]) pixel_count(r, p, x, y);
        }
    }
}

static void ramps_count(Ramps *r, const Levels *l, Plane *p, const Volume *v) {
    *r = (Ramps){.most = r->most, .scale = r->scale};
    for (size_t i = 0; i <= r->most; i++) r->distinct += l->seen[i] && !l->level[i];
    for (size_t z = 0; z < planes_of(v); z++) {
        if (plane_read(p, v, z)) plane_count(r, p, l->level);
    }
    places_count(r);
}

/* The values that there are; false where they are no whole numbers of 16 bits. */
static bool values_find(Ramps *r, Levels *l, Plane *p, const Volume *v) {
    for (size_t y = 0; y < planes_of(v) * p->height; y++) {
        if (!row_read(p->value, p->pixels, v, y)) return false;
        for (size_t x = 0; x < p->width; x++) {
            unsigned value = p->value[x];
            r->most = value > r->most ? value : r->most;
            l->seen[value] = true;
        }
    }
    for (r->scale = 1; r->most >= BINS * r->scale;) r->scale *= 2;
    l->level[0] = l->level[r->most] = true;
    for (size_t i = 1; i < r->most; i++) r->distinct += l->seen[i];
    return true;
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

/* Each value lies along a contour: in several places. */
static bool is_spread(const Ramps *r) {
    size_t repeated = r->between - r->single;
    return r->scattered * 2 >= repeated && repeated * 4 >= r->between;
}

/* Both levels are commoner than a value between. */
static bool levels_are_common(const Ramps *r) {
    return r->zeros * r->bins >= 4 * r->between && r->fulls * r->bins >= 2 * r->between;
}

/* Values that lie along contours, and between two levels.  Where a bin holds many values it may be
 * instances in several places: there the levels must be common. */
static bool is_ramps(const Ramps *r) {
    size_t n = r->between;
    if (r->bins < DISTINCT_LEAST || r->most < MOST_LEAST * r->scale) return false;
    if (r->scale > 1 && !levels_are_common(r)) return false;
    bool edges = r->inner * 5 <= n && r->edge * 5 >= n * 4 && r->falling * 4 >= n &&
                 r->rising * 4 >= n && r->high * 10 >= n && (n - r->high) * 10 >= n;
    bool narrow = r->near * 20 >= n * 17 && r->rising * 10 >= n * 9 && r->falling * 5 >= n * 4 &&
                  r->fulls * r->bins >= 16 * n && r->zeros * r->bins >= 16 * n;
    return edges && (is_spread(r) || narrow);
}

/* Both levels are common, and the upper one is the full scale. */
static bool is_two_levels(const Ramps *r) {
    bool bytes = r->scale == 1 && r->most == 255;
    bool words = r->scale == 256 && (r->most == 255 * 256 || r->most == UINT16_MAX);
    return (bytes || words) && levels_are_common(r);
}

/* How many values fill regions, if what is left may be their smoothed edges; else 0. */
static size_t levels_choose(Levels *l, Plane *p, const Volume *v) {
    size_t levels = 0, pixels = 0, edges = 0, distinct = 0;
    for (size_t z = 0; z < planes_of(v); z++) {
        if (!plane_read(p, v, z)) return 0;
        for (size_t i = 0; i < p->width * p->height; i++) {
            l->count[p->value[i]]++;
            l->inner[p->value[i]] += neighbours_of(p, i % p->width, i / p->width, 0).same;
        }
    }
    for (size_t i = 0; i < VALUES; i++) {
        l->level[i] = l->count[i] >= LEVEL_LEAST && l->inner[i] * 2 >= l->count[i];
        levels += l->level[i];
        distinct += l->count[i] && !l->level[i];
        *(l->level[i] ? &pixels : &edges) += l->count[i];
    }
    return levels > 2 && levels <= LEVELS_MOST && distinct >= DISTINCT_LEAST && edges <= pixels
               ? levels
               : 0;
}

/* Values that lie between a lower and a higher one of several levels. */
static bool is_edges(const Ramps *r) {
    size_t n = r->between;
    return r->inner * 10 <= n && r->near * 20 >= n * 17 && r->rising * 10 >= n * 9 &&
           r->falling * 5 >= n * 4 && is_spread(r);
}

/* ---- What is made of them ---------------------------------------------------------------- */

/* Zero, or the full scale where a value is above half of the range, in one channel. */
static Status levels_split(Volume *v, const Ramps *r, Plane *p, Error *error) {
    unsigned full = 256 * r->scale - 1;
    SampleType type = full > 255 ? SAMPLE_U16 : SAMPLE_U8;
    size_t plane = p->width * p->height;
    uint8_t *bytes = memory_new(volume_voxels(v) * sample_size(type));
    uint16_t *words = (uint16_t *)(void *)bytes;
    if (!bytes)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to read it", volume_name(v));
    for (size_t z = 0; z < planes_of(v); z++) {
        if (!plane_read(p, v, z)) continue;
        for (size_t i = 0; i < plane; i++) {
            bool upper = 2u * p->value[i] > r->most;
            if (type == SAMPLE_U16)
                words[z * plane + i] = (uint16_t)(upper ? full : 0);
            else
                bytes[z * plane + i] = (uint8_t)(upper ? full : 0);
        }
    }
    memory_free(v->samples);
    v->samples = bytes;
    v->type = type;
    v->channels = 1;
    v->alpha = false;
    v->slope = 1.0;
    v->intercept = 0.0;
    volume_warn(v,
                "holds %zu values between 0 and %u that are ramps of a mask of two levels (JPEG, "
                "or smoothed edges): what is above half of the range counts as label %u, the rest "
                "as 0",
                r->distinct, r->most, full);
    return VOXPERT_OK;
}

static bool palette_is_identity(const Volume *v, const Ramps *r) {
    for (unsigned i = 0; v->grey_palette && i < BINS; i++) {
        unsigned grey = v->grey[i];
        if (grey != i && (i <= r->most || grey > 0)) return false;
    }
    return true;
}

static void report_two(Volume *v, const Ramps *r) {
    volume_warn(v,
                "holds %zu values between 0 and %u that look like the smoothed edges of a mask of "
                "two levels, but may be labels: each %s is a label; if it is a mask, store it as 0 "
                "and 255",
                r->distinct, r->most, v->grey_palette ? "palette index" : "value");
}

/* Three levels or more are told apart by their regions. */
static void several_find(Volume *v, Ramps *r, Levels *l, Plane *p) {
    if (r->distinct < DISTINCT_LEAST) return;
    size_t levels = levels_choose(l, p, v);
    if (!levels) return;
    ramps_count(r, l, p, v);
    if (!is_edges(r)) return;
    volume_warn(v,
                "holds %zu values that look like smoothed edges between %zu labels (resampled with "
                "interpolation, or antialiased): each value is a label; if they are edges, "
                "resample or draw the labels without smoothing",
                r->distinct, levels);
}

static Status levels_decide(Volume *v, Ramps *r, Levels *l, Plane *p, Error *error) {
    bool lossy = v->lossy, large = r->most >= MOST_LEAST * r->scale;
    if (r->distinct == 0) return VOXPERT_OK;
    if (large || lossy) ramps_count(r, l, p, v);
    bool ramps = lossy ? is_lossy_mask(r, v) : large && is_ramps(r);
    if (ramps && palette_is_identity(v, r) && (lossy || is_two_levels(r)))
        return levels_split(v, r, p, error);
    if (ramps)
        report_two(v, r);
    else if (lossy)
        volume_warn(v, "JPEG is lossy: its %zu values may not be the labels that were drawn",
                    r->distinct + 2);
    else
        several_find(v, r, l, p);
    return VOXPERT_OK;
}

Status label_levels_find(Volume *v, Error *error) {
    Plane p;
    bool planes = plane_new(&p, v);
    Ramps *r = memory_new(sizeof *r);
    Levels *l = memory_new(sizeof *l);
    Status status = VOXPERT_OK;
    if (!planes || !r || !l)
        status =
            error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to read it", volume_name(v));
    else if (values_find(r, l, &p, v))
        status = levels_decide(v, r, l, &p, error);
    memory_free(r);
    memory_free(l);
    plane_free(&p);
    return status;
}
