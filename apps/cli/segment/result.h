/* result.h - the masks of one image, brought together in one label map.
 *
 * Where objects overlap the largest logit wins, ties go to the lower number.  Everything mode
 * paints large areas first. */
#ifndef CLI_SEGMENT_RESULT_H
#define CLI_SEGMENT_RESULT_H

#include <jansson.h>

#include <voxpert/voxpert.h>

#include "cli/segment/job.h"

typedef struct Result {
    int width, height;
    uint16_t *labels; /* [height][width] */
    float *best;      /* of the object that holds a pixel */
    json_t *objects;  /* one record each */
    size_t planes;    /* masks of all objects */
    float *logits;    /* [planes][height][width], if wanted */
    float *low_res;   /* [planes][side][side], if wanted */
    int side;
    double encode_seconds, decode_seconds;
    bool cached;
} Result;

Result result_begin(const VoxpertImage *image);
void result_free(Result *r);

/* What is kept besides the label map. */
typedef struct ResultWants {
    VoxpertCleanup cleanup;
    bool logits, low_res;
    size_t planes_at_most; /* masks of all objects, candidates included */
} ResultWants;

/* Adds one object; `value` is what its pixels become.  VOXPERT_OUT_OF_MEMORY. */
VoxpertStatus result_add(Result *r, const Target *target, int value, const VoxpertMasks *masks,
                         const ResultWants *wants, VoxpertError *error);

/* Everything that was found; at most 65535.  VOXPERT_BAD_ARGUMENT, VOXPERT_OUT_OF_MEMORY. */
VoxpertStatus result_everything(Result *r, const VoxpertFound *found, size_t count,
                                VoxpertError *error);

#endif
