#include "eval/summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "base/memory.h"
#include "tests/check.h"

#define NAN_VALUE ((double)NAN)

/* Two labels in two cases; the second label is skipped in the second case. */
static LabelScore first[] = {{.value = {0.5, 1, 2, 0.25, 3, 4, 5, 6, 0.1, (double)INFINITY, 0.75}},
                             {.value = {NAN_VALUE, 0, 0, NAN_VALUE, 9, 0, 0, 0}}};
static LabelScore second[] = {{.value = {1.0, 1, 2, 0.75, 3, 4, 5, 7, 0.3, 2.0, 0.25}},
                              {.skipped = true}};
static CaseScore cases[] = {{(char[]){"gt/a \"1\".png"}, (char[]){"pred/a.png"}, first},
                            {(char[]){"gt/b.png"}, (char[]){"pred/b.png"}, second}};
static uint32_t labels[] = {1, 7};

static Text written(double tolerance, EmptyPolicy empty) {
    const Evaluation e = {.rule = {labels, 2, empty, 0, tolerance}, .item = cases, .count = 2};
    Text t = {0};
    summary_text(&t, &e);
    CHECK(t.chars && !t.failed);
    return t;
}

TEST(the_layout_is_that_of_nnunet) {
    Text t = written(0.0, EMPTY_SKIP);
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
                             "        \"7\": {\n"
                             "            \"Dice\": NaN,\n";
    const char *const end = "                    \"n_ref\": 7\n"
                            "                }\n"
                            "            },\n"
                            "            \"prediction_file\": \"pred/b.png\",\n"
                            "            \"reference_file\": \"gt/b.png\"\n"
                            "        }\n"
                            "    ],\n"
                            "    \"voxpert\": {\n"
                            "        \"empty\": \"skip\"\n"
                            "    }\n"
                            "}\n";
    CHECK(text_starts(t.chars, beginning));
    CHECK(strstr(t.chars, mean) != NULL);
    CHECK(text_ends(t.chars, end)); /* no entry for label 7 */
    CHECK(strstr(t.chars, "\"reference_file\": \"gt/a \\\"1\\\".png\"") != NULL);
    CHECK(!strstr(t.chars, "NSD"));
    text_free(&t);
}

TEST(distances_say_what_they_are) {
    Text t = written(1.5, EMPTY_NAN);
    CHECK(strstr(t.chars, "\"HD95\": Infinity,\n") && strstr(t.chars, "\"NSD\": 0.75\n"));
    CHECK(strstr(t.chars, "\"empty\": \"nan\",\n") && strstr(t.chars, "\"tolerance_mm\": 1.5\n"));
    CHECK(strstr(t.chars, "\"surface\": \"elements weighted by area") != NULL);
    text_free(&t);
}

TEST(a_summary_is_written_whole_or_not_at_all) {
    const Evaluation e = {.rule = {labels, 2, EMPTY_NAN, 0, 0.0}, .item = cases, .count = 2};
    char folder[] = "/tmp/voxpert-summary-XXXXXX";
    CHECK(mkdtemp(folder) != NULL);
    char *path = path_join(folder, "summary.json");
    memory_fail_at(1, true);
    CHECK(summary_write(&e, path, NULL) == VOXPERT_OUT_OF_MEMORY && !file_exists(path));
    memory_fail_at(0, false);
    CHECK(!summary_write(&e, path, NULL) && file_exists(path));
    unlink(path);
    rmdir(folder);
    memory_free(path);
}
