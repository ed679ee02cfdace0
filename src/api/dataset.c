#include "api/dataset.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/memory.h"
#include "data/reader.h"
#include "data/split_record.h"

VoxpertStatus voxpert_dataset_open(VoxpertDataset **out, const char *path,
                                   const VoxpertDatasetOptions *options, VoxpertError *error) {
    bool wrong =
        options && (options->fold < 0 || options->split_rule < 0 || options->split_rule > 2);
    if (!out || !path || wrong)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "voxpert_dataset_open: NULL, fold below 0, or split_rule not 0, 1 or 2");
    *out = NULL;
    VoxpertDataset *set = memory_new(sizeof *set);
    if (!set) return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to list it", path);
    CatalogOptions how = {0};
    if (options)
        how = (CatalogOptions){options->fold, options->patient, (SplitRule)options->split_rule};
    Status status = catalog_open(&set->catalog, path, &how, error);
    if (status)
        memory_free(set);
    else
        *out = set;
    return status;
}

void voxpert_dataset_close(VoxpertDataset *set) {
    if (!set) return;
    catalog_close(&set->catalog);
    memory_free(set);
}

size_t voxpert_dataset_cases(const VoxpertDataset *set) { return set ? set->catalog.cases : 0; }

VoxpertStatus voxpert_dataset_check(VoxpertDataset *set, VoxpertDatasetProgress *progress,
                                    void *context, VoxpertError *error) {
    if (!set) return error_set(error, VOXPERT_BAD_ARGUMENT, "voxpert_dataset_check: NULL");
    return catalog_check(&set->catalog, progress, context, error);
}

bool voxpert_dataset_finding(const VoxpertDataset *set, size_t index, VoxpertFinding *out) {
    if (!set || !out || index >= set->catalog.findings) return false;
    const Finding *f = &set->catalog.finding[index];
    *out = (VoxpertFinding){.rule = data_rule_name(f->rule),
                            .remedy = data_rule_remedy(f->rule),
                            .file = f->file,
                            .other = f->other,
                            .field = f->field,
                            .detail = f->detail,
                            .facts = f->facts,
                            .fix = f->fix,
                            .note = f->note,
                            .warning = f->warning};
    return true;
}

/* ---- The split ------------------------------------------------------------------------------ */

/* Where a list at `path` finds the data set: below its own folder by a relative path, so that both
 * can move together; else by its whole path. */
static Status list_data(char out[PATH_MAX], const Catalog *c, const char *path, Error *error) {
    char folder[PATH_MAX], own[PATH_MAX];
    size_t length = (size_t)(path_base(path) - path);
    if (!realpath(c->place, out))
        return error_set(error, VOXPERT_BAD_INPUT, "%s: is no longer there", c->place);
    if (length >= sizeof folder) length = sizeof folder - 1;
    memcpy(folder, length ? path : ".", length ? length : 1);
    folder[length ? length : 1] = '\0';
    if (!realpath(folder, own)) return VOXPERT_OK;
    size_t above = strlen(own);
    if (strncmp(out, own, above) == 0 && out[above] == '/')
        memmove(out, out + above + 1, strlen(out + above + 1) + 1);
    return VOXPERT_OK;
}

VoxpertStatus voxpert_dataset_write_split(const VoxpertDataset *set, const char *path,
                                          VoxpertDatasetProgress *progress, void *context,
                                          VoxpertError *error) {
    SplitRecord record = {0};
    Text list = {0};
    char data[PATH_MAX];
    if (!set || !path)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "voxpert_dataset_write_split: NULL");
    const Catalog *c = &set->catalog;
    Status status = list_data(data, c, path, error);
    if (!status) status = catalog_split_record(&record, c, progress, context, error);
    const char *odd = status ? NULL : split_record_odd_name(&record);
    if (odd)
        status = error_set(error, VOXPERT_BAD_INPUT,
                           "%s: the name is not UTF-8, so that no list of cases (JSON) can hold "
                           "it: rename it",
                           odd);
    if (!status) split_record_list(&list, &record, c->name, data);
    if (!status && list.failed)
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for its split", c->place);
    if (!status) status = file_write(path, list.chars, list.length, error);
    text_free(&list);
    split_record_free(&record);
    return status;
}

/* ---- Description -------------------------------------------------------------------------- */

static json_t *names_of(const Catalog *c, const char *const *path, size_t count) {
    json_t *names = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(names, reader_words(catalog_relative(c, path[i])));
    return names;
}

static json_t *case_of(const Catalog *c, const CatalogCase *item) {
    json_t *json =
        json_pack("{s:o, s:s, s:b, s:o, s:o, s:o}", "name", reader_words(item->name), "part",
                  split_part_name(item->part), "listed", item->listed, "group",
                  reader_words(item->group), "images", names_of(c, item->image, item->images),
                  "labels", names_of(c, item->label, item->labels));
    if (item->shapes)
        json_object_set_new(json, "annotations", json_integer((json_int_t)item->shapes));
    return json;
}

static json_t *label_of(const CatalogLabel *l) {
    json_t *values = json_array();
    for (size_t i = 0; i < l->values; i++) json_array_append_new(values, json_integer(l->value[i]));
    return json_pack("{s:o, s:o, s:b}", "name", reader_words(l->name), "values", values, "ignored",
                     l->ignored);
}

static json_t *description_of(const Catalog *c) {
    json_t *cases = json_array(), *labels = json_array();
    json_int_t parts[3] = {0};
    bool told = true;
    for (size_t i = 0; i < c->cases; i++) {
        told &= json_array_append_new(cases, case_of(c, &c->item[i])) == 0;
        parts[c->item[i].part]++;
    }
    for (size_t i = 0; i < c->labels; i++) json_array_append_new(labels, label_of(&c->label[i]));
    json_t *json =
        json_pack("{s:o, s:s, s:o, s:i, s:I, s:I, s:{s:I, s:I, s:I}, s:o, s:o}", "name",
                  reader_words(c->name), "format", data_format_name(c->format), "folder",
                  reader_words(c->root), "split_rule", (int)split_rule_version(c->options.rule),
                  "channels", (json_int_t)c->channels, "folds", (json_int_t)c->folds, "parts",
                  "training", parts[SPLIT_TRAIN], "validation", parts[SPLIT_VALIDATION], "test",
                  parts[SPLIT_TEST], "labels", labels, "cases", cases);
    if (told) return json;
    json_decref(json);
    return NULL;
}

VoxpertStatus voxpert_dataset_describe(const VoxpertDataset *set, char **json,
                                       VoxpertError *error) {
    if (!set || !json)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "voxpert_dataset_describe: NULL");
    json_t *description = description_of(&set->catalog);
    char *text = description ? json_dumps(description, JSON_INDENT(2)) : NULL;
    json_decref(description);
    *json = memory_text(text);
    free(text);
    if (*json) return VOXPERT_OK;
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to describe it",
                     set->catalog.place);
}
