#include "eval/evaluation.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "eval/lesions.h"
#include "eval/overlap.h"
#include "eval/surface.h"

const char *empty_policy_name(EmptyPolicy p) {
    static const char *const names[] = {"nan", "one", "skip"};
    return names[p];
}

void label_key(Text *t, const EvaluatedLabel *l) {
    if (l->values != 1) text_add(t, "(");
    for (size_t i = 0; i < l->values; i++) text_add(t, "%s%u", i ? ", " : "", l->value[i]);
    if (l->values != 1) text_add(t, ")");
}

/* Both label maps, and room for the masks of one label. */
typedef struct Pair {
    size_t size[3], voxels;
    double spacing[3]; /* z, y, x */
    uint32_t *labels[2];
    uint8_t *mask[2];
} Pair;

/* ---- Values of one label -------------------------------------------------------------------- */

static void score_voxels(LabelScore *s, Overlap o, size_t voxels) {
    double *v = s->value;
    for (int m = 0; m < METRICS; m++) v[m] = (double)NAN;
    v[METRIC_DICE] = overlap_dice(o);
    v[METRIC_IOU] = overlap_iou(o);
    v[METRIC_TP] = (double)o.both;
    v[METRIC_FP] = (double)(o.prediction - o.both);
    v[METRIC_FN] = (double)(o.truth - o.both);
    v[METRIC_TN] = (double)(voxels - o.truth - o.prediction + o.both);
    v[METRIC_N_PRED] = (double)o.prediction;
    v[METRIC_N_REF] = (double)o.truth;
}

static void score_volumes(LabelScore *s, Overlap o, const double spacing[3]) {
    double *v = s->value, relative = overlap_volume_difference(o);
    v[METRIC_VOLUME_REF] = voxels_volume(o.truth, spacing, 3);
    v[METRIC_VOLUME_PRED] = voxels_volume(o.prediction, spacing, 3);
    v[METRIC_VOLUME_ERROR] = v[METRIC_VOLUME_PRED] - v[METRIC_VOLUME_REF];
    v[METRIC_VOLUME_RELATIVE] = relative;
    v[METRIC_VOLUME_ABSOLUTE] = fabs(relative);
}

static double share(size_t part, size_t whole) {
    return whole ? (double)part / (double)whole : (double)NAN;
}

static void score_lesions(LabelScore *s, const Lesions *l) {
    double *v = s->value;
    size_t missed = l->truth - l->found, surplus = l->prediction - l->matching;
    v[METRIC_LESIONS_REF] = (double)l->truth;
    v[METRIC_LESIONS_PRED] = (double)l->prediction;
    v[METRIC_LESIONS_FOUND] = (double)l->found;
    v[METRIC_LESIONS_MISSED] = (double)missed;
    v[METRIC_LESIONS_SURPLUS] = (double)surplus;
    v[METRIC_LESION_SENSITIVITY] = share(l->found, l->truth);
    v[METRIC_LESION_PRECISION] = share(l->matching, l->prediction);
    v[METRIC_LESION_F1] = share(2 * l->found, 2 * l->found + missed + surplus);
}

static void score_elements(LabelScore *s, const Surfaces *surfaces, const MetricChoice *c) {
    s->value[METRIC_HD_ELEMENTS] = surfaces_hausdorff(surfaces, 100.0);
    s->value[METRIC_HD95_ELEMENTS] = surfaces_hausdorff(surfaces, 95.0);
    s->value[METRIC_ASSD_ELEMENTS] = surfaces_mean_pooled(surfaces);
    for (size_t i = 0; i < c->tolerances; i++)
        s->value[METRIC_NSD_ELEMENTS + i] = surfaces_dice(surfaces, c->tolerance_mm[i]);
}

static void score_borders(LabelScore *s, const Surfaces *surfaces, const MetricChoice *c) {
    bool both = surfaces->truth.count && surfaces->prediction.count;
    s->value[METRIC_HD_BORDERS] =
        both ? surfaces_hausdorff_pooled(surfaces, 100.0) : (double)INFINITY;
    s->value[METRIC_HD95_BORDERS] =
        both ? surfaces_hausdorff_pooled(surfaces, 95.0) : (double)INFINITY;
    s->value[METRIC_ASSD_BORDERS] = surfaces_mean_pooled(surfaces);
    for (size_t i = 0; i < c->tolerances; i++)
        s->value[METRIC_NSD_BORDERS + i] = surfaces_dice(surfaces, c->tolerance_mm[i]);
}

static Status score_surfaces(LabelScore *s, const Pair *p, const MetricChoice *c, Error *error) {
    Surfaces surfaces;
    Status status =
        surfaces_of_elements(&surfaces, p->mask[0], p->mask[1], p->size, p->spacing, error);
    if (status) return status;
    score_elements(s, &surfaces, c);
    surfaces_free(&surfaces);
    status = surfaces_of_borders(&surfaces, p->mask[0], p->mask[1], p->size, p->spacing, error);
    if (status) return status;
    score_borders(s, &surfaces, c);
    surfaces_free(&surfaces);
    return VOXPERT_OK;
}

/* What is right where there is nothing, and nothing was found. */
static void score_nothing(LabelScore *s, const EvaluationRule *rule) {
    s->skipped = rule->empty == EMPTY_SKIP;
    if (rule->empty != EMPTY_ONE) return;
    for (int m = 0; m < METRICS; m++) {
        bool distance = m >= METRIC_HD_ELEMENTS && m <= METRIC_ASSD_BORDERS;
        bool error = m == METRIC_VOLUME_RELATIVE || m == METRIC_VOLUME_ABSOLUTE;
        if (isnan(s->value[m])) s->value[m] = distance || error ? 0.0 : 1.0;
    }
}

/* NaN where it was not asked for: groups share what they are computed from. */
static void forget_others(LabelScore *s, const MetricChoice *c) {
    for (int m = 0; m < METRICS; m++) {
        if (!metric_measured(c, (Metric)m)) s->value[m] = (double)NAN;
    }
}

/* ---- One label ------------------------------------------------------------------------------ */

static bool is_one_of(const EvaluatedLabel *l, uint32_t value) {
    for (size_t i = 0; i < l->values; i++) {
        if (l->value[i] == value) return true;
    }
    return false;
}

/* Returns how many voxels count. */
static size_t masks_make(const Pair *p, const EvaluatedLabel *l, uint32_t ignored) {
    size_t counted = 0;
    for (size_t i = 0; i < p->voxels; i++) {
        bool counts = ignored == 0 || p->labels[0][i] != ignored;
        p->mask[0][i] = counts && is_one_of(l, p->labels[0][i]);
        p->mask[1][i] = counts && is_one_of(l, p->labels[1][i]);
        counted += counts;
    }
    return counted;
}

static Status score_label(LabelScore *s, const Pair *p, const EvaluatedLabel *label,
                          const EvaluationRule *rule, Error *error) {
    const MetricChoice *c = &rule->metrics;
    size_t counted = masks_make(p, label, rule->ignored);
    Overlap o = overlap_count(p->mask[0], p->mask[1], p->voxels);
    bool nothing = o.truth + o.prediction == 0;
    Lesions lesions = {0};
    Status status = VOXPERT_OK;
    *s = (LabelScore){.skipped = false};
    score_voxels(s, o, counted);
    score_volumes(s, o, p->spacing);
    if (c->groups >> GROUP_LESION & 1 && !nothing)
        status = lesions_count(&lesions, p->mask[0], p->mask[1], p->size, NEIGHBOURS_ALL, error);
    score_lesions(s, &lesions);
    if (!status && c->groups & GROUPS_OF_SURFACES && !nothing)
        status = score_surfaces(s, p, c, error);
    if (nothing) score_nothing(s, rule);
    forget_others(s, c);
    return status;
}

/* ---- One pair ------------------------------------------------------------------------------- */

static Status pair_check(const Volume *a, const Volume *b, Error *error) {
    if (a->frames != 1)
        return error_set(error, VOXPERT_BAD_INPUT,
                         "%s: %zu frames, where one label map is expected", volume_name(a),
                         a->frames);
    if (a->frames == b->frames && a->depth == b->depth && a->height == b->height &&
        a->width == b->width)
        return VOXPERT_OK;
    return error_set(error, VOXPERT_BAD_INPUT,
                     "%s: %zu x %zu x %zu voxels and %zu frames, but its reference %s has %zu x "
                     "%zu x %zu",
                     volume_name(b), b->width, b->height, b->depth, b->frames, volume_name(a),
                     a->width, a->height, a->depth);
}

Status labels_score(LabelScore *out, const Volume *reference, const Volume *prediction,
                    const EvaluationRule *rule, Error *error) {
    Status status = pair_check(reference, prediction, error);
    if (status) return status;
    const double *xyz = reference->grid.spacing_xyz_mm;
    Pair p = {.size = {reference->depth, reference->height, reference->width},
              .voxels = volume_voxels(reference),
              .spacing = {xyz[2], xyz[1], xyz[0]}};
    bool ok = true;
    for (int i = 0; i < 2; i++) {
        p.labels[i] = memory_aligned(p.voxels * sizeof *p.labels[i]);
        p.mask[i] = memory_aligned(p.voxels);
        ok = ok && p.labels[i] && p.mask[i];
    }
    if (!ok)
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to compare its %zu voxels",
                           volume_name(prediction), p.voxels);
    if (!status) status = volume_labels(p.labels[0], reference, error);
    if (!status) status = volume_labels(p.labels[1], prediction, error);
    for (size_t i = 0; i < rule->labels && !status; i++)
        status = score_label(&out[i], &p, &rule->label[i], rule, error);
    for (int i = 0; i < 2; i++) {
        memory_free(p.labels[i]);
        memory_free(p.mask[i]);
    }
    return status;
}

/* ---- Which labels there are ----------------------------------------------------------------- */

/* Where `value` is among the sorted, or belongs. */
static size_t place_of(const uint32_t *sorted, size_t count, uint32_t value) {
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (sorted[middle] < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

Status labels_present(uint32_t **out, size_t *count, const uint32_t *labels, size_t voxels,
                      Error *error) {
    uint32_t *found = NULL, last = 0;
    size_t n = 0, capacity = 0;
    for (size_t i = 0; i < voxels; i++) {
        if (labels[i] == last || labels[i] == 0) continue;
        last = labels[i];
        size_t place = place_of(found, n, last);
        if (place < n && found[place] == last) continue;
        if (!memory_grow(&found, &capacity, n, sizeof *found)) {
            memory_free(found);
            *out = NULL, *count = 0;
            return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for a list of %zu labels", n);
        }
        memmove(found + place + 1, found + place, (n++ - place) * sizeof *found);
        found[place] = last;
    }
    *out = found, *count = n;
    return VOXPERT_OK;
}
