/* Data sets, cuts, prompts, optimizer: facts about each. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cases/shapes.h"
#include "cases/slices.h"
#include "tests/check.h"
#include "tests/train/tiny.h"
#include "train/batch.h"
#include "train/prompts.h"
#include "train/settings.h"

/* ---- Objects ---------------------------------------------------------------------------- */

enum { SIDE = 20 };

static Dataset one_picture(CaseSet rule) {
    Dataset d = {0};
    d.set = memory_new(sizeof *d.set);
    d.picture = memory_new(sizeof *d.picture);
    d.sets = d.pictures = d.set_capacity = d.picture_capacity = 1;
    d.set[0] = rule;
    d.set[0].name = memory_text("set");
    d.picture[0] = (Case){.width = SIDE, .height = SIDE, .channels = 1};
    d.picture[0].name = memory_text("set/a");
    d.picture[0].pixels = memory_new(SIDE * SIDE);
    memset(d.picture[0].pixels, 128, SIDE * SIDE);
    return d;
}

static void fill(uint32_t *labels, int x0, int y0, int x1, int y1, uint32_t value) {
    for (int y = y0; y <= y1; y++)
        for (int x = x0; x <= x1; x++) labels[y * SIDE + x] = value;
}

TEST(components_are_objects_and_corners_join_them) {
    uint32_t labels[SIDE * SIDE] = {0};
    fill(labels, 1, 1, 3, 3, 2);
    fill(labels, 4, 4, 5, 5, 2); /* touches by a corner */
    fill(labels, 10, 10, 14, 12, 2);
    fill(labels, 15, 10, 16, 12, 1); /* another value beside it */
    Dataset d = one_picture((CaseSet){0});
    CHECK(dataset_add_objects(&d, labels, 0, NULL) == VOXPERT_OK);
    CHECK(d.objects == 3);
    const CaseObject *o = d.object;
    CHECK(o[0].label == 1 && o[0].area == 6 && o[0].x0 == 15 && o[0].x1 == 16);
    CHECK(o[1].label == 2 && o[1].area == 13 && o[1].x0 == 1 && o[1].y1 == 5);
    CHECK(o[2].area == 15 && o[2].x1 == 14 && o[2].mask[0] == 1);
    dataset_free(&d);
}

TEST(an_instance_is_one_object_in_however_many_pieces) {
    uint32_t labels[SIDE * SIDE] = {0};
    fill(labels, 1, 1, 2, 2, 700);
    fill(labels, 10, 10, 12, 12, 700);
    Dataset d = one_picture((CaseSet){.instances = true});
    CHECK(dataset_add_objects(&d, labels, 0, NULL) == VOXPERT_OK);
    CHECK(d.objects == 1 && d.object[0].area == 13 && d.object[0].x1 == 12);
    dataset_free(&d);
}

TEST(nested_labels_fill_what_is_inside) {
    uint32_t labels[SIDE * SIDE] = {0};
    fill(labels, 2, 2, 12, 12, 1);
    fill(labels, 5, 5, 8, 8, 2);
    Dataset d = one_picture((CaseSet){.nested = true});
    CHECK(dataset_add_objects(&d, labels, 0, NULL) == VOXPERT_OK);
    CHECK(d.objects == 2);
    CHECK(d.object[0].outer && d.object[0].area == 121);
    CHECK(!d.object[1].outer && d.object[1].area == 16);
    dataset_free(&d);
}

TEST(options_are_checked) {
    Dataset d = {0};
    Error error = {0};
    CHECK(dataset_add(&d, "somewhere:patients", &error) == VOXPERT_BAD_ARGUMENT);
    CHECK(strstr(error.message, "\"patients\""));
    CHECK(dataset_add(&d, "somewhere:slices=0", NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(dataset_add(&d, "somewhere:window=40", NULL) == VOXPERT_BAD_ARGUMENT);
    dataset_free(&d);
}

/* Value i + 10 j + 1000 k at voxel (i, j, k) of 24 x 20 x 16; a block of label 3. */
static void small_volume(Volume **image, Volume **labels) {
    VolumeSize size = {1, 16, 20, 24, 1};
    CHECK(volume_new(image, size, SAMPLE_I16, NULL) == VOXPERT_OK);
    CHECK(volume_new(labels, size, SAMPLE_U8, NULL) == VOXPERT_OK);
    int16_t *value = (*image)->samples;
    uint8_t *label = (*labels)->samples;
    for (int at = 0; at < 24 * 20 * 16; at++) {
        int i = at % 24, j = at / 24 % 20, k = at / 480;
        value[at] = (int16_t)(i + 10 * j + 1000 * k);
        label[at] = i >= 4 && i < 14 && j >= 5 && j < 12 && k >= 2 && k < 8 ? 3 : 0;
    }
}

/* With one label map, for training. */
static Status add_slices(Dataset *d, const Volume *image, const Volume *labels, Error *error) {
    uint32_t *values = memory_new(volume_voxels(labels) * sizeof *values);
    LabelLayers layers = {.layer = &values, .count = 1, .voxels = volume_voxels(labels)};
    if (!values) abort();
    CHECK(!volume_labels_void(values, &layers.ignored, &(size_t){0}, labels, NULL));
    Status status = dataset_add_layers(d, 0, image, &layers, "a", SPLIT_TRAIN, error);
    memory_free(layers.ignored);
    memory_free(values);
    return status;
}

TEST(a_volume_gives_its_slices_that_show_something) {
    Volume *image, *labels;
    Error error = {0};
    small_volume(&image, &labels);
    Dataset d = {.set = memory_new(sizeof(CaseSet)), .sets = 1, .set_capacity = 1};
    d.set[0] = (CaseSet){.name = memory_text("body"), .train = true};
    CHECK(add_slices(&d, image, labels, &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "slices=N"));
    d.set[0].slices = 4;
    d.set[0].window_level = 8000.0, d.set[0].window_width = 510.0 * 40.0;
    CHECK(add_slices(&d, image, labels, NULL) == VOXPERT_OK);
    /* i: 3, 9, 15, 21 of which 9; j: 2, 7, 12, 17 of which 7; k: 2, 6, 10, 14 of which 2, 6 */
    CHECK(d.pictures == 4 && d.objects == 4);
    const char *names[] = {"body/a/i9", "body/a/j7", "body/a/k2", "body/a/k6"};
    for (int i = 0; i < 4; i++) CHECK(strcmp(d.picture[i].name, names[i]) == 0);
    CHECK(d.picture[0].width == 20 && d.picture[0].height == 16);
    CHECK(d.picture[1].width == 24 && d.picture[1].height == 16);
    CHECK(d.picture[3].width == 24 && d.picture[3].height == 20);
    const CaseObject *o = d.object;
    CHECK(o[0].x0 == 5 && o[0].x1 == 11 && o[0].y0 == 2 && o[0].y1 == 7);
    CHECK(o[1].x0 == 4 && o[1].x1 == 13 && o[1].y0 == 2 && o[1].y1 == 7);
    CHECK(o[3].x0 == 4 && o[3].x1 == 13 && o[3].y0 == 5 && o[3].y1 == 11);
    /* (11, 12) of k6: value 6131, 8331 of 20400 above the lowest grey */
    CHECK(d.picture[3].pixels[12 * 24 + 11] == (uint8_t)(255.0 * 8331.0 / 20400.0));
    CHECK(d.picture[0].part == SPLIT_TRAIN);
    dataset_free(&d);
    volume_free(image);
    volume_free(labels);
}

TEST(ignored_voxels_are_no_object_and_known_in_every_slice) {
    Volume *image, *bytes, *labels;
    small_volume(&image, &bytes);
    CHECK(volume_new(&labels, (VolumeSize){1, 16, 20, 24, 1}, SAMPLE_I16, NULL) == VOXPERT_OK);
    int16_t *label = labels->samples;
    for (int at = 0; at < 24 * 20 * 16; at++)
        label[at] = at % 24 == 13 ? -1 : ((uint8_t *)bytes->samples)[at];
    Dataset d = {.set = memory_new(sizeof(CaseSet)), .sets = 1, .set_capacity = 1};
    d.set[0] = (CaseSet){.name = memory_text("body"), .train = true, .slices = 4};
    CHECK(add_slices(&d, image, labels, NULL) == VOXPERT_OK);
    CHECK(d.pictures == 4 && !d.picture[0].ignored); /* i = 9 */
    for (int p = 1; p < 4; p++) {
        const Case *c = &d.picture[p];
        CHECK(c->ignored != NULL && d.object[p].x1 == 12);
        for (int k = 0; c->ignored && k < c->width * c->height; k++)
            CHECK(c->ignored[k] == (k % c->width == 13));
    }
    dataset_free(&d);
    volume_free(image);
    volume_free(bytes);
    volume_free(labels);
}

static Dataset one_set(CaseSet rule) {
    Dataset d = {.set = memory_new(sizeof(CaseSet)), .sets = 1, .set_capacity = 1};
    d.set[0] = rule;
    d.set[0].name = memory_text("body");
    return d;
}

TEST(no_more_slices_than_asked_for_and_no_slice_twice) {
    Volume *image, *labels;
    small_volume(&image, &labels);
    memset(labels->samples, 1, 24 * 20 * 16);
    Dataset d = one_set((CaseSet){.slices = 15}), all = one_set((CaseSet){.slices = 100});
    CHECK(add_slices(&d, image, labels, NULL) == VOXPERT_OK);
    CHECK(d.pictures == 45);
    CHECK(strcmp(d.picture[0].name, "body/a/i0") == 0 &&
          strcmp(d.picture[14].name, "body/a/i23") == 0);
    CHECK(add_slices(&all, image, labels, NULL) == VOXPERT_OK);
    CHECK(all.pictures == 24 + 20 + 16);
    CHECK(strcmp(all.picture[1].name, "body/a/i1") == 0);
    dataset_free(&d);
    dataset_free(&all);
    volume_free(image);
    volume_free(labels);
}

/* The pixels of one picture of 8 x 8, all samples `value`, labelled 1. */
static void flat_pixels(uint8_t out[3], int *channels, SampleType type, size_t colours,
                        unsigned value, double slope) {
    Volume *image, *labels;
    CHECK(volume_new(&image, (VolumeSize){1, 1, 8, 8, colours}, type, NULL) == VOXPERT_OK);
    CHECK(volume_new(&labels, (VolumeSize){1, 1, 8, 8, 1}, SAMPLE_U8, NULL) == VOXPERT_OK);
    memset(labels->samples, 1, 64);
    for (size_t i = 0; i < 64 * colours; i++) {
        if (type == SAMPLE_U8)
            ((uint8_t *)image->samples)[i] = (uint8_t)(i / colours ? value : 0);
        else
            ((uint16_t *)image->samples)[i] = (uint16_t)(i / colours ? value : 0);
    }
    image->slope = slope;
    Dataset d = one_set((CaseSet){0});
    CHECK(add_slices(&d, image, labels, NULL) == VOXPERT_OK);
    CHECK(d.pictures == 1 && d.objects == 1);
    *channels = d.picture[0].channels;
    memcpy(out, d.picture[0].pixels + 9 * *channels, (size_t)*channels);
    dataset_free(&d);
    volume_free(image);
    volume_free(labels);
}

TEST(pictures_pass_or_are_windowed_as_at_use) {
    uint8_t pixel[3];
    int channels;
    flat_pixels(pixel, &channels, SAMPLE_U8, 1, 100, 1.0);
    CHECK(channels == 1 && pixel[0] == 100);
    flat_pixels(pixel, &channels, SAMPLE_U8, 1, 100, 2.0); /* has a scale: 0 to 200 */
    CHECK(channels == 1 && pixel[0] == 255);
    flat_pixels(pixel, &channels, SAMPLE_U16, 3, 0x4321, 1.0);
    CHECK(channels == 3 && pixel[0] == 0x43 && pixel[2] == 0x43);
}

TEST(shapes_are_the_same_for_the_same_seed) {
    Dataset a = {0}, b = {0};
    CHECK(dataset_add_shapes(&a, 3, 5, NULL) == VOXPERT_OK);
    CHECK(dataset_add_shapes(&b, 3, 5, NULL) == VOXPERT_OK);
    CHECK(a.objects == b.objects && a.objects >= 3);
    for (int i = 0; i < 3; i++)
        CHECK(memcmp(a.picture[i].pixels, b.picture[i].pixels, 3 * SHAPES_SIDE * SHAPES_SIDE) == 0);
    dataset_free(&a);
    dataset_free(&b);
}

/* ---- Cuts ------------------------------------------------------------------------------- */

TEST(a_cut_goes_there_and_back) {
    Case p = {.width = 300, .height = 200};
    double box[] = {100, 50, 149, 79};
    Cut cuts[] = {cut_whole(200, 300, 64), cut_zoomed(&p, box, 2.0, 10.0, 64)};
    for (int i = 0; i < 2; i++) {
        double x, y, u, w;
        cut_to_picture(&cuts[i], 13.0, 40.0, &x, &y);
        cut_from_picture(&cuts[i], x, y, &u, &w);
        CHECK(fabs(u - 13.0) < 1e-9 && fabs(w - 40.0) < 1e-9);
    }
    double x, y;
    cut_to_picture(&cuts[1], 32.0, 32.0, &x, &y); /* the box's middle, sides of 100 pixels */
    CHECK(fabs(x - 125.0) < 1e-9 && fabs(y - 65.0) < 1e-9);
    CHECK(fabs(cut_scale(&cuts[1]) - 0.64) < 1e-9);
}

TEST(a_cut_stays_inside_where_it_can) {
    Case p = {.width = 300, .height = 200};
    double corner[] = {0, 0, 19, 19}, x, y;
    Cut c = cut_zoomed(&p, corner, 3.0, 10.0, 64);
    cut_to_picture(&c, 0.0, 0.0, &x, &y);
    CHECK(fabs(x) < 1e-9 && fabs(y) < 1e-9);
}

TEST(a_flat_picture_stays_flat_and_outside_is_zero) {
    enum { OUT = 16 };
    static float out[OUT * OUT * 3];
    Dataset d = one_picture((CaseSet){0});
    Look look;
    look_plain(&look);
    Cut c = {{{2.0, 0.0, -4.0}, {0.0, 2.0, -4.0}}, OUT, false};
    cut_render(out, &d.picture[0], &c, &look);
    const float *inside = out + (8 * OUT + 8) * 3;
    CHECK(fabsf(inside[0] - (128.0f - 123.675f) / 58.395f) < 1e-5f);
    CHECK(fabsf(out[0]) < 1e-9f);
    dataset_free(&d);
}

TEST(an_object_keeps_its_area_when_it_grows) {
    uint32_t labels[SIDE * SIDE] = {0};
    fill(labels, 5, 5, 9, 8, 1);
    Dataset d = one_picture((CaseSet){0});
    CHECK(dataset_add_objects(&d, labels, 0, NULL) == VOXPERT_OK);
    static uint8_t out[80 * 80];
    Cut c = {{{0.25, 0.0, 0.0}, {0.0, 0.25, 0.0}}, 80, false};
    cut_render_object(out, &d.object[0], &c);
    int area = 0;
    for (int i = 0; i < 80 * 80; i++) area += out[i];
    /* 20 pixels of 16 each, less what bilinear edges lose at the corners */
    check_report(area > 300 && area <= 320, __FILE__, __LINE__, "area %d", area);
    dataset_free(&d);
}

TEST(square_cuts_take_nearest_pixels_and_centre_what_is_small) {
    Dataset d = one_picture((CaseSet){0});
    for (int i = 0; i < SIDE * SIDE; i++) d.picture[0].pixels[i] = (uint8_t)(i % SIDE * 10);
    Look look;
    look_blue_first(&look);
    CHECK(look.source[0] == 2 && look.source[2] == 0);
    static float out[32 * 32 * 3];
    Cut shrunk = cut_square(SIDE, SIDE, 16), centred = cut_square(SIDE, SIDE, 32);
    cut_render(out, &d.picture[0], &shrunk, &look);
    CHECK(fabsf(out[7 * 3] - look.value[0][80]) < 1e-6f); /* floor(7 20 / 16) = 8 */
    cut_render(out, &d.picture[0], &centred, &look);
    CHECK(fabsf(out[(16 * 32 + 5) * 3]) < 1e-9f);
    CHECK(fabsf(out[(16 * 32 + 9) * 3] - look.value[0][30]) < 1e-6f);
    dataset_free(&d);
}

TEST(a_squeezed_cut_fills_the_square) {
    Cut c = cut_squeezed(10, 20, 32);
    double x, y;
    cut_to_picture(&c, 32.0, 32.0, &x, &y);
    CHECK(fabs(x - 20.0) < 1e-9 && fabs(y - 10.0) < 1e-9);
    cut_to_picture(&c, 0.0, 0.0, &x, &y);
    CHECK(fabs(x) < 1e-9 && fabs(y) < 1e-9);
}

/* With probability 0.2 times 0.8 .. 1.2, and with 0.2 another -0.2 .. 0.2 more: values of 0 and 1
 * tell one from the other. */
TEST(segmotes_pictures_are_shaded_and_nothing_else) {
    enum { LOOKS = 4000 };
    Augment a = augment_segmote();
    float image[12] = {0}, scratch[12];
    int scaled = 0, moved = 0;
    for (uint64_t seed = 0; seed < LOOKS; seed++) {
        Random r = random_begin(seed, 0, 0, 0);
        for (int i = 0; i < 12; i++) image[i] = (float)(i % 2);
        augment_pixels(&a, image, scratch, 2, &r);
        float factor = image[1] - image[0], more = image[0];
        for (int i = 0; i < 12; i++) CHECK(fabsf(image[i] - image[i % 2]) < 1e-6f);
        CHECK(factor > 0.799f && factor < 1.201f && fabsf(more) < 0.201f);
        scaled += fabsf(factor - 1.0f) > 1e-5f, moved += fabsf(more) > 1e-5f;
    }
    CHECK(abs(scaled - LOOKS / 5) < 100 && abs(moved - LOOKS / 5) < 100);
    Case p = {.height = 10, .width = 20, .channels = 1};
    Random r = random_begin(1, 0, 0, 0);
    Cut cut = augment_cut(&a, &p, NULL, 32, &r), whole = cut_whole(10, 20, 32);
    CHECK(memcmp(cut.a, whole.a, sizeof cut.a) == 0);
}

TEST(every_sample_of_a_shared_picture_shows_its_object) {
    enum { SAMPLES = 32, OUT = 32 };
    Dataset d = {0};
    Pool pool;
    Batch b;
    CHECK(dataset_add_shapes(&d, 20, 1, NULL) == VOXPERT_OK);
    CHECK(pool_open(&pool, &d, SPLIT_TRAIN, NULL) == VOXPERT_OK);
    BatchShape shape = {.count = SAMPLES, .share = 4, .side = OUT, .loss_side = OUT};
    CHECK(batch_open(&b, &shape, NULL) == VOXPERT_OK);
    Augment a = augment_default();
    a.whole = 0.0;
    CHECK(batch_draw(&b, &d, &pool, &a, NULL, false, 1, 1, &(Worker){0}, NULL) == VOXPERT_OK);
    int empty = 0, strangers = 0;
    for (int i = 0; i < SAMPLES; i++) {
        empty += memchr(b.object + i * OUT * OUT, 1, OUT * OUT) == NULL;
        strangers += b.source[i]->picture != b.source[i / 4 * 4]->picture;
    }
    CHECK(empty == 0 && strangers == 0);
    batch_close(&b);
    pool_close(&pool);
    dataset_free(&d);
}

/* ---- Prompts ---------------------------------------------------------------------------- */

TEST(a_loose_box_moves_each_side_by_five_pixels_at_most) {
    uint8_t mask[SIDE * SIDE] = {0};
    for (int y = 2; y <= 9; y++)
        for (int x = 8; x <= 12; x++) mask[y * SIDE + x] = 1;
    const int exact[] = {8, 2, 12, 9};
    bool least[4] = {0}, most[4] = {0};
    for (uint64_t seed = 0; seed < 400; seed++) {
        Random r = random_begin(seed, 0, 0, 0);
        float box[4];
        prompt_box_loose(box, mask, SIDE, &r);
        for (int i = 0; i < 4; i++) {
            int by = (int)box[i] - exact[i];
            CHECK(box[i] >= 0.0f && box[i] <= SIDE - 1 && by >= -5 && by <= 5);
            least[i] |= by == (exact[i] < 5 ? -exact[i] : -5);
            most[i] |= by == 5;
        }
    }
    for (int i = 0; i < 4; i++) CHECK(least[i] && most[i]);
}

TEST(a_central_point_is_of_the_half_that_is_nearest_to_the_centre) {
    uint8_t mask[SIDE * SIDE] = {0};
    int times[SIDE] = {0};
    for (int x = 2; x <= 12; x++) mask[5 * SIDE + x] = 1; /* half: five, 7 +- 2 */
    for (uint64_t seed = 0; seed < 2000; seed++) {
        Random r = random_begin(seed, 0, 0, 0);
        float at[2];
        CHECK(prompt_point_central(at, mask, SIDE, &r) == 1);
        CHECK(fabsf(at[1] - 5.0f) < 0.1f);
        times[(int)at[0]]++;
    }
    for (int x = 0; x < SIDE; x++) CHECK(x >= 5 && x <= 9 ? times[x] > 300 : times[x] == 0);
    memset(mask, 0, sizeof mask);
    float at[2];
    Random r = random_begin(1, 0, 0, 0);
    CHECK(prompt_point_central(at, mask, SIDE, &r) == -1);
}

TEST(an_exact_box_has_inclusive_corners) {
    uint8_t mask[SIDE * SIDE] = {0};
    for (int y = 4; y <= 9; y++)
        for (int x = 3; x <= 12; x++) mask[y * SIDE + x] = 1;
    Random r = random_begin(1, 0, 0, 0);
    float box[4];
    prompt_box(box, mask, SIDE, 1.0, 0.0, &r);
    float want[] = {3.0f, 4.0f, 12.0f, 9.0f};
    CHECK_CLOSE(box, want, 4, 1e-6f, 0.0f);
    prompt_box(box, mask, SIDE, 2.0, 0.0, &r); /* picture pixels are two wide: ends at their left */
    CHECK(fabsf(box[2] - 11.0f) < 1e-6f);
}

TEST(clicks_go_into_the_error_with_its_label) {
    float truth[SIDE * SIDE] = {0};
    uint8_t said[SIDE * SIDE] = {0};
    for (int y = 2; y <= 9; y++)
        for (int x = 2; x <= 9; x++) truth[y * SIDE + x] = 1.0f;
    ClickRule deep = {.deepest = 1.0}, any = {.exact = true};
    Random r = random_begin(3, 0, 0, 0);
    float at[2];
    int label = -1;
    CHECK(prompt_click(at, &label, truth, NULL, SIDE, 1.0, 0.0, &deep, &r, NULL) == VOXPERT_OK);
    CHECK(label == 1 && at[0] >= 4.0f && at[0] <= 8.0f && at[1] >= 4.0f && at[1] <= 8.0f);
    for (int i = 0; i < SIDE * SIDE; i++) said[i] = truth[i] > 0.5f;
    for (int x = 12; x < 18; x++) said[15 * SIDE + x] = 1;
    CHECK(prompt_click(at, &label, truth, said, SIDE, 1.0, 0.0, &any, &r, NULL) == VOXPERT_OK);
    CHECK(label == 0 && fabsf(at[1] - 15.0f) < 1e-6f && at[0] >= 12.0f && at[0] <= 17.0f);
    for (int x = 12; x < 18; x++) said[15 * SIDE + x] = 0;
    CHECK(prompt_click(at, &label, truth, said, SIDE, 1.0, 0.0, &any, &r, NULL) == VOXPERT_OK);
    CHECK(label == -1);
}

/* ---- Optimizer -------------------------------------------------------------------------- */

TEST(adamw_moves_what_was_used_and_averages_follow) {
    Params p = {0};
    Param *a = params_declare(&p, "a", LAYOUT_PLAIN, 2, (int[]){1, 2}, INITIAL_ONE, 1);
    Param *b = params_declare(&p, "b", LAYOUT_PLAIN, 2, (int[]){1, 2}, INITIAL_ONE, 1);
    CHECK(params_initialize(&p, 1, NULL) == VOXPERT_OK);
    params_train(&p, "*", true);
    Optimizer o;
    CHECK(optimizer_open(&o, &p, true, NULL) == VOXPERT_OK);
    Worker w = {0};
    optimizer_zero(&o, &kernels_reference, &w);
    o.slot[0].gradient[0] = 3.0f;
    o.slot[1].gradient[0] = 3.0f;
    a->tensor.used = true;
    OptimizerRule rule = {.lr = 0.1, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .average = 0.5};
    double norm = optimizer_step(&o, &kernels_reference, &w, &rule, 1);
    CHECK(fabs(norm - 3.0) < 1e-6);
    CHECK(fabsf(a->owned[0] - 0.9f) <
          1e-5f); /* a first step of Adam is lr, whatever the gradient */
    CHECK(fabsf(b->owned[0] - 1.0f) < 1e-9f && o.slot[1].steps == 0);
    float average = 1.0f + (1.0f - 2.0f / 11.0f) * (0.9f - 1.0f);
    CHECK(fabsf(o.slot[0].average[0] - average) < 1e-5f);
    optimizer_swap(&o);
    CHECK(fabsf(a->owned[0] - average) < 1e-5f);
    optimizer_close(&o);
    params_free(&p);
}

/* ---- Settings --------------------------------------------------------------------------- */

/* 0 or 1 after rounding, or so small that nothing is learned. */
TEST(settings_that_training_would_round_to_an_end_are_refused) {
    static const char *const refused[] = {
        "beta1=0.99999999999", "beta2=0.99999999999", "ema=0.9999999999",
        "eps=1e-60",           "eps=1e-39",           "lr=1e-60",
        "lr-start=1e-50",      "lr-end=1e-50",        "step-drop=1e-46",
        "weight-decay=1e-60",  "clip=1e-300",         "focal=1e-60",
        "dice=1e-60",          "iou=1e-60",           "balance=1e-60",
        "cross-entropy=1e-60", "jitter=1e-60",        "noise=1e-60",
        "intensity=1e-60",     "scale=1e-60"};
    static const char *const taken[] = {
        "beta1=0",  "beta1=0.9999999", "beta2=0.999999", "eps=1e-30",      "lr=0",   "lr=1e-12",
        "lr-end=0", "ema=0",           "ema=0.99999",    "weight-decay=0", "clip=0", "focal=0"};
    Error error = {0};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        TrainOptions o = train_options_default();
        Status status = settings_apply(&o, refused[i], &error);
        check_report(status == VOXPERT_BAD_ARGUMENT && strstr(error.message, "rounded"), __FILE__,
                     __LINE__, "%s: %s", refused[i], error.message);
    }
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
        TrainOptions o = train_options_default();
        check_report(!settings_apply(&o, taken[i], &error), __FILE__, __LINE__, "%s", taken[i]);
    }
}

TEST(settings_are_named_checked_and_told_apart) {
    TrainOptions o = train_options_default();
    Error error = {0};
    char before[HASH_TEXT], after[HASH_TEXT];
    settings_identity(&o, before);
    CHECK(settings_apply(&o, "threads=2", NULL) == VOXPERT_OK && o.threads == 2);
    settings_identity(&o, after);
    CHECK(strcmp(before, after) == 0);
    CHECK(settings_apply(&o, "lr=0.25", NULL) == VOXPERT_OK && o.optimizer.lr > 0.2);
    settings_identity(&o, after);
    CHECK(strcmp(before, after) != 0);
    CHECK(settings_apply(&o, "batch=2.5", &error) == VOXPERT_BAD_ARGUMENT);
    CHECK(strstr(error.message, "batch must be a whole number"));
    CHECK(settings_apply(&o, "jitter=0,1", &error) == VOXPERT_BAD_ARGUMENT);
    CHECK(settings_apply(&o, "step-at=5,9", NULL) == VOXPERT_OK && o.drops[1] == 9);
    CHECK(settings_apply(&o, "step-at=7", NULL) == VOXPERT_OK && o.drops[0] == 7);
    CHECK(o.drops[1] == 0);
    CHECK(settings_apply(&o, "seed=9000000000000000", NULL) == VOXPERT_OK);
    CHECK(o.seed == 9000000000000000u);
    CHECK(settings_apply(&o, "nothing=1", &error) == VOXPERT_BAD_ARGUMENT);
}
