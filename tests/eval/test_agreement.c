#include "eval/agreement.h"

#include <string.h>

#include "tests/check.h"

static LabelValues values_of(const uint32_t *value, size_t count) {
    LabelValues v = {0};
    for (size_t i = 0; i < count; i++) CHECK(label_values_add(&v, value[i]));
    return v;
}

/* Which values a label 1 has after both sides were looked at, and with which warnings. */
static EvaluatedLabel extended(Warnings *w, const LabelValues *reference,
                               const LabelValues *prediction) {
    EvaluatedLabel l = {.value = {1}, .values = 1, .name = "lesion"};
    size_t added = agreement_extend(
        &l, w, (LabelSide[2]){{"reference", reference}, {"prediction", prediction}});
    CHECK(l.values == 1 + added && l.value[0] == 1);
    return l;
}

TEST(a_value_that_one_side_holds_alone_is_the_label) {
    LabelValues one = values_of((uint32_t[]){1}, 1), white = values_of((uint32_t[]){255}, 1);
    Warnings w = {0};
    EvaluatedLabel l = extended(&w, &one, &white);
    CHECK(l.values == 2 && l.value[1] == 255 && w.count == 1);
    CHECK(strcmp(warnings_lines(&w),
                 "predictions hold the value 255 alone: it is taken as the label 1 lesion\n") == 0);
    warnings_free(&w);
    l = extended(&w, &white, &white);
    CHECK(l.values >= 2 && l.value[1] == 255 && w.count == 1);
    CHECK(strstr(warnings_lines(&w), "references and predictions hold the value 255 alone"));
    warnings_free(&w);
    CHECK(extended(&w, &one, &one).values == 1 && w.count == 0);
    label_values_free(&one);
    label_values_free(&white);
}

TEST(a_value_that_the_other_side_tells_apart_is_not_the_label) {
    LabelValues both = values_of((uint32_t[]){1, 2}, 2), other = values_of((uint32_t[]){2}, 1);
    LabelValues empty = {0};
    Warnings w = {0};
    CHECK(extended(&w, &both, &other).values == 1 && w.count == 0);
    CHECK(extended(&w, &both, &empty).values == 1 && w.count == 0);
    label_values_free(&both);
    label_values_free(&other);
}

TEST(a_label_of_another_number_is_not_what_masks_mark) {
    LabelValues one = values_of((uint32_t[]){1}, 1);
    EvaluatedLabel seven = {.value = {7}, .values = 1};
    Warnings w = {0};
    CHECK(agreement_extend(&seven, &w, (LabelSide[2]){{"segmentation", &one}, {0}}) == 0);
    CHECK(w.count == 0 && !is_foreground_value(7) && is_foreground_value(65535));
    label_values_free(&one);
}

TEST(a_label_that_no_file_holds_is_reported_with_the_remedy) {
    LabelValues white = values_of((uint32_t[]){255}, 1), two = values_of((uint32_t[]){2}, 1);
    const EvaluatedLabel labels[] = {{.value = {1}, .values = 1, .name = "lesion"},
                                     {.value = {2}, .values = 1}};
    Warnings w = {0};
    agreement_of_side(&w, labels, 2, (LabelSide){"prediction", &white});
    CHECK(w.count == 2 && strstr(warnings_lines(&w), "such as lesion=1+255\n"));
    CHECK(strstr(warnings_lines(&w), "such as 2+255\n"));
    warnings_free(&w);
    agreement_of_side(&w, labels, 2, (LabelSide){"prediction", &two});
    CHECK(strcmp(warnings_lines(&w), "no prediction holds the label 1 lesion; they hold 2\n") == 0);
    warnings_free(&w);
    label_values_free(&white);
    label_values_free(&two);
}
