/* cut.h - what of a picture the encoder sees: a square of `side` pixels, any affine cut of it.
 *
 * Coordinates are continuous: pixel i covers i .. i + 1.  What lies outside the picture is 0 after
 * normalization, as SAM pads. */
#ifndef CASES_CUT_H
#define CASES_CUT_H

#include "cases/dataset.h"

typedef struct Cut {
    double a[2][3]; /* picture x = a[0][0] u + a[0][1] v + a[0][2] for view (u, v); y alike */
    int side;       /* of the view, pixels */
    bool nearest;   /* pixels as OpenCV's nearest takes them: the one at the floor of the index */
} Cut;

/* SAM's: the longer side fills the view, the rest is padding at the right or below. */
Cut cut_whole(int height, int width, int side);

/* SAM-Med2D's training pictures: smaller ones in the middle, others squeezed to the square, nearest
 * pixels. */
Cut cut_square(int height, int width, int side);

/* The whole picture, each axis stretched to the side: as IMIS-Net's and MedSAM's presets show it.
 */
Cut cut_squeezed(int height, int width, int side);

/* A square of `size` picture pixels around (x, y), moved into the picture as far as it fits; no
 * larger than the picture's longer side. */
Cut cut_around(const Case *p, double x, double y, double size, int side);

/* The same around a box (inclusive corners), `factor` times its longer side, at least `least`
 * pixels. */
Cut cut_zoomed(const Case *p, const double box[4], double factor, double least, int side);

/* Both between continuous coordinates. */
void cut_to_picture(const Cut *v, double u, double w, double *x, double *y);
void cut_from_picture(const Cut *v, double x, double y, double *u, double *w);

/* View pixels that a picture pixel is wide, on average. */
double cut_scale(const Cut *v);

/* How bytes become the encoder's input. */
typedef struct Look {
    float value[3][256];
    int source[3]; /* channel of the picture (grey pictures have one) */
} Look;

void look_plain(Look *l);      /* SAM's mean and standard deviation */
void look_blue_first(Look *l); /* the same numbers on channels in the order of OpenCV */

/* out [side,side,3]: bilinear, the mean of several samples where the picture shrinks. */
void cut_render(float *out, const Case *p, const Cut *v, const Look *l);

/* out [side,side] of 0 and 1: where the object covers half or more. */
void cut_render_object(uint8_t *out, const CaseObject *o, const Cut *v);

/* The same of what is ignored in a picture; all 0 where nothing is. */
void cut_render_ignored(uint8_t *out, const Case *p, const Cut *v);

#endif
