/* prompt.h - what is asked for: one object, by points, boxes, a coarse mask and its name. */
#ifndef VOXPERT_PROMPT_H
#define VOXPERT_PROMPT_H

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

#ifdef __cplusplus
}
#endif

#endif
