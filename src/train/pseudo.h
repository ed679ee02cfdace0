/* pseudo.h - pseudo masks: regions of a picture that nobody labelled, to learn from beside its
 * objects (docs/spec/segmote.md, 8).
 *
 * A region counts from 0.05 % of the view on.  It is opened, then closed, with a cross of 3 x 3
 * (outside of the view is nothing of it, as in SciPy, so that closing takes the view's rim away),
 * and its pieces of less than 0.05 % are dropped; pixels touch by their edges. */
#ifndef TRAIN_PSEUDO_H
#define TRAIN_PSEUDO_H

#include "base/random.h"
#include "cases/cut.h"

/* Bytes of scratch memory for a view of `side` pixels, aligned as int. */
size_t pseudo_scratch(int side);

/* Masks [count,side,side] of different regions of a case that has any, as the cut shows them; where
 * they are fewer than `count`, some come again.  How many masks: `count`, or 0. */
int pseudo_draw(uint8_t *masks, const Case *c, const Cut *cut, int count, void *scratch, Random *r);

/* Cleans one region's mask [side,side] in place: false where nothing is left. */
bool pseudo_clean(uint8_t *mask, int side, void *scratch);

#endif
