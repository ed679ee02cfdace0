/* split_record.h - which cases a model was trained on, recognized by what their images hold.
 *
 * A record is written in two forms.  The file of a run folder, for people and programs:
 *
 *     {"format": "voxpert-split", "version": 1, "digest": "9f86...",
 *      "sets": [{"name": "skin", "rule": 2, "cases": [{"name": "a", "part": "training", "content":
 * "..."}]}], "inherited": {"training": ["..."], "validation": []}}
 *
 * where the rule is split.h's version that parts are of (null: a list says all of them),
 *
 * and the metadata value of a model, SPLIT_METADATA, which holds no names of files:
 *
 *     {"version": 1, "digest": "9f86...", "training": ["0a1b2c3d4e5f6071", ...],
 *      "validation": [...]}
 *
 * The content of a case is the SHA-256 of its first image file's size and values (volume_content),
 * so that renamed and converted files are recognized; metadata keeps the first 16 digits, of each
 * content once, sorted.  The digest is the SHA-256 of the sorted lines "CONTENT PART\n": it depends
 * on neither names nor order. */
#ifndef DATA_SPLIT_RECORD_H
#define DATA_SPLIT_RECORD_H

#include "base/hash.h"
#include "base/status.h"
#include "base/text.h"
#include "data/check.h"
#include "image/volume.h"

#define SPLIT_METADATA "split"

typedef struct SplitEntry {
    char *set, *name; /* NULL in a record that was read from metadata */
    SplitPart part;
    SplitRule rule;  /* that gave the part; SPLIT_RULE_DEFAULT: a list did */
    SplitPart other; /* the part that the other version of the rule gives; without a rule, 0 */
    char content[HASH_TEXT]; /* 64 digits, or the first 16 of them */
} SplitEntry;

typedef struct SplitRecord {
    SplitEntry *item;
    size_t count, capacity;
    char digest[HASH_TEXT]; /* as read; empty in a record that is being made */
} SplitRecord;

void split_record_free(SplitRecord *r); /* a zeroed one is fine */

/* Adds a case; its texts are copied.  VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status split_record_add(SplitRecord *r, const Catalog *c, const CatalogCase *item,
                                   SplitPart part, const char *content, Error *error);

/* Adds the training and validation cases of the model that training begins from: what it was
 * trained on, its successor was trained on too.  VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status split_record_inherit(SplitRecord *r, const SplitRecord *from, Error *error);

/* VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status split_record_digest(char out[HASH_TEXT], const SplitRecord *r, Error *error);

/* The two forms; `failed` of the text where memory is short or a name is no UTF-8. */
void split_record_file(Text *out, const SplitRecord *r);

/* The first name that is no UTF-8, which the texts of a record cannot hold; NULL: there is none. */
const char *split_record_odd_name(const SplitRecord *r);
void split_record_metadata(Text *out, const SplitRecord *r);

/* Reads a metadata value; `where` names the model in errors.  NULL gives an empty record.  Errors:
 * VOXPERT_BAD_MODEL (no such value), VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status split_record_parse(SplitRecord *out, const char *metadata, const char *where,
                                     Error *error);

/* ---- Contents ------------------------------------------------------------------------------- */

/* Sizes, and values as 32-bit floats; not_finite (NULL accepted) counts NaN and infinities. */
void volume_content(char out[HASH_TEXT], const Volume *v, size_t *not_finite);

/* The same of a case, whose first image file is read.  Errors: those of case_image(). */
MUST_CHECK Status case_content(char out[HASH_TEXT], const CatalogCase *item, Error *error);

/* ---- Overlap -------------------------------------------------------------------------------- */

/* Cases that a model has seen, by their images; test cases of its record do not count. */
typedef struct SplitOverlap {
    size_t *item;           /* [count] indices into the items of `now` */
    SplitPart *then;        /* [count] their part in `trained` */
    size_t count, training; /* `training` of them were trained on, the rest were for validation */
} SplitOverlap;

/* VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status split_overlap_find(SplitOverlap *out, const SplitRecord *now,
                                     const SplitRecord *trained, Error *error);
void split_overlap_free(SplitOverlap *o); /* a zeroed one is fine */

/* The version of the rule, 1 or 2, by which no test case of `now` was trained on, where the other
 * version gave every one that was; 0: no version helps. */
int split_overlap_remedy(const SplitRecord *now, const SplitOverlap *o);

/* What a model is about to see of `now`, against what its metadata says it was trained on: a
 * warning for cases of `part` (SPLIT_PARTS: of all) that it has seen.  With `refused`, cases that
 * it was trained on are VOXPERT_BAD_INPUT, whose message names the remedy.  Errors also: those of
 * split_record_parse(). */
typedef struct SplitReview {
    const SplitRecord *now;
    int part;
    const char *metadata; /* value of SPLIT_METADATA; NULL: the model does not say */
    const char *model;    /* its name, for sentences */
    bool refused;
} SplitReview;
MUST_CHECK Status split_review(Warnings *w, const SplitReview *review, Error *error);

/* A record of every case of a catalog, in its order; reads each case's first image.  `progress` as
 * in check.h, or NULL.  Errors: those of case_image(), VOXPERT_INTERRUPTED. */
MUST_CHECK Status catalog_split_record(SplitRecord *out, const Catalog *c, CheckProgress *progress,
                                       void *context, Error *error);

/* The same as a list (read_list.h) that gives each case of the data set at `data` its part and
 * content; `failed` of the text where memory is short or a name is no UTF-8. */
void split_record_list(Text *out, const SplitRecord *r, const char *set, const char *data);

#endif
