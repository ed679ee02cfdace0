#include "base/arena.h"

#include <assert.h>
#include <string.h>
#include <sys/mman.h>

#include "base/memory.h"

#if defined(__SANITIZE_ADDRESS__)
#define POISONS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POISONS 1
#endif
#endif

#ifdef POISONS
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, bytes)   ((void)(address), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(address, bytes) ((void)(address), (void)(bytes))
#endif

static const size_t page = 4096;
/* Many may be open at once; ThreadSanitizer keeps a shadow of each. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define MEASURING_BITS 34
#endif
#endif
#ifndef MEASURING_BITS
#define MEASURING_BITS 38
#endif
static const size_t measuring_capacity = (size_t)1 << MEASURING_BITS;

static Status reserve(Arena *a, size_t capacity, int protection, Error *error) {
    *a = (Arena){0};
    if (capacity > (size_t)1 << 46 || memory_should_fail())
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "cannot reserve %zu bytes of memory",
                         capacity);
    size_t bytes = (capacity + page - 1) / page * page;
    if (bytes == 0) bytes = page;
    void *base = mmap(NULL, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "cannot reserve %zu bytes of memory", bytes);
    *a = (Arena){.base = base, .capacity = bytes};
    return VOXPERT_OK;
}

Status arena_open(Arena *a, size_t capacity, Error *error) {
    Status status = reserve(a, capacity, PROT_READ | PROT_WRITE, error);
#ifndef NDEBUG
    a->scribble = !status;
#endif
    if (!status) ASAN_POISON_MEMORY_REGION(a->base, a->capacity);
    return status;
}

Status arena_open_measuring(Arena *a, Error *error) {
    return reserve(a, measuring_capacity, PROT_NONE, error);
}

void arena_close(Arena *a) {
    if (!a->base) return;
    if (a->capacity != measuring_capacity) ASAN_UNPOISON_MEMORY_REGION(a->base, a->capacity);
    munmap(a->base, a->capacity);
    *a = (Arena){0};
}

void *arena_alloc(Arena *a, size_t bytes) {
    size_t rounded = (bytes + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
    if (rounded < bytes || rounded > a->capacity - a->used) return NULL;
    void *p = a->base + a->used;
    if (a->capacity != measuring_capacity) ASAN_UNPOISON_MEMORY_REGION(p, bytes);
    a->used += rounded;
    if (a->used > a->peak) a->peak = a->used;
    return p;
}

void arena_release(Arena *a, size_t mark) {
    assert(mark <= a->used);
    if (a->scribble) { /* make stale reads loud */
        ASAN_UNPOISON_MEMORY_REGION(a->base + mark, a->used - mark);
        memset(a->base + mark, 0xDD, a->used - mark);
        ASAN_POISON_MEMORY_REGION(a->base + mark, a->used - mark);
    }
    a->used = mark;
}
