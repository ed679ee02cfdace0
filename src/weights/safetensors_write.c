#include "weights/safetensors_write.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/memory.h"
#include "base/quote.h"
#include "base/size.h"
#include "weights/checkpoint_elements.h"

enum { DATA_ALIGN = 8, MAX_HEADER = 100000000, CHUNK = 4096 };

typedef struct Writing {
    Output to;
    const TensorToWrite *tensors;
    size_t count;
    const MetadataPair *metadata;
    size_t pairs;
    ElementType type;
    Error *error;
} Writing;

static Status refuse(const Writing *w, const char *name, const char *rule) {
    return error_set(w->error, VOXPERT_BAD_OUTPUT, "%s: '%.200s' cannot be written: %s", w->to.name,
                     name, rule);
}

static Status no_memory(const Writing *w) {
    return error_set(w->error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to write it", w->to.name);
}

/* ---- Checks ----------------------------------------------------------------------------- */

static bool tensor_count(const TensorToWrite *t, size_t *count) {
    *count = 1;
    for (int i = 0; i < t->rank; i++) {
        if (!size_multiply(count, *count, t->dim[i])) return false;
    }
    return true;
}

static bool is_writable(const char *text) {
    size_t length = strlen(text);
    return length <= MAX_HEADER && text_is_utf8(text, length);
}

static int compare_texts(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorts `names`; each must be UTF-8 and there once. */
static Status check_names(const Writing *w, const char **names, size_t count) {
    if (count) qsort(names, count, sizeof *names, compare_texts);
    for (size_t i = 0; i < count; i++) {
        if (!is_writable(names[i]))
            return refuse(w, names[i], "its name is not UTF-8, or too long");
        if (i && strcmp(names[i - 1], names[i]) == 0)
            return refuse(w, names[i], "the name is there twice");
    }
    return VOXPERT_OK;
}

static Status check_tensor(const Writing *w, const TensorToWrite *t) {
    size_t count, bytes;
    if (t->rank < 0 || t->rank > CHECKPOINT_MAX_RANK || !tensor_count(t, &count) ||
        !size_multiply(&bytes, count, sizeof(float)))
        return refuse(w, t->name, "its shape overflows or has more than 8 sides");
    if (strcmp(t->name, "__metadata__") == 0)
        return refuse(w, t->name, "safetensors keeps this name for itself");
    return VOXPERT_OK;
}

static Status check_all(const Writing *w) {
    const char **names = memory_new(size_max(w->count, w->pairs) * sizeof *names);
    if (!names) return no_memory(w);
    Status status = VOXPERT_OK;
    for (size_t i = 0; !status && i < w->count; i++) {
        names[i] = w->tensors[i].name;
        status = check_tensor(w, &w->tensors[i]);
    }
    if (!status) status = check_names(w, names, w->count);
    for (size_t i = 0; i < w->pairs; i++) names[i] = w->metadata[i].key;
    if (!status) status = check_names(w, names, w->pairs);
    for (size_t i = 0; !status && i < w->pairs; i++) {
        if (!is_writable(w->metadata[i].value))
            status = refuse(w, w->metadata[i].key, "its text is not UTF-8, or too long");
    }
    memory_free((void *)names);
    return status;
}

/* ---- Header ----------------------------------------------------------------------------- */

static void add_metadata(Text *json, const Writing *w) {
    text_add(json, "\"__metadata__\":{");
    for (size_t i = 0; i < w->pairs; i++) {
        if (i) text_add(json, ",");
        text_add_quoted(json, w->metadata[i].key);
        text_add(json, ":");
        text_add_quoted(json, w->metadata[i].value);
    }
    text_add(json, "}");
}

/* Returns where the tensor ends, counted from the start of the data. */
static size_t add_tensor(Text *json, const TensorToWrite *t, ElementType type, size_t begin) {
    size_t count = 1;
    text_add_quoted(json, t->name);
    text_add(json, ":{\"dtype\":\"%s\",\"shape\":[", element_name(type));
    for (int i = 0; i < t->rank; i++) {
        text_add(json, i ? ",%zu" : "%zu", t->dim[i]);
        count *= t->dim[i];
    }
    size_t end = begin + count * element_bytes(type);
    text_add(json, "],\"data_offsets\":[%zu,%zu]}", begin, end);
    return end;
}

static void make_header(Text *json, const Writing *w) {
    size_t end = 0;
    text_add(json, "{");
    if (w->pairs) add_metadata(json, w);
    for (size_t i = 0; i < w->count; i++) {
        if (i || w->pairs) text_add(json, ",");
        end = add_tensor(json, &w->tensors[i], w->type, end);
    }
    text_add(json, "}");
    while (!json->failed && json->length % DATA_ALIGN) text_add(json, " ");
}

/* ---- Data ------------------------------------------------------------------------------- */

/* The values as the type stores them; false if one is not finite there. */
static bool convert(uint16_t *out, const float *values, size_t n, ElementType type) {
    const uint16_t infinite = type == ELEMENT_F16 ? 0x7C00 : 0x7F80;
    bool finite = true;
    for (size_t i = 0; i < n; i++) {
        out[i] = type == ELEMENT_F16 ? f16_from_float(values[i]) : bf16_from_float(values[i]);
        finite &= (out[i] & infinite) != infinite;
    }
    return finite;
}

static Status write_values(const Writing *w, FILE *stream, const char *name, const float *values,
                           size_t count) {
    uint16_t small[CHUNK];
    bool plain = w->type == ELEMENT_F32;
    for (size_t at = 0; at < count; at += CHUNK) {
        size_t n = size_min(CHUNK, count - at);
        if (!(plain ? floats_are_finite(values + at, n) : convert(small, values + at, n, w->type)))
            return refuse(w, name, "a value is not finite, or too large for the type");
        const void *from = plain ? (const void *)(values + at) : small;
        if (fwrite(from, element_bytes(w->type), n, stream) != n)
            break; /* the stream remembers, and the commit reports it */
    }
    return VOXPERT_OK;
}

static Status write_tensor(const Writing *w, FILE *stream, const TensorToWrite *t) {
    size_t count;
    if (!tensor_count(t, &count)) return refuse(w, t->name, "its shape overflows");
    if (t->values) return write_values(w, stream, t->name, t->values, count);
    float *values = memory_new(count * sizeof *values);
    if (!values) return no_memory(w);
    t->fill(values, t->context);
    Status status = write_values(w, stream, t->name, values, count);
    memory_free(values);
    return status;
}

static Status write_file(const Writing *w, const Text *json) {
    FileWriter file;
    uint64_t size = json->length;
    Status status = file_writer_open_to(&file, w->to, w->error);
    if (status) return status;
    file.lasting = !w->to.memory; /* hours of training may be in it */
    fwrite(&size, sizeof size, 1, file.stream);
    fwrite(json->chars, 1, json->length, file.stream);
    for (size_t i = 0; !status && i < w->count; i++)
        status = write_tensor(w, file.stream, &w->tensors[i]);
    if (!status) return file_writer_commit(&file, w->error);
    file_writer_abort(&file);
    return status;
}

Status safetensors_write(const char *path, const TensorToWrite *tensors, size_t count,
                         const MetadataPair *metadata, size_t pairs, ElementType type,
                         Error *error) {
    return safetensors_write_to(output_file(path), tensors, count, metadata, pairs, type, error);
}

Status safetensors_write_to(Output to, const TensorToWrite *tensors, size_t count,
                            const MetadataPair *metadata, size_t pairs, ElementType type,
                            Error *error) {
    Writing w = {to, tensors, count, metadata, pairs, type, error};
    Text json = {0};
    Status status = check_all(&w);
    if (status) return status;
    make_header(&json, &w);
    if (json.failed)
        status = no_memory(&w);
    else if (json.length > MAX_HEADER)
        status = refuse(&w, to.name, "its header is over 100 MB");
    else
        status = write_file(&w, &json);
    text_free(&json);
    return status;
}
