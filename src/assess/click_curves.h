/* click_curves.h - Dice of a model's answers over the number of clicks.
 *
 * Each object is asked for in two ways: by its box, then with clicks that correct the answer one by
 * one (the protocol of the 2025 challenge on interactive segmentation), and by clicks alone; and
 * where it is wanted, each picture's whole foreground without a prompt, and of sets whose labels
 * have names each class of it.  For N clicks and d_i the Dice after i of them
 *
 *     DSC_AUC = sum over i = 1 .. N - 1 of (d_i + d_i+1) / 2     DSC_Final = d_N
 *
 * over the clicks, without the box's answer, as that challenge counts; divided by N - 1 it lies
 * between 0 and 1. */
#ifndef ASSESS_CLICK_CURVES_H
#define ASSESS_CLICK_CURVES_H

#include "assess/measure.h"
#include "base/text.h"

typedef enum ClickWay { WAY_BOX_FIRST, WAY_CLICKS_ALONE, CLICK_WAYS } ClickWay;

const char *click_way_name(ClickWay w); /* "box then clicks" */

typedef struct ClickRule {
    int clicks;  /* 1 .. CLICKS_MAX */
    int part;    /* a SplitPart; EVERY_PART: all of the data */
    size_t most; /* objects of each set, evenly spread; 0: all */
    bool zoom;
    bool prompt_free;  /* pictures are also asked for without a prompt */
    size_t max_memory; /* bytes that one answer may need; 0: no limit */
} ClickRule;

enum { EVERY_PART = 3 };

/* All of a name in a picture, asked for without a prompt. */
typedef struct ClassDice {
    int picture;
    const char *name; /* the data's */
    double dice;
} ClassDice;

typedef struct ClickCurves {
    Dataset data;
    ClickRule rule;
    const char *part; /* its name */
    size_t *object;   /* indices in data.object */
    double *dice;     /* [objects][CLICK_WAYS][clicks + 1], see measure_clicks */
    size_t objects;
    double *prompt_free; /* [objects] of the picture of each, at its first object; else -1 */
    ClassDice *by_class; /* [classes], picture by picture */
    size_t classes, class_capacity;
} ClickCurves;

/* After each object. */
typedef struct ClickListener {
    void (*done)(void *context, size_t done, size_t total, const char *name);
    void *context;
} ClickListener;

/* "train", "validation", "test", "all" (and NULL); -1: none of these. */
int click_part(const char *name);
const char *click_part_name(int part);

/* VOXPERT_BAD_ARGUMENT unless that is 1 .. CLICKS_MAX clicks and a part that click_part knows. */
MUST_CHECK Status click_question_check(int clicks, const char *part, Error *error);

/* Indices of the objects that a rule asks about, by set, those with rings behind the others; the
 * caller frees `*out`.  Where all parts are asked about, all pictures come to be of one.
 * VOXPERT_BAD_INPUT names `folder` where there is none, VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status click_objects(size_t **out, size_t *count, Dataset *d, const ClickRule *rule,
                                const char *folder, Error *error);

/* Errors: those of dataset_add; VOXPERT_BAD_INPUT where no object is in that part;
 * VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status click_curves_measure(ClickCurves *out, const Model *model,
                                       const char *const *folders, size_t folder_count,
                                       const ClickRule *rule, const ClickListener *listener,
                                       Error *error);
void click_curves_free(ClickCurves *c); /* a zeroed one is fine */

/* ---- Means ------------------------------------------------------------------------------ */

/* The objects of a set; those with rings (nested labels, not the innermost) are apart.  After the
 * sets: the mean over all objects without those, and the mean over the sets' means. */
typedef struct ClickRow {
    char name[160];
    size_t objects;
    double dice[CLICK_WAYS][CLICKS_MAX + 1];
    /* Half of the 95 % interval of that mean, over its objects: 1.96 times their deviation over the
     * root of their number; NaN of one object and of the mean of the sets. */
    double half_width[CLICK_WAYS][CLICKS_MAX + 1];
    size_t pictures; /* asked for without a prompt; of the means and of sets: with all objects */
    double prompt_free;
} ClickRow;

/* `*rows` [*count]; the caller frees.  VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status click_rows(ClickRow **rows, size_t *count, const ClickCurves *c, Error *error);

/* What a set calls some of its labels: the mean over the pictures that show it. */
typedef struct ClassRow {
    const char *set_name, *name;
    size_t pictures;
    double dice;
    size_t rows;    /* up to here */
    size_t set, at; /* where the next one is looked for */
} ClassRow;

/* The next one; a zeroed row goes before the first.  False past the last. */
bool click_class_next(ClassRow *row, const ClickCurves *c);

double click_auc(const double *dice, int clicks); /* DSC_AUC; 0 for one click */

/* ---- Reports (click_curves_report.c) -----------------------------------------------------------
 */

/* text->failed: no memory. */
void click_curves_csv(Text *t, const ClickCurves *c); /* a row per object, way and answer */
void click_rows_csv(Text *t, const ClickRow *row, size_t rows, const ClickRule *rule);
void click_rows_json(Text *t, const ClickRow *row, size_t rows, const ClickCurves *c);
void click_rows_markdown(Text *t, const ClickRow *row, size_t rows, const ClickCurves *c);

/* Two panels, one for each way: Dice over clicks, a line per row.  `*missing` says why there is no
 * figure; NULL: it is there. */
MUST_CHECK Status click_rows_draw(const ClickRow *row, size_t rows, const ClickRule *rule,
                                  const char *path, const char **missing, Error *error);

#endif
