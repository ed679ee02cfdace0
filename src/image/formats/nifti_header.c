/* nifti_header.c - which headers are accepted, and what they mean. */
#include <math.h>
#include <string.h>

#include "base/file_kind.h"
#include "base/size.h"
#include "image/formats/nifti.h"

/* ---- Version and byte order ------------------------------------------------------------- */

static const char *const magics[] = {"n+1", "ni1", "n+2", "ni2"};

static int magic_at(const uint8_t *bytes, size_t size, size_t offset) {
    for (int i = 0; size >= offset + 4 && i < 4; i++) {
        if (memcmp(bytes + offset, magics[i], 4) == 0) return i;
    }
    return -1;
}

/* 1 or 2 by the size of the header, negative in the other byte order; 0 for neither. */
static int version_of(const uint8_t *bytes) {
    int32_t size, turned;
    memcpy(&size, bytes, 4);
    memcpy(&turned, bytes, 4);
    bytes_swap(&turned, 1, 4);
    if (size == 348 || size == 540) return size == 348 ? 1 : 2;
    if (turned == 348 || turned == 540) return turned == 348 ? -1 : -2;
    return 0;
}

bool nifti_begins(const uint8_t *bytes, size_t size) {
    return size >= 4 && (version_of(bytes) != 0 || magic_at(bytes, size, 344) >= 0 ||
                         magic_at(bytes, size, 4) >= 0);
}

bool nifti_header_orient(NiftiHeader *h) {
    int version = version_of(h->bytes);
    h->version = version < 0 ? -version : version;
    h->swapped = version < 0;
    return version != 0;
}

Status nifti_header_identify(NiftiHeader *h, const char *name, Error *error) {
    if (!nifti_header_orient(h))
        return error_set(error, VOXPERT_BAD_INPUT,
                         "%s: NIfTI sizeof_hdr is neither 348 nor 540 in any byte order", name);
    const FileKind *kind = file_kind(h->bytes, NIFTI_LARGEST);
    if (kind && kind->id == FILE_ANALYZE)
        return file_kind_refuse(error, VOXPERT_BAD_INPUT, name, kind,
                                "NIfTI (its magic is missing)");
    const uint8_t *magic = nifti_field(h, NIFTI_MAGIC);
    int found = magic_at(magic, 4, 0);
    bool guarded = h->version == 1 || memcmp(magic + 4, "\r\n\x1a\n", 4) == 0;
    if (found < 0 || found / 2 + 1 != h->version || !guarded)
        return error_set(error, VOXPERT_BAD_INPUT,
                         "%s: the NIfTI magic is wrong for a header of %zu bytes", name,
                         nifti_header_size(h->version));
    return VOXPERT_OK;
}

bool nifti_is_pair(const NiftiHeader *h) {
    return magic_at(h->bytes + (h->version == 1 ? 344 : 4), 4, 0) % 2 == 1;
}

/* ---- Types ------------------------------------------------------------------------------ */

static const NiftiType types[] = {
    {2, SAMPLE_U8, 1},     {4, SAMPLE_I16, 1},    {8, SAMPLE_I32, 1},   {16, SAMPLE_F32, 1},
    {64, SAMPLE_F64, 1},   {256, SAMPLE_I8, 1},   {512, SAMPLE_U16, 1}, {768, SAMPLE_U32, 1},
    {1024, SAMPLE_I64, 1}, {1280, SAMPLE_U64, 1}, {128, SAMPLE_U8, 3},  {2304, SAMPLE_U8, 4}};
enum { TYPES = sizeof types / sizeof *types };

const NiftiType *nifti_type_by_code(int64_t code) {
    for (size_t i = 0; i < TYPES; i++) {
        if (types[i].code == code) return &types[i];
    }
    return NULL;
}

/* Other channels than bytes of colour are planes of one sample each. */
const NiftiType *nifti_type_of(const Volume *v) {
    size_t side_by_side =
        v->type == SAMPLE_U8 && (v->channels == 3 || v->channels == 4) ? v->channels : 1;
    for (size_t i = 0; i < TYPES; i++) {
        if (types[i].type == v->type && types[i].channels == side_by_side) return &types[i];
    }
    return NULL; /* not reached: every sample type is listed */
}

static Status type_accept(Volume *v, const NiftiHeader *h, Error *error) {
    int64_t code = nifti_integer(h, NIFTI_DATATYPE, 0);
    const NiftiType *type = nifti_type_by_code(code);
    if (!type) {
        bool complex = code == 32 || code == 1792 || code == 2048;
        return error_set(error, VOXPERT_BAD_INPUT, "%s: NIfTI datatype %lld%s is not read", v->name,
                         (long long)code, complex ? " (complex)" : "");
    }
    int64_t bits = nifti_integer(h, NIFTI_BITPIX, 0);
    int64_t expected = (int64_t)(8 * type->channels * sample_size(type->type));
    if (bits != expected)
        volume_warn(v,
                    "NIfTI bitpix is %lld, but datatype %lld has %lld bits: the datatype is "
                    "believed",
                    (long long)bits, (long long)code, (long long)expected);
    v->type = type->type;
    v->channels = type->channels;
    v->alpha = type->channels == 4;
    return VOXPERT_OK;
}

/* ---- Sizes ------------------------------------------------------------------------------ */

static Status sizes_accept(Volume *v, const NiftiHeader *h, Error *error) {
    int64_t axes = nifti_integer(h, NIFTI_DIM, 0);
    size_t size[8] = {0, 1, 1, 1, 1, 1, 1, 1}, samples = 8; /* 8: no sample has more bytes */
    if (axes < 1 || axes > 7)
        return error_set(error, VOXPERT_BAD_INPUT, "%s: NIfTI dim[0] is %lld, not 1 to 7", v->name,
                         (long long)axes);
    for (size_t i = 1; i <= (size_t)axes; i++) {
        int64_t n = nifti_integer(h, NIFTI_DIM, i);
        if (n < 1)
            return error_set(error, VOXPERT_BAD_INPUT, "%s: NIfTI dim[%zu] is %lld, less than 1",
                             v->name, i, (long long)n);
        size[i] = (size_t)n;
        if (!size_multiply(&samples, samples, size[i]) || samples > INT64_MAX)
            return error_set(error, VOXPERT_BAD_INPUT,
                             "%s: NIfTI dim: the number of voxels overflows", v->name);
    }
    if (size[6] > 1 || size[7] > 1 || (size[5] > 1 && v->channels > 1))
        return error_set(
            error, VOXPERT_BAD_INPUT,
            "%s: NIfTI dim[5], dim[6] and dim[7] are %zu, %zu and %zu: no such volume is "
            "read",
            v->name, size[5], size[6], size[7]);
    v->width = size[1], v->height = size[2], v->depth = size[3], v->frames = size[4];
    v->channels *= size[5];
    return VOXPERT_OK;
}

/* ---- Scale ------------------------------------------------------------------------------ */

/* Slope 0 or NaN means that there is no scale at all, intercept included. */
static Status scale_accept(Volume *v, const NiftiHeader *h, Error *error) {
    double slope = nifti_real(h, NIFTI_SCL_SLOPE, 0), inter = nifti_real(h, NIFTI_SCL_INTER, 0);
    bool colours = nifti_type_by_code(nifti_integer(h, NIFTI_DATATYPE, 0))->channels > 1;
    if (slope == 0.0 || isnan(slope) || colours) return VOXPERT_OK;
    if (isinf(slope)) {
        volume_warn(v, "NIfTI scl_slope is infinite: the voxels are not scaled");
        return VOXPERT_OK;
    }
    if (!isfinite(inter))
        return error_set(error, VOXPERT_BAD_INPUT, "%s: NIfTI scl_inter is not finite", v->name);
    v->slope = slope;
    v->intercept = inter;
    return VOXPERT_OK;
}

/* ---- Where the voxels begin ------------------------------------------------------------- */

static Status offset_accept(size_t *out, Volume *v, const NiftiHeader *h, Error *error) {
    double offset = nifti_real(h, NIFTI_VOX_OFFSET, 0);
    size_t least = nifti_is_pair(h) ? 0 : nifti_header_size(h->version) + 4;
    if (!(offset >= 0.0 && offset < 9e15) || floor(offset) != offset) /* NaN fails too */
        return error_set(error, VOXPERT_BAD_INPUT,
                         "%s: NIfTI vox_offset %g is no position in a file", v->name, offset);
    *out = (size_t)offset;
    if (*out == 0 && least > 0) {
        volume_warn(v, "NIfTI vox_offset is 0: the voxels are taken to follow the header");
        *out = least;
    }
    if (*out < least)
        return error_set(error, VOXPERT_BAD_INPUT,
                         "%s: NIfTI vox_offset %zu points into the header of %zu bytes", v->name,
                         *out, least);
    return VOXPERT_OK;
}

Status nifti_header_accept(Volume *v, size_t *offset, const NiftiHeader *h, Error *error) {
    Status status = type_accept(v, h, error);
    if (!status) status = sizes_accept(v, h, error);
    if (!status) status = scale_accept(v, h, error);
    if (!status) status = offset_accept(offset, v, h, error);
    if (!status) status = nifti_grid_read(v, h, error);
    return status;
}

/* ---- Extensions ------------------------------------------------------------------------- */

static bool all_zero(const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (bytes[i]) return false;
    }
    return true;
}

Status nifti_extensions_check(const NiftiHeader *h, const uint8_t *header, size_t size,
                              const char *name, Error *error) {
    size_t at = nifti_header_size(h->version), first = at + 4;
    if (size <= at || header[at] == 0) return VOXPERT_OK; /* none announced */
    for (at = first; at + 8 <= size;) {
        if (at > first && all_zero(header + at, size - at)) break; /* padding */
        int32_t length;
        memcpy(&length, header + at, 4);
        if (h->swapped) bytes_swap(&length, 1, 4);
        if (length < 8 || (size_t)length > size - at)
            return error_set(error, VOXPERT_BAD_INPUT,
                             "%s: a NIfTI extension of %d bytes does not fit before the voxels",
                             name, length);
        at += (size_t)length;
    }
    return VOXPERT_OK;
}
