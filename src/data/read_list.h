/* read_list.h - cases of a data set by name: a JSON file of ours.
 *
 *     {"format": "voxpert-list", "version": 1, "name": "good_hippocampi",
 *      "data": "../Dataset004_Hippocampus",
 *      "cases": [{"name": "hippocampus_049", "part": "training"}, "hippocampus_050"]}
 *
 * `data` is any data set of catalog.h, relative to the list's own folder; `name`, what the set is
 * called, else as the file is.  `part` ("training", "validation", "test") overrides what the data
 * set says.  Other fields are for people. */
#ifndef DATA_READ_LIST_H
#define DATA_READ_LIST_H

#include "data/catalog.h"

/* Keeps of an opened data set what the list names, in the list's order; `file` is the list's path.
 * What it names wrongly is found. */
void list_apply(Catalog *c, const char *file, json_t *list);

#endif
