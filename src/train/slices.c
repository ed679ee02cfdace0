#include "train/slices.h"

#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "image/window.h"

static Status no_memory(const char *what, Error *error) {
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for the pictures", what);
}

/* One image with its labels, all voxels. */
typedef struct Stack {
    uint8_t *bytes; /* [voxels,channels] */
    uint32_t *labels;
    size_t size[3], step[3]; /* of the axes i, j, k, in voxels */
    int channels;
} Stack;

/* Values to bytes: as they are if they are bytes and nobody gave a window. */
static Status take_bytes(Stack *s, const CaseSet *set, const Volume *v, Error *error) {
    size_t n = volume_voxels(v), stored = v->channels, colours = stored - v->alpha;
    s->channels = colours >= 3 ? 3 : 1;
    size_t kept = (size_t)s->channels;
    Window window = {.low = 0.0, .high = 255.0};
    Status status = VOXPERT_OK;
    if (set->window_width > 0.0)
        status = window_level(&window, set->window_level, set->window_width, error);
    else if (v->type != SAMPLE_U8)
        status = window_default(&window, v, error);
    if (status) return status;
    float *values = memory_new(n * stored * sizeof *values);
    s->bytes = memory_new(n * kept);
    if (values && s->bytes) {
        volume_values(values, v, 0, n * stored);
        for (size_t i = 0; kept != stored && i < n; i++)
            for (size_t c = 0; c < kept; c++) values[i * kept + c] = values[i * stored + c];
        window_apply(s->bytes, values, n * kept, &window);
    } else {
        status = no_memory(volume_name(v), error);
    }
    memory_free(values);
    return status;
}

static Status stack_open(Stack *s, const CaseSet *set, const Volume *v, const Volume *labels,
                         Error *error) {
    *s = (Stack){.size = {v->width, v->height, v->depth},
                 .step = {1, v->width, v->width * v->height}};
    Status status = take_bytes(s, set, v, error);
    if (!status && !(s->labels = memory_new(volume_voxels(v) * sizeof *s->labels)))
        status = no_memory(volume_name(v), error);
    if (!status) status = volume_labels(s->labels, labels, error);
    return status;
}

static void stack_close(Stack *s) {
    memory_free(s->bytes);
    memory_free(s->labels);
}

/* Adds slice `at` of `axis` as a picture if it shows an object (flat: in any case).  The picture's
 * x is the first remaining axis, its y the second. */
static Status add_slice(Dataset *d, int set, const Stack *s, int axis, size_t at, uint32_t *scratch,
                        const char *stem, Error *error) {
    int across = axis == 0 ? 1 : 0, down = axis == 2 ? 1 : 2;
    size_t width = s->size[across], height = s->size[down], channels = (size_t)s->channels;
    bool flat = s->size[2] == 1;
    if (!memory_grow(&d->picture, &d->picture_capacity, d->pictures, sizeof *d->picture))
        return no_memory(stem, error);
    const CaseSet *of = &d->set[set];
    Case p = {.set = set,
              .part = of->train ? SPLIT_TRAIN : dataset_part(of->name, stem, of->patient),
              .height = (int)height,
              .width = (int)width,
              .channels = s->channels};
    Text name = {0};
    text_add(&name, flat ? "%s/%s" : "%s/%s/%c%zu", of->name, stem, "ijk"[axis], at);
    p.name = name.failed ? NULL : name.chars;
    p.pixels = memory_new(width * height * channels);
    if (!p.name || !p.pixels) {
        text_free(&name);
        memory_free(p.pixels);
        return no_memory(stem, error);
    }
    for (size_t i = 0; i < width * height; i++) {
        size_t voxel = at * s->step[axis] + i % width * s->step[across] + i / width * s->step[down];
        memcpy(p.pixels + i * channels, s->bytes + voxel * channels, channels);
        scratch[i] = s->labels[voxel];
    }
    size_t before = d->objects;
    d->picture[d->pictures++] = p;
    Status status = dataset_add_objects(d, scratch, (int)d->pictures - 1, error);
    if (!status && !flat && d->objects == before) {
        d->pictures--;
        memory_free(p.name);
        memory_free(p.pixels);
    }
    return status;
}

Status dataset_add_slices(Dataset *d, int set, const Volume *image, const Volume *labels,
                          const char *stem, Error *error) {
    bool flat = image->depth == 1;
    size_t wanted = (size_t)d->set[set].slices;
    if (image->frames != 1 || (!flat && wanted == 0))
        return error_set(error, VOXPERT_BAD_INPUT,
                         "%s: training pictures must be flat, or their folder's option slices=N "
                         "must say how many slices of a volume are taken",
                         volume_name(image));
    if (image->height > 32768 || image->width > 32768 || image->depth > 32768)
        return error_set(error, VOXPERT_BAD_INPUT,
                         "%s: training pictures must be at most 32768 pixels wide",
                         volume_name(image));
    Stack s;
    Status status = stack_open(&s, &d->set[set], image, labels, error);
    uint32_t *scratch = memory_new(volume_voxels(image) * sizeof *scratch);
    if (!status && !scratch) status = no_memory(stem, error);
    for (int axis = flat ? 2 : 0; axis < 3; axis++) {
        size_t step = flat || s.size[axis] < wanted ? 1 : s.size[axis] / wanted;
        for (size_t at = step / 2; !status && at < s.size[axis]; at += step)
            status = add_slice(d, set, &s, axis, at, scratch, stem, error);
    }
    memory_free(scratch);
    stack_close(&s);
    return status;
}
