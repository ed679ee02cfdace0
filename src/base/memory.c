#include "base/memory.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static atomic_size_t requests, failing_request;
static atomic_bool failing_all;

void memory_fail_at(size_t n, bool all) {
    atomic_store(&requests, 0);
    atomic_store(&failing_all, all);
    atomic_store(&failing_request, n);
}

size_t memory_requests(void) { return atomic_load(&requests); }

bool memory_should_fail(void) {
    size_t request = atomic_fetch_add_explicit(&requests, 1, memory_order_relaxed) + 1;
    size_t at = atomic_load_explicit(&failing_request, memory_order_relaxed);
    if (at == 0) return false;
    return request == at || (request > at && atomic_load(&failing_all));
}

void *memory_new(size_t bytes) { return memory_should_fail() ? NULL : calloc(1, bytes + !bytes); }

void *memory_resize(void *old, size_t bytes) {
    return memory_should_fail() ? NULL : realloc(old, bytes + !bytes);
}

void *memory_aligned(size_t bytes) {
    if (memory_should_fail() || bytes > SIZE_MAX - 64) return NULL;
    size_t rounded = (bytes + 63) / 64 * 64;
    return aligned_alloc(64, rounded ? rounded : 64);
}

char *memory_text(const char *text) {
    if (!text) return NULL;
    size_t bytes = strlen(text) + 1;
    char *copy = memory_new(bytes);
    if (copy) memcpy(copy, text, bytes);
    return copy;
}

void memory_free(void *p) { free(p); }

bool memory_grow(void *items, size_t *capacity, size_t count, size_t item) {
    if (count < *capacity) return true;
    size_t wanted = *capacity ? 2 * *capacity : 16;
    if (wanted > SIZE_MAX / item) return false;
    void *old;
    memcpy(&old, items, sizeof old); /* any pointer type may be grown */
    void *grown = memory_resize(old, wanted * item);
    if (!grown) return false;
    memcpy(items, &grown, sizeof grown);
    *capacity = wanted;
    return true;
}
