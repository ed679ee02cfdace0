#include "cli/simulate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <voxpert/evaluate.h>

#include "cli/claims.h"
#include "cli/error.h"
#include "cli/folder.h"
#include "cli/interrupt.h"
#include "cli/journal.h"
#include "cli/outputs.h"
#include "cli/progress.h"
#include "cli/simulate_flag.h"

typedef struct Simulate {
    Common *common;
    Engine *engine;
    EngineOptions model;
    VoxpertSimulationOptions options;
    VoxpertSimulation *cases;
    const char *word, *output; /* of --simulate and --output */
    bool overwrite;
    int zoom;
    Journal journal;
} Simulate;

/* ---- Flags ------------------------------------------------------------------------------ */

static VoxpertStatus only_ours(const Options *o, VoxpertError *error) {
    static const char *const ours[] = {
        "--data",       "--part",   "--simulate", "--output",  "--model",    "--base",
        "--preset",     "--strict", "--vocab",    "--most",    "--zoom",     "--no-zoom",
        "--overwrite",  "--json",   "--quiet",    "--verbose", "--progress", "--threads",
        "--max-memory", "--cpu",    NULL};
    for (int i = 0; i < o->count; i++) {
        int k = 0;
        while (ours[k] && strcmp(ours[k], o->item[i].rule->name) != 0) k++;
        if (!ours[k])
            return error_say(error, VOXPERT_BAD_ARGUMENT, "%s does not go with --data",
                             o->item[i].rule->name);
    }
    return VOXPERT_OK;
}

static VoxpertStatus take_flags(Simulate *s, const Options *o, VoxpertError *error) {
    s->options.data = options_value(o, "--data");
    s->word = options_has(o, "--simulate") ? options_value(o, "--simulate") : "box";
    s->output = options_value(o, "--output");
    s->overwrite = options_has(o, "--overwrite");
    VoxpertStatus status = only_ours(o, error);
    if (!status) status = simulate_flags(&s->options, o, error);
    if (!status && !s->output)
        status = error_say(error, VOXPERT_BAD_ARGUMENT, "--output is needed: the folder for masks");
    if (!status) status = engine_flags(&s->model, o, error);
    return status ? status : zoom_flags(&s->zoom, o, error);
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

static json_t *line_of(const Simulate *s, const VoxpertSimulatedCase *c, const char *mask,
                       size_t area) {
    json_t *image = json_pack("{s:o, s:i, s:i}", "file", json_words(c->file), "width", c->width,
                              "height", c->height);
    char slice[16] = "";
    if (c->axis) snprintf(slice, sizeof slice, "%c:%d", c->axis, c->slice);
    if (c->axis) json_object_set_new(image, "slice", json_string(slice));
    return json_pack("{s:s, s:s, s:o, s:o, s:{s:s, s:i, s:o}, s:I, s:{s:o}, s:O}", "status", "done",
                     "version", voxpert_version(), "case", json_words(c->name), "image", image,
                     "prompts", "simulate", s->word, "objects", c->objects, "protocol",
                     json_words(voxpert_simulation_protocol(s->cases)), "area", (json_int_t)area,
                     "outputs", "mask", json_words(mask), "model", engine_about(s->engine));
}

static VoxpertStatus write_mask(const VoxpertSimulatedCase *c, const uint16_t *labels,
                                const char *path, VoxpertError *error) {
    VoxpertFileOptions options = {.slice_axis = c->axis, .slice = c->slice};
    VoxpertImageFile *file = NULL;
    Outputs outputs = {0};
    VoxpertStatus status = voxpert_image_file_open(&file, c->file, &options, error);
    if (!status) status = voxpert_labels_write(file, labels, outputs_stage(&outputs, path), error);
    voxpert_image_file_close(file);
    if (!status) return outputs_commit(&outputs, error);
    outputs_explain(&outputs, error);
    outputs_drop(&outputs);
    return status;
}

static VoxpertStatus do_case(Simulate *s, size_t index, VoxpertError *error) {
    VoxpertSimulatedCase c = voxpert_simulation_case(s->cases, index);
    size_t pixels = (size_t)c.width * (size_t)c.height, area = 0;
    uint32_t *found = cli_new(pixels, sizeof *found);
    uint16_t *labels = cli_new(pixels, sizeof *labels);
    char *path = mask_path(s, &c);
    VoxpertStatus status = voxpert_simulation_predict(s->cases, index, found, error);
    for (size_t i = 0; !status && i < pixels; i++) {
        area += found[i] != 0;
        labels[i] = (uint16_t)found[i];
        if (found[i] > UINT16_MAX)
            status = error_say(error, VOXPERT_BAD_INPUT, "%s: its label %u is above 65535", c.name,
                               (unsigned)found[i]);
    }
    if (!status) status = write_mask(&c, labels, path, error);
    if (!status && !area)
        common_warn(s->common, "%s: nothing was found, its mask has no pixel", c.file);
    if (!status) journal_set(&s->journal, (int)index, line_of(s, &c, path, area));
    if (!status) status = journal_flush(&s->journal, false, error);
    free(path);
    free(labels);
    free(found);
    return status;
}

/* ---- All of them ------------------------------------------------------------------------ */

/* No output is there, none is named twice, and none is an image of the data set. */
static VoxpertStatus check_new(const Simulate *s, const char *report, VoxpertError *error) {
    size_t count = voxpert_simulation_cases(s->cases);
    char **paths = cli_new(count, sizeof *paths);
    Claims claims = {0};
    VoxpertStatus status = output_is_new(report, s->overwrite, error);
    claims_write(&claims, "--output", report, "report.jsonl");
    for (size_t i = 0; !status && i < count; i++) {
        VoxpertSimulatedCase c = voxpert_simulation_case(s->cases, i);
        paths[i] = mask_path(s, &c);
        status = output_is_new(paths[i], s->overwrite, error);
        claims_read(&claims, c.file);
        claims_write(&claims, "--output", paths[i], c.name);
    }
    if (!status) status = claims_check(&claims, error);
    claims_free(&claims);
    for (size_t i = 0; i < count; i++) free(paths[i]);
    free(paths);
    return status;
}

static VoxpertStatus do_all(Simulate *s, VoxpertError *error) {
    size_t count = voxpert_simulation_cases(s->cases);
    Progress progress = progress_begin(s->common, "cases", count);
    VoxpertStatus status = VOXPERT_OK;
    for (size_t i = 0; !status && i < count; i++) {
        interrupt_note(s->common->verb, "interrupted: %zu of %zu cases are done", i, count);
        status = do_case(s, i, error);
        if (!status) progress_tell(&progress, i + 1, voxpert_simulation_case(s->cases, i).name);
    }
    progress_end(&progress);
    interrupt_forget();
    return status ? status : journal_flush(&s->journal, true, error);
}

static void summarize(const Simulate *s) {
    int count = (int)voxpert_simulation_cases(s->cases);
    const char *protocol = voxpert_simulation_protocol(s->cases);
    if (s->common->json)
        common_report(s->common,
                      json_pack("{s:i, s:o, s:o, s:O}", "cases", count, "protocol",
                                json_words(protocol), "report", json_words(s->journal.path),
                                "model", engine_about(s->engine)));
    else if (!s->common->quiet)
        printf("%s\n%d case%s; %s\n", protocol, count, count == 1 ? "" : "s", s->journal.path);
}

VoxpertStatus simulate_run(Common *common, const Options *options, Engine *engine,
                           VoxpertError *error) {
    Simulate s = {.common = common, .engine = engine};
    VoxpertStatus status = take_flags(&s, options, error);
    char *report = s.output ? cli_text("%s/report.jsonl", s.output) : NULL;
    if (!status) status = voxpert_simulation_open(&s.cases, &s.options, error);
    if (!status) status = check_new(&s, report, error);
    if (!status) status = engine_open(engine, common, &s.model, error);
    if (!status) status = voxpert_simulation_model(s.cases, engine->model, s.zoom, error);
    if (!status) status = output_folder_make(s.output, error);
    if (!status) {
        journal_open(&s.journal, report, (int)voxpert_simulation_cases(s.cases));
        status = do_all(&s, error);
    }
    if (!status) summarize(&s);
    journal_free(&s.journal);
    voxpert_simulation_close(s.cases);
    free(report);
    return status;
}
