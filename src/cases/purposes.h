/* purposes.h - what random numbers are drawn for: the last key of random_begin. */
#ifndef CASES_PURPOSES_H
#define CASES_PURPOSES_H

enum {
    PURPOSE_CASE = 1,
    PURPOSE_AUGMENT,
    PURPOSE_KIND,
    PURPOSE_PROMPT,
    PURPOSE_JITTER,
    PURPOSE_SHAPES,
    PURPOSE_GROUP,
    PURPOSE_PSEUDO
};

#endif
