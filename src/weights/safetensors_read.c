/* safetensors: 8 bytes header size N, N bytes of JSON, the data.
 *
 *     {"__metadata__": {"key": "text", ...},
 *      "name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [begin, end]}, ...}
 *
 * Offsets count from the start of the data, and the tensors cover it without hole or overlap.  The
 * rules are those of the reference library (github.com/huggingface/safetensors, README). */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/size.h"
#include "base/text.h"
#include "weights/checkpoint_elements.h"
#include "weights/container.h"

/* The parser recurses and takes memory for each value, so both are limited before it starts. */
enum { PREFIX = 8, MAX_HEADER = 100000000, MAX_DEPTH = 3, MAX_VALUES = 1 << 20 };

typedef struct Entry {
    StoredTensor tensor;
    const char *name; /* the parser's */
    size_t begin, end;
} Entry;

typedef struct Reading {
    Checkpoint *c;
    const char *header;
    const uint8_t *data;
    size_t header_size, data_size, count;
    Entry *entry;
    Error *error;
} Reading;

static Status refuse(const Reading *r, const char *rule) {
    return error_set(r->error, VOXPERT_BAD_MODEL, "%s: %s", r->c->path, rule);
}

static Status refuse_tensor(const Reading *r, const char *name, const char *rule) {
    return error_set(r->error, VOXPERT_BAD_MODEL, "%s: tensor '%.200s': %s", r->c->path, name,
                     rule);
}

/* ---- The header as a whole -------------------------------------------------------------- */

static Status find_header(Reading *r) {
    const Checkpoint *c = r->c;
    uint64_t size;
    if (c->size < PREFIX)
        return refuse(r, "is too short for the header of a safetensors file, and no .pth either");
    memcpy(&size, c->bytes, sizeof size);
    if (size > MAX_HEADER)
        return refuse(r, "is no .pth, and its header size is over safetensors' limit of 100 MB");
    if (size > c->size - PREFIX)
        return refuse(r, "is no .pth, and as safetensors its header size goes past its end");
    r->header = (const char *)c->bytes + PREFIX;
    r->header_size = (size_t)size;
    r->data = c->bytes + PREFIX + size;
    r->data_size = c->size - PREFIX - r->header_size;
    return VOXPERT_OK;
}

static Status scan_header(const Reading *r) {
    size_t depth = 0, values = 0;
    bool quoted = false;
    for (size_t i = 0; i < r->header_size; i++) {
        char ch = r->header[i];
        if (quoted) {
            i += ch == '\\';
            quoted = ch != '"';
            continue;
        }
        quoted = ch == '"';
        depth += ch == '{' || ch == '[';
        depth -= (ch == '}' || ch == ']') && depth > 0;
        values += ch == ',' || ch == ':';
        if (depth > MAX_DEPTH) return refuse(r, "its JSON header is nested deeper than 3 levels");
        if (values > MAX_VALUES) return refuse(r, "its JSON header has more than a million values");
    }
    return VOXPERT_OK;
}

static Status parse_header(const Reading *r, json_t **root) {
    json_error_t why;
    if (!text_is_utf8(r->header, r->header_size)) return refuse(r, "its header is not UTF-8");
    if (r->header_size == 0 || r->header[0] != '{')
        return refuse(r, "its header is not a JSON object");
    Status status = scan_header(r);
    if (status) return status;
    *root = json_loadb(r->header, r->header_size, JSON_REJECT_DUPLICATES, &why);
    if (*root) return VOXPERT_OK;
    if (json_error_code(&why) == json_error_out_of_memory)
        return checkpoint_no_memory(r->c, r->error);
    return error_set(r->error, VOXPERT_BAD_MODEL, "%s: its JSON header is wrong: %s (at byte %d)",
                     r->c->path, why.text, why.position);
}

static Status read_metadata(const Reading *r, json_t *metadata) {
    const char *key;
    json_t *value;
    if (!json_is_object(metadata)) return refuse(r, "its __metadata__ is not an object of texts");
    json_object_foreach(metadata, key, value) {
        if (!json_is_string(value))
            return error_set(r->error, VOXPERT_BAD_MODEL,
                             "%s: its __metadata__ '%.200s' is not a text", r->c->path, key);
        Status status = checkpoint_add_metadata(r->c, key, json_string_value(value), r->error);
        if (status) return status;
    }
    return VOXPERT_OK;
}

/* ---- One tensor ------------------------------------------------------------------------- */

static bool read_size(size_t *out, const json_t *value) {
    if (!json_is_integer(value) || json_integer_value(value) < 0) return false;
    *out = (size_t)json_integer_value(value);
    return true;
}

static Status read_shape(const Reading *r, Entry *e, const json_t *shape) {
    StoredTensor *t = &e->tensor;
    if (!json_is_array(shape) || json_array_size(shape) > CHECKPOINT_MAX_RANK)
        return refuse_tensor(r, e->name, "its shape is not an array of at most 8 sizes");
    t->rank = (int)json_array_size(shape);
    for (int i = 0; i < t->rank; i++) {
        if (!read_size(&t->dim[i], json_array_get(shape, (size_t)i)))
            return refuse_tensor(r, e->name, "its shape holds what is no whole number from 0 up");
    }
    return stored_tensor_shape(t) ? VOXPERT_OK : refuse_tensor(r, e->name, "its shape overflows");
}

static Status read_offsets(const Reading *r, Entry *e, const json_t *offsets) {
    StoredTensor *t = &e->tensor;
    if (!json_is_array(offsets) || json_array_size(offsets) != 2 ||
        !read_size(&e->begin, json_array_get(offsets, 0)) ||
        !read_size(&e->end, json_array_get(offsets, 1)))
        return refuse_tensor(r, e->name, "its data_offsets are not two whole numbers from 0 up");
    if (e->begin > e->end || e->end > r->data_size)
        return refuse_tensor(r, e->name, "its data_offsets are reversed or go past the end");
    size_t bytes;
    if (!size_multiply(&bytes, t->count, element_bytes(t->type)))
        return refuse_tensor(r, e->name, "its shape overflows");
    if (bytes != e->end - e->begin)
        return error_set(r->error, VOXPERT_BAD_MODEL,
                         "%s: tensor '%.200s': its shape and dtype make %zu bytes, its "
                         "data_offsets %zu",
                         r->c->path, e->name, bytes, e->end - e->begin);
    t->bytes = bytes ? r->data + e->begin : NULL;
    return VOXPERT_OK;
}

static Status read_entry(const Reading *r, Entry *e, const json_t *value) {
    const char *dtype = json_string_value(json_object_get(value, "dtype"));
    if (!json_is_object(value)) return refuse_tensor(r, e->name, "is not a JSON object");
    if (!dtype || !element_from_name(&e->tensor.type, dtype))
        return refuse_tensor(r, e->name, "its dtype is missing, unknown or not supported");
    Status status = read_shape(r, e, json_object_get(value, "shape"));
    return status ? status : read_offsets(r, e, json_object_get(value, "data_offsets"));
}

/* ---- All tensors ------------------------------------------------------------------------ */

static Status read_entries(Reading *r, json_t *root) {
    const char *name;
    json_t *value;
    r->entry = memory_new(json_object_size(root) * sizeof *r->entry);
    if (!r->entry) return checkpoint_no_memory(r->c, r->error);
    json_object_foreach(root, name, value) {
        Status status;
        if (strcmp(name, "__metadata__") == 0) {
            status = read_metadata(r, value);
        } else {
            Entry *e = &r->entry[r->count++];
            e->name = name;
            status = read_entry(r, e, value);
        }
        if (status) return status;
    }
    return VOXPERT_OK;
}

static int compare_entries(const void *a, const void *b) {
    const Entry *x = a, *y = b;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    if (x->end != y->end) return x->end < y->end ? -1 : 1;
    return strcmp(x->name, y->name); /* empty tensors: some order, always the same */
}

static Status check_cover(const Reading *r) {
    size_t end = 0;
    for (size_t i = 0; i < r->count; i++) {
        const Entry *e = &r->entry[i];
        if (e->begin != end)
            return error_set(r->error, VOXPERT_BAD_MODEL,
                             "%s: tensor '%.200s': its data_offsets begin at %zu, but the tensor "
                             "before it ends at %zu",
                             r->c->path, e->name, e->begin, end);
        end = e->end;
    }
    if (end == r->data_size) return VOXPERT_OK;
    return error_set(r->error, VOXPERT_BAD_MODEL,
                     "%s: has %zu trailing bytes after its last tensor", r->c->path,
                     r->data_size - end);
}

static Status read_root(Reading *r, json_t *root) {
    Status status = read_entries(r, root);
    if (!status && r->count) qsort(r->entry, r->count, sizeof *r->entry, compare_entries);
    if (!status) status = check_cover(r);
    for (size_t i = 0; !status && i < r->count; i++) {
        const Entry *e = &r->entry[i];
        status = checkpoint_add(r->c, &e->tensor, e->name, strlen(e->name), r->error);
    }
    memory_free(r->entry);
    return status;
}

Status safetensors_read(Checkpoint *c, Error *error) {
    Reading r = {.c = c, .error = error};
    json_t *root;
    Status status = find_header(&r);
    if (!status) status = parse_header(&r, &root);
    if (status) return status;
    status = read_root(&r, root);
    json_decref(root);
    return status;
}
