#include "eval/surface_element.h"

#include <math.h>

#include "tests/check.h"

static const double cube[3] = {1.0, 1.0, 1.0}, brick[3] = {3.0, 1.25, 0.5};

static bool is_near(double got, double want) { return fabs(got - want) <= 1e-14 * fabs(want); }

/* The code of the same voxels with two axes exchanged. */
static unsigned exchanged(unsigned code, int one, int other) {
    unsigned result = 0;
    for (int i = 0; i < 8; i++) {
        int at[3] = {i >> 2 & 1, i >> 1 & 1, i & 1}, kept = at[one];
        at[one] = at[other];
        at[other] = kept;
        if (code >> (7 - i) & 1) result |= 128u >> (4 * at[0] + 2 * at[1] + at[2]);
    }
    return result;
}

TEST(one_voxel_has_the_surface_of_an_octahedron) {
    double area[SURFACE_CODES], sum = 0.0;
    surface_areas(area, cube);
    for (int i = 0; i < 8; i++) sum += area[1 << i];
    CHECK(is_near(sum, sqrt(3.0))); /* its edges are sqrt(1/2) long */
}

TEST(an_even_face_has_the_area_of_a_voxel_face) {
    double area[SURFACE_CODES];
    surface_areas(area, brick);
    CHECK(is_near(area[0x0f], 1.25 * 0.5)); /* across the first axis */
    CHECK(is_near(area[0x33], 3.0 * 0.5));
    CHECK(is_near(area[0x55], 3.0 * 1.25));
}

TEST(every_shape_of_a_piece_has_its_area) {
    const double d = sqrt(3.0), e = sqrt(2.0);
    double area[SURFACE_CODES];
    surface_areas(area, cube);
    CHECK(is_near(area[0x03], e / 2.0));             /* two side by side */
    CHECK(is_near(area[0x09], 2.0 * d / 8.0));       /* two that do not touch */
    CHECK(is_near(area[0x07], 0.5 + 3.0 * d / 8.0)); /* an angle */
    CHECK(is_near(area[0x17], 6.0 * d / 8.0));       /* a voxel and its three neighbours */
    CHECK(is_near(area[0x1b], e / 2.0 + d / 2.0));   /* a chain */
    CHECK(is_near(area[0x69], 4.0 * d / 8.0));       /* four that do not touch */
    CHECK(is_near(area[0x1e], 0.5 + 4.0 * d / 8.0)); /* an angle and a fourth */
    CHECK(is_near(area[0x3c], e));                   /* two pairs */
    CHECK(area[0x00] <= 0.0 && area[0xff] <= 0.0);
}

TEST(a_chain_is_measured_at_its_ends) {
    double area[SURFACE_CODES];
    surface_areas(area, brick);
    /* (0,1,1) (1,1,1) (1,1,0) (1,0,0): steps along axes 0, 2, 1. */
    double f[3] = {1.25 * 0.5, 3.0 * 0.5, 3.0 * 1.25};
    double ends = hypot(f[1], f[2]) + hypot(f[0], f[2]);
    CHECK(is_near(area[0x1b], ends / 4.0 + hypot(f[0], hypot(f[1], f[2])) / 2.0));
}

TEST(inside_and_outside_have_one_surface) {
    double area[SURFACE_CODES], length[CONTOUR_CODES];
    surface_areas(area, brick);
    contour_lengths(length, brick);
    for (int code = 0; code < SURFACE_CODES; code++) CHECK(is_near(area[code], area[255 - code]));
    for (int code = 0; code < CONTOUR_CODES; code++)
        CHECK(is_near(length[code], length[15 - code]));
}

TEST(no_axis_is_special) {
    double area[SURFACE_CODES], other[SURFACE_CODES];
    surface_areas(area, brick);
    surface_areas(other, (double[]){brick[1], brick[0], brick[2]});
    for (unsigned code = 0; code < SURFACE_CODES; code++)
        CHECK(is_near(other[exchanged(code, 0, 1)], area[code]));
    surface_areas(other, (double[]){brick[0], brick[2], brick[1]});
    for (unsigned code = 0; code < SURFACE_CODES; code++)
        CHECK(is_near(other[exchanged(code, 1, 2)], area[code]));
}

TEST(a_contour_runs_straight_or_across_corners) {
    double length[CONTOUR_CODES];
    contour_lengths(length, (double[]){4.0, 3.0});
    CHECK(is_near(length[8], 2.5) && is_near(length[7], 2.5));
    CHECK(is_near(length[12], 3.0)); /* the upper two: along x */
    CHECK(is_near(length[10], 4.0)); /* the left two */
    CHECK(is_near(length[9], 5.0) && is_near(length[6], 5.0));
    CHECK(length[0] <= 0.0 && length[15] <= 0.0);
}
