/* augment.h - random cuts of a case and random looks, for training. */
#ifndef TRAIN_AUGMENT_H
#define TRAIN_AUGMENT_H

#include "base/random.h"
#include "cases/cut.h"

typedef struct Augment {
    double whole;       /* share of samples that show the whole picture, for boxes */
    double whole_click; /* and where the first prompt is a click, which says less of the size */
    double factor[2];   /* of the others: cut / longer side of the object's box */
    double
        click_factor[2]; /* and where the first prompt is a click; below 1 the object is cut off */
    double least;        /* pixels of the smallest cut */
    double flip, turn;   /* probabilities; turn: by any angle */
    double scale;        /* sides are stretched by up to this, apart: 0.2 = 20 % */
    double intensity;    /* strength of contrast, brightness and gamma; 0: none */
    double recolour;     /* probability of exchanged, missing or inverted colours */
    double noise, blur;  /* probabilities */
    double shade;        /* probability of normalized values times 0.8 .. 1.2, and of another of
                            -0.2 .. 0.2 more */
    bool squeezed;  /* the whole picture fills the square, as the preset of the model does it */
    bool sam_med2d; /* instead of all this: its pictures, blue first, squeezed, unchanged */
} Augment;

Augment augment_default(void);
Augment augment_sam_med2d(void);
Augment augment_segmote(void); /* whole pictures, lighter and darker */

/* A cut that shows the object. */
Cut augment_cut(const Augment *a, const Case *p, const CaseObject *o, int side, Random *r);
void augment_look(const Augment *a, const Case *p, Look *l, Random *r);

/* After rendering, in place: image [side,side,3]; scratch of the same size. */
void augment_pixels(const Augment *a, float *image, float *scratch, int side, Random *r);

#endif
