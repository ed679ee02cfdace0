/* SAM-Med3D: PART/CLASS/DATASET/{imagesTr,labelsTr}, binary labels of one class each. */
#include <string.h>

#include "data/plan.h"
#include "data/reader.h"

typedef struct PartName {
    const char *name;
    SplitPart part;
} PartName;

static const PartName part_names[] = {{"train", SPLIT_TRAIN},
                                      {"validation", SPLIT_VALIDATION},
                                      {"val", SPLIT_VALIDATION},
                                      {"test", SPLIT_TEST}};
enum { PARTS = sizeof part_names / sizeof *part_names };

static bool holds_sets(Catalog *c, const char *folder) {
    FileNames sets;
    bool found = false;
    if (!reader_listed(&sets, c, folder)) return false;
    for (size_t i = 0; i < sets.count && !found; i++)
        found = file_is_folder(catalog_text(c, "%s/%s/imagesTr", folder, sets.name[i]));
    file_names_free(&sets);
    return found;
}

/* Whether PLACE/CLASS/DATASET/imagesTr is there for some class and dataset. */
static bool holds_classes(Catalog *c, const char *place) {
    FileNames classes;
    bool found = false;
    if (!reader_listed(&classes, c, place)) return false;
    for (size_t i = 0; i < classes.count && !found; i++)
        found = holds_sets(c, catalog_text(c, "%s/%s", place, classes.name[i]));
    file_names_free(&classes);
    return found;
}

bool sam_med3d_recognizes(Catalog *c, const char *folder) {
    bool found = false;
    for (int i = 0; i < PARTS && !found; i++)
        found = holds_classes(c, catalog_text(c, "%s/%s", folder, part_names[i].name));
    return found;
}

static void add_case(Catalog *c, const PartName *part, const char *set, const char *image,
                     const FileNames *labels) {
    const char *stem = reader_stem(c, image), *within = catalog_relative(c, set);
    const char *path = catalog_text(c, "%s/imagesTr/%s", set, image);
    const char *label = catalog_text(c, "%s/labelsTr/%s", set, image);
    /* The image is the same for every class of PART/CLASS/DATASET. */
    const char *dataset = path_base(set);
    CatalogCase *item = catalog_add_case(c);
    *item = (CatalogCase){.name = catalog_text(c, "%s/%s", within, stem),
                          .source = catalog_text(c, "%s/%s/%s", part->name, dataset, stem),
                          .stem = stem,
                          .image = reader_one(c, path),
                          .images = 1,
                          .part = part->part,
                          .listed = true};
    if (reader_names_hold(labels, image)) {
        item->form = LABELS_MAP;
        item->label = reader_one(c, label);
        item->labels = 1;
        return;
    }
    Finding *f =
        catalog_find(c, RULE_HAS_LABEL, label, "is missing for %s", catalog_relative(c, path));
    plan_aside(c, f, path);
}

static void check_labels(Catalog *c, const char *set, const FileNames *labels,
                         const FileNames *images) {
    for (size_t i = 0; i < labels->count; i++) {
        if (reader_names_hold(images, labels->name[i])) continue;
        const char *image = catalog_text(c, "%s/imagesTr/%s", set, labels->name[i]);
        const char *label = catalog_text(c, "%s/labelsTr/%s", set, labels->name[i]);
        Finding *f =
            catalog_find(c, RULE_HAS_IMAGE, image, "is missing for %s", catalog_relative(c, label));
        plan_aside(c, f, label);
    }
}

static Status read_set(Catalog *c, const PartName *part, const char *set, Error *error) {
    FileNames images = {0}, labels = {0};
    Status status = reader_files(&images, catalog_text(c, "%s/imagesTr", set), error);
    if (!status) status = reader_files(&labels, catalog_text(c, "%s/labelsTr", set), error);
    for (size_t i = 0; !status && i < images.count; i++)
        add_case(c, part, set, images.name[i], &labels);
    if (!status) check_labels(c, set, &labels, &images);
    file_names_free(&images);
    file_names_free(&labels);
    return status;
}

static Status read_class(Catalog *c, const PartName *part, const char *class_folder, Error *error) {
    FileNames sets;
    Status status = reader_files(&sets, class_folder, error);
    for (size_t i = 0; !status && i < sets.count; i++)
        status = read_set(c, part, catalog_text(c, "%s/%s", class_folder, sets.name[i]), error);
    file_names_free(&sets);
    return status;
}

Status read_sam_med3d(Catalog *c, Error *error) {
    Status status = VOXPERT_OK;
    for (int p = 0; !status && p < PARTS; p++) {
        FileNames classes;
        const char *place = catalog_text(c, "%s/%s", c->root, part_names[p].name);
        status = reader_files(&classes, place, error);
        for (size_t i = 0; !status && i < classes.count; i++)
            status = read_class(c, &part_names[p], catalog_text(c, "%s/%s", place, classes.name[i]),
                                error);
        file_names_free(&classes);
    }
    return status;
}
