#include "moe/heat_maps.h"

#include <math.h>

/* 0 .. 1 by (x - least) / max(most - least, 1e-12) */
static void stretch(float *x, int n) {
    float least = x[0], most = x[0];
    for (int i = 1; i < n; i++) least = fminf(least, x[i]), most = fmaxf(most, x[i]);
    float range = fmaxf(most - least, 1e-12f);
    for (int i = 0; i < n; i++) x[i] = (x[i] - least) / range;
}

/* map += softmax of one head's scores / heads */
static void add_head(float *map, float *score, const float *q, const float *k, const HeatShape *s) {
    int width = s->inner / s->heads;
    double scale = 1.0 / sqrt(width), sum = 0.0;
    float most = -INFINITY;
    for (int i = 0; i < s->cells; i++, k += s->inner) {
        double dot = 0.0;
        for (int c = 0; c < width; c++) dot += (double)q[c] * (double)k[c];
        score[i] = (float)(dot * scale);
        most = fmaxf(most, score[i]);
    }
    for (int i = 0; i < s->cells; i++) sum += exp((double)(score[i] - most));
    for (int i = 0; i < s->cells; i++)
        map[i] += (float)(exp((double)(score[i] - most)) / sum / s->heads);
}

void expert_heat_maps(float *maps, const float *q, const float *k, const float *gates,
                      size_t gate_stride, const HeatShape *s, float *scratch) {
    float *map = scratch, *score = scratch + s->cells;
    for (int i = 0; i < s->experts * s->cells; i++) maps[i] = 0.0f;
    for (int t = 0; t < s->tokens; t++, q += s->inner, gates += gate_stride) {
        for (int i = 0; i < s->cells; i++) map[i] = 0.0f;
        for (int h = 0; h < s->heads; h++) {
            int first = h * (s->inner / s->heads);
            add_head(map, score, q + first, k + first, s);
        }
        stretch(map, s->cells);
        for (int e = 0; e < s->experts; e++)
            for (int i = 0; gates[e] > 0.0f && i < s->cells; i++) maps[e * s->cells + i] += map[i];
    }
    /* sums stretch as means do */
    for (int e = 0; e < s->experts; e++) stretch(maps + e * s->cells, s->cells);
}
