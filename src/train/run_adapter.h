/* run_adapter.h - training that goes on from an adapter: experts that were trained before, on the
 * same frozen base. */
#ifndef TRAIN_RUN_ADAPTER_H
#define TRAIN_RUN_ADAPTER_H

#include "train/run_parts.h"

/* Where what the run begins from is an adapter, its base takes the place of r->base, and the file
 * stays open as r->adapter.  VOXPERT_BAD_ARGUMENT: for another recipe; VOXPERT_BAD_MODEL. */
MUST_CHECK Status run_open_adapter(Run *r, Error *error);

/* Its experts beside the base, which is declared and bound, with the values of the file; those that
 * were held back are known to the router where the options release them.  VOXPERT_BAD_MODEL: it was
 * trained on another base; VOXPERT_BAD_ARGUMENT: a setting asks for other numbers of experts. */
MUST_CHECK Status run_declare_adapter(Run *r, Error *error);

typedef struct OtherNumber {
    const char *flag; /* NULL: there is none */
    int asked, there;
} OtherNumber;

/* The first number of the experts' setting that was asked for and is not that of the experts that
 * are there; the default asks for nothing. */
OtherNumber run_other_number(const TrainOptions *o, const ExpertDecoderConfig *there);

/* Puts where prompt tokens act, confidence, update and noise into a configuration: those of the
 * settings GIVEN_... in `which`. */
void run_choose_ways(const TrainOptions *o, SegmoteConfig *c, unsigned which);

#endif
