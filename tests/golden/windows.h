/* windows.h - attention as the published code has it: window by window, padded tokens included.
 *
 * Our attention never computes what padded tokens would attend to, and the files hold it.  So it is
 * computed here the slow way, from the block's input: the grid is padded with real zeros and
 * nothing is left out.  What our own attention gave is put in its place. */
#ifndef TESTS_GOLDEN_WINDOWS_H
#define TESTS_GOLDEN_WINDOWS_H

#include "sam/image_encoder.h"
#include "sam/tiny_vit.h"
#include "tests/golden/inputs.h"

typedef struct GoldenEncoder {
    const ImageEncoder *vit; /* one of them, or none */
    const TinyVit *tiny;
} GoldenEncoder;

/* A copy of the tensor that goes into the next block. */
typedef struct GoldenStream {
    float *values;
    int dim[4];
} GoldenStream;

void golden_stream_follow(GoldenStream *s, const char *stage, const Tensor *t);
void golden_stream_free(GoldenStream *s);

/* [windows, side, side, dim]; false: the stage has no windows, or (reported) no memory. */
bool golden_windows(GoldenRun *run, const GoldenEncoder *e, const char *stage,
                    const GoldenStream *input, const Tensor *attention, GoldenArray *out);

#endif
