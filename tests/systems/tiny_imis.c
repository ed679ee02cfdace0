#include "tests/systems/tiny_imis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/memory.h"
#include "tests/golden/procedural.h"
#include "tests/systems/small_bpe.h"

static void must(Status status, const Error *error) {
    if (!status) return;
    fprintf(stderr, "tiny IMIS-Net: %s\n", error->message);
    abort();
}

/* The stored positions are of twice the size that it is run at, as published. */
static SamConfig config(void) {
    SamConfig c = {.image = 64};
    c.vit = (ImageEncoderConfig){.side = 2 * TINY_IMIS_GRID,
                                 .patch = 16,
                                 .channels = 3,
                                 .dim = 12,
                                 .depth = 2,
                                 .heads = 2,
                                 .window = 3,
                                 .global = 2,
                                 .hidden = 24,
                                 .out = TINY_IMIS_DIM,
                                 .eps = 1e-5f,
                                 .relative = true,
                                 .timm = true,
                                 .nested = true,
                                 .positions = POSITIONS_BICUBIC};
    c.prompt = (PromptEncoderConfig){
        .dim = TINY_IMIS_DIM, .image = 64, .grid = TINY_IMIS_GRID, .mask_width = 16};
    c.decoder = (MaskDecoderConfig){
        .transformer = {.dim = TINY_IMIS_DIM, .depth = 2, .heads = 8, .hidden = 32},
        .masks = 4,
        .iou_hidden = 16,
        .iou_depth = 3};
    return c;
}

static void fill(Params *p) {
    Error error;
    for (size_t i = 0; i < p->count; i++) {
        Param *q = p->item[i];
        size_t dim[TENSOR_MAX_RANK];
        for (int k = 0; k < q->rank; k++) dim[k] = (size_t)q->dim[k];
        float *values = memory_new(tensor_bytes(&q->tensor));
        if (!values) abort();
        procedural_tensor(q->name, q->rank, dim, q->layout == LAYOUT_TRANSPOSED_CONVOLUTION,
                          values);
        must(param_own(q, &error), &error);
        param_write(q, values);
        memory_free(values);
    }
}

void tiny_imis_parts(TinyImisParts *t, TinyImis what) {
    SamConfig sam = config();
    ImisConfig imis = {.semantic = {.tokens = 4, .classes = 8}, .text = TINY_IMIS_TEXT};
    if (what != TINY_IMIS_MUTE)
        imis.tower = (ClipTextConfig){.vocabulary = SMALL_VOCABULARY,
                                      .positions = TINY_IMIS_POSITIONS,
                                      .width = TINY_IMIS_TEXT,
                                      .layers = 2,
                                      .heads = 1,
                                      .hidden = 16};
    *t = (TinyImisParts){0};
    sam_declare(&t->sam, &sam);
    imis_declare(&t->imis, &t->sam.params, &t->sam, &imis);
    if (what == TINY_IMIS_EXPERTS) {
        SegmoteConfig c = segmote_config_published(&sam, &imis);
        c.experts.experts.rank = 4;
        segmote_declare(&t->segmote, &t->sam.params, &t->sam, &t->imis, &c);
    }
    fill(&t->sam.params);
}

void tiny_imis_write(const char *path, TinyImis what) {
    TinyImisParts t;
    TensorToWrite *tensors;
    size_t count;
    Error error;
    tiny_imis_parts(&t, what);
    must(params_to_write(&t.sam.params, NULL, &tensors, &count, &error), &error);
    must(safetensors_write(path, tensors, count, NULL, 0, ELEMENT_F32, &error), &error);
    memory_free(tensors);
    sam_free(&t.sam);
}

void tiny_vocabulary_write(const char *path) {
    Error error;
    must(file_write(path, small_bpe_text, strlen(small_bpe_text), &error), &error);
}
