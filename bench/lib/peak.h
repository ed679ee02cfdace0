/* peak.h - how fast this machine multiplies and adds floats, measured with nothing else to do. */
#ifndef BENCH_PEAK_H
#define BENCH_PEAK_H

#include "compute/kernels.h"

/* Gop/s of independent chains of fused multiply-adds in the vectors of the set `name` (of a product
 * and a sum, where it has none), on the worker's threads; the best of several turns. */
double peak_measure(const Worker *w, const char *name, bool cpu);

/* A clock; `cpu`: of this process on the processor, as if shared evenly by the worker's threads. */
double bench_seconds(const Worker *w, bool cpu);

#endif
