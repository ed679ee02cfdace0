/* 3x3 convolution with one filter for each channel, padding 1. */
#include "compute/reference/reference.h"

typedef struct Site {    /* one (output, tap) pair */
    size_t out, in, tap; /* offsets of channel 0 */
} Site;

typedef struct Walk {
    int batch, h, w, channels, stride, out_h, out_w;
} Walk;

static Walk walk_of(int batch, const int size[2], int channels, int stride) {
    return (Walk){batch,
                  size[0],
                  size[1],
                  channels,
                  stride,
                  (size[0] - 1) / stride + 1,
                  (size[1] - 1) / stride + 1};
}

/* False where the tap falls outside. */
static bool site_at(Site *s, const Walk *k, int b, int oy, int ox, int tap) {
    int y = oy * k->stride + tap / 3 - 1, x = ox * k->stride + tap % 3 - 1;
    size_t c = (size_t)k->channels;
    if (y < 0 || y >= k->h || x < 0 || x >= k->w) return false;
    s->out = ((size_t)(b * k->out_h + oy) * (size_t)k->out_w + (size_t)ox) * c;
    s->in = ((size_t)(b * k->h + y) * (size_t)k->w + (size_t)x) * c;
    s->tap = (size_t)tap * c;
    return true;
}

void reference_depthwise(const Worker *w, float *y, const float *x, const float *filter,
                         const float *bias, int batch, const int size[2], int channels,
                         int stride) {
    (void)w;
    Walk k = walk_of(batch, size, channels, stride);
    for (int b = 0; b < batch; b++)
        for (int oy = 0; oy < k.out_h; oy++)
            for (int ox = 0; ox < k.out_w; ox++)
                for (int c = 0; c < channels; c++) {
                    double sum = bias ? (double)bias[c] : 0.0;
                    Site s;
                    for (int tap = 0; tap < 9; tap++) {
                        if (site_at(&s, &k, b, oy, ox, tap))
                            sum += (double)x[s.in + (size_t)c] * (double)filter[s.tap + (size_t)c];
                    }
                    size_t row = (size_t)(b * k.out_h + oy) * (size_t)k.out_w + (size_t)ox;
                    y[row * (size_t)channels + (size_t)c] = (float)sum;
                }
}

void reference_depthwise_backward(const Worker *w, float *dx, float *dfilter, float *dbias,
                                  const float *dy, const float *x, const float *filter, int batch,
                                  const int size[2], int channels, int stride) {
    (void)w;
    Walk k = walk_of(batch, size, channels, stride);
    for (int b = 0; b < batch; b++)
        for (int oy = 0; oy < k.out_h; oy++)
            for (int ox = 0; ox < k.out_w; ox++)
                for (size_t c = 0; c < (size_t)channels; c++) {
                    size_t row = (size_t)(b * k.out_h + oy) * (size_t)k.out_w + (size_t)ox;
                    float d = dy[row * (size_t)channels + c];
                    if (dbias) dbias[c] += d;
                    Site s;
                    for (int tap = 0; tap < 9; tap++) {
                        if (!site_at(&s, &k, b, oy, ox, tap)) continue;
                        if (dx) dx[s.in + c] += d * filter[s.tap + c];
                        if (dfilter) dfilter[s.tap + c] += d * x[s.in + c];
                    }
                }
}
