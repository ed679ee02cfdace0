#include "data/challenge.h"
#include "data/npz.h"

#include <string.h>

#include "data/csr.h"
#include "data/load.h"
#include "tests/check.h"
#include "tests/data/small_set.h"
#include "tests/weights/torch_file.h"

TEST(arrays_are_found_by_name_and_unpacked_once) {
    SmallSet s;
    Npz z;
    NpyArray a, again;
    Error error = {0};
    const uint16_t words[2] = {7, 65535};
    const uint8_t bytes[3] = {1, 2, 3};
    const SmallArray arrays[] = {{"words", "<u2", 1, {2}, words, sizeof words},
                                 {"bytes", "|u1", 1, {3}, bytes, sizeof bytes}};
    small_set_open(&s);
    small_npz(&s, "a.npz", arrays, 2);
    CHECK(!npz_open(&z, small_path(&s, "a.npz"), &error));
    CHECK(npz_has(&z, "words") && !npz_has(&z, "word"));
    bool objects = true;
    CHECK(!npz_is_objects(&objects, &z, "words", &error) && !objects);
    int64_t value;
    CHECK(!npz_array(&a, &z, "words", &error) && npy_whole(&a, 1, &value) && value == 65535);
    CHECK(!npz_array(&a, &z, "bytes", &error) && !npz_array(&again, &z, "bytes", &error));
    CHECK(a.data == again.data && a.count == 3 && a.data[2] == 3);
    CHECK(npz_array(&a, &z, "none", &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "\"none\""));
    Volume *v;
    CHECK(npz_volume(&v, &z, "bytes", false, &error) == VOXPERT_BAD_INPUT);
    npz_close(&z);
    small_text(&s, "b.npz", "PK no archive");
    CHECK(npz_open(&z, small_path(&s, "b.npz"), &error) == VOXPERT_BAD_INPUT);
    CHECK(error.status == VOXPERT_BAD_INPUT);
    small_set_close(&s);
}

TEST(whole_numbers_of_every_type_are_read_with_their_sign) {
    const int8_t small[] = {-3};
    const int64_t large[] = {-9000000000};
    const uint64_t top[] = {UINT64_MAX};
    const double reals[] = {4.0, 0.5};
    int64_t v;
    NpyArray a = {.type = NPY_I8, .count = 1, .data = (const uint8_t *)small};
    CHECK(npy_whole(&a, 0, &v) && v == -3);
    a = (NpyArray){.type = NPY_I64, .count = 1, .data = (const uint8_t *)large};
    CHECK(npy_whole(&a, 0, &v) && v == -9000000000);
    a = (NpyArray){.type = NPY_U64, .count = 1, .data = (const uint8_t *)top};
    CHECK(!npy_whole(&a, 0, &v));
    a = (NpyArray){.type = NPY_F64, .count = 2, .data = (const uint8_t *)reals};
    CHECK(npy_whole(&a, 0, &v) && v == 4 && !npy_whole(&a, 1, &v));
}

/* numpy's pickle of an array of one dict {"z_min": 3}, as protocol 2 writes it. */
static Bytes boxes_pickle(const char *module) {
    Bytes b = {0};
    put_start(&b);
    put_name(&b, module, "_reconstruct");
    put(&b, ")R("); /* its arguments do not matter here; the state follows */
    put_integer(&b, 1);
    put(&b, ")N"); /* shape, type */
    put(&b, "\x89]}(");
    put_text(&b, "z_min");
    put_integer(&b, 3);
    put(&b, "uatb.");
    return b;
}

static void read_boxes(const char *module, bool readable) {
    SmallSet s;
    Npz z;
    Pickle p;
    Bytes b = boxes_pickle(module);
    const SmallArray array = {"boxes", "|O", 1, {1}, b.at, b.size};
    small_set_open(&s);
    small_npz(&s, "x.npz", &array, 1);
    bool objects = false;
    CHECK(!npz_open(&z, small_path(&s, "x.npz"), NULL));
    CHECK(!npz_is_objects(&objects, &z, "boxes", NULL) && objects);
    Status status = npz_objects(&p, &z, "boxes", NULL);
    CHECK(status == (readable ? VOXPERT_OK : VOXPERT_BAD_INPUT));
    if (!status) {
        size_t value = 0;
        const PickleValue *box = pickle_item(&p, pickle_top(&p), 0);
        CHECK(pickle_top(&p)->count == 1 && box &&
              pickle_size(&value, pickle_get(&p, box, "z_min")));
        CHECK(value == 3);
        pickle_free(&p);
    }
    npz_close(&z);
    bytes_free(&b);
    small_set_close(&s);
}

TEST(objects_of_numpy_1_and_2_are_read_and_no_others) {
    read_boxes("numpy.core.multiarray", true);
    read_boxes("numpy._core.multiarray", true);
    read_boxes("os", false);
}

/* The scalar of a type and its bytes, in a list. */
static Pickle scalar_of(Bytes *b, const char *type, const char *order, const void *bytes,
                        uint8_t size) {
    Pickle p;
    put_start(b);
    put(b, "](");
    put_name(b, "numpy.core.multiarray", "scalar");
    put(b, "(");
    put_name(b, "numpy", "dtype");
    put(b, "(");
    put_text(b, type);
    put(b, "tR("); /* the type; its state */
    put_integer(b, 3);
    put_text(b, order);
    put(b, "tbC");
    bytes_add(b, &size, 1);
    bytes_add(b, bytes, size);
    put(b, "tRe.");
    Error error = {0};
    Status status = pickle_read(&p, b->at, b->size, "x", &error);
    check_report(status == VOXPERT_OK, __FILE__, __LINE__, "%s", error.message);
    return p;
}

static void check_scalar(const char *type, const char *order, const void *bytes, uint8_t size,
                         bool whole, int64_t want) {
    Bytes b = {0};
    Pickle p = scalar_of(&b, type, order, bytes, size);
    const PickleValue *v = pickle_item(&p, pickle_top(&p), 0);
    CHECK(v && (v->kind == PICKLE_INTEGER) == whole && (!whole || v->integer == want));
    pickle_free(&p);
    bytes_free(&b);
}

TEST(whole_numbers_of_numpy_in_a_pickle_are_numbers) {
    check_scalar("i8", "<", "\x03\0\0\0\0\0\0\0", 8, true, 3);
    check_scalar("i2", "<", "\xfe\xff", 2, true, -2);
    check_scalar("u1", "|", "\xff", 1, true, 255);
    check_scalar("i8", ">", "\0\0\0\0\0\0\0\x03", 8, false, 0);
    check_scalar("u8", "<", "\xff\xff\xff\xff\xff\xff\xff\xff", 8, false, 0);
    check_scalar("f8", "<", "\0\0\0\0\0\0\0\0", 8, false, 0);
    check_scalar("i4", "<", "\0\0", 2, false, 0);
}

TEST(names_of_matrices_tell_their_shape) {
    size_t shape[4];
    CHECK(csr_name_shape("a/x.(13, 512, 256, 1).npz", shape));
    CHECK(shape[0] == 13 && shape[1] == 512 && shape[2] == 256 && shape[3] == 1);
    CHECK(!csr_name_shape("a (1, 2, 3, 1)/x.npz", shape));
    CHECK(!csr_name_shape("x.(13, 512).npz", shape) &&
          !csr_name_shape("x.(a, 1, 1, 1).npz", shape));
}

TEST(boxes_of_2024_are_numbers) {
    SmallSet s;
    ChallengePrompts p;
    Error error = {0};
    const int64_t boxes[] = {1, 2, 3, 4, 5, 6};
    SmallArray arrays[] = {{"imgs", "|u1", 2, {1, 1}, "x", 1},
                           {"boxes", "<i8", 2, {1, 6}, boxes, sizeof boxes}};
    small_set_open(&s);
    small_npz(&s, "a.npz", arrays, 2);
    CHECK(!challenge_prompts(&p, small_path(&s, "a.npz"), &error));
    CHECK(p.boxes == 1 && p.box[0].low[2] >= 3.0 && p.box[0].high[0] >= 4.0 && p.clicks == 0);
    challenge_prompts_free(&p);
    arrays[1] = (SmallArray){"boxes", "<i8", 2, {2, 3}, boxes, sizeof boxes};
    small_npz(&s, "a.npz", arrays, 2);
    CHECK(challenge_prompts(&p, small_path(&s, "a.npz"), &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "\"boxes\""));
    small_set_close(&s);
}
