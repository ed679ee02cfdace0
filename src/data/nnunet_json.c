/* dataset.json of nnU-Net v2, and what is said of v1's (Medical Segmentation Decathlon). */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "data/nnunet.h"

enum { VALUE_MOST = 65535 };

/* ---- Labels ------------------------------------------------------------------------------- */

static bool value_of(json_t *value, uint32_t *out) {
    if (!json_is_integer(value)) return false;
    json_int_t n = json_integer_value(value);
    *out = (uint32_t)n;
    return n >= 0 && n <= VALUE_MOST;
}

/* A number, or a list of numbers: a region. */
static void add_label(Catalog *c, const char *file, const char *name, json_t *value) {
    CatalogLabel *l = catalog_add_label(c, catalog_text(c, "%s", name));
    size_t n = json_is_array(value) ? json_array_size(value) : 1, kept = 0;
    uint32_t *values = catalog_memory(c, n + 1, sizeof *values);
    for (size_t i = 0; values && i < n; i++)
        kept += value_of(json_is_array(value) ? json_array_get(value, i) : value, &values[kept]);
    if (values && kept == n && n) {
        l->value = values;
        l->values = n;
    } else if (values) {
        catalog_find(c, RULE_FORM, file, "the value of \"%s\" is no whole number from 0 to %d",
                     name, VALUE_MOST)
            ->field = "labels";
    }
    l->ignored = strcmp(name, "ignore") == 0;
}

static bool has_value(const Catalog *c, uint32_t value) {
    for (size_t i = 0; i < c->labels; i++)
        for (size_t k = 0; k < c->label[i].values; k++)
            if (c->label[i].value[k] == value) return true;
    return false;
}

static uint32_t highest(const Catalog *c, bool ignored_too) {
    uint32_t most = 0;
    for (size_t i = 0; i < c->labels; i++)
        for (size_t k = 0; k < c->label[i].values; k++)
            if ((ignored_too || !c->label[i].ignored) && c->label[i].value[k] > most)
                most = c->label[i].value[k];
    return most;
}

/* dataset.json with background added. */
static const char *background_fix(Catalog *c, const char *file) {
    const char *quoted = catalog_quoted(c, file);
    return catalog_text(c, "sed -i 's/\"labels\": *{/\"labels\": {\"background\": 0, /' %s",
                        quoted);
}

static void check_labels(Catalog *c, const char *file, json_t *root) {
    bool background = false, regions = false;
    for (size_t i = 0; i < c->labels; i++) {
        const CatalogLabel *l = &c->label[i];
        background |= strcmp(l->name, "background") == 0 && l->values == 1 && l->value[0] == 0;
        regions |= l->values > 1;
        if (l->ignored && l->values && l->value[0] <= highest(c, false))
            catalog_find(c, RULE_LABELS_IGNORE, file, "ignore is %u, but %u is in use", l->value[0],
                         highest(c, false))
                ->field = "labels";
    }
    if (!background) {
        Finding *f = catalog_find(c, RULE_LABELS_BACKGROUND, file, "background is not among them");
        f->field = "labels";
        f->fix = has_value(c, 0) ? NULL : background_fix(c, file);
    }
    for (uint32_t v = 1; v < highest(c, true); v++) {
        if (has_value(c, v)) continue;
        catalog_find(c, RULE_LABELS_CONSECUTIVE, file, "%u is missing below %u", v,
                     highest(c, true))
            ->field = "labels";
        break;
    }
    if (regions && !json_is_array(json_object_get(root, "regions_class_order")))
        catalog_find(c, RULE_REGIONS_ORDER, file, "labels has lists, which are regions")->field =
            "regions_class_order";
}

/* ---- Version 1 ------------------------------------------------------------------------------ */

static bool is_old(json_t *root) {
    void *first = json_object_iter(json_object_get(root, "labels"));
    return !json_object_get(root, "channel_names") && first &&
           json_is_string(json_object_iter_value(first));
}

/* The commands that write the same as version 2. */
static const char *old_fix(Catalog *c, const char *file, json_t *root, const char *ending) {
    const char *key;
    json_t *name, *labels = json_object(), *fresh = json_object();
    json_object_foreach(json_object_get(root, "labels"), key, name) {
        long value;
        if (text_to_long(&value, key) && json_is_string(name))
            json_object_set_new(labels, json_string_value(name), json_integer(value));
    }
    json_object_set(fresh, "channel_names", json_object_get(root, "modality"));
    json_object_set_new(fresh, "labels", labels);
    json_object_set(fresh, "numTraining", json_object_get(root, "numTraining"));
    json_object_set_new(fresh, "file_ending", json_string(ending));
    if (json_object_get(root, "name"))
        json_object_set(fresh, "name", json_object_get(root, "name"));
    char *text = json_dumps(fresh, JSON_INDENT(1));
    json_decref(fresh);
    if (!text) c->failed = true;
    const char *quoted = catalog_quoted(c, file);
    const char *fix = catalog_text(c, "cp %s %s.v1\ncat > %s <<'END'\n%s\nEND", quoted, quoted,
                                   quoted, text ? text : "");
    free(text);
    return fix;
}

/* Files tell their ending where the list does not. */
static const char *ending_of_files(Catalog *c) {
    static const char *const folders[] = {"labelsTr", "imagesTr"};
    const char *ending = NULL;
    for (int i = 0; i < 2 && !ending; i++) {
        FileNames names;
        if (!reader_listed(&names, c, catalog_text(c, "%s/%s", c->root, folders[i]))) return NULL;
        if (names.count) ending = catalog_text(c, "%s", path_extension(names.name[0]));
        file_names_free(&names);
    }
    return ending;
}

static void read_old(NnunetJson *out, Catalog *c, json_t *root) {
    const char *ending = ending_of_files(c);
    out->ending = ending;
    reader_labels_by_value(c, json_object_get(root, "labels"), out->path);
    c->channels = json_object_size(json_object_get(root, "modality"));
    Finding *f = catalog_find(c, RULE_OLD_NNUNET, out->path, "labels maps numbers to names");
    f->field = "labels";
    f->fix = old_fix(c, out->path, root, ending ? ending : ".nii.gz");
}

/* ---- Version 2 ------------------------------------------------------------------------------ */

static void read_channels(Catalog *c, const char *file, json_t *root) {
    json_t *names = json_object_get(root, "channel_names");
    size_t n = json_object_size(names), found = 0;
    for (size_t i = 0; i < n; i++)
        found += json_object_get(names, catalog_text(c, "%zu", i)) != NULL;
    if (n && found == n) {
        c->channels = n;
        return;
    }
    catalog_find(c, RULE_CHANNELS_NAMED, file,
                 n ? "the keys are not \"0\", \"1\", ..." : "channel_names is missing")
        ->field = "channel_names";
}

static void read_new(NnunetJson *out, Catalog *c, json_t *root) {
    const char *key, *ending = json_string_value(json_object_get(root, "file_ending"));
    json_t *value, *labels = json_object_get(root, "labels");
    json_t *training = json_object_get(root, "numTraining");
    if (ending)
        out->ending = catalog_text(c, "%s", ending);
    else
        catalog_find(c, RULE_ENDING, out->path, "file_ending is missing")->field = "file_ending";
    if (json_is_integer(training)) out->training = (long)json_integer_value(training);
    read_channels(c, out->path, root);
    if (!json_object_size(labels)) {
        catalog_find(c, RULE_FORM, out->path, "labels is no object of names with values")->field =
            "labels";
        return;
    }
    json_object_foreach(labels, key, value) add_label(c, out->path, key, value);
    check_labels(c, out->path, root);
}

static bool is_picture(const char *ending) {
    static const char *const pictures[] = {".png", ".bmp", ".tif", ".tiff", ".jpg", ".jpeg"};
    for (size_t i = 0; ending && i < sizeof pictures / sizeof *pictures; i++) {
        if (text_ends(ending, pictures[i])) return true;
    }
    return false;
}

Status nnunet_json_read(NnunetJson *out, Catalog *c, Error *error) {
    json_t *root = NULL;
    Status status = VOXPERT_OK;
    *out = (NnunetJson){.path = catalog_text(c, "%s/dataset.json", c->root), .training = -1};
    if (file_exists(out->path))
        status = reader_json(&root, c, out->path, error);
    else
        catalog_find(c, RULE_JSON_EXISTS, out->path, "there is no such file");
    if (!status && root && !json_is_object(root))
        catalog_find(c, RULE_FORM, out->path, "is no object of fields");
    else if (!status && root)
        (is_old(root) ? read_old : read_new)(out, c, root);
    const char *reader = json_string_value(json_object_get(root, "overwrite_image_reader_writer"));
    if (!out->ending) out->ending = ending_of_files(c);
    out->colours_in_file = is_picture(out->ending) || (reader && strstr(reader, "NaturalImage"));
    json_decref(root);
    return status;
}
