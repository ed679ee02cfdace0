/* fuzz_training_state.c - the texts of a checkpoint of training: any position, step counts and
 * record of data. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "cases/data_record.h"
#include "systems/sam_config.h"
#include "tests/fuzz/fuzz.h"
#include "train/state.h"

static const char shape[] =
    "{\"system\": \"sam\", \"encoder\": \"vit\", \"image\": 32, \"vit.side\": 8, \"vit.patch\": 4, "
    "\"vit.channels\": 3, \"vit.dim\": 16, \"vit.depth\": 1, \"vit.heads\": 2, \"vit.window\": 4, "
    "\"vit.hidden\": 32, \"vit.out\": 16, \"prompt.dim\": 16, \"prompt.mask_width\": 4, "
    "\"decoder.transformer.dim\": 16, \"decoder.transformer.depth\": 1, "
    "\"decoder.transformer.heads\": 2, \"decoder.transformer.hidden\": 32, \"decoder.masks\": 4, "
    "\"decoder.iou_hidden\": 16, \"decoder.iou_depth\": 2, \"vit.relative\": true, "
    "\"vit.adapters\": false, \"vit.timm\": false, \"vit.eps\": 1e-6, "
    "\"vit.positions\": \"fixed\", \"vit.global\": [0]}";

static System *model(Optimizer **optimizer) {
    static System system;
    static Optimizer o;
    SamConfig config;
    *optimizer = &o;
    if (o.count) return &system;
    if (sam_config_parse(&config, shape, "fuzz", NULL)) abort();
    sam_declare(&system.sam, &config);
    if (params_initialize(&system.sam.params, 1, NULL)) abort();
    params_train(&system.sam.params, "mask_decoder.iou_prediction_head.*", true);
    if (optimizer_open(&o, &system.sam.params, false, NULL)) abort();
    return &system;
}

enum { TEXTS = 4 };

/* A file without tensors whose metadata are the lines of `text`. */
static void write_state(const char *path, char *text) {
    const char *line[TEXTS] = {"", "", "", ""};
    for (int i = 0; i < TEXTS && text; i++) {
        line[i] = text;
        text = strchr(text, '\n');
        if (text) *text++ = '\0';
    }
    static char nothing[1];
    char *rest = text ? text : nothing;
    MetadataPair pairs[] = {{"format", "voxpert training state 3"},
                            {"recipe", "r"},
                            {"position", line[0]},
                            {"slot_steps", line[1]},
                            {"routing", line[2]},
                            {"kernels", line[3]},
                            {"data", rest}};
    if (safetensors_write(path, NULL, 0, pairs, sizeof pairs / sizeof *pairs, ELEMENT_F32, NULL))
        return; /* no UTF-8 */
    Optimizer *o;
    System *system = model(&o);
    RunState state = {.recipe = "r", .data = rest};
    Error error = {0};
    if (state_load(path, system, o, &state, &error) == VOXPERT_OK || !error.message[0]) abort();
    if (data_record_compare(rest, rest, path, &error) == VOXPERT_OK && rest[0] &&
        !strchr(rest, '\n'))
        abort(); /* a line that does not end */
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    char path[64], *text = memory_new(size + 1);
    if (!text) abort();
    memcpy(text, bytes, size);
    snprintf(path, sizeof path, "/tmp/voxpert-fuzz-state-%d", (int)getpid());
    write_state(path, text);
    unlink(path);
    memory_free(text);
    return 0;
}
