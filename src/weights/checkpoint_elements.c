/* Stored values as floats.  IEEE 754-2008 binary16; bfloat16 is the upper half of a float. */
#include "weights/checkpoint_elements.h"

#include <math.h>
#include <string.h>

typedef struct Element {
    const char *name;
    size_t bytes;
} Element;

static const Element elements[] = {
    [ELEMENT_F32] = {"F32", 4},   [ELEMENT_F64] = {"F64", 8}, [ELEMENT_F16] = {"F16", 2},
    [ELEMENT_BF16] = {"BF16", 2}, [ELEMENT_I64] = {"I64", 8}, [ELEMENT_I32] = {"I32", 4},
    [ELEMENT_I16] = {"I16", 2},   [ELEMENT_I8] = {"I8", 1},   [ELEMENT_U8] = {"U8", 1},
    [ELEMENT_BOOL] = {"BOOL", 1},
};

size_t element_bytes(ElementType type) { return elements[type].bytes; }
const char *element_name(ElementType type) { return elements[type].name; }

bool element_from_name(ElementType *out, const char *name) {
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++) {
        if (strcmp(elements[i].name, name) != 0) continue;
        *out = (ElementType)i;
        return true;
    }
    return false;
}

/* ---- Small floats ----------------------------------------------------------------------- */

static float float_of(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint32_t bits_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

float float_from_bf16(uint16_t bits) { return float_of((uint32_t)bits << 16); }

float float_from_f16(uint16_t bits) {
    uint32_t sign = (uint32_t)(bits & 0x8000) << 16, exponent = bits >> 10 & 31,
             fraction = bits & 0x3FF;
    if (exponent == 0) return float_of(bits_of((float)fraction * 0x1p-24f) | sign);
    if (exponent == 31) return float_of(sign | 0x7F800000 | fraction << 13);
    return float_of(sign | (exponent + 127 - 15) << 23 | fraction << 13);
}

uint16_t bf16_from_float(float value) {
    uint32_t bits = bits_of(value);
    if (isnan(value)) return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

uint16_t f16_from_float(float value) {
    uint32_t bits = bits_of(value) & 0x7FFFFFFF, sign = bits_of(value) >> 16 & 0x8000, half;
    if (isnan(value))
        half = 0x7E00;
    else if (bits >= bits_of(65520.0f)) /* rounds to 2^16 */
        half = 0x7C00;
    else if (bits < bits_of(0x1p-14f)) /* subnormal: a multiple of 2^-24 */
        half = (uint32_t)lrintf(fabsf(value) * 0x1p24f);
    else
        half = (bits - ((127 - 15) << 23) + 0xFFF + (bits >> 13 & 1)) >> 13;
    return (uint16_t)(sign | half);
}

/* Without a branch in the loop, which the compiler makes vectors of. */
bool floats_are_finite(const float *values, size_t count) {
    const uint32_t exponent = 0x7F800000;
    uint32_t found = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        found |= (bits & exponent) == exponent;
    }
    return !found;
}

/* ---- Reading ---------------------------------------------------------------------------- */

/* `n` values that lie `step` bytes apart, at any alignment. */
#define ROW_READER(id, type, as_float)                                                             \
    static void id(float *out, const uint8_t *from, size_t n, size_t step) {                       \
        for (size_t i = 0; i < n; i++, from += step) {                                             \
            type v;                                                                                \
            memcpy(&v, from, sizeof v);                                                            \
            out[i] = as_float;                                                                     \
        }                                                                                          \
    }

ROW_READER(read_f32, float, v)
ROW_READER(read_f64, double, (float)v)
ROW_READER(read_f16, uint16_t, float_from_f16(v))
ROW_READER(read_bf16, uint16_t, float_from_bf16(v))
ROW_READER(read_i64, int64_t, (float)v)
ROW_READER(read_i32, int32_t, (float)v)
ROW_READER(read_i16, int16_t, (float)v)
ROW_READER(read_i8, int8_t, (float)v)
ROW_READER(read_u8, uint8_t, (float)v)
ROW_READER(read_bool, uint8_t, v != 0 ? 1.0f : 0.0f)

typedef void RowReader(float *out, const uint8_t *from, size_t n, size_t step);

static RowReader *const readers[] = {
    [ELEMENT_F32] = read_f32,   [ELEMENT_F64] = read_f64, [ELEMENT_F16] = read_f16,
    [ELEMENT_BF16] = read_bf16, [ELEMENT_I64] = read_i64, [ELEMENT_I32] = read_i32,
    [ELEMENT_I16] = read_i16,   [ELEMENT_I8] = read_i8,   [ELEMENT_U8] = read_u8,
    [ELEMENT_BOOL] = read_bool,
};

/* Moves to the next row in C order; false after the last. */
static bool next_row(const StoredTensor *t, size_t index[], size_t *offset) {
    for (int i = t->rank - 1; i-- > 0;) {
        *offset += t->stride[i];
        if (++index[i] < t->dim[i]) return true;
        *offset -= t->dim[i] * t->stride[i];
        index[i] = 0;
    }
    return false;
}

void stored_tensor_read(const StoredTensor *t, float *out) {
    size_t bytes = element_bytes(t->type);
    if (t->count == 0) return;
    if (t->contiguous) {
        readers[t->type](out, t->bytes, t->count, bytes);
        return;
    }
    size_t index[CHECKPOINT_MAX_RANK] = {0}, offset = 0;
    size_t columns = t->dim[t->rank - 1], step = t->stride[t->rank - 1] * bytes;
    do {
        readers[t->type](out, t->bytes + offset * bytes, columns, step);
        out += columns;
    } while (next_row(t, index, &offset));
}

const float *stored_tensor_in_place(const StoredTensor *t) {
    bool usable = t->type == ELEMENT_F32 && t->contiguous && t->count > 0 &&
                  (uintptr_t)t->bytes % _Alignof(float) == 0;
    return usable ? (const float *)(const void *)t->bytes : NULL;
}
