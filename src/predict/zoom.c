/* Where to look closer. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "predict/predictor.h"

enum { ZOOM_LEAST = 32 }; /* pixels: below that there is nothing to see */
static const double usual_zoom = 2.0;

/* Bounds of the positive logits, as a box of inclusive corners; false where there are none. */
static bool positive_bounds(const float *logits, int width, int height, float box[4]) {
    int low[2] = {width, height}, high[2] = {-1, -1};
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
            if (!(*logits++ > 0.0f)) continue;
            low[0] = x < low[0] ? x : low[0];
            low[1] = y < low[1] ? y : low[1];
            high[0] = x > high[0] ? x : high[0];
            high[1] = y;
        }
    }
    for (int i = 0; i < 2; i++) {
        box[i] = (float)low[i];
        box[i + 2] = (float)high[i];
    }
    return high[0] >= 0;
}

/* What the whole picture's view answers to the prompt. */
static Status answer_bounds(Predictor *p, const ObjectPrompt *prompt, float box[4], bool *any,
                            Error *error) {
    Prediction first = {0};
    Status status = predictor_encode(p, crop_whole(&p->picture), error);
    if (!status) status = predictor_decode(p, prompt, false, &first, error);
    if (status) return status;
    float *logits = memory_new(p->picture.width * p->picture.height * sizeof *logits);
    status = logits ? predictor_logits(p, &first, logits, error)
                    : error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the mask");
    *any = !status && positive_bounds(logits, (int)p->picture.width, (int)p->picture.height, box);
    memory_free(logits);
    prediction_free(&first);
    return status;
}

static void include_points(float box[4], const ObjectPrompt *prompt) {
    for (int i = 0; i < prompt->points; i++) {
        const float *at = prompt->point + 2 * i;
        box[0] = fminf(box[0], at[0]), box[1] = fminf(box[1], at[1]);
        box[2] = fmaxf(box[2], at[0]), box[3] = fmaxf(box[3], at[1]);
    }
}

Status predictor_zoom(Predictor *p, const ObjectPrompt *prompt, Crop *crop, Error *error) {
    *crop = crop_whole(&p->picture);
    double factor = p->model->preset.zoom > 0.0 ? p->model->preset.zoom : usual_zoom;
    float box[4];
    bool any = prompt->box != NULL;
    Status status = VOXPERT_OK;
    if (any)
        memcpy(box, prompt->box, sizeof box);
    else
        status = answer_bounds(p, prompt, box, &any, error);
    if (status || !any) return status;
    include_points(box, prompt); /* all that was said must be in sight */
    *crop = crop_around(&p->picture, box, factor, ZOOM_LEAST);
    return VOXPERT_OK;
}
