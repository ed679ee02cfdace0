/* prompt_entries.h - the list of entries, and the parts that read it. */
#ifndef EXCHANGE_PROMPT_ENTRIES_H
#define EXCHANGE_PROMPT_ENTRIES_H

#include "exchange/object_list.h"

struct VoxpertPrompts {
    char *name; /* of the file; NULL: there is none */
    VoxpertPromptsEntry *item;
    size_t capacity;
    int count;
    Warnings warnings;
};

/* Adds the entries of a document of JSON; `where` ("line 3", or "") is for messages. */
MUST_CHECK Status prompts_add_json(VoxpertPrompts *prompts, const json_t *root, const char *where,
                                   Error *error);

/* A sheet (.csv, .tsv) as the document of JSON that says the same: one entry for
 * each image, in the order of their first rows.  Columns that are not known, and a column
 * "class" that was taken as the label, become `warnings`. */
MUST_CHECK Status prompts_sheet_read(json_t **out, const char *text, size_t length,
                                     const char *name, Warnings *warnings, Error *error);

#endif
