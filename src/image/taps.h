/* taps.h - which inputs make which output when one axis is resized, and with what weights.
 *
 * Output i is the sum of `count[i]` neighbouring inputs from `first[i]` on.  Sample i sits at
 * i + 0.5 on both grids (align_corners = false everywhere). */
#ifndef IMAGE_TAPS_H
#define IMAGE_TAPS_H

#include <stdbool.h>
#include <stddef.h>

typedef enum TapRule {
    TAPS_NEAREST,       /* floor(i in/out): PyTorch "nearest" */
    TAPS_NEAREST_EXACT, /* floor((i + 0.5) in/out): PyTorch "nearest-exact" */
    TAPS_LINEAR,        /* two neighbours, clamped at the edge: PyTorch "bilinear", "trilinear" */
    TAPS_CUBIC,         /* four neighbours, a = -0.75, clamped: PyTorch "bicubic" */
    TAPS_LINEAR_ANTIALIASED, /* triangle as wide as the step: Pillow and PyTorch with antialias */
    TAPS_CUBIC_ANTIALIASED   /* the same with a cubic of a = -0.5 */
} TapRule;

typedef struct Taps {
    size_t outputs, most; /* most = largest count */
    size_t *first, *count;
    double *weight; /* [outputs, most]; those of an output add up to 1 */
} Taps;

/* `from` and `to` are at least 1.  False: no memory, nothing is held. */
bool taps_make(Taps *out, size_t from, size_t to, TapRule rule);
void taps_free(Taps *taps); /* a zeroed one is fine */

#endif
