/* nnU-Net v2 raw: imagesTr/CASE_XXXX.ext (XXXX = channel), labelsTr/CASE.ext, imagesTs. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "data/names.h"
#include "data/nnunet.h"
#include "data/plan.h"

typedef struct ImageFile {
    const char *stem, *path;
    size_t channel;
} ImageFile;

typedef struct Part {
    Catalog *c;
    const NnunetJson *json;
    const char *images, *labels; /* folders */
    FileNames label_names;
    ImageFile *file;
    size_t files, labels_found;
    const char **lone; /* stems of labels that no image has */
    size_t lone_labels;
    Affixes affixes; /* of these */
    bool related;
    bool test;
} Part;

/* ---- Names -------------------------------------------------------------------------------- */

/* The digits before the ending; false where there are none. */
static bool channel_of(const char *stem, size_t *channel) {
    size_t length = strlen(stem);
    if (length < 6 || stem[length - 5] != '_') return false;
    *channel = 0;
    for (size_t i = length - 4; i < length; i++) {
        if (stem[i] < '0' || stem[i] > '9') return false;
        *channel = *channel * 10 + (size_t)(stem[i] - '0');
    }
    return true;
}

static void take_image(Part *p, const char *name) {
    Catalog *c = p->c;
    const char *path = catalog_text(c, "%s/%s", p->images, name);
    if (!text_ends(name, p->json->ending)) {
        if (name_is_leftover(name)) return;
        catalog_find(c, RULE_ENDING, path, "does not end with %s", p->json->ending);
        return;
    }
    size_t length = strlen(name) - strlen(p->json->ending), channel = 0;
    const char *stem = catalog_text(c, "%.*s", (int)length, name);
    if (channel_of(stem, &channel)) {
        stem = catalog_text(c, "%.*s", (int)length - 5, name);
    } else {
        Finding *f =
            catalog_find(c, RULE_SUFFIX, path, "the four digits of the channel are missing");
        const char *right = catalog_text(c, "%s/%s_0000%s", p->images, stem, p->json->ending);
        plan_rename(c, f, path, right);
    }
    if (p->file) p->file[p->files++] = (ImageFile){stem, path, channel};
}

static int by_stem(const void *a, const void *b) {
    const ImageFile *p = a, *q = b;
    int order = strcmp(p->stem, q->stem);
    return order ? order : (p->channel > q->channel) - (p->channel < q->channel);
}

/* ---- Cases -------------------------------------------------------------------------------- */

static void report_channels(Part *p, const ImageFile *file, size_t n, const char *path,
                            const char *what) {
    Finding *f = catalog_find(p->c, RULE_CHANNELS, path, "%s: %s; %zu files, but %zu channel_names",
                              file->stem, what, n, p->c->channels);
    f->facts = catalog_text(p->c, "{\"expected\": %zu, \"found\": %zu}", p->c->channels, n);
    if (n > p->c->channels) plan_aside(p->c, f, path);
}

static void check_channels(Part *p, const ImageFile *file, size_t n, bool *colours) {
    Catalog *c = p->c;
    *colours = n == 1 && file->channel == 0 && p->json->colours_in_file;
    if (!c->channels || *colours) return;
    for (size_t channel = 0, i = 0; channel < c->channels; channel++) {
        while (i < n && file[i].channel < channel) i++;
        if (i < n && file[i].channel == channel) continue;
        const char *path =
            catalog_text(c, "%s/%s_%04zu%s", p->images, file->stem, channel, p->json->ending);
        report_channels(p, file, n, path, "a channel is missing");
    }
    for (size_t i = 0; i < n; i++) {
        if (file[i].channel >= c->channels)
            report_channels(p, file, n, file[i].path, "a channel has no name");
    }
}

static bool has_image(const Part *p, const char *stem) {
    for (size_t i = 0; i < p->files; i++) {
        if (strcmp(p->file[i].stem, stem) == 0) return true;
    }
    return false;
}

/* Labels that are all called otherwise than their images, by one rule. */
static void find_affixes(Part *p) {
    Catalog *c = p->c;
    const char *ending = p->json->ending;
    const char **image = catalog_memory(c, p->files + 1, sizeof *image);
    const char **label = catalog_memory(c, p->label_names.count + 1, sizeof *label);
    size_t images = 0, labels = 0;
    for (size_t i = 0; !c->failed && i < p->files; i++) {
        const char *stem = p->file[i].stem;
        bool again = images && strcmp(image[images - 1], stem) == 0;
        if (!again && !reader_names_hold(&p->label_names, catalog_text(c, "%s%s", stem, ending)))
            image[images++] = stem;
    }
    for (size_t i = 0; !c->failed && i < p->label_names.count; i++) {
        const char *name = p->label_names.name[i];
        if (!text_ends(name, ending)) continue;
        const char *stem = catalog_text(c, "%.*s", (int)(strlen(name) - strlen(ending)), name);
        if (!has_image(p, stem)) label[labels++] = stem;
    }
    p->related = !c->failed && affixes_find(&p->affixes, c, image, images, label, labels);
    p->lone = label, p->lone_labels = labels;
}

static const char *related_label(Part *p, const char *stem) {
    for (size_t i = 0; p->related && i < p->lone_labels; i++) {
        const char *partner = affixes_image(p->c, &p->affixes, p->lone[i]);
        if (partner && strcmp(partner, stem) == 0)
            return catalog_text(p->c, "%s/%s%s", p->labels, p->lone[i], p->json->ending);
    }
    return NULL;
}

static void report_related(Part *p, const char *stem, const char *label, const char *right) {
    Catalog *c = p->c;
    plan_rename(c,
                catalog_find(c, RULE_SAME_STEM, label, "is taken for the label of %s: %s", stem,
                             affixes_describe(c, &p->affixes)),
                label, right);
}

static void find_label(Part *p, CatalogCase *item) {
    Catalog *c = p->c;
    const char *name = catalog_text(c, "%s%s", item->name, p->json->ending);
    const char *path = catalog_text(c, "%s/%s", p->labels, name);
    const char *related = related_label(p, item->name);
    if (reader_names_hold(&p->label_names, name) || related) {
        if (related) report_related(p, item->name, related, path);
        item->form = LABELS_MAP;
        item->label = reader_one(c, related ? related : path);
        item->labels = 1;
    } else if (!p->test) {
        Finding *f = catalog_find(c, RULE_HAS_LABEL, path, "is missing for %s",
                                  catalog_relative(c, item->image[0]));
        plan_aside_case(c, f, item);
    }
}

static void add_case(Part *p, const ImageFile *file, size_t n) {
    const char **paths = catalog_memory(p->c, n, sizeof *paths);
    for (size_t i = 0; paths && i < n; i++) paths[i] = file[i].path;
    CatalogCase *item = catalog_add_case(p->c);
    *item = (CatalogCase){.name = file->stem,
                          .source = file->stem,
                          .stem = file->stem,
                          .image = paths,
                          .images = n,
                          .part = SPLIT_TEST,
                          .listed = p->test};
    if (p->c->failed) return;
    check_channels(p, file, n, &item->colours);
    find_label(p, item);
}

/* Labels that belong to no image. */
static void check_labels(Part *p) {
    Catalog *c = p->c;
    const char *ending = p->json->ending;
    for (size_t i = 0; i < p->label_names.count; i++) {
        const char *name = p->label_names.name[i];
        const char *path = catalog_text(c, "%s/%s", p->labels, name);
        if (!text_ends(name, ending)) {
            if (name_is_leftover(name)) continue;
            catalog_find(c, RULE_ENDING, path, "does not end with %s", ending);
            continue;
        }
        p->labels_found++;
        const char *stem = catalog_text(c, "%.*s", (int)(strlen(name) - strlen(ending)), name);
        const char *partner = p->related ? affixes_image(c, &p->affixes, stem) : NULL;
        if (has_image(p, stem) || (partner && has_image(p, partner))) continue;
        const char *image = catalog_text(c, "%s/%s_0000%s", p->images, stem, ending);
        Finding *f =
            catalog_find(c, RULE_HAS_IMAGE, image, "is missing for %s", catalog_relative(c, path));
        plan_aside(c, f, path);
    }
}

/* ---- The folders ------------------------------------------------------------------------------
 */

static Status read_part(Part *p, Error *error) {
    FileNames names = {0};
    Status status = reader_files(&names, p->images, error);
    if (!status) status = reader_files(&p->label_names, p->labels, error);
    p->file = catalog_memory(p->c, names.count + 1, sizeof *p->file);
    for (size_t i = 0; !status && i < names.count; i++) take_image(p, names.name[i]);
    file_names_free(&names);
    if (p->files) qsort(p->file, p->files, sizeof *p->file, by_stem);
    if (!status) find_affixes(p);
    for (size_t i = 0, j; !status && i < p->files; i = j) {
        for (j = i + 1; j < p->files && strcmp(p->file[i].stem, p->file[j].stem) == 0;) j++;
        add_case(p, &p->file[i], j - i);
    }
    if (!status) check_labels(p);
    return status;
}

static bool any_ends_with(Catalog *c, const char *folder, const char *ending) {
    FileNames names;
    bool found = false;
    if (!reader_listed(&names, c, folder)) return false;
    for (size_t i = 0; i < names.count; i++) found |= text_ends(names.name[i], ending);
    file_names_free(&names);
    return found;
}

static void mend_field(Catalog *c, Finding *f, const char *field, json_t *value) {
    f->field = field;
    if (c->mended && value) {
        json_object_set(c->mended, field, value);
        plan_json(f);
    }
    json_decref(value);
}

/* Where no file at all has the ending, the field is wrong, and the files tell. */
static void check_ending(Catalog *c, NnunetJson *json) {
    const char *folder = catalog_text(c, "%s/imagesTr", c->root), *first = NULL;
    FileNames names;
    if (json->ending[0] != '.') {
        const char *found = catalog_text(c, ".%s", json->ending);
        Finding *f = catalog_find(c, RULE_ENDING, json->path, "file_ending is %s, without its dot",
                                  json->ending);
        f->warning = true;
        mend_field(c, f, "file_ending", json_string(found));
        json->ending = found;
    }
    if (any_ends_with(c, folder, json->ending) || !reader_listed(&names, c, folder)) return;
    for (size_t i = 0; i < names.count && !first; i++) {
        if (!name_is_leftover(names.name[i])) first = names.name[i];
    }
    if (first && *path_extension(first)) {
        const char *found = catalog_text(c, "%s", path_extension(first));
        Finding *f =
            catalog_find(c, RULE_ENDING, json->path, "file_ending is %s, but the files end with %s",
                         json->ending, found);
        mend_field(c, f, "file_ending", json_string(found));
        json->ending = found;
    }
    file_names_free(&names);
}

/* A missing label is told of by itself. */
static void check_count(Catalog *c, const NnunetJson *json, size_t labels, size_t images) {
    c->counted = labels;
    if (json->training < 0 || (size_t)json->training == labels || (size_t)json->training == images)
        return;
    Finding *f =
        catalog_find(c, RULE_COUNT, json->path, "numTraining is %ld, but %zu labels are there",
                     json->training, labels);
    mend_field(c, f, "numTraining", json_integer((json_int_t)labels));
    f->facts = catalog_text(c, "{\"expected\": %ld, \"found\": %zu}", json->training, labels);
}

Status read_nnunet(Catalog *c, Error *error) {
    NnunetJson json;
    Status status = nnunet_json_read(&json, c, error);
    if (status) return status;
    if (!json.ending) json.ending = ".nii.gz";
    check_ending(c, &json);
    for (int test = 0; !status && test < 2; test++) {
        Part p = {.c = c,
                  .json = &json,
                  .images = catalog_text(c, "%s/images%s", c->root, test ? "Ts" : "Tr"),
                  .labels = catalog_text(c, "%s/labels%s", c->root, test ? "Ts" : "Tr"),
                  .test = test};
        size_t before = c->cases;
        status = read_part(&p, error);
        if (!status && !test) check_count(c, &json, p.labels_found, c->cases - before);
        if (!status && !test) status = nnunet_splits_read(c, error);
        file_names_free(&p.label_names);
    }
    return status;
}
