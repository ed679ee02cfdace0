#include "eval/evaluation.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "base/memory.h"
#include "tests/check.h"

enum { H = 3, W = 4 };

static const uint32_t one_to_three[] = {1, 2, 3};
static const EvaluationRule plain = {.label = one_to_three, .labels = 3};

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
    CHECK(isnan(v[METRIC_NSD]) && isnan(v[METRIC_HD95]));
}

TEST(three_policies_for_a_label_that_is_nowhere) {
    LabelScore s[3];
    EvaluationRule rule = plain;
    rule.tolerance_mm = 1.0;
    score(s, &rule);
    CHECK(isnan(s[2].value[METRIC_DICE]) && isnan(s[2].value[METRIC_NSD]) && !s[2].skipped);
    rule.empty = EMPTY_ONE;
    score(s, &rule);
    CHECK(is_near(s[2].value[METRIC_DICE], 1.0) && is_near(s[2].value[METRIC_NSD], 1.0));
    CHECK(s[2].value[METRIC_HD95] <= 0.0 && s[1].value[METRIC_NSD] <= 0.0);
    rule.empty = EMPTY_SKIP;
    score(s, &rule);
    CHECK(s[2].skipped && !s[0].skipped && !s[1].skipped);
}

TEST(surfaces_are_measured_where_a_tolerance_is_given) {
    LabelScore s[3];
    EvaluationRule rule = plain;
    rule.tolerance_mm = 1.0;
    score(s, &rule);
    CHECK(is_near(s[0].value[METRIC_NSD], 1.0)); /* no corner is off by more than one */
    CHECK(is_near(s[0].value[METRIC_HD95], 1.0));
    CHECK(s[1].value[METRIC_NSD] <= 0.0 && isinf(s[1].value[METRIC_HD95]));
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

TEST(maps_of_different_sizes_are_not_compared) {
    LabelScore s[3];
    Error error;
    Volume *a = volume_of(truth, H), *b = volume_of(prediction, H - 1);
    CHECK(labels_score(s, a, b, &plain, &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "4 x 2 x 1") && strstr(error.message, "4 x 3 x 1"));
    volume_free(a);
    volume_free(b);
}

TEST(labels_are_listed_in_order) {
    const uint32_t map[] = {0, 7, 7, 1, 0, 300000, 7, 2, 1};
    uint32_t *found;
    size_t count;
    CHECK(!labels_present(&found, &count, map, 9, NULL));
    CHECK(count == 4 && memcmp(found, (uint32_t[]){1, 2, 7, 300000}, 16) == 0);
    memory_free(found);
    CHECK(!labels_present(&found, &count, map, 1, NULL) && count == 0 && !found);
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
    CHECK(!evaluation_of_folders(&e, f.truth, f.prediction, &plain, NULL));
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

TEST(skipped_labels_are_in_no_mean) {
    Folders f;
    Evaluation e;
    EvaluationRule rule = plain;
    rule.empty = EMPTY_SKIP;
    folders_make(&f);
    put(f.truth, "a.png", truth);
    put(f.prediction, "a.png", prediction);
    CHECK(!evaluation_of_folders(&e, f.truth, f.prediction, &rule, NULL));
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
    CHECK(evaluation_of_folders(&e, f.truth, f.prediction, &plain, &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "gt: holds no images") != NULL);
    put(f.truth, "a.png", truth);
    put(f.prediction, "a.png", truth);
    put(f.truth, "c.png", truth);
    CHECK(evaluation_of_folders(&e, f.truth, f.prediction, &plain, &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "gt/c.png") && e.count == 0);
    put(f.prediction, "b.png", truth);
    CHECK(evaluation_of_folders(&e, f.truth, f.prediction, &plain, &error) == VOXPERT_BAD_INPUT);
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
    CHECK(!evaluation_of_folders(&e, f.truth, f.prediction, &plain, NULL));
    CHECK(e.count == 1);
    evaluation_free(&e);
    folders_remove(&f);
}

TEST(every_failed_allocation_is_reported_and_leaks_nothing) {
    Folders f;
    Evaluation e;
    EvaluationRule rule = plain;
    rule.tolerance_mm = 1.0;
    folders_make(&f);
    put(f.truth, "a.png", truth);
    put(f.prediction, "a.png", prediction);
    Status status = VOXPERT_OUT_OF_MEMORY;
    for (size_t n = 1; status; n++) {
        memory_fail_at(n, false);
        status = evaluation_of_folders(&e, f.truth, f.prediction, &rule, NULL);
        CHECK(status == VOXPERT_OK || !e.item);
        if (n > 1000) break;
    }
    memory_fail_at(0, false);
    CHECK(status == VOXPERT_OK && e.count == 1);
    evaluation_free(&e);
    folders_remove(&f);
}
