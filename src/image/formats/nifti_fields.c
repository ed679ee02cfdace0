/* nifti_fields.c - where each field lies in both versions of the header, and how wide it is. */
#include <assert.h>
#include <string.h>

#include "image/formats/nifti.h"

typedef enum Kind { BYTES, I16, I32, I64, F32, F64 } Kind;

typedef struct Place {
    size_t offset;
    Kind kind;
} Place;

static const struct {
    Place place[2]; /* NIfTI-1, NIfTI-2 */
    size_t count;
} fields[] = {
    [NIFTI_SIZEOF_HDR] = {{{0, I32}, {0, I32}}, 1},
    [NIFTI_MAGIC] = {{{344, BYTES}, {4, BYTES}}, 4},
    [NIFTI_INTENT_CODE] = {{{68, I16}, {504, I32}}, 1},
    [NIFTI_DATATYPE] = {{{70, I16}, {12, I16}}, 1},
    [NIFTI_BITPIX] = {{{72, I16}, {14, I16}}, 1},
    [NIFTI_DIM] = {{{40, I16}, {16, I64}}, 8},
    [NIFTI_PIXDIM] = {{{76, F32}, {104, F64}}, 8},
    [NIFTI_VOX_OFFSET] = {{{108, F32}, {168, I64}}, 1},
    [NIFTI_SCL_SLOPE] = {{{112, F32}, {176, F64}}, 1},
    [NIFTI_SCL_INTER] = {{{116, F32}, {184, F64}}, 1},
    [NIFTI_CAL_MAX] = {{{124, F32}, {192, F64}}, 1},
    [NIFTI_CAL_MIN] = {{{128, F32}, {200, F64}}, 1},
    [NIFTI_QFORM_CODE] = {{{252, I16}, {344, I32}}, 1},
    [NIFTI_SFORM_CODE] = {{{254, I16}, {348, I32}}, 1},
    [NIFTI_QUATERN] = {{{256, F32}, {352, F64}}, 3},
    [NIFTI_QOFFSET] = {{{268, F32}, {376, F64}}, 3},
    [NIFTI_SROW] = {{{280, F32}, {400, F64}}, 12},
    [NIFTI_XYZT_UNITS] = {{{123, BYTES}, {500, I32}}, 1},
};

static const size_t widths[] = {[BYTES] = 1, [I16] = 2, [I32] = 4, [I64] = 8, [F32] = 4, [F64] = 8};

size_t nifti_header_size(int version) { return version == 2 ? 540 : 348; }

static Place place_of(const NiftiHeader *h, NiftiField field, size_t i) {
    assert(i < fields[field].count);
    Place place = fields[field].place[h->version - 1];
    place.offset += i * widths[place.kind];
    return place;
}

uint8_t *nifti_field(NiftiHeader *h, NiftiField field) {
    return h->bytes + place_of(h, field, 0).offset;
}

typedef union Number {
    uint8_t bytes[8];
    int16_t i16;
    int32_t i32;
    int64_t i64;
    float f32;
    double f64;
} Number;

static Number number_get(const NiftiHeader *h, Place place) {
    Number n = {{0}};
    memcpy(n.bytes, h->bytes + place.offset, widths[place.kind]);
    if (h->swapped) bytes_swap(n.bytes, 1, widths[place.kind]);
    return n;
}

static void number_put(NiftiHeader *h, Place place, Number n) {
    if (h->swapped) bytes_swap(n.bytes, 1, widths[place.kind]);
    memcpy(h->bytes + place.offset, n.bytes, widths[place.kind]);
}

int64_t nifti_integer(const NiftiHeader *h, NiftiField field, size_t i) {
    Place place = place_of(h, field, i);
    Number n = number_get(h, place);
    switch (place.kind) {
    case BYTES:
        return n.bytes[0];
    case I16:
        return n.i16;
    case I32:
        return n.i32;
    default:
        assert(place.kind == I64);
        return n.i64;
    }
}

double nifti_real(const NiftiHeader *h, NiftiField field, size_t i) {
    Place place = place_of(h, field, i);
    Number n = number_get(h, place);
    if (place.kind == F32) return (double)n.f32;
    if (place.kind == F64) return n.f64;
    return (double)nifti_integer(h, field, i);
}

void nifti_set_integer(NiftiHeader *h, NiftiField field, size_t i, int64_t value) {
    Place place = place_of(h, field, i);
    Number n = {{0}};
    switch (place.kind) {
    case BYTES:
        n.bytes[0] = (uint8_t)value;
        break;
    case I16:
        n.i16 = (int16_t)value;
        break;
    case I32:
        n.i32 = (int32_t)value;
        break;
    case I64:
        n.i64 = value;
        break;
    case F32:
        n.f32 = (float)value;
        break;
    case F64:
        n.f64 = (double)value;
        break;
    }
    number_put(h, place, n);
}

void nifti_set(NiftiHeader *h, NiftiField field, size_t i, double value) {
    Place place = place_of(h, field, i);
    Number n = {{0}};
    assert(place.kind == F32 || place.kind == F64);
    if (place.kind == F32)
        n.f32 = (float)value;
    else
        n.f64 = value;
    number_put(h, place, n);
}
