#include "train/augment.h"

#include <math.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

Augment augment_default(void) {
    return (Augment){.whole = 0.15,
                     .whole_click = 0.5,
                     .factor = {1.15, 2.6},
                     .click_factor = {0.5, 6.0},
                     .least = 24.0,
                     .flip = 0.5,
                     .turn = 0.4,
                     .scale = 0.2,
                     .intensity = 1.0,
                     .recolour = 0.35,
                     .noise = 0.3,
                     .blur = 0.2};
}

Augment augment_sam_med2d(void) { return (Augment){.factor = {1.0, 1.0}, .sam_med2d = true}; }

Augment augment_segmote(void) {
    return (Augment){.whole = 1.0,
                     .whole_click = 1.0,
                     .factor = {1.0, 1.0},
                     .click_factor = {1.0, 1.0},
                     .shade = 0.2};
}

static bool chance(Random *r, double p) { return random_uniform(r) < p; }

/* The cut turned and stretched about the point of the picture at its middle. */
static void deform(Cut *c, double angle, double stretch_x, double stretch_y, bool mirror,
                   bool upside) {
    double half = c->side / 2.0, x, y;
    cut_to_picture(c, half, half, &x, &y);
    double scale = c->a[0][0], s = sin(angle), k = cos(angle);
    double sx = scale * stretch_x * (mirror ? -1.0 : 1.0);
    double sy = scale * stretch_y * (upside ? -1.0 : 1.0);
    c->a[0][0] = k * sx, c->a[0][1] = -s * sy;
    c->a[1][0] = s * sx, c->a[1][1] = k * sy;
    c->a[0][2] = x - half * (c->a[0][0] + c->a[0][1]);
    c->a[1][2] = y - half * (c->a[1][0] + c->a[1][1]);
}

static Cut first_cut(const Augment *a, const Case *p, const CaseObject *o, int side, bool whole,
                     Random *r) {
    if (whole && a->squeezed) return cut_squeezed(p->height, p->width, side);
    if (whole) return cut_whole(p->height, p->width, side);
    double width = o->x1 - o->x0 + 1, height = o->y1 - o->y0 + 1, longer = fmax(width, height);
    double size = longer * exp(random_between(r, log(a->factor[0]), log(a->factor[1])));
    double room = fabs(size - longer) * 0.35;
    return cut_around(p, (o->x0 + o->x1 + 1) / 2.0 + random_between(r, -room, room),
                      (o->y0 + o->y1 + 1) / 2.0 + random_between(r, -room, room),
                      fmax(size, a->least), side);
}

Cut augment_cut(const Augment *a, const Case *p, const CaseObject *o, int side, Random *r) {
    if (a->sam_med2d) return cut_square(p->height, p->width, side);
    bool whole = chance(r, a->whole);
    Cut c = first_cut(a, p, o, side, whole, r);
    bool mirror = chance(r, a->flip), upside = chance(r, a->flip * 0.6);
    double angle = 0.0, x = 0.0, y = 0.0;
    if (chance(r, a->flip * 0.6)) angle = pi / 2.0;
    if (chance(r, a->turn)) angle += random_normal(r) * 0.3;
    if (a->scale > 0.0) {
        x = random_between(r, -a->scale, a->scale);
        y = random_between(r, -a->scale, a->scale);
    }
    if (mirror || upside || angle > 0.0 || angle < 0.0 || a->scale > 0.0)
        deform(&c, angle, exp(x), exp(y), mirror, upside);
    return c;
}

/* One byte's way: inverted, gamma, contrast, brightness, all in 0 .. 1. */
typedef struct Curve {
    bool inverted;
    double gamma, contrast, brightness;
} Curve;

static double curve_at(const Curve *c, double x) {
    if (c->inverted) x = 1.0 - x;
    x = (pow(x, c->gamma) - 0.5) * c->contrast + 0.5 + c->brightness;
    return x < 0.0 ? 0.0 : x > 1.0 ? 1.0 : x;
}

static void recolour(Look *l, int channels, Random *r) {
    int kind = (int)random_integer(r, 0, 2);
    if (channels == 1 || kind == 0) return;
    int first = (int)random_integer(r, 0, 2), step = (int)random_integer(r, 1, 2);
    for (int c = 0; c < 3; c++) l->source[c] = kind == 1 ? first : (first + c * step) % 3;
}

void augment_look(const Augment *a, const Case *p, Look *l, Random *r) {
    if (a->sam_med2d) {
        look_blue_first(l);
        return;
    }
    look_plain(l);
    bool other = chance(r, a->recolour);
    Curve common = {other && chance(r, 0.4), 1.0, 1.0, 0.0};
    double s = a->intensity;
    if (chance(r, 0.6 * s)) common.gamma = exp(random_between(r, -0.5, 0.5) * s);
    if (chance(r, 0.7 * s)) common.contrast = exp(random_between(r, -0.5, 0.4) * s);
    if (chance(r, 0.7 * s)) common.brightness = random_between(r, -0.15, 0.15) * s;
    bool tint = chance(r, p->channels == 1 ? a->recolour : 0.6 * s);
    if (other) recolour(l, p->channels, r);
    Look plain;
    look_plain(&plain);
    for (int c = 0; c < 3; c++) {
        Curve own = common;
        if (tint) {
            own.gamma *= exp(random_between(r, -0.4, 0.4));
            own.contrast *= exp(random_between(r, -0.25, 0.25));
            own.brightness += random_between(r, -0.12, 0.12);
        }
        for (int i = 0; i < 256; i++) {
            double at = curve_at(&own, i / 255.0) * 255.0;
            int low = (int)at < 254 ? (int)at : 254;
            l->value[c][i] = plain.value[c][low] +
                             (float)(at - low) * (plain.value[c][low + 1] - plain.value[c][low]);
        }
    }
}

static void add_noise(float *image, int side, Random *r) {
    float scale = (float)(random_between(r, 0.02, 0.2) / 296.0);
    size_t n = (size_t)side * (size_t)side * 3;
    for (size_t i = 0; i < n; i += 2) {
        /* sums of four bytes: near enough to normal, and cheap */
        uint64_t bits = random_bits(r);
        int x = -510, y = -510;
        for (int k = 0; k < 4; k++, bits >>= 16) {
            x += (int)(bits & 255);
            y += (int)(bits >> 8 & 255);
        }
        image[i] += scale * 2.0f * (float)x;
        if (i + 1 < n) image[i + 1] += scale * 2.0f * (float)y;
    }
}

/* [1 2 1] / 4 along both axes, once. */
static void soften(float *image, float *scratch, int side) {
    size_t row = (size_t)side * 3;
    for (int y = 0; y < side; y++)
        for (size_t i = 0; i < row; i++) {
            const float *line = image + (size_t)y * row;
            float left = i >= 3 ? line[i - 3] : line[i],
                  right = i + 3 < row ? line[i + 3] : line[i];
            scratch[(size_t)y * row + i] = 0.25f * (left + right) + 0.5f * line[i];
        }
    for (int y = 0; y < side; y++) {
        const float *at = scratch + (size_t)y * row;
        const float *above = y ? at - row : at, *below = y + 1 < side ? at + row : at;
        for (size_t i = 0; i < row; i++)
            image[(size_t)y * row + i] = 0.25f * (above[i] + below[i]) + 0.5f * at[i];
    }
}

/* What is not picture is shaded too: the published code pads nothing. */
static void shade(float *image, int side, double probability, Random *r) {
    float factor = chance(r, probability) ? (float)random_between(r, 0.8, 1.2) : 1.0f;
    float more = chance(r, probability) ? (float)random_between(r, -0.2, 0.2) : 0.0f;
    for (size_t i = 0, n = (size_t)side * (size_t)side * 3; i < n; i++)
        image[i] = image[i] * factor + more;
}

void augment_pixels(const Augment *a, float *image, float *scratch, int side, Random *r) {
    if (chance(r, a->blur)) {
        int64_t times = random_integer(r, 1, 4);
        while (times--) soften(image, scratch, side);
    }
    if (chance(r, a->noise)) add_noise(image, side, r);
    if (a->shade > 0.0) shade(image, side, a->shade, r);
}
