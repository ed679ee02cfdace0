/* preset.h - how an image becomes a model's input and its answer a mask: one row per published
 * predictor (docs/spec/sam.md, 2 and 10). */
#ifndef PREDICT_PRESET_H
#define PREDICT_PRESET_H

#include <stdbool.h>

#include "predict/everything_options.h"

typedef enum ResizeRule {
    RESIZE_LONGEST_SIDE,      /* Pillow bilinear, aspect kept, zero-padded right and bottom (SAM) */
    RESIZE_LONGEST_SIDE_AREA, /* the same by OpenCV's area means (LiteMedSAM) */
    RESIZE_SQUARE_NEAREST,    /* OpenCV nearest to a square (SAM-Med2D) */
    RESIZE_SQUARE_PILLOW,     /* Pillow nearest to a square (IMIS-Net, SegMoTE) */
    RESIZE_PAD_OR_SQUARE, /* smaller images are padded at the centre, others as above (its test) */
    RESIZE_SQUARE_CUBIC   /* scikit-image cubic to a square, cut to 8 bits (MedSAM) */
} ResizeRule;

typedef struct Preset {
    const char *name, *summary;
    ResizeRule resize;
    bool boxes_alone;      /* trained on box prompts and no others */
    bool min_max;          /* normalize to 0 .. 1 by the image's own range; else by mean and std */
    bool blue_first;       /* channels in the order blue, green, red */
    bool best_of_all;      /* masks 1.. are decoded and the best kept, unless all are asked for */
    bool mask_probability; /* mask prompts are probabilities, not logits */
    bool direct;           /* probabilities go to the image's size in one step (MedSAM) */
    double zoom;           /* > 0: encode a crop of this many times the prompt's larger side, */
    bool mirror;           /* and look at it left to right as well: the answer is the mean */
    const EverythingOptions *everything; /* NULL: those of the published generator */
} Preset;

EverythingOptions preset_everything(const Preset *preset);

const Preset *preset_find(const char *name); /* NULL if there is none of that name */
const Preset *preset_at(int index);          /* NULL past the last */

/* The options of the published generator of masks. */
EverythingOptions everything_defaults(void);

#endif
