#include "cli/common/slice_option.h"

#include <stdio.h>
#include <string.h>

#include "cli/common/numbers.h"

bool slice_option_parse(SliceOption *out, const char *text) {
    enum { MOST = 1 << 20 };
    char first[16];
    long index, frame = 0;
    if (text[0] < 'i' || text[0] > 'k' || text[1] != ':') return false;
    size_t length = strcspn(text + 2, ":");
    if (length >= sizeof first) return false;
    snprintf(first, sizeof first, "%.*s", (int)length, text + 2);
    if (!whole_parse(&index, first) || index < 0 || index > MOST) return false;
    const char *second = text + 2 + length;
    if (*second && (!whole_parse(&frame, second + 1) || frame < 0 || frame > MOST)) return false;
    *out = (SliceOption){(unsigned char)text[0], (int)index, (int)frame, *second != '\0'};
    return true;
}

const char *slice_text(char out[40], SliceOption s) {
    out[0] = '\0';
    if (s.axis && s.frame) snprintf(out, 40, "%c:%d:%d", s.axis, s.index, s.frame);
    if (s.axis && !s.frame) snprintf(out, 40, "%c:%d", s.axis, s.index);
    return out;
}

SliceOption slice_option_of(const VoxpertFileOptions *file) {
    return (SliceOption){file->slice_axis, file->slice, file->frame, file->frame_chosen};
}

void slice_option_apply(VoxpertFileOptions *file, SliceOption s) {
    file->slice_axis = s.axis;
    file->slice = s.index;
    file->frame = s.frame;
    file->frame_chosen = s.frame_chosen;
}
