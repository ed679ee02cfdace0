/* resample.h - tables of positions for another grid than the stored one (docs/spec/sam.md, 4). */
#ifndef SAM_RESAMPLE_H
#define SAM_RESAMPLE_H

#include <stdbool.h>

/* table [from,from,channels] -> out [to,to,channels], align_corners false.
 * bicubic: antialiased, a = -0.5, as timm does each forward; else bilinear without antialiasing. */
void positions_resample(float *out, const float *table, int from, int to, int channels,
                        bool bicubic);

/* Relative positions [from,channels] -> [to,channels], linear, align_corners false. */
void relative_resample(float *out, const float *table, int from, int to, int channels);

#endif
