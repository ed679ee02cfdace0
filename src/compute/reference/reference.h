/* reference.h - the entries of kernels_reference. */
#ifndef COMPUTE_REFERENCE_REFERENCE_H
#define COMPUTE_REFERENCE_REFERENCE_H

#include "compute/kernels.h"

/* Begins a sum over n numbers: zero, or what is there.  Returns where it goes. */
float *reference_begin(Into sum, size_t n);

float reference_activate(float x, Activation f); /* one element */

/* NOLINTBEGIN(bugprone-macro-parentheses): types and names cannot stand in parentheses */
#define KERNEL(type, name, parameters) type reference_##name parameters;
#include "compute/kernels.def"
/* NOLINTEND(bugprone-macro-parentheses) */

#endif
