/* screening.h - which cases of a data set are fit to train on: quality.h over all of them.
 *
 * Limits are fixed (quality_limits_default), or taken from the set itself, because a field of cells
 * and an organ have no limits in common.  The set's rule: a case is an outlier where
 *
 *     |x - median| / s > cutoff,   s = 1.4826 median|x - median|,
 *
 * on the bad side of the measure; where s is 0, s = 1.2533 mean|x - median| (Iglewicz and Hoaglin
 * 1993, modified z-score, cutoff 3.5), and where that is 0 too there is no limit.  Laplacian,
 * contrast and both ratios are compared by their logarithms.  Bad is low for sharpness, contrast,
 * entropy and the smallest piece, high for the number of pieces, either for the foreground.  The
 * limit of pieces is never below the fixed one: counts that are nearly all 1 have no spread.
 *
 * Of a volume the slice across k with the most foreground is measured, the first of equal ones. */
#ifndef SCREEN_SCREENING_H
#define SCREEN_SCREENING_H

#include "base/text.h"
#include "base/warnings.h"
#include "data/catalog.h"
#include "image/picture.h"
#include "screen/quality.h"

typedef enum ScreeningLimits { LIMITS_SET, LIMITS_FIXED, LIMITS_BOTH } ScreeningLimits;

enum { SCREENING_LEAST = 8 }; /* cases that a set must have for limits of its own */

typedef struct ScreeningRule {
    ScreeningLimits limits; /* LIMITS_SET: the fixed ones where the set is too small for its own */
    double cutoff;          /* 0: 3.5 */
} ScreeningRule;

typedef struct SetLimit {
    bool known;
    double median, scale; /* of the logarithms where `logarithm` says so */
    bool logarithm;
    double low, high; /* of the measure itself; infinite where that side is not bad */
} SetLimit;

typedef struct ScreenedCase {
    const CatalogCase *item;
    bool measured; /* else `reason` says why not */
    Quality quality;
    long slice;          /* of a volume, across k; -1: a flat picture */
    unsigned fixed, set; /* faults, bits of QualityFault */
    double distance;     /* the largest |x - median| / s on a bad side; 0 where none */
    bool accepted;
    char reason[160];  /* of a rejected one */
    Warnings warnings; /* what was taken although it was odd */
} ScreenedCase;

typedef struct Screening {
    const Catalog *catalog;
    ScreeningRule rule; /* with its cutoff */
    QualityLimits fixed;
    SetLimit limit[QUALITY_FAULTS];
    bool own_limits; /* the set is large enough for its own */
    ScreenedCase *item;
    size_t count, measured, accepted;
    Warnings warnings; /* of the cases, and of all of them together */
} Screening;

/* `progress` as in data/check.h.  Errors: VOXPERT_OUT_OF_MEMORY, VOXPERT_INTERRUPTED.  Cases that
 * cannot be read or have no labels are rejected with that reason. */
typedef bool ScreeningProgress(void *context, size_t done, size_t all);
MUST_CHECK Status screening_run(Screening *out, const Catalog *c, ScreeningRule rule,
                                ScreeningProgress *progress, void *context, Error *error);
void screening_free(Screening *s); /* a zeroed one is fine */

double quality_value(const Quality *q, QualityFault measure);

/* Median and spread of values > 0 (`logarithm`) or any that are finite; reorders them. */
SetLimit set_limit_of(double *values, size_t count, QualityFault measure, double cutoff);

/* ---- What is written ------------------------------------------------------------------------ */

/* A name that is no UTF-8 makes the JSON fail, lest a case is missing without a word. */
void screening_csv(Text *out, const Screening *s);
void screening_json(Text *out, const Screening *s); /* rule, limits, cases; `failed` of the text */
void screening_list(Text *out, const Screening *s, const char *place); /* data/read_list.h */

/* The `most` worst, the worst first, with their masks drawn in: a PNG.  Nothing where none was
 * measured. */
MUST_CHECK Status screening_sheet(const char *path, const Screening *s, size_t most, Error *error);

/* The picture and the mask [height, width] of 0 and 1 that are measured, and what of it is ignored
 * (NULL: nothing).  Errors: as case_image()
 * and case_labels(). */
typedef struct ScreenedPicture {
    Picture picture;
    uint8_t *mask, *ignored;
    long slice;
    Warnings warnings; /* what was taken although it was odd */
} ScreenedPicture;
MUST_CHECK Status screened_picture(ScreenedPicture *out, const Catalog *c, const CatalogCase *item,
                                   Error *error);
void screened_picture_free(ScreenedPicture *p); /* a zeroed one is fine */

#endif
