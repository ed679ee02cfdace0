/* gradients.h - what golden files with gradients share: what trains, targets, comparing. */
#ifndef TESTS_GOLDEN_GRADIENTS_H
#define TESTS_GOLDEN_GRADIENTS_H

#include "nn/params.h"
#include "tests/golden/run.h"

/* Marks for training what the metadata `key` lists: patterns, or a file of names.  False: reported.
 */
bool golden_choose_trained(GoldenRun *run, Params *params, const char *key);

/* Whether the list under `key` has this name. */
bool golden_is_listed(const GoldenRun *run, const char *key, const char *name);

/* The truth of pass `index`, [n,1,size,size]; NULL: reported. */
Tensor *golden_target(GoldenRun *run, Compute *cx, size_t index, int n, int size);

/* Against `out.PASS NAME`, if the file has it. */
void golden_compare_number(GoldenRun *run, const char *pass, const char *name, double value);

/* The gradient of every parameter that trains; that of others must not be. */
void golden_compare_parameters(GoldenRun *run, const Params *params);

#endif
