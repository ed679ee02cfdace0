/* voxpert embed - what the image encoder computes, kept for later prompts and for training. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/common/claims.h"
#include "cli/common/error.h"
#include "cli/common/outputs.h"
#include "cli/common/paths.h"
#include "cli/common/progress.h"
#include "cli/segment/engine.h"
#include "cli/segment/folder.h"
#include "cli/segment/job.h"
#include "cli/verb.h"

static int embed_run(int argc, char **argv);

static const OptionRule rules[] = {
    {"--model", 'm', true},
    {"--base", .takes_value = true},
    {"--preset", .takes_value = true, .word_at = preset_word},
    {"--strict"},
    {"--input", 'i', true, .place = 1},
    {"--output", 'o', true},
    {"--cache", .takes_value = true},
    {"--dtype", .takes_value = true, .words = "f32|f16"},
    {"--slice", .takes_value = true},
    {"--page", .takes_value = true},
    {"--window", .takes_value = true},
    {"--no-exif"},
    {"--on-error", .takes_value = true, .words = "skip|stop"},
    {"--overwrite"},
    {0},
};

const Verb verb_embed = {
    .name = "embed",
    .summary = "encode images once, for any number of prompts later",
    .usage =
        "usage: voxpert embed [-m MODEL] -i IMAGE|FOLDER -o FILE|FOLDER [FLAGS]\n"
        "       voxpert embed [-m MODEL] -i IMAGE|FOLDER --cache DIR [FLAGS]\n"
        "\n"
        "Example: encode a folder once, then segment without encoding\n"
        "  voxpert embed -i scans --cache embeddings\n"
        "  voxpert segment -i scans/a.png --box 40,52,120,131 -o a.png --no-zoom --cache "
        "embeddings\n"
        "\n"
        "The whole image is encoded; where the preset zooms, as the built-in model's does,\n"
        "`voxpert segment` encodes crops too, unless `--no-zoom` is given.\n"
        "\n"
        "  -i, --input IMAGE         PNG, JPEG, TIFF, BMP or NIfTI; or a folder of them\n"
        "  -o, --output FILE         .safetensors, for `voxpert segment --embedding FILE`\n"
        "      --cache DIR           instead: under the hash of image, model and preset\n"
        "      --dtype TYPE          f32 (default) or f16, half the size; a value too large for "
        "f16\n"
        "                            is refused\n"
        "  -m, --model FILE          safetensors or PyTorch .pth; default: built-in\n"
        "      --base FILE           of an adapter: the model it was trained on; default: "
        "built-in\n"
        "      --preset NAME         how images are prepared: sam, sam-med2d, sam-med2d-test, "
        "medsam,\n"
        "                            litemedsam, imis or voxpert; default: as the model says\n"
        "      --strict              refuse a model file with tensors that do not belong to it\n"
        "      --slice k:57          a slice of a volume: an axis of the file and an index from 0\n"
        "      --window LEVEL,WIDTH  which values become black to white; default: 8 bits as they "
        "are,\n"
        "                            others from percentile 0.5 to 99.5\n"
        "      --page N              page of a TIFF, from 1; default: 1\n"
        "      --no-exif             pixels as stored, not as the camera was held\n"
        "      --on-error MODE       of a folder: skip (default) or stop\n"
        "      --overwrite           replace files that are there\n",
    .rules = rules,
    .run = embed_run,
};

typedef struct EmbedJob {
    Common common;
    EngineOptions engine;
    VoxpertFileOptions file;
    const char *input, *output, *type;
    bool folder, stop, overwrite;
} EmbedJob;

static VoxpertStatus embed_flags(EmbedJob *job, const Options *o, VoxpertError *error) {
    static const char *const types[] = {"f32", "f16", NULL};
    static const char *const extensions[] = {".safetensors", NULL};
    int type = 0, reaction = 0;
    job->input = options_value(o, "--input");
    job->output = options_value(o, "--output");
    if (!job->input)
        return error_say(error, VOXPERT_BAD_ARGUMENT, "--input is needed: an image, or a folder");
    job->folder = is_folder(job->input);
    VoxpertStatus status = engine_flags(&job->engine, o, error);
    job->engine.cache = options_value(o, "--cache");
    job->engine.cache_half = true;
    if (!status) status = image_flags(&job->file, o, &job->common, error);
    if (!status) status = options_choice(o, "--dtype", &type, error);
    if (!status) status = options_choice(o, "--on-error", &reaction, error);
    job->type = types[type];
    job->stop = reaction == 1;
    job->overwrite = options_has(o, "--overwrite");
    if (!status && !job->output == !job->engine.cache)
        status = error_say(error, VOXPERT_BAD_ARGUMENT,
                           "either --output or --cache is needed: where embeddings go");
    if (!status && !job->folder && options_has(o, "--on-error"))
        status = error_say(error, VOXPERT_BAD_ARGUMENT, "--on-error goes with a folder");
    if (!status && job->output && !job->folder)
        status = output_check("--output", job->output, extensions, error);
    return status;
}

static VoxpertStatus save(const EmbedJob *job, Engine *engine, const char *path,
                          VoxpertError *error) {
    if (!path) return voxpert_embedding_keep(engine->session, job->type, error);
    Outputs outputs = {0};
    VoxpertStatus status =
        voxpert_embedding_save(engine->session, outputs_stage(&outputs, path), job->type, error);
    if (!status) return outputs_commit(&outputs, error);
    outputs_explain(&outputs, error);
    outputs_drop(&outputs);
    return status;
}

static VoxpertStatus embed_image(const EmbedJob *job, Engine *engine, const char *image,
                                 const char *path, json_t *list, VoxpertError *error) {
    VoxpertImageFile *file = NULL;
    double start = seconds_now();
    VoxpertStatus status = voxpert_image_file_open(&file, image, &job->file, error);
    if (!status) common_warn_lines(&job->common, voxpert_image_file_warnings(file));
    if (!status) status = engine_open(engine, &job->common, &job->engine, error);
    if (!status) status = voxpert_set_image(engine->session, voxpert_image_file_image(file), error);
    if (!status) status = save(job, engine, path, error);
    json_t *line = json_pack("{s:o, s:s, s:f}", "image", json_words(image), "status",
                             status ? "failed" : "done", "seconds", seconds_now() - start);
    if (status)
        json_object_set_new(line, "message", json_words(common_message(&job->common, error)));
    if (!status) json_object_set_new(line, "sha256", json_string(voxpert_image_file_hash(file)));
    if (!status && path) json_object_set_new(line, "output", json_words(path));
    json_array_append_new(list, line);
    voxpert_image_file_close(file);
    return status;
}

typedef struct Item {
    char *image, *path; /* path NULL: into the cache */
} Item;

static Item *items_of(const EmbedJob *job, char **names, int count) {
    Item *items = cli_new((size_t)count, sizeof *items);
    for (int i = 0; i < count; i++) {
        char *stem = case_stem(names[i]);
        items[i].image = cli_text("%s/%s", job->input, names[i]);
        if (job->output) items[i].path = cli_text("%s/%s.safetensors", job->output, stem);
        free(stem);
    }
    return items;
}

static void items_free(Item *items, int count) {
    for (int i = 0; i < count; i++) {
        free(items[i].image);
        free(items[i].path);
    }
    free(items);
}

static VoxpertStatus check_outputs(const EmbedJob *job, const Item *items, char **names, int count,
                                   VoxpertError *error) {
    Claims claims = {0};
    claims_read(&claims, job->engine.model);
    claims_read(&claims, job->engine.base);
    for (int i = 0; i < count; i++) claims_read(&claims, items[i].image);
    for (int i = 0; i < count; i++) claims_write(&claims, "--output", items[i].path, names[i]);
    VoxpertStatus status = claims_check(&claims, error);
    claims_free(&claims);
    for (int i = 0; !status && i < count; i++)
        status = output_is_new(items[i].path, job->overwrite, error);
    return status;
}

static VoxpertStatus embed_folder(const EmbedJob *job, Engine *engine, json_t *list,
                                  VoxpertError *error) {
    char **names = NULL;
    int count = 0, failed = 0;
    VoxpertStatus status = folder_images(&names, &count, job->input, error);
    Item *items = items_of(job, names, count);
    if (!status) status = check_outputs(job, items, names, count, error);
    if (!status) status = engine_open(engine, &job->common, &job->engine, error);
    if (!status && job->output) status = output_folder_make(job->output, error);
    Progress progress = progress_begin(&job->common, "images", (size_t)count);
    progress_keep(&progress, job->output
                                 ? "their embeddings are kept"
                                 : "their embeddings are in the cache, and a new run goes on");
    for (int i = 0; !status && i < count && !(failed && job->stop); i++) {
        VoxpertStatus failure =
            embed_image(job, engine, items[i].image, items[i].path, list, error);
        if (failure == VOXPERT_BAD_OUTPUT) /* a full disk: it would be full for the others too */
            status = failure;
        else if (failure)
            common_warn(&job->common, "%s failed: %s", names[i],
                        common_message(&job->common, error));
        failed += failure != VOXPERT_OK;
        progress_tell(&progress, (size_t)i + 1, names[i]);
    }
    progress_end(&progress);
    if (!status && failed)
        status = error_say(error, VOXPERT_SOME_FAILED, "%d of %d images failed", failed, count);
    items_free(items, count);
    folder_images_free(names, count);
    return status;
}

static VoxpertStatus embed_file(const EmbedJob *job, Engine *engine, json_t *list,
                                VoxpertError *error) {
    char *name = cli_text("%s", job->input),
         *path = job->output ? cli_text("%s", job->output) : NULL;
    Item item = {name, path};
    VoxpertStatus status = check_outputs(job, &item, &name, 1, error);
    if (!status) status = embed_image(job, engine, name, path, list, error);
    free(name);
    free(path);
    return status;
}

static int embed_run(int argc, char **argv) {
    EmbedJob job = {0};
    Engine engine = {0};
    Options options;
    VoxpertError error = {0};
    json_t *list = json_array();
    VoxpertStatus status =
        common_begin(&job.common, &options, &verb_embed, rules, false, argc, argv, &error);
    if (!status) status = embed_flags(&job, &options, &error);
    if (!status)
        status = job.folder ? embed_folder(&job, &engine, list, &error)
                            : embed_file(&job, &engine, list, &error);
    if (engine.model && job.common.json && (!status || status == VOXPERT_SOME_FAILED))
        common_report(&job.common, json_pack("{s:O, s:s, s:O}", "model", engine_about(&engine),
                                             "dtype", job.type, "images", list));
    else if (!status && !job.common.quiet)
        printf("%zu encoded\n", json_array_size(list));
    json_decref(list);
    engine_close(&engine);
    options_free(&options);
    return common_end(&job.common, status, &error);
}
