/* measure.h - how good a model is, by the protocol that the splits come from.
 *
 * Dice of one object at the picture's own pixels, for a box and for simulated clicks; with the
 * whole picture encoded, and with a cut around the prompt (clicks: around their first answer). */
#ifndef TRAIN_MEASURE_H
#define TRAIN_MEASURE_H

#include "systems/sam.h"
#include "train/cut.h"

typedef enum Measure {
    MEASURE_BOX_WHOLE,
    MEASURE_BOX_ZOOM,
    MEASURE_JITTER_WHOLE,
    MEASURE_JITTER_ZOOM,
    MEASURE_CLICK1_WHOLE,
    MEASURE_CLICK3_WHOLE,
    MEASURE_CLICK5_WHOLE,
    MEASURE_CLICK1_ZOOM,
    MEASURE_CLICK3_ZOOM,
    MEASURE_CLICK5_ZOOM,
    MEASURE_THE_BOX,
    MEASURE_ELLIPSE,
    MEASURES
} Measure;

const char *measure_name(Measure m);

typedef struct Measurer {
    const Sam *sam;
    const Kernels *kernels;
    Worker worker;
    Arena memory, records;
    Compute cx;
    double zoom, least;       /* of the cut: times the longer side; pixels */
    float *image, *embedding; /* of the current cut */
    float *whole_embedding;   /* of `whole_of` */
    const Case *whole_of;
    float *logits, *previous; /* [low,low] */
    int low, side;
} Measurer;

MUST_CHECK Status measurer_open(Measurer *m, const Sam *sam, const Kernels *kernels,
                                Threads *threads, double zoom, double least, Error *error);
void measurer_close(Measurer *m); /* zeroed is fine */

/* Forgets the picture that was encoded last: for models that have changed. */
void measurer_reset(Measurer *m);

/* Which measures to take: bit i for measure i. */
MUST_CHECK Status measure_object(Measurer *m, const Dataset *d, const CaseObject *o, unsigned which,
                                 double dice[MEASURES], Error *error);

/* The mask [height,width] of the picture that the object's box gives, zoomed. */
MUST_CHECK Status measure_box_mask(Measurer *m, const Dataset *d, const CaseObject *o,
                                   uint8_t *mask, double *dice, Error *error);

/* Per set, the mean over objects: [sets][2][MEASURES]; the second row of a set is of its outer
 * objects (nested labels).  counts likewise.  `most` objects of each set, evenly spread; 0: all. */
typedef struct MeasureTable {
    double (*dice)[2][MEASURES];
    size_t (*count)[2];
    size_t sets;
    double macro[MEASURES]; /* mean over sets of the inner objects' */
} MeasureTable;

MUST_CHECK Status measure_sets(MeasureTable *out, Measurer *m, const Dataset *d, SplitPart part,
                               unsigned which, size_t most, Error *error);
void measure_table_free(MeasureTable *t); /* zeroed is fine */

#endif
