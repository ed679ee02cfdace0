/* objects.h - what an object of a label map is, and the box around it. */
#ifndef EVAL_OBJECTS_H
#define EVAL_OBJECTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/random.h"
#include "base/status.h"
#include "data/split.h"
#include "image/extent.h"

typedef enum ObjectKind {
    OBJECTS_COMPONENTS, /* each connected piece (8 or 26 neighbours) of each value */
    OBJECTS_MERGED,     /* each connected piece of all values together: disc = rim and cup */
    OBJECTS_INSTANCES   /* each value, in however many pieces */
} ObjectKind;

typedef struct ObjectRule {
    ObjectKind kind;
    uint16_t first, last; /* values that count, both included; 0 is always background */
    size_t least;         /* voxels that an object must have; 0: objects_least() */
} ObjectRule;

typedef struct Object {
    uint16_t value; /* the lowest of a merged object's rule */
    size_t voxels;
    size_t low[3], high[3]; /* z, y, x, both inclusive */
} Object;

typedef struct Objects {
    uint32_t *label; /* for each voxel: 0, or i + 1 for object[i] */
    Object *object;  /* by value, then by first voxel */
    size_t count;
} Objects;

/* At least 0.05 % of the image. */
size_t objects_least(const size_t size_zyx[3]);

/* Errors: VOXPERT_OUT_OF_MEMORY, VOXPERT_BAD_ARGUMENT (more than 2^31 voxels). */
MUST_CHECK Status objects_find(Objects *out, const uint16_t *values, const size_t size_zyx[3],
                               ObjectRule rule, Error *error);
void objects_free(Objects *o); /* a zeroed one is fine */

void objects_mask(const Objects *o, size_t index, size_t voxels, uint8_t *mask); /* 0 or 1 */

/* Tight box with inclusive pixel corners, x0, y0, x1, y1. */
void object_box(const Object *o, double box_xyxy[4]);

/* Moves each side by a uniform integer of at most 5 % of the box's extent in that direction, and
 * keeps it inside the image; draws four numbers, in the order x0, y0, x1, y1. */
void box_jitter(double box_xyxy[4], Extent size, Random *random);

#endif
