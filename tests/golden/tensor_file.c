#include "tests/golden/tensor_file.h"

#include <stdlib.h>

static bool tensor_parse(FileTensor *t, const char *name, json_t *entry, const FileMap *map,
                         size_t data) {
    json_t *shape = json_object_get(entry, "shape"), *span = json_object_get(entry, "data_offsets");
    t->name = name;
    t->type = json_string_value(json_object_get(entry, "dtype"));
    t->rank = (int)json_array_size(shape);
    if (!t->type || t->rank > 8 || json_array_size(span) != 2) return false;
    t->count = 1;
    for (int i = 0; i < t->rank; i++) {
        t->dim[i] = (size_t)json_integer_value(json_array_get(shape, (size_t)i));
        t->count *= t->dim[i];
    }
    size_t end = data + (size_t)json_integer_value(json_array_get(span, 1));
    t->bytes = map->bytes + data + (size_t)json_integer_value(json_array_get(span, 0));
    return end <= map->size;
}

static bool header_parse(TensorFile *file) {
    uint64_t length;
    if (file->map.size < sizeof length) return false;
    memcpy(&length, file->map.bytes, sizeof length);
    if (length > file->map.size - sizeof length) return false;
    file->header = json_loadb((const char *)file->map.bytes + sizeof length, length, 0, NULL);
    file->tensor = calloc(json_object_size(file->header) + 1, sizeof *file->tensor);
    const char *name;
    json_t *entry;
    json_object_foreach(file->header, name, entry) {
        if (strcmp(name, "__metadata__") == 0) continue;
        FileTensor *t = &file->tensor[file->count++];
        if (!tensor_parse(t, name, entry, &file->map, sizeof length + length)) return false;
    }
    return file->header != NULL;
}

bool tensor_file_open(TensorFile *out, const char *path) {
    *out = (TensorFile){0};
    if (file_map(&out->map, path, VOXPERT_BAD_INPUT, NULL)) return false;
    if (header_parse(out)) return true;
    tensor_file_close(out);
    return false;
}

void tensor_file_close(TensorFile *file) {
    free(file->tensor);
    json_decref(file->header);
    file_unmap(&file->map);
    *file = (TensorFile){0};
}

const FileTensor *tensor_file_find(const TensorFile *file, const char *name) {
    for (size_t i = 0; i < file->count; i++) {
        if (strcmp(file->tensor[i].name, name) == 0) return &file->tensor[i];
    }
    return NULL;
}

json_t *tensor_file_metadata(const TensorFile *file, const char *key) {
    json_t *metadata = json_object_get(file->header, "__metadata__");
    const char *text = json_string_value(json_object_get(metadata, key));
    return text ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;
}
