/* tiny_data.h - a data folder with pictures of two named objects, and regions beside them. */
#ifndef TESTS_TRAIN_TINY_DATA_H
#define TESTS_TRAIN_TINY_DATA_H

#include "cases/dataset.h"

enum { TINY_DATA_SIDE = 40, TINY_DATA_REGIONS = 3 };

/* Writes `pictures` of them, another for each salt, with labels 1 and 2, names.json for these, and
 * regions 1, 2, 3 of every picture but the first.  Ends the test program where it cannot. */
void tiny_data_write(const char *folder, int pictures, unsigned salt);

#endif
