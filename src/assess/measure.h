/* measure.h - how good a model is, by the protocol that the splits come from.
 *
 * Dice of one object at the picture's own pixels, for a box and for simulated clicks, as a session
 * of the library answers them: with the whole picture encoded, and zooming.  Each click after the
 * first comes with the logits of the answer before. */
#ifndef ASSESS_MEASURE_H
#define ASSESS_MEASURE_H

#include "cases/dataset.h"
#include "predict/predictor.h"

enum { CLICKS_MAX = 50 };

/* A simulated prompt, in pixels of the picture. */
typedef struct SimulatedPoints {
    float box[4]; /* inclusive corners */
    bool has_box;
    float at[CLICKS_MAX][2];
    int label[CLICKS_MAX]; /* 1 inside, 0 outside */
    int count;
} SimulatedPoints;

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

/* What a frozen encoder makes of whole pictures: for models that differ behind it alone. */
typedef struct KeptEmbeddings {
    const Case *first; /* of the data set's pictures */
    float **picture;   /* [pictures] what predictor_take takes; NULL: not encoded yet */
} KeptEmbeddings;

typedef struct Measurer {
    Predictor *predictor[2]; /* of the whole picture, and zooming */
    const Case *shown;       /* the picture that both have */
    float *previous;         /* low logits of the last answer */
    Crop previous_crop;
    SimulatedPoints points; /* of the last answer */
    KeptEmbeddings *kept;   /* the caller's, filled as pictures come, with memory_free to free them;
                               whole pictures alone can then be asked about.  NULL: none are kept */
    void (*answered)(void *context, const Prediction *found); /* called for each answer; or NULL */
    void *context;
} Measurer;

/* The model stays the caller's; its weights may change between two measures, see measurer_reset. */
MUST_CHECK Status measurer_open(Measurer *m, const Model *model, const PredictorOptions *options,
                                Error *error);
void measurer_close(Measurer *m); /* zeroed is fine */

/* Forgets the picture that was encoded last: for models that have changed. */
void measurer_reset(Measurer *m);

/* Which measures to take: bit i for measure i. */
MUST_CHECK Status measure_object(Measurer *m, const Dataset *d, const CaseObject *o, unsigned which,
                                 double dice[MEASURES], Error *error);

/* Dice after 1 .. clicks clicks, and after the box that goes before them and stays, if `box`:
 * dice [clicks + 1], the first is the box's (0 without). */
MUST_CHECK Status measure_clicks(Measurer *m, const Dataset *d, const CaseObject *o, bool box,
                                 int clicks, bool zoom, double *dice, Error *error);

/* Of the whole foreground of the picture that an object is in, without a prompt.
 * VOXPERT_BAD_ARGUMENT: the model makes no prompt tokens. */
MUST_CHECK Status measure_prompt_free(Measurer *m, const Dataset *d, const CaseObject *o,
                                      double *dice, Error *error);

/* The same of what the data set calls `name` in that picture, asked as the model's class of that
 * name; a model without such a class is asked for the whole foreground. */
MUST_CHECK Status measure_class(Measurer *m, const Dataset *d, const CaseObject *o,
                                const char *name, double *dice, Error *error);

/* The mask [height,width] of the image that the object's box gives, zoomed, and its reference. */
MUST_CHECK Status measure_box_mask(Measurer *m, const Dataset *d, const CaseObject *o,
                                   uint8_t *mask, uint8_t *truth, double *dice, Error *error);

/* Logits [height,width] of the object's picture for a prompt that is made of its reference: the
 * box, or (clicks > 0) clicks alone, one by one, each where the answer before was wrong. */
MUST_CHECK Status measure_object_logits(Measurer *m, const Dataset *d, const CaseObject *o,
                                        int clicks, bool zoom, float *logits, Error *error);

/* The same of a picture without a prompt: as the model's class (1, 2, ...), or (0) all of it.
 * VOXPERT_BAD_ARGUMENT: the model makes no prompt tokens. */
MUST_CHECK Status measure_free_logits(Measurer *m, const Dataset *d, int picture, int prompt_class,
                                      float *logits, Error *error);

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
