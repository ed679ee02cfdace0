/* What the labels of a data set are called; declared in dataset.h. */
#include <jansson.h>
#include <string.h>

#include "base/files.h"
#include "base/memory.h"
#include "base/text.h"
#include "train/dataset.h"

long dataset_name_index(const CaseSet *s, uint32_t label) {
    for (size_t i = 0; i < s->names; i++)
        if (s->label_name[i].label == label) return (long)i;
    return -1;
}

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
    LabelName *to = &s->label_name[s->names];
    *to = (LabelName){(uint32_t)label, memory_text(name)};
    if (!to->name) return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for it", path);
    s->names++;
    return VOXPERT_OK;
}

Status dataset_read_names(CaseSet *s, const char *path, Error *error) {
    FileMap map;
    json_error_t problem;
    if (s->names)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "%s: the set's labels have names already",
                         path);
    Status status = file_map(&map, path, VOXPERT_BAD_INPUT, error);
    if (status) return status;
    json_t *root = json_loadb((const char *)map.bytes, map.size, JSON_REJECT_DUPLICATES, &problem);
    file_unmap(&map);
    size_t room = json_object_size(root);
    if (!json_is_object(root) || room == 0) {
        json_decref(root);
        return error_set(error, VOXPERT_BAD_INPUT,
                         "%s: must be a JSON object of labels and their names", path);
    }
    s->label_name = memory_new(room * sizeof *s->label_name);
    if (!s->label_name)
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for it", path);
    const char *key;
    json_t *value;
    json_object_foreach(root, key, value) {
        if (!status) status = add(s, room, key, value, path, error);
    }
    json_decref(root);
    return status;
}
