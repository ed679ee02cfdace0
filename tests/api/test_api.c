#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <voxpert/voxpert.h>

#include "tests/check.h"

/* ---- A model, a picture, a folder ------------------------------------------------------- */

enum { WIDTH = 90, HEIGHT = 70, PIXELS = WIDTH * HEIGHT };

static VoxpertModel *model_of(const char *name) {
    char path[64];
    VoxpertModel *model = NULL;
    VoxpertError error = {0};
    snprintf(path, sizeof path, "golden/sam/files/%s", name);
    VoxpertOptions options = {.threads = 2};
    if (voxpert_model_open(&model, check_shared(path), &options, &error))
        fprintf(stderr, "%s\n", error.message);
    CHECK(model != NULL);
    return model;
}

/* A bright disc on a ramp. */
static VoxpertImage picture_at(uint8_t *pixels, int centre) {
    for (int i = 0; i < PIXELS; i++) {
        int x = i % WIDTH - centre, y = i / WIDTH - 35;
        pixels[i] = (uint8_t)(x * x + y * y < 400 ? 220 : 40 + i % WIDTH);
    }
    return (VoxpertImage){
        .pixels = pixels, .type = VOXPERT_U8, .width = WIDTH, .height = HEIGHT, .channels = 1};
}

typedef struct Bench {
    VoxpertModel *model;
    VoxpertSession *session;
    uint8_t pixels[PIXELS];
    VoxpertImage image;
    char folder[32], path[64];
} Bench;

static void bench_open(Bench *b) {
    *b = (Bench){.model = model_of("sam.safetensors"), .folder = "/tmp/voxpert-api-XXXXXX"};
    b->image = picture_at(b->pixels, 40);
    CHECK(mkdtemp(b->folder) != NULL);
    snprintf(b->path, sizeof b->path, "%s/file", b->folder);
    REQUIRE(voxpert_session_open(&b->session, b->model, NULL) == VOXPERT_OK);
    REQUIRE(voxpert_set_image(b->session, &b->image, NULL) == VOXPERT_OK);
}

static void bench_close(Bench *b) {
    voxpert_session_close(b->session);
    voxpert_model_close(b->model);
    unlink(b->path);
    rmdir(b->folder);
}

static const VoxpertBox disc = {20, 15, 60, 55};
static const VoxpertPrompt box_prompt = {.box = &disc};

static bool same_masks(const VoxpertMasks *a, const VoxpertMasks *b) {
    size_t side = (size_t)a->low_res_side, count = (size_t)a->count;
    return a->count == b->count && a->low_res_side == b->low_res_side &&
           memcmp(a->iou, b->iou, count * sizeof *a->iou) == 0 &&
           memcmp(a->low_res, b->low_res, count * side * side * sizeof *a->low_res) == 0 &&
           memcmp(a->logits, b->logits, count * PIXELS * sizeof *a->logits) == 0;
}

/* ---- NULL, and what was not said -------------------------------------------------------- */

TEST(closing_nothing_is_fine) {
    VoxpertMasks masks = {0};
    voxpert_model_close(NULL);
    voxpert_session_close(NULL);
    voxpert_image_file_close(NULL);
    voxpert_masks_free(NULL);
    voxpert_masks_free(&masks);
    voxpert_found_free(NULL, 0);
    voxpert_free(NULL);
    voxpert_machine(NULL);
}

TEST(null_where_something_is_needed_is_a_bad_argument) {
    VoxpertModel *model = NULL;
    VoxpertSession *session = NULL;
    VoxpertImageFile *file = NULL;
    VoxpertMasks masks;
    char *text, hash[65];
    const char *name;
    CHECK(voxpert_model_open(NULL, "x", NULL, NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_model_describe(NULL, &text, NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_model_identity(NULL, &name, NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_model_save(NULL, "x", "f32", NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_model_verify(NULL, "x", "f32", NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_model_low_res_side(NULL) == 0);
    CHECK(voxpert_session_open(&session, model, NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_session_cache(NULL, "x", false, NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_set_image(NULL, NULL, NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_segment(NULL, &box_prompt, NULL, &masks, NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_embedding_save(NULL, "x", "f32", NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_embedding_keep(NULL, "f32", NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_embedding_load(NULL, "x", NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_prompt_check(NULL, 1, 1, NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_image_file_open(&file, NULL, NULL, NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_file_hash(NULL, hash, NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_file_write(NULL, "", 0, NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_npy_write(NULL, NULL, 1, NULL, NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_segment_everything(NULL, NULL, NULL, NULL, NULL, NULL, NULL) ==
          VOXPERT_BAD_ARGUMENT);
}

TEST(a_failed_open_leaves_nothing_and_one_sentence) {
    VoxpertModel *model = (VoxpertModel *)&model;
    VoxpertError error = {0};
    CHECK(voxpert_model_open(&model, "none.pth", NULL, &error) == VOXPERT_BAD_MODEL);
    CHECK(model == NULL);
    CHECK(error.status == VOXPERT_BAD_MODEL && strstr(error.message, "none.pth"));
    CHECK(!strchr(error.message, '\n'));
    VoxpertImageFile *file = (VoxpertImageFile *)&file;
    CHECK(voxpert_image_file_open(&file, "none.png", NULL, &error) == VOXPERT_BAD_INPUT);
    CHECK(file == NULL && strstr(error.message, "none.png"));
}

TEST(the_version_and_the_kernel_sets_are_told) {
    int major, minor, patch;
    CHECK(sscanf(voxpert_version(), "%d.%d.%d", &major, &minor, &patch) == 3);
    CHECK(strcmp(voxpert_kernel_sets()[0], "reference") == 0);
    const char *summary = NULL;
    CHECK(strcmp(voxpert_preset(0, &summary), "sam") == 0 && summary);
    CHECK(voxpert_preset(1000, NULL) == NULL);
    VoxpertMachine machine;
    voxpert_machine(&machine);
    CHECK(machine.threads >= 1 && machine.memory_bytes > machine.peak_bytes && machine.peak_bytes);
}

static void *ask_kernel_sets(void *unused) {
    (void)unused;
    return (void *)(uintptr_t)voxpert_kernel_sets()[0];
}

TEST(kernel_sets_may_be_asked_for_in_several_threads) {
    pthread_t thread[4];
    for (int i = 0; i < 4; i++) CHECK(pthread_create(&thread[i], NULL, ask_kernel_sets, NULL) == 0);
    for (int i = 0; i < 4; i++) {
        void *first = NULL;
        CHECK(pthread_join(thread[i], &first) == 0 && strcmp(first, "reference") == 0);
    }
}

TEST(wrong_options_are_named) {
    VoxpertModel *model;
    VoxpertError error;
    const char *path = check_shared("golden/sam/files/sam.safetensors");
    VoxpertOptions cpu = {.cpu = "abacus"}, preset = {.preset = "none"};
    CHECK(voxpert_model_open(&model, path, &cpu, &error) == VOXPERT_BAD_ARGUMENT);
    CHECK(strstr(error.message, "abacus") != NULL);
    CHECK(voxpert_model_open(&model, path, &preset, &error) == VOXPERT_BAD_ARGUMENT);
    CHECK(strstr(error.message, "none") != NULL);
}

/* ---- Prompts ---------------------------------------------------------------------------- */

TEST(prompts_without_sense_are_refused) {
    Bench b;
    bench_open(&b);
    const float nan = strtof("nan", NULL), infinity = strtof("inf", NULL);
    const VoxpertBox boxes[] = {{20, 20, 10, 30}, {20, 20, 30, 10},   {-1, 2, 3, 4},
                                {2, -1, 3, 4},    {2, 2, WIDTH, 4},   {2, 2, 4, HEIGHT},
                                {nan, 2, 3, 4},   {1, 2, 3, infinity}};
    const VoxpertPoint points[] = {{-1, 5, 1},  {5, -1, 0},  {WIDTH, 5, 1}, {5, HEIGHT, 1},
                                   {nan, 5, 1}, {5, nan, 1}, {5, 5, 2},     {5, 5, -1}};
    VoxpertMasks masks;
    VoxpertError error;
    const VoxpertPrompt nothing = {0};
    CHECK(voxpert_segment(b.session, &nothing, NULL, &masks, &error) == VOXPERT_BAD_ARGUMENT);
    for (size_t i = 0; i < sizeof boxes / sizeof *boxes; i++) {
        const VoxpertPrompt prompt = {.box = &boxes[i]};
        CHECK(voxpert_segment(b.session, &prompt, NULL, &masks, &error) == VOXPERT_BAD_ARGUMENT);
        CHECK(voxpert_prompt_check(&prompt, WIDTH, HEIGHT, NULL) == VOXPERT_BAD_ARGUMENT);
        CHECK(masks.logits == NULL);
    }
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        const VoxpertPrompt prompt = {.points = &points[i], .point_count = 1};
        CHECK(voxpert_segment(b.session, &prompt, NULL, &masks, &error) == VOXPERT_BAD_ARGUMENT);
        CHECK(voxpert_prompt_check(&prompt, WIDTH, HEIGHT, NULL) == VOXPERT_BAD_ARGUMENT);
    }
    CHECK(voxpert_prompt_check(&box_prompt, WIDTH, HEIGHT, &error) == VOXPERT_OK);
    CHECK(voxpert_prompt_check(&box_prompt, 0, HEIGHT, &error) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_segment(b.session, &box_prompt, NULL, &masks, &error) == VOXPERT_OK);
    voxpert_masks_free(&masks);
    bench_close(&b);
}

TEST(without_an_image_nothing_is_segmented) {
    VoxpertModel *model = model_of("sam.safetensors");
    VoxpertSession *session = NULL;
    VoxpertMasks masks;
    VoxpertImage empty = {.pixels = "", .width = 0, .height = 4, .channels = 1};
    REQUIRE(voxpert_session_open(&session, model, NULL) == VOXPERT_OK);
    CHECK(voxpert_segment(session, &box_prompt, NULL, &masks, NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_embedding_save(session, "x", "f32", NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_set_image(session, &empty, NULL) == VOXPERT_BAD_ARGUMENT);
    voxpert_session_close(session);
    voxpert_model_close(model);
}

/* ---- Results ---------------------------------------------------------------------------- */

TEST(candidates_come_best_first) {
    Bench b;
    bench_open(&b);
    VoxpertMasks masks;
    const VoxpertSegmentOptions all = {.multimask = true};
    CHECK(voxpert_segment(b.session, &box_prompt, &all, &masks, NULL) == VOXPERT_OK);
    CHECK(masks.count == 3 && masks.width == WIDTH && masks.height == HEIGHT);
    CHECK(masks.iou[0] >= masks.iou[1] && masks.iou[1] >= masks.iou[2]);
    CHECK(masks.low_res_side == voxpert_model_low_res_side(b.model));
    uint8_t mask[PIXELS];
    bool right = true;
    voxpert_masks_binary(&masks, 2, mask);
    for (int i = 0; i < PIXELS; i++)
        right &= mask[i] == (masks.logits[2 * PIXELS + i] > masks.threshold);
    CHECK(right);
    voxpert_masks_free(&masks);
    CHECK(masks.logits == NULL);
    bench_close(&b);
}

TEST(the_pixels_need_not_outlive_the_call) {
    Bench b;
    bench_open(&b);
    VoxpertMasks before, after;
    CHECK(voxpert_segment(b.session, &box_prompt, NULL, &before, NULL) == VOXPERT_OK);
    REQUIRE(voxpert_set_image(b.session, &b.image, NULL) == VOXPERT_OK);
    memset(b.pixels, 0, sizeof b.pixels);
    CHECK(voxpert_segment(b.session, &box_prompt, NULL, &after, NULL) == VOXPERT_OK);
    CHECK(same_masks(&before, &after));
    voxpert_masks_free(&before);
    voxpert_masks_free(&after);
    bench_close(&b);
}

TEST(grey_is_the_same_as_colour_of_equal_channels) {
    Bench b;
    bench_open(&b);
    static uint8_t colour[3 * PIXELS];
    for (int i = 0; i < 3 * PIXELS; i++) colour[i] = b.pixels[i / 3];
    VoxpertImage image = b.image;
    image.pixels = colour, image.channels = 3;
    VoxpertMasks grey, rgb;
    CHECK(voxpert_segment(b.session, &box_prompt, NULL, &grey, NULL) == VOXPERT_OK);
    REQUIRE(voxpert_set_image(b.session, &image, NULL) == VOXPERT_OK);
    CHECK(voxpert_segment(b.session, &box_prompt, NULL, &rgb, NULL) == VOXPERT_OK);
    CHECK(same_masks(&grey, &rgb));
    image.channels = 2;
    CHECK(voxpert_set_image(b.session, &image, NULL) == VOXPERT_BAD_ARGUMENT);
    voxpert_masks_free(&grey);
    voxpert_masks_free(&rgb);
    bench_close(&b);
}

TEST(run_lengths_and_clean_up_of_a_known_mask) {
    /* 4 x 3, column by column: 0 1 0, 1 1 0, 0 0 0, 0 0 1 -> runs 1 1 1 2 6 1 */
    uint8_t mask[] = {0, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 1};
    char *rle = NULL;
    CHECK(voxpert_mask_rle(mask, 4, 3, &rle, NULL) == VOXPERT_OK);
    CHECK(rle && strcmp(rle, "11115O") == 0);
    voxpert_free(rle);
    const VoxpertCleanup largest = {.keep_largest = 1}, small = {.min_size = 4};
    CHECK(voxpert_mask_clean(mask, 4, 3, &largest, NULL) == VOXPERT_OK);
    CHECK(mask[11] == 0 && mask[1] == 1 && mask[4] == 1 && mask[5] == 1);
    CHECK(voxpert_mask_clean(mask, 4, 3, &small, NULL) == VOXPERT_OK);
    CHECK(mask[1] == 0 && mask[4] == 0 && mask[5] == 0);
    CHECK(voxpert_mask_rle(mask, 0, 3, &rle, NULL) == VOXPERT_BAD_ARGUMENT);
}

static int stop_at_once(void *context, size_t done, size_t total) {
    *(size_t *)context = total;
    return done <= total;
}

TEST(everything_can_be_stopped) {
    Bench b;
    bench_open(&b);
    VoxpertFound *found = NULL;
    size_t count = 9, total = 0;
    const VoxpertEverything grid = {.points_per_side = 6};
    CHECK(voxpert_segment_everything(b.session, &grid, &found, &count, stop_at_once, &total,
                                     NULL) == VOXPERT_INTERRUPTED);
    CHECK(found == NULL && count == 0 && total == 36);
    bench_close(&b);
}

/* ---- Threads ---------------------------------------------------------------------------- */

typedef struct Worker {
    pthread_t thread;
    VoxpertModel *model;
    uint8_t pixels[PIXELS];
    VoxpertImage image;
    VoxpertMasks masks;
    VoxpertStatus status;
} Worker;

static void *work(void *context) {
    Worker *w = context;
    VoxpertSession *session = NULL;
    w->status = voxpert_session_open(&session, w->model, NULL);
    for (int again = 0; !w->status && again < 3; again++) {
        voxpert_masks_free(&w->masks);
        w->status = voxpert_set_image(session, &w->image, NULL);
        if (!w->status) w->status = voxpert_segment(session, &box_prompt, NULL, &w->masks, NULL);
    }
    voxpert_session_close(session);
    return NULL;
}

TEST(sessions_in_several_threads_share_a_model_and_give_the_same_bytes) {
    enum { WORKERS = 4 };
    static Worker alone[WORKERS], together[WORKERS];
    VoxpertModel *model = model_of("sam.safetensors");
    for (int i = 0; i < WORKERS; i++) {
        alone[i] = together[i] = (Worker){.model = model};
        alone[i].image = picture_at(alone[i].pixels, 30 + 8 * i);
        together[i].image = picture_at(together[i].pixels, 30 + 8 * i);
        work(&alone[i]);
    }
    for (int i = 0; i < WORKERS; i++)
        CHECK(pthread_create(&together[i].thread, NULL, work, &together[i]) == 0);
    for (int i = 0; i < WORKERS; i++) {
        pthread_join(together[i].thread, NULL);
        CHECK(alone[i].status == VOXPERT_OK && together[i].status == VOXPERT_OK);
        CHECK(same_masks(&alone[i].masks, &together[i].masks));
        CHECK(i == 0 || !same_masks(&alone[i].masks, &alone[0].masks));
        voxpert_masks_free(&alone[i].masks);
        voxpert_masks_free(&together[i].masks);
    }
    voxpert_model_close(model);
}

/* ---- Models ----------------------------------------------------------------------------- */

TEST(a_saved_model_is_the_same_model) {
    Bench b;
    bench_open(&b);
    VoxpertModel *again = NULL;
    const char *before, *after;
    VoxpertError error;
    CHECK(voxpert_model_save(b.model, b.path, "f32", &error) == VOXPERT_OK);
    CHECK(voxpert_model_verify(b.model, b.path, "f32", &error) == VOXPERT_OK);
    CHECK(voxpert_model_verify(b.model, b.path, "f16", &error) == VOXPERT_BAD_OUTPUT);
    REQUIRE(voxpert_model_open(&again, b.path, NULL, &error) == VOXPERT_OK);
    CHECK(voxpert_model_identity(b.model, &before, &error) == VOXPERT_OK);
    CHECK(voxpert_model_identity(again, &after, &error) == VOXPERT_OK);
    CHECK(strlen(before) == 64 && strcmp(before, after) == 0);
    voxpert_model_close(again);
    CHECK(voxpert_model_save(b.model, b.path, "i8", &error) == VOXPERT_BAD_ARGUMENT);
    bench_close(&b);
}

/* Turns over one bit of the file's last value. */
static void damage(const char *path) {
    FILE *file = fopen(path, "r+b");
    CHECK(file != NULL);
    if (!file) return;
    fseek(file, -4, SEEK_END);
    int byte = fgetc(file);
    fseek(file, -4, SEEK_END);
    fputc(byte ^ 1, file);
    fclose(file);
}

TEST(verification_sees_a_single_bit) {
    Bench b;
    bench_open(&b);
    static const char *const types[] = {"f32", "f16", "bf16"};
    VoxpertError error;
    for (int i = 0; i < 3; i++) {
        CHECK(voxpert_model_save(b.model, b.path, types[i], &error) == VOXPERT_OK);
        CHECK(voxpert_model_verify(b.model, b.path, types[i], &error) == VOXPERT_OK);
        damage(b.path);
        CHECK(voxpert_model_verify(b.model, b.path, types[i], &error) == VOXPERT_BAD_OUTPUT);
        CHECK(strstr(error.message, "differs") != NULL);
    }
    bench_close(&b);
}

/* ---- Embeddings ------------------------------------------------------------------------- */

TEST(an_embedding_from_a_file_gives_the_same_masks) {
    Bench b;
    bench_open(&b);
    VoxpertSession *other = NULL;
    VoxpertMasks computed, loaded;
    VoxpertError error;
    CHECK(voxpert_embedding_save(b.session, b.path, "f32", &error) == VOXPERT_OK);
    CHECK(voxpert_segment(b.session, &box_prompt, NULL, &computed, NULL) == VOXPERT_OK);
    REQUIRE(voxpert_session_open(&other, b.model, NULL) == VOXPERT_OK);
    CHECK(voxpert_embedding_load(other, b.path, &error) == VOXPERT_BAD_ARGUMENT);
    REQUIRE(voxpert_set_image(other, &b.image, NULL) == VOXPERT_OK);
    CHECK(voxpert_embedding_load(other, b.path, &error) == VOXPERT_OK);
    CHECK(voxpert_segment(other, &box_prompt, NULL, &loaded, NULL) == VOXPERT_OK);
    CHECK(same_masks(&computed, &loaded));
    CHECK(loaded.encode_seconds == 0.0);
    voxpert_masks_free(&computed);
    voxpert_masks_free(&loaded);
    voxpert_session_close(other);
    bench_close(&b);
}

TEST(an_embedding_of_something_else_is_refused) {
    Bench b;
    bench_open(&b);
    static uint8_t pixels[PIXELS];
    VoxpertImage image = picture_at(pixels, 50);
    VoxpertError error;
    CHECK(voxpert_embedding_save(b.session, b.path, "f32", &error) == VOXPERT_OK);
    REQUIRE(voxpert_set_image(b.session, &image, NULL) == VOXPERT_OK);
    CHECK(voxpert_embedding_load(b.session, b.path, &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "another image") != NULL);
    REQUIRE(voxpert_set_image(b.session, &b.image, NULL) == VOXPERT_OK);
    damage(b.path);
    CHECK(voxpert_embedding_load(b.session, b.path, &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "checksum") != NULL);
    VoxpertMasks masks; /* a refused file leaves a session that works */
    CHECK(voxpert_segment(b.session, &box_prompt, NULL, &masks, NULL) == VOXPERT_OK);
    voxpert_masks_free(&masks);
    CHECK(voxpert_embedding_save(b.session, b.path, "f64", &error) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_embedding_keep(b.session, "f32", &error) == VOXPERT_BAD_ARGUMENT);
    bench_close(&b);
}

/* ---- Files ------------------------------------------------------------------------------ */

TEST(a_file_is_written_whole_and_known_by_its_hash) {
    Bench b;
    bench_open(&b);
    char hash[65];
    VoxpertError error;
    CHECK(voxpert_file_write(b.path, "abc", 3, &error) == VOXPERT_OK);
    CHECK(voxpert_file_hash(b.path, hash, &error) == VOXPERT_OK);
    CHECK(strcmp(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad") == 0);
    CHECK(voxpert_file_hash("none", hash, &error) == VOXPERT_BAD_INPUT);
    CHECK(voxpert_file_write("none/file", "abc", 3, &error) == VOXPERT_BAD_OUTPUT);
    voxpert_interrupt_cleanup(); /* a finished file stays */
    CHECK(access(b.path, F_OK) == 0);
    bench_close(&b);
}

TEST(arrays_go_out_and_come_back) {
    Bench b;
    bench_open(&b);
    const float values[6] = {0.5f, -1.0f, 2.0f, 3.0f, 4.0f, 1e-20f};
    const size_t dim[3] = {1, 2, 3};
    size_t read_dim[3];
    int rank = 0;
    float *read = NULL;
    CHECK(voxpert_npy_write(b.path, values, 3, dim, NULL) == VOXPERT_OK);
    CHECK(voxpert_npy_read(b.path, &read, 2, &rank, read_dim, NULL) == VOXPERT_BAD_INPUT);
    CHECK(read == NULL);
    CHECK(voxpert_npy_read(b.path, &read, 3, &rank, read_dim, NULL) == VOXPERT_OK);
    CHECK(rank == 3 && memcmp(dim, read_dim, sizeof dim) == 0);
    CHECK(read && memcmp(read, values, sizeof values) == 0);
    voxpert_free(read);
    bench_close(&b);
}

TEST(pictures_are_written_with_the_depth_they_have) {
    Bench b;
    bench_open(&b);
    char path[80], *text = NULL;
    uint16_t deep[4] = {0, 1, 1000, 65535};
    snprintf(path, sizeof path, "%s.png", b.path);
    VoxpertImage image = {
        .pixels = deep, .type = VOXPERT_U16, .width = 2, .height = 2, .channels = 1};
    CHECK(voxpert_image_write(&image, path, NULL) == VOXPERT_OK);
    CHECK(voxpert_image_file_describe(path, NULL, &text, NULL) == VOXPERT_OK);
    CHECK(text && strstr(text, "\"uint16\"") && strstr(text, "65535"));
    voxpert_free(text);
    image.type = VOXPERT_F32;
    CHECK(voxpert_image_write(&image, path, NULL) == VOXPERT_BAD_ARGUMENT);
    unlink(path);
    bench_close(&b);
}

TEST(files_whose_names_are_not_utf8_are_described_without_them) {
    Bench b;
    bench_open(&b);
    char path[96], *text = NULL;
    VoxpertModel *model = NULL;
    snprintf(path, sizeof path, "%s/m\xe9.png", b.folder);
    CHECK(voxpert_image_write(&b.image, path, NULL) == VOXPERT_OK);
    CHECK(voxpert_image_file_describe(path, NULL, &text, NULL) == VOXPERT_OK);
    CHECK(text && strstr(text, "\"file\": null") && strstr(text, "\"PNG\""));
    voxpert_free(text);
    unlink(path);
    snprintf(path, sizeof path, "%s/m\xe9.safetensors", b.folder);
    CHECK(voxpert_model_save(b.model, path, "f32", NULL) == VOXPERT_OK);
    REQUIRE(voxpert_model_open(&model, path, NULL, NULL) == VOXPERT_OK);
    text = NULL;
    CHECK(voxpert_model_describe(model, &text, NULL) == VOXPERT_OK);
    CHECK(text && strstr(text, "\"file\": null") && strstr(text, "\"identity\""));
    voxpert_free(text);
    voxpert_model_close(model);
    unlink(path);
    bench_close(&b);
}

/* A volume of 5 x 4 x 3 voxels, whose slice k:1 is filled. */
TEST(labels_of_a_slice_are_read_along_any_axis) {
    Bench b;
    bench_open(&b);
    char path[80];
    uint16_t written[20], *read = NULL;
    int width, height;
    const char *volume = check_shared("golden/image/nifti/dtype_int16.nii");
    VoxpertFileOptions slice = {.slice_axis = 'k', .slice = 1};
    VoxpertImageFile *file = NULL;
    snprintf(path, sizeof path, "%s.nii", b.path);
    for (int i = 0; i < 20; i++) written[i] = (uint16_t)(i + 1);
    REQUIRE(voxpert_image_file_open(&file, volume, &slice, NULL) == VOXPERT_OK);
    CHECK(voxpert_labels_write(file, written, path, NULL) == VOXPERT_OK);
    for (const char *axis = "ijk"; *axis; axis++) {
        bool right = true;
        slice = (VoxpertFileOptions){.slice_axis = *axis, .slice = 1};
        CHECK(voxpert_labels_read(&read, &width, &height, path, &slice, NULL, NULL) == VOXPERT_OK);
        CHECK(width == (*axis == 'i' ? 4 : 5) && height == (*axis == 'k' ? 4 : 3));
        for (int n = 0; read && n < width * height; n++) {
            int x = n % width, y = n / width;
            int i = *axis == 'i' ? 1 : x, j = *axis == 'i' ? x : *axis == 'j' ? 1 : y;
            bool filled = *axis == 'k' || y == 1;
            right &= read[n] == (filled ? written[5 * j + i] : 0);
        }
        CHECK(read != NULL && right);
        voxpert_free(read);
    }
    voxpert_image_file_close(file);
    unlink(path);
    bench_close(&b);
}

TEST(a_negative_slice_is_refused) {
    const char *volume = check_shared("golden/image/nifti/dtype_int16.nii");
    uint16_t *labels = (uint16_t *)&labels;
    int width, height;
    VoxpertImageFile *file = NULL;
    VoxpertError error;
    for (const char *axis = "ijk"; *axis; axis++) {
        const VoxpertFileOptions slice = {.slice_axis = *axis, .slice = -1};
        CHECK(voxpert_labels_read(&labels, &width, &height, volume, &slice, NULL, &error) ==
              VOXPERT_BAD_ARGUMENT);
        CHECK(labels == NULL && strstr(error.message, "slice -1"));
        CHECK(voxpert_image_file_open(&file, volume, &slice, &error) == VOXPERT_BAD_ARGUMENT);
        CHECK(file == NULL && strstr(error.message, "slice -1"));
    }
}

TEST(what_is_odd_in_a_file_is_said_with_its_name_once) {
    Bench b;
    bench_open(&b);
    char path[80], want[160];
    uint16_t same[4] = {7, 7, 7, 7};
    VoxpertImageFile *file = NULL;
    snprintf(path, sizeof path, "%s.png", b.path);
    VoxpertImage image = {
        .pixels = same, .type = VOXPERT_U16, .width = 2, .height = 2, .channels = 1};
    CHECK(voxpert_image_write(&image, path, NULL) == VOXPERT_OK);
    REQUIRE(voxpert_image_file_open(&file, path, NULL, NULL) == VOXPERT_OK);
    snprintf(want, sizeof want, "%s: constant: every finite voxel has the same value\n", path);
    CHECK(file && strcmp(voxpert_image_file_warnings(file), want) == 0);
    voxpert_image_file_close(file);
    unlink(path);
    bench_close(&b);
}
