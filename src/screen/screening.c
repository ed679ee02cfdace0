#include "screen/screening.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/load.h"

/* ---- What is measured --------------------------------------------------------------------- */

void screened_picture_free(ScreenedPicture *p) {
    picture_free(&p->picture);
    memory_free(p->mask);
    memory_free(p->ignored);
    warnings_free(&p->warnings);
    *p = (ScreenedPicture){0};
}

/* Foreground of each slice across k, of all layers together. */
static size_t best_slice(const LabelLayers *l, size_t slice, size_t slices) {
    size_t best = 0, most = 0;
    for (size_t k = 0; k < slices; k++) {
        size_t count = 0;
        for (size_t i = 0; i < slice; i++) {
            bool inside = false;
            for (size_t n = 0; n < l->count; n++) inside |= l->layer[n][k * slice + i] != 0;
            count += inside;
        }
        if (count <= most) continue;
        most = count;
        best = k;
    }
    return best;
}

static Status take_picture(ScreenedPicture *out, const Volume *image, const LabelLayers *l,
                           Error *error) {
    size_t slice = image->width * image->height, k = best_slice(l, slice, image->depth);
    Status status = volume_slice(&out->picture, image, (VolumeSlice){'k', k, 0}, NULL, error);
    if (status) return status;
    out->slice = image->depth > 1 ? (long)k : -1;
    out->mask = memory_new(slice);
    out->ignored = l->ignored ? memory_new(slice) : NULL;
    if (!out->mask || (l->ignored && !out->ignored))
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to measure it",
                         volume_name(image));
    for (size_t n = 0; n < l->count; n++)
        for (size_t i = 0; i < slice; i++) out->mask[i] |= l->layer[n][k * slice + i] != 0;
    if (out->ignored) memcpy(out->ignored, l->ignored + k * slice, slice);
    return VOXPERT_OK;
}

Status screened_picture(ScreenedPicture *out, const Catalog *c, const CatalogCase *item,
                        Error *error) {
    Volume *image = NULL;
    LabelLayers layers = {0};
    *out = (ScreenedPicture){0};
    Status status = case_image(&image, item, 0, error);
    if (!status) status = case_labels(&layers, c, item, image, error);
    if (!status) warnings_merge(&out->warnings, &image->warnings);
    if (!status) warnings_merge(&out->warnings, &layers.warnings);
    if (!status) status = take_picture(out, image, &layers, error);
    label_layers_free(&layers);
    volume_free(image);
    if (status) screened_picture_free(out);
    return status;
}

static Status measure_picture(ScreenedCase *s, const ScreenedPicture *p, Error *error) {
    Extent size = {p->picture.height, p->picture.width};
    uint8_t *grey = memory_new(extent_pixels(size));
    if (!grey)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to measure it",
                         s->item->name);
    grey_of_rgb(grey, p->picture.rgb, extent_pixels(size));
    Status status = quality_measure(&s->quality, grey, p->mask, p->ignored, size, error);
    memory_free(grey);
    s->slice = p->slice;
    s->measured = !status;
    return status;
}

/* What keeps one case from being measured keeps no other. */
static Status measure_case(ScreenedCase *s, const Catalog *c, Error *error) {
    ScreenedPicture p;
    Error why = {0};
    s->slice = -1;
    if (s->item->form == LABELS_NONE) {
        snprintf(s->reason, sizeof s->reason, "has no labels");
        return VOXPERT_OK;
    }
    Status status = screened_picture(&p, c, s->item, &why);
    if (!status) {
        status = measure_picture(s, &p, &why);
        warnings_merge(&s->warnings, &p.warnings);
        screened_picture_free(&p);
    }
    if (status == VOXPERT_OUT_OF_MEMORY) {
        if (error) *error = why;
        return status;
    }
    if (status) snprintf(s->reason, sizeof s->reason, "cannot be read: %.140s", why.message);
    return VOXPERT_OK;
}

/* ---- Limits ------------------------------------------------------------------------------- */

double quality_value(const Quality *q, QualityFault measure) {
    const double values[QUALITY_FAULTS] = {
        [FAULT_LAPLACIAN] = q->laplacian_variance, [FAULT_CONTRAST] = q->rms_contrast,
        [FAULT_ENTROPY] = q->entropy_bits,         [FAULT_RATIO] = q->foreground_ratio,
        [FAULT_PIECES] = (double)q->pieces,        [FAULT_SMALLEST] = q->smallest_ratio};
    return values[measure];
}

static bool by_logarithm(QualityFault m) { return m != FAULT_ENTROPY && m != FAULT_PIECES; }
static bool bad_low(QualityFault m) { return m != FAULT_PIECES; }
static bool bad_high(QualityFault m) { return m == FAULT_PIECES || m == FAULT_RATIO; }

static int ascending(const void *a, const void *b) {
    const double *p = a, *q = b;
    return (*p > *q) - (*p < *q);
}

static double median_of(double *values, size_t n) {
    qsort(values, n, sizeof *values, ascending);
    return n % 2 ? values[n / 2] : 0.5 * (values[n / 2 - 1] + values[n / 2]);
}

SetLimit set_limit_of(double *values, size_t count, QualityFault measure, double cutoff) {
    SetLimit l = {
        .logarithm = by_logarithm(measure), .low = -(double)INFINITY, .high = (double)INFINITY};
    size_t n = 0;
    double sum = 0.0;
    for (size_t i = 0; i < count; i++) {
        double x = l.logarithm ? log(values[i]) : values[i]; /* log of 0 or less is not finite */
        if (isfinite(x)) values[n++] = x;
    }
    if (n < SCREENING_LEAST) return l;
    l.median = median_of(values, n);
    for (size_t i = 0; i < n; i++) sum += values[i] = fabs(values[i] - l.median);
    double mean = sum / (double)n;
    l.scale = 1.4826 * median_of(values, n);
    if (!(l.scale > 0.0)) l.scale = 1.2533 * mean;
    l.known = l.scale > 0.0;
    if (!l.known) return l;
    double low = l.median - cutoff * l.scale, high = l.median + cutoff * l.scale;
    if (bad_low(measure)) l.low = l.logarithm ? exp(low) : low;
    if (bad_high(measure)) l.high = l.logarithm ? exp(high) : high;
    return l;
}

static Status set_limits(Screening *s, Error *error) {
    double *values = memory_new((s->count + 1) * sizeof *values);
    if (!values)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for its limits",
                         s->catalog->place);
    for (int m = 0; m < QUALITY_FAULTS; m++) {
        size_t n = 0;
        for (size_t i = 0; i < s->count; i++) {
            const Quality *q = &s->item[i].quality;
            if (s->item[i].measured && q->foreground)
                values[n++] = quality_value(q, (QualityFault)m);
        }
        s->limit[m] = set_limit_of(values, n, (QualityFault)m, s->rule.cutoff);
        s->own_limits = n >= SCREENING_LEAST;
        if (m == FAULT_PIECES && s->limit[m].high < (double)s->fixed.pieces)
            s->limit[m].high = (double)s->fixed.pieces;
    }
    memory_free(values);
    return VOXPERT_OK;
}

/* ---- Verdicts ----------------------------------------------------------------------------- */

static double distance_of(const SetLimit *l, double value, QualityFault m) {
    double x = l->logarithm ? log(value) : value;
    if (!l->known) return 0.0;
    if (!isfinite(x)) return (double)INFINITY;
    double z = (x - l->median) / l->scale;
    return fmax(bad_high(m) ? z : 0.0, bad_low(m) ? -z : 0.0);
}

static void find_outliers(ScreenedCase *c, const Screening *s) {
    for (int m = 0; m < QUALITY_FAULTS; m++) {
        const SetLimit *l = &s->limit[m];
        double value = quality_value(&c->quality, (QualityFault)m);
        if (!l->known) continue;
        if (!(value >= l->low && value <= l->high)) c->set |= 1u << m;
        c->distance = fmax(c->distance, distance_of(l, value, (QualityFault)m));
    }
}

static void add_reason(ScreenedCase *c, const char *which, QualityFault m, double low,
                       double high) {
    size_t used = strlen(c->reason);
    double value = quality_value(&c->quality, m);
    bool below = !(value >= low);
    snprintf(c->reason + used, sizeof c->reason - used, "%s%s %.4g %s %.4g (%s)", used ? "; " : "",
             quality_fault_name(m), value, below ? "below" : "above", below ? low : high, which);
}

static void explain(ScreenedCase *c, const Screening *s, unsigned set, unsigned fixed) {
    const QualityLimits *f = &s->fixed;
    const double low[QUALITY_FAULTS] = {[FAULT_LAPLACIAN] = f->laplacian_variance,
                                        [FAULT_CONTRAST] = f->rms_contrast,
                                        [FAULT_ENTROPY] = f->entropy_bits,
                                        [FAULT_RATIO] = f->least_ratio,
                                        [FAULT_PIECES] = 0.0,
                                        [FAULT_SMALLEST] = f->smallest_ratio};
    for (int m = 0; m < QUALITY_FAULTS; m++) {
        double high = m == FAULT_RATIO ? f->most_ratio : (double)f->pieces;
        if (set >> m & 1) add_reason(c, "set", (QualityFault)m, s->limit[m].low, s->limit[m].high);
        if (fixed >> m & 1) add_reason(c, "fixed", (QualityFault)m, low[m], high);
    }
}

static void judge(ScreenedCase *c, const Screening *s) {
    if (!c->measured) return;
    if (!c->quality.foreground) {
        snprintf(c->reason, sizeof c->reason, "shows no foreground");
        c->distance = (double)INFINITY;
        return;
    }
    bool by_set = s->rule.limits != LIMITS_FIXED && s->own_limits;
    bool by_fixed = s->rule.limits != LIMITS_SET || !s->own_limits;
    c->fixed = quality_faults(&c->quality, &s->fixed);
    find_outliers(c, s);
    unsigned set = by_set ? c->set : 0, fixed = by_fixed ? c->fixed : 0;
    c->accepted = !set && !fixed;
    explain(c, s, set, fixed);
}

static Status warnings_gather(Screening *s, Error *error) {
    for (size_t i = 0; i < s->count; i++) warnings_merge(&s->warnings, &s->item[i].warnings);
    if (!s->own_limits && s->rule.limits != LIMITS_FIXED)
        warnings_add(&s->warnings,
                     "%s: too few cases for limits of its own, so that the fixed ones count",
                     s->catalog->place);
    if (!s->warnings.lines.failed) return VOXPERT_OK;
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for its warnings",
                     s->catalog->place);
}

Status screening_run(Screening *out, const Catalog *c, ScreeningRule rule,
                     ScreeningProgress *progress, void *context, Error *error) {
    if (!(rule.cutoff > 0.0)) rule.cutoff = 3.5;
    *out = (Screening){.catalog = c,
                       .rule = rule,
                       .fixed = quality_limits_default(),
                       .item = memory_new((c->cases + 1) * sizeof *out->item),
                       .count = c->cases};
    Status status = VOXPERT_OK;
    if (!out->item)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to screen it", c->place);
    for (size_t i = 0; !status && i < out->count; i++) {
        out->item[i].item = &c->item[i];
        if (progress && !progress(context, i, out->count))
            status = error_set(error, VOXPERT_INTERRUPTED, "%s: interrupted after %zu cases",
                               c->place, i);
        else
            status = measure_case(&out->item[i], c, error);
        out->measured += out->item[i].measured;
    }
    if (!status) status = set_limits(out, error);
    if (!status) status = warnings_gather(out, error);
    for (size_t i = 0; !status && i < out->count; i++) {
        judge(&out->item[i], out);
        out->accepted += out->item[i].accepted;
    }
    if (status) screening_free(out);
    return status;
}

void screening_free(Screening *s) {
    for (size_t i = 0; s->item && i < s->count; i++) warnings_free(&s->item[i].warnings);
    warnings_free(&s->warnings);
    memory_free(s->item);
    *s = (Screening){0};
}
