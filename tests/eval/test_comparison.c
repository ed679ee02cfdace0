#include "eval/comparison.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "tests/check.h"

enum { CASES = 6 };

/* Differences of Dice: 1, 2, 3, 4, 5 hundredths in our favour, and 6 against us. */
static const double better[CASES] = {0.01, 0.02, 0.03, 0.04, 0.05, -0.06};

static LabelScore scores[2][CASES][2];
static CaseScore cases[2][CASES];
static char names[2][CASES][24];
static EvaluatedLabel labels[] = {{.value = {1}, .values = 1}, {.value = {2}, .values = 1}};

static Evaluation made(int which) {
    Evaluation e = {.rule = {labels, 2, EMPTY_NAN, 0, {.groups = 1 << GROUP_DICE}},
                    .label = labels,
                    .item = cases[which],
                    .count = CASES};
    for (int i = 0; i < CASES; i++) {
        int at = which ? CASES - 1 - i : i; /* in another order */
        snprintf(names[which][at], sizeof *names[which], "%s/%c.png", which ? "x" : "y", 'a' + i);
        cases[which][at] = (CaseScore){.reference = names[which][at],
                                       .prediction = names[which][at],
                                       .label = scores[which][at]};
        for (int l = 0; l < 2; l++) {
            scores[which][at][l] = (LabelScore){.skipped = false};
            for (int m = 0; m < METRICS; m++) scores[which][at][l].value[m] = (double)NAN;
            scores[which][at][l].value[METRIC_DICE] =
                0.5 + 0.05 * i + (which ? 0.0 : better[i]) * (l + 1);
        }
    }
    return e;
}

static bool is_near(double a, double b) { return fabs(a - b) < 1e-12; }

TEST(cases_are_paired_by_name) {
    const Evaluation ours = made(0), other = made(1);
    Comparison c;
    CHECK(!comparison_make(&c, &ours, &other, "other", bootstrap_default(), NULL));
    CHECK(c.count == 3 && c.item[0].pairs == CASES && c.item[0].left_out == 0);
    const PairedMetric *p = c.item;
    CHECK(p->label == 0 && p->metric == METRIC_DICE);
    CHECK(is_near(p->difference, 0.015) && is_near(p->ours - p->other, 0.015));
    CHECK(p->exact && is_near(p->wilcoxon.statistic, 6.0)); /* the rank of the largest */
    CHECK(is_near(p->wilcoxon.p, 2.0 * 14.0 / 64.0));       /* subsets of 1..6 with a sum <= 6 */
    CHECK(p->interval.low < 0.015 && p->interval.high > 0.015 && p->interval.high < 0.05);
    CHECK(p[2].label == EVERY_LABEL && is_near(p[2].difference, 0.0225));
    comparison_free(&c);
}

TEST(the_same_seed_gives_the_same_interval) {
    const Evaluation ours = made(0), other = made(1);
    const BootstrapRule rule = {.resamples = 500, .seed = 3, .level = 0.9}; /* 6^6 are more */
    Comparison a, b;
    CHECK(!comparison_make(&a, &ours, &other, "other", rule, NULL));
    CHECK(!comparison_make(&b, &ours, &other, "other", rule, NULL));
    CHECK(memcmp(&a.item[0].interval, &b.item[0].interval, sizeof(Interval)) == 0);
    comparison_free(&b);
    CHECK(!comparison_make(&b, &ours, &other, "other", bootstrap_default(), NULL));
    CHECK(memcmp(&a.item[0].interval, &b.item[0].interval, sizeof(Interval)) != 0);
    comparison_free(&a);
    comparison_free(&b);
}

TEST(what_is_not_finite_is_left_out_and_counted) {
    Evaluation ours = made(0), other = made(1);
    Comparison c;
    scores[0][1][0].value[METRIC_DICE] = (double)NAN;
    scores[1][0][0].value[METRIC_DICE] = (double)INFINITY; /* case f */
    scores[1][3][0].skipped = true;                        /* case c */
    for (int i = 0; i < CASES; i++) scores[0][i][1].value[METRIC_DICE] = (double)NAN;
    CHECK(!comparison_make(&c, &ours, &other, "other", bootstrap_default(), NULL));
    CHECK(c.count == 2 && c.item[0].pairs == 3 && c.item[0].left_out == 3); /* a, d, e */
    CHECK(is_near(c.item[0].difference, 0.1 / 3.0));
    CHECK(c.item[1].label == EVERY_LABEL && c.item[1].pairs == 3);
    comparison_free(&c);
}

TEST(what_cannot_be_compared_is_said) {
    Evaluation ours = made(0), other = made(1);
    Comparison c;
    Error error;
    BootstrapRule rule = bootstrap_default();
    other.count = CASES - 1;
    CHECK(comparison_make(&c, &ours, &other, "OTHER", rule, &error) == VOXPERT_BAD_INPUT);
    CHECK(strcmp(error.message, "OTHER: has 5 cases, not 6") == 0 && !c.item);
    other.count = CASES;
    names[1][0][2] = 'z';
    CHECK(comparison_make(&c, &ours, &other, "OTHER", rule, &error) == VOXPERT_BAD_INPUT);
    CHECK(strcmp(error.message, "OTHER: has no case f.png") == 0);
    names[1][0][2] = 'f';
    other.rule.empty = EMPTY_ONE;
    CHECK(comparison_make(&c, &ours, &other, "OTHER", rule, &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "the rule \"one\" for empty labels, not \"nan\"") != NULL);
    other.rule.empty = EMPTY_NAN;
    ours.rule.metrics.groups = 1 << GROUP_HD;
    CHECK(comparison_make(&c, &ours, &other, "OTHER", rule, &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "nothing") || strstr(error.message, "no label and metric"));
}

TEST(texts_hold_what_was_found) {
    const Evaluation ours = made(0), other = made(1);
    Comparison c;
    Text json = {0}, table = {0};
    CHECK(!comparison_make(&c, &ours, &other, "a|b", bootstrap_default(), NULL));
    comparison_json(&json, &c);
    CHECK(strstr(json.chars, "\"other\": \"a|b\"") && strstr(json.chars, "\"method\": \"exact\""));
    CHECK(strstr(json.chars, "\"label\": \"2\", \"metric\": \"Dice\", \"pairs\": 6") != NULL);
    CHECK(strstr(json.chars, "\"p\": 0.4375") && strstr(json.chars, "\"label\": \"all\""));
    comparison_markdown(&table, &c);
    CHECK(strstr(table.chars, "# Comparison with a\\|b\n") != NULL);
    CHECK(strstr(table.chars, "| 1 | Dice | 6 | 0 | 0.64 | 0.625 | 0.015 |") != NULL);
    text_free(&json);
    text_free(&table);
    comparison_free(&c);
}

TEST(every_failed_allocation_of_a_comparison_leaks_nothing) {
    const Evaluation ours = made(0), other = made(1);
    Comparison c;
    Status status = VOXPERT_OUT_OF_MEMORY;
    for (size_t n = 1; status && n < 200; n++) {
        memory_fail_at(n, false);
        status = comparison_make(&c, &ours, &other, "other", bootstrap_default(), NULL);
        CHECK(status == VOXPERT_OK || (!c.item && !c.other));
    }
    memory_fail_at(0, false);
    CHECK(status == VOXPERT_OK);
    comparison_free(&c);
}
