/* object_list.h - what the files of this folder share about objects and JSON. */
#ifndef EXCHANGE_OBJECT_LIST_H
#define EXCHANGE_OBJECT_LIST_H

#include <jansson.h>
#include <voxpert/exchange.h>

#include "api/internal.h"
#include "base/warnings.h"

Status prompts_no_memory(Error *error); /* VOXPERT_OUT_OF_MEMORY */

/* A text as JSON; one that is not UTF-8 is made printable.  NULL when out of memory. */
json_t *json_text(const char *text);

/* Gives `json`, which may be NULL, away as text with all digits of its numbers and frees it.
 * VOXPERT_OUT_OF_MEMORY: "no memory for WHAT". */
MUST_CHECK Status json_hand_over(json_t *json, const char *what, char **out, Error *error);

/* Gives sentences away and frees the list; after a failure of the call (`status`) too. */
MUST_CHECK Status warnings_hand_over(Status status, Warnings *w, char **out, Error *error);

/* Adds each of `lines`, with the object that it is about where there are several. */
void objects_warn(Warnings *to, const VoxpertObjects *objects, const VoxpertObject *object,
                  const char *lines);

/* NULL when out of memory. */
json_t *objects_to_json(const VoxpertObjects *objects);

#endif
