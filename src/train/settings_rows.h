/* settings_rows.h - settings of a training run as rows of tables: those of every run
 * (settings_rows.c), and those of a recipe, in its own file. */
#ifndef TRAIN_SETTINGS_ROWS_H
#define TRAIN_SETTINGS_ROWS_H

#include <stddef.h>

#include "train/run.h"

typedef struct Setting {
    const char *name, *help;
    const char *choices; /* "a|b|c" of a word; NULL: it is a number, or a list of numbers */
} Setting;

/* Type of the field of TrainOptions, and how its text is read. */
typedef enum SettingKind {
    KIND_INT,
    KIND_LONG,
    KIND_SIZE,
    KIND_SEED,
    KIND_DOUBLE,
    KIND_FLOAT,
    KIND_FLAG,
    KIND_WORD, /* an enum, by its place among the choices */
    KIND_LIST, /* up to four whole numbers */
    KIND_LOSS
} SettingKind;

/* What a row may say beside its range. */
enum {
    ABOVE = 1, /* the least value itself is excluded */
    BELOW = 2, /* the largest is */
    FREE = 4   /* a resumed run may change it */
};

typedef struct SettingRow {
    Setting setting;
    SettingKind kind;
    size_t offset;
    double least, most;
    unsigned more;
    unsigned given; /* bit of TrainOptions.given */
} SettingRow;

#define AT(field) offsetof(TrainOptions, field)

/* Of training itself, which stand before a recipe's rows, and of how a run goes, which stand behind
 * them. */
extern const SettingRow training_rows[], running_rows[];
extern const int training_row_count, running_row_count;

#endif
