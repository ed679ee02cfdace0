/* What a run's folder and its model state of the cases that it learned from. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "base/memory.h"
#include "data/split_record.h"
#include "tests/check.h"
#include "tests/train/tiny.h"
#include "tests/train/watch.h"
#include "train/recipe.h"
#include "train/settings.h"

static char place[600];
static const char *const list[] = {place};

/* Two steps on the skin images with options, from `base` (NULL: a new model). */
static TrainOptions on_skin(const char *out, const char *folder, const char *option,
                            const char *base) {
    TrainOptions o = tiny_options(out);
    snprintf(place, sizeof place, "%.400s%s", folder, option);
    o.data = list, o.folders = 1, o.shapes = 0, o.steps = 2, o.warm_up = 0.0;
    if (base) o.config = NULL, o.base = base;
    return o;
}

static void read_record(SplitRecord *r, const char *folder) {
    Checkpoint *c = tiny_open(folder, "model.safetensors");
    Error error = {0};
    Status status = split_record_parse(r, checkpoint_metadata(c, SPLIT_METADATA), "m", &error);
    check_report(status == VOXPERT_OK, __FILE__, __LINE__, "%s", error.message);
    checkpoint_close(c);
}

static size_t count_part(const SplitRecord *r, SplitPart part) {
    size_t count = 0;
    for (size_t i = 0; i < r->count; i++) count += r->item[i].part == part;
    return count;
}

static bool folder_has(const char *folder, const char *name, const char *words) {
    char *path = path_join(folder, name);
    FileMap map = {0};
    bool found = file_map(&map, path, VOXPERT_BAD_INPUT, NULL) == VOXPERT_OK &&
                 memmem(map.bytes, map.size, words, strlen(words));
    file_unmap(&map);
    memory_free(path);
    return found;
}

static bool model_states(const char *folder, const char *key, const char *value) {
    Checkpoint *c = tiny_open(folder, "model.safetensors");
    const char *stated = checkpoint_metadata(c, key);
    bool same = stated && strcmp(stated, value) == 0;
    if (!same) printf("%s: %s\n", key, stated ? stated : "(nothing)");
    checkpoint_close(c);
    return same;
}

TEST(the_split_is_in_the_folder_and_in_the_model) {
    const char *skin = check_small("data/2d/derm_ph2"), *out = tiny_folder("split");
    TrainOptions o = on_skin(out, skin, ":class=lesion", NULL);
    Watch w = {0};
    must(&o, &w);
    CHECK(w.warnings == 0);
    SplitRecord r = {0};
    read_record(&r, out);
    CHECK(count_part(&r, SPLIT_TRAIN) == 84 && count_part(&r, SPLIT_VALIDATION) == 13);
    CHECK(strlen(r.digest) == HASH_TEXT - 1);
    CHECK(folder_has(out, "split.json", r.digest) && folder_has(out, "summary.json", r.digest));
    CHECK(folder_has(out, "split.json", "\"part\": \"test\""));
    CHECK(model_states(out, "labels", "lesion"));
    CHECK(model_states(out, "training_data", "derm_ph2: 84 images"));
    split_record_free(&r);
}

TEST(a_folder_of_another_name_is_split_alike) {
    char *skin = realpath(check_small("data/2d/derm_ph2"), NULL); /* as a link must name it */
    const char *a = tiny_folder("named"), *b = tiny_folder("renamed");
    const char *place_of = tiny_folder("alias");
    TrainOptions o = on_skin(a, skin, "", NULL);
    SplitRecord first = {0}, second = {0};
    Watch w = {0};
    must(&o, &w);
    unlink(place_of);
    CHECK(symlink(skin, place_of) == 0);
    o = on_skin(b, place_of, "", NULL);
    must(&o, &w);
    read_record(&first, a);
    read_record(&second, b);
    CHECK(strcmp(first.digest, second.digest) == 0);
    split_record_free(&first);
    split_record_free(&second);
    free(skin);
}

TEST(a_model_that_has_seen_kept_cases_is_warned_of) {
    const char *skin = check_small("data/2d/derm_ph2"), *first = tiny_folder("first");
    TrainOptions o = on_skin(first, skin, "", NULL);
    Watch w = {0}, same = {0}, other = {0};
    must(&o, &w);
    char *model = path_join(first, "model.safetensors");
    o = on_skin(tiny_folder("same"), skin, "", model);
    must(&o, &same);
    CHECK(same.warnings == 0);
    const char *again = tiny_folder("other");
    o = on_skin(again, skin, ":split=1", model); /* another rule, other parts */
    must(&o, &other);
    check_report(other.warnings == 1 && strstr(other.warned, "has seen ") &&
                     strstr(other.warned, "kept for validation and testing"),
                 __FILE__, __LINE__, "%d: %s", other.warnings, other.warned);
    SplitRecord r = {0};
    read_record(&r, again);
    CHECK(count_part(&r, SPLIT_TRAIN) > 84); /* those of the first too */
    split_record_free(&r);
    memory_free(model);
}

TEST(the_summary_is_json_with_every_setting) {
    const char *out = tiny_folder("summary");
    TrainOptions o = tiny_options(out);
    Watch w = {0};
    must(&o, &w);
    char *path = path_join(out, "summary.json");
    json_t *root = json_load_file(path, 0, NULL);
    const json_t *settings = json_object_get(root, "settings");
    const Setting *s;
    size_t count = 0;
    for (int i = 0; (s = setting_at(i)); i++, count++)
        check_report(json_object_get(settings, s->name) != NULL, __FILE__, __LINE__, "%s", s->name);
    CHECK(count > 60 && json_object_size(settings) == count);
    CHECK(json_integer_value(json_object_get(settings, "batch")) == 4);
    CHECK(json_is_null(json_object_get(root, "best_score")));
    CHECK(json_is_string(json_object_get(root, "version")));
    CHECK(json_integer_value(json_object_get(root, "threads")) == 1);
    CHECK(json_integer_value(json_object_get(root, "memory_peak_bytes")) > 0);
    CHECK(json_array_size(json_object_get(root, "sets")) == 1);
    json_decref(root);
    memory_free(path);
}

TEST(usage_of_experts_is_recorded_by_modality) {
    char data[2][600];
    const char *const sets[] = {data[0], data[1]};
    const char *first = tiny_folder("base"), *out = tiny_folder("modal");
    TrainOptions o = tiny_options(first);
    Watch w = {0};
    must(&o, &w);
    char *base = path_join(first, "model.safetensors");
    snprintf(data[0], sizeof data[0], "%s:modality=skin", check_small("data/2d/derm_ph2"));
    snprintf(data[1], sizeof data[1], "%s:modality=blood", check_small("data/2d/micro_wbc"));
    o = tiny_options(out);
    CHECK(settings_recipe(&o, "segmote", NULL) == VOXPERT_OK);
    o.config = NULL, o.base = base, o.steps = 20;
    o.data = sets, o.folders = 2, o.shapes = 0;
    must(&o, &w);
    CHECK(strstr(w.usage, "skin ") && strstr(w.usage, "; blood ") && strstr(w.usage, " %"));
    CHECK(folder_has(out, "history.jsonl", "\"modalities\": {\"skin\": ["));
    CHECK(folder_has(out, "routing.csv", "\n20,derm_ph2,skin,") &&
          folder_has(out, "routing.csv", "\n20,,blood,"));
    o.resume = true, o.steps = 21;
    must(&o, &w);
    memory_free(base);
}
