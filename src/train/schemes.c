/* The list of schemes; declared in scheme.h. */
#include <string.h>

#include "train/scheme.h"

static const Scheme *const schemes[] = {&scheme_voxpert, &scheme_paper, &scheme_sam_med2d,
                                        &scheme_segmote};

const char *const rewrapped_tables[REWRAPPED_TABLES] = {"prompt_encoder.point_embeddings.0.*",
                                                        "prompt_encoder.point_embeddings.1.*",
                                                        "prompt_encoder.not_a_point_embed.*"};

const Scheme *scheme_at(int index) {
    return index >= 0 && index < (int)(sizeof schemes / sizeof *schemes) ? schemes[index] : NULL;
}

const Scheme *scheme_find(const char *name) {
    for (int i = 0; scheme_at(i); i++)
        if (strcmp(scheme_at(i)->name, name) == 0) return scheme_at(i);
    return NULL;
}

bool scheme_ends_step(const Scheme *scheme, int round) {
    return scheme->steps == ROUNDS_EACH_ALONE ||
           (scheme->steps == ROUNDS_FIRST_ALONE && round == 0);
}
