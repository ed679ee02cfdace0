/* inputs.h - the inputs of a golden file: stored in it, or a function of their name. */
#ifndef TESTS_GOLDEN_INPUTS_H
#define TESTS_GOLDEN_INPUTS_H

#include "tests/golden/run.h"

/* In the published layout, C order. */
typedef struct GoldenArray {
    float *values; /* NULL: there is none */
    int rank, dim[CHECKPOINT_MAX_RANK];
    size_t count;
} GoldenArray;

/* False: the file has no such input, or it is damaged; not reported. */
bool golden_input(const GoldenRun *run, const char *name, GoldenArray *out);
void golden_array_free(GoldenArray *a);

/* The input as a tensor, a map [b,c,h,w] as [b,h,w,c]; NULL: reported. */
Tensor *golden_map(GoldenRun *run, Compute *cx, const char *name);

/* [a,b,c] -> [a,c,b]: from the published layout of maps to ours with b channels and c pixels, and
 * back the other way round. */
void golden_transpose(float *out, const float *in, size_t a, size_t b, size_t c);

#endif
