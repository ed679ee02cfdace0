/* splits_final.json: [{"train": [names], "val": [names]}, ...], one entry for each fold. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/nnunet.h"

static CatalogCase *training_case(Catalog *c, const char *name) {
    for (size_t i = 0; i < c->cases; i++) {
        if (!c->item[i].listed && strcmp(c->item[i].name, name) == 0) return &c->item[i];
    }
    return NULL;
}

static bool list_holds(json_t *list, const char *name) {
    size_t i;
    json_t *value;
    json_array_foreach(list, i, value) {
        const char *text = json_string_value(value);
        if (text && strcmp(text, name) == 0) return true;
    }
    return false;
}

static void check_fold(Catalog *c, const char *file, json_t *fold, size_t number) {
    static const char *const keys[] = {"train", "val"};
    json_t *validation = json_object_get(fold, "val"), *value;
    size_t i;
    for (int k = 0; k < 2; k++) {
        json_array_foreach(json_object_get(fold, keys[k]), i, value) {
            const char *name = json_string_value(value);
            Finding *f = NULL;
            if (!name)
                f = catalog_find(c, RULE_FORM, file, "fold %zu, %s: an entry is no name", number,
                                 keys[k]);
            else if (!training_case(c, name))
                f = catalog_find(c, RULE_FOLDS_KNOWN, file, "fold %zu, %s: there is no case %s",
                                 number, keys[k], name);
            else if (k == 0 && list_holds(validation, name))
                f = catalog_find(c, RULE_FOLDS_DISJOINT, file, "fold %zu: %s is in both", number,
                                 name);
            if (f && name)
                catalog_facts(c, f,
                              json_pack("{s:s, s:I}", "case", name, "fold", (json_int_t)number));
        }
    }
}

/* Cases that the fold names nowhere are for neither: they count as kept for testing. */
static void give_parts(Catalog *c, json_t *fold) {
    static const char *const keys[] = {"val", "train"};
    const SplitPart parts[] = {SPLIT_VALIDATION, SPLIT_TRAIN};
    for (size_t i = 0; i < c->cases; i++) {
        if (!c->item[i].listed) c->item[i].part = SPLIT_TEST;
    }
    for (int k = 0; k < 2; k++) {
        size_t i;
        json_t *value;
        json_array_foreach(json_object_get(fold, keys[k]), i, value) {
            const char *name = json_string_value(value);
            CatalogCase *item = name ? training_case(c, name) : NULL;
            if (item) item->part = parts[k];
        }
    }
    for (size_t i = 0; i < c->cases; i++) c->item[i].listed = true;
}

/* Beside dataset.json, or where nnU-Net puts it: nnUNet_preprocessed beside nnUNet_raw. */
static const char *splits_path(Catalog *c) {
    const char *path = catalog_text(c, "%s/splits_final.json", c->root);
    if (file_exists(path)) return path;
    char real[PATH_MAX]; /* the root may be "." */
    const char *name = realpath(c->root, real) ? path_base(real) : c->name;
    path = catalog_text(c, "%s/../../nnUNet_preprocessed/%s/splits_final.json", c->root, name);
    return file_exists(path) ? path : NULL;
}

Status nnunet_splits_read(Catalog *c, Error *error) {
    json_t *root = NULL, *fold;
    const char *path = splits_path(c);
    if (!path) return VOXPERT_OK;
    Status status = reader_json(&root, c, path, error);
    size_t number;
    c->folds = json_array_size(root);
    json_array_foreach(root, number, fold) check_fold(c, path, fold, number);
    if (!status && root && !c->folds)
        catalog_find(c, RULE_FORM, path, "is no list of folds");
    else if (!status && root && (size_t)c->options.fold >= c->folds)
        status = error_set(error, VOXPERT_BAD_ARGUMENT,
                           "%s: has folds 0 to %zu, but fold %d was asked for", path, c->folds - 1,
                           c->options.fold);
    else if (!status && root)
        give_parts(c, json_array_get(root, (size_t)c->options.fold));
    json_decref(root);
    return status;
}
