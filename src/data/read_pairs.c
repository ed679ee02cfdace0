/* Folder pairs: images/ with masks/ or labels/ of the same stems. */
#include <string.h>

#include "data/reader.h"

/* The mask of a stem: the first name that is the stem and an extension. */
static const char *mask_of(const FileNames *masks, const char *stem) {
    size_t length = strlen(stem);
    for (size_t i = 0; i < masks->count; i++) {
        const char *name = masks->name[i];
        if (strncmp(name, stem, length) == 0 && strcmp(path_extension(name), name + length) == 0)
            return name;
    }
    return NULL;
}

static void add_pair(Catalog *c, const char *images, const char *masks, const char *name,
                     const FileNames *mask_names) {
    const char *stem = reader_stem(c, name), *image = catalog_text(c, "%s/%s", images, name);
    const char *mask = mask_of(mask_names, stem);
    CatalogCase *item = catalog_add_case(c);
    *item = (CatalogCase){
        .name = stem, .source = stem, .stem = stem, .image = reader_one(c, image), .images = 1};
    if (mask) {
        item->form = LABELS_MAP;
        item->label = reader_one(c, catalog_text(c, "%s/%s", masks, mask));
        item->labels = 1;
    } else {
        Finding *f = catalog_find(c, RULE_HAS_LABEL, image, "there is no mask of that stem in %s",
                                  catalog_relative(c, masks));
        f->fix = catalog_set_aside(c, image);
    }
}

/* Masks that no image asks for are left alone, but told of. */
static void check_masks(Catalog *c, const char *masks, const FileNames *mask_names) {
    for (size_t m = 0, i = 0; m < mask_names->count; m++) {
        const char *stem = reader_stem(c, mask_names->name[m]);
        for (i = 0; i < c->cases && strcmp(c->item[i].stem, stem) != 0;) i++;
        if (i < c->cases) continue;
        const char *mask = catalog_text(c, "%s/%s", masks, mask_names->name[m]);
        Finding *f = catalog_find(c, RULE_HAS_IMAGE, mask, "there is no image of that stem");
        f->warning = true;
        f->fix = catalog_set_aside(c, mask);
    }
}

Status read_pairs(Catalog *c, Error *error) {
    const char *images = catalog_text(c, "%s/images", c->root);
    const char *masks = catalog_text(c, "%s/masks", c->root);
    FileNames image_names = {0}, mask_names = {0};
    if (!file_exists(masks)) masks = catalog_text(c, "%s/labels", c->root);
    Status status = folder_list(&image_names, images, error);
    if (!status) status = folder_list(&mask_names, masks, error);
    file_names_free(&mask_names);
    if (!status) status = reader_files(&mask_names, masks, error);
    for (size_t i = 0; !status && i < image_names.count; i++) {
        if (image_names.name[i][0] != '.')
            add_pair(c, images, masks, image_names.name[i], &mask_names);
    }
    if (!status) check_masks(c, masks, &mask_names);
    file_names_free(&image_names);
    file_names_free(&mask_names);
    return status;
}
