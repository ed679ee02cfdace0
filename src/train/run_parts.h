/* run_parts.h - what a training run holds, for the files that make one. */
#ifndef TRAIN_RUN_PARTS_H
#define TRAIN_RUN_PARTS_H

#include "train/class_texts.h"
#include "train/run.h"
#include "train/views.h"

typedef struct Run {
    TrainOptions chosen;         /* the caller's, with what follows from the data */
    const TrainOptions *options; /* the same */
    const TrainObserver *observer;
    Warnings warnings; /* that were reported, each once */
    Dataset data;
    Pool pool;
    Batch batch;
    Views views; /* of a frozen encoder, unless it runs in every step */
    bool cached;
    bool stopped;     /* while the embeddings were computed: there are not all of them */
    ClassTexts texts; /* of the labels' names, for text prompts */
    float *text;      /* [batch,width] of a batch */
    long epoch;       /* steps of one */
    Preset preset;
    Checkpoint *base;
    Checkpoint *adapter; /* that the run goes on from, or NULL */
    System system;
    char parent[HASH_TEXT]; /* identity of the base, where its encoder is frozen; or "" */
    char origin[HASH_TEXT]; /* of all that the run begins from: base and adapter; "": a new model */
    bool declared, validates;
    bool made_folder; /* of the outputs: it was not there */
    const Kernels *kernels;
    Threads *threads;
    Optimizer optimizer;
    Stepper stepper;
    Model shown; /* a view of the same weights, as a user has them */
    bool shows;  /* which is open */
    Measurer measurer;
    RunState state;
    History history;
    ModelCard card;                                /* with what the options left open */
    Text split, labels, training_data, preprocess; /* texts of it */
    Text memory;                                   /* table of what is needed, a line */
    size_t program, read, needs;  /* bytes: of its own before the run and after the data were read,
                                     and of all of it */
    const char *phase, *phase_of; /* shown last, */
    double phase_began;           /* since then */
    double shown_at;              /* of the last line of progress */
    const char **set_name;        /* [sets], of the data's */
    const char **modality_name;   /* [modalities <= sets], of the data's */
    int *modality_of;             /* [sets]: its place there; -1: the set states none */
    size_t modalities;
    double *usage;       /* [1 + sets + modalities,experts], of a report */
    char shares[200];    /* of them for a line */
    bool collapsed;      /* at the last one */
    double began, saved; /* on the clock; of this part of the run */
    double before;       /* seconds of earlier parts */
    double looped;       /* when the first step of this part began, */
    long first;          /* and which it was */
} Run;

/* A detail; or a warning, which is reported once and goes into summary.json. */
void run_say(Run *r, bool warning, const char *sentence);

/* Shows how far a phase is ("encoding", of what "image"s) to TrainObserver.phase. */
void run_phase(Run *r, const char *name, const char *what, size_t done, size_t all);

/* The observer wants it to end, or its time is over. */
bool run_is_stopped(const Run *r);

/* `path` of a file in the run's folder; the caller frees it. */
MUST_CHECK Status run_file(const Run *r, const char *name, char **path, Error *error);

#endif
