/* examples.h - what a model makes of some objects, on one sheet. */
#ifndef ASSESS_EXAMPLES_H
#define ASSESS_EXAMPLES_H

#include "assess/measure.h"

/* Draws up to `each` objects of every set of a part, asked for by their boxes, into a PNG: the mask
 * filled, the box framed, Dice in the caption. */
MUST_CHECK Status examples_write(const char *path, Measurer *m, const Dataset *d, SplitPart part,
                                 size_t each, Error *error);

#endif
