/* bmp.c - Windows bitmaps without compression: 1, 4 and 8 bits with a palette, 16 (5-5-5), 24, 32.
 *
 * Rows are padded to 4 bytes and lie bottom up, or top down where the height is negative.  A
 * palette that is a plain grey ramp makes a grey image, as in Pillow.  The fourth byte of 32 bits
 * is dropped: the format does not say what it is. */
#include <string.h>

#include "base/files.h"
#include "base/memory.h"
#include "image/formats/format.h"

enum { FILE_HEADER = 14, CORE_HEADER = 12, INFO_HEADER = 40, FIELDS = 3 };

typedef struct Bmp {
    size_t width, height, row; /* row: bytes in the file, padding included */
    bool top_down;
    unsigned bits;
    const uint8_t *palette, *pixels;
    size_t colours, colour_size; /* palette entries: blue, green, red[, 0] */
} Bmp;

static bool bmp_recognizes(const uint8_t *bytes, size_t size) {
    return size >= 2 && bytes[0] == 'B' && bytes[1] == 'M';
}

static uint32_t number(const uint8_t *p, size_t length) {
    uint32_t value = 0;
    while (length--) value = value << 8 | p[length];
    return value;
}

/* ---- Header ----------------------------------------------------------------------------- */

/* 32 bits may name their channels by masks; only the usual order is read. */
static bool fields_usual(const uint8_t *masks, unsigned bits) {
    if (bits == 16)
        return number(masks, 4) == 0x7c00 && number(masks + 4, 4) == 0x3e0 &&
               number(masks + 8, 4) == 0x1f;
    return bits == 32 && number(masks, 4) == 0xff0000 && number(masks + 4, 4) == 0xff00 &&
           number(masks + 8, 4) == 0xff;
}

static Status size_read(Bmp *b, const ImageSource *s, bool core, Error *error) {
    const uint8_t *p = s->bytes + FILE_HEADER + 4;
    int64_t width = core ? (int64_t)number(p, 2) : (int32_t)number(p, 4);
    int64_t height = core ? (int64_t)number(p + 2, 2) : (int32_t)number(p + 4, 4);
    if (width <= 0) return image_refuse(s, error, "BMP width %lld is impossible", (long long)width);
    if (height == 0 || height == INT32_MIN)
        return image_refuse(s, error, "BMP height %lld is impossible", (long long)height);
    b->top_down = height < 0;
    b->width = (size_t)width;
    b->height = (size_t)(height < 0 ? -height : height);
    b->bits = number(p + (core ? 6 : 10), 2);
    if (b->bits != 1 && b->bits != 4 && b->bits != 8 && b->bits != 16 && b->bits != 24 &&
        b->bits != 32)
        return image_refuse(s, error, "BMP with %u bits per pixel is not read", b->bits);
    b->row = (b->width * b->bits + 31) / 32 * 4;
    return image_plausible(s, "BMP", b->width, b->height, b->row, 1, error);
}

static Status compression_check(const Bmp *b, const ImageSource *s, size_t header, Error *error) {
    uint32_t compression = number(s->bytes + FILE_HEADER + 16, 4);
    if (compression == 0) return VOXPERT_OK;
    size_t masks = FILE_HEADER + INFO_HEADER; /* inside a longer header, or behind this one */
    bool fields = compression == FIELDS && s->size >= masks + 12 && header >= INFO_HEADER;
    if (fields && fields_usual(s->bytes + masks, b->bits)) return VOXPERT_OK;
    return image_refuse(s, error, "BMP compression %u is not read", compression);
}

static Status palette_find(Bmp *b, const ImageSource *s, size_t header, Error *error) {
    if (b->bits > 8) return VOXPERT_OK;
    bool core = header == CORE_HEADER;
    uint32_t used = core ? 0 : number(s->bytes + FILE_HEADER + 32, 4);
    b->colours = used && used < 1u << b->bits ? used : 1u << b->bits;
    b->colour_size = core ? 3 : 4;
    if (header > s->size - FILE_HEADER ||
        b->colours * b->colour_size > s->size - FILE_HEADER - header)
        return image_refuse(s, error, "the BMP palette is cut");
    b->palette = s->bytes + FILE_HEADER + header;
    return VOXPERT_OK;
}

static Status header_read(Bmp *b, const ImageSource *s, Error *error) {
    *b = (Bmp){0};
    if (!bmp_recognizes(s->bytes, s->size))
        return image_refuse(s, error, "is no BMP file: it does not begin with BM");
    size_t header = s->size < FILE_HEADER + 4 ? 0 : number(s->bytes + FILE_HEADER, 4);
    bool core = header == CORE_HEADER;
    if ((header < INFO_HEADER && !core) || s->size < FILE_HEADER + (core ? header : INFO_HEADER))
        return image_refuse(s, error, "the BMP header is cut or of unknown size %zu", header);
    Status status = size_read(b, s, core, error);
    if (!status && !core) status = compression_check(b, s, header, error);
    if (!status) status = palette_find(b, s, header, error);
    if (status) return status;
    size_t offset = number(s->bytes + 10, 4);
    if (offset > s->size || b->row * b->height > s->size - offset)
        return image_refuse(s, error, "the BMP pixels are cut: expected %zu bytes, found %zu",
                            b->row * b->height, offset > s->size ? 0 : s->size - offset);
    b->pixels = s->bytes + offset;
    return VOXPERT_OK;
}

/* ---- Pixels ----------------------------------------------------------------------------- */

static bool palette_is_grey(const Bmp *b) {
    for (size_t i = 0; i < b->colours; i++) {
        const uint8_t *c = b->palette + i * b->colour_size;
        size_t want = b->colours == 2 ? 255 * i : i;
        if (c[0] != want || c[1] != want || c[2] != want) return false;
    }
    return true;
}

static void row_from_palette(uint8_t *out, const uint8_t *indices, const Bmp *b, size_t channels) {
    for (size_t x = 0; x < b->width; x++, out += channels) {
        if (indices[x] >= b->colours) continue; /* black */
        const uint8_t *c = b->palette + indices[x] * b->colour_size;
        for (size_t i = 0; i < channels; i++) out[i] = c[2 - i];
    }
}

static void row_from_colours(uint8_t *out, const uint8_t *in, const Bmp *b) {
    size_t pixel = b->bits / 8;
    for (size_t x = 0; x < b->width; x++, out += 3, in += pixel) {
        if (b->bits == 16) {
            uint32_t packed = number(in, 2);
            for (unsigned i = 0; i < 3; i++)
                out[i] = (uint8_t)((packed >> (10 - 5 * i) & 31) * 255 / 31);
        } else {
            for (size_t i = 0; i < 3; i++) out[i] = in[2 - i];
        }
    }
}

static Status bmp_read(Volume *v, const ImageSource *s, Error *error) {
    Bmp b;
    Status status = header_read(&b, s, error);
    if (status) return status;
    v->width = b.width;
    v->height = b.height;
    v->indexed = b.palette && v->labels;
    v->channels = b.palette && (v->labels || palette_is_grey(&b)) ? 1 : 3;
    status = image_reserve(v, s, 0, error);
    if (status) return status;
    uint8_t *indices = memory_new(b.palette ? b.width : 1);
    if (!indices)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to read it", s->name);
    for (size_t y = 0; y < b.height; y++) {
        const uint8_t *in = b.pixels + (b.top_down ? y : b.height - 1 - y) * b.row;
        uint8_t *out = (uint8_t *)v->samples + y * b.width * v->channels;
        if (!b.palette) {
            row_from_colours(out, in, &b);
            continue;
        }
        image_unpack_bits(v->labels ? out : indices, in, b.width, b.bits, false);
        if (!v->labels) row_from_palette(out, indices, &b, v->channels);
    }
    memory_free(indices);
    return VOXPERT_OK;
}

/* ---- Writing ---------------------------------------------------------------------------- */

static void number_put(uint8_t *p, size_t length, uint64_t value) {
    for (size_t i = 0; i < length; i++) p[i] = (uint8_t)(value >> 8 * i);
}

/* Both headers and, for grey, its palette; the bytes written to `out`. */
static size_t headers_make(uint8_t out[FILE_HEADER + INFO_HEADER + 1024], const Volume *v,
                           size_t row) {
    size_t colours = v->channels == 1 ? 256 : 0;
    size_t length = FILE_HEADER + INFO_HEADER + 4 * colours;
    memset(out, 0, length);
    out[0] = 'B', out[1] = 'M';
    number_put(out + 2, 4, length + row * v->height);
    number_put(out + 10, 4, length);
    number_put(out + FILE_HEADER, 4, INFO_HEADER);
    number_put(out + FILE_HEADER + 4, 4, v->width);
    number_put(out + FILE_HEADER + 8, 4, v->height);
    number_put(out + FILE_HEADER + 12, 2, 1);
    number_put(out + FILE_HEADER + 14, 2, 8 * v->channels);
    number_put(out + FILE_HEADER + 20, 4, row * v->height);
    number_put(out + FILE_HEADER + 32, 4, colours);
    for (size_t i = 0; i < colours; i++) memset(out + FILE_HEADER + INFO_HEADER + 4 * i, (int)i, 3);
    return length;
}

static bool row_write(const uint8_t *in, const Volume *v, size_t row, FILE *stream) {
    for (size_t x = 0; x < v->width * v->channels; x++) {
        size_t from = v->channels == 3 ? x + 2 - 2 * (x % 3) : x;
        if (putc(in[from], stream) == EOF) return false;
    }
    for (size_t x = v->width * v->channels; x < row; x++) {
        if (putc(0, stream) == EOF) return false;
    }
    return true;
}

static Status bmp_write(const Volume *v, const char *path, Error *error) {
    size_t row = (v->width * v->channels + 3) / 4 * 4;
    if (v->frames != 1 || v->depth != 1 || v->type != SAMPLE_U8 ||
        (v->channels != 1 && v->channels != 3) || v->width > 0xffff || v->height > 0xffff ||
        row * v->height > INT32_MAX)
        return error_set(
            error, VOXPERT_BAD_ARGUMENT,
            "%s: BMP holds one picture of 1 or 3 channels of 8 bits under 2 GB, not %zu "
            "slices of %zu channels of %s",
            path, v->frames * v->depth, v->channels, sample_name(v->type));
    FileWriter file;
    Status status = file_writer_open(&file, path, error);
    if (status) return status;
    uint8_t head[FILE_HEADER + INFO_HEADER + 1024];
    size_t length = headers_make(head, v, row);
    bool ok = fwrite(head, 1, length, file.stream) == length;
    for (size_t y = v->height; ok && y--;)
        ok = row_write((const uint8_t *)v->samples + y * v->width * v->channels, v, row,
                       file.stream);
    return file_writer_commit(&file, error); /* a failed stream fails here too */
}

static const char *const extensions[] = {".bmp", NULL};

const ImageFormat format_bmp = {"BMP", extensions, bmp_recognizes, bmp_read, bmp_write};
