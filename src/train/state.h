/* state.h - where a training run stands, in one file.
 *
 * A safetensors file of single precision: the parameters of the run's file (of an adapter: what its
 * base does not have) under their names, and for trained ones
 * `optimizer.first.NAME`, `optimizer.second.NAME`, `average.NAME` in the published layout.  What is
 * not a tensor is in the metadata.  Everything random depends on seed and step alone, so that the
 * step is all there is to a position. */
#ifndef TRAIN_STATE_H
#define TRAIN_STATE_H

#include "assess/routing_tally.h"
#include "systems/system.h"
#include "train/optimizer.h"

typedef struct RunState {
    long step;   /* steps taken */
    double best; /* validation; -1 before the first */
    long best_step;
    long bad;                /* validations since the best */
    double seconds;          /* spent so far */
    double loss, dice, norm; /* summed since the last report */
    long reported;           /* step of that */
    RoutingTally routing;    /* since the last report; of systems without experts: zeroed */
    char recipe[HASH_TEXT];  /* of the options that a resumed run must share */
    char kernels[24];        /* set that computed it; "": the file does not say */
    char parent[HASH_TEXT];  /* identity of the model it was begun on; "": it was a new one */
    char *data;              /* what is trained on: data_record.h; the run's owner frees it */
} RunState;

/* What a file states of the model in it. */
typedef struct ModelCard {
    const char *arch, *licence, *labels, *training_data, *preprocess;
    const char *parent; /* identity of the frozen base, or NULL */
    const char *split;  /* split_record_metadata() of what it was trained on, or NULL */
} ModelCard;

/* The state states the card too: what is opened as a model is known by it. */
MUST_CHECK Status state_save(const char *path, const System *system, const Optimizer *o,
                             const RunState *run, const ModelCard *card, Error *error);

/* The record of data in a file, for memory_free; *out NULL where it has none.  Errors: those of
 * checkpoint_open(), VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status state_data(char **out, const char *path, Error *error);

/* Whether the run may go on from a file: the errors of state_load() about what must be shared. */
MUST_CHECK Status state_check(const char *path, const RunState *run, Error *error);

/* Into a declared model, an optimizer that is open on it, and a tally that is open.
 * run->recipe, run->parent, run->data: what they must be; VOXPERT_BAD_INPUT where the file is of
 * another recipe, another model to begin from, or other data, of which the first case is named. */
MUST_CHECK Status state_load(const char *path, System *system, Optimizer *o, RunState *run,
                             Error *error);

/* The averages (if there are any; else the values) as a model file of half precision. */
MUST_CHECK Status state_export(const char *path, const System *system, Optimizer *o, bool averages,
                               const ModelCard *card, ElementType type, Error *error);

#endif
