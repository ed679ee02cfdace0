/* Every request for memory refused in turn: an error each time, no crash, nothing left behind (the
 * address sanitizer looks for leaks). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <voxpert/voxpert.h>

#include "base/files.h"
#include "base/memory.h"
#include "image/volume.h"
#include "tests/check.h"
#include "tests/predict/tiny_model.h"

enum { WIDTH = 30, HEIGHT = 22 };

/* Where a flow reads and writes. */
typedef struct Place {
    TinyModel t;
    char picture[96], labels[96], embedding[96];
    size_t files; /* there before a flow */
} Place;

static size_t files_in(const char *folder) {
    FileNames names;
    if (folder_list(&names, folder, NULL)) abort();
    size_t count = names.count;
    file_names_free(&names);
    return count;
}

static void write_picture(const char *path) {
    Picture p = tiny_picture(WIDTH, HEIGHT, 3);
    Volume *v = NULL;
    if (volume_new(&v, (VolumeSize){1, 1, HEIGHT, WIDTH, 3}, SAMPLE_U8, NULL)) abort();
    memcpy(v->samples, p.rgb, 3 * WIDTH * HEIGHT);
    if (volume_write(v, path, NULL)) abort();
    volume_free(v);
    picture_free(&p);
}

static void place_open(Place *at) {
    tiny_model_open(&at->t, NULL, 1, 1);
    snprintf(at->picture, sizeof at->picture, "%s/picture.png", at->t.folder);
    snprintf(at->labels, sizeof at->labels, "%s/labels.png", at->t.folder);
    snprintf(at->embedding, sizeof at->embedding, "%s/embedding.safetensors", at->t.folder);
    write_picture(at->picture);
    at->files = files_in(at->t.folder);
}

/* ---- Flows --------------------------------------------------------------------------------- */

typedef struct Open {
    VoxpertModel *model;
    VoxpertImageFile *file;
    VoxpertSession *session;
} Open;

static VoxpertStatus open_all(Open *o, const Place *at, VoxpertError *error) {
    VoxpertOptions options = {.threads = 1, .preset = "sam"};
    VoxpertStatus status = voxpert_model_open(&o->model, at->t.path, &options, error);
    if (!status) status = voxpert_image_file_open(&o->file, at->picture, NULL, error);
    if (!status) status = voxpert_session_open(&o->session, o->model, error);
    if (!status) status = voxpert_set_image(o->session, voxpert_image_file_image(o->file), error);
    return status;
}

static void close_all(Open *o) {
    voxpert_session_close(o->session);
    voxpert_image_file_close(o->file);
    voxpert_model_close(o->model);
}

static VoxpertStatus write_labels(const Open *o, const Place *at, const VoxpertMasks *masks,
                                  VoxpertError *error) {
    uint8_t mask[WIDTH * HEIGHT];
    uint16_t labels[WIDTH * HEIGHT];
    voxpert_masks_binary(masks, 0, mask);
    for (int i = 0; i < WIDTH * HEIGHT; i++) labels[i] = mask[i];
    return voxpert_labels_write(o->file, labels, at->labels, error);
}

/* As `voxpert segment` does it: a box and a point, then what came of it as a mask. */
static VoxpertStatus segment(const Place *at, VoxpertError *error) {
    static const VoxpertPoint point = {12, 9, 1};
    static const VoxpertBox box = {5, 4, 20, 15};
    VoxpertPrompt prompt = {.points = &point, .point_count = 1, .box = &box};
    VoxpertSegmentOptions options = {.multimask = true};
    Open o = {0};
    VoxpertMasks masks = {0}, refined = {0};
    VoxpertStatus status = open_all(&o, at, error);
    if (!status) status = voxpert_segment(o.session, &prompt, &options, &masks, error);
    if (!status) prompt.low_res = masks.low_res;
    if (!status) status = voxpert_segment(o.session, &prompt, NULL, &refined, error);
    if (!status) status = write_labels(&o, at, &refined, error);
    voxpert_masks_free(&masks);
    voxpert_masks_free(&refined);
    close_all(&o);
    return status;
}

static VoxpertStatus zoom(const Place *at, VoxpertError *error) {
    static const VoxpertPoint point = {12, 9, 1};
    VoxpertPrompt prompt = {.points = &point, .point_count = 1};
    VoxpertSegmentOptions options = {.zoom = 1};
    Open o = {0};
    VoxpertMasks masks = {0};
    VoxpertStatus status = open_all(&o, at, error);
    if (!status) status = voxpert_segment(o.session, &prompt, &options, &masks, error);
    if (!status) status = write_labels(&o, at, &masks, error);
    voxpert_masks_free(&masks);
    close_all(&o);
    return status;
}

static VoxpertStatus everything(const Place *at, VoxpertError *error) {
    VoxpertEverything options = {.points_per_side = 1,
                                 .crop_n_layers = 1,
                                 .min_mask_region_area = 9,
                                 .zero_thresholds = true};
    Open o = {0};
    VoxpertFound *found = NULL;
    size_t count = 0;
    VoxpertStatus status = open_all(&o, at, error);
    if (!status)
        status = voxpert_segment_everything(o.session, &options, &found, &count, NULL, NULL, error);
    check_report(status || count > 0, __FILE__, __LINE__, "nothing was found");
    voxpert_found_free(found, count);
    close_all(&o);
    return status;
}

static VoxpertStatus embedding(const Place *at, VoxpertError *error) {
    Open o = {0};
    VoxpertStatus status = open_all(&o, at, error);
    if (!status) status = voxpert_embedding_save(o.session, at->embedding, "f16", error);
    if (!status) status = voxpert_embedding_load(o.session, at->embedding, error);
    close_all(&o);
    return status;
}

/* ---- Refusing ------------------------------------------------------------------------------ */

typedef VoxpertStatus Flow(const Place *at, VoxpertError *error);

/* Refuses request n, and where `all` every later one; false once the flow makes fewer than n. */
static bool refuse(Flow *flow, const Place *at, size_t n, bool all) {
    VoxpertError error = {0};
    memory_fail_at(n, all);
    VoxpertStatus status = flow(at, &error);
    bool refused = memory_requests() >= n;
    memory_fail_at(0, false);
    check_report(status == (refused ? VOXPERT_OUT_OF_MEMORY : VOXPERT_OK), __FILE__, __LINE__,
                 "request %zu: status %d: %s", n, (int)status, error.message);
    check_report(!refused || error.message[0], __FILE__, __LINE__, "request %zu: no words", n);
    unlink(at->embedding); /* may be complete where the failure came later */
    size_t left = files_in(at->t.folder) - at->files;
    size_t wanted = !refused && file_exists(at->labels) ? 1 : 0;
    check_report(left == wanted, __FILE__, __LINE__, "request %zu: %zu files are left", n, left);
    unlink(at->labels);
    return refused;
}

static void refuse_each(Flow *flow, size_t least) {
    Place at;
    place_open(&at);
    for (int all = 0; all < 2; all++) {
        size_t n = 1;
        while (refuse(flow, &at, n, all)) n++;
        check_report(n > least, __FILE__, __LINE__, "only %zu requests", n - 1);
    }
    tiny_model_close(&at.t);
}

/* The parameters alone ask twice for each of 174 tensors. */
TEST(segmenting_survives_every_refusal) { refuse_each(segment, 348); }
TEST(zooming_survives_every_refusal) { refuse_each(zoom, 348); }
TEST(everything_survives_every_refusal) { refuse_each(everything, 348); }
TEST(embedding_files_survive_every_refusal) { refuse_each(embedding, 348); }

/* ---- Published files ----------------------------------------------------------------------- */

static void refuse_opening(const char *file) {
    char relative[128];
    snprintf(relative, sizeof relative, "golden/sam/files/%s", file);
    const char *path = check_shared(relative);
    bool refused = true;
    for (size_t n = 1; refused; n++) {
        VoxpertModel *model = NULL;
        VoxpertError error = {0};
        VoxpertOptions options = {.threads = 1};
        memory_fail_at(n, false);
        VoxpertStatus status = voxpert_model_open(&model, path, &options, &error);
        refused = memory_requests() >= n;
        memory_fail_at(0, false);
        check_report(status == (refused ? VOXPERT_OUT_OF_MEMORY : VOXPERT_OK), __FILE__, __LINE__,
                     "%s, request %zu: status %d: %s", file, n, (int)status, error.message);
        check_report((model != NULL) == !refused, __FILE__, __LINE__, "%s: model", file);
        voxpert_model_close(model);
    }
}

TEST(opening_published_files_survives_every_refusal) {
    static const char *const files[] = {"sam_bare.pth", "sam_bare_legacy.pth", "sammed2d_style.pth",
                                        "sam_bf16.safetensors"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) refuse_opening(files[i]);
}
