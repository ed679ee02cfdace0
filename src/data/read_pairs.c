/* Folder pairs: images/ with masks/ or labels/ of the same stems. */
#include <string.h>
#include <strings.h>

#include "base/file_kind.h"
#include "base/text.h"
#include "data/names.h"
#include "data/plan.h"
#include "data/reader.h"
#include "image/volume.h"

typedef struct Pairs {
    Catalog *c;
    const char *images, *masks; /* folders */
    FileNames image_names, mask_names;
    const char **image_stem, **mask_stem; /* of those without a partner of that stem */
    size_t lone_images, lone_masks;
    Affixes affixes; /* of these */
    bool related;
} Pairs;

/* The name that is the stem and an extension. */
static const char *name_of(const FileNames *names, const char *stem) {
    size_t length = strlen(stem);
    for (size_t i = 0; i < names->count; i++) {
        const char *name = names->name[i];
        if (strncmp(name, stem, length) == 0 && strcmp(path_extension(name), name + length) == 0)
            return name;
    }
    return NULL;
}

/* Neither what is left about, nor what no mask belongs to and no reader of images knows. */
static bool is_image(Pairs *p, const char *name) {
    if (name_is_leftover(name)) return false;
    if (volume_name_is_image(name) || name_of(&p->mask_names, reader_stem(p->c, name))) return true;
    catalog_find(p->c, RULE_LEFT_OUT, catalog_text(p->c, "%s/%s", p->images, name),
                 "has no name of an image and no mask, and is left out")
        ->warning = true;
    return false;
}

static void find_lone_stems(Pairs *p) {
    Catalog *c = p->c;
    p->image_stem = catalog_memory(c, p->image_names.count + 1, sizeof *p->image_stem);
    p->mask_stem = catalog_memory(c, p->mask_names.count + 1, sizeof *p->mask_stem);
    for (size_t i = 0; !c->failed && i < p->image_names.count; i++) {
        const char *stem = reader_stem(c, p->image_names.name[i]);
        if (volume_name_is_image(p->image_names.name[i]) && !name_of(&p->mask_names, stem))
            p->image_stem[p->lone_images++] = stem;
    }
    for (size_t i = 0; !c->failed && i < p->mask_names.count; i++) {
        const char *stem = reader_stem(c, p->mask_names.name[i]);
        if (!name_is_leftover(p->mask_names.name[i]) && !name_of(&p->image_names, stem))
            p->mask_stem[p->lone_masks++] = stem;
    }
    if (c->failed) return;
    p->related =
        affixes_find(&p->affixes, c, p->image_stem, p->lone_images, p->mask_stem, p->lone_masks);
}

/* The mask of an image that is called otherwise, as all of them are. */
static const char *related_mask(Pairs *p, const char *stem) {
    for (size_t i = 0; p->related && i < p->lone_masks; i++) {
        const char *partner = affixes_image(p->c, &p->affixes, p->mask_stem[i]);
        if (partner && strcmp(partner, stem) == 0) return name_of(&p->mask_names, p->mask_stem[i]);
    }
    return NULL;
}

static void report_related(Pairs *p, const char *stem, const char *mask) {
    Catalog *c = p->c;
    const char *path = catalog_text(c, "%s/%s", p->masks, mask);
    Finding *f = catalog_find(c, RULE_SAME_STEM, path, "is taken for the mask of %s: %s", stem,
                              affixes_describe(c, &p->affixes));
    f->warning = true;
    plan_rename(c, f, path, catalog_text(c, "%s/%s%s", p->masks, stem, path_extension(mask)));
}

static void add_pair(Pairs *p, const char *name) {
    Catalog *c = p->c;
    const char *stem = reader_stem(c, name), *image = catalog_text(c, "%s/%s", p->images, name);
    const char *mask = name_of(&p->mask_names, stem);
    const char *related = mask ? NULL : related_mask(p, stem);
    CatalogCase *item = catalog_add_case(c);
    *item = (CatalogCase){
        .name = stem, .source = stem, .stem = stem, .image = reader_one(c, image), .images = 1};
    if (related) report_related(p, stem, mask = related);
    if (mask) {
        item->form = LABELS_MAP;
        item->label = reader_one(c, catalog_text(c, "%s/%s", p->masks, mask));
        item->labels = 1;
    } else {
        plan_aside(c,
                   catalog_find(c, RULE_HAS_LABEL, image, "there is no mask of that stem in %s",
                                catalog_relative(c, p->masks)),
                   image);
    }
}

static bool is_taken(Pairs *p, const char *mask_stem) {
    const char *partner = p->related ? affixes_image(p->c, &p->affixes, mask_stem) : NULL;
    if (!partner || !name_of(&p->image_names, partner)) return false;
    return !name_of(&p->mask_names, partner); /* the image has one of its own name otherwise */
}

/* Masks that belong to no image, or to one that has another, are left alone, but reported. */
static void check_masks(Pairs *p) {
    Catalog *c = p->c;
    for (size_t m = 0; m < p->lone_masks; m++) {
        const char *name = name_of(&p->mask_names, p->mask_stem[m]);
        if (is_taken(p, p->mask_stem[m])) continue;
        const char *mask = catalog_text(c, "%s/%s", p->masks, name);
        Finding *f = catalog_find(c, RULE_HAS_IMAGE, mask, "there is no image of that stem");
        f->warning = true;
        plan_aside(c, f, mask);
    }
}

/* ---- Folders of other names ----------------------------------------------------------------- */

static bool is_one_of(const char *name, const char *const *words) {
    for (; *words; words++) {
        if (strcasecmp(name, *words) == 0) return true;
    }
    return false;
}

/* What a folder's name is likely to mean; NULL: nothing. */
static const char *meant_by(const char *name) {
    static const char *const images[] = {"image", "images", "img",   "imgs", "imgages",
                                         "scans", "photos", "input", "x",    NULL};
    static const char *const masks[] = {
        "mask",        "masks",      "label", "labels", "gt",           "gts",
        "lbl",         "annotation", "annot", "seg",    "segmentation", "segmentations",
        "groundtruth", "target",     "y",     NULL};
    if (strcasecmp(name, "imagesTr") == 0) return "imagesTr";
    if (strcasecmp(name, "labelsTr") == 0) return "labelsTr";
    return is_one_of(name, images) ? "images" : is_one_of(name, masks) ? "masks" : NULL;
}

static Status no_layout(Catalog *c, Error *error) {
    FileNames names;
    Text near = {0};
    const char *list = NULL;
    Status status = folder_refuse_dicom(c->root, error);
    if (!status) status = folder_list(&names, c->root, error);
    if (status) return status;
    for (size_t i = 0; i < names.count; i++) {
        const char *meant = meant_by(names.name[i]);
        bool folder = file_is_folder(catalog_text(c, "%s/%s", c->root, names.name[i]));
        if (meant && folder && strcmp(meant, names.name[i]) != 0)
            text_add(&near, "; is %s/ meant to be %s/?", names.name[i], meant);
        if (!folder && !list && text_ends(names.name[i], ".json") && names.name[i][0] != '.')
            list = names.name[i];
    }
    if (list) text_add(&near, "; if %s is such a list, give it itself: %s/%s", list, c->root, list);
    status = error_set(error, VOXPERT_BAD_INPUT,
                       "%s: has no layout of a data set that is known: images/ with masks/ or "
                       "labels/, imagesTr/ with labelsTr/ (nnU-Net), annotations/ with "
                       "instances_*.json (COCO), .npz files, or a list%s",
                       c->root, near.chars ? near.chars : "");
    text_free(&near);
    file_names_free(&names);
    return status;
}

Status read_pairs(Catalog *c, Error *error) {
    Pairs p = {.c = c,
               .images = catalog_text(c, "%s/images", c->root),
               .masks = catalog_text(c, "%s/masks", c->root)};
    if (!file_exists(p.masks)) p.masks = catalog_text(c, "%s/labels", c->root);
    if (!file_is_folder(p.images) || !file_is_folder(p.masks)) return no_layout(c, error);
    Status status = folder_refuse_dicom(p.images, error);
    if (status) return status;
    status = reader_files(&p.image_names, p.images, error);
    if (!status) status = reader_files(&p.mask_names, p.masks, error);
    if (!status) find_lone_stems(&p);
    for (size_t i = 0; !status && i < p.image_names.count; i++) {
        if (is_image(&p, p.image_names.name[i])) add_pair(&p, p.image_names.name[i]);
    }
    if (!status && !c->failed) check_masks(&p);
    file_names_free(&p.image_names);
    file_names_free(&p.mask_names);
    return status;
}
