/* batch.h - what one optimizer step learns from: cuts of pictures with one object each, and pseudo
 * masks beside them. */
#ifndef TRAIN_BATCH_H
#define TRAIN_BATCH_H

#include "base/threads.h"
#include "train/augment.h"

typedef struct Batch {
    int count, share, side, loss_side; /* samples; how many of them show the same picture */
    float *image;                      /* [count / share,side,side,3]; NULL with embeddings */
    float *embedding;                  /* [count / share,floats] of views; else NULL */
    float *block;                      /* [count / share,block_floats] beside them, or NULL */
    size_t floats, block_floats;
    uint8_t *object; /* [count,side,side], 0 or 1 */
    float *target;   /* [count,loss_side,loss_side], 0 or 1; -1 where the labels say neither */
    float *scratch;  /* [count / share,side,side,3] */
    double *pixel;   /* [count] how many view pixels a picture pixel is wide */
    int *set;        /* [count] which data set each is of */
    const CaseObject **source;
    int *prompt_class; /* [count] with `foreground`: 1 + the class that is the target, 0: all of it
                        */
    Status *status;    /* [count / share] of reading embeddings */
    bool distinct;     /* see BatchShape */
    const char *group; /* of all its data sets, or NULL */
    /* Of up to `share` regions of each picture that has any: */
    int pseudo_count;
    uint8_t *pseudo_object; /* [pseudo_count,side,side]; NULL: nobody asks for them */
    float *pseudo_target;   /* [pseudo_count,loss_side,loss_side] */
    int *pseudo_image;      /* [pseudo_count] which of the pictures each is of */
} Batch;

typedef struct BatchShape {
    int count, share;    /* a multiple of it */
    int side, loss_side; /* a multiple of it */
    size_t floats;       /* of an embedding where the batch has these instead of images, else 0 */
    size_t block_floats; /* and of the block's output beside it */
    bool pseudo;
    bool distinct; /* samples of a picture are different objects, where there are enough */
} BatchShape;

MUST_CHECK Status batch_open(Batch *b, const BatchShape *shape, Error *error);
void batch_close(Batch *b); /* zeroed is fine */

/* Which objects a trainer draws from: of each set, its training part. */
typedef struct Pool {
    size_t **object;    /* [sets] indices into the data set */
    size_t *count;      /* [sets] */
    double *until;      /* [sets] weights of a set and those before it; NULL: all are the same */
    const char **group; /* [sets] of the data's, or NULL */
    size_t sets;        /* that have any */
} Pool;
MUST_CHECK Status pool_open(Pool *p, const Dataset *d, SplitPart part, Error *error);
void pool_close(Pool *p);
size_t pool_pictures(const Pool *p, const Dataset *d); /* that hold any of its objects */

typedef struct Views Views; /* views.h */

/* Fills the batch for one step (`foreground`: with all that is labelled in a picture as one object,
 * or for half of the samples whose object is of a class, with all that is of it): one of the sets,
 * by their weights - of one group, which is that of any set - then one of the set's objects; where
 * samples share a picture, the others are any of its objects.  The same for the same seed and step,
 * whatever came before.  With `views` (else NULL) all pictures are seen whole and unchanged.
 * Errors: those of views_read(), of the first sample that has one. */
MUST_CHECK Status batch_draw(Batch *b, const Dataset *d, const Pool *pool, const Augment *a,
                             Views *views, bool foreground, uint64_t seed, uint64_t step,
                             const Worker *worker, Error *error);

#endif
