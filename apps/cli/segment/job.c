#include "cli/segment/job.h"

#include <string.h>
#include <sys/stat.h>

#include "cli/common/error.h"
#include "cli/common/numbers.h"
#include "cli/common/outputs.h"
#include "cli/common/paths.h"
#include "cli/segment/folder.h"

const OptionRule segment_rules[] = {
    {"--model", 'm', true},
    {"--base", .takes_value = true},
    {"--vocab", .takes_value = true},
    {"--preset", .takes_value = true, .word_at = preset_word},
    {"--strict"},
    {"--input", 'i', true, .place = 1},
    {"--data", .takes_value = true},
    {"--part", .takes_value = true, .words = "train|validation|test|all"},
    {"--most", .takes_value = true},
    {"--simulate", .takes_value = true, .words = "box|clicks:1|clicks:3|clicks:5|free"},
    {"--output", 'o', true},
    {"--box", .takes_value = true, .repeats = true, .numbers = 4},
    {"--point", .takes_value = true, .repeats = true, .numbers = 2},
    {"--mask", .takes_value = true, .repeats = true},
    {"--text", .takes_value = true, .repeats = true},
    {"--object", .takes_value = true, .repeats = true},
    {"--prompts", .takes_value = true},
    {"--multimask"},
    {"--prompt-free"},
    {"--class", .takes_value = true, .repeats = true},
    {"--expert", .takes_value = true},
    {"--zoom"},
    {"--no-zoom"},
    {"--fill-holes"},
    {"--min-size", .takes_value = true},
    {"--value", .takes_value = true},
    {"--keep-largest"},
    {"--logits", .takes_value = true},
    {"--probability", .takes_value = true},
    {"--probability-bits", .takes_value = true, .words = "8|16"},
    {"--low-res", .takes_value = true},
    {"--overlay", .takes_value = true},
    {"--rle", .takes_value = true},
    {"--report", 'r', true},
    {"--routing-csv", .takes_value = true},
    {"--slice", .takes_value = true},
    {"--page", .takes_value = true},
    {"--window", .takes_value = true, .numbers = 2},
    {"--no-exif"},
    {"--cache", .takes_value = true},
    {"--cache-half"},
    {"--embedding", .takes_value = true},
    {"--resume"},
    {"--overwrite"},
    {"--on-error", .takes_value = true, .words = "skip|stop"},
    {"--everything"},
    {"--points-per-side", .takes_value = true},
    {"--points-per-batch", .takes_value = true},
    {"--pred-iou-thresh", .takes_value = true},
    {"--stability-score-thresh", .takes_value = true},
    {"--stability-score-offset", .takes_value = true},
    {"--box-nms-thresh", .takes_value = true},
    {"--crop-side", .takes_value = true},
    {"--crop-n-layers", .takes_value = true},
    {"--crop-nms-thresh", .takes_value = true},
    {"--crop-overlap-ratio", .takes_value = true},
    {"--crop-n-points-downscale-factor", .takes_value = true},
    {"--min-mask-region-area", .takes_value = true},
    {"--mask-threshold", .takes_value = true},
    {0},
};

/* ---- Groups of flags -------------------------------------------------------------------- */

VoxpertStatus image_flags(VoxpertFileOptions *out, const Options *options, const Common *common,
                          VoxpertError *error) {
    *out = (VoxpertFileOptions){.ignore_exif = options_has(options, "--no-exif"),
                                .max_bytes = common->max_memory};
    const char *slice = options_value(options, "--slice"), *window;
    if (slice && voxpert_slice_parse(out, slice, error)) return error->status;
    double values[2];
    if ((window = options_value(options, "--window"))) {
        if (!numbers_parse(values, 2, window) || !(values[1] > 0.0))
            return error_say(error, VOXPERT_BAD_ARGUMENT,
                             "--window %s: must be level,width with a width above 0", window);
        out->window_level = values[0];
        out->window_width = values[1];
    }
    return options_whole(options, "--page", 1, 1 << 20, &out->page, error);
}

static VoxpertStatus segment_flags(Job *job, const Options *o, VoxpertError *error) {
    int zoom;
    VoxpertStatus status = zoom_flags(&zoom, o, error);
    job->segment = (VoxpertSegmentOptions){.multimask = options_has(o, "--multimask"),
                                           .prompt_free = options_has(o, "--prompt-free"),
                                           .zoom = zoom};
    job->cleanup = (VoxpertCleanup){.fill_holes = options_has(o, "--fill-holes"),
                                    .keep_largest = options_has(o, "--keep-largest")};
    job->embedding = options_value(o, "--embedding");
    if (!status && job->embedding && zoom > 0)
        status = error_say(error, VOXPERT_BAD_ARGUMENT,
                           "--embedding is of the whole image, and excludes --zoom");
    if (job->embedding) job->segment.zoom = -1;
    if (!status) status = session_flags(&job->engine, o, error);
    return status ? status
                  : options_whole(o, "--min-size", 1, 1 << 30, &job->cleanup.min_size, error);
}

/* ---- Everything ------------------------------------------------------------------------- */

static VoxpertStatus grid_numbers(VoxpertEverything *g, const Options *o, VoxpertError *error) {
    const struct {
        const char *flag;
        double low, high;
        float *to;
    } numbers[] = {{"--pred-iou-thresh", -100.0, 100.0, &g->pred_iou_thresh},
                   {"--stability-score-thresh", 0.0, 1.0, &g->stability_score_thresh},
                   {"--stability-score-offset", 0.0, 1e6, &g->stability_score_offset},
                   {"--box-nms-thresh", 1e-6, 1.0, &g->box_nms_thresh},
                   {"--crop-nms-thresh", 1e-6, 1.0, &g->crop_nms_thresh},
                   {"--crop-overlap-ratio", 1e-6, 0.999, &g->crop_overlap_ratio},
                   {"--mask-threshold", -1e6, 1e6, &g->mask_threshold}};
    VoxpertStatus status = VOXPERT_OK;
    for (size_t i = 0; !status && i < sizeof numbers / sizeof *numbers; i++)
        status = options_number(o, numbers[i].flag, numbers[i].low, numbers[i].high, numbers[i].to,
                                error);
    return status;
}

static VoxpertStatus grid_wholes(VoxpertEverything *g, const Options *o, VoxpertError *error) {
    const struct {
        const char *flag;
        long low, high;
        int *to;
    } wholes[] = {{"--points-per-side", 1, 1024, &g->points_per_side},
                  {"--points-per-batch", 1, 65536, &g->points_per_batch},
                  {"--crop-n-layers", 0, 4, &g->crop_n_layers},
                  {"--crop-n-points-downscale-factor", 1, 1024, &g->crop_n_points_downscale},
                  {"--min-mask-region-area", 0, 1 << 30, &g->min_mask_region_area}};
    VoxpertStatus status = VOXPERT_OK;
    for (size_t i = 0; !status && i < sizeof wholes / sizeof *wholes; i++)
        status =
            options_whole(o, wholes[i].flag, wholes[i].low, wholes[i].high, wholes[i].to, error);
    if (options_has(o, "--crop-n-layers")) g->crop_side = -1;
    const char *side = options_value(o, "--crop-side");
    if (status || !side) return status;
    if (strcmp(side, "0") == 0) {
        g->crop_side = -1;
        return VOXPERT_OK;
    }
    return options_whole(o, "--crop-side", 16, 65536, &g->crop_side, error);
}

VoxpertEverything job_grid(const Job *job, const VoxpertModel *model) {
    VoxpertEverything g;
    VoxpertError none;
    voxpert_everything_defaults(model, &g);
    if (!grid_numbers(&g, job->options, &none)) (void)grid_wholes(&g, job->options, &none);
    return g;
}

/* The flags of the published generator begin with those of `segment_rules` behind --everything. */
static VoxpertStatus everything_flags(Job *job, const Options *o, VoxpertError *error) {
    bool behind = false;
    VoxpertEverything checked = {0};
    job->options = o;
    job->everything = options_has(o, "--everything");
    for (const OptionRule *r = segment_rules; r->name; r++) {
        if (behind && !job->everything && options_has(o, r->name))
            return error_say(error, VOXPERT_BAD_ARGUMENT, "%s goes with --everything", r->name);
        behind |= strcmp(r->name, "--everything") == 0;
    }
    VoxpertStatus status = grid_numbers(&checked, o, error);
    if (!status) status = grid_wholes(&checked, o, error);
    if (!status && checked.crop_n_layers && checked.crop_side > 0)
        status = error_say(error, VOXPERT_BAD_ARGUMENT,
                           "--crop-n-layers %d and --crop-side %d exclude each other",
                           checked.crop_n_layers, checked.crop_side);
    return status;
}

/* ---- Prompts ---------------------------------------------------------------------------- */

/* Each is an object that the image itself prompts. */
static VoxpertStatus class_flags(const Job *job, VoxpertObjects *to, const Options *o,
                                 VoxpertError *error) {
    if (to->count)
        return error_say(error, VOXPERT_BAD_ARGUMENT,
                         "--class excludes other prompts; the objects of a prompts file may have a "
                         "\"class\" beside theirs");
    if (!job->segment.prompt_free)
        return error_say(error, VOXPERT_BAD_ARGUMENT, "--class goes with --prompt-free");
    return objects_add_classes(to, o, error);
}

static VoxpertStatus objects_of_flags(Job *job, VoxpertObjects *to, const Options *o,
                                      VoxpertError *error) {
    VoxpertStatus status = objects_from_flags(to, o, error);
    bool other = options_has(o, "--prompts") || options_has(o, "--everything");
    if (!status && !job->everything && options_has(o, "--class"))
        return class_flags(job, to, o, error);
    VoxpertObject *image; /* itself is the prompt */
    if (!status && job->segment.prompt_free && !to->count && !other)
        status = voxpert_objects_add(to, 1, &image, error);
    return status;
}

static VoxpertStatus prompt_one(Job *job, const char *name, const Options *o, VoxpertError *error) {
    VoxpertPromptsEntry *e;
    VoxpertStatus status = voxpert_prompts_add(job->prompts, name, &e, error);
    if (!status) status = objects_of_flags(job, &e->objects, o, error);
    return status ? status : voxpert_objects_json(&e->objects, &e->json, error);
}

/* The same prompts for every image of the folder. */
static VoxpertStatus prompt_all(Job *job, const Options *o, VoxpertError *error) {
    char **names = NULL;
    int count = 0;
    if (objects_place(&job->objects))
        return error_say(error, VOXPERT_BAD_ARGUMENT,
                         "%s is a folder: where objects lie in its images comes from --prompts",
                         job->input);
    VoxpertStatus status = voxpert_prompts_new(&job->prompts, error);
    if (!status) status = folder_images(&names, &count, job->input, error);
    for (int i = 0; !status && i < count; i++) status = prompt_one(job, names[i], o, error);
    folder_images_free(names, count);
    return status;
}

/* Exactly one of: prompts as flags, a prompts file, everything. */
static VoxpertStatus prompt_flags(Job *job, const Options *o, VoxpertError *error) {
    const char *file = options_value(o, "--prompts");
    VoxpertStatus status = objects_of_flags(job, &job->objects, o, error);
    if (status) return status;
    int kinds = (job->objects.count > 0) + (file != NULL) + job->everything;
    if (kinds == 0)
        return error_say(error, VOXPERT_BAD_ARGUMENT,
                         "nothing to segment: --box, --point, --mask, --prompts, --prompt-free or "
                         "--everything is needed");
    if (kinds > 1)
        return error_say(error, VOXPERT_BAD_ARGUMENT, "%s excludes other prompts",
                         file ? "--prompts" : "--everything");
    if (job->folder && job->objects.count) return prompt_all(job, o, error);
    if (!file) return VOXPERT_OK;
    status = voxpert_prompts_open(&job->prompts, file, error);
    common_warn_lines(&job->common, voxpert_prompts_warnings(job->prompts));
    return status ? status : voxpert_prompts_confine(job->prompts, job->input, error);
}

/* ---- Outputs ---------------------------------------------------------------------------- */

typedef struct OutputFlag {
    const char *flag, *path;
    const char *const *extensions;
} OutputFlag;

enum { OUTPUT_FLAGS = 8 };

static void output_flags(OutputFlag out[OUTPUT_FLAGS], const Paths *p) {
    static const char *const mask[] = {".png", ".tif", ".tiff", ".bmp", ".nii", ".nii.gz", NULL};
    static const char *const npy[] = {".npy", NULL}, *const png[] = {".png", NULL};
    static const char *const either[] = {".npy", ".png", NULL}, *const json[] = {".json", NULL};
    static const char *const report[] = {".json", ".csv", NULL};
    static const char *const csv[] = {".csv", NULL};
    const OutputFlag flags[OUTPUT_FLAGS] = {{"--output", p->mask, mask},
                                            {"--logits", p->logits, npy},
                                            {"--low-res", p->low_res, npy},
                                            {"--probability", p->probability, either},
                                            {"--overlay", p->overlay, png},
                                            {"--rle", p->rle, json},
                                            {"--report", p->table ? p->table : p->report, report},
                                            {"--routing-csv", p->routing, csv}};
    memcpy(out, flags, sizeof flags);
}

static void read_masks(Claims *claims, const VoxpertObjects *t) {
    for (int i = 0; i < t->count; i++) claims_read(claims, t->item[i].mask_path);
}

void job_reads(const Job *job, Claims *claims) {
    claims_read(claims, job->engine.model);
    claims_read(claims, job->engine.base);
    claims_read(claims, job->engine.vocab);
    claims_read(claims, voxpert_prompts_name(job->prompts));
    claims_read(claims, job->embedding);
    read_masks(claims, &job->objects);
    VoxpertPromptsEntry *entry;
    for (int i = 0; (entry = voxpert_prompts_entry(job->prompts, i)); i++)
        read_masks(claims, &entry->objects);
}

static VoxpertStatus check_claims(const Job *job, const OutputFlag flags[OUTPUT_FLAGS],
                                  VoxpertError *error) {
    Claims claims = {0};
    claims_read(&claims, job->input);
    job_reads(job, &claims);
    for (int i = 0; i < OUTPUT_FLAGS; i++)
        claims_write(&claims, flags[i].flag, flags[i].path, NULL);
    VoxpertStatus status = claims_check(&claims, error);
    claims_free(&claims);
    return status;
}

static VoxpertStatus file_outputs(const Job *job, VoxpertError *error) {
    OutputFlag flags[OUTPUT_FLAGS];
    output_flags(flags, &job->paths);
    bool any = job->common.json;
    VoxpertStatus status = VOXPERT_OK;
    for (int i = 0; !status && i < OUTPUT_FLAGS; i++) {
        if (!flags[i].path) continue;
        any = true;
        status = output_check(flags[i].flag, flags[i].path, flags[i].extensions, error);
    }
    if (!status && !any)
        return error_say(error, VOXPERT_BAD_ARGUMENT, "--output is needed: where the mask goes");
    if (!status) status = check_claims(job, flags, error);
    for (int i = 0; !status && i < OUTPUT_FLAGS; i++)
        status = output_is_new(flags[i].path, job->overwrite, error);
    return status;
}

static VoxpertStatus folder_outputs(const Job *job, VoxpertError *error) {
    OutputFlag flags[OUTPUT_FLAGS];
    output_flags(flags, &job->paths);
    if (!job->paths.mask)
        return error_say(error, VOXPERT_BAD_ARGUMENT, "--output is needed: the folder for masks");
    for (int i = 0; i < OUTPUT_FLAGS; i++) {
        const char *path = flags[i].path;
        struct stat info, input;
        bool file =
            path == job->paths.report || path == job->paths.routing || path == job->paths.table;
        if (!path || file || stat(path, &info) != 0) continue;
        if (!S_ISDIR(info.st_mode))
            return error_say(error, VOXPERT_BAD_OUTPUT, "%s %s: is no folder, but the input is one",
                             flags[i].flag, path);
        if (stat(job->input, &input) == 0 && input.st_dev == info.st_dev &&
            input.st_ino == info.st_ino)
            return error_say(error, VOXPERT_BAD_ARGUMENT, "%s %s: is the folder of the input",
                             flags[i].flag, path);
    }
    if (job->paths.report && !name_ends(job->paths.report, ".json") &&
        !name_ends(job->paths.report, ".jsonl"))
        return error_say(error, VOXPERT_BAD_ARGUMENT,
                         "--report %s: the name must end with .json, .jsonl or .csv",
                         job->paths.report);
    const OutputFlag *csv = &flags[OUTPUT_FLAGS - 1];
    return csv->path ? output_check(csv->flag, csv->path, csv->extensions, error) : VOXPERT_OK;
}

/* ---- What does not go together ---------------------------------------------------------- */

static VoxpertStatus only_with(const Options *o, bool holds, const char *const *flags,
                               const char *why, VoxpertError *error) {
    for (int i = 0; !holds && flags[i]; i++) {
        if (options_has(o, flags[i]))
            return error_say(error, VOXPERT_BAD_ARGUMENT, "%s %s", flags[i], why);
    }
    return VOXPERT_OK;
}

VoxpertStatus job_shows(const Job *job, const VoxpertObjects *t, VoxpertError *error) {
    const char *path = job->paths.probability;
    if (t->count < 2 || !path || !name_ends(path, ".png")) return VOXPERT_OK;
    return error_say(error, VOXPERT_BAD_ARGUMENT,
                     "--probability %s: an image shows one object; name a .npy file for several",
                     path);
}

static VoxpertStatus together(Job *job, const Options *o, VoxpertError *error) {
    static const char *const folders[] = {"--resume", "--on-error", NULL};
    static const char *const images[] = {"--embedding", "--probability-bits", NULL};
    static const char *const prompted[] = {"--logits",       "--probability",
                                           "--low-res",      "--multimask",
                                           "--prompt-free",  "--class",
                                           "--expert",       "--zoom",
                                           "--fill-holes",   "--min-size",
                                           "--keep-largest", "--routing-csv",
                                           "--value",        NULL};
    static const char *const bits[] = {"--probability-bits", NULL};
    bool png = job->paths.probability && name_ends(job->paths.probability, ".png");
    int reaction = 0;
    VoxpertStatus status = only_with(o, job->folder, folders, "goes with a folder", error);
    if (!status) status = only_with(o, !job->folder, images, "goes with a single image", error);
    if (!status)
        status = only_with(o, !job->everything, prompted, "does not go with --everything", error);
    if (!status) status = only_with(o, png, bits, "goes with --probability FILE.png", error);
    if (!status) status = job_shows(job, &job->objects, error);
    if (!status) status = options_choice(o, "--on-error", &reaction, error);
    job->stop = reaction == 1;
    job->resume = options_has(o, "--resume");
    job->overwrite = options_has(o, "--overwrite");
    if (!status && job->resume && job->overwrite)
        status =
            error_say(error, VOXPERT_BAD_ARGUMENT, "--resume and --overwrite exclude each other");
    if (!status) status = options_whole(o, "--value", 1, VOXPERT_OBJECTS_MOST, &job->value, error);
    job->probability_bits = 8;
    if (!status)
        status = options_whole(o, "--probability-bits", 8, 16, &job->probability_bits, error);
    if (!status && job->probability_bits != 8 && job->probability_bits != 16)
        status = error_say(error, VOXPERT_BAD_ARGUMENT, "--probability-bits %d: must be 8 or 16",
                           job->probability_bits);
    return status;
}

VoxpertStatus job_from_flags(Job *job, const Options *o, VoxpertError *error) {
    static const char *const of_sets[] = {"--part", "--most", "--simulate", NULL};
    VoxpertStatus alone = only_with(o, false, of_sets, "goes with --data", error);
    if (alone) return alone;
    job->input = options_value(o, "--input");
    if (!job->input)
        return error_say(error, VOXPERT_BAD_ARGUMENT, "--input is needed: an image, or a folder");
    job->folder = is_folder(job->input);
    job->paths = (Paths){.mask = options_value(o, "--output"),
                         .logits = options_value(o, "--logits"),
                         .probability = options_value(o, "--probability"),
                         .low_res = options_value(o, "--low-res"),
                         .overlay = options_value(o, "--overlay"),
                         .rle = options_value(o, "--rle"),
                         .report = options_value(o, "--report"),
                         .routing = options_value(o, "--routing-csv")};
    if (job->paths.report && name_ends(job->paths.report, ".csv")) {
        job->paths.table = job->paths.report;
        job->paths.report = NULL;
    }
    VoxpertStatus status = engine_flags(&job->engine, o, error);
    if (!status) status = image_flags(&job->file, o, &job->common, error);
    if (!status) status = segment_flags(job, o, error);
    if (!status) status = everything_flags(job, o, error);
    if (!status) status = prompt_flags(job, o, error);
    if (!status) status = together(job, o, error);
    if (!status) status = job->folder ? folder_outputs(job, error) : file_outputs(job, error);
    return status;
}

VoxpertStatus job_suits(const Job *job, const Engine *engine, VoxpertError *error) {
    if (!job->paths.routing || engine->experts) return VOXPERT_OK;
    return error_say(
        error, VOXPERT_BAD_ARGUMENT, "--routing-csv %s: %s has no experts, so nothing is routed",
        job->paths.routing, job->engine.model ? job->engine.model : "the built-in model");
}

void job_free(Job *job) {
    voxpert_objects_free(&job->objects);
    voxpert_prompts_close(job->prompts);
}
