#include "systems/sam.h"

#include <string.h>

void sam_declare(Sam *s, const SamConfig *c) {
    *s = (Sam){.config = *c};
    size_t outer = params_enter(&s->params, "image_encoder");
    if (c->encoder == ENCODER_TINY_VIT)
        tiny_vit_declare(&s->tiny, &s->params, &c->tiny);
    else
        image_encoder_declare(&s->vit, &s->params, &c->vit);
    params_leave(&s->params, outer);
    outer = params_enter(&s->params, "prompt_encoder");
    prompt_encoder_declare(&s->prompt, &s->params, &c->prompt);
    params_leave(&s->params, outer);
    outer = params_enter(&s->params, "mask_decoder");
    mask_decoder_declare(&s->decoder, &s->params, &c->decoder);
    params_leave(&s->params, outer);
}

void sam_free(Sam *s) { params_free(&s->params); }

static Status prepare_encoder(Sam *s, Error *error) {
    if (s->config.encoder == ENCODER_VIT)
        return image_encoder_set_grid(&s->vit, &s->params, s->config.image / s->config.vit.patch,
                                      error);
    tiny_vit_prepare(&s->tiny, &s->params);
    if (!s->params.failed) return VOXPERT_OK;
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory to fold the image encoder");
}

Status sam_prepare(Sam *s, Error *error) {
    Status status = prepare_encoder(s, error);
    return status ? status : prompt_encoder_prepare(&s->prompt, &s->params, error);
}

int sam_grid(const Sam *s) { return s->config.prompt.grid; }

int sam_channels(const Sam *s) {
    return s->config.encoder == ENCODER_TINY_VIT ? s->config.tiny.channels : s->config.vit.channels;
}

Tensor *sam_encode(Compute *cx, const Sam *s, Tensor *image) {
    Tensor *embedding = s->config.encoder == ENCODER_TINY_VIT
                            ? tiny_vit_forward(cx, &s->tiny, image)
                            : image_encoder_forward(cx, &s->vit, image);
    compute_observe(cx, embedding, "embedding");
    return embedding;
}

MaskOutput sam_decode(Compute *cx, const Sam *s, Tensor *embedding, const Prompts *prompts,
                      bool multimask) {
    Tensor *positions = prompt_encoder_positions(cx, &s->prompt);
    PromptTokens tokens = prompt_encoder_forward(cx, &s->prompt, prompts);
    return mask_decoder_forward(cx, &s->decoder, embedding, positions, &tokens, multimask);
}

DecoderImage sam_decoder_image(Compute *cx, const Sam *s, Tensor *embedding) {
    Tensor *source = op_add(cx, embedding, &s->prompt.no_mask->tensor);
    return mask_decoder_image(cx, &s->decoder, source, prompt_encoder_positions(cx, &s->prompt));
}

MaskOutput sam_decode_image(Compute *cx, const Sam *s, const DecoderImage *image,
                            const Prompts *prompts, bool multimask) {
    Tensor *positions = prompt_encoder_positions(cx, &s->prompt);
    Tensor *tokens = prompt_encoder_tokens(cx, &s->prompt, prompts);
    return mask_decoder_prompt(cx, &s->decoder, image, positions, tokens, multimask);
}

/* ---- Memory, before any is touched ------------------------------------------------------ */

typedef struct Measuring {
    Arena memory, records;
    Compute cx;
} Measuring;

static Status measuring_open(Measuring *m, Error *error) {
    *m = (Measuring){0};
    Status status = arena_open_measuring(&m->memory, error);
    if (!status) status = arena_open(&m->records, (size_t)64 << 20, error);
    m->cx = (Compute){.kernels = &kernels_measuring, .memory = &m->memory, .records = &m->records};
    return status;
}

static void measuring_close(Measuring *m) {
    arena_close(&m->records);
    arena_close(&m->memory);
}

static Status measuring_take(Measuring *m, size_t *bytes, Error *error) {
    *bytes = m->memory.peak;
    arena_release(&m->memory, 0);
    arena_release(&m->records, 0);
    m->memory.peak = 0;
    return compute_status(&m->cx, error);
}

Status sam_measure(const Sam *s, int images, const Prompts *prompts, bool multimask,
                   size_t *encode_bytes, size_t *decode_bytes, Error *error) {
    Measuring m;
    Status status = measuring_open(&m, error);
    int size = s->config.image, grid = sam_grid(s), dim = s->config.prompt.dim;
    if (!status) {
        Tensor *image = tensor_new(&m.cx, 4, (int[]){images, size, size, sam_channels(s)});
        sam_encode(&m.cx, s, image);
        status = measuring_take(&m, encode_bytes, error);
    }
    if (!status) {
        Prompts copy = *prompts;
        Tensor *embedding = tensor_new(&m.cx, 4, (int[]){images, grid, grid, dim});
        if (copy.mask) copy.mask = tensor_like(&m.cx, copy.mask);
        sam_decode(&m.cx, s, embedding, &copy, multimask);
        status = measuring_take(&m, decode_bytes, error);
    }
    measuring_close(&m);
    return status;
}
