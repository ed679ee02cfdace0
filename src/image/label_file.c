#include "image/label_file.h"

#include <math.h>
#include <string.h>

#include "image/label_levels.h"

/* The sample as an unsigned number; 8 and 16 bits only. */
static unsigned sample_of(const Volume *v, size_t i) {
    return v->type == SAMPLE_U16 ? ((const uint16_t *)v->samples)[i]
                                 : ((const uint8_t *)v->samples)[i];
}

static bool is_small_whole(const Volume *v) {
    return (v->type == SAMPLE_U8 || v->type == SAMPLE_U16) && v->slope == 1.0 &&
           v->intercept == 0.0;
}

static bool sample_is_zero(const Volume *v, size_t i) {
    static const uint8_t zeros[8];
    size_t size = sample_size(v->type);
    return memcmp((const uint8_t *)v->samples + i * size, zeros, size) == 0;
}

/* ---- Opacity ---------------------------------------------------------------------------- */

/* All pixels have the colour of the first, and some are transparent, others not. */
static bool shape_is_opacity(const Volume *v) {
    size_t voxels = volume_voxels(v), channels = v->channels, transparent = 0;
    if (!v->alpha || !is_small_whole(v) || (channels != 2 && channels != 4)) return false;
    for (size_t i = 0; i < voxels; i++) {
        for (size_t c = 0; c + 1 < channels; c++) {
            if (sample_of(v, i * channels + c) != sample_of(v, c)) return false;
        }
        transparent += sample_of(v, i * channels + channels - 1) == 0;
    }
    return transparent > 0 && transparent < voxels;
}

static void opacity_take(Volume *v) {
    size_t voxels = volume_voxels(v), size = sample_size(v->type);
    uint8_t *samples = v->samples;
    for (size_t i = 0; i < voxels; i++)
        memmove(samples + i * size, samples + (i * v->channels + v->channels - 1) * size, size);
    v->channels = 1;
    v->alpha = false;
    volume_warn(v, "the colour is the same everywhere: the alpha channel (opacity) is taken "
                   "as the mask");
}

/* ---- Drift ------------------------------------------------------------------------------ */

/* NOLINTBEGIN(bugprone-macro-parentheses): a type cannot stand in parentheses */
#define ROUND_DRIFT(Type)                                                                          \
    do {                                                                                           \
        Type *samples = v->samples;                                                                \
        for (size_t i = 0; i < count; i++) {                                                       \
            Type whole = (Type)floor((double)samples[i] + 0.5);                                    \
            double off = fabs((double)(samples[i] - whole));                                       \
            if (!(off > 0.0 && off <= LABEL_DRIFT)) continue;                                      \
            worst = off > worst ? off : worst;                                                     \
            samples[i] = whole;                                                                    \
            rounded++;                                                                             \
        }                                                                                          \
    } while (0)
/* NOLINTEND(bugprone-macro-parentheses) */

static void drift_round(Volume *v) {
    size_t count = volume_samples(v), rounded = 0;
    double worst = 0.0;
    if (v->slope != 1.0 || v->intercept != 0.0) return; /* volume_labels() rounds scaled ones */
    if (v->type == SAMPLE_F32) ROUND_DRIFT(float);
    if (v->type == SAMPLE_F64) ROUND_DRIFT(double);
    if (rounded)
        volume_warn(v, "%zu labels are up to %.3g away from a whole number and were rounded to it",
                    rounded, worst);
}

Status label_file_complete(Volume *v, Error *error) {
    if (shape_is_opacity(v)) opacity_take(v);
    drift_round(v);
    return label_levels_find(v, error);
}

/* ---- Colours of the background ---------------------------------------------------------- */

typedef struct Border {
    size_t pixels, counted;
} Border;

/* `value`: counted alone, or -1 for all but 0. */
static Border border_count(const Volume *v, int value) {
    Border b = {0};
    for (size_t y = 0; y < v->height; y++) {
        bool edge = y == 0 || y + 1 == v->height;
        size_t step = edge || v->width < 2 ? 1 : v->width - 1;
        for (size_t x = 0; x < v->width; x += step) {
            size_t at = (y * v->width + x) * v->channels;
            b.pixels++;
            b.counted += value < 0 ? !sample_is_zero(v, at) : sample_of(v, at) == (unsigned)value;
        }
    }
    return b;
}

bool label_file_border_covered(const Volume *v) {
    Border b = border_count(v, -1);
    return 2 * b.counted > b.pixels;
}

static void greys_keep(Volume *v, const uint8_t *rgb, size_t colours) {
    for (size_t i = 0; i < colours && i < 256; i++) {
        if (rgb[3 * i] != rgb[3 * i + 1] || rgb[3 * i] != rgb[3 * i + 2]) return;
        v->grey[i] = rgb[3 * i];
    }
    v->grey_palette = colours > 2;
}

/* "black" or "white", nearly so too; else NULL. */
static const char *ground_name(const uint8_t *rgb) {
    enum { NEAR = 32 };
    bool dark = true, light = true;
    for (size_t c = 0; c < 3; c++) {
        dark = dark && rgb[c] <= NEAR;
        light = light && rgb[c] >= 255 - NEAR;
    }
    return dark ? "black" : light ? "white" : NULL;
}

/* Black beside a first entry that is not, and white beside a colour, are no labels' colours. */
static bool looks_like_ground(const char *entry, const char *first) {
    if (!entry || entry == first) return false;
    return strcmp(entry, "black") == 0 || !first;
}

void label_file_check_palette(Volume *v, const uint8_t *rgb, size_t colours) {
    greys_keep(v, rgb, colours);
    if (v->depth > 1 || !is_small_whole(v) || colours < 2) return;
    const char *first = ground_name(rgb);
    for (size_t i = 1; i < colours; i++) {
        const char *ground = ground_name(rgb + 3 * i);
        if (!looks_like_ground(ground, first)) continue;
        Border b = border_count(v, (int)i);
        if (2 * b.counted <= b.pixels) continue;
        volume_warn(v,
                    "the palette has another colour first and %s as entry %zu, which covers the "
                    "border: the indices are the labels, so label %zu is what looks like "
                    "background",
                    ground, i, i);
        return;
    }
}
