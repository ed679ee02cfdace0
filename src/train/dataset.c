#include "train/dataset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/memory.h"
#include "base/text.h"
#include "image/volume.h"

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

SplitPart dataset_part(const char *set, const char *stem, bool patient) {
    const char *end = patient ? strchr(stem, '_') : NULL;
    int length = end ? (int)(end - stem) : (int)strlen(stem);
    char group[512];
    int n = snprintf(group, sizeof group, "%s/%.*s", set, length, stem);
    return n < 0 ? SPLIT_TRAIN : split_of_group(group);
}

/* ---- Pixels ----------------------------------------------------------------------------- */

static int compare_floats(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Values to bytes: as they are if they are bytes, else between two percentiles. */
static Status take_pixels(Case *p, const Volume *v, Error *error) {
    size_t n = volume_voxels(v), stored = v->channels, colours = stored - v->alpha;
    p->height = (int)v->height, p->width = (int)v->width;
    p->channels = colours >= 3 ? 3 : 1;
    p->pixels = memory_new(n * (size_t)p->channels);
    float *values = memory_new(n * stored * sizeof *values);
    float *sorted = memory_new(n * stored * sizeof *sorted);
    bool ok = p->pixels && values && sorted;
    if (ok) {
        volume_values(values, v, 0, n * stored);
        float lo = 0.0f, hi = 255.0f;
        if (v->type != SAMPLE_U8) {
            memcpy(sorted, values, n * stored * sizeof *sorted);
            qsort(sorted, n * stored, sizeof *sorted, compare_floats);
            lo = sorted[n * stored / 200], hi = sorted[n * stored - 1 - n * stored / 200];
        }
        float scale = hi > lo ? 255.0f / (hi - lo) : 0.0f;
        for (size_t i = 0; i < n; i++)
            for (size_t c = 0; c < (size_t)p->channels; c++) {
                float x = (values[i * stored + c] - lo) * scale;
                p->pixels[i * (size_t)p->channels + c] = (uint8_t)(x < 0.0f     ? 0.0f
                                                                   : x > 255.0f ? 255.0f
                                                                                : x + 0.5f);
            }
    }
    memory_free(values);
    memory_free(sorted);
    return ok ? VOXPERT_OK : no_memory(p->name, error);
}

static Status read_picture(Case *p, const char *path, Error *error) {
    Volume *v;
    Status status = volume_read(&v, path, NULL, error);
    if (status) return status;
    if (v->frames * v->depth != 1 || v->height > 32768 || v->width > 32768)
        status =
            error_set(error, VOXPERT_BAD_INPUT,
                      "%s: training pictures must be flat and at most 32768 pixels wide", path);
    if (!status) status = take_pixels(p, v, error);
    volume_free(v);
    return status;
}

static Status read_labels(Dataset *d, int picture, const char *path, Error *error) {
    const Case *p = &d->picture[picture];
    Volume *v;
    VolumeReadOptions options = {.labels = true};
    Status status = volume_read(&v, path, &options, error);
    if (status) return status;
    uint32_t *labels = NULL;
    if (v->frames * v->depth != 1 || v->height != (size_t)p->height || v->width != (size_t)p->width)
        status =
            error_set(error, VOXPERT_BAD_INPUT, "%s: the mask is %zux%zu, but its image is %dx%d",
                      path, v->width, v->height, p->width, p->height);
    if (!status && !(labels = memory_new(volume_voxels(v) * sizeof *labels)))
        status = no_memory(path, error);
    if (!status) status = volume_labels(labels, v, error);
    if (!status) status = dataset_add_objects(d, labels, picture, error);
    memory_free(labels);
    volume_free(v);
    return status;
}

/* ---- Folders ---------------------------------------------------------------------------- */

static Status add_picture(Dataset *d, int set, const char *image, const char *mask,
                          const char *stem, Error *error) {
    if (!memory_grow(&d->picture, &d->picture_capacity, d->pictures, sizeof *d->picture))
        return no_memory(image, error);
    const CaseSet *s = &d->set[set];
    Case *p = &d->picture[d->pictures];
    *p = (Case){.set = set, .part = dataset_part(s->name, stem, s->patient)};
    Text name = {0};
    text_add(&name, "%s/%s", s->name, stem);
    if (name.failed) return no_memory(image, error);
    p->name = name.chars;
    d->pictures++;
    Status status = read_picture(p, image, error);
    if (!status) status = read_labels(d, (int)d->pictures - 1, mask, error);
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
    if (!status) status = add_picture(d, set, a, b, stem, error);
    memory_free(a);
    memory_free(b);
    memory_free(stem);
    return status;
}

static Status add_folder(Dataset *d, int set, const char *folder, Error *error) {
    char *images = path_join(folder, "images"), *masks = path_join(folder, "masks");
    FileNames image_names = {0}, mask_names = {0};
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

/* Cuts the options off `where`; a folder whose name holds a colon is written with a slash at its
 * end: the options begin after the last slash. */
static Status take_options(CaseSet *s, char *where, Error *error) {
    char *slash = strrchr(where, '/');
    char *colon = strchr(slash ? slash : where, ':');
    while (colon) {
        *colon = '\0';
        char *option = colon + 1;
        if ((colon = strchr(option, ':'))) *colon = '\0';
        if (strcmp(option, "patient") == 0)
            s->patient = true;
        else if (strcmp(option, "instances") == 0)
            s->instances = true;
        else if (strcmp(option, "nested") == 0)
            s->nested = true;
        else
            return error_set(error, VOXPERT_BAD_ARGUMENT,
                             "%s: \"%s\" is no option of a data folder; they are patient, "
                             "instances, nested",
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
