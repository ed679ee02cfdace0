#include "api/structs.h"

#include <string.h>

enum { LONGEST = 1 << 16 }; /* no struct ever is: what is over it was never set */

/* The first member of each. */
static size_t size_of(const void *given, size_t first) {
    size_t size;
    memcpy(&size, given, sizeof size);
    return size ? size : first;
}

static bool is_zero(const void *bytes, size_t count) {
    const unsigned char *b = bytes;
    for (size_t i = 0; i < count; i++)
        if (b[i]) return false;
    return true;
}

static Status take(void *to, size_t own, const void *from, size_t first, const char *name,
                   Error *error) {
    memset(to, 0, own);
    if (!from) return VOXPERT_OK;
    size_t size = size_of(from, first);
    if (size < first || size > LONGEST)
        return error_set_field(error, VOXPERT_BAD_ARGUMENT, "size",
                               "%s.size is %zu: it must be sizeof(%s), or 0", name, size, name);
    if (size > own && !is_zero((const char *)from + own, size - own))
        return error_set_field(error, VOXPERT_BAD_ARGUMENT, "size",
                               "%s has members that version %s does not have, and they are not 0",
                               name, VOXPERT_VERSION);
    memcpy(to, from, size < own ? size : own);
    return VOXPERT_OK;
}

/* A size that was never set can be anything: nothing beyond our own is ever written. */
static void give(void *to, const void *from, size_t own, size_t first) {
    size_t size = size_of(to, first);
    if (size < first) size = first;
    if (size > own) size = own;
    memcpy(to, from, size);
    memcpy(to, &size, sizeof size);
}

#define TAKE(type, last) take(to, sizeof *to, from, STRUCT_FIRST(type, last), #type, error)
#define GIVE(type, last) give(to, from, sizeof *from, STRUCT_FIRST(type, last))

Status options_take(VoxpertOptions *to, const VoxpertOptions *from, Error *error) {
    return TAKE(VoxpertOptions, log_context);
}

Status file_options_take(VoxpertFileOptions *to, const VoxpertFileOptions *from, Error *error) {
    return TAKE(VoxpertFileOptions, window_width);
}

Status segment_options_take(VoxpertSegmentOptions *to, const VoxpertSegmentOptions *from,
                            Error *error) {
    return TAKE(VoxpertSegmentOptions, masks);
}

Status everything_take(VoxpertEverything *to, const VoxpertEverything *from, Error *error) {
    return TAKE(VoxpertEverything, crop_side);
}

Status overlay_options_take(VoxpertOverlayOptions *to, const VoxpertOverlayOptions *from,
                            Error *error) {
    return TAKE(VoxpertOverlayOptions, least_side);
}

Status prompt_take(VoxpertPrompt *to, const VoxpertPrompt *from, Error *error) {
    return TAKE(VoxpertPrompt, text);
}

const VoxpertPrompt *prompt_at(const VoxpertPrompt *prompts, int index) {
    size_t size = prompts->size ? prompts->size : sizeof *prompts;
    return (const VoxpertPrompt *)((const char *)prompts + (size_t)index * size);
}

void model_info_give(VoxpertModelInfo *to, const VoxpertModelInfo *from) {
    GIVE(VoxpertModelInfo, adapter);
}

void machine_give(VoxpertMachine *to, const VoxpertMachine *from) {
    GIVE(VoxpertMachine, peak_bytes);
}

void everything_give(VoxpertEverything *to, const VoxpertEverything *from) {
    GIVE(VoxpertEverything, crop_side);
}
