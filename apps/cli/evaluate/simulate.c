#include "cli/evaluate/simulate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <voxpert/evaluate.h>

#include "cli/common/claims.h"
#include "cli/common/error.h"
#include "cli/common/interrupt.h"
#include "cli/common/journal.h"
#include "cli/common/outputs.h"
#include "cli/common/progress.h"
#include "cli/evaluate/simulate_flag.h"
#include "cli/segment/folder.h"

typedef struct Simulate {
    Common *common;
    Engine *engine;
    EngineOptions model;
    VoxpertSimulationOptions options;
    VoxpertSimulation *cases;
    const char *word, *output; /* of --simulate and --output */
    char *report;
    bool overwrite, resume;
    int zoom, done, skipped, empty;
    size_t warned;             /* characters of the simulation's warnings that were printed */
    json_t *of_files, *of_all; /* warnings before the first case: about a file, about none */
    Journal journal;
    Progress progress;
} Simulate;

/* ---- Flags ------------------------------------------------------------------------------ */

static VoxpertStatus only_ours(const Options *o, VoxpertError *error) {
    static const char *const ours[] = {
        "--data",      "--part",       "--simulate", "--output", "--model",   "--base",
        "--preset",    "--strict",     "--vocab",    "--most",   "--zoom",    "--no-zoom",
        "--overwrite", "--resume",     "--json",     "--quiet",  "--verbose", "--progress",
        "--threads",   "--max-memory", "--cpu",      NULL};
    for (int i = 0; i < o->count; i++) {
        int k = 0;
        while (ours[k] && strcmp(ours[k], o->item[i].rule->name) != 0) k++;
        if (!ours[k])
            return error_say(error, VOXPERT_BAD_ARGUMENT, "%s does not go with --data",
                             o->item[i].rule->name);
    }
    if (options_has(o, "--resume") && options_has(o, "--overwrite"))
        return error_say(error, VOXPERT_BAD_ARGUMENT,
                         "--resume and --overwrite exclude each other");
    return VOXPERT_OK;
}

static VoxpertStatus take_flags(Simulate *s, const Options *o, VoxpertError *error) {
    s->options.data = options_value(o, "--data");
    s->word = options_has(o, "--simulate") ? options_value(o, "--simulate") : "box";
    s->output = options_value(o, "--output");
    s->overwrite = options_has(o, "--overwrite");
    s->resume = options_has(o, "--resume");
    VoxpertStatus status = only_ours(o, error);
    if (!status) status = simulate_flags(&s->options, o, error);
    if (!status && !s->output)
        status = error_say(error, VOXPERT_BAD_ARGUMENT, "--output is needed: the folder for masks");
    if (!status) s->report = cli_text("%s/report.jsonl", s->output);
    if (!status) status = engine_flags(&s->model, o, error);
    return status ? status : zoom_flags(&s->zoom, o, error);
}

/* ---- Warnings --------------------------------------------------------------------------- */

static bool begins(const char *sentence, const char *path) {
    size_t length = path ? strlen(path) : 0;
    return length && strncmp(sentence, path, length) == 0 && sentence[length] == ':';
}

static bool is_of_a_file(const Simulate *s, const char *sentence) {
    const char *file;
    size_t i = 0;
    while ((file = voxpert_simulation_file(s->cases, i)) && !begins(sentence, file)) i++;
    return file != NULL;
}

/* What was odd before the first case, as far as it concerns this one. */
static json_t *warnings_of_case(const Simulate *s, const VoxpertSimulatedCase *c) {
    json_t *own = json_copy(s->of_all), *item;
    size_t index;
    json_array_foreach(s->of_files, index, item) {
        const char *sentence = json_string_value(item);
        if (begins(sentence, c->file) || begins(sentence, c->label_file))
            json_array_append(own, item);
    }
    return own;
}

/* Prints what is new among the simulation's warnings, and adds it to `into`. */
static void take_warnings(Simulate *s, json_t *into) {
    const char *line = voxpert_simulation_warnings(s->cases) + s->warned;
    while (*line) {
        size_t length = strcspn(line, "\n");
        char *sentence = cli_text("%.*s", (int)length, line);
        common_warn(s->common, "%s", sentence);
        json_array_append_new(into, json_words(sentence));
        free(sentence);
        s->warned += length + 1;
        line += length + 1;
    }
}

static void take_opening(Simulate *s) {
    json_t *all = json_array(), *item;
    size_t index;
    take_warnings(s, all);
    json_array_foreach(all, index, item)
        json_array_append(is_of_a_file(s, json_string_value(item)) ? s->of_files : s->of_all, item);
    json_decref(all);
}

/* ---- One case --------------------------------------------------------------------------- */

/* SET/CASE or SET/CASE/k12 becomes CASE or CASE_k12 in the folder. */
static char *mask_path(const Simulate *s, const VoxpertSimulatedCase *c) {
    const char *name = strchr(c->name, '/');
    char *path =
        cli_text("%s/%s%s", s->output, name ? name + 1 : c->name, c->axis ? ".nii.gz" : ".png");
    for (char *p = path + strlen(s->output) + 1; *p; p++)
        if (*p == '/') *p = '_';
    return path;
}

/* All that a mask depends on. */
static json_t *inputs_json(const Simulate *s, size_t index) {
    char content[65];
    const json_t *about = engine_about(s->engine);
    voxpert_simulation_content(s->cases, index, content);
    return json_pack("{s:s, s:s, s:b, s:s, s:O?, s:O?, s:O?, s:O?}", "content", content, "simulate",
                     s->word, "zoom", voxpert_simulation_zooms(s->cases), "version",
                     voxpert_version(), "model", json_object_get(about, "identity"),
                     "configuration", json_object_get(about, "configuration_sha256"), "preset",
                     json_object_get(about, "preset"), "kernels",
                     json_object_get(about, "kernels"));
}

/* As an object of a prompts file. */
static json_t *target_json(const VoxpertSimulatedTarget *t) {
    const VoxpertBox *b = &t->box;
    json_t *json = json_pack("{s:I}", "value", (json_int_t)t->label), *points = json_array();
    for (int i = 0; i < t->point_count; i++)
        json_array_append_new(points,
                              json_pack("{s:[f, f], s:b}", "p", (double)t->points[i].x,
                                        (double)t->points[i].y, "positive", t->points[i].inside));
    if (t->has_box)
        json_object_set_new(json, "boxes",
                            json_pack("[[f, f, f, f]]", (double)b->x0, (double)b->y0, (double)b->x1,
                                      (double)b->y1));
    if (t->point_count) json_object_set(json, "points", points);
    if (t->class_name) json_object_set_new(json, "class", json_words(t->class_name));
    json_decref(points);
    return json;
}

static json_t *prompts_json(const Simulate *s) {
    VoxpertSimulatedTarget target;
    json_t *objects = json_array();
    for (size_t i = 0; voxpert_simulation_target(s->cases, i, &target); i++)
        json_array_append_new(objects, target_json(&target));
    return json_pack("{s:s, s:o}", "simulate", s->word, "objects", objects);
}

static json_t *line_of(const Simulate *s, size_t index, const char *mask, size_t area,
                       json_t *warnings) {
    VoxpertSimulatedCase c = voxpert_simulation_case(s->cases, index);
    json_t *image = json_pack("{s:o, s:i, s:i}", "file", json_words(c.file), "width", c.width,
                              "height", c.height);
    char slice[16] = "";
    if (c.axis) snprintf(slice, sizeof slice, "%c:%d", c.axis, c.slice);
    if (c.axis) json_object_set_new(image, "slice", json_string(slice));
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:I, s:{s:o}, s:O, s:O, s:o}", "status",
                     "done", "version", voxpert_version(), "case", json_words(c.name), "image",
                     image, "prompts", prompts_json(s), "protocol",
                     json_words(voxpert_simulation_protocol(s->cases)), "area", (json_int_t)area,
                     "outputs", "mask", json_words(mask), "model", engine_about(s->engine),
                     "warnings", warnings, "inputs", inputs_json(s, index));
}

/* Writes the mask, and its hash into the line. */
static VoxpertStatus write_mask(const VoxpertSimulatedCase *c, const uint16_t *labels,
                                const char *path, json_t *line, VoxpertError *error) {
    VoxpertFileOptions options = {.slice_axis = c->axis, .slice = c->slice};
    VoxpertImageFile *file = NULL;
    Outputs outputs = {0};
    char hash[65];
    const char *staged = outputs_stage(&outputs, path);
    VoxpertStatus status = voxpert_image_file_open(&file, c->file, &options, error);
    if (!status) status = voxpert_labels_write(file, labels, staged, error);
    if (!status) status = voxpert_file_hash(staged, hash, error);
    voxpert_image_file_close(file);
    if (!status) {
        json_object_set_new(line, "output_sha256", json_pack("{s:s}", "mask", hash));
        return outputs_commit(&outputs, error);
    }
    outputs_explain(&outputs, error);
    outputs_drop(&outputs);
    return status;
}

/* The label map of a case; `*area`: its pixels that are not 0. */
static VoxpertStatus predict(Simulate *s, size_t index, uint16_t *labels, size_t *area,
                             VoxpertError *error) {
    VoxpertSimulatedCase c = voxpert_simulation_case(s->cases, index);
    size_t pixels = (size_t)c.width * (size_t)c.height;
    uint32_t *found = cli_new(pixels, sizeof *found);
    VoxpertStatus status = voxpert_simulation_predict(s->cases, index, found, error);
    *area = 0;
    for (size_t i = 0; !status && i < pixels; i++) {
        *area += found[i] != 0;
        labels[i] = (uint16_t)found[i];
        if (found[i] > UINT16_MAX)
            status = error_say(error, VOXPERT_BAD_INPUT, "%s: its label %u is above 65535", c.name,
                               (unsigned)found[i]);
    }
    free(found);
    return status;
}

static void warn_of_nothing(Simulate *s, const VoxpertSimulatedCase *c, json_t *warnings) {
    char *sentence = cli_text("%s: nothing was found, its mask has no pixel", c->file);
    common_warn(s->common, "%s", sentence);
    json_array_append_new(warnings, json_words(sentence));
    free(sentence);
}

static VoxpertStatus do_case(Simulate *s, size_t index, const char *path, VoxpertError *error) {
    VoxpertSimulatedCase c = voxpert_simulation_case(s->cases, index);
    size_t area = 0;
    uint16_t *labels = cli_new((size_t)c.width * (size_t)c.height, sizeof *labels);
    json_t *warnings = warnings_of_case(s, &c), *line = NULL;
    VoxpertStatus status = journal_drop(&s->journal, (int)index, error);
    if (!status) status = predict(s, index, labels, &area, error);
    if (!status) {
        take_warnings(s, warnings);
        engine_take_warnings(s->engine, warnings);
        if (!area) warn_of_nothing(s, &c, warnings);
        line = line_of(s, index, path, area, warnings);
        status = write_mask(&c, labels, path, line, error);
    }
    if (!status) {
        journal_set(&s->journal, (int)index, json_incref(line));
        s->done++;
        status = journal_flush(&s->journal, false, error);
    }
    json_decref(line);
    json_decref(warnings);
    free(labels);
    return status;
}

/* ---- Beforehand ------------------------------------------------------------------------- */

/* No output is there that a run did not begin. */
static VoxpertStatus check_new(const Simulate *s, char *const *paths, VoxpertError *error) {
    bool begun = access(s->report, F_OK) == 0;
    if (s->overwrite || (begun && s->resume)) return VOXPERT_OK;
    if (begun)
        return error_say(error, VOXPERT_BAD_OUTPUT,
                         "%s: is there already; --resume goes on with its run, --overwrite begins "
                         "anew and replaces its results",
                         s->report);
    VoxpertStatus status = VOXPERT_OK;
    for (size_t i = 0; !status && i < voxpert_simulation_cases(s->cases); i++)
        status = output_is_new(paths[i], false, error);
    return status;
}

/* No output is named twice, and none is a file that was read. */
static VoxpertStatus check_claims(const Simulate *s, char *const *paths, VoxpertError *error) {
    const char *file;
    Claims claims = {0};
    claims_read(&claims, s->model.model);
    claims_read(&claims, s->model.base);
    claims_read(&claims, s->model.vocab);
    for (size_t i = 0; (file = voxpert_simulation_file(s->cases, i)); i++)
        claims_read(&claims, file);
    claims_write(&claims, "--output", s->report, "the report");
    for (size_t i = 0; i < voxpert_simulation_cases(s->cases); i++)
        claims_write(&claims, "--output", paths[i], voxpert_simulation_case(s->cases, i).name);
    VoxpertStatus status = claims_check(&claims, error);
    claims_free(&claims);
    return status;
}

/* ---- Resuming --------------------------------------------------------------------------- */

/* Why a case's mask is not what this run would make; NULL: it is. */
static const char *difference(const json_t *before, const json_t *now) {
    static const char *const reason[][2] = {
        {"content", "its image, its labels, its part or an option of its data set has changed"},
        {"simulate", "other prompts were simulated"},
        {"zoom", "the model saw whole images, or crops, the other way round"},
        {"version", "another version of the program made it"},
        {"model", "another model made it"},
        {"configuration", "the model had another configuration"},
        {"preset", "images were prepared for the model by another preset"},
        {"kernels", "another kernel set computed it"}};
    if (!json_is_object(before)) return "the report does not record what its mask was made of";
    for (size_t i = 0; i < sizeof reason / sizeof *reason; i++) {
        if (!json_equal(json_object_get(before, reason[i][0]), json_object_get(now, reason[i][0])))
            return reason[i][1];
    }
    return NULL;
}

static VoxpertStatus refuse(const Simulate *s, const char *name, const char *why,
                            VoxpertError *error) {
    return error_say(error, VOXPERT_BAD_INPUT,
                     "%s: the run that it reports cannot be resumed: case %s: %s; --overwrite "
                     "begins anew",
                     s->report, name, why);
}

/* One report is of one protocol: a case that is not what it was ends the run before any work. */
static VoxpertStatus check_unchanged(const Simulate *s, VoxpertError *error) {
    json_t *now = json_object(), *line;
    const char *protocol = voxpert_simulation_protocol(s->cases), *name;
    VoxpertStatus status = VOXPERT_OK;
    for (size_t i = 0; i < voxpert_simulation_cases(s->cases); i++)
        json_object_set_new(now, voxpert_simulation_case(s->cases, i).name, inputs_json(s, i));
    json_object_foreach(s->journal.old, name, line) {
        const json_t *inputs = json_object_get(now, name);
        const char *why = inputs ? difference(json_object_get(line, "inputs"), inputs)
                                 : "it is not among the cases of this run";
        if (!status && why) status = refuse(s, name, why, error);
    }
    json_object_foreach(s->journal.old, name, line) {
        const char *then = json_string_value(json_object_get(line, "protocol"));
        if (!status && (!then || strcmp(then, protocol) != 0))
            status = refuse(s, name, "it was one of another choice of cases", error);
    }
    json_decref(now);
    return status;
}

/* ---- All of them ------------------------------------------------------------------------ */

/* What is not in the report yet is done again, so only what the file holds is promised. */
static void note_progress(const Simulate *s, size_t count) {
    int done = s->done + s->skipped;
    if (s->journal.current && done)
        interrupt_note(s->common->verb, "interrupted: %d of %zu cases are done; --resume goes on",
                       done, count);
    else if (s->journal.current)
        interrupt_note(s->common->verb,
                       "interrupted: none of %zu cases is done; --resume begins with the first",
                       count);
}

static VoxpertStatus do_all(Simulate *s, char *const *paths, VoxpertError *error) {
    size_t count = voxpert_simulation_cases(s->cases);
    s->progress = progress_begin(s->common, "cases", count);
    for (size_t i = 0; i < count; i++)
        journal_keep(&s->journal, (int)i, voxpert_simulation_case(s->cases, i).name);
    VoxpertStatus status = journal_flush(&s->journal, true, error);
    for (size_t i = 0; !status && i < count; i++) {
        const char *name = voxpert_simulation_case(s->cases, i).name;
        note_progress(s, count);
        if (s->journal.line[i] && journal_intact(&s->journal, (int)i, "mask", paths[i], s->common))
            s->progress.skipped = (size_t)++s->skipped;
        else
            status = do_case(s, i, paths[i], error);
        if (!status) progress_tell(&s->progress, i + 1, name);
    }
    progress_end(&s->progress);
    interrupt_forget();
    if (!status) return journal_flush(&s->journal, true, error);
    VoxpertError first = *error;
    bool safe = s->journal.current || !journal_flush(&s->journal, true, error);
    return error_say(error, status, "%s; %d of %zu cases are done%s",
                     common_message(s->common, &first), s->done + s->skipped, count,
                     safe ? ", and --resume goes on" : "; --resume goes on from the last report");
}

static void summarize(Simulate *s) {
    int count = (int)voxpert_simulation_cases(s->cases);
    const char *protocol = voxpert_simulation_protocol(s->cases);
    for (int i = 0; i < count; i++)
        s->empty += json_integer_value(json_object_get(s->journal.line[i], "area")) == 0;
    if (s->common->json) {
        common_report(s->common,
                      json_pack("{s:i, s:i, s:i, s:i, s:o, s:o, s:O}", "cases", count, "done",
                                s->done, "skipped", s->skipped, "empty", s->empty, "protocol",
                                json_words(protocol), "report", json_words(s->journal.path),
                                "model", engine_about(s->engine)));
    } else if (!s->common->quiet) {
        printf("%s\n%d case%s: %d done, %d skipped", protocol, count, count == 1 ? "" : "s",
               s->done, s->skipped);
        if (s->empty) printf(", %d empty", s->empty);
        printf("; %s\n", cli_shown(s->journal.path));
    }
}

static VoxpertStatus work(Simulate *s, char *const *paths, VoxpertError *error) {
    VoxpertStatus status = check_claims(s, paths, error);
    if (!status) status = check_new(s, paths, error);
    if (!status) status = engine_open(s->engine, s->common, &s->model, error);
    if (!status) status = voxpert_simulation_model(s->cases, s->engine->model, s->zoom, error);
    if (status) return status;
    take_opening(s);
    journal_open(&s->journal, s->report, (int)voxpert_simulation_cases(s->cases));
    if (s->resume) journal_read(&s->journal);
    status = check_unchanged(s, error);
    if (!status) status = output_folder_make(s->output, error);
    if (!status && s->resume) outputs_sweep(s->output);
    if (!status) status = do_all(s, paths, error);
    if (!status) summarize(s);
    return status;
}

VoxpertStatus simulate_run(Common *common, const Options *options, Engine *engine,
                           VoxpertError *error) {
    Simulate s = {
        .common = common, .engine = engine, .of_files = json_array(), .of_all = json_array()};
    VoxpertStatus status = take_flags(&s, options, error);
    if (!status) status = voxpert_simulation_open(&s.cases, &s.options, error);
    size_t count = voxpert_simulation_cases(s.cases);
    char **paths = cli_new(count, sizeof *paths);
    for (size_t i = 0; i < count; i++) {
        VoxpertSimulatedCase c = voxpert_simulation_case(s.cases, i);
        paths[i] = mask_path(&s, &c);
    }
    if (!status) status = work(&s, paths, error);
    for (size_t i = 0; i < count; i++) free(paths[i]);
    free(paths);
    journal_free(&s.journal);
    voxpert_simulation_close(s.cases);
    json_decref(s.of_files);
    json_decref(s.of_all);
    free(s.report);
    return status;
}
