#include "assess/examples.h"

#include <stdio.h>

#include "base/memory.h"
#include "draw/overlay.h"
#include "draw/sheet.h"
#include "image/picture.h"

typedef struct Examples {
    SheetTile *tile;
    char (*caption)[160];
    size_t count, capacity;
} Examples;

static void draw(const Picture *p, const CaseObject *o, const uint16_t *labels,
                 const uint8_t *truth) {
    Canvas canvas = {p->rgb, {p->height, p->width}};
    double box[] = {o->x0, o->y0, o->x1, o->y1};
    overlay_labels(canvas, labels, 0.28);
    overlay_contour(canvas, truth, (Colour){255, 255, 255});
    overlay_box(canvas, box, overlay_colour(1));
}

static Status add_example(Examples *e, Measurer *m, const Dataset *d, const CaseObject *o,
                          Error *error) {
    const Case *p = &d->picture[o->picture];
    size_t n = (size_t)p->width * (size_t)p->height;
    double dice = 0.0;
    Picture picture;
    uint8_t *mask = memory_new(n), *truth = memory_new(n);
    uint16_t *labels = memory_new(n * sizeof *labels);
    Status status = VOXPERT_OK;
    if (!case_picture(&picture, p) || !mask || !truth || !labels)
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory to draw examples");
    if (!status) status = measure_box_mask(m, d, o, mask, truth, &dice, error);
    if (!status) {
        for (size_t i = 0; i < n; i++) labels[i] = mask[i];
        draw(&picture, o, labels, truth);
        char *caption = e->caption[e->count];
        snprintf(caption, sizeof *e->caption, "%.140s\nDice %.3f", p->name, dice);
        Extent size = {picture.height, picture.width};
        e->tile[e->count++] = (SheetTile){.rgb = picture.rgb, .size = size, .caption = caption};
        picture.rgb = NULL;
    }
    picture_free(&picture);
    memory_free(mask);
    memory_free(truth);
    memory_free(labels);
    return status;
}

static Status add_set(Examples *e, Measurer *m, const Dataset *d, int set, SplitPart part,
                      size_t each, Error *error) {
    size_t *list, count;
    Status status = dataset_select(d, set, part, &list, &count, error);
    if (status) return status;
    size_t step = count > each ? count / each : 1;
    for (size_t i = 0, taken = 0; !status && i < count && taken < each; i += step, taken++)
        status = add_example(e, m, d, &d->object[list[i]], error);
    memory_free(list);
    return status;
}

static Status write_sheet(const char *path, const Examples *e, size_t columns, Error *error) {
    uint8_t *rgb;
    Extent size;
    Status status =
        sheet_make(&rgb, &size, e->tile, e->count, columns, 264,
                   (SheetHead){.title = "box, prediction (filled), reference (white)"}, error);
    if (status) return status;
    status = picture_save(&(Picture){rgb, size.width, size.height, NULL}, path, error);
    memory_free(rgb);
    return status;
}

Status examples_write(const char *path, Measurer *m, const Dataset *d, SplitPart part, size_t each,
                      Error *error) {
    Examples e = {.capacity = d->sets * each};
    e.tile = memory_new((e.capacity + 1) * sizeof *e.tile);
    e.caption = memory_new((e.capacity + 1) * sizeof *e.caption);
    Status status = VOXPERT_OK;
    if (!e.tile || !e.caption)
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory to draw examples");
    measurer_reset(m);
    for (size_t s = 0; !status && s < d->sets; s++)
        status = add_set(&e, m, d, (int)s, part, each, error);
    if (!status && e.count) status = write_sheet(path, &e, each, error);
    for (size_t i = 0; e.tile && i < e.count; i++) {
        union {
            const uint8_t *shown;
            uint8_t *ours;
        } u = {e.tile[i].rgb};
        memory_free(u.ours);
    }
    memory_free(e.tile);
    memory_free(e.caption);
    return status;
}
