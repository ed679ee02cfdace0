/* voxpert info - the machine, a model, or an image. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/common/common.h"
#include "cli/common/error.h"
#include "cli/common/paths.h"
#include "cli/segment/engine.h"
#include "cli/segment/job.h"
#include "cli/verb.h"

static int info_run(int argc, char **argv);

static const OptionRule rules[] = {
    {"--base", .takes_value = true},
    {"--preset", .takes_value = true, .word_at = preset_word},
    {"--strict"},
    {"--page", .takes_value = true},
    {"--no-exif"},
    {0},
};

const Verb verb_info = {
    .name = "info",
    .summary = "what this machine, a model or an image is",
    .usage =
        "usage: voxpert info [FILE] [FLAGS]\n"
        "\n"
        "Example: what a checkpoint is, with its licence and the hash of its weights\n"
        "  voxpert info sam_vit_b.pth\n"
        "\n"
        "  FILE                      a model (.safetensors, .pth, .pt; a folder of transformers) "
        "or an\n"
        "                            image; without it: this machine, the program, the built-in "
        "model\n"
        "      --base FILE           of an adapter: the model it was trained on\n"
        "      --preset NAME         of a model: how images are prepared: sam, sam-med2d,\n"
        "                            sam-med2d-test, medsam, litemedsam, imis or voxpert\n"
        "      --strict              refuse a model with tensors that do not belong to it\n"
        "      --page N              of a TIFF, from 1; default: 1\n"
        "      --no-exif             an image as stored, not as the camera was held\n",
    .rules = rules,
    .run = info_run,
};

/* ---- For people ------------------------------------------------------------------------- */

static bool is_plain(const json_t *value) {
    const json_t *first = json_array_get(value, 0);
    return !json_is_object(value) && !json_is_array(first) && !json_is_object(first);
}

static void print_plain(const json_t *value) {
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(9));
    if (json_is_string(value))
        printf("%s", cli_shown(json_string_value(value)));
    else
        printf("%s", cli_shown(text));
    free(text);
}

/* One field a line; inner objects are indented. */
static void print_fields(const json_t *object, int indent) {
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value) {
        printf("%*s%-*s ", indent, "", 16 - indent, cli_shown(key));
        if (json_is_object(value)) {
            putchar('\n');
            print_fields(value, indent + 2);
            continue;
        }
        size_t index;
        const json_t *row;
        if (is_plain(value)) {
            print_plain(value);
        } else {
            json_array_foreach(value, index, row) {
                if (index) printf("\n%*s", 17, "");
                print_plain(row);
            }
        }
        putchar('\n');
    }
}

/* ---- What it is ------------------------------------------------------------------------- */

static json_t *built_in(const Common *common) {
    VoxpertModel *model = NULL;
    char *text = NULL;
    VoxpertError error;
    Listener listener = {common, NULL};
    if (common_model(&listener, &model, NULL, &(VoxpertOptions){0}, &error)) {
        voxpert_model_close(model);
        return json_string(error.message);
    }
    json_t *about =
        voxpert_model_describe(model, &text, NULL) ? json_null() : json_loads(text, 0, NULL);
    voxpert_free(text);
    voxpert_model_close(model);
    return about;
}

static json_t *machine(const Common *common) {
    char *text = NULL;
    VoxpertStatus status = voxpert_machine_describe(&text, NULL);
    json_t *root = json_pack("{s:s}", "version", voxpert_version());
    json_t *described = status ? NULL : json_loads(text, 0, NULL), *presets = json_object();
    voxpert_free(text);
    json_object_update(root, described);
    json_decref(described);
    if (common->cpu) json_object_set_new(root, "kernels", json_string(common->cpu));
    const char *name, *summary;
    for (int i = 0; (name = voxpert_preset(i, &summary)); i++)
        json_object_set_new(presets, name, json_string(summary));
    json_object_set_new(root, "presets", presets);
    json_object_set_new(root, "built_in_model", built_in(common));
    return root;
}

static bool is_model(const char *path) {
    if (strcmp(path, "built-in") == 0) return true;
    static const char *const extensions[] = {".safetensors", ".pth",        ".pt", ".ckpt",
                                             ".bin",         ".index.json", NULL};
    struct stat info;
    bool folder = stat(path, &info) == 0 && S_ISDIR(info.st_mode);
    return folder || name_ends_one_of(path, extensions);
}

static VoxpertStatus model_info(json_t **out, const Common *common, const EngineOptions *options,
                                VoxpertError *error) {
    VoxpertModel *model = NULL;
    char *text = NULL;
    Listener listener = {common, NULL};
    VoxpertStatus status = engine_model(&listener, &model, options, error);
    if (!status) status = voxpert_model_describe(model, &text, error);
    if (!status) *out = json_loads(text, 0, NULL);
    voxpert_free(text);
    voxpert_model_close(model);
    return status;
}

static VoxpertStatus image_info(json_t **out, const char *path, const VoxpertFileOptions *options,
                                VoxpertError *error) {
    char *text = NULL;
    VoxpertStatus status = voxpert_image_file_describe(path, options, &text, error);
    if (!status) *out = json_loads(text, 0, NULL);
    voxpert_free(text);
    return status;
}

static VoxpertStatus info(json_t **out, const Common *common, const Options *options,
                          VoxpertError *error) {
    const char *path = options->argument;
    EngineOptions engine = {0};
    VoxpertFileOptions image;
    VoxpertStatus status = engine_flags(&engine, options, error);
    if (!status) status = image_flags(&image, options, common, error);
    engine.model = path;
    if (status) return status;
    if (!path) *out = machine(common);
    if (path && is_model(path)) status = model_info(out, common, &engine, error);
    if (path && !is_model(path)) status = image_info(out, path, &image, error);
    return status;
}

static int info_run(int argc, char **argv) {
    Common common;
    Options options;
    VoxpertError error = {0};
    json_t *found = NULL;
    VoxpertStatus status =
        common_begin(&common, &options, &verb_info, rules, true, argc, argv, &error);
    if (!status) status = info(&found, &common, &options, &error);
    if (!status && common.json)
        common_report(&common, json_incref(found));
    else if (!status)
        print_fields(found, 0);
    json_decref(found);
    options_free(&options);
    return common_end(&common, status, &error);
}
