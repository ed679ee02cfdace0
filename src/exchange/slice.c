/* Slices of volumes as text. */
#include <stdio.h>
#include <string.h>

#include "exchange/object_list.h"

static bool parse(VoxpertFileOptions *out, const char *text) {
    enum { MOST = 1 << 20 };
    char first[16];
    long index, frame = 0;
    if (text[0] < 'i' || text[0] > 'k' || text[1] != ':') return false;
    size_t length = strcspn(text + 2, ":");
    if (length >= sizeof first) return false;
    snprintf(first, sizeof first, "%.*s", (int)length, text + 2);
    if (!text_to_long(&index, first) || index < 0 || index > MOST) return false;
    const char *second = text + 2 + length;
    if (*second && (!text_to_long(&frame, second + 1) || frame < 0 || frame > MOST)) return false;
    out->slice_axis = (unsigned char)text[0];
    out->slice = (int)index;
    out->frame = (int)frame;
    out->frame_chosen = *second != '\0';
    return true;
}

VoxpertStatus voxpert_slice_parse(VoxpertFileOptions *options, const char *text,
                                  VoxpertError *error) {
    if (!options || !text) return null_argument("voxpert_slice_parse", error);
    if (parse(options, text)) return VOXPERT_OK;
    return error_set_field(
        error, VOXPERT_BAD_ARGUMENT, "slice",
        "slice %s: must be an axis of the file and an index from 0, such as k:57, and "
        "may name a frame, as k:57:3 does",
        text);
}

const char *voxpert_slice_text(char out[40], const VoxpertFileOptions *options) {
    if (!out) return "";
    out[0] = '\0';
    if (options && options->slice_axis && options->frame)
        snprintf(out, 40, "%c:%d:%d", options->slice_axis, options->slice, options->frame);
    else if (options && options->slice_axis)
        snprintf(out, 40, "%c:%d", options->slice_axis, options->slice);
    return out;
}
