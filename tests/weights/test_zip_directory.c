#include "weights/zip_directory.h"

#include <stdlib.h>
#include <string.h>

#include "tests/check.h"
#include "tests/weights/torch_file.h"

static const char text[] = "one two three one two three one two three one two three";

static void check_record(const ZipDirectory *zip, const char *name, const void *bytes,
                         size_t size) {
    const ZipRecord *r = zip_find(zip, name, strlen(name));
    CHECK(r && r->size == size);
    if (!r || r->size != size) return;
    uint8_t inflated[256];
    if (r->deflated) CHECK(zip_inflate(r, inflated));
    CHECK(memcmp(r->deflated ? inflated : r->packed, bytes, size) == 0);
}

static void check_zip(const ZipPart *part, size_t count, ZipForm form) {
    ZipDirectory zip;
    Error error = {0};
    Bytes file = zip_file(part, count, form);
    Status status = zip_open(&zip, file.at, file.size, "x.zip", &error);
    check_report(status == VOXPERT_OK, __FILE__, __LINE__, "%s", error.message);
    CHECK(zip.count == count);
    for (size_t i = 0; i < count; i++)
        check_record(&zip, part[i].name, part[i].bytes, part[i].size);
    CHECK(zip_find(&zip, "zzz", 3) == NULL && zip_find(&zip, "", 0) == NULL);
    zip_close(&zip);
    bytes_free(&file);
}

TEST(records_are_found_whatever_their_order_and_form) {
    const ZipPart parts[] = {
        {.name = "b/c", .bytes = text, .size = sizeof text},
        {.name = "b", .bytes = text, .size = 3},
        {.name = "a/long/name", .bytes = text, .size = 20, .deflated = true},
        {.name = "d", .bytes = "", .size = 0},
        {.name = "c", .bytes = "", .size = 0, .deflated = true},
        {.name = "e", .bytes = text, .size = 9, .zip64 = true},
        {.name = "f", .bytes = text, .size = sizeof text, .zip64 = true, .deflated = true},
    };
    const size_t count = sizeof parts / sizeof *parts;
    check_zip(parts, count, (ZipForm){0});
    check_zip(parts, count, (ZipForm){.comment = "PK\5\6 looks like an end"});
    check_zip(parts, count, (ZipForm){.zip64 = true});
    check_zip(parts, 0, (ZipForm){0});
}

static void check_refused(Bytes file, const char *words) {
    ZipDirectory zip;
    Error error = {0};
    CHECK(zip_open(&zip, file.at, file.size, "x.zip", &error) == VOXPERT_BAD_MODEL);
    check_report(strstr(error.message, words) != NULL, __FILE__, __LINE__, "no '%s' in: %s", words,
                 error.message);
    bytes_free(&file);
}

static Bytes one(ZipPart part) { return zip_file(&part, 1, (ZipForm){0}); }

TEST(records_that_cannot_be_read_are_refused) {
    const ZipPart plain = {.name = "a", .bytes = text, .size = 9};
    ZipPart part = plain;
    part.flags = 1;
    check_refused(one(part), "encrypted");
    part = plain, part.method = 12;
    check_refused(one(part), "something else than deflate");
    part = plain, part.announced = 10;
    check_refused(one(part), "two different sizes");
    const ZipPart twice[] = {plain, {.name = "b", .bytes = "", .size = 0}, plain};
    check_refused(zip_file(twice, 3, (ZipForm){0}), "two records of one name");
}

/* Sets `width` bytes at `at`, counted from the end record of a zip file with one record. */
static Bytes changed(long at, uint64_t value, int width) {
    Bytes file = one((ZipPart){.name = "a", .bytes = text, .size = 9});
    uint8_t *byte = file.at + (long)file.size - 22 + at;
    for (int i = 0; i < width; i++) byte[i] = (uint8_t)(value >> 8 * i);
    return file;
}

TEST(damaged_directories_are_refused) {
    enum { ENTRY = -47, SIZE_OF_DIRECTORY = 12, OFFSET = 16, ENTRIES = 10, DISK = 4 };
    check_refused(changed(0, 0, 1), "cut short");
    check_refused(changed(20, 1, 2), "cut short"); /* a comment that is not there */
    check_refused(changed(DISK, 1, 2), "disks");
    check_refused(changed(OFFSET, 1000, 4), "outside");
    check_refused(changed(OFFSET, UINT32_MAX, 4), "no locator");
    check_refused(changed(SIZE_OF_DIRECTORY, 48, 4), "outside");
    check_refused(changed(ENTRIES, 2, 2), "fewer entries");
    check_refused(changed(ENTRIES, UINT16_MAX, 2), "no locator");
    check_refused(changed(ENTRY, 0, 1), "damaged entry");
    check_refused(changed(ENTRY + 28, 2, 2), "cut off");   /* length of the name */
    check_refused(changed(ENTRY + 42, 1, 4), "not there"); /* offset of the record */
    check_refused(changed(ENTRY + 42, UINT32_MAX, 4), "not there");
}

TEST(a_record_may_not_run_past_the_end) {
    Bytes file = one((ZipPart){.name = "a", .bytes = text, .size = 9, .zip64 = true});
    uint8_t *sizes = file.at + file.size - 22 - 24;
    memset(sizes, 0xFF, 16); /* packed and unpacked: 2^64 - 1 */
    check_refused(file, "runs past the end");
}

TEST(damaged_zip64_is_refused) {
    const ZipPart part = {.name = "a", .bytes = text, .size = 9, .zip64 = true};
    Bytes file = zip_file(&part, 1, (ZipForm){.zip64 = true});
    memset(file.at + file.size - 22 - 20 + 8, 0xFF, 8); /* where the large end record is */
    check_refused(file, "end record is missing");
    file = one(part);
    file.at[file.size - 22 - 26] = 8; /* room for one of three numbers */
    check_refused(file, "zip64 field");
}

TEST(damaged_deflate_streams_are_told) {
    const ZipPart part = {.name = "a", .bytes = text, .size = sizeof text, .deflated = true};
    Bytes file = one(part);
    ZipDirectory zip;
    uint8_t out[sizeof text];
    CHECK(zip_open(&zip, file.at, file.size, "x.zip", NULL) == VOXPERT_OK);
    ZipRecord *r = zip_find(&zip, "a", 1), cut = *r, other = *r, small = *r;
    CHECK(zip_inflate(r, out) && memcmp(out, text, sizeof text) == 0);
    cut.packed_size--;
    other.crc ^= 1;
    small.size--;
    CHECK(!zip_inflate(&cut, out) && !zip_inflate(&other, out) && !zip_inflate(&small, out));
    zip_close(&zip);
    bytes_free(&file);
}
