/* files.h - whole files in, whole files out. */
#ifndef BASE_FILES_H
#define BASE_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/hash.h"
#include "base/status.h"

/* A file, mapped read-only.  An empty file has size 0 and bytes NULL. */
typedef struct FileMap {
    const uint8_t *bytes;
    size_t size;
} FileMap;

/* `failure` is the status of a file that cannot be read (VOXPERT_BAD_INPUT, VOXPERT_BAD_MODEL). */
MUST_CHECK Status file_map(FileMap *out, const char *path, Status failure, Error *error);
void file_unmap(FileMap *map); /* a zeroed map is fine */

/* Adds a file's bytes to a hash.  Errors: those of file_map(). */
MUST_CHECK Status file_hash_add(Hash *h, const char *path, Status failure, Error *error);

/* Tells the system that these pages were copied and need not stay in memory. */
void file_map_drop(const FileMap *map, const void *bytes, size_t size);

/* Bytes in memory; memory_free(data) frees them. */
typedef struct OutputBytes {
    void *data;
    size_t size;
} OutputBytes;

/* Where an output goes: to the file of that name, or into memory; then the name tells the format by
 * its extension, and is for messages. */
typedef struct Output {
    const char *name;
    OutputBytes *memory; /* NULL: the file.  Else filled at commit, and {0} after a failure */
} Output;

Output output_file(const char *path);

/* An output that appears under its name only when it is complete: written beside it under a
 * temporary name, synced, renamed.  An existing file of that name is replaced at commit.  One into
 * memory is handed over at commit. */
typedef struct FileWriter {
    FILE *stream;
    char *path, *temporary;
    struct MemoryStream *memory; /* NULL: into the file */
    bool lasting; /* set after opening: the folder is synced too, so that the name survives a power
                     cut; about 5 ms more on ext4 */
} FileWriter;

MUST_CHECK Status file_writer_open(FileWriter *out, const char *path, Error *error);
MUST_CHECK Status file_writer_open_to(FileWriter *out, Output to, Error *error);
MUST_CHECK Status file_writer_commit(FileWriter *w, Error *error); /* closes w, also on failure */
void file_writer_abort(FileWriter *w); /* leaves nothing; zeroed is fine */

/* Unlinks the temporary files of all open writers; safe in a signal handler. */
void file_writers_forget(void);

MUST_CHECK Status output_write(Output to, const void *bytes, size_t size, Error *error);
MUST_CHECK Status file_write(const char *path, const void *bytes, size_t size, Error *error);

bool file_exists(const char *path);
bool file_is_folder(const char *path);
MUST_CHECK Status folder_make(const char *path, Error *error); /* with its parents */

/* Names in a folder, sorted by bytes, without "." and "..", hidden files included. */
typedef struct FileNames {
    char **name;
    size_t count;
} FileNames;
MUST_CHECK Status folder_list(FileNames *out, const char *path, Error *error);
void file_names_free(FileNames *names);

const char *path_base(const char *path);      /* after the last slash */
const char *path_extension(const char *path); /* ".png"; ".nii.gz" as one; "" where there is none */
char *path_join(const char *folder, const char *name);              /* caller frees */
char *path_with_extension(const char *path, const char *extension); /* caller frees */

#endif
