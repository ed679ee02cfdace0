/* fuzz.h - one parser, any bytes.
 *
 * A target defines this function, feeds the bytes to its parser, frees everything, and returns 0.
 * libFuzzer calls it (make fuzz T=name), and so does replay.c, which is part of the suite. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#endif
