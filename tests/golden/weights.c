#include "tests/golden/weights.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "tests/golden/procedural.h"
#include "weights/checkpoint_elements.h"

/* ---- Listings ------------------------------------------------------------------------------- */

typedef struct Listed {
    char name[224];
    int rank;
    size_t dim[CHECKPOINT_MAX_RANK], count, offset;
    bool counter;    /* int64, not rounded */
    bool transposed; /* of a transposed convolution */
} Listed;

typedef struct Listing {
    Listed *item;
    size_t count, capacity, bytes;
    ElementType type;
} Listing;

/* "256,64,2,2", or "-" for a scalar */
static bool parse_dims(Listed *l, char *text) {
    l->count = 1;
    if (strcmp(text, "-") == 0) return true;
    for (char *save = NULL, *field = strtok_r(text, ",", &save); field;
         field = strtok_r(NULL, ",", &save)) {
        long value;
        if (l->rank == CHECKPOINT_MAX_RANK || !text_to_long(&value, field) || value < 0)
            return false;
        l->dim[l->rank++] = (size_t)value;
        l->count *= (size_t)value;
    }
    return true;
}

/* "NAME F32 768,768 transposed" */
static bool parse_line(Listing *list, char *line) {
    char *save = NULL, *name = strtok_r(line, " \n", &save);
    if (!name || *name == '#') return true;
    char *type = strtok_r(NULL, " \n", &save), *dims = strtok_r(NULL, " \n", &save);
    char *rest = strtok_r(NULL, " \n", &save);
    if (!dims || !memory_grow(&list->item, &list->capacity, list->count, sizeof *list->item))
        return false;
    Listed *l = &list->item[list->count++];
    *l = (Listed){.counter = strcmp(type, "I64") == 0,
                  .transposed = rest && strcmp(rest, "transposed") == 0};
    snprintf(l->name, sizeof l->name, "%s", name);
    if (!parse_dims(l, dims) || (!l->counter && strcmp(type, "F32") != 0)) return false;
    l->offset = list->bytes;
    list->bytes += l->count * element_bytes(l->counter ? ELEMENT_I64 : list->type);
    return true;
}

static bool read_listing(GoldenRun *run, const char *name, Listing *list) {
    char path[1024], line[512];
    golden_beside(run, name, path, sizeof path);
    FILE *file = fopen(path, "r");
    if (!file) {
        golden_fail(run, "listing %s: %s", name, strerror(errno));
        return false;
    }
    bool ok = true;
    while (ok && fgets(line, sizeof line, file)) ok = parse_line(list, line);
    fclose(file);
    if (!ok) golden_fail(run, "listing %s: cannot be read", name);
    return ok;
}

static bool read_listings(GoldenRun *run, Listing *list) {
    const char *type = json_string_value(golden_metadata(run, "weight_dtype"));
    list->type = type && strcmp(type, "bf16") == 0  ? ELEMENT_BF16
                 : type && strcmp(type, "f16") == 0 ? ELEMENT_F16
                                                    : ELEMENT_F32;
    json_t *names = golden_metadata(run, "listing");
    for (size_t i = 0; i < json_array_size(names); i++) {
        if (!read_listing(run, json_string_value(json_array_get(names, i)), list)) return false;
    }
    return true;
}

/* ---- Values --------------------------------------------------------------------------------- */

static bool is_zeroed(const GoldenRun *run, const char *name) {
    json_t *list = golden_metadata(run, "zeroed");
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (strcmp(json_string_value(json_array_get(list, i)), name) == 0) return true;
    }
    return false;
}

static void make_values(const GoldenRun *run, const Listed *l, float *out) {
    procedural_tensor(l->name, l->rank, l->dim, l->transposed, out);
    json_t *scale = json_object_get(golden_metadata(run, "weight_scale"), l->name);
    if (is_zeroed(run, l->name)) memset(out, 0, l->count * sizeof *out);
    for (size_t i = 0; scale && i < l->count; i++) out[i] *= (float)json_number_value(scale);
    char stored[256];
    snprintf(stored, sizeof stored, "in.weight.%s", l->name);
    const StoredTensor *t = checkpoint_find(run->file, stored);
    if (t && t->count == l->count) stored_tensor_read(t, out);
}

static void store(const Listing *list, const Listed *l, const float *values, uint8_t *out) {
    if (l->counter) {
        memset(out, 0, l->count * sizeof(int64_t)); /* nothing of ours counts batches */
    } else if (list->type == ELEMENT_F32) {
        memcpy(out, values, l->count * sizeof *values);
    } else {
        uint16_t *small = (uint16_t *)(void *)out;
        for (size_t i = 0; i < l->count; i++)
            small[i] =
                list->type == ELEMENT_BF16 ? bf16_from_float(values[i]) : f16_from_float(values[i]);
    }
}

/* ---- The file in memory --------------------------------------------------------------------- */

static const char *short_name(const GoldenRun *run, const char *name) {
    const char *prefix = json_string_value(golden_metadata(run, "weight_prefix"));
    return prefix && text_starts(name, prefix) ? name + strlen(prefix) : name;
}

static void add_entry(Text *header, const GoldenRun *run, const Listing *list, const Listed *l) {
    ElementType type = l->counter ? ELEMENT_I64 : list->type;
    text_add(header, "%s\"%s\": {\"dtype\": \"%s\", \"shape\": [", header->length > 1 ? ", " : "",
             short_name(run, l->name), element_name(type));
    for (int i = 0; i < l->rank; i++) text_add(header, i ? ", %zu" : "%zu", l->dim[i]);
    text_add(header, "], \"data_offsets\": [%zu, %zu]}", l->offset,
             l->offset + l->count * element_bytes(type));
}

/* Padded with spaces so that the data begin at a cache line. */
static void make_header(Text *header, const GoldenRun *run, const Listing *list) {
    text_add(header, "{");
    for (size_t i = 0; i < list->count; i++) add_entry(header, run, list, &list->item[i]);
    text_add(header, "}");
    while ((sizeof(uint64_t) + header->length) % 64) text_add(header, " ");
}

static bool fill(const GoldenRun *run, const Listing *list, uint8_t *data) {
    bool ok = true;
    for (size_t i = 0; ok && i < list->count; i++) {
        const Listed *l = &list->item[i];
        float *values = malloc((l->count + 1) * sizeof *values);
        ok = values != NULL;
        if (ok) make_values(run, l, values);
        if (ok) store(list, l, values, data + l->offset);
        free(values);
    }
    return ok;
}

bool golden_weights_open(GoldenWeights *w, GoldenRun *run) {
    *w = (GoldenWeights){0};
    Listing list = {0};
    Text header = {0};
    bool ok = read_listings(run, &list);
    if (ok) {
        make_header(&header, run, &list);
        uint64_t length = header.length;
        size_t size = sizeof length + header.length + list.bytes;
        uint8_t *bytes = memory_aligned(size);
        ok = !header.failed && bytes;
        if (ok) memcpy(bytes, &length, sizeof length);
        if (ok) memcpy(bytes + sizeof length, header.chars, header.length);
        ok = ok && fill(run, &list, bytes + sizeof length + header.length);
        w->bytes = bytes;
        if (!ok) golden_fail(run, "no memory for the weights");
        Error error;
        ok = ok && golden_check(run,
                                checkpoint_open_memory(&w->checkpoint, bytes, size,
                                                       "procedural weights", &error),
                                &error);
    }
    text_free(&header);
    memory_free(list.item);
    return ok;
}

void golden_weights_close(GoldenWeights *w) {
    checkpoint_close(w->checkpoint);
    memory_free(w->bytes);
    *w = (GoldenWeights){0};
}
