/* options.h - what may be chosen when a model is opened; and where the library's remarks go. */
#ifndef VOXPERT_OPTIONS_H
#define VOXPERT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include <voxpert/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Called with one sentence, without a newline, on the thread that made the call. */
typedef void VoxpertLog(void *context, const char *sentence);

/* Zero in any field means its default. */
typedef struct VoxpertOptions {
    size_t size;        /* see version.h */
    int threads;        /* default: every core this process may use */
    const char *cpu;    /* kernel set: "reference", "portable", "avx2", "avx512"; default: the best
                           that this processor can run */
    const char *preset; /* how images are prepared: "sam", "sam-med2d", "sam-med2d-test", "medsam",
                           "imis", "voxpert"; default: what the model file says or looks like */
    const char *precision; /* what products are computed in: "f32"; default: as the file states, or
                              "f32" */
    const char *base;      /* of an adapter: the model that it was trained on; default: the built-in
                              one */
    const char *vocab;     /* of a model that reads text (IMIS-Net, SegMoTE): the merges of CLIP's
                              tokenizer, bpe_simple_vocab_16e6.txt.gz or merges.txt, plain or gzip;
                              default: none, and text prompts are refused */
    size_t max_memory;     /* bytes for one image's work; more is refused; default: no limit */
    bool strict;           /* surplus tensors in the model file are an error */
    VoxpertLog *log;       /* warnings, until the model is closed; default: they are dropped */
    void *log_context;
} VoxpertOptions;

/* What the machine grants this process, and what the process has taken. */
typedef struct VoxpertMachine {
    size_t size;         /* see version.h */
    int threads;         /* cores it may use: affinity and control group */
    size_t memory_bytes; /* of the machine, or the control group's limit if that is less */
    size_t peak_bytes;   /* largest resident set so far */
} VoxpertMachine;

/* Asked anew at each call; NULL is fine. */
VOXPERT_API void voxpert_machine(VoxpertMachine *out);

/* The same, with the processor's name, its instruction sets that are made use of or could be, the
 * kernel sets that it can run and the one that is chosen ("kernels"), and compiler and options of
 * the build, as one JSON object.  The caller frees `*json` with voxpert_free.  Errors:
 * VOXPERT_OUT_OF_MEMORY. */
VOXPERT_API VoxpertStatus voxpert_machine_describe(char **json, VoxpertError *error);

#ifdef __cplusplus
}
#endif

#endif
