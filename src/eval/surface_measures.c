/* What is read off two surfaces; declared in surface.h. */
#include <math.h>
#include <stdbool.h>

#include "eval/surface.h"

/* A distance that equals the tolerance counts as within it, however its last digit was rounded:
 * three voxels of 1.1 mm are 3.3 mm. */
static const double rounding = 1.0 + 1e-12;

/* ---- Means and shares --------------------------------------------------------------------- */

static double weighted_sum(const Surface *s) {
    double sum = 0.0;
    for (size_t i = 0; i < s->count; i++) sum += s->point[i].distance * s->point[i].weight;
    return sum;
}

static double weight_within(const Surface *s, double tolerance) {
    double sum = 0.0;
    for (size_t i = 0; i < s->count && s->point[i].distance <= tolerance * rounding; i++)
        sum += s->point[i].weight;
    return sum;
}

static double share(double part, double whole) { return whole > 0.0 ? part / whole : (double)NAN; }

double surface_mean(const Surface *s) { return share(weighted_sum(s), s->weight); }

double surfaces_mean_of_two(const Surfaces *s) {
    return 0.5 * (surface_mean(&s->truth) + surface_mean(&s->prediction));
}

double surfaces_mean_pooled(const Surfaces *s) {
    return share(weighted_sum(&s->truth) + weighted_sum(&s->prediction),
                 s->truth.weight + s->prediction.weight);
}

double surface_within(const Surface *s, double tolerance) {
    return share(weight_within(s, tolerance), s->weight);
}

double surfaces_dice(const Surfaces *s, double tolerance) {
    return share(weight_within(&s->truth, tolerance) + weight_within(&s->prediction, tolerance),
                 s->truth.weight + s->prediction.weight);
}

/* ---- Hausdorff distances ------------------------------------------------------------------ */

static double distance_by_weight(const Surface *s, double percent) {
    double reached = 0.0;
    if (s->count == 0) return (double)INFINITY;
    for (size_t i = 0; i + 1 < s->count; i++) {
        reached += s->point[i].weight;
        if (reached / s->weight >= percent / 100.0) return s->point[i].distance;
    }
    return s->point[s->count - 1].distance;
}

double surfaces_hausdorff(const Surfaces *s, double percent) {
    return fmax(distance_by_weight(&s->truth, percent),
                distance_by_weight(&s->prediction, percent));
}

/* Where the percentile lies among `count` values: between the one at `below` and the next. */
static double position(size_t count, double percent, size_t *below) {
    double place = (double)(count - 1) * percent / 100.0;
    *below = (size_t)place;
    return place - (double)*below;
}

static double between(double low, double high, double part) {
    return part > 0.0 ? low + (high - low) * part : low;
}

static double percentile(const Surface *s, double percent) {
    size_t below;
    if (s->count == 0) return (double)NAN;
    double part = position(s->count, percent, &below);
    size_t above = below + 1 < s->count ? below + 1 : below;
    return between(s->point[below].distance, s->point[above].distance, part);
}

double surfaces_hausdorff_of_two(const Surfaces *s, double percent) {
    return fmax(percentile(&s->truth, percent), percentile(&s->prediction, percent));
}

double surfaces_hausdorff_pooled(const Surfaces *s, double percent) {
    const Surface *a = &s->truth, *b = &s->prediction;
    size_t below, i = 0, j = 0;
    if (a->count == 0 || b->count == 0) return (double)NAN;
    double part = position(a->count + b->count, percent, &below), low = 0.0, high = 0.0;
    for (size_t k = 0; k < a->count + b->count && k <= below + 1; k++) { /* merges the two lists */
        bool first =
            j == b->count || (i < a->count && a->point[i].distance <= b->point[j].distance);
        low = k <= below ? (first ? a->point[i] : b->point[j]).distance : low;
        high = (first ? a->point[i++] : b->point[j++]).distance;
    }
    return between(low, high, part);
}
