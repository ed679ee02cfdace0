/* train.h - train a model of the SAM family on images with masks.
 *
 * UNSTABLE: it may change in every minor version (version.h).
 *
 * A data set is a folder with `images/` and `masks/` or `labels/` (label maps, 0 = background, same
 * stems), or any other that dataset.h reads; what it means follows its name: `DIR[:OPTION...]`.
 *   patient    images whose stems agree up to the first `_` stay in one part of the split
 *   instances  each label value is one object (else each connected component of one)
 *   nested     an object of label v is all labels >= v
 *   train      all of it is for training; else as a list of the data set tells, or where none does,
 *              by groups: a fifth test, a tenth validation
 *   slices=N   volumes: N slices across each axis, evenly spaced
 *   window=LEVEL,WIDTH   of values that become 8 bits
 *   weight=X   how often samples are drawn from it, against 1 of sets that do not say
 *   channel=N  which file of a case with several is looked at, from 0
 *   fold=N     of nnU-Net's splits_final.json, from 0
 *   modality=WORD  such as ct: usage of experts is recorded by it, too
 *   group=NAME sets of different groups never meet in a batch; those without one are one group
 *   names=FILE of their labels, for text prompts and classes: a JSON object in the folder,
 *              {"1": "liver"}
 *   class=NAME the same name for every label
 * A folder `regions/` beside them holds maps of what nobody labelled (0 = nothing, 1, 2, ...: a
 * region), from which SegMoTE's scheme learns too; images without one are fine. */
#ifndef VOXPERT_TRAIN_H
#define VOXPERT_TRAIN_H

#ifndef VOXPERT_UNSTABLE
#error "this header may change in every minor version: define VOXPERT_UNSTABLE to use it"
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <voxpert/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* NULL or 0 in any field means: none, or the default. */
typedef struct VoxpertTrainOptions {
    const char *const *data; /* folders, see above */
    size_t data_count;
    const char *base;                         /* checkpoint to begin from ("built-in": the built-in
                                                 model, as NULL without config); of segmote also an
                                                 adapter, whose experts go on learning, */
    const char *parent;                       /* on this frozen base; NULL: the built-in model */
    bool release_experts;                     /* that the adapter holds back from its router */
    const char *prompt_classes;               /* of segmote: "all", or names of labels with commas:
                                                 prompt tokens learn to be asked for each */
    const char *config;                       /* file with the JSON of a new model, instead */
    const char *out;                          /* folder for everything that is written */
    const char *const *train, *const *freeze; /* globs over parameter names; freeze comes last */
    size_t train_count, freeze_count;
    const char *recipe;          /* "sam" (default), or "segmote": experts on the frozen base */
    const char *scheme;          /* "voxpert" (default), "sam-med2d"; of segmote "segmote", as
                                    released, or "paper" */
    const char *const *settings; /* "name=value", see voxpert_train_setting; applied after scheme */
    size_t settings_count;
    bool no_cache;      /* the encoder runs in every step, on augmented images; else a frozen
                           encoder's embeddings of whole images are computed once, */
    const char *cache;  /* kept in this folder; NULL: of segmote `out`/embeddings, else no_cache */
    bool cache_half;    /* in half precision */
    const char *vocab;  /* as in VoxpertOptions: for text prompts of the scheme segmote */
    const char *cpu;    /* kernel set */
    size_t max_memory;  /* bytes that the run may need; more is refused before it begins */
    size_t data_memory; /* bytes that images and masks may take of memory, and kept embeddings as
                           many again; what is over it lies in temporary files ($TMPDIR, or
                           /var/tmp); 0: a quarter of the machine's memory */
    double time_limit;  /* seconds of this call; those of a run that it resumes do not count */
    bool resume;        /* go on from the checkpoint in `out`, if there is one */
    const char *licence, *labels, *training_data; /* for the model file's metadata */
} VoxpertTrainOptions;

typedef struct VoxpertTrainProgress {
    long step, steps;
    double loss, dice, learning_rate; /* means since the last report */
    double seconds, seconds_left, samples_per_second;
    bool validated;
    double box, click1, click5; /* macro Dice of the validation part */
    bool interim;               /* between two reports: means so far */
    const char *usage;          /* percentages of the tokens that each expert had, by modality:
                                   "ct 71 12 9 8 %; mr 5 5 85 5 %"; "" without experts */
} VoxpertTrainProgress;

/* What goes on before the first step. */
typedef struct VoxpertTrainPhase {
    const char *name, *what; /* "reading", name of a data set; "encoding", "image" */
    size_t done, all;        /* cases, or images */
    double seconds;          /* since the phase began */
} VoxpertTrainPhase;

typedef struct VoxpertTrainObserver {
    void (*progress)(void *context, const VoxpertTrainProgress *p); /* may be NULL */
    bool (*stop)(void *context); /* asked after each step; true ends the run with a checkpoint */
    void (*say)(void *context, bool warning, const char *sentence); /* may be NULL */
    void *context;
    void (*phase)(void *context, const VoxpertTrainPhase *p); /* may be NULL */
    void (*begin)(void *context, const char *lines); /* what is about to be done: data, model,
                                                        steps, memory, output; may be NULL */
} VoxpertTrainObserver;

typedef struct VoxpertTrainResult {
    long steps, best_step;
    double best; /* mean of the three validation figures; -1 where there was no validation */
    bool stopped_early, out_of_time, interrupted;
    bool drawn;            /* curves.png and curves.svg were made */
    const char *not_drawn; /* else why: a constant text */
    bool written;          /* there is a model; else the run ended before its first step */
} VoxpertTrainResult;

/* Writes into `out`: model.safetensors (the best of the averaged weights; the last where nothing
 * was validated), last.safetensors, state.safetensors (the checkpoint), history.jsonl, history.csv,
 * a TensorBoard event file, split.json, summary.json, curves.svg and .png, examples/STEP.png.  A
 * run that was resumed on the same kernel set gives the same weights as one that was not.  Errors:
 * VOXPERT_BAD_ARGUMENT, VOXPERT_BAD_INPUT (data; a loss or a gradient that is no longer finite: the
 * last checkpoint stays), VOXPERT_BAD_MODEL, VOXPERT_BAD_OUTPUT, VOXPERT_OUT_OF_MEMORY. */
VOXPERT_API VoxpertStatus voxpert_train_run(const VoxpertTrainOptions *options,
                                            const VoxpertTrainObserver *observer,
                                            VoxpertTrainResult *result, VoxpertError *error);

/* Measures `base` on one part ("train", "validation", "test", or "all") of the data: a table in
 * Markdown, one row per set and the macro average; Dice in percent.  The zoom is the model's own,
 * unless a setting names one.  `*warnings` (NULL accepted) gets sentences about what was odd in the
 * data, each ended by a newline, also after an error.  Free both with voxpert_free.
 * VOXPERT_BAD_INPUT: no object is in that part. */
VOXPERT_API VoxpertStatus voxpert_train_measure(const VoxpertTrainOptions *options,
                                                const char *part, char **table, char **warnings,
                                                VoxpertError *error);

/* The settings by number; NULL past the last. */
VOXPERT_API const char *voxpert_train_setting(int index, const char **help);

typedef struct VoxpertTrainSetting {
    const char *name, *help;
    const char *choices; /* of a word: "a|b|c"; NULL of a number */
    bool is_number;      /* else a word, or a list of numbers with commas */
    char value[48];      /* the default, as `settings` takes it; "": an empty list */
} VoxpertTrainSetting;

/* A setting with its default in a recipe and a scheme (NULL: the default ones); false past the
 * last, or where there is no such recipe or scheme. */
VOXPERT_API bool voxpert_train_setting_get(int index, const char *recipe, const char *scheme,
                                           VoxpertTrainSetting *out);

#ifdef __cplusplus
}
#endif

#endif
