/* tiff_page.c - one page of a TIFF file: strips or tiles to samples. */
#include <string.h>

#include "base/byte_stream.h"
#include "base/memory.h"
#include "base/size.h"
#include "image/formats/tiff.h"

/* ---- What a directory says -------------------------------------------------------------- */

/* How much one byte can become at best.  LZW: codes of 9 to 12 bits for at most 3,838 bytes each,
 * 1,333 on average.  CCITT codes a row in one bit, however long: its rows are counted instead. */
static const struct {
    uint16_t code;
    size_t most;
} compressions[] = {{COMPRESSION_NONE, 1},
                    {COMPRESSION_PACKBITS, 64},
                    {COMPRESSION_LZW, 1400},
                    {COMPRESSION_ADOBE_DEFLATE, DEFLATE_MOST},
                    {COMPRESSION_DEFLATE, DEFLATE_MOST},
                    {COMPRESSION_CCITTRLE, 0},
                    {COMPRESSION_CCITTFAX3, 0},
                    {COMPRESSION_CCITTFAX4, 0}};
enum { COMPRESSIONS = sizeof compressions / sizeof *compressions };

static void fields_read(TiffPage *p, TIFF *t) {
    uint16_t extra = 0, *extra_kinds = NULL;
    *p = (TiffPage){0};
    TIFFGetField(t, TIFFTAG_IMAGEWIDTH, &p->width);
    TIFFGetField(t, TIFFTAG_IMAGELENGTH, &p->height);
    TIFFGetFieldDefaulted(t, TIFFTAG_SAMPLESPERPIXEL, &p->samples);
    TIFFGetFieldDefaulted(t, TIFFTAG_BITSPERSAMPLE, &p->bits);
    TIFFGetFieldDefaulted(t, TIFFTAG_SAMPLEFORMAT, &p->format);
    TIFFGetFieldDefaulted(t, TIFFTAG_PLANARCONFIG, &p->planar);
    TIFFGetFieldDefaulted(t, TIFFTAG_COMPRESSION, &p->compression);
    TIFFGetFieldDefaulted(t, TIFFTAG_ORIENTATION, &p->orientation);
    TIFFGetFieldDefaulted(t, TIFFTAG_EXTRASAMPLES, &extra, &extra_kinds);
    p->photometric = p->samples >= 3 ? PHOTOMETRIC_RGB : PHOTOMETRIC_MINISBLACK;
    TIFFGetField(t, TIFFTAG_PHOTOMETRIC, &p->photometric);
    p->alpha = extra > 0 && (p->samples == 2 || p->samples == 4);
    p->tiled = TIFFIsTiled(t) != 0;
    p->block_width = p->width;
    p->block_height = p->height;
    if (p->tiled) {
        TIFFGetField(t, TIFFTAG_TILEWIDTH, &p->block_width);
        TIFFGetField(t, TIFFTAG_TILELENGTH, &p->block_height);
    } else {
        TIFFGetFieldDefaulted(t, TIFFTAG_ROWSPERSTRIP, &p->block_height);
        if (p->block_height > p->height) p->block_height = p->height;
    }
}

static bool samples_readable(const TiffPage *p) {
    switch (p->format) {
    case SAMPLEFORMAT_UINT:
    case SAMPLEFORMAT_VOID:
        return p->bits == 8 || p->bits == 16 || p->bits == 32 ||
               (p->samples == 1 && (p->bits == 1 || p->bits == 2 || p->bits == 4));
    case SAMPLEFORMAT_INT:
        return p->bits == 8 || p->bits == 16 || p->bits == 32;
    case SAMPLEFORMAT_IEEEFP:
        return p->bits == 32 || p->bits == 64;
    default:
        return false;
    }
}

static bool colours_readable(const TiffPage *p) {
    switch (p->photometric) {
    case PHOTOMETRIC_MINISWHITE:
    case PHOTOMETRIC_MINISBLACK:
        return true;
    case PHOTOMETRIC_RGB:
        return p->samples >= 3;
    case PHOTOMETRIC_PALETTE:
        return p->samples == 1 && p->bits <= 8 && p->format != SAMPLEFORMAT_INT;
    default:
        return false;
    }
}

/* A page, or a block of it, of this size. */
static Status size_check(const TiffPage *p, const ImageSource *s, uint32_t width, uint32_t height,
                         Error *error) {
    size_t row_bits = (size_t)width * p->samples * p->bits; /* below 2^64: 32 + 16 + 7 bits */
    for (size_t i = 0; i < COMPRESSIONS; i++) {
        if (compressions[i].code != p->compression) continue;
        if (compressions[i].most == 0)
            return image_plausible(s, "TIFF", width, height, 1, 8, error);
        return image_plausible(s, "TIFF", width, height, (row_bits + 7) / 8, compressions[i].most,
                               error);
    }
    return image_refuse(s, error, "TIFF compression %u is not read", p->compression);
}

Status tiff_page_describe(TiffPage *p, const TiffFile *file, Error *error) {
    const ImageSource *s = file->source;
    fields_read(p, file->tiff);
    if (p->width == 0 || p->height == 0)
        return image_refuse(s, error, "TIFF width %u and height %u must not be 0", p->width,
                            p->height);
    if (p->samples == 0 || !samples_readable(p))
        return image_refuse(s, error,
                            "TIFF samples of %u bits (format %u, %u per pixel) are not read",
                            p->bits, p->format, p->samples);
    if (!colours_readable(p))
        return image_refuse(s, error, "TIFF photometric interpretation %u is not read",
                            p->photometric);
    if (p->block_width == 0 || p->block_height == 0)
        return image_refuse(s, error, "TIFF blocks of %u x %u are impossible", p->block_width,
                            p->block_height);
    Status status = size_check(p, s, p->width, p->height, error);
    if (!status && p->planar == PLANARCONFIG_CONTIG)
        status = size_check(p, s, p->block_width, p->block_height, error);
    return status;
}

static SampleType sample_type(const TiffPage *p) {
    bool whole = p->format == SAMPLEFORMAT_INT;
    if (p->format == SAMPLEFORMAT_IEEEFP) return p->bits == 64 ? SAMPLE_F64 : SAMPLE_F32;
    if (p->bits == 32) return whole ? SAMPLE_I32 : SAMPLE_U32;
    if (p->bits == 16) return whole ? SAMPLE_I16 : SAMPLE_U16;
    return whole ? SAMPLE_I8 : SAMPLE_U8;
}

void tiff_page_layout(Volume *v, const TiffPage *p) {
    bool palette = p->photometric == PHOTOMETRIC_PALETTE;
    v->width = p->width;
    v->height = p->height;
    v->type = sample_type(p);
    v->channels = palette && !v->labels ? 3 : p->samples;
    v->indexed = palette && v->labels;
    v->alpha = p->alpha;
}

/* ---- Samples ---------------------------------------------------------------------------- */

typedef struct Decoder {
    TiffFile *file;
    const TiffPage *page;
    const Volume *v;
    uint8_t *block, *out;
    size_t block_row;                   /* bytes of one row of a block */
    const uint16_t *red, *green, *blue; /* a palette to apply, or NULL */
    size_t inner;                       /* samples of a pixel that lie side by side */
} Decoder;

static void palette_apply(uint8_t *out, const uint8_t *indices, size_t count, const Decoder *d) {
    for (size_t i = 0; i < count; i++, out += 3) {
        out[0] = (uint8_t)(d->red[indices[i]] >> 8);
        out[1] = (uint8_t)(d->green[indices[i]] >> 8);
        out[2] = (uint8_t)(d->blue[indices[i]] >> 8);
    }
}

static void invert(void *samples, size_t count, SampleType type) {
    uint8_t *bytes = samples;
    uint16_t *words = samples;
    for (size_t i = 0; i < count; i++) {
        if (type == SAMPLE_U8) bytes[i] = (uint8_t)(255 - bytes[i]);
        if (type == SAMPLE_U16) words[i] = (uint16_t)(65535 - words[i]);
    }
}

/* `count` pixels of a block's row to pixel (x, y) on; `plane` is the channel of separate planes. */
static void row_place(const Decoder *d, const uint8_t *in, size_t x, size_t y, size_t count,
                      size_t plane) {
    const Volume *v = d->v;
    const TiffPage *p = d->page;
    size_t sample = sample_size(v->type), pixel = v->channels * sample;
    uint8_t *out = d->out + (y * v->width + x) * pixel;
    uint8_t bits[8] = {0};
    if (d->red) {
        for (size_t i = 0, per_byte = 8u / p->bits; i < count; i += per_byte, out += 3 * per_byte) {
            image_unpack_bits(bits, in + i / per_byte, per_byte, p->bits, false);
            palette_apply(out, bits, size_min(per_byte, count - i), d);
        }
    } else if (p->bits < 8) {
        bool grey = !v->labels && p->photometric != PHOTOMETRIC_PALETTE;
        image_unpack_bits(out, in, count, p->bits, grey);
    } else if (d->inner == v->channels) {
        memcpy(out, in, count * pixel);
    } else {
        for (size_t i = 0; i < count; i++)
            memcpy(out + i * pixel + plane * sample, in + i * sample, sample);
    }
}

static Status block_read(const Decoder *d, uint32_t x, uint32_t y, uint16_t plane, Error *error) {
    TIFF *t = d->file->tiff;
    const TiffPage *p = d->page;
    size_t width = size_min(p->block_width, p->width - x);
    size_t height = size_min(p->block_height, p->height - y);
    size_t bytes = (p->tiled ? p->block_height : height) * d->block_row;
    uint32_t index = p->tiled ? TIFFComputeTile(t, x, y, 0, plane) : TIFFComputeStrip(t, y, plane);
    tmsize_t got = p->tiled ? TIFFReadEncodedTile(t, index, d->block, (tmsize_t)bytes)
                            : TIFFReadEncodedStrip(t, index, d->block, (tmsize_t)bytes);
    if (got < 0 || (size_t)got != bytes || d->file->complained)
        return image_refuse(d->file->source, error,
                            "TIFF block %u is damaged or cut: expected %zu bytes, found %lld%s%s",
                            index, bytes, (long long)(got < 0 ? 0 : got),
                            d->file->complained ? ": " : "", d->file->complaint);
    for (size_t row = 0; row < height; row++)
        row_place(d, d->block + row * d->block_row, x, y + row, width, plane);
    return VOXPERT_OK;
}

static Status blocks_read(const Decoder *d, Error *error) {
    const TiffPage *p = d->page;
    uint16_t planes = d->inner == 1 ? p->samples : 1;
    Status status = VOXPERT_OK;
    for (uint16_t plane = 0; plane < planes; plane++) {
        for (uint64_t y = 0; !status && y < p->height; y += p->block_height) {
            for (uint64_t x = 0; !status && x < p->width; x += p->block_width)
                status = block_read(d, (uint32_t)x, (uint32_t)y, plane, error);
        }
    }
    return status;
}

/* Tiles may be larger than the page and are decoded whole. */
static Status block_reserve(Decoder *d, Error *error) {
    const TiffPage *p = d->page;
    size_t row_bits = (size_t)p->block_width * d->inner * p->bits, bytes;
    d->block_row = (row_bits + 7) / 8;
    tmsize_t announced = p->tiled ? TIFFTileSize(d->file->tiff) : TIFFStripSize(d->file->tiff);
    const ImageSource *s = d->file->source;
    if (!size_multiply(&bytes, d->block_row, p->block_height) || bytes > s->options.max_bytes)
        return error_set(error, VOXPERT_OUT_OF_MEMORY,
                         "%s: the size of a TIFF block (%u x %u) is over --max-memory", s->name,
                         p->block_width, p->block_height);
    if (announced <= 0 || (size_t)announced != bytes)
        return image_refuse(s, error, "TIFF blocks of %u x %u are of an unknown layout",
                            p->block_width, p->block_height);
    d->block = memory_new(bytes);
    if (d->block) return VOXPERT_OK;
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for a block of it", s->name);
}

Status tiff_page_read(void *out, TiffFile *file, const TiffPage *page, const Volume *v,
                      Error *error) {
    bool separate = page->planar == PLANARCONFIG_SEPARATE && page->samples > 1;
    Decoder d = {.file = file, .page = page, .v = v, .out = out};
    d.inner = separate ? 1 : page->samples;
    if (page->photometric == PHOTOMETRIC_PALETTE && !v->labels) {
        uint16_t *red, *green, *blue;
        if (!TIFFGetField(file->tiff, TIFFTAG_COLORMAP, &red, &green, &blue))
            return image_refuse(file->source, error, "the TIFF colour map is missing");
        d.red = red, d.green = green, d.blue = blue;
    }
    Status status = block_reserve(&d, error);
    if (d.block) status = blocks_read(&d, error);
    memory_free(d.block);
    if (!status && page->photometric == PHOTOMETRIC_MINISWHITE && !v->labels)
        invert(out, (size_t)page->width * page->height * v->channels, v->type);
    return status;
}
