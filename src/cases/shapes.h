/* shapes.h - drawn pictures to learn from: soft blobs of one texture on another, as many as asked
 * for, the same for the same seed.  They train what a boundary is where real pictures of a kind are
 * few, and belong to nobody. */
#ifndef CASES_SHAPES_H
#define CASES_SHAPES_H

#include "cases/dataset.h"

enum { SHAPES_SIDE = 192 };

/* Adds a set named "shapes" of `count` pictures; all are for training.  VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status dataset_add_shapes(Dataset *d, int count, uint64_t seed, Error *error);

#endif
