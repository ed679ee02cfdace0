#include "systems/sam.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "tests/check.h"
#include "tests/systems/shapes.h"
#include "tests/workbench.h"

static const float points[] = {10.0f, 20.0f, 40.0f, 12.0f, 7.0f, 9.0f, 60.0f, 33.0f};
static const float boxes[] = {4.0f, 6.0f, 30.0f, 44.0f, 20.0f, 1.0f, 60.0f, 50.0f};
static const int labels[] = {1, 0, 1, -1};

static const Prompts two_objects = {
    .batch = 2, .points = 2, .boxes = 1, .point = points, .label = labels, .box = boxes};

static void sam_fresh(Sam *s, const SamConfig *c) {
    Error error = {0};
    sam_declare(s, c);
    Status status = params_initialize(&s->params, 11, &error);
    if (!status) status = sam_prepare(s, &error);
    check_report(status == VOXPERT_OK, __FILE__, __LINE__, "%s", error.message);
}

/* ---- Memory --------------------------------------------------------------------------------- */

static void check_measured(const SamConfig *c) {
    Sam sam;
    sam_fresh(&sam, c);
    size_t encode, decode;
    CHECK(sam_measure(&sam, 1, &two_objects, true, &encode, &decode, NULL) == VOXPERT_OK);

    Workbench *w = workbench_open(NULL, 0, encode > decode ? encode : decode);
    sam_encode(&w->cx, &sam, tensor_zeros(&w->cx, 4, (int[]){1, c->image, c->image, 3}));
    CHECK(compute_ok(&w->cx));
    CHECK(w->memory.peak == encode);
    arena_release(&w->memory, 0);
    w->memory.peak = 0;
    int grid = sam_grid(&sam);
    Tensor *embedding = tensor_zeros(&w->cx, 4, (int[]){1, grid, grid, c->prompt.dim});
    sam_decode(&w->cx, &sam, embedding, &two_objects, true);
    CHECK(compute_ok(&w->cx));
    CHECK(w->memory.peak == decode);
    workbench_close(w);
    sam_free(&sam);
}

TEST(what_is_measured_is_what_is_needed) {
    SamConfig tiny = shape_tiny(), pyramid = shape_tiny_pyramid();
    check_measured(&tiny);
    check_measured(&pyramid);
}

static size_t encode_bytes(PublishedShape shape) {
    SamConfig c = shape_config(&shape);
    Sam sam;
    size_t encode = 0, decode;
    sam_declare(&sam, &c);
    Stored *stored;
    Checkpoint *zeros = shape_checkpoint(&sam.params, &stored);
    CHECK(params_bind(&sam.params, zeros, true, NULL, 0, NULL) == VOXPERT_OK);
    CHECK(sam_prepare(&sam, NULL) == VOXPERT_OK);
    CHECK(sam_measure(&sam, 1, &two_objects, false, &encode, &decode, NULL) == VOXPERT_OK);
    sam_free(&sam);
    checkpoint_close(zeros);
    stored_free(stored);
    return encode;
}

TEST(a_deeper_encoder_needs_no_more_memory) {
    PublishedShape shallow = published_shapes[0], deep = published_shapes[0];
    deep.depth = 32;
    CHECK(encode_bytes(shallow) == encode_bytes(deep));
    CHECK(encode_bytes(published_shapes[2]) < (size_t)1 << 30); /* ViT-H at 1024 pixels */
}

TEST(too_little_memory_is_a_sentence_not_a_crash) {
    SamConfig c = shape_tiny();
    Sam sam;
    sam_fresh(&sam, &c);
    Workbench *w = workbench_open(NULL, 0, (size_t)64 << 10);
    sam_encode(&w->cx, &sam, tensor_zeros(&w->cx, 4, (int[]){1, 64, 64, 3}));
    Error error;
    CHECK(compute_status(&w->cx, &error) == VOXPERT_OUT_OF_MEMORY);
    CHECK(strstr(error.message, "out of memory") != NULL);
    workbench_close(w);
    sam_free(&sam);
}

/* ---- The same bytes, however many threads --------------------------------------------------- */

typedef struct Answer {
    float masks[2 * 3 * 16 * 16], iou[2 * 3];
} Answer;

static void answer_of(const SamConfig *c, const Kernels *kernels, int threads, Answer *out) {
    Sam sam;
    sam_fresh(&sam, c);
    Workbench *w = workbench_open(kernels, threads, (size_t)64 << 20);
    CHECK(params_pack(&sam.params, NULL, kernels, &w->worker, false, false, NULL) == VOXPERT_OK);
    Tensor *image = workbench_tensor(w, 4, (int[]){1, c->image, c->image, 3}, 3);
    MaskOutput y = sam_decode(&w->cx, &sam, sam_encode(&w->cx, &sam, image), &two_objects, true);
    bool ok = compute_ok(&w->cx) && tensor_bytes(y.masks) == sizeof out->masks &&
              tensor_bytes(y.iou) == sizeof out->iou;
    CHECK(ok);
    memset(out, 0, sizeof *out);
    if (ok) memcpy(out->masks, y.masks->data, sizeof out->masks);
    if (ok) memcpy(out->iou, y.iou->data, sizeof out->iou);
    workbench_close(w);
    sam_free(&sam);
}

static double largest(const Answer *a) {
    double most = 0.0;
    for (size_t i = 0; i < sizeof a->masks / sizeof *a->masks; i++) {
        double x = (double)a->masks[i];
        most = x > most ? x : -x > most ? -x : most;
    }
    return most;
}

static void check_threads(const SamConfig *c) {
    Answer reference;
    answer_of(c, &kernels_reference, 0, &reference);
    CHECK(largest(&reference) > 1e-3); /* there is something to compare */
    for (const Kernels *const *k = kernels_available(); *k; k++) {
        static const int threads[] = {1, 2, 7};
        Answer answer[3];
        for (int i = 0; i < 3; i++) answer_of(c, *k, threads[i], &answer[i]);
        bool same = memcmp(&answer[0], &answer[1], sizeof *answer) == 0 &&
                    memcmp(&answer[0], &answer[2], sizeof *answer) == 0;
        check_report(same, __FILE__, __LINE__, "%s: threads change the bytes", (*k)->name);
        CHECK_CLOSE(answer[0].masks, reference.masks, sizeof reference.masks / sizeof(float), 2e-5f,
                    2e-5f);
    }
}

TEST(threads_do_not_change_a_byte_with_any_kernels) {
    SamConfig tiny = shape_tiny(), pyramid = shape_tiny_pyramid();
    check_threads(&tiny);
    check_threads(&pyramid);
}

/* ---- Sizes ---------------------------------------------------------------------------------- */

TEST(a_model_with_fixed_positions_has_one_size) {
    SamConfig c = shape_tiny();
    Sam sam;
    sam_fresh(&sam, &c);
    Error error;
    CHECK(image_encoder_set_grid(&sam.vit, &sam.params, 5, &error) == VOXPERT_BAD_ARGUMENT);
    CHECK(strstr(error.message, "64 pixels") && strstr(error.message, "not 80"));
    sam_free(&sam);
}

TEST(adapters_need_an_even_grid) {
    SamConfig c = shape_tiny();
    c.vit.adapters = true;
    c.vit.positions = POSITIONS_BILINEAR;
    Sam sam;
    sam_fresh(&sam, &c);
    Error error;
    CHECK(image_encoder_set_grid(&sam.vit, &sam.params, 5, &error) == VOXPERT_BAD_ARGUMENT);
    CHECK(strstr(error.message, "even grid") != NULL);
    CHECK(image_encoder_set_grid(&sam.vit, &sam.params, 6, &error) == VOXPERT_OK);
    sam_free(&sam);
}

/* The backward pass from the sum of all that is given. */
static void differentiate(Workbench *w, Tensor *a, Tensor *b) {
    Tensor *given[] = {a, b};
    for (int i = 0; i < 2; i++) {
        float *seed = given[i] ? grad_of(&w->cx, given[i]) : NULL;
        for (size_t k = 0; seed && k < tensor_size(given[i]); k++) seed[k] = 1.0f;
    }
    backward_from(&w->cx);
    CHECK(compute_ok(&w->cx));
}

TEST(masks_that_are_not_asked_for_have_gradients_of_zero_and_not_none) {
    SamConfig c = shape_tiny();
    Sam sam;
    sam_fresh(&sam, &c);
    CHECK(params_train(&sam.params, "mask_decoder.*", true) > 50);
    Workbench *w = workbench_open(NULL, 0, (size_t)64 << 20);
    w->cx.tape = &w->tape;
    Tensor *embedding = workbench_tensor(w, 4, (int[]){1, 4, 4, 16}, 3);
    MaskOutput out = sam_decode(&w->cx, &sam, embedding, &two_objects, true);
    differentiate(w, out.masks, out.iou);
    const Param *dropped =
        params_find(&sam.params, "mask_decoder.output_hypernetworks_mlps.0.layers.0.weight");
    CHECK(dropped->tensor.used);
    for (size_t i = 0; i < sam.params.count; i++) {
        const Param *p = sam.params.item[i];
        if (p->tensor.needs_grad) CHECK(p->tensor.used);
    }
    workbench_close(w);
    sam_free(&sam);
}

TEST(a_head_that_the_loss_does_not_look_at_has_no_gradient) {
    SamConfig c = shape_tiny();
    Sam sam;
    sam_fresh(&sam, &c);
    CHECK(params_train(&sam.params, "mask_decoder.*", true) > 50);
    Workbench *w = workbench_open(NULL, 0, (size_t)64 << 20);
    w->cx.tape = &w->tape;
    Tensor *embedding = workbench_tensor(w, 4, (int[]){1, 4, 4, 16}, 3);
    MaskOutput out = sam_decode(&w->cx, &sam, embedding, &two_objects, true);
    differentiate(w, out.masks, NULL);
    size_t without = 0;
    for (size_t i = 0; i < sam.params.count; i++) {
        const Param *p = sam.params.item[i];
        if (!p->tensor.needs_grad) continue;
        bool head = text_starts(p->name, "mask_decoder.iou_prediction_head.");
        check_report(p->tensor.used != head, __FILE__, __LINE__, "%s", p->name);
        without += head;
    }
    CHECK(without == 6);
    workbench_close(w);
    sam_free(&sam);
}

/* As PyTorch's SAM: the first three tables belong to points, the others to boxes. */
static void check_tables(const Prompts *asked, bool of_points, bool of_boxes) {
    SamConfig c = shape_tiny();
    Sam sam;
    sam_fresh(&sam, &c);
    params_train(&sam.params, "prompt_encoder.*", true);
    Workbench *w = workbench_open(NULL, 0, (size_t)64 << 20);
    w->cx.tape = &w->tape;
    PromptTokens t = prompt_encoder_forward(&w->cx, &sam.prompt, asked);
    differentiate(w, t.sparse, t.dense);
    for (int i = 0; i < 5; i++) {
        const Param *p = sam.prompt.embedding[i];
        bool wanted = i == 2 || i == 3 ? of_boxes : of_points;
        check_report(p->tensor.used == wanted, __FILE__, __LINE__, "%s", p->name);
    }
    CHECK(sam.prompt.no_mask->tensor.used);
    CHECK(!sam.prompt.mask1.linear.weight->tensor.used);
    workbench_close(w);
    sam_free(&sam);
}

TEST(prompts_that_are_not_given_leave_their_tables_without_gradients) {
    const float point[] = {5, 6, 7, 8};
    const int inside[] = {1, 1};
    Prompts box = {.batch = 2, .boxes = 1, .box = boxes};
    Prompts click = {.batch = 2, .points = 1, .point = point, .label = inside};
    Prompts both = click;
    both.boxes = 1, both.box = boxes;
    check_tables(&box, false, true);
    check_tables(&click, true, false);
    check_tables(&both, true, true);
}

/* ---- Files ---------------------------------------------------------------------------------- */

static void identity_of(const char *name, char text[HASH_TEXT]) {
    char relative[128];
    snprintf(relative, sizeof relative, "golden/sam/files/%s", name);
    Checkpoint *file = NULL;
    SamConfig config;
    Sam sam = {0};
    Error error = {0};
    Status status = checkpoint_open(&file, check_shared(relative), &error);
    if (!status) status = sam_config_infer(&config, file, &error);
    if (!status) sam_declare(&sam, &config);
    if (!status) status = params_bind(&sam.params, file, true, NULL, 0, &error);
    if (!status) status = params_identity(&sam.params, text, &error);
    check_report(status == VOXPERT_OK, __FILE__, __LINE__, "%s: %s", name, error.message);
    sam_free(&sam);
    checkpoint_close(file);
}

TEST(a_model_is_the_same_in_every_container) {
    static const char *const same[] = {"sam_bare_legacy.pth", "sam_bare_protocol4.pth",
                                       "sam.safetensors", "sammed2d_style.pth",
                                       "sammed3d_style.pth"};
    char first[HASH_TEXT] = "", other[HASH_TEXT] = "";
    identity_of("sam_bare.pth", first);
    CHECK(strlen(first) == HASH_TEXT - 1);
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        identity_of(same[i], other);
        check_report(strcmp(first, other) == 0, __FILE__, __LINE__, "%s: is another", same[i]);
    }
    char rounded[HASH_TEXT] = "";
    identity_of("sam_bf16.safetensors", rounded);
    identity_of("sam_bare_bf16.pth", other);
    CHECK(strcmp(rounded, first) != 0);
    CHECK(strcmp(rounded, other) == 0);
}
