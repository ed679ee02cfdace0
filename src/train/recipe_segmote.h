/* recipe_segmote.h - the parts of the recipe of SegMoTE: recipe_segmote.c and
 * recipe_segmote_classes.c. */
#ifndef TRAIN_RECIPE_SEGMOTE_H
#define TRAIN_RECIPE_SEGMOTE_H

#include "train/recipe.h"
#include "train/run_parts.h"

/* ---- Classes that prompt tokens can be queried for: names that data sets give their labels -- */

/* Adds what the options ask for to a configuration that has no classes; one that has some keeps
 * them.  VOXPERT_BAD_ARGUMENT: they cannot be trained, none is named, or they are not those that
 * are there; the message names the set, the name and the rule. */
MUST_CHECK Status segmote_choose_classes(const Run *r, SegmoteConfig *c, Error *error);

/* Notes at each named label of the data which class of the declared system it is; warns of sets
 * that no class can be queried in, or where no class is trained at all. */
void segmote_give_classes(Run *r);

#endif
