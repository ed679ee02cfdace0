#include "weights/checkpoint_elements.h"

#include <math.h>
#include <string.h>

#include "tests/check.h"

TEST(every_f16_comes_back_from_its_float) {
    for (unsigned bits = 0; bits <= UINT16_MAX; bits++) {
        float value = float_from_f16((uint16_t)bits);
        bool back = isnan(value) ? isnan(float_from_f16(f16_from_float(value)))
                                 : f16_from_float(value) == bits;
        if (!back) check_report(false, __FILE__, __LINE__, "%04x is %g", bits, (double)value);
    }
}

TEST(every_bf16_comes_back_from_its_float) {
    for (unsigned bits = 0; bits <= UINT16_MAX; bits++) {
        float value = float_from_bf16((uint16_t)bits);
        bool back = isnan(value) ? isnan(float_from_bf16(bf16_from_float(value)))
                                 : bf16_from_float(value) == bits;
        if (!back) check_report(false, __FILE__, __LINE__, "%04x is %g", bits, (double)value);
    }
}

TEST(known_f16_values) {
    CHECK(float_from_f16(0x3C00) == 1.0f && float_from_f16(0xC000) == -2.0f);
    CHECK(float_from_f16(0x7BFF) == 65504.0f);
    CHECK(float_from_f16(0x0001) == 0x1p-24f && float_from_f16(0x0400) == 0x1p-14f);
    CHECK(signbit(float_from_f16(0x8000)));
    CHECK(isinf(float_from_f16(0x7C00)) && isnan(float_from_f16(0x7C01)));
}

/* Between neighbours a float rounds to the nearer one, and half-way to the even one. */
TEST(f16_rounds_to_nearest_even) {
    for (unsigned bits = 0; bits < 0x7BFF; bits++) {
        float low = float_from_f16((uint16_t)bits), high = float_from_f16((uint16_t)(bits + 1));
        float half = low + (high - low) / 2; /* exact: 24 bits of fraction against 11 */
        unsigned even = bits % 2 ? bits + 1 : bits;
        bool right = f16_from_float(half) == even &&
                     f16_from_float(nextafterf(half, 0.0f)) == bits &&
                     f16_from_float(nextafterf(half, INFINITY)) == bits + 1 &&
                     f16_from_float(-half) == (even | 0x8000);
        if (!right) check_report(false, __FILE__, __LINE__, "%04x and its successor", bits);
    }
    CHECK(f16_from_float(65519.996f) == 0x7BFF && f16_from_float(65520.0f) == 0x7C00);
    CHECK(f16_from_float(0x1p-25f) == 0 && f16_from_float(1e-30f) == 0);
}

TEST(bf16_rounds_to_nearest_even) {
    CHECK(bf16_from_float(1.0f) == 0x3F80);
    CHECK(bf16_from_float(1.00390625f) == 0x3F80); /* half-way, down to even */
    CHECK(bf16_from_float(1.01171875f) == 0x3F82); /* half-way, up to even */
    CHECK(bf16_from_float(nextafterf(1.00390625f, 2.0f)) == 0x3F81);
    CHECK(isinf(float_from_bf16(bf16_from_float(3.4e38f))));
}

static StoredTensor row(ElementType type, const void *bytes, size_t count) {
    return (StoredTensor){.type = type,
                          .rank = 1,
                          .dim = {count},
                          .stride = {1},
                          .contiguous = true,
                          .bytes = bytes,
                          .count = count};
}

static void check_row(ElementType type, const void *bytes, const float want[3]) {
    uint8_t shifted[1 + 3 * 8];
    float got[3];
    memcpy(shifted + 1, bytes, 3 * element_bytes(type)); /* one of the two is unaligned */
    StoredTensor t = row(type, bytes, 3), u = row(type, shifted + 1, 3);
    stored_tensor_read(&t, got);
    CHECK(memcmp(got, want, sizeof got) == 0);
    stored_tensor_read(&u, got);
    CHECK(memcmp(got, want, sizeof got) == 0);
}

TEST(every_type_becomes_floats) {
    const float small[] = {0.0f, 7.0f, -3.0f};
    check_row(ELEMENT_F32, small, small);
    check_row(ELEMENT_F64, (double[]){0.1, -2.5, 1e300}, (float[]){0.1f, -2.5f, INFINITY});
    check_row(ELEMENT_F16, (uint16_t[]){0, 0x4700, 0xC200}, small);
    check_row(ELEMENT_BF16, (uint16_t[]){0, 0x40E0, 0xC040}, small);
    check_row(ELEMENT_I64, (int64_t[]){16777217, INT64_MIN, -3},
              (float[]){16777216.0f, -0x1p63f, -3.0f});
    check_row(ELEMENT_I32, (int32_t[]){0, 7, -3}, small);
    check_row(ELEMENT_I16, (int16_t[]){0, 7, -3}, small);
    check_row(ELEMENT_I8, (int8_t[]){0, 7, -3}, small);
    check_row(ELEMENT_U8, (uint8_t[]){0, 7, 255}, (float[]){0.0f, 7.0f, 255.0f});
    check_row(ELEMENT_BOOL, (uint8_t[]){0, 1, 2}, (float[]){0.0f, 1.0f, 1.0f});
}

TEST(strided_values_come_in_c_order) {
    float stored[24], got[24], want[24];
    for (int i = 0; i < 24; i++) stored[i] = (float)i;
    /* [2, 3, 4] stored as [4, 2, 3]: element (i, j, k) lies at k 6 + i 3 + j. */
    StoredTensor t = {.type = ELEMENT_F32,
                      .rank = 3,
                      .dim = {2, 3, 4},
                      .stride = {3, 1, 6},
                      .bytes = (const uint8_t *)stored,
                      .count = 24};
    for (int i = 0; i < 24; i++) want[i] = (float)(i % 4 * 6 + i / 12 * 3 + i / 4 % 3);
    stored_tensor_read(&t, got);
    CHECK(memcmp(got, want, sizeof got) == 0);
    CHECK(stored_tensor_in_place(&t) == NULL);
}

TEST(only_dense_aligned_floats_are_used_in_place) {
    _Alignas(4) static const uint8_t bytes[16];
    StoredTensor t = row(ELEMENT_F32, bytes, 3), odd = row(ELEMENT_F32, bytes + 1, 3),
                 integers = row(ELEMENT_I32, bytes, 3), none = row(ELEMENT_F32, NULL, 0);
    CHECK((const void *)stored_tensor_in_place(&t) == bytes);
    CHECK(stored_tensor_in_place(&odd) == NULL);
    CHECK(stored_tensor_in_place(&integers) == NULL);
    CHECK(stored_tensor_in_place(&none) == NULL);
}

TEST(names_and_sizes_are_those_of_safetensors) {
    ElementType type;
    CHECK(element_from_name(&type, "BF16") && type == ELEMENT_BF16 && element_bytes(type) == 2);
    CHECK(element_from_name(&type, "BOOL") && strcmp(element_name(type), "BOOL") == 0);
    CHECK(!element_from_name(&type, "F8_E4M3") && !element_from_name(&type, "f32"));
}
