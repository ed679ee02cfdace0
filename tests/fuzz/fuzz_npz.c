/* fuzz_npz.c - any bytes as numpy's archive: as a CSR matrix, an image, boxes in a pickle. */
#include <stdlib.h>

#include "base/memory.h"
#include "data/csr.h"
#include "tests/fuzz/fuzz.h"

static void read_rows(const Csr *m) {
    enum { MOST = 1 << 20 };
    size_t count;
    if (m->pixels > MOST) return;
    uint8_t *mask = memory_new(m->pixels + 1);
    if (!mask) abort();
    for (size_t k = 0; k < m->classes && k < 8; k++) {
        if (!csr_mask(m, k, mask, &count, NULL) && count > m->pixels) abort();
    }
    memory_free(mask);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    Csr m;
    Npz z;
    Pickle p;
    Volume *v;
    Error error;
    if (!csr_open_memory(&m, bytes, size, "fuzz", &error)) {
        read_rows(&m);
        csr_close(&m);
    }
    if (npz_open_memory(&z, bytes, size, "fuzz", &error)) return 0;
    if (!npz_volume(&v, &z, "imgs", true, &error)) volume_free(v);
    if (!npz_volume(&v, &z, "imgs", false, &error)) volume_free(v);
    if (!npz_objects(&p, &z, "boxes", &error)) pickle_free(&p);
    npz_close(&z);
    return 0;
}
