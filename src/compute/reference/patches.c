/* Neighbourhoods of a grid as rows, and back: a convolution is these and a matrix product. */
#include <string.h>

#include "compute/reference/reference.h"

typedef void Piece(float *columns, float *x, size_t channels, bool inside);

/* Calls `piece` for each (row, kernel element): where its channels lie in columns and in x. */
static void each_piece(Piece *piece, float *columns, float *x, const PatchShape *s) {
    size_t c = (size_t)s->channels;
    for (int b = 0; b < s->batch; b++)
        for (int oz = 0; oz < s->out[0]; oz++)
            for (int oy = 0; oy < s->out[1]; oy++)
                for (int ox = 0; ox < s->out[2]; ox++)
                    for (int kz = 0; kz < s->kernel[0]; kz++)
                        for (int ky = 0; ky < s->kernel[1]; ky++)
                            for (int kx = 0; kx < s->kernel[2]; kx++, columns += c) {
                                int z = oz * s->stride[0] + kz - s->pad[0];
                                int y = oy * s->stride[1] + ky - s->pad[1];
                                int xx = ox * s->stride[2] + kx - s->pad[2];
                                bool inside = z >= 0 && z < s->in[0] && y >= 0 && y < s->in[1] &&
                                              xx >= 0 && xx < s->in[2];
                                size_t at = 0;
                                if (inside) {
                                    at = (size_t)b * (size_t)s->in[0] + (size_t)z;
                                    at = at * (size_t)s->in[1] + (size_t)y;
                                    at = at * (size_t)s->in[2] + (size_t)xx;
                                }
                                piece(columns, x + at * c, c, inside);
                            }
}

static void take(float *columns, float *x, size_t channels, bool inside) {
    for (size_t c = 0; c < channels; c++) columns[c] = inside ? x[c] : 0.0f;
}

static void give(float *columns, float *x, size_t channels, bool inside) {
    for (size_t c = 0; inside && c < channels; c++) x[c] += columns[c];
}

/* Both directions share one walk, so each drops the const of what it only reads. */
static float *read_only(const float *p) {
    union {
        const float *from;
        float *to;
    } u = {p};
    return u.to;
}

void reference_patches(const Worker *w, float *columns, const float *x, const PatchShape *shape) {
    (void)w;
    each_piece(take, columns, read_only(x), shape);
}

void reference_unpatches(const Worker *w, Into x, const float *columns, const float *bias,
                         const PatchShape *shape) {
    size_t area = (size_t)shape->in[1] * (size_t)shape->in[2], c = (size_t)shape->channels;
    size_t grid = (size_t)shape->batch * (size_t)shape->in[0] * area * c;
    float *to = reference_begin(x, grid);
    if (bias) reference_add(w, to, to, bias, grid, c);
    each_piece(give, read_only(columns), to, shape);
}
