/* plan.h - what would mend a data set, as shell commands that harm nothing.
 *
 *     plan_aside_case(c, finding, item);      // while reading and checking
 *     ...
 *     plan_settle(c, error);                  // then every finding's `fix` is text
 *
 * What is planned: files are renamed, or set aside (moved to set_aside/ below the data set's
 * folder, with the folders that they were in), and dataset.json is written anew, its old text
 * beside it. The rules:
 *
 *   - one command for one file: what another finding's command moves already is not moved again,
 *     but a renamed file of a case that is set aside goes with it, under its new name;
 *   - names that one rule explains are renamed all or not at all;
 *   - nothing is overwritten, also where a file came to be since or the plan is run twice: the
 *     command prints what it does not move, and sets `failed`; nothing outside the data set's
 *     folder is touched, through links neither;
 *   - every word is quoted for a POSIX shell.  A name that cannot be quoted safely (control
 *     characters, no UTF-8) is not planned, and `note` says so;
 *   - nothing is planned that leaves more findings than it mends: files of sets that name their
 *     files in lists, or in splits_final.json, are not set aside; numTraining follows. */
#ifndef DATA_PLAN_H
#define DATA_PLAN_H

#include "data/catalog.h"

void plan_rename(Catalog *c, Finding *f, const char *from, const char *to);
void plan_aside(Catalog *c, Finding *f, const char *path);

/* All image files of a case, and its label. */
void plan_aside_case(Catalog *c, Finding *f, const CatalogCase *item);

/* dataset.json is to be written as c->mended. */
void plan_json(Finding *f);

/* Composes `fix` and `note` of every finding; may be called again after more were found.
 * VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status plan_settle(Catalog *c, Error *error);

#endif
