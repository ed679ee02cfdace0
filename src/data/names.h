/* names.h - names of files: which are no data, and which belong together although they differ. */
#ifndef DATA_NAMES_H
#define DATA_NAMES_H

#include "data/catalog.h"

/* What operating systems, editors and people leave among images: Thumbs.db, desktop.ini,
 * readme.txt, logs, unfinished downloads, ... */
bool name_is_leftover(const char *name);

/* What all labels have around a name that all images have around theirs: "case0_mask" belongs to
 * "case0", "mask_7" to "img_7". */
typedef struct Affixes {
    const char *image_prefix, *image_suffix, *label_prefix, *label_suffix;
} Affixes;

/* Whether one such rule explains the stems, none of which has its equal on the other side: every
 * label, or every image, has exactly one partner.  A single pair must have affixes on one side
 * alone.  Both arrays are sorted in place.  Texts are the catalog's. */
bool affixes_find(Affixes *out, Catalog *c, const char **image, size_t images, const char **label,
                  size_t labels);

/* The image's stem that belongs to a label's; NULL: the label has not the affixes. */
const char *affixes_image(Catalog *c, const Affixes *a, const char *label);

/* "masks have the suffix _mask", in words. */
const char *affixes_describe(Catalog *c, const Affixes *a);

#endif
