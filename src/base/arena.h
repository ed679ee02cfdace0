/* arena.h - bump allocation with marks: what dies together lives together.
 *
 * An arena is one range of addresses, taken from the system once.  Its pages cost nothing until
 * they are touched and are then used again and again: on the machines measured, first touch runs at
 * 2.3 GB/s.  A measuring arena hands out addresses that must not be touched; its `peak` tells what
 * the same work will need. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

enum { ARENA_ALIGN = 64 }; /* one cache line; the widest vector load */

typedef struct Arena {
    unsigned char *base;
    size_t used, peak, capacity;
    bool scribble; /* debug builds overwrite what is released, and poison it under ASan */
} Arena;

/* Reserves `capacity` bytes, rounded up to whole pages. */
MUST_CHECK Status arena_open(Arena *a, size_t capacity, Error *error);

/* Reserves 256 GiB of addresses without memory behind them: for measuring only. */
MUST_CHECK Status arena_open_measuring(Arena *a, Error *error);

void arena_close(Arena *a); /* a zeroed arena is fine */

/* Returns NULL when the arena is full; the arena is then unchanged.  Contents are undefined. */
void *arena_alloc(Arena *a, size_t bytes);

/* Gives back everything allocated since `mark` (an earlier value of a->used). */
void arena_release(Arena *a, size_t mark);

#endif
