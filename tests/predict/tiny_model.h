/* tiny_model.h - a model of random weights that answers in a millisecond, and pictures for it. */
#ifndef TESTS_PREDICT_TINY_MODEL_H
#define TESTS_PREDICT_TINY_MODEL_H

#include "predict/predictor.h"

enum { TINY_IMAGE = 64, TINY_GRID = 4, TINY_SIDE = 16 }; /* input, embedding, low-res masks */

typedef struct TinyModel {
    char folder[64], path[96]; /* a folder of its own, and the model's file in it */
    Model *model;
} TinyModel;

/* `preset` NULL: "sam".  Another seed is another model.  Ends the test program where it cannot. */
void tiny_model_open(TinyModel *t, const char *preset, unsigned seed, int threads);
void tiny_model_close(TinyModel *t); /* removes the folder with all that is in it */

/* Writes such a model's file. */
void tiny_model_write(const char *path, unsigned seed);

Predictor *tiny_predictor(const TinyModel *t);

/* Smooth shades that differ from salt to salt; free with picture_free. */
Picture tiny_picture(size_t width, size_t height, unsigned salt);

/* The predictor with a picture that is encoded whole. */
Predictor *tiny_session(const TinyModel *t, size_t width, size_t height);

#endif
