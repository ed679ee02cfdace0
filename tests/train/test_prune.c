/* The least used go as long as the score allows.  The truth is what the model itself says of its
 * pictures without a prompt, so that its score is 1 and falls with any pixel that changes. */
#include "assess/prune.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/files.h"
#include "base/memory.h"
#include "image/volume.h"
#include "systems/experts.h"
#include "tests/check.h"
#include "tests/predict/tiny_adapter.h"
#include "tests/train/tiny.h"

enum { SIDE = 64, PICTURES = 3, UNUSED = 1, SEED = 12 };

typedef struct Scene {
    TinyAdapter tiny;
    Model *model;
    char path[128], data[2][256];
    const char *folders[2];
} Scene;

/* Logits so far apart that a softmax over them is 1 and 0, and one column that is the mean of two
 * others, so that its expert is never the best. */
static void set_router(Param *gate) {
    float w[16 * TINY_EXPERTS];
    param_read(gate, w);
    for (int d = 0; d < 16; d++) {
        float *row = w + d * TINY_EXPERTS;
        for (int e = 0; e < TINY_EXPERTS; e++) row[e] *= 3000.0f;
        row[UNUSED] = 0.5f * (row[0] + row[2]);
    }
    CHECK(param_own(gate, NULL) == VOXPERT_OK);
    param_write(gate, w);
}

static void put(const char *folder, const char *part, int number, const uint8_t *pixels) {
    char name[24];
    snprintf(name, sizeof name, "%d.png", number);
    char *inner = path_join(folder, part), *path = path_join(inner, name);
    Volume *v;
    CHECK(!folder_make(inner, NULL));
    CHECK(!volume_new(&v, (VolumeSize){1, 1, SIDE, SIDE, 1}, SAMPLE_U8, NULL));
    memcpy(v->samples, pixels, (size_t)SIDE * SIDE);
    CHECK(!volume_write(v, path, NULL));
    volume_free(v);
    memory_free(path);
    memory_free(inner);
}

/* The foreground that the model sees. */
static void answer(const Model *m, const uint8_t *grey, uint8_t *mask) {
    static float logits[SIDE * SIDE];
    Picture picture = {memory_new((size_t)3 * SIDE * SIDE), SIDE, SIDE, NULL};
    Predictor *p = NULL;
    Prediction found = {0};
    for (int i = 0; i < 3 * SIDE * SIDE; i++) picture.rgb[i] = grey[i / 3];
    REQUIRE(predictor_open(&p, m, NULL, NULL) == VOXPERT_OK);
    CHECK(predictor_set_picture(p, &picture, NULL) == VOXPERT_OK);
    CHECK(!predictor_answer(p, &(ObjectPrompt){.prompt_free = true}, false, false, &found, NULL));
    CHECK(predictor_logits(p, &found, logits, NULL) == VOXPERT_OK);
    for (int i = 0; i < SIDE * SIDE; i++) mask[i] = logits[i] > 0.0f;
    prediction_free(&found);
    predictor_close(p);
    picture_free(&picture);
}

static void draw(uint8_t *grey, int number) {
    for (int i = 0; i < SIDE * SIDE; i++) {
        int x = i % SIDE, y = i / SIDE;
        bool inside = (x - 20 - 9 * number) * (x - 20 - 9 * number) + (y - 30) * (y - 30) < 190;
        grey[i] = (uint8_t)(inside ? 230 - 40 * number : 3 * ((number + 1) * x % 32));
    }
}

static void scene_open(Scene *s, int kept) {
    tiny_adapter_open(&s->tiny, kept, SEED);
    for (int i = 0; i < TINY_LAYERS; i++)
        set_router(s->tiny.model->system.segmote.experts.layer[i].gate.weight);
    snprintf(s->path, sizeof s->path, "%s/sharp.safetensors", s->tiny.folder);
    CHECK(model_save(s->tiny.model, s->path, ELEMENT_F32, NULL) == VOXPERT_OK);
    s->model = tiny_adapter_model(&s->tiny, s->path, NULL);
    snprintf(s->data[0], sizeof s->data[0], "%s", tiny_folder("prune-one"));
    snprintf(s->data[1], sizeof s->data[1], "%s", tiny_folder("prune-two"));
    for (int i = 0; i < PICTURES; i++) {
        uint8_t grey[SIDE * SIDE], mask[SIDE * SIDE];
        int inside = 0;
        draw(grey, i);
        answer(s->model, grey, mask);
        for (int k = 0; k < SIDE * SIDE; k++) inside += mask[k];
        CHECK(inside > 20 && inside < SIDE * SIDE - 20);
        put(s->data[i / 2], "images", i, grey);
        put(s->data[i / 2], "masks", i, mask);
    }
    for (int i = 0; i < 2; i++) {
        size_t used = strlen(s->data[i]); /* one object of all pieces */
        snprintf(s->data[i] + used, sizeof s->data[i] - used, ":instances");
        s->folders[i] = s->data[i];
    }
}

static void scene_close(Scene *s) {
    model_close(s->model);
    tiny_adapter_close(&s->tiny);
}

static Status prune(const Scene *s, const PruneRule *rule, Pruning *out, Error *error) {
    return prune_experts(out, s->model, s->folders, 2, rule, NULL, error);
}

static const PruneRule strict = {
    .asks = 1u << PRUNE_PROMPT_FREE, .clicks = 1, .part = EVERY_PART, .min_tokens = TINY_TOKENS};

/* ---- What goes -------------------------------------------------------------------------- */

TEST(experts_that_no_token_is_sent_to_go_and_those_that_are_needed_stay) {
    Scene s;
    Pruning found;
    Error error = {0};
    int removed = 0, needed = 0;
    scene_open(&s, 1);
    check_report(prune(&s, &strict, &found, &error) == VOXPERT_OK, __FILE__, __LINE__, "%s",
                 error.message);
    CHECK(found.objects == PICTURES && found.sets == 2);
    CHECK(found.start.score >= 1.0 && found.end.score >= 1.0);
    for (int i = 0; i < found.steps; i++) {
        const PruneStep *step = &found.step[i];
        CHECK(!step->token && step->before >= 1.0);
        CHECK(step->removed == (step->load <= 0.0) && step->removed == (step->after >= 1.0));
        removed += step->removed;
        needed += !step->removed;
    }
    CHECK(found.change.lost_experts >> UNUSED & 1 && found.change.lost_tokens == 0);
    CHECK(removed >= 1 && needed >= 1);
    CHECK(found.end.experts == TINY_EXPERTS - removed && found.end.tokens == TINY_TOKENS);
    CHECK(found.end.parameters < found.start.parameters);
    scene_close(&s);
}

TEST(what_is_left_answers_as_before) {
    Scene s;
    Pruning found;
    char path[128];
    uint8_t grey[SIDE * SIDE], before[SIDE * SIDE], after[SIDE * SIDE];
    scene_open(&s, 1);
    CHECK(prune(&s, &strict, &found, NULL) == VOXPERT_OK);
    snprintf(path, sizeof path, "%s/pruned.safetensors", s.tiny.folder);
    CHECK(!expert_change_write(&s.model->system, &found.change, s.model->file, s.model->base, path,
                               NULL));
    Model *pruned = tiny_adapter_model(&s.tiny, path, NULL);
    CHECK(system_experts(&pruned->system) == found.end.experts);
    for (int i = 0; i < PICTURES; i++) {
        draw(grey, i);
        answer(s.model, grey, before);
        answer(pruned, grey, after);
        CHECK(memcmp(before, after, sizeof before) == 0);
    }
    model_close(pruned);
    scene_close(&s);
}

TEST(where_any_score_will_do_the_minima_stay) {
    for (int kept = 1; kept <= 2; kept++) {
        Scene s;
        Pruning found;
        PruneRule rule = {.clicks = 1, .part = EVERY_PART, .tolerance = 1.0};
        scene_open(&s, kept);
        CHECK(prune(&s, &rule, &found, NULL) == VOXPERT_OK);
        CHECK(found.asks == 7 && found.end.tokens == 1 && found.end.experts == kept);
        CHECK(found.steps == TINY_TOKENS - 1 + TINY_EXPERTS - kept);
        rule.min_tokens = 2, rule.min_experts = 3;
        CHECK(prune(&s, &rule, &found, NULL) == VOXPERT_OK);
        CHECK(found.end.tokens == 2 && found.end.experts == 3);
        scene_close(&s);
    }
}

TEST(an_expert_that_is_held_back_stays) {
    Scene s;
    Pruning found;
    char path[128];
    const ExpertChange more = {.name = "skin", .of = 0};
    const PruneRule rule = {.clicks = 1, .part = EVERY_PART, .tolerance = 1.0};
    scene_open(&s, 1);
    snprintf(path, sizeof path, "%s/more.safetensors", s.tiny.folder);
    CHECK(!expert_change_write(&s.model->system, &more, s.model->file, s.model->base, path, NULL));
    model_close(s.model);
    s.model = tiny_adapter_model(&s.tiny, path, NULL);
    CHECK(prune(&s, &rule, &found, NULL) == VOXPERT_OK);
    CHECK(found.end.experts == 2 && !(found.change.lost_experts >> TINY_EXPERTS & 1));
    scene_close(&s);
}

/* ---- What is measured ------------------------------------------------------------------- */

static bool is_near(double a, double b) { return fabs(a - b) < 1e-12; }

static void count(void *context, size_t done, size_t total, const char *what) {
    size_t *told = context;
    CHECK(done == ++*told && total >= done);
    CHECK(done > PICTURES || strcmp(what, "as it is") == 0);
}

TEST(scores_are_what_the_curves_of_clicks_say) {
    Scene s;
    Pruning found;
    ClickCurves c;
    ClickRow *row;
    size_t rows, told = 0;
    const ClickListener listener = {count, &told};
    const PruneRule rule = {.clicks = 2, .part = EVERY_PART, .tolerance = 0.02};
    const ClickRule clicks = {.clicks = 2, .part = EVERY_PART, .prompt_free = true};
    scene_open(&s, 1);
    CHECK(!prune_experts(&found, s.model, s.folders, 2, &rule, &listener, NULL));
    CHECK(told == (size_t)PICTURES * (size_t)(1 + found.steps));
    CHECK(found.end.score >= found.start.score - 0.02);
    char path[128];
    snprintf(path, sizeof path, "%s/pruned.safetensors", s.tiny.folder);
    CHECK(!expert_change_write(&s.model->system, &found.change, s.model->file, s.model->base, path,
                               NULL));
    Model *pruned = tiny_adapter_model(&s.tiny, path, NULL);
    for (int end = 0; end < 2; end++) {
        const PruneState *state = end ? &found.end : &found.start;
        CHECK(!click_curves_measure(&c, end ? pruned : s.model, s.folders, 2, &clicks, NULL, NULL));
        CHECK(!click_rows(&row, &rows, &c, NULL) && rows == 4);
        const ClickRow *mean = &row[3]; /* of the sets */
        CHECK(is_near(state->dice[PRUNE_BOX], mean->dice[WAY_BOX_FIRST][0]));
        CHECK(is_near(state->dice[PRUNE_CLICKS], mean->dice[WAY_CLICKS_ALONE][2]));
        CHECK(is_near(state->dice[PRUNE_PROMPT_FREE], mean->prompt_free));
        CHECK(is_near(3.0 * state->score, state->dice[0] + state->dice[1] + state->dice[2]));
        memory_free(row);
        click_curves_free(&c);
    }
    model_close(pruned);
    scene_close(&s);
}

TEST(the_encoder_runs_once_for_each_picture) {
    Scene s;
    Dataset d = {0};
    Measurer plain = {0}, keeping = {0};
    KeptEmbeddings kept = {0};
    scene_open(&s, 1);
    CHECK(!dataset_add(&d, s.folders[0], NULL) && d.pictures == 2);
    CHECK(!measurer_open(&plain, s.model, NULL, NULL) &&
          !measurer_open(&keeping, s.model, NULL, NULL));
    kept = (KeptEmbeddings){d.picture, memory_new(d.pictures * sizeof(float *))};
    keeping.kept = &kept;
    for (int round = 0; round < 2; round++) {
        measurer_reset(&keeping);
        for (size_t i = 0; i < d.objects; i++) {
            double want[3], got[3];
            CHECK(!measure_clicks(&plain, &d, &d.object[i], true, 2, false, want, NULL));
            CHECK(!measure_clicks(&keeping, &d, &d.object[i], true, 2, false, got, NULL));
            for (int k = 0; k < 3; k++) CHECK(is_near(want[k], got[k]));
            CHECK(kept.picture[d.object[i].picture] != NULL);
            CHECK(round == 0 || keeping.predictor[0]->from_cache);
        }
    }
    for (size_t i = 0; i < d.pictures; i++) memory_free(kept.picture[i]);
    memory_free(kept.picture);
    measurer_close(&plain);
    measurer_close(&keeping);
    dataset_free(&d);
    scene_close(&s);
}

TEST(embeddings_are_kept_in_a_folder_and_found_there) {
    Scene s;
    Pruning a, b;
    FileNames names;
    PruneRule rule = {.clicks = 1, .part = EVERY_PART, .tolerance = 1.0};
    scene_open(&s, 1);
    CHECK(prune(&s, &rule, &a, NULL) == VOXPERT_OK);
    char *cache = path_join(tiny_folder("prune-cache"), "embeddings");
    rule.cache = cache;
    for (int i = 0; i < 2; i++) { /* encoded and kept, then found */
        CHECK(prune(&s, &rule, &b, NULL) == VOXPERT_OK);
        CHECK(folder_list(&names, cache, NULL) == VOXPERT_OK && names.count == PICTURES);
        file_names_free(&names);
        CHECK(a.steps == b.steps && a.end.experts == b.end.experts);
        CHECK(is_near(a.end.score, b.end.score));
    }
    memory_free(cache);
    scene_close(&s);
}

/* ---- Refusals --------------------------------------------------------------------------- */

static void refused(const Scene *s, PruneRule rule, Status want, const char *word) {
    Pruning found;
    Error error = {0};
    CHECK(prune(s, &rule, &found, &error) == want);
    check_report(strstr(error.message, word) != NULL, __FILE__, __LINE__, "%s", error.message);
}

TEST(what_cannot_be_is_refused) {
    Scene s;
    const PruneRule rule = {.clicks = 1, .part = EVERY_PART};
    PruneRule r = rule;
    scene_open(&s, 2);
    r.min_tokens = TINY_TOKENS + 1;
    refused(&s, r, VOXPERT_BAD_ARGUMENT, "has 3 expert tokens, and no fewer than 4");
    r = rule, r.min_experts = TINY_EXPERTS + 1;
    refused(&s, r, VOXPERT_BAD_ARGUMENT, "its router knows 4 experts, and no fewer than 5");
    r = rule, r.min_experts = 1;
    refused(&s, r, VOXPERT_BAD_ARGUMENT, "keeps 2 experts of a token");
    r = rule, r.max_memory = 1 << 10;
    refused(&s, r, VOXPERT_OUT_OF_MEMORY, "measure fewer objects (most)");
    for (int i = 0; i < 2; i++) {
        size_t used = strlen(s.data[i]);
        snprintf(s.data[i] + used, sizeof s.data[i] - used, ":train");
    }
    r = rule, r.part = SPLIT_VALIDATION;
    refused(&s, r, VOXPERT_BAD_INPUT, "no object in the part \"validation\"");
    Pruning found;
    Error error;
    Model *plain = NULL;
    REQUIRE(!model_open(&plain, s.tiny.base, &(ModelOptions){.threads = 1}, NULL));
    CHECK(prune_experts(&found, plain, s.folders, 2, &rule, NULL, &error) == VOXPERT_BAD_ARGUMENT);
    CHECK(strstr(error.message, "is no adapter") != NULL);
    model_close(plain);
    scene_close(&s);
}

TEST(pruning_without_memory_is_an_error_and_leaves_nothing) {
    Scene s;
    Pruning found;
    const PruneRule rule = {.clicks = 1,
                            .part = EVERY_PART,
                            .tolerance = 1.0,
                            .min_tokens = TINY_TOKENS,
                            .min_experts = TINY_EXPERTS - 1};
    scene_open(&s, 1);
    size_t before = memory_requests();
    CHECK(prune(&s, &rule, &found, NULL) == VOXPERT_OK && found.steps == 1);
    size_t requests = memory_requests() - before;
    CHECK(requests > 100);
    for (size_t n = 1; n <= requests; n++) {
        memory_fail_at(n, false);
        Status status = prune(&s, &rule, &found, NULL);
        memory_fail_at(0, false);
        CHECK(status == VOXPERT_OUT_OF_MEMORY);
    }
    scene_close(&s);
}
