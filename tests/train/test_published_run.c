/* Runs of SegMoTE's published mode on a tiny IMIS-Net, simply and by the published scheme. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "assess/prune.h"
#include "base/files.h"
#include "base/memory.h"
#include "tests/check.h"
#include "tests/systems/tiny_imis.h"
#include "tests/train/tiny.h"
#include "tests/train/tiny_data.h"
#include "tests/train/watch.h"
#include "train/recipe.h"
#include "train/settings.h"

typedef struct Bench {
    char base[300], vocab[300], where[340], out[300];
    const char *data[1];
} Bench;

static void bench_write(Bench *b, const char *name, TinyImis what) {
    const char *at = tiny_folder(name);
    *b = (Bench){0};
    CHECK(folder_make(at, NULL) == VOXPERT_OK);
    snprintf(b->out, sizeof b->out, "%s/out", at);
    snprintf(b->base, sizeof b->base, "%s/base.safetensors", at);
    snprintf(b->vocab, sizeof b->vocab, "%s/merges.txt", at);
    snprintf(b->where, sizeof b->where, "%s/data", at);
    tiny_imis_write(b->base, what);
    tiny_vocabulary_write(b->vocab);
    tiny_data_write(b->where, 5, 1);
    snprintf(b->where, sizeof b->where, "%s/data:train:names=names.json:group=A", at);
    b->data[0] = b->where;
}

static TrainOptions options(const Bench *b, const char *out, const char *scheme) {
    TrainOptions o = tiny_options(out);
    Error error = {0};
    Status status = settings_recipe(&o, "segmote", &error);
    if (!status) status = settings_scheme(&o, scheme, &error);
    check_report(status == VOXPERT_OK, __FILE__, __LINE__, "%s", error.message);
    o.config = NULL, o.base = b->base;
    o.shapes = 0, o.data = b->data, o.folders = 1;
    o.batch = 4, o.share = strcmp(scheme, "segmote") == 0 ? 2 : 1;
    o.steps = 12;
    o.optimizer.lr = 2e-3;
    o.experts.rank = 4;
    return o;
}

/* The options of a first run on it. */
static TrainOptions bench_open(Bench *b, const char *name, TinyImis what, const char *scheme) {
    bench_write(b, name, what);
    return options(b, b->out, scheme);
}

/* Whether a tensor of the file differs from the base's. */
static bool moved(const Checkpoint *file, const Checkpoint *base, const char *name) {
    const StoredTensor *a = checkpoint_find(file, name), *b = checkpoint_find(base, name);
    float x[4096], y[4096];
    if (!a || !b || a->count != b->count || a->count > 4096) return false;
    stored_tensor_read(a, x);
    stored_tensor_read(b, y);
    return memcmp(x, y, a->count * sizeof *x) != 0;
}

/* ---- The simple scheme ---------------------------------------------------------------------- */

TEST(the_published_configuration_learns_on_an_imis_net) {
    Bench b;
    Watch w = {0};
    TrainOptions o = bench_open(&b, "simple", TINY_IMIS_PLAIN, "voxpert");
    o.steps = 60;
    must(&o, &w);
    CHECK(w.last < w.first);
    TinyExperts e;
    tiny_experts_open(&e, o.out, "last.safetensors", b.base);
    CHECK(checkpoint_find(e.file, "mask_decoder.compress_vit_feat.0.weight"));
    CHECK(checkpoint_find(e.file, "prompt_encoder.no_mask_embed.weight"));
    CHECK(checkpoint_find(e.file, "text_out_dim.weight"));
    CHECK(!checkpoint_find(e.file, "mask_decoder.semantic_tokens.weight"));
    CHECK(!checkpoint_find(e.file, "text_model.text_model.final_layer_norm.weight"));
    CHECK(moved(e.file, e.base, "prompt_encoder.point_embeddings.2.weight"));
    const Segmote *s = &e.system.segmote;
    CHECK(expert_decoder_published(&s->experts));
    CHECK(s->config.experts.experts.rank == 4 && s->config.text == TINY_IMIS_TEXT);
    tiny_experts_close(&e);
}

/* The prompt encoder learns with the experts, and is in their file. */
TEST(what_learned_beside_the_experts_goes_with_them) {
    Bench b;
    Watch w = {0};
    char path[340];
    TinyExperts e;
    Error error = {0};
    Checkpoint *less = NULL;
    TrainOptions o = bench_open(&b, "beside", TINY_IMIS_PLAIN, "voxpert");
    o.steps = 20;
    must(&o, &w);
    tiny_experts_open(&e, o.out, "last.safetensors", b.base);
    snprintf(path, sizeof path, "%s/less.safetensors", o.out);
    const ExpertChange change = {.lost_experts = 1 << 1, .lost_tokens = 1 << 0};
    check_report(expert_change_write(&e.system, &change, e.file, e.base, path, &error) ==
                     VOXPERT_OK,
                 __FILE__, __LINE__, "%s", error.message);
    REQUIRE(checkpoint_open(&less, path, NULL) == VOXPERT_OK);
    static const char *const names[] = {"prompt_encoder.point_embeddings.2.weight",
                                        "prompt_encoder.no_mask_embed.weight",
                                        "mask_decoder.transformer.layers.0.dteall_token.weight"};
    for (int i = 0; less && i < 3; i++) {
        CHECK(checkpoint_find(less, names[i]) && !moved(less, e.file, names[i]));
        CHECK(i == 2 || moved(less, e.base, names[i]));
    }
    CHECK(less && checkpoint_find(less, "text_out_dim.weight"));
    checkpoint_close(less);
    tiny_experts_close(&e);
}

/* What its encoder gives of a picture, features included, is kept for all that is tried. */
TEST(a_published_adapter_is_pruned) {
    Bench b;
    Watch w = {0};
    Model *m = NULL;
    Pruning found;
    ClickCurves c;
    ClickRow *row;
    size_t rows;
    Error error = {0};
    TrainOptions o = bench_open(&b, "pruned", TINY_IMIS_PLAIN, "voxpert");
    o.steps = 20;
    must(&o, &w);
    char *path = path_join(o.out, "last.safetensors");
    REQUIRE(!model_open(&m, path, &(ModelOptions){.threads = 1, .base = b.base}, NULL));
    const PruneRule rule = {.clicks = 1, .part = EVERY_PART, .tolerance = 1.0, .min_tokens = 3};
    check_report(prune_experts(&found, m, b.data, 1, &rule, NULL, &error) == VOXPERT_OK, __FILE__,
                 __LINE__, "%s", error.message);
    CHECK(found.end.tokens == 3 && found.end.experts == 1 && found.asks == 7);
    CHECK(found.start.score > 0.0 && found.end.score > 0.0);
    CHECK(!expert_change_write(&m->system, &found.change, m->file, m->base, path, &error));
    model_close(m);
    REQUIRE(!model_open(&m, path, &(ModelOptions){.threads = 1, .base = b.base}, NULL));
    const ClickRule clicks = {.clicks = 1, .part = EVERY_PART, .prompt_free = true};
    CHECK(!click_curves_measure(&c, m, b.data, 1, &clicks, NULL, NULL));
    CHECK(!click_rows(&row, &rows, &c, NULL) && rows == 1);
    CHECK(fabs(found.end.dice[PRUNE_BOX] - row->dice[WAY_BOX_FIRST][0]) < 1e-12);
    CHECK(fabs(found.end.dice[PRUNE_CLICKS] - row->dice[WAY_CLICKS_ALONE][1]) < 1e-12);
    CHECK(fabs(found.end.dice[PRUNE_PROMPT_FREE] - row->prompt_free) < 1e-12);
    memory_free(row);
    memory_free(path);
    click_curves_free(&c);
    model_close(m);
}

/* What the step made of images and of kept embeddings is the same but for the resizing. */
TEST(classes_are_learned_in_the_published_configuration_too) {
    static const char name[] = "mask_decoder.img_prompt_pool.class_query";
    Bench b;
    Watch w = {0};
    TrainOptions o = bench_open(&b, "classes", TINY_IMIS_PLAIN, "voxpert");
    o.prompt_classes = "all";
    o.experts.rule.prompt_free = 1.0;
    must(&o, &w);
    TinyExperts e;
    tiny_experts_open(&e, o.out, "last.safetensors", b.base);
    const StoredTensor *t = checkpoint_find(e.file, name);
    CHECK(t && t->rank == 3 && t->dim[0] == 2);
    float row[4096] = {0};
    if (t && t->count <= 4096) stored_tensor_read(t, row);
    CHECK(t && fabsf(row[0]) > 1e-5f && fabsf(row[t->count - 1]) > 1e-5f);
    CHECK(segmote_class(&e.system.segmote.config, "spleen") == 1);
    tiny_experts_close(&e);
}

TEST(the_block_is_kept_beside_the_embedding) {
    Bench b;
    Watch w = {0};
    TrainOptions o = bench_open(&b, "kept", TINY_IMIS_PLAIN, "voxpert");
    char *cache = path_join(o.out, "cache");
    o.cache = cache;
    o.steps = 2;
    must(&o, &w);
    FileNames names;
    CHECK(folder_list(&names, cache, NULL) == VOXPERT_OK && names.count > 0);
    char *path = names.count ? path_join(cache, names.name[0]) : NULL;
    Checkpoint *c = NULL;
    CHECK(path && checkpoint_open(&c, path, NULL) == VOXPERT_OK);
    const StoredTensor *block = c ? checkpoint_find(c, "block") : NULL;
    CHECK(block && block->rank == 3 && block->dim[0] == TINY_IMIS_GRID && block->dim[2] == 12);
    checkpoint_close(c);
    memory_free(path);
    file_names_free(&names);
    o.out = tiny_options(tiny_folder("kept-images")).out;
    o.cache = NULL, o.no_cache = true;
    must(&o, &w);
    memory_free(cache);
}

TEST(experts_of_a_published_file_learn_on_and_open_over_it) {
    Bench b;
    Watch w = {0};
    Error error = {0};
    TrainOptions o = bench_open(&b, "onward", TINY_IMIS_EXPERTS, "voxpert");
    o.steps = 8;
    must(&o, &w);
    TinyExperts e;
    tiny_experts_open(&e, o.out, "last.safetensors", b.base);
    CHECK(moved(e.file, e.base, "mask_decoder.expert_tokens.weight"));
    tiny_experts_close(&e);
    o = options(&b, tiny_folder("onward-other"), "voxpert");
    o.experts.experts = 7;
    CHECK(go(&o, &w, &error) == VOXPERT_BAD_ARGUMENT && strstr(error.message, "experts 7"));
}

TEST(what_the_file_would_not_hold_cannot_learn) {
    static const char *const globs[] = {"mask_decoder.iou_token.*"};
    Bench b;
    Watch w = {0};
    Error error = {0};
    TrainOptions o = bench_open(&b, "foreign", TINY_IMIS_PLAIN, "voxpert");
    o.train = globs, o.trains = 1;
    CHECK(go(&o, &w, &error) == VOXPERT_BAD_ARGUMENT && strstr(error.message, "iou_token"));
    o = tiny_options(tiny_folder("foreign-sam"));
    o.config = NULL, o.base = b.base;
    CHECK(go(&o, &w, &error) == VOXPERT_BAD_ARGUMENT && strstr(error.message, "is an IMIS-Net"));
}

/* ---- The published scheme ------------------------------------------------------------------- */

TEST(the_published_scheme_learns_with_texts_regions_and_groups) {
    Bench b;
    Watch w = {0};
    TrainOptions o = bench_open(&b, "scheme", TINY_IMIS_PLAIN, "segmote");
    o.vocab = b.vocab;
    o.steps = 40;
    must(&o, &w);
    CHECK(w.warnings == 0);
    CHECK(w.last < w.first);
    TinyExperts e;
    tiny_experts_open(&e, o.out, "last.safetensors", b.base);
    CHECK(moved(e.file, e.base, "text_out_dim.weight")); /* texts were prompted */
    CHECK(moved(e.file, e.base, "prompt_encoder.mask_downscaling.0.weight"));
    CHECK(moved(e.file, e.base, "prompt_encoder.point_embeddings.2.weight"));
    CHECK(!moved(e.file, e.base, "prompt_encoder.point_embeddings.1.weight")); /* as released */
    CHECK(!moved(e.file, e.base, "prompt_encoder.not_a_point_embed.weight"));
    tiny_experts_close(&e);
}

TEST(a_scheme_that_was_stopped_ends_in_the_same_bytes) {
    Bench b;
    Watch w = {0};
    TrainOptions o = bench_open(&b, "cut", TINY_IMIS_PLAIN, "segmote");
    o.vocab = b.vocab;
    o.steps = 26;
    must(&o, &w);
    TrainOptions halves = o;
    halves.out = tiny_options(tiny_folder("cut-halves")).out;
    Watch half = {.stop_at = 22};
    must(&halves, &half);
    CHECK(!tiny_same_run(o.out, halves.out));
    halves.resume = true;
    must(&halves, &w);
    CHECK(tiny_same_run(o.out, halves.out));
}

TEST(a_vocabulary_that_changed_in_place_is_noticed) {
    Bench b;
    Watch half = {.stop_at = 22}, w = {0};
    Error error = {0};
    TrainOptions o = bench_open(&b, "vocab", TINY_IMIS_PLAIN, "segmote");
    o.vocab = b.vocab;
    o.steps = 26;
    must(&o, &half);
    o.resume = true;
    FILE *file = fopen(b.vocab, "ae");
    CHECK(file && fputs("l i\n", file) >= 0 && fclose(file) == 0);
    CHECK(go(&o, &w, &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "the vocabulary of its texts is not what it was begun with"));
    tiny_vocabulary_write(b.vocab);
    must(&o, &w);
}

TEST(the_scheme_is_the_same_with_one_thread_and_with_three) {
    Bench b;
    Watch w = {0};
    TrainOptions o = bench_open(&b, "threads", TINY_IMIS_PLAIN, "segmote");
    o.vocab = b.vocab;
    o.steps = 21;
    must(&o, &w);
    TrainOptions three = o;
    three.out = tiny_options(tiny_folder("threads-three")).out;
    three.threads = 3;
    must(&three, &w);
    CHECK(tiny_same_run(o.out, three.out));
}

/* Each of the scheme's parts moves the weights: without it they are others. */
TEST(texts_regions_and_the_group_each_make_a_difference) {
    Bench b;
    Watch w = {0};
    char other[340];
    const char *data[] = {other};
    TrainOptions o = bench_open(&b, "parts", TINY_IMIS_PLAIN, "segmote");
    o.vocab = b.vocab;
    must(&o, &w);
    CHECK(w.warnings == 0);

    Watch silent = {0};
    o = options(&b, tiny_folder("parts-text"), "segmote");
    must(&o, &silent);
    CHECK(silent.warnings == 1 && strstr(silent.warned, "(vocab)"));
    CHECK(!tiny_same_file(b.out, o.out, "last.safetensors"));

    snprintf(other, sizeof other, "%s", b.where);
    memcpy(strstr(other, "group=A"), "group=B", 7);
    o = options(&b, tiny_folder("parts-group"), "segmote");
    o.vocab = b.vocab, o.data = data;
    must(&o, &w);
    CHECK(!tiny_same_file(b.out, o.out, "last.safetensors"));

    Watch bare = {0};
    for (int i = 1; i < 5; i++) {
        char map[400];
        snprintf(map, sizeof map, "%.*s/regions/case%d.png", (int)strcspn(b.where, ":"), b.where,
                 i);
        CHECK(unlink(map) == 0);
    }
    o = options(&b, tiny_folder("parts-regions"), "segmote");
    o.vocab = b.vocab;
    must(&o, &bare);
    CHECK(bare.warnings == 1 && strstr(bare.warned, "no picture has regions"));
    CHECK(!tiny_same_file(b.out, o.out, "last.safetensors"));
}

TEST(a_plain_sam_learns_by_the_scheme_without_text) {
    Bench b;
    Watch w = {0}, told = {0};
    bench_write(&b, "plain", TINY_IMIS_PLAIN);
    TrainOptions first = tiny_options(tiny_folder("plain-base"));
    must(&first, &w);
    char *base = path_join(first.out, "last.safetensors");
    TrainOptions o = options(&b, tiny_folder("plain-out"), "segmote");
    o.base = base;
    o.steps = 120;
    must(&o, &told);
    CHECK(told.warnings == 1 && strstr(told.warned, "the base reads no text"));
    CHECK(told.last < told.first);
    Checkpoint *adapter = tiny_open(o.out, "last.safetensors");
    CHECK(!checkpoint_find(adapter, "prompt_encoder.no_mask_embed.weight"));
    checkpoint_close(adapter);
    memory_free(base);
}

TEST(without_regions_the_pseudo_passes_are_left_out_and_that_is_said) {
    Bench b;
    Watch w = {0};
    TrainOptions o = bench_open(&b, "bare", TINY_IMIS_PLAIN, "segmote");
    o.vocab = b.vocab;
    o.shapes = 4, o.data = NULL, o.folders = 0;
    must(&o, &w);
    CHECK(w.warnings == 2); /* of regions, and of names */
    o = options(&b, tiny_folder("bare-sam"), "voxpert");
    Error error = {0};
    o.recipe = &recipe_sam;
    CHECK(settings_scheme(&o, "segmote", &error) == VOXPERT_BAD_ARGUMENT);
    CHECK(strstr(error.message, "recipe segmote"));
}
