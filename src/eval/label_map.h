/* label_map.h - which values a label map has, and where each of them is: work on one label then
 * looks at its part of the map alone (the 188 labels of a head of 256^3
 * voxels: 31 s became 0.9). */
#ifndef EVAL_LABEL_MAP_H
#define EVAL_LABEL_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "image/volume.h"

/* A growing set of values, ascending.  Zeroed is an empty one. */
typedef struct LabelValues {
    uint32_t *value;
    size_t count, capacity;
} LabelValues;

/* False: no memory. */
bool label_values_add(LabelValues *set, uint32_t value);
bool label_values_merge(LabelValues *to, const LabelValues *from);
bool label_values_hold(const LabelValues *set, uint32_t value);
void label_values_free(LabelValues *set);

/* Adds the values but 0 of a label map.  Errors: VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status label_values_find(LabelValues *set, const uint32_t *labels, size_t voxels,
                                    Error *error);

/* The same of a volume, without `ignored` (0: none is ignored).  `left_out` is set where voxels of
 * a `reference` do not count, marked by -1: see volume_labels_void.  Errors: those of
 * volume_labels, VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status label_values_of(LabelValues *set, const Volume *v, bool reference,
                                  uint32_t ignored, bool *left_out, Error *error);

typedef struct LabelBounds {
    size_t low[3], high[3]; /* z, y, x, both inclusive */
} LabelBounds;

typedef struct LabelPlaces {
    size_t size[3];
    uint32_t *value; /* ascending, without 0 */
    LabelBounds *bounds;
    size_t count;
} LabelPlaces;

/* Of a map [z, y, x].  Errors: VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status label_places_find(LabelPlaces *out, const uint32_t *labels,
                                    const size_t size_zyx[3], Error *error);
void label_places_free(LabelPlaces *p); /* a zeroed one is fine */

/* Widens `bounds`, which hold something if `any`, by where one of these values is; whether they
 * hold something then.  The value 0 may be anywhere. */
bool label_places_widen(const LabelPlaces *p, const uint32_t *value, size_t values,
                        LabelBounds *bounds, bool any);

#endif
