/* png.c - PNG (ISO/IEC 15948) through libpng, behind our own check of the header.
 *
 * As images: palettes become RGB, or RGBA where they carry transparency; 1-, 2- and 4-bit grey is
 * scaled to 0..255; a transparent colour of grey or RGB (tRNS) and gamma change no sample.  Text
 * and colour profiles are passed over unread: they may inflate to anything.  The orientation in an
 * eXIf chunk is applied as a JPEG's is.  A file that ends without IEND is read where its pixels are
 * all there. */
#include <errno.h>
#include <png.h>
#include <setjmp.h>
#include <string.h>
#include <zlib.h>

#include "base/byte_stream.h"
#include "base/files.h"
#include "base/memory.h"
#include "image/formats/format.h"
#include "image/label_file.h"

/* ---- Between libpng and us -------------------------------------------------------------- */

typedef struct Png {
    png_structp png;
    png_infop info;
    const uint8_t *bytes; /* what is left to read */
    size_t left;
    bool add_end; /* the file has no IEND: one is given to libpng after its last whole chunk */
    FILE *stream; /* where to write */
    bool no_memory, write_failed;
    uint8_t palette[256][3];
    size_t colours;      /* in the palette */
    char complaint[160]; /* libpng's own words */
} Png;

static void png_failed(png_structp png, png_const_charp message) {
    Png *p = png_get_error_ptr(png);
    snprintf(p->complaint, sizeof p->complaint, "%s", message);
    png_longjmp(png, 1);
}

static void png_warned(png_structp png, png_const_charp message) {
    (void)png;
    (void)message; /* what libpng only warns of leaves the samples as they are */
}

static png_voidp png_memory(png_structp png, png_alloc_size_t size) {
    Png *p = png_get_mem_ptr(png);
    void *memory = memory_new(size);
    if (!memory) p->no_memory = true;
    return memory;
}

static void png_release(png_structp png, png_voidp memory) {
    (void)png;
    memory_free(memory);
}

static void png_take(png_structp png, png_bytep out, size_t size) {
    static const uint8_t end[12] = "\0\0\0\0IEND\xae\x42\x60\x82";
    Png *p = png_get_io_ptr(png);
    if (p->left == 0 && p->add_end) {
        p->bytes = end;
        p->left = sizeof end;
        p->add_end = false;
    }
    if (size > p->left) png_error(png, "the file ends early");
    memcpy(out, p->bytes, size);
    p->bytes += size;
    p->left -= size;
}

static void png_put(png_structp png, png_bytep bytes, size_t size) {
    Png *p = png_get_io_ptr(png);
    errno = 0;
    if (fwrite(bytes, 1, size, p->stream) == size) return;
    p->write_failed = true;
    png_error(png, strerror(errno ? errno : EIO));
}

static void png_flushed(png_structp png) { (void)png; }

/* ---- Header ----------------------------------------------------------------------------- */

static const uint8_t signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

static bool png_recognizes(const uint8_t *bytes, size_t size) {
    return size >= sizeof signature && memcmp(bytes, signature, sizeof signature) == 0;
}

typedef struct PngHeader {
    uint32_t width, height;
    unsigned depth, colour;
} PngHeader;

static uint32_t big_endian(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool depth_allowed(unsigned depth, unsigned colour) {
    switch (colour) {
    case PNG_COLOR_TYPE_GRAY:
        return depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16;
    case PNG_COLOR_TYPE_PALETTE:
        return depth == 1 || depth == 2 || depth == 4 || depth == 8;
    default:
        return depth == 8 || depth == 16;
    }
}

static size_t samples_stored(unsigned colour) {
    static const size_t samples[] = {1, 0, 3, 1, 2, 0, 4};
    return colour < 7 ? samples[colour] : 0;
}

static Status header_read(PngHeader *h, const ImageSource *s, Error *error) {
    if (!png_recognizes(s->bytes, s->size))
        return image_refuse(s, error, "is no PNG file: its signature is wrong");
    if (s->size < 33 || memcmp(s->bytes + 8, "\0\0\0\rIHDR", 8) != 0)
        return image_refuse(s, error, "the PNG header (IHDR) is missing or cut");
    const uint8_t *p = s->bytes + 16;
    *h = (PngHeader){big_endian(p), big_endian(p + 4), p[8], p[9]};
    if (h->width == 0 || h->height == 0)
        return image_refuse(s, error, "PNG width %u and height %u must not be 0", h->width,
                            h->height);
    size_t samples = samples_stored(h->colour);
    if (samples == 0) return image_refuse(s, error, "PNG colour type %u does not exist", h->colour);
    if (!depth_allowed(h->depth, h->colour))
        return image_refuse(s, error, "PNG bit depth %u does not exist for colour type %u",
                            h->depth, h->colour);
    size_t row = ((size_t)h->width * samples * h->depth + 7) / 8;
    return image_plausible(s, "PNG", h->width, h->height, row, DEFLATE_MOST, error);
}

/* What lies outside the pixels; libpng is not asked, because it may be damaged without harm. */
typedef struct PngChunks {
    size_t whole; /* where the last chunk that is all there ends */
    bool pixels;  /* there is a whole IDAT */
    bool end;     /* there is an IEND */
    int orientation;
} PngChunks;

/* `chunk`: length, name, `length` bytes and their checksum. */
static bool chunk_sum_right(const uint8_t *chunk, size_t length) {
    uLong sum = crc32_z(0, chunk + 4, length + 4);
    return sum == big_endian(chunk + 8 + length);
}

static PngChunks chunks_find(const ImageSource *s) {
    PngChunks found = {.whole = sizeof signature};
    while (!found.end && s->size - found.whole >= 12) {
        const uint8_t *chunk = s->bytes + found.whole;
        size_t length = big_endian(chunk);
        if (length > s->size - found.whole - 12) break;
        if (memcmp(chunk + 4, "IDAT", 4) == 0) found.pixels = true;
        if (memcmp(chunk + 4, "IEND", 4) == 0) found.end = true;
        if (memcmp(chunk + 4, "eXIf", 4) == 0 && chunk_sum_right(chunk, length))
            found.orientation = exif_orientation(chunk + 8, length);
        found.whole += length + 12;
    }
    return found;
}

/* ---- Reading ---------------------------------------------------------------------------- */

static void chunks_pass_over(png_structp png) {
    static const png_byte names[] = "tEXt\0zTXt\0iTXt\0iCCP\0eXIf\0sPLT";
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, names, 6);
}

static Status reader_open(Png *p, const ImageSource *s, const PngChunks *chunks, Error *error) {
    bool cut = chunks->pixels && !chunks->end;
    *p = (Png){.bytes = s->bytes, .left = cut ? chunks->whole : s->size, .add_end = cut};
    p->png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, p, png_failed, png_warned, p,
                                      png_memory, png_release);
    if (p->png) p->info = png_create_info_struct(p->png);
    if (p->info) return VOXPERT_OK;
    png_destroy_read_struct(&p->png, NULL, NULL);
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to read a PNG file", s->name);
}

/* What libpng shall make of the samples, and what `v` will hold of them. */
static void transform_choose(Volume *v, const Png *p, const PngHeader *h) {
    bool palette = h->colour == PNG_COLOR_TYPE_PALETTE;
    if (h->depth == 16) png_set_swap(p->png);
    if (palette && !v->labels) png_set_palette_to_rgb(p->png);
    if (h->depth < 8 && (palette ? v->labels : true)) {
        if (v->labels)
            png_set_packing(p->png);
        else
            png_set_expand_gray_1_2_4_to_8(p->png);
    }
    v->indexed = palette && v->labels;
    v->type = h->depth == 16 ? SAMPLE_U16 : SAMPLE_U8;
    v->width = h->width;
    v->height = h->height;
}

static void palette_keep(Png *p) {
    png_colorp palette = NULL;
    int colours = 0;
    if (!png_get_PLTE(p->png, p->info, &palette, &colours)) return;
    for (int i = 0; i < colours && i < 256; i++) {
        p->palette[i][0] = palette[i].red;
        p->palette[i][1] = palette[i].green;
        p->palette[i][2] = palette[i].blue;
        p->colours++;
    }
}

static void channels_settle(Volume *v, const Png *p) {
    png_set_interlace_handling(p->png);
    png_read_update_info(p->png, p->info);
    v->channels = png_get_channels(p->png, p->info);
    v->alpha = v->channels == 2 || v->channels == 4;
}

/* Begins to read; false where libpng gave up. */
static bool reader_begin(Volume *v, Png *p, const PngHeader *h) {
    if (setjmp(png_jmpbuf(p->png))) return false;
    png_set_read_fn(p->png, p, png_take);
    png_set_user_limits(p->png, 0x7fffffff, 0x7fffffff);
    chunks_pass_over(p->png);
    png_read_info(p->png, p->info);
    palette_keep(p);
    transform_choose(v, p, h);
    channels_settle(v, p);
    return true;
}

static bool reader_rows(const Volume *v, Png *p, const PngHeader *h) {
    if (setjmp(png_jmpbuf(p->png))) return false;
    size_t row = v->width * v->channels * sample_size(v->type);
    if (png_get_rowbytes(p->png, p->info) != row) png_error(p->png, "unexpected row size");
    bool interlaced = png_get_interlace_type(p->png, p->info) != PNG_INTERLACE_NONE;
    for (int pass = 0; pass < (interlaced ? PNG_INTERLACE_ADAM7_PASSES : 1); pass++) {
        for (size_t y = 0; y < h->height; y++)
            png_read_row(p->png, (uint8_t *)v->samples + y * row, NULL);
    }
    png_read_end(p->png, NULL);
    return true;
}

static Status reader_failed(const Png *p, const ImageSource *s, Error *error) {
    if (p->no_memory)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to read a PNG file", s->name);
    return image_refuse(s, error, "the PNG data are damaged or cut: %s", p->complaint);
}

static Status png_read(Volume *v, const ImageSource *s, Error *error) {
    PngHeader h = {0};
    Status status = header_read(&h, s, error);
    if (status) return status;
    Png p;
    PngChunks chunks = chunks_find(s);
    v->orientation = chunks.orientation;
    status = reader_open(&p, s, &chunks, error);
    if (status) return status;
    if (!reader_begin(v, &p, &h)) status = reader_failed(&p, s, error);
    if (!status) status = image_reserve(v, s, 0, error);
    if (!status && !reader_rows(v, &p, &h)) status = reader_failed(&p, s, error);
    png_destroy_read_struct(&p.png, &p.info, NULL);
    if (status) return status;
    if (v->indexed) label_file_check_palette(v, p.palette[0], p.colours);
    if (!chunks.end) volume_warn(v, "PNG: the file is cut after its pixels, which are all there");
    return s->options.ignore_exif ? VOXPERT_OK : image_turn(v, v->orientation, error);
}

/* ---- Writing ---------------------------------------------------------------------------- */

static const int colour_types[] = {-1, PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA,
                                   PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGB_ALPHA};

static Status png_can_hold(const Volume *v, const char *path, Error *error) {
    bool type = v->type == SAMPLE_U8 || v->type == SAMPLE_U16;
    if (v->frames == 1 && v->depth == 1 && v->channels <= 4 && type && v->width <= 0x7fffffff &&
        v->height <= 0x7fffffff)
        return VOXPERT_OK;
    return error_set(error, VOXPERT_BAD_ARGUMENT,
                     "%s: PNG holds one picture of 1 to 4 channels of 8 or 16 bits, not %zu slices "
                     "of %zu channels of %s",
                     path, v->frames * v->depth, v->channels, sample_name(v->type));
}

static bool writer_rows(Png *p, const Volume *v) {
    if (setjmp(png_jmpbuf(p->png))) return false;
    size_t row = v->width * v->channels * sample_size(v->type);
    png_set_write_fn(p->png, p, png_put, png_flushed);
    png_set_user_limits(p->png, 0x7fffffff, 0x7fffffff);
    png_set_IHDR(p->png, p->info, (png_uint_32)v->width, (png_uint_32)v->height,
                 (int)(8 * sample_size(v->type)), colour_types[v->channels], PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(p->png, p->info);
    if (v->type == SAMPLE_U16) png_set_swap(p->png);
    for (size_t y = 0; y < v->height; y++)
        png_write_row(p->png, (const uint8_t *)v->samples + y * row);
    png_write_end(p->png, NULL);
    return true;
}

static Status writer_open(Png *p, FileWriter *file, Output to, Error *error) {
    *p = (Png){0};
    Status status = file_writer_open_to(file, to, error);
    if (status) return status;
    p->stream = file->stream;
    p->png = png_create_write_struct_2(PNG_LIBPNG_VER_STRING, p, png_failed, png_warned, p,
                                       png_memory, png_release);
    if (p->png) p->info = png_create_info_struct(p->png);
    if (p->info) return VOXPERT_OK;
    png_destroy_write_struct(&p->png, NULL);
    file_writer_abort(file);
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to write a PNG file", to.name);
}

static Status png_write(const Volume *v, Output to, Error *error) {
    Png p;
    FileWriter file;
    Status status = png_can_hold(v, to.name, error);
    if (!status) status = writer_open(&p, &file, to, error);
    if (status) return status;
    bool written = writer_rows(&p, v);
    png_destroy_write_struct(&p.png, &p.info);
    if (written) return file_writer_commit(&file, error);
    file_writer_abort(&file);
    return error_set(error, p.no_memory ? VOXPERT_OUT_OF_MEMORY : VOXPERT_BAD_OUTPUT,
                     "%s: the PNG file cannot be written: %s", to.name, p.complaint);
}

static const char *const extensions[] = {".png", NULL};

const ImageFormat format_png = {"PNG", extensions, png_recognizes, png_read, png_write};
