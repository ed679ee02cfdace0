#include "tests/golden/predictor_case.h"
#include "systems/systems.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/files.h"
#include "image/volume.h"

/* ---- The picture ------------------------------------------------------------------------- */

static bool find_picture(GoldenRun *run, const char *relative, char path[1024]) {
    const char *shared = getenv("VOXPERT_SHARED");
    snprintf(path, 1024, "%s/%s", shared ? shared : "", relative);
    if (shared && file_exists(path)) return true;
    char above[512];
    snprintf(above, sizeof above, "../../%.500s", relative);
    golden_beside(run, above, path, 1024);
    if (file_exists(path)) return true;
    golden_fail(run, "image %s is not there; set VOXPERT_SHARED", relative);
    return false;
}

static bool as_described(GoldenRun *run, const json_t *image, const Picture *p) {
    size_t width = (size_t)json_integer_value(json_object_get(image, "width"));
    size_t height = (size_t)json_integer_value(json_object_get(image, "height"));
    const char *sum = json_string_value(json_object_get(image, "crc32_rgb"));
    char ours[16];
    snprintf(ours, sizeof ours, "%08lx",
             crc32(crc32(0, NULL, 0), p->rgb, (uInt)(3 * p->width * p->height)));
    if (p->width == width && p->height == height && sum && strcmp(sum, ours) == 0) return true;
    golden_fail(run, "image: %zu x %zu pixels of sum %s, not %zu x %zu of %s", p->width, p->height,
                ours, width, height, sum ? sum : "(none)");
    return false;
}

static bool read_picture(GoldenRun *run, Picture *out) {
    const json_t *image = golden_metadata(run, "image");
    const char *relative = json_string_value(json_object_get(image, "path"));
    char path[1024];
    if (!relative) golden_fail(run, "metadata image names no file");
    if (!relative || !find_picture(run, relative, path)) return false;
    Volume *v = NULL;
    Error error;
    Status status = volume_read(&v, path, NULL, &error);
    if (!status) status = volume_plane(out, v, NULL, &error);
    volume_free(v);
    return golden_check(run, status, &error) && as_described(run, image, out);
}

/* ---- The model --------------------------------------------------------------------------- */

static bool open_model(PredictorCase *c, const Preset *preset) {
    GoldenRun *run = c->run;
    Error error;
    if (!golden_model_open(&c->golden, run) ||
        !golden_check(run,
                      params_pack(&c->golden.sam.params, NULL, run->bench->kernels,
                                  &run->bench->worker, false, false, &error),
                      &error))
        return false;
    System system = {.ops = &sam_system, .sam = c->golden.sam};
    model_view_open(&c->model, &system, run->bench->kernels, run->bench->worker.threads, preset,
                    "");
    c->model.file = c->golden.weights.checkpoint;
    return true;
}

bool predictor_case_open(PredictorCase *c, GoldenRun *run, const char *preset) {
    *c = (PredictorCase){.run = run};
    Error error;
    return read_picture(run, &c->picture) && open_model(c, preset_find(preset)) &&
           golden_check(run, predictor_open(&c->predictor, &c->model, NULL, &error), &error) &&
           golden_check(run, predictor_set_picture(c->predictor, &c->picture, &error), &error);
}

bool predictor_case_change(PredictorCase *c, const char *preset) {
    Error error;
    c->model.preset = *preset_find(preset);
    return golden_check(c->run, predictor_set_picture(c->predictor, &c->picture, &error), &error);
}

void predictor_case_close(PredictorCase *c) {
    predictor_close(c->predictor);
    if (c->model.system.ops) model_view_close(&c->model);
    picture_free(&c->picture);
    golden_model_close(&c->golden);
}
