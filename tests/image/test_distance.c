#include "image/distance.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/memory.h"
#include "base/random.h"
#include "tests/check.h"

/* The definition: all pairs.  The grid is widened by one layer of background where the edge is. */
static double by_definition(const uint8_t *mask, const size_t size[3], const double spacing[3],
                            DistanceEdge edge, size_t index) {
    const int margin = edge == DISTANCE_EDGE_BACKGROUND, flat = size[0] == 1;
    const long n[3] = {(long)size[0], (long)size[1], (long)size[2]};
    const long at[3] = {(long)index / (n[1] * n[2]), (long)index / n[2] % n[1], (long)index % n[2]};
    double least = mask[index] ? HUGE_VAL : 0.0;
    for (long z = flat ? 0 : -margin; z < n[0] + (flat ? 0 : margin); z++) {
        for (long y = -margin; y < n[1] + margin; y++) {
            for (long x = -margin; x < n[2] + margin; x++) {
                bool inside = z >= 0 && z < n[0] && y >= 0 && y < n[1] && x >= 0 && x < n[2];
                if (inside && mask[(z * n[1] + y) * n[2] + x]) continue;
                double d[3] = {(double)(z - at[0]) * spacing[0], (double)(y - at[1]) * spacing[1],
                               (double)(x - at[2]) * spacing[2]};
                least = fmin(least, d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
            }
        }
    }
    return least;
}

static void check_random(Random *random, size_t depth, bool isotropic, DistanceEdge edge) {
    size_t size[3] = {depth, (size_t)random_integer(random, 1, 9),
                      (size_t)random_integer(random, 1, 40)};
    size_t n = size[0] * size[1] * size[2];
    double share = random_between(random, 0.5, 1.0), spacing[3] = {1.0, 1.0, 1.0};
    for (int a = 0; !isotropic && a < 3; a++) spacing[a] = random_between(random, 0.3, 4.0);
    uint8_t *mask = malloc(n);
    double *squared = malloc(n * sizeof *squared);
    for (size_t i = 0; i < n; i++) mask[i] = random_uniform(random) < share;

    DistancePeak peak, want = {n, 0.0};
    CHECK(!distance_squared(squared, mask, size, isotropic ? NULL : spacing, edge, NULL));
    CHECK(!distance_peak(&peak, mask, size, isotropic ? NULL : spacing, edge, NULL));
    for (size_t i = 0; i < n; i++) {
        double exact = by_definition(mask, size, spacing, edge, i);
        CHECK(isotropic || isinf(exact) ? squared[i] == exact
                                        : fabs(squared[i] - exact) <= 1e-13 * exact);
        if (squared[i] > want.squared) want = (DistancePeak){i, squared[i]};
    }
    CHECK(peak.index == want.index &&
          (peak.squared <= want.squared) == (peak.squared >= want.squared));
    free(mask);
    free(squared);
}

TEST(distances_are_those_of_the_definition) {
    Random random = random_begin(7, 0, 0, 0);
    for (int i = 0; i < 200; i++) {
        DistanceEdge edge = i % 2 ? DISTANCE_EDGE_BACKGROUND : DISTANCE_EDGE_OPEN;
        check_random(&random, i % 4 < 2 ? 1 : 4, i % 8 < 4, edge);
    }
}

TEST(golden_distances_are_reproduced) {
    json_t *root = json_load_file(check_shared("golden/eval/edt.json"), 0, NULL), *entry;
    const char *name;
    double worst = 0.0;
    size_t cases = 0;
    json_object_foreach(json_object_get(root, "cases"), name, entry) {
        json_t *shape = json_object_get(entry, "shape"), *want = json_object_get(entry, "edt");
        const char *bits = json_string_value(json_object_get(entry, "mask"));
        size_t size[3] = {1, 1, 1}, rank = json_array_size(shape), n = strlen(bits);
        double spacing[3] = {1.0, 1.0, 1.0};
        for (size_t a = 0; a < rank; a++) {
            size[3 - rank + a] = (size_t)json_integer_value(json_array_get(shape, a));
            spacing[3 - rank + a] =
                json_number_value(json_array_get(json_object_get(entry, "sampling"), a));
        }
        uint8_t *mask = malloc(n);
        double *squared = malloc(n * sizeof *squared);
        for (size_t i = 0; i < n; i++) mask[i] = bits[i] == '1';
        CHECK(!distance_squared(squared, mask, size, spacing, DISTANCE_EDGE_OPEN, NULL));
        for (size_t i = 0; i < n; i++) {
            double exact = json_number_value(json_array_get(want, i));
            worst = fmax(worst, fabs(sqrt(squared[i]) - exact) / fmax(exact, 1.0));
        }
        free(mask);
        free(squared);
        cases++;
    }
    CHECK(cases == 8);
    CHECK(worst <= 1e-12); /* observed 4e-16 */
    json_decref(root);
}

TEST(without_background_the_distance_is_infinite_unless_the_edge_counts) {
    uint8_t mask[15];
    double squared[15];
    size_t size[3] = {1, 3, 5};
    memset(mask, 1, sizeof mask);
    CHECK(!distance_squared(squared, mask, size, NULL, DISTANCE_EDGE_OPEN, NULL));
    for (int i = 0; i < 15; i++) CHECK(isinf(squared[i]));
    DistancePeak peak;
    CHECK(!distance_peak(&peak, mask, size, NULL, DISTANCE_EDGE_OPEN, NULL));
    CHECK(peak.index == 0 && isinf(peak.squared));
    CHECK(!distance_peak(&peak, mask, size, NULL, DISTANCE_EDGE_BACKGROUND, NULL));
    CHECK(peak.index == 6 && peak.squared >= 4.0 && peak.squared <= 4.0); /* the first of three */
}

TEST(an_empty_mask_has_no_peak) {
    uint8_t mask[15] = {0};
    DistancePeak peak;
    CHECK(!distance_peak(&peak, mask, (size_t[]){1, 3, 5}, NULL, DISTANCE_EDGE_OPEN, NULL));
    CHECK(peak.index == 15 && peak.squared <= 0.0);
}

TEST(every_failed_allocation_is_reported_and_leaks_nothing) {
    uint8_t mask[24];
    double squared[24];
    Status status = VOXPERT_OUT_OF_MEMORY;
    memset(mask, 1, sizeof mask);
    for (size_t n = 1; status == VOXPERT_OUT_OF_MEMORY; n++) {
        memory_fail_at(n, false);
        status = distance_squared(squared, mask, (size_t[]){2, 3, 4}, NULL,
                                  DISTANCE_EDGE_BACKGROUND, NULL);
        CHECK(n > 1 || status == VOXPERT_OUT_OF_MEMORY);
    }
    CHECK(status == VOXPERT_OK);
    memory_fail_at(0, false);
}
