/* watch.h - a training run with somebody who listens, and stops it. */
#ifndef TESTS_TRAIN_WATCH_H
#define TESTS_TRAIN_WATCH_H

#include "train/run.h"

typedef struct Watch {
    double first, last;
    long asked, stop_at, kill_at;
    char said[256], warned[256]; /* the last detail, the last warning */
    char usage[200];             /* of experts, at the last progress */
    bool reading;                /* of the data: nothing is counted yet */
    int warnings, validations;
} Watch;

MUST_CHECK Status go(const TrainOptions *o, Watch *w, Error *error);
void must(const TrainOptions *o, Watch *w); /* the test fails where it does not end well */

#endif
