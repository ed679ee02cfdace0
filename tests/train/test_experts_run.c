/* Runs of SegMoTE's recipe on a tiny frozen base: experts learn, the base does not, and a run that
 * was cut off ends in the same bytes. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "base/memory.h"
#include "systems/system.h"
#include "tests/check.h"
#include "tests/train/tiny.h"
#include "tests/train/watch.h"
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

static bool same_run(const char *a, const char *b) {
    return tiny_same_file(a, b, "last.safetensors") && tiny_same_file(a, b, "routing.csv");
}

TEST(the_file_holds_what_learned_and_names_its_base) {
    char *base = trained_base("base");
    const char *out = tiny_folder("experts");
    TrainOptions o = experts_on(base, out);
    Watch w = {0};
    must(&o, &w);
    char *path = path_join(out, "model.safetensors");
    Checkpoint *adapter, *whole, *other;
    CHECK(checkpoint_open(&adapter, path, NULL) == VOXPERT_OK);
    CHECK(checkpoint_open(&whole, base, NULL) == VOXPERT_OK);
    CHECK(system_needs_base(adapter) && !system_needs_base(whole));
    CHECK(checkpoint_find(adapter, "mask_decoder.expert_tokens.weight"));
    CHECK(!checkpoint_find(adapter, "mask_decoder.mask_tokens.weight"));
    System s = {0};
    char warning[256];
    CHECK(system_open(&s, adapter, whole, true, warning, sizeof warning, NULL) == VOXPERT_OK);
    CHECK(s.kind == SYSTEM_SEGMOTE && s.segmote.config.experts.experts.experts == 3);
    system_close(&s);

    TrainOptions fewer = tiny_options(tiny_folder("fewer"));
    Watch again = {0};
    must(&fewer, &again); /* as the base, but of fewer steps */
    char *stranger = path_join(fewer.out, "last.safetensors");
    Error error = {0};
    CHECK(checkpoint_open(&other, stranger, NULL) == VOXPERT_OK);
    System refused = {0};
    CHECK(system_open(&refused, adapter, other, true, warning, sizeof warning, &error) ==
          VOXPERT_BAD_MODEL);
    system_close(&refused);
    checkpoint_close(other);
    checkpoint_close(whole);
    checkpoint_close(adapter);
    memory_free(stranger);
    memory_free(path);
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
    CHECK(!same_run(a, b));
    o.resume = true;
    must(&o, &w);
    CHECK(same_run(a, b));
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
    CHECK(same_run(a, b));
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
    Checkpoint *c;
    char *path = path_join(out, "last.safetensors");
    CHECK(checkpoint_open(&c, path, NULL) == VOXPERT_OK);
    CHECK(!system_needs_base(c)); /* it is a whole model */
    checkpoint_close(c);
    memory_free(path);
    memory_free(cache);
    memory_free(base);
}
