/* The cases of a folder: which, in what order, already done or not; and their report. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/common/error.h"
#include "cli/common/interrupt.h"
#include "cli/common/journal.h"
#include "cli/common/outputs.h"
#include "cli/common/paths.h"
#include "cli/common/progress.h"
#include "cli/segment/case.h"
#include "cli/segment/folder.h"
#include "cli/segment/report_csv.h"
#include "cli/segment/routing_text.h"

typedef struct Item {
    char *image, *name;         /* path, and name in the folder */
    VoxpertPromptsEntry *entry; /* NULL: everything */
    char *path[CASE_OUTPUTS];   /* of its outputs */
    bool current;               /* what the journal says of it is of these inputs */
} Item;

typedef struct Run {
    Job *job;
    Engine *engine;
    Item *item;
    int count, done, skipped, failed;
    Journal journal;
    Progress progress;
    char vocab[65]; /* hash of the vocabulary's file; "": there is none */
} Run;

/* ---- Cases ------------------------------------------------------------------------------ */

static char *output_of(const char *folder, const char *stem, const char *extension) {
    return folder ? cli_text("%s/%s%s", folder, stem, extension) : NULL;
}

static void add_item(Run *run, const char *name, VoxpertPromptsEntry *entry) {
    const Paths *p = &run->job->paths;
    cli_grow(&run->item, (size_t)run->count, sizeof *run->item);
    char *stem = case_stem(name);
    run->item[run->count++] =
        (Item){.image = cli_text("%s/%s", run->job->input, name),
               .name = cli_text("%s", name),
               .entry = entry,
               .path = {output_of(p->mask, stem, name_is_nifti(name) ? ".nii.gz" : ".png"),
                        output_of(p->logits, stem, ".npy"), output_of(p->probability, stem, ".npy"),
                        output_of(p->low_res, stem, ".npy"), output_of(p->overlay, stem, ".png"),
                        output_of(p->rle, stem, ".json")}};
    free(stem);
}

/* Images that nobody asks about may be a misspelt name. */
static void warn_of_others(const Run *run, char **names, int count) {
    if (run->job->everything) return;
    json_t *asked = json_object();
    int others = 0;
    const char *first = NULL;
    for (int i = 0; i < run->count; i++) json_object_set_new(asked, run->item[i].name, json_true());
    for (int i = 0; i < count; i++) {
        if (json_object_get(asked, names[i])) continue;
        if (!others++) first = names[i];
    }
    json_decref(asked);
    if (others)
        common_warn(&run->job->common, "%s: has no prompts for %d image%s of %s, such as %s",
                    voxpert_prompts_name(run->job->prompts), others, others == 1 ? "" : "s",
                    run->job->input, first);
}

static VoxpertStatus list_cases(Run *run, VoxpertError *error) {
    VoxpertPrompts *prompts = run->job->prompts;
    VoxpertPromptsEntry *entry;
    char **names = NULL;
    int count = 0;
    for (int i = 0; (entry = voxpert_prompts_entry(prompts, i)); i++) {
        if (!entry->image)
            return error_say(error, VOXPERT_BAD_INPUT, "%s: does not say its \"image\"",
                             voxpert_prompts_name(prompts));
        VoxpertFileOptions file = run->job->file;
        VoxpertStatus slice = voxpert_prompts_slice(prompts, entry, &file, error);
        if (slice) return slice;
        add_item(run, entry->image, entry);
    }
    VoxpertStatus status = folder_images(&names, &count, run->job->input, error);
    for (int i = 0; run->job->everything && i < count; i++) add_item(run, names[i], NULL);
    if (!status) warn_of_others(run, names, count);
    folder_images_free(names, count);
    return status;
}

/* Images of one stem, flags of one folder and a report among the results would be lost. */
static VoxpertStatus check_claims(const Run *run, const char *report, VoxpertError *error) {
    static const char *const flags[] = {"--output",  "--logits",  "--probability",
                                        "--low-res", "--overlay", "--rle"};
    Claims claims = {0};
    job_reads(run->job, &claims);
    claims_write(&claims, "--report", report, NULL);
    claims_write(&claims, "--routing-csv", run->job->paths.routing, NULL);
    claims_write(&claims, "--report", run->job->paths.table, NULL);
    for (int i = 0; i < run->count; i++) {
        const Item *item = &run->item[i];
        claims_read(&claims, item->image);
        for (int k = 0; k < CASE_OUTPUTS; k++)
            claims_write(&claims, flags[k], item->path[k], item->name);
    }
    VoxpertStatus status = claims_check(&claims, error);
    claims_free(&claims);
    return status;
}

/* Hours of work, and corrections by hand, may lie in a folder of results. */
static VoxpertStatus check_new(const Run *run, const char *report, VoxpertError *error) {
    bool begun = access(report, F_OK) == 0;
    if (run->job->overwrite || (begun && run->job->resume)) return VOXPERT_OK;
    if (begun)
        return error_say(error, VOXPERT_BAD_OUTPUT,
                         "%s: is there already; --resume goes on with its run, --overwrite begins "
                         "anew and replaces its results",
                         report);
    VoxpertStatus status = output_is_new(run->job->paths.routing, false, error);
    if (!status) status = output_is_new(run->job->paths.table, false, error);
    for (int i = 0; i < run->count; i++)
        for (int k = 0; !status && k < CASE_OUTPUTS; k++)
            status = output_is_new(run->item[i].path[k], false, error);
    return status;
}

static VoxpertStatus make_folders(const Paths *p, bool sweep, VoxpertError *error) {
    const char *const folders[] = {p->mask,    p->logits,  p->probability,
                                   p->low_res, p->overlay, p->rle};
    VoxpertStatus status = VOXPERT_OK;
    for (size_t i = 0; !status && i < sizeof folders / sizeof *folders; i++) {
        if (!folders[i]) continue;
        status = output_folder_make(folders[i], error);
        if (!status && access(folders[i], W_OK | X_OK) != 0)
            status = error_say(error, VOXPERT_BAD_OUTPUT, "%s: cannot be written: %s", folders[i],
                               strerror(errno));
        if (!status && sweep) outputs_sweep(folders[i]);
    }
    return status;
}

/* ---- One case --------------------------------------------------------------------------- */

/* Whether each file is there as the report says that it was written. */
static bool outputs_intact(const Run *run, int index) {
    const Item *item = &run->item[index];
    bool all = true;
    for (int i = 0; i < CASE_OUTPUTS; i++)
        if (item->path[i])
            all &= journal_intact(&run->journal, index, case_outputs[i], item->path[i],
                                  &run->job->common);
    return all;
}

static json_t *flags_json(const Run *run) {
    const Job *job = run->job;
    const Engine *engine = run->engine;
    const VoxpertFileOptions *f = &job->file;
    const VoxpertEverything grid = job_grid(job, engine->model), *g = &grid;
    char slice[40];
    voxpert_slice_text(slice, f);
    json_t *flags = json_pack(
        "{s:b, s:i, s:b, s:i, s:b, s:s, s:i, s:b, s:[f, f], s:b}", "multimask",
        job->segment.multimask, "zoom", job->segment.zoom, "fill_holes", job->cleanup.fill_holes,
        "min_size", job->cleanup.min_size, "keep_largest", job->cleanup.keep_largest, "slice",
        slice, "page", f->page, "no_exif", f->ignore_exif, "window", f->window_level,
        f->window_width, "cache_half", job->engine.cache_half);
    if (job->value) json_object_set_new(flags, "value", json_integer(job->value));
    if (engine->expert) json_object_set_new(flags, "expert", json_integer(engine->expert));
    if (job->segment.prompt_free) json_object_set_new(flags, "prompt_free", json_true());
    if (run->vocab[0]) json_object_set_new(flags, "vocab_sha256", json_string(run->vocab));
    if (job->everything)
        json_object_set_new(flags, "everything",
                            json_pack("[i, f, f, f, f, i, f, f, i, i, f, i]", g->points_per_side,
                                      (double)g->pred_iou_thresh, (double)g->stability_score_thresh,
                                      (double)g->stability_score_offset, (double)g->box_nms_thresh,
                                      g->crop_n_layers, (double)g->crop_nms_thresh,
                                      (double)g->crop_overlap_ratio, g->crop_n_points_downscale,
                                      g->min_mask_region_area, (double)g->mask_threshold,
                                      g->crop_side));
    return flags;
}

/* All that the result depends on; NULL where a file cannot be read, which its case will say. */
static json_t *inputs_json(const Run *run, const Item *item) {
    char hash[65];
    if (voxpert_image_hash(item->image, hash, NULL)) return NULL;
    const json_t *about = engine_about(run->engine);
    json_t *inputs = json_pack("{s:s, s:s, s:O?, s:O?, s:O?, s:O?, s:o}", "sha256", hash, "version",
                               voxpert_version(), "model", json_object_get(about, "identity"),
                               "configuration", json_object_get(about, "configuration_sha256"),
                               "preset", json_object_get(about, "preset"), "kernels",
                               json_object_get(about, "kernels"), "flags", flags_json(run));
    if (!item->entry) return inputs;
    json_object_set_new(inputs, "prompts", json_loads(item->entry->json, 0, NULL));
    json_t *masks = json_array();
    for (int i = 0; i < item->entry->objects.count; i++) {
        const char *path = item->entry->objects.item[i].mask_path;
        if (path && !voxpert_image_hash(path, hash, NULL))
            json_array_append_new(masks, json_string(hash));
    }
    json_object_set_new(inputs, "masks", masks);
    return inputs;
}

static VoxpertStatus run_case(Run *run, const Item *item, json_t **line, VoxpertError *error) {
    Case c = {.image = item->image,
              .file = run->job->file,
              .objects = item->entry ? &item->entry->objects : NULL,
              .paths = {item->path[0], item->path[1], item->path[2], item->path[3], item->path[4],
                        item->path[5]}};
    VoxpertStatus status = VOXPERT_OK;
    if (item->entry) status = voxpert_prompts_slice(run->job->prompts, item->entry, &c.file, error);
    if (!status) status = case_run(run->job, run->engine, &c, line, error);
    if (item->entry) voxpert_objects_unload(&item->entry->objects); /* not needed again */
    if (!status) return VOXPERT_OK;
    *line = json_pack("{s:s, s:{s:o}, s:i, s:o}", "status", "failed", "image", "file",
                      json_words(item->image), "code", (int)status, "message",
                      json_words(common_message(&run->job->common, error)));
    return status;
}

/* A case that fails is reported and counted; what is returned is a result or a journal that cannot
 * be written, which ends the run. */
static VoxpertStatus do_case(Run *run, int index, VoxpertError *error) {
    Item *item = &run->item[index];
    json_t *inputs = inputs_json(run, item), *line = NULL;
    item->current = true;
    if (journal_done(&run->journal, index, inputs) && outputs_intact(run, index)) {
        run->skipped++;
        json_decref(inputs);
        return VOXPERT_OK;
    }
    VoxpertStatus status = journal_drop(&run->journal, index, error);
    if (status) {
        json_decref(inputs);
        return status;
    }
    VoxpertError trouble;
    status = run_case(run, item, &line, &trouble);
    if (status) {
        progress_end(&run->progress);
        if (status != VOXPERT_BAD_OUTPUT)
            common_warn(&run->job->common, "%s failed: %s", item->name,
                        common_message(&run->job->common, &trouble));
        run->failed++;
    } else {
        run->done++;
    }
    json_object_set_new(line, "case", json_words(item->name));
    if (inputs) json_object_set_new(line, "inputs", inputs);
    journal_set(&run->journal, index, line);
    VoxpertStatus flushed = journal_flush(&run->journal, false, error);
    if (flushed || status != VOXPERT_BAD_OUTPUT) return flushed;
    *error = trouble; /* a full disk: it would be full for the others too */
    return status;
}

/* ---- All cases -------------------------------------------------------------------------- */

/* What is not in the report yet is done again, so only what the file holds is promised. */
static void note_progress(const Run *run) {
    int done = run->done + run->skipped;
    const char *verb = run->job->common.verb;
    if (run->journal.current && done)
        interrupt_note(verb, "interrupted: %d of %d images are done; --resume goes on", done,
                       run->count);
    else if (run->journal.current)
        interrupt_note(verb,
                       "interrupted: none of %d images is done; --resume begins with the first",
                       run->count);
}

static VoxpertStatus do_all(Run *run, VoxpertError *error) {
    run->progress = progress_begin(&run->job->common, "images", (size_t)run->count);
    for (int i = 0; i < run->count; i++) journal_keep(&run->journal, i, run->item[i].name);
    VoxpertStatus status =
        journal_flush(&run->journal, true, error); /* an older one counts no more */
    for (int i = 0; !status && i < run->count && !(run->failed && run->job->stop); i++) {
        note_progress(run);
        status = do_case(run, i, error);
        run->progress.skipped = (size_t)run->skipped;
        progress_tell(&run->progress, (size_t)i + 1, run->item[i].name);
    }
    progress_end(&run->progress);
    interrupt_forget();
    if (!status) return journal_flush(&run->journal, true, error);
    VoxpertError trouble;
    bool safe = run->journal.current || !journal_flush(&run->journal, true, &trouble);
    trouble = *error;
    return error_say(error, status, "%s; %d of %d images are done%s",
                     common_message(&run->job->common, &trouble), run->done + run->skipped,
                     run->count,
                     safe ? ", and --resume goes on" : "; --resume goes on from the last report");
}

/* Of all cases that the report calls done, by this run or the one that it goes on from. */
static void put_cases(FILE *to, const void *context) {
    const Run *run = context;
    for (int i = 0; i < run->count; i++) {
        const json_t *line = run->journal.line[i];
        const json_t *image = json_object_get(json_object_get(line, "image"), "file");
        if (run->item[i].current && json_is_string(image))
            routing_csv_image(to, json_string_value(image), json_object_get(line, "objects"));
    }
}

static void put_reports(FILE *to, const void *context) {
    const Run *run = context;
    for (int i = 0; i < run->count; i++)
        if (run->item[i].current) report_csv_image(to, run->journal.line[i]);
}

/* Results without a single pixel. */
static int count_empty(const Run *run) {
    int empty = 0;
    for (int i = 0; i < run->count; i++) {
        const json_t *line = run->journal.line[i];
        const char *status = json_string_value(json_object_get(line, "status"));
        bool any = !run->item[i].current || !status || strcmp(status, "done") != 0;
        size_t index;
        json_t *object;
        json_array_foreach(json_object_get(line, "objects"), index, object) any |=
            json_integer_value(json_object_get(object, "area")) > 0;
        empty += !any;
    }
    return empty;
}

static void summarize(const Run *run) {
    int empty = count_empty(run);
    char *some = empty ? cli_text(", %d empty", empty) : cli_text("%s", "");
    if (run->job->common.json)
        common_report(&run->job->common,
                      json_pack("{s:i, s:i, s:i, s:i, s:i, s:o, s:O}", "images", run->count, "done",
                                run->done, "skipped", run->skipped, "failed", run->failed, "empty",
                                empty, "report", json_words(run->journal.path), "model",
                                engine_about(run->engine)));
    else if (!run->job->common.quiet)
        printf("%d image%s: %d done, %d skipped, %d failed%s; %s\n", run->count,
               run->count == 1 ? "" : "s", run->done, run->skipped, run->failed, some,
               cli_shown(run->journal.path));
    free(some);
}

static void run_free(Run *run) {
    for (int i = 0; i < run->count; i++) {
        free(run->item[i].image);
        free(run->item[i].name);
        for (int k = 0; k < CASE_OUTPUTS; k++) free(run->item[i].path[k]);
    }
    free(run->item);
    journal_free(&run->journal);
}

VoxpertStatus folder_run(Job *job, Engine *engine, VoxpertError *error) {
    Run run = {.job = job, .engine = engine};
    char *report = job->paths.report ? cli_text("%s", job->paths.report)
                                     : cli_text("%s/report.jsonl", job->paths.mask);
    VoxpertStatus status = list_cases(&run, error);
    if (!status) status = check_claims(&run, report, error);
    if (!status) status = check_new(&run, report, error);
    if (!status) status = engine_open(engine, &job->common, &job->engine, error);
    if (!status && job->engine.vocab)
        status = voxpert_file_hash(job->engine.vocab, run.vocab, error);
    if (!status) status = job_suits(job, engine, error);
    if (!status) status = make_folders(&job->paths, job->resume, error);
    if (!status) {
        journal_open(&run.journal, report, run.count);
        if (job->resume) journal_read(&run.journal);
        status = do_all(&run, error);
        const char *csv = job->paths.routing;
        if (!status && csv)
            status = routing_csv_write(csv, engine->experts, put_cases, &run, error);
        if (!status && job->paths.table)
            status = report_csv_write(job->paths.table, put_reports, &run, error);
        if (!status) summarize(&run);
        if (!status && run.failed)
            status = error_say(error, VOXPERT_SOME_FAILED, "%d of %d images failed; %s says why",
                               run.failed, run.count, run.journal.path);
    }
    run_free(&run);
    free(report);
    return status;
}
