/* Structs that grow, seen from programs of other versions of the interface (version.h). */
#include <stdio.h>
#include <string.h>

#include <voxpert/voxpert.h>

#include "tests/check.h"

/* What a program has that was compiled against a later version. */
typedef struct LaterOptions {
    VoxpertOptions now;
    double more[2];
} LaterOptions;

static VoxpertStatus open_with(const void *options, VoxpertError *error) {
    VoxpertModel *model = NULL;
    VoxpertStatus status = voxpert_model_open(&model, NULL, options, error);
    CHECK(!status == (model != NULL));
    voxpert_model_close(model);
    return status;
}

TEST(a_size_of_zero_and_the_struct_s_own_are_the_same) {
    VoxpertOptions options = {.threads = 1};
    CHECK(open_with(&options, NULL) == VOXPERT_OK);
    options.size = sizeof options;
    CHECK(open_with(&options, NULL) == VOXPERT_OK);
    options.preset = "no such preset"; /* so the members are looked at */
    CHECK(open_with(&options, NULL) == VOXPERT_BAD_ARGUMENT);
}

TEST(members_of_a_later_version_must_be_zero) {
    VoxpertError error = {0};
    LaterOptions later = {.now = {.size = sizeof later, .threads = 1}};
    CHECK(open_with(&later, &error) == VOXPERT_OK);
    later.more[1] = 1.0;
    CHECK(open_with(&later, &error) == VOXPERT_BAD_ARGUMENT);
    CHECK(strcmp(error.field, "size") == 0 && strstr(error.message, "VoxpertOptions") != NULL);
}

TEST(a_size_that_no_version_had_is_refused) {
    VoxpertError error = {0};
    VoxpertOptions options = {.size = 4};
    CHECK(open_with(&options, &error) == VOXPERT_BAD_ARGUMENT);
    CHECK(strcmp(error.field, "size") == 0 && strstr(error.message, "sizeof") != NULL);
    options.size = (size_t)-1;
    CHECK(open_with(&options, &error) == VOXPERT_BAD_ARGUMENT);
}

TEST(every_struct_of_options_is_looked_at) {
    static const uint8_t pixels[64 * 64];
    VoxpertImage image = {.pixels = pixels, .width = 64, .height = 64, .channels = 1};
    VoxpertModel *model = NULL;
    VoxpertSession *session = NULL;
    VoxpertImageFile *file = NULL;
    VoxpertMasks masks = {0};
    VoxpertFound *found = NULL;
    size_t count = 0;
    char *json = NULL;
    VoxpertBox box = {8, 8, 40, 40};
    REQUIRE(!voxpert_model_open(&model, NULL, NULL, NULL));
    REQUIRE(!voxpert_session_open(&session, model, NULL));
    REQUIRE(!voxpert_set_image(session, &image, NULL));

    VoxpertPrompt prompt = {.size = 3, .box = &box};
    VoxpertSegmentOptions how = {.size = 3};
    VoxpertEverything grid = {.size = 3};
    VoxpertFileOptions read = {.size = 3};
    CHECK(voxpert_prompt_check(&prompt, 64, 64, NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_segment(session, &prompt, NULL, &masks, NULL) == VOXPERT_BAD_ARGUMENT);
    prompt.size = sizeof prompt;
    CHECK(voxpert_segment(session, &prompt, &how, &masks, NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_segment(session, &prompt, NULL, &masks, NULL) == VOXPERT_OK);
    voxpert_masks_free(&masks);
    CHECK(voxpert_segment_everything(session, &grid, &found, &count, NULL, NULL, NULL) ==
          VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_image_file_open(&file, "x.png", &read, NULL) == VOXPERT_BAD_ARGUMENT);
    CHECK(voxpert_image_file_describe("x.png", &read, &json, NULL) == VOXPERT_BAD_ARGUMENT);
    voxpert_session_close(session);
    voxpert_model_close(model);
}

/* Of a program of an earlier version, whose struct ended before `adapter`. */
TEST(no_more_of_a_result_is_written_than_the_caller_has) {
    VoxpertModel *model = NULL;
    REQUIRE(!voxpert_model_open(&model, NULL, NULL, NULL));
    struct {
        VoxpertModelInfo info;
        char behind[32];
    } room;
    memset(&room, 0x5A, sizeof room); /* a size that was never set */
    CHECK(voxpert_model_info(model, &room.info, NULL) == VOXPERT_OK);
    CHECK(room.info.size == sizeof room.info && strcmp(room.info.system, "sam") == 0);
    for (size_t i = 0; i < sizeof room.behind; i++) CHECK(room.behind[i] == 0x5A);
    VoxpertModelInfo info = {0};
    CHECK(voxpert_model_info(model, &info, NULL) == VOXPERT_OK);
    CHECK(info.size >= offsetof(VoxpertModelInfo, adapter) && info.input_side > 0);
    voxpert_model_close(model);

    VoxpertMachine machine = {.size = sizeof machine};
    voxpert_machine(&machine);
    CHECK(machine.size == sizeof machine && machine.threads > 0 && machine.peak_bytes > 0);
}

TEST(prompts_of_an_array_lie_as_far_apart_as_the_first_says) {
    struct Later {
        VoxpertPrompt now;
        double more;
    } later[2] = {{.now = {.size = sizeof later[0]}}, {.now = {.size = sizeof later[0]}}};
    static const uint8_t pixels[32 * 32];
    VoxpertImage image = {.pixels = pixels, .width = 32, .height = 32, .channels = 1};
    VoxpertPrompt plain[2] = {{0}};
    const VoxpertBox box[2] = {{2, 2, 12, 12}, {16, 16, 28, 28}};
    void *first = NULL, *second = NULL;
    size_t first_size = 0, second_size = 1;
    for (int i = 0; i < 2; i++) plain[i].box = later[i].now.box = &box[i];
    CHECK(!voxpert_overlay_write_memory(&image, NULL, plain, 2, &first, &first_size, NULL));
    CHECK(
        !voxpert_overlay_write_memory(&image, NULL, &later[0].now, 2, &second, &second_size, NULL));
    CHECK(first_size == second_size && first && memcmp(first, second, first_size) == 0);
    voxpert_free(first);
    voxpert_free(second);
}

TEST(the_version_is_one_in_all_its_forms) {
    char text[32];
    snprintf(text, sizeof text, "%d.%d.%d", VOXPERT_VERSION_MAJOR, VOXPERT_VERSION_MINOR,
             VOXPERT_VERSION_PATCH);
    CHECK(strcmp(text, VOXPERT_VERSION) == 0 && strcmp(voxpert_version(), text) == 0);
    CHECK(VOXPERT_VERSION_NUMBER ==
          10000 * VOXPERT_VERSION_MAJOR + 100 * VOXPERT_VERSION_MINOR + VOXPERT_VERSION_PATCH);
    CHECK(voxpert_version_number() == VOXPERT_VERSION_NUMBER);
}
