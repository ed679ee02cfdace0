/* small_bpe.h - a vocabulary of eight merges, made up for tests. */
#ifndef TESTS_SYSTEMS_SMALL_BPE_H
#define TESTS_SYSTEMS_SMALL_BPE_H

#include "text/bpe.h"

/* Its tokens, in the order of the file. */
enum {
    SMALL_LI = BPE_FIRST_MERGE,
    SMALL_LIV,
    SMALL_ER_END,
    SMALL_LIVER_END,
    SMALL_AA,
    SMALL_AAAA,
    SMALL_S_END, /* 's at the end of a word */
    SMALL_UE,    /* both bytes of a small u with dots */
    SMALL_BEGIN,
    SMALL_END,
    SMALL_VOCABULARY
};

extern const char small_bpe_text[];

Bpe small_bpe(void); /* read from that text; ends the test program where it cannot */

#endif
