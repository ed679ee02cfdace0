/* events.h - scalars for TensorBoard: a file of records, each a length, its checksum, one protobuf
 * message `Event`, and its checksum.
 *
 * Checksums are CRC-32C (Castagnoli), masked as TensorFlow does: rotated right by 15 bits, plus
 * 0xa282ead8. */
#ifndef TRAIN_EVENTS_H
#define TRAIN_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Events {
    uint8_t *bytes;
    size_t size, capacity;
    bool failed; /* out of memory: nothing more is added */
} Events;

void events_begin(Events *e); /* the record that names the version */
void events_scalar(Events *e, double wall_time, long step, const char *tag, double value);
void events_free(Events *e); /* zeroed is fine */

uint32_t crc32c(const void *bytes, size_t size);
uint32_t crc32c_masked(const void *bytes, size_t size);

#endif
