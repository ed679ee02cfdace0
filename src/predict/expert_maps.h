/* expert_maps.h - where the experts' tokens look, and what each token would answer.
 *
 * A predictor whose `maps` is set fills them with each look that it takes; after predictor_answer
 * they are of the plain view p->view.  How attention becomes a map is moe/heat_maps.h. */
#ifndef PREDICT_EXPERT_MAPS_H
#define PREDICT_EXPERT_MAPS_H

#include "image/extent.h"
#include "predict/predictor.h"

typedef struct ExpertMaps {
    const System *system;
    float *q[TWO_WAY_MAX_DEPTH], *k[TWO_WAY_MAX_DEPTH]; /* of the look that is being taken */
    bool failed;                                        /* no memory for them */
    int grid;                                           /* side of a map */
    float *attention; /* [layers][experts][grid][grid] 0 .. 1; 0 where no token went */
} ExpertMaps;

/* VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status expert_maps_open(ExpertMaps *m, const System *system, Error *error);
void expert_maps_close(ExpertMaps *m); /* zeroed is fine */

/* For the predictor: before the decoder runs, and after. */
void expert_maps_watch(ExpertMaps *m, Compute *cx);
MUST_CHECK Status expert_maps_take(ExpertMaps *m, const Routing *routing, Error *error);

/* The picture's sides, made smaller until none exceeds `most`. */
Extent expert_maps_size(const Picture *p, int most);

/* Maps [count][side][side] of the predictor's view as planes [count][size.height][size.width] that
 * show the whole picture; `outside` where the view does not reach.  VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status expert_maps_show(float *out, Extent size, const Predictor *p, const float *maps,
                                   int count, int side, float outside, Error *error);

#endif
