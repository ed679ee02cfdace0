/* load.h - the pixels of a case: its image, and its labels whatever their form. */
#ifndef DATA_LOAD_H
#define DATA_LOAD_H

#include "data/catalog.h"
#include "image/volume.h"

/* Channel file `channel` of a case.  Errors: those of volume_read(); VOXPERT_BAD_INPUT where there
 * is no such channel. */
MUST_CHECK Status case_image(Volume **out, const CatalogCase *item, size_t channel, Error *error);

/* Label maps on the image's grid.  Objects that overlap are in different layers. */
typedef struct LabelLayers {
    uint32_t **layer; /* [frames, depth, height, width] each; 0 is background */
    size_t count;
    size_t voxels;
    uint8_t *ignored; /* [voxels] 1 where the labels say neither object nor background; NULL: there
                         is no such voxel */
    bool whole;       /* each value is one object, in however many pieces */
    size_t *voxel; /* of value i + 1: how many, before it met others; NULL for LABELS_MAP alone */
    size_t values;
    Warnings warnings; /* what was taken although it was odd */
} LabelLayers;

/* Values: of a map its own; of regions, 1 + the place of their label; of
 * CSR matrices 1 + the row; of masks and annotations 1 + their place, but crowds of COCO (iscrowd)
 * are no object.  No layer where the case has no labels.  Maps and masks in another order of axes
 * are brought onto the image's grid (image/align.h), with a warning.
 *
 * Voxels of LABEL_VOID (with a warning) and of nnU-Net's label "ignore" are ignored: they are no
 * object in any layer.  Where a case has several files, what one of them leaves open is left open.
 * Errors: VOXPERT_BAD_INPUT (another place or size than the image's, a list that says
 * another size, no whole numbers), VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status case_labels(LabelLayers *out, const Catalog *c, const CatalogCase *item,
                              const Volume *image, Error *error);
void label_layers_free(LabelLayers *l); /* a zeroed one is fine */

/* ---- Parts, which check.h uses too ---------------------------------------------------------- */

/* A list's claim on the size of a case's image: false with the cause ("the image was shrunk after
 * it was annotated", ...), where it is not true. */
bool case_size_holds(Text *why, const CatalogCase *item, const Volume *image);

#endif
