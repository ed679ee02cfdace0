/* Models as other programs save them, and what these compute with them, on every kernel set: small
 * ones from tests/golden, made there by make_transformers.py and make_litemedsam.py.
 *
 * VOXPERT_CHECK_FOLDER=DIR, and VOXPERT_CHECK_FILE=NAME in it, check a larger one of these, too. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/memory.h"
#include "systems/sam.h"
#include "tests/check.h"
#include "tests/workbench.h"

typedef struct Expected {
    Checkpoint *file;
    const char *name; /* of the folder */
    double worst, largest;
} Expected;

/* Values of a tensor that must be there, in memory of the workbench's arena. */
static float *values_of(Workbench *w, const Expected *e, const char *name, size_t *count) {
    const StoredTensor *t = checkpoint_find(e->file, name);
    check_report(t != NULL, __FILE__, __LINE__, "%s has no %s", e->name, name);
    *count = t ? t->count : 0;
    float *values = arena_alloc(&w->memory, (*count + 1) * sizeof *values);
    if (t && values) stored_tensor_read(t, values);
    return values;
}

static void compare(Workbench *w, Expected *e, const char *name, const Tensor *got) {
    size_t count;
    const float *want = values_of(w, e, name, &count);
    CHECK(compute_ok(&w->cx) && count == tensor_size(got));
    double largest = 0.0, worst = 0.0;
    for (size_t i = 0; compute_ok(&w->cx) && i < count; i++) {
        largest = fmax(largest, fabs((double)want[i]));
        worst = fmax(worst, fabs((double)want[i] - (double)got->data[i]));
    }
    check_report(worst <= 2e-5 * (1.0 + largest), __FILE__, __LINE__, "%s %s: worst %g of %g",
                 e->name, name, worst, largest);
    e->worst = fmax(e->worst, worst / (1.0 + largest));
}

static void ask(Workbench *w, Expected *e, const Sam *s, Tensor *embedding, const Prompts *prompts,
                const char *name, bool multimask) {
    char masks[64], iou[64];
    snprintf(masks, sizeof masks, "%s.masks", name);
    snprintf(iou, sizeof iou, "%s.iou", name);
    MaskOutput y = sam_decode(&w->cx, s, embedding, prompts, multimask);
    compare(w, e, masks, y.masks);
    compare(w, e, iou, y.iou);
}

static void check_answers(Workbench *w, Expected *e, const Sam *s) {
    size_t count;
    int size = s->config.image, grid = sam_grid(s), side = 4 * grid;
    float *pixels = values_of(w, e, "image", &count);
    CHECK(count == 3 * (size_t)size * (size_t)size);
    Tensor *image = tensor_over(&w->cx, 4, (int[]){1, size, size, 3}, pixels);
    Tensor *embedding = sam_encode(&w->cx, s, image);
    compare(w, e, "embedding", embedding);
    const float *box = values_of(w, e, "box", &count);
    Prompts boxed = {.batch = 1, .boxes = 1, .box = box};
    ask(w, e, s, embedding, &boxed, "boxed", false);
    if (!checkpoint_find(e->file, "points")) return; /* of a model that takes boxes alone */
    static const int labels[] = {1, 0};
    const float *points = values_of(w, e, "points", &count);
    Prompts several = {.batch = 1, .points = 2, .point = points, .label = labels};
    ask(w, e, s, embedding, &several, "several", true);
    float *mask = values_of(w, e, "mask", &count);
    Prompts both = {
        .batch = 1, .points = 2, .point = points, .label = labels, .boxes = 1, .box = box};
    both.mask = tensor_over(&w->cx, 4, (int[]){1, side, side, 1}, mask);
    ask(w, e, s, embedding, &both, "both", true);
}

static void check_kernels(Expected *e, const Checkpoint *model, const Kernels *kernels) {
    SamConfig config;
    Sam sam;
    Error error = {0};
    Status status = sam_config_infer(&config, model, &error);
    check_report(!status, __FILE__, __LINE__, "%s", error.message);
    if (status) return;
    sam_declare(&sam, &config);
    status = params_bind(&sam.params, model, true, NULL, 0, &error);
    if (!status) status = sam_prepare(&sam, &error);
    check_report(!status, __FILE__, __LINE__, "%s", error.message);
    Workbench *w = workbench_open(kernels, 2, (size_t)4 << 30);
    CHECK(params_pack(&sam.params, NULL, kernels, &w->worker, false, false, NULL) == VOXPERT_OK);
    if (!status) check_answers(w, e, &sam);
    workbench_close(w);
    sam_free(&sam);
}

static void check_folder(const char *folder, const char *file) {
    Checkpoint *model = NULL;
    Error error = {0};
    Expected e = {.name = folder};
    char *path = path_join(folder, file), *expected = path_join(folder, "expected.safetensors");
    Status status = checkpoint_open(&model, path, &error);
    if (!status) status = checkpoint_open(&e.file, expected, &error);
    check_report(!status, __FILE__, __LINE__, "%s", error.message);
    for (const Kernels *const *k = kernels_available(); !status && *k; k++)
        check_kernels(&e, model, *k);
    printf("%s: worst error %.2g of 1 + the largest value\n", folder, e.worst);
    checkpoint_close(e.file);
    checkpoint_close(model);
    memory_free(path);
    memory_free(expected);
}

TEST(a_model_of_transformers_computes_what_it_computes_there) {
    check_folder("tests/golden/transformers", "");
    check_folder("tests/golden/transformers", "model.safetensors.index.json");
    const char *more = getenv("VOXPERT_CHECK_FOLDER"), *file = getenv("VOXPERT_CHECK_FILE");
    if (more) check_folder(more, file ? file : "");
}

TEST(a_lite_medsam_computes_what_its_formula_does) {
    check_folder("tests/golden/litemedsam", "model.safetensors");
}
