/* bench_encoder - times the whole path of one image: encoder, first prompt, later prompts.
 *
 *     bench_encoder MODEL.safetensors           for each line on stdin, one run; prints a line
 *     bench_encoder --make CONFIG OUT           writes a model with random weights
 *
 * CONFIG: vit_b_1024, vit_b_512, med2d_256, mobile_1024.  Driven by bench/rivals, which interleaves
 * it with others; the weights do not matter for the time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/platform.h"
#include "predict/predictor.h"

static int failed(const Error *error) {
    fprintf(stderr, "bench_encoder: %s\n", error->message);
    return (int)error->status;
}

/* ---- Making a model --------------------------------------------------------------------- */

static SamConfig vit_b(int image, bool adapters) {
    int side = image / 16;
    SamConfig c = {
        .image = image,
        .vit = {.side = side,
                .patch = 16,
                .channels = 3,
                .dim = 768,
                .depth = 12,
                .heads = 12,
                .window = 14,
                .global = 1u << 2 | 1u << 5 | 1u << 8 | 1u << 11,
                .hidden = 3072,
                .out = 256,
                .eps = 1e-6f,
                .relative = true,
                .adapters = adapters},
        .prompt = {.dim = 256, .grid = side, .image = image, .mask_width = 16},
        .decoder = {.transformer = {.dim = 256, .depth = 2, .heads = 8, .hidden = 2048},
                    .masks = 4,
                    .iou_hidden = 256,
                    .iou_depth = 3},
    };
    return c;
}

/* TinyViT-5M with SAM's prompt encoder and decoder, as MobileSAM was published. */
static SamConfig mobile(void) {
    SamConfig c = vit_b(1024, false);
    c.encoder = ENCODER_TINY_VIT;
    c.vit = (ImageEncoderConfig){0};
    c.tiny = (TinyVitConfig){
        .image = 1024,
        .channels = 3,
        .stem = 32,
        .out = 256,
        .stages = 4,
        .stage = {{.dim = 64, .depth = 2, .hidden = 256, .stride = 2},
                  {.dim = 128, .depth = 2, .heads = 4, .window = 7, .hidden = 512, .stride = 2},
                  {.dim = 160, .depth = 6, .heads = 5, .window = 14, .hidden = 640, .stride = 1},
                  {.dim = 320, .depth = 2, .heads = 10, .window = 7, .hidden = 1280}},
    };
    return c;
}

static bool config_named(SamConfig *c, const char *name) {
    if (strcmp(name, "vit_b_1024") == 0)
        *c = vit_b(1024, false);
    else if (strcmp(name, "vit_b_512") == 0)
        *c = vit_b(512, false);
    else if (strcmp(name, "med2d_256") == 0)
        *c = vit_b(256, true);
    else if (strcmp(name, "mobile_1024") == 0)
        *c = mobile();
    else
        return false;
    return true;
}

static int make(const char *name, const char *path) {
    SamConfig config;
    if (!config_named(&config, name)) {
        fprintf(stderr, "bench_encoder: configuration %s is unknown\n", name);
        return 2;
    }
    Error error;
    Sam sam;
    TensorToWrite *tensors = NULL;
    size_t count = 0;
    sam_declare(&sam, &config);
    Status status = params_initialize(&sam.params, 1, &error);
    if (!status) status = params_to_write(&sam.params, NULL, &tensors, &count, &error);
    if (!status) status = safetensors_write(path, tensors, count, NULL, 0, ELEMENT_F32, &error);
    memory_free(tensors);
    sam_free(&sam);
    return status ? failed(&error) : 0;
}

/* ---- Running it ------------------------------------------------------------------------- */

enum { SIDE = 1024 };

static void draw(uint8_t *rgb) {
    for (size_t i = 0; i < (size_t)SIDE * SIDE * 3; i++) rgb[i] = (uint8_t)(i * 2654435761u >> 24);
}

static Status run_once(Predictor *p, const Picture *picture, Error *error) {
    static const float box[2][4] = {{300, 300, 700, 700}, {350, 320, 650, 610}};
    double seconds[3];
    Status status = predictor_set_picture(p, picture, error);
    if (!status) status = predictor_encode(p, crop_whole(picture), error);
    seconds[0] = p->encode_seconds;
    for (int i = 0; !status && i < 2; i++) {
        Prediction found = {0};
        status = predictor_decode(p, &(ObjectPrompt){.box = box[i]}, false, &found, error);
        seconds[1 + i] = p->decode_seconds;
        prediction_free(&found);
    }
    if (!status) {
        printf("encode %.6f first %.6f later %.6f rss %zu\n", seconds[0], seconds[1], seconds[2],
               system_peak_memory());
        fflush(stdout);
    }
    return status;
}

static int run(const char *path) {
    double start = system_seconds();
    Error error;
    Model *model = NULL;
    Predictor *p = NULL;
    uint8_t *rgb = malloc((size_t)SIDE * SIDE * 3);
    if (!rgb) return 5;
    draw(rgb);
    Picture picture = {.rgb = rgb, .width = SIDE, .height = SIDE};
    ModelOptions options = {.cpu = getenv("VOXPERT_CPU")};
    Status status = model_open(&model, path, &options, &error);
    if (!status) status = predictor_open(&p, model, NULL, &error);
    if (!status) {
        printf("ready %.6f kernels %s threads %d\n", system_seconds() - start, model->kernels->name,
               threads_count(model->threads));
        fflush(stdout);
    }
    char line[64];
    while (!status && fgets(line, sizeof line, stdin)) status = run_once(p, &picture, &error);
    predictor_close(p);
    model_close(model);
    free(rgb);
    return status ? failed(&error) : 0;
}

int main(int argc, char **argv) {
    if (argc == 4 && strcmp(argv[1], "--make") == 0) return make(argv[2], argv[3]);
    if (argc == 2) return run(argv[1]);
    fputs("usage: bench_encoder MODEL.safetensors | --make CONFIG OUT.safetensors\n", stderr);
    return 2;
}
