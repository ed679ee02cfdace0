#include "data/load.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "data/challenge.h"
#include "data/csr.h"
#include "data/outline.h"
#include "image/align.h"

static Status no_memory(const CatalogCase *item, Error *error) {
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for its labels", item->name);
}

Status case_image(Volume **out, const CatalogCase *item, size_t channel, Error *error) {
    *out = NULL;
    if (channel >= item->images)
        return error_set(error, VOXPERT_BAD_INPUT, "%s: has %zu image files, so no channel %zu",
                         item->name, item->images, channel);
    if (item->archive) return challenge_image(out, item->image[channel], error);
    return volume_read(out, item->image[channel], NULL, error);
}

void label_layers_free(LabelLayers *l) {
    for (size_t i = 0; i < l->count; i++) memory_free(l->layer[i]);
    memory_free(l->layer);
    memory_free(l->ignored);
    memory_free(l->voxel);
    warnings_free(&l->warnings);
    *l = (LabelLayers){0};
}

/* ---- Layers ------------------------------------------------------------------------------- */

typedef struct Painter {
    LabelLayers *out;
    const CatalogCase *item;
    size_t capacity, value_capacity;
} Painter;

static Status layer_add(Painter *p, Error *error) {
    LabelLayers *l = p->out;
    if (!memory_grow(&l->layer, &p->capacity, l->count, sizeof *l->layer))
        return no_memory(p->item, error);
    l->layer[l->count] = memory_new(l->voxels * sizeof **l->layer);
    if (!l->layer[l->count]) return no_memory(p->item, error);
    l->count++;
    return VOXPERT_OK;
}

static bool is_free(const uint32_t *layer, const uint8_t *mask, size_t voxels) {
    for (size_t i = 0; i < voxels; i++) {
        if (mask[i] && layer[i]) return false;
    }
    return true;
}

/* The next value, in the first layer where nothing is in its way. */
static Status paint(Painter *p, const uint8_t *mask, Error *error) {
    LabelLayers *l = p->out;
    size_t at = 0, count = 0;
    if (l->values >= UINT16_MAX)
        return error_set(error, VOXPERT_BAD_INPUT, "%s: has more than 65535 objects",
                         p->item->name);
    if (!memory_grow(&l->voxel, &p->value_capacity, l->values, sizeof *l->voxel))
        return no_memory(p->item, error);
    while (at < l->count && !is_free(l->layer[at], mask, l->voxels)) at++;
    Status status = at == l->count ? layer_add(p, error) : VOXPERT_OK;
    if (status) return status;
    uint32_t value = (uint32_t)++l->values;
    for (size_t i = 0; i < l->voxels; i++) {
        if (!mask[i]) continue;
        l->layer[at][i] = value;
        count++;
    }
    l->voxel[value - 1] = count;
    return VOXPERT_OK;
}

/* ---- Forms -------------------------------------------------------------------------------- */

static Status ignore_more(LabelLayers *l, const uint8_t *mask, const CatalogCase *item,
                          Error *error) {
    if (!mask) return VOXPERT_OK;
    if (!l->ignored && !(l->ignored = memory_new(l->voxels))) return no_memory(item, error);
    for (size_t i = 0; i < l->voxels; i++) l->ignored[i] |= mask[i];
    return VOXPERT_OK;
}

/* Of labels that have no orientation of their own; the sizes agree. */
static void warn_turned(LabelLayers *l, const Volume *image, const char *what) {
    if (!pair_may_be_turned(volume_turn(image), 1, image->width, image->height)) return;
    warnings_add(&l->warnings,
                 "%s: is turned by its EXIF orientation %d, but %s is not: if that was drawn on "
                 "the pixels as stored, it lies at the wrong place",
                 volume_name(image), image->orientation, what);
}

/* A map or a mask on the image's grid, into `out` [voxels]. */
static Status take_labels(uint32_t *out, Painter *p, Volume *labels, const Volume *image,
                          Error *error) {
    LabelLayers *l = p->out;
    uint8_t *none = NULL;
    size_t count = 0;
    Status status = volume_align(labels, image, error);
    if (!status) status = volume_labels_void(out, &none, &count, labels, error);
    if (!status) status = ignore_more(l, none, p->item, error);
    memory_free(none);
    if (status) return status;
    if (count)
        volume_warn(labels,
                    "%zu voxels hold -1 and are ignored: they count neither as object nor as "
                    "background",
                    count);
    warnings_merge(&l->warnings, &labels->warnings);
    return VOXPERT_OK;
}

static bool is_region(const Catalog *c) {
    for (size_t i = 0; i < c->labels; i++) {
        if (c->label[i].values > 1) return true;
    }
    return false;
}

static bool label_has(const CatalogLabel *l, uint32_t value) {
    for (size_t i = 0; i < l->values; i++) {
        if (l->value[i] == value) return true;
    }
    return false;
}

/* Marks what the data set's own label says is to be ignored; `mask` [voxels] is scratch. */
static Status ignore_label(Painter *p, const CatalogLabel *label, const uint32_t *map,
                           uint8_t *mask, Error *error) {
    bool any = false;
    for (size_t i = 0; i < p->out->voxels; i++) any |= mask[i] = label_has(label, map[i]);
    return any ? ignore_more(p->out, mask, p->item, error) : VOXPERT_OK;
}

static Status ignore_labels(Painter *p, const Catalog *c, const uint32_t *map, Error *error) {
    Status status = VOXPERT_OK;
    uint8_t *mask = memory_aligned(p->out->voxels);
    if (!mask) return no_memory(p->item, error);
    for (size_t l = 0; !status && l < c->labels; l++)
        if (c->label[l].ignored) status = ignore_label(p, &c->label[l], map, mask, error);
    memory_free(mask);
    return status;
}

static void clear_ignored(LabelLayers *l) {
    for (size_t n = 0; l->ignored && n < l->count; n++)
        for (size_t i = 0; i < l->voxels; i++)
            if (l->ignored[i]) l->layer[n][i] = 0;
}

/* Every label but background and ignore becomes a mask; they may overlap. */
static Status paint_regions(Painter *p, const Catalog *c, const uint32_t *map, Error *error) {
    Status status = VOXPERT_OK;
    size_t voxels = p->out->voxels;
    uint8_t *mask = memory_aligned(voxels);
    if (!mask) return no_memory(p->item, error);
    for (size_t l = 0; !status && l < c->labels; l++) {
        const CatalogLabel *label = &c->label[l];
        bool counts = !label->ignored && !(label->values == 1 && label->value[0] == 0);
        for (size_t i = 0; i < voxels; i++) mask[i] = counts && label_has(label, map[i]);
        status = paint(p, mask, error);
    }
    memory_free(mask);
    return status;
}

static Status map_layers(Painter *p, const Catalog *c, Volume *labels, const Volume *image,
                         Error *error) {
    Status status = layer_add(p, error);
    if (!status) status = take_labels(p->out->layer[0], p, labels, image, error);
    if (!status) status = ignore_labels(p, c, p->out->layer[0], error);
    if (status || !is_region(c)) return status;
    uint32_t *map = p->out->layer[0];
    p->out->count = 0;
    status = paint_regions(p, c, map, error);
    memory_free(map);
    return status;
}

static Status file_layers(Painter *p, const Catalog *c, const Volume *image, Error *error) {
    Volume *labels = NULL;
    const char *file = p->item->label[0];
    VolumeReadOptions options = {.labels = true};
    Status status = p->item->form == LABELS_ARRAY ? challenge_labels(&labels, file, error)
                                                  : volume_read(&labels, file, &options, error);
    if (!status) status = map_layers(p, c, labels, image, error);
    volume_free(labels);
    return status;
}

/* A file for each object, foreground is what is not 0. */
static Status mask_layers(Painter *p, uint8_t *mask, const Volume *image, Error *error) {
    Status status = VOXPERT_OK;
    size_t voxels = p->out->voxels;
    uint32_t *labels = memory_new(voxels * sizeof *labels);
    if (!labels) return no_memory(p->item, error);
    for (size_t m = 0; !status && m < p->item->labels; m++) {
        Volume *v = NULL;
        VolumeReadOptions options = {.labels = true};
        status = volume_read(&v, p->item->label[m], &options, error);
        if (!status) status = take_labels(labels, p, v, image, error);
        volume_free(v);
        for (size_t i = 0; !status && i < voxels; i++) mask[i] = labels[i] != 0;
        if (!status) status = paint(p, mask, error);
    }
    memory_free(labels);
    return status;
}

static Status csr_layers(Painter *p, uint8_t *mask, const Volume *image, Error *error) {
    Csr m;
    Status status = csr_open(&m, p->item->label[0], error);
    if (status) return status;
    if (m.pixels != p->out->voxels)
        status = error_set(error, VOXPERT_BAD_INPUT,
                           "%s: the label has %zu pixels, but its image has %zu", p->item->label[0],
                           m.pixels, p->out->voxels);
    else
        warn_turned(p->out, image, p->item->label[0]);
    for (size_t k = 0; !status && k < m.classes; k++) {
        size_t count;
        memset(mask, 0, p->out->voxels);
        status = csr_mask(&m, k, mask, &count, error);
        if (!status) status = paint(p, mask, error);
    }
    csr_close(&m);
    return status;
}

/* ---- Sizes of lists ----------------------------------------------------------------------- */

static bool same_ratio(double a, double b) { return fabs(a - b) <= 0.02 * fabs(a); }

bool case_size_holds(Text *why, const CatalogCase *item, const Volume *image) {
    size_t height = item->height ? item->height : image->height;
    size_t width = item->width ? item->width : image->width;
    if (height == image->height && width == image->width) return true;
    double down = (double)image->height / (double)height,
           right = (double)image->width / (double)width;
    text_add(why, "the list says %zu x %zu pixels, the image has %zu x %zu: ", width, height,
             image->width, image->height);
    if (height == image->width && width == image->height)
        text_add(why,
                 image->orientation > 4
                     ? "it was annotated as it is stored, before its EXIF orientation %d "
                       "turns it"
                     : "the sides are swapped, in the list or by a turn of the image",
                 image->orientation);
    else if (same_ratio(down, right))
        text_add(why, "it was %s after it was annotated, by a factor of %.4g",
                 down < 1.0 ? "shrunk" : "enlarged", down < 1.0 ? 1.0 / down : down);
    else
        text_add(why, "it is another image, or it was cut after it was annotated");
    return false;
}

static Status check_list_size(const CatalogCase *item, const Volume *image, Error *error) {
    Text why = {0};
    if (case_size_holds(&why, item, image)) return VOXPERT_OK;
    Status status = error_set(error, VOXPERT_BAD_INPUT,
                              "%s: %s; restore the image that was annotated, or annotate this one",
                              item->image[0], why.chars ? why.chars : "");
    text_free(&why);
    return status;
}

static void warn_odd_shape(Painter *p, Extent size, size_t k) {
    double point[2];
    Warnings *w = &p->out->warnings;
    if (annotation_has_texts(p->item->shape[k]))
        warnings_add(w, "%s: annotations hold numbers that are texts; they are taken as numbers",
                     p->item->image[0]);
    if (annotation_reaches_out(point, size, p->item->shape[k]))
        warnings_add(w,
                     "%s: the outline of annotation %zu reaches to %g,%g, beyond the picture of "
                     "%zu x %zu pixels; what lies outside is cut off",
                     p->item->image[0], k, point[0], point[1], size.width, size.height);
}

/* Of what a list says of an image that was not refused. */
static void warn_list_size(const Painter *p) {
    Warnings *w = &p->out->warnings;
    if (!p->item->height || !p->item->width)
        warnings_add(w,
                     "%s: its list gives no usable height and width: whether it was annotated in "
                     "its present size cannot be checked",
                     p->item->image[0]);
    if (p->item->size_text)
        warnings_add(w, "%s: its list gives its size as texts; they are taken as numbers",
                     p->item->image[0]);
}

static Status shape_layers(Painter *p, uint8_t *mask, const Volume *image, Error *error) {
    Status status = VOXPERT_OK;
    Extent size = {image->height, image->width};
    if (image->depth != 1 || image->frames != 1)
        return error_set(error, VOXPERT_BAD_INPUT, "%s: annotations are of flat pictures only",
                         p->item->name);
    status = check_list_size(p->item, image, error);
    if (!status) warn_turned(p->out, image, "its list");
    if (!status) warn_list_size(p);
    for (size_t k = 0; !status && k < p->item->shapes; k++) {
        memset(mask, 0, p->out->voxels);
        bool crowd = json_integer_value(json_object_get(p->item->shape[k], "iscrowd")) == 1;
        if (!crowd) status = annotation_mask(mask, size, p->item->shape[k], error);
        if (status == VOXPERT_BAD_INPUT)
            error_prefix(error, status, "%s, its annotation %zu", p->item->name, k);
        if (!status) status = paint(p, mask, error);
        if (!status) warn_odd_shape(p, size, k);
    }
    return status;
}

Status case_labels(LabelLayers *out, const Catalog *c, const CatalogCase *item, const Volume *image,
                   Error *error) {
    *out = (LabelLayers){.voxels = volume_voxels(image),
                         .whole = item->form == LABELS_MASKS || item->form == LABELS_SHAPES};
    Painter p = {.out = out, .item = item};
    Status status = VOXPERT_OK;
    uint8_t *mask = NULL;
    bool masks =
        item->form == LABELS_MASKS || item->form == LABELS_CSR || item->form == LABELS_SHAPES;
    if (masks && !(mask = memory_aligned(out->voxels))) status = no_memory(item, error);
    if (status) return status;
    switch (item->form) {
    case LABELS_NONE:
        break;
    case LABELS_MAP:
    case LABELS_ARRAY:
        status = file_layers(&p, c, image, error);
        break;
    case LABELS_MASKS:
        status = mask_layers(&p, mask, image, error);
        break;
    case LABELS_CSR:
        status = csr_layers(&p, mask, image, error);
        break;
    case LABELS_SHAPES:
        status = shape_layers(&p, mask, image, error);
        break;
    }
    memory_free(mask);
    if (status)
        label_layers_free(out);
    else
        clear_ignored(out);
    return status;
}
