#include "assess/click_curves.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "assess/seen.h"
#include "base/memory.h"

const char *click_way_name(ClickWay w) {
    static const char *const names[CLICK_WAYS] = {"box then clicks", "clicks alone"};
    return names[w];
}

static const char *const parts[] = {"train", "validation", "test", "all"};

int click_part(const char *name) {
    if (!name) return EVERY_PART;
    for (int i = 0; i <= EVERY_PART; i++) {
        if (strcmp(name, parts[i]) == 0) return i;
    }
    return -1;
}

const char *click_part_name(int part) { return parts[part]; }

void click_curves_free(ClickCurves *c) {
    dataset_free(&c->data);
    memory_free(c->object);
    memory_free(c->dice);
    memory_free(c->prompt_free);
    memory_free(c->by_class);
    *c = (ClickCurves){0};
}

static Status no_memory(Error *error) {
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the curves of clicks");
}

Status click_question_check(int clicks, const char *part, Error *error) {
    if (clicks < 1 || clicks > CLICKS_MAX)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "%d clicks: must be from 1 to %d", clicks,
                         (int)CLICKS_MAX);
    if (click_part(part) < 0)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "\"%s\" is no part of data: train, validation, test or all", part);
    return VOXPERT_OK;
}

/* ---- Measuring -------------------------------------------------------------------------- */

/* Of a set as many as are wanted, evenly spread: of those with rings, and of the others. */
static Status choose_of_set(size_t *out, size_t *chosen, const Dataset *d, int set,
                            const ClickRule *rule, Error *error) {
    size_t *list, count, most = rule->most;
    SplitPart part = rule->part == EVERY_PART ? SPLIT_TEST : (SplitPart)rule->part;
    Status status = dataset_select(d, set, part, &list, &count, error);
    if (status) return status;
    for (int outer = 0; outer < 2; outer++) {
        size_t all = 0, seen = 0;
        for (size_t i = 0; i < count; i++) all += d->object[list[i]].outer == (outer != 0);
        size_t step = most && all > most ? (all + most - 1) / most : 1;
        for (size_t i = 0; i < count; i++) {
            if (d->object[list[i]].outer != (outer != 0)) continue;
            if (seen++ % step == 0) out[(*chosen)++] = list[i];
        }
    }
    memory_free(list);
    return VOXPERT_OK;
}

Status click_objects(size_t **out, size_t *count, Dataset *d, const ClickRule *rule,
                     const char *folder, Error *error) {
    for (size_t i = 0; i < d->pictures && rule->part == EVERY_PART; i++)
        d->picture[i].part = SPLIT_TEST;
    *count = 0;
    *out = memory_new((d->objects + 1) * sizeof **out);
    Status status = *out ? VOXPERT_OK : no_memory(error);
    for (size_t s = 0; !status && s < d->sets; s++)
        status = choose_of_set(*out, count, d, (int)s, rule, error);
    if (!status && *count == 0)
        status = error_set(error, VOXPERT_BAD_INPUT, "%s: there is no object in the part \"%s\"",
                           folder ? folder : "no data folder", parts[rule->part]);
    if (!status) return VOXPERT_OK;
    memory_free(*out);
    *out = NULL;
    return status;
}

static double *curve_of(const ClickCurves *c, size_t object, ClickWay way) {
    size_t width = (size_t)c->rule.clicks + 1;
    return c->dice + (object * CLICK_WAYS + (size_t)way) * width;
}

static bool is_named(const Dataset *d, const CaseObject *o, const char *name) {
    const LabelName *label = dataset_name_of(d, o);
    return label && strcmp(label->name, name) == 0;
}

/* Each name of the objects of a picture once. */
static Status measure_classes(ClickCurves *c, Measurer *m, const CaseObject *o, Error *error) {
    Status status = VOXPERT_OK;
    size_t objects;
    const CaseObject *first = dataset_together(&c->data, o, &objects);
    for (size_t i = 0; !status && i < objects; i++) {
        const LabelName *label = dataset_name_of(&c->data, &first[i]);
        bool seen = !label;
        for (size_t k = 0; !seen && k < i; k++) seen = is_named(&c->data, &first[k], label->name);
        if (seen) continue;
        if (!memory_grow(&c->by_class, &c->class_capacity, c->classes, sizeof *c->by_class))
            return no_memory(error);
        ClassDice *to = &c->by_class[c->classes++];
        *to = (ClassDice){first->picture, label->name, 0.0};
        status = measure_class(m, &c->data, first, label->name, &to->dice, error);
    }
    return status;
}

/* Once for each picture that one of the chosen objects is in. */
static Status measure_picture(ClickCurves *c, Measurer *m, size_t i, bool *seen, Error *error) {
    const CaseObject *o = &c->data.object[c->object[i]];
    c->prompt_free[i] = -1.0;
    if (seen[o->picture]) return VOXPERT_OK;
    seen[o->picture] = true;
    Status status = measure_prompt_free(m, &c->data, o, &c->prompt_free[i], error);
    return status ? status : measure_classes(c, m, o, error);
}

static Status measure_all(ClickCurves *c, Measurer *m, const ClickListener *listener,
                          Error *error) {
    bool *seen = memory_new((c->data.pictures + 1) * sizeof *seen);
    Status status = seen ? VOXPERT_OK : no_memory(error);
    for (size_t i = 0; i < c->objects && !status; i++) {
        const CaseObject *o = &c->data.object[c->object[i]];
        for (int w = 0; w < CLICK_WAYS && !status; w++)
            status = measure_clicks(m, &c->data, o, w == WAY_BOX_FIRST, c->rule.clicks,
                                    c->rule.zoom, curve_of(c, i, (ClickWay)w), error);
        if (!status && c->rule.prompt_free) status = measure_picture(c, m, i, seen, error);
        if (!status && listener && listener->done)
            listener->done(listener->context, i + 1, c->objects, c->data.picture[o->picture].name);
    }
    memory_free(seen);
    return status;
}

Status click_curves_measure(ClickCurves *out, const Model *model, const char *const *folders,
                            size_t folder_count, const ClickRule *rule,
                            const ClickListener *listener, Error *error) {
    Measurer m = {0};
    *out = (ClickCurves){.rule = *rule, .part = parts[rule->part]};
    Status status = VOXPERT_OK;
    for (size_t i = 0; !status && i < folder_count; i++)
        status = dataset_add(&out->data, folders[i], error);
    int part = rule->part == EVERY_PART ? SPLIT_PARTS : rule->part;
    if (!status) status = seen_cases_check(&out->data, model, part, error);
    if (!status)
        status = click_objects(&out->object, &out->objects, &out->data, rule,
                               folder_count ? folders[0] : NULL, error);
    const PredictorOptions options = {.max_memory = rule->max_memory};
    if (!status) status = measurer_open(&m, model, &options, error);
    size_t width = CLICK_WAYS * ((size_t)rule->clicks + 1);
    if (!status && !(out->dice = memory_new(out->objects * width * sizeof *out->dice)))
        status = no_memory(error);
    if (!status && !(out->prompt_free = memory_new(out->objects * sizeof *out->prompt_free)))
        status = no_memory(error);
    if (!status) status = measure_all(out, &m, listener, error);
    measurer_close(&m);
    if (status) click_curves_free(out);
    return status;
}

/* ---- Means ------------------------------------------------------------------------------ */

double click_auc(const double *dice, int clicks) {
    double sum = 0.0;
    for (int i = 1; i < clicks; i++) sum += 0.5 * (dice[i] + dice[i + 1]);
    return sum;
}

static void row_add(ClickRow *row, const double *dice, double weight, int clicks) {
    for (int w = 0; w < CLICK_WAYS; w++) {
        for (int i = 0; i <= clicks; i++) row->dice[w][i] += weight * dice[w * (clicks + 1) + i];
    }
}

/* Of the pictures of a set, or of all. */
static void add_pictures(ClickRow *row, const ClickCurves *c, int set) {
    double sum = 0.0;
    for (size_t i = 0; c->rule.prompt_free && i < c->objects; i++) {
        const CaseObject *o = &c->data.object[c->object[i]];
        if ((set >= 0 && c->data.picture[o->picture].set != set) || c->prompt_free[i] < 0.0)
            continue;
        sum += c->prompt_free[i];
        row->pictures++;
    }
    if (row->pictures) row->prompt_free = sum / (double)row->pictures;
}

/* Of the label name `at` of a set; no picture also where an earlier label is called the same. */
static void mean_of_class(ClassRow *row, const ClickCurves *c, size_t set, size_t at) {
    const LabelName *name = c->data.set[set].label_name;
    row->set_name = c->data.set[set].name;
    row->name = name[at].name;
    row->pictures = 0, row->dice = 0.0;
    for (size_t i = 0; i < at; i++)
        if (strcmp(name[i].name, row->name) == 0) return;
    for (size_t i = 0; i < c->classes; i++) {
        const ClassDice *d = &c->by_class[i];
        if (c->data.picture[d->picture].set != (int)set || strcmp(d->name, row->name) != 0)
            continue;
        row->dice += d->dice;
        row->pictures++;
    }
    if (row->pictures) row->dice /= (double)row->pictures;
}

bool click_class_next(ClassRow *row, const ClickCurves *c) {
    for (; row->set < c->data.sets; row->set++, row->at = 0)
        while (row->at < c->data.set[row->set].names) {
            mean_of_class(row, c, row->set, row->at++);
            if (!row->pictures) continue;
            row->rows++;
            return true;
        }
    return false;
}

/* The mean over the objects of a set (-1: of all sets) that are outer ones, or not. */
/* Over the objects of a row, whose means are known. */
static void add_intervals(ClickRow *row, const ClickCurves *c, int set, bool outer) {
    double n = (double)row->objects;
    for (size_t i = 0; i < c->objects; i++) {
        const CaseObject *o = &c->data.object[c->object[i]];
        if ((set >= 0 && c->data.picture[o->picture].set != set) || o->outer != outer) continue;
        for (int w = 0; w < CLICK_WAYS; w++) {
            const double *dice = curve_of(c, i, (ClickWay)w);
            for (int k = 0; k <= c->rule.clicks; k++)
                row->half_width[w][k] += pow(dice[k] - row->dice[w][k], 2.0);
        }
    }
    for (int w = 0; w < CLICK_WAYS; w++)
        for (int k = 0; k <= c->rule.clicks; k++)
            row->half_width[w][k] =
                n > 1.0 ? 1.96 * sqrt(row->half_width[w][k] / (n - 1.0) / n) : (double)NAN;
}

static bool row_of(ClickRow *row, const ClickCurves *c, int set, bool outer) {
    *row = (ClickRow){.objects = 0};
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < c->objects; i++) {
            const CaseObject *o = &c->data.object[c->object[i]];
            if ((set >= 0 && c->data.picture[o->picture].set != set) || o->outer != outer) continue;
            if (pass == 0)
                row->objects++;
            else
                row_add(row, curve_of(c, i, WAY_BOX_FIRST), 1.0 / (double)row->objects,
                        c->rule.clicks);
        }
    }
    add_intervals(row, c, set, outer);
    if (!outer) add_pictures(row, c, set);
    return row->objects > 0;
}

static void add_macro(ClickRow *macro, size_t *count, const ClickCurves *c) {
    ClickRow one;
    size_t sets = 0;
    *macro = (ClickRow){.name = "mean of the sets"};
    for (size_t s = 0; s < c->data.sets; s++) sets += row_of(&one, c, (int)s, false);
    for (size_t s = 0; s < c->data.sets && sets > 1; s++) {
        if (!row_of(&one, c, (int)s, false)) continue;
        macro->objects += one.objects;
        macro->pictures += one.pictures;
        macro->prompt_free += one.prompt_free / (double)sets;
        for (int w = 0; w < CLICK_WAYS; w++)
            for (int i = 0; i <= c->rule.clicks; i++)
                macro->dice[w][i] += one.dice[w][i] / (double)sets,
                    macro->half_width[w][i] = (double)NAN;
    }
    *count += sets > 1;
}

Status click_rows(ClickRow **rows, size_t *count, const ClickCurves *c, Error *error) {
    ClickRow *row = memory_new((2 * c->data.sets + 3) * sizeof *row);
    *count = 0;
    *rows = row;
    if (!row) return no_memory(error);
    for (size_t s = 0; s < c->data.sets; s++) {
        const CaseSet *set = &c->data.set[s];
        for (int outer = 0; outer < 2; outer++) {
            if (!row_of(&row[*count], c, (int)s, outer)) continue;
            snprintf(row[*count].name, sizeof row->name, "%.120s%s", set->name,
                     outer         ? ", with rings (apart)"
                     : set->nested ? ", innermost"
                                   : "");
            ++*count;
        }
    }
    size_t sets = *count;
    if (sets > 1 && row_of(&row[*count], c, -1, false)) {
        snprintf(row[*count].name, sizeof row->name, "all objects");
        ++*count;
    }
    add_macro(&row[*count], count, c);
    return VOXPERT_OK;
}
