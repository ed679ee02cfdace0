/* surface.json: one pair of masks after the other, each value in three ways where there are three.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/lesions.h"
#include "eval/overlap.h"
#include "eval/surface.h"
#include "tests/golden/eval_parts.h"

enum { SIZES = 12 };

typedef struct SurfaceCase {
    uint8_t *truth, *prediction;
    size_t size[3], voxels;
    double spacing[3]; /* z, y, x */
    int dimensions;
    Overlap overlap;
    Surfaces elements, borders;
} SurfaceCase;

static void set(json_t *object, const char *key, double value) {
    json_object_set_new(object, key, eval_number(value));
}

static void set_count(json_t *object, const char *key, size_t value) {
    json_object_set_new(object, key, eval_count(value));
}

/* ---- Sections ------------------------------------------------------------------------------- */

static json_t *counts_of(const SurfaceCase *c) {
    json_t *got = json_object();
    set_count(got, "truth", c->overlap.truth);
    set_count(got, "pred", c->overlap.prediction);
    set_count(got, "TP", c->overlap.both);
    set_count(got, "FP", c->overlap.prediction - c->overlap.both);
    set_count(got, "FN", c->overlap.truth - c->overlap.both);
    set_count(got, "TN", c->voxels + c->overlap.both - c->overlap.truth - c->overlap.prediction);
    return got;
}

static json_t *overlap_of(const SurfaceCase *c) {
    json_t *got = json_object();
    double iou = overlap_iou(c->overlap);
    set(got, "dice", overlap_dice(c->overlap));
    set(got, "iou", iou);
    set(got, "dice_medpy", overlap_dice(c->overlap));
    json_object_set_new(got, "iou_medpy",
                        isnan(iou) ? json_string("not defined (0/0)") : eval_number(iou));
    set(got, "dice_eps1e-7_sam_med2d", overlap_dice_by(c->overlap, OVERLAP_SAM_MED2D));
    set(got, "iou_eps1e-7_sam_med2d", overlap_iou_by(c->overlap, OVERLAP_SAM_MED2D));
    set(got, "dice_eps1e-8_segmote", overlap_dice_by(c->overlap, OVERLAP_SEGMOTE));
    set(got, "iou_eps1e-8_segmote", overlap_iou_by(c->overlap, OVERLAP_SEGMOTE));
    return got;
}

static json_t *volume_of(const SurfaceCase *c) {
    json_t *got = json_object();
    double truth = voxels_volume(c->overlap.truth, c->spacing, c->dimensions);
    double prediction = voxels_volume(c->overlap.prediction, c->spacing, c->dimensions);
    json_object_set_new(got, "unit", json_string(c->dimensions == 2 ? "mm2" : "mm3"));
    set(got, "truth", truth);
    set(got, "pred", prediction);
    set(got, "relative_difference", overlap_volume_difference(c->overlap));
    if (c->dimensions == 2) return got;
    set(got, "truth_ml", truth / 1000.0);
    set(got, "pred_ml", prediction / 1000.0);
    return got;
}

static json_t *elements_of(const SurfaceCase *c) {
    const Surfaces *s = &c->elements;
    json_t *got = json_object();
    set_count(got, "n_elements_truth", s->truth.count);
    set_count(got, "n_elements_pred", s->prediction.count);
    set(got, "area_truth", s->truth.weight);
    set(got, "area_pred", s->prediction.weight);
    set(got, "hd100", surfaces_hausdorff(s, 100.0));
    set(got, "hd95", surfaces_hausdorff(s, 95.0));
    set(got, "asd_truth_to_pred", surface_mean(&s->truth));
    set(got, "asd_pred_to_truth", surface_mean(&s->prediction));
    set(got, "assd_mean_of_two", surfaces_mean_of_two(s));
    set(got, "assd_pooled", surfaces_mean_pooled(s));
    for (int mm = 1; mm <= 3; mm++) {
        char key[32];
        const double within[] = {surface_within(&s->truth, mm), surface_within(&s->prediction, mm)};
        snprintf(key, sizeof key, "nsd_%dmm", mm);
        set(got, key, surfaces_dice(s, mm));
        snprintf(key, sizeof key, "overlap_%dmm", mm);
        json_object_set_new(got, key, eval_numbers(within, 2));
    }
    return got;
}

static json_t *medpy_of(const SurfaceCase *c) {
    const Surfaces *s = &c->borders;
    if (isnan(surfaces_hausdorff_pooled(s, 95.0))) return json_string("refused: one mask is empty");
    json_t *got = json_object();
    set(got, "hd", surfaces_hausdorff_pooled(s, 100.0));
    set(got, "hd95", surfaces_hausdorff_pooled(s, 95.0));
    set(got, "assd", surfaces_mean_pooled(s));
    set(got, "asd_pred_to_truth", surface_mean(&s->prediction));
    set(got, "asd_truth_to_pred", surface_mean(&s->truth));
    set_count(got, "n_border_truth", s->truth.count);
    set_count(got, "n_border_pred", s->prediction.count);
    return got;
}

static json_t *monai_of(const SurfaceCase *c) {
    const Surfaces *s = &c->borders;
    json_t *got = json_object();
    set(got, "hausdorff_100", surfaces_hausdorff_of_two(s, 100.0));
    set(got, "hausdorff_95", surfaces_hausdorff_of_two(s, 95.0));
    set(got, "assd_symmetric", surfaces_mean_pooled(s));
    set(got, "surface_dice_border_1mm", surfaces_dice(s, 1.0));
    set(got, "surface_dice_border_2mm", surfaces_dice(s, 2.0));
    return got;
}

static json_t *sizes_of(const uint8_t *mask, const SurfaceCase *c, Neighbours neighbours) {
    Regions r;
    if (regions_find(&r, mask, c->size, neighbours, NULL)) return NULL;
    size_t *voxels = malloc((r.count + 1) * sizeof *voxels);
    if (!voxels) abort();
    for (size_t i = 0; i < r.count; i++) voxels[i] = r.region[i].voxels;
    json_t *list = eval_sizes(voxels, r.count, SIZES);
    free(voxels);
    regions_free(&r);
    return list;
}

static json_t *lesions_of(const SurfaceCase *c) {
    static const char *const keys[2][3] = {{"4", NULL, "8"}, {"6", "18", "26"}};
    json_t *got = json_object();
    for (int n = NEIGHBOURS_FACES; n <= NEIGHBOURS_ALL; n++) {
        Lesions l;
        const char *key = keys[c->dimensions == 3][n];
        if (!key || lesions_count(&l, c->truth, c->prediction, c->size, (Neighbours)n, NULL))
            continue;
        json_t *one = json_object();
        set_count(one, "truth", l.truth);
        set_count(one, "pred", l.prediction);
        set_count(one, "truth_found", l.found);
        set_count(one, "pred_matching", l.matching);
        set_count(one, "false_negative", l.truth - l.found);
        set_count(one, "false_positive", l.prediction - l.matching);
        json_object_set_new(one, "sizes_truth", sizes_of(c->truth, c, (Neighbours)n));
        json_object_set_new(one, "sizes_pred", sizes_of(c->prediction, c, (Neighbours)n));
        json_object_set_new(got, key, one);
    }
    return got;
}

typedef struct Section {
    const char *key;
    json_t *(*compute)(const SurfaceCase *c);
    double tolerance, tolerance_file; /* with the spacing of the JSON; with that of the file */
} Section;

static const Section sections[] = {
    {"counts", counts_of, 0.0, 0.0},
    {"overlap", overlap_of, 1e-9, 1e-9},
    {"volume", volume_of, 1e-9, 1e-6},
    {"surface", elements_of, 1e-9, 1e-6},
    {"voxel_border_medpy", medpy_of, 1e-9, 1e-6},
    {"monai", monai_of, 1e-5, 1e-5},
    {"lesions", lesions_of, 0.0, 0.0},
};
enum { SECTIONS = sizeof sections / sizeof *sections };

/* ---- Cases ---------------------------------------------------------------------------------- */

static bool case_measure(SurfaceCase *c) {
    return !surfaces_of_elements(&c->elements, c->truth, c->prediction, c->size, c->spacing,
                                 NULL) &&
           !surfaces_of_borders(&c->borders, c->truth, c->prediction, c->size, c->spacing, NULL);
}

static void case_compare(EvalRun *run, const char *name, SurfaceCase *c, json_t *entry, bool file) {
    const char *key;
    json_t *want;
    const char *spacing = file ? " (spacing of the file)" : "";
    if (!case_measure(c)) eval_fail(run, "its surfaces cannot be measured", "%s", name);
    json_object_foreach(entry, key, want) {
        int i = 0;
        while (i < SECTIONS && strcmp(sections[i].key, key) != 0) i++;
        if (i < SECTIONS)
            eval_compare(run, sections[i].compute(c), want,
                         file ? sections[i].tolerance_file : sections[i].tolerance, "%s%s.%s", name,
                         spacing, key);
        else if (!eval_is_remark(run, key))
            eval_fail(run, "nothing computes it", "%s.%s", name, key);
    }
    surfaces_free(&c->elements);
    surfaces_free(&c->borders);
}

/* The shape in the JSON is (x, y) or (x, y, z); the spacing too, and it becomes the case's. */
static bool case_grid(SurfaceCase *c, json_t *entry) {
    json_t *shape = json_object_get(entry, "shape_xyz");
    json_t *spacing = json_object_get(entry, "spacing_xyz");
    c->dimensions = (int)json_integer_value(json_object_get(entry, "dimensions"));
    bool same =
        json_array_size(shape) == (size_t)c->dimensions && (c->dimensions == 3 || c->size[0] == 1);
    for (size_t a = 0; same && a < json_array_size(shape); a++) {
        same = (size_t)json_integer_value(json_array_get(shape, a)) == c->size[2 - a];
        c->spacing[2 - a] = json_number_value(json_array_get(spacing, a));
    }
    return same;
}

static void case_run(EvalRun *run, const char *name, json_t *entry) {
    const char *file = json_string_value(json_object_get(entry, "file"));
    EvalLabels l;
    if (!eval_labels_read(run, &l, file ? file : "")) return;
    SurfaceCase c = {
        .truth = malloc(l.voxels + 1), .prediction = malloc(l.voxels + 1), .voxels = l.voxels};
    if (!c.truth || !c.prediction) abort();
    for (size_t i = 0; i < l.voxels; i++) {
        c.truth[i] = l.label[i] & 1;
        c.prediction[i] = l.label[i] >> 1 & 1;
    }
    memcpy(c.size, l.size, sizeof c.size);
    memcpy(c.spacing, l.spacing, sizeof c.spacing);
    c.overlap = overlap_count(c.truth, c.prediction, c.voxels);
    if (case_grid(&c, entry)) {
        case_compare(run, name, &c, entry, false);
        memcpy(c.spacing, l.spacing, sizeof c.spacing);
        case_compare(run, name, &c, entry, true);
    } else {
        eval_fail(run, "the file has another shape", "%s", name);
    }
    free(c.truth);
    free(c.prediction);
    eval_labels_free(&l);
}

void eval_surfaces(EvalRun *run, json_t *root) {
    static const char *const remarks[] = {
        "file", "note", "dimensions", "spacing_xyz", "shape_xyz", "surface_if_axes_reversed", NULL};
    const char *name;
    json_t *entry;
    run->remarks = remarks;
    json_object_foreach(json_object_get(root, "cases"), name, entry) {
        if (json_object_size(json_object_get(entry, "surface_if_axes_reversed")) > 0)
            eval_fail(run, "depends on the order of axes, which is not run", "%s", name);
        case_run(run, name, entry);
    }
}
