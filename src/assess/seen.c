#include "assess/seen.h"

Status seen_cases_check(Dataset *d, const Model *model, int part, Error *error) {
    const Checkpoint *files[] = {model->file, model->base};
    Status status = VOXPERT_OK;
    for (int i = 0; i < 2 && !status; i++) {
        if (!files[i]) continue;
        SplitReview review = {.now = &d->split,
                              .part = part,
                              .metadata = checkpoint_metadata(files[i], SPLIT_METADATA),
                              .model = checkpoint_path(files[i]),
                              .refused = part == SPLIT_TEST};
        status = split_review(&d->warnings, &review, error);
    }
    return status;
}
