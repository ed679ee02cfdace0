/* One expert more changes no answer; one less is gone with its columns. */
#include "systems/expert_change.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "base/memory.h"
#include "base/random.h"
#include "predict/predictor.h"
#include "tests/check.h"
#include "tests/predict/tiny_adapter.h"
#include "tests/workbench.h"

typedef struct Scene {
    TinyAdapter tiny;
    char changed[128]; /* path of the changed adapter */
} Scene;

static void scene_open(Scene *s, int kept) {
    tiny_adapter_open(&s->tiny, kept, 7);
    snprintf(s->changed, sizeof s->changed, "%s/changed.safetensors", s->tiny.folder);
}

static Status change(const Scene *s, const Model *m, const ExpertChange *c, Error *error) {
    return expert_change_write(&m->system, c, m->file, m->base, s->changed, error);
}

static Model *changed(const Scene *s, const ExpertChange *c, const char *cpu) {
    Error error = {0};
    check_report(change(s, s->tiny.model, c, &error) == VOXPERT_OK, __FILE__, __LINE__, "%s",
                 error.message);
    return tiny_adapter_model(&s->tiny, s->changed, cpu);
}

/* ---- Answers ---------------------------------------------------------------------------- */

static const float box[] = {10.0f, 12.0f, 50.0f, 44.0f}, point[] = {30.0f, 20.0f};
static const int inside[] = {1};

static const ObjectPrompt prompts[] = {{.box = box},
                                       {.points = 1, .point = point, .label = inside},
                                       {.prompt_free = true},
                                       {.box = box, .prompt_free = true},
                                       {.box = box, .expert = 2}};

/* Masks and what the routers said, expert `at` of `many` left out. */
static void compare(const Prediction *few, const Prediction *many, int at) {
    size_t n = (size_t)(few->count * few->side * few->side);
    int experts = few->routing.experts;
    CHECK(few->count == many->count && many->routing.experts == experts + 1);
    CHECK(memcmp(few->low_res, many->low_res, n * sizeof(float)) == 0);
    CHECK(memcmp(few->iou, many->iou, (size_t)few->count * sizeof(float)) == 0);
    CHECK(few->routing.chosen == many->routing.chosen);
    for (int i = 0; i < TINY_LAYERS * TINY_TOKENS; i++) {
        const float *a = few->routing.routed + i * (3 * experts + 1);
        const float *b = many->routing.routed + i * (3 * experts + 4);
        for (int part = 0; part < 3; part++, a += experts, b += experts + 1) {
            CHECK(memcmp(a, b, (size_t)at * sizeof *a) == 0);
            CHECK(memcmp(a + at, b + at + 1, (size_t)(experts - at) * sizeof *a) == 0);
        }
        CHECK(memcmp(a, b, sizeof *a) == 0);
    }
}

static void same_answers(const Model *few, const Model *many, int at) {
    Predictor *a = tiny_adapter_session(few, 90, 60), *b = tiny_adapter_session(many, 90, 60);
    for (size_t i = 0; i < sizeof prompts / sizeof *prompts; i++)
        for (int all = 0; all < 2; all++) {
            Prediction x = {0}, y = {0};
            CHECK(predictor_answer(a, &prompts[i], false, all, &x, NULL) == VOXPERT_OK);
            CHECK(predictor_answer(b, &prompts[i], false, all, &y, NULL) == VOXPERT_OK);
            compare(&x, &y, at);
            prediction_free(&x);
            prediction_free(&y);
        }
    predictor_close(a);
    predictor_close(b);
}

TEST(a_new_expert_changes_no_byte_of_any_answer_on_any_kernel_set) {
    static const ExpertChange fresh = {.name = "skin", .of = -1, .seed = 5},
                              copied = {.name = "skin", .of = 1};
    for (const Kernels *const *k = kernels_available(); *k; k++)
        for (int kept = 1; kept <= 2; kept++) {
            Scene s;
            scene_open(&s, kept);
            Model *before = tiny_adapter_model(&s.tiny, s.tiny.path, (*k)->name);
            Model *a = changed(&s, &fresh, (*k)->name);
            same_answers(before, a, TINY_EXPERTS);
            model_close(a);
            Model *b = changed(&s, &copied, (*k)->name);
            same_answers(before, b, TINY_EXPERTS);
            model_close(b);
            model_close(before);
            tiny_adapter_close(&s.tiny);
        }
}

TEST(questions_for_classes_are_answered_as_before_too) {
    static const ExpertChange fresh = {.name = "skin", .of = -1, .seed = 5};
    static const char *const names[] = {"liver", "left kidney"};
    Scene s;
    tiny_adapter_open_classes(&s.tiny, 2, 7);
    snprintf(s.changed, sizeof s.changed, "%s/changed.safetensors", s.tiny.folder);
    Model *more = changed(&s, &fresh, NULL);
    Predictor *a = tiny_adapter_session(s.tiny.model, 90, 60);
    Predictor *b = tiny_adapter_session(more, 90, 60);
    size_t n = 16 * (size_t)TINY_GRID * TINY_GRID;
    float *shared = NULL;
    for (int c = 0; c <= 2; c++) {
        ObjectPrompt asked = {.prompt_free = true, .prompt_class = c};
        Prediction x = {0}, y = {0};
        CHECK(!c || segmote_class(&more->system.segmote.config, names[c - 1]) == c - 1);
        CHECK(predictor_answer(a, &asked, false, false, &x, NULL) == VOXPERT_OK);
        CHECK(predictor_answer(b, &asked, false, false, &y, NULL) == VOXPERT_OK);
        compare(&x, &y, TINY_EXPERTS);
        CHECK(!c || memcmp(shared, x.low_res, n * sizeof *shared) != 0);
        prediction_free(&y);
        if (c)
            prediction_free(&x);
        else
            shared = x.low_res, x.low_res = NULL, prediction_free(&x);
    }
    memory_free(shared);
    predictor_close(a);
    predictor_close(b);
    model_close(more);
    tiny_adapter_close(&s.tiny);
}

/* ---- Training --------------------------------------------------------------------------- */

typedef struct Lesson {
    Checkpoint *file, *base;
    System system;
    Workbench *w;
    float loss, *mask, *gate[TINY_LAYERS], *noise[TINY_LAYERS]; /* gradients, published layout */
    bool newcomer_learns;
} Lesson;

static float *gradient_of(const Param *p) {
    float *out = memory_new(tensor_bytes(&p->tensor));
    CHECK(out && p->tensor.grad);
    if (out && p->tensor.grad) param_publish(p, p->tensor.grad, out);
    return out;
}

/* One pass with router noise: the same for the experts of before, whatever the newcomer draws. */
static void lesson_take(Lesson *l, const Scene *s, const char *path, const Kernels *kernels) {
    enum { BATCH = 2 };
    *l = (Lesson){.w = workbench_open(kernels, 0, (size_t)64 << 20)};
    char surplus[256];
    REQUIRE(checkpoint_open(&l->file, path, NULL) == VOXPERT_OK);
    REQUIRE(checkpoint_open(&l->base, s->tiny.base, NULL) == VOXPERT_OK);
    CHECK(system_open(&l->system, l->file, l->base, true, surplus, sizeof surplus, NULL) ==
          VOXPERT_OK);
    const char *const *globs = segmote_trained(&l->system.segmote);
    for (int i = 0; globs[i]; i++) params_train(&l->system.sam.params, globs[i], true);
    Compute *cx = &l->w->cx;
    const ExpertDecoder *d = &l->system.segmote.experts;
    int experts = d->config.experts.experts, grid = TINY_GRID;
    float noise[TINY_LAYERS * BATCH * TINY_TOKENS * (TINY_EXPERTS + 1)];
    Random old = random_begin(1, 0, 0, 0), new = random_begin(2, 0, 0, 0);
    for (int i = 0; i < TINY_LAYERS * BATCH * TINY_TOKENS * experts; i++)
        noise[i] = (float)random_normal(i % experts < TINY_EXPERTS ? &old : &new);
    Tensor *embedding = workbench_tensor(l->w, 4, (int[]){BATCH, grid, grid, 16}, 3);
    const float boxes[] = {4, 6, 30, 44, 10, 10, 50, 40};
    Prompts asked = {.batch = BATCH, .boxes = 1, .box = boxes};
    cx->tape = &l->w->tape;
    PromptTokens tokens = prompt_encoder_forward(cx, &l->system.sam.prompt, &asked);
    ExpertPrompt prompt = {.tokens = &tokens, .noise = noise};
    ExpertOutput out = expert_decoder_forward(
        cx, d, embedding, prompt_encoder_positions(cx, &l->system.sam.prompt), &prompt);
    Tensor *target = tensor_zeros(cx, 4, out.masks->dim);
    MaskLoss how = {.rule = MASK_LOSS_FOCAL_DICE_IOU, .dice = 1.0f, .per_sample = true};
    MaskLossParts parts;
    for (size_t i = 0; i < tensor_size(target); i += 3) target->data[i] = 1.0f;
    Tensor *iou = tensor_zeros(cx, 1, (int[]){BATCH});
    Tensor *loss = op_add(cx, op_mask_loss(cx, out.masks, target, iou, &how, &parts),
                          expert_decoder_balance(cx, d, &out, 0.5f));
    CHECK(compute_ok(cx));
    l->loss = loss->data[0];
    l->mask = memory_new(tensor_bytes(out.masks));
    if (l->mask) memcpy(l->mask, out.masks->data, tensor_bytes(out.masks));
    backward(cx, loss);
    for (int i = 0; i < TINY_LAYERS; i++) {
        l->gate[i] = gradient_of(d->layer[i].gate.weight);
        l->noise[i] = gradient_of(d->layer[i].noise.weight);
        if (experts > TINY_EXPERTS)
            l->newcomer_learns |= d->layer[i].expert[TINY_EXPERTS].first.weight->tensor.used;
    }
}

static void lesson_close(Lesson *l) {
    memory_free(l->mask);
    for (int i = 0; i < TINY_LAYERS; i++) {
        memory_free(l->gate[i]);
        memory_free(l->noise[i]);
    }
    system_close(&l->system);
    workbench_close(l->w);
    checkpoint_close(l->base);
    checkpoint_close(l->file);
}

static bool same_columns(const float *few, const float *many) {
    bool same = true, any = false;
    for (int d = 0; d < 16; d++, few += TINY_EXPERTS, many += TINY_EXPERTS + 1) {
        same &= memcmp(few, many, TINY_EXPERTS * sizeof *few) == 0;
        same &= fabsf(many[TINY_EXPERTS]) <= 0.0f;
        for (int e = 0; e < TINY_EXPERTS; e++) any |= fabsf(few[e]) > 0.0f;
    }
    return same && any;
}

TEST(a_lesson_with_router_noise_is_the_same_too_and_teaches_the_newcomer_nothing) {
    static const ExpertChange fresh = {.name = "skin", .of = -1, .seed = 5};
    for (const Kernels *const *k = kernels_available(); *k; k++)
        for (int kept = 1; kept <= 2; kept++) {
            Scene s;
            Lesson a, b;
            size_t mask = 2 * 16 * (size_t)TINY_GRID * TINY_GRID;
            scene_open(&s, kept);
            CHECK(change(&s, s.tiny.model, &fresh, NULL) == VOXPERT_OK);
            lesson_take(&a, &s, s.tiny.path, *k);
            lesson_take(&b, &s, s.changed, *k);
            CHECK(memcmp(&a.loss, &b.loss, sizeof a.loss) == 0 && a.loss > 0.0f);
            CHECK(memcmp(a.mask, b.mask, mask * sizeof *a.mask) == 0);
            for (int i = 0; i < TINY_LAYERS; i++) {
                CHECK(same_columns(a.gate[i], b.gate[i]));
                CHECK(same_columns(a.noise[i], b.noise[i]));
            }
            CHECK(!b.newcomer_learns);
            lesson_close(&a);
            lesson_close(&b);
            tiny_adapter_close(&s.tiny);
        }
}

/* ---- What is in the file ---------------------------------------------------------------- */

static void values_of(const Checkpoint *c, int layer, const char *rest, float *out, size_t n) {
    char name[128];
    snprintf(name, sizeof name, "mask_decoder.transformer.layers.%d.%s", layer, rest);
    const StoredTensor *t = checkpoint_find(c, name);
    check_report(t && t->count == n, __FILE__, __LINE__, "%s", name);
    if (t && t->count == n) stored_tensor_read(t, out);
}

TEST(a_copy_begins_as_what_it_copies_and_a_fresh_one_between_its_bounds) {
    static const ExpertChange copied = {.name = "skin", .of = 1},
                              fresh = {.name = "skin", .of = -1, .seed = 5},
                              other = {.name = "skin", .of = -1, .seed = 6};
    enum { N = 6 * 16, COLUMNS = 16 * (TINY_EXPERTS + 1) };
    Scene s;
    float a[N], b[N], first[N], columns[COLUMNS];
    scene_open(&s, 1);
    Model *m = changed(&s, &copied, NULL);
    values_of(m->file, 1, "experts_token.1.lin1.weight", a, N);
    values_of(m->file, 1, "experts_token.4.lin1.weight", b, N);
    values_of(m->file, 1, "w_gate_token", columns, COLUMNS);
    CHECK(memcmp(a, b, sizeof a) == 0);
    for (int d = 0; d < 16; d++)
        CHECK(memcmp(&columns[d * (TINY_EXPERTS + 1) + 1], &columns[d * (TINY_EXPERTS + 1) + 4],
                     sizeof *columns) == 0);
    model_close(m);
    m = changed(&s, &fresh, NULL);
    values_of(m->file, 1, "experts_token.4.lin1.weight", first, N);
    values_of(m->file, 1, "w_gate_token", columns, COLUMNS);
    float most = 0.0f;
    for (int i = 0; i < N; i++) most = fmaxf(most, fabsf(first[i]));
    CHECK(most > 0.2f && most <= 0.25f); /* 1 / sqrt(16) */
    for (int d = 0; d < 16; d++)
        CHECK(fabsf(columns[d * (TINY_EXPERTS + 1) + TINY_EXPERTS]) <= 0.0f);
    values_of(m->file, 0, "experts_token.4.lin1.weight", b, N);
    CHECK(memcmp(first, b, sizeof b) != 0); /* layers differ */
    CHECK(strcmp(checkpoint_metadata(m->file, "licence"), "for tests") == 0);
    CHECK(m->system.segmote.config.experts.experts.held_back == UINT64_C(1) << 4);
    CHECK(strcmp(m->system.segmote.config.name[4], "skin") == 0);
    model_close(m);
    m = changed(&s, &other, NULL);
    values_of(m->file, 1, "experts_token.4.lin1.weight", b, N);
    CHECK(memcmp(first, b, sizeof b) != 0); /* seeds too */
    model_close(m);
    tiny_adapter_close(&s.tiny);
}

TEST(an_added_expert_that_is_removed_leaves_the_adapter_as_it_was) {
    static const ExpertChange fresh = {.name = "skin", .of = -1},
                              away = {.lost_experts = UINT64_C(1) << TINY_EXPERTS};
    Scene s;
    scene_open(&s, 2);
    Model *more = changed(&s, &fresh, NULL);
    snprintf(s.changed, sizeof s.changed, "%s/back.safetensors", s.tiny.folder);
    CHECK(change(&s, more, &away, NULL) == VOXPERT_OK);
    Model *back = tiny_adapter_model(&s.tiny, s.changed, NULL);
    const char *a, *b, *c;
    CHECK(model_identity(s.tiny.model, &a, NULL) == VOXPERT_OK);
    CHECK(model_identity(back, &b, NULL) == VOXPERT_OK);
    CHECK(model_identity(more, &c, NULL) == VOXPERT_OK);
    CHECK(strcmp(a, b) == 0 && strcmp(a, c) != 0);
    CHECK(strcmp(checkpoint_metadata(back->file, "config"),
                 checkpoint_metadata(s.tiny.model->file, "config")) == 0);
    model_close(back);
    model_close(more);
    tiny_adapter_close(&s.tiny);
}

TEST(a_middle_one_is_removed_with_its_columns) {
    static const ExpertChange away = {.lost_experts = 1 << 1};
    enum { N = 6 * 16 };
    Scene s;
    float a[N], b[N], before[16 * TINY_EXPERTS], after[16 * (TINY_EXPERTS - 1)];
    scene_open(&s, 2);
    Model *m = changed(&s, &away, NULL);
    for (int layer = 0; layer < TINY_LAYERS; layer++) {
        values_of(s.tiny.model->file, layer, "experts_token.2.lin2.weight", a, N);
        values_of(m->file, layer, "experts_token.1.lin2.weight", b, N);
        CHECK(memcmp(a, b, sizeof a) == 0);
        values_of(s.tiny.model->file, layer, "w_noise_token", before, 16 * TINY_EXPERTS);
        values_of(m->file, layer, "w_noise_token", after, 16 * (TINY_EXPERTS - 1));
        for (int d = 0; d < 16; d++) {
            const float *x = before + d * TINY_EXPERTS, *y = after + d * (TINY_EXPERTS - 1);
            CHECK(memcmp(x, y, sizeof *x) == 0 && memcmp(x + 2, y + 1, 2 * sizeof *x) == 0);
        }
    }
    model_close(m);
    tiny_adapter_close(&s.tiny);
}

/* ---- Refusals --------------------------------------------------------------------------- */

static void refused(const Scene *s, const Model *m, ExpertChange c, const char *word) {
    Error error = {0};
    CHECK(change(s, m, &c, &error) == VOXPERT_BAD_ARGUMENT);
    check_report(strstr(error.message, word) != NULL, __FILE__, __LINE__, "%s", error.message);
}

TEST(what_cannot_be_is_refused_and_nothing_is_written) {
    Scene s;
    scene_open(&s, 3);
    refused(&s, s.tiny.model, (ExpertChange){.name = "auto", .of = -1}, "is not auto");
    refused(&s, s.tiny.model, (ExpertChange){.name = "2nd", .of = -1}, "a letter first");
    refused(&s, s.tiny.model, (ExpertChange){.name = "", .of = -1}, "a letter first");
    CHECK(!file_exists(s.changed));
    Model *m = changed(&s, &(ExpertChange){.name = "skin", .of = -1}, NULL);
    snprintf(s.changed, sizeof s.changed, "%s/other.safetensors", s.tiny.folder);
    refused(&s, m, (ExpertChange){.name = "skin", .of = -1}, "of that name");
    CHECK(change(&s, m, &(ExpertChange){.lost_experts = 1 << 0}, NULL) == VOXPERT_OK);
    Model *n = tiny_adapter_model(&s.tiny, s.changed, NULL); /* 3 are left to keep 3 of */
    CHECK(n->system.segmote.config.experts.experts.experts == 4);
    unlink(s.changed);
    refused(&s, n, (ExpertChange){.lost_experts = 1 << 0}, "than it keeps");
    CHECK(!file_exists(s.changed));
    CHECK(change(&s, n, &(ExpertChange){.lost_experts = 1 << 3}, NULL) ==
          VOXPERT_OK); /* the held back one */
    model_close(n);
    model_close(m);
    tiny_adapter_close(&s.tiny);
}

TEST(the_last_expert_stays) {
    Scene s;
    scene_open(&s, 1);
    for (int left = TINY_EXPERTS; left > 1; left--) {
        Model *m = changed(&s, &(ExpertChange){.lost_experts = 1 << 0}, NULL);
        CHECK(rename(s.changed, s.tiny.path) == 0);
        model_close(s.tiny.model);
        model_close(m);
        s.tiny.model = tiny_adapter_model(&s.tiny, s.tiny.path, NULL);
    }
    refused(&s, s.tiny.model, (ExpertChange){.lost_experts = 1 << 0}, "the last expert");
    tiny_adapter_close(&s.tiny);
}

TEST(a_whole_model_is_no_adapter) {
    TinyModel whole;
    Error error = {0};
    SegmoteConfig c;
    tiny_model_open(&whole, NULL, 1, 1);
    CHECK(expert_change_config(&c, &whole.model->system, &(ExpertChange){.name = "x", .of = -1},
                               "some.file", &error) == VOXPERT_BAD_ARGUMENT);
    CHECK(strstr(error.message, "some.file") && strstr(error.message, "no adapter"));
    tiny_model_close(&whole);
}

TEST(a_place_that_cannot_be_written_is_bad_output_and_no_memory_leaves_no_file) {
    static const ExpertChange fresh = {.name = "skin", .of = -1};
    Scene s;
    Error error = {0};
    scene_open(&s, 1);
    char good[sizeof s.changed];
    memcpy(good, s.changed, sizeof good);
    snprintf(s.changed, sizeof s.changed, "%s/no/such.safetensors", s.tiny.folder);
    CHECK(change(&s, s.tiny.model, &fresh, &error) == VOXPERT_BAD_OUTPUT);
    memcpy(s.changed, good, sizeof good);
    size_t before = memory_requests();
    CHECK(change(&s, s.tiny.model, &fresh, NULL) == VOXPERT_OK);
    size_t requests = memory_requests() - before;
    unlink(good);
    for (size_t n = 1; n <= requests; n++) {
        memory_fail_at(n, false);
        Status status = change(&s, s.tiny.model, &fresh, &error);
        memory_fail_at(0, false);
        CHECK(status == VOXPERT_OUT_OF_MEMORY);
        CHECK(!file_exists(good));
        unlink(good);
    }
    tiny_adapter_close(&s.tiny);
}

/* ---- Tokens ----------------------------------------------------------------------------- */

/* The tensor of the adapter before that becomes `name` when token `lost` is gone. */
static void name_before(char *out, size_t size, const char *name, int lost) {
    static const char mlps[] = "mask_decoder.expert_output_mlps.";
    size_t head = sizeof mlps - 1;
    if (strncmp(name, mlps, head) != 0) {
        snprintf(out, size, "%s", name);
        return;
    }
    int token = name[head] - '0';
    snprintf(out, size, "%s%d%s", mlps, token < lost ? token : token + 1, name + head + 1);
}

enum { LARGEST = 64 * 64 };

/* Of [TINY_TOKENS,16], the row of a token is left out. */
static size_t leave_out(float *values, size_t count, int lost) {
    size_t at = 16 * (size_t)lost;
    memmove(values + at, values + at + 16, (count - at - 16) * sizeof *values);
    return count - 16;
}

TEST(a_token_goes_with_its_mlp_and_all_others_keep_their_bytes) {
    for (int lost = 0; lost < TINY_TOKENS; lost++) {
        Scene s;
        float a[LARGEST], b[LARGEST];
        scene_open(&s, 2);
        Model *m = changed(&s, &(ExpertChange){.lost_tokens = UINT64_C(1) << lost}, NULL);
        const Checkpoint *old = s.tiny.model->file;
        CHECK(checkpoint_count(m->file) == checkpoint_count(old) - 6);
        for (size_t i = 0; i < checkpoint_count(m->file); i++) {
            char name[128];
            const StoredTensor *t = checkpoint_tensor(m->file, i);
            name_before(name, sizeof name, t->name, lost);
            const StoredTensor *from = checkpoint_find(old, name);
            CHECK(from && from->count <= LARGEST);
            if (!from || from->count > LARGEST) continue;
            size_t count = from->count;
            stored_tensor_read(from, a);
            stored_tensor_read(t, b);
            if (strcmp(name, "mask_decoder.expert_tokens.weight") == 0)
                count = leave_out(a, count, lost);
            CHECK(t->count == count && memcmp(a, b, count * sizeof *a) == 0);
        }
        CHECK(m->system.segmote.config.experts.experts.tokens == TINY_TOKENS - 1);
        CHECK(strcmp(checkpoint_metadata(m->file, "licence"), "for tests") == 0);
        model_close(m);
        tiny_adapter_close(&s.tiny);
    }
}

/* Reads what becomes a tensor of the smaller adapter. */
typedef struct Source {
    const StoredTensor *from;
    int lost;
} Source;

static void fill_from(float *out, const void *context) {
    const Source *s = context;
    float values[LARGEST];
    size_t count = s->from->count;
    stored_tensor_read(s->from, values);
    if (s->lost >= 0) count = leave_out(values, count, s->lost);
    memcpy(out, values, count * sizeof *out);
}

/* An adapter declared with a token less and the same values, by names and shapes alone. */
static void write_smaller(const Scene *s, int lost, const char *path) {
    enum { MOST = 200 };
    const Model *m = s->tiny.model;
    SegmoteConfig c = m->system.segmote.config;
    c.experts.experts.tokens--;
    Segmote segmote;
    Params params = {0};
    TensorToWrite *tensors = NULL;
    Source source[MOST];
    size_t count = 0;
    segmote_declare(&segmote, &params, &m->system.sam, NULL, &c);
    CHECK(params_initialize(&params, 1, NULL) == VOXPERT_OK);
    CHECK(params_to_write(&params, NULL, &tensors, &count, NULL) == VOXPERT_OK && count < MOST);
    for (size_t i = 0; i < count && i < MOST; i++) {
        char name[128];
        bool rows = strcmp(tensors[i].name, "mask_decoder.expert_tokens.weight") == 0;
        name_before(name, sizeof name, tensors[i].name, lost);
        source[i] = (Source){checkpoint_find(m->file, name), rows ? lost : -1};
        tensors[i].fill = fill_from;
        tensors[i].context = &source[i];
    }
    char *json = segmote_config_write(&c);
    MetadataPair pair[] = {{"arch", "segmote"},
                           {"config", json},
                           {"parent_sha256", model_metadata(m, "parent_sha256")}};
    CHECK(safetensors_write(path, tensors, count, pair, 3, ELEMENT_F32, NULL) == VOXPERT_OK);
    memory_free(json);
    memory_free(tensors);
    params_free(&params);
}

TEST(an_adapter_without_a_token_is_one_declared_with_fewer) {
    Scene s;
    char path[128];
    scene_open(&s, 1);
    snprintf(path, sizeof path, "%s/smaller.safetensors", s.tiny.folder);
    write_smaller(&s, 1, path);
    Model *want = tiny_adapter_model(&s.tiny, path, NULL);
    Model *got = changed(&s, &(ExpertChange){.lost_tokens = 1 << 1}, NULL);
    const char *a, *b;
    CHECK(model_identity(want, &a, NULL) == VOXPERT_OK);
    CHECK(model_identity(got, &b, NULL) == VOXPERT_OK);
    CHECK(strcmp(a, b) == 0);
    Predictor *p = tiny_adapter_session(want, 90, 60), *q = tiny_adapter_session(got, 90, 60);
    for (size_t i = 0; i < sizeof prompts / sizeof *prompts; i++) {
        Prediction x = {0}, y = {0};
        CHECK(predictor_answer(p, &prompts[i], false, true, &x, NULL) == VOXPERT_OK);
        CHECK(predictor_answer(q, &prompts[i], false, true, &y, NULL) == VOXPERT_OK);
        size_t n = (size_t)(x.count * x.side * x.side);
        CHECK(x.count == TINY_TOKENS - 1 && y.count == x.count);
        CHECK(memcmp(x.low_res, y.low_res, n * sizeof *x.low_res) == 0);
        CHECK(x.routing.chosen == y.routing.chosen && y.routing.tokens == TINY_TOKENS - 1);
        prediction_free(&x);
        prediction_free(&y);
    }
    predictor_close(p);
    predictor_close(q);
    model_close(want);
    model_close(got);
    tiny_adapter_close(&s.tiny);
}

TEST(several_go_at_once_and_a_copy_may_come) {
    Scene s;
    float a[6 * 16], b[6 * 16];
    scene_open(&s, 1);
    ExpertChange c = {.name = "skin", .of = 2, .lost_experts = 1 << 0 | 1 << 3, .lost_tokens = 5};
    Model *m = changed(&s, &c, NULL);
    const TokenExpertsConfig *e = &m->system.segmote.config.experts.experts;
    CHECK(e->experts == 3 && e->tokens == 1 && e->held_back == 1 << 2);
    CHECK(strcmp(m->system.segmote.config.name[2], "skin") == 0);
    for (int i = 0; i < 3; i++) {
        char name[48], old[48];
        snprintf(name, sizeof name, "experts_token.%d.lin1.weight", i);
        snprintf(old, sizeof old, "experts_token.%d.lin1.weight", i == 0 ? 1 : 2);
        values_of(m->file, 0, name, a, 6 * 16);
        values_of(s.tiny.model->file, 0, old, b, 6 * 16);
        CHECK(memcmp(a, b, sizeof a) == 0);
    }
    refused(&s, m, (ExpertChange){.lost_tokens = 1}, "its last expert token");
    model_close(m);
    tiny_adapter_close(&s.tiny);
}
