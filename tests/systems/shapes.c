#include "tests/systems/shapes.h"

#include <string.h>

#include "base/memory.h"

#define BLOCKS(a, b, c, d)                                                                         \
    ((uint64_t)1 << (a) | (uint64_t)1 << (b) | (uint64_t)1 << (c) | (uint64_t)1 << (d))

/* docs/spec/sam.md, 1 and 8.1 */
const PublishedShape published_shapes[] = {
    {"ViT-B", 1024, 768, 12, 12, BLOCKS(2, 5, 8, 11), false, false, 314, 93735472},
    {"ViT-L", 1024, 1024, 24, 16, BLOCKS(5, 11, 17, 23), false, false, 482, 312342832},
    {"ViT-H", 1024, 1280, 32, 16, BLOCKS(7, 15, 23, 31), false, false, 594, 641090608},
    {"SAM-Med2D", 256, 768, 12, 12, BLOCKS(2, 5, 8, 11), true, false, 386, 271241776},
    {"timm ViT-B", 1024, 768, 12, 12, BLOCKS(2, 5, 8, 11), false, true, 314, 93735472},
};
const size_t published_shapes_count = sizeof published_shapes / sizeof *published_shapes;

static void add_decoder(SamConfig *c, int dim, int hidden, int iou_hidden) {
    c->prompt = (PromptEncoderConfig){.dim = dim, .image = c->image, .mask_width = 16};
    c->decoder = (MaskDecoderConfig){
        .transformer = {.dim = dim, .depth = 2, .heads = 8, .hidden = hidden},
        .masks = 4,
        .iou_hidden = iou_hidden,
        .iou_depth = 3,
    };
}

SamConfig shape_config(const PublishedShape *s) {
    SamConfig c = {.image = s->image};
    c.vit = (ImageEncoderConfig){
        .side = s->image / 16,
        .patch = 16,
        .channels = 3,
        .dim = s->dim,
        .depth = s->depth,
        .heads = s->heads,
        .window = 14,
        .global = s->global,
        .hidden = 4 * s->dim,
        .out = 256,
        .eps = s->timm ? 1e-5f : 1e-6f,
        .relative = true,
        .adapters = s->adapters,
        .timm = s->timm,
        .positions = s->timm       ? POSITIONS_BICUBIC
                     : s->adapters ? POSITIONS_BILINEAR
                                   : POSITIONS_FIXED,
    };
    add_decoder(&c, 256, 2048, 256);
    c.prompt.grid = c.vit.side;
    return c;
}

SamConfig shape_mobile_sam(void) {
    SamConfig c = {.image = 1024, .encoder = ENCODER_TINY_VIT};
    c.tiny = (TinyVitConfig){
        .image = 1024,
        .channels = 3,
        .stem = 32,
        .stages = 4,
        .stage = {{.dim = 64, .depth = 2, .hidden = 256, .stride = 2},
                  {.dim = 128, .depth = 2, .heads = 4, .window = 7, .hidden = 512, .stride = 2},
                  {.dim = 160, .depth = 6, .heads = 5, .window = 14, .hidden = 640, .stride = 1},
                  {.dim = 320, .depth = 2, .heads = 10, .window = 7, .hidden = 1280}},
        .out = 256,
    };
    add_decoder(&c, 256, 2048, 256);
    c.prompt.grid = 64;
    return c;
}

SamConfig shape_tiny(void) {
    PublishedShape s = {"tiny", 64, 16, 2, 2, 2, false, false, 0, 0};
    SamConfig c = shape_config(&s);
    c.vit.window = 3;
    c.vit.out = 16;
    add_decoder(&c, 16, 32, 16);
    c.prompt.grid = 4;
    return c;
}

SamConfig shape_tiny_pyramid(void) {
    SamConfig c = {.image = 64, .encoder = ENCODER_TINY_VIT};
    c.tiny = (TinyVitConfig){
        .image = 64,
        .channels = 3,
        .stem = 4,
        .stages = 3,
        .stage = {{.dim = 8, .depth = 1, .hidden = 16, .stride = 2},
                  {.dim = 16, .depth = 1, .heads = 2, .window = 3, .hidden = 32, .stride = 2},
                  {.dim = 24, .depth = 1, .heads = 3, .window = 3, .hidden = 48}},
        .out = 16,
    };
    add_decoder(&c, 16, 32, 16);
    c.prompt.grid = 4;
    return c;
}

Checkpoint *shape_checkpoint(const Params *p, Stored **stored) {
    *stored = stored_new(params_elements(p));
    for (size_t i = 0; i < p->count; i++) {
        if (p->item[i]->name)
            stored_add(*stored, p->item[i]->name, p->item[i]->rank, p->item[i]->dim);
    }
    return stored_open(*stored, NULL);
}

bool same_config(const SamConfig *a, const SamConfig *b) {
    char *one = sam_config_write(a), *other = sam_config_write(b);
    bool same = one && other && strcmp(one, other) == 0;
    memory_free(one);
    memory_free(other);
    return same && a->prompt.grid == b->prompt.grid && a->prompt.image == b->prompt.image;
}
