#include "cli/evaluate/simulate_flag.h"

#include <string.h>

#include "cli/common/error.h"
#include "cli/common/numbers.h"

enum { CLICKS_MAX = 50 };

static VoxpertStatus prompt_flag(VoxpertSimulationOptions *out, const char *word,
                                 VoxpertError *error) {
    static const char clicks[] = "clicks:";
    double count = 0.0;
    out->prompt = VOXPERT_SIMULATE_BOX;
    if (!word || strcmp(word, "box") == 0) return VOXPERT_OK;
    if (strcmp(word, "free") == 0) {
        out->prompt = VOXPERT_SIMULATE_FREE;
        return VOXPERT_OK;
    }
    out->prompt = VOXPERT_SIMULATE_CLICKS;
    if (strncmp(word, clicks, sizeof clicks - 1) == 0 &&
        numbers_parse(&count, 1, word + sizeof clicks - 1) && count >= 1.0 && count <= CLICKS_MAX) {
        out->clicks = (int)count;
        if (!(count > out->clicks)) return VOXPERT_OK;
    }
    return error_say(error, VOXPERT_BAD_ARGUMENT,
                     "--simulate %s: must be box, clicks:N with N from 1 to %d, or free", word,
                     (int)CLICKS_MAX);
}

VoxpertStatus simulate_flags(VoxpertSimulationOptions *out, const Options *o, VoxpertError *error) {
    out->part = "all";
    VoxpertStatus status = options_word(o, "--part", &out->part, error);
    if (!status) status = options_whole(o, "--most", 1, 1 << 30, &out->most, error);
    return status ? status : prompt_flag(out, options_value(o, "--simulate"), error);
}
