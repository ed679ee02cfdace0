/* The list of schemes; declared in scheme.h. */
#include <string.h>

#include "train/scheme.h"

static const Scheme *const schemes[] = {&scheme_voxpert, &scheme_paper, &scheme_sam_med2d,
                                        &scheme_segmote};

const Scheme *scheme_at(int index) {
    return index >= 0 && index < (int)(sizeof schemes / sizeof *schemes) ? schemes[index] : NULL;
}

const Scheme *scheme_find(const char *name) {
    for (int i = 0; scheme_at(i); i++)
        if (strcmp(scheme_at(i)->name, name) == 0) return scheme_at(i);
    return NULL;
}
