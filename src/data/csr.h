/* csr.h - label maps as IMIS and SegMoTE store them: scipy's CSR matrix [classes, height * width]
 * in an .npz (indices, indptr, data, shape); background is no class. */
#ifndef DATA_CSR_H
#define DATA_CSR_H

#include "data/npz.h"

typedef struct Csr {
    Npz npz;
    NpyArray index, begin, value; /* `begin` [classes + 1], checked to be in order */
    size_t classes, pixels;
} Csr;

/* Errors: those of npz_open(), VOXPERT_BAD_INPUT where it is no such matrix. */
MUST_CHECK Status csr_open(Csr *out, const char *path, Error *error);
MUST_CHECK Status csr_open_memory(Csr *out, const uint8_t *bytes, size_t size, const char *name,
                                  Error *error);
void csr_close(Csr *m); /* a zeroed one is fine */

/* `mask` [pixels], all 0 before: 1 where the class is; *count of them.  VOXPERT_BAD_INPUT: an index
 * outside the picture. */
MUST_CHECK Status csr_mask(const Csr *m, size_t class_index, uint8_t *mask, size_t *count,
                           Error *error);

/* The dense shape in a file's name, "x.(13, 512, 512, 1).npz": false where there is none. */
bool csr_name_shape(const char *path, size_t shape[4]);

#endif
