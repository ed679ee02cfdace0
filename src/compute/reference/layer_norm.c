/* Layer normalization over the last axis (Ba et al. 2016). */
#include <math.h>

#include "compute/reference/reference.h"

void reference_layer_norm(const Worker *w, float *y, float *mean, float *rstd, const float *x,
                          const float *gamma, const float *beta, size_t rows, int cols, float eps) {
    (void)w;
    for (size_t r = 0; r < rows; r++, x += cols, y += cols) {
        double sum = 0.0, square = 0.0;
        for (int c = 0; c < cols; c++) sum += (double)x[c];
        double mu = sum / cols;
        for (int c = 0; c < cols; c++) square += ((double)x[c] - mu) * ((double)x[c] - mu);
        double scale = 1.0 / sqrt(square / cols + (double)eps);
        if (mean) mean[r] = (float)mu, rstd[r] = (float)scale;
        for (int c = 0; c < cols; c++)
            y[c] = (float)(((double)x[c] - mu) * scale * (double)gamma[c] + (double)beta[c]);
    }
}

/* With xhat = (x - mean) rstd and g = dy gamma:  dx = rstd (g - mean(g) - xhat mean(g xhat)). */
void reference_layer_norm_backward(const Worker *w, Into dx, float *dgamma, float *dbeta,
                                   const float *dy, const float *x, const float *gamma,
                                   const float *mean, const float *rstd, size_t rows, int cols) {
    (void)w;
    for (size_t r = 0; r < rows; r++, x += cols, dy += cols) {
        double g_mean = 0.0, gx_mean = 0.0;
        for (int c = 0; c < cols; c++) {
            float xhat = (x[c] - mean[r]) * rstd[r];
            g_mean += (double)(dy[c] * gamma[c]);
            gx_mean += (double)(dy[c] * gamma[c] * xhat);
            if (dgamma) dgamma[c] += dy[c] * xhat;
            if (dbeta) dbeta[c] += dy[c];
        }
        if (!dx.at) continue;
        float gm = (float)(g_mean / cols), gxm = (float)(gx_mean / cols);
        for (int c = 0; c < cols; c++) {
            float xhat = (x[c] - mean[r]) * rstd[r];
            float *to = dx.at + r * (size_t)cols + (size_t)c, had = dx.fresh ? 0.0f : *to;
            *to = had + rstd[r] * (dy[c] * gamma[c] - gm - xhat * gxm);
        }
    }
}
