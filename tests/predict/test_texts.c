/* Names to vectors: computed once, the same for every thread, refused in one sentence. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "predict/predictor.h"
#include "tests/check.h"
#include "tests/predict/tiny_model.h"
#include "tests/systems/tiny_imis.h"

typedef struct Reader {
    char folder[64], path[96], vocab[96];
    Model *model;
    Error error;
    Status status;
} Reader;

static void reader_open(Reader *r, TinyImis what, bool vocabulary) {
    *r = (Reader){.folder = "/tmp/voxpert_texts_XXXXXX"};
    if (!mkdtemp(r->folder)) abort();
    snprintf(r->path, sizeof r->path, "%s/model.safetensors", r->folder);
    snprintf(r->vocab, sizeof r->vocab, "%s/merges.txt", r->folder);
    tiny_imis_write(r->path, what);
    tiny_vocabulary_write(r->vocab);
    ModelOptions options = {.threads = 1, .vocab = vocabulary ? r->vocab : NULL};
    r->status = model_open(&r->model, r->path, &options, &r->error);
}

static void reader_close(Reader *r) {
    model_close(r->model);
    unlink(r->path);
    unlink(r->vocab);
    rmdir(r->folder);
}

static Predictor *session(const Reader *r) {
    Predictor *p = NULL;
    Picture picture = tiny_picture(50, 40, 0);
    Error error = {0};
    bool ok = !predictor_open(&p, r->model, NULL, &error) &&
              !predictor_set_picture(p, &picture, &error) &&
              !predictor_encode(p, crop_whole(&picture), &error);
    check_report(ok, __FILE__, __LINE__, "%s", error.message);
    picture_free(&picture);
    return p;
}

/* ---- Vectors -------------------------------------------------------------------------------- */

TEST(a_name_is_computed_once_and_kept) {
    Reader r;
    float a[TINY_IMIS_TEXT], b[TINY_IMIS_TEXT], c[TINY_IMIS_TEXT];
    reader_open(&r, TINY_IMIS_PLAIN, true);
    check_report(r.status == VOXPERT_OK, __FILE__, __LINE__, "%s", r.error.message);
    CHECK(model_text(r.model, "liver", a, NULL) == VOXPERT_OK);
    CHECK(r.model->texts.count == 1);
    memory_fail_at(1, true); /* what is known needs no memory */
    Status status = model_text(r.model, "liver", b, NULL);
    memory_fail_at(0, false);
    CHECK(status == VOXPERT_OK && memcmp(a, b, sizeof a) == 0);
    CHECK(model_text(r.model, "spleen", c, NULL) == VOXPERT_OK);
    CHECK(r.model->texts.count == 2 && memcmp(a, c, sizeof a) != 0);
    reader_close(&r);
}

/* The vector is the tower's of the whole sentence. */
TEST(a_name_is_read_as_the_sentence_that_models_learned) {
    Reader r;
    float a[TINY_IMIS_TEXT], b[TINY_IMIS_TEXT], got[TINY_IMIS_TEXT];
    reader_open(&r, TINY_IMIS_PLAIN, true);
    CHECK(model_text(r.model, "Aaaa liver", a, NULL) == VOXPERT_OK);
    CHECK(model_text(r.model, "aaaa_liver", b, NULL) == VOXPERT_OK);
    CHECK(memcmp(a, b, sizeof a) == 0);
    TextTokens tokens;
    const char *name = "aaaa liver";
    CHECK(text_prompts_tokenize(&tokens, &r.model->texts.bpe, TINY_IMIS_POSITIONS, 1, &name,
                                NULL) == VOXPERT_OK);
    Worker worker;
    Arena memory = {0}, records = {0};
    CHECK(worker_open(&worker, NULL, NULL) == VOXPERT_OK);
    CHECK(arena_open(&memory, 4 << 20, NULL) == VOXPERT_OK);
    CHECK(arena_open(&records, 4 << 20, NULL) == VOXPERT_OK);
    Compute cx = {
        .kernels = r.model->kernels, .worker = &worker, .memory = &memory, .records = &records};
    Tensor *v = clip_text_forward(&cx, &r.model->system.imis.tower, 1, tokens.length, tokens.id);
    CHECK(compute_ok(&cx));
    memcpy(got, v->data, sizeof got);
    CHECK(memcmp(a, got, sizeof a) == 0);
    arena_close(&memory);
    arena_close(&records);
    worker_close(&worker);
    text_tokens_free(&tokens);
    reader_close(&r);
}

typedef struct Asking {
    const Model *model;
    float vector[6][TINY_IMIS_TEXT];
    bool ok;
} Asking;

static const char *const names[6] = {"liver", "spleen", "kidney", "aorta", "heart", "liver"};

static void *ask_all(void *context) {
    Asking *a = context;
    a->ok = true;
    for (int i = 0; i < 6; i++) a->ok &= !model_text(a->model, names[i], a->vector[i], NULL);
    return NULL;
}

TEST(threads_that_ask_at_once_get_the_same) {
    enum { THREADS = 4 };
    Reader r;
    Asking asking[THREADS];
    pthread_t thread[THREADS];
    reader_open(&r, TINY_IMIS_PLAIN, true);
    for (int i = 0; i < THREADS; i++) {
        asking[i] = (Asking){.model = r.model};
        CHECK(pthread_create(&thread[i], NULL, ask_all, &asking[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++) pthread_join(thread[i], NULL);
    for (int i = 0; i < THREADS; i++) {
        CHECK(asking[i].ok);
        CHECK(memcmp(asking[i].vector, asking[0].vector, sizeof asking[0].vector) == 0);
    }
    CHECK(r.model->texts.count == 5);
    reader_close(&r);
}

TEST(a_name_beyond_the_memory_is_an_error_or_the_same) {
    Reader r;
    float want[TINY_IMIS_TEXT], got[TINY_IMIS_TEXT];
    reader_open(&r, TINY_IMIS_PLAIN, true);
    CHECK(model_text(r.model, "vein", want, NULL) == VOXPERT_OK);
    reader_close(&r);
    reader_open(&r, TINY_IMIS_PLAIN, true);
    bool refused = true;
    for (size_t n = 1; n < 200 && refused; n++) {
        memory_fail_at(n, false);
        Status status = model_text(r.model, "vein", got, NULL);
        memory_fail_at(0, false);
        refused = status == VOXPERT_OUT_OF_MEMORY;
        CHECK(refused || status == VOXPERT_OK);
        CHECK(refused || memcmp(got, want, sizeof got) == 0);
    }
    CHECK(!refused);
    reader_close(&r);
}

/* ---- Prompts -------------------------------------------------------------------------------- */

static float *answer(Predictor *p, const ObjectPrompt *prompt, Prediction *out) {
    Error error = {0};
    check_report(predictor_decode(p, prompt, false, out, &error) == VOXPERT_OK, __FILE__, __LINE__,
                 "%s", error.message);
    return out->low_res;
}

static void text_moves_the_mask(TinyImis what) {
    static const float box[] = {5.0f, 6.0f, 30.0f, 28.0f};
    Reader r;
    Prediction a, b, c, d;
    reader_open(&r, what, true);
    Predictor *p = session(&r);
    ObjectPrompt boxed = {.box = box}, named = {.text = "liver"};
    ObjectPrompt both = {.box = box, .text = "liver"}, other = {.box = box, .text = "spleen"};
    answer(p, &boxed, &a);
    answer(p, &named, &b);
    answer(p, &both, &c);
    answer(p, &other, &d);
    size_t bytes = (size_t)a.side * (size_t)a.side * sizeof(float);
    CHECK(a.count == 1 && b.count == 1);
    CHECK(memcmp(a.low_res, b.low_res, bytes) && memcmp(a.low_res, c.low_res, bytes));
    CHECK(memcmp(b.low_res, c.low_res, bytes) && memcmp(c.low_res, d.low_res, bytes));
    prediction_free(&d);
    answer(p, &both, &d);
    CHECK(memcmp(c.low_res, d.low_res, bytes) == 0);
    prediction_free(&a);
    prediction_free(&b);
    prediction_free(&c);
    prediction_free(&d);
    predictor_close(p);
    reader_close(&r);
}

TEST(a_text_prompts_an_imis_net) { text_moves_the_mask(TINY_IMIS_PLAIN); }
TEST(a_text_prompts_a_published_segmote) { text_moves_the_mask(TINY_IMIS_EXPERTS); }

TEST(an_imis_net_answers_with_the_best_of_its_three_masks) {
    static const float box[] = {5.0f, 6.0f, 30.0f, 28.0f};
    Reader r;
    Prediction one, all;
    Error error = {0};
    reader_open(&r, TINY_IMIS_PLAIN, false);
    CHECK(strcmp(r.model->preset.name, "imis") == 0);
    Predictor *p = session(&r);
    ObjectPrompt boxed = {.box = box};
    answer(p, &boxed, &one);
    CHECK(predictor_decode(p, &boxed, true, &all, &error) == VOXPERT_OK);
    CHECK(all.count == 3);
    int best = 0;
    for (int i = 1; i < 3; i++)
        if (all.iou[i] > all.iou[best]) best = i;
    size_t n = (size_t)one.side * (size_t)one.side;
    CHECK(one.token[0] == best + 1);
    CHECK(memcmp(one.low_res, all.low_res + (size_t)best * n, n * sizeof(float)) == 0);
    prediction_free(&one);
    prediction_free(&all);
    predictor_close(p);
    reader_close(&r);
}

/* ---- Refusals ------------------------------------------------------------------------------- */

static void refused(Reader *r, const char *name, const char *words) {
    Error error = {0};
    Predictor *p = session(r);
    ObjectPrompt prompt = {.text = name};
    Prediction out;
    CHECK(predictor_decode(p, &prompt, false, &out, &error) == VOXPERT_BAD_ARGUMENT);
    check_report(strstr(error.message, words) != NULL, __FILE__, __LINE__, "\"%s\" is not \"%s\"",
                 error.message, words);
    prediction_free(&out);
    predictor_close(p);
    reader_close(r);
}

TEST(a_model_without_tower_or_vocabulary_reads_nothing_and_says_so) {
    Reader r;
    reader_open(&r, TINY_IMIS_MUTE, false);
    refused(&r, "liver", "this model reads no text");
    reader_open(&r, TINY_IMIS_PLAIN, false);
    refused(&r, "liver", "the vocabulary of the model");
    reader_open(&r, TINY_IMIS_MUTE, true);
    CHECK(r.status == VOXPERT_BAD_ARGUMENT && strstr(r.error.message, "takes no vocabulary"));
    CHECK(strstr(r.error.message, r.vocab));
    reader_close(&r);
}

TEST(names_that_are_empty_or_too_long_are_refused) {
    Reader r;
    reader_open(&r, TINY_IMIS_PLAIN, true);
    refused(&r, " -_ ", "the name is empty");
    reader_open(&r, TINY_IMIS_PLAIN, true);
    refused(&r, "the left ventricle of the heart", "and the model reads 40 at most");
}
