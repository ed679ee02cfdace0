/* voxpert experts route - where the tokens of images go: as lines, as heat maps, as a matrix. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/common/error.h"
#include "cli/common/outputs.h"
#include "cli/common/paths.h"
#include "cli/common/progress.h"
#include "cli/experts/experts.h"
#include "cli/experts/route_case.h"
#include "cli/segment/folder.h"

const OptionRule route_rules[] = {
    {"--model", 'm', true},
    {"--base", .takes_value = true},
    {"--preset", .takes_value = true, .word_at = preset_word},
    {"--strict"},
    {"--input", 'i', true, .repeats = true, .place = 1},
    {"--output", 'o', true},
    {"--overwrite"},
    {"--csv", .takes_value = true},
    {"--box", .takes_value = true, .repeats = true},
    {"--point", .takes_value = true, .repeats = true},
    {"--mask", .takes_value = true, .repeats = true},
    {"--object", .takes_value = true, .repeats = true},
    {"--prompts", .takes_value = true},
    {"--prompt-free"},
    {"--expert", .takes_value = true},
    {"--zoom"},
    {"--no-zoom"},
    {"--slice", .takes_value = true},
    {"--page", .takes_value = true},
    {"--window", .takes_value = true},
    {"--no-exif"},
    {"--cache", .takes_value = true},
    {"--cache-half"},
    {0},
};

/* One -i: an image, or a folder of them. */
typedef struct Input {
    const char *path;
    bool folder;
    char *name;    /* the last part of it */
    char *figures; /* folder for its figures, or NULL */
    int images;
    double entropy; /* summed over its images */
    double *sent;   /* [layers][experts] tokens, each 1 / kept to its kept experts */
} Input;

typedef struct Item {
    int input;
    char *image, *figure; /* as in RouteCase */
    VoxpertObjects *objects;
} Item;

typedef struct Route {
    Common common;
    EngineOptions options;
    Engine engine;
    VoxpertFileOptions file;
    VoxpertSegmentOptions segment;
    VoxpertObjects objects;  /* given by flags, or nothing but the image */
    VoxpertPrompts *prompts; /* given by a file, or NULL */
    const char *output, *csv;
    bool overwrite;
    char *matrix, *matrix_svg; /* paths, or NULL */
    Input *input;
    int inputs, items, failed;
    Item *item;
    json_t *records;
    int layers; /* known after the first image */
} Route;

/* ---- Flags ------------------------------------------------------------------------------ */

static void take_inputs(Route *r, const Options *o) {
    for (int i = 0; i < o->count; i++) {
        if (strcmp(o->item[i].rule->name, "--input") != 0) continue;
        cli_grow(&r->input, (size_t)r->inputs, sizeof *r->input);
        const char *path = o->item[i].value;
        r->input[r->inputs++] = (Input){.path = path, .folder = is_folder(path)};
    }
}

/* Nothing said: the image itself is the prompt. */
static VoxpertStatus prompt_flags(Route *r, const Options *o, VoxpertError *error) {
    const char *file = options_value(o, "--prompts");
    bool folder = false;
    for (int i = 0; i < r->inputs; i++) folder |= r->input[i].folder;
    VoxpertStatus status = objects_from_flags(&r->objects, o, error);
    if (status) return status;
    if (r->objects.count && (file || folder || r->inputs > 1))
        return error_say(error, VOXPERT_BAD_ARGUMENT,
                         "--box, --point and --mask are for one image; %s",
                         file ? "--prompts excludes them"
                              : "prompts of several come from --prompts, or from the images "
                                "themselves");
    if (file && r->inputs > 1)
        return error_say(error, VOXPERT_BAD_ARGUMENT,
                         "--prompts %s: is for one image or folder, and %d are given", file,
                         r->inputs);
    if (file) {
        status = voxpert_prompts_open(&r->prompts, file, error);
        common_warn_lines(&r->common, voxpert_prompts_warnings(r->prompts));
        return status ? status : voxpert_prompts_confine(r->prompts, r->input[0].path, error);
    }
    if (r->objects.count) return VOXPERT_OK;
    r->segment.prompt_free = true;
    VoxpertObject *image;
    return voxpert_objects_add(&r->objects, 1, &image, error);
}

static VoxpertStatus output_flags(Route *r, VoxpertError *error) {
    static const char *const csv[] = {".csv", NULL};
    if (!r->output && !r->csv && !r->common.json)
        return error_say(error, VOXPERT_BAD_ARGUMENT,
                         "--output or --csv is needed: a folder for figures, or a file for lines");
    struct stat info, input;
    for (int i = 0; r->output && i < r->inputs; i++) {
        if (stat(r->output, &info) == 0 && stat(r->input[i].path, &input) == 0 &&
            info.st_dev == input.st_dev && info.st_ino == input.st_ino)
            return error_say(error, VOXPERT_BAD_ARGUMENT, "--output %s: is an input", r->output);
    }
    return r->csv ? output_check("--csv", r->csv, csv, error) : VOXPERT_OK;
}

static VoxpertStatus route_flags(Route *r, const Options *o, VoxpertError *error) {
    take_inputs(r, o);
    r->output = options_value(o, "--output");
    r->overwrite = options_has(o, "--overwrite");
    r->csv = options_value(o, "--csv");
    r->segment.prompt_free = options_has(o, "--prompt-free");
    VoxpertStatus status = engine_flags(&r->options, o, error);
    if (!status && !r->options.model)
        status = error_say(error, VOXPERT_BAD_ARGUMENT, "--model is needed: whose experts");
    if (!status && !r->inputs)
        status = error_say(error, VOXPERT_BAD_ARGUMENT, "--input is needed: an image, or a folder");
    if (!status) status = zoom_flags(&r->segment.zoom, o, error);
    if (!status) status = session_flags(&r->options, o, error);
    if (!status) status = image_flags(&r->file, o, &r->common, error);
    if (!status) status = prompt_flags(r, o, error);
    return status ? status : output_flags(r, error);
}

/* ---- What there is to do ---------------------------------------------------------------- */

/* "ct" of "data/ct/" */
/* The part of a path that ends at `end`, slashes left out; where it begins is `*begin`. */
static size_t part_before(const char *path, size_t end, size_t *begin) {
    while (end > 1 && path[end - 1] == '/') end--;
    *begin = end;
    while (*begin > 0 && path[*begin - 1] != '/') --*begin;
    return end - *begin;
}

/* The last part of a path; of derm/images, as layouts of data sets have it, "derm". */
static char *last_part(const char *path) {
    static const char *const common[] = {"images", "imagesTr", "imagesTs", "imagesVal", NULL};
    size_t begin, length = part_before(path, strlen(path), &begin), above;
    for (int i = 0; common[i]; i++) {
        if (strlen(common[i]) != length || strncmp(path + begin, common[i], length) != 0) continue;
        size_t longer = part_before(path, begin, &above);
        if (longer && path[above] != '.' && path[above] != '/')
            return cli_text("%.*s", (int)longer, path + above);
    }
    return cli_text("%.*s", (int)length, path + begin);
}

static void add_item(Route *r, int input, const char *name, char *image, VoxpertObjects *objects) {
    const Input *in = &r->input[input];
    char *stem = case_stem(name);
    cli_grow(&r->item, (size_t)r->items, sizeof *r->item);
    r->item[r->items++] =
        (Item){input, image, in->figures ? cli_text("%s/%s", in->figures, stem) : NULL, objects};
    free(stem);
}

static VoxpertStatus list_folder(Route *r, int input, VoxpertError *error) {
    const char *folder = r->input[input].path;
    char **names = NULL;
    int count = 0;
    VoxpertStatus status = VOXPERT_OK;
    VoxpertPromptsEntry *entry;
    if (!r->prompts) status = folder_images(&names, &count, folder, error);
    for (int i = 0; i < count; i++)
        add_item(r, input, names[i], cli_text("%s/%s", folder, names[i]), &r->objects);
    for (int i = 0; !status && (entry = voxpert_prompts_entry(r->prompts, i)); i++) {
        if (!entry->image)
            return error_say(error, VOXPERT_BAD_INPUT, "%s: does not say its \"image\"",
                             voxpert_prompts_name(r->prompts));
        add_item(r, input, entry->image, cli_text("%s/%s", folder, entry->image), &entry->objects);
    }
    folder_images_free(names, count);
    return status;
}

static VoxpertStatus list_image(Route *r, int input, VoxpertError *error) {
    const char *path = r->input[input].path;
    VoxpertObjects *objects = &r->objects;
    if (r->prompts) {
        VoxpertPromptsEntry *entry = voxpert_prompts_find(r->prompts, path);
        if (!entry)
            return error_say(error, VOXPERT_BAD_INPUT, "%s: has no entry for %s",
                             voxpert_prompts_name(r->prompts), path);
        VoxpertStatus slice = voxpert_prompts_slice(r->prompts, entry, &r->file, error);
        if (slice) return slice;
        objects = &entry->objects;
    }
    add_item(r, input, name_base(path), cli_text("%s", path), objects);
    return VOXPERT_OK;
}

/* Figures of several inputs lie in folders of their own, named after them. */
static VoxpertStatus list_items(Route *r, VoxpertError *error) {
    VoxpertStatus status = VOXPERT_OK;
    int folders = 0;
    for (int i = 0; i < r->inputs; i++) folders += r->input[i].folder;
    for (int i = 0; !status && i < r->inputs; i++) {
        Input *in = &r->input[i];
        in->name = last_part(in->path);
        bool apart = in->folder && folders > 1;
        if (r->output)
            in->figures =
                apart ? cli_text("%s/%s", r->output, in->name) : cli_text("%s", r->output);
        status = in->folder ? list_folder(r, i, error) : list_image(r, i, error);
    }
    if (r->output && folders > 1) {
        r->matrix = cli_text("%s/matrix.png", r->output);
        r->matrix_svg = cli_text("%s/matrix.svg", r->output);
    }
    return status;
}

static VoxpertStatus check_claims(const Route *r, VoxpertError *error) {
    Claims claims = {0};
    char **paths = NULL;
    size_t count = 0;
    claims_read(&claims, r->options.model);
    claims_read(&claims, r->options.base);
    claims_read(&claims, voxpert_prompts_name(r->prompts));
    claims_write(&claims, "--csv", r->csv, NULL);
    claims_write(&claims, "--output", r->matrix, NULL);
    claims_write(&claims, "--output", r->matrix_svg, NULL);
    for (int i = 0; i < r->items; i++) {
        const Item *item = &r->item[i];
        claims_read(&claims, item->image);
        for (int k = 0; item->figure && k < item->objects->count; k++) {
            cli_grow(&paths, count, sizeof *paths);
            paths[count] = route_figure(item->figure, item->objects->item[k].number);
            claims_write(&claims, "--output", paths[count++], item->image);
        }
    }
    VoxpertStatus status = claims_check(&claims, error);
    claims_free(&claims);
    if (!status) status = output_is_new(r->csv, r->overwrite, error);
    if (!status) status = output_is_new(r->matrix, r->overwrite, error);
    if (!status) status = output_is_new(r->matrix_svg, r->overwrite, error);
    for (size_t i = 0; i < count && !status; i++)
        status = output_is_new(paths[i], r->overwrite, error);
    for (size_t i = 0; i < count; i++) free(paths[i]);
    free(paths);
    return status;
}

/* ---- One image -------------------------------------------------------------------------- */

static void count_tokens(Route *r, Input *in, const json_t *objects) {
    size_t o, l, t, e;
    const json_t *object, *layer, *token, *gate;
    json_array_foreach(objects, o, object) {
        const json_t *layers = json_object_get(json_object_get(object, "routing"), "layers");
        r->layers = (int)json_array_size(layers);
        if (!in->sent)
            in->sent = cli_new((size_t)r->layers * (size_t)r->engine.experts, sizeof *in->sent);
        json_array_foreach(layers, l, layer) {
            double *sent = in->sent + l * (size_t)r->engine.experts;
            json_array_foreach(layer, t, token) {
                const json_t *gates = json_object_get(token, "gates");
                int kept = 0;
                json_array_foreach(gates, e, gate) kept += json_number_value(gate) > 0.0;
                json_array_foreach(gates, e, gate) {
                    if (json_number_value(gate) > 0.0) sent[e] += 1.0 / kept;
                }
            }
        }
    }
}

static void print_image(const Route *r, const json_t *record) {
    size_t index;
    const json_t *object;
    const char *image = json_string_value(json_object_get(record, "image"));
    if (r->common.json || r->common.quiet) return;
    json_array_foreach(json_object_get(record, "objects"), index, object) {
        const json_t *routing = json_object_get(object, "routing");
        printf("%s\tobject %lld\ttoken %lld\tentropy %.4f\n", cli_shown(image),
               (long long)json_integer_value(json_object_get(object, "object")),
               (long long)json_integer_value(json_object_get(routing, "chosen_token")),
               json_number_value(json_object_get(routing, "entropy")));
    }
    printf("%s\tmean entropy %.4f\n", cli_shown(image),
           json_number_value(json_object_get(record, "entropy")));
}

static VoxpertStatus do_item(Route *r, const Item *item, VoxpertError *error) {
    RouteCase c = {.image = item->image,
                   .file = r->file,
                   .objects = item->objects,
                   .segment = r->segment,
                   .figure = item->figure};
    Input *in = &r->input[item->input];
    json_t *record = NULL;
    VoxpertStatus status = VOXPERT_OK;
    VoxpertPromptsEntry *entry;
    for (int i = 0; !status && in->folder && (entry = voxpert_prompts_entry(r->prompts, i)); i++) {
        if (&entry->objects == item->objects)
            status = voxpert_prompts_slice(r->prompts, entry, &c.file, error);
    }
    if (!status) status = route_case_run(&r->common, &r->options, &r->engine, &c, &record, error);
    if (status) return status;
    in->images++;
    in->entropy += json_number_value(json_object_get(record, "entropy"));
    count_tokens(r, in, json_object_get(record, "objects"));
    print_image(r, record);
    json_array_append_new(r->records, record);
    return VOXPERT_OK;
}

/* A folder goes on where an image fails, but not where a result cannot be written: a full disk
 * would be full for the others too. */
static VoxpertStatus do_items(Route *r, VoxpertError *error) {
    Common common = r->common;
    if (r->items == 1) common.progress = PROGRESS_NONE;
    Progress progress = progress_begin(&common, "images", (size_t)r->items);
    VoxpertStatus status = VOXPERT_OK;
    progress_keep(&progress, r->output ? "their figures are kept, and no table was written"
                                       : "no results were written");
    for (int i = 0; !status && i < r->items; i++) {
        status = do_item(r, &r->item[i], error);
        bool goes_on = r->engine.session && r->input[r->item[i].input].folder;
        if (status && status != VOXPERT_BAD_OUTPUT && goes_on) {
            progress_end(&progress);
            common_warn(&r->common, "%s failed: %s", r->item[i].image,
                        common_message(&r->common, error));
            r->failed++;
            status = VOXPERT_OK;
        }
        progress_tell(&progress, (size_t)i + 1, r->item[i].image);
    }
    progress_end(&progress);
    return status;
}

/* ---- All of them ------------------------------------------------------------------------ */

static void put_records(FILE *to, const void *context) {
    const Route *r = context;
    size_t index;
    const json_t *record;
    json_array_foreach(r->records, index, record)
        routing_csv_image(to, json_string_value(json_object_get(record, "image")),
                          json_object_get(record, "objects"));
}

static double share_of(const Route *r, const Input *in, int layer, int expert) {
    double all = 0.0;
    for (int e = 0; in->sent && e < r->engine.experts; e++)
        all += in->sent[layer * r->engine.experts + e];
    return all > 0.0 ? in->sent[layer * r->engine.experts + expert] / all : (double)NAN;
}

static json_t *input_json(const Route *r, const Input *in) {
    json_t *layers = json_array();
    for (int l = 0; in->images && l < r->layers; l++) {
        json_t *shares = json_array();
        for (int e = 0; e < r->engine.experts; e++)
            json_array_append_new(shares, json_real(share_of(r, in, l, e)));
        json_array_append_new(layers, shares);
    }
    json_t *json = json_pack("{s:o, s:i, s:o}", "input", json_words(in->path), "images", in->images,
                             "shares", layers);
    if (in->images) json_object_set_new(json, "entropy", json_real(in->entropy / in->images));
    return json;
}

/* Rows are the folders. */
static VoxpertStatus write_matrix(const Route *r, VoxpertError *error) {
    const char **row = cli_new((size_t)r->inputs, sizeof *row);
    size_t cells = (size_t)r->layers * (size_t)r->engine.experts, rows = 0;
    double *share = cli_new((size_t)r->inputs * cells, sizeof *share);
    for (int i = 0; i < r->inputs; i++)
        if (r->input[i].folder) row[rows++] = r->input[i].name;
    for (int l = 0; l < r->layers; l++)
        for (int i = 0, at = 0; i < r->inputs; i++) {
            if (!r->input[i].folder) continue;
            for (int e = 0; e < r->engine.experts; e++)
                share[((size_t)l * rows + (size_t)at) * (size_t)r->engine.experts + (size_t)e] =
                    share_of(r, &r->input[i], l, e);
            at++;
        }
    VoxpertStatus status =
        voxpert_expert_matrix_write(r->engine.model, share, (int)rows, row, r->matrix, error);
    if (!status)
        status = voxpert_expert_matrix_write(r->engine.model, share, (int)rows, row, r->matrix_svg,
                                             error);
    free(row);
    free(share);
    return status;
}

static void print_input(const Route *r, const Input *in) {
    if (!in->folder || !in->images) return;
    printf("%s\t%d images\tmean entropy %.4f", cli_shown(in->path), in->images,
           in->entropy / in->images);
    for (int l = 0; l < r->layers; l++) {
        printf("\tlayer %d:", l + 1);
        for (int e = 0; e < r->engine.experts; e++)
            printf(" %.1f%%", 100.0 * share_of(r, in, l, e));
    }
    putchar('\n');
}

static void tell(Route *r) {
    json_t *inputs = json_array();
    for (int i = 0; i < r->inputs; i++) json_array_append_new(inputs, input_json(r, &r->input[i]));
    if (r->common.json) {
        json_t *all = json_pack("{s:O, s:O, s:i, s:O}", "model", engine_about(&r->engine), "images",
                                r->records, "failed", r->failed, "inputs", inputs);
        if (r->csv) json_object_set_new(all, "csv", json_words(r->csv));
        if (r->matrix) json_object_set_new(all, "matrix", json_words(r->matrix));
        common_report(&r->common, all);
    }
    json_decref(inputs);
    for (int i = 0; !r->common.json && !r->common.quiet && i < r->inputs; i++)
        print_input(r, &r->input[i]);
}

/* Those that were made and have nothing in them. */
static void drop_folders(const Route *r) {
    for (int i = 0; i < r->inputs; i++)
        if (r->input[i].figures) rmdir(r->input[i].figures);
    rmdir(r->output);
}

static VoxpertStatus route(Route *r, VoxpertError *error) {
    VoxpertStatus status = list_items(r, error);
    if (!status) status = check_claims(r, error);
    if (!status) status = engine_open(&r->engine, &r->common, &r->options, error);
    if (!status && !r->engine.experts)
        status = error_say(error, VOXPERT_BAD_ARGUMENT, "%s: has no experts", r->options.model);
    if (!status && r->segment.prompt_free && !r->engine.prompt_tokens)
        status = error_say(error, VOXPERT_BAD_ARGUMENT,
                           "%s: makes no prompt tokens, so each image needs a point, a box or a "
                           "mask (--prompts)",
                           r->options.model);
    bool made = r->output && access(r->output, F_OK) != 0;
    for (int i = 0; !status && i < r->inputs; i++)
        if (r->input[i].figures) status = output_folder_make(r->input[i].figures, error);
    if (!status) status = do_items(r, error);
    if (status && made) drop_folders(r);
    if (!status && r->csv)
        status = routing_csv_write(r->csv, r->engine.experts, put_records, r, error);
    if (!status && r->matrix && r->layers) status = write_matrix(r, error);
    if (!status) tell(r);
    if (!status && r->failed)
        status =
            error_say(error, VOXPERT_SOME_FAILED, "%d of %d images failed", r->failed, r->items);
    return status;
}

static void route_free(Route *r) {
    for (int i = 0; i < r->inputs; i++) {
        free(r->input[i].name);
        free(r->input[i].figures);
        free(r->input[i].sent);
    }
    for (int i = 0; i < r->items; i++) {
        free(r->item[i].image);
        free(r->item[i].figure);
    }
    free(r->input);
    free(r->item);
    free(r->matrix);
    free(r->matrix_svg);
    json_decref(r->records);
    voxpert_objects_free(&r->objects);
    voxpert_prompts_close(r->prompts);
    engine_close(&r->engine);
}

int experts_route(const Verb *verb, int argc, char **argv) {
    Route r = {.records = json_array()};
    Options options;
    VoxpertError error = {0};
    VoxpertStatus status =
        common_begin(&r.common, &options, verb, route_rules, false, argc, argv, &error);
    if (!status) status = route_flags(&r, &options, &error);
    if (!status) status = route(&r, &error);
    route_free(&r);
    options_free(&options);
    return common_end(&r.common, status, &error);
}
