#include "tests/golden/procedural.h"

#include <stdlib.h>
#include <zlib.h>

#include "base/platform.h"
#include "tests/check.h"
#include "tests/golden/tensor_file.h"

typedef struct Known {
    const char *name;
    int rank;
    size_t dim[4];
    bool transposed;
    unsigned long crc32; /* of the whole tensor's bytes, by procedural.py */
    float fourth;        /* element 3, or the last one of a shorter tensor */
} Known;

/* One or more for every line of the table. */
static const Known known[] = {
    {"image_encoder.pos_embed", 4, {1, 4, 4, 32}, false, 0x2f44ca99, 0.4687040448188782f},
    {"image_encoder.blocks.0.attn.qkv.weight", 2, {96, 32}, false, 0x1069921b, -0.22654911875f},
    {"image_encoder.blocks.0.norm1.weight", 1, {32}, false, 0x167a15cb, 1.0338243246078491f},
    {"image_encoder.blocks.0.norm1.bias", 1, {32}, false, 0x1b648549, -0.0742175430059433f},
    {"image_encoder.blocks.1.attn.rel_pos_h", 2, {7, 16}, false, 0xea6125da, -0.0061011789366f},
    {"mask_decoder.output_upscaling.0.weight", 4, {16, 4, 2, 2}, true, 0x4e995df7, -0.0287762228f},
    {"mask_decoder.iou_token.weight", 2, {1, 16}, false, 0x6c9297d8, 0.07100623846054077f},
    {"mask_decoder.mask_tokens.weight", 2, {4, 16}, false, 0xb1756d54, -0.203962504863739f},
    {"prompt_encoder.no_mask_embed.weight", 2, {1, 16}, false, 0x43affb81, -0.29012972116470f},
    {"prompt_encoder.point_embeddings.2.weight", 2, {1, 16}, false, 0x3d5787af, -0.0243105888f},
    {"prompt_encoder.pe_layer.positional_encoding_gaussian_matrix",
     2,
     {2, 8},
     false,
     0xbeaa80d1,
     0.04444420337677002f},
    {"layers.1.attn.attention_biases", 2, {4, 49}, false, 0x42e51e34, 0.4380899667739868f},
    {"a.running_mean", 1, {8}, false, 0x49a402a0, -0.06575527042150497f},
    {"a.running_var", 1, {8}, false, 0x916e7309, 1.2069969177246094f},
    {"a.num_batches_tracked", 0, {0}, false, 0x2144df1c, 0.0f},
    {"input.image", 4, {1, 3, 5, 7}, false, 0x4ec24da0, -0.478965163230896f},
    {"x.gamma", 1, {5}, false, 0x152992c4, 0.9970614314079285f},
    {"x.gamma", 2, {5, 2}, false, 0x3a57dacb, -0.03598982095718384f},
    {"cls_token", 3, {1, 1, 8}, false, 0x9f1dd451, 0.29037755727767944f},
    {"weight_scale", 1, {6}, false, 0x2e4c10f5, 0.08622612804174423f},
    {"text.tokens_weight", 2, {4, 3}, false, 0xe5a4fafa, 0.317374587059021f},
    {"input.r\xc3\xa9sum\xc3\xa9", 1, {4}, false, 0x1d681949, 0.04660952091217041f},
};

TEST(tensors_are_those_of_the_python_rule_to_the_bit) {
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const Known *k = &known[i];
        size_t count = 1;
        for (int a = 0; a < k->rank; a++) count *= k->dim[a];
        float *values = calloc(count, sizeof *values);
        procedural_tensor(k->name, k->rank, k->dim, k->transposed, values);
        unsigned long crc = crc32(0, (const unsigned char *)values, (unsigned)(count * 4));
        check_report(crc == k->crc32, __FILE__, __LINE__, "%s: crc %08lx", k->name, crc);
        size_t at = count > 3 ? 3 : count - 1;
        CHECK_CLOSE(&values[at], &k->fourth, 1, 1e-9f, 0.0f);
        CHECK(procedural_value(k->name, k->rank, k->dim, k->transposed, at) == values[at]);
        free(values);
    }
}

TEST(uniform_numbers_and_bytes_agree_with_the_python_rule) {
    CHECK(procedural_uniform("input.image", 4) == 0.3451349139213562);
    static const uint8_t want[] = {164, 213, 247, 242, 107, 131};
    uint8_t got[6];
    procedural_bytes("input.resize.37x53x1", 6, got);
    for (int i = 0; i < 6; i++) CHECK(got[i] == want[i]);
}

TEST(a_published_style_checkpoint_holds_the_procedural_weights) {
    TensorFile file;
    CHECK(tensor_file_open(&file, check_shared("golden/sam/files/sam.safetensors")));
    CHECK(file.count == 174);
    for (size_t i = 0; i < file.count; i++) {
        const FileTensor *t = &file.tensor[i];
        /* The only transposed convolutions of SAM. */
        bool transposed = t->rank == 4 && (strstr(t->name, "output_upscaling.0.weight") ||
                                           strstr(t->name, "output_upscaling.3.weight"));
        float *values = calloc(t->count, sizeof *values);
        procedural_tensor(t->name, t->rank, t->dim, transposed, values);
        bool same = memcmp(values, t->bytes, t->count * sizeof *values) == 0;
        check_report(same, __FILE__, __LINE__, "%s differs", t->name);
        free(values);
    }
    tensor_file_close(&file);
}
