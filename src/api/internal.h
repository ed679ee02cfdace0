/* internal.h - what stands behind the public handles. */
#ifndef API_INTERNAL_H
#define API_INTERNAL_H

#include <stdatomic.h>

#include <voxpert/evaluate.h>
#include <voxpert/voxpert.h>

#include "api/structs.h"
#include "base/text.h"
#include "eval/bootstrap.h"
#include "eval/evaluation.h"
#include "image/picture.h"
#include "image/rle.h"
#include "predict/predictor.h"

struct VoxpertModel {
    Model *model;
    size_t max_memory;
};

struct VoxpertSession {
    const VoxpertModel *model; /* borrowed */
    Predictor *predictor;
    VoxpertProgress *progress; /* of encoder passes; or NULL */
    void *context;
    atomic_bool interrupted;
};

/* At the beginning of a call that works: what interrupted an earlier one is over. */
Predictor *session_begin(VoxpertSession *session);

MUST_CHECK Status null_argument(const char *function, Error *error); /* VOXPERT_BAD_ARGUMENT */

struct VoxpertImageFile {
    Volume *volume;
    Picture picture;
    VoxpertImage image;
    VolumeSlice slice;
    bool sliced; /* a slice of a volume, whose grid labels go back onto */
    char hash[HASH_TEXT];
    char sides[5]; /* of voxpert_image_file_sides() */
};

/* A file, or bytes in memory that `name` stands for. */
typedef struct Source {
    const char *name;
    const void *bytes; /* NULL: the file of that name */
    size_t size;
} Source;

Source source_memory(const void *bytes, size_t size, const char *name); /* name NULL: "memory" */
MUST_CHECK Status source_read(Volume **out, const Source *s, const VolumeReadOptions *read,
                              Error *error);
MUST_CHECK Status source_hash(char out[HASH_TEXT], const Source *s, Error *error);

/* Gives away what was written into memory; returns `status`. */
Status output_give(Status status, const OutputBytes *made, void **bytes, size_t *size);

/* Of options with an axis: the slice that they mean.  VOXPERT_BAD_ARGUMENT. */
MUST_CHECK Status slice_of(VolumeSlice *out, const VoxpertFileOptions *o, Error *error);

/* An image of any type as 8-bit RGB; the picture is the caller's. */
MUST_CHECK Status image_to_picture(Picture *out, const VoxpertImage *image, Error *error);

/* "f32", "f16" or "bf16".  VOXPERT_BAD_ARGUMENT. */
MUST_CHECK Status model_element_type(ElementType *out, const char *type, Error *error);

/* Labels of a caller as those of an evaluation; the caller frees `*out`.  VOXPERT_BAD_ARGUMENT. */
MUST_CHECK Status labels_take(EvaluatedLabel **out, const VoxpertLabel *labels, size_t count,
                              Error *error);

/* A spacing of three lengths in mm, or zeros for none.  VOXPERT_BAD_ARGUMENT. */
MUST_CHECK Status spacing_take(double to_xyz[3], const double from_xyz[3], Error *error);

struct VoxpertEvaluation {
    Evaluation evaluation;
};

/* The caller's choice over the defaults; NULL is fine.  VOXPERT_BAD_ARGUMENT. */
MUST_CHECK Status bootstrap_rule_take(BootstrapRule *rule, const VoxpertBootstrap *from,
                                      Error *error);

/* What an evaluation measures; `*label` is the caller's to free.  VOXPERT_BAD_ARGUMENT. */
MUST_CHECK Status evaluation_rule_take(EvaluationRule *rule, EvaluatedLabel **label,
                                       const VoxpertEvaluateOptions *o, Error *error);

/* Gives a text away, or frees it where there was no memory for it. */
MUST_CHECK Status text_hand_over(Text *text, char **out, Error *error);

/* Gives run lengths away as COCO's text and frees `code`.  VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status rle_hand_over(Rle *code, char **rle, Error *error);

/* A prompt as the predictor takes it, on memory of its own; free it also after a failure. */
typedef struct Asked {
    ObjectPrompt prompt;
    float *point;
    int *label;
    float box[4];
} Asked;

MUST_CHECK Status asked_from(Asked *a, const VoxpertPrompt *p, Error *error);
void asked_free(Asked *a);
bool asks_zoom(const Predictor *p, const VoxpertSegmentOptions *o);

/* A copy; VOXPERT_OUT_OF_MEMORY.  Free it also after a failure. */
MUST_CHECK Status routing_hand_over(VoxpertRouting *out, const Routing *found, Error *error);
void routing_free(VoxpertRouting *r); /* zeroed is fine */

/* VOXPERT_BAD_ARGUMENT for a model without. */
MUST_CHECK Status need_experts(const Model *m, Error *error);

/* The model that is part of the library; NULL and 0 where there is none. */
const unsigned char *builtin_model(size_t *size);

#endif
