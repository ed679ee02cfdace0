/* gnuplot.h - figures, where gnuplot is installed. */
#ifndef BASE_GNUPLOT_H
#define BASE_GNUPLOT_H

#include <stdbool.h>
#include <stddef.h>

/* Runs gnuplot on a script, with `folder` as its own; false where it cannot be run or fails: what
 * it had written is then the caller's to remove. */
bool gnuplot_run(const char *folder, const char *script, size_t length);

/* The script's output becomes the PNG at `path`: a terminal of that size in pixels is set before
 * it.  False where there is no figure, and then no file. */
bool gnuplot_png(const char *path, int width, int height, const char *script);

#endif
