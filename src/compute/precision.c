#include "compute/precision.h"

#include <string.h>

static const char *const names[PRECISIONS] = {[PRECISION_F32] = "f32"};

const char *precision_name(Precision p) { return names[p]; }

bool precision_find(Precision *out, const char *name) {
    for (int i = 0; i < PRECISIONS; i++) {
        *out = (Precision)i;
        if (strcmp(names[i], name) == 0) return true;
    }
    return false;
}
