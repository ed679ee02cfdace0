/* nifti.h - the parts of the NIfTI format (nifti1.h and nifti2.h of the NIfTI library tell all):
 * nifti_fields.c where each field lies, nifti_header.c what is accepted, nifti_grid.c the affine,
 * nifti.c reading, nifti_write.c writing. */
#ifndef IMAGE_FORMATS_NIFTI_H
#define IMAGE_FORMATS_NIFTI_H

#include "image/formats/format.h"

enum { NIFTI_LARGEST = 540 }; /* bytes of the larger header */

/* The header as its file has it. */
typedef struct NiftiHeader {
    uint8_t bytes[NIFTI_LARGEST];
    int version;  /* 1 or 2 */
    bool swapped; /* the other byte order than this machine's */
} NiftiHeader;

/* ---- Fields ----------------------------------------------------------------------------- */

typedef enum NiftiField {
    NIFTI_SIZEOF_HDR,
    NIFTI_MAGIC,
    NIFTI_INTENT_CODE,
    NIFTI_DATATYPE,
    NIFTI_BITPIX,
    NIFTI_DIM,
    NIFTI_PIXDIM,
    NIFTI_VOX_OFFSET,
    NIFTI_SCL_SLOPE,
    NIFTI_SCL_INTER,
    NIFTI_CAL_MAX,
    NIFTI_CAL_MIN,
    NIFTI_QFORM_CODE,
    NIFTI_SFORM_CODE,
    NIFTI_QUATERN,
    NIFTI_QOFFSET,
    NIFTI_SROW,
    NIFTI_XYZT_UNITS
} NiftiField;

size_t nifti_header_size(int version);                                    /* 348 or 540 */
uint8_t *nifti_field(NiftiHeader *h, NiftiField field);                   /* its first byte */
int64_t nifti_integer(const NiftiHeader *h, NiftiField field, size_t i);  /* whole-number fields */
double nifti_real(const NiftiHeader *h, NiftiField field, size_t i);      /* any field */
void nifti_set(NiftiHeader *h, NiftiField field, size_t i, double value); /* rounded to its type */
void nifti_set_integer(NiftiHeader *h, NiftiField field, size_t i, int64_t value);

/* ---- Header ----------------------------------------------------------------------------- */

/* Whether these bytes begin a header, judged by its size or its magic, in either byte order. */
bool nifti_begins(const uint8_t *bytes, size_t size);

/* Takes version and byte order from the first bytes; false where they are no header's. */
bool nifti_header_orient(NiftiHeader *h);

/* The same, and checks the magic.  Errors name sizeof_hdr or magic. */
MUST_CHECK Status nifti_header_identify(NiftiHeader *h, const char *name, Error *error);

bool nifti_is_pair(const NiftiHeader *h); /* voxels in a file of their own */

typedef struct NiftiType {
    int code;
    SampleType type;
    size_t channels; /* 3 and 4: colours side by side */
} NiftiType;

const NiftiType *nifti_type_by_code(int64_t code); /* NULL: not read */
const NiftiType *nifti_type_of(const Volume *v);

/* Sizes, type and scale of `v` from a header; warnings go to `v`.  *offset: where the voxels begin
 * in their file.  Errors name the field. */
MUST_CHECK Status nifti_header_accept(Volume *v, size_t *offset, const NiftiHeader *h,
                                      Error *error);

/* The chain of extensions in header[0 .. size): VOXPERT_BAD_INPUT names "extension". */
MUST_CHECK Status nifti_extensions_check(const NiftiHeader *h, const uint8_t *header, size_t size,
                                         const char *name, Error *error);

/* Grid of `v`: sform, else qform, else voxel sizes; in mm.  Errors name the field. */
MUST_CHECK Status nifti_grid_read(Volume *v, const NiftiHeader *h, Error *error);

Status nifti_write(const Volume *v, Output to, Error *error);

/* The other file of a pair that is there: `extension` in place of the one of `path`, or the same
 * packed; *out NULL where there is neither; the caller frees.  VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status nifti_partner(char **out, const char *path, const char *extension, Error *error);

#endif
