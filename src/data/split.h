/* split.h - which images are for training and which for testing, where no list says it.
 *
 * The group of an image is "SET/PATIENT", or "SET/STEM" where each file stands for itself; all of a
 * group fall into one part: FNV-1a 64 of that text modulo 10 is 0 or 1 for test, 2 for validation,
 * else training. */
#ifndef DATA_SPLIT_H
#define DATA_SPLIT_H

#include <stdbool.h>

typedef enum SplitPart { SPLIT_TRAIN, SPLIT_VALIDATION, SPLIT_TEST } SplitPart;

/* `stem`: a file's name without folders and extension. */
SplitPart split_part(const char *set, const char *stem, bool by_patient);

const char *split_part_name(SplitPart part); /* "training", "validation", "test" */

#endif
