#include "eval/summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "base/memory.h"
#include "tests/check.h"

/* Two labels in two cases; the second label is a region, and skipped in the second case. */
static LabelScore first[2], second[2];
static CaseScore cases[] = {
    {.reference = (char[]){"gt/a \"1\".png"},
     .prediction = (char[]){"pred/a.png"},
     .spacing_xyz_mm = {0.5, 1.0, 2.5},
     .spacing_known = true,
     .label = first},
    {.reference = (char[]){"gt/b.png"}, .prediction = (char[]){"pred/b.png"}, .label = second}};
static EvaluatedLabel labels[] = {{.value = {1}, .values = 1, .name = "a \"liver\""},
                                  {.value = {2, 7}, .values = 2}};
static const MetricChoice surfaces = {
    .groups = 1 << GROUP_NSD | 1 << GROUP_HD95, .tolerance = {1.5}, .tolerances = 1};

static void set(LabelScore *s, const double eight[METRICS_OF_VOXELS], double hd95, double nsd) {
    *s = (LabelScore){.skipped = false};
    for (int m = 0; m < METRICS; m++) s->value[m] = m < METRICS_OF_VOXELS ? eight[m] : (double)NAN;
    s->value[METRIC_HD95_ELEMENTS] = hd95;
    s->value[METRIC_NSD_ELEMENTS] = nsd;
}

static Evaluation made(const MetricChoice *choice, EmptyPolicy empty) {
    set(&first[0], (double[]){0.5, 1, 2, 0.25, 3, 4, 5, 6}, (double)INFINITY, 0.75);
    set(&first[1], (double[]){(double)NAN, 0, 0, (double)NAN, 9, 0, 0, 0}, (double)NAN, 0.125);
    set(&second[0], (double[]){1.0, 1, 2, 0.75, 3, 4, 5, 7}, 2.0, 0.25);
    second[1] = (LabelScore){.skipped = true};
    Evaluation e = {.rule = {labels, 2, empty, 0, {0}}, .label = labels, .item = cases, .count = 2};
    if (choice) e.rule.metrics = *choice;
    return e;
}

static Text written(const MetricChoice *choice, EmptyPolicy empty, NumberStyle style) {
    const Evaluation e = made(choice, empty);
    Text t = {0};
    summary_text(&t, &e, style);
    CHECK(t.chars && !t.failed);
    return t;
}

/* ---- Writing -------------------------------------------------------------------------------- */

TEST(the_layout_is_that_of_nnunet) {
    Text t = written(NULL, EMPTY_SKIP, NUMBERS_PYTHON);
    const char *const beginning = "{\n"
                                  "    \"foreground_mean\": {\n"
                                  "        \"Dice\": NaN,\n"
                                  "        \"FN\": 0.5,\n";
    const char *const mean = "    \"mean\": {\n"
                             "        \"1\": {\n"
                             "            \"Dice\": 0.75,\n"
                             "            \"FN\": 1,\n"
                             "            \"FP\": 2,\n"
                             "            \"IoU\": 0.5,\n"
                             "            \"TN\": 3,\n"
                             "            \"TP\": 4,\n"
                             "            \"n_pred\": 5,\n"
                             "            \"n_ref\": 6.5\n"
                             "        },\n"
                             "        \"(2, 7)\": {\n"
                             "            \"Dice\": NaN,\n";
    const char *const end = "                    \"n_ref\": 7\n"
                            "                }\n"
                            "            },\n"
                            "            \"prediction_file\": \"pred/b.png\",\n"
                            "            \"reference_file\": \"gt/b.png\",\n"
                            "            \"spacing_xyz_mm\": null\n"
                            "        }\n"
                            "    ],\n"
                            "    \"voxpert\": {\n"
                            "        \"empty\": \"skip\",\n"
                            "        \"units\": {\"length\": \"mm\", \"volume\": \"mm3\"},\n"
                            "        \"warnings\": [],\n"
                            "        \"labels\": {\n"
                            "            \"1\": \"a \\\"liver\\\"\"\n"
                            "        }\n"
                            "    }\n"
                            "}\n";
    CHECK(text_starts(t.chars, beginning));
    CHECK(strstr(t.chars, mean) != NULL);
    CHECK(text_ends(t.chars, end)); /* no entry for the region */
    CHECK(strstr(t.chars, "\"reference_file\": \"gt/a \\\"1\\\".png\"") != NULL);
    CHECK(strstr(t.chars, "\"spacing_xyz_mm\": [0.5, 1, 2.5]") != NULL);
    CHECK(!strstr(t.chars, "NSD") && !strstr(t.chars, "surfaces"));
    text_free(&t);
}

TEST(distances_say_what_they_are) {
    Text t = written(&surfaces, EMPTY_NAN, NUMBERS_PYTHON);
    CHECK(strstr(t.chars, "\"HD95_elements_mm\": Infinity,\n") != NULL);
    CHECK(strstr(t.chars, "\"NSD_elements_1.5mm\": 0.75,\n") != NULL);
    CHECK(strstr(t.chars, "\"HD95_borders_mm\": NaN,\n") && !strstr(t.chars, "ASSD_"));
    CHECK(strstr(t.chars, "\"empty\": \"nan\",\n") != NULL);
    CHECK(strstr(t.chars, "\"elements\": \"corners between voxels, weighted by area") != NULL);
    CHECK(strstr(t.chars, "\"borders\": \"centres of border voxels") != NULL);
    text_free(&t);
}

TEST(json_for_others_has_no_nan) {
    Text t = written(&surfaces, EMPTY_NAN, NUMBERS_JSON);
    CHECK(strstr(t.chars, "\"HD95_elements_mm\": \"Infinity\",\n") != NULL);
    CHECK(strstr(t.chars, "\"Dice\": null,\n") && !strstr(t.chars, "NaN"));
    text_free(&t);
}

/* ---- Reading back --------------------------------------------------------------------------- */

static Status read_text(Evaluation *e, const char *text, Error *error) {
    char folder[] = "/tmp/voxpert-summary-XXXXXX";
    CHECK(mkdtemp(folder) != NULL);
    char *path = path_join(folder, "summary.json");
    CHECK(!file_write(path, text, strlen(text), NULL));
    Status status = summary_read(e, path, error);
    unlink(path);
    rmdir(folder);
    memory_free(path);
    return status;
}

static bool same(double a, double b) { return (isnan(a) && isnan(b)) || !(a < b || a > b); }

TEST(what_was_written_is_read_back) {
    Evaluation e, want = made(&surfaces, EMPTY_SKIP);
    Text t = written(&surfaces, EMPTY_SKIP, NUMBERS_PYTHON);
    CHECK(!read_text(&e, t.chars, NULL));
    CHECK(e.count == 2 && e.rule.labels == 2 && e.rule.empty == EMPTY_SKIP);
    CHECK(e.label[1].values == 2 && e.label[1].value[1] == 7);
    CHECK(strcmp(e.label[0].name, "a \"liver\"") == 0);
    CHECK(strcmp(case_name(&e.item[0]), "a \"1\".png") == 0);
    CHECK(e.item[1].label[1].skipped && !e.item[1].label[0].skipped);
    CHECK(e.rule.metrics.tolerances == 1 && e.rule.metrics.groups >> GROUP_NSD & 1);
    for (int m = 0; m < METRICS; m++)
        CHECK(same(e.item[0].label[0].value[m], want.item[0].label[0].value[m]));
    Text again = {0};
    summary_text(&again, &e, NUMBERS_PYTHON);
    CHECK(strncmp(again.chars, t.chars, 2000) == 0); /* spacings are not read back */
    evaluation_free(&e);
    Text marked = {0};
    text_add(&marked, "\xef\xbb\xbf%s", t.chars);
    CHECK(!read_text(&e, marked.chars, NULL) && e.count == 2);
    text_free(&marked);
    text_free(&again);
    text_free(&t);
    evaluation_free(&e);
}

TEST(what_is_no_summary_is_named) {
    static const struct {
        const char *text, *word;
    } bad[] = {
        {"", "line"},
        {"{\"metric_per_case\": [}", "line 1"},
        {"{\"mean\": {}}", "metric_per_case"},
        {"{\"metric_per_case\": [{\"metrics\": {}}]}", "reference_file"},
        {"{\"metric_per_case\": [{\"reference_file\": \"a\", \"prediction_file\": \"b\", "
         "\"metrics\": {\"liver\": {}}}]}",
         "\"liver\" is no label"},
        {"{\"metric_per_case\": [{\"reference_file\": \"a\", \"prediction_file\": \"b\", "
         "\"metrics\": {\"4294967296\": {}}}]}",
         "is no label"},
        {"{\"metric_per_case\": [{\"reference_file\": \"a\", \"prediction_file\": \"b\", "
         "\"metrics\": {\"1\": {\"Dice\": \"good\"}}}]}",
         "\"Dice\" is no number"},
        {"{\"metric_per_case\": [{\"reference_file\": \"a\", \"prediction_file\": \"b\", "
         "\"metrics\": {\"1\": 3}}]}",
         "has no metrics"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        Evaluation e;
        Error error = {0};
        CHECK(read_text(&e, bad[i].text, &error) == VOXPERT_BAD_INPUT && !e.item);
        CHECK(strstr(error.message, bad[i].word) && strstr(error.message, "summary.json"));
    }
}

TEST(words_of_python_inside_of_names_stay) {
    Evaluation e;
    CHECK(!read_text(&e,
                     "{\"metric_per_case\": [{\"reference_file\": \"NaN \\\"Infinity\", "
                     "\"prediction_file\": \"b\", \"metrics\": {\"1\": {\"Dice\": NaN, "
                     "\"IoU\": -Infinity, \"unknown\": true}}}]}",
                     NULL));
    CHECK(strcmp(e.item[0].reference, "NaN \"Infinity") == 0);
    CHECK(isnan(e.item[0].label[0].value[METRIC_DICE]));
    CHECK(isinf(e.item[0].label[0].value[METRIC_IOU]));
    evaluation_free(&e);
}

TEST(every_failed_allocation_of_reading_leaks_nothing) {
    Evaluation e;
    Text t = written(&surfaces, EMPTY_NAN, NUMBERS_PYTHON);
    char folder[] = "/tmp/voxpert-summary-XXXXXX";
    CHECK(mkdtemp(folder) != NULL);
    char *path = path_join(folder, "summary.json");
    CHECK(!file_write(path, t.chars, t.length, NULL));
    Status status = VOXPERT_OUT_OF_MEMORY;
    for (size_t n = 1; status && n < 1000; n++) {
        memory_fail_at(n, false);
        status = summary_read(&e, path, NULL);
        CHECK(status == VOXPERT_OK || !e.item);
    }
    memory_fail_at(0, false);
    CHECK(status == VOXPERT_OK);
    evaluation_free(&e);
    text_free(&t);
    unlink(path);
    rmdir(folder);
    memory_free(path);
}
