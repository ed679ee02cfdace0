/* The published automatic mask generator on a real picture: every record, in its order. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/memory.h"
#include "image/rle.h"
#include "predict/everything.h"
#include "tests/golden/inputs.h"
#include "tests/golden/kinds.h"
#include "tests/golden/predictor_case.h"

/* ---- Options ------------------------------------------------------------------------------ */

static void take_double(const json_t *from, const char *key, double *to) {
    const json_t *value = json_object_get(from, key);
    if (json_is_number(value)) *to = json_number_value(value);
}

static void take_float(const json_t *from, const char *key, float *to) {
    double value = (double)*to;
    take_double(from, key, &value);
    *to = (float)value;
}

static void take_int(const json_t *from, const char *key, int *to) {
    const json_t *value = json_object_get(from, key);
    if (json_is_integer(value)) *to = (int)json_integer_value(value);
}

static EverythingOptions options_of(const GoldenRun *run) {
    EverythingOptions o = everything_defaults();
    const json_t *config = golden_metadata(run, "config"), *amg = json_object_get(config, "amg");
    int area = 0;
    take_float(config, "mask_threshold", &o.mask_threshold);
    take_int(amg, "points_per_side", &o.points_per_side);
    take_float(amg, "pred_iou_thresh", &o.pred_iou_thresh);
    take_float(amg, "stability_score_thresh", &o.stability_score_thresh);
    take_float(amg, "stability_score_offset", &o.stability_score_offset);
    take_float(amg, "box_nms_thresh", &o.box_nms_thresh);
    take_float(amg, "crop_nms_thresh", &o.crop_nms_thresh);
    take_int(amg, "crop_n_layers", &o.crop_n_layers);
    take_int(amg, "crop_n_points_downscale_factor", &o.crop_n_points_downscale);
    take_double(amg, "crop_overlap_ratio", &o.crop_overlap_ratio);
    take_int(amg, "min_mask_region_area", &area);
    o.min_mask_region_area = (size_t)area;
    return o;
}

/* ---- Records ------------------------------------------------------------------------------ */

typedef struct Records {
    float *boxes, *crops, *points, *iou, *stability;
    int *area, *lengths, *counts;
    size_t count, all_counts;
} Records;

static void records_free(Records *r) {
    float *floats[] = {r->boxes, r->crops, r->points, r->iou, r->stability};
    int *ints[] = {r->area, r->lengths, r->counts};
    for (size_t i = 0; i < sizeof floats / sizeof *floats; i++) free(floats[i]);
    for (size_t i = 0; i < sizeof ints / sizeof *ints; i++) free(ints[i]);
}

static void *array(size_t count, size_t item) {
    void *p = calloc(count + 1, item);
    if (!p) abort();
    return p;
}

static Records records_new(size_t count, size_t pixels) {
    return (Records){
        .boxes = array(4 * count, sizeof(float)),
        .crops = array(4 * count, sizeof(float)),
        .points = array(2 * count, sizeof(float)),
        .iou = array(count, sizeof(float)),
        .stability = array(count, sizeof(float)),
        .area = array(count, sizeof(int)),
        .lengths = array(count, sizeof(int)),
        .counts = array(count * pixels, sizeof(int)), /* addresses; touched as needed */
    };
}

static void to_xywh(float *xywh, const float corners[4]) {
    for (int i = 0; i < 2; i++) {
        xywh[i] = corners[i];
        xywh[i + 2] = corners[i + 2] - corners[i];
    }
}

static bool add_record(GoldenRun *run, Records *r, const FoundMask *m, Extent size) {
    Rle rle;
    Error error;
    uint8_t *frame = memory_new(extent_pixels(size));
    found_mask_draw(m, frame, size.width);
    bool ok = golden_check(run, rle_encode(&rle, frame, size, &error), &error);
    memory_free(frame);
    if (!ok) return false;
    size_t i = r->count++;
    to_xywh(r->boxes + 4 * i, m->box);
    to_xywh(r->crops + 4 * i, m->crop);
    memcpy(r->points + 2 * i, m->point, sizeof m->point);
    r->iou[i] = m->predicted_iou;
    r->stability[i] = m->stability;
    r->area[i] = (int)rle_area(&rle);
    r->lengths[i] = (int)rle.count;
    for (size_t k = 0; k < rle.count; k++) r->counts[r->all_counts++] = (int)rle.counts[k];
    rle_free(&rle);
    return true;
}

/* ---- Masks -------------------------------------------------------------------------------- */

/* A mask is a mask, run lengths or bits: pixels whose logit lies at the threshold may differ. */
static size_t most_flips(Extent size) {
    size_t share = extent_pixels(size) / 10000;
    return share > 4 ? share : 4;
}

/* Pixels that differ between two lists of run lengths over as many pixels. */
static size_t flips(const int *a, size_t a_count, const float *b, size_t b_count) {
    size_t i = 0, j = 0, differ = 0, a_left = a_count ? (size_t)a[0] : 0;
    size_t b_left = b_count ? (size_t)b[0] : 0;
    while (i < a_count && j < b_count) {
        size_t both = a_left < b_left ? a_left : b_left;
        if ((i ^ j) & 1) differ += both;
        a_left -= both, b_left -= both;
        if (!a_left && ++i < a_count) a_left = (size_t)a[i];
        if (!b_left && ++j < b_count) b_left = (size_t)b[j];
    }
    return differ;
}

static bool same_sum(GoldenRun *run, size_t record, const int *counts, size_t count) {
    const json_t *sums = golden_metadata(run, "rle_crc32_per_record");
    const char *want = json_string_value(json_array_get(sums, record));
    char ours[16];
    snprintf(ours, sizeof ours, "%08lx",
             crc32(crc32(0, NULL, 0), (const Bytef *)counts, (uInt)(count * sizeof *counts)));
    return want && strcmp(want, ours) == 0;
}

/* Record by record: the same sum, or where the file holds the run lengths, almost the same mask. */
static void compare_masks(GoldenRun *run, const Records *r, Extent size) {
    GoldenArray counts, lengths;
    bool stored = golden_input(run, "out.rle_counts", &counts);
    stored &= golden_input(run, "out.rle_lengths", &lengths) && lengths.count == r->count;
    size_t worst = 0, most = most_flips(size), ours = 0, theirs = 0;
    for (size_t i = 0; i < r->count; i++) {
        size_t n = (size_t)r->lengths[i], m = stored ? (size_t)lengths.values[i] : 0;
        size_t differ = same_sum(run, i, r->counts + ours, n) ? 0
                        : stored && theirs + m <= counts.count
                            ? flips(r->counts + ours, n, counts.values + theirs, m)
                            : most + 1;
        if (differ > worst) worst = differ;
        ours += n;
        theirs += m;
    }
    double share = (double)worst / (double)most;
    golden_judge(run, "out.rle_counts", share, "%zu pixels differ (%zu)", worst, most);
    golden_judge(run, "out.rle_lengths", share, "%zu pixels differ (%zu)", worst, most);
    golden_array_free(&counts);
    golden_array_free(&lengths);
}

static void compare_areas(GoldenRun *run, const Records *r, Extent size) {
    GoldenArray areas;
    double worst = 0.0, most = (double)most_flips(size);
    bool stored = golden_input(run, "out.area", &areas) && areas.count == r->count;
    for (size_t i = 0; stored && i < r->count; i++)
        worst = fmax(worst, fabs((double)areas.values[i] - (double)r->area[i]));
    golden_judge(run, "out.area", stored ? worst / most : HUGE_VAL, "%.0f pixels (%.0f)", worst,
                 most);
    golden_array_free(&areas);
}

static void compare_records(GoldenRun *run, const Records *r, Extent size) {
    size_t n = r->count;
    golden_compare(run, "out.boxes", r->boxes, 4 * n);
    golden_compare(run, "out.crop_box", r->crops, 4 * n);
    golden_compare(run, "out.point_coords", r->points, 2 * n);
    golden_compare(run, "out.predicted_iou", r->iou, n);
    golden_compare(run, "out.stability_score", r->stability, n);
    compare_areas(run, r, size);
    compare_masks(run, r, size);
}

void golden_sam_automask(GoldenRun *run) {
    PredictorCase c;
    Error error;
    FoundMasks found = {0};
    EverythingOptions options = options_of(run);
    if (predictor_case_open(&c, run, "sam") &&
        golden_check(run, everything_find(c.predictor, &options, &found, NULL, NULL, &error),
                     &error)) {
        Extent size = {c.picture.height, c.picture.width};
        Records records = records_new(found.count, extent_pixels(size));
        bool ok = true;
        for (size_t i = 0; ok && i < found.count; i++)
            ok = add_record(run, &records, &found.item[i], size);
        if (ok) compare_records(run, &records, size);
        records_free(&records);
    }
    found_masks_free(&found);
    predictor_case_close(&c);
}
