#include "eval/dataset_split.h"

#include <math.h>

static double moved(double side, double extent, double last, Random *random) {
    int64_t most = (int64_t)floor(extent / 20.0);
    return fmin(fmax(side + (double)random_integer(random, -most, most), 0.0), last);
}

void box_jitter(double box[4], Extent size, Random *random) {
    double width = box[2] - box[0] + 1.0, height = box[3] - box[1] + 1.0;
    double last_x = (double)size.width - 1.0, last_y = (double)size.height - 1.0;
    box[0] = moved(box[0], width, last_x, random);
    box[1] = moved(box[1], height, last_y, random);
    box[2] = moved(box[2], width, last_x, random);
    box[3] = moved(box[3], height, last_y, random);
}
