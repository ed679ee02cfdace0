#include "eval/metrics.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* How a row's name is completed. */
typedef enum NameKind {
    NAME_PLAIN,     /* "Dice" */
    NAME_LENGTH,    /* "HD_elements" + "_mm" */
    NAME_TOLERANCE, /* "NSD_elements" + "_2mm" */
    NAME_SIZE,      /* "volume_" + "ref" + "_mm3" */
    NAME_SHARE      /* "volume_" + "error_relative" */
} NameKind;

typedef struct MetricRow {
    const char *name;
    NameKind kind;
    int group; /* or NO_GROUP: a count of voxels */
    bool compares;
} MetricRow;

enum { NO_GROUP = -1 };

static const MetricRow rows[METRICS] = {
    [METRIC_DICE] = {"Dice", NAME_PLAIN, GROUP_DICE, true},
    [METRIC_FN] = {"FN", NAME_PLAIN, NO_GROUP, false},
    [METRIC_FP] = {"FP", NAME_PLAIN, NO_GROUP, false},
    [METRIC_IOU] = {"IoU", NAME_PLAIN, GROUP_IOU, true},
    [METRIC_TN] = {"TN", NAME_PLAIN, NO_GROUP, false},
    [METRIC_TP] = {"TP", NAME_PLAIN, NO_GROUP, false},
    [METRIC_N_PRED] = {"n_pred", NAME_PLAIN, NO_GROUP, false},
    [METRIC_N_REF] = {"n_ref", NAME_PLAIN, NO_GROUP, false},
    [METRIC_HD_ELEMENTS] = {"HD_elements", NAME_LENGTH, GROUP_HD, true},
    [METRIC_HD95_ELEMENTS] = {"HD95_elements", NAME_LENGTH, GROUP_HD95, true},
    [METRIC_ASSD_ELEMENTS] = {"ASSD_elements", NAME_LENGTH, GROUP_ASSD, true},
    [METRIC_HD_BORDERS] = {"HD_borders", NAME_LENGTH, GROUP_HD, true},
    [METRIC_HD95_BORDERS] = {"HD95_borders", NAME_LENGTH, GROUP_HD95, true},
    [METRIC_ASSD_BORDERS] = {"ASSD_borders", NAME_LENGTH, GROUP_ASSD, true},
    [METRIC_NSD_ELEMENTS] = {"NSD_elements", NAME_TOLERANCE, GROUP_NSD, true},
    [METRIC_NSD_BORDERS] = {"NSD_borders", NAME_TOLERANCE, GROUP_NSD, true},
    [METRIC_VOLUME_REF] = {"ref", NAME_SIZE, GROUP_VOLUME, false},
    [METRIC_VOLUME_PRED] = {"pred", NAME_SIZE, GROUP_VOLUME, false},
    [METRIC_VOLUME_ERROR] = {"error", NAME_SIZE, GROUP_VOLUME, false},
    [METRIC_VOLUME_RELATIVE] = {"error_relative", NAME_SHARE, GROUP_VOLUME, false},
    [METRIC_VOLUME_ABSOLUTE] = {"error_relative_absolute", NAME_SHARE, GROUP_VOLUME, true},
    [METRIC_LESIONS_REF] = {"lesions_ref", NAME_PLAIN, GROUP_LESION, false},
    [METRIC_LESIONS_PRED] = {"lesions_pred", NAME_PLAIN, GROUP_LESION, false},
    [METRIC_LESIONS_FOUND] = {"lesions_found", NAME_PLAIN, GROUP_LESION, false},
    [METRIC_LESIONS_MISSED] = {"lesions_missed", NAME_PLAIN, GROUP_LESION, true},
    [METRIC_LESIONS_SURPLUS] = {"lesions_surplus", NAME_PLAIN, GROUP_LESION, true},
    [METRIC_LESION_SENSITIVITY] = {"lesion_sensitivity", NAME_PLAIN, GROUP_LESION, true},
    [METRIC_LESION_PRECISION] = {"lesion_precision", NAME_PLAIN, GROUP_LESION, true},
    [METRIC_LESION_F1] = {"lesion_F1", NAME_PLAIN, GROUP_LESION, true},
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
        "distance within which lie 95 % of a surface",
        "largest distance between the surfaces",
        "mean distance between the surfaces",
        "volumes, or areas of pictures, and their error",
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

/* ---- Units ---------------------------------------------------------------------------------- */

static const MetricUnits units[] = {{"volume", "mm", "mm3"},
                                    {"area", "mm", "mm2"},
                                    {"volume", "voxels", "voxels"},
                                    {"area", "px", "px"}};

enum { UNITS = sizeof units / sizeof *units };

MetricUnits metric_units(const MetricChoice *c) {
    return units[(c->pictures ? 1 : 0) + (c->unscaled ? 2 : 0)];
}

bool metric_has_unit(Metric m) {
    Metric base;
    tolerance_of(m, &base);
    return rows[base].kind == NAME_LENGTH || rows[base].kind == NAME_TOLERANCE ||
           rows[base].kind == NAME_SIZE;
}

/* ---- Names ---------------------------------------------------------------------------------- */

/* A host program's decimal mark becomes a point. */
static void make_plain(char *text) {
    for (; *text; text++) *text = *text == ',' ? '.' : *text;
}

double tolerance_rounded(double tolerance) {
    char text[METRIC_NAME_MAX];
    snprintf(text, sizeof text, "%g", tolerance);
    make_plain(text);
    return text_to_double(&tolerance, text) ? tolerance : 0.0;
}

static void name_of(char out[METRIC_NAME_MAX], const MetricRow *r, MetricUnits u,
                    double tolerance) {
    switch (r->kind) {
    case NAME_LENGTH:
        snprintf(out, METRIC_NAME_MAX, "%s_%s", r->name, u.length);
        break;
    case NAME_TOLERANCE:
        snprintf(out, METRIC_NAME_MAX, "%s_%g%s", r->name, tolerance, u.length);
        break;
    case NAME_SIZE:
        snprintf(out, METRIC_NAME_MAX, "%s_%s_%s", u.word, r->name, u.size);
        break;
    case NAME_SHARE:
        snprintf(out, METRIC_NAME_MAX, "%s_%s", u.word, r->name);
        break;
    default:
        snprintf(out, METRIC_NAME_MAX, "%s", r->name);
    }
    make_plain(out);
}

void metric_name(char out[METRIC_NAME_MAX], const MetricChoice *c, Metric m) {
    Metric base;
    size_t tolerance = tolerance_of(m, &base);
    name_of(out, &rows[base], metric_units(c), c->tolerance[tolerance]);
}

/* "_2mm": its place among the tolerances, which it joins. */
static bool tolerance_find(size_t *out, MetricChoice *c, const char *text, const char *unit) {
    char number[METRIC_NAME_MAX];
    double value;
    size_t length = strlen(text), last = strlen(unit), i = 0;
    if (length < last + 2 || length >= sizeof number || text[0] != '_' || !text_ends(text, unit))
        return false;
    snprintf(number, sizeof number, "%.*s", (int)(length - last - 1), text + 1);
    if (!text_to_double(&value, number) || value < 0.0) return false;
    value = tolerance_rounded(value);
    while (i < c->tolerances && (c->tolerance[i] < value || c->tolerance[i] > value)) i++;
    if (i == TOLERANCES_MAX) return false;
    if (i == c->tolerances) c->tolerance[c->tolerances++] = value;
    *out = i;
    return true;
}

/* Summaries of before say no unit where it is mm. */
static bool has_name(const MetricRow *r, size_t unit, MetricChoice *c, const char *name,
                     size_t *tolerance) {
    char full[METRIC_NAME_MAX];
    *tolerance = 0;
    if (r->kind == NAME_TOLERANCE)
        return text_starts(name, r->name) &&
               tolerance_find(tolerance, c, name + strlen(r->name), units[unit].length);
    name_of(full, r, units[unit], 0.0);
    return strcmp(name, full) == 0 ||
           (r->kind == NAME_LENGTH && unit == 0 && strcmp(name, r->name) == 0);
}

/* What a name with that unit says of the choice: "mm" does not tell pictures from volumes. */
static void take_unit(MetricChoice *c, const MetricRow *r, size_t unit) {
    if (r->kind == NAME_PLAIN) return;
    if (r->kind != NAME_SHARE) c->unscaled = unit >= 2;
    if (unit >= 2 || r->kind == NAME_SIZE || r->kind == NAME_SHARE) c->pictures = unit % 2;
}

bool metric_find(Metric *out, MetricChoice *c, const char *name) {
    for (int m = 0; m < METRICS; m++) {
        const MetricRow *r = &rows[m];
        for (size_t unit = 0; r->name && unit < UNITS; unit++) {
            size_t tolerance;
            if (!has_name(r, unit, c, name, &tolerance)) continue;
            if (r->group != NO_GROUP) c->groups |= 1u << r->group;
            take_unit(c, r, unit);
            *out = (Metric)(m + (int)tolerance);
            return true;
        }
    }
    return false;
}
