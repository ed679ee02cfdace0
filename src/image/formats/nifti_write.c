/* nifti_write.c - NIfTI out: with the header that came in, or with a plain new one. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/byte_stream.h"
#include "base/files.h"
#include "base/memory.h"
#include "base/size.h"
#include "image/formats/nifti.h"

/* ---- Output, plain or packed ------------------------------------------------------------ */

typedef struct Sink {
    FileWriter file;
    bool packed, failed;
    z_stream deflate;
} Sink;

static Status sink_open(Sink *s, Output to, Error *error) {
    *s = (Sink){.packed = text_ends(to.name, ".gz")};
    Status status = file_writer_open_to(&s->file, to, error);
    if (status || !s->packed) return status;
    zlib_use_memory(&s->deflate);
    /* Without a name and a time in its header the same volume gives the same bytes. */
    if (deflateInit2(&s->deflate, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK)
        return VOXPERT_OK;
    file_writer_abort(&s->file);
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to pack it", to.name);
}

static void sink_pack(Sink *s, const uint8_t *bytes, size_t size, int flush) {
    uint8_t packed[16384] = {0};
    s->deflate.next_in = (Bytef *)(uintptr_t)bytes;
    s->deflate.avail_in = (uInt)size;
    do {
        s->deflate.next_out = packed;
        s->deflate.avail_out = sizeof packed;
        deflate(&s->deflate, flush);
        size_t made = sizeof packed - s->deflate.avail_out;
        if (fwrite(packed, 1, made, s->file.stream) != made) s->failed = true;
    } while (s->deflate.avail_out == 0 && !s->failed);
}

static void sink_put(Sink *s, const void *bytes, size_t size) {
    const uint8_t *from = bytes;
    if (s->failed) return;
    if (!s->packed) {
        s->failed = fwrite(from, 1, size, s->file.stream) != size;
        return;
    }
    for (size_t at = 0, some; at < size && !s->failed; at += some) {
        some = size_min(size - at, 1u << 20);
        sink_pack(s, from + at, some, Z_NO_FLUSH);
    }
}

static Status sink_close(Sink *s, Error *error) {
    if (s->packed && !s->failed) sink_pack(s, NULL, 0, Z_FINISH);
    if (s->packed) deflateEnd(&s->deflate);
    return file_writer_commit(&s->file, error); /* a failed stream fails here too */
}

/* ---- Header ----------------------------------------------------------------------------- */

static Status header_new(NiftiHeader *h, const Volume *v, const char *path, Error *error) {
    const size_t sizes[] = {v->width, v->height, v->depth, v->frames, v->channels};
    size_t most = 0;
    for (size_t i = 0; i < 5; i++) most = size_max(most, sizes[i]);
    *h = (NiftiHeader){.version = most > INT16_MAX ? 2 : 1};
    if (most > INT64_MAX)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "%s: too large for NIfTI", path);
    nifti_set_integer(h, NIFTI_SIZEOF_HDR, 0, (int64_t)nifti_header_size(h->version));
    memcpy(nifti_field(h, NIFTI_MAGIC), h->version == 1 ? "n+1" : "n+2\0\r\n\x1a\n",
           h->version == 1 ? 4 : 8);
    nifti_set_integer(h, NIFTI_VOX_OFFSET, 0, h->version == 1 ? 352 : 544);
    for (size_t i = 0; i < 8; i++) nifti_set(h, NIFTI_PIXDIM, i, 1.0);
    for (size_t i = 0; i < 3; i++) nifti_set(h, NIFTI_PIXDIM, i + 1, v->grid.spacing_xyz_mm[i]);
    nifti_set(h, NIFTI_SCL_SLOPE, 0, 1.0);
    if (v->grid.source == GRID_UNKNOWN) return VOXPERT_OK;
    nifti_set_integer(h, NIFTI_XYZT_UNITS, 0, 2); /* mm */
    nifti_set_integer(h, NIFTI_SFORM_CODE, 0, 1);
    for (size_t i = 0; i < 12; i++) nifti_set(h, NIFTI_SROW, i, v->grid.affine_ras[i / 4][i % 4]);
    return VOXPERT_OK;
}

/* The header that came in; a pair's becomes that of a single file. */
static void header_old(NiftiHeader *h, const Volume *v) {
    *h = (NiftiHeader){0};
    memcpy(h->bytes, v->header, size_min(v->header_size, NIFTI_LARGEST));
    nifti_header_orient(h); /* true: it was accepted when it was read */
    size_t size = nifti_header_size(h->version), offset = size_max(v->header_size, size + 4);
    memset(h->bytes + size, 0, NIFTI_LARGEST - size);
    bool pair = nifti_is_pair(h);
    if (pair) {
        nifti_field(h, NIFTI_MAGIC)[0] = 'n';
        nifti_field(h, NIFTI_MAGIC)[1] = '+';
        offset = (offset + 15) / 16 * 16;
    }
    if (pair || nifti_real(h, NIFTI_VOX_OFFSET, 0) < (double)offset)
        nifti_set_integer(h, NIFTI_VOX_OFFSET, 0, (int64_t)offset);
}

static bool sizes_are(const NiftiHeader *h, const size_t sizes[8]) {
    int64_t axes = nifti_integer(h, NIFTI_DIM, 0);
    for (size_t i = 1; i < 8; i++) {
        size_t now = (int64_t)i <= axes ? (size_t)nifti_integer(h, NIFTI_DIM, i) : 1;
        if (now != sizes[i]) return false;
    }
    return axes >= 1;
}

/* Where the sizes are the same, trailing axes of 1 and what lies behind them stay. */
static void sizes_set(NiftiHeader *h, const Volume *v, size_t planes) {
    const size_t sizes[] = {0, v->width, v->height, v->depth, v->frames, planes, 1, 1};
    if (sizes_are(h, sizes)) return;
    int64_t axes = planes > 1 ? 5 : v->frames > 1 ? 4 : v->depth > 1 ? 3 : 2;
    nifti_set_integer(h, NIFTI_DIM, 0, axes);
    for (size_t i = 1; i < 8; i++) nifti_set_integer(h, NIFTI_DIM, i, (int64_t)sizes[i]);
    nifti_set_integer(h, NIFTI_INTENT_CODE, 0, 0); /* a vector no more */
}

static void type_set(NiftiHeader *h, const NiftiType *type) {
    int64_t bits = (int64_t)(8 * type->channels * sample_size(type->type));
    nifti_set_integer(h, NIFTI_DATATYPE, 0, type->code);
    nifti_set_integer(h, NIFTI_BITPIX, 0, bits);
}

static void scale_set(NiftiHeader *h, const Volume *v) {
    double slope = nifti_real(h, NIFTI_SCL_SLOPE, 0), inter = nifti_real(h, NIFTI_SCL_INTER, 0);
    bool none = slope == 0.0 || !isfinite(slope);
    if ((none ? 1.0 : slope) == v->slope && (none ? 0.0 : inter) == v->intercept) return;
    nifti_set(h, NIFTI_SCL_SLOPE, 0, v->slope);
    nifti_set(h, NIFTI_SCL_INTER, 0, v->intercept);
}

/* Only what must say something else is touched. */
static size_t header_make(NiftiHeader *h, const Volume *v, const NiftiType *type) {
    type_set(h, type);
    sizes_set(h, v, v->channels / type->channels);
    scale_set(h, v);
    if (v->labels) { /* the display range of the image says nothing of its labels */
        if (nifti_real(h, NIFTI_CAL_MAX, 0) != 0.0) nifti_set(h, NIFTI_CAL_MAX, 0, 0.0);
        if (nifti_real(h, NIFTI_CAL_MIN, 0) != 0.0) nifti_set(h, NIFTI_CAL_MIN, 0, 0.0);
    }
    return (size_t)nifti_real(h, NIFTI_VOX_OFFSET, 0);
}

static void header_put(Sink *s, const NiftiHeader *h, const Volume *v, size_t offset) {
    static const uint8_t zeros[16];
    size_t at = nifti_header_size(h->version);
    sink_put(s, h->bytes, at);
    if (v->header_size > at) {
        sink_put(s, v->header + at, v->header_size - at);
        at = v->header_size;
    }
    while (at < offset) {
        size_t some = size_min(sizeof zeros, offset - at);
        sink_put(s, zeros, some);
        at += some;
    }
}

/* ---- Voxels ----------------------------------------------------------------------------- */

/* `planes` channels become volumes that follow each other; colours stay side by side. */
static void voxels_put(Sink *s, const Volume *v, size_t planes, bool swapped) {
    enum { CHUNK = 4096 };
    uint8_t buffer[CHUNK * 8];
    size_t sample = sample_size(v->type), count = volume_samples(v) / planes;
    for (size_t c = 0; c < planes; c++) {
        for (size_t i = 0; i < count; i += CHUNK) {
            size_t some = size_min(CHUNK, count - i);
            for (size_t k = 0; k < some; k++)
                memcpy(buffer + k * sample,
                       (const uint8_t *)v->samples + ((i + k) * planes + c) * sample, sample);
            if (swapped) bytes_swap(buffer, some, sample);
            sink_put(s, buffer, some * sample);
        }
    }
}

Status nifti_write(const Volume *v, Output to, Error *error) {
    NiftiHeader h;
    Sink s;
    const NiftiType *type = nifti_type_of(v);
    Status status = VOXPERT_OK;
    if (text_ends(to.name, ".hdr") || text_ends(to.name, ".img"))
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "%s: NIfTI pairs are not written; name it .nii or .nii.gz", to.name);
    if (v->header)
        header_old(&h, v);
    else
        status = header_new(&h, v, to.name, error);
    if (!status) status = sink_open(&s, to, error);
    if (status) return status;
    size_t offset = header_make(&h, v, type);
    header_put(&s, &h, v, offset);
    voxels_put(&s, v, v->channels / type->channels, h.swapped);
    return sink_close(&s, error);
}
