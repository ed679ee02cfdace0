/* fuzz_pickle.c - any bytes as a pickle; every item of every value is looked at. */
#include <stdlib.h>

#include "tests/fuzz/fuzz.h"
#include "weights/pickle.h"

/* A chain of cells may be shared, but never longer than all cells together. */
static void walk(const Pickle *p, const PickleValue *v, size_t *steps) {
    PickleText text;
    size_t items = 0;
    if (pickle_text(&text, p, v) &&
        (const uint8_t *)text.chars + text.length > p->bytes + p->length)
        abort();
    for (PickleWalk w = pickle_walk(p, v); pickle_next(&w); items++, ++*steps) {
        if (items > p->cells) abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    enum { ENOUGH = 1 << 20 };
    Pickle p;
    size_t steps = 0;
    if (pickle_read(&p, bytes, size, "fuzz", NULL)) return 0;
    if (p.length > size || p.top == 0 || p.top >= p.values) abort();
    for (size_t i = 1; i < p.values && steps < ENOUGH; i++) walk(&p, &p.value[i], &steps);
    pickle_free(&p);
    return 0;
}
