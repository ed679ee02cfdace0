/* Runs as a whole, on a tiny model: they learn, they go on where they stopped, and they do not
 * depend on threads. */
#include <locale.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/files.h"
#include "base/memory.h"
#include "tests/check.h"
#include "tests/train/tiny.h"
#include "tests/train/watch.h"
#include "train/recipe.h"
#include "train/settings.h"

/* ---- Learning --------------------------------------------------------------------------- */

TEST(the_loss_falls) {
    const char *out = tiny_folder("falls");
    TrainOptions o = tiny_options(out);
    o.steps = 160;
    o.warm_up = 20.0;
    o.loss.focal = 0.0f, o.loss.cross_entropy = 1.0f;
    Watch w = {0};
    must(&o, &w);
    check_report(w.last < 0.9 * w.first, __FILE__, __LINE__, "loss %.3f, then %.3f", w.first,
                 w.last);
}

TEST(without_validation_objects_the_last_weights_are_the_model) {
    const char *out = tiny_folder("unseen");
    TrainOptions o = tiny_options(out); /* drawn shapes are for training only */
    o.steps = 8;
    o.validate_every = 2, o.patience = 1;
    Watch w = {0};
    must(&o, &w);
    CHECK(w.warnings == 1 && strstr(w.warned, "nothing is validated"));
    CHECK(w.validations == 0);
    char *model = path_join(out, "model.safetensors"), *last = path_join(out, "last.safetensors");
    CHECK(w.asked == 9); /* no early stop: before each of 8 steps and after the last */
    FileMap a, b;
    REQUIRE(file_map(&a, model, VOXPERT_BAD_INPUT, NULL) == VOXPERT_OK);
    REQUIRE(file_map(&b, last, VOXPERT_BAD_INPUT, NULL) == VOXPERT_OK);
    CHECK(a.size == b.size && memcmp(a.bytes, b.bytes, a.size) == 0);
    file_unmap(&a);
    file_unmap(&b);
    memory_free(model);
    memory_free(last);
}

static Status read_tensor(const char *folder, const char *file, const char *name, float *out,
                          size_t most) {
    char *path = path_join(folder, file);
    Checkpoint *c = NULL;
    Status status = path ? checkpoint_open(&c, path, NULL) : VOXPERT_OUT_OF_MEMORY;
    const StoredTensor *t = status ? NULL : checkpoint_find(c, name);
    if (t && t->count <= most)
        stored_tensor_read(t, out);
    else
        status = VOXPERT_BAD_INPUT;
    if (c) checkpoint_close(c);
    memory_free(path);
    return status;
}

TEST(what_is_frozen_keeps_its_bytes_and_the_rest_moves) {
    enum { MOST = 4096 };
    static float before[MOST], after[MOST], other[MOST];
    const char *first = tiny_folder("thaw"), *second = tiny_folder("frozen");
    TrainOptions o = tiny_options(first);
    o.optimizer.average = 0.0;
    Watch w = {0};
    must(&o, &w);
    char *base = path_join(first, "state.safetensors");
    TrainOptions next = tiny_options(second);
    static const char *const frozen[] = {"image_encoder.*", "prompt_encoder.*"};
    next.config = NULL, next.base = base;
    next.freeze = frozen, next.freezes = 2;
    next.optimizer.average = 0.0;
    must(&next, &w);
    static const char *const still[] = {"image_encoder.blocks.0.mlp.lin1.weight",
                                        "prompt_encoder.point_embeddings.2.weight"};
    for (int i = 0; i < 2; i++) {
        size_t n = i ? 16 : 32 * 16;
        CHECK(read_tensor(first, "state.safetensors", still[i], before, MOST) == VOXPERT_OK);
        CHECK(read_tensor(second, "state.safetensors", still[i], after, MOST) == VOXPERT_OK);
        CHECK(memcmp(before, after, n * sizeof *before) == 0);
    }
    const char *moving = "mask_decoder.mask_tokens.weight";
    CHECK(read_tensor(first, "state.safetensors", moving, before, MOST) == VOXPERT_OK);
    CHECK(read_tensor(second, "state.safetensors", moving, other, MOST) == VOXPERT_OK);
    CHECK(memcmp(before, other, 64 * sizeof *before) != 0);
    memory_free(base);
}

/* ---- Same run, other ways --------------------------------------------------------------- */

TEST(one_thread_and_two_give_the_same_bytes) {
    const char *a = tiny_folder("one"), *b = tiny_folder("two");
    TrainOptions o = tiny_options(a);
    Watch w = {0};
    must(&o, &w);
    o = tiny_options(b);
    o.threads = 2;
    must(&o, &w);
    CHECK(tiny_same_weights(a, b));
}

/* With all images and masks in the mapped file. */
TEST(data_in_a_file_and_in_memory_give_the_same_bytes) {
    const char *a = tiny_folder("memory"), *b = tiny_folder("file");
    TrainOptions o = tiny_options(a);
    Watch w = {0};
    must(&o, &w);
    o = tiny_options(b);
    o.data_memory = 1;
    o.threads = 2;
    must(&o, &w);
    CHECK(tiny_same_weights(a, b));
}

TEST(a_stopped_run_that_goes_on_ends_in_the_same_bytes) {
    const char *a = tiny_folder("whole"), *b = tiny_folder("halves");
    TrainOptions o = tiny_options(a);
    o.steps = 25;
    o.validate_every = 10;
    Watch w = {0};
    must(&o, &w);
    o.out = tiny_options(b).out;
    Watch half = {.stop_at = 13};
    must(&o, &half);
    CHECK(!tiny_same_weights(a, b));
    o.resume = true;
    must(&o, &w);
    CHECK(tiny_same_weights(a, b));
}

/* A locale that prints 1,5 as long as it lasts; skips where none can be made. */
static void speak_german(const char *folder) {
    char *path = path_join(folder, "de_DE.UTF-8"), command[640];
    CHECK(folder_make(folder, NULL) == VOXPERT_OK);
    snprintf(command, sizeof command, "localedef -i de_DE -f UTF-8 %s >/dev/null 2>&1", path);
    bool made = system(command) == 0 && setenv("LOCPATH", folder, 1) == 0 &&
                setlocale(LC_ALL, "de_DE.UTF-8");
    memory_free(path);
    if (!made) check_skip("no locale with decimal commas can be made");
}

TEST(a_run_goes_on_in_a_language_with_decimal_commas) {
    const char *a = tiny_folder("point"), *b = tiny_folder("comma");
    TrainOptions o = tiny_options(a);
    Watch w = {0}, third = {.stop_at = 2}, second = {.stop_at = 2};
    must(&o, &w);
    o.out = tiny_options(b).out;
    must(&o, &third);
    o.resume = true;
    speak_german(tiny_folder("locale"));
    must(&o, &second);
    setlocale(LC_ALL, "C");
    CHECK(!tiny_same_weights(a, b));
    must(&o, &w);
    CHECK(tiny_same_weights(a, b));
}

TEST(a_killed_run_that_goes_on_ends_in_the_same_bytes) {
    const char *a = tiny_folder("alive"), *b = tiny_folder("killed");
    TrainOptions o = tiny_options(a);
    o.steps = 12;
    Watch w = {0};
    must(&o, &w);
    o.out = tiny_options(b).out;
    o.checkpoint_minutes = 1e-9;
    pid_t child = fork();
    if (child == 0) {
        Watch deadly = {.kill_at = 7};
        _exit(go(&o, &deadly, NULL) == VOXPERT_OK ? 0 : 1);
    }
    int how = 0;
    CHECK(waitpid(child, &how, 0) == child && WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
    o.resume = true;
    must(&o, &w);
    CHECK(tiny_same_weights(a, b));
}

/* Of history.jsonl, without the seconds. */
static int steps_of(const char *folder, long step[], double loss[], int most) {
    History h;
    CHECK(history_open(&h, folder, NULL, 1000, NULL) == VOXPERT_OK);
    int n = 0;
    for (; n < most && (size_t)n < h.count; n++) step[n] = h.row[n].step, loss[n] = h.row[n].loss;
    history_close(&h);
    return n;
}

TEST(a_run_that_ends_between_history_and_state_goes_on_in_the_same_bytes) {
    const char *a = tiny_folder("unbroken"), *b = tiny_folder("between");
    TrainOptions o = tiny_options(a);
    o.steps = 65;
    Watch w = {0}, early = {.stop_at = 29}, late = {.stop_at = 19};
    must(&o, &w);
    o.out = tiny_options(b).out;
    must(&o, &early);
    char *state = path_join(b, "state.safetensors"), *old = path_join(b, "old");
    CHECK(rename(state, old) == 0);
    CHECK(tiny_copy_file(old, state));
    o.resume = true;
    must(&o, &late); /* history.jsonl now has rows of 20 and 40, the old state is of 30 */
    CHECK(rename(old, state) == 0);
    must(&o, &w);
    CHECK(tiny_same_weights(a, b));
    long steps[2][8];
    double loss[2][8];
    CHECK(steps_of(a, steps[0], loss[0], 8) == 3 && steps_of(b, steps[1], loss[1], 8) == 3);
    CHECK(memcmp(steps[0], steps[1], 3 * sizeof(long)) == 0 && steps[1][1] == 40);
    CHECK(memcmp(loss[0], loss[1], 3 * sizeof(double)) == 0);
    memory_free(state);
    memory_free(old);
}

TEST(the_history_is_never_behind_the_state) {
    const char *out = tiny_folder("behind");
    TrainOptions o = tiny_options(out);
    o.steps = 20;
    char *path = path_join(out, "history.jsonl");
    Watch w = {0};
    CHECK(folder_make(path, NULL) == VOXPERT_OK); /* so that it cannot be written */
    CHECK(go(&o, &w, NULL) == VOXPERT_BAD_OUTPUT);
    CHECK(rmdir(path) == 0);
    char *state = path_join(out, "state.safetensors");
    CHECK(!file_exists(state));
    memory_free(path);
    memory_free(state);
}

/* In a child: the limit holds for a whole process. */
static Status go_without_room(const TrainOptions *o) {
    pid_t child = fork();
    if (child == 0) {
        struct rlimit none = {2000, 2000};
        signal(SIGXFSZ, SIG_IGN);
        Watch w = {0};
        _exit(setrlimit(RLIMIT_FSIZE, &none) == 0 ? (int)go(o, &w, NULL) : 99);
    }
    int how = 0;
    CHECK(waitpid(child, &how, 0) == child && WIFEXITED(how));
    return (Status)WEXITSTATUS(how);
}

TEST(a_full_disk_keeps_the_old_checkpoint) {
    const char *a = tiny_folder("room"), *b = tiny_folder("full");
    TrainOptions o = tiny_options(a);
    Watch w = {0};
    must(&o, &w);
    o.out = tiny_options(b).out;
    must(&o, &w);
    o.resume = true;
    o.steps = 9;
    CHECK(go_without_room(&o) == VOXPERT_BAD_OUTPUT);
    CHECK(tiny_same_weights(a, b));
    Checkpoint *c = tiny_open(b, "state.safetensors");
    long step = 0;
    CHECK(sscanf(checkpoint_metadata(c, "position"), "%ld", &step) == 1 && step == 6);
    checkpoint_close(c);
}

/* What a run says it needs, in bytes, and what its process had at most. */
static void read_memory(const char *folder, size_t *needed, size_t *peak) {
    char *path = path_join(folder, "summary.json");
    FileMap map;
    REQUIRE(file_map(&map, path, VOXPERT_BAD_INPUT, NULL) == VOXPERT_OK);
    const char *at = strstr((const char *)map.bytes, "\"memory_needed_bytes\": ");
    CHECK(at && sscanf(at, "\"memory_needed_bytes\": %zu,\n  \"memory_peak_bytes\": %zu", needed,
                       peak) == 2);
    file_unmap(&map);
    memory_free(path);
}

TEST(a_run_over_the_limit_of_memory_is_refused_with_the_table) {
    TrainOptions o = tiny_options(tiny_folder("limit"));
    Watch w = {0};
    Error error = {0};
    size_t needed = 0, peak = 0;
    must(&o, &w);
    read_memory(o.out, &needed, &peak);
    CHECK(needed > 0 && peak > 0);
    o = tiny_options(tiny_folder("limit"));
    o.max_memory = needed + ((size_t)32 << 20); /* the process has grown since */
    must(&o, &w);
    o = tiny_options(tiny_folder("limit"));
    o.max_memory = needed / 2;
    CHECK(go(&o, &w, &error) == VOXPERT_OUT_OF_MEMORY);
    static const char *const words[] = {"the run needs more than the limit of", "images and masks",
                                        "gradients and optimizer", "step"};
    for (int i = 0; i < 4; i++)
        check_report(strstr(error.message, words[i]) != NULL, __FILE__, __LINE__, "%s",
                     error.message);
    char *state = path_join(o.out, "state.safetensors");
    CHECK(!file_exists(state));
    memory_free(state);
}

TEST(memory_that_runs_out_anywhere_is_reported) {
    TrainOptions o = tiny_options(tiny_folder("memory"));
    o.steps = 1, o.shapes = 1, o.batch = 1, o.prompts.rounds = 1;
    Watch w = {0};
    memory_fail_at(0, false);
    size_t before = memory_requests();
    must(&o, &w);
    size_t all = memory_requests() - before, failed = 0;
    for (size_t n = 1; n < all; n += 1 + all / 150) {
        TrainOptions again = tiny_options(o.out);
        again.steps = o.steps, again.shapes = 1, again.batch = 1, again.prompts.rounds = 1;
        memory_fail_at(n, false);
        Error error = {0};
        Status status = go(&again, &w, &error);
        memory_fail_at(0, false);
        CHECK(status == VOXPERT_OK || status == VOXPERT_OUT_OF_MEMORY);
        failed += status == VOXPERT_OUT_OF_MEMORY && error.message[0];
    }
    check_report(failed > 100, __FILE__, __LINE__, "%zu of %zu requests", failed, all);
}

TEST(other_kernels_are_warned_of) {
    TrainOptions o = tiny_options(tiny_folder("kernels"));
    o.cpu = "portable";
    Watch w = {0};
    must(&o, &w);
    o.resume = true, o.steps = 8;
    must(&o, &w);
    CHECK(w.warnings == 0);
    o.cpu = "reference", o.steps = 9;
    must(&o, &w);
    CHECK(w.warnings == 1 && strstr(w.warned, "kernel set portable, and reference goes on"));
}

TEST(another_recipe_is_not_gone_on_with) {
    const char *out = tiny_folder("recipe");
    TrainOptions o = tiny_options(out);
    Watch w = {0};
    Error error = {0};
    must(&o, &w);
    CHECK(go(&o, &w, &error) == VOXPERT_BAD_OUTPUT && strcmp(error.field, "resume") == 0);
    o.resume = true;
    o.optimizer.lr = 3e-3;
    CHECK(go(&o, &w, &error) == VOXPERT_BAD_INPUT && strstr(error.message, "other options"));
}

/* ---- What is shown -------------------------------------------------------------------------- */

typedef struct Shown {
    char header[2000];
    size_t read, encoded, progress, interim;
    long first_step;
    bool stops; /* as soon as images are encoded */
} Shown;

static void show_header(void *context, const char *lines) {
    Shown *s = context;
    CHECK(s->progress == 0 && s->encoded == 0);
    snprintf(s->header, sizeof s->header, "%s", lines);
}

static void show_phase(void *context, const TrainPhase *p) {
    Shown *s = context;
    bool reads = strcmp(p->name, "reading") == 0;
    CHECK(p->done < p->all && (reads || strcmp(p->what, "image") == 0));
    s->read += reads;
    s->encoded += !reads;
}

static void show_progress(void *context, const TrainProgress *p) {
    Shown *s = context;
    if (s->progress++ == 0) s->first_step = p->row.step;
    s->interim += p->interim;
}

static bool stop_encoding(void *context) {
    const Shown *s = context;
    return s->stops && s->encoded > 1;
}

static Status go_shown(const TrainOptions *o, Shown *s, TrainResult *result) {
    TrainObserver observer = {.progress = show_progress,
                              .phase = show_phase,
                              .begin = show_header,
                              .stop = stop_encoding,
                              .context = s};
    return train_run(o, &observer, result, NULL);
}

static void check_header(const Shown *s, const char *words) {
    check_report(strstr(s->header, words) != NULL, __FILE__, __LINE__, "no \"%s\" in:\n%s", words,
                 s->header);
}

TEST(every_phase_is_shown_from_its_begin_and_so_is_the_first_step) {
    const char *out = tiny_folder("shown"), *data = check_small("data/2d/derm_ph2");
    TrainOptions o = tiny_options(out);
    TrainResult result;
    Shown s = {0};
    o.data = &data, o.folders = 1, o.shapes = 0, o.steps = 4;
    CHECK(go_shown(&o, &s, &result) == VOXPERT_OK);
    CHECK(s.read == 120 && s.encoded == 0);
    CHECK(s.first_step == 1 && s.interim >= 1);
    CHECK(result.written && !result.drawn && strstr(result.not_drawn, "too little to draw"));
    static const char *const words[] = {"derm_ph2: 84 images for training, 13 for validation, 23",
                                        "parameters are trained", "steps     4 of 4 samples",
                                        "memory ", "licence"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) check_header(&s, words[i]);
    check_header(&s, out);
}

TEST(a_run_that_ends_before_its_first_step_names_no_model) {
    const char *first = tiny_folder("small"), *out = tiny_folder("early");
    TrainOptions o = tiny_options(first);
    TrainResult result;
    Watch w = {0};
    Shown s = {.stops = true};
    must(&o, &w);
    char *base = path_join(first, "model.safetensors");
    char *model = path_join(out, "model.safetensors");
    o = tiny_options(out);
    CHECK(settings_recipe(&o, "segmote", NULL) == VOXPERT_OK);
    o.config = NULL, o.base = base;
    CHECK(go_shown(&o, &s, &result) == VOXPERT_OK);
    CHECK(s.encoded == 2 && result.interrupted && !result.written && result.steps == 0);
    CHECK(!file_exists(model));
    memory_free(base);
    memory_free(model);
}

/* A validation at a step that is due for a report is its report. */
TEST(a_step_is_reported_once) {
    const char *out = tiny_folder("once"), *data = check_small("data/2d/micro_wbc");
    TrainOptions o = tiny_options(out);
    Watch w = {0};
    o.data = &data, o.folders = 1, o.shapes = 0;
    o.steps = 20, o.validate_every = 20, o.validate_most = 2;
    must(&o, &w);
    History h;
    CHECK(history_open(&h, out, NULL, 1000, NULL) == VOXPERT_OK);
    CHECK(h.count == 1 && h.row[0].step == 20 && h.row[0].validated && h.row[0].loss > 0.0);
    history_close(&h);
}

TEST(a_rate_that_is_not_reached_is_a_warning) {
    TrainOptions o = tiny_options(tiny_folder("slow"));
    Watch w = {0};
    o.warm_up = 200.0;
    must(&o, &w);
    CHECK(w.warnings == 1 && strstr(w.warned, "warms up over 200 steps and the run has 6"));
}

/* ---- Ways of training ------------------------------------------------------------------- */

TEST(sam_med2d_s_scheme_runs_with_its_own_steps) {
    const char *out = tiny_folder("med2d");
    TrainOptions o = tiny_options(out);
    CHECK(settings_scheme(&o, "sam-med2d", NULL) == VOXPERT_OK);
    CHECK(o.prompts.rounds == 9 && o.share == 5 && o.batch == 10);
    o.steps = 2;
    o.trains = 0; /* the tiny model has no adapters */
    Watch w = {0};
    must(&o, &w);
    Checkpoint *c = tiny_open(out, "state.safetensors");
    long step = 0, updates = 0;
    CHECK(sscanf(checkpoint_metadata(c, "position"), "%ld %ld", &step, &updates) == 2);
    CHECK(step == 2 && updates == 18);
    checkpoint_close(c);
}

TEST(the_most_clicks_and_the_fewest_have_room) {
    TrainOptions o = tiny_options(tiny_folder("clicks"));
    o.prompts.rounds = 8, o.prompts.most_points = 9; /* 64 at once */
    o.steps = 8, o.batch = 2;
    Watch w = {0};
    must(&o, &w);
    o = tiny_options(tiny_folder("clicks"));
    CHECK(settings_scheme(&o, "sam-med2d", NULL) == VOXPERT_OK);
    o.trains = 0, o.steps = 2, o.prompts.most_points = 1; /* the scheme's own counts stand */
    must(&o, &w);
}

TEST(shared_pictures_and_accumulation_run) {
    TrainOptions o = tiny_options(tiny_folder("share"));
    o.share = 2, o.accumulate = 2, o.steps = 2;
    Watch w = {0};
    must(&o, &w);
}

TEST(nonsense_is_refused_in_a_sentence) {
    TrainOptions o = tiny_options(tiny_folder("nonsense"));
    Watch w = {0};
    Error error = {0};
    o.loss_side = 24;
    CHECK(go(&o, &w, &error) == VOXPERT_BAD_ARGUMENT && strstr(error.message, "loss-side 24"));
    o = tiny_options(tiny_folder("nonsense"));
    o.shapes = 0;
    CHECK(go(&o, &w, &error) == VOXPERT_BAD_INPUT && strstr(error.message, "no object"));
    o = tiny_options(tiny_folder("nonsense"));
    o.prompts.rounds = 12, o.prompts.most_points = 6;
    CHECK(go(&o, &w, &error) == VOXPERT_BAD_ARGUMENT && strstr(error.message, "67 clicks"));
    o = tiny_options(tiny_folder("nonsense"));
    static const char *const all[] = {"*"};
    o.freeze = all, o.freezes = 1;
    CHECK(go(&o, &w, &error) == VOXPERT_BAD_ARGUMENT && strstr(error.message, "no parameter"));
}

TEST(a_loss_that_is_not_finite_ends_the_run_and_keeps_the_checkpoint) {
    const char *out = tiny_folder("nan");
    TrainOptions o = tiny_options(out);
    o.steps = 60;
    o.warm_up = 0.0;
    o.optimizer.lr = 1e30, o.optimizer.clip = 0.0;
    o.checkpoint_minutes = 1e-9;
    Watch w = {0};
    Error error = {0};
    CHECK(go(&o, &w, &error) == VOXPERT_BAD_INPUT && strstr(error.message, "no longer finite"));
    char *path = path_join(out, "state.safetensors");
    CHECK(path && file_exists(path));
    memory_free(path);
}

TEST(a_gradient_that_is_not_finite_ends_the_run_too) {
    TrainOptions o = tiny_options(tiny_folder("steep"));
    o.loss.dice = 1e37f;
    Watch w = {0};
    Error error = {0};
    CHECK(go(&o, &w, &error) == VOXPERT_BAD_INPUT);
    check_report(strstr(error.message, "gradient is no longer finite") != NULL, __FILE__, __LINE__,
                 "said: %s", error.message);
}

/* ---- Measuring -------------------------------------------------------------------------- */

static char *measure(const TrainOptions *o) {
    Text t = {0};
    Error error = {0};
    Status status = train_measure(o, 2, &t, &(Warnings){0}, &error);
    check_report(status == VOXPERT_OK, __FILE__, __LINE__, "measuring: %s", error.message);
    return t.chars;
}

TEST(what_is_in_no_part_is_not_measured) {
    const char *out = tiny_folder("nothing");
    TrainOptions o = tiny_options(out);
    Watch w = {0};
    must(&o, &w);
    char *model = path_join(out, "model.safetensors");
    o.base = model;
    Text t = {0};
    Error error = {0};
    CHECK(train_measure(&o, 2, &t, &(Warnings){0}, &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "no object in that part") && t.length == 0);
    text_free(&t);
    memory_free(model);
}

TEST(a_model_is_validated_and_measured_with_the_zoom_that_its_file_names) {
    const char *out = tiny_folder("zoom"), *data = check_small("data/2d/micro_wbc");
    TrainOptions o = tiny_options(out);
    o.data = &data, o.folders = 1;
    o.validate_every = 3, o.validate_most = 4;
    o.zoom = 3.5;
    Watch w = {0};
    must(&o, &w);
    CHECK(w.validations == 2 && w.warnings == 0);
    char *model = path_join(out, "model.safetensors");
    o.base = model;
    char *own = measure(&o);
    CHECK(settings_apply(&o, "zoom=1.25", NULL) == VOXPERT_OK);
    char *other = measure(&o);
    CHECK(settings_apply(&o, "zoom=3.5", NULL) == VOXPERT_OK);
    char *same = measure(&o);
    CHECK(own && other && same && strcmp(own, same) == 0 && strcmp(own, other) != 0);
    memory_free(model);
    memory_free(own);
    memory_free(other);
    memory_free(same);
}
