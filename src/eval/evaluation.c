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

bool same_label(const EvaluatedLabel *a, const EvaluatedLabel *b) {
    return a->values == b->values && memcmp(a->value, b->value, a->values * sizeof *a->value) == 0;
}

/* Both label maps, and room for the masks of one label in the part of them where it is. */
typedef struct Pair {
    size_t size[3], voxels, counted; /* counted: not ignored */
    double spacing[3];               /* z, y, x */
    uint32_t *labels[2];
    uint8_t *void_mask; /* of voxels that do not count; NULL: there is none */
    LabelPlaces places[2];
    uint8_t *mask[2];
    LabelBounds part;
    size_t part_size[3];
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

/* Of a picture the area. */
static void score_volumes(LabelScore *s, Overlap o, const Pair *p) {
    double *v = s->value, relative = overlap_volume_difference(o);
    int dimensions = p->size[0] == 1 ? 2 : 3;
    v[METRIC_VOLUME_REF] = voxels_volume(o.truth, p->spacing, dimensions);
    v[METRIC_VOLUME_PRED] = voxels_volume(o.prediction, p->spacing, dimensions);
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
        s->value[METRIC_NSD_ELEMENTS + i] = surfaces_dice(surfaces, c->tolerance[i]);
}

static void score_borders(LabelScore *s, const Surfaces *surfaces, const MetricChoice *c) {
    bool both = surfaces->truth.count && surfaces->prediction.count;
    s->value[METRIC_HD_BORDERS] =
        both ? surfaces_hausdorff_pooled(surfaces, 100.0) : (double)INFINITY;
    s->value[METRIC_HD95_BORDERS] =
        both ? surfaces_hausdorff_pooled(surfaces, 95.0) : (double)INFINITY;
    s->value[METRIC_ASSD_BORDERS] = surfaces_mean_pooled(surfaces);
    for (size_t i = 0; i < c->tolerances; i++)
        s->value[METRIC_NSD_BORDERS + i] = surfaces_dice(surfaces, c->tolerance[i]);
}

static Status score_surfaces(LabelScore *s, const Pair *p, const MetricChoice *c, Error *error) {
    Surfaces surfaces;
    Status status =
        surfaces_of_elements(&surfaces, p->mask[0], p->mask[1], p->part_size, p->spacing, error);
    if (status) return status;
    score_elements(s, &surfaces, c);
    surfaces_free(&surfaces);
    status =
        surfaces_of_borders(&surfaces, p->mask[0], p->mask[1], p->part_size, p->spacing, error);
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

static void mask_row(uint8_t *mask, const uint32_t *row, size_t width, const EvaluatedLabel *l) {
    if (l->values == 1) {
        uint32_t value = l->value[0];
        for (size_t x = 0; x < width; x++) mask[x] = row[x] == value;
        return;
    }
    for (size_t x = 0; x < width; x++) mask[x] = is_one_of(l, row[x]);
}

/* Both masks of the part where either map has the label: what lies outside of it is outside of
 * both, as for the whole.  A picture stays one, a volume stays a volume.  False: there is none. */
static bool masks_make(Pair *p, const EvaluatedLabel *l) {
    bool any = label_places_widen(&p->places[0], l->value, l->values, &p->part, false);
    any = label_places_widen(&p->places[1], l->value, l->values, &p->part, any);
    if (!any) return false;
    if (p->size[0] > 1 && p->part.low[0] == p->part.high[0]) {
        p->part.low[0] -= p->part.low[0] > 0;
        p->part.high[0] = p->part.low[0] + 1;
    }
    for (int a = 0; a < 3; a++) p->part_size[a] = p->part.high[a] - p->part.low[a] + 1;
    const size_t *low = p->part.low, *part = p->part_size;
    for (int i = 0; i < 2; i++) {
        uint8_t *mask = p->mask[i];
        for (size_t z = 0; z < part[0]; z++) {
            for (size_t y = 0; y < part[1]; y++, mask += part[2]) {
                size_t row = ((low[0] + z) * p->size[1] + low[1] + y) * p->size[2] + low[2];
                mask_row(mask, p->labels[i] + row, part[2], l);
            }
        }
    }
    return true;
}

static Status score_label(LabelScore *s, Pair *p, const EvaluatedLabel *label,
                          const EvaluationRule *rule, Error *error) {
    const MetricChoice *c = &rule->metrics;
    bool any = masks_make(p, label);
    Overlap o = {0};
    Lesions lesions = {0};
    Status status = VOXPERT_OK;
    if (any)
        o = overlap_count(p->mask[0], p->mask[1],
                          p->part_size[0] * p->part_size[1] * p->part_size[2]);
    *s = (LabelScore){.skipped = false};
    score_voxels(s, o, p->counted);
    score_volumes(s, o, p);
    if (c->groups >> GROUP_LESION & 1 && any)
        status =
            lesions_count(&lesions, p->mask[0], p->mask[1], p->part_size, NEIGHBOURS_ALL, error);
    score_lesions(s, &lesions);
    if (!status && c->groups & GROUPS_OF_SURFACES && any) status = score_surfaces(s, p, c, error);
    if (!any) score_nothing(s, rule);
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

static bool is_evaluated(const EvaluationRule *rule, uint32_t value) {
    for (size_t i = 0; i < rule->labels; i++) {
        if (is_one_of(&rule->label[i], value)) return true;
    }
    return false;
}

/* What is ignored belongs to no label, in either map. */
static void ignore(Pair *p, const EvaluationRule *rule) {
    p->counted = p->voxels;
    if (rule->ignored == 0 && !p->void_mask) return;
    uint32_t nothing = UINT32_MAX;
    while (is_evaluated(rule, nothing)) nothing--;
    for (size_t i = 0; i < p->voxels; i++) {
        bool left_out = p->void_mask && p->void_mask[i];
        if (!left_out && (!rule->ignored || p->labels[0][i] != rule->ignored)) continue;
        p->labels[0][i] = p->labels[1][i] = nothing;
        p->counted--;
    }
}

static void pair_close(Pair *p) {
    for (int i = 0; i < 2; i++) {
        memory_free(p->labels[i]);
        memory_free(p->mask[i]);
        label_places_free(&p->places[i]);
    }
    memory_free(p->void_mask);
}

static Status pair_open(Pair *p, const Volume *const volume[2], const EvaluationRule *rule,
                        Error *error) {
    const Volume *reference = volume[0];
    double xyz[3];
    reference_spacing(xyz, reference, rule);
    *p = (Pair){.size = {reference->depth, reference->height, reference->width},
                .voxels = volume_voxels(reference),
                .spacing = {xyz[2], xyz[1], xyz[0]}};
    Status status = VOXPERT_OK;
    for (int i = 0; i < 2 && !status; i++) {
        p->labels[i] = memory_aligned(p->voxels * sizeof *p->labels[i]);
        p->mask[i] = memory_aligned(p->voxels);
        if (!p->labels[i] || !p->mask[i])
            status =
                error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to compare its %zu voxels",
                          volume_name(volume[i]), p->voxels);
        if (!status && i == 0)
            status =
                volume_labels_void(p->labels[i], &p->void_mask, &(size_t){0}, volume[i], error);
        else if (!status)
            status = volume_labels(p->labels[i], volume[i], error);
    }
    if (!status) ignore(p, rule);
    for (int i = 0; i < 2 && !status; i++)
        status = label_places_find(&p->places[i], p->labels[i], p->size, error);
    return status;
}

bool reference_spacing(double out[3], const Volume *reference, const EvaluationRule *rule) {
    bool told = reference->grid.source != GRID_UNKNOWN, given = rule->spacing_xyz_mm[0] > 0.0;
    for (int a = 0; a < 3; a++)
        out[a] = !told && given ? rule->spacing_xyz_mm[a] : reference->grid.spacing_xyz_mm[a];
    return told || given;
}

Status labels_score(LabelScore *out, const Volume *reference, const Volume *prediction,
                    const EvaluationRule *rule, Error *error) {
    Status status = pair_check(reference, prediction, error);
    if (status) return status;
    Pair p;
    status = pair_open(&p, (const Volume *const[]){reference, prediction}, rule, error);
    for (size_t i = 0; i < rule->labels && !status; i++)
        status = score_label(&out[i], &p, &rule->label[i], rule, error);
    pair_close(&p);
    return status;
}
