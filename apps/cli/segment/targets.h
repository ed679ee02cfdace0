/* targets.h - the objects that are asked for, and what points at each. */
#ifndef CLI_SEGMENT_TARGETS_H
#define CLI_SEGMENT_TARGETS_H

#include <jansson.h>
#include <stdbool.h>

#include <voxpert/voxpert.h>

#include "cli/common/options.h"

enum { TARGET_VALUE_MAX = 65535 };

typedef struct Target {
    int number;       /* as the user counts, from 1 */
    int value;        /* in the label map; 0: not said */
    char *label;      /* or NULL */
    char *expert;     /* number or name; NULL: nothing is said */
    char *class_name; /* that prompt tokens are asked for; "all": each; NULL: none */
    VoxpertPoint *points;
    int point_count;
    VoxpertBox box;
    bool has_box;
    char *text;      /* name of the object, or NULL */
    char *mask_path; /* a mask of the image's size, or .npy: earlier low-res logits; or NULL */
    uint8_t *mask;   /* what is in it, once loaded: one of these two */
    float *low_res;
} Target;

typedef struct Targets {
    Target *item; /* ascending in number */
    int count;
    const char *file; /* where they were read from; NULL: the command line */
} Targets;

/* The flags --box, --point, --mask, --text and --object, in their order.  VOXPERT_BAD_ARGUMENT. */
VoxpertStatus targets_from_flags(Targets *out, const Options *options, VoxpertError *error);
void targets_free(Targets *t); /* a zeroed one is fine */

/* Something says where an object lies: a box, a point or a mask. */
bool targets_place(const Targets *t);

Target *targets_add(Targets *t, int number); /* keeps the order of calls */

/* The flags --class: an object for each.  VOXPERT_BAD_ARGUMENT: one is there twice. */
VoxpertStatus targets_add_classes(Targets *t, const Options *options, VoxpertError *error);

/* An object for each class of the model where --class all was said.  VOXPERT_BAD_ARGUMENT: it has
 * none. */
VoxpertStatus targets_expand_classes(Targets *t, const VoxpertModel *model, VoxpertError *error);

/* Puts a prompt into a target; the corners of a box may be in any order until targets_fit.
 * VOXPERT_BAD_ARGUMENT: it has one already, or a text is empty. */
VoxpertStatus target_box(Target *t, const double at[4], const char *who, VoxpertError *error);
VoxpertStatus target_text(Target *t, const char *text, const char *who, VoxpertError *error);
void target_point(Target *t, double x, double y, bool inside);

json_t *targets_json(const Targets *t); /* as in a prompts file, but for labels and values */

VoxpertPrompt target_prompt(const Target *t);

/* Brings boxes and points onto the image (voxpert_prompt_fit).  `*warnings`, which the caller
 * frees, gets a line for each change.  VOXPERT_OUT_OF_MEMORY. */
VoxpertStatus targets_fit(Targets *t, const VoxpertImage *image, char **warnings,
                          VoxpertError *error);

/* Whether all of it makes sense for the image, before anything is computed; `prompt_free`:
 * nothing need be asked.  A bad prompt is VOXPERT_BAD_ARGUMENT if a flag gave it, VOXPERT_BAD_INPUT
 * if a file did. */
VoxpertStatus targets_check(const Targets *t, const VoxpertImage *image, bool prompt_free,
                            VoxpertError *error);

/* The object's number, and the file that asked for it, before a message about a prompt; what the
 * library calls a bad argument is VOXPERT_BAD_INPUT if it stood in a file. */
VoxpertStatus targets_blame(const Targets *t, const Target *target, VoxpertError *error);

/* Reads the mask files that are images; then those that are logits, whose size the model says.
 * `*warnings`, which the caller frees, gets a line for each thing that was odd in a mask; `remark`
 * is filled (or "") with a warning.  VOXPERT_BAD_INPUT. */
VoxpertStatus targets_load_masks(Targets *t, const VoxpertImageFile *image,
                                 const VoxpertFileOptions *options, char **warnings,
                                 VoxpertError *error);
VoxpertStatus targets_load_logits(Targets *t, int side, char remark[256], VoxpertError *error);

#endif
