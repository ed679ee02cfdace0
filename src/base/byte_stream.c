#include "base/byte_stream.h"

#include <string.h>

#include "base/memory.h"
#include "base/size.h"

bool bytes_are_gzip(const uint8_t *bytes, size_t size) {
    return size >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

static voidpf zlib_memory(voidpf unused, uInt items, uInt size) {
    (void)unused;
    return memory_new((size_t)items * size);
}

static void zlib_release(voidpf unused, voidpf memory) {
    (void)unused;
    memory_free(memory);
}

void zlib_use_memory(z_stream *s) {
    s->zalloc = zlib_memory;
    s->zfree = zlib_release;
}

Status byte_stream_open(ByteStream *out, const char *name, const uint8_t *bytes, size_t size,
                        Error *error) {
    *out = (ByteStream){.name = name, .bytes = bytes, .left = size};
    if (!bytes_are_gzip(bytes, size)) return VOXPERT_OK;
    out->gzip = true;
    zlib_use_memory(&out->inflate);
    if (inflateInit2(&out->inflate, 16 + MAX_WBITS) == Z_OK) return VOXPERT_OK;
    *out = (ByteStream){0};
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to unpack it", name);
}

void byte_stream_close(ByteStream *s) {
    if (s->gzip) inflateEnd(&s->inflate);
    *s = (ByteStream){0};
}

size_t byte_stream_most(const ByteStream *s) {
    size_t most;
    if (!s->gzip) return s->left;
    if (!size_multiply(&most, s->left + 1, DEFLATE_MOST)) return SIZE_MAX;
    return most + 65536; /* what the window still holds */
}

static Status inflate_failed(const ByteStream *s, int code, Error *error) {
    if (code == Z_MEM_ERROR)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to unpack it", s->name);
    if (code == Z_BUF_ERROR)
        return error_set(error, VOXPERT_BAD_INPUT, "%s: the gzip stream ends early", s->name);
    const char *why = s->inflate.msg ? s->inflate.msg : "unknown structure";
    if (strstr(why, "check") && !strstr(why, "header"))
        return error_set(error, VOXPERT_BAD_INPUT, "%s: the gzip checksum is wrong (%s)", s->name,
                         why);
    return error_set(error, VOXPERT_BAD_INPUT, "%s: the gzip data are damaged (%s)", s->name, why);
}

/* One call of inflate(): up to `size` bytes; *got may be 0 without an end. */
static int inflate_some(ByteStream *s, uint8_t *out, size_t size, size_t *got) {
    const size_t most = 1u << 30; /* zlib counts in 32 bits */
    uInt in = (uInt)size_min(s->left, most), wanted = (uInt)size_min(size, most);
    s->inflate.next_in = (Bytef *)(uintptr_t)s->bytes;
    s->inflate.avail_in = in;
    s->inflate.next_out = out;
    s->inflate.avail_out = wanted;
    int code = inflate(&s->inflate, Z_NO_FLUSH);
    s->bytes += in - s->inflate.avail_in;
    s->left -= in - s->inflate.avail_in;
    *got = wanted - s->inflate.avail_out;
    return code;
}

static Status gzip_read(ByteStream *s, uint8_t *out, size_t size, size_t *got, Error *error) {
    while (*got < size && !s->ended) {
        size_t some;
        int code = inflate_some(s, out + *got, size - *got, &some);
        *got += some;
        if (code == Z_STREAM_END) {
            s->ended = !bytes_are_gzip(s->bytes, s->left);
            if (!s->ended && inflateReset(&s->inflate) != Z_OK)
                return inflate_failed(s, Z_DATA_ERROR, error);
        } else if (code != Z_OK) {
            return inflate_failed(s, code, error);
        }
    }
    return VOXPERT_OK;
}

Status byte_stream_read(ByteStream *s, void *out, size_t size, size_t *got, Error *error) {
    *got = 0;
    if (s->gzip) return gzip_read(s, out, size, got, error);
    *got = size_min(size, s->left);
    if (*got == 0) return VOXPERT_OK; /* an empty file has no address */
    memcpy(out, s->bytes, *got);
    s->bytes += *got;
    s->left -= *got;
    return VOXPERT_OK;
}

Status byte_stream_finish(ByteStream *s, Error *error) {
    uint8_t more[64];
    size_t got = 0;
    while (s->gzip && !s->ended && got == 0) {
        int code = inflate_some(s, more, sizeof more, &got);
        s->ended = code == Z_STREAM_END;
        if (code != Z_OK && !s->ended) return inflate_failed(s, code, error);
    }
    return VOXPERT_OK;
}
