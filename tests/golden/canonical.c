#include "tests/golden/canonical.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The axis of the volume that runs most along each world axis, each used once; the volume's axes
 * choose in order. */
static void axes_choose(size_t axis[3], bool flip[3], const VolumeGrid *grid) {
    bool taken[3] = {false};
    for (size_t from = 0; from < 3; from++) {
        size_t best = 3;
        for (size_t world = 0; world < 3; world++) {
            double now = fabs(grid->affine_ras[world][from]);
            if (!taken[world] && (best == 3 || now > fabs(grid->affine_ras[best][from])))
                best = world;
        }
        taken[best] = true;
        axis[best] = from;
        flip[best] = grid->affine_ras[best][from] < 0.0;
    }
}

static void grid_turn(VolumeGrid *out, const VolumeGrid *in, const size_t axis[3],
                      const bool flip[3], const size_t size[3]) {
    for (size_t row = 0; row < 3; row++) {
        out->affine_ras[row][3] = in->affine_ras[row][3];
        for (size_t world = 0; world < 3; world++) {
            double step = in->affine_ras[row][axis[world]];
            out->affine_ras[row][world] = flip[world] ? -step : step;
            if (flip[world]) out->affine_ras[row][3] += step * (double)(size[axis[world]] - 1);
        }
    }
}

Volume *canonical_ras(const Volume *v) {
    const size_t size[] = {v->width, v->height, v->depth};
    size_t axis[3], at[3], sample = sample_size(v->type);
    bool flip[3];
    Volume *out;
    axes_choose(axis, flip, &v->grid);
    VolumeSize turned = {1, size[axis[2]], size[axis[1]], size[axis[0]], 1};
    if (volume_new(&out, turned, v->type, NULL)) abort();
    grid_turn(&out->grid, &v->grid, axis, flip, size);
    uint8_t *to = out->samples;
    for (size_t k = 0; k < out->depth; k++) {
        for (size_t j = 0; j < out->height; j++) {
            for (size_t i = 0; i < out->width; i++, to += sample) {
                const size_t here[] = {i, j, k};
                for (size_t w = 0; w < 3; w++)
                    at[axis[w]] = flip[w] ? size[axis[w]] - 1 - here[w] : here[w];
                size_t from = (at[2] * v->height + at[1]) * v->width + at[0];
                memcpy(to, (const uint8_t *)v->samples + from * sample, sample);
            }
        }
    }
    return out;
}
