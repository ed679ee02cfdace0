/* error.h - how every call of the library says what went wrong.
 *
 * A status is also the exit code of the command line, one to one. */
#ifndef VOXPERT_ERROR_H
#define VOXPERT_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

#ifndef VOXPERT_API
#define VOXPERT_API __attribute__((visibility("default")))
#endif

typedef enum VoxpertStatus {
    VOXPERT_OK = 0,
    VOXPERT_SOME_FAILED = 1,   /* some cases of many failed; the report lists them */
    VOXPERT_BAD_ARGUMENT = 2,  /* usage, or a prompt that makes no sense */
    VOXPERT_BAD_INPUT = 3,     /* an image, volume, data set or prompt file cannot be used */
    VOXPERT_BAD_MODEL = 4,     /* a model file is unreadable, incomplete or misshapen */
    VOXPERT_OUT_OF_MEMORY = 5, /* no memory, or over the limit that was set */
    VOXPERT_BAD_OUTPUT = 6,    /* a result cannot be written */
    VOXPERT_INTERRUPTED = 130
} VoxpertStatus;

/* Filled only on failure.  Every function accepts NULL instead. */
typedef struct VoxpertError {
    VoxpertStatus status;
    char message[1024]; /* one sentence that names the file, the field and the rule; UTF-8 */
    char field[32]; /* the option or setting that it is about, with '-' between words: "max-memory",
                       "batch"; the command line has it as a flag.  "": it is about none */
} VoxpertError;

#ifdef __cplusplus
}
#endif

#endif
