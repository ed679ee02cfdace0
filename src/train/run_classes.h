/* run_classes.h - the classes that the prompt tokens of a run can be asked for: names that its data
 * sets give their labels. */
#ifndef TRAIN_RUN_CLASSES_H
#define TRAIN_RUN_CLASSES_H

#include "train/run_parts.h"

/* Adds what the options ask for to a configuration that has no classes; one that has some keeps
 * them.  VOXPERT_BAD_ARGUMENT: they cannot be learned, none is named, or they are not those that
 * are there; the message names the set, the name and the rule. */
MUST_CHECK Status run_choose_classes(const Run *r, SegmoteConfig *c, Error *error);

/* Tells each named label of the data which class of the declared system it is; says of which sets
 * no class can be asked, or that none is at all. */
void run_give_classes(Run *r);

#endif
