/* precision.h - what the products of a model's weights are computed in. */
#ifndef COMPUTE_PRECISION_H
#define COMPUTE_PRECISION_H

#include <stdbool.h>

typedef enum Precision {
    PRECISION_F32, /* 0, so that what states none is computed as it was stored */
    PRECISIONS
} Precision;

const char *precision_name(Precision p); /* "f32" */

/* By that name; false where there is none. */
bool precision_find(Precision *out, const char *name);

#endif
