/* stages.h - what a model shows on its way, held against the stages of a golden file. */
#ifndef TESTS_GOLDEN_STAGES_H
#define TESTS_GOLDEN_STAGES_H

#include "tests/golden/inputs.h"
#include "tests/golden/windows.h"

/* A tensor whose gradient is wanted after the backward pass. */
typedef struct GoldenHeld {
    char name[128]; /* "grad.mid...." */
    const Tensor *tensor;
} GoldenHeld;

typedef struct GoldenStages {
    GoldenRun *run;
    Compute *cx;               /* that computes now */
    const char *name, *stages; /* prefixes of the pass, see the README; "" in the encoder */
    GoldenEncoder encoder;     /* for what padded tokens would give */
    bool mute;                 /* compares nothing: of later training steps */
    GoldenStream stream;       /* the last tensor that went into a block */
    GoldenHeld *held;
    size_t held_count, held_capacity;
} GoldenStages;

void golden_stages_free(GoldenStages *s);

/* Before each forward pass of a model: shows its stages to `s`. */
void golden_stages_watch(GoldenStages *s, Compute *cx);

/* Compares `t` with out. and mid. of this name, as far as the file has them, and notes it where its
 * gradient is asked for.  Nothing while measuring. */
void golden_stage(GoldenStages *s, const char *stage, const Tensor *t);
void golden_stage_result(GoldenStages *s, const char *stage, const Tensor *t); /* without grad. */
void golden_stage_hold(GoldenStages *s, const char *stage, const Tensor *t);   /* grad. alone */

void golden_stage_none(GoldenStages *s, const char *stage); /* must be empty in the file */

/* Values of a tensor in the layout that the file has them in; the caller frees.  NULL: reported. */
float *golden_published(GoldenRun *run, const char *name, const Tensor *t, const float *values);

#endif
