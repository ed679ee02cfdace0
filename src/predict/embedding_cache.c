#include "predict/embedding_cache.h"

#include <string.h>

#include "base/memory.h"

Status embedding_cache_open(EmbeddingCache *c, const EmbeddingCacheOptions *options, Error *error) {
    *c = (EmbeddingCache){0};
    if (!options) return VOXPERT_OK;
    c->half = options->half;
    c->memory = options->memory;
    c->folder = memory_text(options->folder);
    if (!options->folder || c->folder) return VOXPERT_OK;
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the cache's path");
}

static void remove_item(EmbeddingCache *c, size_t index) {
    c->bytes -= c->item[index].count * sizeof(float);
    memory_free(c->item[index].values);
    c->item[index] = c->item[--c->count];
}

void embedding_cache_close(EmbeddingCache *c) {
    while (c->count) remove_item(c, c->count - 1);
    memory_free(c->item);
    memory_free(c->folder);
    *c = (EmbeddingCache){0};
}

static CachedEmbedding *item_of(EmbeddingCache *c, const char *key) {
    for (size_t i = 0; i < c->count; i++)
        if (strcmp(c->item[i].key, key) == 0) return &c->item[i];
    return NULL;
}

const float *embedding_cache_find(EmbeddingCache *c, const char *key, size_t count) {
    CachedEmbedding *found = item_of(c, key);
    if (!found || found->count != count) return NULL;
    found->used = ++c->turn;
    return found->values;
}

static void remove_oldest(EmbeddingCache *c) {
    size_t oldest = 0;
    for (size_t i = 1; i < c->count; i++)
        if (c->item[i].used < c->item[oldest].used) oldest = i;
    remove_item(c, oldest);
}

void embedding_cache_keep(EmbeddingCache *c, const char *key, const float *values, size_t count) {
    size_t bytes = count * sizeof *values;
    if (bytes > c->memory || item_of(c, key)) return;
    while (c->bytes + bytes > c->memory) remove_oldest(c);
    float *copy = memory_aligned(bytes);
    if (!copy || !memory_grow(&c->item, &c->capacity, c->count, sizeof *c->item)) {
        memory_free(copy);
        return;
    }
    memcpy(copy, values, bytes);
    CachedEmbedding *new = &c->item[c->count++];
    *new = (CachedEmbedding){.values = copy, .count = count, .used = ++c->turn};
    memcpy(new->key, key, strlen(key) + 1);
    c->bytes += bytes;
}
