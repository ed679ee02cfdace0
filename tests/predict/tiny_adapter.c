#include "tests/predict/tiny_adapter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/text.h"

static void must(Status status, const Error *error) {
    if (!status) return;
    fprintf(stderr, "tiny adapter: %s\n", error->message);
    abort();
}

/* Fresh routers and questions of classes are zero; these decide. */
static void stir(Params *p, unsigned seed, const char *glob, float by) {
    Random r = random_begin(seed, 1, 0, 0);
    Error error;
    for (size_t i = 0; i < p->count; i++) {
        Param *q = p->item[i];
        if (!q->name || !text_matches(q->name, glob)) continue;
        float *values = memory_new(tensor_bytes(&q->tensor));
        if (!values) abort();
        for (size_t k = 0; k < tensor_size(&q->tensor); k++)
            values[k] = (float)random_normal(&r) * by;
        must(param_own(q, &error), &error);
        param_write(q, values);
        memory_free(values);
    }
}

static void write_adapter(const TinyAdapter *t, int kept, unsigned seed, int classes) {
    Error error;
    Checkpoint *base;
    SamConfig sam_config;
    Sam sam;
    Segmote segmote;
    TensorToWrite *tensors;
    size_t count;
    char identity[HASH_TEXT], warning[256];
    must(checkpoint_open(&base, t->base, &error), &error);
    must(sam_config_infer(&sam_config, base, &error), &error);
    sam_declare(&sam, &sam_config);
    must(params_bind(&sam.params, base, true, warning, sizeof warning, &error), &error);
    must(params_identity(&sam.params, identity, &error), &error);
    SegmoteConfig c = segmote_config_paper(&sam_config);
    c.experts.experts.tokens = TINY_TOKENS;
    c.experts.experts.experts = TINY_EXPERTS;
    c.experts.experts.kept = kept;
    c.experts.experts.rank = 6;
    c.experts.pool.heads = 2;
    c.experts.pool.classes = classes;
    snprintf(c.class_name[0], CLASS_NAME, "liver");
    snprintf(c.class_name[1], CLASS_NAME, "left kidney");
    segmote_declare(&segmote, &sam.params, &sam, NULL, &c);
    must(params_initialize(&sam.params, seed, &error), &error);
    stir(&sam.params, seed, "*.w_*_token", 0.4f);
    stir(&sam.params, seed, "*.class_query", 2.0f);
    must(params_to_write(&sam.params, segmote_trained(&segmote), &tensors, &count, &error), &error);
    char *json = segmote_config_write(&c);
    MetadataPair metadata[] = {{"format", "voxpert model 1"},
                               {"arch", "segmote"},
                               {"config", json},
                               {"licence", "for tests"},
                               {"parent_sha256", identity}};
    must(safetensors_write(t->path, tensors, count, metadata, 5, ELEMENT_F32, &error), &error);
    memory_free(json);
    memory_free(tensors);
    sam_free(&sam);
    checkpoint_close(base);
}

Model *tiny_adapter_model(const TinyAdapter *t, const char *path, const char *cpu) {
    Error error;
    Model *m;
    ModelOptions options = {.threads = 1, .preset = "sam", .base = t->base, .cpu = cpu};
    must(model_open(&m, path, &options, &error), &error);
    return m;
}

static void open_with(TinyAdapter *t, int kept, unsigned seed, int classes) {
    *t = (TinyAdapter){.folder = "/tmp/voxpert_adapter_XXXXXX"};
    if (!mkdtemp(t->folder)) abort();
    snprintf(t->base, sizeof t->base, "%s/base.safetensors", t->folder);
    snprintf(t->path, sizeof t->path, "%s/adapter.safetensors", t->folder);
    tiny_model_write(t->base, seed);
    write_adapter(t, kept, seed, classes);
    t->model = tiny_adapter_model(t, t->path, NULL);
}

void tiny_adapter_open(TinyAdapter *t, int kept, unsigned seed) { open_with(t, kept, seed, 0); }

void tiny_adapter_open_classes(TinyAdapter *t, int kept, unsigned seed) {
    open_with(t, kept, seed, 2);
}

void tiny_adapter_close(TinyAdapter *t) {
    FileNames names;
    model_close(t->model);
    if (folder_list(&names, t->folder, NULL) == VOXPERT_OK) {
        for (size_t i = 0; i < names.count; i++) {
            char path[512];
            snprintf(path, sizeof path, "%s/%s", t->folder, names.name[i]);
            unlink(path);
        }
        file_names_free(&names);
    }
    rmdir(t->folder);
}

Predictor *tiny_adapter_session(const Model *m, size_t width, size_t height) {
    Predictor *p = NULL;
    Picture picture = tiny_picture(width, height, 0);
    Error error;
    must(predictor_open(&p, m, NULL, &error), &error);
    must(predictor_set_picture(p, &picture, &error), &error);
    must(predictor_encode(p, crop_whole(&picture), &error), &error);
    picture_free(&picture);
    return p;
}
