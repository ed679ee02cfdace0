#include "cases/data_record.h"

#include <jansson.h>
#include <string.h>

#include "base/memory.h"
#include "base/quote.h"

enum { DIGITS = 32 }; /* of a hash that are kept */

/* ---- Writing ---------------------------------------------------------------------------- */

static void add_line(Text *t, const char *kind, Hash *h, const char *name) {
    char hash[HASH_TEXT];
    hash_end(h, hash);
    text_add(t, "%s %.*s ", kind, DIGITS, hash);
    text_add_quoted(t, name);
    text_add(t, "\n");
}

static void hash_text(Hash *h, const char *text) {
    const char *present = text ? text : "";
    hash_add(h, &(uint8_t){text != NULL}, 1);
    hash_add(h, present, strlen(present) + 1);
}

static void hash_set(Hash *h, const CaseSet *s) {
    const bool flags[] = {s->patient, s->instances, s->nested,
                          s->train,   s->one_name,  s->format_names};
    const double numbers[] = {(double)s->slices, s->window_level,    s->window_width,
                              s->weight,         (double)s->channel, (double)s->fold};
    hash_add(h, flags, sizeof flags);
    hash_add(h, numbers, sizeof numbers);
    hash_text(h, s->group);
    hash_text(h, s->modality);
    for (size_t i = 0; i < s->names; i++) {
        hash_add(h, &s->label_name[i].label, sizeof s->label_name[i].label);
        hash_text(h, s->label_name[i].name);
    }
}

static void add_set(Text *t, const CaseSet *s) {
    Hash h;
    hash_begin(&h);
    hash_set(&h, s);
    add_line(t, "set", &h, s->name);
}

static void hash_object(Hash *h, const CaseObject *o) {
    const int32_t corners[] = {o->x0, o->y0, o->x1, o->y1, o->outer};
    hash_add(h, &o->label, sizeof o->label);
    hash_add(h, corners, sizeof corners);
    hash_add(h, o->mask, object_pixels(o));
}

/* `object`: the index of its first one, or of one after it; moves past its last. */
static void hash_case(Hash *h, const Dataset *d, size_t picture, size_t *object) {
    const Case *c = &d->picture[picture];
    dataset_touch(d, (int)picture);
    const int32_t size[] = {c->height, c->width, c->channels, c->whole, (int32_t)c->part};
    size_t pixels = (size_t)c->height * (size_t)c->width;
    hash_add(h, size, sizeof size);
    hash_add(h, c->pixels, pixels * (size_t)c->channels);
    if (c->regions) hash_add(h, c->regions, pixels * sizeof *c->regions);
    if (c->ignored) hash_add(h, c->ignored, pixels);
    for (; *object < d->objects && (size_t)d->object[*object].picture == picture; ++*object)
        hash_object(h, &d->object[*object]);
}

static void add_case(Text *t, const Dataset *d, size_t picture, size_t *object) {
    Hash h;
    hash_begin(&h);
    hash_case(&h, d, picture, object);
    add_line(t, "case", &h, d->picture[picture].name);
}

void data_record_case(char out[HASH_TEXT], const Dataset *d, size_t picture) {
    size_t object = 0;
    Hash h;
    while (object < d->objects && (size_t)d->object[object].picture < picture) object++;
    hash_begin(&h);
    hash_set(&h, &d->set[d->picture[picture].set]);
    hash_case(&h, d, picture, &object);
    hash_end(&h, out);
}

static void add_model(Text *t, const char *kind, const char *hash) {
    if (hash[0]) text_add(t, "%s %.*s \"\"\n", kind, DIGITS, hash);
}

Status data_record(char **out, const Dataset *d, const RecordedModel *model, Error *error) {
    Text t = {0};
    size_t object = 0;
    text_add(&t, "%s", "");
    add_model(&t, "network", model->network);
    add_model(&t, "vocabulary", model->vocabulary);
    for (size_t i = 0; i < d->sets; i++) add_set(&t, &d->set[i]);
    for (size_t i = 0; i < d->pictures; i++) add_case(&t, d, i, &object);
    *out = t.failed ? NULL : t.chars;
    if (*out) return VOXPERT_OK;
    text_free(&t);
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory to record what is trained on");
}

/* ---- Comparing -------------------------------------------------------------------------- */

typedef struct Line {
    const char *start, *name; /* `name`: after kind and hash */
    size_t length, name_length;
} Line;

/* The line at `*at`, which moves past it; false at the end, or where it is no line of a record. */
static bool next_line(const char **at, Line *out) {
    const char *start = *at, *end = strchr(start, '\n'), *space = strchr(start, ' ');
    if (!end || !space || (size_t)(end - space) < DIGITS + 3) return false;
    const char *name = space + 1 + DIGITS + 1;
    *out = (Line){start, name, (size_t)(end - start), (size_t)(end - name)};
    *at = end + 1;
    return true;
}

static bool same_line(const Line *a, const Line *b) {
    return a->length == b->length && memcmp(a->start, b->start, a->length) == 0;
}

/* Kind and name: the same case, whatever became of it. */
static bool same_name(const Line *a, const Line *b) {
    return a->start[0] == b->start[0] && a->name_length == b->name_length &&
           memcmp(a->name, b->name, a->name_length) == 0;
}

static bool is_in(const char *record, const Line *wanted) {
    Line line;
    while (next_line(&record, &line))
        if (same_name(&line, wanted)) return true;
    return false;
}

static Status differs(const char *file, const Line *line, const char *how, Error *error) {
    const char *kind = line->start[0] == 's' ? "data set" : "case";
    return error_set(error, VOXPERT_BAD_INPUT,
                     "%s: the run cannot go on with other data than it was begun with: %s %.*s %s",
                     file, kind, (int)line->name_length, line->name, how);
}

static bool is_model(const Line *line) { return strchr("nv", line->start[0]) != NULL; }

static Status model_differs(const char *file, const Line *line, Error *error) {
    return error_set(error, VOXPERT_BAD_INPUT,
                     "%s: the run cannot go on: %s is not what it was begun with", file,
                     line->start[0] == 'v' ? "the vocabulary of its texts"
                                           : "the configuration of the model that it began from");
}

static Status changed(const char *file, const Line *line, Error *error) {
    return differs(file, line,
                   line->start[0] == 's' ? "has other options, or other names of its labels"
                                         : "has another image, other labels, or is in another part "
                                           "of the split",
                   error);
}

Status data_record_compare(const char *before, const char *now, const char *file, Error *error) {
    const char *old = before, *present = now;
    for (;;) {
        Line a = {0}, b = {0};
        bool first = next_line(&old, &a), second = next_line(&present, &b);
        if (first && second && same_line(&a, &b)) continue;
        if (first && is_model(&a)) return model_differs(file, &a, error);
        if (second && is_model(&b)) return model_differs(file, &b, error);
        if (first && second && same_name(&a, &b)) return changed(file, &a, error);
        if (first && !is_in(now, &a)) return differs(file, &a, "is no longer there", error);
        if (second && !is_in(before, &b)) return differs(file, &b, "is new", error);
        if (first || second)
            return differs(file, first ? &a : &b, "is now in another place of their order", error);
        if (!*old && !*present) return VOXPERT_OK;
        return error_set(error, VOXPERT_BAD_INPUT,
                         "%s: its record of the data is damaged, so that changed data would not be "
                         "seen",
                         file);
    }
}

/* ---- Names of sets ---------------------------------------------------------------------- */

/* The names of the sets in a record, a JSON array; NULL where it cannot be read. */
static json_t *names_of(const char *record) {
    json_t *names = json_array();
    Line line;
    while (names && next_line(&record, &line)) {
        if (line.start[0] != 's') continue;
        json_t *name = json_loadb(line.name, line.name_length, JSON_DECODE_ANY, NULL);
        if (json_is_string(name) && !json_array_append_new(names, name)) continue;
        json_decref(names);
        names = NULL;
    }
    return names;
}

/* Gives every set, and its pictures, the name at its place. */
static Status rename_sets(Dataset *d, const json_t *names, Error *error) {
    Status status = VOXPERT_OK;
    for (size_t i = 0; !status && i < d->sets; i++)
        status = dataset_rename(d, (int)i, json_string_value(json_array_get(names, i)), error);
    return status;
}

static void report_names(Warnings *w, const json_t *now, const json_t *before) {
    for (size_t i = 0; i < json_array_size(now); i++) {
        const char *here = json_string_value(json_array_get(now, i));
        const char *then = json_string_value(json_array_get(before, i));
        if (strcmp(here, then) != 0)
            warnings_add(w,
                         "the data set \"%s\" holds what the run was begun with as \"%s\", and "
                         "goes on under that name",
                         here, then);
    }
}

static json_t *names_now(const Dataset *d) {
    json_t *names = json_array();
    for (size_t i = 0; names && i < d->sets; i++)
        if (json_array_append_new(names, json_string(d->set[i].name))) { /* no UTF-8 */
            json_decref(names);
            names = NULL;
        }
    return names;
}

Status data_record_restore_names(Dataset *d, const RecordedModel *model, const char *before,
                                 Warnings *w, Error *error) {
    json_t *then = names_of(before), *now = names_now(d);
    char *record = NULL;
    Status status = VOXPERT_OK;
    if (then && now && json_array_size(then) == d->sets && !json_equal(then, now)) {
        status = rename_sets(d, then, error);
        if (!status) status = data_record(&record, d, model, error);
        if (!status && strcmp(record, before) == 0)
            report_names(w, now, then);
        else if (!status)
            status = rename_sets(d, now, error);
    }
    memory_free(record);
    json_decref(then);
    json_decref(now);
    return status;
}
