/* run.h - one golden file on its way: what it says, what was compared, how it went.
 *
 * The format is that of the README in the golden folder.  Values handed to the comparisons lie in
 * the published layout, C order.  What the runner cannot do is a failure, never silence: a result
 * of the file that nothing was compared with fails too. */
#ifndef TESTS_GOLDEN_RUN_H
#define TESTS_GOLDEN_RUN_H

#include <jansson.h>
#include <stdio.h>

#include "compute/compute.h"
#include "weights/checkpoint.h"

/* What the command line decides, and what all files share. */
typedef struct GoldenBench {
    const Kernels *kernels;
    Worker worker;
    FILE *report;
    bool brief; /* print failures and one line a file */
} GoldenBench;

/* The largest error seen, as numbers and as a share of its limit. */
typedef struct GoldenWorst {
    double max_abs, rel_l2, share;
    char name[96]; /* the tensor of that share */
} GoldenWorst;

typedef struct GoldenRun {
    GoldenBench *bench;
    const char *path;
    Checkpoint *file;
    const char *kind;
    json_t *metadata; /* key -> value, parsed */
    bool *compared;   /* of each tensor of the file */
    size_t checks, failures;
    GoldenWorst worst;
} GoldenRun;

bool golden_open(GoldenRun *run, GoldenBench *bench, const char *path); /* false: reported */

/* Reports what was never compared, prints the summary; true: all is well. */
bool golden_close(GoldenRun *run);

void golden_fail(GoldenRun *run, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool golden_check(GoldenRun *run, Status status, const Error *error); /* true if status is OK */

/* Borrowed; NULL where the file has no such key. */
json_t *golden_metadata(const GoldenRun *run, const char *key);

/* Path of another file in the folder of this one. */
void golden_beside(const GoldenRun *run, const char *name, char *path, size_t size);

/* ---- Comparing ---------------------------------------------------------------------------- */

bool golden_has(const GoldenRun *run, const char *name); /* stored whole, or strided */

/* Shape of the whole tensor; the rank, 0 if there is none. */
int golden_shape(const GoldenRun *run, const char *name, size_t dim[CHECKPOINT_MAX_RANK]);

/* By the rule for results and stages. */
void golden_compare(GoldenRun *run, const char *name, const float *values, size_t count);
void golden_compare_integers(GoldenRun *run, const char *name, const int *values, size_t count);

/* `masks` rows of `pixels` values, 0 or not, against `NAME.mask_bits`. */
void golden_compare_masks(GoldenRun *run, const char *name, const uint8_t *values, size_t masks,
                          size_t pixels);

/* A comparison made elsewhere: `share` of its limit, at most 1, and numbers to print.  The tensor
 * of that name, if the file has one, counts as compared. */
void golden_judge(GoldenRun *run, const char *name, double share, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* By the rule for gradients; `largest` is the largest norm of a gradient in the file. */
double golden_largest_gradient(const GoldenRun *run);
void golden_compare_gradient(GoldenRun *run, const char *name, const float *values, size_t count,
                             double largest);
void golden_compare_zero(GoldenRun *run, const char *name, const float *values, size_t count);

/* A parameter after an optimizer step: absolutely, and of elements first .. last-1, whose gradient
 * vanishes, only to `loose`. */
void golden_compare_step(GoldenRun *run, const char *name, const float *values, size_t count,
                         size_t first, size_t last, double loose);

#endif
