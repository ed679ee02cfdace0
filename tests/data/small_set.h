/* small_set.h - data sets of a few pixels, written into a folder of their own. */
#ifndef TESTS_DATA_SMALL_SET_H
#define TESTS_DATA_SMALL_SET_H

#include <stddef.h>
#include <stdint.h>

#include "data/catalog.h"

typedef struct SmallSet {
    char folder[256];
} SmallSet;

void small_set_open(SmallSet *s);  /* empty; aborts on failure, as all of these */
void small_set_close(SmallSet *s); /* removes it with all that is in it */

/* The path below the set; valid until the eighth next call. */
const char *small_path(const SmallSet *s, const char *name);

/* Folders on the way are made. */
void small_text(const SmallSet *s, const char *name, const char *text);
void small_bytes(const SmallSet *s, const char *name, const void *bytes, size_t size);

/* A grey image of the extension's format: value at (x, y) is x + 10 y, or `values` [height, width].
 */
void small_image(const SmallSet *s, const char *name, size_t width, size_t height,
                 const uint8_t *values);

/* An .npz with one array of bytes, [dim...], for each name; the fifth may be NULL for zeros. */
typedef struct SmallArray {
    const char *name, *type; /* "|u1", "<i4", ... */
    int rank;
    size_t dim[4];
    const void *bytes;
    size_t size;
} SmallArray;
void small_npz(const SmallSet *s, const char *name, const SmallArray *array, size_t count);

/* Scipy's CSR of two classes over 4 x 3 pixels: `index` are their pixels, `first` those of class 0.
 */
void small_csr(const SmallSet *s, const char *name, const int32_t *index, int32_t count,
               int32_t first);

/* A data set of nnU-Net of three cases c_1, c_2, c_3 of 4 x 3 pixels, with labels 0, 1, 2. */
void small_nnunet(const SmallSet *s);

/* How many findings break the rule; -1 where the set cannot be opened. */
int small_breaches(const SmallSet *s, DataRule rule);

#endif
