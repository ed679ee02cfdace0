/* click_comparison.h - two models that were asked for the same objects with boxes and clicks.
 *
 * Objects are paired by set and picture, label, box and pixels.  For each set, and for all objects
 * where there are several, the differences ours - other of Dice after the box and after each click
 * are given as in eval/comparison.h: mean, percentile interval of a paired bootstrap, Wilcoxon's
 * signed ranks.  Objects with rings (nested labels, not the innermost) are left out, as in the
 * means. */
#ifndef ASSESS_CLICK_COMPARISON_H
#define ASSESS_CLICK_COMPARISON_H

#include "assess/click_curves.h"
#include "eval/bootstrap.h"
#include "eval/paired.h"

/* An object as clicks.json has it. */
typedef struct ClickRecord {
    char *picture; /* SET/CASE */
    uint32_t label;
    int box[4];
    size_t pixels;
    bool outer;
    double dice[CLICK_WAYS][CLICKS_MAX + 1]; /* as of measure_clicks */
} ClickRecord;

typedef struct ClickRecords {
    ClickRecord *item; /* sorted by picture, label, box, pixels */
    size_t count;
    int clicks;
    bool zoom;
    char *part;
} ClickRecords;

/* Reads the text of a clicks.json; `name` is for errors.  VOXPERT_BAD_INPUT names the field and the
 * rule; VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status click_records_parse(ClickRecords *out, const char *text, size_t size,
                                      const char *name, Error *error);
void click_records_free(ClickRecords *r); /* a zeroed one is fine */

typedef struct PairedClicks {
    char *set; /* "all" of all sets */
    ClickWay way;
    int clicks; /* 0: the box alone */
    size_t pairs, zeros;
    double ours, other, difference; /* means */
    Interval interval;
    TestResult wilcoxon;
} PairedClicks;

typedef struct ClickComparison {
    char *other; /* the file that was compared with */
    BootstrapRule rule;
    PairedClicks *item;
    size_t count, capacity;
    Warnings warnings; /* where both were not asked alike */
} ClickComparison;

/* Compares after as many clicks as both have.  Errors: VOXPERT_BAD_INPUT where an object of one is
 * not in the other; VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status click_comparison_make(ClickComparison *out, const ClickRecords *ours,
                                        const ClickRecords *other, const char *other_name,
                                        BootstrapRule rule, Error *error);
void click_comparison_free(ClickComparison *c); /* a zeroed one is fine */

/* text->failed: no memory. */
void click_comparison_json(Text *t, const ClickComparison *c);
void click_comparison_markdown(Text *t, const ClickComparison *c);

#endif
