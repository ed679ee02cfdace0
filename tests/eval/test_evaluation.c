#include "eval/evaluation.h"
#include "image/mask_clean.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "base/memory.h"
#include "eval/lesions.h"
#include "eval/surface.h"
#include "tests/check.h"

enum { H = 3, W = 4 };

static const EvaluatedLabel one_to_three[] = {
    {.value = {1}, .values = 1}, {.value = {2}, .values = 1}, {.value = {3}, .values = 1}};
static const EvaluationRule plain = {.label = one_to_three, .labels = 3};
static const MetricChoice everything = {
    .groups = GROUPS_ALL, .tolerance = {1.0, 0.5}, .tolerances = 2};

/* Label 1: 3 of 4 found, and one beside; label 2 is missed; label 3 is nowhere. */
static const uint8_t truth[H * W] = {
    1, 1, 0, 0, //
    1, 1, 0, 0, //
    0, 0, 2, 2,
};
static const uint8_t prediction[H * W] = {
    1, 1, 1, 0, //
    1, 0, 0, 0, //
    0, 0, 0, 0,
};

static bool is_near(double got, double want) { return fabs(got - want) <= 1e-14 * fabs(want); }

static Volume *volume_of(const uint8_t *labels, size_t height) {
    Volume *v;
    CHECK(volume_new(&v, (VolumeSize){1, 1, height, W, 1}, SAMPLE_U8, NULL) == VOXPERT_OK);
    memcpy(v->samples, labels, height * W);
    v->labels = true;
    for (int a = 0; a < 3; a++) v->grid.spacing_xyz_mm[a] = 1.0;
    return v;
}

static void score(LabelScore *out, const EvaluationRule *rule) {
    Volume *a = volume_of(truth, H), *b = volume_of(prediction, H);
    CHECK(!labels_score(out, a, b, rule, NULL));
    volume_free(a);
    volume_free(b);
}

/* ---- One pair ------------------------------------------------------------------------------- */

TEST(voxels_are_counted_by_label) {
    LabelScore s[3];
    score(s, &plain);
    const double *v = s[0].value;
    CHECK(is_near(v[METRIC_TP], 3.0) && is_near(v[METRIC_FP], 1.0) && is_near(v[METRIC_FN], 1.0));
    CHECK(is_near(v[METRIC_TN], 7.0) && is_near(v[METRIC_DICE], 0.75));
    CHECK(is_near(v[METRIC_IOU], 0.6) && is_near(v[METRIC_N_PRED], 4.0));
    CHECK(s[1].value[METRIC_DICE] <= 0.0 && is_near(s[1].value[METRIC_N_REF], 2.0));
    CHECK(isnan(v[METRIC_NSD_ELEMENTS]) && isnan(v[METRIC_HD95_ELEMENTS]));
}

TEST(three_policies_for_a_label_that_is_nowhere) {
    LabelScore s[3];
    EvaluationRule rule = plain;
    rule.metrics = everything;
    score(s, &rule);
    CHECK(isnan(s[2].value[METRIC_DICE]) && isnan(s[2].value[METRIC_NSD_ELEMENTS]) &&
          !s[2].skipped);
    rule.empty = EMPTY_ONE;
    score(s, &rule);
    CHECK(is_near(s[2].value[METRIC_DICE], 1.0) && is_near(s[2].value[METRIC_NSD_ELEMENTS], 1.0));
    CHECK(s[2].value[METRIC_HD95_ELEMENTS] <= 0.0 && s[1].value[METRIC_NSD_ELEMENTS] <= 0.0);
    rule.empty = EMPTY_SKIP;
    score(s, &rule);
    CHECK(s[2].skipped && !s[0].skipped && !s[1].skipped);
}

TEST(surfaces_are_measured_where_a_tolerance_is_given) {
    LabelScore s[3];
    EvaluationRule rule = plain;
    rule.metrics = everything;
    score(s, &rule);
    CHECK(is_near(s[0].value[METRIC_NSD_ELEMENTS], 1.0)); /* no corner is off by more than one */
    CHECK(is_near(s[0].value[METRIC_HD95_ELEMENTS], 1.0));
    CHECK(s[1].value[METRIC_NSD_ELEMENTS] <= 0.0 && isinf(s[1].value[METRIC_HD95_ELEMENTS]));
}

TEST(both_kinds_of_surfaces_have_values_of_their_own) {
    LabelScore s[3];
    EvaluationRule rule = plain;
    rule.metrics = everything;
    score(s, &rule);
    const double *v = s[0].value; /* of 4 and of 4 border pixels, 3 in common, 2 at 1 mm */
    CHECK(is_near(v[METRIC_HD_ELEMENTS], 1.0) && is_near(v[METRIC_HD_BORDERS], 1.0));
    CHECK(is_near(v[METRIC_ASSD_BORDERS], 0.25));
    CHECK(is_near(v[METRIC_NSD_BORDERS], 1.0) && is_near(v[METRIC_NSD_BORDERS + 1], 0.75));
    CHECK(fabs(v[METRIC_ASSD_ELEMENTS] - 0.25) > 0.01);
    CHECK(v[METRIC_NSD_ELEMENTS + 1] < 1.0 && isnan(v[METRIC_NSD_ELEMENTS + 2]));
    v = s[1].value; /* was missed */
    CHECK(isinf(v[METRIC_HD95_BORDERS]) && isinf(v[METRIC_ASSD_BORDERS]));
    CHECK(v[METRIC_NSD_BORDERS] <= 0.0);
}

/* Labels 1 and 2 fill blocks, 3 lies in one slice, in the first in the prediction. */
static uint8_t block_at(size_t z, size_t y, size_t x, size_t shift) {
    if (z == (shift ? 0 : 3) && y > 5 && x + shift > 3 && x < 6) return 3;
    if (z > 0 && z < 4 && y < 4 && x >= shift && x < 4) return 1;
    return z > 1 && y > 2 + shift && x > 6 ? 2 : 0;
}

TEST(the_part_where_a_label_is_gives_what_the_whole_map_gives) {
    enum { D = 5, N = 9, ALL = D * N * N };
    static const size_t size[3] = {D, N, N};
    static const double spacing[3] = {2.5, 1.0, 0.5};
    static uint8_t mask[2][ALL];
    LabelScore s[3];
    EvaluationRule rule = plain;
    Volume *v[2];
    rule.metrics = everything;
    for (size_t m = 0; m < 2; m++) {
        CHECK(!volume_new(&v[m], (VolumeSize){1, D, N, N, 1}, SAMPLE_U8, NULL));
        for (size_t i = 0; i < ALL; i++)
            ((uint8_t *)v[m]->samples)[i] = block_at(i / (N * N), i / N % N, i % N, m);
        for (int a = 0; a < 3; a++) v[m]->grid.spacing_xyz_mm[a] = spacing[2 - a];
    }
    CHECK(!labels_score(s, v[0], v[1], &rule, NULL));
    for (int l = 0; l < 3; l++) {
        Surfaces elements, borders;
        Lesions lesions;
        for (size_t i = 0; i < 2 * ALL; i++)
            mask[i / ALL][i % ALL] = ((uint8_t *)v[i / ALL]->samples)[i % ALL] == l + 1;
        CHECK(!surfaces_of_elements(&elements, mask[0], mask[1], size, spacing, NULL));
        CHECK(!surfaces_of_borders(&borders, mask[0], mask[1], size, spacing, NULL));
        CHECK(!lesions_count(&lesions, mask[0], mask[1], size, NEIGHBOURS_ALL, NULL));
        const double *got = s[l].value;
        CHECK(is_near(got[METRIC_HD95_ELEMENTS], surfaces_hausdorff(&elements, 95.0)));
        CHECK(is_near(got[METRIC_ASSD_ELEMENTS], surfaces_mean_pooled(&elements)));
        CHECK(is_near(got[METRIC_NSD_ELEMENTS], surfaces_dice(&elements, 1.0)));
        CHECK(is_near(got[METRIC_HD95_BORDERS], surfaces_hausdorff_pooled(&borders, 95.0)));
        CHECK(is_near(got[METRIC_ASSD_BORDERS], surfaces_mean_pooled(&borders)));
        CHECK(is_near(got[METRIC_LESIONS_REF], (double)lesions.truth) && lesions.truth > 0);
        CHECK(is_near(got[METRIC_N_REF], (double)mask_count(mask[0], ALL)));
        CHECK(is_near(got[METRIC_TN] + got[METRIC_FP] + got[METRIC_N_REF], (double)ALL));
        surfaces_free(&elements);
        surfaces_free(&borders);
    }
    volume_free(v[0]);
    volume_free(v[1]);
}

/* A picture has an area, whatever its slice is thick. */
TEST(sizes_are_of_the_references_spacing) {
    LabelScore s[3];
    EvaluationRule rule = plain;
    Volume *a = volume_of(truth, H), *b = volume_of(prediction, H);
    a->grid.spacing_xyz_mm[0] = 0.5, a->grid.spacing_xyz_mm[2] = 4.0;
    rule.metrics.groups = 1 << GROUP_VOLUME;
    b->samples = memset(b->samples, 1, H * W);
    CHECK(!labels_score(s, a, b, &rule, NULL));
    const double *v = s[0].value;
    CHECK(is_near(v[METRIC_VOLUME_REF], 2.0) && is_near(v[METRIC_VOLUME_PRED], 6.0));
    CHECK(is_near(v[METRIC_VOLUME_ERROR], 4.0) && is_near(v[METRIC_VOLUME_RELATIVE], 2.0));
    v = s[1].value;
    CHECK(is_near(v[METRIC_VOLUME_RELATIVE], -1.0) && is_near(v[METRIC_VOLUME_ABSOLUTE], 1.0));
    CHECK(isnan(v[METRIC_HD_BORDERS]) && isnan(v[METRIC_LESION_F1]));
    volume_free(a);
    volume_free(b);
}

TEST(lesions_are_found_by_a_voxel) {
    static const uint8_t gt[H * W] = {
        1, 0, 0, 1, //
        0, 0, 0, 0, //
        1, 0, 0, 0,
    };
    static const uint8_t found[H * W] = {
        1, 0, 0, 0, //
        1, 0, 0, 0, //
        1, 0, 0, 1,
    };
    LabelScore s[3];
    EvaluationRule rule = plain;
    Volume *a = volume_of(gt, H), *b = volume_of(found, H);
    rule.metrics.groups = 1 << GROUP_LESION;
    CHECK(!labels_score(s, a, b, &rule, NULL));
    const double *v = s[0].value; /* two of three found, by one of two */
    CHECK(is_near(v[METRIC_LESIONS_REF], 3.0) && is_near(v[METRIC_LESIONS_PRED], 2.0));
    CHECK(is_near(v[METRIC_LESIONS_FOUND], 2.0) && is_near(v[METRIC_LESIONS_MISSED], 1.0));
    CHECK(is_near(v[METRIC_LESIONS_SURPLUS], 1.0));
    CHECK(is_near(v[METRIC_LESION_SENSITIVITY], 2.0 / 3.0));
    CHECK(is_near(v[METRIC_LESION_PRECISION], 0.5) && is_near(v[METRIC_LESION_F1], 4.0 / 6.0));
    CHECK(isnan(s[1].value[METRIC_LESION_F1]) && s[1].value[METRIC_LESIONS_REF] <= 0.0);
    volume_free(a);
    volume_free(b);
}

TEST(a_region_is_several_values_as_one) {
    static const EvaluatedLabel region = {.value = {1, 2}, .values = 2, .name = "both"};
    const EvaluationRule rule = {.label = &region, .labels = 1};
    LabelScore s;
    Text key = {0};
    score(&s, &rule);
    CHECK(is_near(s.value[METRIC_N_REF], 6.0) && is_near(s.value[METRIC_TP], 3.0));
    label_key(&key, &region);
    CHECK(strcmp(key.chars, "(1, 2)") == 0);
    text_free(&key);
}

TEST(an_ignored_label_counts_nowhere) {
    LabelScore s[3];
    EvaluationRule rule = plain;
    rule.ignored = 2;
    score(s, &rule);
    CHECK(is_near(s[0].value[METRIC_TN], 5.0) && is_near(s[0].value[METRIC_DICE], 0.75));
    CHECK(s[1].value[METRIC_N_REF] <= 0.0 && isnan(s[1].value[METRIC_DICE]));
    rule.ignored = 1; /* three of the four predicted voxels lie there */
    score(s, &rule);
    CHECK(is_near(s[0].value[METRIC_FP], 1.0) && is_near(s[0].value[METRIC_N_PRED], 1.0));
    CHECK(is_near(s[0].value[METRIC_TN], 7.0));
}

TEST(a_label_that_is_ignored_has_nothing_and_others_are_as_they_were) {
    static const EvaluatedLabel some[] = {{.value = {2}, .values = 1},
                                          {.value = {1, 2}, .values = 2},
                                          {.value = {UINT32_MAX}, .values = 1}};
    const EvaluationRule rule = {.label = some, .labels = 3, .ignored = 2};
    LabelScore s[3];
    score(s, &rule);
    CHECK(s[0].value[METRIC_N_REF] <= 0.0 && is_near(s[0].value[METRIC_TN], 10.0));
    CHECK(is_near(s[1].value[METRIC_N_REF], 4.0) && is_near(s[1].value[METRIC_TP], 3.0));
    CHECK(s[2].value[METRIC_N_REF] <= 0.0);
}

TEST(maps_of_different_sizes_are_not_compared) {
    LabelScore s[3];
    Error error;
    Volume *a = volume_of(truth, H), *b = volume_of(prediction, H - 1);
    CHECK(labels_score(s, a, b, &plain, &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "4 x 2 x 1") && strstr(error.message, "4 x 3 x 1"));
    volume_free(a);
    volume_free(b);
}

/* ---- Folders -------------------------------------------------------------------------------- */

typedef struct Folders {
    char root[64];
    char *truth, *prediction;
} Folders;

static void folders_make(Folders *f) {
    *f = (Folders){.root = "/tmp/voxpert-evaluation-XXXXXX"};
    CHECK(mkdtemp(f->root) != NULL);
    f->truth = path_join(f->root, "gt");
    f->prediction = path_join(f->root, "pred");
    CHECK(!folder_make(f->truth, NULL) && !folder_make(f->prediction, NULL));
}

static void put(const char *folder, const char *name, const uint8_t *labels) {
    char *path = path_join(folder, name);
    Volume *v = volume_of(labels, H);
    CHECK(!volume_write(v, path, NULL));
    volume_free(v);
    memory_free(path);
}

static void folder_remove(char *folder) {
    FileNames names;
    CHECK(!folder_list(&names, folder, NULL));
    for (size_t i = 0; i < names.count; i++) {
        char *path = path_join(folder, names.name[i]);
        unlink(path);
        memory_free(path);
    }
    file_names_free(&names);
    CHECK(rmdir(folder) == 0);
    memory_free(folder);
}

static void folders_remove(Folders *f) {
    folder_remove(f->truth);
    folder_remove(f->prediction);
    CHECK(rmdir(f->root) == 0);
}

TEST(a_folder_is_evaluated_case_by_case) {
    Folders f;
    Evaluation e;
    folders_make(&f);
    put(f.truth, "b.png", truth);
    put(f.prediction, "b.png", prediction);
    put(f.truth, "a.png", truth);
    put(f.prediction, "a.png", truth);
    CHECK(!evaluation_run(&e, f.truth, f.prediction, &plain, NULL, NULL));
    CHECK(e.count == 2 && strcmp(path_base(e.item[0].reference), "a.png") == 0);
    CHECK(is_near(e.item[0].label[0].value[METRIC_DICE], 1.0));
    CHECK(is_near(e.item[1].label[0].value[METRIC_DICE], 0.75));
    MetricSummary s = evaluation_summary(&e, 0, METRIC_DICE);
    CHECK(s.entries == 2 && s.counted == 2);
    CHECK(is_near(s.mean, 0.875) && is_near(s.deviation, 0.125));
    s = evaluation_summary(&e, 2, METRIC_DICE);
    CHECK(s.entries == 2 && s.counted == 0 && isnan(s.mean));
    s = evaluation_summary(&e, EVERY_LABEL, METRIC_DICE); /* 1, 1, 0.75, 0 */
    CHECK(s.entries == 6 && s.counted == 4 && is_near(s.mean, 0.6875));
    evaluation_free(&e);
    folders_remove(&f);
}

TEST(labels_that_are_not_named_are_found) {
    static const uint8_t other[H * W] = {0, 0, 0, 0, 0, 9, 9, 0, 0, 0, 0, 3};
    Folders f;
    for (int threads = 0; threads < 4; threads += 3) {
        Evaluation e, named;
        EvaluationRule rule = {.metrics = everything, .ignored = 3};
        CaseWork work = {.threads = NULL};
        folders_make(&f);
        put(f.truth, "a.png", truth);
        put(f.prediction, "a.png", prediction);
        put(f.truth, "b.png", other);
        put(f.prediction, "b.png", prediction);
        CHECK(!threads || !threads_open(&work.threads, threads, NULL));
        CHECK(!evaluation_run(&e, f.truth, f.prediction, &rule, &work, NULL));
        threads_close(work.threads);
        CHECK(e.rule.labels == 3 && e.label[0].value[0] == 1 && e.label[1].value[0] == 2);
        CHECK(e.label[2].value[0] == 9 && !e.item[0].spacing_known);
        rule.label = e.label, rule.labels = e.rule.labels;
        CHECK(!evaluation_run(&named, f.truth, f.prediction, &rule, NULL, NULL));
        for (int i = 0; i < 6; i++)
            CHECK(memcmp(&e.item[i / 3].label[i % 3], &named.item[i / 3].label[i % 3],
                         sizeof *e.item->label) == 0);
        evaluation_free(&named);
        evaluation_free(&e);
        folders_remove(&f);
    }
}

/* ---- What both sides mean by their values --------------------------------------------------- */

static void put_scaled(const char *folder, const char *name, const uint8_t *map, uint8_t by) {
    uint8_t scaled[H * W];
    for (int i = 0; i < H * W; i++) scaled[i] = (uint8_t)(map[i] == 1 ? by : 0);
    put(folder, name, scaled);
}

TEST(one_value_on_each_side_is_one_label) {
    Folders f;
    Evaluation e;
    folders_make(&f);
    for (int i = 0; i < 2; i++) {
        put_scaled(f.truth, i ? "a.png" : "b.png", truth, 1);
        put_scaled(f.prediction, i ? "a.png" : "b.png", prediction, 255);
    }
    const EvaluationRule rule = {.metrics = everything};
    CHECK(!evaluation_run(&e, f.truth, f.prediction, &rule, NULL, NULL));
    CHECK(e.count == 2 && e.rule.labels == 1 && e.label[0].values == 1 && e.label[0].value[0] == 1);
    CHECK(is_near(e.item[1].label[0].value[METRIC_DICE], 0.75));
    CHECK(e.warnings.count == 1 && strstr(warnings_lines(&e.warnings),
                                          "references mark with 1 what predictions mark with 255"));
    evaluation_free(&e);
    folders_remove(&f);
}

TEST(several_values_without_one_in_common_are_refused) {
    Folders f;
    Evaluation e;
    Error error;
    uint8_t other[H * W];
    folders_make(&f);
    for (int i = 0; i < H * W; i++) other[i] = (uint8_t)(prediction[i] ? prediction[i] + 6 : 0);
    put(f.truth, "a.png", truth);
    put(f.prediction, "a.png", other);
    const EvaluationRule rule = {.metrics = everything};
    CHECK(evaluation_run(&e, f.truth, f.prediction, &rule, NULL, &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "references hold the labels 1 and 2 and predictions 7") != NULL);
    CHECK(strstr(error.message, "such as lesion=1+7") != NULL);
    folders_remove(&f);
}

TEST(a_value_of_one_side_alone_is_a_warning) {
    static const uint8_t one[H * W] = {1, 1, 0, 0, 9}, two[H * W] = {1, 1, 0, 0, 0, 4, 5};
    Folders f;
    Evaluation e;
    folders_make(&f);
    put(f.truth, "a.png", one);
    put(f.prediction, "a.png", two);
    const EvaluationRule rule = {.metrics = everything};
    CHECK(!evaluation_run(&e, f.truth, f.prediction, &rule, NULL, NULL));
    const char *said = warnings_lines(&e.warnings);
    CHECK(e.warnings.count == 2 && strstr(said, "the label 9 is in references alone"));
    CHECK(strstr(said, "the labels 4 and 5 are in predictions alone") != NULL);
    evaluation_free(&e);
    EvaluatedLabel named[] = {{.value = {9}, .values = 1, .name = "void"}};
    const EvaluationRule of_names = {.label = named, .labels = 1, .metrics = everything};
    CHECK(!evaluation_run(&e, f.truth, f.prediction, &of_names, NULL, NULL));
    CHECK(strstr(warnings_lines(&e.warnings),
                 "no prediction holds the label 9 void; they hold 1, 4 and 5") != NULL);
    evaluation_free(&e);
    folders_remove(&f);
}

/* ---- Units ---------------------------------------------------------------------------------- */

TEST(pictures_without_a_spacing_are_measured_in_pixels_and_with_one_in_mm) {
    Folders f;
    Evaluation e;
    char name[METRIC_NAME_MAX];
    folders_make(&f);
    put(f.truth, "a.png", truth);
    put(f.prediction, "a.png", prediction);
    EvaluationRule rule = {.metrics = everything};
    CHECK(!evaluation_run(&e, f.truth, f.prediction, &rule, NULL, NULL));
    metric_name(name, &e.rule.metrics, METRIC_VOLUME_REF);
    CHECK(strcmp(name, "area_ref_px") == 0);
    double pixels = e.item[0].label[0].value[METRIC_VOLUME_REF];
    evaluation_free(&e);
    for (int a = 0; a < 3; a++) rule.spacing_xyz_mm[a] = a == 2 ? 1.0 : 0.5;
    CHECK(!evaluation_run(&e, f.truth, f.prediction, &rule, NULL, NULL));
    metric_name(name, &e.rule.metrics, METRIC_VOLUME_REF);
    CHECK(strcmp(name, "area_ref_mm2") == 0);
    CHECK(is_near(e.item[0].label[0].value[METRIC_VOLUME_REF], 0.25 * pixels));
    evaluation_free(&e);
    folders_remove(&f);
}

static void put_nifti(const char *folder, const char *name, const uint8_t *map) {
    char *path = path_join(folder, name);
    Volume *v = volume_of(map, H);
    v->grid.source = GRID_SFORM;
    CHECK(!volume_write(v, path, NULL));
    volume_free(v);
    memory_free(path);
}

/* A mean of millimetres and pixels would be of neither. */
TEST(where_some_spacings_are_unknown_lengths_are_of_the_others) {
    Folders f;
    Evaluation e;
    folders_make(&f);
    put(f.truth, "a.png", truth);
    put(f.prediction, "a.png", prediction);
    put_nifti(f.truth, "b.nii", truth);
    put_nifti(f.prediction, "b.nii", prediction);
    const EvaluationRule rule = {.metrics = everything};
    CHECK(!evaluation_run(&e, f.truth, f.prediction, &rule, NULL, NULL));
    CHECK(!e.rule.metrics.unscaled && !e.item[0].spacing_known && e.item[1].spacing_known);
    CHECK(isnan(e.item[0].label[0].value[METRIC_HD_BORDERS]));
    CHECK(isnan(e.item[0].label[0].value[METRIC_VOLUME_REF]));
    CHECK(!isnan(e.item[1].label[0].value[METRIC_HD_BORDERS]));
    CHECK(is_near(e.item[0].label[0].value[METRIC_DICE], 0.75));
    CHECK(strstr(warnings_lines(&e.warnings), "the spacing of 1 of 2 references") != NULL);
    evaluation_free(&e);
    folders_remove(&f);
}

/* ---- Voxels that do not count --------------------------------------------------------------- */

TEST(minus_one_in_the_reference_does_not_count) {
    LabelScore s[3], want[3];
    EvaluationRule rule = plain;
    uint8_t marked[H * W];
    memcpy(marked, truth, sizeof marked);
    for (int i = 0; i < W; i++) marked[i] = 9;
    Volume *a = volume_of(marked, H), *b = volume_of(prediction, H), *c = volume_of(marked, H);
    int8_t *samples = a->samples;
    a->type = SAMPLE_I8;
    for (int i = 0; i < W; i++) samples[i] = -1;
    rule.ignored = 9;
    CHECK(!labels_score(want, c, b, &rule, NULL));
    rule.ignored = 0;
    CHECK(!labels_score(s, a, b, &rule, NULL));
    for (int l = 0; l < 3; l++) CHECK(memcmp(&s[l], &want[l], sizeof *s) == 0);
    CHECK(is_near(s[0].value[METRIC_TN] + s[0].value[METRIC_TP] + s[0].value[METRIC_FN] +
                      s[0].value[METRIC_FP],
                  H * W - W));
    samples[0] = -2;
    Error error;
    CHECK(labels_score(s, a, b, &rule, &error) == VOXPERT_BAD_INPUT);
    samples[0] = -1; /* a prediction cannot leave out */
    CHECK(labels_score(s, b, a, &rule, &error) == VOXPERT_BAD_INPUT);
    volume_free(a);
    volume_free(b);
    volume_free(c);
}

TEST(two_files_are_one_case_and_may_hold_nothing) {
    static const uint8_t nothing[H * W] = {0};
    Folders f;
    Evaluation e;
    Error error;
    folders_make(&f);
    put(f.truth, "a.png", nothing);
    put(f.prediction, "b.png", nothing);
    char *a = path_join(f.truth, "a.png"), *b = path_join(f.prediction, "b.png");
    CHECK(evaluation_run(&e, a, b, &(EvaluationRule){.labels = 0}, NULL, &error) ==
          VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "a.png: neither it nor any other file holds a label") != NULL);
    CHECK(!evaluation_run(&e, a, b, &plain, NULL, NULL) && e.count == 1);
    CHECK(strcmp(case_name(&e.item[0]), "a.png") == 0);
    evaluation_free(&e);
    CHECK(evaluation_run(&e, f.truth, b, &plain, NULL, &error) == VOXPERT_BAD_INPUT);
    memory_free(a);
    memory_free(b);
    folders_remove(&f);
}

TEST(skipped_labels_are_in_no_mean) {
    Folders f;
    Evaluation e;
    EvaluationRule rule = plain;
    rule.empty = EMPTY_SKIP;
    folders_make(&f);
    put(f.truth, "a.png", truth);
    put(f.prediction, "a.png", prediction);
    CHECK(!evaluation_run(&e, f.truth, f.prediction, &rule, NULL, NULL));
    CHECK(evaluation_summary(&e, 2, METRIC_TN).entries == 0);
    CHECK(evaluation_summary(&e, EVERY_LABEL, METRIC_TN).entries == 2);
    evaluation_free(&e);
    folders_remove(&f);
}

TEST(a_file_without_a_partner_is_named) {
    Folders f;
    Evaluation e;
    Error error;
    folders_make(&f);
    CHECK(evaluation_run(&e, f.truth, f.prediction, &plain, NULL, &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "gt: holds no images") != NULL);
    put(f.truth, "a.png", truth);
    put(f.prediction, "a.png", truth);
    put(f.truth, "c.png", truth);
    CHECK(evaluation_run(&e, f.truth, f.prediction, &plain, NULL, &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "gt/c.png") && e.count == 0);
    put(f.prediction, "b.png", truth);
    put(f.prediction, "c.png", truth);
    CHECK(evaluation_run(&e, f.truth, f.prediction, &plain, NULL, &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "pred/b.png") != NULL);
    folders_remove(&f);
}

TEST(what_is_no_image_is_left_out) {
    Folders f;
    Evaluation e;
    folders_make(&f);
    put(f.truth, "a.png", truth);
    put(f.prediction, "a.png", prediction);
    put(f.prediction, ".b.png", prediction);
    char *path = path_join(f.prediction, "plans.json");
    CHECK(!file_write(path, "{}", 2, NULL));
    memory_free(path);
    CHECK(!evaluation_run(&e, f.truth, f.prediction, &plain, NULL, NULL));
    CHECK(e.count == 1);
    evaluation_free(&e);
    folders_remove(&f);
}

TEST(every_failed_allocation_is_reported_and_leaks_nothing) {
    Folders f;
    Evaluation e;
    EvaluationRule rule = {.metrics = everything}; /* the labels are found, too */
    folders_make(&f);
    put(f.truth, "a.png", truth);
    put(f.prediction, "a.png", prediction);
    Status status = VOXPERT_OUT_OF_MEMORY;
    for (size_t n = 1; status; n++) {
        memory_fail_at(n, false);
        status = evaluation_run(&e, f.truth, f.prediction, &rule, NULL, NULL);
        CHECK(status == VOXPERT_OK || !e.item);
        if (n > 1000) break;
    }
    memory_fail_at(0, false);
    CHECK(status == VOXPERT_OK && e.count == 1);
    evaluation_free(&e);
    folders_remove(&f);
}
