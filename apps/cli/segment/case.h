/* case.h - one image: read, segmented, written, reported. */
#ifndef CLI_SEGMENT_CASE_H
#define CLI_SEGMENT_CASE_H

#include "cli/segment/job.h"

typedef struct Case {
    const char *image; /* path */
    VoxpertFileOptions file;
    VoxpertObjects *objects; /* NULL: everything */
    Paths paths;             /* files */
} Case;

/* What a case's report calls its files, in the order of Paths: mask, logits, probability, low_res,
 * overlay, rle. */
enum { CASE_OUTPUTS = 6 };
extern const char *const case_outputs[CASE_OUTPUTS];

/* Prompts are held against the image before the model is loaded.  `*report` is filled on success:
 * everything known of the result, of a folder's case with the hash of
 * each file ("output_sha256").  Errors: any status, one sentence. */
VoxpertStatus case_run(const Job *job, Engine *engine, const Case *c, json_t **report,
                       VoxpertError *error);

/* The numbers behind the report that change from run to run; written last. */
void case_report_machine(json_t *report);

#endif
