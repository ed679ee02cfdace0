/* session.h - one image being worked on: encoded once (slow), asked often (fast).
 *
 * A session belongs to one thread at a time and must be closed before its model. */
#ifndef VOXPERT_SESSION_H
#define VOXPERT_SESSION_H

#include <stdbool.h>

#include <voxpert/error.h>
#include <voxpert/image.h>
#include <voxpert/mask.h>
#include <voxpert/model.h>
#include <voxpert/prompt.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct VoxpertSession VoxpertSession;

/* One image at a time, with its embedding; the model must outlive it.
 * Errors: VOXPERT_OUT_OF_MEMORY. */
VOXPERT_API VoxpertStatus voxpert_session_open(VoxpertSession **out, const VoxpertModel *model,
                                               VoxpertError *error);

/* NULL is fine. */
VOXPERT_API void voxpert_session_close(VoxpertSession *session);

/* Called while a call works, on its thread, with what is done of `total`; a non-zero answer stops
 * it. */
typedef int VoxpertProgress(void *context, size_t done, size_t total);

/* From now on every encoder pass of this session reports its progress, in blocks of the encoder,
 * and ends with VOXPERT_INTERRUPTED where the answer is not 0 (NULL: nobody is asked).  The session
 * can be used again at once. */
VOXPERT_API void voxpert_session_progress(VoxpertSession *session, VoxpertProgress *progress,
                                          void *context);

/* From any thread: the call that works in this session now ends with VOXPERT_INTERRUPTED, within
 * one block of the encoder or one batch of voxpert_segment_everything.  Where none works, nothing
 * happens. NULL is fine. */
VOXPERT_API void voxpert_session_interrupt(VoxpertSession *session);

/* Embeddings are looked for, and kept, in this folder (NULL: nowhere).  The key is what was encoded
 * and how: pixels, crop, model, preset, precision.  Those kept in half precision are used only if
 * `half`.  A damaged one is removed, which the model's log is told. */
VOXPERT_API VoxpertStatus voxpert_session_cache(VoxpertSession *session, const char *folder,
                                                bool half, VoxpertError *error);

/* Embeddings of this session also stay in memory, up to `bytes` of them; 0 (so it begins): only the
 * current one.  The least recently used leave first.  A session that goes back and forth between
 * images, or between crops of one, then encodes each once.  What was kept is dropped here, and
 * where voxpert_session_cache is called.  Errors: VOXPERT_OUT_OF_MEMORY. */
VOXPERT_API VoxpertStatus voxpert_session_cache_memory(VoxpertSession *session, size_t bytes,
                                                       VoxpertError *error);

/* Pixels are borrowed, and only read until the call returns.  The encoder runs when it is first
 * needed.  Errors: VOXPERT_BAD_ARGUMENT (an empty image), VOXPERT_OUT_OF_MEMORY. */
VOXPERT_API VoxpertStatus voxpert_set_image(VoxpertSession *session, const VoxpertImage *image,
                                            VoxpertError *error);

/* The slow half of voxpert_segment, for its own: the encoder on the whole image, so that later
 * prompts are answered at once.  Nothing is done where that is done already, or found in the cache
 * folder.  A model that zooms (VoxpertModelInfo.zoom) encodes crops around prompts beside it, in
 * voxpert_segment. Errors: VOXPERT_BAD_ARGUMENT (no image was set), VOXPERT_INTERRUPTED,
 * VOXPERT_BAD_MODEL (values that are not finite), VOXPERT_OUT_OF_MEMORY. */
VOXPERT_API VoxpertStatus voxpert_encode(VoxpertSession *session, VoxpertError *error);

/* What masks are handed over as. */
typedef enum VoxpertMaskType {
    VOXPERT_MASK_LOGITS, /* VoxpertMasks.logits */
    VOXPERT_MASK_BYTES,  /* VoxpertMasks.bytes: a quarter of the memory */
    VOXPERT_MASK_BITS    /* VoxpertMasks.bits: a thirty-second of it */
} VoxpertMaskType;

typedef struct VoxpertSegmentOptions {
    size_t size;      /* see version.h */
    bool multimask;   /* all candidate masks, the best first; else one */
    int zoom;         /* 1: encode a crop around the prompt; -1: never; 0: as the preset says */
    bool prompt_free; /* SegMoTE: prompt tokens from the image; a prompt, if any, guides them */
    int expert;       /* SegMoTE: 1, 2, ...: all tokens go to this expert; 0: the router decides */
    int prompt_class; /* of prompt_free: 1, 2, ...: the class that is asked for
                         (voxpert_class_find); 0: none */
    VoxpertMaskType masks;
} VoxpertSegmentOptions;

/* Errors: VOXPERT_BAD_ARGUMENT for a prompt that makes no sense (outside the image, an empty box,
 * not finite, nothing at all) or that asks what the model cannot do (a text without text tower or
 * vocabulary, or of more tokens than it reads); VOXPERT_OUT_OF_MEMORY.
 * `options` may be NULL. */
VOXPERT_API VoxpertStatus voxpert_segment(VoxpertSession *session, const VoxpertPrompt *prompt,
                                          const VoxpertSegmentOptions *options, VoxpertMasks *masks,
                                          VoxpertError *error);

/* One object by its box, in one call: opens a session, encodes, segments, closes.  For more than
 * one object of an image, or other prompts, a session is faster.  `model` NULL: the built-in model,
 * opened for this call.  `pixels` [height][width][channels], 8 bits, 1 (grey) or 3 (RGB) channels;
 * `box_xyxy` x0, y0, x1, y1, inclusive; `mask` [height][width] becomes 1 inside and 0 outside, and
 * is left as it was after a failure.  Errors: those of voxpert_model_open, voxpert_set_image and
 * voxpert_segment. */
VOXPERT_API VoxpertStatus voxpert_segment_box(const VoxpertModel *model, const uint8_t *pixels,
                                              int width, int height, int channels,
                                              const float box_xyxy[4], uint8_t *mask,
                                              VoxpertError *error);

/* ---- Embeddings ------------------------------------------------------------------------- */

/* Saves the whole image's embedding (encoding it if need be): "f32" or "f16". */
VOXPERT_API VoxpertStatus voxpert_embedding_save(VoxpertSession *session, const char *path,
                                                 const char *type, VoxpertError *error);

/* The same in memory; `*bytes` (voxpert_free) is safetensors, [*size]. */
VOXPERT_API VoxpertStatus voxpert_embedding_save_memory(VoxpertSession *session, const char *type,
                                                        void **bytes, size_t *size,
                                                        VoxpertError *error);

/* As voxpert_embedding_load, from `size` bytes that voxpert_embedding_save or its twin in memory
 * made; they are only read until the call returns. */
VOXPERT_API VoxpertStatus voxpert_embedding_load_memory(VoxpertSession *session, const void *bytes,
                                                        size_t size, VoxpertError *error);

/* Saves it in the session's cache folder instead, under its key. */
VOXPERT_API VoxpertStatus voxpert_embedding_keep(VoxpertSession *session, const char *type,
                                                 VoxpertError *error);

/* Takes the whole image's embedding from a file that voxpert_embedding_save wrote for the same
 * image, model and preset; anything else is refused with VOXPERT_BAD_INPUT.  After
 * voxpert_set_image. */
VOXPERT_API VoxpertStatus voxpert_embedding_load(VoxpertSession *session, const char *path,
                                                 VoxpertError *error);

/* ---- Everything ------------------------------------------------------------------------- */

/* The published automatic mask generator (SamAutomaticMaskGenerator).  Zero: as the model's preset
 * says, which is the published default in brackets, but for our own models (preset voxpert), whose
 * defaults voxpert_everything_defaults gives. */
typedef struct VoxpertEverything {
    size_t size;                  /* see version.h */
    int points_per_side;          /* of each crop (32) */
    int points_per_batch;         /* (16; there 64): memory and steps of progress, same masks */
    float pred_iou_thresh;        /* (0.88) */
    float stability_score_thresh; /* (0.95) */
    float stability_score_offset; /* (1) */
    float box_nms_thresh;         /* (0.7) */
    int crop_n_layers;            /* (0) 0 to 4; above 0 there are no square crops */
    float crop_nms_thresh;        /* (0.7) */
    float crop_overlap_ratio;     /* (512 / 1500) */
    int crop_n_points_downscale;  /* (1) */
    int min_mask_region_area;     /* (0) */
    float mask_threshold;         /* (0) */
    bool zero_thresholds;         /* the three thresholds are meant as given, 0 included */
    int crop_side;                /* (none) pixels: square crops of this side, which overlap by a
                                     third, of twice it and so on; -1: none */
} VoxpertEverything;

/* What the model's preset says, all fields filled. */
VOXPERT_API void voxpert_everything_defaults(const VoxpertModel *model, VoxpertEverything *out);

typedef struct VoxpertFound {
    uint8_t *mask;     /* [rows][columns] of box_xywh, 0 or 1; voxpert_found_mask gives it whole */
    size_t area;       /* pixels of the mask */
    float box_xywh[4]; /* its first column and row, its columns and rows: as pycocotools' toBbox,
                          one more than the published generator's width and height; 0s where the
                          mask is empty */
    float point[2];    /* that was prompted, in pixels of the image */
    float predicted_iou, stability_score;
    float crop_xywh[4]; /* the part of the image that was encoded */
} VoxpertFound;

/* `*found` [*count], to be freed with voxpert_found_free. */
VOXPERT_API VoxpertStatus voxpert_segment_everything(VoxpertSession *session,
                                                     const VoxpertEverything *options,
                                                     VoxpertFound **found, size_t *count,
                                                     VoxpertProgress *progress, void *context,
                                                     VoxpertError *error);

/* The mask of one find on the whole image: `mask` [height][width] becomes 0 or 1.
 * VOXPERT_BAD_ARGUMENT: a NULL, or an image that the find reaches out of. */
VOXPERT_API VoxpertStatus voxpert_found_mask(const VoxpertFound *found, uint8_t *mask, int width,
                                             int height, VoxpertError *error);

/* The same as COCO's compressed run lengths of the whole image (voxpert_mask_rle), in time that the
 * box takes; the caller frees `*rle` with voxpert_free.  Errors: as voxpert_found_mask;
 * VOXPERT_OUT_OF_MEMORY. */
VOXPERT_API VoxpertStatus voxpert_found_rle(const VoxpertFound *found, int width, int height,
                                            char **rle, VoxpertError *error);

/* What voxpert_segment_everything gave; NULL with a count of 0 is fine. */
VOXPERT_API void voxpert_found_free(VoxpertFound *found, size_t count);

#ifdef __cplusplus
}
#endif

#endif
