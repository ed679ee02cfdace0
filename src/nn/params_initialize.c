/* Fresh parameters, by the rules of PyTorch's layers (docs/spec/sam.md, 13). */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "nn/params.h"

static void fill(Param *p, uint64_t seed) {
    Random r = random_begin(seed, 0, p->name ? hash_fnv1a(p->name, strlen(p->name)) : 0, 0);
    double fan = (double)(p->fan > 0 ? p->fan : 1);
    size_t n = tensor_size(&p->tensor);
    for (size_t i = 0; i < n; i++) {
        double value = 0.0;
        switch (p->initial) {
        case INITIAL_ZERO:
            break;
        case INITIAL_ONE:
            value = 1.0;
            break;
        case INITIAL_UNIFORM:
            value = random_between(&r, -1.0, 1.0) / sqrt(fan);
            break;
        case INITIAL_NORMAL:
            value = random_normal(&r);
            break;
        case INITIAL_XAVIER:
            value = random_between(&r, -1.0, 1.0) * sqrt(6.0 / fan);
            break;
        case INITIAL_KAIMING:
            value = random_normal(&r) * sqrt(2.0 / fan);
            break;
        }
        p->owned[i] = (float)value;
    }
}

Status params_initialize(Params *p, uint64_t seed, Error *error) {
    if (p->failed) return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the parameters");
    for (size_t i = 0; i < p->count; i++) {
        Param *q = p->item[i];
        if (!q->name || q->bound) continue;
        Status status = param_own(q, error);
        if (status) return status;
        fill(q, seed);
    }
    return VOXPERT_OK;
}
