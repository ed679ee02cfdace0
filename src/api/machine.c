/* What the library runs on, and how it was built. */
#include <jansson.h>
#include <pthread.h>
#include <string.h>

#include "api/internal.h"
#include "base/platform.h"
#include "base/quote.h"

enum { KERNEL_SETS_MAX = 8 };
static const char *kernel_set[KERNEL_SETS_MAX + 1]; /* written once */

static void name_kernel_sets(void) {
    const Kernels *const *k = kernels_available();
    for (int i = 0; i < KERNEL_SETS_MAX && k[i]; i++) kernel_set[i] = k[i]->name;
}

const char *const *voxpert_kernel_sets(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, name_kernel_sets);
    return kernel_set;
}

void voxpert_machine(VoxpertMachine *out) {
    if (!out) return;
    VoxpertMachine own = {.threads = system_cores(),
                          .memory_bytes = system_total_memory(),
                          .peak_bytes = system_peak_memory()};
    machine_give(out, &own);
}

#if defined(__clang__)
#define COMPILER "clang " __clang_version__
#elif defined(__GNUC__)
#define COMPILER "gcc " __VERSION__
#else
#define COMPILER "a C compiler"
#endif

#ifndef VOXPERT_BUILD_OPTIONS
#define VOXPERT_BUILD_OPTIONS "unknown"
#endif

VoxpertStatus voxpert_machine_describe(char **json, VoxpertError *error) {
    if (!json) return error_set(error, VOXPERT_BAD_ARGUMENT, "voxpert_machine_describe: NULL");
    char name[128], processor[256];
    VoxpertMachine m = {0};
    voxpert_machine(&m);
    system_processor(name, sizeof name);
    text_printable(processor, sizeof processor, name);
    json_t *features = json_array(), *sets = json_array();
    const char *feature;
    for (int i = 0; (feature = processor_feature(i)); i++)
        json_array_append_new(features, json_string(feature));
    for (const char *const *set = voxpert_kernel_sets(); *set; set++)
        json_array_append_new(sets, json_string(*set));
    json_t *root = json_pack("{s:s, s:o, s:o, s:s, s:i, s:I, s:{s:s, s:s}}", "processor", processor,
                             "instruction_sets", features, "kernel_sets", sets, "kernels",
                             kernels_choose(NULL)->name, "threads", m.threads, "memory_bytes",
                             (json_int_t)m.memory_bytes, "build", "compiler", COMPILER, "options",
                             VOXPERT_BUILD_OPTIONS);
    *json = root ? json_dumps(root, JSON_INDENT(2)) : NULL;
    json_decref(root);
    if (*json) return VOXPERT_OK;
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory to describe the machine");
}
