#include "eval/agreement.h"

#include <stdio.h>

#include "base/text.h"

enum { SHOWN = 8, LIST = LABEL_LIST_MAX };

static void list_values(char out[LIST], const uint32_t *value, size_t count) {
    Text t = {0};
    size_t shown = count > SHOWN ? SHOWN : count;
    for (size_t i = 0; i < shown; i++)
        text_add(&t, "%s%u", i == 0 ? "" : i + 1 == count ? " and " : ", ", value[i]);
    if (shown < count) text_add(&t, " and %zu more", count - shown);
    snprintf(out, LIST, "%s", t.chars ? t.chars : "");
    text_free(&t);
}

void label_values_list(char out[LABEL_LIST_MAX], const LabelValues *v) {
    list_values(out, v->value, v->count);
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

static void add_title(Text *t, const EvaluatedLabel *l) {
    label_key(t, l);
    if (l->name[0]) text_add(t, " %s", l->name);
}

bool is_foreground_value(uint32_t value) {
    return value == 1 || value == UINT8_MAX || value == UINT16_MAX;
}

/* Each file of this side marks one thing; of the other side, which may be NULL, that value marks
 * nothing beside it. */
static bool means_label(const LabelValues *own, const LabelValues *other, const EvaluatedLabel *l) {
    return own && own->count == 1 && !holds_any(own, l) && l->values == 1 &&
           is_foreground_value(l->value[0]) && is_foreground_value(own->value[0]) &&
           (!other || other->count == 1 || !label_values_hold(other, own->value[0]));
}

static void warn_of_value(Warnings *w, const EvaluatedLabel *l, const char *who, uint32_t value) {
    Text title = {0};
    add_title(&title, l);
    warnings_add(w, "%s hold the value %u alone: it is taken as the label %s", who, value,
                 title.chars ? title.chars : "");
    text_free(&title);
}

size_t agreement_extend(EvaluatedLabel *l, Warnings *w, const LabelSide side[2]) {
    const EvaluatedLabel named = *l;
    const LabelValues *a = side[0].values, *b = side[1].values;
    bool first = means_label(a, b, l), second = means_label(b, a, l);
    bool same = first && second && a->value[0] == b->value[0];
    char both[80];
    snprintf(both, sizeof both, "%ss and %ss", side[0].name, side[1].name ? side[1].name : "");
    for (int i = 0; i < 2; i++) {
        char who[40];
        if (i ? !second || same : !first) continue;
        snprintf(who, sizeof who, "%ss", side[i].name);
        warn_of_value(w, &named, same ? both : who, side[i].values->value[0]);
        if (l->values < LABEL_VALUES_MAX) l->value[l->values++] = side[i].values->value[0];
    }
    return l->values - named.values;
}

/* How a value that no label names is joined with one. */
static void add_remedy(Text *t, const EvaluatedLabel *l, uint32_t value) {
    text_add(t, "; a value that means this label is named with it, such as ");
    if (l->name[0]) text_add(t, "%s=", l->name);
    for (size_t i = 0; i < l->values; i++) text_add(t, "%u+", l->value[i]);
    text_add(t, "%u", value);
}

void agreement_of_side(Warnings *w, const EvaluatedLabel *label, size_t labels, LabelSide side) {
    char list[LIST];
    bool any = false;
    list_values(list, side.values->value, side.values->count);
    for (size_t i = 0; i < labels; i++) any |= holds_any(side.values, &label[i]);
    for (size_t i = 0; i < labels && side.values->count; i++) {
        Text title = {0}, remedy = {0};
        if (holds_any(side.values, &label[i])) continue;
        add_title(&title, &label[i]);
        text_add(&remedy, "%s", "");
        if (!any) add_remedy(&remedy, &label[i], side.values->value[0]);
        if (title.chars && remedy.chars)
            warnings_add(w, "no %s holds the label %s; they hold %s%s", side.name, title.chars,
                         list, remedy.chars);
        text_free(&title);
        text_free(&remedy);
    }
}
