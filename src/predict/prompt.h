/* prompt.h - what a user says of one object, and what the model makes of it. */
#ifndef PREDICT_PROMPT_H
#define PREDICT_PROMPT_H

#include "predict/view.h"
#include "systems/system.h"

/* One object's prompt in pixels of the picture. */
typedef struct ObjectPrompt {
    int points;
    const float *point;   /* [points][2] */
    const int *label;     /* [points] 1 inside, 0 outside */
    const float *box;     /* [4] inclusive corners, or NULL */
    const uint8_t *mask;  /* coarse mask of the picture, or NULL */
    const float *low_res; /* [4 grid][4 grid] logits of an earlier answer, or NULL; if there are
                             any, `mask` is not looked at */
    Crop low_res_crop;    /* of the picture, which they show; width 0: the whole picture.
                             predictor_decode takes them for the current view's */
    bool prompt_free;     /* prompt tokens from the image; the rest, if there is any, guides them */
    const char *text;     /* name of the object, for models that read text; or NULL */
    int prompt_class;     /* of prompt_free: 1, 2, ...: the class that is asked for; 0: none */
    int expert;           /* 1, 2, ...: all tokens are sent to it; 0: the router decides */
} ObjectPrompt;

/* One sentence if the prompt makes no sense for a picture of this size: VOXPERT_BAD_ARGUMENT.  What
 * the model can do is for predictor_check. */
MUST_CHECK Status prompt_check(const Picture *picture, const ObjectPrompt *prompt, Error *error);

/* Points and box in the model's coordinates, in the records of cx; the mask is left out. */
MUST_CHECK Status prompt_to_model(Compute *cx, const View *v, const ObjectPrompt *from, Prompts *to,
                                  Error *error);

/* The mask prompt [side][side] as the preset's model wants it, from logits or the coarse mask of
 * the plain picture; mirrored where the view is.
 * VOXPERT_BAD_ARGUMENT where the mask is empty. */
MUST_CHECK Status prompt_mask(float *out, const View *v, const Preset *preset,
                              const ObjectPrompt *from, int picture_width, int side, Error *error);

#endif
