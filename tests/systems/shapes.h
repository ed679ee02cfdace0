/* shapes.h - configurations of published models, for tests. */
#ifndef TESTS_SYSTEMS_SHAPES_H
#define TESTS_SYSTEMS_SHAPES_H

#include "systems/sam.h"
#include "tests/stored.h"

typedef struct PublishedShape {
    const char *name;
    int image, dim, depth, heads;
    uint64_t global;
    bool adapters, timm;
    size_t tensors;    /* in the checkpoint */
    size_t parameters; /* without buffers */
} PublishedShape;

extern const PublishedShape published_shapes[];
extern const size_t published_shapes_count;

SamConfig shape_config(const PublishedShape *shape);
SamConfig shape_mobile_sam(void);
SamConfig shape_tiny(void); /* 64 pixels, two blocks, padded windows: runs in a moment */
SamConfig shape_tiny_pyramid(void);

/* A checkpoint with all names and shapes of a model, and zeros for values. */
Checkpoint *shape_checkpoint(const Params *p, Stored **stored);

bool same_config(const SamConfig *a, const SamConfig *b); /* in all that is written to a file */

#endif
