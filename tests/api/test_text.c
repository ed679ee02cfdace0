/* Text prompts through the public interface. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <voxpert/voxpert.h>

#include "tests/check.h"
#include "tests/systems/tiny_imis.h"

enum { SIDE = 40 };

typedef struct Files {
    char folder[40], model[64], vocabulary[64];
} Files;

static void files_make(Files *f, TinyImis what) {
    *f = (Files){.folder = "/tmp/voxpert-api-text-XXXXXX"};
    if (!mkdtemp(f->folder)) abort();
    snprintf(f->model, sizeof f->model, "%s/model", f->folder);
    snprintf(f->vocabulary, sizeof f->vocabulary, "%s/merges", f->folder);
    tiny_imis_write(f->model, what);
    tiny_vocabulary_write(f->vocabulary);
}

static void files_remove(const Files *f) {
    unlink(f->model);
    unlink(f->vocabulary);
    rmdir(f->folder);
}

static VoxpertStatus ask(const Files *f, bool vocabulary, const char *text, VoxpertMasks *masks,
                         VoxpertError *error) {
    VoxpertModel *model = NULL;
    VoxpertSession *session = NULL;
    uint8_t pixels[SIDE * SIDE];
    for (int i = 0; i < SIDE * SIDE; i++) pixels[i] = (uint8_t)(i * 7);
    VoxpertImage image = {
        .pixels = pixels, .type = VOXPERT_U8, .width = SIDE, .height = SIDE, .channels = 1};
    VoxpertOptions options = {.threads = 1, .vocab = vocabulary ? f->vocabulary : NULL};
    VoxpertPrompt prompt = {.text = text};
    *masks = (VoxpertMasks){0};
    CHECK(voxpert_prompt_check(&prompt, SIDE, SIDE, error) == VOXPERT_OK);
    VoxpertStatus status = voxpert_model_open(&model, f->model, &options, error);
    if (!status) status = voxpert_session_open(&session, model, error);
    if (!status) status = voxpert_set_image(session, &image, error);
    if (!status) status = voxpert_segment(session, &prompt, NULL, masks, error);
    voxpert_session_close(session);
    voxpert_model_close(model);
    return status;
}

TEST(a_name_is_a_prompt) {
    Files f;
    VoxpertMasks a, b;
    VoxpertError error = {0};
    files_make(&f, TINY_IMIS_PLAIN);
    CHECK(ask(&f, true, "liver", &a, &error) == VOXPERT_OK);
    CHECK(ask(&f, true, "spleen", &b, &error) == VOXPERT_OK);
    CHECK(a.count == 1 && a.width == SIDE && a.height == SIDE);
    CHECK(memcmp(a.logits, b.logits, (size_t)SIDE * SIDE * sizeof(float)) != 0);
    voxpert_masks_free(&a);
    voxpert_masks_free(&b);
    files_remove(&f);
}

TEST(a_name_needs_a_model_that_reads_and_its_vocabulary) {
    Files f;
    VoxpertMasks masks;
    VoxpertError error = {0};
    files_make(&f, TINY_IMIS_PLAIN);
    CHECK(ask(&f, false, "liver", &masks, &error) == VOXPERT_BAD_ARGUMENT);
    CHECK(strstr(error.message, "vocabulary") && !masks.logits);
    files_remove(&f);
    files_make(&f, TINY_IMIS_MUTE);
    CHECK(ask(&f, false, "liver", &masks, &error) == VOXPERT_BAD_ARGUMENT);
    CHECK(strstr(error.message, "reads no text") && !masks.logits);
    CHECK(ask(&f, true, "liver", &masks, &error) == VOXPERT_BAD_ARGUMENT);
    CHECK(strstr(error.message, f.vocabulary));
    unlink(f.vocabulary);
    tiny_imis_write(f.model, TINY_IMIS_PLAIN);
    CHECK(ask(&f, true, "liver", &masks, &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, f.vocabulary));
    files_remove(&f);
}
