/* The library as a service needs it: bytes instead of files, encoding for its own, interruption. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <voxpert/voxpert.h>

#include "base/files.h"
#include "tests/check.h"

enum { WIDTH = 90, HEIGHT = 70, PIXELS = WIDTH * HEIGHT };

static const VoxpertBox disc = {20, 15, 60, 55};
static const VoxpertPrompt box_prompt = {.box = &disc};

typedef struct Bench {
    VoxpertModel *model;
    VoxpertSession *session;
    uint8_t pixels[PIXELS];
    VoxpertImage image;
    VoxpertError error;
} Bench;

static void draw_disc(uint8_t *pixels) {
    for (int i = 0; i < PIXELS; i++) {
        int x = i % WIDTH - 40, y = i / WIDTH - 35;
        pixels[i] = (uint8_t)(x * x + y * y < 400 ? 220 : 40 + i % WIDTH);
    }
}

static void bench_open(Bench *b) {
    const VoxpertOptions options = {.threads = 1};
    *b = (Bench){0};
    draw_disc(b->pixels);
    b->image = (VoxpertImage){
        .pixels = b->pixels, .type = VOXPERT_U8, .width = WIDTH, .height = HEIGHT, .channels = 1};
    REQUIRE(voxpert_model_open(&b->model, NULL, &options, &b->error) == VOXPERT_OK);
    REQUIRE(voxpert_session_open(&b->session, b->model, &b->error) == VOXPERT_OK);
    REQUIRE(voxpert_set_image(b->session, &b->image, &b->error) == VOXPERT_OK);
}

static void bench_close(Bench *b) {
    voxpert_session_close(b->session);
    voxpert_model_close(b->model);
}

static void segment(Bench *b, VoxpertMaskType type, VoxpertMasks *out) {
    const VoxpertSegmentOptions options = {.masks = type, .multimask = true};
    CHECK(voxpert_segment(b->session, &box_prompt, &options, out, &b->error) == VOXPERT_OK);
}

/* ---- Models and images in memory ---------------------------------------------------------- */

TEST(a_model_in_memory_is_the_same_as_its_file) {
    const char *path = "models/builtin.safetensors", *one, *other;
    FileMap map = {0};
    VoxpertModel *file = NULL, *memory = NULL;
    VoxpertError error;
    REQUIRE(file_map(&map, path, VOXPERT_BAD_INPUT, NULL) == VOXPERT_OK);
    REQUIRE(voxpert_model_open(&file, path, NULL, &error) == VOXPERT_OK);
    REQUIRE(voxpert_model_open_memory(&memory, map.bytes, map.size, NULL, NULL, &error) ==
            VOXPERT_OK);
    CHECK(voxpert_model_identity(file, &one, NULL) == VOXPERT_OK);
    CHECK(voxpert_model_identity(memory, &other, NULL) == VOXPERT_OK);
    CHECK(strcmp(one, other) == 0);
    voxpert_model_close(memory);
    voxpert_model_close(file);

    memory = (VoxpertModel *)&map;
    CHECK(voxpert_model_open_memory(&memory, map.bytes, map.size / 2, "half", NULL, &error) ==
          VOXPERT_BAD_MODEL);
    CHECK(memory == NULL && strncmp(error.message, "half: ", 6) == 0);
    file_unmap(&map);
}

TEST(what_a_model_takes_is_reported_without_json) {
    Bench b;
    VoxpertModelInfo info;
    bench_open(&b);
    CHECK(voxpert_model_info(b.model, &info, NULL) == VOXPERT_OK);
    CHECK(strcmp(info.system, "sam") == 0 && strcmp(info.preset, "voxpert") == 0);
    CHECK(info.input_side > 0 && info.low_res_side == voxpert_model_low_res_side(b.model));
    CHECK(info.experts == 0 && info.masks == 3 && info.needs_prompt && info.everything);
    CHECK(!info.reads_text && !info.adapter && info.zoom > 1.0);
    bench_close(&b);
}

TEST(images_and_labels_go_through_memory_as_through_files) {
    Bench b;
    void *png = NULL, *labels = NULL;
    size_t png_size, labels_size;
    VoxpertImageFile *file = NULL;
    uint16_t map[PIXELS], *again = NULL;
    int width, height;
    char *warnings = NULL;
    bench_open(&b);
    CHECK(voxpert_image_write_memory(&b.image, "a.png", &png, &png_size, &b.error) == VOXPERT_OK);
    CHECK(voxpert_image_file_open_memory(&file, png, png_size, "a.png", NULL, &b.error) ==
          VOXPERT_OK);
    const VoxpertImage *image = voxpert_image_file_image(file);
    const uint8_t *rgb = image ? image->pixels : NULL;
    CHECK(image && image->width == WIDTH && image->height == HEIGHT && image->channels == 3);
    for (int i = 0; rgb && i < PIXELS; i++) CHECK(rgb[3 * i] == b.pixels[i]);

    for (int i = 0; i < PIXELS; i++) map[i] = (uint16_t)(i % 300);
    CHECK(voxpert_labels_write_memory(file, map, "m.tif", &labels, &labels_size, &b.error) ==
          VOXPERT_OK);
    CHECK(voxpert_labels_read_memory(&again, &width, &height, labels, labels_size, "m.tif", file,
                                     NULL, &warnings, &b.error) == VOXPERT_OK);
    CHECK(again && width == WIDTH && height == HEIGHT && memcmp(again, map, sizeof map) == 0);
    voxpert_free(labels);
    CHECK(voxpert_labels_write_memory(file, map, "m.xyz", &labels, &labels_size, &b.error) ==
          VOXPERT_BAD_ARGUMENT);
    CHECK(labels == NULL && labels_size == 0);
    voxpert_free(again);
    voxpert_free(warnings);
    voxpert_free(png);
    voxpert_image_file_close(file);
    bench_close(&b);
}

TEST(a_file_and_memory_get_the_same_bytes) {
    static const char *const names[] = {"a.png", "a.tif", "a.bmp", "a.nii", "a.nii.gz"};
    Bench b;
    char folder[] = "/tmp/voxpert-service-XXXXXX", path[64];
    bench_open(&b);
    CHECK(mkdtemp(folder) != NULL);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        void *bytes = NULL;
        size_t size = 0;
        FileMap map = {0};
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        CHECK(voxpert_image_write(&b.image, path, &b.error) == VOXPERT_OK);
        CHECK(voxpert_image_write_memory(&b.image, names[i], &bytes, &size, &b.error) ==
              VOXPERT_OK);
        REQUIRE(file_map(&map, path, VOXPERT_BAD_INPUT, NULL) == VOXPERT_OK);
        CHECK(map.size == size && bytes && memcmp(map.bytes, bytes, size) == 0);
        file_unmap(&map);
        voxpert_free(bytes);
        unlink(path);
    }
    rmdir(folder);
    bench_close(&b);
}

TEST(an_overlay_is_a_png_in_memory) {
    Bench b;
    void *png = NULL;
    size_t size = 0;
    bench_open(&b);
    CHECK(voxpert_overlay_write_memory(&b.image, NULL, &box_prompt, 1, &png, &size, &b.error) ==
          VOXPERT_OK);
    CHECK(png && size > 8 && memcmp(png, "\x89PNG\r\n\x1a\n", 8) == 0);
    voxpert_free(png);
    bench_close(&b);
}

TEST(rows_may_have_gaps) {
    Bench b;
    enum { STEP = 3 * WIDTH };
    static uint8_t spaced[STEP * HEIGHT];
    void *dense = NULL, *wide = NULL;
    size_t dense_size, wide_size;
    bench_open(&b);
    memset(spaced, 7, sizeof spaced);
    for (int y = 0; y < HEIGHT; y++)
        memcpy(spaced + (size_t)y * STEP, b.pixels + (size_t)y * WIDTH, WIDTH);
    VoxpertImage image = b.image;
    image.pixels = spaced, image.row_bytes = STEP;
    CHECK(voxpert_image_write_memory(&b.image, "a.bmp", &dense, &dense_size, NULL) == VOXPERT_OK);
    CHECK(voxpert_image_write_memory(&image, "a.bmp", &wide, &wide_size, NULL) == VOXPERT_OK);
    CHECK(dense_size == wide_size && memcmp(dense, wide, wide_size) == 0);
    voxpert_free(dense);
    voxpert_free(wide);
    image.row_bytes = WIDTH - 1;
    CHECK(voxpert_image_write_memory(&image, "a.bmp", &wide, &wide_size, &b.error) ==
          VOXPERT_BAD_ARGUMENT);
    CHECK(strcmp(b.error.field, "row_bytes") == 0);
    bench_close(&b);
}

/* ---- Masks without logits ------------------------------------------------------------------ */

TEST(masks_as_bytes_and_bits_are_those_of_the_logits) {
    Bench b;
    VoxpertMasks logits = {0}, bytes = {0}, bits = {0};
    static uint8_t want[PIXELS], got[PIXELS];
    bench_open(&b);
    segment(&b, VOXPERT_MASK_LOGITS, &logits);
    segment(&b, VOXPERT_MASK_BYTES, &bytes);
    segment(&b, VOXPERT_MASK_BITS, &bits);
    CHECK(logits.count == 3 && bytes.count == 3 && bits.count == 3);
    CHECK(logits.logits && !bytes.logits && !bits.logits && bytes.bytes && bits.bits);
    for (int i = 0; i < 3; i++) {
        voxpert_masks_binary(&logits, i, want);
        voxpert_masks_binary(&bytes, i, got);
        CHECK(memcmp(got, want, sizeof got) == 0);
        voxpert_masks_binary(&bits, i, got);
        CHECK(memcmp(got, want, sizeof got) == 0);
    }
    voxpert_masks_binary(&bits, 3, got); /* there is none: nothing is written */
    CHECK(memcmp(got, want, sizeof got) == 0);
    CHECK(bits.bits && (bits.bits[(WIDTH + 7) / 8 - 1] & 0x3f) == 0); /* 90 pixels in 96 bits */
    voxpert_masks_free(&logits);
    voxpert_masks_free(&bytes);
    voxpert_masks_free(&bits);
    const VoxpertSegmentOptions wrong = {.masks = (VoxpertMaskType)9};
    CHECK(voxpert_segment(b.session, &box_prompt, &wrong, &logits, &b.error) ==
          VOXPERT_BAD_ARGUMENT);
    CHECK(strcmp(b.error.field, "masks") == 0);
    bench_close(&b);
}

/* ---- Encoding ------------------------------------------------------------------------------ */

typedef struct Watch {
    int calls, stop_at;
    size_t done, total;
    VoxpertSession *session; /* to be interrupted instead, or NULL */
} Watch;

static int watch(void *context, size_t done, size_t total) {
    Watch *w = context;
    w->done = done, w->total = total;
    bool stop = ++w->calls == w->stop_at;
    if (stop && w->session) voxpert_session_interrupt(w->session);
    return stop && !w->session;
}

TEST(encoding_is_a_call_of_its_own_and_reports_its_progress) {
    Bench b;
    Watch w = {0};
    VoxpertMasks masks = {0};
    const VoxpertSegmentOptions whole = {.zoom = -1};
    bench_open(&b);
    voxpert_session_progress(b.session, watch, &w);
    CHECK(voxpert_encode(b.session, &b.error) == VOXPERT_OK);
    CHECK(w.calls > 2 && w.total > 1 && w.done == w.total);
    int calls = w.calls;
    CHECK(voxpert_encode(b.session, &b.error) == VOXPERT_OK);
    CHECK(voxpert_segment(b.session, &box_prompt, &whole, &masks, &b.error) == VOXPERT_OK);
    CHECK(w.calls == calls); /* no encoder ran again */
    voxpert_masks_free(&masks);
    bench_close(&b);
}

TEST(an_encoder_pass_can_be_stopped_at_any_block_and_begun_again) {
    Bench b;
    Watch whole = {0};
    VoxpertMasks want = {0}, got = {0};
    const VoxpertSegmentOptions options = {.zoom = -1};
    bench_open(&b);
    voxpert_session_progress(b.session, watch, &whole);
    CHECK(voxpert_segment(b.session, &box_prompt, &options, &want, &b.error) == VOXPERT_OK);
    for (int i = 1; i <= whole.calls; i++)
        for (int interrupts = 0; interrupts < 2; interrupts++) {
            /* The last call can only be interrupted from its answer: no call follows it. */
            if (interrupts && i == whole.calls) continue;
            Watch w = {.stop_at = i, .session = interrupts ? b.session : NULL};
            REQUIRE(voxpert_set_image(b.session, &b.image, &b.error) == VOXPERT_OK);
            voxpert_session_progress(b.session, watch, &w);
            CHECK(voxpert_encode(b.session, &b.error) == VOXPERT_INTERRUPTED);
            CHECK(b.error.message[0] && w.calls == i);
            voxpert_session_progress(b.session, NULL, NULL);
            CHECK(voxpert_segment(b.session, &box_prompt, &options, &got, &b.error) == VOXPERT_OK);
            CHECK(got.logits && memcmp(got.logits, want.logits, PIXELS * sizeof(float)) == 0);
            voxpert_masks_free(&got);
        }
    voxpert_session_interrupt(b.session); /* nothing works: nothing happens */
    CHECK(voxpert_encode(b.session, &b.error) == VOXPERT_OK);
    voxpert_masks_free(&want);
    bench_close(&b);
}

TEST(a_prompt_that_zooms_can_be_stopped_too) {
    Bench b;
    Watch w = {.stop_at = 2};
    VoxpertMasks masks = {0};
    bench_open(&b);
    voxpert_session_progress(b.session, watch, &w);
    CHECK(voxpert_segment(b.session, &box_prompt, NULL, &masks, &b.error) == VOXPERT_INTERRUPTED);
    CHECK(masks.logits == NULL && masks.count == 0);
    bench_close(&b);
}

TEST(everything_can_be_interrupted_from_elsewhere) {
    Bench b;
    VoxpertFound *found = NULL;
    size_t count = 1;
    bench_open(&b);
    Watch w = {.stop_at = 2, .session = b.session};
    CHECK(voxpert_segment_everything(b.session, NULL, &found, &count, watch, &w, &b.error) ==
          VOXPERT_INTERRUPTED);
    CHECK(found == NULL && count == 0);
    bench_close(&b);
}

TEST(an_embedding_goes_through_memory) {
    Bench b;
    void *bytes = NULL;
    size_t size = 0;
    VoxpertMasks want = {0}, got = {0};
    const VoxpertSegmentOptions options = {.zoom = -1};
    bench_open(&b);
    CHECK(voxpert_segment(b.session, &box_prompt, &options, &want, &b.error) == VOXPERT_OK);
    CHECK(voxpert_embedding_save_memory(b.session, "f32", &bytes, &size, &b.error) == VOXPERT_OK);
    REQUIRE(voxpert_set_image(b.session, &b.image, &b.error) == VOXPERT_OK);
    CHECK(voxpert_embedding_load_memory(b.session, bytes, size, &b.error) == VOXPERT_OK);
    CHECK(voxpert_segment(b.session, &box_prompt, &options, &got, &b.error) == VOXPERT_OK);
    CHECK(got.logits && memcmp(got.logits, want.logits, PIXELS * sizeof(float)) == 0);
    CHECK(voxpert_embedding_load_memory(b.session, bytes, size / 2, &b.error) == VOXPERT_BAD_INPUT);
    voxpert_free(bytes);
    voxpert_masks_free(&want);
    voxpert_masks_free(&got);
    bench_close(&b);
}

TEST(points_must_be_given_where_they_are_counted) {
    Bench b;
    VoxpertMasks masks = {0};
    bench_open(&b);
    const VoxpertPrompt missing = {.point_count = 1}, fewer = {.point_count = -1, .box = &disc};
    CHECK(voxpert_segment(b.session, &missing, NULL, &masks, &b.error) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_segment(b.session, &fewer, NULL, &masks, &b.error) == VOXPERT_BAD_ARGUMENT);
    CHECK(strstr(b.error.message, "-1 points") != NULL);
    bench_close(&b);
}

/* The call of one line gives what a session gives. */
TEST(a_box_is_segmented_in_one_call) {
    Bench b;
    VoxpertMasks masks = {0};
    static uint8_t want[PIXELS], mask[PIXELS];
    const float box[4] = {disc.x0, disc.y0, disc.x1, disc.y1}, outside[4] = {20, 15, 5000, 55};
    bench_open(&b);
    CHECK(voxpert_segment(b.session, &box_prompt, NULL, &masks, &b.error) == VOXPERT_OK);
    voxpert_masks_binary(&masks, 0, want);
    voxpert_masks_free(&masks);
    CHECK(voxpert_segment_box(b.model, b.pixels, WIDTH, HEIGHT, 1, box, mask, &b.error) ==
          VOXPERT_OK);
    CHECK(memcmp(mask, want, PIXELS) == 0);
    memset(mask, 7, PIXELS);
    CHECK(voxpert_segment_box(b.model, b.pixels, WIDTH, HEIGHT, 1, outside, mask, &b.error) ==
          VOXPERT_BAD_ARGUMENT);
    CHECK(mask[0] == 7 && mask[PIXELS - 1] == 7);
    CHECK(voxpert_segment_box(NULL, b.pixels, WIDTH, HEIGHT, 1, box, mask, &b.error) == VOXPERT_OK);
    CHECK(memcmp(mask, want, PIXELS) == 0); /* the built-in model is what b.model is */
    bench_close(&b);
}

TEST(a_hash_that_nobody_needs_is_not_computed) {
    VoxpertImageFile *file = NULL;
    const VoxpertFileOptions options = {.skip_hash = true};
    REQUIRE(voxpert_image_file_open(&file, "docs/examples/brain.png", &options, NULL) ==
            VOXPERT_OK);
    CHECK(strcmp(voxpert_image_file_hash(file), "") == 0);
    voxpert_image_file_close(file);
    REQUIRE(voxpert_image_file_open(&file, "docs/examples/brain.png", NULL, NULL) == VOXPERT_OK);
    CHECK(strlen(voxpert_image_file_hash(file)) == 64);
    voxpert_image_file_close(file);
}

TEST(a_session_that_goes_back_to_an_image_does_not_encode_it_again) {
    Bench b;
    VoxpertMasks masks = {0};
    uint8_t other[PIXELS] = {0};
    bench_open(&b);
    VoxpertImage second = b.image;
    second.pixels = other;
    CHECK(voxpert_session_cache_memory(b.session, 16 << 20, NULL) == VOXPERT_OK);
    for (int round = 0; round < 2; round++) {
        REQUIRE(voxpert_set_image(b.session, &b.image, NULL) == VOXPERT_OK);
        segment(&b, VOXPERT_MASK_BITS, &masks);
        CHECK(masks.cached == (round > 0));
        voxpert_masks_free(&masks);
        REQUIRE(voxpert_set_image(b.session, &second, NULL) == VOXPERT_OK);
        segment(&b, VOXPERT_MASK_BITS, &masks);
        CHECK(masks.cached == (round > 0));
        voxpert_masks_free(&masks);
    }
    bench_close(&b);
}
