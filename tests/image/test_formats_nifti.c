/* What we write, the NIfTI library reads the same; what it and we read, lies in the same place. */
#include <math.h>
#include <nifti2_io.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "base/memory.h"
#include "image/volume.h"
#include "tests/check.h"

/* The library computes with float in places: observed 2e-6 mm. */
static const double tolerance = 1e-5;

static double affine_distance(const Volume *v, nifti_dmat44 m) {
    double worst = 0.0;
    for (int i = 0; i < 12; i++)
        worst = fmax(worst, fabs(v->grid.affine_ras[i / 4][i % 4] - m.m[i / 4][i % 4]));
    return worst;
}

static void check_read_alike(const char *path) {
    Volume *v;
    CHECK(volume_read(&v, path, NULL, NULL) == VOXPERT_OK);
    nifti_image *other = nifti_image_read(path, 1);
    CHECK(other != NULL);
    if (!other) return;
    const int64_t size[] = {other->nx, other->ny, other->nz, other->nt};
    CHECK(size[0] == (int64_t)v->width && size[1] == (int64_t)v->height &&
          size[2] == (int64_t)v->depth && size[3] == (int64_t)v->frames);
    check_report(memcmp(other->data, v->samples, volume_samples(v) * sample_size(v->type)) == 0,
                 __FILE__, __LINE__, "%s: voxels", path);
    nifti_dmat44 theirs = v->grid.source == GRID_SFORM ? other->sto_xyz : other->qto_xyz;
    double distance = affine_distance(v, theirs);
    check_report(distance <= tolerance, __FILE__, __LINE__, "%s: affine %g", path, distance);
    nifti_image_free(other);
    volume_free(v);
}

TEST(the_library_reads_golden_files_as_we_do) {
    static const char *const names[] = {
        "dtype_uint16.nii",       "bigendian_int16.nii",   "gzip_two_members.nii.gz", "dim_4d.nii",
        "qform_only_qfac_-1.nii", "qform_only_qfac_0.nii", "qform_180_degrees.nii",   "rgb24.nii",
        "sform_sheared.nii",      "neither_form.nii",      "nifti2_bigendian.nii"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char relative[128];
        snprintf(relative, sizeof relative, "golden/image/nifti/%s", names[i]);
        check_read_alike(check_shared(relative));
    }
}

static void check_written(SampleType type, size_t width, const char *name) {
    char folder[] = "/tmp/voxpert_nifti_XXXXXX";
    CHECK(mkdtemp(folder) != NULL);
    char *path = path_join(folder, name);
    Volume *v;
    CHECK(volume_new(&v, (VolumeSize){2, 3, 4, width, 1}, type, NULL) == VOXPERT_OK);
    for (size_t i = 0; i < volume_samples(v) * sample_size(type); i++)
        ((uint8_t *)v->samples)[i] = (uint8_t)(i % 61);
    v->grid.affine_ras[0][1] = 0.25;
    v->grid.affine_ras[2][3] = -40.5;
    v->grid.source = GRID_RESOLUTION;
    CHECK(volume_write(v, path, NULL) == VOXPERT_OK);
    check_read_alike(path);
    unlink(path);
    rmdir(folder);
    memory_free(path);
    volume_free(v);
}

TEST(the_library_reads_what_we_write) {
    for (int type = SAMPLE_U8; type <= SAMPLE_F64; type++) {
        check_written((SampleType)type, 5, "x.nii");
        check_written((SampleType)type, 5, "x.nii.gz");
    }
    check_written(SAMPLE_I16, 40000, "x.nii.gz"); /* NIfTI-2 */
}

/* The header of `file` after `length` bytes at `at` were replaced; the caller frees *out. */
static Status read_changed(Volume **out, const char *file, size_t at, const void *bytes,
                           size_t length, Error *error) {
    FileMap map;
    uint8_t copy[1024];
    CHECK(file_map(&map, file, VOXPERT_BAD_INPUT, NULL) == VOXPERT_OK && map.size <= sizeof copy);
    memcpy(copy, map.bytes, map.size);
    memcpy(copy + at, bytes, length);
    Status status = volume_read_memory(out, copy, map.size, "x.nii", NULL, error);
    file_unmap(&map);
    return status;
}

TEST(metres_become_millimetres_and_the_header_stays) {
    Volume *mm, *m;
    const char *file = "tests/fuzz/corpus/nifti/int16_sform";
    CHECK(volume_read(&mm, file, NULL, NULL) == VOXPERT_OK);
    CHECK(read_changed(&m, file, 123, (const uint8_t[]){1}, 1, NULL) == VOXPERT_OK);
    CHECK(m->grid.affine_ras[0][3] == 1e3 * mm->grid.affine_ras[0][3] && m->header[123] == 1);
    volume_free(mm);
    volume_free(m);
}

TEST(unusual_offsets_warn_or_are_refused) {
    Volume *v;
    Error error;
    const char *file = "tests/fuzz/corpus/nifti/int16_sform";
    CHECK(read_changed(&v, file, 108, &(float){0.0f}, 4, NULL) == VOXPERT_OK);
    CHECK(strstr(warnings_lines(&v->warnings), "vox_offset"));
    volume_free(v);
    CHECK(read_changed(&v, file, 108, &(float){352.5f}, 4, &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "vox_offset") != NULL);
}

TEST(a_pair_opens_by_either_file_and_not_from_memory) {
    Volume *by_header, *by_voxels, *v;
    Error error;
    CHECK(volume_read(&by_header, check_shared("golden/image/nifti/pair.hdr"), NULL, NULL) ==
          VOXPERT_OK);
    CHECK(volume_read(&by_voxels, check_shared("golden/image/nifti/pair.img"), NULL, NULL) ==
          VOXPERT_OK);
    CHECK(memcmp(by_header->samples, by_voxels->samples, 2 * volume_samples(by_header)) == 0);
    volume_free(by_header);
    volume_free(by_voxels);
    const char *file = "tests/fuzz/corpus/nifti/pair_header";
    CHECK(read_changed(&v, file, 344, "ni1", 4, &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, ".img") != NULL);
}

TEST(vectors_have_their_components_last) {
    Volume *v;
    CHECK(volume_read(&v, "tests/fuzz/corpus/nifti/vector5d", NULL, NULL) == VOXPERT_OK);
    const int16_t *samples = v->samples; /* 3 (4 x + 2 y + z) + component */
    CHECK(v->channels == 3 && v->depth == 2 && samples[0] == 0 && samples[2] == 2 &&
          samples[3] == 12);
    volume_free(v);
}

TEST(an_unused_axis_needs_no_direction) {
    Volume *odd, *twin;
    CHECK(volume_read(&odd,
                      check_shared("field/cases/15-nifti-geometry-fields/slice2d_singular.nii"),
                      NULL, NULL) == VOXPERT_OK);
    CHECK(volume_read(&twin, check_shared("field/cases/15-nifti-geometry-fields/slice2d.nii"), NULL,
                      NULL) == VOXPERT_OK);
    CHECK(memcmp(odd->samples, twin->samples, volume_voxels(twin) * 2) == 0);
    for (int r = 0; r < 3; r++) {
        CHECK(odd->grid.affine_ras[r][0] == twin->grid.affine_ras[r][0]);
        CHECK(odd->grid.affine_ras[r][1] == twin->grid.affine_ras[r][1]);
        CHECK(odd->grid.affine_ras[r][2] == (r == 2 ? 1.0 : 0.0));
    }
    CHECK(strstr(warnings_lines(&odd->warnings), "one voxel") != NULL);
    volume_free(odd);
    volume_free(twin);
    Error error;
    CHECK(volume_read(
              &odd,
              check_shared("field/cases/15-nifti-geometry-fields/sform_third_column_zero.nii"),
              NULL, &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "singular") != NULL);
}
