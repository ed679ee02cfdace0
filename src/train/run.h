/* run.h - a training run from its options to its model file. */
#ifndef TRAIN_RUN_H
#define TRAIN_RUN_H

#include "assess/measure.h"
#include "base/text.h"
#include "train/history.h"
#include "train/state.h"
#include "train/step.h"

struct Recipe; /* recipe.h */

/* The numbers of SegMoTE's paper mode. */
typedef struct ExpertOptions {
    int tokens, experts, kept, rank, pool; /* pool: prompt tokens made from the image; 0: none */
    PptUse ppt;
    ExpertUpdate update; /* residual or replace */
    bool confidence;     /* the router's weighs the experts' output */
    ExpertRule rule;
} ExpertOptions;

/* Linear: from a share of the rate to all of it over some epochs, the same within an epoch. */
typedef enum Schedule {
    SCHEDULE_COSINE,
    SCHEDULE_STEP,
    SCHEDULE_CONSTANT,
    SCHEDULE_LINEAR
} Schedule;

enum { DROPS_MAX = 4 };

/* Settings that a scheme or an adapter has an own value for: which of them the user gave. */
enum {
    GIVEN_STEPS = 1,
    GIVEN_EPOCHS = 2,
    GIVEN_STEP_AT = 4,
    GIVEN_EPOCH_AT = 8,
    GIVEN_PPT = 16,
    GIVEN_CONFIDENCE = 32,
    GIVEN_UPDATE = 64,
    GIVEN_NOISE = 128
};

typedef struct TrainOptions {
    const char *const *data; /* folders with options: see dataset.h */
    size_t folders;
    int shapes;           /* drawn pictures, added as one more folder: shapes.h */
    const char *base;     /* checkpoint to begin from, which may be an adapter; or NULL */
    const char *parent;   /* of an adapter: its frozen base; NULL: the built-in model */
    bool release_experts; /* that an adapter holds back from its router */
    const char
        *prompt_classes;  /* "all", or names with commas; NULL: those of an adapter, or none */
    const char *config;   /* JSON text of a new model, or NULL */
    const void *embedded; /* the built-in model's bytes: the base where neither is given */
    size_t embedded_size;
    const char *out;                          /* folder */
    const char *const *train, *const *freeze; /* globs over names, in this order */
    size_t trains, freezes;
    const char *vocab;  /* merges of the base's text tower, for text prompts; or NULL */
    const char *cpu;    /* kernel set; NULL: the best */
    int threads;        /* 0: every core */
    size_t max_memory;  /* bytes that the run may need; 0: no limit */
    size_t data_memory; /* of which images and masks may take so many, and embeddings as many again;
                           the rest is in temporary files; 0: a quarter of the machine's */
    uint64_t seed;
    bool resume;
    bool no_cache;     /* the encoder runs in every step, on pictures that are augmented */
    const char *cache; /* folder of embeddings; NULL: of experts `out`/embeddings, else none */
    bool cache_half;   /* kept in half precision */

    unsigned given; /* bits of settings */
    long steps;
    long epochs; /* instead of steps: times that as many images are shown as there are; 0: steps */
    int batch, share, accumulate, loss_side; /* loss_side 0: the model's input */
    const struct Recipe *recipe;
    ExpertOptions experts;
    const Scheme *scheme;
    Schedule schedule;
    double warm_up;        /* steps */
    double lr_start;       /* share of lr at the first epoch (linear) */
    double warm_up_epochs; /* after which all of it is reached (linear) */
    double lr_end;         /* share of lr that is left at the end (cosine) */
    long drops[DROPS_MAX]; /* steps at which lr is multiplied by drop_by (step schedule); 0: none */
    long epoch_drops[DROPS_MAX]; /* epochs after which it is, instead */
    double drop_by;
    OptimizerRule optimizer;
    bool decay_all;
    Augment augment;
    PromptRule prompts;
    MaskLoss loss;

    long validate_every;  /* steps; 0: never */
    size_t validate_most; /* objects of each set; 0: all */
    long patience;        /* validations without a new best; 0: never stops early */
    double checkpoint_minutes;
    double time_limit; /* seconds of this call, without those of a run that it resumes; 0: none */
    double zoom;
    bool zoom_given; /* else a model that is measured has its file's */
    ModelCard card;  /* licence, labels, training_data; the run knows the rest */
} TrainOptions;

TrainOptions train_options_default(void);

typedef struct TrainProgress {
    HistoryRow row;
    bool interim;      /* between two reports: means so far */
    const char *usage; /* which share of the tokens each expert had, by modality; "": no experts */
    long steps;
    double seconds_left, samples_per_second;
    const Dataset *data;
    const MeasureTable *table; /* of a validation, or NULL */
} TrainProgress;

/* What goes on before the first step. */
typedef struct TrainPhase {
    const char *name, *what; /* "reading", of a data set's name; "encoding", "image" */
    size_t done, all;        /* cases, or images */
    double seconds;          /* since it began */
} TrainPhase;

typedef struct TrainObserver {
    void (*progress)(void *context, const TrainProgress *p);
    void (*phase)(void *context, const TrainPhase *p); /* NULL: nobody looks */
    void (*begin)(void *context, const char *lines);   /* what is about to be done; or NULL */
    /* one sentence: a detail, or a warning; NULL: nobody listens */
    void (*say)(void *context, bool warning, const char *sentence);
    bool (*stop)(void *context); /* asked after each step; NULL: never */
    void *context;
} TrainObserver;

typedef struct TrainResult {
    long steps;
    double best; /* -1 where nothing was validated */
    long best_step;
    bool stopped_early, out_of_time, interrupted;
    bool drawn;            /* curves.png and curves.svg were made */
    const char *not_drawn; /* else why; a constant text */
    bool written;          /* there is a model file; else it ended before the first step */
} TrainResult;

MUST_CHECK Status train_run(const TrainOptions *options, const TrainObserver *observer,
                            TrainResult *result, Error *error);

/* A model card's table in Markdown: `base` on a part of the data (3: on all of it).  `warnings`
 * gets what was taken although it was odd, also after an error; the table lists it too. */
MUST_CHECK Status train_measure(const TrainOptions *options, int part, Text *out,
                                Warnings *warnings, Error *error);

/* Learning rate of a step, from 0; `epoch`: steps that are one. */
double train_rate(const TrainOptions *o, long epoch, long step);

#endif
