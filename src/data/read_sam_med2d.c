/* SAM-Med2D: image2label_train.json {image: [masks]}, label2image_test.json {mask: image}; each
 * mask is one object. */
#include <string.h>

#include "base/memory.h"
#include "data/reader.h"

static void missing(Catalog *c, const char *path, const char *list) {
    if (file_exists(path)) return;
    catalog_find(c, RULE_FILES_EXIST, path, "%s names it, but there is no such file", list);
}

static CatalogCase *add_case(Catalog *c, const char *image, SplitPart part, size_t masks,
                             const char *list) {
    const char *path = reader_path(c, image), *stem = reader_stem(c, image);
    CatalogCase *item = catalog_add_case(c);
    *item = (CatalogCase){.name = catalog_text(c, "%s", image),
                          .source = path,
                          .stem = stem,
                          .image = reader_one(c, path),
                          .images = 1,
                          .form = LABELS_MASKS,
                          .label = catalog_memory(c, masks + 1, sizeof *item->label),
                          .part = part,
                          .listed = true};
    missing(c, path, list);
    return item;
}

/* The array is the catalog's own and not handed out yet. */
static void add_mask(Catalog *c, CatalogCase *item, const char *mask, const char *list) {
    const char *path = reader_path(c, mask);
    const char **label = (const char **)(uintptr_t)item->label;
    if (label) label[item->labels++] = path;
    missing(c, path, list);
}

static void bad_entry(Catalog *c, const char *list, const char *key) {
    catalog_find(c, RULE_FORM, list, "the entry of \"%s\" is no name of a file", key)->field =
        catalog_text(c, "%s", key);
}

static void read_train(Catalog *c, const char *path, json_t *root) {
    const char *key;
    json_t *masks, *mask;
    size_t i;
    json_object_foreach(root, key, masks) {
        if (json_is_array(masks)) {
            CatalogCase *item =
                add_case(c, key, SPLIT_TRAIN, json_array_size(masks), path_base(path));
            json_array_foreach(masks, i, mask) {
                if (json_is_string(mask))
                    add_mask(c, item, json_string_value(mask), path_base(path));
                else
                    bad_entry(c, path, key);
            }
        } else {
            bad_entry(c, path, key);
        }
    }
}

/* {mask: image} turned round, images in the order of their first mask. */
static void read_test(Catalog *c, const char *path, json_t *root) {
    const char *key;
    json_t *value, *by_image = json_object(), *masks;
    json_object_foreach(root, key, value) {
        const char *image = json_string_value(value);
        if (!image) {
            bad_entry(c, path, key);
            continue;
        }
        if (!json_object_get(by_image, image)) json_object_set_new(by_image, image, json_array());
        json_array_append_new(json_object_get(by_image, image), json_string(key));
    }
    json_object_foreach(by_image, key, masks) {
        size_t i;
        CatalogCase *item = add_case(c, key, SPLIT_TEST, json_array_size(masks), path_base(path));
        json_array_foreach(masks, i, value)
            add_mask(c, item, json_string_value(value), path_base(path));
    }
    json_decref(by_image);
}

Status read_sam_med2d(Catalog *c, Error *error) {
    static const char *const names[] = {"image2label_train.json", "label2image_test.json"};
    Status status = VOXPERT_OK;
    for (int i = 0; i < 2 && !status; i++) {
        json_t *root;
        const char *path = catalog_text(c, "%s/%s", c->root, names[i]);
        if (!file_exists(path)) continue;
        status = reader_json(&root, c, path, error);
        if (!status && root && !json_is_object(root))
            catalog_find(c, RULE_FORM, path, "is no object of names");
        else if (!status && root)
            (i ? read_test : read_train)(c, path, root);
        json_decref(root);
    }
    return status;
}
