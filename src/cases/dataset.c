#include "cases/dataset.h"

#include <stdio.h>
#include <string.h>

#include "base/files.h"
#include "base/memory.h"
#include "base/platform.h"
#include "base/text.h"
#include "cases/slices.h"
#include "data/load.h"

static Status no_memory(const char *what, Error *error) {
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for the pictures", what);
}

static void case_set_free(CaseSet *s) {
    for (size_t i = 0; i < s->names; i++) memory_free(s->label_name[i].name);
    memory_free(s->label_name);
    memory_free(s->group);
    memory_free(s->modality);
    memory_free(s->name);
    *s = (CaseSet){0};
}

void dataset_free(Dataset *d) {
    for (size_t i = 0; i < d->sets; i++) case_set_free(&d->set[i]);
    for (size_t i = 0; i < d->pictures; i++) case_free(d, &d->picture[i]);
    for (size_t i = 0; i < d->objects; i++)
        store_free(&d->store, d->object[i].mask, object_pixels(&d->object[i]));
    store_close(&d->store);
    for (size_t i = 0; i < d->files; i++) memory_free(d->file[i]);
    memory_free(d->file);
    memory_free(d->set);
    memory_free(d->picture);
    memory_free(d->object);
    split_record_free(&d->split);
    warnings_free(&d->warnings);
    *d = (Dataset){0};
}

/* ---- Cases ------------------------------------------------------------------------------ */

/* The folder regions/ beside pictures and masks. */
typedef struct RegionMaps {
    char *folder;
    FileNames name;
} RegionMaps;

static Status maps_open(RegionMaps *m, const char *root, Error *error) {
    m->folder = path_join(root, "regions");
    if (!m->folder) return no_memory(root, error);
    return file_is_folder(m->folder) ? folder_list(&m->name, m->folder, error) : VOXPERT_OK;
}

/* Notes that a file is read; NULL: none. */
static Status note_file(Dataset *d, const char *path, Error *error) {
    if (!path) return VOXPERT_OK;
    if (!memory_grow(&d->file, &d->file_capacity, d->files, sizeof *d->file) ||
        !(d->file[d->files] = memory_text(path)))
        return no_memory(path, error);
    d->files++;
    return VOXPERT_OK;
}

static Status note_case(Dataset *d, const CatalogCase *item, Error *error) {
    Status status = note_file(d, item->regions, error);
    for (size_t i = 0; !status && i < item->images; i++)
        status = note_file(d, item->image[i], error);
    for (size_t i = 0; !status && i < item->labels; i++)
        status = note_file(d, item->label[i], error);
    return status;
}

static Status note_set(Dataset *d, const Catalog *c, Error *error) {
    Status status = file_is_folder(c->place) ? VOXPERT_OK : note_file(d, c->place, error);
    if (!status) status = note_file(d, c->from_list, error);
    return status ? status : note_file(d, c->groups, error);
}

/* Where there is one of that stem. */
static Status add_map(Dataset *d, Case *p, const RegionMaps *m, const char *stem, Error *error) {
    size_t length = strlen(stem);
    for (size_t i = 0; i < m->name.count; i++) {
        const char *name = m->name.name[i];
        if (strncmp(name, stem, length) != 0 || strcmp(path_extension(name), name + length) != 0)
            continue;
        char *path = path_join(m->folder, name);
        Status status =
            path ? dataset_read_regions(d, p, path, error) : no_memory(m->folder, error);
        if (!status) status = note_file(d, path, error);
        memory_free(path);
        return status;
    }
    return VOXPERT_OK;
}

static Status name_files(Dataset *d, size_t first, const CatalogCase *item, long channel,
                         Error *error) {
    const char *path = item->image[channel], *label = item->labels ? item->label[0] : NULL;
    for (size_t i = first; i < d->pictures; i++) {
        d->picture[i].file = memory_text(path);
        d->picture[i].label_file = memory_text(label);
        if (!d->picture[i].file || (label && !d->picture[i].label_file))
            return no_memory(path, error);
    }
    return VOXPERT_OK;
}

/* What the case's first image holds, which was not read where another channel is looked at. */
static Status record_case(Dataset *d, const CaseSet *s, const Catalog *c, const CatalogCase *item,
                          const Volume *image, Error *error) {
    char content[HASH_TEXT];
    Status status = VOXPERT_OK;
    if (s->channel == 0)
        volume_content(content, image, NULL);
    else
        status = case_content(content, item, error);
    if (!status && item->content && strcmp(item->content, content) != 0)
        return error_set(error, VOXPERT_BAD_INPUT,
                         "%s: holds other values than when %s was written; restore it, or write "
                         "the list again",
                         item->image[0], c->from_list);
    SplitPart part = s->train ? SPLIT_TRAIN : item->part;
    return status ? status : split_record_add(&d->split, c, item, part, content, error);
}

static Status add_case(Dataset *d, int set, const Catalog *c, const CatalogCase *item,
                       const RegionMaps *maps, Error *error) {
    const CaseSet *s = &d->set[set];
    Volume *image = NULL;
    LabelLayers layers = {0};
    size_t before = d->pictures;
    Status status = note_case(d, item, error);
    if (!status) status = case_image(&image, item, (size_t)s->channel, error);
    if (!status) status = record_case(d, s, c, item, image, error);
    if (!status) status = case_labels(&layers, c, item, image, error);
    if (!status) warnings_merge(&d->warnings, &image->warnings);
    if (!status) warnings_merge(&d->warnings, &layers.warnings);
    if (!status)
        status = dataset_add_layers(d, set, image, &layers, item->name,
                                    s->train ? SPLIT_TRAIN : item->part, error);
    if (!status) status = name_files(d, before, item, s->channel, error);
    bool flat = !status && image->depth == 1 && d->pictures == before + 1;
    if (flat && item->regions)
        status = dataset_read_regions(d, &d->picture[before], item->regions, error);
    else if (flat)
        status = add_map(d, &d->picture[before], maps, item->stem, error);
    label_layers_free(&layers);
    volume_free(image);
    return status;
}

static Status add_cases(Dataset *d, int set, const Catalog *c, Error *error) {
    RegionMaps maps = {0};
    Status status = catalog_verdict(c, error);
    if (!status) status = note_set(d, c, error);
    if (!status && c->format == DATA_PAIRS) status = maps_open(&maps, c->root, error);
    for (size_t i = 0; !status && i < c->cases; i++) {
        if (d->progress && !d->progress(d->progress_context, d->set[set].name, i, c->cases))
            status = error_set(error, VOXPERT_INTERRUPTED, "interrupted while cases were read");
        if (!status && c->item[i].form != LABELS_NONE)
            status = add_case(d, set, c, &c->item[i], &maps, error);
    }
    file_names_free(&maps.name);
    memory_free(maps.folder);
    return status ? status : dataset_match_names(d, set, error);
}

static Status take_names(CaseSet *s, const char *folder, const char *file, Error *error) {
    char *path = path_join(folder, file);
    Status status = path ? dataset_read_names(s, path, error) : no_memory(folder, error);
    memory_free(path);
    return status;
}

/* Letters, digits, '-', '_' and '.': up to 31. */
static bool is_word(const char *text) {
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";
    size_t length = strspn(text, letters);
    return length > 0 && length < 32 && !text[length];
}

/* Options whose values are texts; VOXPERT_OUT_OF_MEMORY, VOXPERT_BAD_INPUT, VOXPERT_BAD_ARGUMENT.
 */
static Status take_text(CaseSet *s, const char *folder, const char *option, bool *known,
                        Error *error) {
    *known = true;
    if (text_starts(option, "names=")) return take_names(s, folder, option + 6, error);
    if (text_starts(option, "class=")) return dataset_name_all(s, option + 6, error);
    bool group = text_starts(option, "group=") && option[6] && !s->group;
    bool modality = text_starts(option, "modality=") && is_word(option + 9) && !s->modality;
    *known = group || modality;
    if (group) s->group = memory_text(option + 6);
    if (modality) s->modality = memory_text(option + 9);
    if (!*known || (group ? s->group : s->modality)) return VOXPERT_OK;
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for a data folder's options");
}

static bool take_option(CaseSet *s, char *option) {
    bool *flag = strcmp(option, "patient") == 0     ? &s->patient
                 : strcmp(option, "instances") == 0 ? &s->instances
                 : strcmp(option, "nested") == 0    ? &s->nested
                 : strcmp(option, "train") == 0     ? &s->train
                                                    : NULL;
    if (flag) return *flag = true;
    if (text_starts(option, "slices="))
        return text_to_long(&s->slices, option + 7) && s->slices > 0 && s->slices <= 32768;
    if (text_starts(option, "channel="))
        return text_to_long(&s->channel, option + 8) && s->channel >= 0 && s->channel <= 9999;
    if (text_starts(option, "fold="))
        return text_to_long(&s->fold, option + 5) && s->fold >= 0 && s->fold <= 999;
    if (text_starts(option, "split="))
        return text_to_long(&s->split, option + 6) && s->split >= 1 && s->split <= 2;
    if (text_starts(option, "weight="))
        return text_to_double(&s->weight, option + 7) && s->weight > 0.0 && s->weight <= 1e6;
    if (!text_starts(option, "window=")) return false;
    char *comma = strchr(option, ',');
    if (!comma) return false;
    *comma = '\0';
    return text_to_double(&s->window_level, option + 7) &&
           text_to_double(&s->window_width, comma + 1) && s->window_width > 0.0;
}

/* Cuts the options off `where`; a folder whose name holds a colon is written with a slash at its
 * end: the options begin after the last slash. */
static Status take_options(CaseSet *s, char *where, Error *error) {
    char *slash = strrchr(where, '/');
    char *colon = strchr(slash ? slash : where, ':');
    while (colon) {
        *colon = '\0';
        char *option = colon + 1;
        if ((colon = strchr(option, ':'))) *colon = '\0';
        bool known;
        Status status = take_text(s, where, option, &known, error);
        if (status) return status;
        if (!known && !take_option(s, option))
            return error_set(error, VOXPERT_BAD_ARGUMENT,
                             "%s: \"%s\" is no option of a data folder; they are patient, "
                             "instances, nested, train, slices=N, window=LEVEL,WIDTH, weight=X, "
                             "channel=N, fold=N, split=N, group=NAME, modality=WORD, names=FILE, "
                             "class=NAME",
                             where, option);
    }
    size_t length = strlen(where);
    while (length > 1 && where[length - 1] == '/') where[--length] = '\0';
    return VOXPERT_OK;
}

static Status check_set(const Dataset *d, const Catalog *c, const char *where, Error *error) {
    for (size_t i = 0; i < d->sets; i++) {
        if (strcmp(d->set[i].name, c->name) == 0)
            return error_set(error, VOXPERT_BAD_ARGUMENT,
                             "%s: a data folder of that name was given before", where);
    }
    return VOXPERT_OK;
}

static Status add_set(Dataset *d, int set, const Catalog *c, const char *where, Error *error) {
    d->set[set].name = memory_text(c->name);
    return d->set[set].name ? add_cases(d, set, c, error) : no_memory(where, error);
}

Status dataset_add(Dataset *d, const char *where, Error *error) {
    if (!d->store.budget) d->store.budget = system_total_memory() / 4;
    char *place = memory_text(where);
    if (!place || !memory_grow(&d->set, &d->set_capacity, d->sets, sizeof *d->set)) {
        memory_free(place);
        return no_memory(where, error);
    }
    CaseSet s = {0};
    Catalog c = {0};
    Status status = take_options(&s, place, error);
    CatalogOptions options = {
        .fold = (int)s.fold, .patient = s.patient, .rule = (SplitRule)s.split};
    if (!status) status = catalog_open(&c, place, &options, error);
    if (!status) status = check_set(d, &c, where, error);
    if (!status) status = dataset_take_names(&s, &c, error);
    if (!status) {
        d->set[d->sets++] = s; /* which owns its texts now */
        status = add_set(d, (int)d->sets - 1, &c, where, error);
    } else {
        case_set_free(&s);
    }
    catalog_close(&c);
    memory_free(place);
    return status;
}

/* NAME/what follows the first `length` bytes and a slash. */
static Status rename_picture(Case *c, size_t length, const char *name, Error *error) {
    Text t = {0};
    text_add(&t, "%s%s", name, c->name + length);
    if (t.failed) return no_memory(name, error);
    memory_free(c->name);
    c->name = t.chars;
    return VOXPERT_OK;
}

Status dataset_rename(Dataset *d, int set, const char *name, Error *error) {
    CaseSet *s = &d->set[set];
    char *copy = memory_text(name);
    Status status = copy ? VOXPERT_OK : no_memory(name, error);
    for (size_t i = 0; !status && i < d->pictures; i++)
        if (d->picture[i].set == set)
            status = rename_picture(&d->picture[i], strlen(s->name), name, error);
    memory_free(status ? copy : s->name);
    if (!status) s->name = copy;
    return status;
}

bool case_picture(Picture *out, const Case *c) {
    size_t n = (size_t)c->width * (size_t)c->height, step = c->channels == 3;
    *out = (Picture){memory_new(3 * n), (size_t)c->width, (size_t)c->height, NULL};
    for (size_t i = 0; out->rgb && i < n; i++)
        for (size_t k = 0; k < 3; k++)
            out->rgb[3 * i + k] = c->pixels[i * (size_t)c->channels + k * step];
    return out->rgb != NULL;
}

const CaseObject *dataset_together(const Dataset *d, const CaseObject *o, size_t *count) {
    const CaseObject *first = o, *last = o, *end = d->object + d->objects;
    while (first > d->object && first[-1].picture == o->picture) first--;
    while (last + 1 < end && last[1].picture == o->picture) last++;
    *count = (size_t)(last - first) + 1;
    return first;
}

Status dataset_select(const Dataset *d, int set, SplitPart part, size_t **out, size_t *count,
                      Error *error) {
    *count = 0;
    *out = memory_new((d->objects + 1) * sizeof **out);
    if (!*out) return no_memory(d->set[set].name, error);
    for (size_t i = 0; i < d->objects; i++) {
        const Case *p = &d->picture[d->object[i].picture];
        if (p->set == set && p->part == part) (*out)[(*count)++] = i;
    }
    return VOXPERT_OK;
}
