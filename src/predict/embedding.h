/* embedding.h - image embeddings in files: encoded once, used by any later prompt.
 *
 * A file is safetensors with a tensor `embedding` [grid, grid, dim], where the system has them
 * `features` [4 grid, 4 grid, dim / 8] or `block` [grid, grid, encoder's dim], and metadata that
 * says of what and how it was made; its key is the SHA-256 of all of that.  A checksum of the
 * values is checked when it is read. */
#ifndef PREDICT_EMBEDDING_H
#define PREDICT_EMBEDDING_H

#include "predict/predictor.h"

/* The key of the current view's, in memory and as a file: what it depends on.
 * VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status embedding_key(char key[HASH_TEXT], Predictor *p, ElementType type, Error *error);

/* Saves the current embedding.  Errors: VOXPERT_BAD_OUTPUT (also a value that f16 cannot hold). */
MUST_CHECK Status embedding_save(Predictor *p, Output to, ElementType type, Error *error);

/* Takes the embedding of the current picture and view from a file.  Errors: VOXPERT_BAD_INPUT where
 * it is of another image, model, preset or crop, or damaged. */
MUST_CHECK Status embedding_load(Predictor *p, const char *path, Error *error);
MUST_CHECK Status embedding_load_memory(Predictor *p, const void *bytes, size_t size,
                                        const char *name, Error *error);

/* Where the predictor's cache folder keeps the current view's; caller frees, NULL when out of
 * memory.
 */
char *embedding_path(Predictor *p, ElementType type);

/* In the predictor's cache folder: takes the current view's from there if it is there and good
 * (a damaged one is removed, and the model's log told); keeps the current one there. */
bool embedding_find(Predictor *p, ElementType type);
MUST_CHECK Status embedding_keep(Predictor *p, ElementType type, Error *error);

#endif
