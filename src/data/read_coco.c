/* COCO instances: images, annotations (outlines or run lengths), categories; of a folder, all
 * annotations/instances_*.json. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "data/outline.h"
#include "data/reader.h"

/* Numbers, whole ones with a point too, and texts: 7, 7.0 and "7" are the same. */
typedef struct ImageId {
    const char *id;
    size_t at; /* of the case */
} ImageId;

static int by_id(const void *a, const void *b) {
    const ImageId *p = a, *q = b;
    return strcmp(p->id, q->id);
}

/* NULL: the value is no id. */
static const char *id_text(Catalog *c, json_t *id) {
    double real = json_real_value(id);
    if (json_is_integer(id)) return catalog_text(c, "%lld", (long long)json_integer_value(id));
    if (json_is_real(id) && fabs(real) < 1e15 && floor(real) >= real)
        return catalog_text(c, "%.0f", real);
    return json_string_value(id);
}

/* "train2017" of "instances_train2017.json" */
static const char *part_of_name(Catalog *c, const char *path) {
    const char *stem = reader_stem(c, path);
    return text_starts(stem, "instances_") ? stem + strlen("instances_") : stem;
}

static bool part_is_told(const char *name, SplitPart *part) {
    bool train = strstr(name, "train"), validation = strstr(name, "val");
    *part = train ? SPLIT_TRAIN : validation ? SPLIT_VALIDATION : SPLIT_TEST;
    return train || validation || strstr(name, "test");
}

/* Below the root, or beside `annotations`; in a folder `images` and one of the part, or neither. */
static const char *image_path(Catalog *c, const char *file, const char *part) {
    const char *bases[2] = {c->root, NULL};
    if (strcmp(path_base(c->root), "annotations") == 0)
        bases[1] = catalog_text(c, "%s/..", c->root);
    for (int i = 0; i < 2 && bases[i]; i++) {
        const char *tries[] = {catalog_text(c, "%s/%s", bases[i], file),
                               catalog_text(c, "%s/images/%s", bases[i], file),
                               catalog_text(c, "%s/%s/%s", bases[i], part, file),
                               catalog_text(c, "%s/images/%s/%s", bases[i], part, file)};
        for (int k = 0; k < 4; k++) {
            if (file_exists(tries[k])) return tries[k];
        }
    }
    return reader_path(c, file);
}

/* 0: it is no size. */
static size_t side_of(json_t *image, const char *field, bool *text) {
    double n;
    bool number = annotation_number(&n, json_object_get(image, field), text);
    return number && n >= 1.0 && n <= 1 << 20 && !(floor(n) < n) ? (size_t)n : 0;
}

/* What of the sizes cannot be compared with the files; once for each list. */
static void report_sizes(Catalog *c, const char *list) {
    Finding *f;
    if (c->sizes_none) {
        f = catalog_find(c, RULE_LIST_SIZE, list,
                         "gives no usable height and width of %zu images: whether these were "
                         "annotated in their present size cannot be checked",
                         c->sizes_none);
        f->field = "images";
        f->warning = true;
    }
    if (c->sizes_text) {
        f = catalog_find(c, RULE_FORM, list,
                         "gives the size of %zu images as texts; they are taken as numbers",
                         c->sizes_text);
        f->field = "images";
        f->warning = true;
    }
    c->sizes_none = c->sizes_text = 0;
}

static void add_image(Catalog *c, const char *list, json_t *image, ImageId *ids, size_t *known) {
    const char *file = json_string_value(json_object_get(image, "file_name"));
    const char *id = id_text(c, json_object_get(image, "id"));
    SplitPart part;
    if (!file || !id) {
        catalog_find(c, RULE_FORM, list, "an image lacks its id or file_name")->field = "images";
        return;
    }
    const char *part_name = part_of_name(c, list), *path = image_path(c, file, part_name);
    const char *slashes = reader_slashes(c, file);
    if (!file_exists(path) && strcmp(slashes, file) != 0)
        path = image_path(c, file = slashes, part_name);
    c->backslashes |= file == slashes && file_exists(path);
    const char *stem = reader_stem(c, file);
    if (!file_exists(path))
        catalog_find(c, RULE_FILES_EXIST, path, "%s names it, but there is no such file",
                     path_base(list));
    bool listed = part_is_told(part_of_name(c, list), &part), text = false;
    size_t height = side_of(image, "height", &text), width = side_of(image, "width", &text);
    c->sizes_none += !height || !width;
    c->sizes_text += text;
    CatalogCase *item = catalog_add_case(c);
    *item = (CatalogCase){.name = catalog_text(c, "%s", file),
                          .source = path,
                          .stem = stem,
                          .image = reader_one(c, path),
                          .images = 1,
                          .form = LABELS_SHAPES,
                          .height = height,
                          .width = width,
                          .size_text = text,
                          .part = listed ? part : SPLIT_TRAIN,
                          .listed = listed};
    ids[(*known)++] = (ImageId){id, c->cases - 1};
}

static CatalogCase *case_of(Catalog *c, const ImageId *ids, size_t known, json_t *annotation) {
    ImageId key = {id_text(c, json_object_get(annotation, "image_id")), 0};
    const ImageId *found = known && key.id ? bsearch(&key, ids, known, sizeof *ids, by_id) : NULL;
    return found ? &c->item[found->at] : NULL;
}

/* Twice over the annotations: to count them, and to keep them. */
static void add_shapes(Catalog *c, const char *list, json_t *annotations, const ImageId *ids,
                       size_t known) {
    json_t *annotation;
    size_t i;
    json_array_foreach(annotations, i, annotation) {
        CatalogCase *item = case_of(c, ids, known, annotation);
        if (item) {
            item->shapes++;
            continue;
        }
        Finding *f =
            catalog_find(c, RULE_FORM, list, "annotation %zu is of no image in the list", i);
        f->field = "annotations";
    }
    for (i = 0; i < known; i++) {
        CatalogCase *item = &c->item[ids[i].at];
        item->shape = catalog_memory(c, item->shapes + 1, sizeof *item->shape);
        item->shapes = 0;
    }
    if (c->failed) return;
    json_array_foreach(annotations, i, annotation) {
        CatalogCase *item = case_of(c, ids, known, annotation);
        json_t **shape = item ? (json_t **)(uintptr_t)item->shape : NULL;
        if (shape) shape[item->shapes++] = annotation;
    }
}

static bool category_of(Catalog *c, json_t *id, long *value) {
    const char *text = id_text(c, id);
    return text && text_to_long(value, text) && *value >= 0 && *value <= UINT16_MAX;
}

static bool category_is_known(const Catalog *c, long value) {
    for (size_t k = 0; k < c->labels; k++) {
        if (c->label[k].values && c->label[k].value[0] == (uint32_t)value) return true;
    }
    return false;
}

/* Each unknown one is reported once, with how many annotations have it. */
static void check_categories(Catalog *c, const char *list, json_t *annotations) {
    json_t *annotation, *counts = json_object(), *count;
    const char *category;
    size_t i;
    json_array_foreach(annotations, i, annotation) {
        json_t *id = json_object_get(annotation, "category_id");
        const char *text = id_text(c, id);
        long value;
        if (category_of(c, id, &value) && category_is_known(c, value)) continue;
        text = !id ? "" : text ? text : "that is neither a number nor a text";
        json_int_t before = json_integer_value(json_object_get(counts, text));
        json_object_set_new(counts, text, json_integer(before + 1));
    }
    json_object_foreach(counts, category, count) {
        long long found = (long long)json_integer_value(count);
        Finding *f = *category
                         ? catalog_find(c, RULE_CATEGORY, list,
                                        "%lld annotations are of category %s, which is in no list",
                                        found, category)
                         : catalog_find(c, RULE_CATEGORY, list,
                                        "%lld annotations have no category_id", found);
        f->field = "annotations";
        f->warning = true;
    }
    json_decref(counts);
}

static void add_categories(Catalog *c, const char *list, json_t *categories) {
    size_t i;
    json_t *category;
    json_array_foreach(categories, i, category) {
        const char *name = json_string_value(json_object_get(category, "name"));
        long value;
        if (!name || !category_of(c, json_object_get(category, "id"), &value)) {
            catalog_find(c, RULE_FORM, list, "a category lacks its id (0 to 65535) or name")
                ->field = "categories";
            continue;
        }
        if (category_is_known(c, value)) continue;
        CatalogLabel *l = catalog_add_label(c, catalog_text(c, "%s", name));
        catalog_label_values(c, l, &(uint32_t){(uint32_t)value}, 1);
    }
}

static void read_one(Catalog *c, const char *list, json_t *root) {
    json_t *images = json_object_get(root, "images"), *image;
    json_t *annotations = json_object_get(root, "annotations");
    size_t known = 0, i;
    if (!json_is_array(images) || !json_is_array(annotations)) {
        catalog_find(c, RULE_FORM, list, "has no lists \"images\" and \"annotations\"");
        return;
    }
    ImageId *ids = catalog_memory(c, json_array_size(images) + 1, sizeof *ids);
    if (!ids) return;
    json_array_foreach(images, i, image) add_image(c, list, image, ids, &known);
    report_sizes(c, list);
    if (c->failed) return;
    qsort(ids, known, sizeof *ids, by_id);
    add_shapes(c, list, annotations, ids, known);
    json_t *categories = json_object_get(root, "categories");
    add_categories(c, list, categories);
    if (json_array_size(categories)) {
        check_categories(c, list, annotations);
    } else {
        Finding *f = catalog_find(c, RULE_CATEGORY, list,
                                  "has no categories: what its objects are is not known");
        f->field = "categories";
        f->warning = true;
    }
}

/* The parsed list stays: shapes lie in it. */
static Status read_file(Catalog *c, const char *path, Error *error) {
    json_t *root;
    Status status = reader_json(&root, c, path, error);
    if (status || !root) return status;
    c->failed |= !memory_grow(&c->list, &c->list_capacity, c->lists, sizeof *c->list);
    if (c->failed) {
        json_decref(root);
        return VOXPERT_OK;
    }
    c->list[c->lists++] = root;
    read_one(c, path, root);
    return VOXPERT_OK;
}

Status read_coco(Catalog *c, Error *error) {
    FileNames names;
    if (c->lists) {
        read_one(c, c->place, c->list[0]);
        return VOXPERT_OK;
    }
    const char *folder = catalog_text(c, "%s/annotations", c->root);
    Status status = reader_files(&names, folder, error);
    for (size_t i = 0; !status && i < names.count; i++) {
        if (text_starts(names.name[i], "instances_") && text_ends(names.name[i], ".json"))
            status = read_file(c, catalog_text(c, "%s/%s", folder, names.name[i]), error);
    }
    file_names_free(&names);
    if (!status && !c->cases && !c->findings)
        status = error_set(error, VOXPERT_BAD_INPUT,
                           "%s: holds no instances_*.json with images in it", folder);
    return status;
}
