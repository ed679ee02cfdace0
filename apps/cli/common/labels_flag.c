#include "cli/common/labels_flag.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cli/common/error.h"
#include "cli/common/numbers.h"
#include "cli/common/paths.h"

void labels_flag_free(LabelsFlag *l) {
    for (size_t i = 0; i < l->count; i++) {
        free((void *)(uintptr_t)l->item[i].values);
        free((void *)(uintptr_t)l->item[i].name);
    }
    free(l->item);
    *l = (LabelsFlag){0};
}

enum { VALUES_MAX = 32, NAME_MAX_BYTES = 63 };

typedef struct Values {
    uint32_t *item;
    size_t count;
} Values;

static bool values_add(Values *v, long long value) {
    if (value < 0 || value > UINT32_MAX || v->count == VALUES_MAX) return false;
    cli_grow(&v->item, v->count, sizeof *v->item);
    v->item[v->count++] = (uint32_t)value;
    return true;
}

/* Takes the values. */
static void labels_add(LabelsFlag *l, const char *name, size_t length, Values v) {
    cli_grow(&l->item, l->count, sizeof *l->item);
    l->item[l->count++] =
        (VoxpertLabel){.values = v.item,
                       .value_count = v.count,
                       .name = length ? cli_text("%.*s", (int)length, name) : NULL};
}

/* ---- A list ----------------------------------------------------------------------------- */

/* "1+2" */
static bool parse_values(Values *v, char *text) {
    char *rest = NULL;
    size_t length = strlen(text);
    if (length == 0 || text[0] == '+' || text[length - 1] == '+' || strstr(text, "++"))
        return false;
    for (char *word = strtok_r(text, "+", &rest); word; word = strtok_r(NULL, "+", &rest)) {
        long value;
        if (!whole_parse(&value, word) || value < 1 || !values_add(v, value)) return false;
    }
    return v->count > 0;
}

static VoxpertStatus read_list(LabelsFlag *l, const char *text, VoxpertError *error) {
    char *copy = cli_text("%s", text), *at = copy;
    bool ok = true;
    while (ok && at) {
        char *end = strchr(at, ','), *equals;
        if (end) *end++ = '\0';
        Values v = {0};
        equals = strchr(at, '=');
        size_t length = equals ? (size_t)(equals - at) : 0;
        ok = parse_values(&v, equals ? equals + 1 : at) && length <= NAME_MAX_BYTES;
        if (ok)
            labels_add(l, at, length, v);
        else
            free(v.item);
        at = end;
    }
    free(copy);
    if (ok) return VOXPERT_OK;
    return error_say(error, VOXPERT_BAD_ARGUMENT,
                     "--labels %s: must be values from 1 on with commas between, such as 1,2 or "
                     "liver=1,tumour=2,both=1+2; or a dataset.json",
                     text);
}

/* ---- A dataset.json --------------------------------------------------------------------- */

static bool values_of(Values *v, const json_t *json) {
    size_t i;
    const json_t *one;
    if (json_is_integer(json)) return values_add(v, json_integer_value(json));
    json_array_foreach(json, i, one) {
        if (!json_is_integer(one) || !values_add(v, json_integer_value(one))) return false;
    }
    return v->count > 0;
}

static VoxpertStatus take_label(LabelsFlag *l, const char *path, const char *name,
                                const json_t *json, VoxpertError *error) {
    Values v = {0};
    if (!values_of(&v, json) || strlen(name) > NAME_MAX_BYTES) {
        free(v.item);
        return error_say(error, VOXPERT_BAD_INPUT,
                         "%s: labels: \"%s\" is no whole number and no list of up to %d, or its "
                         "name has more than %d bytes",
                         path, name, (int)VALUES_MAX, (int)NAME_MAX_BYTES);
    }
    bool background = v.count == 1 && v.item[0] == 0;
    if (strcmp(name, "ignore") == 0) l->ignored = v.item[0];
    if (background || strcmp(name, "ignore") == 0)
        free(v.item);
    else
        labels_add(l, name, strlen(name), v);
    return VOXPERT_OK;
}

/* The JSON of a file, which may begin with a byte order mark; NULL with the reason. */
static json_t *load_json(const char *path, json_error_t *why) {
    char mark[3];
    FILE *file = fopen(path, "re");
    if (!file) return json_load_file(path, JSON_REJECT_DUPLICATES, why); /* says why not */
    if (fread(mark, 1, 3, file) != 3 || memcmp(mark, "\xEF\xBB\xBF", 3) != 0) rewind(file);
    json_t *root = json_loadf(file, JSON_REJECT_DUPLICATES, why);
    fclose(file);
    return root;
}

static VoxpertStatus read_dataset(LabelsFlag *l, const char *path, VoxpertError *error) {
    json_error_t why;
    const char *name;
    json_t *root = load_json(path, &why), *json;
    if (!root)
        return error_say(error, VOXPERT_BAD_INPUT, "%s: line %d: %s", path, why.line, why.text);
    json_t *labels = json_object_get(root, "labels");
    VoxpertStatus status = VOXPERT_OK;
    json_object_foreach(labels, name, json) {
        if (!status) status = take_label(l, path, name, json, error);
    }
    if (!status && l->count == 0)
        status =
            error_say(error, VOXPERT_BAD_INPUT,
                      "%s: has no \"labels\" but background; nnU-Net's dataset.json has", path);
    json_decref(root);
    return status;
}

VoxpertStatus labels_flag_read(LabelsFlag *out, const char *text, VoxpertError *error) {
    *out = (LabelsFlag){0};
    if (!text) return VOXPERT_OK;
    VoxpertStatus status =
        name_ends(text, ".json") ? read_dataset(out, text, error) : read_list(out, text, error);
    if (status) labels_flag_free(out);
    return status;
}

VoxpertStatus spacing_flag(double out[3], const Options *o, VoxpertError *error) {
    const char *text = options_value(o, "--spacing");
    double mm[3] = {0.0, 0.0, 1.0};
    if (!text) return VOXPERT_OK;
    bool ok = numbers_parse(mm, 3, text) || numbers_parse(mm, 2, text);
    for (int a = 0; a < 3; a++) ok = ok && mm[a] > 0.0 && mm[a] <= 1e6;
    if (!ok)
        return error_say(error, VOXPERT_BAD_ARGUMENT,
                         "--spacing %s: must be two or three lengths in mm, such as 0.1,0.1", text);
    memcpy(out, mm, sizeof mm);
    return VOXPERT_OK;
}
