/* tiny_adapter.h - experts on a tiny model, with routers that choose, in files of their own. */
#ifndef TESTS_PREDICT_TINY_ADAPTER_H
#define TESTS_PREDICT_TINY_ADAPTER_H

#include "tests/predict/tiny_model.h"

enum { TINY_TOKENS = 3, TINY_EXPERTS = 4, TINY_LAYERS = 2 };

typedef struct TinyAdapter {
    char folder[64], base[96], path[96];
    Model *model;
} TinyAdapter;

/* `kept` experts of a token.  Ends the test program where it cannot.  The other one's prompt tokens
 * have the classes "liver" and "left kidney", which ask for different things. */
void tiny_adapter_open(TinyAdapter *t, int kept, unsigned seed);
void tiny_adapter_open_classes(TinyAdapter *t, int kept, unsigned seed);
void tiny_adapter_close(TinyAdapter *t); /* removes the folder with all that is in it */

/* Another adapter's file on the same base, with a kernel set (NULL: the best). */
Model *tiny_adapter_model(const TinyAdapter *t, const char *path, const char *cpu);

/* A predictor with a picture that is encoded whole. */
Predictor *tiny_adapter_session(const Model *m, size_t width, size_t height);

#endif
