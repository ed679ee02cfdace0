#include "image/npy.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "base/memory.h"
#include "tests/check.h"

/* A file in memory: the header's text as given, padded as numpy does it, and `data` bytes 1, 2, ...
 */
static size_t made(uint8_t *out, int version, const char *text, size_t data) {
    size_t begin = version == 1 ? 10 : 12, length = strlen(text);
    memcpy(out, "\x93NUMPY", 6);
    out[6] = (uint8_t)version, out[7] = 0;
    memset(out + 8, 0, 4);
    out[8] = (uint8_t)(length & 0xff), out[9] = (uint8_t)(length >> 8);
    memcpy(out + begin, text, length);
    for (size_t i = 0; i < data; i++) out[begin + length + i] = (uint8_t)(i + 1);
    return begin + length + data;
}

/* numpy 2.4: np.save of np.arange(6, dtype='<f4').reshape(1, 2, 3), its first 128 bytes. */
static const char numpys_header[] =
    "\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 3), }"
    "                                                       \n";

TEST(the_header_is_numpys_own_to_the_byte) {
    char header[NPY_MAX_HEADER];
    CHECK(npy_header(header, NPY_F32, 3, (size_t[]){1, 2, 3}) == 128);
    CHECK(sizeof numpys_header == 129 && memcmp(header, numpys_header, 128) == 0);
}

TEST(the_longest_header_fits) {
    char header[NPY_MAX_HEADER];
    size_t dim[NPY_MAX_RANK];
    for (int i = 0; i < NPY_MAX_RANK; i++) dim[i] = SIZE_MAX;
    CHECK(npy_header(header, NPY_F32, NPY_MAX_RANK, dim) == 256);
}

TEST(arrays_come_back_from_a_file) {
    char folder[] = "/tmp/voxpert_npy_XXXXXX";
    CHECK(mkdtemp(folder) != NULL);
    char *path = path_join(folder, "x.npy");
    const float values[] = {0.0f, -1.5f, 3e38f, 1e-40f, 7.0f, 0.1f};
    const int32_t integers[] = {-5, 0, 2147483647};
    const size_t shapes[][3] = {{1, 2, 3}, {6, 1, 1}};
    for (int rank = 1; rank <= 3; rank += 2) {
        const size_t *dim = rank == 1 ? shapes[1] : shapes[0];
        FileMap map;
        NpyArray a;
        CHECK(!npy_write(path, NPY_F32, rank, dim, values, NULL));
        REQUIRE(!file_map(&map, path, VOXPERT_BAD_INPUT, NULL));
        CHECK(!npy_parse(&a, map.bytes, map.size, path, NULL));
        CHECK(a.type == NPY_F32 && a.rank == rank && a.count == 6 && a.dim[0] == dim[0]);
        float back[6];
        npy_read_floats(&a, back);
        CHECK(memcmp(back, values, sizeof values) == 0);
        file_unmap(&map);
    }
    FileMap map;
    NpyArray a;
    CHECK(!npy_write(path, NPY_I32, 2, (size_t[]){3, 1}, integers, NULL));
    REQUIRE(!file_map(&map, path, VOXPERT_BAD_INPUT, NULL));
    CHECK(!npy_parse(&a, map.bytes, map.size, path, NULL));
    CHECK(a.type == NPY_I32 && memcmp(a.data, integers, sizeof integers) == 0);
    file_unmap(&map);
    unlink(path);
    rmdir(folder);
    free(path);
}

TEST(an_empty_array_and_a_single_value_are_arrays) {
    uint8_t file[256];
    NpyArray a;
    size_t n = made(file, 1, "{'descr': '|u1', 'fortran_order': False, 'shape': (0, 3), }\n", 0);
    CHECK(!npy_parse(&a, file, n, "x", NULL));
    CHECK(a.count == 0 && a.rank == 2);
    n = made(file, 1, "{'descr': '|u1', 'fortran_order': False, 'shape': (), }\n", 1);
    CHECK(!npy_parse(&a, file, n, "x", NULL));
    CHECK(a.count == 1 && a.rank == 0);
    CHECK(npy_header((char[NPY_MAX_HEADER]){0}, NPY_U8, 0, NULL) == 128);
}

TEST(later_versions_other_key_orders_and_bool_are_read) {
    uint8_t file[256];
    NpyArray a;
    float values[2];
    size_t n = made(file, 2, "{\"shape\":(2,),\"descr\":\"|b1\",\"fortran_order\":False}", 2);
    CHECK(!npy_parse(&a, file, n, "x", NULL));
    npy_read_floats(&a, values);
    CHECK(a.type == NPY_U8 && a.rank == 1 && values[1] >= 2.0f && values[1] <= 2.0f);
}

TEST(halves_become_the_floats_they_stand_for) {
    static const struct {
        uint16_t half;
        float value;
    } known[] = {{0x0000, 0.0f},       {0x3c00, 1.0f},     {0xc000, -2.0f},
                 {0x7bff, 65504.0f},   {0x0001, 0x1p-24f}, {0x03ff, 0x1.ff8p-15f},
                 {0x0400, 0x1p-14f},   {0x7c00, INFINITY}, {0xfc00, -INFINITY},
                 {0x3555, 0x1.554p-2f}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        uint16_t half = known[i].half;
        NpyArray a = {.type = NPY_F16, .count = 1, .data = (const uint8_t *)&half};
        float got;
        npy_read_floats(&a, &got);
        CHECK(got >= known[i].value && got <= known[i].value);
    }
    uint16_t nan = 0x7e01;
    float got;
    npy_read_floats(&(NpyArray){.type = NPY_F16, .count = 1, .data = (const uint8_t *)&nan}, &got);
    CHECK(isnan(got));
}

TEST(what_cannot_be_read_is_refused_with_its_field) {
    static const struct {
        const char *text, *field;
        size_t data;
    } bad[] = {
        {"{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }", "descr", 4},
        {"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", "descr", 4},
        {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "descr", 4},
        {"{'descr': '<f4', 'fortran_order': True, 'shape': (1,), }", "fortran_order", 4},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", "shape", 4},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1), }", "shape", 4},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1 1), }", "shape", 4},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1), }", "shape", 4},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", "shape", 4},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296, 4)}",
         "overflow", 4},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", "8 bytes", 4},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", "4 bytes", 5},
        {"{'descr': '<f4', 'fortran_order': False}", "shape", 4},
        {"{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", "descr", 4},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 1}", "header", 4},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x", "header", 4},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,)", "header", 4},
        {"", "header", 4},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint8_t file[256];
        NpyArray a;
        Error error = {0};
        size_t n = made(file, 1, bad[i].text, bad[i].data);
        CHECK(npy_parse(&a, file, n, "scan.npy", &error) == VOXPERT_BAD_INPUT);
        bool named = strstr(error.message, "scan.npy") && strstr(error.message, bad[i].field);
        check_report(named, __FILE__, __LINE__, "%s: %s", bad[i].text, error.message);
    }
}

/* Each copy has exactly its size on the heap, so that a sanitizer sees a step too far. */
static bool reads(const uint8_t *bytes, size_t n) {
    uint8_t *copy = malloc(n + !n);
    memcpy(copy, bytes, n);
    NpyArray a;
    bool ok = !npy_parse(&a, copy, n, "x", NULL);
    float *values = ok ? malloc(a.count * sizeof *values + 1) : NULL;
    if (ok) npy_read_floats(&a, values);
    free(values);
    free(copy);
    return ok;
}

TEST(every_truncation_and_flip_is_survived) {
    uint8_t file[256];
    size_t n = made(file, 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n", 24);
    CHECK(reads(file, n));
    for (size_t i = 0; i < n; i++) CHECK(!reads(file, i));
    for (size_t i = 0; i < n; i++) {
        uint8_t kept = file[i];
        for (int v = 0; v < 256; v++) {
            file[i] = (uint8_t)v;
            reads(file, n);
        }
        file[i] = kept;
    }
}

TEST(a_failed_write_leaves_no_file) {
    Error error;
    uint8_t byte = 1;
    CHECK(npy_write("/nonexistent/x.npy", NPY_U8, 1, (size_t[]){1}, &byte, &error) ==
          VOXPERT_BAD_OUTPUT);
    CHECK(npy_write("/dev/full/x.npy", NPY_U8, 1, (size_t[]){1}, &byte, &error) ==
          VOXPERT_BAD_OUTPUT);
    for (size_t i = 1; i <= 2; i++) {
        memory_fail_at(i, false);
        CHECK(npy_write("/tmp/voxpert_never.npy", NPY_U8, 1, (size_t[]){1}, &byte, &error) ==
              VOXPERT_OUT_OF_MEMORY);
    }
    memory_fail_at(0, false);
    CHECK(!file_exists("/tmp/voxpert_never.npy"));
}
