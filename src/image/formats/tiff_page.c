/* tiff_page.c - one page of a TIFF file: strips or tiles to samples. */
#include <stdio.h>
#include <string.h>

#include "base/byte_stream.h"
#include "base/memory.h"
#include "base/size.h"
#include "image/formats/tiff.h"

/* ---- What a directory says -------------------------------------------------------------- */

/* How much one byte can become at best.  LZW: codes of 9 to 12 bits for at most 3,838 bytes each,
 * 1,333 on average.  zstd: a block of 128 KiB in 3 bytes, if nothing is new.  LZMA: 273 bytes in
 * about a third of a bit.  JPEG: six blocks of 64 samples in a few bits, or fewer blocks of other
 * sampling.  CCITT codes a row in one bit, however long: its rows are counted instead. */
static const struct {
    uint16_t code;
    size_t most;
} compressions[] = {{COMPRESSION_NONE, 1},
                    {COMPRESSION_PACKBITS, 64},
                    {COMPRESSION_LZW, 1400},
                    {COMPRESSION_ADOBE_DEFLATE, DEFLATE_MOST},
                    {COMPRESSION_DEFLATE, DEFLATE_MOST},
                    {COMPRESSION_ZSTD, 43691},
                    {COMPRESSION_LZMA, 8192},
                    {COMPRESSION_JPEG, 2048},
                    {COMPRESSION_CCITTRLE, 0},
                    {COMPRESSION_CCITTFAX3, 0},
                    {COMPRESSION_CCITTFAX4, 0}};
enum { COMPRESSIONS = sizeof compressions / sizeof *compressions };

static const struct {
    uint16_t code;
    const char *name;
} other_compressions[] = {{COMPRESSION_OJPEG, "JPEG of before 1995"},
                          {COMPRESSION_JBIG, "JBIG"},
                          {COMPRESSION_LERC, "LERC"},
                          {COMPRESSION_WEBP, "WebP"},
                          {COMPRESSION_JXL, "JPEG XL"},
                          {COMPRESSION_JP2000, "JPEG 2000"},
                          {33003, "JPEG 2000"},
                          {33005, "JPEG 2000"},
                          {COMPRESSION_SGILOG, "SGI LogLuv"},
                          {COMPRESSION_PIXARLOG, "PixarLog"},
                          {COMPRESSION_NEXT, "NeXT"},
                          {COMPRESSION_THUNDERSCAN, "ThunderScan"}};

static const char *compression_name(uint16_t code) {
    for (size_t i = 0; i < sizeof other_compressions / sizeof *other_compressions; i++) {
        if (other_compressions[i].code == code) return other_compressions[i].name;
    }
    return "unknown";
}

bool tiff_page_is_aside(TIFF *t) {
    uint32_t kind = 0;
    return TIFFGetField(t, TIFFTAG_SUBFILETYPE, &kind) &&
           (kind & (FILETYPE_REDUCEDIMAGE | FILETYPE_MASK)) != 0;
}

static void extra_samples_read(TiffPage *p, TIFF *t) {
    uint16_t extra = 0, *kinds = NULL;
    TIFFGetFieldDefaulted(t, TIFFTAG_EXTRASAMPLES, &extra, &kinds);
    bool last = extra == 1 && (p->samples == 2 || p->samples == 4);
    p->unspecified = last && kinds && kinds[0] == EXTRASAMPLE_UNSPECIFIED;
    p->alpha = extra > 0 && (p->samples == 4 || (p->samples == 2 && !p->unspecified));
}

static void blocks_describe(TiffPage *p, TIFF *t) {
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

/* JPEG blocks are made RGB by libjpeg; other YCbCr is ours. */
static void chroma_read(TiffPage *p, TIFF *t) {
    p->chroma_width = p->chroma_height = 1;
    if (p->photometric != PHOTOMETRIC_YCBCR) return;
    if (p->compression == COMPRESSION_JPEG && p->planar == PLANARCONFIG_CONTIG) {
        TIFFSetField(t, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
        p->photometric = PHOTOMETRIC_RGB;
    } else {
        TIFFGetFieldDefaulted(t, TIFFTAG_YCBCRSUBSAMPLING, &p->chroma_width, &p->chroma_height);
    }
}

static void fields_read(TiffPage *p, TIFF *t) {
    *p = (TiffPage){0};
    TIFFGetField(t, TIFFTAG_IMAGEWIDTH, &p->width);
    TIFFGetField(t, TIFFTAG_IMAGELENGTH, &p->height);
    TIFFGetFieldDefaulted(t, TIFFTAG_SAMPLESPERPIXEL, &p->samples);
    TIFFGetFieldDefaulted(t, TIFFTAG_BITSPERSAMPLE, &p->bits);
    TIFFGetFieldDefaulted(t, TIFFTAG_SAMPLEFORMAT, &p->format);
    TIFFGetFieldDefaulted(t, TIFFTAG_PLANARCONFIG, &p->planar);
    TIFFGetFieldDefaulted(t, TIFFTAG_COMPRESSION, &p->compression);
    TIFFGetFieldDefaulted(t, TIFFTAG_ORIENTATION, &p->orientation);
    p->photometric = p->samples >= 3 ? PHOTOMETRIC_RGB : PHOTOMETRIC_MINISBLACK;
    TIFFGetField(t, TIFFTAG_PHOTOMETRIC, &p->photometric);
    p->aside = tiff_page_is_aside(t);
    extra_samples_read(p, t);
    chroma_read(p, t);
    blocks_describe(p, t);
}

static bool is_whole(const TiffPage *p) {
    return p->format == SAMPLEFORMAT_UINT || p->format == SAMPLEFORMAT_VOID;
}

static bool samples_readable(const TiffPage *p) {
    bool bytes = p->bits == 8 || p->bits == 16 || p->bits == 32 || p->bits == 64;
    if (is_whole(p)) return bytes || (p->bits >= 1 && p->bits <= 15);
    if (p->format == SAMPLEFORMAT_INT) return bytes;
    return p->format == SAMPLEFORMAT_IEEEFP && bytes && p->bits >= 16;
}

static bool colours_readable(const TiffPage *p) {
    bool contiguous = p->planar == PLANARCONFIG_CONTIG && is_whole(p);
    switch (p->photometric) {
    case PHOTOMETRIC_MINISWHITE:
    case PHOTOMETRIC_MINISBLACK:
        return true;
    case PHOTOMETRIC_RGB:
        return p->samples >= 3;
    case PHOTOMETRIC_PALETTE:
        return p->samples == 1 && p->bits <= 8 && p->format != SAMPLEFORMAT_INT;
    case PHOTOMETRIC_SEPARATED:
        return p->samples == 4 && (p->bits == 8 || p->bits == 16) && contiguous;
    case PHOTOMETRIC_YCBCR:
        return p->samples == 3 && p->bits == 8 && contiguous &&
               (p->chroma_width == 1 || p->chroma_width == 2 || p->chroma_width == 4) &&
               (p->chroma_height == 1 || p->chroma_height == 2 || p->chroma_height == 4);
    default:
        return false;
    }
}

/* A page, or a block of it, of this size. */
static Status size_check(const TiffPage *p, const ImageSource *s, uint32_t width, uint32_t height,
                         Error *error) {
    size_t stored = tiff_is_ycbcr(p) ? 1 : p->samples;  /* colours may be shared by many pixels */
    size_t row_bits = (size_t)width * stored * p->bits; /* below 2^64: 32 + 16 + 7 bits */
    char what[40];
    snprintf(what, sizeof what, "TIFF (samples of %u bits)", p->bits);
    for (size_t i = 0; i < COMPRESSIONS; i++) {
        if (compressions[i].code != p->compression) continue;
        if (compressions[i].most == 0) return image_plausible(s, what, width, height, 1, 8, error);
        return image_plausible(s, what, width, height, (row_bits + 7) / 8, compressions[i].most,
                               error);
    }
    return image_refuse(s, error, "TIFF compression %u (%s) is not read", p->compression,
                        compression_name(p->compression));
}

static Status samples_check(const TiffPage *p, const ImageSource *s, Error *error) {
    bool complex = p->format == SAMPLEFORMAT_COMPLEXIEEEFP || p->format == SAMPLEFORMAT_COMPLEXINT;
    if (p->samples == 0 || !samples_readable(p))
        return image_refuse(s, error,
                            "TIFF samples of %u bits (format %u%s, %u per pixel) are not read",
                            p->bits, p->format, complex ? ", complex" : "", p->samples);
    if (!colours_readable(p))
        return image_refuse(s, error,
                            "TIFF photometric interpretation %u with %u samples of %u bits is not "
                            "read",
                            p->photometric, p->samples, p->bits);
    if (p->photometric == PHOTOMETRIC_MINISWHITE && p->format == SAMPLEFORMAT_IEEEFP &&
        !s->options.labels)
        return image_refuse(s, error,
                            "TIFF samples are floating point and white is zero: which value is "
                            "black is not defined; store them with black as zero");
    return VOXPERT_OK;
}

Status tiff_page_describe(TiffPage *p, const TiffFile *file, Error *error) {
    const ImageSource *s = file->source;
    fields_read(p, file->tiff);
    if (p->width == 0 || p->height == 0)
        return image_refuse(s, error, "TIFF width %u and height %u must not be 0", p->width,
                            p->height);
    Status status = samples_check(p, s, error);
    if (status) return status;
    if (p->block_width == 0 || p->block_height == 0)
        return image_refuse(s, error, "TIFF blocks of %u x %u are impossible", p->block_width,
                            p->block_height);
    status = size_check(p, s, p->width, p->height, error);
    if (!status && p->planar == PLANARCONFIG_CONTIG)
        status = size_check(p, s, p->block_width, p->block_height, error);
    return status;
}

static SampleType sample_type(const TiffPage *p) {
    bool whole = p->format == SAMPLEFORMAT_INT;
    if (p->format == SAMPLEFORMAT_IEEEFP) return p->bits == 64 ? SAMPLE_F64 : SAMPLE_F32;
    if (p->bits == 64) return whole ? SAMPLE_I64 : SAMPLE_U64;
    if (p->bits == 32) return whole ? SAMPLE_I32 : SAMPLE_U32;
    if (p->bits > 8) return whole ? SAMPLE_I16 : SAMPLE_U16;
    return whole ? SAMPLE_I8 : SAMPLE_U8;
}

void tiff_page_layout(Volume *v, const TiffPage *p) {
    bool palette = p->photometric == PHOTOMETRIC_PALETTE;
    v->width = p->width;
    v->height = p->height;
    v->type = sample_type(p);
    v->channels = (palette || tiff_is_cmyk(p)) && !v->labels ? 3 : p->samples;
    v->indexed = palette && v->labels;
    v->alpha = p->alpha;
}

/* ---- Blocks ----------------------------------------------------------------------------- */

typedef struct Decoder {
    TiffFile *file;
    const TiffPage *page;
    const Volume *v;
    TiffSamples samples;
    uint8_t *block, *out;
    uint8_t *scratch; /* a row of unpacked samples */
    size_t block_row; /* bytes of one row of a block; of plain YCbCr 0 */
    size_t inner;     /* samples of a pixel that lie side by side */
} Decoder;

/* `count` pixels of a block's row to pixel (x, y) on; `plane` is the channel of separate planes. */
static void row_place(const Decoder *d, const uint8_t *in, size_t x, size_t y, size_t count,
                      size_t plane) {
    const Volume *v = d->v;
    size_t sample = sample_size(v->type), pixel = v->channels * sample;
    uint8_t *out = d->out + (y * v->width + x) * pixel;
    in = tiff_row_unpack(&d->samples, d->scratch, in, count * d->inner);
    if (d->inner == d->page->samples) {
        tiff_row_convert(&d->samples, out, in, count);
    } else {
        for (size_t i = 0; i < count; i++)
            memcpy(out + i * pixel + plane * sample, in + i * sample, sample);
    }
}

/* Bytes of so many rows of a block. */
static size_t block_bytes(const Decoder *d, uint32_t rows) {
    if (tiff_is_ycbcr(d->page)) return tiff_ycbcr_size(d->page, d->page->block_width, rows);
    return rows * d->block_row;
}

static Status block_read(const Decoder *d, uint32_t x, uint32_t y, uint16_t plane, Error *error) {
    TIFF *t = d->file->tiff;
    const TiffPage *p = d->page;
    uint32_t width = (uint32_t)size_min(p->block_width, p->width - x);
    uint32_t height = (uint32_t)size_min(p->block_height, p->height - y);
    size_t bytes = block_bytes(d, p->tiled ? p->block_height : height);
    uint32_t index = p->tiled ? TIFFComputeTile(t, x, y, 0, plane) : TIFFComputeStrip(t, y, plane);
    tmsize_t got = p->tiled ? TIFFReadEncodedTile(t, index, d->block, (tmsize_t)bytes)
                            : TIFFReadEncodedStrip(t, index, d->block, (tmsize_t)bytes);
    if (got < 0 || (size_t)got != bytes || d->file->complained)
        return image_refuse(d->file->source, error,
                            "TIFF block %u is damaged or cut: expected %zu bytes, found %lld%s%s",
                            index, bytes, (long long)(got < 0 ? 0 : got),
                            d->file->complained ? ": " : "", d->file->complaint);
    size_t down = d->v->width * d->v->channels;
    if (tiff_is_ycbcr(p))
        tiff_ycbcr_convert(&d->samples, d->out + y * down + x * d->v->channels, down, d->block,
                           p->block_width, width, height);
    for (size_t row = 0; !tiff_is_ycbcr(p) && row < height; row++)
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
    const ImageSource *s = d->file->source;
    size_t row_samples = (size_t)p->block_width * d->inner, bytes, scratch;
    d->block_row = tiff_is_ycbcr(p) ? 0 : (row_samples * p->bits + 7) / 8;
    tmsize_t announced = p->tiled ? TIFFTileSize(d->file->tiff) : TIFFStripSize(d->file->tiff);
    if (!size_multiply(&bytes, size_max(d->block_row, 3 * row_samples), p->block_height) ||
        !size_multiply(&scratch, row_samples, 4) || bytes > s->options.max_bytes)
        return error_set_field(
            error, VOXPERT_OUT_OF_MEMORY, "max-memory",
            "%s: the size of a TIFF block (%u x %u) is over the memory limit of %zu bytes", s->name,
            p->block_width, p->block_height, s->options.max_bytes);
    bytes = block_bytes(d, p->block_height);
    if (announced <= 0 || (size_t)announced != bytes)
        return image_refuse(s, error, "TIFF blocks of %u x %u are of an unknown layout",
                            p->block_width, p->block_height);
    d->block = memory_new(bytes);
    d->scratch = memory_new(scratch);
    if (d->block && d->scratch) return VOXPERT_OK;
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for a block of it", s->name);
}

Status tiff_page_read(void *out, TiffFile *file, const TiffPage *page, const Volume *v,
                      Error *error) {
    bool separate = page->planar == PLANARCONFIG_SEPARATE && page->samples > 1;
    Decoder d = {.file = file, .page = page, .v = v, .out = out};
    d.inner = separate ? 1 : page->samples;
    Status status = tiff_samples_open(&d.samples, file, page, v, error);
    if (!status) status = block_reserve(&d, error);
    file->decoding = true;
    if (!status) status = blocks_read(&d, error);
    file->decoding = false;
    memory_free(d.block);
    memory_free(d.scratch);
    if (!status && page->photometric == PHOTOMETRIC_MINISWHITE && !v->labels)
        tiff_invert(out, page, v);
    return status;
}
