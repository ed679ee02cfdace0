#include "cases/cut.h"

#include <math.h>
#include <string.h>

Cut cut_whole(int height, int width, int side) {
    double s = (double)(height > width ? height : width) / (double)side;
    return (Cut){{{s, 0.0, 0.0}, {0.0, s, 0.0}}, side, false};
}

Cut cut_squeezed(int height, int width, int side) {
    return (Cut){.a = {{(double)width / side, 0.0, 0.0}, {0.0, (double)height / side, 0.0}},
                 .side = side};
}

Cut cut_square(int height, int width, int side) {
    Cut c = {.side = side, .nearest = true};
    bool fits = height < side && width < side;
    c.a[0][0] = fits ? 1.0 : (double)width / (double)side;
    c.a[1][1] = fits ? 1.0 : (double)height / (double)side;
    if (fits) c.a[0][2] = -((side - width) / 2), c.a[1][2] = -((side - height) / 2);
    return c;
}

static double moved_in(double at, double size, double length) {
    double lo = length < size ? length - size : 0.0, hi = length < size ? 0.0 : length - size;
    return at < lo ? lo : at > hi ? hi : at;
}

Cut cut_around(const Case *p, double x, double y, double size, int side) {
    double longer = (double)(p->height > p->width ? p->height : p->width);
    if (size > longer) size = longer;
    double s = size / (double)side;
    double left = moved_in(x - size / 2.0, size, (double)p->width);
    double top = moved_in(y - size / 2.0, size, (double)p->height);
    return (Cut){{{s, 0.0, left}, {0.0, s, top}}, side, false};
}

Cut cut_zoomed(const Case *p, const double box[4], double factor, double least, int side) {
    double width = box[2] - box[0] + 1.0, height = box[3] - box[1] + 1.0;
    double size = factor * (width > height ? width : height);
    return cut_around(p, (box[0] + box[2] + 1.0) / 2.0, (box[1] + box[3] + 1.0) / 2.0,
                      size < least ? least : size, side);
}

void cut_to_picture(const Cut *v, double u, double w, double *x, double *y) {
    *x = v->a[0][0] * u + v->a[0][1] * w + v->a[0][2];
    *y = v->a[1][0] * u + v->a[1][1] * w + v->a[1][2];
}

void cut_from_picture(const Cut *v, double x, double y, double *u, double *w) {
    double det = v->a[0][0] * v->a[1][1] - v->a[0][1] * v->a[1][0];
    double dx = x - v->a[0][2], dy = y - v->a[1][2];
    *u = (v->a[1][1] * dx - v->a[0][1] * dy) / det;
    *w = (v->a[0][0] * dy - v->a[1][0] * dx) / det;
}

double cut_scale(const Cut *v) {
    return 1.0 / sqrt(fabs(v->a[0][0] * v->a[1][1] - v->a[0][1] * v->a[1][0]));
}

void look_plain(Look *l) {
    static const double mean[3] = {123.675, 116.28, 103.53}, deviation[3] = {58.395, 57.12, 57.375};
    for (int c = 0; c < 3; c++) {
        l->source[c] = c;
        for (int i = 0; i < 256; i++)
            l->value[c][i] = (float)(((double)i - mean[c]) / deviation[c]);
    }
}

void look_blue_first(Look *l) {
    look_plain(l);
    for (int c = 0; c < 3; c++) l->source[c] = 2 - c;
}

/* Samples along one axis of an output pixel, so that no picture pixel is skipped. */
static int samples_for(const Cut *v) {
    if (v->nearest) return 1;
    double step = fmax(hypot(v->a[0][0], v->a[1][0]), hypot(v->a[0][1], v->a[1][1]));
    int n = (int)ceil(step - 0.3);
    return n < 1 ? 1 : n > 8 ? 8 : n;
}

typedef struct Neighbours4 {
    size_t at[4]; /* pixels */
    float weight[4];
} Neighbours4;

/* The four pixels around continuous (x, y), clamped at the border; false outside the picture. */
static bool neighbours(Neighbours4 *n, double x, double y, int width, int height) {
    if (!(x >= 0.0 && y >= 0.0 && x < (double)width && y < (double)height)) return false;
    float fx = (float)x - 0.5f, fy = (float)y - 0.5f;
    int x0 = (int)(fx + 1.0f) - 1, y0 = (int)(fy + 1.0f) - 1;
    float ax = fx - (float)x0, ay = fy - (float)y0;
    int xa = x0 < 0 ? 0 : x0, xb = x0 + 1 < width ? x0 + 1 : width - 1;
    int ya = y0 < 0 ? 0 : y0, yb = y0 + 1 < height ? y0 + 1 : height - 1;
    size_t a = (size_t)ya * (size_t)width, b = (size_t)yb * (size_t)width;
    n->at[0] = a + (size_t)xa, n->at[1] = a + (size_t)xb;
    n->at[2] = b + (size_t)xa, n->at[3] = b + (size_t)xb;
    n->weight[0] = (1.0f - ax) * (1.0f - ay), n->weight[1] = ax * (1.0f - ay);
    n->weight[2] = (1.0f - ax) * ay, n->weight[3] = ax * ay;
    return true;
}

static void add_sample(float sum[3], const Case *p, const Look *l, double x, double y) {
    Neighbours4 n;
    if (!neighbours(&n, x, y, p->width, p->height)) return;
    for (int c = 0; c < 3; c++) {
        const uint8_t *pixels = p->pixels + (p->channels == 3 ? l->source[c] : 0);
        size_t step = (size_t)p->channels;
        const float *value = l->value[c];
        sum[c] += n.weight[0] * value[pixels[n.at[0] * step]] +
                  n.weight[1] * value[pixels[n.at[1] * step]] +
                  n.weight[2] * value[pixels[n.at[2] * step]] +
                  n.weight[3] * value[pixels[n.at[3] * step]];
    }
}

/* Where sample k of n n of a view pixel lies in the picture; of nearest cuts, the middle of the
 * picture pixel that is meant. */
static void sample_place(const Cut *v, int column, int row, int k, int n, double *x, double *y) {
    if (!v->nearest) {
        cut_to_picture(v, column + (k % n + 0.5) / n, row + (k / n + 0.5) / n, x, y);
        return;
    }
    cut_to_picture(v, column, row, x, y);
    *x = floor(*x + 1e-9) + 0.5, *y = floor(*y + 1e-9) + 0.5;
}

void cut_render(float *out, const Case *p, const Cut *v, const Look *l) {
    int n = samples_for(v);
    float share = 1.0f / (float)(n * n);
    for (int row = 0; row < v->side; row++)
        for (int column = 0; column < v->side; column++, out += 3) {
            float sum[3] = {0.0f, 0.0f, 0.0f};
            for (int k = 0; k < n * n; k++) {
                double x, y;
                sample_place(v, column, row, k, n, &x, &y);
                add_sample(sum, p, l, x, y);
            }
            for (int c = 0; c < 3; c++) out[c] = sum[c] * share;
        }
}

/* Bilinear value of the object's mask, which is 0 outside its box. */
static float object_at(const CaseObject *o, double x, double y) {
    float fx = (float)(x - o->x0) - 0.5f, fy = (float)(y - o->y0) - 0.5f;
    int width = o->x1 - o->x0 + 1, height = o->y1 - o->y0 + 1;
    if (fx <= -1.0f || fy <= -1.0f || fx >= (float)width || fy >= (float)height) return 0.0f;
    int x0 = (int)(fx + 1.0f) - 1, y0 = (int)(fy + 1.0f) - 1;
    float sum = 0.0f;
    for (int k = 0; k < 4; k++) {
        int u = x0 + (k & 1), w = y0 + (k >> 1);
        if (u < 0 || w < 0 || u >= width || w >= height) continue;
        float ax = fx - (float)x0, ay = fy - (float)y0;
        float weight = (k & 1 ? ax : 1.0f - ax) * (k >> 1 ? ay : 1.0f - ay);
        sum += weight * (float)o->mask[(size_t)w * (size_t)width + (size_t)u];
    }
    return sum;
}

void cut_render_object(uint8_t *out, const CaseObject *o, const Cut *v) {
    int n = samples_for(v);
    for (int row = 0; row < v->side; row++)
        for (int column = 0; column < v->side; column++) {
            float sum = 0.0f;
            for (int k = 0; k < n * n; k++) {
                double x, y;
                sample_place(v, column, row, k, n, &x, &y);
                sum += object_at(o, x, y);
            }
            *out++ = sum * 2.0f >= (float)(n * n);
        }
}

void cut_render_ignored(uint8_t *out, const Case *p, const Cut *v) {
    CaseObject all = {.x1 = p->width - 1, .y1 = p->height - 1, .mask = p->ignored};
    memset(out, 0, (size_t)v->side * (size_t)v->side);
    if (p->ignored) cut_render_object(out, &all, v);
}
