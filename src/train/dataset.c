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

void dataset_free(Dataset *d) {
    for (size_t i = 0; i < d->sets; i++) memory_free(d->set[i].name);
    for (size_t i = 0; i < d->pictures; i++) {
        memory_free(d->picture[i].name);
        memory_free(d->picture[i].pixels);
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

static Status add_one(Dataset *d, int set, const char *images, const char *masks,
                      const FileNames *mask_names, const char *name, Error *error) {
    Status status = VOXPERT_OK;
    size_t length = strlen(name) - strlen(path_extension(name));
    char *stem = memory_text(name);
    if (stem) stem[length] = '\0';
    const char *mask = stem ? mask_of(mask_names, stem) : NULL;
    if (stem && !mask)
        status = error_set(error, VOXPERT_BAD_INPUT, "%s/%s: there is no mask of that stem in %s",
                           images, name, masks);
    char *a = path_join(images, name), *b = mask ? path_join(masks, mask) : NULL;
    if (!status && (!stem || !a || !b)) status = no_memory(images, error);
    if (!status) status = add_case(d, set, a, b, stem, error);
    memory_free(a);
    memory_free(b);
    memory_free(stem);
    return status;
}

static Status add_folder(Dataset *d, int set, const char *folder, Error *error) {
    char *images = path_join(folder, "images"), *masks = path_join(folder, "masks");
    FileNames image_names = {0}, mask_names = {0};
    if (masks && !file_exists(masks)) {
        memory_free(masks);
        masks = path_join(folder, "labels");
    }
    Status status = images && masks ? VOXPERT_OK : no_memory(folder, error);
    if (!status) status = folder_list(&image_names, images, error);
    if (!status) status = folder_list(&mask_names, masks, error);
    for (size_t i = 0; !status && i < image_names.count; i++) {
        if (image_names.name[i][0] == '.') continue;
        status = add_one(d, set, images, masks, &mask_names, image_names.name[i], error);
    }
    file_names_free(&image_names);
    file_names_free(&mask_names);
    memory_free(images);
    memory_free(masks);
    return status;
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
        if (!take_option(s, option))
            return error_set(error, VOXPERT_BAD_ARGUMENT,
                             "%s: \"%s\" is no option of a data folder; they are patient, "
                             "instances, nested, train, slices=N, window=LEVEL,WIDTH",
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
