/* Opening a data set: its format, its reader, and what no reader can see alone. */
#include <stdlib.h>
#include <string.h>

#include "base/file_kind.h"
#include "base/memory.h"
#include "base/quote.h"
#include "data/groups.h"
#include "data/plan.h"
#include "data/reader.h"

/* ---- What a reader cannot see alone --------------------------------------------------------- */

size_t catalog_patient(const Catalog *c, const char *stem) {
    const char *end = strchr(stem, '_');
    size_t length = end ? (size_t)(end - stem) : 0, digits = 0;
    if (c->options.patient) return end ? length : strlen(stem);
    while (digits < length && stem[length - 1 - digits] >= '0' && stem[length - 1 - digits] <= '9')
        digits++;
    return digits >= 3 ? length : 0;
}

typedef struct Patient {
    const char *stem;
    size_t length;
    const CatalogCase *item;
} Patient;

static int by_patient(const void *a, const void *b) {
    const Patient *p = a, *q = b;
    size_t n = p->length < q->length ? p->length : q->length;
    int order = memcmp(p->stem, q->stem, n);
    if (order) return order;
    if (p->length != q->length) return p->length < q->length ? -1 : 1;
    if (p->item->part != q->item->part) return p->item->part < q->item->part ? -1 : 1;
    return p->item < q->item ? -1 : 1;
}

static bool same_patient(const Patient *a, const Patient *b) {
    return a->length == b->length && memcmp(a->stem, b->stem, a->length) == 0;
}

static void report_patient(Catalog *c, const Patient *first, const Patient *last) {
    Finding *f =
        catalog_find(c, RULE_PATIENTS_APART, last->item->images ? last->item->image[0] : NULL,
                     "patient %.*s is in %s with %s, and in %s with %s", (int)first->length,
                     first->stem, split_part_name(first->item->part), first->item->name,
                     split_part_name(last->item->part), last->item->name);
    if (first->item->images) f->other = catalog_relative(c, first->item->image[0]);
    catalog_facts(c, f, json_pack("{s:s%}", "patient", first->stem, first->length));
}

/* One of a patient's images on either side of a listed split. */
static void check_patients(Catalog *c) {
    Patient *list = catalog_memory(c, c->cases + 1, sizeof *list);
    size_t n = 0, distinct = 0;
    for (size_t i = 0; list && i < c->cases; i++) {
        const CatalogCase *item = &c->item[i];
        const char *who = c->groups ? item->group : item->stem;
        size_t length = !item->listed ? 0 : c->groups ? strlen(who) : catalog_patient(c, who);
        if (length) list[n++] = (Patient){who, length, item};
    }
    if (!n) return;
    qsort(list, n, sizeof *list, by_patient);
    for (size_t i = 0; i < n; i++) distinct += !i || !same_patient(&list[i - 1], &list[i]);
    if (distinct < 2 && !c->options.patient && !c->groups)
        return; /* the name of the set, no patient */
    for (size_t i = 0, j; i < n; i = j) {
        for (j = i + 1; j < n && same_patient(&list[i], &list[j]);) j++;
        bool same = strcmp(list[i].item->source, list[j - 1].item->source) == 0;
        if (list[i].item->part != list[j - 1].item->part && !same)
            report_patient(c, &list[i], &list[j - 1]);
    }
}

static int by_name(const void *a, const void *b) {
    const CatalogCase *const *p = a, *const *q = b;
    return strcmp((*p)->name, (*q)->name);
}

static void check_names(Catalog *c) {
    const CatalogCase **list = catalog_memory(c, c->cases + 1, sizeof *list);
    if (!list || !c->cases) return;
    for (size_t i = 0; i < c->cases; i++) list[i] = &c->item[i];
    qsort(list, c->cases, sizeof *list, by_name);
    for (size_t i = 1; i < c->cases; i++) {
        bool told = i > 1 && strcmp(list[i - 2]->name, list[i]->name) == 0;
        if (!told && strcmp(list[i - 1]->name, list[i]->name) == 0)
            catalog_find(c, RULE_UNIQUE, list[i]->images ? list[i]->image[0] : NULL,
                         "the case %s is listed more than once", list[i]->name);
    }
}

/* ---- Which format it is --------------------------------------------------------------------- */

typedef Status ReadFn(Catalog *c, Error *error);

static ReadFn *const readers[DATA_FORMATS] = {
    [DATA_PAIRS] = read_pairs,         [DATA_NNUNET] = read_nnunet,
    [DATA_SAM_MED2D] = read_sam_med2d, [DATA_IMIS] = read_imis,
    [DATA_CHALLENGE] = read_challenge, [DATA_COCO] = read_coco,
    [DATA_SAM_MED3D] = read_sam_med3d, [DATA_LIST] = read_list};

static bool holds(Catalog *c, const char *name) {
    return file_exists(catalog_text(c, "%s/%s", c->place, name));
}

static bool holds_npz(Catalog *c, const char *folder) {
    FileNames names;
    bool found = false;
    if (!reader_listed(&names, c, folder)) return false;
    for (size_t i = 0; i < names.count; i++) found |= text_ends(names.name[i], ".npz");
    file_names_free(&names);
    return found;
}

/* What a dataset.json without nnU-Net's folders beside it is. */
static DataFormat format_of_dataset_json(Catalog *c) {
    json_t *root;
    JsonReason reason;
    Status status =
        reader_parse(&root, catalog_text(c, "%s/dataset.json", c->place), &reason, NULL);
    c->failed |= status == VOXPERT_OUT_OF_MEMORY;
    DataFormat f = json_object_get(root, "cases")      ? DATA_LIST
                   : json_object_get(root, "training") ? DATA_IMIS
                   : json_object_get(root, "test")     ? DATA_IMIS
                                                       : DATA_NNUNET;
    json_decref(root);
    return f;
}

static DataFormat format_of_folder(Catalog *c) {
    if (holds(c, "imagesTr") || holds(c, "labelsTr")) return DATA_NNUNET;
    if (holds(c, "dataset.json")) return format_of_dataset_json(c);
    if (holds(c, "image2label_train.json") || holds(c, "label2image_test.json"))
        return DATA_SAM_MED2D;
    if (holds(c, "images") && (holds(c, "masks") || holds(c, "labels"))) return DATA_PAIRS;
    if (holds(c, "annotations")) return DATA_COCO;
    if (sam_med3d_recognizes(c, c->place)) return DATA_SAM_MED3D;
    const char *below = catalog_text(c, "%s/data", c->place);
    if (sam_med3d_recognizes(c, below)) {
        c->root = below;
        return DATA_SAM_MED3D;
    }
    return holds_npz(c, c->place) ? DATA_CHALLENGE : DATA_PAIRS;
}

/* The folder that a file's format belongs to becomes the place. */
static void step_up(Catalog *c) {
    c->place = c->root;
    c->name = path_base(c->root);
}

static bool first_value_is(json_t *object, bool array) {
    void *first = json_object_iter(object);
    const json_t *value = first ? json_object_iter_value(first) : NULL;
    return value && (array ? json_is_array(value) : json_is_string(value));
}

static Status format_of_json(DataFormat *out, Catalog *c, Error *error) {
    JsonReason reason;
    json_t *root;
    Status status = reader_parse(&root, c->place, &reason, error);
    if (status) return status;
    reader_report_not_finite(c, c->place, &reason);
    const char *base = path_base(c->place);
    bool whole = strcmp(base, "dataset.json") == 0;
    *out = json_object_get(root, "cases")           ? DATA_LIST
           : json_object_get(root, "annotations")   ? DATA_COCO
           : json_object_get(root, "channel_names") ? DATA_NNUNET
           : json_object_get(root, "training")      ? DATA_IMIS
           : first_value_is(root, true)             ? DATA_SAM_MED2D
           : first_value_is(root, false)            ? DATA_SAM_MED2D
           : whole && !root                         ? DATA_NNUNET
                                                    : DATA_FORMATS;
    if (*out == DATA_COCO || *out == DATA_LIST) {
        c->failed |= !memory_grow(&c->list, &c->list_capacity, 0, sizeof *c->list);
        if (!c->failed) c->list[c->lists++] = json_incref(root);
    }
    if (*out == DATA_FORMATS && root)
        status = error_set(error, VOXPERT_BAD_INPUT,
                           "%s: is no data set's list: none of the keys cases, annotations, "
                           "channel_names, training",
                           c->place);
    else if (*out == DATA_FORMATS)
        status = error_set(error, VOXPERT_BAD_INPUT, "%s: line %d: %s", c->place, reason.line,
                           reason.text);
    json_decref(root);
    if (status || *out == DATA_COCO || *out == DATA_LIST) return status;
    step_up(c);
    if (*out == DATA_NNUNET) *out = format_of_folder(c);
    return VOXPERT_OK;
}

static const FileKind *kind_of(const char *path) {
    FileMap map;
    if (file_map(&map, path, VOXPERT_BAD_INPUT, NULL)) return NULL;
    const FileKind *kind = file_kind(map.bytes, map.size);
    file_unmap(&map);
    return kind;
}

static Status detect(Catalog *c, const char *path, Error *error) {
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/') length--;
    c->place = catalog_text(c, "%.*s", (int)length, path);
    if (c->failed) return VOXPERT_OK;
    if (file_is_folder(c->place)) {
        c->root = c->place;
        c->name = path_base(c->place);
        c->format = format_of_folder(c);
        return VOXPERT_OK;
    }
    const char *base = path_base(c->place);
    size_t folder = (size_t)(base - c->place);
    c->root = folder > 1 ? catalog_text(c, "%.*s", (int)folder - 1, c->place) : folder ? "/" : ".";
    c->name = reader_stem(c, base);
    if (!file_exists(c->place))
        return error_set(error, VOXPERT_BAD_INPUT, "%s: cannot be read: there is no such file",
                         c->place);
    c->format = DATA_CHALLENGE;
    if (text_ends(base, ".npz")) return VOXPERT_OK;
    if (text_ends(base, ".json")) return format_of_json(&c->format, c, error);
    const FileKind *kind = kind_of(c->place);
    if (kind)
        return file_kind_refuse(error, VOXPERT_BAD_INPUT, c->place, kind,
                                "a data set (a folder, a list (.json) or a .npz file)");
    return error_set(error, VOXPERT_BAD_INPUT,
                     "%s: is no data set: a folder, a list (.json) or a .npz file was expected",
                     c->place);
}

static Status ended(Catalog *c, Status status, const char *path, Error *error) {
    if (!status && c->failed)
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to list its cases", path);
    if (status) catalog_close(c);
    return status;
}

/* Without what is looked for between cases. */
static Status open_alone(Catalog *out, const char *path, const CatalogOptions *options,
                         const char *list, Error *error) {
    *out = (Catalog){.options = options ? *options : (CatalogOptions){0}, .open_alone = open_alone};
    Status status = detect(out, path, error);
    if (!status && list && out->format == DATA_LIST)
        status =
            error_set(error, VOXPERT_BAD_INPUT, "%s: field data: %s is a list itself", list, path);
    if (!status && !out->failed) status = readers[out->format](out, error);
    if (!status && out->format != DATA_LIST) status = groups_apply(out, error);
    return ended(out, status, path, error);
}

/* Folders, columns and titles of figures are called by it. */
static Status check_set_name(const Catalog *c, const char *path, Error *error) {
    if (c->failed || text_is_plain(c->name)) return VOXPERT_OK;
    return error_set(error, VOXPERT_BAD_INPUT,
                     "%s: the name of the data set holds a control character or is not UTF-8; "
                     "rename %s",
                     path, c->from_list ? "it in the list" : "its folder");
}

Status catalog_open(Catalog *out, const char *path, const CatalogOptions *options, Error *error) {
    Status status = open_alone(out, path, options, NULL, error);
    if (status) return status;
    status = check_set_name(out, path, error);
    if (status) return ended(out, status, path, error);
    check_names(out);
    check_patients(out);
    if (out->backslashes)
        catalog_find(out, RULE_FORM, NULL, "paths of a list are parted by backslashes")->warning =
            true;
    return ended(out, plan_settle(out, error), path, error);
}
