/* slice_option.h - which slice of a volume is meant: AXIS:INDEX, or AXIS:INDEX:FRAME of a series.
 */
#ifndef CLI_COMMON_SLICE_OPTION_H
#define CLI_COMMON_SLICE_OPTION_H

#include <stdbool.h>

#include <voxpert/image.h>

typedef struct SliceOption {
    int axis;          /* 'i', 'j' or 'k' of the file; 0: none is named */
    int index, frame;  /* from 0 */
    bool frame_chosen; /* it was named */
} SliceOption;

/* "k:57", or "k:57:3" of frame 3. */
bool slice_option_parse(SliceOption *out, const char *text);

/* The same as text, without a frame of 0; "" without an axis.  Returns `out`. */
const char *slice_text(char out[40], SliceOption s);

SliceOption slice_option_of(const VoxpertFileOptions *file);
void slice_option_apply(VoxpertFileOptions *file, SliceOption s);

#endif
