#include "cli/segment/case.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/common/error.h"
#include "cli/common/outputs.h"
#include "cli/common/paths.h"
#include "cli/common/progress.h"
#include "cli/segment/report_csv.h"
#include "cli/segment/result.h"
#include "cli/segment/routing_text.h"

const char *const case_outputs[CASE_OUTPUTS] = {"mask",    "logits",  "probability",
                                                "low_res", "overlay", "rle"};

typedef struct Seconds {
    double read, encode, decode, write, total;
} Seconds;

/* What one case holds while it is worked on. */
typedef struct Work {
    const Job *job;
    const Case *c;
    Engine *engine;
    VoxpertImageFile *file;
    Result result;
    json_t *warnings;
    Seconds seconds;
} Work;

/* On stderr with the image's name, in case the sentence does not begin with it: of a folder's many
 * warnings each must say where it belongs. */
static void warn(Work *w, const char *sentence, size_t length) {
    if (!length) return;
    char *line = cli_text("%.*s", (int)length, sentence);
    bool named = !w->job->folder || strncmp(line, w->c->image, strlen(w->c->image)) == 0;
    json_array_append_new(w->warnings, json_words(line));
    common_warn(&w->job->common, "%s%s%s", named ? "" : w->c->image, named ? "" : ": ", line);
    free(line);
}

static void warn_lines(Work *w, const char *lines) {
    for (const char *line = lines; *line;) {
        size_t length = strcspn(line, "\n");
        warn(w, line, length);
        line += length + (line[length] != '\0');
    }
}

/* ---- Names ------------------------------------------------------------------------------ */

/* A report that misspells its files would call the wrong ones done. */
static VoxpertStatus names_check(const Job *job, const Case *c, VoxpertError *error) {
    const Paths *p = &c->paths;
    const char *const outputs[] = {p->mask, p->logits, p->probability, p->low_res, p->overlay,
                                   p->rle,  p->report, p->routing,     p->table};
    if (!job->common.json && !job->folder && !p->report && !p->table) return VOXPERT_OK;
    if (!is_utf8(c->image))
        return error_say(error, VOXPERT_BAD_INPUT,
                         "%s: its name is not UTF-8, so no report can hold it", c->image);
    for (size_t i = 0; i < sizeof outputs / sizeof *outputs; i++) {
        if (outputs[i] && !is_utf8(outputs[i]))
            return error_say(error, VOXPERT_BAD_OUTPUT,
                             "%s: its name is not UTF-8, so no report can hold it", outputs[i]);
    }
    return VOXPERT_OK;
}

/* ---- Reading ---------------------------------------------------------------------------- */

static VoxpertStatus read_image(Work *w, VoxpertError *error) {
    double start = seconds_now();
    VoxpertFileOptions options = w->c->file;
    options.skip_hash = !(w->job->common.json || w->job->folder || w->c->paths.report);
    VoxpertStatus status = voxpert_image_file_open(&w->file, w->c->image, &options, error);
    if (status) return status;
    warn_lines(w, voxpert_image_file_warnings(w->file));
    const VoxpertImage *image = voxpert_image_file_image(w->file);
    w->result = result_begin(image);
    Targets *targets = w->c->targets;
    char *warnings = NULL, *odd = NULL;
    if (targets) status = targets_fit(targets, image, &warnings, error);
    if (warnings) warn_lines(w, warnings);
    free(warnings);
    if (!status && targets) status = targets_load_masks(targets, w->file, &w->c->file, &odd, error);
    if (odd) warn_lines(w, odd);
    free(odd);
    if (!status && targets)
        status = targets_check(targets, image, w->job->segment.prompt_free, error);
    w->seconds.read = seconds_now() - start;
    return status;
}

static VoxpertStatus prepare(Work *w, VoxpertError *error) {
    char remark[256] = "";
    Engine *e = w->engine;
    VoxpertStatus status = engine_open(e, &w->job->common, &w->job->engine, error);
    if (!status) status = job_suits(w->job, e, error);
    if (!status && w->c->targets) status = targets_expand_classes(w->c->targets, e->model, error);
    if (!status && w->c->targets && !w->job->folder)
        status = job_shows(w->job, w->c->targets, error);
    if (!status && w->c->targets)
        status =
            targets_load_logits(w->c->targets, voxpert_model_low_res_side(e->model), remark, error);
    if (!status) warn(w, remark, strlen(remark));
    if (!status) status = voxpert_set_image(e->session, voxpert_image_file_image(w->file), error);
    if (!status && w->job->embedding)
        status = voxpert_embedding_load(e->session, w->job->embedding, error);
    return status;
}

/* ---- Segmenting ------------------------------------------------------------------------- */

/* What each object's pixels become.  One is a mask for viewers; of several, those whose value was
 * not given get their number, or where that is another's value the least that is free.  `wanted`
 * above 0 is the value of all of them. */
static int *values_of(const Targets *t, int wanted) {
    int *values = cli_new((size_t)t->count, sizeof *values), free_from = 1;
    bool *taken = cli_new(TARGET_VALUE_MAX + 1, sizeof *taken);
    for (int i = 0; i < t->count; i++)
        taken[values[i] = t->item[i].value ? t->item[i].value : wanted] = true;
    if (t->count == 1 && !values[0]) values[0] = 255;
    for (int i = 0; i < t->count; i++) {
        if (values[i] || taken[t->item[i].number]) continue;
        taken[values[i] = t->item[i].number] = true;
    }
    for (int i = 0; i < t->count; i++) {
        if (values[i]) continue;
        while (taken[free_from]) free_from++;
        taken[values[i] = free_from] = true;
    }
    free(taken);
    return values;
}

static void warn_if_empty(Work *w, int number) {
    const json_t *all = w->result.objects, *last = json_array_get(all, json_array_size(all) - 1);
    char sentence[96];
    if (json_integer_value(json_object_get(last, "area"))) return;
    snprintf(sentence, sizeof sentence, "object %d: nothing was found, its mask has no pixel",
             number);
    warn(w, sentence, strlen(sentence));
}

static VoxpertStatus segment_targets(Work *w, VoxpertError *error) {
    const Targets *t = w->c->targets;
    const Paths *paths = &w->c->paths;
    ResultWants wants = {.cleanup = w->job->cleanup,
                         .logits = paths->logits || paths->probability,
                         .low_res = paths->low_res != NULL};
    VoxpertSegmentOptions options = w->job->segment;
    int *values = values_of(t, w->job->value);
    VoxpertStatus status = VOXPERT_OK;
    for (int i = 0; !status && i < t->count; i++) {
        VoxpertPrompt prompt = target_prompt(&t->item[i]);
        VoxpertMasks masks = {0};
        status = engine_expert(w->engine, t->item[i].expert, &options.expert, error);
        if (status) status = error_before(error, "%s: object %d", t->file, t->item[i].number);
        if (!status) status = engine_class(w->engine, t, &t->item[i], &options.prompt_class, error);
        if (!status) status = voxpert_segment(w->engine->session, &prompt, &options, &masks, error);
        if (status == VOXPERT_BAD_ARGUMENT && strcmp(error->field, "text") == 0)
            status = targets_blame(t, &t->item[i], error);
        wants.planes_at_most = (size_t)t->count * (size_t)masks.count;
        if (!status) status = result_add(&w->result, &t->item[i], values[i], &masks, &wants, error);
        if (!status) warn_if_empty(w, t->item[i].number);
        voxpert_masks_free(&masks);
    }
    free(values);
    w->seconds.encode = w->result.encode_seconds;
    w->seconds.decode = w->result.decode_seconds;
    return status;
}

static int grid_progress(void *context, size_t done, size_t total) {
    Progress *p = context;
    p->total = total;
    progress_tell(p, done, "");
    return 0;
}

static void warn_of_nothing(Work *w, const VoxpertEverything *g) {
    char sentence[160];
    snprintf(sentence, sizeof sentence,
             "nothing was found: no mask reaches --pred-iou-thresh %g and --stability-score-thresh "
             "%g",
             (double)g->pred_iou_thresh, (double)g->stability_score_thresh);
    warn(w, sentence, strlen(sentence));
}

static VoxpertStatus segment_everything(Work *w, VoxpertError *error) {
    VoxpertEverything grid = job_grid(w->job, w->engine->model);
    VoxpertFound *found = NULL;
    size_t count = 0;
    double start = seconds_now();
    Common quiet = w->job->common;
    if (w->job->folder) quiet.progress = PROGRESS_NONE; /* the images are counted already */
    Progress progress = progress_begin(&quiet, "points", 0);
    if (!w->job->folder) progress_keep(&progress, "no results were written");
    VoxpertStatus status = voxpert_segment_everything(w->engine->session, &grid, &found, &count,
                                                      grid_progress, &progress, error);
    progress_end(&progress);
    w->seconds.decode = seconds_now() - start;
    if (!status) status = result_everything(&w->result, found, count, error);
    if (!status && !count) warn_of_nothing(w, &grid);
    voxpert_found_free(found, count);
    return status;
}

/* ---- Writing ---------------------------------------------------------------------------- */

static VoxpertStatus write_planes(const char *path, const Result *r, const float *values,
                                  VoxpertError *error) {
    size_t dim[3] = {r->planes, (size_t)r->height, (size_t)r->width};
    return voxpert_npy_write(path, values, 3, dim, error);
}

/* The best mask of the only object, 0 to 255 or 65535. */
static VoxpertStatus write_probability_picture(const char *path, const Result *r, int bits,
                                               VoxpertError *error) {
    size_t pixels = (size_t)r->width * (size_t)r->height;
    VoxpertImage image = {.type = bits == 16 ? VOXPERT_U16 : VOXPERT_U8,
                          .width = r->width,
                          .height = r->height,
                          .channels = 1};
    uint16_t *wide = cli_new(pixels, sizeof *wide);
    uint8_t *narrow = cli_new(pixels, 1);
    for (size_t i = 0; i < pixels; i++) {
        wide[i] = (uint16_t)lrintf(r->logits[i] * 65535.0f);
        narrow[i] = (uint8_t)lrintf(r->logits[i] * 255.0f);
    }
    image.pixels = bits == 16 ? (const void *)wide : narrow;
    VoxpertStatus status = voxpert_image_write(&image, path, error);
    free(wide);
    free(narrow);
    return status;
}

/* After the logits were written: they become probabilities. */
static VoxpertStatus write_probability(const char *path, Result *r, int bits, VoxpertError *error) {
    size_t count = r->planes * (size_t)r->width * (size_t)r->height;
    for (size_t i = 0; i < count; i++) r->logits[i] = 1.0f / (1.0f + expf(-r->logits[i]));
    return name_ends(path, ".png") ? write_probability_picture(path, r, bits, error)
                                   : write_planes(path, r, r->logits, error);
}

enum { OVERLAY_LEAST = 512, LEGEND_MOST = 12 };

/* "liver  3763 px  score 0.73" */
static char *legend_line(const json_t *object) {
    const char *label = json_string_value(json_object_get(object, "label"));
    const json_t *score = json_object_get(object, "score");
    if (!score) score = json_object_get(object, "predicted_iou");
    char *name = label ? cli_text("%s", label)
                       : cli_text("object %lld",
                                  (long long)json_integer_value(json_object_get(object, "object")));
    char *line = cli_text("%s  %lld px  score %.2f", name,
                          (long long)json_integer_value(json_object_get(object, "area")),
                          json_number_value(score));
    free(name);
    return line;
}

/* Labels by the place of their object, as colours of prompts are; by value where several share one.
 */
static uint16_t *overlay_labels(const Result *r) {
    size_t pixels = (size_t)r->width * (size_t)r->height, i;
    uint16_t *place = cli_new(65536, sizeof *place), *labels = cli_new(pixels, sizeof *labels);
    json_t *object;
    json_array_foreach(r->objects, i, object) {
        json_int_t value = json_integer_value(json_object_get(object, "value"));
        if (value > 0 && value < 65536 && !place[value] && i < 65535)
            place[value] = (uint16_t)(i + 1);
    }
    for (i = 0; i < pixels; i++) labels[i] = r->labels[i] ? place[r->labels[i]] : 0;
    free(place);
    return labels;
}

static VoxpertStatus draw_overlay(const char *path, const Work *w, char **line, int lines,
                                  VoxpertError *error) {
    int count = w->c->targets ? w->c->targets->count : 0;
    VoxpertPrompt *prompts = cli_new((size_t)count, sizeof *prompts);
    uint16_t *labels = overlay_labels(&w->result);
    for (int i = 0; i < count; i++) prompts[i] = target_prompt(&w->c->targets->item[i]);
    const VoxpertOverlayOptions options = {.size = sizeof options,
                                           .legend = (const char *const *)line,
                                           .legend_count = lines,
                                           .sides = voxpert_image_file_sides(w->file),
                                           .least_side = OVERLAY_LEAST};
    VoxpertStatus status = voxpert_overlay_draw(voxpert_image_file_image(w->file), labels, prompts,
                                                count, &options, path, error);
    free(labels);
    free(prompts);
    return status;
}

/* Everything that was found, or a whole slide of nuclei, has no legend: colours repeat. */
static VoxpertStatus write_overlay(const char *path, const Work *w, VoxpertError *error) {
    size_t lines = json_array_size(w->result.objects);
    if (lines > LEGEND_MOST) lines = 0;
    char **line = cli_new(lines, sizeof *line);
    for (size_t i = 0; i < lines; i++) line[i] = legend_line(json_array_get(w->result.objects, i));
    VoxpertStatus status = draw_overlay(path, w, line, (int)lines, error);
    for (size_t i = 0; i < lines; i++) free(line[i]);
    free(line);
    return status;
}

static VoxpertStatus write_json(const char *path, const json_t *json, VoxpertError *error) {
    char *text = json_dumps(json, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    if (!text) return error_say(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to write it", path);
    VoxpertStatus status = voxpert_file_write(path, text, strlen(text), error);
    free(text);
    return status;
}

static void put_routing(FILE *to, const void *context) {
    const Work *w = context;
    routing_csv_image(to, w->c->image, w->result.objects);
}

static VoxpertStatus write_all(Work *w, Outputs *o, VoxpertError *error) {
    const Paths *p = &w->c->paths;
    Result *r = &w->result;
    size_t side = (size_t)r->side, low_res[3] = {r->planes, side, side};
    VoxpertStatus status = VOXPERT_OK;
    if (p->mask)
        status = voxpert_labels_write(w->file, r->labels, outputs_stage(o, p->mask), error);
    if (!status && p->logits)
        status = write_planes(outputs_stage(o, p->logits), r, r->logits, error);
    if (!status && p->low_res)
        status = voxpert_npy_write(outputs_stage(o, p->low_res), r->low_res, 3, low_res, error);
    if (!status && p->probability)
        status =
            write_probability(outputs_stage(o, p->probability), r, w->job->probability_bits, error);
    if (!status && p->overlay) status = write_overlay(outputs_stage(o, p->overlay), w, error);
    if (!status && p->rle) status = write_json(outputs_stage(o, p->rle), r->objects, error);
    if (!status && p->routing)
        status = routing_csv_write(outputs_stage(o, p->routing), w->engine->experts, put_routing, w,
                                   error);
    return status;
}

/* ---- The report ------------------------------------------------------------------------- */

static void case_paths(const char *out[CASE_OUTPUTS], const Paths *p) {
    const char *const paths[CASE_OUTPUTS] = {p->mask,    p->logits,  p->probability,
                                             p->low_res, p->overlay, p->rle};
    memcpy(out, paths, sizeof paths);
}

static json_t *outputs_json(const Paths *p) {
    const char *paths[CASE_OUTPUTS];
    json_t *json = json_object();
    case_paths(paths, p);
    for (size_t i = 0; i < CASE_OUTPUTS; i++) {
        if (paths[i]) json_object_set_new(json, case_outputs[i], json_words(paths[i]));
    }
    if (p->routing) json_object_set_new(json, "routing_csv", json_words(p->routing));
    return json;
}

/* Of the files as they were written, by which --resume recognizes them. */
static VoxpertStatus report_hashes(json_t *report, const Paths *p, const Outputs *o,
                                   VoxpertError *error) {
    const char *paths[CASE_OUTPUTS];
    char hash[65];
    json_t *hashes = json_object();
    VoxpertStatus status = VOXPERT_OK;
    case_paths(paths, p);
    for (int i = 0; !status && i < o->count; i++) {
        int k = 0;
        while (k < CASE_OUTPUTS && paths[k] != o->item[i].path) k++;
        if (k == CASE_OUTPUTS) continue;
        status = voxpert_file_hash(o->item[i].staged, hash, error);
        if (!status) json_object_set_new(hashes, case_outputs[k], json_string(hash));
    }
    json_object_set_new(report, "output_sha256", hashes);
    return status;
}

static json_t *report_of(const Work *w) {
    const VoxpertImage *image = voxpert_image_file_image(w->file);
    char slice[40];
    slice_text(slice, slice_option_of(&w->c->file));
    json_t *about_image =
        json_pack("{s:o, s:s, s:i, s:i}", "file", json_words(w->c->image), "sha256",
                  voxpert_image_file_hash(w->file), "width", image->width, "height", image->height);
    if (slice[0]) json_object_set_new(about_image, "slice", json_string(slice));
    json_t *report = json_pack("{s:s, s:s, s:o, s:s, s:O, s:o, s:O}", "status", "done", "version",
                               voxpert_version(), "image", about_image, "coordinates",
                               "pixels of the image as read, x to the right, y down, from 0",
                               "objects", w->result.objects, "outputs", outputs_json(&w->c->paths),
                               "warnings", w->warnings);
    if (w->c->targets && !w->job->folder) /* a folder's report has the entry of the prompts file */
        json_object_set_new(report, "prompts", targets_json(w->c->targets));
    if (w->job->common.json || w->job->folder || w->c->paths.report)
        json_object_set(report, "model", engine_about(w->engine));
    return report;
}

static void report_seconds(json_t *report, const Work *w) {
    const Seconds *s = &w->seconds;
    json_t *seconds = json_pack("{s:f, s:f, s:f, s:f, s:f, s:f}", "load", w->engine->load_seconds,
                                "read", s->read, "encode", s->encode, "decode", s->decode, "write",
                                s->write, "total", s->total);
    json_object_set_new(report, "seconds", seconds);
    if (w->job->everything) /* of many crops: encoding is a part of decoding */
        json_object_del(seconds, "encode");
    else
        json_object_set_new(report, "embedding_cached", json_boolean(w->result.cached));
}

void case_report_machine(json_t *report) {
    VoxpertMachine machine;
    voxpert_machine(&machine);
    json_object_set_new(report, "peak_rss_bytes", json_integer((json_int_t)machine.peak_bytes));
}

/* ---- All of it -------------------------------------------------------------------------- */

static void put_report(FILE *to, const void *context) { report_csv_image(to, context); }

static VoxpertStatus finish(Work *w, double start, json_t **report, VoxpertError *error) {
    Outputs outputs = {0};
    double begin = seconds_now();
    VoxpertStatus status = write_all(w, &outputs, error);
    w->seconds.write = seconds_now() - begin;
    w->seconds.total = seconds_now() - start;
    if (!status) {
        *report = report_of(w);
        if (!*report)
            status =
                error_say(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to report it", w->c->image);
    }
    if (!status) report_seconds(*report, w);
    if (!status && w->job->folder) status = report_hashes(*report, &w->c->paths, &outputs, error);
    if (!status && w->c->paths.report) {
        case_report_machine(*report);
        status = write_json(outputs_stage(&outputs, w->c->paths.report), *report, error);
    }
    if (!status && w->c->paths.table)
        status = report_csv_write(outputs_stage(&outputs, w->c->paths.table), put_report, *report,
                                  error);
    if (status) {
        outputs_explain(&outputs, error);
        outputs_drop(&outputs);
    } else {
        status = outputs_commit(&outputs, error);
    }
    return status;
}

VoxpertStatus case_run(const Job *job, Engine *engine, const Case *c, json_t **report,
                       VoxpertError *error) {
    double start = seconds_now();
    Work w = {.job = job, .c = c, .engine = engine, .warnings = json_array()};
    VoxpertStatus status = names_check(job, c, error);
    if (!status) status = read_image(&w, error);
    if (!status) status = prepare(&w, error);
    if (!status) status = c->targets ? segment_targets(&w, error) : segment_everything(&w, error);
    if (engine->warnings) engine_take_warnings(engine, w.warnings);
    if (!status) status = finish(&w, start, report, error);
    if (status) {
        json_decref(*report);
        *report = NULL;
    }
    result_free(&w.result);
    json_decref(w.warnings);
    voxpert_image_file_close(w.file);
    return status;
}
