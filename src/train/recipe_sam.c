/* Training a SAM itself: a new one, or a base further. */
#include "train/recipe.h"
#include "train/run_parts.h"

static Status check_base(const Run *r, const SamConfig *base, Error *error) {
    const TrainOptions *o = r->options;
    if (base->encoder == ENCODER_TINY_VIT)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "%s: is a TinyViT (MobileSAM), whose folded BatchNorm cannot be trained; "
                         "take a SAM with a ViT",
                         o->base ? o->base : "the new model");
    const SystemOps *system = r->base ? system_recognized(r->base, false) : NULL;
    if (system && system->base_only)
        return error_set_field(error, VOXPERT_BAD_ARGUMENT, "recipe",
                               "%s: is an %s, which is a base for experts (recipe segmote) and not "
                               "trained itself",
                               checkpoint_path(r->base), system->base_only);
    return VOXPERT_OK;
}

static Status check(const TrainOptions *o, Error *error) {
    if (!o->prompt_classes) return VOXPERT_OK;
    return error_set_field(error, VOXPERT_BAD_ARGUMENT, "prompt-classes",
                           "prompt-classes are of prompt tokens, which the recipe segmote trains");
}

const Recipe recipe_sam = {
    .name = "sam",
    .check = check,
    .check_base = check_base,
};
