/* structs.h - structs of the interface that grow: the caller's, of its size, and ours, of ours.
 *
 * A later version adds members at the end and leaves the sizes of version 0.1 here as they are. */
#ifndef API_STRUCTS_H
#define API_STRUCTS_H

#include <voxpert/voxpert.h>

#include "base/status.h"

/* Of version 0.1, on machines whose pointers have 4 or 8 bytes: up to the member that was last. */
#define STRUCT_FIRST(type, last) (offsetof(type, last) + sizeof(((type *)NULL)->last))

/* The caller's struct in ours, members that it does not have 0; all 0 where `from` is NULL.
 * VOXPERT_BAD_ARGUMENT, field "size": a size below the first version's, or members that are not 0
 * beyond ours. */
MUST_CHECK Status options_take(VoxpertOptions *to, const VoxpertOptions *from, Error *error);
MUST_CHECK Status file_options_take(VoxpertFileOptions *to, const VoxpertFileOptions *from,
                                    Error *error);
MUST_CHECK Status segment_options_take(VoxpertSegmentOptions *to, const VoxpertSegmentOptions *from,
                                       Error *error);
MUST_CHECK Status everything_take(VoxpertEverything *to, const VoxpertEverything *from,
                                  Error *error);
MUST_CHECK Status overlay_options_take(VoxpertOverlayOptions *to, const VoxpertOverlayOptions *from,
                                       Error *error);
MUST_CHECK Status prompt_take(VoxpertPrompt *to, const VoxpertPrompt *from, Error *error);

/* Prompt `index` of an array whose elements have the size of the first. */
const VoxpertPrompt *prompt_at(const VoxpertPrompt *prompts, int index);

/* Ours in the caller's: as much as its size says, which becomes what was written. */
void model_info_give(VoxpertModelInfo *to, const VoxpertModelInfo *from);
void machine_give(VoxpertMachine *to, const VoxpertMachine *from);
void everything_give(VoxpertEverything *to, const VoxpertEverything *from);

#endif
