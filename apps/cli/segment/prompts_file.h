/* prompts_file.h - prompts in a file: one image's, or those of a folder of images.
 *
 *     {"image": "case.png", "objects": [
 *         {"label": "liver", "value": 1, "boxes": [[x0, y0, x1, y1]],
 *          "points": [{"p": [x, y], "positive": true}], "mask": "coarse.png", "text": "liver"}]}
 *
 * One such entry; a list of them; one a line (.jsonl); or {"case.png": {"objects": ...}, ...}.
 * Coordinates are those of the flags ("space": "pixel-xy"; "voxel-ijk" is the same on slices of k).
 * A box may stand without the list around it, and a point [x, y] is one inside; corners of boxes
 * and what touches the image's edge are brought onto the image by targets_fit. "slice": "k:57"
 * takes a slice of a volume, "k:57:3" of its frame 3.  Paths of masks are relative to the file.  A
 * field that is not known is refused: it would be a prompt that silently does not count. */
#ifndef CLI_SEGMENT_PROMPTS_FILE_H
#define CLI_SEGMENT_PROMPTS_FILE_H

#include <jansson.h>

#include "cli/common/slice_option.h"
#include "cli/segment/targets.h"

typedef struct PromptEntry {
    char *image; /* NULL: not said */
    SliceOption slice;
    bool voxels; /* "voxel-ijk": x is i, y is j */
    Targets targets;
    json_t *json; /* as it stood in the file */
} PromptEntry;

typedef struct PromptsFile {
    char *path; /* NULL: the entries are not of a file */
    PromptEntry *item;
    int count;
    char *unused;        /* columns of a .csv that mean nothing here; or NULL */
    bool class_is_label; /* a .csv's column "class" was taken as the label of its objects */
} PromptsFile;

/* VOXPERT_BAD_INPUT with the file, the entry and the field.  Free it also after a failure. */
VoxpertStatus prompts_file_read(PromptsFile *out, const char *path, VoxpertError *error);

/* The same of `length` bytes with a zero behind them; the name's extension says what they are:
 * .jsonl, .csv or .tsv (prompts_csv.h), else JSON. */
VoxpertStatus prompts_file_parse(PromptsFile *out, const char *path, const char *text,
                                 size_t length, VoxpertError *error);

/* Names of masks in the file may lead, symbolic links followed, only into its own folder and that
 * of the input (an image or a folder): a file from elsewhere reads nothing else. VOXPERT_BAD_INPUT.
 */
VoxpertStatus prompts_file_confine(const PromptsFile *f, const char *input, VoxpertError *error);

/* An entry of that image more; its targets and `json` are the caller's to fill. */
PromptEntry *prompts_file_add(PromptsFile *f, const char *image);
void prompts_file_free(PromptsFile *f); /* a zeroed one is fine */

/* The entry of an image: the one that names it, or the only one if it names none; NULL. */
PromptEntry *prompts_file_entry(const PromptsFile *f, const char *image);

/* The slice of an entry, where it names one, into `file`, where --slice may not say another.
 * VOXPERT_BAD_ARGUMENT; VOXPERT_BAD_INPUT where coordinates would be of other axes. */
VoxpertStatus prompts_file_slice(VoxpertFileOptions *file, const PromptsFile *f,
                                 const PromptEntry *entry, VoxpertError *error);

#endif
