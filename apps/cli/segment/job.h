/* job.h - what `voxpert segment` was asked to do, checked before any work. */
#ifndef CLI_SEGMENT_JOB_H
#define CLI_SEGMENT_JOB_H

#include "cli/common/claims.h"
#include "cli/segment/engine.h"
#include "cli/segment/object_flags.h"

/* Where results go; NULL: not wanted.  Of a folder they are folders. */
typedef struct Paths {
    const char *mask, *logits, *probability, *low_res, *overlay, *rle, *report;
    const char *routing; /* CSV; of a folder too it is one file */
    const char *table;   /* the report as CSV instead; likewise */
} Paths;

typedef struct Job {
    Common common;
    EngineOptions engine;
    const char *input;
    bool folder; /* the input is one */
    VoxpertFileOptions file;
    VoxpertObjects objects;  /* given by flags */
    VoxpertPrompts *prompts; /* given by a file, or those of flags for each image; or NULL */
    bool everything;
    const Options *options; /* those of everything mode are over the model's defaults */
    VoxpertSegmentOptions segment;
    VoxpertCleanup cleanup;
    int probability_bits;
    const char *embedding;
    Paths paths;
    bool resume, stop, overwrite;
    int value; /* of the pixels of objects that name none; 0: 255, or 1, 2, ... */
} Job;

extern const OptionRule segment_rules[];

/* Errors: VOXPERT_BAD_ARGUMENT, VOXPERT_BAD_INPUT (prompts file), VOXPERT_BAD_OUTPUT. */
VoxpertStatus job_from_flags(Job *job, const Options *options, VoxpertError *error);
void job_free(Job *job);

/* Everything mode's settings: the flags, over what the model's preset says. */
VoxpertEverything job_grid(const Job *job, const VoxpertModel *model);

/* --slice, --page, --no-exif, --window: for every verb that reads images.  VOXPERT_BAD_ARGUMENT. */
VoxpertStatus image_flags(VoxpertFileOptions *out, const Options *options, const Common *common,
                          VoxpertError *error);

/* What the model must have for what is asked of it.  VOXPERT_BAD_ARGUMENT. */
VoxpertStatus job_suits(const Job *job, const Engine *engine, VoxpertError *error);

/* Whether the outputs can show all the objects.  VOXPERT_BAD_ARGUMENT. */
VoxpertStatus job_shows(const Job *job, const VoxpertObjects *t, VoxpertError *error);

void job_reads(const Job *job, Claims *claims); /* what it reads besides the images */

#endif
