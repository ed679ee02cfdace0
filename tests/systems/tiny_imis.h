/* tiny_imis.h - an IMIS-Net, and a SegMoTE on it, of procedural weights under their published
 * names; and the vocabulary of their text tower.  64 pixels, 16 channels, two blocks: they run in a
 * moment. */
#ifndef TESTS_SYSTEMS_TINY_IMIS_H
#define TESTS_SYSTEMS_TINY_IMIS_H

#include "systems/system.h"

enum { TINY_IMIS_TEXT = 8, TINY_IMIS_POSITIONS = 40, TINY_IMIS_GRID = 4, TINY_IMIS_DIM = 16 };

/* What a file of it holds. */
typedef enum TinyImis {
    TINY_IMIS_PLAIN,  /* IMIS-Net, text tower included */
    TINY_IMIS_MUTE,   /* the same without text tower */
    TINY_IMIS_EXPERTS /* a published SegMoTE, whole */
} TinyImis;

/* Declares all that the file holds, with procedural values; `t` is closed with sam_free. */
typedef struct TinyImisParts {
    Sam sam;
    Imis imis;
    Segmote segmote;
} TinyImisParts;
void tiny_imis_parts(TinyImisParts *t, TinyImis what);

/* As safetensors without metadata; ends the test program where it cannot. */
void tiny_imis_write(const char *path, TinyImis what);

/* The merges of small_bpe.h, which the tower reads. */
void tiny_vocabulary_write(const char *path);

#endif
