/* figures.h - an evaluation as pictures, drawn by gnuplot.
 *
 * `*missing` is NULL where the figure is there; else it says in words why there is none. */
#ifndef EVAL_FIGURES_H
#define EVAL_FIGURES_H

#include "eval/evaluation.h"

/* Box plots with every case as a point, a box for each label (the first 20), a panel for each of up
 * to four metrics: Dice, NSD of the first tolerance, HD95, relative error of the volume, or what of
 * these was chosen, and others.  What is not finite is left out, and counted in the title. */
MUST_CHECK Status figure_boxes(const Evaluation *e, const char *path, const char **missing,
                               Error *error);

/* Bland and Altman 1986: of each label (the first six) the difference of both volumes, prediction -
 * reference, over their mean; lines at the mean difference and 1.96 deviations (over n - 1) on
 * either side.  Cases where both are empty are left out. */
MUST_CHECK Status figure_bland_altman(const Evaluation *e, const char *path, const char **missing,
                                      Error *error);

#endif
