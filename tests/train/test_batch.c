/* Batches of groups, and pseudo masks in them; what data folders say of their labels. */
#include "train/batch.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "base/memory.h"
#include "predict/model.h"
#include "tests/check.h"
#include "tests/systems/tiny_imis.h"
#include "tests/train/tiny.h"
#include "tests/train/tiny_data.h"
#include "train/asking.h"
#include "train/class_texts.h"

/* "FOLDER/NAME:OPTIONS" of a folder that is written first. */
static const char *folder(const char *name, int pictures, const char *options) {
    static char where[4][400];
    static int next;
    char *at = where[next++ % 4];
    const char *path = tiny_folder(name);
    tiny_data_write(path, pictures, (unsigned)strlen(name));
    snprintf(at, sizeof where[0], "%s:train%s", path, options);
    return at;
}

static void must_add(Dataset *d, const char *where) {
    Error error = {0};
    check_report(dataset_add(d, where, &error) == VOXPERT_OK, __FILE__, __LINE__, "%s",
                 error.message);
}

/* ---- Groups --------------------------------------------------------------------------------- */

TEST(sets_of_different_groups_never_meet_in_a_batch) {
    enum { SAMPLES = 8, STEPS = 60 };
    Dataset d = {0};
    Pool pool;
    Batch b;
    int times[4] = {0};
    must_add(&d, folder("g1", 3, ":group=A"));
    must_add(&d, folder("g2", 3, ":group=A"));
    must_add(&d, folder("g3", 3, ":group=B"));
    must_add(&d, folder("g4", 3, ""));
    CHECK(pool_open(&pool, &d, SPLIT_TRAIN, NULL) == VOXPERT_OK);
    CHECK(pool_pictures(&pool, &d) == 12);
    BatchShape shape = {.count = SAMPLES, .share = 2, .side = 32, .loss_side = 32};
    CHECK(batch_open(&b, &shape, NULL) == VOXPERT_OK);
    Augment a = augment_segmote();
    int mixed = 0;
    for (uint64_t step = 0; step < STEPS; step++) {
        CHECK(batch_draw(&b, &d, &pool, &a, NULL, false, 1, step, &(Worker){0}, NULL) ==
              VOXPERT_OK);
        for (int i = 0; i < SAMPLES; i++) {
            const char *group = d.set[b.set[i]].group;
            CHECK(group ? b.group && strcmp(group, b.group) == 0 : !b.group);
            mixed += b.set[i] != b.set[0];
            times[b.set[i]]++;
        }
    }
    CHECK(mixed > 0); /* the two of A do */
    for (int i = 0; i < 4; i++) CHECK(times[i] > SAMPLES * STEPS / 8);
    batch_close(&b);
    pool_close(&pool);
    dataset_free(&d);
}

TEST(samples_of_a_picture_are_different_objects_where_that_is_asked) {
    enum { SAMPLES = 16 };
    Dataset d = {0};
    Pool pool;
    Batch b;
    must_add(&d, folder("d1", 3, ""));
    CHECK(pool_open(&pool, &d, SPLIT_TRAIN, NULL) == VOXPERT_OK);
    Augment a = augment_segmote();
    int same[2] = {0};
    for (int distinct = 0; distinct < 2; distinct++) {
        BatchShape shape = {
            .count = SAMPLES, .share = 2, .side = 32, .loss_side = 32, .distinct = distinct};
        CHECK(batch_open(&b, &shape, NULL) == VOXPERT_OK);
        for (uint64_t step = 0; step < 8; step++) {
            CHECK(batch_draw(&b, &d, &pool, &a, NULL, false, 1, step, &(Worker){0}, NULL) ==
                  VOXPERT_OK);
            for (int i = 0; i < SAMPLES; i += 2) same[distinct] += b.source[i] == b.source[i + 1];
        }
        batch_close(&b);
    }
    CHECK(same[0] > 10 && same[1] == 0);
    pool_close(&pool);
    dataset_free(&d);
}

/* ---- Ignored pixels ------------------------------------------------------------------------- */

/* The right half of every picture is ignored, but for its objects. */
static void ignore_the_right(Dataset *d) {
    for (size_t i = 0; i < d->pictures; i++) {
        Case *c = &d->picture[i];
        size_t width = (size_t)c->width, n = width * (size_t)c->height;
        c->ignored = memory_new(n);
        CHECK(c->ignored != NULL);
        for (size_t k = 0; c->ignored && k < n; k++) c->ignored[k] = k % width >= width / 2;
        for (size_t k = 0; k < d->objects; k++) {
            const CaseObject *o = &d->object[k];
            for (int y = o->y0; o->picture == (int)i && y <= o->y1; y++)
                for (int x = o->x0; x <= o->x1; x++)
                    if (o->mask[(y - o->y0) * (o->x1 - o->x0 + 1) + x - o->x0])
                        c->ignored[(size_t)y * width + (size_t)x] = 0;
        }
    }
}

TEST(a_target_says_where_the_labels_say_nothing) {
    enum { SAMPLES = 4, SIDE = 40, LARGE = 20 };
    Dataset d = {0};
    Pool pool;
    Batch b;
    int times[3] = {0};
    must_add(&d, folder("ignored", 3, ""));
    ignore_the_right(&d);
    CHECK(pool_open(&pool, &d, SPLIT_TRAIN, NULL) == VOXPERT_OK);
    BatchShape shape = {.count = SAMPLES, .share = 2, .side = SIDE, .loss_side = LARGE};
    CHECK(batch_open(&b, &shape, NULL) == VOXPERT_OK);
    Augment a = augment_segmote(); /* whole pictures */
    for (uint64_t step = 0; step < 8; step++) {
        CHECK(batch_draw(&b, &d, &pool, &a, NULL, step % 2 == 1, 1, step, &(Worker){0}, NULL) ==
              VOXPERT_OK);
        for (int i = 0; i < SAMPLES * LARGE * LARGE; i++) {
            float t = b.target[i];
            bool right = i % LARGE >= LARGE / 2;
            CHECK(!(t < 0.0f) || right);
            if (right && step % 2 == 1 && !b.prompt_class[i / (LARGE * LARGE)])
                CHECK(t < 0.0f || t > 0.5f); /* of the whole foreground */
            times[(int)t + 1]++;
        }
    }
    CHECK(times[0] > 100 && times[1] > 100 && times[2] > 100);
    batch_close(&b);
    pool_close(&pool);
    dataset_free(&d);
}

TEST(no_click_goes_where_the_labels_say_nothing) {
    enum { SIDE = 16, AREA = SIDE * SIDE };
    float target[AREA], logit[AREA], point[2];
    uint8_t object[AREA];
    double pixel = 1.0;
    for (int i = 0; i < AREA; i++) {
        int x = i % SIDE;
        target[i] = x >= 8 ? -1.0f : x >= 2 && x < 4;
        object[i] = target[i] > 0.5f;
        logit[i] = 1.0f; /* all of the picture is claimed */
    }
    Asking asking;
    PromptRule rule = {.most_points = 1};
    AskedMasks masks = {1, object, target, &pixel};
    CHECK(!asking_open(&asking, &scheme_sam_med2d, &rule, 1, SIDE, SIDE, SIDE, NULL));
    double dice = asking_keep(&asking, &masks, logit, logit);
    CHECK(dice > 0.399 && dice < 0.401); /* 2 columns of 8 */
    double low = asking_low_dice(&asking, logit, target);
    CHECK(low > 0.399 && low < 0.401);
    Random r = random_begin(1, 0, 0, 0);
    for (int i = 0; i < 64; i++) {
        AskedPrompts prompts = {.points = 1};
        asking.points = 0;
        CHECK(!asking_round(&asking, &masks, &prompts, false, &r, NULL));
        memcpy(point, asking.packed, sizeof point);
        CHECK(point[0] < 8.0f && asking.packed_label[0] == 0);
    }
    asking_close(&asking);
}

/* ---- Pseudo masks --------------------------------------------------------------------------- */

TEST(pseudo_masks_are_of_those_pictures_that_have_regions) {
    enum { SAMPLES = 12, SIDE = 64, AREA = SIDE * SIDE };
    Dataset d = {0};
    Pool pool;
    Batch b;
    must_add(&d, folder("p1", 3, ""));
    CHECK(!d.picture[0].regions && d.picture[1].regions && d.picture[2].regions);
    CHECK(pool_open(&pool, &d, SPLIT_TRAIN, NULL) == VOXPERT_OK);
    BatchShape shape = {
        .count = SAMPLES, .share = 2, .side = SIDE, .loss_side = SIDE, .pseudo = true};
    CHECK(batch_open(&b, &shape, NULL) == VOXPERT_OK);
    Augment a = augment_segmote();
    bool fewer = false, any = false;
    for (uint64_t step = 0; step < 6; step++) {
        CHECK(batch_draw(&b, &d, &pool, &a, NULL, false, 1, step, &(Worker){0}, NULL) ==
              VOXPERT_OK);
        int expected = 0;
        for (int i = 0; i < SAMPLES; i++)
            expected += d.picture[b.source[i]->picture].regions != NULL;
        CHECK(b.pseudo_count == expected);
        fewer |= expected<SAMPLES, any |= expected> 0;
        for (int i = 0; i < b.pseudo_count; i++) {
            CHECK(b.pseudo_image[i] >= 0 && b.pseudo_image[i] < SAMPLES / 2);
            CHECK(d.picture[b.source[2 * b.pseudo_image[i]]->picture].regions != NULL);
            const uint8_t *mask = b.pseudo_object + i * AREA;
            const float *target = b.pseudo_target + i * AREA;
            int pixels = 0, same = 0;
            for (int k = 0; k < AREA; k++)
                pixels += mask[k], same += (target[k] > 0.5f) == (mask[k] != 0);
            CHECK(pixels > 100 && same == AREA);
        }
        for (int i = 1; i < b.pseudo_count; i++)
            if (b.pseudo_image[i] == b.pseudo_image[i - 1]) /* there are three regions */
                CHECK(memcmp(b.pseudo_object + i * AREA, b.pseudo_object + (i - 1) * AREA, AREA));
    }
    CHECK(fewer && any);
    batch_close(&b);
    pool_close(&pool);
    dataset_free(&d);
}

/* ---- Names ---------------------------------------------------------------------------------- */

TEST(labels_have_the_names_that_their_folder_says) {
    Dataset d = {0};
    must_add(&d, folder("n1", 2, ":names=names.json"));
    must_add(&d, folder("n2", 2, ""));
    const CaseSet *s = &d.set[0];
    CHECK(s->names == 2 && dataset_name_index(s, 7) == -1 && d.set[1].names == 0);
    long liver = dataset_name_index(s, 1);
    CHECK(liver >= 0 && strcmp(s->label_name[liver].name, "liver") == 0);
    dataset_free(&d);
}

TEST(names_may_follow_a_byte_order_mark) {
    static const char names[] = "\xef\xbb\xbf{\"1\": \"liver\"}\r\n";
    const char *where = folder("n4", 1, ":names=names.json");
    char path[400];
    Dataset d = {0};
    snprintf(path, sizeof path, "%.*s/names.json", (int)strcspn(where, ":"), where);
    CHECK(file_write(path, names, sizeof names - 1, NULL) == VOXPERT_OK);
    must_add(&d, where);
    CHECK(d.set[0].names == 1 && strcmp(d.set[0].label_name[0].name, "liver") == 0);
    dataset_free(&d);
}

static void refused(const char *names, const char *words) {
    const char *where = folder("n3", 1, ":names=names.json");
    char path[400];
    Dataset d = {0};
    Error error = {0};
    snprintf(path, sizeof path, "%.*s/names.json", (int)strcspn(where, ":"), where);
    CHECK(file_write(path, names, strlen(names), NULL) == VOXPERT_OK);
    CHECK(dataset_add(&d, where, &error) == VOXPERT_BAD_INPUT);
    check_report(strstr(error.message, words) && strstr(error.message, "names.json"), __FILE__,
                 __LINE__, "\"%s\" is not about \"%s\"", error.message, words);
    dataset_free(&d);
}

TEST(names_that_are_none_are_refused_with_the_file) {
    refused("[1]", "must be a JSON object");
    refused("{}", "must be a JSON object");
    refused("", "line 1: is no JSON");
    refused("{\n\"1\": \"liver\",}", "line 2: is no JSON");
    refused("{\"one\": \"liver\"}", "is no label");
    refused("{\"70000\": \"liver\"}", "is no label");
    refused("{\"1\": 5}", "must be a text");
    refused("{\"1\": \"a\", \"01\": \"b\"}", "has two names");
}

TEST(a_region_map_must_be_of_its_pictures_size) {
    char path[400];
    Dataset d = {0};
    Error error = {0};
    const char *where = folder("r1", 2, "");
    snprintf(path, sizeof path, "%.*s/regions/case1.png", (int)strcspn(where, ":"), where);
    CHECK(tiny_copy_file(check_shared("data/2d/micro_wbc/images/074.png"), path));
    CHECK(dataset_add(&d, where, &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "regions/case1.png"));
    dataset_free(&d);
}

TEST(a_batch_has_the_vectors_of_its_objects_names) {
    enum { SAMPLES = 6 };
    char model[300], vocab[300];
    const char *at = tiny_folder("texts");
    CHECK(folder_make(at, NULL) == VOXPERT_OK);
    snprintf(model, sizeof model, "%s/imis.safetensors", at);
    snprintf(vocab, sizeof vocab, "%s/merges.txt", at);
    tiny_imis_write(model, TINY_IMIS_PLAIN);
    tiny_vocabulary_write(vocab);
    Model *m = NULL;
    Error error = {0};
    ModelOptions options = {.threads = 1, .vocab = vocab};
    REQUIRE(model_open(&m, model, &options, &error) == VOXPERT_OK);
    Dataset d = {0};
    Pool pool;
    Batch b;
    ClassTexts texts;
    must_add(&d, folder("t1", 2, ":names=names.json"));
    CHECK(class_texts_open(&texts, &d, m, &error) == VOXPERT_OK);
    CHECK(texts.names == 2 && texts.width == TINY_IMIS_TEXT);
    CHECK(pool_open(&pool, &d, SPLIT_TRAIN, NULL) == VOXPERT_OK);
    BatchShape shape = {.count = SAMPLES, .share = 1, .side = 32, .loss_side = 32};
    CHECK(batch_open(&b, &shape, NULL) == VOXPERT_OK);
    Augment a = augment_segmote();
    CHECK(batch_draw(&b, &d, &pool, &a, NULL, false, 1, 1, &(Worker){0}, NULL) == VOXPERT_OK);
    float got[SAMPLES][TINY_IMIS_TEXT], want[2][TINY_IMIS_TEXT];
    CHECK(model_text(m, "liver", want[0], NULL) == VOXPERT_OK);
    CHECK(model_text(m, "spleen", want[1], NULL) == VOXPERT_OK);
    CHECK(class_texts_fill(&texts, &d, &b, got[0]));
    for (int i = 0; i < SAMPLES; i++)
        CHECK(memcmp(got[i], want[b.source[i]->label - 1], sizeof want[0]) == 0);
    d.set[0].label_name[0].label = 9; /* one of the two has no name any more */
    d.set[0].label_name[1].label = 9;
    CHECK(!class_texts_fill(&texts, &d, &b, got[0]));
    batch_close(&b);
    pool_close(&pool);
    class_texts_close(&texts);
    dataset_free(&d);
    model_close(m);
    unlink(model);
    unlink(vocab);
}
