/* gnuplot.h - figures, where gnuplot is installed.
 *
 * gnuplot opens no file: it reads its script from standard input and writes the picture to standard
 * output, in the folder /, without its start-up files (-d) and without the variables of the
 * caller's environment.  A name in a script is written with text_add_gnuplot_string (quote.h). */
#ifndef BASE_GNUPLOT_H
#define BASE_GNUPLOT_H

#include <stdbool.h>

#include "base/status.h"

/* Whether there is a gnuplot: an executable file of that name in a folder of PATH.  Entries of PATH
 * that are empty or relative are left out: the working folder may hold anything. */
bool gnuplot_is_installed(void);

/* Why gnuplot drew nothing, in words: it is not installed, or it failed. */
const char *gnuplot_missing(void);

/* Runs `script` with `terminal` ("pngcairo size 640,480", "svg size 960,540") and writes the
 * picture to `path`, which appears when it is complete.  `*drawn` is false where gnuplot is not
 * installed or fails; there is no file then.  Errors: VOXPERT_BAD_OUTPUT, VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status gnuplot_draw(const char *path, const char *terminal, const char *script,
                               bool *drawn, Error *error);

/* The same as a PNG of that size in pixels. */
MUST_CHECK Status gnuplot_png(const char *path, int width, int height, const char *script,
                              bool *drawn, Error *error);

#endif
