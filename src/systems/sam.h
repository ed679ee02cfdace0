/* sam.h - a whole SAM of the plane: image encoder, prompt encoder, mask decoder.
 *
 * One struct serves every checkpoint of the family: what kind it is follows from the names and
 * shapes in the file, or from the metadata that our own files carry. */
#ifndef SYSTEMS_SAM_H
#define SYSTEMS_SAM_H

#include "sam/image_encoder.h"
#include "sam/mask_decoder.h"
#include "sam/prompt_encoder.h"
#include "sam/tiny_vit.h"
#include "weights/checkpoint.h"

typedef enum EncoderKind { ENCODER_VIT, ENCODER_TINY_VIT } EncoderKind;

typedef struct SamConfig {
    int image; /* model input in pixels, on a side */
    EncoderKind encoder;
    ImageEncoderConfig vit; /* of the encoder's kind; the other one is zero */
    TinyVitConfig tiny;
    PromptEncoderConfig prompt;
    MaskDecoderConfig decoder;
} SamConfig;

/* What a checkpoint is, from names and shapes.  Unless the metadata `config` says it, what shapes
 * cannot tell is taken as published: 8 heads in the decoder, and for TinyViT 1024 pixels and
 * MobileSAM's strides.  VOXPERT_BAD_MODEL names what is missing. */
MUST_CHECK Status sam_config_infer(SamConfig *out, const Checkpoint *c, Error *error);

/* The `config` of our own files (docs/spec/files.md, 2), and back; caller frees the text. */
MUST_CHECK Status sam_config_parse(SamConfig *out, const char *json, const char *file,
                                   Error *error);
char *sam_config_write(const SamConfig *c); /* NULL when out of memory */

typedef struct Sam {
    SamConfig config;
    Params params;
    ImageEncoder vit;
    TinyVit tiny;
    PromptEncoder prompt;
    MaskDecoder decoder;
} Sam;

/* Declares all parameters; they have no values yet. */
void sam_declare(Sam *s, const SamConfig *c);
void sam_free(Sam *s);

/* After the parameters have values: folds, resamples, makes tables. */
MUST_CHECK Status sam_prepare(Sam *s, Error *error);

/* image [b,size,size,channels], normalized -> embedding [b,grid,grid,dim] */
Tensor *sam_encode(Compute *cx, const Sam *s, Tensor *image);

/* prompts in pixels of the model input -> masks and their predicted quality */
MaskOutput sam_decode(Compute *cx, const Sam *s, Tensor *embedding, const Prompts *prompts,
                      bool multimask);

/* The same for prompts without a mask, in two steps: what decoding makes of the embedding alone,
 * and of the prompts.  The first serves any number of the second. */
DecoderImage sam_decoder_image(Compute *cx, const Sam *s, Tensor *embedding);
MaskOutput sam_decode_image(Compute *cx, const Sam *s, const DecoderImage *image,
                            const Prompts *prompts, bool multimask);

int sam_grid(const Sam *s);     /* side of the embedding */
int sam_channels(const Sam *s); /* colours of the image: 3 */

/* Bytes of step memory that encoding one image and decoding `objects` at once need. */
MUST_CHECK Status sam_measure(const Sam *s, int images, const Prompts *prompts, bool multimask,
                              size_t *encode_bytes, size_t *decode_bytes, Error *error);

#endif
