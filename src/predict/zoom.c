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

static void include_points(float box[4], const ObjectPrompt *prompt) {
    for (int i = 0; i < prompt->points; i++) {
        const float *at = prompt->point + 2 * i;
        box[0] = fminf(box[0], at[0]), box[1] = fminf(box[1], at[1]);
        box[2] = fmaxf(box[2], at[0]), box[3] = fmaxf(box[3], at[1]);
    }
}

/* ---- Points ----------------------------------------------------------------------------- */

/* A click does not say how large its object is.  So it is asked in the whole picture and in ever
 * smaller crops around it, and the answer that the model believes in most is taken; less so one
 * that a crop cuts off, or that is a speck in its view. */
static const double cut_off_penalty = 0.5, speck_penalty = 0.2, speck = 0.15;

typedef struct Answer {
    float box[4];
    double worth;
    bool any;
} Answer;

static bool is_cut_off(const Picture *p, const Crop *c, const float box[4]) {
    return (c->x > 0 && box[0] <= (float)c->x) || (c->y > 0 && box[1] <= (float)c->y) ||
           (c->x + c->width < (int)p->width && box[2] >= (float)(c->x + c->width - 1)) ||
           (c->y + c->height < (int)p->height && box[3] >= (float)(c->y + c->height - 1));
}

static Status ask(Predictor *p, const ObjectPrompt *prompt, Crop crop, float *logits, Answer *out,
                  Error *error) {
    Prediction found = {0};
    *out = (Answer){0};
    Status status = predictor_encode(p, crop, error);
    if (!status) status = predictor_decode(p, prompt, false, &found, error);
    if (!status) status = predictor_logits(p, &found, logits, error);
    if (!status) {
        int longer = crop.width > crop.height ? crop.width : crop.height;
        out->any = positive_bounds(logits, (int)p->picture.width, (int)p->picture.height, out->box);
        out->worth = (double)found.iou[0];
        if (out->any && is_cut_off(&p->picture, &crop, out->box)) out->worth -= cut_off_penalty;
        float extent = fmaxf(out->box[2] - out->box[0], out->box[3] - out->box[1]) + 1.0f;
        if ((double)extent < speck * longer) out->worth -= speck_penalty;
    }
    prediction_free(&found);
    return status;
}

/* The smallest crop still has a quarter of the encoder's pixels along a side, and every point. */
static Status best_answer(Predictor *p, const ObjectPrompt *prompt, Answer *best, Error *error) {
    const Picture *picture = &p->picture;
    float box[4] = {INFINITY, INFINITY, -INFINITY, -INFINITY};
    include_points(box, prompt);
    int longer = (int)(picture->width > picture->height ? picture->width : picture->height);
    int least = p->model->sam.config.image / 4;
    float *logits = memory_new(picture->width * picture->height * sizeof *logits);
    if (!logits) return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the mask");
    Status status = ask(p, prompt, crop_whole(picture), logits, best, error);
    bool points = prompt->points > 0;
    for (int side = longer / 2; !status && points && side >= least; side /= 2) {
        if ((double)fmaxf(box[2] - box[0], box[3] - box[1]) > 0.8 * side) break;
        Answer a;
        status = ask(p, prompt, crop_around(picture, box, 1.0, side), logits, &a, error);
        if (a.any && (!best->any || a.worth > best->worth)) *best = a;
    }
    memory_free(logits);
    return status;
}

/* ---- Any prompt ------------------------------------------------------------------------- */

Status predictor_zoom(Predictor *p, const ObjectPrompt *prompt, Crop *crop, Error *error) {
    *crop = crop_whole(&p->picture);
    double factor = p->model->preset.zoom > 0.0 ? p->model->preset.zoom : usual_zoom;
    Answer answer = {.any = prompt->box != NULL};
    Status status = VOXPERT_OK;
    if (prompt->box)
        memcpy(answer.box, prompt->box, sizeof answer.box);
    else
        status = best_answer(p, prompt, &answer, error);
    if (status || !answer.any) return status;
    include_points(answer.box, prompt); /* all that was said must be in sight */
    *crop = crop_around(&p->picture, answer.box, factor, ZOOM_LEAST);
    return VOXPERT_OK;
}
