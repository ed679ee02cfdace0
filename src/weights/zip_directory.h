/* zip_directory.h - where the records of a zip file lie (APPNOTE.TXT 6.3, with zip64).
 *
 * Only the central directory is believed, not the local headers: PyTorch writes sizes there later
 * or not at all.  Records are looked up by name and never written anywhere, so names with path
 * parts do no harm.  CRCs of stored records are not checked: PyTorch can leave them out, and
 * reading all of a large file would cost more than opening it. */
#ifndef WEIGHTS_ZIP_DIRECTORY_H
#define WEIGHTS_ZIP_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef struct ZipRecord {
    const char *name; /* not terminated */
    size_t name_length;
    const uint8_t *packed;    /* inside the file */
    size_t packed_size, size; /* equal if stored */
    bool deflated;            /* else stored */
    uint32_t crc;             /* of the inflated bytes */
    const uint8_t *inflated;  /* the caller's note; NULL at first */
} ZipRecord;

typedef struct ZipDirectory {
    ZipRecord *record; /* sorted by name */
    size_t count;
} ZipDirectory;

/* Borrows `bytes` until zip_close.  Errors: VOXPERT_BAD_MODEL with `file` and what is wrong
 * (encrypted, split, compressed in another way, damaged), VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status zip_open(ZipDirectory *out, const uint8_t *bytes, size_t size, const char *file,
                           Error *error);
void zip_close(ZipDirectory *zip);

ZipRecord *zip_find(const ZipDirectory *zip, const char *name, size_t length); /* NULL if absent */

/* Inflates into r->size bytes and checks the CRC; false if damaged. */
bool zip_inflate(const ZipRecord *r, uint8_t *out);

#endif
