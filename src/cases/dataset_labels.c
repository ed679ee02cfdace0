/* What the labels of a data set are called; declared in dataset.h. */
#include <jansson.h>
#include <string.h>

#include "base/files.h"
#include "base/memory.h"
#include "base/text.h"
#include "cases/dataset.h"
#include "eval/agreement.h"

long dataset_name_index(const CaseSet *s, uint32_t label) {
    if (s->one_name) return 0;
    for (size_t i = 0; i < s->names; i++)
        if (s->label_name[i].label == label) return (long)i;
    return -1;
}

const LabelName *dataset_name_of(const Dataset *d, const CaseObject *o) {
    const CaseSet *s = &d->set[d->picture[o->picture].set];
    long at = dataset_name_index(s, o->label);
    return at < 0 ? NULL : &s->label_name[at];
}

int dataset_prompt_class(const Dataset *d, const CaseObject *o) {
    const LabelName *name = dataset_name_of(d, o);
    return name ? name->prompt_class : 0;
}

static Status no_second_names(const CaseSet *s, const char *what, Error *error) {
    if (!s->names) return VOXPERT_OK;
    return error_set(error, VOXPERT_BAD_ARGUMENT, "%s: the set's labels have names already", what);
}

/* ---- One name, and those of the format -------------------------------------------------- */

/* Room for `room` names of a set that has none. */
static Status make_room(CaseSet *s, size_t room, const char *what, Error *error) {
    s->label_name = memory_new(room * sizeof *s->label_name);
    if (s->label_name) return VOXPERT_OK;
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for it", what);
}

static Status put(CaseSet *s, uint32_t label, const char *name, Error *error) {
    LabelName *to = &s->label_name[s->names];
    *to = (LabelName){.label = label, .name = memory_text(name)};
    if (!to->name) return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for it", name);
    s->names++;
    return VOXPERT_OK;
}

Status dataset_name_all(CaseSet *s, const char *name, Error *error) {
    Status status = no_second_names(s, name, error);
    if (!status && (!*name || !text_is_utf8(name, strlen(name))))
        status = error_set(error, VOXPERT_BAD_ARGUMENT, "class=: the name is empty, or not UTF-8");
    if (!status) status = make_room(s, 1, name, error);
    if (!status) status = put(s, 0, name, error);
    s->one_name = !status;
    return status;
}

/* Whether the values of objects are the format's: of a region they are its place. */
static bool has_values(const Catalog *c) {
    for (size_t i = 0; i < c->labels; i++)
        if (c->label[i].values != 1) return false;
    for (size_t i = 0; i < c->cases; i++)
        if (c->item[i].form != LABELS_MAP && c->item[i].form != LABELS_NONE) return false;
    return c->labels > 0;
}

Status dataset_take_names(CaseSet *s, const Catalog *c, Error *error) {
    if (s->names || !has_values(c)) return VOXPERT_OK;
    Status status = make_room(s, c->labels, c->place, error);
    for (size_t i = 0; !status && i < c->labels; i++) {
        const CatalogLabel *l = &c->label[i];
        bool named = *l->name && dataset_name_index(s, l->value[0]) < 0;
        if (named && l->value[0] && !l->ignored) status = put(s, l->value[0], l->name, error);
    }
    s->format_names = s->names > 0;
    return status;
}

/* ---- Names and values --------------------------------------------------------------------- */

/* The values of the set's objects that have no name. */
static Status values_without_name(LabelValues *out, size_t *named, const Dataset *d, int set,
                                  Error *error) {
    *named = 0;
    for (size_t i = 0; i < d->objects; i++) {
        const CaseObject *o = &d->object[i];
        if (d->picture[o->picture].set != set) continue;
        if (dataset_name_index(&d->set[set], o->label) >= 0)
            ++*named;
        else if (!label_values_add(out, o->label))
            return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for its labels",
                             d->set[set].name);
    }
    return VOXPERT_OK;
}

/* The one name of a label but background; NULL: there are none, or several. */
static const LabelName *only_name(const CaseSet *s) {
    const LabelName *only = NULL;
    size_t count = 0;
    for (size_t i = 0; i < s->names; i++) {
        if (!s->label_name[i].label) continue;
        only = &s->label_name[i];
        count++;
    }
    return count == 1 ? only : NULL;
}

static void relabel(Dataset *d, int set, uint32_t from, uint32_t to) {
    for (size_t i = 0; i < d->objects; i++) {
        CaseObject *o = &d->object[i];
        if (d->picture[o->picture].set == set && o->label == from) o->label = to;
    }
    for (size_t i = 0; i < d->pictures; i++) {
        Case *p = &d->picture[i];
        dataset_touch(d, (int)i);
        size_t n = p->set == set && p->labels ? (size_t)p->width * (size_t)p->height : 0;
        for (size_t k = 0; k < n; k++)
            if (p->labels[k] == from) p->labels[k] = to;
    }
}

Status dataset_match_names(Dataset *d, int set, Error *error) {
    const CaseSet *s = &d->set[set];
    const LabelName *only = only_name(s);
    LabelValues none = {0};
    size_t named;
    char list[LABEL_LIST_MAX];
    if (!s->names || s->one_name || s->instances || s->nested) return VOXPERT_OK;
    Status status = values_without_name(&none, &named, d, set, error);
    label_values_list(list, &none);
    bool same = only && !named && none.count == 1 && is_foreground_value(only->label) &&
                is_foreground_value(none.value[0]);
    if (!status && same) {
        warnings_add(&d->warnings,
                     "%s: its labels hold the value %s alone: it is taken as the label "
                     "%u %s",
                     s->name, list, only->label, only->name);
        relabel(d, set, none.value[0], only->label);
    } else if (!status && none.count) {
        warnings_add(&d->warnings, "%s: its labels hold %s, which ha%s no name", s->name, list,
                     none.count == 1 ? "s" : "ve");
    }
    label_values_free(&none);
    return status;
}

/* ---- Of a file -------------------------------------------------------------------------- */

static Status add(CaseSet *s, size_t room, const char *key, const json_t *value, const char *path,
                  Error *error) {
    long label;
    const char *name = json_string_value(value);
    if (!text_to_long(&label, key) || label < 0 || label > UINT16_MAX)
        return error_set(error, VOXPERT_BAD_INPUT,
                         "%s: \"%.40s\" is no label: a whole number from 0 to 65535", path, key);
    if (!name || !*name || s->names >= room)
        return error_set(error, VOXPERT_BAD_INPUT, "%s: the name of label %ld must be a text", path,
                         label);
    if (dataset_name_index(s, (uint32_t)label) >= 0)
        return error_set(error, VOXPERT_BAD_INPUT, "%s: label %ld has two names", path, label);
    return put(s, (uint32_t)label, name, error);
}

Status dataset_read_names(CaseSet *s, const char *path, Error *error) {
    FileMap map;
    json_error_t problem;
    Status status = no_second_names(s, path, error);
    if (!status) status = file_map(&map, path, VOXPERT_BAD_INPUT, error);
    if (status) return status;
    size_t mark = text_mark(map.bytes, map.size);
    const char *text = map.size ? (const char *)map.bytes + mark : ""; /* empty: no mapping */
    json_t *root = json_loadb(text, map.size - mark, JSON_REJECT_DUPLICATES, &problem);
    file_unmap(&map);
    if (!root)
        return error_set(error, VOXPERT_BAD_INPUT, "%s: line %d: is no JSON: %s", path,
                         problem.line, problem.text);
    size_t room = json_object_size(root);
    if (!json_is_object(root) || room == 0) {
        json_decref(root);
        return error_set(error, VOXPERT_BAD_INPUT,
                         "%s: must be a JSON object of labels and their names", path);
    }
    status = make_room(s, room, path, error);
    const char *key;
    json_t *value;
    json_object_foreach(root, key, value) {
        if (!status) status = add(s, room, key, value, path, error);
    }
    json_decref(root);
    return status;
}
