/* simulate.h - label maps of a part of a data set, by a model that is given simulated prompts.
 *
 *     box       each object's tight box
 *     clicks    for each object N clicks: the first deepest in the object, each further one deepest
 * in the larger of what is missed and what is surplus (eval/clicks.h) free      no prompt: each
 * class of the data set that the model knows by name, or else the whole foreground
 *
 * Objects are those of dataset.h.  Where the model answers for several, a pixel goes to the one
 * with the highest logit; of nested labels to the innermost. */
#ifndef ASSESS_SIMULATE_H
#define ASSESS_SIMULATE_H

#include "assess/measure.h"
#include "base/text.h"

typedef enum SimulatedPrompt { SIMULATE_BOX, SIMULATE_CLICKS, SIMULATE_FREE } SimulatedPrompt;

typedef struct SimulateRule {
    SimulatedPrompt prompt;
    int clicks;        /* of SIMULATE_CLICKS, 1 .. CLICKS_MAX */
    int part;          /* a SplitPart, or EVERY_PART of click_curves.h */
    size_t most;       /* pictures, evenly spread; 0: all */
    bool zoom;         /* else the whole picture is encoded */
    size_t max_memory; /* bytes that one answer may need; 0: no limit */
} SimulateRule;

/* What a label of a picture was prompted with. */
typedef struct SimulatedTarget {
    uint32_t label;
    const char *class_name; /* that was asked for without a prompt; or NULL */
    SimulatedPoints points;
} SimulatedTarget;

typedef struct Simulation {
    Dataset data; /* of one set, with label maps */
    SimulateRule rule;
    int *picture; /* [pictures] indices in data.picture */
    size_t pictures;
    size_t objects;  /* that are prompted for in all of these */
    size_t left_out; /* pictures of the part without an object to prompt for */
    bool instances;  /* labels are numbers of objects, or overlap: no classes */
    const Model *model;
    Measurer measurer;
    SimulatedTarget *target; /* [targets] of the picture that was predicted last */
    size_t targets, target_capacity;
} Simulation;

/* Reads the data set `where` (with its options).  Errors: those of dataset_add; VOXPERT_BAD_INPUT
 * where the part has no picture to prompt for; VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status simulation_open(Simulation *out, const char *where, const SimulateRule *rule,
                                  Error *error);
void simulation_close(Simulation *s); /* a zeroed one is fine */

/* The model that answers from now on, and whether it zooms; it stays the caller's.
 * VOXPERT_BAD_ARGUMENT: it cannot answer without a prompt. */
MUST_CHECK Status simulation_model(Simulation *s, const Model *model, bool zoom, Error *error);

size_t simulation_objects(const Simulation *s, size_t index); /* of picture `index` < pictures */

/* Whether the model answers for all labels as one foreground: without a prompt, where it does not
 * know the classes. */
bool simulation_is_foreground(const Simulation *s);

/* The answers for picture `index` < pictures as a label map [height,width]: values of the data set;
 * 1 where simulation_is_foreground().  Fills s->target, in the order of the objects.  Warns where
 * objects of the picture overlap: a label map has one value for each pixel. */
MUST_CHECK Status simulation_predict(uint32_t *labels, Simulation *s, size_t index, Error *error);

/* One sentence: prompts, view, part, set, pictures and objects. */
void simulation_protocol(Text *t, const Simulation *s);

#endif
