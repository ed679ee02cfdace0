/* reader.h - what each format gives to the table in catalog.c, and what the readers share. */
#ifndef DATA_READER_H
#define DATA_READER_H

#include "base/files.h"
#include "base/warnings.h"
#include "data/catalog.h"

/* Readers fill cases, labels and findings of a catalog whose place, root and name are set.  Errors:
 * VOXPERT_BAD_INPUT for what leaves nothing to go on with, VOXPERT_OUT_OF_MEMORY. */
Status read_pairs(Catalog *c, Error *error);
Status read_nnunet(Catalog *c, Error *error);
Status read_sam_med2d(Catalog *c, Error *error);
Status read_imis(Catalog *c, Error *error);
Status read_challenge(Catalog *c, Error *error);
Status read_coco(Catalog *c, Error *error);
Status read_sam_med3d(Catalog *c, Error *error);
Status read_list(Catalog *c, Error *error);

/* A name as a JSON string; one that is no UTF-8 is made printable, for people to read.  NULL: no
 * memory.  The caller's reference. */
json_t *reader_words(const char *text);

/* An array of the sentences.  NULL: no memory.  The caller's reference. */
json_t *reader_warnings(const Warnings *w);

/* The JSON of a file, which may begin with UTF-8's byte order mark; NULL where it is none, and
 * `reason` says why in one sentence with its line.  NaN and Infinity, which JSON does not have but
 * Python writes, become null and are counted.  The caller's reference.  Errors: VOXPERT_BAD_INPUT
 * (the file cannot be read), VOXPERT_OUT_OF_MEMORY. */
typedef struct JsonReason {
    int line;
    size_t not_finite;
    char text[200];
} JsonReason;
MUST_CHECK Status reader_parse(json_t **out, const char *path, JsonReason *reason, Error *error);

/* The same with a finding.  NULL and a finding where it is none, or VOXPERT_BAD_INPUT where it
 * cannot be read. The caller's reference. */
MUST_CHECK Status reader_json(json_t **out, Catalog *c, const char *path, Error *error);

/* The finding that numbers of a list were not finite, if any were. */
void reader_report_not_finite(Catalog *c, const char *path, const JsonReason *reason);

/* `name` below the root; also where it repeats the root's own folder, as lists do that were written
 * beside it, and where its folders are parted by backslashes. */
const char *reader_path(Catalog *c, const char *name);

/* With a slash for each backslash. */
const char *reader_slashes(Catalog *c, const char *name);

const char *reader_stem(Catalog *c, const char *path); /* without folders and extension */

/* One path as an array. */
const char *const *reader_one(Catalog *c, const char *path);

/* Names in a folder that are neither hidden nor folders; none, where it cannot be listed. */
MUST_CHECK Status reader_files(FileNames *out, const char *folder, Error *error);

/* The same where a folder that cannot be listed has nothing to say: false, and `failed` of the
 * catalog where memory was what lacked. */
bool reader_listed(FileNames *out, Catalog *c, const char *folder);

bool reader_names_hold(const FileNames *sorted, const char *name);

/* Values of labels {"0": "background", "1": ...}. */
void reader_labels_by_value(Catalog *c, json_t *labels, const char *file);

/* Whether the folder has the form PART/CLASS/DATASET/imagesTr. */
bool sam_med3d_recognizes(Catalog *c, const char *folder);

#endif
