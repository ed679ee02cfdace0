#include "cases/slices.h"

#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "image/picture.h"

static Status no_memory(const char *what, Error *error) {
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for the pictures", what);
}

/* One image with its labels. */
typedef struct Stack {
    const Volume *image;
    const LabelLayers *layers;
    const Window *window; /* NULL: its bytes pass */
    Window chosen;
    uint32_t *plane;         /* labels of a slice */
    size_t size[3], step[3]; /* of the axes i, j, k, in voxels */
    const char *name;
    SplitPart part;
} Stack;

/* One window for all slices: the set's, or where the product needs one too, its default. */
static Status choose_window(Stack *s, const CaseSet *set, Error *error) {
    Status status = VOXPERT_OK;
    if (set->window_width > 0.0)
        status = window_level(&s->chosen, set->window_level, set->window_width, error);
    else if (volume_is_windowed(s->image))
        status = window_default(&s->chosen, s->image, 0, error);
    else
        return VOXPERT_OK;
    s->window = &s->chosen;
    return status;
}

static Status stack_open(Stack *s, const CaseSet *set, const Volume *v, const LabelLayers *layers,
                         Error *error) {
    s->image = v;
    s->layers = layers;
    const size_t size[3] = {v->width, v->height, v->depth},
                 step[3] = {1, v->width, v->width * v->height};
    memcpy(s->size, size, sizeof size);
    memcpy(s->step, step, sizeof step);
    s->plane = memory_new(volume_voxels(v) * sizeof *s->plane);
    return s->plane ? choose_window(s, set, error) : no_memory(volume_name(v), error);
}

/* The slice's pixels: of grey ones a single channel. */
static Status take_pixels(Dataset *d, Case *p, const Stack *s, VolumeSlice slice, Error *error) {
    Picture picture;
    Status status = volume_slice(&picture, s->image, slice, s->window, error);
    if (status) return status;
    size_t pixels = picture.width * picture.height;
    p->height = (int)picture.height, p->width = (int)picture.width;
    p->channels = s->image->channels >= 3 ? 3 : 1;
    size_t channels = (size_t)p->channels;
    status = store_new(&d->store, &p->pixels, pixels * channels, error);
    for (size_t i = 0; !status && i < pixels; i++)
        memcpy(p->pixels + i * channels, picture.rgb + i * 3, channels);
    picture_free(&picture);
    return status;
}

/* Axes of the volume that a slice across `axis` shows to the right and down. */
static int right_of(int axis) { return axis == 0 ? 1 : 0; }
static int down_of(int axis) { return axis == 2 ? 1 : 2; }

static void take_labels(const Stack *s, const uint32_t *labels, const Case *p, int axis,
                        size_t at) {
    size_t width = (size_t)p->width, pixels = width * (size_t)p->height;
    size_t right = s->step[right_of(axis)], down = s->step[down_of(axis)];
    for (size_t i = 0; i < pixels; i++)
        s->plane[i] = labels[at * s->step[axis] + i % width * right + i / width * down];
}

/* NULL stays where the slice has no ignored pixel. */
static Status take_ignored(Dataset *d, Case *p, const Stack *s, int axis, size_t at, Error *error) {
    size_t width = (size_t)p->width, pixels = width * (size_t)p->height;
    size_t right = s->step[right_of(axis)], down = s->step[down_of(axis)];
    for (size_t i = 0; s->layers->ignored && i < pixels; i++) {
        size_t from = at * s->step[axis] + i % width * right + i / width * down;
        if (!s->layers->ignored[from]) continue;
        Status status = p->ignored ? VOXPERT_OK : store_new(&d->store, &p->ignored, pixels, error);
        if (status) return status;
        p->ignored[i] = 1;
    }
    return VOXPERT_OK;
}

/* Which slice it is, and how large its pixels are. */
static void take_place(Case *p, const Stack *s, int axis, size_t at) {
    const VolumeGrid *grid = &s->image->grid;
    p->axis = s->size[2] == 1 ? '\0' : "ijk"[axis];
    p->slice = at;
    if (grid->source == GRID_UNKNOWN) return;
    p->spacing_mm[0] = grid->spacing_xyz_mm[right_of(axis)];
    p->spacing_mm[1] = grid->spacing_xyz_mm[down_of(axis)];
}

/* The labels of the plane, which are those of one layer. */
static Status keep_labels(Dataset *d, Case *p, const Stack *s, Error *error) {
    size_t pixels = (size_t)p->width * (size_t)p->height;
    Status status = p->labels ? VOXPERT_OK
                              : store_new(&d->store, &p->labels, pixels * sizeof *p->labels, error);
    if (status) return status;
    p->overlaps = s->layers->count > 1;
    for (size_t i = 0; i < pixels; i++) {
        if (s->plane[i]) p->labels[i] = p->overlaps ? 1 : s->plane[i];
    }
    return VOXPERT_OK;
}

/* Adds slice `at` of `axis` as a picture if it shows an object (flat: in any case). */
static Status add_slice(Dataset *d, int set, const Stack *s, int axis, size_t at, Error *error) {
    bool flat = s->size[2] == 1;
    if (!memory_grow(&d->picture, &d->picture_capacity, d->pictures, sizeof *d->picture))
        return no_memory(s->name, error);
    Case p = {.set = set, .part = s->part, .whole = s->layers->whole};
    Status status = take_pixels(d, &p, s, (VolumeSlice){"ijk"[axis], at, 0}, error);
    if (status) return status;
    status = take_ignored(d, &p, s, axis, at, error);
    Text name = {0};
    text_add(&name, flat ? "%s/%s" : "%s/%s/%c%zu", d->set[set].name, s->name, "ijk"[axis], at);
    if (status || name.failed) {
        text_free(&name);
        case_free(d, &p);
        return status ? status : no_memory(s->name, error);
    }
    p.name = name.chars;
    take_place(&p, s, axis, at);
    size_t before = d->objects;
    d->picture[d->pictures++] = p;
    for (size_t i = 0; !status && i < s->layers->count; i++) {
        take_labels(s, s->layers->layer[i], &p, axis, at);
        status = dataset_add_objects(d, s->plane, (int)d->pictures - 1, error);
        if (!status && d->keep_labels)
            status = keep_labels(d, &d->picture[d->pictures - 1], s, error);
    }
    if (!status && !flat && d->objects == before) case_free(d, &d->picture[--d->pictures]);
    return status;
}

Status dataset_add_layers(Dataset *d, int set, const Volume *image, const LabelLayers *layers,
                          const char *name, SplitPart part, Error *error) {
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
    Stack s = {.name = name, .part = part};
    Status status = stack_open(&s, &d->set[set], image, layers, error);
    for (int axis = flat ? 2 : 0; axis < 3; axis++) {
        size_t size = s.size[axis], count = flat || size < wanted ? size : wanted;
        for (size_t i = 0; !status && i < count; i++)
            status = add_slice(d, set, &s, axis, (2 * i + 1) * size / (2 * count), error);
    }
    memory_free(s.plane);
    return status;
}
