/* Names of structures to the vectors of the text tower. */
#include <string.h>

#include "base/memory.h"
#include "predict/model.h"
#include "predict/steps.h"

typedef struct KnownText {
    char *name;
    float *vector;
} KnownText;

Status model_open_texts(Model *m, const char *vocabulary, Error *error) {
    if (!vocabulary) return VOXPERT_OK;
    if (!system_text_width(&m->system))
        return error_set_field(error, VOXPERT_BAD_ARGUMENT, "vocab",
                               "%s: the model reads no text, and takes no vocabulary", vocabulary);
    return bpe_open(&m->texts.bpe, vocabulary, system_text_tower(&m->system)->config.vocabulary,
                    error);
}

void model_close_texts(Model *m) {
    Texts *t = &m->texts;
    for (size_t i = 0; i < t->count; i++) {
        memory_free(t->item[i].name);
        memory_free(t->item[i].vector);
    }
    memory_free(t->item);
    bpe_close(&t->bpe);
    *t = (Texts){0};
}

Status model_check_text(const Model *m, Error *error) {
    if (!system_text_width(&m->system))
        return error_set_field(error, VOXPERT_BAD_ARGUMENT, "text",
                               "this model reads no text: it has no text tower");
    if (m->texts.bpe.vocabulary) return VOXPERT_OK;
    return error_set_field(error, VOXPERT_BAD_ARGUMENT, "vocab",
                           "a text needs the vocabulary of the model's text tower");
}

/* ---- One name --------------------------------------------------------------------------- */

typedef struct Reading {
    const ClipText *tower;
    const TextTokens *tokens;
    float *out;
} Reading;

static Status read_work(Compute *cx, void *context, Error *error) {
    (void)error;
    const Reading *r = context;
    const TextTokens *t = r->tokens;
    Tensor *found = clip_text_forward(cx, r->tower, t->batch, t->length, t->id);
    if (compute_ok(cx) && !compute_measures(cx)) memcpy(r->out, found->data, tensor_bytes(found));
    return VOXPERT_OK;
}

static Status compute(const Model *m, const char *name, float *out, Error *error) {
    const ClipText *tower = system_text_tower(&m->system);
    TextTokens tokens;
    Steps steps = {0};
    Status status =
        text_prompts_tokenize(&tokens, &m->texts.bpe, tower->config.positions, 1, &name, error);
    if (status) return status;
    Reading reading = {tower, &tokens, out};
    StepShape shape = {.kind = STEP_TEXT, .batch = 1, .points = tokens.length};
    status = steps_open(&steps, m->kernels, m->threads, error);
    if (!status) status = steps_run(&steps, shape, 0, read_work, &reading, error);
    steps_close(&steps);
    text_tokens_free(&tokens);
    return status;
}

/* ---- Those that are known --------------------------------------------------------------- */

static const float *known(const Texts *t, const char *name) {
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->item[i].name, name) == 0) return t->item[i].vector;
    return NULL;
}

/* Where memory is short it is computed again the next time. */
static void keep(Texts *t, const char *name, const float *vector, size_t bytes) {
    if (t->count >= TEXTS_KEPT || !memory_grow(&t->item, &t->capacity, t->count, sizeof *t->item))
        return;
    KnownText k = {memory_text(name), memory_new(bytes)};
    if (!k.name || !k.vector) {
        memory_free(k.name);
        memory_free(k.vector);
        return;
    }
    memcpy(k.vector, vector, bytes);
    t->item[t->count++] = k;
}

Status model_text(const Model *shared, const char *name, float *out, Error *error) {
    union {
        const Model *from;
        Model *to;
    } m = {shared}; /* the lock and what it guards may change in a shared model */
    size_t bytes = (size_t)system_text_width(&shared->system) * sizeof *out;
    Status status = model_check_text(shared, error);
    if (status) return status;
    pthread_mutex_lock(&m.to->text_lock);
    const float *vector = known(&shared->texts, name);
    if (vector) {
        memcpy(out, vector, bytes);
    } else {
        status = compute(shared, name, out, error);
        if (!status) keep(&m.to->texts, name, out, bytes);
    }
    pthread_mutex_unlock(&m.to->text_lock);
    return status;
}
