/* Label maps as programs save them: what is the same map must read the same, and what was made of
 * it is reported. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/memory.h"
#include "image/label_file.h"
#include "tests/check.h"

static Volume *read_case(const char *file) {
    char path[160];
    Volume *v;
    Error error = {0};
    snprintf(path, sizeof path, "field/cases/%s", file);
    Status status =
        volume_read(&v, check_shared(path), &(VolumeReadOptions){.labels = true}, &error);
    check_report(status == VOXPERT_OK, __FILE__, __LINE__, "%s", error.message);
    return v;
}

static uint32_t *labels_of(const Volume *v) {
    uint32_t *labels = memory_new((volume_voxels(v) + 1) * sizeof *labels);
    Error error = {0};
    if (!labels) abort();
    check_report(volume_labels(labels, v, &error) == VOXPERT_OK, __FILE__, __LINE__, "%s",
                 error.message);
    return labels;
}

/* `tolerated`: pixels on the contour that JPEG's noise may move. */
static void check_mask(const char *file, uint32_t value, const char *warning, size_t tolerated) {
    Volume *odd = read_case(file),
           *plain = read_case("07-masks-that-look-alike/masks/a_plain255.png");
    uint32_t *got = labels_of(odd), *want = labels_of(plain);
    size_t differ = 0, voxels = volume_voxels(plain);
    CHECK(volume_voxels(odd) == voxels);
    for (size_t i = 0; i < voxels; i++) differ += got[i] != (want[i] ? value : 0);
    check_report(differ <= tolerated, __FILE__, __LINE__, "%s: %zu pixels differ", file, differ);
    check_report(warning ? strstr(warnings_lines(&odd->warnings), warning) != NULL
                         : odd->warnings.count == 0,
                 __FILE__, __LINE__, "%s: %s", file, warnings_lines(&odd->warnings));
    memory_free(got);
    memory_free(want);
    volume_free(odd);
    volume_free(plain);
}

TEST(masks_that_look_alike_are_alike) {
#define MASKS "07-masks-that-look-alike/masks/"
    check_mask(MASKS "b_plain1.png", 1, NULL, 0);
    check_mask(MASKS "c_palette_black_first.png", 1, NULL, 0);
    check_mask(MASKS "f_onebit_png.png", 1, NULL, 0);
    check_mask(MASKS "g_alpha_only.png", 255, "alpha channel (opacity) is taken", 0);
    check_mask(MASKS "h_rgb_white.png", 255, NULL, 0);
    check_mask(MASKS "j_jpeg.jpg", 255, "ramps of a mask of two levels", 0);
    check_mask(MASKS "l_g4_fax.tif", 1, NULL, 0);
    check_mask(MASKS "o_int32.tif", 1, NULL, 0);
    check_mask(MASKS "p_int64.tif", 1, NULL, 0);
    check_mask(MASKS "q_float32.tif", 1, NULL, 0);
    check_mask(MASKS "s_bool_tif.tif", 1, NULL, 0);
    check_mask(MASKS "t_float16.tif", 1, NULL, 0);
    check_mask(MASKS "u_deflated_lzw.tif", 1, NULL, 0);
}

TEST(labels_that_look_like_background_keep_their_values_with_a_warning) {
    static const struct {
        const char *file, *warning;
        uint32_t corner;
    } cases[] = {{MASKS "d_palette_white_first.png", "looks like background", 1},
                 {MASKS "m_miniswhite8.tif", "white is zero", 255},
                 {"39-mask-prompts/palette_white_first.png", "looks like background", 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Volume *v = read_case(cases[i].file);
        uint32_t *labels = labels_of(v);
        check_report(labels[0] == cases[i].corner, __FILE__, __LINE__, "%s: %u", cases[i].file,
                     labels[0]);
        check_report(strstr(warnings_lines(&v->warnings), cases[i].warning) != NULL, __FILE__,
                     __LINE__, "%s: %s", cases[i].file, warnings_lines(&v->warnings));
        memory_free(labels);
        volume_free(v);
    }
}

TEST(labels_that_drifted_are_rounded_and_it_is_reported) {
    Volume *drifted = read_case("14-label-values-that-drifted/float_drift.nii.gz");
    Volume *clean = read_case("14-label-values-that-drifted/clean.nii.gz");
    uint32_t *got = labels_of(drifted), *want = labels_of(clean);
    CHECK(memcmp(got, want, volume_voxels(clean) * sizeof *want) == 0);
    CHECK(strstr(warnings_lines(&drifted->warnings), "away from a whole number") != NULL);
    memory_free(got);
    memory_free(want);
    volume_free(drifted);
    volume_free(clean);
}

TEST(whole_numbers_of_any_type_are_labels_without_a_word) {
    static const char *const files[] = {"float_exact", "int64", "uint64"};
    Volume *clean = read_case("14-label-values-that-drifted/clean.nii.gz");
    uint32_t *want = labels_of(clean);
    for (size_t i = 0; i < 3; i++) {
        char file[80];
        snprintf(file, sizeof file, "14-label-values-that-drifted/%s.nii.gz", files[i]);
        Volume *v = read_case(file);
        uint32_t *got = labels_of(v);
        CHECK(memcmp(got, want, volume_voxels(clean) * sizeof *want) == 0);
        CHECK(v->warnings.count == 0);
        memory_free(got);
        volume_free(v);
    }
    memory_free(want);
    volume_free(clean);
}

/* ---- Ramps and instances ---------------------------------------------------------------- */

static Volume *picture_new(size_t height, size_t width, SampleType type) {
    Volume *v;
    if (volume_new(&v, (VolumeSize){1, 1, height, width, 1}, type, NULL)) abort();
    v->labels = true;
    return v;
}

/* A disc whose edge is smoothed over `soft` pixels, from 0 to `most`. */
static unsigned disc(size_t x, size_t y, double soft, unsigned most) {
    double off = 20.0 - hypot((double)x - 31.5, (double)y - 30.0);
    double inside = fmin(1.0, fmax(0.0, 0.5 + off / soft));
    return (unsigned)floor(inside * most + 0.5);
}

TEST(smoothed_edges_are_two_levels_in_8_and_16_bits) {
    static const double softness[] = {1.0, 2.0, 4.0};
    for (size_t i = 0; i < 6; i++) {
        bool words = i >= 3;
        unsigned most = words ? 65535 : 255;
        Volume *v = picture_new(64, 64, words ? SAMPLE_U16 : SAMPLE_U8);
        for (size_t at = 0; at < 64 * 64; at++) {
            unsigned value = disc(at % 64, at / 64, softness[i % 3], most);
            if (words)
                ((uint16_t *)v->samples)[at] = (uint16_t)value;
            else
                ((uint8_t *)v->samples)[at] = (uint8_t)value;
        }
        CHECK(label_file_complete(v, NULL) == VOXPERT_OK);
        uint32_t *got = labels_of(v);
        for (size_t at = 0; at < 64 * 64; at++) {
            unsigned half = disc(at % 64, at / 64, softness[i % 3], most);
            CHECK(got[at] == (2 * half > most ? most : 0));
        }
        CHECK(v->warnings.count == 1);
        memory_free(got);
        volume_free(v);
    }
}

/* `side`: of square instances, `apart` pixels from each other; numbers that jump about. */
static void check_instances(size_t side, size_t apart) {
    Volume *v = picture_new(96, 96, SAMPLE_U8);
    uint8_t *samples = v->samples, kept[96 * 96];
    size_t step = side + apart, across = 96 / step;
    for (size_t i = 0; i < (size_t)96 * 96; i++) {
        size_t x = i % 96, y = i / 96, at = y / step * across + x / step;
        bool on = x % step < side && y % step < side && x / step < across && y / step < across;
        samples[i] = on ? (uint8_t)(1 + at * 37 % 255) : 0;
    }
    memcpy(kept, samples, sizeof kept);
    CHECK(label_file_complete(v, NULL) == VOXPERT_OK);
    CHECK(memcmp(kept, v->samples, sizeof kept) == 0 && v->warnings.count == 0);
    volume_free(v);
}

TEST(instances_stay_instances) {
    check_instances(5, 0);
    check_instances(5, 2);
    check_instances(3, 1);
    check_instances(1, 2);
    check_instances(2, 1);
    check_instances(12, 0);
}

TEST(noise_and_gradients_are_no_mask) {
    for (int noise = 0; noise < 2; noise++) {
        Volume *v = picture_new(64, 64, SAMPLE_U8);
        uint8_t *samples = v->samples, kept[64 * 64];
        uint32_t state = 1;
        for (size_t i = 0; i < (size_t)64 * 64; i++) {
            state = state * 1664525u + 1013904223u;
            samples[i] = (uint8_t)(noise ? state >> 24 : 4 * (i % 64));
        }
        memcpy(kept, samples, sizeof kept);
        CHECK(label_file_complete(v, NULL) == VOXPERT_OK && v->warnings.count == 0);
        CHECK(memcmp(kept, v->samples, sizeof kept) == 0);
        volume_free(v);
    }
}

TEST(few_values_between_are_labels) {
    Volume *v = picture_new(8, 8, SAMPLE_U8);
    memcpy(v->samples, (const uint8_t[]){0, 85, 170, 255, 255, 170, 85, 0}, 8);
    CHECK(label_file_complete(v, NULL) == VOXPERT_OK && v->warnings.count == 0);
    CHECK(((const uint8_t *)v->samples)[1] == 85);
    volume_free(v);
}

/* ---- Variants: values that are names, and values that are amounts ------------------------- */

enum { SIDE = 96 };

typedef unsigned Draw(size_t x, size_t y, unsigned a, unsigned b);

/* Squares of `a` pixels that touch, numbered 1 .. `b` from the left and down, in the middle. */
static unsigned draw_grid(size_t x, size_t y, unsigned a, unsigned b) {
    size_t across = 12, id = y / a * across + x / a;
    return x / a < across && id < b ? (unsigned)id + 1 : 0;
}

/* The same with numbers that jump about. */
static unsigned draw_jumping(size_t x, size_t y, unsigned a, unsigned b) {
    unsigned id = draw_grid(x, y, a, b);
    return id ? 1 + id * 37 % 255 : 0;
}

/* The same beside a large region of 255. */
static unsigned draw_grid_and_void(size_t x, size_t y, unsigned a, unsigned b) {
    return x >= 48 ? 255 : draw_grid(x, y, a, b);
}

/* Ten stripes of `a` pixels, `b` and up, beside a region of 255; nothing in the upper half. */
static unsigned draw_stripes(size_t x, size_t y, unsigned a, unsigned b) {
    if (y < SIDE / 2) return 0;
    return x / a < 10 ? b + (unsigned)(x / a) : 255;
}

/* Numbered discs with a border of 255 (void) of `a` pixels around them. */
static unsigned draw_void_border(size_t x, size_t y, unsigned a, unsigned b) {
    double off = hypot((double)(x % 12) - 5.5, (double)(y % 12) - 5.5);
    unsigned id = (unsigned)(y / 12 * 8 + x / 12);
    return off < 1.5 ? 1 + id * b % 254 : off < 1.5 + a ? 255 : 0;
}

/* A disc with an edge of `a` pixels, up to `b`. */
static unsigned draw_disc(size_t x, size_t y, unsigned a, unsigned b) { return disc(x, y, a, b); }

/* A disc through JPEG: noise of up to 6 on both sides of the edge, within 8 x 8 blocks. */
static unsigned draw_ringing(size_t x, size_t y, unsigned a, unsigned b) {
    double off = hypot((double)x - 31.5, (double)y - 30.0) - 20.0;
    uint32_t hash = ((uint32_t)x * 73856093u ^ (uint32_t)y * 19349663u) * 2654435761u;
    unsigned noise = fabs(off) < 5.0 ? hash >> 16 & a : 0;
    return off < 0.0 ? b - noise : noise;
}

/* A thick slanting line with an edge of `a` pixels. */
static unsigned draw_line(size_t x, size_t y, unsigned a, unsigned b) {
    double off = 6.0 - fabs((double)x * 0.797 - (double)y * 0.604 - 10.3);
    return (unsigned)floor(fmin(1.0, fmax(0.0, 0.5 + off / a)) * b + 0.5);
}

/* Two discs of 100 and of `b`, edges of `a` pixels; they meet. */
static unsigned draw_three(size_t x, size_t y, unsigned a, unsigned b) {
    double first = 20.0 - hypot((double)x - 31.5, (double)y - 30.0);
    double second = 24.0 - hypot((double)x - 60.0, (double)y - 58.0);
    double one = fmin(1.0, fmax(0.0, 0.5 + first / a)),
           two = fmin(1.0, fmax(0.0, 0.5 + second / a));
    return (unsigned)floor(fmax(100.0 * one, two * b) + 0.5);
}

/* Three large regions, and small squares of 3 x 3 on one of them, numbered from 10. */
static unsigned draw_regions(size_t x, size_t y, unsigned a, unsigned b) {
    unsigned region = x < 32 ? 0 : x < 64 ? a : b;
    bool square = x >= 36 && x < 60 && x % 4 < 3 && y % 4 < 3;
    return square ? 10 + (unsigned)(y / 4 * 6 + (x - 36) / 4) : region;
}

/* Rings of one pixel, each with its own number, around a disc of `b` on `a`. */
static unsigned draw_rings(size_t x, size_t y, unsigned a, unsigned b) {
    double off = hypot((double)x - 47.5, (double)y - 47.5);
    return off < 20.0 ? b : off < 30.0 ? 20 + (unsigned)off : off < 40.0 ? a : 0;
}

typedef enum Verdict { KEPT, SPLIT, REPORTED } Verdict;

static const struct {
    const char *name;
    Draw *draw;
    unsigned a, b;
    Verdict verdict;
} variants[] = {
    {"grid 1..200 of 2 x 2", draw_grid, 2, 200, KEPT},
    {"grid 1..255 of 2 x 2", draw_grid, 2, 255, KEPT},
    {"grid 1..200 of single pixels", draw_grid, 1, 200, KEPT},
    {"grid 1..255 of single pixels", draw_grid, 1, 255, KEPT},
    {"grid 1..255 of 3 x 3", draw_grid, 3, 255, KEPT},
    {"grid 1..130 of 4 x 4", draw_grid, 4, 130, KEPT},
    {"jumping 200 of 2 x 2", draw_jumping, 2, 200, KEPT},
    {"jumping 255 of 2 x 2", draw_jumping, 2, 255, KEPT},
    {"jumping 255 of single pixels", draw_jumping, 1, 255, KEPT},
    {"grid of 2 x 2 and void", draw_grid_and_void, 2, 254, KEPT},
    {"grid of single pixels and void", draw_grid_and_void, 1, 254, KEPT},
    {"stripes of 1 from 30", draw_stripes, 1, 30, KEPT},
    {"stripes of 2 from 30", draw_stripes, 2, 30, KEPT},
    {"stripes of 1 from 1", draw_stripes, 1, 1, KEPT},
    {"stripes of 1 from 120", draw_stripes, 1, 120, KEPT},
    {"stripes of 1 from 240", draw_stripes, 1, 240, KEPT},
    {"void border of 1", draw_void_border, 1, 1, KEPT},
    {"void border of 2, jumping", draw_void_border, 2, 37, KEPT},
    {"disc, edge of 1", draw_disc, 1, 255, SPLIT},
    {"disc, edge of 2", draw_disc, 2, 255, SPLIT},
    {"disc, edge of 6", draw_disc, 6, 255, SPLIT},
    {"disc, edge of 16", draw_disc, 16, 255, SPLIT},
    {"disc of 250", draw_disc, 2, 250, REPORTED},
    {"disc of 200", draw_disc, 4, 200, REPORTED},
    {"disc of 100", draw_disc, 2, 100, KEPT},
    {"line, edge of 1", draw_line, 1, 255, SPLIT},
    {"line, edge of 3", draw_line, 3, 255, SPLIT},
    {"three levels, edges of 2", draw_three, 2, 200, REPORTED},
    {"three levels, edges of 3", draw_three, 3, 60, REPORTED},
    {"three levels without edges", draw_regions, 1, 2, KEPT},
    {"regions and small squares", draw_regions, 1, 250, KEPT},
    {"rings of other numbers", draw_rings, 5, 60, KEPT},
    {"noise of JPEG", draw_ringing, 7, 255, SPLIT},
    {"noise of JPEG below 255", draw_ringing, 7, 240, REPORTED},
};

/* The same values in other storage. */
typedef enum Storage {
    GREY_8,
    GREY_16,      /* the values times 257 */
    GREY_8_IN_16, /* the values as they are */
    SIGNED_32,
    FLOAT_32,
    SCALED, /* 10 + half of the sample */
    OPAQUE, /* red, green, blue and an opacity of 255 */
    GREY_PALETTE,
    STORAGES
} Storage;

static SampleType type_of(Storage storage) {
    static const SampleType types[STORAGES] = {
        [GREY_16] = SAMPLE_U16,  [GREY_8_IN_16] = SAMPLE_U16, [SIGNED_32] = SAMPLE_I32,
        [FLOAT_32] = SAMPLE_F32, [SCALED] = SAMPLE_I16,       [GREY_PALETTE] = SAMPLE_U8};
    return types[storage];
}

static void put(Volume *v, size_t at, unsigned value, Storage storage) {
    static const size_t channels[STORAGES] = {[OPAQUE] = 4};
    uint8_t *bytes = v->samples;
    switch (v->type) {
    case SAMPLE_U16:
        ((uint16_t *)v->samples)[at] = (uint16_t)(value * (storage == GREY_16 ? 257 : 1));
        break;
    case SAMPLE_I16:
        ((int16_t *)v->samples)[at] = (int16_t)(2 * ((int)value - 10));
        break;
    case SAMPLE_I32:
        ((int32_t *)v->samples)[at] = (int32_t)value;
        break;
    case SAMPLE_F32:
        ((float *)v->samples)[at] = (float)value;
        break;
    default:
        if (channels[storage] == 4) {
            memset(bytes + 4 * at, (int)value, 3);
            bytes[4 * at + 3] = 255;
        } else {
            bytes[at] = (uint8_t)value;
        }
    }
}

/* `planes`: copies of one picture, as the slices of a volume. */
static Volume *store_new(Storage storage, size_t planes) {
    Volume *v;
    VolumeSize size = {1, planes, SIDE, SIDE, storage == OPAQUE ? 4 : 1};
    if (volume_new(&v, size, type_of(storage), NULL)) abort();
    v->labels = true;
    v->alpha = storage == OPAQUE;
    if (storage == SCALED) v->slope = 0.5, v->intercept = 10.0;
    v->indexed = v->grey_palette = storage == GREY_PALETTE;
    for (size_t i = 0; i < 256; i++) v->grey[i] = (uint8_t)i;
    return v;
}

/* A hundred labels are usual, 25700 are not. */
static Verdict verdict_of(size_t index, Storage storage) {
    bool hundred = variants[index].draw == draw_disc && variants[index].b == 100;
    return hundred && storage == GREY_16 ? REPORTED : variants[index].verdict;
}

static void check_variant(size_t index, Storage storage, size_t planes) {
    Verdict verdict = verdict_of(index, storage);
    Volume *v = store_new(storage, planes);
    const size_t pixels = (size_t)SIDE * SIDE;
    unsigned most = 0, scale = storage == GREY_16 ? 257 : 1;
    for (size_t i = 0; i < planes * pixels; i++) {
        size_t at = i % pixels;
        unsigned value =
            variants[index].draw(at % SIDE, at / SIDE, variants[index].a, variants[index].b);
        put(v, i, value, storage);
        most = value > most ? value : most;
    }
    CHECK(label_file_complete(v, NULL) == VOXPERT_OK);
    uint32_t *got = labels_of(v);
    size_t differ = 0;
    for (size_t i = 0; i < planes * pixels; i++) {
        size_t at = i % pixels;
        unsigned value =
            variants[index].draw(at % SIDE, at / SIDE, variants[index].a, variants[index].b);
        if (verdict == SPLIT) value = 2 * value > most ? 255 : 0;
        differ += got[i] != value * scale;
    }
    const char *said = warnings_lines(&v->warnings);
    const char *const part[] = {"", "are ramps of a mask of two levels", "is a label"};
    check_report(differ == 0 && strstr(said, part[verdict]) &&
                     v->warnings.count == (verdict != KEPT),
                 __FILE__, __LINE__, "%s, storage %d, %zu planes: %zu differ; %s",
                 variants[index].name, (int)storage, planes, differ, said);
    memory_free(got);
    volume_free(v);
}

/* 80 x 43 pixels that were a JPEG: above the middle most of them have no smaller neighbour. */
TEST(a_mask_that_was_a_jpeg_is_split_in_a_png_too) {
    Volume *v;
    const VolumeReadOptions options = {.labels = true};
    CHECK(volume_read(&v, "tests/fuzz/corpus/png/mask_through_jpeg", &options, NULL) == VOXPERT_OK);
    uint32_t *got = labels_of(v);
    size_t inside = 0;
    for (size_t at = 0; at < volume_voxels(v); at++) {
        CHECK(got[at] == 0 || got[at] == 255);
        inside += got[at] == 255;
    }
    CHECK(inside == 651 && v->warnings.count == 1);
    memory_free(got);
    volume_free(v);
}

TEST(names_stay_and_amounts_are_split_however_they_are_stored) {
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) {
        for (int storage = 0; storage < STORAGES; storage++) {
            check_variant(i, (Storage)storage, 1);
            check_variant(i, (Storage)storage, 3);
        }
    }
}

TEST(files_of_any_format_give_their_values) {
    static const char *const names[] = {"soft.png", "soft.bmp", "soft.tif", "soft.nii.gz"};
    char folder[] = "/tmp/voxpert_label_file_XXXXXX";
    CHECK(mkdtemp(folder) != NULL);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        Volume *drawn = store_new(GREY_8, 1), *read;
        char *path = path_join(folder, names[i]);
        uint8_t *samples = drawn->samples;
        for (size_t at = 0; at < (size_t)SIDE * SIDE; at++)
            samples[at] = (uint8_t)disc(at % SIDE, at / SIDE, 2.0, 255);
        CHECK(volume_write(drawn, path, NULL) == VOXPERT_OK);
        CHECK(volume_read(&read, path, &(VolumeReadOptions){.labels = true}, NULL) == VOXPERT_OK);
        uint32_t *got = labels_of(read);
        size_t differ = 0;
        for (size_t at = 0; at < (size_t)SIDE * SIDE; at++)
            differ += got[at] != (2 * disc(at % SIDE, at / SIDE, 2.0, 255) > 255 ? 255u : 0u);
        check_report(differ == 0 && strstr(warnings_lines(&read->warnings), "are ramps of a mask"),
                     __FILE__, __LINE__, "%s: %zu differ; %s", names[i], differ,
                     warnings_lines(&read->warnings));
        CHECK(remove(path) == 0);
        memory_free(path);
        memory_free(got);
        volume_free(drawn);
        volume_free(read);
    }
    CHECK(remove(folder) == 0);
}

TEST(colours_of_a_background_on_the_border_are_reported) {
    static const struct {
        uint8_t rgb[2][3];
        bool warned;
    } palettes[] = {{{{255, 255, 255}, {0, 0, 0}}, true},   {{{255, 255, 255}, {10, 10, 10}}, true},
                    {{{255, 0, 0}, {20, 8, 30}}, true},     {{{255, 0, 0}, {250, 255, 251}}, true},
                    {{{0, 0, 0}, {255, 255, 255}}, false},  {{{0, 0, 0}, {10, 10, 10}}, false},
                    {{{255, 255, 255}, {60, 0, 0}}, false}, {{{12, 12, 12}, {0, 0, 0}}, false}};
    for (size_t i = 0; i < sizeof palettes / sizeof *palettes; i++) {
        Volume *v = picture_new(8, 8, SAMPLE_U8);
        uint8_t *samples = v->samples;
        for (size_t at = 0; at < 64; at++) samples[at] = at < 24 || at > 28;
        label_file_check_palette(v, palettes[i].rgb[0], 2);
        check_report((v->warnings.count == 1) == palettes[i].warned, __FILE__, __LINE__, "%zu: %s",
                     i, warnings_lines(&v->warnings));
        volume_free(v);
    }
}

/* Squares of `side` pixels numbered 1 .. `most`, in order or not. */
static void check_many(size_t side, unsigned most, unsigned jump) {
    Volume *v = picture_new(SIDE, SIDE, SAMPLE_U16);
    uint16_t *samples = v->samples;
    size_t across = SIDE / side;
    for (size_t at = 0; at < (size_t)SIDE * SIDE; at++) {
        size_t x = at % SIDE / side, y = at / SIDE / side;
        unsigned id = (unsigned)(y * across + x);
        samples[at] = (uint16_t)(id <= most ? id * jump % (most + 1) : 0);
    }
    CHECK(label_file_complete(v, NULL) == VOXPERT_OK);
    check_report(v->warnings.count == 0, __FILE__, __LINE__, "%zu, %u, %u: %s", side, most, jump,
                 warnings_lines(&v->warnings));
    volume_free(v);
}

TEST(thousands_of_instances_stay_instances) {
    static const unsigned most[] = {300, 511, 1000, 1023, 2000, 4000, 4095, 9000};
    for (size_t i = 0; i < sizeof most / sizeof *most; i++) {
        for (size_t side = 1; side <= 3; side++) {
            check_many(side, most[i], 1);
            check_many(side, most[i], 37);
            check_many(side, most[i], 1009);
        }
    }
}

TEST(indices_of_greys_in_another_order_stay_with_a_warning) {
    Volume *v = store_new(GREY_PALETTE, 1);
    uint8_t *samples = v->samples;
    for (size_t i = 0; i < 256; i++) v->grey[i] = (uint8_t)(255 - i);
    for (size_t at = 0; at < (size_t)SIDE * SIDE; at++)
        samples[at] = (uint8_t)(255 - disc(at % SIDE, at / SIDE, 4.0, 255));
    CHECK(label_file_complete(v, NULL) == VOXPERT_OK);
    CHECK(samples[0] == 255 && v->warnings.count == 1);
    CHECK(strstr(warnings_lines(&v->warnings), "each palette index is a label") != NULL);
    volume_free(v);
}

TEST(opacity_is_a_mask_only_where_colours_say_nothing) {
    const uint8_t shape[] = {9, 0, 9, 255, 9, 0}, drawn[] = {9, 0, 7, 255, 9, 0};
    const uint8_t opaque[] = {9, 255, 9, 255, 9, 255};
    const uint8_t *const files[] = {shape, drawn, opaque};
    for (size_t i = 0; i < 3; i++) {
        Volume *v;
        CHECK(volume_new(&v, (VolumeSize){1, 1, 1, 3, 2}, SAMPLE_U8, NULL) == VOXPERT_OK);
        memcpy(v->samples, files[i], 6);
        v->labels = v->alpha = true;
        CHECK(label_file_complete(v, NULL) == VOXPERT_OK);
        uint32_t *got = labels_of(v);
        CHECK(got[0] == (i == 0 ? 0u : 9u) && got[1] == (i == 0 ? 255u : i == 1 ? 7u : 9u));
        CHECK(v->warnings.count == (i == 0));
        memory_free(got);
        volume_free(v);
    }
}

TEST(what_is_no_label_is_shown_with_enough_digits) {
    Volume *v = picture_new(1, 1, SAMPLE_F64);
    uint32_t label;
    Error error;
    *(double *)v->samples = 3.00104;
    CHECK(label_file_complete(v, NULL) == VOXPERT_OK);
    CHECK(volume_labels(&label, v, &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "3.00104") != NULL);
    *(double *)v->samples = 2.9991;
    CHECK(label_file_complete(v, NULL) == VOXPERT_OK && *(double *)v->samples == 3.0);
    CHECK(volume_labels(&label, v, &error) == VOXPERT_OK && label == 3);
    volume_free(v);
}

TEST(scaled_labels_that_miss_whole_numbers_by_rounding_are_labels) {
    Volume *v = picture_new(1, 2, SAMPLE_I16);
    uint32_t got[2];
    memcpy(v->samples, (const int16_t[]){3000, 7000}, 4);
    v->slope = (double)0.001f;
    CHECK(volume_labels(got, v, NULL) == VOXPERT_OK && got[0] == 3 && got[1] == 7);
    volume_free(v);
}
