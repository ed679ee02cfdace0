/* labels_flag.h - which labels of a map are meant: on the command line, or by a dataset.json.
 *
 *     1,2,liver=3,whole=1+2     values, names if one likes, regions of several values
 *     dataset.json              nnU-Net's "labels": {"background": 0, "liver": 1, "whole": [1, 2],
 *                               "ignore": 3}
 */
#ifndef CLI_COMMON_LABELS_FLAG_H
#define CLI_COMMON_LABELS_FLAG_H

#include <voxpert/evaluate.h>

#include "cli/common/options.h"

typedef struct LabelsFlag {
    VoxpertLabel *item;
    size_t count;
    uint32_t ignored; /* what a dataset.json calls "ignore"; 0: nothing */
} LabelsFlag;

/* `text` NULL: none.  VOXPERT_BAD_ARGUMENT (a list), VOXPERT_BAD_INPUT (a file). */
VoxpertStatus labels_flag_read(LabelsFlag *out, const char *text, VoxpertError *error);
void labels_flag_free(LabelsFlag *l); /* a zeroed one is fine */

/* --spacing X,Y[,Z]: the sides of a pixel or voxel in mm, where files do not say them; zeros where
 * it is not given.  VOXPERT_BAD_ARGUMENT. */
VoxpertStatus spacing_flag(double out_xyz[3], const Options *o, VoxpertError *error);

#endif
