#include "train/scheme.h"

const char *const rewrapped_tables[REWRAPPED_TABLES] = {"prompt_encoder.point_embeddings.0.*",
                                                        "prompt_encoder.point_embeddings.1.*",
                                                        "prompt_encoder.not_a_point_embed.*"};

bool scheme_ends_step(const Scheme *scheme, int round) {
    return scheme->steps == ROUNDS_EACH_ALONE ||
           (scheme->steps == ROUNDS_FIRST_ALONE && round == 0);
}
