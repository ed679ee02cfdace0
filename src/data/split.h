/* split.h - which images are for training and which for testing, where no list says it.
 *
 * All images of a group fall into one part.  The group of an image is its patient's name, or its
 * stem where each file stands for itself.  FNV-1a 64 of a text modulo 10 is 0 or 1 for test, 2 for
 * validation, else training; the text depends on the version of the rule:
 *
 *   1  "SET/GROUP": a folder of another name is split differently.  The built-in model was trained
 *      by this version.
 *   2  "GROUP": the same images fall into the same parts, whatever their folder is called. */
#ifndef DATA_SPLIT_H
#define DATA_SPLIT_H

#include <stdbool.h>
#include <stddef.h>

typedef enum SplitPart { SPLIT_TRAIN, SPLIT_VALIDATION, SPLIT_TEST } SplitPart;
enum { SPLIT_PARTS = 3 };

typedef enum SplitRule {
    SPLIT_RULE_DEFAULT, /* the newest */
    SPLIT_RULE_SET,     /* version 1 */
    SPLIT_RULE_GROUP    /* version 2 */
} SplitRule;

SplitRule split_rule_version(SplitRule rule); /* 1 or 2 */

/* `set` counts in version 1 alone. */
SplitPart split_part(SplitRule rule, const char *set, const char *group);

/* Bytes of a stem (a file's name without folders and extension) that name its group: all, or with
 * `by_patient` those before the first _. */
size_t split_group_length(const char *stem, bool by_patient);

const char *split_part_name(SplitPart part); /* "training", "validation", "test" */
bool split_part_parse(SplitPart *out, const char *name);

#endif
