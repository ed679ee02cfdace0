#include "eval/metrics.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

typedef struct MetricRow {
    const char *name; /* NSD: followed by "_2mm" */
    int group;        /* or NO_GROUP: a count of voxels */
    bool compares;
} MetricRow;

enum { NO_GROUP = -1 };

static const MetricRow rows[METRICS] = {
    [METRIC_DICE] = {"Dice", GROUP_DICE, true},
    [METRIC_FN] = {"FN", NO_GROUP, false},
    [METRIC_FP] = {"FP", NO_GROUP, false},
    [METRIC_IOU] = {"IoU", GROUP_IOU, true},
    [METRIC_TN] = {"TN", NO_GROUP, false},
    [METRIC_TP] = {"TP", NO_GROUP, false},
    [METRIC_N_PRED] = {"n_pred", NO_GROUP, false},
    [METRIC_N_REF] = {"n_ref", NO_GROUP, false},
    [METRIC_HD_ELEMENTS] = {"HD_elements", GROUP_HD, true},
    [METRIC_HD95_ELEMENTS] = {"HD95_elements", GROUP_HD95, true},
    [METRIC_ASSD_ELEMENTS] = {"ASSD_elements", GROUP_ASSD, true},
    [METRIC_HD_BORDERS] = {"HD_borders", GROUP_HD, true},
    [METRIC_HD95_BORDERS] = {"HD95_borders", GROUP_HD95, true},
    [METRIC_ASSD_BORDERS] = {"ASSD_borders", GROUP_ASSD, true},
    [METRIC_NSD_ELEMENTS] = {"NSD_elements", GROUP_NSD, true},
    [METRIC_NSD_BORDERS] = {"NSD_borders", GROUP_NSD, true},
    [METRIC_VOLUME_REF] = {"volume_ref_mm3", GROUP_VOLUME, false},
    [METRIC_VOLUME_PRED] = {"volume_pred_mm3", GROUP_VOLUME, false},
    [METRIC_VOLUME_ERROR] = {"volume_error_mm3", GROUP_VOLUME, false},
    [METRIC_VOLUME_RELATIVE] = {"volume_error_relative", GROUP_VOLUME, false},
    [METRIC_VOLUME_ABSOLUTE] = {"volume_error_relative_absolute", GROUP_VOLUME, true},
    [METRIC_LESIONS_REF] = {"lesions_ref", GROUP_LESION, false},
    [METRIC_LESIONS_PRED] = {"lesions_pred", GROUP_LESION, false},
    [METRIC_LESIONS_FOUND] = {"lesions_found", GROUP_LESION, false},
    [METRIC_LESIONS_MISSED] = {"lesions_missed", GROUP_LESION, true},
    [METRIC_LESIONS_SURPLUS] = {"lesions_surplus", GROUP_LESION, true},
    [METRIC_LESION_SENSITIVITY] = {"lesion_sensitivity", GROUP_LESION, true},
    [METRIC_LESION_PRECISION] = {"lesion_precision", GROUP_LESION, true},
    [METRIC_LESION_F1] = {"lesion_F1", GROUP_LESION, true},
};

/* ---- Groups --------------------------------------------------------------------------------- */

const char *metric_group_name(MetricGroup g) {
    static const char *const names[METRIC_GROUPS] = {"dice", "iou",  "nsd", "hd95",
                                                     "hd",   "assd", "vol", "lesion"};
    return names[g];
}

const char *metric_group_help(MetricGroup g) {
    static const char *const lines[METRIC_GROUPS] = {
        "overlap, 2 I / (P + G)",
        "overlap, I / U",
        "share of both surfaces within a tolerance of the other",
        "distance within which lie 95 % of a surface, mm",
        "largest distance between the surfaces, mm",
        "mean distance between the surfaces, mm",
        "volumes and their error, mm3",
        "connected pieces found, missed and surplus",
    };
    return lines[g];
}

/* ---- Metrics -------------------------------------------------------------------------------- */

/* Of which tolerance an NSD is; `base` is the row that it belongs to. */
static size_t tolerance_of(Metric m, Metric *base) {
    *base = m;
    if (m < METRIC_NSD_ELEMENTS || m >= METRIC_VOLUME_REF) return 0;
    *base = m < METRIC_NSD_BORDERS ? METRIC_NSD_ELEMENTS : METRIC_NSD_BORDERS;
    return (size_t)(m - *base);
}

bool metric_chosen(const MetricChoice *c, Metric m) {
    Metric base;
    size_t tolerance = tolerance_of(m, &base);
    int group = rows[base].group;
    if (group == NO_GROUP || !(c->groups >> group & 1)) return false;
    return group != GROUP_NSD || tolerance < c->tolerances;
}

bool metric_measured(const MetricChoice *c, Metric m) {
    return m < METRICS_OF_VOXELS || metric_chosen(c, m);
}

bool metric_compares(Metric m) {
    Metric base;
    tolerance_of(m, &base);
    return rows[base].compares;
}

/* A host program's decimal mark becomes a point. */
static void make_plain(char *text) {
    for (; *text; text++) *text = *text == ',' ? '.' : *text;
}

double tolerance_rounded(double mm) {
    char text[METRIC_NAME_MAX];
    snprintf(text, sizeof text, "%g", mm);
    make_plain(text);
    return text_to_double(&mm, text) ? mm : 0.0;
}

void metric_name(char out[METRIC_NAME_MAX], const MetricChoice *c, Metric m) {
    Metric base;
    size_t tolerance = tolerance_of(m, &base);
    if (rows[base].group == GROUP_NSD)
        snprintf(out, METRIC_NAME_MAX, "%s_%gmm", rows[base].name, c->tolerance_mm[tolerance]);
    else
        snprintf(out, METRIC_NAME_MAX, "%s", rows[base].name);
    make_plain(out);
}

/* "_2mm": its place among the tolerances, which it joins. */
static bool tolerance_find(size_t *out, MetricChoice *c, const char *text) {
    char number[METRIC_NAME_MAX];
    double value;
    size_t length = strlen(text), i = 0;
    if (length < 4 || length >= sizeof number || text[0] != '_' || !text_ends(text, "mm"))
        return false;
    snprintf(number, sizeof number, "%.*s", (int)(length - 3), text + 1);
    if (!text_to_double(&value, number) || value < 0.0) return false;
    value = tolerance_rounded(value);
    while (i < c->tolerances && (c->tolerance_mm[i] < value || c->tolerance_mm[i] > value)) i++;
    if (i == TOLERANCES_MAX) return false;
    if (i == c->tolerances) c->tolerance_mm[c->tolerances++] = value;
    *out = i;
    return true;
}

bool metric_find(Metric *out, MetricChoice *c, const char *name) {
    for (int m = 0; m < METRICS; m++) {
        const MetricRow *r = &rows[m];
        size_t tolerance = 0;
        if (!r->name || !text_starts(name, r->name)) continue;
        const char *rest = name + strlen(r->name);
        if (r->group == GROUP_NSD ? !tolerance_find(&tolerance, c, rest) : *rest != '\0') continue;
        if (r->group != NO_GROUP) c->groups |= 1u << r->group;
        *out = (Metric)(m + (int)tolerance);
        return true;
    }
    return false;
}
