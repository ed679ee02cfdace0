#include "eval/baseline.h"

void baseline_box(uint8_t *mask, Extent size, const double box[4]) {
    for (size_t i = 0; i < extent_pixels(size); i++) {
        double x = (double)(i % size.width), y = (double)(i / size.width);
        mask[i] = x >= box[0] && x <= box[2] && y >= box[1] && y <= box[3];
    }
}

void baseline_ellipse(uint8_t *mask, Extent size, const double box[4]) {
    double cx = (box[0] + box[2]) / 2.0, rx = (box[2] - box[0] + 1.0) / 2.0;
    double cy = (box[1] + box[3]) / 2.0, ry = (box[3] - box[1] + 1.0) / 2.0;
    for (size_t i = 0; i < extent_pixels(size); i++) {
        double x = ((double)(i % size.width) - cx) / rx, y = ((double)(i / size.width) - cy) / ry;
        mask[i] = x * x + y * y <= 1.0;
    }
}
