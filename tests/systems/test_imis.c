/* IMIS-Net: its decoder against an independent computation, and how its files open. */
#include "systems/imis.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "systems/systems.h"
#include "tests/check.h"
#include "tests/golden/procedural.h"
#include "tests/systems/tiny_imis.h"
#include "tests/workbench.h"

/* ---- Values --------------------------------------------------------------------------------- */

enum { SIDE = 4 * TINY_IMIS_GRID, MASKS = 3, SAMPLES = 16, STRIDE = 48 };

/* Of a PyTorch program in float64 that follows docs/spec/sam.md, 5 and 6, and docs/spec/segmote.md,
 * 10, on the weights of tiny_imis.h, the embedding "input.embedding" and the text "input.text". */
typedef struct Expected {
    float iou[MASKS], masks[SAMPLES]; /* every 48th logit */
    double rms;
} Expected;

static const Expected with_box = {{-0.299439677f, -0.977970048f, -0.786640775f},
                                  {-0.0576939031f, 0.0653021248f, 0.0133253475f, -0.052919688f,
                                   -0.0612019496f, 0.240148365f, -0.0646704429f, 0.128319695f,
                                   -0.0926807559f, 0.138743595f, 0.0800138174f, 0.205286399f,
                                   -0.0124670386f, -0.201160194f, -0.0176202924f, 0.172866048f},
                                  0.119637799};
static const Expected with_text = {{-0.367074973f, -1.4556575f, 0.243790608f},
                                   {0.243728167f, -0.320946137f, 0.0799837159f, -0.94087581f,
                                    0.229892112f, 0.00650630427f, 0.311818193f, -0.558722008f,
                                    0.197748338f, -0.316946836f, 0.139554569f, -0.371274978f,
                                    0.260676828f, -0.872670771f, 0.274275715f, -0.390608321f},
                                   0.613850322};
static const Expected with_point_and_text = {
    {-0.0243516561f, -0.842695628f, 0.0894872531f},
    {0.157283236f, -0.0111863146f, 0.135845814f, -0.251746843f, 0.118098847f, -0.0447369468f,
     0.386855108f, -0.47653863f, 0.224873274f, -0.123062162f, 0.347992962f, -0.253116736f,
     0.0927177442f, -0.172556536f, 0.289277202f, -0.378855241f},
    0.454893116};

static Tensor *input(Workbench *w, const char *name, int rank, const int *dim) {
    Tensor *t = tensor_new(&w->cx, rank, dim);
    size_t shape[TENSOR_MAX_RANK];
    for (int i = 0; i < rank; i++) shape[i] = (size_t)dim[i];
    procedural_tensor(name, rank, shape, false, t->data);
    return t;
}

/* Observed: 1.2e-7 of logits below 2. */
static void compare(const MaskOutput *found, const Expected *want) {
    float masks[SAMPLES];
    double sum = 0.0;
    size_t n = (size_t)MASKS * SIDE * SIDE;
    CHECK(tensor_size(found->masks) == n && tensor_size(found->iou) == MASKS);
    for (int i = 0; i < SAMPLES; i++) masks[i] = found->masks->data[i * STRIDE];
    for (size_t i = 0; i < n; i++) sum += pow((double)found->masks->data[i], 2.0);
    check_close(__FILE__, __LINE__, masks, want->masks, SAMPLES, 5e-6f, 0.0f);
    check_close(__FILE__, __LINE__, found->iou->data, want->iou, MASKS, 5e-6f, 0.0f);
    CHECK(fabs(sqrt(sum / (double)n) - want->rms) < 5e-6);
}

TEST(decoding_gives_the_values_of_an_independent_program) {
    static const float box[] = {4.0f, 6.0f, 30.0f, 44.0f}, point[] = {20.0f, 33.0f};
    static const int inside[] = {1};
    TinyImisParts t;
    tiny_imis_parts(&t, TINY_IMIS_PLAIN);
    Workbench *w = workbench_open(NULL, 0, (size_t)16 << 20);
    CHECK(prompt_encoder_prepare(&t.sam.prompt, &t.sam.params, NULL) == VOXPERT_OK);
    int shape[] = {1, TINY_IMIS_GRID, TINY_IMIS_GRID, TINY_IMIS_DIM};
    Tensor *embedding = input(w, "input.embedding", 4, shape);
    Tensor *text = input(w, "input.text", 2, (int[]){1, TINY_IMIS_TEXT});
    Prompts boxed = {.batch = 1, .boxes = 1, .box = box}, nothing = {.batch = 1};
    Prompts pointed = {.batch = 1, .points = 1, .point = point, .label = inside};
    /* a point comes with its padding point; both before the text */
    MaskOutput a = imis_decode(&w->cx, &t.imis, &t.sam, embedding, &boxed, NULL, true);
    MaskOutput b = imis_decode(&w->cx, &t.imis, &t.sam, embedding, &nothing, text, true);
    MaskOutput c = imis_decode(&w->cx, &t.imis, &t.sam, embedding, &pointed, text, true);
    CHECK(compute_ok(&w->cx));
    compare(&a, &with_box);
    compare(&b, &with_text);
    compare(&c, &with_point_and_text);

    DecoderImage image = sam_decoder_image(&w->cx, &t.sam, embedding);
    MaskOutput again = imis_decode_image(&w->cx, &t.imis, &t.sam, &image, &pointed, text, true);
    CHECK(compute_ok(&w->cx));
    CHECK(memcmp(again.masks->data, c.masks->data, tensor_bytes(c.masks)) == 0);
    workbench_close(w);
    sam_free(&t.sam);
}

/* ---- Files ---------------------------------------------------------------------------------- */

static const char imis_path[] = "/tmp/voxpert-test-imis.safetensors";
static const char experts_path[] = "/tmp/voxpert-test-imis-experts.safetensors";

typedef struct Opened {
    Checkpoint *file, *base;
    System system;
    Status status;
    Error error;
} Opened;

static void open_files(Opened *o, const char *file, const char *base) {
    *o = (Opened){0};
    REQUIRE(checkpoint_open(&o->file, file, NULL) == VOXPERT_OK);
    if (base) REQUIRE(checkpoint_open(&o->base, base, NULL) == VOXPERT_OK);
    o->status = system_open(&o->system, o->file, o->base, true, NULL, 0, &o->error);
}

static void close_files(Opened *o) {
    system_close(&o->system);
    checkpoint_close(o->file);
    checkpoint_close(o->base);
}

TEST(a_file_opens_as_what_its_names_and_shapes_say) {
    Opened o;
    tiny_imis_write(imis_path, TINY_IMIS_PLAIN);
    open_files(&o, imis_path, NULL);
    check_report(o.status == VOXPERT_OK, __FILE__, __LINE__, "%s", o.error.message);
    CHECK(o.system.ops == &imis_system && !o.system.adapter);
    CHECK(strcmp(o.system.ops->name, "imis-net") == 0);
    CHECK(o.system.sam.config.image == 64 && sam_grid(&o.system.sam) == TINY_IMIS_GRID);
    CHECK(o.system.imis.config.tower.layers == 2 && o.system.imis.config.tower.hidden == 16);
    CHECK(system_text_width(&o.system) == TINY_IMIS_TEXT);
    close_files(&o);

    tiny_imis_write(imis_path, TINY_IMIS_MUTE);
    open_files(&o, imis_path, NULL);
    CHECK(o.status == VOXPERT_OK && o.system.ops == &imis_system);
    CHECK(system_text_width(&o.system) == 0);
    close_files(&o);
    unlink(imis_path);
}

TEST(a_published_segmote_opens_alone_and_over_the_base_that_it_came_from) {
    Opened alone, over;
    tiny_imis_write(imis_path, TINY_IMIS_PLAIN);
    tiny_imis_write(experts_path, TINY_IMIS_EXPERTS);
    open_files(&alone, experts_path, NULL);
    open_files(&over, experts_path, imis_path);
    CHECK(alone.status == VOXPERT_OK && alone.system.ops == &segmote_system);
    check_report(over.status == VOXPERT_OK, __FILE__, __LINE__, "%s", over.error.message);
    CHECK(expert_decoder_published(&over.system.segmote.experts));
    CHECK(system_text_width(&over.system) == TINY_IMIS_TEXT);
    char one[HASH_TEXT], other[HASH_TEXT];
    CHECK(params_identity(&alone.system.sam.params, one, NULL) == VOXPERT_OK);
    CHECK(params_identity(&over.system.sam.params, other, NULL) == VOXPERT_OK);
    CHECK(strcmp(one, other) == 0);
    close_files(&alone);
    close_files(&over);
    unlink(imis_path);
    unlink(experts_path);
}

/* As released: what was trained, over the file that it was trained on. */
TEST(experts_without_an_encoder_need_that_base) {
    static const char adapter_path[] = "/tmp/voxpert-test-imis-adapter.safetensors";
    TinyImisParts t;
    TensorToWrite *tensors;
    size_t count;
    Opened o;
    tiny_imis_write(imis_path, TINY_IMIS_PLAIN);
    tiny_imis_parts(&t, TINY_IMIS_EXPERTS);
    CHECK(params_to_write(&t.sam.params, segmote_trained(&t.segmote), &tensors, &count, NULL) ==
          VOXPERT_OK);
    CHECK(safetensors_write(adapter_path, tensors, count, NULL, 0, ELEMENT_F32, NULL) ==
          VOXPERT_OK);
    memory_free(tensors);
    open_files(&o, adapter_path, imis_path);
    check_report(o.status == VOXPERT_OK, __FILE__, __LINE__, "%s", o.error.message);
    CHECK(o.system.ops == &segmote_system && o.system.adapter);
    CHECK(expert_decoder_published(&o.system.segmote.experts));
    close_files(&o);
    open_files(&o, adapter_path, NULL);
    CHECK(o.status == VOXPERT_BAD_MODEL && strcmp(o.error.field, "base") == 0);
    close_files(&o);
    sam_free(&t.sam);
    unlink(adapter_path);
    unlink(imis_path);
}
