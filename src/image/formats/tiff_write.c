/* tiff_write.c - one page per slice, LZW, made in memory: libtiff goes back and reads what it
 * wrote, which an output that only appears when complete does not allow. */
#include <stdio.h>
#include <string.h>

#include "base/files.h"
#include "base/memory.h"
#include "base/size.h"
#include "image/formats/tiff.h"

typedef struct TiffBuffer {
    uint8_t *bytes;
    size_t size, capacity, at;
    bool no_memory;
} TiffBuffer;

/* ---- Between libtiff and us ------------------------------------------------------------- */

static tmsize_t buffer_take(thandle_t handle, void *out, tmsize_t size) {
    TiffBuffer *b = handle;
    size_t left = b->at < b->size ? b->size - b->at : 0;
    size_t taken = size_min(left, size < 0 ? 0 : (size_t)size);
    if (taken) memcpy(out, b->bytes + b->at, taken);
    b->at += taken;
    return (tmsize_t)taken;
}

static tmsize_t buffer_put(thandle_t handle, void *bytes, tmsize_t size) {
    TiffBuffer *b = handle;
    size_t end, wanted;
    if (size < 0 || !size_add(&end, b->at, (size_t)size) || !size_add(&wanted, end, end / 2))
        return -1;
    if (end > b->capacity) {
        uint8_t *grown = memory_resize(b->bytes, wanted);
        b->no_memory = b->no_memory || !grown;
        if (!grown) return -1;
        b->bytes = grown;
        b->capacity = wanted;
    }
    if (b->at > b->size) memset(b->bytes + b->size, 0, b->at - b->size);
    memcpy(b->bytes + b->at, bytes, (size_t)size);
    b->at = end;
    b->size = size_max(b->size, end);
    return size;
}

static toff_t buffer_seek(thandle_t handle, toff_t offset, int whence) {
    TiffBuffer *b = handle;
    if (whence == SEEK_CUR) offset += b->at;
    if (whence == SEEK_END) offset += b->size;
    b->at = (size_t)offset;
    return offset;
}

static int buffer_close(thandle_t handle) {
    (void)handle;
    return 0;
}

static toff_t buffer_size(thandle_t handle) { return ((TiffBuffer *)handle)->size; }

__attribute__((format(printf, 4, 0))) static int message_drop(TIFF *tiff, void *user,
                                                              const char *module,
                                                              const char *format, va_list args) {
    (void)tiff, (void)user, (void)module, (void)format, (void)args;
    return 1;
}

/* ---- Writing ---------------------------------------------------------------------------- */

static Status tiff_can_hold(const Volume *v, const char *path, Error *error) {
    size_t row;
    bool fits = size_multiply(&row, v->width * v->channels, sample_size(v->type)) &&
                row <= INT32_MAX && v->width <= INT32_MAX && v->height <= INT32_MAX &&
                v->channels <= 4 && v->frames * v->depth <= 65535 && v->type != SAMPLE_I64 &&
                v->type != SAMPLE_U64;
    if (fits) return VOXPERT_OK;
    return error_set(error, VOXPERT_BAD_ARGUMENT,
                     "%s: TIFF holds up to 65535 pages of 1 to 4 channels of up to 32 bits or "
                     "float64, not %zu slices of %zu channels of %s",
                     path, v->frames * v->depth, v->channels, sample_name(v->type));
}

static uint16_t format_of(SampleType type) {
    switch (type) {
    case SAMPLE_I8:
    case SAMPLE_I16:
    case SAMPLE_I32:
        return SAMPLEFORMAT_INT;
    case SAMPLE_F32:
    case SAMPLE_F64:
        return SAMPLEFORMAT_IEEEFP;
    default:
        return SAMPLEFORMAT_UINT;
    }
}

static bool page_describe(TIFF *t, const Volume *v, size_t page, size_t pages) {
    static const uint16_t opacity[] = {EXTRASAMPLE_UNASSALPHA};
    bool ok = TIFFSetField(t, TIFFTAG_IMAGEWIDTH, (uint32_t)v->width) &&
              TIFFSetField(t, TIFFTAG_IMAGELENGTH, (uint32_t)v->height) &&
              TIFFSetField(t, TIFFTAG_SAMPLESPERPIXEL, (int)v->channels) &&
              TIFFSetField(t, TIFFTAG_BITSPERSAMPLE, (int)(8 * sample_size(v->type))) &&
              TIFFSetField(t, TIFFTAG_SAMPLEFORMAT, (int)format_of(v->type)) &&
              TIFFSetField(t, TIFFTAG_PHOTOMETRIC,
                           v->channels >= 3 ? PHOTOMETRIC_RGB : PHOTOMETRIC_MINISBLACK) &&
              TIFFSetField(t, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG) &&
              TIFFSetField(t, TIFFTAG_COMPRESSION, COMPRESSION_LZW) &&
              TIFFSetField(t, TIFFTAG_ROWSPERSTRIP, TIFFDefaultStripSize(t, 0));
    if (ok && v->channels % 2 == 0) ok = TIFFSetField(t, TIFFTAG_EXTRASAMPLES, 1, opacity) != 0;
    if (ok && pages > 1)
        ok = TIFFSetField(t, TIFFTAG_SUBFILETYPE, FILETYPE_PAGE) &&
             TIFFSetField(t, TIFFTAG_PAGENUMBER, (int)page, (int)pages);
    return ok;
}

/* libtiff may change the row it is given, so it gets a copy. */
static bool pages_put(TIFF *t, const Volume *v, uint8_t *row) {
    size_t pages = v->frames * v->depth, bytes = v->width * v->channels * sample_size(v->type);
    const uint8_t *from = v->samples;
    for (size_t page = 0; page < pages; page++) {
        if (!page_describe(t, v, page, pages)) return false;
        for (size_t y = 0; y < v->height; y++, from += bytes) {
            memcpy(row, from, bytes);
            if (TIFFWriteScanline(t, row, (uint32_t)y, 0) < 0) return false;
        }
        if (!TIFFWriteDirectory(t)) return false;
    }
    return true;
}

static bool tiff_make(TiffBuffer *b, const Volume *v, const char *path) {
    bool big = volume_samples(v) * sample_size(v->type) > (size_t)3 << 30;
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    if (!options) return false;
    TIFFOpenOptionsSetErrorHandlerExtR(options, message_drop, NULL);
    TIFFOpenOptionsSetWarningHandlerExtR(options, message_drop, NULL);
    TIFF *t = TIFFClientOpenExt(path, big ? "w8" : "w", b, buffer_take, buffer_put, buffer_seek,
                                buffer_close, buffer_size, NULL, NULL, options);
    TIFFOpenOptionsFree(options);
    if (!t) return false;
    uint8_t *row = memory_new(v->width * v->channels * sample_size(v->type));
    bool ok = row && pages_put(t, v, row);
    TIFFClose(t);
    memory_free(row);
    return ok && !b->no_memory;
}

Status tiff_write(const Volume *v, Output to, Error *error) {
    Status status = tiff_can_hold(v, to.name, error);
    if (status) return status;
    TiffBuffer buffer = {0};
    if (tiff_make(&buffer, v, to.name))
        status = output_write(to, buffer.bytes, buffer.size, error);
    else
        status =
            error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to write a TIFF file", to.name);
    memory_free(buffer.bytes);
    return status;
}
