/* embedding_cache.h - embeddings that were computed once, in memory and in a folder.
 *
 * Memory comes first: of its budget the least recently used leave.  The folder's files, which are
 * shared by processes, are embedding.h's; their keys are the same. */
#ifndef PREDICT_EMBEDDING_CACHE_H
#define PREDICT_EMBEDDING_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/status.h"

typedef struct EmbeddingCacheOptions {
    const char *folder; /* copied; NULL: no files */
    bool half;          /* files in half precision are used, too */
    size_t memory;      /* bytes that embeddings in memory may take; 0: none are kept there */
} EmbeddingCacheOptions;

typedef struct CachedEmbedding {
    char key[HASH_TEXT];
    float *values; /* [count] */
    size_t count;
    uint64_t used; /* turn of its last use */
} CachedEmbedding;

typedef struct EmbeddingCache {
    char *folder;
    bool half;
    size_t memory, bytes; /* budget, and what is taken of it */
    CachedEmbedding *item;
    size_t count, capacity;
    uint64_t turn;
} EmbeddingCache;

/* `options` NULL: neither memory nor folder.  VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status embedding_cache_open(EmbeddingCache *c, const EmbeddingCacheOptions *options,
                                       Error *error);
void embedding_cache_close(EmbeddingCache *c); /* a zeroed one is fine */

/* The values [count] of that key in memory, valid until the next call; NULL: they are not there. */
const float *embedding_cache_find(EmbeddingCache *c, const char *key, size_t count);

/* Keeps a copy in memory, unless it is larger than the whole budget or there is no memory. */
void embedding_cache_keep(EmbeddingCache *c, const char *key, const float *values, size_t count);

#endif
