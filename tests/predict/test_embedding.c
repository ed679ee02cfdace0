#include "predict/embedding.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/memory.h"
#include "tests/check.h"
#include "tests/predict/tiny_model.h"
#include "tests/stored.h"

enum { FLOATS = TINY_GRID * TINY_GRID * 16 };

typedef struct Bench {
    TinyModel t;
    Predictor *p;
    char path[128]; /* of an embedding file */
} Bench;

static void bench_open(Bench *b) {
    tiny_model_open(&b->t, NULL, 1, 1);
    b->p = tiny_session(&b->t, 48, 36);
    snprintf(b->path, sizeof b->path, "%s/embedding.safetensors", b->t.folder);
}

static void bench_close(Bench *b) {
    predictor_close(b->p);
    tiny_model_close(&b->t);
}

static size_t files_in(const char *folder) {
    FileNames names;
    if (folder_list(&names, folder, NULL)) return 0;
    size_t count = names.count;
    file_names_free(&names);
    return count;
}

/* ---- Files --------------------------------------------------------------------------------- */

TEST(an_embedding_comes_back_to_the_bit) {
    Bench b;
    bench_open(&b);
    float before[FLOATS];
    memcpy(before, b.p->embedding, sizeof before);
    CHECK(predictor_embedding_count(b.p) == FLOATS);
    CHECK(!embedding_save(b.p, output_file(b.path), ELEMENT_F32, NULL));
    memset(b.p->embedding, 0, sizeof before);
    CHECK(!embedding_load(b.p, b.path, NULL));
    CHECK(b.p->encoded && memcmp(b.p->embedding, before, sizeof before) == 0);
    bench_close(&b);
}

TEST(half_precision_keeps_eleven_bits) {
    Bench b;
    bench_open(&b);
    float before[FLOATS];
    memcpy(before, b.p->embedding, sizeof before);
    CHECK(!embedding_save(b.p, output_file(b.path), ELEMENT_F16, NULL));
    CHECK(!embedding_load(b.p, b.path, NULL));
    CHECK(memcmp(b.p->embedding, before, sizeof before) != 0);
    CHECK_CLOSE(b.p->embedding, before, FLOATS, 6e-8f, 0x1p-11f);
    bench_close(&b);
}

TEST(what_half_precision_cannot_hold_is_refused) {
    Bench b;
    bench_open(&b);
    Error error;
    b.p->embedding[5] = 65520.0f; /* rounds to infinity */
    CHECK(embedding_save(b.p, output_file(b.path), ELEMENT_F16, &error) == VOXPERT_BAD_OUTPUT);
    CHECK(strstr(error.message, "embedding") != NULL);
    CHECK(!file_exists(b.path));
    CHECK(!embedding_save(b.p, output_file(b.path), ELEMENT_F32, NULL));
    bench_close(&b);
}

/* Changes the byte `from_end` bytes before the end of a file. */
static void damage(const char *path, long from_end) {
    FILE *f = fopen(path, "r+b");
    if (!f || fseek(f, -from_end, SEEK_END)) abort();
    int byte = getc(f);
    if (fseek(f, -from_end, SEEK_END)) abort();
    putc(byte ^ 1, f);
    fclose(f);
}

TEST(a_bit_that_flipped_is_noticed_in_either_precision) {
    static const ElementType types[] = {ELEMENT_F32, ELEMENT_F16};
    for (int i = 0; i < 2; i++) {
        Bench b;
        Error error;
        bench_open(&b);
        CHECK(!embedding_save(b.p, output_file(b.path), types[i], NULL));
        damage(b.path, 7);
        CHECK(embedding_load(b.p, b.path, &error) == VOXPERT_BAD_INPUT);
        CHECK(strstr(error.message, "its checksum does not fit its values") != NULL);
        CHECK(!b.p->encoded);
        bench_close(&b);
    }
}

/* ---- Of something else --------------------------------------------------------------------- */

static void check_refused(Predictor *p, const char *path, const char *words) {
    Error error = {0};
    CHECK(embedding_load(p, path, &error) == VOXPERT_BAD_INPUT);
    check_report(strstr(error.message, words) != NULL, __FILE__, __LINE__, "says: %s",
                 error.message);
    CHECK(!p->encoded);
}

TEST(the_embedding_of_something_else_is_refused) {
    Bench b;
    TinyModel other;
    bench_open(&b);
    tiny_model_open(&other, NULL, 2, 1);
    CHECK(!embedding_save(b.p, output_file(b.path), ELEMENT_F32, NULL));

    Predictor *p = tiny_session(&other, 48, 36);
    check_refused(p, b.path, "is the embedding of another model");
    predictor_close(p);
    p = tiny_session(&b.t, 48, 37);
    check_refused(p, b.path, "is the embedding of another image");
    predictor_close(p);
    p = tiny_session(&b.t, 48, 36);
    CHECK(!predictor_encode(p, (Crop){0, 0, 47, 36}, NULL));
    check_refused(p, b.path, "is the embedding of another crop");
    predictor_close(p);
    b.t.model->preset = *preset_find("medsam");
    check_refused(b.p, b.path, "is the embedding of another preset");
    check_refused(b.p, b.t.path, "is no embedding for this model");
    check_refused(b.p, "/nowhere/at/all", "/nowhere/at/all");
    tiny_model_close(&other);
    bench_close(&b);
}

TEST(an_embedding_states_its_precision_where_it_is_not_f32) {
    Bench b;
    char stated[160];
    Checkpoint *c;
    bench_open(&b);
    snprintf(stated, sizeof stated, "%s/stated.safetensors", b.t.folder);
    CHECK(!embedding_save(b.p, output_file(b.path), ELEMENT_F32, NULL));
    CHECK(!checkpoint_open(&c, b.path, NULL));
    CHECK(!checkpoint_metadata(c, "precision"));
    checkpoint_close(c);
    stored_restate(b.path, stated, "precision", "f32");
    CHECK(!embedding_load(b.p, stated, NULL));
    stored_restate(b.path, stated, "precision", "int8");
    check_refused(b.p, stated, "is the embedding of another precision");
    bench_close(&b);
}

/* ---- The encoder's block, for training ------------------------------------------------------ */

TEST(a_kept_block_lies_behind_the_embedding_under_a_key_of_its_own) {
    Bench b;
    bench_open(&b);
    char *plain, *first, *second, folder[128];
    snprintf(folder, sizeof folder, "%s/none", b.t.folder);
    CHECK(!predictor_set_cache(b.p, &(EmbeddingCacheOptions){.folder = folder}, NULL));
    plain = embedding_path(b.p, ELEMENT_F32);
    CHECK(!embedding_save(b.p, output_file(b.path), ELEMENT_F32, NULL));
    b.t.model->system.kept_block = 1;
    first = embedding_path(b.p, ELEMENT_F32);
    Predictor *p = tiny_session(&b.t, 48, 36);
    CHECK(predictor_embedding_count(p) == 2 * FLOATS); /* the encoder is as wide as the embedding */
    CHECK(memcmp(p->embedding, b.p->embedding, FLOATS * sizeof(float)) == 0);
    check_refused(p, b.path, "is no embedding for this model");
    CHECK(!embedding_save(p, output_file(b.path), ELEMENT_F32, NULL));
    Checkpoint *c;
    REQUIRE(checkpoint_open(&c, b.path, NULL) == VOXPERT_OK);
    const StoredTensor *block = checkpoint_find(c, "block");
    CHECK(block && block->rank == 3 && block->count == FLOATS);
    float kept[FLOATS];
    if (block) stored_tensor_read(block, kept);
    CHECK(memcmp(kept, p->embedding + FLOATS, sizeof kept) == 0);
    checkpoint_close(c);
    b.t.model->system.kept_block = 2; /* another one */
    second = embedding_path(b.p, ELEMENT_F32);
    Predictor *q = tiny_session(&b.t, 48, 36);
    CHECK(memcmp(q->embedding + FLOATS, kept, sizeof kept) != 0);
    CHECK(plain && first && second && strcmp(plain, first) && strcmp(first, second) &&
          strcmp(plain, second));
    b.t.model->system.kept_block = 0;
    memory_free(plain);
    memory_free(first);
    memory_free(second);
    predictor_close(p);
    predictor_close(q);
    bench_close(&b);
}

/* ---- Cache --------------------------------------------------------------------------------- */

static void use_cache(Bench *b, Predictor *p) {
    char folder[128];
    snprintf(folder, sizeof folder, "%s/cache", b->t.folder);
    const EmbeddingCacheOptions options = {.folder = folder};
    CHECK(!predictor_set_cache(p, &options, NULL));
}

static void remove_cache(Bench *b) {
    char folder[128], path[512];
    FileNames names;
    snprintf(folder, sizeof folder, "%s/cache", b->t.folder);
    if (folder_list(&names, folder, NULL)) return;
    for (size_t i = 0; i < names.count; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names.name[i]);
        unlink(path);
    }
    file_names_free(&names);
    rmdir(folder);
}

static size_t kept(const Bench *b) {
    char folder[128];
    snprintf(folder, sizeof folder, "%s/cache", b->t.folder);
    return files_in(folder);
}

/* Encodes a crop of a picture in a fresh session with the bench's cache; whether it was there. */
static bool encodes_from_cache(Bench *b, const TinyModel *t, unsigned salt, Crop crop) {
    Predictor *p = tiny_predictor(t);
    Picture picture = tiny_picture(48, 36, salt);
    use_cache(b, p);
    CHECK(!predictor_set_picture(p, &picture, NULL));
    CHECK(!predictor_encode(p, crop, NULL));
    bool found = p->from_cache;
    picture_free(&picture);
    predictor_close(p);
    return found;
}

static const Crop whole = {0, 0, 48, 36}, part = {1, 0, 47, 36};

TEST(the_cache_tells_pictures_crops_presets_and_models_apart) {
    Bench b;
    TinyModel other;
    bench_open(&b);
    tiny_model_open(&other, NULL, 2, 1);
    CHECK(!encodes_from_cache(&b, &b.t, 0, whole));
    CHECK(encodes_from_cache(&b, &b.t, 0, whole) && kept(&b) == 1);
    CHECK(!encodes_from_cache(&b, &b.t, 0, part));
    CHECK(!encodes_from_cache(&b, &b.t, 1, whole));
    CHECK(!encodes_from_cache(&b, &other, 0, whole));
    b.t.model->preset = *preset_find("medsam");
    CHECK(!encodes_from_cache(&b, &b.t, 0, whole));
    CHECK(kept(&b) == 5);
    b.t.model->preset = *preset_find("sam");
    CHECK(encodes_from_cache(&b, &b.t, 0, whole) && encodes_from_cache(&b, &b.t, 0, part));
    remove_cache(&b);
    tiny_model_close(&other);
    bench_close(&b);
}

/* Encodes a picture in a session that has others behind it; whether it was there. */
static bool encodes_from_memory(Predictor *p, unsigned salt) {
    Picture picture = tiny_picture(48, 36, salt);
    CHECK(!predictor_give_picture(p, &picture, NULL) && !picture.rgb);
    CHECK(!predictor_encode(p, whole, NULL));
    return p->from_cache;
}

TEST(memory_keeps_what_was_used_last_within_its_budget) {
    Bench b;
    bench_open(&b);
    Predictor *p = b.p;
    size_t count = predictor_embedding_count(p), bytes = count * sizeof(float);
    const EmbeddingCacheOptions two = {.memory = 2 * bytes + bytes / 2};
    CHECK(!predictor_set_cache(p, &two, NULL));
    CHECK(!encodes_from_memory(p, 1));
    float *first = memory_new(bytes);
    memcpy(first, p->embedding, bytes);
    CHECK(!encodes_from_memory(p, 2));
    CHECK(encodes_from_memory(p, 1) && memcmp(first, p->embedding, bytes) == 0);
    CHECK(!encodes_from_memory(p, 3)); /* and 2, which was used before 1, leaves */
    CHECK(p->cache.count == 2 && p->cache.bytes == 2 * bytes);
    CHECK(encodes_from_memory(p, 1) && encodes_from_memory(p, 3) && !encodes_from_memory(p, 2));
    const EmbeddingCacheOptions none = {.memory = bytes - 1};
    CHECK(!predictor_set_cache(p, &none, NULL));
    CHECK(!encodes_from_memory(p, 1) && p->cache.count == 0);
    CHECK(!encodes_from_memory(p, 2) && !encodes_from_memory(p, 1));
    memory_free(first);
    bench_close(&b);
}

TEST(memory_comes_before_the_folder) {
    Bench b;
    char folder[128];
    bench_open(&b);
    snprintf(folder, sizeof folder, "%s/cache", b.t.folder);
    const EmbeddingCacheOptions both = {.folder = folder, .memory = 1 << 20};
    CHECK(!predictor_set_cache(b.p, &both, NULL));
    CHECK(!encodes_from_memory(b.p, 1) && kept(&b) == 1);
    CHECK(!encodes_from_memory(b.p, 2) && kept(&b) == 2);
    remove_cache(&b);
    CHECK(encodes_from_memory(b.p, 1) && kept(&b) == 0);
    CHECK(!predictor_set_cache(b.p, &both, NULL));
    CHECK(!encodes_from_memory(b.p, 1) && kept(&b) == 1);
    CHECK(!predictor_set_cache(b.p, &both, NULL)); /* empty: found in the folder, kept in memory */
    CHECK(!encodes_from_memory(b.p, 2) && encodes_from_memory(b.p, 1) && b.p->cache.count == 2);
    remove_cache(&b);
    bench_close(&b);
}

TEST(half_precision_is_used_only_where_it_is_allowed) {
    Bench b;
    bench_open(&b);
    use_cache(&b, b.p);
    CHECK(!embedding_keep(b.p, ELEMENT_F16, NULL));
    CHECK(!embedding_find(b.p, ELEMENT_F32));
    b.p->encoded = false;
    CHECK(!predictor_encode(b.p, whole, NULL) && !b.p->from_cache);
    CHECK(kept(&b) == 2); /* now both */
    remove_cache(&b);
    CHECK(!embedding_keep(b.p, ELEMENT_F16, NULL));
    b.p->encoded = false;
    b.p->cache.half = true;
    CHECK(!predictor_encode(b.p, whole, NULL) && b.p->from_cache);
    remove_cache(&b);
    bench_close(&b);
}

static void count_sentence(void *context, const char *sentence) {
    int *count = context;
    *count += strstr(sentence, "it is removed from the cache") != NULL;
}

TEST(a_damaged_file_in_the_cache_is_said_and_replaced) {
    Bench b;
    int said = 0;
    bench_open(&b);
    b.t.model->log = count_sentence;
    b.t.model->log_context = &said;
    CHECK(!encodes_from_cache(&b, &b.t, 0, whole));
    char folder[128], path[256];
    FileNames names;
    snprintf(folder, sizeof folder, "%s/cache", b.t.folder);
    CHECK(!folder_list(&names, folder, NULL) && names.count == 1);
    snprintf(path, sizeof path, "%s/%s", folder, names.name[0]);
    file_names_free(&names);
    damage(path, 3);
    CHECK(!encodes_from_cache(&b, &b.t, 0, whole));
    CHECK(encodes_from_cache(&b, &b.t, 0, whole));
    CHECK(truncate(path, 100) == 0);
    CHECK(said == 1);
    CHECK(!encodes_from_cache(&b, &b.t, 0, whole));
    CHECK(encodes_from_cache(&b, &b.t, 0, whole) && kept(&b) == 1);
    CHECK(said == 2);
    remove_cache(&b);
    bench_close(&b);
}

TEST(a_damaged_file_of_half_precision_does_not_stay) {
    Bench b;
    bench_open(&b);
    use_cache(&b, b.p);
    CHECK(!embedding_keep(b.p, ELEMENT_F16, NULL));
    char folder[128], path[256];
    FileNames names;
    snprintf(folder, sizeof folder, "%s/cache", b.t.folder);
    CHECK(!folder_list(&names, folder, NULL) && names.count == 1);
    snprintf(path, sizeof path, "%s/%s", folder, names.name[0]);
    file_names_free(&names);
    damage(path, 3);
    CHECK(!embedding_find(b.p, ELEMENT_F16));
    CHECK(!file_exists(path));
    remove_cache(&b);
    bench_close(&b);
}

TEST(a_cached_embedding_answers_as_the_encoded_one) {
    static const float box[4] = {8, 6, 30, 25};
    Bench b;
    bench_open(&b);
    Prediction before, after;
    CHECK(!predictor_decode(b.p, &(ObjectPrompt){.box = box}, false, &before, NULL));
    CHECK(!encodes_from_cache(&b, &b.t, 0, whole));
    use_cache(&b, b.p);
    CHECK(!predictor_encode(b.p, part, NULL)); /* another embedding between */
    CHECK(!predictor_encode(b.p, whole, NULL) && b.p->from_cache);
    CHECK(!predictor_decode(b.p, &(ObjectPrompt){.box = box}, false, &after, NULL));
    size_t bytes = (size_t)before.side * (size_t)before.side * sizeof(float);
    CHECK(memcmp(before.low_res, after.low_res, bytes) == 0);
    prediction_free(&before);
    prediction_free(&after);
    remove_cache(&b);
    bench_close(&b);
}
