#include <voxpert/evaluate.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <voxpert/voxpert.h>

#include "tests/check.h"

TEST(closing_no_evaluation_is_fine) {
    voxpert_evaluation_free(NULL);
    voxpert_comparison_free(NULL);
    voxpert_clicks_free(NULL);
    voxpert_stats_free(NULL);
    voxpert_simulation_close(NULL);
    CHECK(strcmp(voxpert_evaluation_warnings(NULL), "") == 0);
}

TEST(null_where_an_evaluation_needs_something_is_a_bad_argument) {
    VoxpertEvaluation *e;
    VoxpertComparison *c;
    VoxpertClicks *clicks;
    VoxpertStats *s;
    char *text;
    const char *missing;
    CHECK(voxpert_evaluate(&e, NULL, NULL, NULL, NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_evaluate(&e, &(VoxpertEvaluateOptions){.references = "x"}, NULL, NULL, NULL) ==
          VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_evaluation_read(NULL, "x", NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_evaluation_report(NULL, VOXPERT_REPORT_CSV, &text, NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_evaluation_draw(NULL, VOXPERT_FIGURE_BOXES, "x", &missing, NULL) ==
          VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_compare(&c, NULL, NULL, "x", NULL, NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_comparison_report(NULL, VOXPERT_REPORT_JSON, &text, NULL) ==
          VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_evaluate_clicks(&clicks, NULL, NULL, NULL, NULL, NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_clicks_report(NULL, VOXPERT_REPORT_JSON, &text, NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_clicks_curve(NULL, &text, NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_clicks_draw(NULL, "x", &missing, NULL) == VOXPERT_BAD_ARGUMENT);
    VoxpertSimulation *simulation;
    const VoxpertSimulationOptions no_part = {.data = "x", .part = "half"};
    CHECK(voxpert_simulation_open(&simulation, NULL, NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_simulation_open(&simulation, &(VoxpertSimulationOptions){0}, NULL) ==
          VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_simulation_open(&simulation, &no_part, NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_simulation_model(NULL, NULL, 0, NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_simulation_cases(NULL) == 0 && !voxpert_simulation_case(NULL, 0).name);
    CHECK(voxpert_simulation_predict(NULL, 0, &(uint32_t){0}, NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(strcmp(voxpert_simulation_protocol(NULL), "") == 0);
    CHECK(voxpert_stats(&s, NULL, NULL, NULL, NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_stats_report(NULL, VOXPERT_REPORT_CSV, NULL, &text, NULL) ==
          VOXPERT_BAD_ARGUMENT);
}

TEST(metrics_are_listed_with_what_they_are) {
    const char *summary = NULL;
    int count = 0;
    while (voxpert_metric(count, &summary)) {
        CHECK(summary && strlen(summary) > 10);
        count++;
    }
    CHECK(count == 8 && strcmp(voxpert_metric(0, NULL), "dice") == 0);
    CHECK(!voxpert_metric(-1, NULL));
}

/* ---- A pair of maps --------------------------------------------------------------------- */

typedef struct Maps {
    char folder[32], truth[48], prediction[48];
} Maps;

static void put(const char *path, const uint8_t *values) {
    const VoxpertImage image = {
        .pixels = values, .type = VOXPERT_U8, .width = 4, .height = 2, .channels = 1};
    CHECK(voxpert_image_write(&image, path, NULL) == VOXPERT_OK);
}

/* Label 1: two of three found. */
static void maps_make(Maps *m) {
    *m = (Maps){.folder = "/tmp/voxpert-maps-XXXXXX"};
    CHECK(mkdtemp(m->folder) != NULL);
    snprintf(m->truth, sizeof m->truth, "%s/truth.png", m->folder);
    snprintf(m->prediction, sizeof m->prediction, "%s/found.png", m->folder);
    put(m->truth, (const uint8_t[]){0, 1, 1, 0, 0, 1, 0, 0});
    put(m->prediction, (const uint8_t[]){0, 1, 1, 0, 0, 0, 0, 2});
}

static void maps_remove(const Maps *m) {
    unlink(m->truth);
    unlink(m->prediction);
    CHECK(rmdir(m->folder) == 0);
}

static VoxpertStatus evaluated(VoxpertEvaluation **e, const Maps *m, VoxpertEvaluateOptions o,
                               VoxpertError *error) {
    o.references = m->truth;
    o.predictions = m->prediction;
    return voxpert_evaluate(e, &o, NULL, NULL, error);
}

static bool reports(const VoxpertEvaluation *e, VoxpertReport form, const char *words) {
    char *text = NULL;
    bool ok = voxpert_evaluation_report(e, form, &text, NULL) == VOXPERT_OK &&
              strstr(text, words) != NULL;
    voxpert_free(text);
    return ok;
}

TEST(a_pair_of_maps_is_evaluated_and_compared) {
    Maps m;
    VoxpertEvaluation *e = NULL;
    VoxpertComparison *c = NULL;
    char *text = NULL;
    maps_make(&m);
    CHECK(evaluated(&e, &m, (VoxpertEvaluateOptions){.threads = 1}, NULL) == VOXPERT_OK);
    CHECK(reports(e, VOXPERT_REPORT_NNUNET, "\"Dice\": 0.8,"));
    CHECK(reports(e, VOXPERT_REPORT_NNUNET, "\"2\": {") && reports(e, VOXPERT_REPORT_JSON, "null"));
    CHECK(reports(e, VOXPERT_REPORT_CSV, "truth.png,1,,0.8,1,0,"));
    CHECK(reports(e, VOXPERT_REPORT_MARKDOWN, "| 1 | NSD_borders_2px | 1 | 0 | 1 |"));
    CHECK(!reports(e, (VoxpertReport)9, ""));
    CHECK(voxpert_compare(&c, e, e, "itself", NULL, NULL) == VOXPERT_OK);
    CHECK(voxpert_comparison_report(c, VOXPERT_REPORT_JSON, &text, NULL) == VOXPERT_OK);
    CHECK(text && strstr(text, "\"resamples\": 10000, \"seed\": 0, \"level\": 0.95"));
    voxpert_free(text);
    CHECK(voxpert_comparison_report(c, VOXPERT_REPORT_CSV, &text, NULL) == VOXPERT_BAD_ARGUMENT);
    voxpert_comparison_free(c);
    CHECK(voxpert_compare(&c, e, e, "itself", &(VoxpertBootstrap){.level = 1.5}, NULL) ==
          VOXPERT_BAD_ARGUMENT);
    voxpert_evaluation_free(e);
    maps_remove(&m);
}

TEST(options_without_sense_are_refused) {
    static const uint32_t one[] = {1};
    static const char *const kappa[] = {"kappa"};
    static const double many[9] = {1.0, 2.0}, negative[] = {-1.0}, same[] = {1.0, 1.0000001};
    static const VoxpertLabel none[] = {{.values = one}}, twice[] = {{one, 1, "a"}, {one, 1, "b"}};
    const VoxpertEvaluateOptions bad[] = {{.labels = none, .label_count = 1},
                                          {.labels = twice, .label_count = 2},
                                          {.metrics = kappa, .metric_count = 1},
                                          {.tolerances = many, .tolerance_count = 9},
                                          {.tolerances = negative, .tolerance_count = 1},
                                          {.tolerances = same, .tolerance_count = 2},
                                          {.empty = (VoxpertEmpty)7}};
    Maps m;
    maps_make(&m);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        VoxpertEvaluation *e = NULL;
        VoxpertError error = {0};
        CHECK(evaluated(&e, &m, bad[i], &error) == VOXPERT_BAD_ARGUMENT && !e);
        CHECK(error.message[0] != '\0');
    }
    maps_remove(&m);
}

TEST(a_segmentation_is_measured) {
    Maps m;
    VoxpertStats *s = NULL;
    char *text = NULL;
    maps_make(&m);
    const VoxpertStatsOptions o = {.images = m.truth, .segmentations = m.prediction};
    CHECK(voxpert_stats(&s, &o, NULL, NULL, NULL) == VOXPERT_OK);
    CHECK(voxpert_stats_report(s, VOXPERT_REPORT_CSV, "mean", &text, NULL) == VOXPERT_OK);
    CHECK(text && strstr(text, "\nfound.png,1,,1,2,,1,") && strstr(text, "\nmean,2,,1,1,,"));
    voxpert_free(text);
    CHECK(voxpert_stats_report(s, VOXPERT_REPORT_CSV, "mode", &text, NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_stats_report(s, VOXPERT_REPORT_MARKDOWN, NULL, &text, NULL) ==
          VOXPERT_BAD_ARGUMENT);
    voxpert_stats_free(s);
    maps_remove(&m);
}
