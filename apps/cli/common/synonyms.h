/* synonyms.h - flags and verbs as other programs call them. */
#ifndef CLI_COMMON_SYNONYMS_H
#define CLI_COMMON_SYNONYMS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct Synonym {
    const char *word;   /* "--bbox" */
    const char *flag;   /* "--box"; NULL: there is no such flag anywhere, */
    const char *advice; /* and this is to be done instead */
    bool only_suggest;  /* it replaces files or leaves out work, so it must be typed itself */
} Synonym;

/* The next row of "--word" [length] behind `last`, or the first where that is NULL; NULL: no more.
 * The first row whose flag the verb has counts, or the first without a flag. */
const Synonym *synonym_of_flag(const char *word, size_t length, const Synonym *last);

/* What to type instead of a verb that there is not, as the end of a sentence; or NULL. */
const char *synonym_of_verb(const char *word);

#endif
