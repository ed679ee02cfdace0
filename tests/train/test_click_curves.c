#include "assess/click_curves.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/files.h"
#include "base/memory.h"
#include "image/volume.h"
#include "tests/check.h"
#include "tests/train/tiny.h"

enum { SIDE = 40 };

/* A picture with a bright rectangle, and its label map. */
static void put_picture(const char *folder, const char *name, int x0, int y0, int x1, int y1) {
    static const char *const parts[] = {"images", "masks"};
    for (int mask = 0; mask < 2; mask++) {
        char *inner = path_join(folder, parts[mask]), *path = path_join(inner, name);
        CHECK(!folder_make(inner, NULL));
        Volume *v;
        CHECK(!volume_new(&v, (VolumeSize){1, 1, SIDE, SIDE, 1}, SAMPLE_U8, NULL));
        uint8_t *pixels = v->samples;
        for (int i = 0; i < SIDE * SIDE; i++) {
            bool inside = i % SIDE >= x0 && i % SIDE <= x1 && i / SIDE >= y0 && i / SIDE <= y1;
            pixels[i] = (uint8_t)(mask ? inside : inside ? 200 : 40 + i % 7);
        }
        CHECK(!volume_write(v, path, NULL));
        volume_free(v);
        memory_free(path);
        memory_free(inner);
    }
}

typedef struct Bench {
    Model *model;
    char one[256], two[256];
    const char *folders[2];
} Bench;

static void bench_open(Bench *b) {
    const char *out = tiny_folder("clicks");
    TrainOptions o = tiny_options(out);
    TrainResult result;
    CHECK(!train_run(&o, NULL, &result, NULL));
    char *path = path_join(out, "model.safetensors");
    REQUIRE(!model_open(&b->model, path, &(ModelOptions){.threads = 1}, NULL));
    memory_free(path);
    snprintf(b->one, sizeof b->one, "%s", tiny_folder("clicks-one"));
    snprintf(b->two, sizeof b->two, "%s", tiny_folder("clicks-two"));
    put_picture(b->one, "a.png", 5, 6, 20, 30);
    put_picture(b->one, "b.png", 10, 3, 35, 12);
    put_picture(b->two, "c.png", 8, 8, 24, 24);
    b->folders[0] = b->one, b->folders[1] = b->two;
}

static void bench_close(Bench *b) { model_close(b->model); }

static bool is_near(double a, double b) { return fabs(a - b) < 1e-12; }

/* ---- Measuring -------------------------------------------------------------------------- */

TEST(curves_agree_with_what_training_measures) {
    Bench b;
    ClickCurves c;
    Measurer m;
    bench_open(&b);
    const ClickRule rule = {.clicks = 5, .part = EVERY_PART};
    CHECK(!click_curves_measure(&c, b.model, b.folders, 2, &rule, NULL, NULL));
    CHECK(c.objects == 3 && strcmp(c.part, "all") == 0);
    REQUIRE(!measurer_open(&m, b.model, NULL, NULL));
    for (size_t i = 0; i < c.objects; i++) {
        double want[MEASURES];
        const double *got = c.dice + i * 12;
        CHECK(!measure_object(&m, &c.data, &c.data.object[c.object[i]], ~0u, want, NULL));
        CHECK(is_near(got[0], want[MEASURE_BOX_WHOLE]) && is_near(got[6], 0.0));
        CHECK(is_near(got[7], want[MEASURE_CLICK1_WHOLE]));
        CHECK(is_near(got[9], want[MEASURE_CLICK3_WHOLE]));
        CHECK(is_near(got[11], want[MEASURE_CLICK5_WHOLE]));
    }
    measurer_close(&m);
    click_curves_free(&c);
    bench_close(&b);
}

static void count(void *context, size_t done, size_t total, const char *name) {
    size_t *told = context;
    CHECK(done == ++*told && total == 2 && strchr(name, '/'));
}

TEST(as_many_of_each_set_as_are_wanted) {
    Bench b;
    ClickCurves c;
    size_t told = 0;
    bench_open(&b);
    const ClickRule rule = {.clicks = 1, .part = EVERY_PART, .most = 1, .zoom = true};
    const ClickListener listener = {count, &told};
    CHECK(!click_curves_measure(&c, b.model, b.folders, 2, &rule, &listener, NULL));
    CHECK(c.objects == 2 && told == 2);
    click_curves_free(&c);
    bench_close(&b);
}

TEST(a_part_without_objects_is_refused) {
    Bench b;
    ClickCurves c;
    Error error;
    bench_open(&b);
    const ClickRule rule = {.clicks = 1, .part = SPLIT_VALIDATION};
    snprintf(b.two + strlen(b.two), sizeof b.two - strlen(b.two), "%s", ":train");
    CHECK(click_curves_measure(&c, b.model, b.folders + 1, 1, &rule, NULL, &error) ==
          VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "no object in the part \"validation\"") && !c.dice);
    CHECK(click_part("test") == SPLIT_TEST && click_part(NULL) == EVERY_PART);
    CHECK(click_part("some") == -1);
    bench_close(&b);
}

/* ---- Means ------------------------------------------------------------------------------ */

TEST(the_area_is_a_trapezoid_over_the_clicks) {
    const double dice[] = {0.9, 0.5, 0.7, 0.8}; /* the first is the box's */
    CHECK(is_near(click_auc(dice, 3), 0.6 + 0.75) && is_near(click_auc(dice, 1), 0.0));
}

/* Two sets of two objects and one; one object more of the first has rings. */
static char names[4][8] = {"one", "two", "one/a", "two/b"};

static ClickCurves made(void) {
    static CaseSet sets[] = {{.name = names[0], .nested = true}, {.name = names[1]}};
    static Case pictures[] = {{.name = names[2]}, {.name = names[3], .set = 1}};
    static CaseObject objects[] = {{.picture = 0, .label = 1},
                                   {.picture = 0, .label = 2},
                                   {.picture = 0, .label = 1, .outer = true},
                                   {.picture = 1, .label = 1}};
    static size_t order[] = {0, 1, 2, 3};
    static double dice[] = {0.5, 0.6, 0.7, 0, 0.1, 0.2, 0.7, 0.8, 0.9, 0, 0.3, 0.4,
                            1.0, 1.0, 1.0, 0, 1.0, 1.0, 0.2, 0.3, 0.4, 0, 0.5, 0.6};
    return (ClickCurves){.data = {.set = sets, .picture = pictures, .object = objects, .sets = 2},
                         .rule = {.clicks = 2, .part = EVERY_PART},
                         .part = "all",
                         .object = order,
                         .dice = dice,
                         .objects = 4};
}

TEST(means_are_by_set_over_all_and_over_sets) {
    const ClickCurves c = made();
    ClickRow *row;
    size_t rows;
    CHECK(!click_rows(&row, &rows, &c, NULL) && rows == 5);
    CHECK(strcmp(row[0].name, "one, innermost") == 0 && row[0].objects == 2);
    CHECK(is_near(row[0].dice[WAY_BOX_FIRST][0], 0.6));
    CHECK(is_near(row[0].dice[WAY_CLICKS_ALONE][2], 0.3));
    CHECK(strcmp(row[1].name, "one, with rings (apart)") == 0 && row[1].objects == 1);
    CHECK(strcmp(row[2].name, "two") == 0);
    CHECK(row[3].objects == 3 && is_near(row[3].dice[WAY_BOX_FIRST][1], 1.7 / 3.0));
    CHECK(row[4].objects == 3 && is_near(row[4].dice[WAY_BOX_FIRST][1], 0.5));
    memory_free(row);
}

static char organs[3][8] = {"liver", "spleen", "liver"};

/* Two sets; the second has two labels of one name, and a name that no picture shows. */
TEST(classes_have_rows_of_their_own) {
    ClickCurves c = made();
    LabelName one[] = {{1, organs[0], 0}, {2, organs[1], 0}};
    LabelName two[] = {{1, organs[0], 0}, {2, organs[2], 0}, {3, organs[1], 0}};
    Case pictures[] = {
        {.name = names[2]}, {.name = names[3], .set = 1}, {.name = names[3], .set = 1}};
    CaseSet sets[] = {{.name = names[0], .label_name = one, .names = 2},
                      {.name = names[1], .label_name = two, .names = 3}};
    ClassDice dice[] = {
        {0, organs[1], 0.5}, {0, organs[0], 0.25}, {1, organs[0], 0.5}, {2, organs[2], 1.0}};
    double prompt_free[] = {0.5, -1.0, -1.0, 0.25};
    c.data.set = sets, c.data.picture = pictures;
    c.by_class = dice, c.classes = 4;
    c.rule.prompt_free = true, c.prompt_free = prompt_free;
    ClassRow row = {0};
    const struct {
        const char *set, *name;
        size_t pictures;
        double dice;
    } want[] = {{"one", "liver", 1, 0.25}, {"one", "spleen", 1, 0.5}, {"two", "liver", 2, 0.75}};
    for (size_t i = 0; i < 3; i++) {
        CHECK(click_class_next(&row, &c) && row.rows == i + 1 && row.pictures == want[i].pictures);
        CHECK(strcmp(row.set_name, want[i].set) == 0 && strcmp(row.name, want[i].name) == 0);
        CHECK(is_near(row.dice, want[i].dice));
    }
    CHECK(!click_class_next(&row, &c) && row.rows == 3);
    ClickRow *rows;
    size_t count;
    Text csv = {0}, json = {0}, table = {0};
    CHECK(!click_rows(&rows, &count, &c, NULL));
    click_curves_csv(&csv, &c);
    CHECK(strstr(csv.chars, "\none/a,spleen,,,,,,,\"prompt-free, by class\",0,0.5\n"));
    click_rows_json(&json, rows, count, &c);
    CHECK(strstr(json.chars, "\"prompt_free_by_class\": [\n        {\"set\": \"one\", \"class\": "
                             "\"liver\", \"pictures\": 1, \"Dice\": 0.25},"));
    click_rows_markdown(&table, rows, count, &c);
    CHECK(strstr(table.chars, "| two | liver | 2 | 0.750 |\n"));
    CHECK(strstr(table.chars, "| mean of the classes | | | 0.500 |\n"));
    text_free(&csv);
    text_free(&json);
    text_free(&table);
    memory_free(rows);
}

TEST(reports_hold_the_curves) {
    const ClickCurves c = made();
    ClickRow *row;
    size_t rows;
    Text csv = {0}, curve = {0}, json = {0}, table = {0};
    CHECK(!click_rows(&row, &rows, &c, NULL));
    click_curves_csv(&csv, &c);
    CHECK(strstr(csv.chars, "\ntwo/b,1,0,0,0,0,0,0,box then clicks,0,0.2\n") != NULL);
    CHECK(strstr(csv.chars, "\none/a,1,0,0,0,0,0,1,clicks alone,1,1\n") != NULL);
    CHECK(!strstr(csv.chars, "clicks alone,0,"));
    click_rows_csv(&curve, row, rows, &c.rule);
    CHECK(strstr(curve.chars, "\nmean of the sets,3,clicks alone,2,0.45\n") != NULL);
    click_rows_json(&json, row, rows, &c);
    CHECK(strstr(json.chars, "{\"set\": \"two\", \"objects\": 1,\n         \"box_then_clicks\": "
                             "{\"box\": 0.2, \"clicks\": [0.3, 0.4], \"DSC_AUC\": 0.35, "
                             "\"DSC_AUC_share\": 0.35, \"DSC_Final\": 0.4}") != NULL);
    click_rows_markdown(&table, row, rows, &c);
    CHECK(strstr(table.chars, "| two | 1 | 0.200 | 0.300 | 0.400 | 0.350 |\n") != NULL);
    text_free(&csv);
    text_free(&curve);
    text_free(&json);
    text_free(&table);
    memory_free(row);
}
