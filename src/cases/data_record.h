/* data_record.h - what a run learns from, as its checkpoint keeps it, so that a resumed run notices
 * changed data.
 *
 * A text of one line for each data set and each image, in their order, and of what else the run
 * depends on:
 *
 *     network HASH ""     HASH: of the configuration of the model that it begins from
 *     vocabulary HASH ""  HASH: of the merges that texts are read by, where there are any
 *     set HASH "NAME"     HASH: of its options and the names of its labels
 *     case HASH "NAME"    HASH: of the image's size, samples, regions and ignored pixels, its part
 * of the split, and its objects
 *
 * HASH is the first half of a SHA-256, NAME a JSON string.  Paths are not in it: the data may be
 * moved elsewhere. */
#ifndef CASES_DATA_RECORD_H
#define CASES_DATA_RECORD_H

#include "base/hash.h"
#include "cases/dataset.h"

/* What a run depends on besides its data: SHA-256, "" for nothing of the kind. */
typedef struct RecordedModel {
    char network[HASH_TEXT], vocabulary[HASH_TEXT];
} RecordedModel;

/* The record of a data set; the caller frees `*out`.  VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status data_record(char **out, const Dataset *d, const RecordedModel *model,
                              Error *error);

/* Where sets have other names than in an earlier record, and nothing else differs, gives them and
 * their pictures the earlier names again, so that the run goes on as if nothing had happened; a
 * sentence for each is added to `w`.  VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status data_record_restore_names(Dataset *d, const RecordedModel *model,
                                            const char *before, Warnings *w, Error *error);

/* What a case is to a model: the two hashes of its set and of itself, as one. */
void data_record_case(char out[HASH_TEXT], const Dataset *d, size_t picture);

/* VOXPERT_OK where both are the same; else VOXPERT_BAD_INPUT, whose message names `file` and the
 * first data set or case that changed, is missing, or is new. */
MUST_CHECK Status data_record_compare(const char *before, const char *now, const char *file,
                                      Error *error);

#endif
