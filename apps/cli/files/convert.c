/* voxpert convert - any checkpoint of the family as our own safetensors. */
#include <stdio.h>
#include <string.h>

#include "cli/common/claims.h"
#include "cli/common/error.h"
#include "cli/common/outputs.h"
#include "cli/segment/engine.h"
#include "cli/verb.h"

static int convert_run(int argc, char **argv);

static const OptionRule rules[] = {
    {"--model", 'm', true, .place = 1},
    {"--base", .takes_value = true},
    {"--output", 'o', true},
    {"--dtype", .takes_value = true, .words = "f32|f16|bf16"},
    {"--preset", .takes_value = true, .word_at = preset_word},
    {"--strict"},
    {"--verify"},
    {"--no-verify"},
    {"--overwrite"},
    {0},
};

const Verb verb_convert = {
    .name = "convert",
    .summary = "write a checkpoint as safetensors, and check what was written",
    .usage =
        "usage: voxpert convert -m MODEL -o OUT.safetensors [FLAGS]\n"
        "\n"
        "Example: a published checkpoint at half the size, with the preset that it needs\n"
        "  voxpert convert -m medsam_vit_b.pth -o medsam.safetensors --preset medsam --dtype f16\n"
        "\n"
        "Tensors that are missing or misshapen are named and end it; surplus ones are named and "
        "left\n"
        "out.\n"
        "\n"
        "  -m, --model FILE          safetensors or PyTorch .pth (read, never executed)\n"
        "      --base FILE           of an adapter: the model it was trained on; default: "
        "built-in\n"
        "  -o, --output FILE         .safetensors\n"
        "      --dtype TYPE          f32 (default), f16 or bf16; a value too large for f16 is "
        "refused\n"
        "      --preset NAME         what the file cannot tell: how images are prepared: sam,\n"
        "                            sam-med2d, sam-med2d-test, medsam, litemedsam, imis or "
        "voxpert\n"
        "      --strict              surplus tensors end it too\n"
        "      --verify              read back and compare every tensor, to the last bit "
        "(default)\n"
        "      --no-verify           do not\n"
        "      --overwrite           replace a file that is there\n",
    .rules = rules,
    .run = convert_run,
};

typedef struct ConvertJob {
    Common common;
    EngineOptions engine;
    const char *output, *type;
    bool verify;
} ConvertJob;

static VoxpertStatus convert_flags(ConvertJob *job, const Options *o, VoxpertError *error) {
    static const char *const types[] = {"f32", "f16", "bf16", NULL};
    static const char *const extensions[] = {".safetensors", NULL};
    int type = 0;
    job->output = options_value(o, "--output");
    job->verify = !options_has(o, "--no-verify");
    VoxpertStatus status = engine_flags(&job->engine, o, error);
    if (!status && !options_has(o, "--model"))
        status = error_say(error, VOXPERT_BAD_ARGUMENT, "--model is needed: what to convert");
    if (!status && !job->output)
        status = error_say(error, VOXPERT_BAD_ARGUMENT, "--output is needed: a .safetensors file");
    if (!status && options_has(o, "--verify") && !job->verify)
        status =
            error_say(error, VOXPERT_BAD_ARGUMENT, "--verify and --no-verify exclude each other");
    if (!status) status = options_choice(o, "--dtype", &type, error);
    job->type = types[type];
    Claims claims = {0};
    claims_read(&claims, job->engine.model);
    claims_read(&claims, job->engine.base);
    claims_write(&claims, "--output", job->output, NULL);
    if (!status) status = claims_check(&claims, error);
    claims_free(&claims);
    if (!status) status = output_is_new(job->output, options_has(o, "--overwrite"), error);
    if (!status) status = output_check("--output", job->output, extensions, error);
    return status;
}

static VoxpertStatus write_and_check(const ConvertJob *job, const Engine *engine,
                                     VoxpertError *error) {
    Outputs outputs = {0};
    const char *staged = outputs_stage(&outputs, job->output);
    VoxpertStatus status = voxpert_model_save(engine->model, staged, job->type, error);
    if (!status && job->verify)
        status = voxpert_model_verify(engine->model, staged, job->type, error);
    if (!status) return outputs_commit(&outputs, error);
    outputs_explain(&outputs, error);
    outputs_drop(&outputs);
    return status;
}

static void tell(const ConvertJob *job, Engine *engine) {
    const char *checked = job->verify ? ", read back and compared" : "";
    if (job->common.json)
        common_report(&job->common,
                      json_pack("{s:o, s:s, s:b, s:O, s:O}", "output", json_words(job->output),
                                "dtype", job->type, "verified", job->verify, "model",
                                engine_about(engine), "warnings", engine->warnings));
    else if (!job->common.quiet)
        printf("%s: %s%s\n", cli_shown(job->output), job->type, checked);
}

static int convert_run(int argc, char **argv) {
    ConvertJob job = {0};
    Engine engine = {0};
    Options options;
    VoxpertError error = {0};
    VoxpertStatus status =
        common_begin(&job.common, &options, &verb_convert, rules, false, argc, argv, &error);
    if (!status) status = convert_flags(&job, &options, &error);
    if (!status) status = engine_open(&engine, &job.common, &job.engine, &error);
    if (!status) status = write_and_check(&job, &engine, &error);
    if (!status) tell(&job, &engine);
    engine_close(&engine);
    options_free(&options);
    return common_end(&job.common, status, &error);
}
