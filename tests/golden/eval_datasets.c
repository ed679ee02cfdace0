/* datasets.json: what readers find in miniature data sets, and what the linter finds in broken
 * ones.
 */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/files.h"
#include "base/memory.h"
#include "data/challenge.h"
#include "data/check.h"
#include "data/csr.h"
#include "data/load.h"
#include "tests/golden/eval_parts.h"

enum { PATH = 1200 };

/* ---- Results as JSON ------------------------------------------------------------------------ */

static void set_count(json_t *object, uint32_t value, size_t count) {
    char key[16];
    snprintf(key, sizeof key, "%u", value);
    json_object_set_new(object, key, eval_count(count));
}

static json_t *counts_of(const Volume *v) {
    ValueCounts values;
    json_t *counts = json_object();
    values_count(&values, v);
    for (size_t i = 0; i < values.count; i++)
        set_count(counts, (uint32_t)values.item[i].value, values.item[i].voxels);
    return counts;
}

static json_t *shape_zyx(const Volume *v) {
    return json_pack("[o,o,o]", eval_count(v->depth), eval_count(v->height), eval_count(v->width));
}

static json_t *affine_of(const Volume *v) {
    json_t *rows = json_array();
    for (int r = 0; r < 4; r++) json_array_append_new(rows, eval_numbers(v->grid.affine_ras[r], 4));
    return rows;
}

static json_t *crc_of(const Volume *v) {
    size_t n = volume_samples(v);
    char text[16];
    float *values = malloc((n + 1) * sizeof *values);
    if (!values) abort();
    volume_values(values, v, 0, n);
    snprintf(text, sizeof text, "%08lx",
             crc32_z(0, (const unsigned char *)values, n * sizeof *values));
    free(values);
    return json_string(text);
}

static const CatalogCase *case_named(const Catalog *c, const char *name) {
    for (size_t i = 0; i < c->cases; i++) {
        if (strcmp(c->item[i].name, name) == 0) return &c->item[i];
    }
    return NULL;
}

static json_t *labels_by_value(const Catalog *c) {
    json_t *labels = json_object();
    for (size_t i = 0; i < c->labels; i++) {
        char key[16];
        if (c->label[i].values != 1) continue;
        snprintf(key, sizeof key, "%u", c->label[i].value[0]);
        json_object_set_new(labels, key, json_string(c->label[i].name));
    }
    return labels;
}

/* An image of a case, or NULL and a failure. */
static Volume *image_of(EvalRun *run, const CatalogCase *item, size_t channel) {
    Volume *v;
    Error error;
    if (!case_image(&v, item, channel, &error)) return v;
    eval_fail(run, error.message, "%s", item->name);
    return NULL;
}

static Volume *map_of(EvalRun *run, const CatalogCase *item) {
    Volume *v;
    Error error;
    if (!volume_read(&v, item->label[0], &(VolumeReadOptions){.labels = true}, &error)) return v;
    eval_fail(run, error.message, "%s", item->name);
    return NULL;
}

/* ---- nnU-Net ------------------------------------------------------------------------------ */

static void add_channels(EvalRun *run, json_t *got, const Catalog *c, const CatalogCase *item) {
    json_t *crcs = json_array();
    size_t channels = 0;
    for (size_t i = 0; i < item->images; i++) {
        Volume *v = image_of(run, item, i);
        if (!v) continue;
        channels += v->channels;
        json_array_append_new(crcs, crc_of(v));
        if (i == 0) {
            json_object_set_new(got, "shape_zyx", shape_zyx(v));
            json_object_set_new(got, "affine_ras", affine_of(v));
            json_object_set_new(got, "shape",
                                json_pack("[o,o,o]", eval_count(v->height), eval_count(v->width),
                                          eval_count(v->channels)));
        }
        volume_free(v);
    }
    json_object_set_new(got, "channel_crc32_f32", crcs);
    json_object_set_new(got, "files", eval_count(item->images));
    json_object_set_new(got, "channels", eval_count(channels == c->channels ? c->channels : 0));
}

static void add_regions(EvalRun *run, json_t *got, const Catalog *c, const CatalogCase *item) {
    Volume *image = image_of(run, item, 0);
    LabelLayers layers = {0};
    Error error;
    json_t *regions = json_object();
    if (!image) return;
    if (case_labels(&layers, c, item, image, &error))
        eval_fail(run, error.message, "%s", item->name);
    for (size_t i = 0; layers.voxel && i < c->labels; i++)
        json_object_set_new(regions, c->label[i].name, eval_count(layers.voxel[i]));
    json_object_set_new(got, "region_counts", regions);
    label_layers_free(&layers);
    volume_free(image);
}

static void add_ignored(json_t *got, const Catalog *c) {
    json_t *counts = json_object_get(got, "label_counts");
    for (size_t i = 0; i < c->labels; i++) {
        char key[16];
        if (!c->label[i].ignored) continue;
        snprintf(key, sizeof key, "%u", c->label[i].value[0]);
        json_object_set(got, "ignored", json_object_get(counts, key));
    }
}

static json_t *nnunet_case(EvalRun *run, const Catalog *c, const CatalogCase *item) {
    json_t *got = json_object();
    bool test = item->listed && item->form == LABELS_NONE;
    json_object_set_new(got, "split", json_string(test ? "test" : "training"));
    add_channels(run, got, c, item);
    if (item->form != LABELS_MAP) return got;
    Volume *labels = map_of(run, item);
    if (labels) json_object_set_new(got, "label_counts", counts_of(labels));
    volume_free(labels);
    add_regions(run, got, c, item);
    add_ignored(got, c);
    return got;
}

static json_t *nnunet_set(EvalRun *run, const Catalog *c, json_t *want) {
    json_t *got = json_object(), *cases = json_object(), *entry, *fold = json_array();
    const char *name;
    json_object_foreach(json_object_get(want, "cases"), name, entry) {
        const CatalogCase *item = case_named(c, name);
        if (item) json_object_set_new(cases, name, nnunet_case(run, c, item));
    }
    if (json_object_size(cases) != c->cases)
        eval_fail(run, "the index has other cases", "%s", c->name);
    for (size_t i = 0; i < c->cases; i++) {
        if (c->item[i].listed && c->item[i].part == SPLIT_VALIDATION)
            json_array_append_new(fold, json_string(c->item[i].name));
    }
    json_object_set_new(got, "cases", cases);
    json_object_set_new(got, "labels", labels_by_value(c));
    json_object_set_new(got, "folds", eval_count(c->folds));
    json_object_set_new(got, "fold0_val", fold);
    return got;
}

/* ---- SAM-Med2D ---------------------------------------------------------------------------- */

static void add_masks(EvalRun *run, json_t *masks, const Catalog *c, const CatalogCase *item) {
    Volume *image = image_of(run, item, 0);
    LabelLayers layers = {0};
    Error error;
    if (!image) return;
    if (case_labels(&layers, c, item, image, &error))
        eval_fail(run, error.message, "%s", item->name);
    for (size_t i = 0; i < item->labels && layers.voxel; i++) {
        ValueCounts values;
        Volume *v;
        if (volume_read(&v, item->label[i], &(VolumeReadOptions){.labels = true}, NULL)) continue;
        values_count(&values, v);
        volume_free(v);
        json_object_set_new(masks, catalog_relative(c, item->label[i]),
                            json_pack("{s:s, s:o, s:f}", "image",
                                      catalog_relative(c, item->image[0]), "pixels",
                                      eval_count(layers.voxel[i]), "foreground_value",
                                      values.item[values.count - 1].value));
    }
    label_layers_free(&layers);
    volume_free(image);
}

static json_t *sam_med2d_set(EvalRun *run, const Catalog *c, json_t *want) {
    json_t *masks = json_object();
    size_t images = 0, count[3] = {0};
    (void)want;
    for (size_t i = 0; i < c->cases; i++) {
        add_masks(run, masks, c, &c->item[i]);
        images += c->item[i].part == SPLIT_TRAIN;
        count[c->item[i].part] += c->item[i].labels;
    }
    return json_pack("{s:o, s:o, s:o, s:o}", "masks", masks, "images_train", eval_count(images),
                     "masks_train", eval_count(count[SPLIT_TRAIN]), "masks_test",
                     eval_count(count[SPLIT_TEST]));
}

/* ---- IMIS --------------------------------------------------------------------------------- */

static void add_imask(EvalRun *run, json_t *got, const char *path) {
    FileMap map;
    NpyArray a;
    Error error;
    size_t count[64] = {0}, regions = 0;
    int64_t value;
    json_t *counts = json_object();
    if (file_map(&map, path, VOXPERT_BAD_INPUT, &error) ||
        npy_parse(&a, map.bytes, map.size, path, &error)) {
        eval_fail(run, error.message, "%s", path);
        return;
    }
    for (size_t i = 0; i < a.count; i++) {
        if (npy_whole(&a, i, &value) && value >= 0 && value < 64) count[value]++;
    }
    for (uint32_t v = 0; v < 64; v++) {
        if (count[v]) set_count(counts, v, count[v]);
        regions += v && count[v];
    }
    json_object_set_new(got, "imask_counts", counts);
    json_object_set_new(got, "imask_regions", eval_count(regions));
    file_unmap(&map);
}

static json_t *imis_case(EvalRun *run, const Catalog *c, const CatalogCase *item) {
    json_t *got = json_object(), *per_class = json_array(), *dense = json_array();
    Volume *image = image_of(run, item, 0);
    LabelLayers layers = {0};
    Error error;
    Csr m;
    size_t says[4];
    if (!image || csr_open(&m, item->label[0], &error)) {
        eval_fail(run, error.message, "%s", item->name);
        volume_free(image);
        return got;
    }
    if (case_labels(&layers, c, item, image, &error))
        eval_fail(run, error.message, "%s", item->name);
    for (size_t i = 0; i < layers.values; i++)
        json_array_append_new(per_class, eval_count(layers.voxel[i]));
    for (int i = 0; csr_name_shape(item->label[0], says) && i < 4; i++)
        json_array_append_new(dense, eval_count(says[i]));
    json_object_set_new(got, "dense_shape", dense);
    json_object_set_new(got, "nonzero_per_class", per_class);
    json_object_set_new(got, "stored_shape",
                        json_pack("[o,o]", eval_count(m.classes), eval_count(m.pixels)));
    json_object_set_new(got, "split", json_string(split_part_name(item->part)));
    add_imask(run, got, item->regions);
    csr_close(&m);
    label_layers_free(&layers);
    volume_free(image);
    return got;
}

static json_t *imis_set(EvalRun *run, const Catalog *c, json_t *want) {
    json_t *cases = json_object(), *labels = labels_by_value(c);
    (void)want;
    for (size_t i = 0; i < c->cases; i++)
        json_object_set_new(cases, c->item[i].name, imis_case(run, c, &c->item[i]));
    json_object_del(labels, "0");
    return json_pack("{s:o, s:o}", "cases", cases, "labels", labels);
}

/* ---- SAM-Med3D ---------------------------------------------------------------------------- */

static json_t *sam_med3d_set(EvalRun *run, const Catalog *c, json_t *want) {
    json_t *cases = json_object();
    (void)want;
    for (size_t i = 0; i < c->cases; i++) {
        ValueCounts values;
        Volume *labels = map_of(run, &c->item[i]);
        if (!labels) continue;
        const double *mm = labels->grid.spacing_xyz_mm;
        values_count(&values, labels);
        size_t voxels = values.count == 2 ? values.item[1].voxels : 0;
        json_object_set_new(cases, c->item[i].name,
                            json_pack("{s:o, s:f, s:o}", "voxels", eval_count(voxels), "volume_mm3",
                                      (double)voxels * mm[0] * mm[1] * mm[2], "shape_zyx",
                                      shape_zyx(labels)));
        volume_free(labels);
    }
    return json_pack("{s:o}", "cases", cases);
}

/* ---- Challenges --------------------------------------------------------------------------- */

static json_t *points_of(const ChallengePrompts *p, size_t object, bool inside) {
    json_t *points = json_array();
    for (size_t i = 0; i < p->clicks; i++) {
        const ChallengeClick *k = &p->click[i];
        if (k->object == object && k->inside == inside)
            json_array_append_new(points, eval_numbers(k->zyx, 3));
    }
    return points;
}

static void add_prompts(json_t *got, const ChallengePrompts *p, bool flat) {
    json_t *plain = json_array(), *dicts = json_array(), *clicks = json_array();
    for (size_t i = 0; i < p->boxes; i++) {
        const double *low = p->box[i].low, *high = p->box[i].high;
        json_array_append_new(plain, flat ? json_pack("[f,f,f,f]", low[0], low[1], high[0], high[1])
                                          : json_pack("[f,f,f,f,f,f]", low[0], low[1], low[2],
                                                      high[0], high[1], high[2]));
        json_array_append_new(dicts,
                              json_pack("{s:f, s:f, s:o, s:f, s:f, s:f, s:f}", "z_min", low[2],
                                        "z_max", high[2], "z_mid", eval_number(p->box[i].middle_z),
                                        "z_mid_x_min", low[0], "z_mid_y_min", low[1], "z_mid_x_max",
                                        high[0], "z_mid_y_max", high[1]));
        json_array_append_new(clicks, json_pack("{s:o, s:o}", "fg", points_of(p, i, true), "bg",
                                                points_of(p, i, false)));
    }
    json_object_set_new(got, flat ? "boxes_xyxy_inclusive" : "boxes_xyzxyz_inclusive", plain);
    json_object_set_new(got, "boxes", dicts);
    json_object_set_new(got, "clicks_zyx", clicks);
    json_object_set_new(got, "spacing", eval_numbers(p->spacing, 3));
}

static json_t *challenge_file(EvalRun *run, const Catalog *c, const CatalogCase *item) {
    json_t *got = json_object(), *counts = json_object();
    ChallengePrompts prompts;
    LabelLayers layers = {0};
    Error error;
    Volume *image = image_of(run, item, 0);
    if (!image) return got;
    if (case_labels(&layers, c, item, image, &error) ||
        challenge_prompts(&prompts, item->image[0], &error)) {
        eval_fail(run, error.message, "%s", item->name);
        volume_free(image);
        return got;
    }
    for (uint32_t value = 0; value < 16; value++) {
        size_t count = 0;
        for (size_t i = 0; i < layers.voxels; i++) count += layers.layer[0][i] == value;
        if (count) set_count(counts, value, count);
    }
    json_object_set_new(got, "label_counts", counts);
    json_object_set_new(got, "imgs",
                        image->channels == 3 ? json_pack("[o,o,o]", eval_count(image->height),
                                                         eval_count(image->width), eval_count(3))
                                             : shape_zyx(image));
    add_prompts(got, &prompts, image->depth == 1);
    challenge_prompts_free(&prompts);
    label_layers_free(&layers);
    volume_free(image);
    return got;
}

static json_t *challenge_set(EvalRun *run, const Catalog *c, json_t *want) {
    json_t *files = json_object();
    (void)want;
    for (size_t i = 0; i < c->cases; i++)
        json_object_set_new(files, path_base(c->item[i].image[0]),
                            challenge_file(run, c, &c->item[i]));
    return json_pack("{s:o}", "files", files);
}

/* ---- Findings ----------------------------------------------------------------------------- */

static bool names_file(const Finding *f, const char *file) {
    return (f->file && strcmp(f->file, file) == 0) || (f->other && strcmp(f->other, file) == 0);
}

/* Numbers of the golden finding that are among the facts of ours; texts in our sentence. */
static bool facts_agree(const Finding *f, json_t *want) {
    static const char *const words[] = {"rule", "file", "files", "field", "severity", NULL};
    json_t *facts = f->facts ? json_loads(f->facts, 0, NULL) : NULL, *value;
    const char *key;
    bool agree = true;
    json_object_foreach(want, key, value) {
        bool word = false;
        for (int i = 0; words[i]; i++) word = word || strcmp(words[i], key) == 0;
        if (word) continue;
        if (strcmp(key, "detail") == 0)
            agree = agree && strstr(f->detail, json_string_value(value));
        else
            agree = agree && json_equal(json_object_get(facts, key), value);
    }
    json_decref(facts);
    return agree;
}

static bool finding_matches(const Finding *f, json_t *want, const char *file) {
    const char *rule = json_string_value(json_object_get(want, "rule"));
    const char *field = json_string_value(json_object_get(want, "field"));
    const char *severity = json_string_value(json_object_get(want, "severity"));
    return rule && strcmp(data_rule_name(f->rule), rule) == 0 && (!file || names_file(f, file)) &&
           (!field || (f->field && strcmp(f->field, field) == 0)) &&
           (!severity || strncmp(severity, f->warning ? "warning" : "error", 5) == 0) &&
           facts_agree(f, want);
}

static void expect_finding(EvalRun *run, const Catalog *c, json_t *want, const char *file,
                           const char *set) {
    const char *rule = json_string_value(json_object_get(want, "rule"));
    bool found = false;
    for (size_t i = 0; i < c->findings; i++) found |= finding_matches(&c->finding[i], want, file);
    eval_compare(run, json_boolean(found), json_true(), 0.0, "%s: %s%s%s", set, rule,
                 file ? ": " : "", file ? file : "");
}

/* A rule that no golden finding of the set names. */
static void refuse_surplus(EvalRun *run, const Finding *f, json_t *list, const char *set) {
    size_t i;
    json_t *want;
    json_array_foreach(list, i, want) {
        const char *rule = json_string_value(json_object_get(want, "rule"));
        if (rule && strcmp(data_rule_name(f->rule), rule) == 0) return;
    }
    eval_fail(run, f->detail, "%s: surplus: %s", set, data_rule_name(f->rule));
}

static void expect_silence(EvalRun *run, const Catalog *c, const char *set) {
    json_t *none = json_integer(0);
    eval_compare(run, eval_count(c->findings), none, 0.0, "%s: findings", set);
    json_decref(none);
}

static void expect_findings(EvalRun *run, const Catalog *c, json_t *list, const char *set) {
    size_t i, k;
    json_t *want, *file;
    json_array_foreach(list, i, want) {
        json_t *files = json_object_get(want, "files");
        json_array_foreach(files, k, file)
            expect_finding(run, c, want, json_string_value(file), set);
        if (!files)
            expect_finding(run, c, want, json_string_value(json_object_get(want, "file")), set);
    }
    for (k = 0; k < c->findings; k++) refuse_surplus(run, &c->finding[k], list, set);
    if (!json_array_size(list)) expect_silence(run, c, set);
}

/* ---- All sets ----------------------------------------------------------------------------- */

typedef json_t *SetFn(EvalRun *run, const Catalog *c, json_t *want);

static SetFn *const sets[DATA_FORMATS] = {[DATA_NNUNET] = nnunet_set,
                                          [DATA_SAM_MED2D] = sam_med2d_set,
                                          [DATA_IMIS] = imis_set,
                                          [DATA_SAM_MED3D] = sam_med3d_set,
                                          [DATA_CHALLENGE] = challenge_set};

/* All is exact but what comes from an affine. */
static void compare_set(EvalRun *run, json_t *got, json_t *want, const char *set) {
    static const char *const measured[] = {"affine_ras", "volume_mm3"};
    const char *name;
    json_t *entry, *cases = json_object_get(got, "cases");
    json_object_foreach(json_object_get(want, "cases"), name, entry) {
        for (int i = 0; i < 2; i++) {
            json_t *value = json_object_get(json_object_get(cases, name), measured[i]);
            if (json_object_get(entry, measured[i]))
                eval_compare(run, json_incref(value), json_object_get(entry, measured[i]), 1e-5,
                             "%s.%s.%s", set, name, measured[i]);
        }
    }
    eval_compare(run, got, want, 0.0, "%s", set);
}

static void set_run(EvalRun *run, const char *name, json_t *want) {
    char path[PATH];
    Catalog c;
    Error error;
    snprintf(path, sizeof path, "%s/datasets/%s", run->folder, name);
    if (catalog_open(&c, path, NULL, &error) || catalog_check(&c, NULL, NULL, &error)) {
        eval_fail(run, error.message, "%s", name);
        return;
    }
    bool broken = strncmp(name, "broken/", 7) == 0;
    if (!broken && sets[c.format])
        compare_set(run, sets[c.format](run, &c, want), want, name);
    else if (!broken)
        eval_fail(run, "is taken for another format", "%s", name);
    expect_findings(run, &c, json_object_get(want, "findings"), name);
    catalog_close(&c);
}

void eval_datasets(EvalRun *run, json_t *root) {
    static const char *const remarks[] = {"layout",     "note",       "findings", "spacing_order",
                                          "affine_ras", "volume_mm3", NULL};
    const char *name;
    json_t *want;
    run->remarks = remarks;
    json_object_foreach(json_object_get(root, "data_sets"), name, want) set_run(run, name, want);
}
