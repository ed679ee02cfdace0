/* folder.h - many images, one model load.
 *
 * After each case the report is written anew (atomically, and so seldom that it costs at most a
 * tenth of the time), and a later run with --resume skips the cases that it calls done with the
 * same inputs: image, prompts, model, kernel set and flags. */
#ifndef CLI_SEGMENT_FOLDER_H
#define CLI_SEGMENT_FOLDER_H

#include "cli/segment/job.h"

/* VOXPERT_SOME_FAILED if a case failed; anything else ends the run at once. */
VoxpertStatus folder_run(Job *job, Engine *engine, VoxpertError *error);

/* The images in a folder by their extensions, sorted by name; hidden files are left out.
 * VOXPERT_BAD_INPUT: there is none; it says what the first file is. */
VoxpertStatus folder_images(char ***names, int *count, const char *folder, VoxpertError *error);
void folder_images_free(char **names, int count);

/* "case" of "case_0000.nii.gz"; the caller frees. */
char *case_stem(const char *name);

VoxpertStatus output_folder_make(const char *path, VoxpertError *error); /* with its parents */

#endif
