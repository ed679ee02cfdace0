/* nifti.c - NIfTI-1 and NIfTI-2, plain, gzip or in pairs.
 *
 * Our own validated header drives the reading: the NIfTI library's reader takes a file by name
 * only, writes to stderr, replaces voxels that are not finite by 0, reads dim 0 and -4 as 1, and
 * allocates whatever a header asks for (docs/decisions/0006-our-own-nifti-reader.md).  Its geometry
 * is used. */
#include <string.h>

#include "base/byte_stream.h"
#include "base/file_kind.h"
#include "base/files.h"
#include "base/memory.h"
#include "base/size.h"
#include "image/formats/nifti.h"

static bool nifti_recognizes(const uint8_t *bytes, size_t size) {
    return bytes_are_gzip(bytes, size) || nifti_begins(bytes, size);
}

/* ---- Header ----------------------------------------------------------------------------- */

static Status header_cut(const ByteStream *s, size_t found, size_t expected, Error *error) {
    return error_set(error, VOXPERT_BAD_INPUT, "%s: the NIfTI header is cut: %zu of %zu bytes",
                     s->name, found, expected);
}

/* What gzip holds is no image. */
static Status header_missing(const char *name, const uint8_t *bytes, size_t size, Error *error) {
    const FileKind *kind = file_kind(bytes, size);
    if (!kind)
        return error_set(error, VOXPERT_BAD_INPUT, "%s: has neither a NIfTI nor a gzip magic",
                         name);
    return file_kind_refuse(error, VOXPERT_BAD_INPUT, name, kind, "a NIfTI image");
}

static Status header_take(NiftiHeader *h, ByteStream *s, Error *error) {
    *h = (NiftiHeader){0};
    size_t first = nifti_header_size(1), got;
    Status status = byte_stream_read(s, h->bytes, first, &got, error);
    if (status) return status;
    if (!nifti_begins(h->bytes, got)) return header_missing(s->name, h->bytes, got, error);
    if (got < first) return header_cut(s, got, first, error);
    status = nifti_header_identify(h, s->name, error);
    if (status || h->version == 1) return status;
    status = byte_stream_read(s, h->bytes + first, NIFTI_LARGEST - first, &got, error);
    if (!status && got < NIFTI_LARGEST - first)
        status = header_cut(s, first + got, NIFTI_LARGEST, error);
    return status;
}

/* Keeps what was read of the header and, of the stream, what follows it up to `size` bytes in all;
 * fewer where the stream ends. */
static Status header_keep(Volume *v, const NiftiHeader *h, ByteStream *s, size_t size,
                          Error *error) {
    size_t first = nifti_header_size(h->version), got;
    v->header = memory_new(size);
    if (!v->header)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for its header", v->name);
    memcpy(v->header, h->bytes, first);
    Status status = byte_stream_read(s, v->header + first, size - first, &got, error);
    v->header_size = first + got;
    return status;
}

/* All that lies before the voxels. */
static Status header_to_voxels(Volume *v, const NiftiHeader *h, ByteStream *s, size_t offset,
                               size_t max_bytes, Error *error) {
    size_t first = nifti_header_size(h->version);
    if (offset - first <= byte_stream_most(s)) {
        if (offset > max_bytes)
            return error_set_field(error, VOXPERT_OUT_OF_MEMORY, "max-memory",
                                   "%s: NIfTI vox_offset %zu is over the memory limit of %zu bytes",
                                   v->name, offset, max_bytes);
        Status status = header_keep(v, h, s, offset, error);
        if (status || v->header_size == offset) return status;
    }
    return error_set(error, VOXPERT_BAD_INPUT, "%s: NIfTI vox_offset %zu is past the end", v->name,
                     offset);
}

/* ---- Voxels ----------------------------------------------------------------------------- */

static Status voxels_cut(const Volume *v, size_t expected, size_t found, Error *error) {
    return error_set(error, VOXPERT_BAD_INPUT,
                     "%s: NIfTI voxel data are cut: expected a size of %zu bytes by dim, found %zu",
                     v->name, expected, found);
}

/* Channels that follow each other as whole volumes become neighbours. */
static Status channels_take(Volume *v, ByteStream *s, size_t *got, Error *error) {
    size_t sample = sample_size(v->type), voxels = volume_voxels(v), chunk = 4096;
    uint8_t *buffer = memory_new(chunk * sample);
    if (!buffer)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to read it", v->name);
    Status status = VOXPERT_OK;
    *got = 0;
    for (size_t c = 0; !status && c < v->channels; c++) {
        for (size_t i = 0; !status && i < voxels; i += chunk) {
            size_t count = size_min(chunk, voxels - i), some;
            status = byte_stream_read(s, buffer, count * sample, &some, error);
            *got += some;
            uint8_t *out = (uint8_t *)v->samples + (i * v->channels + c) * sample;
            for (size_t k = 0; k < count; k++)
                memcpy(out + k * v->channels * sample, buffer + k * sample, sample);
        }
    }
    memory_free(buffer);
    return status;
}

static Status voxels_take(Volume *v, ByteStream *s, const ImageSource *source, bool swapped,
                          bool side_by_side, Error *error) {
    size_t sample = sample_size(v->type), got = 0, bytes;
    if (!size_multiply(&bytes, volume_samples(v), sample)) bytes = SIZE_MAX;
    if (bytes > byte_stream_most(s)) return voxels_cut(v, bytes, byte_stream_most(s), error);
    Status status = image_reserve(v, source, v->header_size, error);
    if (status) return status;
    status = side_by_side || v->channels == 1 ? byte_stream_read(s, v->samples, bytes, &got, error)
                                              : channels_take(v, s, &got, error);
    if (!status && got < bytes) status = voxels_cut(v, bytes, got, error);
    if (!status) status = byte_stream_finish(s, error);
    if (!status && swapped) bytes_swap(v->samples, volume_samples(v), sample);
    return status;
}

/* ---- Files ------------------------------------------------------------------------------ */

Status nifti_partner(char **out, const char *path, const char *extension, Error *error) {
    char packed[8];
    snprintf(packed, sizeof packed, "%s.gz", extension);
    char *plain_name = path_with_extension(path, extension);
    char *packed_name = path_with_extension(path, packed);
    bool ok = plain_name && packed_name;
    *out = NULL;
    if (ok && file_exists(plain_name))
        *out = plain_name;
    else if (ok && file_exists(packed_name))
        *out = packed_name;
    if (*out != plain_name) memory_free(plain_name);
    if (*out != packed_name) memory_free(packed_name);
    return ok ? VOXPERT_OK
              : error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to read it", path);
}

static Status partner_map(FileMap *out, const char *path, const char *extension, Error *error) {
    char *partner;
    Status status = nifti_partner(&partner, path, extension, error);
    if (status) return status;
    if (!partner) {
        char *missing = path_with_extension(path, extension);
        status = error_set(error, VOXPERT_BAD_INPUT,
                           "%s: the other file of the NIfTI pair, %s, is missing", path,
                           missing ? path_base(missing) : extension);
        memory_free(missing);
        return status;
    }
    status = file_map(out, partner, VOXPERT_BAD_INPUT, error);
    memory_free(partner);
    return status;
}

static Status offset_pass(ByteStream *s, size_t offset, Error *error) {
    uint8_t passed[512];
    size_t left = offset, got = 1;
    Status status = VOXPERT_OK;
    if (offset > byte_stream_most(s)) got = 0;
    while (!status && left && got) {
        status = byte_stream_read(s, passed, size_min(left, sizeof passed), &got, error);
        left -= got;
    }
    if (status || !left) return status;
    return error_set(error, VOXPERT_BAD_INPUT, "%s: NIfTI vox_offset %zu is past the end", s->name,
                     offset);
}

static bool side_by_side(const NiftiHeader *h) {
    return nifti_type_by_code(nifti_integer(h, NIFTI_DATATYPE, 0))->channels > 1;
}

static Status single_read(Volume *v, const ImageSource *source, const NiftiHeader *h, ByteStream *s,
                          size_t offset, Error *error) {
    Status status = header_to_voxels(v, h, s, offset, source->options.max_bytes, error);
    if (!status) status = nifti_extensions_check(h, v->header, v->header_size, v->name, error);
    if (!status) status = voxels_take(v, s, source, h->swapped, side_by_side(h), error);
    return status;
}

/* `voxels`: the .img file, plain or packed. */
static Status pair_voxels_read(Volume *v, const ImageSource *source, const NiftiHeader *h,
                               FileMap voxels, size_t offset, Error *error) {
    ByteStream s;
    Status status = byte_stream_open(&s, source->name, voxels.bytes, voxels.size, error);
    if (status) return status;
    status = offset_pass(&s, offset, error);
    if (!status) status = voxels_take(v, &s, source, h->swapped, side_by_side(h), error);
    byte_stream_close(&s);
    return status;
}

/* `s` has just passed the header. */
static Status pair_read(Volume *v, const ImageSource *source, const NiftiHeader *h, ByteStream *s,
                        size_t offset, Error *error) {
    const size_t most = (size_t)1 << 20; /* of extensions in a file of their own */
    bool is_img = source->size && s->bytes + s->left != source->bytes + source->size;
    if (!source->path)
        return error_set(error, VOXPERT_BAD_INPUT,
                         "%s: is the header of a NIfTI pair, whose .img is not given", v->name);
    Status status = header_keep(v, h, s, most, error);
    if (!status) status = nifti_extensions_check(h, v->header, v->header_size, v->name, error);
    if (status) return status;
    if (is_img)
        return pair_voxels_read(v, source, h, (FileMap){source->bytes, source->size}, offset,
                                error);
    FileMap voxels;
    status = partner_map(&voxels, source->path, ".img", error);
    if (status) return status;
    status = pair_voxels_read(v, source, h, voxels, offset, error);
    file_unmap(&voxels);
    return status;
}

/* `header`: the file that begins with the header; of a pair opened by its .img, its partner. */
static Status header_file_read(Volume *v, const ImageSource *source, FileMap header, Error *error) {
    ByteStream s;
    NiftiHeader h;
    size_t offset;
    Status status = byte_stream_open(&s, source->name, header.bytes, header.size, error);
    if (status) return status;
    status = header_take(&h, &s, error);
    if (!status) status = nifti_header_accept(v, &offset, &h, error);
    if (!status && nifti_is_pair(&h))
        status = pair_read(v, source, &h, &s, offset, error);
    else if (!status)
        status = single_read(v, source, &h, &s, offset, error);
    byte_stream_close(&s);
    return status;
}

static Status nifti_read(Volume *v, const ImageSource *source, Error *error) {
    bool voxels = text_ends(source->name, ".img") || text_ends(source->name, ".img.gz");
    FileMap header = {source->bytes, source->size};
    if (!voxels || !source->path) return header_file_read(v, source, header, error);
    Status status = partner_map(&header, source->path, ".hdr", error);
    if (status) return status;
    status = header_file_read(v, source, header, error);
    file_unmap(&header);
    return status;
}

static const char *const extensions[] = {".nii.gz", ".nii", ".hdr", ".img", NULL};

const ImageFormat format_nifti = {"NIfTI", extensions, nifti_recognizes, nifti_read, nifti_write};
