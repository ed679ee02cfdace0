/* prompt.h - what is asked for: one object, by points, boxes, a coarse mask and its name. */
#ifndef VOXPERT_PROMPT_H
#define VOXPERT_PROMPT_H

#include <stddef.h>
#include <stdint.h>

#include <voxpert/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Pixels of the original image, x first (to the right), y down; (0,0) is the first pixel's centre.
 */
typedef struct VoxpertPoint {
    float x, y;
    int inside; /* 1: belongs to the object; 0: does not */
} VoxpertPoint;

/* Inclusive pixel corners: x0 <= x1, y0 <= y1. */
typedef struct VoxpertBox {
    float x0, y0, x1, y1;
} VoxpertBox;

typedef struct VoxpertPrompt {
    size_t size; /* see version.h; of an array the first one's counts */
    const VoxpertPoint *points;
    int point_count;
    const VoxpertBox *box; /* or NULL */
    const uint8_t *mask;   /* coarse mask [height][width] of the image, 0 = outside; or NULL */
    const float *low_res;  /* logits of an earlier result, low_res_side^2 of them; or NULL */
    int low_res_crop[4];   /* that result's `crop`; all 0: the whole image */
    const char *text;      /* name of the object ("liver"), for models that read text; or NULL.  Its
                              vector is computed once for each name and kept in the model */
} VoxpertPrompt;

/* Whether a prompt makes sense for an image of this size, before anything is computed: something is
 * asked, all is finite and inside, boxes are not empty.  Errors: VOXPERT_BAD_ARGUMENT. */
VOXPERT_API VoxpertStatus voxpert_prompt_check(const VoxpertPrompt *prompt, int width, int height,
                                               VoxpertError *error);

/* Brings coordinates as people and other tools give them onto an image of this size, in place:
 * swapped corners are put in order, and what passes an edge by less than a pixel (COCO's x + width)
 * is moved to the first or last pixel.  `box` and `points` may be NULL.  `*warnings` gets a
 * sentence for each change, and for boxes under two pixels and fractions of the image, which stay
 * as they are; each ends with a newline, "" is none; voxpert_free.  What lies further outside is
 * left to voxpert_prompt_check.  Errors: VOXPERT_BAD_ARGUMENT (an empty image),
 * VOXPERT_OUT_OF_MEMORY. */
VOXPERT_API VoxpertStatus voxpert_prompt_fit(VoxpertBox *box, VoxpertPoint *points, int point_count,
                                             int width, int height, char **warnings,
                                             VoxpertError *error);

#ifdef __cplusplus
}
#endif

#endif
