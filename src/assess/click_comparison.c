#include "assess/click_comparison.h"
#include "base/quote.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "eval/report.h"
#include "eval/statistics.h"

static Status no_memory(Error *error) {
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory to compare clicks");
}

/* ---- Reading ---------------------------------------------------------------------------- */

typedef struct Reader {
    const char *name;
    size_t index;
} Reader;

static Status refuse(const Reader *r, const char *rule, Error *error) {
    return error_set(error, VOXPERT_BAD_INPUT, "%s: object %zu of \"measured\": %s", r->name,
                     r->index + 1, rule);
}

static bool take_whole(const json_t *json, json_int_t high, json_int_t *out) {
    *out = json_integer_value(json);
    return json_is_integer(json) && *out >= 0 && *out <= high;
}

/* Dice [from .. clicks] of a list of as many numbers from 0 to 1. */
static bool take_dice(double *dice, const json_t *list, int from, int clicks) {
    if (json_array_size(list) != (size_t)(clicks - from) + 1) return false;
    for (int i = from; i <= clicks; i++) {
        const json_t *value = json_array_get(list, (size_t)(i - from));
        dice[i] = json_number_value(value);
        if (!json_is_number(value) || !(dice[i] >= 0.0 && dice[i] <= 1.0)) return false;
    }
    return true;
}

static Status take_record(ClickRecord *to, const json_t *from, int clicks, const Reader *r,
                          Error *error) {
    const char *picture = json_string_value(json_object_get(from, "picture"));
    const json_t *box = json_object_get(from, "box");
    json_int_t value;
    if (!picture || !*picture) return refuse(r, "\"picture\" must be a name", error);
    if (!take_whole(json_object_get(from, "label"), UINT32_MAX, &value))
        return refuse(r, "\"label\" must be a whole number from 0", error);
    to->label = (uint32_t)value;
    for (size_t i = 0; i < 4; i++) {
        if (json_array_size(box) != 4 || !take_whole(json_array_get(box, i), 1 << 20, &value))
            return refuse(r, "\"box\" must be four whole numbers from 0", error);
        to->box[i] = (int)value;
    }
    if (!take_whole(json_object_get(from, "pixels"), 1LL << 40, &value))
        return refuse(r, "\"pixels\" must be a whole number from 0", error);
    to->pixels = (size_t)value;
    to->outer = json_is_true(json_object_get(from, "with_rings"));
    if (!take_dice(to->dice[WAY_BOX_FIRST], json_object_get(from, "box_then_clicks"), 0, clicks) ||
        !take_dice(to->dice[WAY_CLICKS_ALONE], json_object_get(from, "clicks_alone"), 1, clicks))
        return refuse(r, "Dice must be numbers from 0 to 1, one for the box and for each click",
                      error);
    to->picture = memory_text(picture);
    return to->picture ? VOXPERT_OK : no_memory(error);
}

static int by_object(const void *a, const void *b) {
    const ClickRecord *x = a, *y = b;
    int order = strcmp(x->picture, y->picture);
    if (order) return order;
    if (x->label != y->label) return x->label < y->label ? -1 : 1;
    for (int i = 0; i < 4; i++) {
        if (x->box[i] != y->box[i]) return x->box[i] < y->box[i] ? -1 : 1;
    }
    return x->pixels < y->pixels ? -1 : x->pixels > y->pixels;
}

static Status take_all(ClickRecords *out, const json_t *root, const char *name, Error *error) {
    const json_t *list = json_object_get(root, "measured");
    json_int_t clicks;
    if (!json_is_array(list) || json_array_size(list) == 0 ||
        !take_whole(json_object_get(root, "clicks"), CLICKS_MAX, &clicks) || clicks == 0)
        return error_set(error, VOXPERT_BAD_INPUT,
                         "%s: is no clicks.json with \"clicks\" and its objects in \"measured\", "
                         "as this version writes it",
                         name);
    out->clicks = (int)clicks;
    out->zoom = json_is_true(json_object_get(root, "zoom"));
    out->part = memory_text(json_string_value(json_object_get(root, "part")));
    out->item = memory_new(json_array_size(list) * sizeof *out->item);
    if (!out->item) return no_memory(error);
    Status status = VOXPERT_OK;
    for (size_t i = 0; !status && i < json_array_size(list); i++)
        status = take_record(&out->item[out->count++], json_array_get(list, i), out->clicks,
                             &(Reader){name, i}, error);
    if (status) return status;
    qsort(out->item, out->count, sizeof *out->item, by_object);
    return VOXPERT_OK;
}

Status click_records_parse(ClickRecords *out, const char *text, size_t size, const char *name,
                           Error *error) {
    json_error_t why;
    *out = (ClickRecords){.count = 0};
    json_t *root = json_loadb(size ? text : "", size, JSON_REJECT_DUPLICATES, &why);
    if (!root)
        return error_set(error, VOXPERT_BAD_INPUT, "%s: line %d: %s", name, why.line, why.text);
    Status status = take_all(out, root, name, error);
    json_decref(root);
    if (status) click_records_free(out);
    return status;
}

void click_records_free(ClickRecords *r) {
    for (size_t i = 0; i < r->count; i++) memory_free(r->item[i].picture);
    memory_free(r->item);
    memory_free(r->part);
    *r = (ClickRecords){.count = 0};
}

/* ---- Pairs ------------------------------------------------------------------------------ */

static Status check_pairs(const ClickRecords *ours, const ClickRecords *other, const char *name,
                          Error *error) {
    for (size_t i = 0; i < ours->count || i < other->count; i++) {
        bool ended = i >= ours->count || i >= other->count;
        if (!ended && by_object(&ours->item[i], &other->item[i]) == 0) continue;
        bool extra = i >= ours->count || (!ended && by_object(&ours->item[i], &other->item[i]) > 0);
        const ClickRecord *o = extra ? &other->item[i] : &ours->item[i];
        return error_set(error, VOXPERT_BAD_INPUT,
                         "%s: %s the object of label %u in the box %d,%d,%d,%d of %s: both must be "
                         "of the same objects",
                         name, extra ? "has also" : "lacks", o->label, o->box[0], o->box[1],
                         o->box[2], o->box[3], o->picture);
    }
    return VOXPERT_OK;
}

/* Values of a row, pair by pair. */
typedef struct Pairs {
    double *a, *b, *difference;
    size_t count;
} Pairs;

static Status test_pairs(PairedClicks *p, const Pairs *v, BootstrapRule rule, Error *error) {
    enum { EXACT_MOST = 200 };
    SignedRanks ranks;
    p->pairs = v->count;
    p->ours = values_mean(v->a, v->count);
    p->other = values_mean(v->b, v->count);
    p->difference = values_mean(v->difference, v->count);
    Status status = bootstrap_mean(&p->interval, v->difference, v->count, rule, error);
    if (!status) status = signed_ranks(&ranks, v->b, v->a, v->count, ZEROS_DROPPED, error);
    if (status) return status;
    p->zeros = ranks.zeros;
    if (ranks.ties <= 0.0 && ranks.zeros == 0 && ranks.nonzero <= EXACT_MOST)
        return wilcoxon_exact(&p->wilcoxon, &ranks, TWO_SIDED, error);
    p->wilcoxon = wilcoxon_asymptotic(&ranks, TWO_SIDED, false);
    return VOXPERT_OK;
}

static size_t set_length(const char *picture) {
    const char *slash = strchr(picture, '/');
    return slash ? (size_t)(slash - picture) : strlen(picture);
}

static bool is_of_set(const ClickRecord *r, const char *set, size_t length) {
    return !set || (set_length(r->picture) == length && strncmp(r->picture, set, length) == 0);
}

typedef struct Compared {
    const ClickRecords *ours, *other;
    Pairs values;
    int clicks;
} Compared;

/* `set`: the picture that its name is taken from; NULL: all. */
static Status add_row(ClickComparison *c, Compared *m, const char *set, ClickWay way, int clicks,
                      Error *error) {
    size_t length = set ? set_length(set) : 0;
    Pairs *v = &m->values;
    v->count = 0;
    for (size_t i = 0; i < m->ours->count; i++) {
        const ClickRecord *a = &m->ours->item[i], *b = &m->other->item[i];
        if (a->outer || !is_of_set(a, set, length)) continue;
        v->a[v->count] = a->dice[way][clicks];
        v->b[v->count] = b->dice[way][clicks];
        v->difference[v->count] = v->a[v->count] - v->b[v->count];
        v->count++;
    }
    if (v->count == 0) return VOXPERT_OK;
    if (!memory_grow(&c->item, &c->capacity, c->count, sizeof *c->item)) return no_memory(error);
    PairedClicks *p = &c->item[c->count];
    *p = (PairedClicks){.way = way, .clicks = clicks};
    Text name = {0};
    text_add(&name, "%.*s", set ? (int)length : 3, set ? set : "all");
    p->set = name.failed ? NULL : name.chars;
    if (!p->set) return no_memory(error);
    c->count++;
    return test_pairs(p, v, c->rule, error);
}

static Status add_rows(ClickComparison *c, Compared *m, const char *set, Error *error) {
    Status status = VOXPERT_OK;
    for (int w = 0; w < CLICK_WAYS; w++)
        for (int k = w == WAY_BOX_FIRST ? 0 : 1; !status && k <= m->clicks; k++)
            status = add_row(c, m, set, (ClickWay)w, k, error);
    return status;
}

static Status add_sets(ClickComparison *c, Compared *m, Error *error) {
    size_t sets = 0;
    Status status = VOXPERT_OK;
    for (size_t i = 0; !status && i < m->ours->count; i++) {
        const char *set = m->ours->item[i].picture;
        bool seen = i && is_of_set(&m->ours->item[i - 1], set, set_length(set));
        if (seen) continue;
        sets++;
        status = add_rows(c, m, set, error);
    }
    return status || sets < 2 ? status : add_rows(c, m, NULL, error);
}

/* Numbers of different tasks are compared all the same. */
static void compare_protocols(ClickComparison *c, const ClickRecords *ours,
                              const ClickRecords *other) {
    if (ours->zoom != other->zoom)
        warnings_add(&c->warnings, "%s was measured in another view: its model saw %s", c->other,
                     other->zoom ? "crops around the prompts" : "whole pictures");
    if (ours->clicks != other->clicks)
        warnings_add(&c->warnings,
                     "%s has %d clicks, not %d: both are compared up to the smaller number",
                     c->other, other->clicks, ours->clicks);
}

Status click_comparison_make(ClickComparison *out, const ClickRecords *ours,
                             const ClickRecords *other, const char *other_name, BootstrapRule rule,
                             Error *error) {
    size_t room = ours->count + 1;
    Compared m = {.ours = ours,
                  .other = other,
                  .values = {.a = memory_new(room * sizeof(double)),
                             .b = memory_new(room * sizeof(double)),
                             .difference = memory_new(room * sizeof(double))},
                  .clicks = ours->clicks < other->clicks ? ours->clicks : other->clicks};
    *out = (ClickComparison){.rule = rule, .other = memory_text(other_name)};
    Status status = check_pairs(ours, other, other_name, error);
    if (!status && (!out->other || !m.values.a || !m.values.b || !m.values.difference))
        status = no_memory(error);
    if (!status) status = add_sets(out, &m, error);
    if (!status) compare_protocols(out, ours, other);
    memory_free(m.values.a);
    memory_free(m.values.b);
    memory_free(m.values.difference);
    if (status) click_comparison_free(out);
    return status;
}

void click_comparison_free(ClickComparison *c) {
    for (size_t i = 0; i < c->count; i++) memory_free(c->item[i].set);
    memory_free(c->item);
    memory_free(c->other);
    warnings_free(&c->warnings);
    *c = (ClickComparison){.count = 0};
}

/* ---- Words ------------------------------------------------------------------------------ */

void click_comparison_json(Text *t, const ClickComparison *c) {
    text_add(t, "{\n    \"other\": ");
    text_add_quoted(t, c->other);
    text_add(t,
             ",\n    \"difference\": \"ours - other\",\n    \"bootstrap\": {\"resamples\": %zu, "
             "\"seed\": %llu, \"level\": %.9g},\n    \"rows\": [",
             c->rule.resamples, (unsigned long long)c->rule.seed, c->rule.level);
    for (size_t i = 0; i < c->count; i++) {
        const PairedClicks *p = &c->item[i];
        text_add(t, "%s\n        {\"set\": ", i ? "," : "");
        text_add_quoted(t, p->set);
        text_add(t,
                 ", \"way\": \"%s\", \"clicks\": %d, \"pairs\": %zu, \"zeros\": %zu, \"mean\": "
                 "%.9g, \"mean_other\": %.9g, \"difference\": %.9g, \"interval\": [%.9g, %.9g], "
                 "\"wilcoxon\": {\"statistic\": %.9g, \"p\": %.9g}}",
                 click_way_name(p->way), p->clicks, p->pairs, p->zeros, p->ours, p->other,
                 p->difference, p->interval.low, p->interval.high, p->wilcoxon.statistic,
                 p->wilcoxon.p);
    }
    text_add(t, "\n    ],\n    \"warnings\": ");
    warnings_json(t, &c->warnings, 4);
    text_add(t, "\n}\n");
}

void click_comparison_markdown(Text *t, const ClickComparison *c) {
    text_add(t, "# Dice over clicks, compared with ");
    markdown_words(t, c->other);
    text_add(t,
             "\n\nDifferences: ours - other, object by object. Interval: %.9g %% of %zu paired "
             "bootstrap resamples, seed %llu. p: Wilcoxon's signed ranks, two-sided, zeros "
             "dropped, not corrected for the number of tests.\n",
             100.0 * c->rule.level, c->rule.resamples, (unsigned long long)c->rule.seed);
    if (c->warnings.count) text_add(t, "\n%s", warnings_lines(&c->warnings));
    text_add(t, "\n| set | way | clicks | objects | ours | other | difference | interval | p |\n"
                "|---|---|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < c->count; i++) {
        const PairedClicks *p = &c->item[i];
        text_add(t, "| ");
        markdown_words(t, p->set);
        text_add(t, " | %s | %d | %zu | %.4g | %.4g | %.4g | %.4g to %.4g | %.4g |\n",
                 click_way_name(p->way), p->clicks, p->pairs, p->ours, p->other, p->difference,
                 p->interval.low, p->interval.high, p->wilcoxon.p);
    }
}
