/* tiny.h - the smallest model and run that learn anything. */
#ifndef TESTS_TRAIN_TINY_H
#define TESTS_TRAIN_TINY_H

#include "train/run.h"

/* 32 pixels, patches of 4, 16 channels, one block. */
extern const char tiny_config[];

/* A few steps on drawn shapes into `out`, which is emptied of an earlier run. */
TrainOptions tiny_options(const char *out);

/* A folder of its own below the system's for temporary files; valid until the fourth next call. */
const char *tiny_folder(const char *name);

/* Whether two files hold the same bytes. */
bool tiny_same_file(const char *folder_a, const char *folder_b, const char *name);

bool tiny_copy_file(const char *from, const char *to);

#endif
