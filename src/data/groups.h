/* groups.h - which cases belong together, and the parts that follow. */
#ifndef DATA_GROUPS_H
#define DATA_GROUPS_H

#include "data/catalog.h"

/* Gives each case its group, and where no list says its part, the one that the group falls into.
 * Groups are those of groups.csv in the set's folder where it is there (lines "stem,group" below
 * such a line; fields may be quoted), else the patient's name or the stem.  Lines that name no case
 * and cases that have no line are found.  VOXPERT_BAD_INPUT: groups.csv cannot be read;
 * VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status groups_apply(Catalog *c, Error *error);

#endif
