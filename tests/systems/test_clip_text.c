/* The text tower against Hugging Face's CLIPTextModel on procedural weights, and what it does to
 * memory, threads and wrong input. */
#include "text/clip_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "tests/check.h"
#include "tests/golden/procedural.h"
#include "tests/stored.h"
#include "tests/workbench.h"

enum { VOCABULARY = 40, POSITIONS = 9, WIDTH = 16, BEGIN = VOCABULARY - 2, END = VOCABULARY - 1 };

static const ClipTextConfig tiny = {.vocabulary = VOCABULARY,
                                    .positions = POSITIONS,
                                    .width = WIDTH,
                                    .layers = 2,
                                    .heads = 4,
                                    .hidden = 24};

enum { TEXTS = 3, LENGTH = POSITIONS };

static const int ids[TEXTS * LENGTH] = {
    BEGIN, 5,   17, 0,   37,  5,   21,  30,  END, /* as long as can be */
    BEGIN, 17,  17, END, END, END, END, END, END, /* padded */
    BEGIN, END, 3,  9,   END, 1,   2,   3,   4,   /* what follows the end is nobody's business */
};

/* CLIPTextModel of transformers 5.23.0 in float64, of the weights below in float32, with the
 * padding masked. */
static const float pooled[TEXTS * WIDTH] = {
    0.756117463f,  0.429072767f,   0.786508083f,   -0.34186554f,  -1.34374869f,  -0.345445186f,
    1.64324975f,   -0.257978767f,  -0.539820969f,  -0.831865728f, 1.48664737f,   0.759365201f,
    1.24057674f,   -1.75355649f,   0.114095561f,   -1.45926178f,  0.230616912f,  0.559314668f,
    1.93579626f,   -0.0913277045f, -0.893791258f,  -1.02909648f,  -0.378747523f, 0.543477476f,
    -1.58494031f,  -0.33531943f,   -0.0176364984f, 1.05413282f,   2.0497694f,    -0.0567155406f,
    -0.743457615f, -1.03426099f,   1.02295411f,    1.25291109f,   0.754916966f,  -0.721937239f,
    0.563926399f,  0.0179050658f,  0.79850769f,    -1.22469687f,  -0.40139088f,  0.159462869f,
    1.34181941f,   -0.325026095f,  0.384644896f,   -2.40015221f,  0.348996192f,  -1.33616042f};

typedef struct Tower {
    Params params;
    ClipText text;
} Tower;

/* In a checkpoint, as published. */
static void tower_open(Tower *t, Stored **stored, Checkpoint **file) {
    *t = (Tower){0};
    clip_text_declare(&t->text, &t->params, &tiny);
    *stored = stored_new(params_elements(&t->params));
    for (size_t i = 0; i < t->params.count; i++) {
        const Param *p = t->params.item[i];
        size_t dim[TENSOR_MAX_RANK];
        for (int k = 0; k < p->rank; k++) dim[k] = (size_t)p->dim[k];
        procedural_tensor(p->name, p->rank, dim, false,
                          stored_add(*stored, p->name, p->rank, p->dim));
    }
    *file = stored_open(*stored, NULL);
    if (params_bind(&t->params, *file, true, NULL, 0, NULL)) abort();
}

static void tower_close(Tower *t, Stored *stored, Checkpoint *file) {
    params_free(&t->params);
    checkpoint_close(file);
    stored_free(stored);
}

/* ---- Values --------------------------------------------------------------------------------- */

static void run(const Kernels *kernels, int threads, int batch, int length, const int *texts,
                float *out) {
    Tower t;
    Stored *stored;
    Checkpoint *file;
    tower_open(&t, &stored, &file);
    Workbench *w = workbench_open(kernels, threads, (size_t)1 << 20);
    if (params_pack(&t.params, NULL, kernels, &w->worker, false, false, NULL)) abort();
    Tensor *y = clip_text_forward(&w->cx, &t.text, batch, length, texts);
    bool fits = compute_ok(&w->cx) && y->rank == 2 && y->dim[0] == batch && y->dim[1] == WIDTH;
    CHECK(fits);
    memset(out, 0, (size_t)(batch * WIDTH) * sizeof *out);
    if (fits) memcpy(out, y->data, tensor_bytes(y));
    workbench_close(w);
    tower_close(&t, stored, file);
}

/* Seen: up to 9.6e-7, of values up to 2.4; PyTorch in float32 differs by 6.9e-7. */
TEST(vectors_are_those_of_the_published_tower) {
    for (const Kernels *const *k = kernels_available(); *k; k++) {
        float out[TEXTS * WIDTH];
        run(*k, 0, TEXTS, LENGTH, ids, out);
        CHECK_CLOSE(out, pooled, TEXTS * WIDTH, 4e-6f, 0.0f);
    }
}

TEST(a_text_is_the_same_alone_and_among_others) {
    for (const Kernels *const *k = kernels_available(); *k; k++) {
        float out[TEXTS * WIDTH];
        for (int i = 0; i < TEXTS; i++)
            run(*k, 0, 1, LENGTH, ids + i * LENGTH, out + (size_t)i * WIDTH);
        CHECK_CLOSE(out, pooled, TEXTS * WIDTH, 4e-6f, 0.0f);
        run(*k, 0, 1, 4, ids + LENGTH, out); /* without its padding */
        CHECK_CLOSE(out, pooled + WIDTH, WIDTH, 4e-6f, 0.0f);
    }
}

TEST(threads_do_not_change_a_byte) {
    for (const Kernels *const *k = kernels_available(); *k; k++) {
        float one[TEXTS * WIDTH], seven[TEXTS * WIDTH];
        run(*k, 1, TEXTS, LENGTH, ids, one);
        run(*k, 7, TEXTS, LENGTH, ids, seven);
        CHECK(memcmp(one, seven, sizeof one) == 0);
    }
}

/* ---- Parameters ----------------------------------------------------------------------------- */

/* One line of a listing: "NAME F32 512,2048". */
static bool is_declared(const Params *p, const char *line) {
    char name[256], dims[64], want[64] = "";
    if (sscanf(line, "%255s F32 %63s", name, dims) != 2) return false;
    const Param *q = params_find(p, name);
    if (!q) return false;
    snprintf(want, sizeof want, q->rank == 1 ? "%d" : "%d,%d", q->dim[0], q->dim[1]);
    return strcmp(dims, want) == 0;
}

TEST(names_and_shapes_are_those_of_published_checkpoints) {
    FILE *file = fopen(check_shared("golden/segmote/text_tower.tensors"), "r");
    Tower t = {0};
    clip_text_declare(&t.text, &t.params, &clip_text_published);
    CHECK(file != NULL && !t.params.failed);
    char line[512];
    size_t listed = 0;
    while (file && fgets(line, sizeof line, file)) {
        if (*line == '#') continue;
        listed++;
        check_report(is_declared(&t.params, line), __FILE__, __LINE__, "%s", line);
    }
    CHECK(listed == 196 && t.params.count == listed);
    CHECK(params_elements(&t.params) == 63165952); /* docs/spec/segmote.md, 7.2 */
    CHECK(params_ignores(&t.params, "text_model.text_model.embeddings.position_ids"));
    if (file) fclose(file);
    params_free(&t.params);
}

TEST(the_tables_stay_where_the_file_has_them) {
    for (const Kernels *const *k = kernels_available(); *k; k++) {
        Tower t;
        Stored *stored;
        Checkpoint *file;
        tower_open(&t, &stored, &file);
        Workbench *w = workbench_open(*k, 0, 1 << 20);
        CHECK(params_pack(&t.params, NULL, *k, &w->worker, true, true, NULL) == VOXPERT_OK);
        CHECK(t.text.tokens->tensor.data == stored->values);
        CHECK(!t.text.tokens->owned && !t.text.tokens->packed && !t.text.tokens->packed_back);
        workbench_close(w);
        tower_close(&t, stored, file);
    }
}

/* ---- Memory --------------------------------------------------------------------------------- */

TEST(what_is_measured_is_what_is_needed) {
    Tower t;
    Stored *stored;
    Checkpoint *file;
    tower_open(&t, &stored, &file);
    Arena memory, records;
    CHECK(arena_open_measuring(&memory, NULL) == VOXPERT_OK);
    CHECK(arena_open(&records, 1 << 20, NULL) == VOXPERT_OK);
    Compute measuring = {.kernels = &kernels_measuring, .memory = &memory, .records = &records};
    clip_text_forward(&measuring, &t.text, TEXTS, LENGTH, ids);
    CHECK(compute_ok(&measuring));

    Workbench *w = workbench_open(NULL, 0, memory.peak);
    clip_text_forward(&w->cx, &t.text, TEXTS, LENGTH, ids);
    CHECK(compute_ok(&w->cx) && w->memory.peak == memory.peak);
    workbench_close(w);
    arena_close(&records);
    arena_close(&memory);
    tower_close(&t, stored, file);
}

/* ---- Wrong input ---------------------------------------------------------------------------- */

static void check_refused(int batch, int length, const int *texts, const char *why) {
    Tower t;
    Stored *stored;
    Checkpoint *file;
    tower_open(&t, &stored, &file);
    Workbench *w = workbench_open(NULL, 0, 1 << 20);
    clip_text_forward(&w->cx, &t.text, batch, length, texts);
    CHECK(!compute_ok(&w->cx));
    check_report(w->cx.failure && strcmp(w->cx.failure, why) == 0, __FILE__, __LINE__, "%s",
                 w->cx.failure ? w->cx.failure : "no failure");
    workbench_close(w);
    tower_close(&t, stored, file);
}

TEST(texts_without_end_too_long_or_of_unknown_tokens_are_refused) {
    check_refused(1, 3, (int[]){BEGIN, 1, 2}, "text: a text without end");
    check_refused(2, 2, (int[]){BEGIN, END, 1, 2}, "text: a text without end");
    check_refused(1, 10, (int[]){BEGIN, 1, 2, 3, 4, 5, 6, 7, 8, END},
                  "text: longer than the tower's positions");
    check_refused(1, 3, (int[]){BEGIN, VOCABULARY, END}, "gather: index");
    check_refused(1, 3, (int[]){BEGIN, -1, END}, "gather: index");
    check_refused(0, 3, ids, "text: there is none");
}
