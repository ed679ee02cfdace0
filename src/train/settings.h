/* settings.h - the numbers of a training run by name: one table for the command line, recipes and
 * the library. */
#ifndef TRAIN_SETTINGS_H
#define TRAIN_SETTINGS_H

#include "train/settings_rows.h"

const Setting *setting_at(int index); /* NULL past the last */

/* "lr=1e-3".  VOXPERT_BAD_ARGUMENT names the setting and its range. */
MUST_CHECK Status settings_apply(TrainOptions *o, const char *assignment, Error *error);

/* The value of a setting as settings_apply() takes it; "" of an empty list.  `size`: 40 or more. */
void setting_text(const TrainOptions *o, int index, char *out, size_t size);

bool setting_is_number(int index); /* not a word, and not a list */

/* VOXPERT_BAD_ARGUMENT names settings that do not go together: both of two units, a range whose
 * ends are swapped, no loss, ... */
MUST_CHECK Status settings_check(const TrainOptions *o, Error *error);

/* SHA-256 of what a resumed run must share: the settings but those that it may change, and the
 * globs of parameters.  Data and model are compared by their contents: state.h. */
void settings_identity(const TrainOptions *o, char text[HASH_TEXT]);

#endif
