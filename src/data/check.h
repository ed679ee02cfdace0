/* check.h - what is wrong with a data set's pixels: files that cannot be read, grids and values
 * that do not fit, images that are there twice. */
#ifndef DATA_CHECK_H
#define DATA_CHECK_H

#include "data/catalog.h"
#include "image/volume.h"

/* Asked before each case; false ends the check. */
typedef bool CheckProgress(void *context, size_t done, size_t all);

/* Reads every case and adds findings to the catalog's.  Files that are absent are in those already.
 * `progress` may be NULL.  VOXPERT_OUT_OF_MEMORY; VOXPERT_INTERRUPTED where `progress` said so. */
MUST_CHECK Status catalog_check(Catalog *c, CheckProgress *progress, void *context, Error *error);

/* ---- Parts ---------------------------------------------------------------------------------- */

/* `image` may be NULL where it could not be read.  Errors: VOXPERT_OUT_OF_MEMORY alone. */
MUST_CHECK Status check_case_labels(Catalog *c, const CatalogCase *item, const Volume *image,
                                    Error *error);

/* VOXPERT_BAD_INPUT becomes the finding that `file` of the case cannot be read, and VOXPERT_OK. */
MUST_CHECK Status check_readable(Catalog *c, Status status, const CatalogCase *item,
                                 const char *file, const Error *error);

/* A finding for each thing that was odd when the file was read. */
void check_warnings(Catalog *c, const char *file, const Volume *v);

/* Distinct values and how often each is there, ascending; at most `most` of them are kept. */
typedef struct ValueCount {
    double value;
    size_t voxels;
} ValueCount;
enum { VALUES_MOST = 256 };
typedef struct ValueCounts {
    ValueCount item[VALUES_MOST];
    size_t count;
    bool more;   /* than are kept */
    size_t none; /* NaN: counted here alone */
} ValueCounts;
void values_count(ValueCounts *out, const Volume *v);

#endif
