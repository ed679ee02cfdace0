/* packed.h - text as a gzip file, for tests. */
#ifndef TESTS_PACKED_H
#define TESTS_PACKED_H

#include <stddef.h>
#include <stdint.h>

/* Returns its size; aborts where `room` is too small. */
size_t packed_text(uint8_t *out, size_t room, const char *text);

#endif
