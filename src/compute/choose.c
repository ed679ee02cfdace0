/* Which kernel sets there are, and which of them this processor runs. */
#include <string.h>

#include "compute/kernels.h"

extern const Kernels kernels_portable;

#if defined(__x86_64__)
/* The names must be literals. */
#define FEATURE(name)                                                                              \
    if (__builtin_cpu_supports(name) && index-- == 0) return name

const char *processor_feature(int index) {
    FEATURE("sse4.2");
    FEATURE("avx");
    FEATURE("avx2");
    FEATURE("fma");
    FEATURE("avx512f");
    FEATURE("avx512bw");
    FEATURE("avx512dq");
    FEATURE("avx512vl");
    FEATURE("avx512vnni");
    return NULL;
}

extern const Kernels kernels_avx2, kernels_avx512;

static bool has_avx2(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static bool has_avx512(void) {
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

const Kernels *const *kernels_available(void) {
    static const Kernels *const all[] = {&kernels_reference, &kernels_portable, &kernels_avx2,
                                         &kernels_avx512, NULL};
    static const Kernels *const to_avx2[] = {&kernels_reference, &kernels_portable, &kernels_avx2,
                                             NULL};
    static const Kernels *const plain[] = {&kernels_reference, &kernels_portable, NULL};
    if (has_avx512()) return all;
    return has_avx2() ? to_avx2 : plain;
}
#else
const char *processor_feature(int index) {
    (void)index;
    return NULL;
}

const Kernels *const *kernels_available(void) {
    static const Kernels *const plain[] = {&kernels_reference, &kernels_portable, NULL};
    return plain;
}
#endif

const Kernels *kernels_choose(const char *name) {
    const Kernels *const *sets = kernels_available(), *found = NULL;
    for (; *sets; sets++) {
        if (!name || strcmp((*sets)->name, name) == 0) found = *sets;
    }
    return found;
}
