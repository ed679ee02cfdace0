/* dialects.h - how published checkpoints differ from what we call canonical, as tables. */
#ifndef WEIGHTS_DIALECTS_H
#define WEIGHTS_DIALECTS_H

#include <stddef.h>

/* Keys under which training scripts keep the state dict, the most telling first; NULL after the
 * last. */
const char *dialect_nest(size_t index);

/* A copy of a stored name (`length` bytes) with the old parts of it replaced; to be freed with
 * memory_free; NULL when out of memory.  A canonical name stays as it is. */
char *dialect_name(const char *stored, size_t length);

#endif
