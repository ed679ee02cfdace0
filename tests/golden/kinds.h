/* kinds.h - what a golden file's `kind` asks for: one function each. */
#ifndef TESTS_GOLDEN_KINDS_H
#define TESTS_GOLDEN_KINDS_H

#include "tests/golden/run.h"

typedef struct GoldenKind {
    const char *kind;
    void (*run)(GoldenRun *run);
} GoldenKind;

/* Ends with a NULL kind.  A new kind is a line in kinds.c, and its function here. */
extern const GoldenKind golden_kinds[];

void golden_sam_forward(GoldenRun *run);   /* image and prompts, or either, -> stages, masks */
void golden_sam_choosing(GoldenRun *run);  /* the same, keeping the mask of the largest iou */
void golden_sam_gradient(GoldenRun *run);  /* a loss, and every gradient */
void golden_sam_predictor(GoldenRun *run); /* a picture's file and prompts -> masks */
void golden_sam_med2d_predictor(GoldenRun *run);
void golden_medsam_predictor(GoldenRun *run);
void golden_sam_automask(GoldenRun *run);     /* masks for all that is in a picture */
void golden_segmote_forward(GoldenRun *run);  /* as sam_forward, through experts */
void golden_segmote_training(GoldenRun *run); /* losses, gradients, optimizer steps */
void golden_timm_encoder(GoldenRun *run);     /* timm's encoder alone, at any size */
void golden_tiny_vit_unit(GoldenRun *run);    /* a part of MobileSAM's encoder */
void golden_resample(GoldenRun *run);         /* tables of positions */

#endif
