#include "eval/evaluation.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "eval/overlap.h"
#include "eval/surface.h"

const char *metric_name(Metric m) {
    static const char *const names[METRICS] = {"Dice",   "FN",    "FP",   "IoU",  "TN", "TP",
                                               "n_pred", "n_ref", "ASSD", "HD95", "NSD"};
    return names[m];
}

/* ---- One label ------------------------------------------------------------------------------ */

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

static void score_nothing(LabelScore *s, const EvaluationRule *rule) {
    s->skipped = rule->empty == EMPTY_SKIP;
    if (rule->empty != EMPTY_ONE) return;
    s->value[METRIC_DICE] = s->value[METRIC_IOU] = 1.0;
    if (rule->tolerance_mm <= 0.0) return;
    s->value[METRIC_NSD] = 1.0;
    s->value[METRIC_HD95] = s->value[METRIC_ASSD] = 0.0;
}

/* Both label maps, and room for the masks of one label. */
typedef struct Pair {
    size_t size[3], voxels;
    double spacing[3]; /* z, y, x */
    uint32_t *labels[2];
    uint8_t *mask[2];
} Pair;

static Status score_surfaces(LabelScore *s, const Pair *p, double tolerance, Error *error) {
    Surfaces surfaces;
    Status status =
        surfaces_of_elements(&surfaces, p->mask[0], p->mask[1], p->size, p->spacing, error);
    if (status) return status;
    s->value[METRIC_NSD] = surfaces_dice(&surfaces, tolerance);
    s->value[METRIC_HD95] = surfaces_hausdorff(&surfaces, 95.0);
    s->value[METRIC_ASSD] = surfaces_mean_pooled(&surfaces);
    surfaces_free(&surfaces);
    return VOXPERT_OK;
}

static Status score_label(LabelScore *s, const Pair *p, uint32_t label, const EvaluationRule *rule,
                          Error *error) {
    size_t counted = 0;
    for (size_t i = 0; i < p->voxels; i++) {
        bool counts = rule->ignored == 0 || p->labels[0][i] != rule->ignored;
        p->mask[0][i] = counts && p->labels[0][i] == label;
        p->mask[1][i] = counts && p->labels[1][i] == label;
        counted += counts;
    }
    Overlap o = overlap_count(p->mask[0], p->mask[1], p->voxels);
    *s = (LabelScore){.skipped = false};
    score_voxels(s, o, counted);
    if (o.truth + o.prediction == 0)
        score_nothing(s, rule);
    else if (rule->tolerance_mm > 0.0)
        return score_surfaces(s, p, rule->tolerance_mm, error);
    return VOXPERT_OK;
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
        status = score_label(&out[i], &p, rule->label[i], rule, error);
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
