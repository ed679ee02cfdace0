/* dataset.json of nnU-Net v2, and what is said of v1's (Medical Segmentation Decathlon). */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "data/names.h"
#include "data/nnunet.h"
#include "data/plan.h"

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

/* Background comes first. */
static void add_background(Catalog *c, Finding *f) {
    json_t *labels = json_object_get(c->mended, "labels"), *fresh = json_object();
    if (!labels) {
        json_decref(fresh);
        return;
    }
    json_object_set_new(fresh, "background", json_integer(0));
    json_object_update(fresh, labels);
    json_object_set_new(c->mended, "labels", fresh);
    plan_json(f);
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
        if (!has_value(c, 0)) add_background(c, f);
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

/* {"1": "liver"} as {"liver": 1}. */
static json_t *labels_by_name(json_t *by_value) {
    const char *key;
    json_t *name, *labels = json_object();
    json_object_foreach(by_value, key, name) {
        long value;
        if (text_to_long(&value, key) && json_is_string(name))
            json_object_set_new(labels, json_string_value(name), json_integer(value));
    }
    return labels;
}

/* What version 2 would say. */
static void mend_old(Catalog *c, Finding *f, json_t *root, const char *ending) {
    json_t *fresh = json_object();
    json_object_set(fresh, "channel_names", json_object_get(root, "modality"));
    json_object_set_new(fresh, "labels", labels_by_name(json_object_get(root, "labels")));
    json_object_set(fresh, "numTraining", json_object_get(root, "numTraining"));
    json_object_set_new(fresh, "file_ending", json_string(ending));
    if (json_object_get(root, "name"))
        json_object_set(fresh, "name", json_object_get(root, "name"));
    json_decref(c->mended);
    c->mended = fresh;
    plan_json(f);
}

/* Files tell their ending where the list does not. */
static const char *ending_of_files(Catalog *c) {
    static const char *const folders[] = {"labelsTr", "imagesTr"};
    const char *ending = NULL;
    for (int i = 0; i < 2 && !ending; i++) {
        FileNames names;
        if (!reader_listed(&names, c, catalog_text(c, "%s/%s", c->root, folders[i]))) return NULL;
        for (size_t n = 0; n < names.count && !ending; n++) {
            if (!name_is_leftover(names.name[n]))
                ending = catalog_text(c, "%s", path_extension(names.name[n]));
        }
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
    mend_old(c, f, root, ending ? ending : ".nii.gz");
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

/* Numbers as keys and names as values: the wrong way round, in a file that is else of version 2. */
static bool labels_are_inverted(json_t *labels) {
    const char *key;
    json_t *value;
    long number;
    json_object_foreach(labels, key, value) {
        if (!text_to_long(&number, key) || !json_is_string(value)) return false;
        if (text_to_long(&number, json_string_value(value))) return false;
    }
    return json_object_size(labels) > 0;
}

static void read_inverted(Catalog *c, const char *file, json_t *labels) {
    reader_labels_by_value(c, labels, file);
    Finding *f = catalog_find(c, RULE_FORM, file,
                              "labels maps numbers to names, not names to "
                              "numbers");
    f->field = "labels";
    json_object_set_new(c->mended, "labels", labels_by_name(labels));
    plan_json(f);
}

/* Values that are numbers in quotes. */
static void read_quoted(Catalog *c, const char *file, const char *name, json_t *value) {
    long number;
    if (!json_is_string(value) || !text_to_long(&number, json_string_value(value)) || number < 0 ||
        number > VALUE_MOST) {
        add_label(c, file, name, value);
        return;
    }
    json_t *whole = json_integer(number);
    add_label(c, file, name, whole);
    Finding *f =
        catalog_find(c, RULE_FORM, file, "the value of \"%s\" is a text, no whole number", name);
    f->field = "labels";
    json_object_set(json_object_get(c->mended, "labels"), name, whole);
    json_decref(whole);
    plan_json(f);
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
    if (labels_are_inverted(labels))
        read_inverted(c, out->path, labels);
    else
        json_object_foreach(labels, key, value) read_quoted(c, out->path, key, value);
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
    else if (!status && root) {
        c->mended = json_deep_copy(root);
        c->failed |= !c->mended;
        (is_old(root) ? read_old : read_new)(out, c, root);
    }
    const char *reader = json_string_value(json_object_get(root, "overwrite_image_reader_writer"));
    if (!out->ending) out->ending = ending_of_files(c);
    out->colours_in_file = is_picture(out->ending) || (reader && strstr(reader, "NaturalImage"));
    json_decref(root);
    return status;
}
