#include "tests/stored.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "weights/safetensors_write.h"

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

enum { MOST_PAIRS = 64, MOST_TENSORS = 4096 };

static size_t tensors_of(TensorToWrite out[MOST_TENSORS], const Checkpoint *c) {
    size_t count = checkpoint_count(c);
    if (count > MOST_TENSORS) abort();
    for (size_t i = 0; i < count; i++) {
        const StoredTensor *t = checkpoint_tensor(c, i);
        out[i] = (TensorToWrite){
            .name = t->stored_name, .rank = t->rank, .values = stored_tensor_in_place(t)};
        memcpy(out[i].dim, t->dim, sizeof t->dim);
        if (!out[i].values) abort();
    }
    return count;
}

void stored_restate(const char *from, const char *to, const char *key, const char *value) {
    static TensorToWrite tensor[MOST_TENSORS];
    MetadataPair pair[MOST_PAIRS];
    Checkpoint *c;
    if (checkpoint_open(&c, from, NULL) || checkpoint_metadata_count(c) >= MOST_PAIRS) abort();
    size_t tensors = tensors_of(tensor, c), pairs = checkpoint_metadata_count(c);
    for (size_t i = 0; i < pairs; i++) checkpoint_metadata_at(c, i, &pair[i].key, &pair[i].value);
    pair[pairs++] = (MetadataPair){key, value};
    if (safetensors_write(to, tensor, tensors, pair, pairs, ELEMENT_F32, NULL)) abort();
    checkpoint_close(c);
}
