/* findings.h - what is wrong with a data set: a rule, where it is broken, and what mends it. */
#ifndef DATA_FINDINGS_H
#define DATA_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>

typedef enum DataRule {
    RULE_JSON,
    RULE_JSON_EXISTS,
    RULE_FORM,
    RULE_OLD_NNUNET,
    RULE_CHANNELS_NAMED,
    RULE_LABELS_CONSECUTIVE,
    RULE_LABELS_BACKGROUND,
    RULE_LABELS_IGNORE,
    RULE_REGIONS_ORDER,
    RULE_COUNT,
    RULE_ENDING,
    RULE_SUFFIX,
    RULE_CHANNELS,
    RULE_HAS_LABEL,
    RULE_HAS_IMAGE,
    RULE_FILES_EXIST,
    RULE_UNIQUE,
    RULE_FOLDS_DISJOINT,
    RULE_FOLDS_KNOWN,
    RULE_PATIENTS_APART,
    RULE_CSR_NAME,
    RULE_CSR_CHANNELS,
    RULE_READABLE,
    RULE_FINITE,
    RULE_CHANNELS_AGREE,
    RULE_SAME_SHAPE,
    RULE_SAME_AFFINE,
    RULE_MASK_SIZE,
    RULE_MASK_VALUES,
    RULE_MASK_FOREGROUND,
    RULE_LABEL_INTEGER,
    RULE_LABEL_KNOWN,
    RULE_LABEL_FOREGROUND,
    RULE_SAME_VOXELS,
    RULE_SHAPES,
    RULE_PROMPTS,
    RULE_GROUPS,
    RULE_CONTENT,
    RULE_SAME_ORDER,
    RULE_TURNED,
    RULE_LIST_SIZE,
    RULE_SAME_STEM,
    RULE_LEFT_OUT,
    RULE_CATEGORY,
    RULE_DECODED,
    RULE_SAMPLE_TYPE,
    DATA_RULES
} DataRule;

const char *data_rule_name(DataRule rule);   /* "every training image has a label" */
const char *data_rule_remedy(DataRule rule); /* one sentence */

typedef struct Finding {
    DataRule rule;
    bool warning;             /* a data set with nothing worse can be used */
    const char *file, *other; /* relative to the data set's folder; NULL: none */
    bool outside;             /* `file` is not below that folder */
    const char *field;        /* of the file; NULL: none */
    const char *detail;       /* one sentence */
    const char *facts;        /* the same as a JSON object, for programs */
    const char *fix;          /* shell commands that mend it, a line each; NULL: none do */
    const char *note; /* why there is no `fix` although commands could mend it; NULL: none */

    /* What plan.h makes of it. */
    const char *const *moved; /* [moves] paths */
    size_t moves;
    const char *renamed; /* where the only one goes; NULL: all are set aside */
    bool rewrites;       /* dataset.json */
} Finding;

#endif
