/* memory.h - the heap, for what lives neither in an arena nor on the stack.
 *
 * All of the library's heap use goes through here, so that tests can make the n-th request fail. */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

void *memory_new(size_t bytes);               /* zeroed; NULL when out of memory */
void *memory_resize(void *old, size_t bytes); /* as realloc; `old` survives a failure */
void *memory_aligned(size_t bytes);           /* 64-byte aligned, not zeroed; memory_free frees */
char *memory_text(const char *text);          /* a copy; NULL when out of memory or given NULL */
void memory_free(void *p);                    /* NULL is fine */

/* Grows `*items` (of `item` bytes each) to hold `count + 1`; false when out of memory. */
bool memory_grow(void *items, size_t *capacity, size_t count, size_t item);

/* Tests only: request number `n` from now on (1 is the next) fails, and every later one too if
 * `all`; 0 switches failing off.  Counts requests since. */
void memory_fail_at(size_t n, bool all);
size_t memory_requests(void);
bool memory_should_fail(void); /* counts one request; for other takers of memory, such as arenas */

#endif
