#include "weights/zip_directory.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/memory.h"
#include "base/size.h"

/* Fixed parts of the structures, in bytes, and their signatures. */
enum { LOCAL = 30, ENTRY = 46, END = 22, END64_LOCATOR = 20, END64 = 56 };
enum { MAX_COMMENT = 65535, STORED = 0, DEFLATED = 8, FLAG_ENCRYPTED = 1, EXTRA_ZIP64 = 1 };
static const char local_signature[] = "PK\3\4", entry_signature[] = "PK\1\2",
                  end_signature[] = "PK\5\6", locator_signature[] = "PK\6\7",
                  end64_signature[] = "PK\6\6";

typedef struct Reader {
    const uint8_t *bytes;
    size_t size;
    const char *failure; /* completes "its zip directory ..." */
} Reader;

typedef struct Extent {
    uint64_t offset, size, entries;
} Extent;

static uint64_t number(const uint8_t *at, int bytes) {
    uint64_t value = 0;
    for (int i = bytes; i-- > 0;) value = value << 8 | at[i];
    return value;
}

/* The structure at `offset`, if it lies before `end` and has this signature; else NULL. */
static const uint8_t *part(const Reader *r, uint64_t offset, size_t length, uint64_t end,
                           const char *signature) {
    if (end > r->size || offset > end || end - offset < length) return NULL;
    const uint8_t *at = r->bytes + offset;
    return memcmp(at, signature, 4) == 0 ? at : NULL;
}

static bool fail(Reader *r, const char *why) {
    r->failure = why;
    return false;
}

/* ---- The end of the file tells where the directory is ----------------------------------- */

static const uint8_t *find_end(const Reader *r) {
    for (size_t back = END; back <= r->size && back <= END + MAX_COMMENT; back++) {
        const uint8_t *at = part(r, r->size - back, END, r->size, end_signature);
        if (at && number(at + 20, 2) <= back - END) return at;
    }
    return NULL;
}

static bool find_directory64(Reader *r, uint64_t end, Extent *out) {
    const uint8_t *locator =
        end < END64_LOCATOR ? NULL
                            : part(r, end - END64_LOCATOR, END64_LOCATOR, end, locator_signature);
    if (!locator) return fail(r, "is of the large kind, but has no locator");
    const uint8_t *end64 = part(r, number(locator + 8, 8), END64, end, end64_signature);
    if (!end64) return fail(r, "is of the large kind, but its end record is missing");
    *out = (Extent){.offset = number(end64 + 48, 8),
                    .size = number(end64 + 40, 8),
                    .entries = number(end64 + 32, 8)};
    return true;
}

static bool find_directory(Reader *r, Extent *out) {
    const uint8_t *end = find_end(r);
    if (!end) return fail(r, "is missing: the file is cut short");
    *out = (Extent){
        .offset = number(end + 16, 4), .size = number(end + 12, 4), .entries = number(end + 10, 2)};
    uint64_t before = (uint64_t)(end - r->bytes);
    if (number(end + 4, 2) != 0 && number(end + 4, 2) != 0xFFFF)
        return fail(r, "speaks of several disks");
    bool large = out->offset == UINT32_MAX || out->size == UINT32_MAX || out->entries == UINT16_MAX;
    if (large && !find_directory64(r, before, out)) return false;
    if (out->offset > before || out->size > before - out->offset)
        return fail(r, "lies outside the file");
    if (out->entries > out->size / ENTRY) return fail(r, "has fewer entries than it announces");
    return true;
}

/* ---- Entries ---------------------------------------------------------------------------- */

/* Values of 2^32 - 1 stand in the zip64 extra field, in this order. */
static bool read_zip64(Reader *r, const uint8_t *extra, size_t length, uint64_t *values[3]) {
    while (length >= 4) {
        size_t id = (size_t)number(extra, 2), size = (size_t)number(extra + 2, 2);
        extra += 4, length -= 4;
        if (size > length) break;
        const uint8_t *at = extra;
        for (int i = 0; id == EXTRA_ZIP64 && i < 3; i++) {
            if (*values[i] != UINT32_MAX) continue;
            if ((size_t)(at - extra) + 8 > size) return fail(r, "has a damaged zip64 field");
            *values[i] = number(at, 8);
            at += 8;
        }
        extra += size, length -= size;
    }
    return true;
}

static bool locate(Reader *r, uint64_t offset, uint64_t packed_size, ZipRecord *out) {
    const uint8_t *local = part(r, offset, LOCAL, r->size, local_signature);
    if (!local) return fail(r, "points to a record that is not there");
    uint64_t skip = LOCAL + number(local + 26, 2) + number(local + 28, 2);
    uint64_t left = r->size - offset;
    if (skip > left || packed_size > left - skip)
        return fail(r, "has a record that runs past the end of the file");
    out->packed = local + skip;
    out->packed_size = (size_t)packed_size;
    return true;
}

/* Reads the entry at `*at` and moves on to the next. */
static bool read_entry(Reader *r, uint64_t *at, uint64_t end, ZipRecord *out) {
    const uint8_t *entry = part(r, *at, ENTRY, end, entry_signature);
    if (!entry) return fail(r, "has a damaged entry");
    size_t name = (size_t)number(entry + 28, 2), extra = (size_t)number(entry + 30, 2),
           comment = (size_t)number(entry + 32, 2);
    if (name + extra + comment > end - *at - ENTRY) return fail(r, "has an entry that is cut off");
    uint64_t packed = number(entry + 20, 4), size = number(entry + 24, 4),
             offset = number(entry + 42, 4), method = number(entry + 10, 2);
    if (!read_zip64(r, entry + ENTRY + name, extra, (uint64_t *[]){&size, &packed, &offset}))
        return false;
    if (number(entry + 8, 2) & FLAG_ENCRYPTED) return fail(r, "has an encrypted record");
    if (method != STORED && method != DEFLATED)
        return fail(r, "has a record that is compressed with something else than deflate");
    if (method == STORED && packed != size)
        return fail(r, "has a stored record of two different sizes");
    *out = (ZipRecord){.name = (const char *)entry + ENTRY,
                       .name_length = name,
                       .size = (size_t)size,
                       .deflated = method == DEFLATED,
                       .crc = (uint32_t)number(entry + 16, 4)};
    *at += ENTRY + name + extra + comment;
    return locate(r, offset, packed, out);
}

static int compare_names(const char *a, size_t a_length, const char *b, size_t b_length) {
    int order = memcmp(a, b, size_min(a_length, b_length));
    return order ? order : (a_length > b_length) - (a_length < b_length);
}

static int compare_records(const void *a, const void *b) {
    const ZipRecord *x = a, *y = b;
    return compare_names(x->name, x->name_length, y->name, y->name_length);
}

static bool read_entries(Reader *r, const Extent *directory, ZipDirectory *out) {
    uint64_t at = directory->offset, end = at + directory->size;
    for (; out->count < directory->entries; out->count++) {
        if (!read_entry(r, &at, end, &out->record[out->count])) return false;
    }
    if (out->count) qsort(out->record, out->count, sizeof *out->record, compare_records);
    for (size_t i = 1; i < out->count; i++) {
        if (compare_records(&out->record[i - 1], &out->record[i]) == 0)
            return fail(r, "has two records of one name");
    }
    return true;
}

/* ---- Use -------------------------------------------------------------------------------- */

Status zip_open(ZipDirectory *out, const uint8_t *bytes, size_t size, const char *file,
                Error *error) {
    *out = (ZipDirectory){0};
    Reader r = {.bytes = bytes, .size = size};
    Extent directory;
    bool ok = find_directory(&r, &directory);
    if (ok && !(out->record = memory_new((size_t)directory.entries * sizeof *out->record)))
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to open it", file);
    if (ok && read_entries(&r, &directory, out)) return VOXPERT_OK;
    zip_close(out);
    return error_set(error, VOXPERT_BAD_MODEL, "%s: its zip directory %s", file, r.failure);
}

void zip_close(ZipDirectory *zip) {
    memory_free(zip->record);
    *zip = (ZipDirectory){0};
}

ZipRecord *zip_find(const ZipDirectory *zip, const char *name, size_t length) {
    size_t low = 0, high = zip->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        ZipRecord *r = &zip->record[middle];
        int order = compare_names(name, length, r->name, r->name_length);
        if (order == 0) return r;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

/* zlib counts in unsigned ints: long records go in steps. */
bool zip_inflate(const ZipRecord *r, uint8_t *out) {
    enum { STEP = 1 << 30 };
    z_stream z = {.next_in = (uint8_t *)(uintptr_t)r->packed, .next_out = out};
    size_t in = r->packed_size, space = r->size;
    int result = inflateInit2(&z, -MAX_WBITS);
    while (result == Z_OK) {
        uInt give = (uInt)size_min(in, STEP), take = (uInt)size_min(space, STEP);
        z.avail_in = give, z.avail_out = take;
        result = inflate(&z, Z_NO_FLUSH);
        if (z.avail_in == give && z.avail_out == take && result == Z_OK) result = Z_BUF_ERROR;
        in -= give - z.avail_in;
        space -= take - z.avail_out;
    }
    inflateEnd(&z);
    return result == Z_STREAM_END && space == 0 &&
           crc32_z(0, out, r->size) == (unsigned long)r->crc;
}
