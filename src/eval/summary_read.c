/* A summary.json read back; declared in summary.h. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/files.h"
#include "base/memory.h"
#include "eval/summary.h"

enum { SIZE_MOST = 1 << 30 };

typedef struct Reader {
    const char *path;
    Evaluation *e;
    size_t label_capacity;
} Reader;

static Status no_memory(const char *path, Error *error) {
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to read it", path);
}

/* ---- Python's JSON -------------------------------------------------------------------------- */

/* NaN and Infinity, where they are no part of a string, become what JSON can say. */
static void make_strict(Text *out, const char *from, size_t size) {
    static const char *const words[][2] = {
        {"NaN", "null"}, {"-Infinity", "\"-Infinity\""}, {"Infinity", "\"Infinity\""}};
    bool quoted = false;
    size_t start = 0;
    for (size_t i = 0; i < size;) {
        size_t length = 1;
        const char *by = NULL;
        for (size_t w = 0; w < 3 && !quoted && !by; w++) {
            length = strlen(words[w][0]);
            if (size - i >= length && memcmp(from + i, words[w][0], length) == 0) by = words[w][1];
        }
        if (by) {
            text_add(out, "%.*s%s", (int)(i - start), from + start, by);
            start = i += length;
            continue;
        }
        if (quoted && from[i] == '\\' && i + 1 < size)
            i++;
        else if (from[i] == '"')
            quoted = !quoted;
        i++;
    }
    text_add(out, "%.*s", (int)(size - start), from + start);
}

static Status load(json_t **out, const uint8_t *bytes, size_t size, const char *name,
                   Error *error) {
    Text strict = {0};
    json_error_t why = {.line = 0};
    Status status = VOXPERT_OK;
    if (size > SIZE_MOST)
        return error_set(error, VOXPERT_BAD_INPUT, "%s: is larger than 1 GiB", name);
    size_t mark = text_mark(bytes, size);
    make_strict(&strict, size ? (const char *)bytes + mark : "", size - mark);
    if (strict.failed) status = no_memory(name, error);
    if (!status && !(*out = json_loadb(strict.chars, strict.length, JSON_REJECT_DUPLICATES, &why)))
        status = error_set(error, VOXPERT_BAD_INPUT, "%s: line %d: %s", name, why.line, why.text);
    text_free(&strict);
    return status;
}

/* ---- Values --------------------------------------------------------------------------------- */

static bool value_of(double *out, const json_t *json) {
    const char *word = json_string_value(json);
    *out = json_is_number(json) ? json_number_value(json) : (double)NAN;
    if (!word) return json_is_number(json) || json_is_null(json);
    *out = *word == '-' ? -(double)INFINITY : (double)INFINITY;
    return text_ends(word, "Infinity");
}

/* "1", "(1, 2)" or "(1,)"; false: no label, or too many. */
static bool label_of(EvaluatedLabel *out, const char *key) {
    bool region = *key == '(';
    *out = (EvaluatedLabel){.values = 0};
    for (const char *at = key + region; *at && *at != ')';) {
        uint64_t value = 0;
        size_t digits = strspn(at, "0123456789");
        if (digits == 0 || digits > 10 || out->values == LABEL_VALUES_MAX) return false;
        for (size_t i = 0; i < digits; i++) value = 10 * value + (uint64_t)(at[i] - '0');
        if (value > UINT32_MAX) return false;
        out->value[out->values++] = (uint32_t)value;
        at += digits;
        at += strspn(at, ", ");
    }
    return out->values > 0 && (region || out->values == 1);
}

/* Its index; a new one is added at the end. */
static Status label_index(Reader *r, const char *key, size_t *index, Error *error) {
    Evaluation *e = r->e;
    EvaluatedLabel l;
    if (!label_of(&l, key))
        return error_set(error, VOXPERT_BAD_INPUT,
                         "%s: \"%s\" is no label: a number, or some in parentheses", r->path, key);
    for (*index = 0; *index < e->rule.labels; ++*index) {
        if (same_label(&e->label[*index], &l)) return VOXPERT_OK;
    }
    if (!memory_grow(&e->label, &r->label_capacity, e->rule.labels, sizeof *e->label))
        return no_memory(r->path, error);
    e->label[e->rule.labels++] = l;
    return VOXPERT_OK;
}

/* ---- Cases ---------------------------------------------------------------------------------- */

static Status read_metrics(Reader *r, LabelScore *s, size_t index, const char *label,
                           json_t *metrics, Error *error) {
    const char *name;
    json_t *json;
    if (!json_is_object(metrics))
        return error_set(error, VOXPERT_BAD_INPUT, "%s: case %zu, label %s: has no metrics",
                         r->path, index + 1, label);
    s->skipped = false;
    json_object_foreach(metrics, name, json) {
        Metric m;
        if (!metric_find(&m, &r->e->rule.metrics, name)) continue;
        if (!value_of(&s->value[m], json))
            return error_set(error, VOXPERT_BAD_INPUT,
                             "%s: case %zu, label %s: \"%s\" is no number", r->path, index + 1,
                             label, name);
    }
    return VOXPERT_OK;
}

static Status read_case(Reader *r, size_t index, json_t *json, Error *error) {
    const char *reference = json_string_value(json_object_get(json, "reference_file"));
    const char *prediction = json_string_value(json_object_get(json, "prediction_file"));
    json_t *labels = json_object_get(json, "metrics"), *metrics;
    const char *key;
    if (!reference || !prediction || !json_is_object(labels))
        return error_set(error, VOXPERT_BAD_INPUT,
                         "%s: case %zu: needs \"reference_file\", \"prediction_file\" and "
                         "\"metrics\"",
                         r->path, index + 1);
    CaseScore *c = &r->e->item[r->e->count++];
    *c = (CaseScore){.reference = memory_text(reference),
                     .prediction = memory_text(prediction),
                     .label = memory_new((r->e->rule.labels + 1) * sizeof *c->label)};
    if (!c->reference || !c->prediction || !c->label) return no_memory(r->path, error);
    for (size_t l = 0; l < r->e->rule.labels; l++) {
        c->label[l].skipped = true;
        for (int m = 0; m < METRICS; m++) c->label[l].value[m] = (double)NAN;
    }
    Status status = VOXPERT_OK;
    json_object_foreach(labels, key, metrics) {
        size_t l;
        status = label_index(r, key, &l, error);
        if (!status) status = read_metrics(r, &c->label[l], index, key, metrics, error);
        if (status) return status;
    }
    return status;
}

/* The labels of all cases, so that each case has room for them. */
static Status read_labels(Reader *r, json_t *cases, Error *error) {
    size_t i, index;
    json_t *json, *metrics;
    const char *key;
    json_array_foreach(cases, i, json) {
        json_object_foreach(json_object_get(json, "metrics"), key, metrics) {
            Status status = label_index(r, key, &index, error);
            if (status) return status;
        }
    }
    r->e->rule.label = r->e->label;
    return VOXPERT_OK;
}

/* Ours: the policy, the ignored label, names of labels. */
static void read_rule(Reader *r, json_t *root) {
    json_t *ours = json_object_get(root, "voxpert"), *name;
    const char *key;
    EvaluatedLabel l;
    json_object_foreach(json_object_get(ours, "labels"), key, name) {
        for (size_t i = 0; json_is_string(name) && label_of(&l, key) && i < r->e->rule.labels; i++)
            if (same_label(&r->e->label[i], &l))
                snprintf(r->e->label[i].name, LABEL_NAME_MAX, "%s", json_string_value(name));
    }
    const char *empty = json_string_value(json_object_get(ours, "empty"));
    for (int p = EMPTY_NAN; empty && p <= EMPTY_SKIP; p++) {
        if (strcmp(empty, empty_policy_name((EmptyPolicy)p)) == 0)
            r->e->rule.empty = (EmptyPolicy)p;
    }
    json_int_t ignored = json_integer_value(json_object_get(ours, "ignored_label"));
    if (ignored > 0 && ignored <= UINT32_MAX) r->e->rule.ignored = (uint32_t)ignored;
}

/* How predictions were made, and what was odd. */
static Status read_words(Reader *r, json_t *root, Error *error) {
    json_t *ours = json_object_get(root, "voxpert"), *sentence;
    const char *protocol = json_string_value(json_object_get(ours, "protocol"));
    size_t i;
    if (protocol && !(r->e->protocol = memory_text(protocol))) return no_memory(r->path, error);
    json_array_foreach(json_object_get(ours, "warnings"), i, sentence) {
        if (json_is_string(sentence))
            warnings_add(&r->e->warnings, "%s", json_string_value(sentence));
    }
    return r->e->warnings.lines.failed ? no_memory(r->path, error) : VOXPERT_OK;
}

static Status read_cases(Reader *r, json_t *root, Error *error) {
    size_t i;
    json_t *cases = json_object_get(root, "metric_per_case"), *json;
    if (json_array_size(cases) == 0)
        return error_set(error, VOXPERT_BAD_INPUT,
                         "%s: is no summary of an evaluation: it has no \"metric_per_case\"",
                         r->path);
    Status status = read_labels(r, cases, error);
    if (!status) read_rule(r, root);
    if (!status) status = read_words(r, root, error);
    if (!status && !(r->e->item = memory_new(json_array_size(cases) * sizeof *r->e->item)))
        status = no_memory(r->path, error);
    json_array_foreach(cases, i, json) {
        if (!status) status = read_case(r, i, json, error);
    }
    return status;
}

Status summary_parse(Evaluation *out, const uint8_t *bytes, size_t size, const char *name,
                     Error *error) {
    json_t *root = NULL;
    Reader r = {.path = name, .e = out};
    *out = (Evaluation){0};
    Status status = load(&root, bytes, size, name, error);
    if (!status) status = read_cases(&r, root, error);
    json_decref(root);
    if (status) evaluation_free(out);
    return status;
}

Status summary_read(Evaluation *out, const char *path, Error *error) {
    FileMap map;
    *out = (Evaluation){0};
    Status status = file_map(&map, path, VOXPERT_BAD_INPUT, error);
    if (!status) status = summary_parse(out, map.bytes, map.size, path, error);
    file_unmap(&map);
    return status;
}
