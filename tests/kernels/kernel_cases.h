/* kernel_cases.h - one table of kernels and sizes: test_kernels.c checks them, bench/kernels.c
 * times them. */
#ifndef TESTS_KERNELS_KERNEL_CASES_H
#define TESTS_KERNELS_KERNEL_CASES_H

#include "compute/kernels.h"

enum { CASE_SIZES = 12, CASE_BUFFERS = 16 };

typedef enum BufferRole {
    BUFFER_IN,       /* random */
    BUFFER_OUT,      /* written */
    BUFFER_GRADIENT, /* random, added to, may be NULL */
    BUFFER_CHANGED,  /* random, replaced */
    BUFFER_KEPT,     /* `prepare` fills it; not looked at */
} BufferRole;

typedef struct Buffer {
    BufferRole role;
    size_t floats;
    double low, high; /* of random values */
} Buffer;

typedef struct Buffers {
    int count;
    Buffer buffer[CASE_BUFFERS];
} Buffers;

/* How an entry is called: sizes are as its driver's comment says. */
typedef struct KernelDriver {
    const char *entry;
    void (*buffers)(Buffers *b, const int *size);
    /* What must be there before `call`: packed weights, what a forward pass keeps.  May be NULL. */
    void (*prepare)(const Kernels *k, const Worker *w, float *const *p, const int *size);
    void (*call)(const Kernels *k, const Worker *w, float *const *p, const int *size);
    double (*work)(const int *size); /* multiplications and additions that count, or NULL: floats */
    double tolerance;                /* of the largest magnitude in a buffer */
} KernelDriver;

typedef enum CaseUse { CASE_TEST = 1, CASE_BENCH = 2 } CaseUse;

typedef struct KernelCase {
    const KernelDriver *driver;
    CaseUse use;
    const char *note; /* of cases that are timed: whose sizes these are */
    int size[CASE_SIZES];
} KernelCase;

extern const KernelCase kernel_cases[];
extern const size_t kernel_case_count;

#endif
