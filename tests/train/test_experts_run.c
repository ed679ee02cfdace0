/* Runs of SegMoTE's recipe on a tiny frozen base: experts learn, the base does not, and a run that
 * was cut off ends in the same bytes. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/memory.h"
#include "systems/expert_change.h"
#include "systems/systems.h"
#include "tests/check.h"
#include "tests/systems/shapes.h"
#include "tests/train/tiny.h"
#include "tests/train/watch.h"
#include "train/recipe.h"
#include "train/settings.h"

/* A base of its own for each test; the caller frees the path. */
static char *trained_base(const char *name) {
    const char *out = tiny_folder(name);
    TrainOptions o = tiny_options(out);
    o.steps = 30;
    Watch w = {0};
    must(&o, &w);
    return path_join(out, "last.safetensors");
}

static TrainOptions experts_on(const char *base, const char *out) {
    TrainOptions o = tiny_options(out);
    Error error = {0};
    check_report(settings_recipe(&o, "segmote", &error) == VOXPERT_OK, __FILE__, __LINE__, "%s",
                 error.message);
    o.config = NULL, o.base = base;
    o.batch = 4;
    o.steps = 25;
    o.optimizer.lr = 2e-3;
    o.experts.tokens = 2, o.experts.experts = 3, o.experts.rank = 4;
    return o;
}

TEST(the_file_holds_what_learned_and_names_its_base) {
    char *base = trained_base("base");
    const char *out = tiny_folder("experts");
    TrainOptions o = experts_on(base, out);
    Watch w = {0};
    must(&o, &w);
    TinyExperts e;
    tiny_experts_open(&e, out, "model.safetensors", base);
    CHECK(system_needs_base(e.file) && !system_needs_base(e.base));
    CHECK(checkpoint_find(e.file, "mask_decoder.expert_tokens.weight"));
    CHECK(!checkpoint_find(e.file, "mask_decoder.mask_tokens.weight"));
    CHECK(e.system.segmote.config.experts.experts.experts == 3);

    TrainOptions fewer = tiny_options(tiny_folder("fewer"));
    Watch again = {0};
    must(&fewer, &again); /* as the base, but of fewer steps */
    Checkpoint *stranger = tiny_open(fewer.out, "last.safetensors");
    char warning[256];
    Error error = {0};
    System refused = {0};
    CHECK(system_open(&refused, e.file, stranger, true, warning, sizeof warning, &error) ==
          VOXPERT_BAD_MODEL);
    system_close(&refused);
    checkpoint_close(stranger);
    tiny_experts_close(&e);
    memory_free(base);
}

/* MobileSAM's encoder in small, with values as training begins with. */
static char *pyramid_base(const char *out) {
    SamConfig config = shape_tiny_pyramid();
    Sam sam = {0};
    Error error = {0};
    TensorToWrite *tensors = NULL;
    size_t count = 0;
    char *path = path_join(out, "pyramid.safetensors"), *text = sam_config_write(&config);
    MetadataPair pair = {"config", text};
    sam_declare(&sam, &config);
    CHECK(mkdir(out, 0777) == 0);
    CHECK(params_initialize(&sam.params, 7, &error) == VOXPERT_OK);
    CHECK(params_to_write(&sam.params, NULL, &tensors, &count, &error) == VOXPERT_OK);
    CHECK(safetensors_write(path, tensors, count, &pair, 1, ELEMENT_F32, &error) == VOXPERT_OK);
    memory_free(tensors);
    memory_free(text);
    sam_free(&sam);
    return path;
}

TEST(experts_stand_on_a_frozen_tiny_vit) {
    char *base = pyramid_base(tiny_folder("pyramid"));
    const char *a = tiny_folder("on_pyramid"), *b = tiny_folder("on_pyramid_halves");
    TrainOptions o = experts_on(base, a);
    Watch w = {0}, half = {.stop_at = 11};
    must(&o, &w);
    o.out = b;
    must(&o, &half);
    o.resume = true;
    must(&o, &w);
    CHECK(tiny_same_run(a, b));

    TinyExperts e;
    tiny_experts_open(&e, a, "model.safetensors", base);
    CHECK(e.system.sam.config.encoder == ENCODER_TINY_VIT);
    CHECK(!checkpoint_find(e.file, "image_encoder.patch_embed.seq.0.c.weight"));
    CHECK(checkpoint_find(e.base, "image_encoder.patch_embed.seq.0.c.weight"));
    tiny_experts_close(&e);
    memory_free(base);
}

TEST(experts_without_prompt_tokens_are_always_prompted) {
    char *base = trained_base("base6");
    TrainOptions o = experts_on(base, tiny_folder("prompted"));
    o.experts.pool = 0;
    o.steps = 12;
    Watch w = {0};
    must(&o, &w);
    memory_free(base);
}

TEST(experts_that_were_stopped_end_in_the_same_bytes) {
    char *base = trained_base("base2");
    const char *a = tiny_folder("whole"), *b = tiny_folder("halves");
    TrainOptions o = experts_on(base, a);
    o.steps = 45;
    Watch w = {0};
    must(&o, &w);
    o.out = tiny_options(b).out;
    Watch half = {.stop_at = 33}; /* with a report behind it, and half of the next */
    must(&o, &half);
    CHECK(!tiny_same_run(a, b));
    o.resume = true;
    must(&o, &w);
    CHECK(tiny_same_run(a, b));
    CHECK(tiny_same_file(a, b, "model.safetensors"));
    memory_free(base);
}

TEST(experts_are_the_same_with_one_thread_and_with_three) {
    char *base = trained_base("base3");
    const char *a = tiny_folder("one"), *b = tiny_folder("three");
    TrainOptions o = experts_on(base, a);
    Watch w = {0};
    must(&o, &w);
    o = experts_on(base, b);
    o.threads = 3;
    must(&o, &w);
    CHECK(tiny_same_run(a, b));
    memory_free(base);
}

static bool config_says(const char *folder, const char *words) {
    Checkpoint *c = tiny_open(folder, "model.safetensors");
    bool found = strstr(checkpoint_metadata(c, "config"), words) != NULL;
    checkpoint_close(c);
    return found;
}

/* Every way of the paper's mode: stopped and gone on, with other threads, to the same bytes; and an
 * adapter keeps the ways it was trained in. */
TEST(the_paper_s_scheme_runs_and_its_ways_are_kept_in_the_file) {
    char *base = trained_base("base7");
    const char *a = tiny_folder("paper"), *b = tiny_folder("paper_halves");
    TrainOptions o = experts_on(base, a);
    CHECK(settings_scheme(&o, "paper", NULL) == VOXPERT_OK);
    o.epochs = 10, o.optimizer.lr = 1e-3; /* one step an epoch */
    o.experts.confidence = false, o.experts.update = EXPERT_REPLACE;
    o.experts.rule.noise = false;
    Watch w = {0}, half = {.stop_at = 6};
    must(&o, &w);
    o.out = tiny_options(b).out;
    o.threads = 3;
    must(&o, &half);
    o.resume = true;
    must(&o, &w);
    CHECK(tiny_same_run(a, b));
    CHECK(config_says(a, "\"ppt\": \"always\"") && config_says(a, "\"confidence\": false"));
    CHECK(config_says(a, "\"update\": \"replace\"") && config_says(a, "\"noise\": false"));

    char *adapter = path_join(a, "model.safetensors");
    TrainOptions more = experts_on(adapter, tiny_folder("paper_more"));
    more.parent = base, more.steps = 3;
    more.experts = train_options_default().experts;
    must(&more, &w);
    CHECK(config_says(more.out, "\"ppt\": \"always\""));
    CHECK(config_says(more.out, "\"noise\": false"));
    more = experts_on(adapter, tiny_folder("paper_other"));
    more.parent = base, more.steps = 3;
    more.experts = train_options_default().experts;
    CHECK(settings_apply(&more, "ppt=prompt-free", NULL) == VOXPERT_OK);
    must(&more, &w);
    CHECK(!config_says(more.out, "\"ppt\"") && config_says(more.out, "\"confidence\": false"));
    memory_free(adapter);
    memory_free(base);
}

/* Without noise the zeroed router sends every token to the first expert. */
TEST(a_router_that_sends_all_to_one_expert_is_an_alarm) {
    char *base = trained_base("base4");
    TrainOptions o = experts_on(base, tiny_folder("collapse"));
    Watch noisy = {0}, silent = {0};
    must(&o, &noisy);
    CHECK(strstr(noisy.warned, "collapses") == NULL);
    o = experts_on(base, tiny_folder("collapse"));
    o.experts.rule.noise = false;
    o.experts.rule.balance = 0.0f;
    o.optimizer.lr = 0.0;
    must(&o, &silent);
    CHECK(strstr(silent.warned, "step 20: the router collapses") != NULL);
    memory_free(base);
}

TEST(another_run_keeps_embeddings_where_its_encoder_is_frozen) {
    static const char *const frozen[] = {"image_encoder.*"};
    char *base = trained_base("base5");
    const char *out = tiny_folder("decoder");
    TrainOptions o = tiny_options(out);
    char *cache = path_join(out, "cache");
    o.config = NULL, o.base = base;
    o.cache = cache;
    Watch w = {0};
    Error error = {0};
    CHECK(go(&o, &w, &error) == VOXPERT_BAD_ARGUMENT);
    CHECK(strstr(error.message, "image_encoder."));
    o.freeze = frozen, o.freezes = 1;
    must(&o, &w);
    Checkpoint *c = tiny_open(out, "last.safetensors");
    CHECK(!system_needs_base(c)); /* it is a whole model */
    checkpoint_close(c);
    memory_free(cache);
    memory_free(base);
}

/* ---- Going on from an adapter ----------------------------------------------------------- */

/* A base, and what learned on it with one expert more, as another file. */
typedef struct Grown {
    char *base, *more;
} Grown;

static Grown grown(const char *name) {
    static const ExpertChange skin = {.name = "skin", .of = -1, .seed = 3};
    char learned[64];
    snprintf(learned, sizeof learned, "%s-learned", name);
    Grown g = {.base = trained_base(name)};
    TrainOptions o = experts_on(g.base, tiny_folder(learned));
    Watch w = {0};
    must(&o, &w);
    g.more = path_join(o.out, "more.safetensors");
    TinyExperts e;
    tiny_experts_open(&e, o.out, "last.safetensors", g.base);
    CHECK(expert_change_write(&e.system, &skin, e.file, e.base, g.more, NULL) == VOXPERT_OK);
    tiny_experts_close(&e);
    return g;
}

static void grown_free(Grown *g) {
    memory_free(g->base);
    memory_free(g->more);
}

static TrainOptions going_on(const char *adapter, const char *base, const char *out) {
    TrainOptions o = experts_on(adapter, out);
    o.experts = train_options_default().experts; /* the file says them */
    o.parent = base;
    return o;
}

/* How much a tensor of `out`/last.safetensors differs from that in another file. */
static double difference(const char *path, const char *out, const char *name) {
    Checkpoint *a, *b = tiny_open(out, "last.safetensors");
    double most = 0.0;
    REQUIRE(checkpoint_open(&a, path, NULL) == VOXPERT_OK);
    const StoredTensor *s = checkpoint_find(a, name), *t = checkpoint_find(b, name);
    CHECK(s && t && s->count == t->count);
    if (s && t && s->count == t->count) {
        float *x = memory_new(2 * s->count * sizeof *x), *y = x + s->count;
        CHECK(x != NULL);
        stored_tensor_read(s, x);
        stored_tensor_read(t, y);
        for (size_t i = 0; i < s->count; i++) most = fmax(most, fabs((double)(x[i] - y[i])));
        memory_free(x);
    }
    checkpoint_close(a);
    checkpoint_close(b);
    return most;
}

#define EXPERT(n) "mask_decoder.transformer.layers.0.experts_token." n ".lin1.weight"
static const char gate[] = "mask_decoder.transformer.layers.0.w_gate_token";

TEST(experts_go_on_learning_and_one_that_is_held_back_does_not_move) {
    Grown g = grown("base7");
    Watch warned = {0};
    TrainOptions on = going_on(g.more, g.base, tiny_folder("second"));
    must(&on, &warned);
    CHECK(strstr(warned.warned, "1 of 4 experts are disabled"));
    CHECK(difference(g.more, on.out, EXPERT("0")) > 1e-4);
    CHECK(difference(g.more, on.out, gate) > 1e-4);
    CHECK(difference(g.more, on.out, EXPERT("3")) <= 0.0);
    Checkpoint *c = tiny_open(on.out, "last.safetensors");
    const char *config = checkpoint_metadata(c, "config");
    CHECK(strstr(config, "\"held_back\": [3]") && strstr(config, "\"\", \"\", \"\", \"skin\""));
    checkpoint_close(c);
    grown_free(&g);
}

TEST(a_released_expert_learns_and_the_router_with_it) {
    Grown g = grown("base8");
    Watch w = {0};
    TrainOptions on = going_on(g.more, g.base, tiny_folder("fourth"));
    on.release_experts = true;
    must(&on, &w);
    CHECK(difference(g.more, on.out, EXPERT("3")) > 1e-4);
    Checkpoint *c = tiny_open(on.out, "last.safetensors");
    const char *config = checkpoint_metadata(c, "config");
    CHECK(!strstr(config, "held_back") && strstr(config, "\"skin\""));
    float columns[16 * 4], newcomer = 0.0f;
    stored_tensor_read(checkpoint_find(c, gate), columns);
    for (int d = 0; d < 16; d++) newcomer += fabsf(columns[4 * d + 3]);
    CHECK(newcomer > 1e-4f); /* it began at 0 */
    checkpoint_close(c);
    grown_free(&g);
}

TEST(nothing_but_the_newcomer_may_learn) {
    static const char *const learns[] = {"mask_decoder.transformer.layers.*.experts_token.3.*",
                                         "*.w_gate_token"};
    Grown g = grown("base9");
    Watch w = {0};
    TrainOptions on = going_on(g.more, g.base, tiny_folder("sixth"));
    on.release_experts = true;
    on.train = learns, on.trains = 2;
    must(&on, &w);
    CHECK(difference(g.more, on.out, EXPERT("3")) > 1e-4);
    CHECK(difference(g.more, on.out, gate) > 1e-4);
    CHECK(difference(g.more, on.out, EXPERT("0")) <= 0.0);
    CHECK(difference(g.more, on.out, "mask_decoder.expert_tokens.weight") <= 0.0);
    grown_free(&g);
}

TEST(going_on_can_be_stopped_too) {
    Grown g = grown("base10");
    Watch w = {0};
    const char *a = tiny_folder("eighth"), *b = tiny_folder("ninth");
    TrainOptions on = going_on(g.more, g.base, a);
    on.release_experts = true;
    must(&on, &w);
    on.out = tiny_options(b).out;
    Watch half = {.stop_at = 13};
    must(&on, &half);
    CHECK(!tiny_same_run(a, b));
    on.resume = true;
    on.release_experts = false;
    Error error = {0};
    CHECK(go(&on, &w, &error) == VOXPERT_BAD_INPUT); /* that is another run */
    CHECK(strstr(error.message, "other options"));
    on.release_experts = true;
    must(&on, &w);
    CHECK(tiny_same_run(a, b));
    grown_free(&g);
}

TEST(what_does_not_go_with_an_adapter_is_a_sentence) {
    char *base = trained_base("base11");
    TrainOptions o = experts_on(base, tiny_folder("tenth"));
    Watch w = {0};
    must(&o, &w);
    char *adapter = path_join(o.out, "last.safetensors");
    TrainOptions fewer = tiny_options(tiny_folder("stranger"));
    must(&fewer, &w);
    char *stranger = path_join(fewer.out, "last.safetensors");
    const char *wrong_out = tiny_folder("eleventh");
    struct {
        TrainOptions options;
        Status status;
        const char *word;
    } wrong[] = {
        {going_on(adapter, stranger, wrong_out), VOXPERT_BAD_MODEL, "was trained on a base"},
        {going_on(adapter, base, wrong_out), VOXPERT_BAD_ARGUMENT, "experts asks for others"},
        {going_on(adapter, base, wrong_out), VOXPERT_BAD_ARGUMENT, "the recipe segmote"},
        {going_on(base, base, wrong_out), VOXPERT_BAD_ARGUMENT, "has no base"},
        {going_on(base, NULL, wrong_out), VOXPERT_BAD_ARGUMENT, "no experts to release"}};
    wrong[1].options.experts.experts = 7;
    wrong[2].options.recipe = &recipe_sam;
    wrong[4].options.release_experts = true;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        Error error = {0};
        CHECK(go(&wrong[i].options, &w, &error) == wrong[i].status);
        check_report(strstr(error.message, wrong[i].word) != NULL, __FILE__, __LINE__, "%s",
                     error.message);
    }
    memory_free(stranger);
    memory_free(adapter);
    memory_free(base);
}

/* Its last value becomes NaN. */
static void spoil(const char *folder) {
    FileNames names;
    FileMap map;
    CHECK(folder_list(&names, folder, NULL) == VOXPERT_OK && names.count > 0);
    char *path = path_join(folder, names.name[names.count - 1]);
    REQUIRE(file_map(&map, path, VOXPERT_BAD_INPUT, NULL) == VOXPERT_OK);
    uint8_t *bytes = memory_new(map.size);
    const float nan = NAN;
    memcpy(bytes, map.bytes, map.size);
    memcpy(bytes + map.size - sizeof nan, &nan, sizeof nan);
    CHECK(file_write(path, bytes, map.size, NULL) == VOXPERT_OK);
    memory_free(bytes);
    file_unmap(&map);
    memory_free(path);
    file_names_free(&names);
}

TEST(a_damaged_embedding_is_told_of_and_computed_anew) {
    char *base = trained_base("base6");
    const char *a = tiny_folder("sound"), *b = tiny_folder("spoilt");
    TrainOptions o = experts_on(base, a);
    char *cache = path_join(b, "cache");
    o.cache = cache;
    Watch w = {0}, told = {0};
    must(&o, &w);
    spoil(cache);
    o.out = tiny_options(b).out;
    must(&o, &told);
    CHECK(told.warnings == 1 && strstr(told.warned, "removed from the cache"));
    CHECK(tiny_same_run(a, b));
    memory_free(cache);
    memory_free(base);
}

/* Embeddings packed into a file from the first epoch on, and one file read for each sample. */
TEST(packed_embeddings_and_those_of_the_folder_give_the_same_bytes) {
    char *base = trained_base("packed_base"), *before = memory_text(getenv("TMPDIR"));
    const char *a = tiny_folder("packed"), *b = tiny_folder("filed"), *c = tiny_folder("folder");
    Watch w = {0}, filed = {0}, unpacked = {0};
    TrainOptions o = experts_on(base, a);
    must(&o, &w);
    o = experts_on(base, b);
    o.data_memory = 1, o.threads = 2;
    must(&o, &filed);
    o = experts_on(base, c);
    setenv("TMPDIR", "/nowhere/at/all", 1);
    must(&o, &unpacked);
    if (before)
        setenv("TMPDIR", before, 1);
    else
        unsetenv("TMPDIR");
    CHECK(unpacked.warnings == w.warnings + 1 && filed.warnings == w.warnings);
    check_report(strstr(unpacked.warned, "a file is read for each sample") != NULL, __FILE__,
                 __LINE__, "%s", unpacked.warned);
    CHECK(tiny_same_weights(a, b) && tiny_same_weights(a, c));
    memory_free(before);
    memory_free(base);
}
