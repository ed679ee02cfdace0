/* IMIS and SegMoTE: dataset.json with labels {"1": name}, training and test lists of image, label
 * and imask.  The label is scipy's CSR matrix [classes, height * width] without background, in an
 * .npz whose name ends with the dense shape: "x.(13, 512, 512, 1).npz". */
#include <string.h>

#include "data/reader.h"

/* The path of a field; NULL where it is absent. */
static const char *path_of(Catalog *c, const char *list, json_t *entry, const char *field,
                           bool needed) {
    json_t *value = json_object_get(entry, field);
    if (json_is_string(value)) return reader_path(c, json_string_value(value));
    if (needed || value)
        catalog_find(c, RULE_FORM, list, "an entry has no \"%s\" with the name of a file", field)
            ->field = field;
    return NULL;
}

static void missing(Catalog *c, const char *path) {
    if (path && !file_exists(path))
        catalog_find(c, RULE_FILES_EXIST, path, "dataset.json names it, but there is no such file");
}

static void add_entry(Catalog *c, const char *list, json_t *entry, SplitPart part) {
    const char *image = path_of(c, list, entry, "image", true);
    const char *label = path_of(c, list, entry, "label", part == SPLIT_TRAIN);
    const char *regions = path_of(c, list, entry, "imask", false);
    if (!image) return;
    const char *stem = reader_stem(c, image);
    CatalogCase *item = catalog_add_case(c);
    *item = (CatalogCase){.name = catalog_relative(c, image),
                          .source = image,
                          .stem = stem,
                          .image = reader_one(c, image),
                          .images = 1,
                          .regions = regions,
                          .part = part,
                          .listed = true};
    if (label) {
        item->form = LABELS_CSR;
        item->label = reader_one(c, label);
        item->labels = 1;
    }
    missing(c, image);
    missing(c, label);
    missing(c, regions);
}

static void read_lists(Catalog *c, const char *path, json_t *root) {
    static const char *const keys[] = {"training", "validation", "test"};
    const SplitPart parts[] = {SPLIT_TRAIN, SPLIT_VALIDATION, SPLIT_TEST};
    for (int k = 0; k < 3; k++) {
        json_t *list = json_object_get(root, keys[k]), *entry;
        size_t i;
        if (list && !json_is_array(list))
            catalog_find(c, RULE_FORM, path, "is no list of entries")->field = keys[k];
        json_array_foreach(list, i, entry) add_entry(c, path, entry, parts[k]);
    }
}

Status read_imis(Catalog *c, Error *error) {
    json_t *root;
    const char *path = catalog_text(c, "%s/dataset.json", c->root);
    Status status = reader_json(&root, c, path, error);
    if (status || !root) return status;
    json_t *labels = json_object_get(root, "labels");
    if (json_object_size(labels))
        reader_labels_by_value(c, labels, path);
    else
        catalog_find(c, RULE_FORM, path, "labels is no object of numbers with names")->field =
            "labels";
    read_lists(c, path, root);
    json_decref(root);
    return VOXPERT_OK;
}
