/* pickle.h - what a Python pickle describes, read by a machine that runs nothing.
 *
 * A pickle is a program for a stack machine (PEP 307, PEP 574; the opcodes are documented in
 * Python's pickletools).  This machine only builds plain values.  Functions and classes are names
 * in a whitelist of what a state dict, or an array of numpy's with lists and dicts in it, needs;
 * every other name, and whatever is made with it, is an
 * opaque value that swallows what is put into it.  Protocols 2 to 5.
 *
 * Time and memory grow linearly with the bytes read (up to about 60 bytes for each); there is no
 * recursion.  Texts are not copied: the bytes must outlive the Pickle. */
#ifndef WEIGHTS_PICKLE_H
#define WEIGHTS_PICKLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef enum PickleKind {
    PICKLE_OPAQUE, /* numbers with a fraction, sets, objects of unknown classes */
    PICKLE_NONE,
    PICKLE_BOOL,
    PICKLE_INTEGER,
    PICKLE_LONG, /* an integer of more than 8 bytes, little-endian, as a text */
    PICKLE_TEXT,
    PICKLE_TUPLE,
    PICKLE_LIST,
    PICKLE_DICT,         /* items: key, value, key, value, ... */
    PICKLE_FUNCTION,     /* `detail`: which of the whitelist */
    PICKLE_STORAGE_TYPE, /* `detail`: the ElementType */
    PICKLE_STORAGE,      /* items: "storage", type, key, location, count[, view] */
    PICKLE_TENSOR,       /* items: storage, offset, size, stride, ... */
    PICKLE_BYTES,        /* as a text; not those of protocol 2 */
    PICKLE_ARRAY,        /* of numpy, before its state; one of objects becomes a list then */
    PICKLE_NUMBER_TYPE   /* numpy's dtype.  items: its name, ... */
} PickleKind;

/* Items are chains of cells; index 0 is no value and no cell. */
typedef struct PickleValue {
    uint8_t kind, detail;
    uint32_t count; /* bytes of a text, number of items */
    union {
        int64_t integer;
        uint64_t offset; /* of a text or bytes in `bytes` */
        struct {
            uint32_t first, last; /* cells */
        } items;
    };
} PickleValue;

typedef struct PickleCell {
    uint32_t value, next;
} PickleCell;

typedef struct Pickle {
    const uint8_t *bytes;
    size_t length; /* bytes up to and with the STOP */
    PickleValue *value;
    PickleCell *cell;
    size_t values, value_capacity, cells, cell_capacity;
    uint32_t top;
    uint32_t module_length, class_length;   /* of the first class that is not in the whitelist; */
    const char *module_chars, *class_chars; /* for messages; NULL where there is none */
} Pickle;

/* Reads one pickle at the start of `bytes`, which may go on after it.  `file` is for messages.
 * Errors: VOXPERT_BAD_MODEL, VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status pickle_read(Pickle *out, const uint8_t *bytes, size_t size, const char *file,
                              Error *error);
void pickle_free(Pickle *p); /* a zeroed one is fine */

const PickleValue *pickle_top(const Pickle *p);

/* Item `index` of a tuple, list, dict, storage or tensor; NULL where there is none. */
const PickleValue *pickle_item(const Pickle *p, const PickleValue *v, size_t index);

/* All items in order:  for (PickleWalk w = pickle_walk(p, v); (item = pickle_next(&w));) */
typedef struct PickleWalk {
    const Pickle *pickle;
    uint32_t cell;
} PickleWalk;
PickleWalk pickle_walk(const Pickle *p, const PickleValue *v);
const PickleValue *pickle_next(PickleWalk *w);

/* The value of a text key, the last one where it is there twice; NULL where there is none. */
const PickleValue *pickle_get(const Pickle *p, const PickleValue *dict, const char *key);

typedef struct PickleText {
    const char *chars; /* not terminated, any bytes */
    size_t length;
} PickleText;
bool pickle_text(PickleText *out, const Pickle *p, const PickleValue *v); /* NULL: false */
bool pickle_size(size_t *out, const PickleValue *v);                      /* an integer >= 0 */

#endif
