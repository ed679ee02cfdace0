#include "eval/clicks.h"

#include "base/memory.h"
#include "eval/overlap.h"
#include "image/distance.h"

static Status click_deepest(Click *out, const uint8_t *mask, const size_t size[3],
                            const double *spacing, bool positive, Error *error) {
    DistancePeak peak;
    *out = (Click){0};
    Status status = distance_peak(&peak, mask, size, spacing, DISTANCE_EDGE_BACKGROUND, error);
    if (status || peak.index == size[0] * size[1] * size[2]) return status;
    size_t row = peak.index / size[2];
    *out = (Click){.zyx = {row / size[1], row % size[1], peak.index % size[2]},
                   .positive = positive,
                   .found = true};
    return VOXPERT_OK;
}

Status click_first(Click *out, const uint8_t *truth, const size_t size[3], const double *spacing,
                   Error *error) {
    return click_deepest(out, truth, size, spacing, true, error);
}

Status click_next(Click *out, const uint8_t *truth, const uint8_t *prediction, const size_t size[3],
                  const double *spacing, Error *error) {
    size_t n = size[0] * size[1] * size[2];
    *out = (Click){0};
    Overlap o = overlap_count(truth, prediction, n);
    bool missed = o.truth >= o.prediction; /* the common part counts in both */
    const uint8_t *in = missed ? truth : prediction, *out_of = missed ? prediction : truth;
    uint8_t *wrong = memory_aligned(n);
    if (!wrong) return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory to simulate a click");
    for (size_t i = 0; i < n; i++) wrong[i] = in[i] && !out_of[i];
    Status status = click_deepest(out, wrong, size, spacing, missed, error);
    memory_free(wrong);
    return status;
}
