/* one_call - pixels in memory, a box, and the mask in one call.
 *
 *     one_call
 *
 * draws a bright ellipse, segments it with the built-in model, and prints both areas. */
#include <stdint.h>
#include <stdio.h>

#include <voxpert/voxpert.h>

enum { WIDTH = 320, HEIGHT = 240 };

static uint8_t pixels[HEIGHT][WIDTH], mask[HEIGHT][WIDTH];

static int draw_ellipse(void) {
    int area = 0;
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            double u = (x - 150) / 60.0, v = (y - 120) / 40.0;
            int inside = u * u + v * v <= 1;
            pixels[y][x] = inside ? 200 : 60;
            area += inside;
        }
    return area;
}

int main(void) {
    const float box[4] = {90, 80, 210, 160};
    int drawn = draw_ellipse(), found = 0;
    VoxpertModel *model = NULL;
    VoxpertError error;
    VoxpertStatus status = voxpert_model_open(&model, NULL, NULL, &error);
    if (!status)
        status =
            voxpert_segment_box(model, &pixels[0][0], WIDTH, HEIGHT, 1, box, &mask[0][0], &error);
    if (status) fprintf(stderr, "%s\n", error.message);
    for (int i = 0; i < WIDTH * HEIGHT; i++) found += (&mask[0][0])[i];
    if (!status) printf("drawn %d pixels, found %d\n", drawn, found);
    voxpert_model_close(model);
    return (int)status;
}
