/* bmp.c - Windows bitmaps: 1, 4 and 8 bits with a palette, plain or with run lengths (RLE4, RLE8),
 * 16, 24 and 32 bits, with masks that name the channels or without.
 *
 * Rows are padded to 4 bytes and lie bottom up, or top down where the height is negative.  A
 * palette that is a plain grey ramp makes a grey image, as in Pillow.  Opacity is dropped: most
 * writers leave it unset. */
#include <string.h>

#include "base/files.h"
#include "base/memory.h"
#include "image/formats/format.h"
#include "image/label_file.h"

enum { FILE_HEADER = 14, CORE_HEADER = 12, INFO_HEADER = 40 };
enum { PLAIN = 0, RLE8 = 1, RLE4 = 2, FIELDS = 3, ALPHA_FIELDS = 6 }; /* compression */

/* A channel of 16 or 32 bits: value & mask, from bit `shift` on. */
typedef struct Field {
    uint32_t mask, most; /* most: the largest value of the channel */
    unsigned shift;
} Field;

typedef struct Bmp {
    size_t width, height, row; /* row: bytes in the file, padding included */
    bool top_down;
    unsigned bits;
    uint32_t compression;
    Field field[3]; /* red, green, blue of 16 and 32 bits */
    const uint8_t *palette, *pixels;
    size_t colours, colour_size; /* palette entries: blue, green, red[, 0] */
    uint8_t *unpacked;           /* of run lengths: [height, width] indices, top down; or NULL */
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

/* A mask must be one run of bits. */
static bool field_make(Field *out, uint32_t mask) {
    *out = (Field){.mask = mask};
    if (mask == 0) return false;
    while (!(mask >> out->shift & 1)) out->shift++;
    out->most = mask >> out->shift;
    return (out->most & (out->most + 1)) == 0;
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
    return VOXPERT_OK;
}

static bool is_packed(const Bmp *b) { return b->compression == RLE8 || b->compression == RLE4; }

/* Run lengths make 255 pixels of two bytes at best. */
static Status size_check(const Bmp *b, const ImageSource *s, Error *error) {
    if (is_packed(b)) return image_plausible(s, "BMP", b->width, b->height, b->width, 128, error);
    return image_plausible(s, "BMP", b->width, b->height, b->row, 1, error);
}

/* Masks lie inside a longer header, or behind this one. */
static Status fields_read(Bmp *b, const ImageSource *s, Error *error) {
    const uint8_t *masks = s->bytes + FILE_HEADER + INFO_HEADER;
    if (s->size < FILE_HEADER + INFO_HEADER + 12)
        return image_refuse(s, error, "the BMP channel masks are cut");
    for (size_t i = 0; i < 3; i++) {
        if (!field_make(&b->field[i], number(masks + 4 * i, 4)))
            return image_refuse(s, error, "BMP channel mask %#x is not one run of bits",
                                number(masks + 4 * i, 4));
    }
    return VOXPERT_OK;
}

static Status compression_read(Bmp *b, const ImageSource *s, bool core, Error *error) {
    static const uint32_t usual[2][3] = {{0x7c00, 0x3e0, 0x1f}, {0xff0000, 0xff00, 0xff}};
    b->compression = core ? PLAIN : number(s->bytes + FILE_HEADER + 16, 4);
    for (size_t i = 0; i < 3; i++) field_make(&b->field[i], usual[b->bits == 32][i]);
    bool fields = b->compression == FIELDS || b->compression == ALPHA_FIELDS;
    if (fields && (b->bits == 16 || b->bits == 32)) return fields_read(b, s, error);
    bool packed =
        (b->compression == RLE8 && b->bits == 8) || (b->compression == RLE4 && b->bits == 4);
    if (b->compression == PLAIN || (packed && !b->top_down)) return VOXPERT_OK;
    return image_refuse(s, error, "BMP compression %u with %u bits per pixel is not read",
                        b->compression, b->bits);
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
    if (!status) status = compression_read(b, s, core, error);
    if (!status) status = size_check(b, s, error);
    if (!status) status = palette_find(b, s, header, error);
    if (status) return status;
    size_t offset = number(s->bytes + 10, 4);
    if (offset > s->size || (!is_packed(b) && b->row * b->height > s->size - offset))
        return image_refuse(s, error, "the BMP pixels are cut: expected %zu bytes, found %zu",
                            b->row * b->height, offset > s->size ? 0 : s->size - offset);
    b->pixels = s->bytes + offset;
    return VOXPERT_OK;
}

/* ---- Run lengths ------------------------------------------------------------------------ */

/* Writes pixels from the bottom row up, left to right; what is passed over stays index 0. */
typedef struct RunWriter {
    const Bmp *b;
    const uint8_t *in, *end;
    size_t x, y; /* y: from the bottom */
} RunWriter;

static bool run_put(RunWriter *r, unsigned index) {
    if (r->x >= r->b->width || r->y >= r->b->height) return false;
    r->b->unpacked[(r->b->height - 1 - r->y) * r->b->width + r->x++] = (uint8_t)index;
    return true;
}

/* `count` pixels; of 4 bits, the two halves of a byte take turns. */
static bool run_repeat(RunWriter *r, size_t count, unsigned value) {
    bool ok = true, halves = r->b->bits == 4;
    for (size_t i = 0; ok && i < count; i++)
        ok = run_put(r, halves ? (i % 2 ? value & 15 : value >> 4) : value);
    return ok;
}

/* `count` pixels as they are, padded to two bytes. */
static bool run_copy(RunWriter *r, size_t count) {
    bool ok = true, halves = r->b->bits == 4;
    size_t bytes = halves ? (count + 1) / 2 : count;
    if (bytes > (size_t)(r->end - r->in)) return false;
    for (size_t i = 0; ok && i < count; i++)
        ok = run_put(r, halves ? (i % 2 ? r->in[i / 2] & 15u : r->in[i / 2] >> 4) : r->in[i]);
    r->in += bytes;
    if (bytes % 2 && r->in < r->end) r->in++;
    return ok;
}

/* One code of two bytes or more.  *done: the end of the bitmap. */
static bool run_step(RunWriter *r, bool *done) {
    if (r->end - r->in < 2) return false;
    unsigned count = r->in[0], value = r->in[1];
    r->in += 2;
    if (count) return run_repeat(r, count, value);
    if (value > 2) return run_copy(r, value);
    *done = value == 1;
    if (value == 0) r->x = 0, r->y++;
    if (value != 2) return true;
    if (r->end - r->in < 2) return false;
    r->x += r->in[0];
    r->y += r->in[1];
    r->in += 2;
    return true;
}

static Status runs_unpack(Bmp *b, const ImageSource *s, Error *error) {
    if (!is_packed(b)) return VOXPERT_OK;
    b->unpacked = memory_new(b->width * b->height);
    if (!b->unpacked)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to read it", s->name);
    RunWriter r = {.b = b, .in = b->pixels, .end = s->bytes + s->size};
    bool done = false;
    while (!done && run_step(&r, &done)) continue;
    /* A missing end is harmless behind the last pixel of the top row. */
    bool full = r.y >= b->height || (r.y == b->height - 1 && r.x >= b->width);
    if (done || (full && r.in >= r.end)) return VOXPERT_OK;
    return image_refuse(s, error, "the BMP run lengths are damaged or cut at row %zu of %zu", r.y,
                        b->height);
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
        uint32_t packed = pixel == 3 ? 0 : number(in, pixel);
        for (size_t i = 0; i < 3; i++) {
            const Field *f = &b->field[i];
            out[i] = pixel == 3
                         ? in[2 - i]
                         : (uint8_t)((uint64_t)((packed & f->mask) >> f->shift) * 255 / f->most);
        }
    }
}

/* Rows of palette indices, one byte each: unpacked run lengths, or bits of the file. */
static const uint8_t *row_indices(uint8_t *buffer, const Bmp *b, size_t y) {
    if (b->unpacked) return b->unpacked + y * b->width;
    const uint8_t *in = b->pixels + (b->top_down ? y : b->height - 1 - y) * b->row;
    image_unpack_bits(buffer, in, b->width, b->bits, false);
    return buffer;
}

static Status rows_read(Volume *v, const Bmp *b, Error *error) {
    uint8_t *buffer = memory_new(b->palette ? b->width : 1);
    if (!buffer)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to read it", volume_name(v));
    for (size_t y = 0; y < b->height; y++) {
        uint8_t *out = (uint8_t *)v->samples + y * b->width * v->channels;
        if (!b->palette)
            row_from_colours(out, b->pixels + (b->top_down ? y : b->height - 1 - y) * b->row, b);
        else if (v->labels)
            memcpy(out, row_indices(buffer, b, y), b->width);
        else
            row_from_palette(out, row_indices(buffer, b, y), b, v->channels);
    }
    memory_free(buffer);
    return VOXPERT_OK;
}

static void palette_check(Volume *v, const Bmp *b) {
    uint8_t rgb[256][3];
    for (size_t i = 0; i < b->colours; i++) {
        for (size_t c = 0; c < 3; c++) rgb[i][c] = b->palette[i * b->colour_size + 2 - c];
    }
    label_file_check_palette(v, rgb[0], b->colours);
}

/* What the masks of 32 bits leave out is reserved, but programs write opacity there. */
static void opacity_check(Volume *v, const Bmp *b) {
    uint32_t rest = ~(b->field[0].mask | b->field[1].mask | b->field[2].mask), first = 0;
    bool differ = false;
    for (size_t y = 0; y < b->height && b->bits == 32 && !b->palette; y++) {
        const uint8_t *in = b->pixels + y * b->row;
        if (y == 0) first = number(in, 4) & rest;
        for (size_t x = 0; x < b->width; x++) differ |= (number(in + 4 * x, 4) & rest) != first;
    }
    if (differ) volume_warn(v, "BMP: the fourth channel, which the format reserves, is not used");
}

static Status bmp_read(Volume *v, const ImageSource *s, Error *error) {
    Bmp b;
    Status status = header_read(&b, s, error);
    if (status) return status;
    v->width = b.width;
    v->height = b.height;
    v->indexed = b.palette && v->labels;
    v->channels = b.palette && (v->labels || palette_is_grey(&b)) ? 1 : 3;
    status = image_reserve(v, s, is_packed(&b) ? b.width * b.height : 0, error);
    if (!status) status = runs_unpack(&b, s, error);
    if (!status) status = rows_read(v, &b, error);
    memory_free(b.unpacked);
    if (!status && v->indexed) palette_check(v, &b);
    if (!status) opacity_check(v, &b);
    return status;
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

static Status bmp_write(const Volume *v, Output to, Error *error) {
    size_t row = (v->width * v->channels + 3) / 4 * 4;
    if (v->frames != 1 || v->depth != 1 || v->type != SAMPLE_U8 ||
        (v->channels != 1 && v->channels != 3) || v->width > 0xffff || v->height > 0xffff ||
        row * v->height > INT32_MAX)
        return error_set(
            error, VOXPERT_BAD_ARGUMENT,
            "%s: BMP holds one picture of 1 or 3 channels of 8 bits under 2 GB, not %zu "
            "slices of %zu channels of %s",
            to.name, v->frames * v->depth, v->channels, sample_name(v->type));
    FileWriter file;
    Status status = file_writer_open_to(&file, to, error);
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
