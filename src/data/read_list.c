#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "data/read_list.h"
#include "data/reader.h"

static CatalogCase *case_named(Catalog *c, const char *name) {
    for (size_t i = 0; i < c->cases; i++) {
        if (strcmp(c->item[i].name, name) == 0) return &c->item[i];
    }
    return NULL;
}

static void keep_case(Catalog *c, const char *file, json_t *entry, CatalogCase *kept,
                      size_t *count) {
    const char *name =
        json_string_value(json_is_string(entry) ? entry : json_object_get(entry, "name"));
    const char *part = json_string_value(json_object_get(entry, "part"));
    const CatalogCase *item = name ? case_named(c, name) : NULL;
    if (!item) {
        catalog_find(c, RULE_FORM, file, "the data set has no case \"%s\"", name ? name : "")
            ->field = "cases";
        return;
    }
    kept[*count] = *item;
    const char *content = json_string_value(json_object_get(entry, "content"));
    if (content) kept[*count].content = catalog_text(c, "%s", content);
    if (part && split_part_parse(&kept[*count].part, part))
        kept[*count].listed = true;
    else if (part)
        catalog_find(c, RULE_FORM, file,
                     "the part \"%s\" of %s is none of training, validation, test", part, name)
            ->field = "cases";
    ++*count;
}

static bool is_of_case(const Catalog *c, const CatalogCase *item, const char *file) {
    for (size_t i = 0; i < item->images; i++) {
        if (strcmp(catalog_relative(c, item->image[i]), file) == 0) return true;
    }
    for (size_t i = 0; i < item->labels; i++) {
        if (strcmp(catalog_relative(c, item->label[i]), file) == 0) return true;
    }
    return false;
}

/* What is wrong with files of cases that were left out does not matter. */
static void drop_findings(Catalog *c, size_t cases) {
    size_t kept = 0;
    for (size_t i = 0; i < c->findings; i++) {
        const char *file = c->finding[i].file;
        bool matters = !file || text_ends(file, ".json");
        for (size_t k = 0; k < cases && !matters; k++) matters = is_of_case(c, &c->item[k], file);
        if (matters) c->finding[kept++] = c->finding[i];
    }
    c->findings = kept;
}

void list_apply(Catalog *c, const char *file, json_t *list) {
    json_t *entries = json_object_get(list, "cases"), *entry;
    size_t n = json_array_size(entries), count = 0, i, before;
    CatalogCase *kept = memory_new((n + 1) * sizeof *kept);
    c->failed |= !kept;
    if (!kept) return;
    before = c->findings;
    json_array_foreach(entries, i, entry) keep_case(c, file, entry, kept, &count);
    bool named_all = c->findings == before;
    memory_free(c->item);
    c->item = kept;
    c->cases = count;
    c->case_capacity = n + 1;
    if (named_all) drop_findings(c, count);
}

/* Folders and columns of results are called by it. */
static Status take_name(Catalog *c, const char *file, json_t *list, const char **name,
                        Error *error) {
    json_t *field = json_object_get(list, "name");
    const char *said = json_string_value(field);
    if (!field) return VOXPERT_OK;
    if (!said || !*said || *said == '.' || strchr(said, '/'))
        return error_set(error, VOXPERT_BAD_INPUT,
                         "%s: field name: is no name of a data set; it is a text without /, and "
                         "does not begin with a dot",
                         file);
    *name = catalog_text(c, "%s", said);
    return VOXPERT_OK;
}

Status read_list(Catalog *c, Error *error) {
    json_t *list = c->lists ? c->list[0] : NULL;
    const char *file = c->place, *name = c->name;
    if (!list) { /* a folder whose dataset.json it is */
        file = catalog_text(c, "%s/dataset.json", c->root);
        Status status = reader_json(&list, c, file, error);
        if (status || !list) return status;
        c->failed |= !memory_grow(&c->list, &c->list_capacity, 0, sizeof *c->list);
        if (c->failed) {
            json_decref(list);
            return VOXPERT_OK;
        }
        c->list[c->lists++] = list;
    }
    const char *data = json_string_value(json_object_get(list, "data"));
    if (!data || !json_is_array(json_object_get(list, "cases")))
        return error_set(error, VOXPERT_BAD_INPUT,
                         "%s: field %s: is missing; a list names its data set in \"data\" and its "
                         "\"cases\"",
                         file, data ? "cases" : "data");
    Status status = take_name(c, file, list, &name, error);
    if (status) return status;
    Catalog inner;
    const char *place = data[0] == '/' ? data : catalog_text(c, "%s/%s", c->root, data);
    if (c->failed) return VOXPERT_OK;
    status = c->open_alone(&inner, place, &c->options, file, error);
    if (status) return status;
    list_apply(&inner, file, list);
    catalog_take(c, &inner);
    c->name = name;
    c->from_list = file;
    return VOXPERT_OK;
}
