#include "image/align.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "tests/check.h"

enum { I = 4, J = 3, K = 2 };

/* An oblique grid of unequal spacing, samples 1, 2, 3, ... */
static Volume *make_image(void) {
    static const double affine[3][4] = {
        {0.6, -0.8, 0.0, -30.0}, {0.8, 0.6, 0.0, 12.0}, {0.0, 0.0, 2.5, 7.0}};
    Volume *v;
    if (volume_new(&v, (VolumeSize){1, K, J, I, 1}, SAMPLE_U16, NULL)) return NULL;
    for (int r = 0; r < 3; r++) memcpy(v->grid.affine_ras[r], affine[r], sizeof affine[r]);
    v->grid.spacing_xyz_mm[2] = 2.5;
    v->grid.source = GRID_SFORM;
    v->name = memory_text("image.nii");
    for (int i = 0; i < I * J * K; i++) ((uint16_t *)v->samples)[i] = (uint16_t)(i + 1);
    return v;
}

/* The same voxels stored in another order: axis order[a] of the result runs along axis a of the
 * image, backwards where a bit of `reversed` is set. */
static Volume *stored_as(const Volume *v, const int order[3], unsigned reversed) {
    const size_t size[3] = {I, J, K};
    size_t own[3];
    Volume *out;
    for (int a = 0; a < 3; a++) own[order[a]] = size[a];
    if (volume_new(&out, (VolumeSize){1, own[2], own[1], own[0], 1}, SAMPLE_U16, NULL)) return NULL;
    out->grid.source = GRID_QFORM;
    out->name = memory_text("label.nii");
    for (int r = 0; r < 3; r++) {
        out->grid.affine_ras[r][3] = v->grid.affine_ras[r][3];
        for (int a = 0; a < 3; a++) {
            double step = v->grid.affine_ras[r][a];
            bool back = reversed >> a & 1;
            out->grid.affine_ras[r][order[a]] = back ? -step : step;
            if (back) out->grid.affine_ras[r][3] += step * (double)(size[a] - 1);
        }
    }
    for (int a = 0; a < 3; a++) out->grid.spacing_xyz_mm[order[a]] = v->grid.spacing_xyz_mm[a];
    for (size_t k = 0; k < K; k++)
        for (size_t j = 0; j < J; j++)
            for (size_t i = 0; i < I; i++) {
                const size_t at[3] = {i, j, k};
                size_t to[3];
                for (int a = 0; a < 3; a++)
                    to[order[a]] = reversed >> a & 1 ? size[a] - 1 - at[a] : at[a];
                ((uint16_t *)out->samples)[(to[2] * own[1] + to[1]) * own[0] + to[0]] =
                    ((const uint16_t *)v->samples)[(k * J + j) * I + i];
            }
    return out;
}

static const int orders[6][3] = {{0, 1, 2}, {1, 0, 2}, {0, 2, 1}, {2, 1, 0}, {1, 2, 0}, {2, 0, 1}};

TEST(all_48_orders_come_back_to_the_image) {
    Volume *image = make_image();
    for (int n = 0; n < 48; n++) {
        AxisMap map;
        Error error = {0};
        Volume *labels = stored_as(image, orders[n / 8], (unsigned)n % 8);
        CHECK(grids_relate(&map, image, labels) == (n ? GRIDS_REORDERED : GRIDS_SAME));
        Status status = volume_align(labels, image, &error);
        check_report(!status, __FILE__, __LINE__, "%d: %s", n, error.message);
        CHECK(labels->width == I && labels->height == J && labels->depth == K);
        CHECK(memcmp(labels->samples, image->samples, 2 * I * J * K) == 0);
        CHECK(grids_relate(&map, image, labels) == GRIDS_SAME);
        CHECK(labels->warnings.count == (n ? 1 : 0));
        volume_free(labels);
    }
    volume_free(image);
}

TEST(the_warning_names_both_files_and_the_order) {
    Volume *image = make_image(), *labels = stored_as(image, orders[1], 1);
    CHECK(!volume_align(labels, image, NULL));
    CHECK(strcmp(warnings_lines(&labels->warnings),
                 "label.nii: its axes are stored as -j, i, k of the image's i, j, k: it was "
                 "reordered onto the grid of image.nii\n") == 0);
    volume_free(labels);
    volume_free(image);
}

TEST(another_place_is_refused_with_the_difference) {
    static const struct {
        int row, column;
        double by;
        const char *word;
    } moved[] = {{0, 3, 3.0, "origin differs by 3 mm in x"},
                 {0, 3, 0.011, "origin differs by 0.011 mm in x"},
                 {2, 2, 0.5, "axes or spacing differ by up to 0.5"}};
    Volume *image = make_image();
    for (size_t i = 0; i < sizeof moved / sizeof *moved; i++) {
        Volume *labels = stored_as(image, orders[0], 0);
        Error error = {0};
        labels->grid.affine_ras[moved[i].row][moved[i].column] += moved[i].by;
        CHECK(volume_align(labels, image, &error) == VOXPERT_BAD_INPUT);
        check_report(strstr(error.message, moved[i].word) && strstr(error.message, "image.nii") &&
                         strstr(error.message, "resample"),
                     __FILE__, __LINE__, "%s", error.message);
        volume_free(labels);
    }
    Volume *nan = stored_as(image, orders[0], 0);
    nan->grid.affine_ras[1][1] = (double)NAN;
    CHECK(volume_align(nan, image, NULL) == VOXPERT_BAD_INPUT);
    volume_free(nan);
    volume_free(image);
}

TEST(noise_below_a_hundredth_of_a_voxel_is_none) {
    Volume *image = make_image(), *labels = stored_as(image, orders[0], 0);
    AxisMap map;
    labels->grid.affine_ras[0][3] += 0.009;
    labels->grid.affine_ras[1][0] += 1e-5;
    CHECK(grids_relate(&map, image, labels) == GRIDS_SAME);
    labels->grid.affine_ras[0][3] += 0.002;
    CHECK(grids_relate(&map, image, labels) == GRIDS_APART);
    volume_free(labels);
    volume_free(image);
}

TEST(files_without_a_position_are_paired_by_size) {
    static const GridSource none[] = {GRID_UNKNOWN, GRID_PIXDIM, GRID_RESOLUTION};
    Volume *image = make_image();
    for (int i = 0; i < 3; i++) {
        AxisMap map;
        Volume *labels = stored_as(image, orders[0], 7), *turned = stored_as(image, orders[1], 0);
        labels->grid.source = turned->grid.source = none[i];
        CHECK(grids_relate(&map, image, labels) == GRIDS_SAME);
        CHECK(grids_relate(&map, image, turned) == GRIDS_APART);
        Error error = {0};
        CHECK(volume_align(turned, image, &error) == VOXPERT_BAD_INPUT);
        CHECK(strstr(error.message, "3x4x2") && strstr(error.message, "4x3x2"));
        volume_free(labels);
        volume_free(turned);
    }
    volume_free(image);
}

TEST(voxel_sizes_must_agree_where_both_are_known) {
    Volume *image = make_image(), *labels = stored_as(image, orders[0], 0);
    AxisMap map;
    Error error = {0};
    labels->grid.source = GRID_PIXDIM;
    labels->grid.spacing_xyz_mm[2] = 2.51;
    CHECK(grids_relate(&map, image, labels) == GRIDS_SAME);
    labels->grid.spacing_xyz_mm[2] = 1.0;
    CHECK(volume_align(labels, image, &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "its voxels are 1 x 1 x 1 mm, the image's 1 x 1 x 2.5 mm") &&
          strstr(error.message, "resample"));
    labels->grid.source = GRID_UNKNOWN;
    CHECK(!volume_align(labels, image, NULL));
    volume_free(labels);
    volume_free(image);
}

TEST(a_file_without_a_position_is_paired_as_stored_with_a_warning) {
    Volume *image = make_image(), *labels = stored_as(image, orders[0], 0);
    labels->grid.source = GRID_UNKNOWN;
    CHECK(!volume_align(labels, image, NULL));
    CHECK(strstr(warnings_lines(&labels->warnings),
                 "label.nii: has no position, but image.nii has one") != NULL);
    labels->grid.source = GRID_QFORM;
    image->grid.source = GRID_PIXDIM;
    CHECK(!volume_align(labels, image, NULL));
    CHECK(strstr(warnings_lines(&labels->warnings),
                 "image.nii: has no position, but label.nii has one") != NULL);
    CHECK(labels->warnings.count == 2);
    volume_free(labels);
    volume_free(image);
}

TEST(one_turned_picture_of_two_is_reported_whichever_it_is) {
    static const struct {
        size_t height, width;
        int image, labels;
        bool as_stored, warned;
    } pairs[] = {{J, I, 3, 0, false, true}, {J, I, 0, 3, false, true},  {J, I, 3, 3, false, false},
                 {J, I, 2, 1, false, true}, {J, I, 1, 0, false, false}, {J, I, 6, 0, false, false},
                 {J, J, 6, 0, false, true}, {J, J, 0, 8, false, true},  {J, I, 3, 0, true, false},
                 {J, I, 3, 4, false, false}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        Volume *image, *labels;
        VolumeSize size = {1, 1, pairs[i].height, pairs[i].width, 1};
        CHECK(!volume_new(&image, size, SAMPLE_U8, NULL));
        CHECK(!volume_new(&labels, size, SAMPLE_U8, NULL));
        image->orientation = pairs[i].image;
        image->as_stored = pairs[i].as_stored;
        labels->orientation = pairs[i].labels;
        CHECK(!volume_align(labels, image, NULL));
        const char *warned = warnings_lines(&labels->warnings);
        check_report((strstr(warned, "turned by its EXIF orientation") != NULL) == pairs[i].warned,
                     __FILE__, __LINE__, "%zu: %s", i, warned);
        volume_free(labels);
        volume_free(image);
    }
}

/* The third column of a slice may hold anything. */
TEST(an_axis_of_one_voxel_has_no_direction) {
    Volume *image, *labels;
    AxisMap map;
    CHECK(!volume_new(&image, (VolumeSize){1, 1, J, I, 1}, SAMPLE_U8, NULL));
    CHECK(!volume_new(&labels, (VolumeSize){1, 1, J, I, 1}, SAMPLE_U8, NULL));
    image->grid.source = labels->grid.source = GRID_SFORM;
    labels->grid.affine_ras[2][2] = -7.0;
    labels->grid.spacing_xyz_mm[2] = 7.0;
    CHECK(grids_relate(&map, image, labels) == GRIDS_SAME);
    labels->grid.affine_ras[2][2] = (double)NAN;
    CHECK(grids_relate(&map, image, labels) == GRIDS_SAME);
    volume_free(image);
    volume_free(labels);
}

TEST(a_turned_photo_is_the_cause_that_is_named) {
    Volume *image, *mask;
    Error error = {0};
    CHECK(!volume_new(&image, (VolumeSize){1, 1, J, I, 3}, SAMPLE_U8, NULL));
    CHECK(!volume_new(&mask, (VolumeSize){1, 1, I, J, 1}, SAMPLE_U8, NULL));
    image->orientation = 6;
    CHECK(volume_align(mask, image, &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "EXIF orientation") != NULL);
    volume_free(image);
    volume_free(mask);
}

TEST(short_memory_leaves_the_labels_as_they_were) {
    Volume *image = make_image(), *labels = stored_as(image, orders[4], 5);
    Error error = {0};
    memory_fail_at(1, false);
    CHECK(volume_align(labels, image, &error) == VOXPERT_OUT_OF_MEMORY);
    memory_fail_at(0, false);
    CHECK(labels->width != I && !volume_align(labels, image, NULL));
    CHECK(memcmp(labels->samples, image->samples, 2 * I * J * K) == 0);
    volume_free(labels);
    volume_free(image);
}
