#include "data/reader.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

Status reader_json(json_t **out, Catalog *c, const char *path, Error *error) {
    json_error_t reason;
    FileMap map;
    *out = NULL;
    Status status = file_map(&map, path, VOXPERT_BAD_INPUT, error);
    if (status) return status;
    *out = json_loadb((const char *)map.bytes, map.size, 0, &reason);
    file_unmap(&map);
    if (*out) return VOXPERT_OK;
    if (json_error_code(&reason) == json_error_out_of_memory)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to read it", path);
    Finding *f = catalog_find(c, RULE_JSON, path, "line %d, column %d: %s", reason.line,
                              reason.column, reason.text);
    f->facts = catalog_text(c, "{\"line\": %d}", reason.line);
    return VOXPERT_OK;
}

const char *reader_path(Catalog *c, const char *name) {
    if (name[0] == '/') return catalog_text(c, "%s", name);
    while (text_starts(name, "./")) name += 2;
    const char *path = catalog_text(c, "%s/%s", c->root, name), *own = path_base(c->root);
    size_t length = strlen(own);
    if (strncmp(name, own, length) != 0 || name[length] != '/' || file_exists(path)) return path;
    const char *within = catalog_text(c, "%s/%s", c->root, name + length + 1);
    return file_exists(within) ? within : path;
}

const char *reader_stem(Catalog *c, const char *path) {
    const char *base = path_base(path);
    return catalog_text(c, "%.*s", (int)(strlen(base) - strlen(path_extension(base))), base);
}

const char *const *reader_one(Catalog *c, const char *path) {
    const char **array = catalog_memory(c, 1, sizeof *array);
    if (array) *array = path;
    return array;
}

Status reader_files(FileNames *out, const char *folder, Error *error) {
    *out = (FileNames){0};
    if (!file_is_folder(folder)) return VOXPERT_OK;
    Status status = folder_list(out, folder, error);
    size_t kept = 0;
    for (size_t i = 0; i < out->count; i++) {
        char *name = out->name[i];
        if (name[0] != '.')
            out->name[kept++] = name;
        else
            memory_free(name);
    }
    out->count = kept;
    return status;
}

bool reader_listed(FileNames *out, Catalog *c, const char *folder) {
    Status status = reader_files(out, folder, NULL);
    c->failed |= status == VOXPERT_OUT_OF_MEMORY;
    return !status;
}

static int compare(const void *a, const void *b) { return strcmp(a, *(char *const *)b); }

bool reader_names_hold(const FileNames *sorted, const char *name) {
    return sorted->count &&
           bsearch(name, sorted->name, sorted->count, sizeof *sorted->name, compare);
}

void reader_labels_by_value(Catalog *c, json_t *labels, const char *file) {
    const char *key;
    json_t *name;
    json_object_foreach(labels, key, name) {
        long value;
        if (!text_to_long(&value, key) || value < 0 || value > UINT32_MAX ||
            !json_is_string(name)) {
            catalog_find(c, RULE_FORM, file, "\"%s\" is no number of a label with its name", key)
                ->field = "labels";
            continue;
        }
        CatalogLabel *l = catalog_add_label(c, catalog_text(c, "%s", json_string_value(name)));
        catalog_label_values(c, l, &(uint32_t){(uint32_t)value}, 1);
    }
}
