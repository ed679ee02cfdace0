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
#include "cli/segment/routing_text.h"

const char *const case_outputs[CASE_OUTPUTS] = {"mask",    "logits",  "probability",
                                                "low_res", "overlay", "rle"};

typedef struct Seconds {
    double read, encode, decode, write, total;
} Seconds;

/* The masks of all objects, as files of logits take them. */
typedef struct Planes {
    size_t count, most;
    int side;
    float *logits;  /* [count][height][width], if wanted */
    float *low_res; /* [count][side][side], if wanted */
} Planes;

/* What one case holds while it is worked on. */
typedef struct Work {
    const Job *job;
    const Case *c;
    Engine *engine;
    VoxpertImageFile *file;
    VoxpertResult *result;
    json_t *records; /* of its objects */
    Planes planes;
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

/* Frees the lines. */
static VoxpertStatus warned(Work *w, VoxpertStatus status, char **lines) {
    if (*lines) warn_lines(w, *lines);
    voxpert_free(*lines);
    *lines = NULL;
    return status;
}

static VoxpertStatus read_image(Work *w, VoxpertError *error) {
    char *lines = NULL;
    double start = seconds_now();
    VoxpertFileOptions options = w->c->file;
    options.skip_hash = !(w->job->common.json || w->job->folder || w->c->paths.report);
    VoxpertStatus status = voxpert_image_file_open(&w->file, w->c->image, &options, error);
    if (status) return status;
    warn_lines(w, voxpert_image_file_warnings(w->file));
    const VoxpertImage *image = voxpert_image_file_image(w->file);
    status = voxpert_result_open(&w->result, image->width, image->height, error);
    VoxpertObjects *objects = w->c->objects;
    if (!status && objects)
        status = warned(w, voxpert_objects_fit(objects, image, &lines, error), &lines);
    if (!status && objects)
        status = warned(w, voxpert_objects_load_masks(objects, w->file, &w->c->file, &lines, error),
                        &lines);
    if (!status && objects)
        status = voxpert_objects_check(objects, image, w->job->segment.prompt_free, error);
    w->seconds.read = seconds_now() - start;
    return status;
}

static VoxpertStatus prepare(Work *w, VoxpertError *error) {
    char *lines = NULL;
    Engine *e = w->engine;
    VoxpertObjects *objects = w->c->objects;
    VoxpertStatus status = engine_open(e, &w->job->common, &w->job->engine, error);
    if (!status) status = job_suits(w->job, e, error);
    if (!status && objects) status = objects_expand_classes(objects, e->model, error);
    if (!status && objects && !w->job->folder) status = job_shows(w->job, objects, error);
    int side = status ? 0 : voxpert_model_low_res_side(e->model);
    if (!status && objects)
        status = warned(w, voxpert_objects_load_logits(objects, side, &lines, error), &lines);
    if (!status) status = voxpert_set_image(e->session, voxpert_image_file_image(w->file), error);
    if (!status && w->job->embedding)
        status = voxpert_embedding_load(e->session, w->job->embedding, error);
    return status;
}

/* ---- Segmenting ------------------------------------------------------------------------- */

static void keep(float **all, const Planes *p, const float *some, size_t count, size_t plane) {
    if (!*all) *all = cli_new(p->most * plane, sizeof **all);
    memcpy(*all + p->count * plane, some, count * plane * sizeof **all);
}

/* After each object. */
static VoxpertStatus keep_planes(void *context, int index, const VoxpertMasks *masks,
                                 VoxpertError *error) {
    (void)index, (void)error;
    Work *w = context;
    const Paths *paths = &w->c->paths;
    Planes *p = &w->planes;
    size_t count = (size_t)masks->count, side = (size_t)masks->low_res_side;
    size_t pixels = (size_t)masks->width * (size_t)masks->height;
    p->most = (size_t)w->c->objects->count * count;
    p->side = masks->low_res_side;
    if (paths->logits || paths->probability) keep(&p->logits, p, masks->logits, count, pixels);
    if (paths->low_res) keep(&p->low_res, p, masks->low_res, count, side * side);
    p->count += count;
    return VOXPERT_OK;
}

static VoxpertStatus segment_objects(Work *w, VoxpertError *error) {
    VoxpertRequest request = {.segment = w->job->segment,
                              .cleanup = w->job->cleanup,
                              .value = w->job->value,
                              .done = keep_planes,
                              .context = w};
    request.segment.expert = w->engine->expert;
    VoxpertStatus status =
        voxpert_segment_objects(w->engine->session, w->c->objects, &request, w->result, error);
    w->seconds.encode = voxpert_result_encode_seconds(w->result);
    w->seconds.decode = voxpert_result_decode_seconds(w->result);
    if (!status) warn_lines(w, voxpert_result_warnings(w->result));
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
    if (!status) status = voxpert_result_add_found(w->result, found, count, error);
    if (!status && !count) warn_of_nothing(w, &grid);
    voxpert_found_free(found, count);
    return status;
}

/* ---- Writing ---------------------------------------------------------------------------- */

static VoxpertStatus write_planes(const char *path, const Work *w, VoxpertError *error) {
    const VoxpertImage *image = voxpert_image_file_image(w->file);
    size_t dim[3] = {w->planes.count, (size_t)image->height, (size_t)image->width};
    return voxpert_npy_write(path, w->planes.logits, 3, dim, error);
}

/* The best mask of the only object, 0 to 255 or 65535. */
static VoxpertStatus write_probability_image(const char *path, const Work *w, VoxpertError *error) {
    const VoxpertImage *from = voxpert_image_file_image(w->file);
    const float *values = w->planes.logits;
    size_t pixels = (size_t)from->width * (size_t)from->height;
    int bits = w->job->probability_bits;
    VoxpertImage image = {.type = bits == 16 ? VOXPERT_U16 : VOXPERT_U8,
                          .width = from->width,
                          .height = from->height,
                          .channels = 1};
    uint16_t *wide = cli_new(pixels, sizeof *wide);
    uint8_t *narrow = cli_new(pixels, 1);
    for (size_t i = 0; i < pixels; i++) {
        wide[i] = (uint16_t)lrintf(values[i] * 65535.0f);
        narrow[i] = (uint8_t)lrintf(values[i] * 255.0f);
    }
    image.pixels = bits == 16 ? (const void *)wide : narrow;
    VoxpertStatus status = voxpert_image_write(&image, path, error);
    free(wide);
    free(narrow);
    return status;
}

/* After the logits were written: they become probabilities. */
static VoxpertStatus write_probability(const char *path, Work *w, VoxpertError *error) {
    const VoxpertImage *image = voxpert_image_file_image(w->file);
    size_t count = w->planes.count * (size_t)image->width * (size_t)image->height;
    float *values = w->planes.logits;
    for (size_t i = 0; i < count; i++) values[i] = 1.0f / (1.0f + expf(-values[i]));
    return name_ends(path, ".png") ? write_probability_image(path, w, error)
                                   : write_planes(path, w, error);
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
static uint16_t *overlay_labels(const Work *w) {
    const VoxpertImage *image = voxpert_image_file_image(w->file);
    const uint16_t *from = voxpert_result_labels(w->result);
    size_t pixels = (size_t)image->width * (size_t)image->height, i;
    uint16_t *place = cli_new(65536, sizeof *place), *labels = cli_new(pixels, sizeof *labels);
    json_t *object;
    json_array_foreach(w->records, i, object) {
        json_int_t value = json_integer_value(json_object_get(object, "value"));
        if (value > 0 && value < 65536 && !place[value] && i < 65535)
            place[value] = (uint16_t)(i + 1);
    }
    for (i = 0; i < pixels; i++) labels[i] = from[i] ? place[from[i]] : 0;
    free(place);
    return labels;
}

static VoxpertStatus draw_overlay(const char *path, const Work *w, char **line, int lines,
                                  VoxpertError *error) {
    const VoxpertObjects *objects = w->c->objects;
    int count = objects ? objects->count : 0;
    VoxpertPrompt *prompts = cli_new((size_t)count, sizeof *prompts);
    uint16_t *labels = overlay_labels(w);
    for (int i = 0; i < count; i++) prompts[i] = voxpert_object_prompt(&objects->item[i]);
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
    size_t lines = json_array_size(w->records);
    if (lines > LEGEND_MOST) lines = 0;
    char **line = cli_new(lines, sizeof *line);
    for (size_t i = 0; i < lines; i++) line[i] = legend_line(json_array_get(w->records, i));
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
    routing_csv_image(to, w->c->image, w->records);
}

static VoxpertStatus write_all(Work *w, Outputs *o, VoxpertError *error) {
    const Paths *p = &w->c->paths;
    const Planes *planes = &w->planes;
    size_t side = (size_t)planes->side, low_res[3] = {planes->count, side, side};
    VoxpertStatus status = VOXPERT_OK;
    if (p->mask)
        status = voxpert_labels_write(w->file, voxpert_result_labels(w->result),
                                      outputs_stage(o, p->mask), error);
    if (!status && p->logits) status = write_planes(outputs_stage(o, p->logits), w, error);
    if (!status && p->low_res)
        status =
            voxpert_npy_write(outputs_stage(o, p->low_res), planes->low_res, 3, low_res, error);
    if (!status && p->probability)
        status = write_probability(outputs_stage(o, p->probability), w, error);
    if (!status && p->overlay) status = write_overlay(outputs_stage(o, p->overlay), w, error);
    if (!status && p->rle) status = write_json(outputs_stage(o, p->rle), w->records, error);
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

/* Words and paths in turn; how many pairs. */
static int list_outputs(const char *out[2 * CASE_OUTPUTS + 2], const Paths *p) {
    const char *paths[CASE_OUTPUTS];
    int count = 0;
    case_paths(paths, p);
    for (int i = 0; i < CASE_OUTPUTS; i++) {
        if (!paths[i]) continue;
        out[2 * count] = case_outputs[i];
        out[2 * count++ + 1] = paths[i];
    }
    if (!p->routing) return count;
    out[2 * count] = "routing_csv";
    out[2 * count++ + 1] = p->routing;
    return count;
}

static char *warning_lines(const Work *w) {
    size_t i;
    json_t *sentence;
    char *lines = cli_text("%s", "");
    json_array_foreach(w->warnings, i, sentence) {
        char *before = lines;
        lines = cli_text("%s%s\n", before, json_string_value(sentence));
        free(before);
    }
    return lines;
}

static VoxpertStatus report_of(json_t **out, const Work *w, VoxpertError *error) {
    const Job *job = w->job;
    const char *outputs[2 * CASE_OUTPUTS + 2];
    char *lines = warning_lines(w), *text = NULL;
    const VoxpertResultReport report = {
        .file = w->file,
        .name = w->c->image,
        .options = &w->c->file,
        .result = w->result,
        .outputs = outputs,
        .output_count = list_outputs(outputs, &w->c->paths),
        .warnings = lines,
        .prompts = job->folder ? NULL : w->c->objects}; /* a folder's has the file's entry */
    VoxpertStatus status = voxpert_result_report(&report, &text, error);
    free(lines);
    if (status) return status;
    *out = json_loads(text, 0, NULL);
    voxpert_free(text);
    if (!*out)
        return error_say(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to report it", w->c->image);
    if (job->common.json || job->folder || w->c->paths.report)
        json_object_set(*out, "model", engine_about(w->engine));
    return VOXPERT_OK;
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
        json_object_set_new(report, "embedding_cached",
                            json_boolean(voxpert_result_cached(w->result)));
}

void case_report_machine(json_t *report) {
    VoxpertMachine machine;
    voxpert_machine(&machine);
    json_object_set_new(report, "peak_rss_bytes", json_integer((json_int_t)machine.peak_bytes));
}

/* ---- All of it -------------------------------------------------------------------------- */

static void put_report(FILE *to, const void *context) { report_csv_image(to, context); }

static VoxpertStatus take_records(Work *w, VoxpertError *error) {
    char *text = NULL;
    VoxpertStatus status = voxpert_result_objects(w->result, &text, error);
    if (status) return status;
    w->records = json_loads(text, 0, NULL);
    voxpert_free(text);
    return w->records
               ? VOXPERT_OK
               : error_say(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to report it", w->c->image);
}

static VoxpertStatus finish(Work *w, double start, json_t **report, VoxpertError *error) {
    Outputs outputs = {0};
    double begin = seconds_now();
    VoxpertStatus status = take_records(w, error);
    if (!status) status = write_all(w, &outputs, error);
    w->seconds.write = seconds_now() - begin;
    w->seconds.total = seconds_now() - start;
    if (!status) status = report_of(report, w, error);
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
    if (!status) status = c->objects ? segment_objects(&w, error) : segment_everything(&w, error);
    if (engine->warnings) engine_take_warnings(engine, w.warnings);
    if (!status) status = finish(&w, start, report, error);
    if (status) {
        json_decref(*report);
        *report = NULL;
    }
    free(w.planes.logits);
    free(w.planes.low_res);
    json_decref(w.records);
    voxpert_result_close(w.result);
    json_decref(w.warnings);
    voxpert_image_file_close(w.file);
    return status;
}
