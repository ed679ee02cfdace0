/* views.h - what a frozen encoder makes of the pictures to learn from, computed once.
 *
 * Every picture is seen whole, as the model's preset shows it.  Its embedding is kept in a folder
 * in the format of predict/embedding.h, under a key that names picture, base and preset: a run that
 * was stopped goes on where it was, other runs on the same base find everything there, and so does
 * `voxpert segment --cache` with the base itself.  While training a sample's file is mapped for the
 * moment of reading: nothing is loaded, and any number of pictures will do. */
#ifndef TRAIN_VIEWS_H
#define TRAIN_VIEWS_H

#include "predict/predictor.h"
#include "train/batch.h"

typedef struct Views {
    char *folder; /* with a slash */
    char **path;  /* [pictures]; NULL: nobody needs it */
    View *view;   /* [pictures] */
    size_t pictures;
    size_t floats,
        block_floats; /* of an embedding; of a block's output (System.kept_block), or 0 */
} Views;

/* Called before each picture is encoded; false ends it with VOXPERT_OK and an unusable Views. */
typedef bool ViewsProgress(void *context, size_t done, size_t all);

/* `model`: the frozen base; `folder`: of the cache; `half`: kept in f16.  Of all pictures that hold
 * an object.  `max_memory`: of the encoder's step, 0: no limit.  Errors: those of the encoder and
 * of the folder. */
MUST_CHECK Status views_open(Views *v, const Dataset *d, const Model *model, const char *folder,
                             bool half, size_t max_memory, ViewsProgress *progress, void *context,
                             Error *error);
/* `floats` and `block_floats` alone, before there are any. */
void views_measure(Views *v, const System *system);
void views_close(Views *v); /* zeroed is fine */

/* Into `embedding` [floats] and, where there are any, `block` [block_floats]; any thread.  Errors:
 * VOXPERT_BAD_INPUT where the file is no longer there, or another one. */
MUST_CHECK Status views_read(const Views *v, int picture, float *embedding, float *block,
                             Error *error);

/* The whole picture in the model's input of `side` pixels. */
Cut views_cut(const Views *v, int picture, int side);

#endif
