/* Prompt tokens that are asked for a class: how they learn it, and what a run says of classes. */
#include <stdio.h>
#include <string.h>

#include "assess/click_curves.h"
#include "base/files.h"
#include "base/memory.h"
#include "tests/check.h"
#include "tests/data/small_set.h"
#include "tests/train/tiny.h"
#include "tests/train/tiny_data.h"
#include "tests/train/watch.h"
#include "train/recipe.h"
#include "train/settings.h"

/* A run on a frozen base of its own, which saw the same pictures. */
typedef struct Bench {
    char data[400], plain[400], base[400];
    const char *named, *bare; /* the data with names, and without */
    Watch watch;
} Bench;

static void bench_open_on(Bench *b, const char *name, const char *options, long steps) {
    char folder[300], words[100];
    *b = (Bench){.named = b->data, .bare = b->plain};
    snprintf(words, sizeof words, "%s-data", name);
    snprintf(folder, sizeof folder, "%s", tiny_folder(words));
    tiny_data_write(folder, 6, 3);
    snprintf(b->data, sizeof b->data, "%s:train%s", folder, options);
    snprintf(b->plain, sizeof b->plain, "%s:train", folder);
    snprintf(words, sizeof words, "%s-base", name);
    TrainOptions o = tiny_options(tiny_folder(words));
    o.data = &b->bare, o.folders = 1, o.shapes = 0;
    o.steps = steps;
    o.optimizer.lr = 5e-3, o.optimizer.average = 0.0;
    must(&o, &b->watch);
    snprintf(b->base, sizeof b->base, "%s/last.safetensors", o.out);
}

static void bench_open(Bench *b, const char *name, const char *options) {
    bench_open_on(b, name, options, 10);
}

static TrainOptions experts_of(const Bench *b, const char *name, const char *classes) {
    TrainOptions o = tiny_options(tiny_folder(name));
    CHECK(settings_recipe(&o, "segmote", NULL) == VOXPERT_OK);
    o.config = NULL, o.base = b->base;
    o.data = &b->named, o.folders = 1, o.shapes = 0;
    o.batch = 4;
    o.steps = 25;
    o.optimizer.lr = 5e-3;
    o.optimizer.average = 0.0;
    o.experts.tokens = 2, o.experts.experts = 2, o.experts.rank = 4;
    o.prompt_classes = classes;
    return o;
}

static char *last_of(const TrainOptions *o) { return path_join(o->out, "last.safetensors"); }

/* ---- Learning --------------------------------------------------------------------------- */

/* Dice by class of a run's model, mean over the classes; `options` name the labels. */
static double by_class(const Bench *b, const TrainOptions *o, const char *options) {
    char where[500], *path = last_of(o);
    const char *folder = where;
    ModelOptions how = {.threads = 1, .base = b->base};
    Model *m = NULL;
    ClickCurves c;
    ClassRow row = {0};
    double sum = 0.0;
    snprintf(where, sizeof where, "%.*s:train%s", (int)strcspn(b->data, ":"), b->data, options);
    REQUIRE(model_open(&m, path, &how, NULL) == VOXPERT_OK);
    const ClickRule rule = {.clicks = 1, .part = EVERY_PART, .prompt_free = true};
    CHECK(click_curves_measure(&c, m, &folder, 1, &rule, NULL, NULL) == VOXPERT_OK);
    while (click_class_next(&row, &c)) sum += row.dice;
    CHECK(row.rows == 2);
    click_curves_free(&c);
    model_close(m);
    memory_free(path);
    return sum / 2.0;
}

TEST(a_class_is_told_from_the_rest_where_the_shared_question_cannot) {
    Bench b;
    bench_open_on(&b, "tell", ":names=names.json", 500);
    TrainOptions o = experts_of(&b, "told", "all");
    o.steps = 1000;
    o.batch = 8;
    o.experts.rule.prompt_free = 1.0;
    must(&o, &b.watch);
    CHECK(b.watch.warnings == 0);
    char names[400];
    snprintf(names, sizeof names, "%.*s/strange.json", (int)strcspn(b.data, ":"), b.data);
    static const char strange[] = "{\"1\": \"kidney\", \"2\": \"lung\"}";
    CHECK(file_write(names, strange, strlen(strange), NULL) == VOXPERT_OK);
    double asked = by_class(&b, &o, ":names=names.json");
    double shared = by_class(&b, &o, ":names=strange.json");
    check_report(asked > shared + 0.08, __FILE__, __LINE__, "asked %g, shared %g", asked, shared);
}

/* ---- Runs ------------------------------------------------------------------------------- */

static const char *classes_of(const char *path, Checkpoint **c) {
    REQUIRE(checkpoint_open(c, path, NULL) == VOXPERT_OK);
    const char *config = checkpoint_metadata(*c, "config");
    const char *at = config ? strstr(config, "prompt_classes") : NULL;
    return at ? at : "";
}

static void has_classes(const TrainOptions *o, const char *list) {
    Checkpoint *c;
    char *path = last_of(o);
    const char *found = classes_of(path, &c);
    check_report(*list ? strstr(found, list) != NULL : !*found, __FILE__, __LINE__, "\"%s\"",
                 found);
    CHECK((checkpoint_find(c, "mask_decoder.img_prompt_pool.class_query") != NULL) == (*list != 0));
    checkpoint_close(c);
    memory_free(path);
}

/* They are in the model's metadata. */
TEST(names_alone_change_no_weight_of_a_run) {
    Bench b;
    bench_open(&b, "names", ":names=names.json");
    TrainOptions with = experts_of(&b, "with", NULL), without = experts_of(&b, "without", NULL);
    without.data = &b.bare;
    must(&with, &b.watch);
    must(&without, &b.watch);
    CHECK(tiny_same_summary(with.out, without.out));
    has_classes(&with, "");
}

TEST(a_run_with_classes_that_was_stopped_ends_in_the_same_bytes) {
    Bench b;
    bench_open(&b, "stop", ":names=names.json");
    for (int encoder = 0; encoder < 2; encoder++) { /* kept views, and the encoder in every step */
        TrainOptions o = experts_of(&b, "uncut", "all"), cut = experts_of(&b, "cut", "all");
        o.no_cache = cut.no_cache = encoder;
        must(&o, &b.watch);
        Watch half = {.stop_at = 13};
        must(&cut, &half);
        CHECK(!tiny_same_file(o.out, cut.out, "last.safetensors"));
        cut.resume = true;
        must(&cut, &b.watch);
        CHECK(tiny_same_file(o.out, cut.out, "last.safetensors"));
        has_classes(&cut, "[\"liver\", \"spleen\"]");
        cut.prompt_classes = "liver";
        Error error = {0};
        CHECK(go(&cut, &b.watch, &error) == VOXPERT_BAD_INPUT); /* that is another run */
    }
}

TEST(an_adapter_keeps_its_classes_and_one_without_can_get_some) {
    Bench b;
    Error error = {0};
    bench_open(&b, "on", ":names=names.json");
    TrainOptions plain = experts_of(&b, "plain", NULL);
    must(&plain, &b.watch);
    char *from = last_of(&plain);
    TrainOptions more = experts_of(&b, "more", "spleen,liver");
    more.experts = train_options_default().experts;
    more.base = from, more.parent = b.base;
    must(&more, &b.watch);
    has_classes(&more, "[\"spleen\", \"liver\"]");
    char *classed = last_of(&more);
    TrainOptions on;
    const char *kept[] = {NULL, "all", "spleen,liver"};
    for (int i = 0; i < 3; i++) {
        on = experts_of(&b, "further", kept[i]);
        on.experts = more.experts, on.base = classed, on.parent = b.base;
        must(&on, &b.watch);
        has_classes(&on, "[\"spleen\", \"liver\"]");
    }
    on = experts_of(&b, "further", NULL);
    on.experts = more.experts, on.base = classed, on.parent = b.base;
    on.experts.rule.prompt_free = 0.0;
    must(&on, &b.watch);
    CHECK(strstr(b.watch.warned, "classes learn nothing"));
    has_classes(&on, "[\"spleen\", \"liver\"]");
    const char *other[] = {"liver,spleen", "spleen", "spleen,liver,lung", "spleen,liver,"};
    for (int i = 0; i < 4; i++) {
        on = experts_of(&b, "further", other[i]);
        on.experts = more.experts, on.base = classed, on.parent = b.base;
        CHECK(go(&on, &b.watch, &error) == VOXPERT_BAD_ARGUMENT);
        CHECK(strstr(error.message, "names others"));
    }
    memory_free(classed);
    memory_free(from);
}

TEST(sets_without_names_are_told_of_once_and_learn_the_whole) {
    Bench b;
    bench_open(&b, "mixed", ":class=organ");
    char second[400];
    snprintf(second, sizeof second, "%s", tiny_folder("mixed-more"));
    tiny_data_write(second, 2, 9);
    const char *both[] = {b.named, second};
    TrainOptions o = experts_of(&b, "both", "all");
    o.data = both, o.folders = 2;
    must(&o, &b.watch);
    CHECK(b.watch.warnings == 1 && strstr(b.watch.warned, "mixed-more: its labels have no name"));
    has_classes(&o, "[\"organ\"]");
}

TEST(classes_that_cannot_be_are_a_sentence) {
    static const struct {
        const char *classes, *word;
    } wrong[] = {{"lung", "is called \"lung\""},      {"liver,liver", "is there twice"},
                 {"liver,", "\"\" is no name"},       {"all,liver", "\"all\" is no name"},
                 {" liver", "\" liver\" is no name"}, {"", "\"\" is no name"}};
    Bench b;
    Error error = {0};
    bench_open(&b, "wrong", ":names=names.json");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        TrainOptions o = experts_of(&b, "refused", wrong[i].classes);
        CHECK(go(&o, &b.watch, &error) == VOXPERT_BAD_ARGUMENT);
        check_report(strstr(error.message, wrong[i].word) != NULL, __FILE__, __LINE__, "%s",
                     error.message);
    }
    TrainOptions bare = experts_of(&b, "refused", "all"), others[4];
    bare.data = &b.bare;
    for (int i = 0; i < 4; i++) others[i] = experts_of(&b, "refused", "all");
    others[0].experts.pool = 0;
    others[1].experts.rule.prompt_free = 0.0;
    CHECK(settings_scheme(&others[2], "segmote", NULL) == VOXPERT_OK);
    others[3].recipe = &recipe_sam;
    static const char *const words[] = {"no prompt tokens", "prompt-free is 0",
                                        "the scheme always prompts", "the recipe segmote"};
    for (int i = 0; i < 4; i++) {
        CHECK(go(&others[i], &b.watch, &error) == VOXPERT_BAD_ARGUMENT);
        check_report(strstr(error.message, words[i]) != NULL, __FILE__, __LINE__, "%s",
                     error.message);
    }
    CHECK(go(&bare, &b.watch, &error) == VOXPERT_BAD_ARGUMENT);
    CHECK(strstr(error.message, "no data set names"));
}

/* ---- Names of a set --------------------------------------------------------------------- */

TEST(a_set_is_named_as_a_whole_or_by_its_format_but_not_twice) {
    SmallSet s;
    Dataset d = {0};
    Error error = {0};
    small_set_open(&s);
    small_nnunet(&s);
    char where[400];
    CHECK(dataset_add(&d, s.folder, NULL) == VOXPERT_OK);
    CHECK(d.set[0].names == 2 && d.set[0].format_names); /* background is none */
    CHECK(strcmp(d.set[0].label_name[dataset_name_index(&d.set[0], 2)].name, "b") == 0);
    CHECK(dataset_name_index(&d.set[0], 0) == -1);
    dataset_free(&d);
    snprintf(where, sizeof where, "%s:class=lesion", s.folder);
    CHECK(dataset_add(&d, where, NULL) == VOXPERT_OK);
    CHECK(d.set[0].names == 1 && !d.set[0].format_names && d.objects > 2);
    for (size_t i = 0; i < d.objects; i++)
        CHECK(strcmp(dataset_name_of(&d, &d.object[i])->name, "lesion") == 0);
    dataset_free(&d);
    snprintf(where, sizeof where, "%s:class=lesion:class=spot", s.folder);
    CHECK(dataset_add(&d, where, &error) == VOXPERT_BAD_ARGUMENT);
    CHECK(strstr(error.message, "have names already"));
    dataset_free(&d);
    snprintf(where, sizeof where, "%s:class=", s.folder);
    CHECK(dataset_add(&d, where, &error) == VOXPERT_BAD_ARGUMENT);
    dataset_free(&d);
    small_set_close(&s);
}

/* ---- Batches ---------------------------------------------------------------------------- */

/* How a target without augmentation must look: everything, or the two labels apart. */
TEST(half_of_the_samples_without_a_prompt_are_about_their_class) {
    enum { SAMPLES = 8, STEPS = 40, SIDE = TINY_DATA_SIDE };
    Dataset d = {0};
    Pool pool;
    Batch b;
    int times[3] = {0};
    char where[400];
    const char *folder = tiny_folder("halves");
    tiny_data_write(folder, 4, 1);
    snprintf(where, sizeof where, "%s:train:names=names.json", folder);
    CHECK(dataset_add(&d, where, NULL) == VOXPERT_OK);
    for (size_t i = 0; i < 2; i++)
        d.set[0].label_name[i].prompt_class = (int)d.set[0].label_name[i].label;
    CHECK(pool_open(&pool, &d, SPLIT_TRAIN, NULL) == VOXPERT_OK);
    BatchShape shape = {.count = SAMPLES, .share = 2, .side = SIDE, .loss_side = SIDE};
    CHECK(batch_open(&b, &shape, NULL) == VOXPERT_OK);
    const Augment still = {.whole = 1.0};
    for (uint64_t step = 0; step < STEPS; step++) {
        CHECK(batch_draw(&b, &d, &pool, &still, NULL, true, 1, step, &(Worker){0}, NULL) ==
              VOXPERT_OK);
        for (int i = 0; i < SAMPLES; i++) {
            int asked = b.prompt_class[i], picture = b.source[i]->picture;
            double got = 0.0, want = 0.0;
            for (int k = 0; k < SIDE * SIDE; k++) got += (double)b.target[i * SIDE * SIDE + k];
            for (size_t k = 0; k < d.objects; k++)
                if (d.object[k].picture == picture && (!asked || (int)d.object[k].label == asked))
                    want += (double)d.object[k].area;
            CHECK(got == want && (!asked || asked == (int)b.source[i]->label));
            times[asked]++;
        }
        CHECK(batch_draw(&b, &d, &pool, &still, NULL, false, 1, step, &(Worker){0}, NULL) ==
              VOXPERT_OK);
        for (int i = 0; i < SAMPLES; i++) CHECK(b.prompt_class[i] == 0);
    }
    CHECK(times[0] > 120 && times[0] < 200 && times[1] > 50 && times[2] > 50); /* of 320 */
    batch_close(&b);
    pool_close(&pool);
    dataset_free(&d);
}
