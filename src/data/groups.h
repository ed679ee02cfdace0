/* groups.h - which cases belong together, and the parts that follow. */
#ifndef DATA_GROUPS_H
#define DATA_GROUPS_H

#include "data/catalog.h"

/* Gives each case its group, and where no list says its part, the one that the group falls into.
 * Groups are those of groups.csv in the set's folder where it is there: a sheet (base/csv.h) of
 * stems and groups, or with columns of these names among others; else the patient's name or the
 * stem.  Lines that name no case, cases that have no line, and what is wrong with the sheet are
 * findings.  VOXPERT_BAD_INPUT: groups.csv cannot be read; VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status groups_apply(Catalog *c, Error *error);

#endif
