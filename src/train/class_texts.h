/* class_texts.h - vectors of the names that data sets give their labels, for text prompts. */
#ifndef TRAIN_CLASS_TEXTS_H
#define TRAIN_CLASS_TEXTS_H

#include "predict/model.h"
#include "train/batch.h"

typedef struct ClassTexts {
    float **vector; /* [sets] of [names,width]; NULL: the set names nothing */
    size_t sets, width;
    size_t names; /* in all */
} ClassTexts;

/* Of every name once.  `model` has a vocabulary.  VOXPERT_BAD_ARGUMENT: a name that makes too many
 * tokens, with the set it is of; VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status class_texts_open(ClassTexts *t, const Dataset *d, const Model *model,
                                   Error *error);
void class_texts_close(ClassTexts *t); /* zeroed is fine */

/* The names' vectors of a batch's objects, [count,width]; false where one of them has none. */
bool class_texts_fill(const ClassTexts *t, const Dataset *d, const Batch *b, float *out);

#endif
