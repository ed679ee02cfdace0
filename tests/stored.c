#include "tests/stored.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { HEADER_MOST = 1 << 20 }; /* the header is put right before the values */

Stored *stored_new(size_t floats) {
    Stored *s = calloc(1, sizeof *s);
    if (!s) abort();
    s->capacity = floats;
    s->file_size = HEADER_MOST + floats * sizeof(float);
    s->file = mmap(NULL, s->file_size, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (s->file == MAP_FAILED) abort();
    s->values = (float *)(void *)((char *)s->file + HEADER_MOST);
    return s;
}

void stored_free(Stored *s) {
    munmap(s->file, s->file_size);
    text_free(&s->header);
    free(s);
}

float *stored_add(Stored *s, const char *name, int rank, const int *dim) {
    size_t n = 1, begin = s->count * sizeof(float);
    text_add(&s->header, ", \"%s\": {\"dtype\": \"F32\", \"shape\": [", name);
    for (int i = 0; i < rank; i++) {
        text_add(&s->header, i ? ", %d" : "%d", dim[i]);
        n *= (size_t)dim[i];
    }
    if (n > s->capacity - s->count) abort();
    text_add(&s->header, "], \"data_offsets\": [%zu, %zu]}", begin, begin + n * sizeof(float));
    s->count += n;
    return s->values + s->count - n;
}

Checkpoint *stored_open(Stored *s, const char *metadata) {
    Text whole = {0};
    text_add(&whole, "{\"__metadata__\": {%s}%s}", metadata ? metadata : "",
             s->header.chars ? s->header.chars : "");
    while ((sizeof(uint64_t) + whole.length) % 64) text_add(&whole, " ");
    uint64_t length = whole.length;
    if (whole.failed || sizeof length + length > HEADER_MOST) abort();
    char *start = (char *)s->values - length - sizeof length;
    memcpy(start, &length, sizeof length);
    memcpy(start + sizeof length, whole.chars, length);
    Checkpoint *c;
    Error error;
    if (checkpoint_open_memory(&c, start, sizeof length + length + s->count * sizeof(float),
                               "stored", &error)) {
        fprintf(stderr, "%s\n", error.message);
        abort();
    }
    text_free(&whole);
    return c;
}
