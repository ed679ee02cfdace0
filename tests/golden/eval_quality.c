/* quality.json: pictures of shared/data/2d with their masks. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "eval/objects.h"
#include "image/picture.h"
#include "image/regions.h"
#include "screen/quality.h"
#include "tests/golden/eval_parts.h"

enum { SIZES = 20, LABELS = 40 };

typedef struct QualityCase {
    uint8_t *grey, *mask;
    uint16_t *value;
    size_t pixels;
    Extent size;
} QualityCase;

/* ---- Reading -------------------------------------------------------------------------------- */

static Status grey_read(QualityCase *c, const char *path, Error *error) {
    Volume *v = NULL;
    Picture picture = {0};
    Status status = volume_read(&v, path, NULL, error);
    if (!status) status = volume_plane(&picture, v, NULL, error);
    if (!status) {
        c->size = (Extent){picture.height, picture.width};
        c->pixels = extent_pixels(c->size);
        c->grey = malloc(c->pixels + 1);
        if (!c->grey) abort();
        grey_of_rgb(c->grey, picture.rgb, c->pixels);
    }
    picture_free(&picture);
    volume_free(v);
    return status;
}

static bool mask_read(EvalRun *run, QualityCase *c, const char *relative) {
    EvalLabels l;
    if (!eval_labels_read(run, &l, relative)) return false;
    bool same = l.voxels == c->pixels && l.size[2] == c->size.width;
    c->mask = malloc(c->pixels + 1);
    c->value = malloc((c->pixels + 1) * sizeof *c->value);
    if (!c->mask || !c->value) abort();
    for (size_t i = 0; i < c->pixels && same; i++) {
        c->mask[i] = l.label[i] != 0;
        c->value[i] = (uint16_t)l.label[i];
    }
    if (!same) eval_fail(run, "is of another size than its picture", "%s", relative);
    eval_labels_free(&l);
    return same;
}

/* ---- Results -------------------------------------------------------------------------------- */

static json_t *box_of(PixelBox b) {
    return json_pack("[o,o,o,o]", eval_count(b.x0), eval_count(b.y0), eval_count(b.x1),
                     eval_count(b.y1));
}

static void add_grey(json_t *got, const QualityCase *c) {
    char crc[16];
    size_t sum = 0;
    for (size_t i = 0; i < c->pixels; i++) sum += c->grey[i];
    snprintf(crc, sizeof crc, "%08lx", crc32(0, c->grey, (unsigned)c->pixels));
    json_object_set_new(got, "grey_crc32_bytes", json_string(crc));
    json_object_set_new(got, "grey_sum", eval_count(sum));
    json_object_set_new(got, "size_wh",
                        json_pack("[o,o]", eval_count(c->size.width), eval_count(c->size.height)));
}

static void add_measures(json_t *got, const Quality *q) {
    json_t *rejected = json_array();
    QualityLimits limits = quality_limits_default();
    unsigned faults = quality_faults(q, &limits);
    for (int f = 0; f < QUALITY_FAULTS; f++) {
        if (faults >> f & 1)
            json_array_append_new(rejected, json_string(quality_fault_name((QualityFault)f)));
    }
    json_object_set_new(got, "rejected_for", rejected);
    json_object_set_new(got, "laplacian_variance", eval_number(q->laplacian_variance));
    json_object_set_new(got, "laplacian_sum", json_integer(q->laplacian_sum));
    json_object_set_new(got, "laplacian_sum_of_squares", json_integer(q->laplacian_squares));
    json_object_set_new(got, "box_xyxy_inclusive", box_of(q->box));
    json_object_set_new(got, "dilated_box_xyxy_inclusive", box_of(q->dilated));
    json_object_set_new(got, "rms_contrast", eval_number(q->rms_contrast));
    json_object_set_new(got, "michelson_contrast", eval_number(q->michelson_contrast));
    json_object_set_new(got, "entropy_bits", eval_number(q->entropy_bits));
    json_object_set_new(got, "foreground_pixels", eval_count(q->foreground));
    json_object_set_new(got, "foreground_ratio", eval_number(q->foreground_ratio));
    json_object_set_new(got, "components_8", eval_count(q->pieces));
    json_object_set_new(got, "smallest_component_ratio", eval_number(q->smallest_ratio));
}

static bool add_pieces(json_t *got, const QualityCase *c) {
    const size_t size[3] = {1, c->size.height, c->size.width};
    const ObjectRule rule = {OBJECTS_COMPONENTS, .first = 1, .last = UINT16_MAX, .least = 1};
    Regions r;
    Objects o;
    if (regions_find(&r, c->mask, size, NEIGHBOURS_ALL, NULL)) return false;
    size_t *voxels = malloc((r.count + 1) * sizeof *voxels);
    if (!voxels) abort();
    for (size_t i = 0; i < r.count; i++) voxels[i] = r.region[i].voxels;
    json_object_set_new(got, "component_sizes", eval_sizes(voxels, r.count, SIZES));
    free(voxels);
    regions_free(&r);
    if (objects_find(&o, c->value, size, rule, NULL)) return false;
    json_t *labels = json_object();
    for (size_t i = 0; i < o.count; i++) { /* by value */
        char key[16];
        snprintf(key, sizeof key, "%u", o.object[i].value);
        json_int_t before = json_integer_value(json_object_get(labels, key));
        if (before || json_object_size(labels) < LABELS)
            json_object_set_new(labels, key, json_integer(before + 1));
    }
    json_object_set_new(got, "components_per_label", labels);
    objects_free(&o);
    return true;
}

/* ---- Pairs ---------------------------------------------------------------------------------- */

static void pair_run(EvalRun *run, json_t *entry) {
    const char *image = json_string_value(json_object_get(entry, "image"));
    const char *mask = json_string_value(json_object_get(entry, "mask"));
    char path[1024], relative[512];
    QualityCase c = {0};
    Quality q;
    Error error = {0};
    if (!image || !mask) {
        eval_fail(run, "a pair without its files", "quality");
        return;
    }
    snprintf(path, sizeof path, "%s/../../data/%s", run->folder, image);
    snprintf(relative, sizeof relative, "../../data/%s", mask);
    if (grey_read(&c, path, &error))
        eval_fail(run, error.message, "%s", image);
    else if (mask_read(run, &c, relative)) {
        json_t *got = json_object();
        add_grey(got, &c);
        if (quality_measure(&q, c.grey, c.mask, NULL, c.size, &error) || !add_pieces(got, &c))
            eval_fail(run, error.message, "%s", image);
        else
            add_measures(got, &q);
        eval_compare(run, got, entry, 1e-6, "%s", image);
    }
    free(c.grey);
    free(c.mask);
    free(c.value);
}

void eval_quality(EvalRun *run, json_t *root) {
    static const char *const remarks[] = {"image", "mask", NULL};
    size_t i;
    json_t *entry;
    run->remarks = remarks;
    json_array_foreach(json_object_get(root, "pairs"), i, entry) pair_run(run, entry);
}
