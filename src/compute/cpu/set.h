/* set.h - the fast kernels are one source, compiled once for each kernel set.
 *
 * The build defines KERNEL_SET (portable, avx2, avx512) and KERNEL_LANES, the floats of its
 * vectors. Every symbol that leaves its file carries the set's name. */
#ifndef COMPUTE_CPU_SET_H
#define COMPUTE_CPU_SET_H

#include "compute/kernels.h"

#define KERNEL_PASTE(name, set) name##_##set
#define KERNEL_JOIN(name, set)  KERNEL_PASTE(name, set)
#define KERNEL_NAME(name)       KERNEL_JOIN(name, KERNEL_SET)

/* The function that fills an entry of the table. */
#define ENTRY(name) KERNEL_NAME(kernel_##name)

enum {
    LANES = KERNEL_LANES,
    TILE_VECTORS = 2,
    TILE_COLS = TILE_VECTORS * LANES,
    TILE_ROWS = LANES == 16 ? 14 : 6 /* what the vector registers hold beside the operands */
};

/* NOLINTNEXTLINE(bugprone-macro-parentheses): types and lists cannot stand in parentheses */
#define KERNEL(type, name, parameters) type ENTRY(name) parameters;
#define KERNEL_PLAIN(type, name, parameters)
#include "compute/kernels.def"

#endif
