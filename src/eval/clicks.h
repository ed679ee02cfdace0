/* clicks.h - clicks as somebody would set them who sees the truth and the result.
 *
 * The first lies deepest inside the object: at the maximum of its distance to the background, what
 * is outside the image counting as background.  Each further one lies deepest inside the larger (in
 * voxels) of what is missed and what is surplus, positive or negative accordingly.  Ties go to the
 * lowest index, and to what is missed. */
#ifndef EVAL_CLICKS_H
#define EVAL_CLICKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef struct Click {
    size_t zyx[3];
    bool positive;
    bool found; /* false: there is nothing to click at; the rest is 0 */
} Click;

/* Masks are [z, y, x] (a picture: z = 1), not 0 = inside.  `spacing_zyx` NULL means 1.
 * Errors: VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status click_first(Click *out, const uint8_t *truth, const size_t size_zyx[3],
                              const double *spacing_zyx, Error *error);

MUST_CHECK Status click_next(Click *out, const uint8_t *truth, const uint8_t *prediction,
                             const size_t size_zyx[3], const double *spacing_zyx, Error *error);

#endif
