#include "weights/pickle.h"

#include <string.h>

#include "base/memory.h"
#include "tests/check.h"
#include "tests/weights/torch_file.h"
#include "weights/checkpoint.h"

/* Reads a pickle given as characters; the bytes must outlive the Pickle. */
static Pickle read_bytes(const void *bytes, size_t size) {
    Pickle p;
    Error error = {0};
    Status status = pickle_read(&p, bytes, size, "x", &error);
    check_report(status == VOXPERT_OK, __FILE__, __LINE__, "%s", error.message);
    return p;
}
#define READ(literal) read_bytes(literal, sizeof(literal) - 1)

static void check_refused(const void *bytes, size_t size, const char *words) {
    Pickle p;
    Error error = {0};
    CHECK(pickle_read(&p, bytes, size, "x", &error) == VOXPERT_BAD_MODEL);
    check_report(strstr(error.message, words) != NULL, __FILE__, __LINE__, "no '%s' in: %s", words,
                 error.message);
    CHECK(p.value == NULL && p.cell == NULL);
}
#define REFUSED(literal, words) check_refused(literal, sizeof(literal) - 1, words)

static int64_t integer_at(const Pickle *p, size_t index) {
    const PickleValue *v = pickle_item(p, pickle_top(p), index);
    return v && v->kind == PICKLE_INTEGER ? v->integer : -999;
}

TEST(numbers_have_their_sign_and_width) {
    Pickle p =
        READ("\x80\x02(K\xffM\xff\xffJ\xff\xff\xff\xff\x8a\x00\x8a\x02\x00\x80\x8a\x02\xff\x00"
             "\x8b\x03\x00\x00\x00\x01\x02\x03\x88NG\x00\x00\x00\x00\x00\x00\x00\x00t.");
    CHECK(pickle_top(&p)->kind == PICKLE_TUPLE && pickle_top(&p)->count == 10);
    CHECK(integer_at(&p, 0) == 255 && integer_at(&p, 1) == 65535 && integer_at(&p, 2) == -1);
    CHECK(integer_at(&p, 3) == 0 && integer_at(&p, 4) == -32768 && integer_at(&p, 5) == 255);
    CHECK(integer_at(&p, 6) == 0x030201);
    CHECK(pickle_item(&p, pickle_top(&p), 7)->kind == PICKLE_BOOL);
    CHECK(pickle_item(&p, pickle_top(&p), 8)->kind == PICKLE_NONE);
    CHECK(pickle_item(&p, pickle_top(&p), 9)->kind == PICKLE_OPAQUE);
    CHECK(pickle_item(&p, pickle_top(&p), 10) == NULL);
    size_t size;
    CHECK(pickle_size(&size, pickle_item(&p, pickle_top(&p), 0)) && size == 255);
    CHECK(!pickle_size(&size, pickle_item(&p, pickle_top(&p), 2)) && !pickle_size(&size, NULL));
    pickle_free(&p);
}

TEST(a_pickle_ends_at_its_stop) {
    Pickle p = READ("\x80\x02K\x07.more");
    CHECK(p.length == 5 && pickle_top(&p)->integer == 7);
    pickle_free(&p);
}

TEST(texts_are_read_in_every_form) {
    static const char bytes[] = "\x80\x04(\x8c\x01"
                                "aX\x01\x00\x00\x00"
                                "b\x8d\x01\x00\x00\x00\x00\x00\x00\x00"
                                "cU\x01"
                                "dT\x01\x00\x00\x00"
                                "et.";
    Pickle p = READ(bytes);
    for (size_t i = 0; i < 5; i++) {
        PickleText text = {0};
        CHECK(pickle_text(&text, &p, pickle_item(&p, pickle_top(&p), i)));
        CHECK(text.length == 1 && text.chars && text.chars[0] == (char)('a' + i));
    }
    pickle_free(&p);
}

TEST(dicts_give_the_last_value_of_a_key) {
    static const char bytes[] = "\x80\x02}q\x00(U\x01xK\x01U\x01yK\x02uU\x01xK\x03s.";
    Pickle p = READ(bytes);
    const PickleValue *x = pickle_get(&p, pickle_top(&p), "x");
    CHECK(x && x->integer == 3);
    CHECK(pickle_get(&p, pickle_top(&p), "z") == NULL && pickle_get(&p, x, "x") == NULL);
    CHECK(pickle_top(&p)->count == 6);
    pickle_free(&p);
}

TEST(the_memo_gives_values_back) {
    static const char put_and_get[] =
        "\x80\x02K\x07q\x05K\x08r\x01\x00\x00\x00h\x05j\x01\x00\x00\x00"
        "\x87.";
    Pickle p = READ(put_and_get);
    CHECK(integer_at(&p, 0) == 8 && integer_at(&p, 1) == 7 && integer_at(&p, 2) == 8);
    pickle_free(&p);
    static const char memoized[] = "\x80\x04K\x07\x94K\x08\x94h\x00h\x01\x86.";
    p = READ(memoized);
    CHECK(integer_at(&p, 0) == 7 && integer_at(&p, 1) == 8);
    pickle_free(&p);
}

TEST(marks_pops_and_duplicates) {
    Pickle p = READ("\x80\x02K\x01(K\x02K\x03"
                    "1K\x04"
                    "0\x32\x86.");
    CHECK(integer_at(&p, 0) == 1 && integer_at(&p, 1) == 1);
    pickle_free(&p);
}

TEST(objects_of_unknown_classes_swallow_what_they_are_given) {
    static const char bytes[] =
        "\x80\x04"
        "cos\nsystem\n\x8c\x01x\x85R(K\x01K\x02"
        "e(K\x01K\x02uK\x03"
        "a}b"
        "cm\nC\n)\x81}(U\x01kK\x01ub"
        "cm\nC\n)}\x92"
        "\x8f(K\x01\x90(K\x01\x91\x96\x01\x00\x00\x00\x00\x00\x00\x00zC\x01z"
        "\x85\x85\x86\x87.";
    Pickle p = READ(bytes);
    CHECK(pickle_top(&p)->kind == PICKLE_TUPLE && pickle_top(&p)->count == 3);
    CHECK(pickle_item(&p, pickle_top(&p), 0)->kind == PICKLE_OPAQUE);
    CHECK(pickle_item(&p, pickle_top(&p), 1)->kind == PICKLE_OPAQUE);
    pickle_free(&p);
}

TEST(names_are_taken_from_lines_and_from_the_stack) {
    Pickle p = READ("\x80\x04"
                    "ctorch\nHalfStorage\n\x8c\x05torch\x8c\x0b"
                    "LongStorage\x93\x86.");
    const PickleValue *half = pickle_item(&p, pickle_top(&p), 0),
                      *whole = pickle_item(&p, pickle_top(&p), 1);
    CHECK(half->kind == PICKLE_STORAGE_TYPE && half->detail == ELEMENT_F16);
    CHECK(whole->kind == PICKLE_STORAGE_TYPE && whole->detail == ELEMENT_I64);
    pickle_free(&p);
}

TEST(sizes_and_parameters_are_what_they_hold) {
    Pickle p = READ("\x80\x02"
                    "ctorch\nSize\nK\x02K\x03\x86\x85R.");
    CHECK(pickle_top(&p)->kind == PICKLE_TUPLE && integer_at(&p, 1) == 3);
    pickle_free(&p);
    p = READ("\x80\x02"
             "ctorch._utils\n_rebuild_parameter\n)R.");
    CHECK(pickle_top(&p)->kind == PICKLE_OPAQUE);
    pickle_free(&p);
}

TEST(tensors_of_types_are_tensors) {
    Bytes b = {0};
    put_start(&b);
    put_name(&b, "torch._tensor", "_rebuild_from_type_v2");
    put(&b, "(");
    put_name(&b, "torch._utils", "_rebuild_tensor_v2");
    put_name(&b, "torch.nn.parameter", "Parameter");
    put(&b, "K\x01K\x02\x86}tR.");
    Pickle p = read_bytes(b.at, b.size);
    CHECK(pickle_top(&p)->kind == PICKLE_TENSOR && integer_at(&p, 1) == 2);
    pickle_free(&p);
    bytes_free(&b);
    /* Called with itself, with no tuple, with too little: opaque, and no endless loop. */
    p = READ("\x80\x02"
             "ctorch._tensor\n_rebuild_from_type_v2\nq\x00h\x00N)\x87R.");
    CHECK(pickle_top(&p)->kind == PICKLE_OPAQUE);
    pickle_free(&p);
    p = READ("\x80\x02"
             "ctorch._tensor\n_rebuild_from_type_v2\nNR.");
    CHECK(pickle_top(&p)->kind == PICKLE_OPAQUE);
    pickle_free(&p);
}

TEST(a_list_that_holds_itself_is_no_trouble) {
    Pickle p = READ("\x80\x02]q\x00h\x00"
                    "ah\x00"
                    "a.");
    CHECK(pickle_top(&p)->count == 2 && pickle_item(&p, pickle_top(&p), 0) == pickle_top(&p));
    pickle_free(&p);
}

TEST(a_copied_container_keeps_walks_finite) {
    /* torch.Size makes a copy of its argument: both go on to grow. */
    Pickle p = READ("\x80\x02"
                    "ctorch\nSize\n]q\x00K\x01"
                    "a\x85Rq\x01K\x02"
                    "a0h\x00K\x03"
                    "ah\x01K\x04"
                    "a.");
    size_t items = 0;
    for (PickleWalk w = pickle_walk(&p, pickle_top(&p)); pickle_next(&w);) items++;
    CHECK(items <= 4);
    pickle_free(&p);
}

TEST(damaged_pickles_are_refused) {
    REFUSED("", "ends before its STOP");
    REFUSED("\x80\x02", "ends before its STOP");
    REFUSED("\x80", "ends within an operand");
    REFUSED("\x80\x01.", "protocol 2 to 5");
    REFUSED("\x80\x06.", "protocol 2 to 5");
    REFUSED("\x80\x02.", "more from the stack");
    REFUSED("\x80\x02I1\n.", "opcode");
    REFUSED("\x80\x05\x97.", "opcode");
    REFUSED("\x80\x02"
            "0.",
            "more from the stack");
    REFUSED("\x80\x02"
            "2.",
            "more from the stack");
    REFUSED("\x80\x02K\x01(0.", "more from the stack"); /* not beyond the mark */
    REFUSED("\x80\x02K\x01\x86.", "makes a tuple");
    REFUSED("\x80\x02t.", "needs a mark");
    REFUSED("\x80\x02"
            "1.",
            "needs a mark");
    REFUSED("\x80\x02K\x01K\x02"
            "a.",
            "no container");
    REFUSED("\x80\x02)K\x02"
            "a.",
            "no container");
    REFUSED("\x80\x02}K\x02"
            "a.",
            "no container");
    REFUSED("\x80\x02K\x02"
            "a.",
            "not there");
    REFUSED("\x80\x02"
            "a.",
            "more from the stack");
    REFUSED("\x80\x02(K\x01"
            "e.",
            "not there");
    REFUSED("\x80\x02]((K\x02"
            "e.",
            "not there"); /* not beyond the mark */
    REFUSED("\x80\x02}(K\x01u.", "key without a value");
    REFUSED("\x80\x02}K\x01s.", "not there");
    REFUSED("\x80\x02K\x01R.", "more from the stack");
    REFUSED("\x80\x02K\x01"
            "b.",
            "more from the stack");
    REFUSED("\x80\x02"
            "cos\nsystem",
            "within a name");
    REFUSED("\x80\x04K\x01K\x02\x93.", "no text");
    REFUSED("\x80\x02h\x00.", "memo");
    REFUSED("\x80\x02q\x00.", "more from the stack");
    REFUSED("\x80\x02K\x01r\xff\xff\xff\xff.", "memo");
    REFUSED("\x80\x02j\xff\xff\xff\xff.", "memo");
    REFUSED("\x80\x02X\xff\xff\xff\x7f"
            "abc",
            "past its end");
    REFUSED("\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\xff"
            "abc",
            "past its end");
    REFUSED("\x80\x02\x8b\xff\xff\xff\xff.", "past its end");
}

TEST(nesting_takes_no_stack) {
    enum { DEPTH = 1 << 20 };
    Bytes b = {0};
    put_start(&b);
    for (int i = 0; i < DEPTH; i++) put(&b, "]");
    for (int i = 1; i < DEPTH; i++) put(&b, "a");
    put(&b, ".");
    Pickle p = read_bytes(b.at, b.size);
    CHECK(pickle_top(&p)->count == 1);
    pickle_free(&p);
    bytes_free(&b);
}

TEST(every_request_for_memory_may_fail_while_reading) {
    Bytes b = small_pickle("0", false);
    Status status = VOXPERT_OUT_OF_MEMORY;
    for (size_t n = 1; status && n < 50; n++) {
        Pickle p;
        memory_fail_at(n, false);
        status = pickle_read(&p, b.at, b.size, "x", NULL);
        memory_fail_at(0, false);
        CHECK(status == VOXPERT_OK || (status == VOXPERT_OUT_OF_MEMORY && p.value == NULL));
        if (!status) {
            CHECK(n > 4);
            pickle_free(&p);
        }
    }
    CHECK(status == VOXPERT_OK);
    bytes_free(&b);
}
