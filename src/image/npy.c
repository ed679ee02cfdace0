#include "image/npy.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/files.h"
#include "base/size.h"

typedef struct TypeName {
    const char *name;
    NpyType type;
    size_t bytes;
} TypeName;

/* The first of each type is the one written. */
static const TypeName type_names[] = {{"<f4", NPY_F32, 4}, {"<f2", NPY_F16, 2}, {"<f8", NPY_F64, 8},
                                      {"<i4", NPY_I32, 4}, {"|u1", NPY_U8, 1},  {"|b1", NPY_U8, 1},
                                      {"<u1", NPY_U8, 1},  {"|i1", NPY_I8, 1},  {"<u2", NPY_U16, 2},
                                      {"<i2", NPY_I16, 2}, {"<u4", NPY_U32, 4}, {"<u8", NPY_U64, 8},
                                      {"<i8", NPY_I64, 8}};
enum { TYPE_NAMES = sizeof type_names / sizeof *type_names };

static const TypeName *type_of(NpyType type) {
    const TypeName *t = type_names;
    while (t->type != type) t++;
    return t;
}

size_t npy_type_bytes(NpyType type) { return type_of(type)->bytes; }

/* ---- The dictionary ----------------------------------------------------------------------- */

typedef struct Cursor {
    const char *at, *end;
} Cursor;

static void skip_spaces(Cursor *c) {
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\n')) c->at++;
}

static bool take(Cursor *c, char wanted) {
    skip_spaces(c);
    if (c->at == c->end || *c->at != wanted) return false;
    c->at++;
    return true;
}

static bool take_word(Cursor *c, const char *word) {
    skip_spaces(c);
    size_t n = strlen(word);
    if ((size_t)(c->end - c->at) < n || memcmp(c->at, word, n) != 0) return false;
    c->at += n;
    return true;
}

/* Text in single or double quotes, without escapes, at most 31 characters. */
static bool take_text(Cursor *c, char out[32]) {
    char quote = take(c, '\'') ? '\'' : take(c, '"') ? '"' : '\0';
    size_t n = 0;
    while (quote && c->at < c->end && *c->at != quote && n < 31) out[n++] = *c->at++;
    out[n] = '\0';
    return quote && take(c, quote);
}

static bool take_size(Cursor *c, size_t *out) {
    skip_spaces(c);
    const char *begin = c->at;
    for (*out = 0; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++) {
        if (!size_multiply(out, *out, 10) || !size_add(out, *out, (size_t)(*c->at - '0')))
            return false;
    }
    return c->at > begin;
}

static bool take_shape(Cursor *c, NpyArray *a) {
    if (!take(c, '(')) return false;
    for (a->rank = 0; !take(c, ')'); a->rank++) {
        if (a->rank == NPY_MAX_RANK || !take_size(c, &a->dim[a->rank])) return false;
        bool comma = take(c, ',');
        skip_spaces(c);
        bool last = c->at < c->end && *c->at == ')';
        if (!comma && (!last || a->rank == 0)) return false; /* (3) is a number, (3,) a shape */
    }
    return true;
}

static bool take_type(Cursor *c, NpyArray *a) {
    char name[32];
    if (!take_text(c, name)) return false;
    for (int i = 0; i < TYPE_NAMES; i++) {
        if (strcmp(name, type_names[i].name) != 0) continue;
        a->type = type_names[i].type;
        return true;
    }
    return false;
}

/* NULL, or the name of the field that is missing, twofold or not understood. */
static const char *dictionary_fault(Cursor c, NpyArray *a) {
    bool descr = false, order = false, shape = false;
    if (!take(&c, '{')) return "header";
    while (!take(&c, '}')) {
        char key[32];
        if (!take_text(&c, key) || !take(&c, ':')) return "header";
        if (strcmp(key, "descr") == 0) {
            if (descr || !take_type(&c, a)) return "descr";
            descr = true;
        } else if (strcmp(key, "fortran_order") == 0) {
            if (order || !take_word(&c, "False")) return "fortran_order";
            order = true;
        } else if (strcmp(key, "shape") == 0) {
            if (shape || !take_shape(&c, a)) return "shape";
            shape = true;
        } else {
            return "header";
        }
        if (take(&c, ',')) continue;
        if (!take(&c, '}')) return "header";
        break;
    }
    skip_spaces(&c);
    return !descr         ? "descr"
           : !order       ? "fortran_order"
           : !shape       ? "shape"
           : c.at < c.end ? "header"
                          : NULL;
}

/* ---- The file ----------------------------------------------------------------------------- */

/* Bytes before the header's text, and its length; false where the file is no .npy. */
static bool preamble_read(const uint8_t *bytes, size_t size, size_t *begin, size_t *length) {
    static const uint8_t magic[] = {0x93, 'N', 'U', 'M', 'P', 'Y'};
    if (size < 10 || memcmp(bytes, magic, sizeof magic) != 0) return false;
    if (bytes[6] < 1 || bytes[6] > 3) return false;
    *begin = bytes[6] == 1 ? 10 : 12;
    if (size < *begin) return false;
    *length = (size_t)bytes[8] | (size_t)bytes[9] << 8;
    if (bytes[6] > 1) *length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
    return *length <= size - *begin;
}

static Status data_check(NpyArray *a, size_t found, const char *name, Error *error) {
    size_t wanted = npy_type_bytes(a->type);
    a->count = 1;
    for (int i = 0; i < a->rank; i++) {
        if (!size_multiply(&a->count, a->count, a->dim[i]) ||
            !size_multiply(&wanted, wanted, a->dim[i]))
            return error_set(error, VOXPERT_BAD_INPUT, "%s: shape overflows", name);
    }
    if (wanted == found) return VOXPERT_OK;
    return error_set(error, VOXPERT_BAD_INPUT,
                     "%s: shape and descr ask for %zu bytes of data, but %zu were found", name,
                     wanted, found);
}

static const char *rule_of(const char *field) {
    if (strcmp(field, "descr") == 0) return "only little-endian numbers and bool are read";
    if (strcmp(field, "fortran_order") == 0) return "only False (C order) is read";
    if (strcmp(field, "shape") == 0) return "a tuple of at most 8 sizes is expected";
    return "a dictionary of descr, fortran_order and shape is expected";
}

Status npy_parse(NpyArray *out, const void *bytes, size_t size, const char *name, Error *error) {
    size_t begin, length;
    *out = (NpyArray){0};
    if (!preamble_read(bytes, size, &begin, &length))
        return error_set(error, VOXPERT_BAD_INPUT,
                         "%s: is no .npy file of version 1 to 3, or its header is cut", name);
    const char *text = (const char *)bytes + begin;
    const char *fault = dictionary_fault((Cursor){text, text + length}, out);
    if (fault)
        return error_set(error, VOXPERT_BAD_INPUT,
                         "%s: the field %s of the .npy header is not valid: %s", name, fault,
                         rule_of(fault));
    out->data = (const uint8_t *)bytes + begin + length;
    return data_check(out, size - begin - length, name, error);
}

Status npy_payload(const uint8_t **out, size_t *length, const void *bytes, size_t size,
                   const char *name, Error *error) {
    size_t begin, header;
    if (!preamble_read(bytes, size, &begin, &header))
        return error_set(error, VOXPERT_BAD_INPUT,
                         "%s: is no .npy file of version 1 to 3, or its header is cut", name);
    *out = (const uint8_t *)bytes + begin + header;
    *length = size - begin - header;
    return VOXPERT_OK;
}

static float half_to_float(uint16_t half) {
    uint32_t sign = (uint32_t)(half & 0x8000) << 16, rest = half & 0x7fff, bits;
    float value;
    if (rest >= 0x7c00) { /* infinity, NaN */
        bits = sign | 0x7f800000 | (rest & 0x3ff) << 13;
        memcpy(&value, &bits, sizeof value);
        return value;
    }
    bits = rest << 13; /* the exponent is 112 too low; the product puts subnormals right as well */
    memcpy(&value, &bits, sizeof value);
    value *= 0x1p112f;
    return sign ? -value : value;
}

/* An integer, sign-extended; of 64 bits without sign, its bits. */
static int64_t integer_at(const NpyArray *a, const uint8_t *at) {
    size_t width = npy_type_bytes(a->type);
    uint64_t bits = 0;
    for (size_t i = width; i-- > 0;) bits = bits << 8 | at[i];
    bool is_signed =
        a->type == NPY_I8 || a->type == NPY_I16 || a->type == NPY_I32 || a->type == NPY_I64;
    if (is_signed && width < 8 && bits >> (8 * width - 1)) bits |= ~(uint64_t)0 << 8 * width;
    return (int64_t)bits;
}

static double real_at(const NpyArray *a, const uint8_t *at) {
    float narrow;
    double wide;
    uint16_t half;
    if (a->type == NPY_F64) {
        memcpy(&wide, at, sizeof wide);
        return wide;
    }
    if (a->type == NPY_F16) {
        memcpy(&half, at, sizeof half);
        return (double)half_to_float(half);
    }
    memcpy(&narrow, at, sizeof narrow);
    return (double)narrow;
}

static bool is_real(NpyType type) { return type == NPY_F32 || type == NPY_F16 || type == NPY_F64; }

void npy_read_floats(const NpyArray *a, float *out) {
    size_t step = npy_type_bytes(a->type);
    if (a->type == NPY_F32) {
        if (a->count) memcpy(out, a->data, a->count * sizeof *out);
        return;
    }
    for (size_t i = 0; i < a->count; i++) {
        const uint8_t *at = a->data + i * step;
        out[i] = is_real(a->type)     ? (float)real_at(a, at)
                 : a->type == NPY_U64 ? (float)(uint64_t)integer_at(a, at)
                                      : (float)integer_at(a, at);
    }
}

bool npy_whole(const NpyArray *a, size_t index, int64_t *out) {
    const uint8_t *at = a->data + index * npy_type_bytes(a->type);
    if (!is_real(a->type)) {
        *out = integer_at(a, at);
        return a->type != NPY_U64 || *out >= 0;
    }
    double value = real_at(a, at);
    if (!(fabs(value) <= 4611686018427387904.0) || floor(value) != value) return false; /* 2^62 */
    *out = (int64_t)value;
    return true;
}

size_t npy_header(char out[NPY_MAX_HEADER], NpyType type, int rank, const size_t *dim) {
    enum { BEGIN = 10, BLOCK = 64 };
    char *text = out + BEGIN;
    size_t room = NPY_MAX_HEADER - BEGIN, n;
    n = (size_t)snprintf(text, room, "{'descr': '%s', 'fortran_order': False, 'shape': (",
                         type_of(type)->name);
    for (int i = 0; i < rank; i++) /* 20 digits, a comma and a space at most: 8 of them fit */
        n += (size_t)snprintf(text + n, room - n, i + 1 < rank ? "%zu, " : "%zu", dim[i]);
    n += (size_t)snprintf(text + n, room - n, rank == 1 ? ",), }" : "), }");
    size_t total = (BEGIN + n + 1 + BLOCK - 1) / BLOCK * BLOCK;
    memset(text + n, ' ', total - BEGIN - n);
    out[total - 1] = '\n';
    size_t length = total - BEGIN;
    memcpy(out, "\x93NUMPY\x01\x00", 8);
    out[8] = (char)(length & 0xff);
    out[9] = (char)(length >> 8);
    return total;
}

Status npy_write(const char *path, NpyType type, int rank, const size_t *dim, const void *data,
                 Error *error) {
    char header[NPY_MAX_HEADER];
    size_t length = npy_header(header, type, rank, dim), count = 1;
    for (int i = 0; i < rank; i++) count *= dim[i];
    FileWriter w;
    Status status = file_writer_open(&w, path, error);
    if (status) return status;
    /* A failed write leaves its mark on the stream, and commit reports it. */
    fwrite(header, 1, length, w.stream);
    if (count) fwrite(data, npy_type_bytes(type), count, w.stream);
    return file_writer_commit(&w, error);
}
