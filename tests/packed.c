#include "tests/packed.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

size_t packed_text(uint8_t *out, size_t room, const char *text) {
    z_stream s = {0};
    if (deflateInit2(&s, 9, Z_DEFLATED, 16 + MAX_WBITS, 9, Z_DEFAULT_STRATEGY) != Z_OK) abort();
    s.next_in = (Bytef *)(uintptr_t)text;
    s.avail_in = (uInt)strlen(text);
    s.next_out = out;
    s.avail_out = (uInt)room;
    if (deflate(&s, Z_FINISH) != Z_STREAM_END) abort();
    deflateEnd(&s);
    return room - s.avail_out;
}
