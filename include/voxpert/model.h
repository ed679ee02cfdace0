/* model.h - what was trained: loaded once, read-only, shared by any number of threads. */
#ifndef VOXPERT_MODEL_H
#define VOXPERT_MODEL_H

#include <voxpert/error.h>
#include <voxpert/options.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct VoxpertModel VoxpertModel;

/* Opens a checkpoint of the SAM family: safetensors, or PyTorch's .pth (read, never executed); or
 * what transformers saves: a folder, or the index of several files in it.  `path` NULL, or
 * "built-in", is the model built into the library (a file of that name is "./built-in").  `options`
 * NULL: all defaults.  `*out` is NULL
 * after a failure.  Errors: VOXPERT_BAD_MODEL (the file, the tensor and the rule are named),
 * VOXPERT_BAD_ARGUMENT (an unknown preset or kernel set; a vocabulary for a model that reads no
 * text), VOXPERT_BAD_INPUT (the vocabulary), VOXPERT_OUT_OF_MEMORY. */
VOXPERT_API VoxpertStatus voxpert_model_open(VoxpertModel **out, const char *path,
                                             const VoxpertOptions *options, VoxpertError *error);

/* The same of a checkpoint in memory: `size` bytes, which are only read, and must stay there until
 * the model is closed.  `name` stands for the file in messages; NULL: "memory". */
VOXPERT_API VoxpertStatus voxpert_model_open_memory(VoxpertModel **out, const void *bytes,
                                                    size_t size, const char *name,
                                                    const VoxpertOptions *options,
                                                    VoxpertError *error);

/* After its last session is closed; NULL is fine. */
VOXPERT_API void voxpert_model_close(VoxpertModel *model);

/* Everything known of the model as one JSON object: kind, sizes, parameters, licence, identity.
 * The caller frees `*json` with voxpert_free. */
VOXPERT_API VoxpertStatus voxpert_model_describe(const VoxpertModel *model, char **json,
                                                 VoxpertError *error);

/* What a model is and takes, without the weights; all strings valid until it is closed. */
typedef struct VoxpertModelInfo {
    size_t size;           /* see version.h */
    const char *system;    /* "sam", "imis-net", "segmote" */
    const char *preset;    /* how images are prepared: a name of voxpert_preset() */
    const char *kernels;   /* the kernel set that it computes with */
    const char *precision; /* of its products: "f32" */
    size_t parameters;     /* numbers in its tensors */
    int input_side;        /* pixels of the square that its encoder is given */
    int low_res_side;      /* of its own masks, in which earlier logits are given as a prompt */
    int masks;             /* candidates for one prompt */
    int experts;           /* of each layer; 0: it has none */
    int expert_layers, expert_tokens;
    int classes;       /* that can be queried without a prompt */
    double zoom;       /* side of the crop around a prompt, in sides of its box; 0: whole images */
    bool boxes_alone;  /* trained on box prompts alone */
    bool needs_prompt; /* else prompt_free is possible */
    bool reads_text;   /* text prompts, where it was opened with a vocabulary */
    bool everything;   /* voxpert_segment_everything is possible */
    bool adapter;      /* on a frozen base */
} VoxpertModelInfo;

/* Errors: VOXPERT_BAD_ARGUMENT (NULL). */
VOXPERT_API VoxpertStatus voxpert_model_info(const VoxpertModel *model, VoxpertModelInfo *out,
                                             VoxpertError *error);

/* SHA-256 over the sorted names, shapes and values of the model's tensors, as 64 hexadecimal
 * digits: the same for the same weights in any file.  Valid until the model is closed. */
VOXPERT_API VoxpertStatus voxpert_model_identity(const VoxpertModel *model, const char **identity,
                                                 VoxpertError *error);

/* Writes the model as safetensors with all that it knows of itself; `type` is "f32", "f16" or
 * "bf16".  Errors: VOXPERT_BAD_OUTPUT, VOXPERT_BAD_ARGUMENT, VOXPERT_OUT_OF_MEMORY. */
VOXPERT_API VoxpertStatus voxpert_model_save(const VoxpertModel *model, const char *path,
                                             const char *type, VoxpertError *error);

/* Reads such a file back and compares every tensor: the same names and shapes, and the model's
 * values rounded to `type`, to the last bit.  Errors: VOXPERT_BAD_OUTPUT names the first tensor
 * that differs. */
VOXPERT_API VoxpertStatus voxpert_model_verify(const VoxpertModel *model, const char *path,
                                               const char *type, VoxpertError *error);

/* Side of the model's own masks, in which earlier logits are given as a prompt. */
VOXPERT_API int voxpert_model_low_res_side(const VoxpertModel *model);

/* Frees what the library handed over; NULL is fine. */
VOXPERT_API void voxpert_free(void *memory);

/* The kernel sets that this processor can run, slowest first, NULL-terminated. */
VOXPERT_API const char *const *voxpert_kernel_sets(void);

/* Name of preset 0, 1, ..., and one line about it in `*summary` (NULL accepted); NULL past the
 * last.
 */
VOXPERT_API const char *voxpert_preset(int index, const char **summary);

#ifdef __cplusplus
}
#endif

#endif
