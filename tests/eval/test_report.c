#include "eval/report.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "tests/check.h"

static LabelScore first[2], second[2];
static EvaluatedLabel labels[] = {{.value = {1}, .values = 1, .name = "liver, left"},
                                  {.value = {2, 3}, .values = 2, .name = "a|b"}};
static CaseScore cases[] = {
    {.reference = (char[]){"gt/a.png"}, .prediction = (char[]){"pred/\"a\".png"}, .label = first},
    {.reference = (char[]){"gt/b.png"},
     .prediction = (char[]){"pred/b.png"},
     .label = second,
     .spacing_known = true}};

static Evaluation made(void) {
    LabelScore *const all[] = {&first[0], &first[1], &second[0], &second[1]};
    for (int i = 0; i < 4; i++) {
        *all[i] = (LabelScore){.skipped = i == 3};
        for (int m = 0; m < METRICS; m++) all[i]->value[m] = 0.25 * (i + 1);
    }
    first[1].value[METRIC_DICE] = (double)NAN;
    second[0].value[METRIC_HD_BORDERS] = (double)INFINITY;
    Evaluation e = {
        .rule = {labels, 2, EMPTY_SKIP, 7, {0}}, .label = labels, .item = cases, .count = 2};
    e.rule.metrics = (MetricChoice){.groups = 1 << GROUP_DICE | 1 << GROUP_HD};
    return e;
}

TEST(csv_has_a_row_per_case_and_label) {
    const Evaluation e = made();
    Text t = {0};
    report_csv(&t, &e);
    CHECK(t.chars &&
          strcmp(t.chars,
                 "case,label,name,Dice,FN,FP,IoU,TN,TP,n_pred,n_ref,HD_elements_mm,HD_borders_mm,"
                 "reference_file,prediction_file,warnings\n"
                 "a.png,1,\"liver, left\",0.25,0.25,0.25,0.25,0.25,0.25,0.25,0.25,0.25,0.25,"
                 "gt/a.png,\"pred/\"\"a\"\".png\",\n"
                 "a.png,\"(2, 3)\",a|b,nan,0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5,"
                 "gt/a.png,\"pred/\"\"a\"\".png\",\n"
                 "b.png,1,\"liver, left\",0.75,0.75,0.75,0.75,0.75,0.75,0.75,0.75,0.75,inf,"
                 "gt/b.png,pred/b.png,\n") == 0);
    text_free(&t);
}

TEST(markdown_has_a_row_per_label_and_metric) {
    Evaluation e = made();
    Text t = {0};
    warnings_add(&e.warnings, "a|b<c> is odd");
    e.protocol = (char[]){"a box around each object"};
    report_markdown(&t, &e);
    static const char *const rows[] = {
        "- Cases: 2\n",
        "(rule `skip`): left out altogether\n",
        "reference is 7 do not count\n",
        "- Warning: a\\|b\\<c\\> is odd\n",
        "- Predictions: a box around each object\n",
        "| 1 liver, left | Dice | 2 | 0 | 0.5 | 0.25 | 0.5 | 0.375 | 0.625 | 0.25 | 0.75 |\n",
        "| 1 liver, left | HD_borders_mm | 2 | 0 | inf | - | inf | inf | inf | 0.25 | inf |\n",
        "| (2, 3) a\\|b | Dice | 1 | 1 | - | - | - | - | - | - | - |\n",
        "| all | Dice | 3 | 1 | 0.5 |",
        "`_elements`: surfaces of corners",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) CHECK(strstr(t.chars, rows[i]) != NULL);
    CHECK(!strstr(t.chars, "| FN |") && !strstr(t.chars, "Lesions:"));
    CHECK(!strstr(t.chars, "pixels"));
    text_free(&t);
    e.rule.metrics.unscaled = e.rule.metrics.pictures = true;
    report_markdown(&t, &e);
    CHECK(strstr(t.chars, "distances and sizes are in pixels (px)\n") &&
          strstr(t.chars, "HD_borders_px"));
    text_free(&t);
    warnings_free(&e.warnings);
}

TEST(values_of_a_metric_are_sorted_and_no_nan) {
    const Evaluation e = made();
    size_t count;
    double *v = metric_values(&e, EVERY_LABEL, METRIC_DICE, &count);
    CHECK(v && count == 2 && v[0] < 0.3 && v[1] > 0.7);
    memory_free(v);
    v = metric_values(&e, 1, METRIC_FN, &count);
    CHECK(v && count == 1); /* the other is skipped */
    memory_free(v);
}
