/* model.h - a model ready to work: weights, kernels, threads, and how images are prepared for it.
 */
#ifndef PREDICT_MODEL_H
#define PREDICT_MODEL_H

#include <pthread.h>

#include "base/warnings.h"
#include "predict/preset.h"
#include "systems/system.h"
#include "text/text_prompt.h"

typedef struct ModelOptions {
    int threads;           /* 0: every core */
    const char *cpu;       /* kernel set; NULL: the best */
    const char *preset;    /* NULL: as the file says or looks */
    const char *precision; /* a name of precision.h; NULL: as the file states, or f32 */
    bool strict;           /* surplus tensors are an error */
    const char *base;      /* of an adapter: the model it was trained on; NULL: the built-in one */
    const char *vocab;     /* merges of the text tower's tokenizer (bpe.h), or NULL */
    const void *embedded;  /* the built-in model's bytes, used where path is NULL */
    size_t embedded_size;
    const void *bytes; /* of a model in memory, which must stay there; then path is for messages */
    size_t size;
    void (*log)(void *context, const char *sentence); /* of what its sessions come upon; or NULL */
    void *log_context;
} ModelOptions;

/* What the text tower made of the names that were asked for. */
typedef struct Texts {
    Bpe bpe; /* vocabulary 0: none was given */
    struct KnownText *item;
    size_t count, capacity;
} Texts;

typedef struct Model {
    System system;
    Checkpoint *file, *base; /* base: NULL where the file is whole */
    Threads *threads;
    const Kernels *kernels;
    Preset preset;     /* with the file's own zoom, if it names one */
    bool preset_given; /* by the caller, not by the file */
    pthread_mutex_t lock, text_lock;
    char identity[HASH_TEXT]; /* "" until it is needed */
    Texts texts;              /* guarded by text_lock */
    char warning[512];        /* surplus tensors, or "" */
    void (*log)(void *context, const char *sentence);
    void *log_context;
} Model;

/* Errors: VOXPERT_BAD_MODEL, VOXPERT_BAD_ARGUMENT (preset, kernel set, a vocabulary for a model
 * that reads no text), VOXPERT_BAD_INPUT (the vocabulary), VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status model_open(Model **out, const char *path, const ModelOptions *options,
                             Error *error);
void model_close(Model *m); /* NULL is fine */

/* A view of weights that belong to others: the system is copied, and its parameters, kernels and
 * threads must outlive the view.  identity: of what its embeddings depend on; "": computed when it
 * is needed.  It has no file: no metadata, and it is not saved. */
void model_view_open(Model *out, const System *system, const Kernels *kernels, Threads *threads,
                     const Preset *preset, const char *identity);
void model_view_close(Model *view); /* what it has read of texts, and its locks */

/* How images are prepared for the model of a file: as `asked` (NULL: as the file says, or looks).
 * VOXPERT_BAD_ARGUMENT, VOXPERT_BAD_MODEL: no such preset. */
MUST_CHECK Status model_preset(Preset *out, const Checkpoint *file, const Sam *sam,
                               const char *asked, Error *error);

/* SHA-256 of the weights (see params_identity), computed when it is first needed, by any thread.
 * Where the file states another one, a warning goes to the log.  Errors: VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status model_identity(const Model *m, const char **identity, Error *error);

/* Adds a sentence where a whole file states another identity than the computed one. */
void identity_warning(Warnings *w, const Checkpoint *file, const char *computed);

/* What the metadata of a whole file states, unchecked; NULL where it states none. */
const char *model_stated_identity(const Model *m);

/* SHA-256 of what an answer depends on beside weights, image and prompt: the configuration of the
 * network, and how images are prepared.  Errors: VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status model_configuration(const Model *m, char text[HASH_TEXT], Error *error);

/* Of what an embedding depends on: that of the base where an adapter leaves its encoder alone. */
MUST_CHECK Status model_encoder_identity(const Model *m, const char **identity, Error *error);

const char *model_metadata(const Model *m, const char *key); /* NULL if the file has none */

/* Whether what it computed is finite: large weights may overflow, though each is finite itself.
 * `what` begins the sentence: "its image embedding".  VOXPERT_BAD_MODEL. */
MUST_CHECK Status model_check_finite(const Model *m, const char *what, const float *values,
                                     size_t count, Error *error);

/* ---- Texts (model_texts.c) --------------------------------------------------------------------
 */

/* One sentence where the model reads no text, or has no vocabulary: VOXPERT_BAD_ARGUMENT. */
MUST_CHECK Status model_check_text(const Model *m, Error *error);

/* The tower's vector of a name, [system_text_width]: computed once and kept, for up to TEXTS_KEPT
 * names.  Any thread may ask.  VOXPERT_BAD_ARGUMENT: as above; the name is empty or makes more
 * tokens than the tower reads; VOXPERT_OUT_OF_MEMORY. */
enum { TEXTS_KEPT = 4096 };
MUST_CHECK Status model_text(const Model *m, const char *name, float *out, Error *error);

/* For those who make a model of their own: its vocabulary (vocabulary NULL: none), and the end. */
MUST_CHECK Status model_open_texts(Model *m, const char *vocabulary, Error *error);
void model_close_texts(Model *m);

/* Writes safetensors with all that is known of the model, and all that its file states, but for
 * what depends on the copy (format, configuration, identity); a preset that was given goes before
 * the file's own. */
MUST_CHECK Status model_save(const Model *m, const char *path, ElementType type, Error *error);

/* One JSON object; caller frees.  NULL when out of memory. */
char *model_describe(const Model *m);

#endif
