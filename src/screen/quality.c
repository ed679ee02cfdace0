#include "screen/quality.h"

#include <math.h>

#include "base/size.h"
#include "image/mask_clean.h"
#include "image/regions.h"

enum { GREYS = 256 };

void grey_of_rgb(uint8_t *grey, const uint8_t *rgb, size_t pixels) {
    for (size_t i = 0; i < pixels; i++, rgb += 3)
        grey[i] = (uint8_t)((19595u * rgb[0] + 38470u * rgb[1] + 7471u * rgb[2] + 32768u) >> 16);
}

/* ---- The whole picture --------------------------------------------------------------------- */

static size_t mirrored(size_t i, size_t n) {
    if (n == 1) return 0;
    if (i == SIZE_MAX) return 1; /* -1 */
    return i == n ? n - 2 : i;
}

static void laplacian(Quality *q, const uint8_t *grey, Extent size) {
    for (size_t y = 0; y < size.height; y++) {
        const uint8_t *row = grey + y * size.width;
        const uint8_t *above = grey + mirrored(y - 1, size.height) * size.width;
        const uint8_t *below = grey + mirrored(y + 1, size.height) * size.width;
        for (size_t x = 0; x < size.width; x++) {
            int64_t l = above[x] + below[x] + row[mirrored(x - 1, size.width)] +
                        row[mirrored(x + 1, size.width)] - 4 * row[x];
            q->laplacian_sum += l;
            q->laplacian_squares += l * l;
        }
    }
    double n = (double)extent_pixels(size), mean = (double)q->laplacian_sum / n;
    q->laplacian_variance = (double)q->laplacian_squares / n - mean * mean;
}

static double entropy(const uint8_t *grey, size_t pixels) {
    size_t count[GREYS] = {0};
    double bits = 0.0;
    for (size_t i = 0; i < pixels; i++) count[grey[i]]++;
    for (int g = 0; g < GREYS; g++) {
        double share = (double)count[g] / (double)pixels;
        if (count[g]) bits -= share * log2(share);
    }
    return bits;
}

/* ---- Around the foreground ----------------------------------------------------------------- */

static PixelBox box_dilated(PixelBox b, Extent size) {
    size_t longer = size_max(b.x1 - b.x0, b.y1 - b.y0) + 1;
    size_t margin = size_max(1, (longer + 5) / 10); /* floor(longer / 10 + 1/2) */
    return (PixelBox){b.x0 - size_min(b.x0, margin), b.y0 - size_min(b.y0, margin),
                      size_min(b.x1 + margin, size.width - 1),
                      size_min(b.y1 + margin, size.height - 1)};
}

typedef struct Sums {
    uint64_t count, sum, squares;
} Sums;

static double mean_of(Sums s) { return s.count ? (double)s.sum / (double)s.count : (double)NAN; }

static void contrasts(Quality *q, const uint8_t *grey, const uint8_t *mask, const uint8_t *ignored,
                      Extent size) {
    Sums of[2] = {{0}};
    for (size_t y = q->dilated.y0; y <= q->dilated.y1; y++) {
        for (size_t x = q->dilated.x0; x <= q->dilated.x1; x++) {
            size_t at = y * size.width + x;
            if (ignored && ignored[at]) continue;
            uint64_t g = grey[at];
            Sums *s = &of[mask[at] != 0];
            s->count++;
            s->sum += g;
            s->squares += g * g;
        }
    }
    Sums all = {of[0].count + of[1].count, of[0].sum + of[1].sum, of[0].squares + of[1].squares};
    double mean = mean_of(all), inside = mean_of(of[1]), outside = mean_of(of[0]);
    double variance = (double)all.squares / (double)all.count - mean * mean;
    q->rms_contrast = all.sum ? sqrt(fmax(variance, 0.0)) / mean : (double)NAN;
    q->michelson_contrast = all.sum ? fabs(inside - outside) / (inside + outside) : (double)NAN;
}

static size_t count_pixels(const uint8_t *ignored, Extent size) {
    size_t all = extent_pixels(size), count = all;
    for (size_t i = 0; ignored && i < all; i++) count -= ignored[i] != 0;
    return count;
}

static Status foreground(Quality *q, const uint8_t *mask, const uint8_t *ignored, Extent size,
                         Error *error) {
    const size_t grid[3] = {1, size.height, size.width};
    double pixels = (double)size_max(1, count_pixels(ignored, size));
    size_t smallest = SIZE_MAX;
    Regions r;
    Status status = regions_find(&r, mask, grid, NEIGHBOURS_ALL, error);
    if (status) return status;
    q->pieces = r.count;
    for (size_t i = 0; i < r.count; i++) {
        q->foreground += r.region[i].voxels;
        smallest = size_min(smallest, r.region[i].voxels);
    }
    q->foreground_ratio = (double)q->foreground / pixels;
    q->smallest_ratio = r.count ? (double)smallest / pixels : 0.0;
    regions_free(&r);
    return VOXPERT_OK;
}

Status quality_measure(Quality *out, const uint8_t *grey, const uint8_t *mask,
                       const uint8_t *ignored, Extent size, Error *error) {
    const size_t grid[3] = {1, size.height, size.width};
    size_t low[3], high[3];
    *out = (Quality){.rms_contrast = (double)NAN, .michelson_contrast = (double)NAN};
    Status status = foreground(out, mask, ignored, size, error);
    if (status) return status;
    laplacian(out, grey, size);
    out->entropy_bits = entropy(grey, extent_pixels(size));
    if (!mask_bounds(mask, grid, low, high)) return VOXPERT_OK;
    out->box = (PixelBox){low[2], low[1], high[2], high[1]};
    out->dilated = box_dilated(out->box, size);
    contrasts(out, grey, mask, ignored, size);
    return VOXPERT_OK;
}

/* ---- Limits -------------------------------------------------------------------------------- */

QualityLimits quality_limits_default(void) {
    return (QualityLimits){.laplacian_variance = 20.0,
                           .rms_contrast = 0.05,
                           .entropy_bits = 3.0,
                           .least_ratio = 0.0005,
                           .most_ratio = 0.9,
                           .smallest_ratio = 0.0005,
                           .pieces = 5};
}

/* NaN, where there is nothing to measure, is a fault too. */
unsigned quality_faults(const Quality *q, const QualityLimits *limits) {
    const bool fine[QUALITY_FAULTS] = {
        [FAULT_LAPLACIAN] = q->laplacian_variance >= limits->laplacian_variance,
        [FAULT_CONTRAST] = q->rms_contrast >= limits->rms_contrast,
        [FAULT_ENTROPY] = q->entropy_bits >= limits->entropy_bits,
        [FAULT_RATIO] =
            q->foreground_ratio >= limits->least_ratio && q->foreground_ratio <= limits->most_ratio,
        [FAULT_PIECES] = q->pieces <= limits->pieces,
        [FAULT_SMALLEST] = q->smallest_ratio >= limits->smallest_ratio,
    };
    unsigned faults = 0;
    for (int f = 0; f < QUALITY_FAULTS; f++) faults |= fine[f] ? 0u : 1u << f;
    return faults;
}

const char *quality_fault_name(QualityFault f) {
    static const char *const names[QUALITY_FAULTS] = {
        "laplacian_variance", "rms_contrast", "entropy_bits",
        "foreground_ratio",   "components_8", "smallest_component_ratio"};
    return names[f];
}
