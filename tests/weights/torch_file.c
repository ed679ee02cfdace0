#include "tests/weights/torch_file.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

void bytes_add(Bytes *b, const void *from, size_t size) {
    if (size > b->capacity - b->size) {
        b->capacity = 2 * (b->size + size);
        b->at = realloc(b->at, b->capacity);
        if (!b->at) abort();
    }
    if (size) memcpy(b->at + b->size, from, size);
    b->size += size;
}

void bytes_add_number(Bytes *b, uint64_t number, int width) {
    for (; width > 0; width--, number >>= 8) bytes_add(b, &(uint8_t){(uint8_t)number}, 1);
}

void bytes_free(Bytes *b) {
    free(b->at);
    *b = (Bytes){0};
}

/* ---- Pickles ---------------------------------------------------------------------------- */

void put(Bytes *b, const char *op) { bytes_add(b, op, strlen(op)); }

void put_start(Bytes *b) { put(b, "\x80\x02"); }

void put_text(Bytes *b, const char *text) {
    put(b, "X");
    bytes_add_number(b, strlen(text), 4);
    put(b, text);
}

void put_integer(Bytes *b, int64_t value) {
    put(b, "\x8a\x08");
    bytes_add_number(b, (uint64_t)value, 8);
}

void put_name(Bytes *b, const char *module, const char *name) {
    put(b, "c");
    put(b, module);
    put(b, "\n");
    put(b, name);
    put(b, "\n");
}

void put_sizes(Bytes *b, int count, const int64_t *sizes) {
    put(b, "(");
    for (int i = 0; i < count; i++) put_integer(b, sizes[i]);
    put(b, "t");
}

void put_tensor(Bytes *b, const TensorRecipe *recipe) {
    put_name(b, "torch._utils", "_rebuild_tensor_v2");
    put(b, "((");
    put_text(b, "storage");
    put_name(b, "torch", recipe->type);
    put_text(b, recipe->key);
    put_text(b, "cpu");
    put_integer(b, recipe->elements);
    put(b, recipe->legacy ? "NtQ" : "tQ");
    put_integer(b, recipe->offset);
    put_sizes(b, recipe->rank, recipe->size);
    put_sizes(b, recipe->rank, recipe->stride);
    put(b, "\x89"); /* requires_grad */
    put_name(b, "collections", "OrderedDict");
    put(b, ")RtR");
}

Bytes small_pickle(const char *key, bool legacy) {
    Bytes b = {0};
    put_start(&b);
    put(&b, "}(");
    put_text(&b, "a");
    put_tensor(&b, &(TensorRecipe){.type = "FloatStorage",
                                   .key = key,
                                   .elements = 12,
                                   .rank = 2,
                                   .size = {3, 4},
                                   .stride = {4, 1},
                                   .legacy = legacy});
    put(&b, "u.");
    return b;
}

/* ---- Zip -------------------------------------------------------------------------------- */

static Bytes packed(const ZipPart *part) {
    Bytes out = {0};
    if (!part->deflated) {
        bytes_add(&out, part->bytes, part->size);
        return out;
    }
    z_stream z = {.next_in = (uint8_t *)(uintptr_t)part->bytes, .avail_in = (uInt)part->size};
    uint8_t chunk[4096];
    if (deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY) != Z_OK) abort();
    for (int result = Z_OK; result == Z_OK;) {
        z.next_out = chunk, z.avail_out = sizeof chunk;
        result = deflate(&z, Z_FINISH);
        bytes_add(&out, chunk, sizeof chunk - z.avail_out);
    }
    deflateEnd(&z);
    return out;
}

static uint16_t method_of(const ZipPart *part) {
    return part->method ? part->method : part->deflated ? 8 : 0;
}

/* Returns where the local header is; sizes stand in the central directory only, as with PyTorch. */
static size_t add_local(Bytes *file, const ZipPart *part, const Bytes *content) {
    size_t offset = file->size;
    bytes_add(file, "PK\3\4", 4);
    bytes_add_number(file, 0x0800, 4); /* version, flags */
    bytes_add_number(file, method_of(part), 2);
    bytes_add_number(file, 0, 8); /* time, date, CRC */
    bytes_add_number(file, 0, 8); /* sizes */
    bytes_add_number(file, strlen(part->name), 2);
    bytes_add_number(file, 5, 2); /* an extra field that moves the data to an odd place */
    bytes_add(file, part->name, strlen(part->name));
    bytes_add(file, "FB\1\0Z", 5);
    bytes_add(file, content->at, content->size);
    return offset;
}

static void add_entry(Bytes *directory, const ZipPart *part, size_t size, size_t offset) {
    size_t announced = part->announced ? part->announced : part->size;
    bytes_add(directory, "PK\1\2", 4);
    bytes_add_number(directory, 0, 4); /* versions */
    bytes_add_number(directory, part->flags, 2);
    bytes_add_number(directory, method_of(part), 2);
    bytes_add_number(directory, 0, 4); /* time, date */
    bytes_add_number(directory, crc32_z(0, part->bytes, part->size), 4);
    bytes_add_number(directory, part->zip64 ? UINT32_MAX : size, 4);
    bytes_add_number(directory, part->zip64 ? UINT32_MAX : announced, 4);
    bytes_add_number(directory, strlen(part->name), 2);
    bytes_add_number(directory, part->zip64 ? 28 : 0, 2);
    bytes_add_number(directory, 0, 10); /* comment, disk, attributes */
    bytes_add_number(directory, part->zip64 ? UINT32_MAX : offset, 4);
    bytes_add(directory, part->name, strlen(part->name));
    if (!part->zip64) return;
    bytes_add_number(directory, 0x00180001, 4);
    bytes_add_number(directory, announced, 8);
    bytes_add_number(directory, size, 8);
    bytes_add_number(directory, offset, 8);
}

static void add_end64(Bytes *file, size_t count, size_t size, size_t offset) {
    size_t here = file->size;
    bytes_add(file, "PK\6\6", 4);
    bytes_add_number(file, 44, 8);
    bytes_add_number(file, 0, 12); /* versions, disks */
    bytes_add_number(file, count, 8);
    bytes_add_number(file, count, 8);
    bytes_add_number(file, size, 8);
    bytes_add_number(file, offset, 8);
    bytes_add(file, "PK\6\7", 4);
    bytes_add_number(file, 0, 4);
    bytes_add_number(file, here, 8);
    bytes_add_number(file, 1, 4);
}

Bytes zip_file(const ZipPart *part, size_t count, ZipForm form) {
    Bytes file = {0}, directory = {0};
    for (size_t i = 0; i < count; i++) {
        Bytes content = packed(&part[i]);
        size_t offset = add_local(&file, &part[i], &content);
        add_entry(&directory, &part[i], content.size, offset);
        bytes_free(&content);
    }
    size_t offset = file.size, length = form.comment ? strlen(form.comment) : 0;
    bytes_add(&file, directory.at, directory.size);
    if (form.zip64) add_end64(&file, count, directory.size, offset);
    bytes_add(&file, "PK\5\6", 4);
    bytes_add_number(&file, 0, 4); /* disks */
    bytes_add_number(&file, form.zip64 ? UINT16_MAX : count, 2);
    bytes_add_number(&file, form.zip64 ? UINT16_MAX : count, 2);
    bytes_add_number(&file, form.zip64 ? UINT32_MAX : directory.size, 4);
    bytes_add_number(&file, form.zip64 ? UINT32_MAX : offset, 4);
    bytes_add_number(&file, length, 2);
    bytes_add(&file, form.comment, length);
    bytes_free(&directory);
    return file;
}

/* ---- Whole files ------------------------------------------------------------------------ */

static void add_floats(Bytes *b, size_t count) {
    for (size_t i = 0; i < count; i++) bytes_add(b, &(float){(float)i}, sizeof(float));
}

Bytes torch_zip_file(const Bytes *pickle, size_t floats, bool deflated) {
    Bytes storage = {0};
    add_floats(&storage, floats);
    ZipPart part[] = {
        {.name = "small/data.pkl", .bytes = pickle->at, .size = pickle->size, .deflated = deflated},
        {.name = "small/byteorder", .bytes = "little", .size = 6, .deflated = deflated},
        {.name = "small/data/0", .bytes = storage.at, .size = storage.size, .deflated = deflated},
    };
    Bytes file = zip_file(part, sizeof part / sizeof *part, (ZipForm){0});
    bytes_free(&storage);
    return file;
}

Bytes torch_legacy_file(const Bytes *pickle, const char *key, size_t floats) {
    Bytes b = {0};
    bytes_add(&b, "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15);
    bytes_add(&b, "\x80\x02M\xe9\x03.", 6); /* 1001 */
    put_start(&b);
    put(&b, "}(");
    put_text(&b, "little_endian");
    put(&b, "\x88u.");
    bytes_add(&b, pickle->at, pickle->size);
    put_start(&b);
    put(&b, "]");
    put_text(&b, key);
    put(&b, "a.");
    bytes_add_number(&b, floats, 8);
    add_floats(&b, floats);
    return b;
}

Bytes safetensors_file(const char *header, size_t data) {
    Bytes b = {0};
    bytes_add_number(&b, strlen(header), 8);
    put(&b, header);
    for (size_t i = 0; i < data; i++) bytes_add(&b, "", 1);
    return b;
}
