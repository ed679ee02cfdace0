/* heat_maps.h - where the tokens of each expert look.
 *
 * SegMoTE's build_expert_cams_from_block, agg = "mean": token-to-image attention averaged over the
 * heads, each token's map stretched to 0 .. 1, the maps of an expert's tokens averaged and
 * stretched again.  An expert without tokens gives zeros. */
#ifndef MOE_HEAT_MAPS_H
#define MOE_HEAT_MAPS_H

#include <stddef.h>

typedef struct HeatShape {
    int tokens, cells; /* expert tokens of one mask; cells of the image's grid */
    int heads, inner;  /* of the attention; inner = width of q and k */
    int experts;
} HeatShape;

/* maps[experts,cells] from q[tokens,inner], k[cells,inner] and gates[tokens, gate_stride]: a token
 * belongs to the experts whose gate is not 0.  `scratch`: 2 cells floats. */
void expert_heat_maps(float *maps, const float *q, const float *k, const float *gates,
                      size_t gate_stride, const HeatShape *shape, float *scratch);

#endif
