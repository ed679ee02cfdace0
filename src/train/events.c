#include "train/events.h"

#include <string.h>

#include "base/memory.h"

uint32_t crc32c(const void *bytes, size_t size) {
    const uint8_t *at = bytes;
    uint32_t crc = 0xFFFFFFFFu;
    for (size_t i = 0; i < size; i++) {
        crc ^= at[i];
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78u : 0);
    }
    return ~crc;
}

uint32_t crc32c_masked(const void *bytes, size_t size) {
    uint32_t crc = crc32c(bytes, size);
    return (crc >> 15 | crc << 17) + 0xA282EAD8u;
}

/* ---- Bytes ------------------------------------------------------------------------------ */

typedef struct Message {
    uint8_t bytes[256];
    size_t size;
} Message;

static void add_byte(Message *m, uint8_t byte) {
    if (m->size < sizeof m->bytes) m->bytes[m->size++] = byte;
}

static void add_little_endian(Message *m, uint64_t bits, int bytes) {
    for (int i = 0; i < bytes; i++) add_byte(m, (uint8_t)(bits >> 8 * i));
}

static void add_varint(Message *m, uint64_t x) {
    while (x >= 128) {
        add_byte(m, (uint8_t)(x | 128));
        x >>= 7;
    }
    add_byte(m, (uint8_t)x);
}

/* protobuf: field number and wire type (0 varint, 1 eight bytes, 2 counted bytes, 5 four bytes) */
static void add_key(Message *m, int field, int wire) {
    add_varint(m, (uint64_t)(field << 3 | wire));
}

static void add_counted(Message *m, int field, const void *bytes, size_t size) {
    add_key(m, field, 2);
    add_varint(m, size);
    const uint8_t *at = bytes;
    for (size_t i = 0; i < size; i++) add_byte(m, at[i]);
}

/* ---- Records ---------------------------------------------------------------------------- */

static void append(Events *e, const Message *m) {
    if (e->failed) return;
    if (e->size + m->size > e->capacity) {
        size_t capacity = (e->size + m->size) * 2 + 4096;
        uint8_t *grown = memory_resize(e->bytes, capacity);
        if (!grown) {
            e->failed = true;
            return;
        }
        e->bytes = grown;
        e->capacity = capacity;
    }
    memcpy(e->bytes + e->size, m->bytes, m->size);
    e->size += m->size;
}

static void add_record(Events *e, const Message *event) {
    Message head = {0}, tail = {0};
    add_little_endian(&head, event->size, 8);
    add_little_endian(&head, crc32c_masked(head.bytes, 8), 4);
    add_little_endian(&tail, crc32c_masked(event->bytes, event->size), 4);
    append(e, &head);
    append(e, event);
    append(e, &tail);
}

static uint64_t double_bits(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* Event: 1 wall_time (double), 2 step (int64), 3 file_version, 5 summary */
static void begin_event(Message *m, double wall_time, long step) {
    add_key(m, 1, 1);
    add_little_endian(m, double_bits(wall_time), 8);
    add_key(m, 2, 0);
    add_varint(m, (uint64_t)step);
}

void events_begin(Events *e) {
    static const char version[] = "brain.Event:2";
    Message m = {0};
    begin_event(&m, 0.0, 0);
    add_counted(&m, 3, version, sizeof version - 1);
    add_record(e, &m);
}

/* Summary: 1 value (repeated); Value: 1 tag, 2 simple_value (float) */
void events_scalar(Events *e, double wall_time, long step, const char *tag, double value) {
    float single = (float)value;
    uint32_t bits;
    memcpy(&bits, &single, sizeof bits);
    Message inner = {0}, summary = {0}, event = {0};
    add_counted(&inner, 1, tag, strnlen(tag, 100));
    add_key(&inner, 2, 5);
    add_little_endian(&inner, bits, 4);
    add_counted(&summary, 1, inner.bytes, inner.size);
    begin_event(&event, wall_time, step);
    add_counted(&event, 5, summary.bytes, summary.size);
    add_record(e, &event);
}

void events_free(Events *e) {
    memory_free(e->bytes);
    *e = (Events){0};
}
