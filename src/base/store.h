/* store.h - arrays that need not be in memory: up to a budget they are, the rest lies in a mapped
 * temporary file, whose pages the system writes out and reads again as it likes.
 *
 * The file has no name: nothing of it is left when the process ends, however that comes.  Arrays
 * stay at their addresses, so whoever reads them need not know where they are; but what was read of
 * the mapping is reported with store_touch, which gives its pages back before they are over the
 * budget. */
#ifndef BASE_STORE_H
#define BASE_STORE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

typedef struct StoreChunk {
    unsigned char *base; /* mapped */
    size_t size, used;
} StoreChunk;

typedef struct Store {
    size_t
        budget;  /* bytes in memory: half for arrays, half for pages of the file; 0: all is there */
    bool mapped; /* all arrays are in the file, however few */
    size_t held; /* bytes of arrays in the heap */
    StoreChunk *chunk;
    size_t chunks, capacity;
    atomic_size_t touched; /* bytes of pages since they were given back */
} Store;

/* Points `*array` (of any type) to zeroed memory, 16-byte aligned; one thread at a time.  It is
 * NULL on failure: VOXPERT_OUT_OF_MEMORY, or VOXPERT_BAD_OUTPUT where the folder of temporary files
 * ($TMPDIR, or /var/tmp) cannot hold it. */
MUST_CHECK Status store_new(Store *s, void *array, size_t bytes, Error *error);
void store_free(Store *s, void *array, size_t bytes); /* NULL is fine; any thread may not read it */
void store_close(Store *s); /* the mapping alone: arrays are freed one by one; zeroed is fine */

/* That some arrays, so many bytes together, were read from anywhere in the file; any thread.  The
 * system maps more than what is read: STORE_AROUND for each call is what was seen (Linux 6, images
 * of 12 KiB read at random). */
enum { STORE_AROUND = 512 << 10 };
void store_touch(Store *s, size_t bytes);

size_t store_resident(const Store *s); /* bytes that it takes of memory at most */
size_t store_filed(const Store *s);    /* bytes in the file */

#endif
