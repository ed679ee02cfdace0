#include "train/dataset.h"

#include <stdio.h>
#include <string.h>

#include "base/files.h"
#include "base/memory.h"
#include "base/text.h"
#include "train/slices.h"

static Status no_memory(const char *what, Error *error) {
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for the pictures", what);
}

static void case_set_free(CaseSet *s) {
    for (size_t i = 0; i < s->names; i++) memory_free(s->label_name[i].name);
    memory_free(s->label_name);
    memory_free(s->group);
    memory_free(s->name);
    *s = (CaseSet){0};
}

void dataset_free(Dataset *d) {
    for (size_t i = 0; i < d->sets; i++) case_set_free(&d->set[i]);
    for (size_t i = 0; i < d->pictures; i++) {
        memory_free(d->picture[i].name);
        memory_free(d->picture[i].pixels);
        memory_free(d->picture[i].regions);
    }
    for (size_t i = 0; i < d->objects; i++) memory_free(d->object[i].mask);
    memory_free(d->set);
    memory_free(d->picture);
    memory_free(d->object);
    *d = (Dataset){0};
}

/* ---- Folders ---------------------------------------------------------------------------- */

static Status add_case(Dataset *d, int set, const char *image, const char *mask, const char *stem,
                       Error *error) {
    Volume *v = NULL, *labels = NULL;
    VolumeReadOptions options = {.labels = true};
    Status status = volume_read(&v, image, NULL, error);
    if (!status) status = volume_read(&labels, mask, &options, error);
    if (!status && (v->width != labels->width || v->height != labels->height ||
                    v->depth != labels->depth || v->frames != labels->frames))
        status = error_set(
            error, VOXPERT_BAD_INPUT, "%s: the mask is %zux%zux%zu, but its image is %zux%zux%zu",
            mask, labels->width, labels->height, labels->depth, v->width, v->height, v->depth);
    if (!status) status = dataset_add_slices(d, set, v, labels, stem, error);
    volume_free(v);
    volume_free(labels);
    return status;
}
/* The mask of a stem: the first name in `masks` that is the stem and an extension. */
static const char *mask_of(const FileNames *masks, const char *stem) {
    size_t length = strlen(stem);
    for (size_t i = 0; i < masks->count; i++) {
        const char *name = masks->name[i];
        if (strncmp(name, stem, length) == 0 && strcmp(path_extension(name), name + length) == 0)
            return name;
    }
    return NULL;
}

/* What lies in a data folder. */
typedef struct Folder {
    char *images, *masks, *regions;
    FileNames image_names, mask_names, region_names;
} Folder;

/* Of the picture that was added last. */
static Status add_regions(Dataset *d, const Folder *f, const char *stem, Error *error) {
    const char *map = mask_of(&f->region_names, stem);
    if (!map) return VOXPERT_OK;
    char *path = path_join(f->regions, map);
    Status status = path ? dataset_read_regions(&d->picture[d->pictures - 1], path, error)
                         : no_memory(f->regions, error);
    memory_free(path);
    return status;
}

static Status add_one(Dataset *d, int set, const Folder *f, const char *name, Error *error) {
    Status status = VOXPERT_OK;
    size_t length = strlen(name) - strlen(path_extension(name));
    char *stem = memory_text(name);
    if (stem) stem[length] = '\0';
    const char *mask = stem ? mask_of(&f->mask_names, stem) : NULL;
    if (stem && !mask)
        status = error_set(error, VOXPERT_BAD_INPUT, "%s/%s: there is no mask of that stem in %s",
                           f->images, name, f->masks);
    char *a = path_join(f->images, name), *b = mask ? path_join(f->masks, mask) : NULL;
    size_t before = d->pictures;
    if (!status && (!stem || !a || !b)) status = no_memory(f->images, error);
    if (!status) status = add_case(d, set, a, b, stem, error);
    if (!status && d->pictures > before) status = add_regions(d, f, stem, error);
    memory_free(a);
    memory_free(b);
    memory_free(stem);
    return status;
}

static Status folder_open(Folder *f, const char *folder, Error *error) {
    *f = (Folder){path_join(folder, "images"),
                  path_join(folder, "masks"),
                  path_join(folder, "regions"),
                  {0},
                  {0},
                  {0}};
    if (f->masks && !file_exists(f->masks)) {
        memory_free(f->masks);
        f->masks = path_join(folder, "labels");
    }
    Status status = f->images && f->masks && f->regions ? VOXPERT_OK : no_memory(folder, error);
    if (!status) status = folder_list(&f->image_names, f->images, error);
    if (!status) status = folder_list(&f->mask_names, f->masks, error);
    if (!status && file_exists(f->regions))
        status = folder_list(&f->region_names, f->regions, error);
    return status;
}

static void folder_close(Folder *f) {
    file_names_free(&f->image_names);
    file_names_free(&f->mask_names);
    file_names_free(&f->region_names);
    memory_free(f->images);
    memory_free(f->masks);
    memory_free(f->regions);
}

static Status add_folder(Dataset *d, int set, const char *folder, Error *error) {
    Folder f;
    Status status = folder_open(&f, folder, error);
    for (size_t i = 0; !status && i < f.image_names.count; i++) {
        if (f.image_names.name[i][0] == '.') continue;
        status = add_one(d, set, &f, f.image_names.name[i], error);
    }
    folder_close(&f);
    return status;
}

static Status take_names(CaseSet *s, const char *folder, const char *file, Error *error) {
    char *path = path_join(folder, file);
    Status status = path ? dataset_read_names(s, path, error) : no_memory(folder, error);
    memory_free(path);
    return status;
}

/* Options whose values are texts; VOXPERT_OUT_OF_MEMORY, VOXPERT_BAD_INPUT. */
static Status take_text(CaseSet *s, const char *folder, const char *option, bool *known,
                        Error *error) {
    *known = true;
    if (text_starts(option, "names=")) return take_names(s, folder, option + 6, error);
    *known = text_starts(option, "group=") && option[6] && !s->group;
    if (*known) s->group = memory_text(option + 6);
    if (!*known || s->group) return VOXPERT_OK;
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
                             "instances, nested, train, slices=N, window=LEVEL,WIDTH, group=NAME, "
                             "names=FILE",
                             where, option);
    }
    size_t length = strlen(where);
    while (length > 1 && where[length - 1] == '/') where[--length] = '\0';
    return VOXPERT_OK;
}

Status dataset_add(Dataset *d, const char *where, Error *error) {
    char *folder = memory_text(where);
    if (!folder || !memory_grow(&d->set, &d->set_capacity, d->sets, sizeof *d->set)) {
        memory_free(folder);
        return no_memory(where, error);
    }
    CaseSet s = {0};
    Status status = take_options(&s, folder, error);
    for (size_t i = 0; !status && i < d->sets; i++) {
        if (strcmp(d->set[i].name, path_base(folder)) == 0)
            status = error_set(error, VOXPERT_BAD_ARGUMENT,
                               "%s: a data folder of that name was given before", where);
    }
    if (!status && !(s.name = memory_text(path_base(folder)))) status = no_memory(where, error);
    if (!status) {
        d->set[d->sets++] = s;
        status = add_folder(d, (int)d->sets - 1, folder, error);
    } else {
        case_set_free(&s);
    }
    memory_free(folder);
    return status;
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
