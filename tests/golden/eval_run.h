/* eval_run.h - what the parts of the golden folder eval share: results go into JSON of the same
 * shape as the golden values, and every value of those is then looked for. */
#ifndef TESTS_GOLDEN_EVAL_RUN_H
#define TESTS_GOLDEN_EVAL_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

typedef struct EvalRun {
    const char *folder;
    FILE *report;
    const char *const *remarks; /* keys that are for people; ended by NULL, or NULL */
    size_t numbers, failed;     /* of this part */
    double worst;               /* as a share of its tolerance, or the error where that is 0 */
    char worst_name[256];
} EvalRun;

/* Compares each value of `want` with that of the same place in `got` and prints a line for each
 * number and for each list of numbers: name, worst error, tolerance, ok or FAIL.  An error is
 * relative where the golden number is not 0; integers are exact where the tolerance is 0.  "nan",
 * "inf" and "-inf" are numbers.  What `got` lacks fails.  Takes the reference to `got`. */
void eval_compare(EvalRun *run, json_t *got, json_t *want, double tolerance, const char *name, ...)
    __attribute__((format(printf, 5, 6)));

/* One number, with an absolute tolerance. */
void eval_compare_absolute(EvalRun *run, double got, double want, double tolerance,
                           const char *name, ...) __attribute__((format(printf, 5, 6)));

void eval_fail(EvalRun *run, const char *why, const char *name, ...)
    __attribute__((format(printf, 3, 4)));

bool eval_is_remark(const EvalRun *run, const char *key);

/* ---- JSON ----------------------------------------------------------------------------------- */

json_t *eval_number(double value);
json_t *eval_count(size_t value);
json_t *eval_numbers(const double *values, size_t count);
double eval_value(const json_t *number); /* NaN where it is none */

/* Numbers of a list; the caller frees, `*count` tells how many. */
double *eval_values(json_t *list, size_t *count);

/* ---- Files ---------------------------------------------------------------------------------- */

typedef struct EvalLabels {
    uint32_t *label;
    size_t size[3], voxels;
    double spacing[3]; /* z, y, x */
} EvalLabels;

/* A label map, its path relative to the folder.  False, and a line of failure: it cannot be read.
 */
bool eval_labels_read(EvalRun *run, EvalLabels *out, const char *relative);
void eval_labels_free(EvalLabels *l);

/* Sizes of the connected pieces, the largest first: at most `most` of them. */
json_t *eval_sizes(const size_t *voxels, size_t count, size_t most);

#endif
