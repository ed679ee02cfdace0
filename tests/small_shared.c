/* small_shared FOLDER: draws what tests need of the shared folder's pictures, for checkouts without
 * it.
 *
 *     data/2d/micro_wbc   300 cells, 120 x 120 (074: 108 x 112), colour; masks: 1 the cell, 2 its
 * nucleus data/2d/derm_ph2    120 spots, 120 x 96, colour; masks: 1 the spot data/2d/us_breast   36
 * spots, 96 x 72, colour
 *
 * The same bytes each time; they look like nothing that a model was made for. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/files.h"
#include "base/random.h"
#include "image/volume.h"

typedef struct Ellipse {
    double x, y, a, b;
} Ellipse;

typedef struct Kind {
    const char *folder, *prefix;
    int count, width, height;
    bool nucleus;
    uint8_t ground[3], body[3], core[3];
} Kind;

static const Kind kinds[] = {
    {"micro_wbc", "", 300, 120, 120, true, {228, 210, 205}, {190, 170, 210}, {110, 60, 150}},
    {"derm_ph2", "IMD", 120, 120, 96, false, {205, 160, 140}, {95, 60, 50}, {95, 60, 50}},
    {"us_breast", "", 36, 96, 72, false, {90, 90, 90}, {30, 30, 30}, {30, 30, 30}},
};

static bool inside(const Ellipse *e, int x, int y) {
    double dx = (x - e->x) / e->a, dy = (y - e->y) / e->b;
    return dx * dx + dy * dy < 1.0;
}

static Volume *picture_new(const Kind *k, size_t channels) {
    Volume *v = NULL;
    VolumeSize size = {1, 1, (size_t)k->height, (size_t)k->width, channels};
    if (volume_new(&v, size, SAMPLE_U8, NULL)) abort();
    return v;
}

static void write_and_free(Volume *v, const char *folder, const Kind *k, const char *part,
                           int number) {
    char path[600];
    snprintf(path, sizeof path, "%s/data/2d/%s/%s", folder, k->folder, part);
    if (folder_make(path, NULL)) abort();
    snprintf(path, sizeof path, "%s/data/2d/%s/%s/%s%03d.png", folder, k->folder, part, k->prefix,
             number);
    if (volume_write(v, path, NULL)) abort();
    volume_free(v);
}

static void draw(const Kind *k, const char *folder, int number) {
    Random r = random_begin(7, (uint64_t)k->width, (uint64_t)number, 0);
    Volume *image = picture_new(k, 3), *mask = picture_new(k, 1);
    uint8_t *rgb = image->samples, *label = mask->samples;
    Ellipse body = {
        k->width * random_between(&r, 0.44, 0.56), k->height * random_between(&r, 0.44, 0.56),
        k->width * random_between(&r, 0.28, 0.38), k->height * random_between(&r, 0.28, 0.38)};
    Ellipse core = {body.x + random_between(&r, -4.0, 4.0), body.y + random_between(&r, -4.0, 4.0),
                    body.a * random_between(&r, 0.5, 0.7), body.b * random_between(&r, 0.5, 0.7)};
    for (int i = 0; i < k->width * k->height; i++) {
        int x = i % k->width, y = i / k->width;
        bool in = inside(&body, x, y), nucleus = in && k->nucleus && inside(&core, x, y);
        const uint8_t *colour = nucleus ? k->core : in ? k->body : k->ground;
        double noise = random_between(&r, -12.0, 12.0);
        for (int c = 0; c < 3; c++) rgb[3 * i + c] = (uint8_t)(colour[c] + noise);
        label[i] = (uint8_t)(in + nucleus);
    }
    write_and_free(image, folder, k, "images", number);
    write_and_free(mask, folder, k, "masks", number);
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fputs("usage: small_shared FOLDER\n", stderr);
        return 2;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        for (int n = 1; n <= kinds[i].count; n++) {
            Kind k = kinds[i];
            if (k.nucleus && n == 74) k.width = 108, k.height = 112; /* that of tests/cli */
            draw(&k, argv[1], n);
        }
    return 0;
}
