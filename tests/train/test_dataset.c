/* Data sets of every format as something to learn from. */
#include "cases/dataset.h"

#include <stdio.h>
#include <string.h>

#include "base/files.h"
#include "tests/check.h"
#include "tests/data/small_set.h"
#include "train/batch.h"

static void added(Dataset *d, const char *where) {
    Error error = {0};
    Status status = dataset_add(d, where, &error);
    check_report(status == VOXPERT_OK, __FILE__, __LINE__, "%s: %s", where, error.message);
}

static const Case *named(const Dataset *d, const char *name) {
    for (size_t i = 0; i < d->pictures; i++) {
        if (strcmp(path_base(d->picture[i].name), path_base(name)) == 0) return &d->picture[i];
    }
    return NULL;
}

TEST(a_listed_split_is_taken_and_cases_without_labels_are_not) {
    SmallSet s;
    Dataset d = {0};
    small_set_open(&s);
    small_nnunet(&s);
    small_image(&s, "imagesTs/t_0000.png", 4, 3, NULL);
    small_text(&s, "splits_final.json",
               "[{\"train\": [\"c_1\"], \"val\": [\"c_2\"]}, {\"train\": [\"c_2\"], \"val\": []}]");
    added(&d, s.folder);
    CHECK(d.pictures == 3 && d.objects == 6);
    CHECK(named(&d, "c_1")->part == SPLIT_TRAIN && named(&d, "c_2")->part == SPLIT_VALIDATION);
    CHECK(named(&d, "c_3")->part == SPLIT_TEST);
    dataset_free(&d);
    char where[400];
    snprintf(where, sizeof where, "%s:fold=1", s.folder);
    added(&d, where);
    CHECK(named(&d, "c_2")->part == SPLIT_TRAIN && named(&d, "c_1")->part == SPLIT_TEST);
    dataset_free(&d);
    snprintf(where, sizeof where, "%s:fold=1:train", s.folder);
    added(&d, where);
    CHECK(named(&d, "c_1")->part == SPLIT_TRAIN);
    dataset_free(&d);
    snprintf(where, sizeof where, "%s:fold=2", s.folder);
    CHECK(dataset_add(&d, where, NULL) == VOXPERT_BAD_ARGUMENT);
    dataset_free(&d);
    small_set_close(&s);
}

TEST(a_mask_of_its_own_is_one_object_in_however_many_pieces) {
    SmallSet s;
    Dataset d = {0};
    small_set_open(&s);
    small_image(&s, "a.png", 4, 3, NULL);
    small_image(&s, "m0.png", 4, 3, (const uint8_t[12]){1, 0, 0, 1});
    small_image(&s, "m1.png", 4, 3, (const uint8_t[12]){255, 255});
    small_text(&s, "image2label_train.json", "{\"a.png\": [\"m0.png\", \"m1.png\"]}");
    added(&d, s.folder);
    CHECK(d.pictures == 1 && d.objects == 2); /* they overlap, and both are whole */
    CHECK(d.object[0].area == 2 && d.object[0].x1 == 3 && d.object[1].area == 2);
    dataset_free(&d);
    small_set_close(&s);
}

TEST(overlapping_classes_are_objects_of_one_picture) {
    SmallSet s;
    Dataset d = {0};
    small_set_open(&s);
    small_image(&s, "image/x.png", 4, 3, NULL);
    small_csr(&s, "label/x.(2, 3, 4, 1).npz", (const int32_t[]){0, 11, 0, 1}, 4, 2);
    small_text(&s, "dataset.json",
               "{\"labels\": {\"0\": \"background\", \"1\": \"a\", \"2\": \"b\"}, \"test\": "
               "[{\"image\": \"image/x.png\", \"label\": \"label/x.(2, 3, 4, 1).npz\"}]}");
    added(&d, s.folder);
    CHECK(d.pictures == 1 && d.objects == 3 && d.picture[0].part == SPLIT_TEST);
    CHECK(d.object[0].label == 1 && d.object[1].label == 1 && d.object[2].label == 2);
    dataset_free(&d);
    small_set_close(&s);
}

TEST(what_a_check_calls_an_error_is_refused_with_its_remedy) {
    SmallSet s;
    Dataset d = {0};
    Error error = {0};
    small_set_open(&s);
    small_nnunet(&s);
    remove(small_path(&s, "labelsTr/c_2.png"));
    CHECK(dataset_add(&d, s.folder, &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "labelsTr/c_2.png") && strstr(error.message, "add the label"));
    dataset_free(&d);
    CHECK(dataset_add(&d, "somewhere:weight=0", &error) == VOXPERT_BAD_ARGUMENT);
    CHECK(dataset_add(&d, "somewhere:channel=-1", &error) == VOXPERT_BAD_ARGUMENT);
    dataset_free(&d);
    small_set_close(&s);
}

/* Samples drawn from each of two sets, of 4000. */
static void count_draws(const char *first, const char *second, size_t count[2]) {
    enum { BATCH = 40, STEPS = 100, SIDE = 16 };
    Dataset d = {0};
    Pool pool;
    Batch batch;
    Worker worker;
    Augment augment = augment_default();
    added(&d, first);
    added(&d, second);
    count[0] = count[1] = 0;
    CHECK(!pool_open(&pool, &d, SPLIT_TRAIN, NULL) && !worker_open(&worker, NULL, NULL));
    CHECK(!batch_open(&batch, &(BatchShape){BATCH, 1, SIDE, SIDE}, NULL));
    for (uint64_t step = 0; step < STEPS; step++) {
        CHECK(batch_draw(&batch, &d, &pool, &augment, NULL, false, 7, step, &worker, NULL) ==
              VOXPERT_OK);
        for (int i = 0; i < BATCH; i++) count[d.picture[batch.source[i]->picture].set]++;
    }
    batch_close(&batch);
    pool_close(&pool);
    worker_close(&worker);
    dataset_free(&d);
}

TEST(weights_are_shares_of_the_samples) {
    SmallSet a, b;
    char first[400], second[400];
    size_t count[2], plain[2];
    small_set_open(&a);
    small_set_open(&b);
    small_nnunet(&a);
    small_nnunet(&b);
    snprintf(first, sizeof first, "%s:train:weight=3", a.folder);
    snprintf(second, sizeof second, "%s:train", b.folder); /* counts as 1 */
    count_draws(first, second, count);
    CHECK(count[0] > 2850 && count[0] < 3150); /* 3000, 27 is the deviation */
    snprintf(first, sizeof first, "%s:train", a.folder);
    count_draws(first, second, plain);
    CHECK(plain[0] > 1850 && plain[0] < 2150);
    small_set_close(&a);
    small_set_close(&b);
}

/* Labels of nnU-Net's set of one label whose files hold `a`, `b` and `c`. */
static void one_label(const SmallSet *s, uint8_t a, uint8_t b, uint8_t c) {
    const uint8_t values[] = {a, b, c};
    small_nnunet(s);
    small_text(s, "dataset.json",
               "{\"channel_names\": {\"0\": \"CT\"}, \"labels\": {\"background\": 0, \"lesion\": "
               "1}, \"numTraining\": 3, \"file_ending\": \".png\"}");
    for (int i = 0; i < 3; i++) {
        char name[64];
        snprintf(name, sizeof name, "labelsTr/c_%d.png", i + 1);
        small_image(s, name, 4, 3, (const uint8_t[12]){0, values[i], values[i]});
    }
}

TEST(a_value_that_all_labels_hold_is_the_one_label_that_is_named) {
    SmallSet s;
    Dataset d = {.keep_labels = true};
    small_set_open(&s);
    one_label(&s, 255, 255, 255);
    added(&d, s.folder);
    CHECK(d.objects == 3 && d.object[0].label == 1 && d.picture[0].labels[1] == 1);
    CHECK(strcmp(dataset_name_of(&d, &d.object[0])->name, "lesion") == 0);
    CHECK(d.warnings.count == 1 &&
          strstr(warnings_lines(&d.warnings),
                 "its labels hold the value 255 alone: it is taken as the label 1 lesion"));
    dataset_free(&d);
    d.keep_labels = true;
    one_label(&s, 1, 255, 1);
    added(&d, s.folder);
    CHECK(d.objects == 3 && d.object[1].label == 255);
    CHECK(d.warnings.count == 1 &&
          strstr(warnings_lines(&d.warnings), "its labels hold 255, which has no name"));
    dataset_free(&d);
    one_label(&s, 1, 1, 1);
    added(&d, s.folder);
    CHECK(d.warnings.count == 0 && d.object[0].label == 1);
    dataset_free(&d);
    small_set_close(&s);
}
