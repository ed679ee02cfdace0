#include "cases/shapes.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "cases/purposes.h"

enum { WAVES = 6, MOST_BLOBS = 9 };

/* A closed curve around (x, y): radius r (1 + sum of waves), squeezed and turned. */
typedef struct Blob {
    double x, y, radius, squeeze, angle, soft;
    double height[WAVES], phase[WAVES];
} Blob;

/* Colour and grain of a region. */
typedef struct Texture {
    double colour[3], tilt[2], grain, cell, tint;
    uint64_t key;
} Texture;

static Blob blob_draw(Random *r, double smallest, double largest) {
    Blob b = {.x = random_between(r, 0.05, 0.95) * SHAPES_SIDE,
              .y = random_between(r, 0.05, 0.95) * SHAPES_SIDE,
              .radius = exp(random_between(r, log(smallest), log(largest))) * SHAPES_SIDE,
              .squeeze = random_between(r, 0.45, 1.0),
              .angle = random_between(r, 0.0, 3.141592653589793),
              .soft = random_between(r, 0.4, 3.0)};
    double rough = random_uniform(r) * random_uniform(r) * 0.5;
    for (int i = 0; i < WAVES; i++) {
        b.height[i] = rough * random_normal(r) / (1.0 + i);
        b.phase[i] = random_between(r, 0.0, 6.283185307179586);
    }
    return b;
}

/* How deep (x, y) lies inside, in pixels, roughly. */
static double blob_depth(const Blob *b, double x, double y) {
    double c = cos(b->angle), s = sin(b->angle);
    double u = (x - b->x) * c + (y - b->y) * s, w = ((y - b->y) * c - (x - b->x) * s) / b->squeeze;
    double rho = hypot(u, w), radius = 1.0;
    if (rho > 2.5 * b->radius + 8.0) return -1e3;
    double theta = atan2(w, u);
    for (int i = 0; i < WAVES; i++) radius += b->height[i] * cos((i + 2) * theta + b->phase[i]);
    return b->radius * fmax(radius, 0.2) - rho;
}

static Texture texture_draw(Random *r) {
    Texture t = {.grain = random_uniform(r) * random_uniform(r) * 60.0,
                 .cell = exp(random_between(r, log(2.0), log(40.0))),
                 .tint = random_uniform(r),
                 .key = random_bits(r)};
    for (int c = 0; c < 3; c++) t.colour[c] = random_between(r, 15.0, 240.0);
    for (int i = 0; i < 2; i++) t.tilt[i] = random_normal(r) * 0.15;
    return t;
}

/* A texture that differs from `other` by a contrast that may be faint. */
static Texture texture_beside(const Texture *other, Random *r) {
    Texture t = texture_draw(r);
    double contrast = exp(random_between(r, log(14.0), log(130.0))), length = 0.0, to[3];
    for (int c = 0; c < 3; c++) to[c] = random_normal(r), length += to[c] * to[c];
    for (int c = 0; c < 3; c++) {
        double by = contrast * to[c] / sqrt(length + 1e-9);
        double at = other->colour[c] + by;
        t.colour[c] = at < 0.0 || at > 255.0 ? other->colour[c] - by : at;
    }
    return t;
}

static double lattice(uint64_t key, int x, int y) {
    uint64_t bits = random_mix(key ^ ((uint64_t)(uint32_t)x << 32 | (uint32_t)y));
    return (double)(bits >> 11) * 0x1p-53 - 0.5;
}

static double smooth_noise(uint64_t key, double x, double y) {
    int x0 = (int)floor(x), y0 = (int)floor(y);
    double a = x - x0, b = y - y0;
    a = a * a * (3.0 - 2.0 * a), b = b * b * (3.0 - 2.0 * b);
    return (lattice(key, x0, y0) * (1.0 - a) + lattice(key, x0 + 1, y0) * a) * (1.0 - b) +
           (lattice(key, x0, y0 + 1) * (1.0 - a) + lattice(key, x0 + 1, y0 + 1) * a) * b;
}

static void texture_at(const Texture *t, int x, int y, double out[3]) {
    double n = smooth_noise(t->key, x / t->cell, y / t->cell) +
               0.5 * smooth_noise(t->key + 1, 2.0 * x / t->cell, 2.0 * y / t->cell) +
               0.3 * lattice(t->key + 2, x, y);
    double slope = t->tilt[0] * (x - SHAPES_SIDE / 2) + t->tilt[1] * (y - SHAPES_SIDE / 2);
    for (int c = 0; c < 3; c++) {
        double own = smooth_noise(t->key + 3 + (uint64_t)c, x / t->cell, y / t->cell);
        out[c] =
            t->colour[c] + slope + t->grain * ((1.0 - t->tint) * n * 2.0 + t->tint * own * 2.0);
    }
}

typedef struct Scene {
    Texture ground, body, core;
    Blob blob[MOST_BLOBS];
    int blobs;
    bool cored; /* a second texture deep inside that belongs to the object */
    bool grey;
} Scene;

static Scene scene_draw(Random *r) {
    Scene s = {.ground = texture_draw(r)};
    s.body = texture_beside(&s.ground, r);
    s.core = texture_beside(&s.body, r);
    bool crowd = random_uniform(r) < 0.35;
    s.blobs = (int)random_integer(r, 1, crowd ? MOST_BLOBS : 3);
    for (int i = 0; i < s.blobs; i++)
        s.blob[i] = crowd ? blob_draw(r, 0.04, 0.13) : blob_draw(r, 0.07, 0.36);
    s.cored = random_uniform(r) < 0.25;
    s.grey = random_uniform(r) < 0.35;
    return s;
}

static void paint(const Scene *s, int x, int y, uint8_t pixel[3], uint32_t *label) {
    double colour[3], over[3];
    texture_at(&s->ground, x, y, colour);
    *label = 0;
    for (int i = 0; i < s->blobs; i++) {
        double depth = blob_depth(&s->blob[i], x + 0.5, y + 0.5);
        if (depth < -8.0 * s->blob[i].soft) continue;
        bool core = s->cored && depth > 0.45 * s->blob[i].radius * s->blob[i].squeeze;
        texture_at(core ? &s->core : &s->body, x, y, over);
        double share = 1.0 / (1.0 + exp(-depth / s->blob[i].soft));
        for (int c = 0; c < 3; c++) colour[c] += share * (over[c] - colour[c]);
        if (depth > 0.0) *label = (uint32_t)i + 1;
    }
    double mean = (colour[0] + colour[1] + colour[2]) / 3.0;
    for (int c = 0; c < 3; c++) {
        double v = s->grey ? mean : colour[c];
        pixel[c] = (uint8_t)(v < 0.0 ? 0.0 : v > 255.0 ? 255.0 : v);
    }
}

static Status add_scene(Dataset *d, int set, int index, uint64_t seed, uint32_t *labels,
                        Error *error) {
    size_t n = (size_t)SHAPES_SIDE * SHAPES_SIDE;
    if (!memory_grow(&d->picture, &d->picture_capacity, d->pictures, sizeof *d->picture))
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for drawn pictures");
    Case p = {.set = set,
              .part = SPLIT_TRAIN,
              .height = SHAPES_SIDE,
              .width = SHAPES_SIDE,
              .channels = 3};
    Status status = store_new(&d->store, &p.pixels, n * 3, error);
    char name[32];
    snprintf(name, sizeof name, "shapes/%d", index);
    p.name = memory_text(name);
    d->picture[d->pictures++] = p;
    if (status) return status;
    if (!p.name) return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for drawn pictures");
    Random r = random_begin(seed, 0, (uint64_t)index, PURPOSE_SHAPES);
    Scene s = scene_draw(&r);
    for (size_t i = 0; i < n; i++)
        paint(&s, (int)(i % SHAPES_SIDE), (int)(i / SHAPES_SIDE), p.pixels + 3 * i, &labels[i]);
    return dataset_add_objects(d, labels, (int)d->pictures - 1, error);
}

Status dataset_add_shapes(Dataset *d, int count, uint64_t seed, Error *error) {
    uint32_t *labels = memory_new((size_t)SHAPES_SIDE * SHAPES_SIDE * sizeof *labels);
    char *name = memory_text("shapes");
    Status status = VOXPERT_OK;
    if (!labels || !name || !memory_grow(&d->set, &d->set_capacity, d->sets, sizeof *d->set)) {
        memory_free(name);
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for drawn pictures");
    } else {
        d->set[d->sets++] = (CaseSet){.name = name};
    }
    int set = (int)d->sets - 1;
    for (int i = 0; !status && i < count; i++) status = add_scene(d, set, i, seed, labels, error);
    memory_free(labels);
    return status;
}
