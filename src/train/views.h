/* views.h - what a frozen encoder makes of the pictures to learn from, computed once.
 *
 * Every picture is seen whole, as the model's preset shows it.  Its embedding is kept in a folder
 * in the format of predict/embedding.h, under a key that names picture, base and preset: a run that
 * was stopped goes on where it was, other runs on the same base find everything there, and so does
 * `voxpert segment --cache` with the base itself.  The first epoch packs what it reads of these
 * files into one mapped temporary file (base/store.h), from which later ones take it: no file is
 * opened for a sample, and any number of pictures will do. */
#ifndef TRAIN_VIEWS_H
#define TRAIN_VIEWS_H

#include "predict/predictor.h"
#include "train/batch.h"

/* A sample's values in the packed file: nothing yet, being written by a thread, there. */
enum { PACKED_NOT, PACKED_NOW, PACKED };

typedef struct Views {
    char *folder; /* with a slash */
    char **path;  /* [pictures]; NULL: nobody needs it */
    View *view;   /* [pictures] */
    size_t pictures;
    size_t floats,
        block_floats; /* of an embedding; of a block's output (System.kept_block), or 0 */
    Store store;
    float **packed;       /* [pictures] embedding and block; NULL: not needed, or no room for it */
    atomic_char *state;   /* [pictures] of it */
    char not_packed[256]; /* why nothing is packed; "" */
} Views;

/* Called before each picture is encoded; false ends it with VOXPERT_OK and an unusable Views. */
typedef bool ViewsProgress(void *context, size_t done, size_t all);

typedef struct ViewsOptions {
    const char *folder; /* of the cache */
    bool half;          /* kept in f16 */
    size_t max_memory;  /* of the encoder's step; 0: no limit */
    size_t data_memory; /* of what is packed; 0: no limit */
    ViewsProgress *progress;
    void *context;
} ViewsOptions;

/* `model`: the frozen base.  Of all pictures that hold an object.  Errors: those of the encoder and
 * of the folder. */
MUST_CHECK Status views_open(Views *v, const Dataset *d, const Model *model,
                             const ViewsOptions *options, Error *error);
/* `floats` and `block_floats` alone, before there are any. */
void views_measure(Views *v, const System *system);
void views_close(Views *v); /* zeroed is fine */

/* Into `embedding` [floats] and, where there are any, `block` [block_floats]; any thread.  Errors:
 * VOXPERT_BAD_INPUT where the file is no longer there, or another one. */
MUST_CHECK Status views_read(Views *v, int picture, float *embedding, float *block, Error *error);

/* The whole picture in the model's input of `side` pixels. */
Cut views_cut(const Views *v, int picture, int side);

#endif
