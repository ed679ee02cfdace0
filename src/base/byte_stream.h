/* byte_stream.h - the bytes of a file from first to last, plain or unpacked from gzip on the way.
 *
 * gzip members that follow each other (pigz, bgzip) are one stream; bytes after the last that are
 * no gzip member are ignored, as gzip does. */
#ifndef BASE_BYTE_STREAM_H
#define BASE_BYTE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

#include "base/status.h"

enum { DEFLATE_MOST = 1032 }; /* 258 bytes out of 2 bits: a zlib stream cannot do better */

typedef struct ByteStream {
    const char *name; /* for messages */
    const uint8_t *bytes;
    size_t left;
    bool gzip, ended;
    z_stream inflate;
} ByteStream;

void zlib_use_memory(z_stream *s); /* zlib takes its memory from base/memory.h */

bool bytes_are_gzip(const uint8_t *bytes, size_t size);

/* `name` and `bytes` are kept until the stream is closed. */
MUST_CHECK Status byte_stream_open(ByteStream *out, const char *name, const uint8_t *bytes,
                                   size_t size, Error *error);
void byte_stream_close(ByteStream *s);

/* *got < size only where the stream ends.  Errors: VOXPERT_BAD_INPUT (damaged or cut gzip data),
 * VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status byte_stream_read(ByteStream *s, void *out, size_t size, size_t *got,
                                   Error *error);

/* After the last byte of interest: where the gzip member ends there too its checksum is compared;
 * bytes that follow inside the member are left alone, however many. */
MUST_CHECK Status byte_stream_finish(ByteStream *s, Error *error);

/* No more bytes than this can still come. */
size_t byte_stream_most(const ByteStream *s);

#endif
