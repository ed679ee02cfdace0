/* object_flags.h - the objects that flags of the command line describe. */
#ifndef CLI_SEGMENT_OBJECT_FLAGS_H
#define CLI_SEGMENT_OBJECT_FLAGS_H

#include <voxpert/exchange.h>

#include "cli/common/options.h"

/* The flags --box, --point, --mask, --text and --object, ascending in number.
 * VOXPERT_BAD_ARGUMENT. */
VoxpertStatus objects_from_flags(VoxpertObjects *out, const Options *options, VoxpertError *error);

/* Whether a box, a point or a mask of any object states where it lies. */
bool objects_place(const VoxpertObjects *t);

/* The flags --class: an object for each.  VOXPERT_BAD_ARGUMENT: one is there twice. */
VoxpertStatus objects_add_classes(VoxpertObjects *t, const Options *options, VoxpertError *error);

/* An object for each class of the model where --class all was given.  VOXPERT_BAD_ARGUMENT: it has
 * none. */
VoxpertStatus objects_expand_classes(VoxpertObjects *t, const VoxpertModel *model,
                                     VoxpertError *error);

#endif
