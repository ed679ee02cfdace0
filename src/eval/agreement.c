#include "eval/agreement.h"

#include <stdio.h>

#include "base/text.h"

enum { SHOWN = 8, LIST = 160 };

/* "1, 2 and 255"; of many "1, 2, 3, 4, 5, 6, 7, 8 and 180 more". */
static void list_values(char out[LIST], const uint32_t *value, size_t count) {
    Text t = {0};
    size_t shown = count > SHOWN ? SHOWN : count;
    for (size_t i = 0; i < shown; i++)
        text_add(&t, "%s%u", i == 0 ? "" : i + 1 == count ? " and " : ", ", value[i]);
    if (shown < count) text_add(&t, " and %zu more", count - shown);
    snprintf(out, LIST, "%s", t.chars ? t.chars : "");
    text_free(&t);
}

/* The values of `a` that `b` does not have. */
static void only_in(LabelValues *out, const LabelValues *a, const LabelValues *b) {
    for (size_t i = 0; i < a->count; i++) {
        if (!label_values_hold(b, a->value[i])) label_values_add(out, a->value[i]);
    }
}

static const char *plural(size_t count) { return count == 1 ? "" : "s"; }

/* A label that the references alone have may mean "not labelled". */
static void warn_of_one_side(Warnings *w, const LabelValues *reference,
                             const LabelValues *prediction) {
    LabelValues here = {0}, there = {0};
    char list[LIST];
    only_in(&here, reference, prediction);
    only_in(&there, prediction, reference);
    list_values(list, here.value, here.count);
    if (here.count)
        warnings_add(
            w,
            "the label%s %s %s in references alone, so no prediction can be right there; a "
            "value that marks voxels which do not count must be set as the ignored label",
            plural(here.count), list, here.count == 1 ? "is" : "are");
    list_values(list, there.value, there.count);
    if (there.count)
        warnings_add(w, "the label%s %s %s in predictions alone", plural(there.count), list,
                     there.count == 1 ? "is" : "are");
    label_values_free(&here);
    label_values_free(&there);
}

static bool have_common(const LabelValues *a, const LabelValues *b) {
    for (size_t i = 0; i < a->count; i++) {
        if (label_values_hold(b, a->value[i])) return true;
    }
    return false;
}

Status agreement_find(bool *join, Warnings *w, const LabelValues *reference,
                      const LabelValues *prediction, Error *error) {
    char of_reference[LIST], of_prediction[LIST];
    *join = false;
    if (!reference->count || !prediction->count) {
        if (reference->count) warnings_add(w, "no prediction holds a label but 0");
        if (prediction->count) warnings_add(w, "no reference holds a label but 0");
        return VOXPERT_OK;
    }
    if (have_common(reference, prediction)) {
        warn_of_one_side(w, reference, prediction);
        return VOXPERT_OK;
    }
    list_values(of_reference, reference->value, reference->count);
    list_values(of_prediction, prediction->value, prediction->count);
    *join = reference->count == 1 && prediction->count == 1;
    if (*join) {
        warnings_add(
            w,
            "references mark with %s what predictions mark with %s: both values are taken as "
            "one label",
            of_reference, of_prediction);
        return VOXPERT_OK;
    }
    return error_set(error, VOXPERT_BAD_INPUT,
                     "references hold the label%s %s and predictions %s: none in common; name the "
                     "labels and the values that each joins, such as lesion=%u+%u",
                     plural(reference->count), of_reference, of_prediction, reference->value[0],
                     prediction->value[0]);
}

/* ---- Named labels --------------------------------------------------------------------------- */

static bool holds_any(const LabelValues *set, const EvaluatedLabel *l) {
    for (size_t i = 0; i < l->values; i++) {
        if (l->value[i] == 0 || label_values_hold(set, l->value[i])) return true;
    }
    return false;
}

void agreement_of_side(Warnings *w, const EvaluatedLabel *label, size_t labels, const char *side,
                       const LabelValues *values) {
    char list[LIST];
    list_values(list, values->value, values->count);
    for (size_t i = 0; i < labels && values->count; i++) {
        Text title = {0};
        if (holds_any(values, &label[i])) continue;
        label_key(&title, &label[i]);
        if (label[i].name[0]) text_add(&title, " %s", label[i].name);
        warnings_add(w, "no %s holds the label %s; they hold %s", side,
                     title.chars ? title.chars : "", list);
        text_free(&title);
    }
}

void agreement_of_labels(Warnings *w, const EvaluatedLabel *label, size_t labels,
                         const LabelValues *reference, const LabelValues *prediction) {
    agreement_of_side(w, label, labels, "reference", reference);
    agreement_of_side(w, label, labels, "prediction", prediction);
}
