#include "eval/paper.h"

#include <math.h>
#include <string.h>

#include "tests/check.h"

static LabelScore score[2][3][2]; /* method, case, label */
static CaseScore cases[2][3];
static EvaluatedLabel labels[] = {{.value = {1}, .values = 1, .name = "a_b|c"},
                                  {.value = {2}, .values = 1}};

/* Dice of the first method's label 1: 0.2, 0.4, 0.6; of the second's 0.1 more. */
static Evaluation made(int method) {
    Evaluation e = {
        .rule = {labels, 2, EMPTY_NAN, 0, {.groups = 1 << GROUP_DICE | 1 << GROUP_HD95}},
        .label = labels,
        .item = cases[method],
        .count = 3};
    for (int i = 0; i < 3; i++) {
        static char name[3][8] = {"a.png", "b.png", "c.png"};
        cases[method][i] = (CaseScore){.label = score[method][i], .reference = name[i]};
        for (int l = 0; l < 2; l++) {
            for (int m = 0; m < METRICS; m++) score[method][i][l].value[m] = 5.0;
            score[method][i][l].value[METRIC_DICE] = 0.2 * (i + 1) + 0.1 * method + 0.05 * l;
        }
    }
    score[method][2][0].value[METRIC_HD95_ELEMENTS] = (double)INFINITY;
    return e;
}

static bool has(const Text *t, const char *text) { return t->chars && strstr(t->chars, text); }

TEST(values_are_mean_and_deviation_of_a_sample_of_what_is_finite) {
    const Evaluation e = made(0);
    PaperValue v = paper_value(&e, 0, METRIC_DICE);
    CHECK(fabs(v.mean - 0.4) < 1e-12 && fabs(v.deviation - 0.2) < 1e-12); /* over n - 1 */
    CHECK(v.counted == 3 && v.infinite == 0);
    v = paper_value(&e, 0, METRIC_HD95_ELEMENTS);
    CHECK(v.counted == 2 && v.infinite == 1 && fabs(v.mean - 5.0) < 1e-12);
}

static void write_all(Text out[3]) {
    Evaluation first = made(0), second = made(1);
    Comparison c;
    warnings_add(&second.warnings, "a|b: odd, but taken");
    CHECK(!comparison_make(&c, &first, &second, "other", bootstrap_default(), NULL));
    const PaperMethod method[] = {{"our & first_model", &first, NULL}, {"other", &second, &c}};
    const PaperTable table = {method, 2};
    paper_markdown(&out[0], &table);
    paper_latex(&out[1], &table);
    paper_csv(&out[2], &table);
    comparison_free(&c);
    warnings_free(&second.warnings);
}

TEST(methods_are_rows_side_by_side_in_every_form) {
    Text t[3] = {{0}, {0}, {0}};
    write_all(t);
    CHECK(has(&t[0], "| label | method | cases | Dice | HD95_elements_mm | p (Dice) |\n"));
    CHECK(has(&t[0],
              "| 1 a_b\\|c | our & first_model | 3 | 0.400 (0.200) | 5.00 (0.00) +1 inf |  |\n"));
    CHECK(has(&t[0], "| 1 a_b\\|c | other | 3 | 0.500 (0.200) | 5.00 (0.00) +1 inf | 0."));
    CHECK(has(&t[0], "| all | other | 3 | "));
    CHECK(has(&t[1], "\\begin{tabular}{llrrrr}\n\\toprule\nlabel & method & cases & Dice & "
                     "HD95\\_elements\\_mm & p (Dice) \\\\\n\\midrule\n"));
    CHECK(has(&t[1], "1 a\\_b\\textbar{}c & our \\& first\\_model & 3 & 0.400 (0.200) & "));
    CHECK(has(&t[2], "label,method,metric,mean,sd,n,infinite,p,warnings\n1 a_b|c,our & "
                     "first_model,Dice,0.4"));
    CHECK(has(&t[2], "\n1 a_b|c,other,HD95_borders_mm,5,0,3,0,1,\"a|b: odd, but taken\"\n"));
    CHECK(has(&t[2], "first_model,HD95_borders_mm,5,0,3,0,,\n"));
    CHECK(has(&t[0], "|\n\n- Warning (other): a\\|b: odd, but taken\n"));
    CHECK(has(&t[1], "\n% Warning (other): a|b: odd, but taken\n\\begin{tabular}"));
    for (int i = 0; i < 3; i++) {
        CHECK(!t[i].failed);
        text_free(&t[i]);
    }
}

TEST(one_case_has_no_deviation_and_a_missing_label_no_value) {
    static EvaluatedLabel other_labels[] = {{.value = {7}, .values = 1}};
    Evaluation first = made(0), second = made(1);
    Text t = {0};
    first.count = 1;
    second.rule.labels = 1, second.label = other_labels;
    const PaperMethod method[] = {{"one", &first, NULL}, {"other", &second, NULL}};
    paper_markdown(&t, &(PaperTable){method, 2});
    CHECK(has(&t, "| 1 a_b\\|c | one | 1 | 0.200 | 5.00 |\n") && !has(&t, "p (Dice)"));
    CHECK(has(&t, "| 1 a_b\\|c | other | 3 |  |  |\n"));
    text_free(&t);
}
