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
/* last.safetensors, and what summary.json says of its weights and options. */
bool tiny_same_summary(const char *folder_a, const char *folder_b); /* of the latter alone */
bool tiny_same_weights(const char *folder_a, const char *folder_b);
bool tiny_same_file(const char *folder_a, const char *folder_b, const char *name);

/* Whether two runs of experts learned the same. */
bool tiny_same_run(const char *folder_a, const char *folder_b);

/* folder/name, opened; the test fails where it cannot be. */
Checkpoint *tiny_open(const char *folder, const char *name);

/* The experts of folder/name on their base, a file; the test fails where they cannot be opened. */
typedef struct TinyExperts {
    Checkpoint *file, *base;
    System system;
} TinyExperts;
void tiny_experts_open(TinyExperts *e, const char *folder, const char *name, const char *base);
void tiny_experts_close(TinyExperts *e);

bool tiny_copy_file(const char *from, const char *to);

#endif
