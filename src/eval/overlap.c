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

static double ratio(double above, double below, OverlapRule rule) {
    static const double added_above[] = {0.0, 1e-7, 0.0}, added_below[] = {0.0, 1e-7, 1e-8};
    below += added_below[rule];
    return below > 0.0 ? (above + added_above[rule]) / below : (double)NAN;
}

double overlap_dice_by(Overlap o, OverlapRule rule) {
    return ratio(2.0 * (double)o.both, (double)(o.truth + o.prediction), rule);
}

double overlap_iou_by(Overlap o, OverlapRule rule) {
    return ratio((double)o.both, (double)(o.truth + o.prediction - o.both), rule);
}

double overlap_dice(Overlap o) { return overlap_dice_by(o, OVERLAP_PLAIN); }

double overlap_iou(Overlap o) { return overlap_iou_by(o, OVERLAP_PLAIN); }

double overlap_volume_difference(Overlap o) {
    double more = (double)o.prediction - (double)o.truth;
    if (o.truth == 0) return o.prediction ? (double)INFINITY : (double)NAN;
    return more / (double)o.truth;
}

double voxels_volume(size_t voxels, const double spacing[3], int dimensions) {
    double one = spacing[1] * spacing[2] * (dimensions == 2 ? 1.0 : spacing[0]);
    return (double)voxels * one;
}
