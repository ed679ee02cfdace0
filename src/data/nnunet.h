/* nnunet.h - the parts of nnU-Net v2's raw format: nnunet_json.c reads dataset.json,
 * nnunet_splits.c splits_final.json, read_nnunet.c the folders. */
#ifndef DATA_NNUNET_H
#define DATA_NNUNET_H

#include "data/reader.h"

typedef struct NnunetJson {
    const char *path;
    const char *ending;   /* of files, with its dot; NULL: not said */
    long training;        /* numTraining; -1: not said */
    bool colours_in_file; /* one file may hold all channels, as pictures do */
} NnunetJson;

/* Fills labels and channels of `c`; what is missing or wrong is found. */
MUST_CHECK Status nnunet_json_read(NnunetJson *out, Catalog *c, Error *error);

/* Gives training cases their part of the fold that is asked for, where there is a list. */
MUST_CHECK Status nnunet_splits_read(Catalog *c, Error *error);

#endif
