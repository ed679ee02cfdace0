#include "eval/overlap.h"

#include <math.h>

#include "base/size.h"

enum { BLOCK = 1 << 16 };

Overlap overlap_count(const uint8_t *truth, const uint8_t *prediction, size_t voxels) {
    Overlap o = {0};
    for (size_t start = 0; start < voxels; start += BLOCK) {
        uint32_t t = 0, p = 0, both = 0; /* narrow sums, so that the loop is vectorised */
        size_t end = size_min(voxels, start + BLOCK);
        for (size_t i = start; i < end; i++) {
            t += truth[i] != 0;
            p += prediction[i] != 0;
            both += (truth[i] != 0) & (prediction[i] != 0);
        }
        o.truth += t;
        o.prediction += p;
        o.both += both;
    }
    return o;
}

double overlap_dice(Overlap o) {
    size_t sum = o.truth + o.prediction;
    return sum ? 2.0 * (double)o.both / (double)sum : (double)NAN;
}

double overlap_iou(Overlap o) {
    size_t either = o.truth + o.prediction - o.both;
    return either ? (double)o.both / (double)either : (double)NAN;
}
