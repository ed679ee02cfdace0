/* voxpert experts add, remove - an adapter with one expert more, or one less. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/common/claims.h"
#include "cli/common/error.h"
#include "cli/common/outputs.h"
#include "cli/experts/experts.h"
#include "cli/segment/engine.h"

const OptionRule add_rules[] = {
    {"--model", 'm', true, .place = 1},
    {"--base", .takes_value = true},
    {"--strict"},
    {"--output", 'o', true},
    {"--name", .takes_value = true},
    {"--copy", .takes_value = true},
    {"--seed", .takes_value = true},
    {0},
};

const OptionRule remove_rules[] = {
    {"--model", 'm', true, .place = 1},
    {"--base", .takes_value = true},
    {"--strict"},
    {"--output", 'o', true},
    {"--expert", .takes_value = true},
    {0},
};

typedef struct Edit {
    Common common;
    EngineOptions engine;
    const char *output;
    const char *name, *copy; /* of add */
    const char *expert;      /* of remove */
    int seed;
} Edit;

/* ---- Flags ------------------------------------------------------------------------------ */

static VoxpertStatus check_output(const Edit *e, VoxpertError *error) {
    static const char *const extensions[] = {".safetensors", NULL};
    Claims claims = {0};
    VoxpertStatus status = output_check("--output", e->output, extensions, error);
    claims_read(&claims, e->engine.model);
    claims_read(&claims, e->engine.base);
    claims_write(&claims, "--output", e->output, NULL);
    if (!status) status = claims_check(&claims, error);
    claims_free(&claims);
    if (!status && access(e->output, F_OK) == 0)
        status =
            error_say(error, VOXPERT_BAD_OUTPUT,
                      "%s: is there already; experts are not written over another file", e->output);
    return status;
}

static VoxpertStatus edit_flags(Edit *e, const Options *o, bool add, VoxpertError *error) {
    e->output = options_value(o, "--output");
    e->name = add ? options_value(o, "--name") : NULL;
    e->copy = add ? options_value(o, "--copy") : NULL;
    e->expert = add ? NULL : options_value(o, "--expert");
    VoxpertStatus status = engine_flags(&e->engine, o, error);
    if (!status && !e->engine.model)
        status = error_say(error, VOXPERT_BAD_ARGUMENT, "--model is needed: an adapter");
    if (!status && !e->output)
        status = error_say(error, VOXPERT_BAD_ARGUMENT, "--output is needed: a .safetensors file");
    if (!status && add && !e->name)
        status = error_say(error, VOXPERT_BAD_ARGUMENT, "--name is needed: of the new expert");
    if (!status && !add && !e->expert)
        status = error_say(error, VOXPERT_BAD_ARGUMENT, "--expert is needed: which to remove");
    if (!status && e->copy && options_has(o, "--seed"))
        status = error_say(error, VOXPERT_BAD_ARGUMENT,
                           "--copy and --seed exclude each other: a copy begins as what it copies");
    if (!status && add) status = options_whole(o, "--seed", 0, 1 << 30, &e->seed, error);
    return status ? status : check_output(e, error);
}

/* ---- Work ------------------------------------------------------------------------------- */

static VoxpertStatus write_changed(const Edit *e, const VoxpertModel *model, const char *path,
                                   VoxpertError *error) {
    VoxpertExpertAdd how = {.name = e->name, .seed = (uint64_t)e->seed};
    int expert = 0;
    const char *word = e->name ? e->copy : e->expert;
    VoxpertStatus status = word ? voxpert_expert_find(model, word, &expert, error) : VOXPERT_OK;
    how.copy = expert;
    if (status) return status;
    return e->name ? voxpert_expert_add(model, &how, path, error)
                   : voxpert_expert_remove(model, expert, path, error);
}

static void tell(const Edit *e) {
    if (e->common.json)
        common_report(&e->common,
                      json_pack("{s:o, s:s, s:s, s:b}", "output", json_words(e->output),
                                e->name ? "added" : "removed", e->name ? e->name : e->expert,
                                "verb", e->name ? "add" : "remove", "verified", 1));
    else if (!e->common.quiet)
        printf("%s: %s %s%s\n", cli_shown(e->output), e->name ? "with" : "without",
               cli_shown(e->name ? e->name : e->expert),
               e->name ? ", disabled until the router is trained again" : "");
}

static VoxpertStatus edit(const Edit *e, VoxpertError *error) {
    VoxpertModel *model = NULL;
    Listener listener = {&e->common, NULL};
    Outputs outputs = {0};
    VoxpertStatus status = engine_model(&listener, &model, &e->engine, error);
    const char *staged = outputs_stage(&outputs, e->output);
    if (!status) status = write_changed(e, model, staged, error);
    if (status) {
        outputs_explain(&outputs, error);
        outputs_drop(&outputs);
    } else {
        status = outputs_commit(&outputs, error);
    }
    voxpert_model_close(model);
    return status;
}

static int edit_run(const Verb *verb, const OptionRule *rules, bool add, int argc, char **argv) {
    Edit e = {0};
    Options options;
    VoxpertError error = {0};
    VoxpertStatus status =
        common_begin(&e.common, &options, verb, rules, false, argc, argv, &error);
    if (!status) status = edit_flags(&e, &options, add, &error);
    if (!status) status = edit(&e, &error);
    if (!status) tell(&e);
    options_free(&options);
    return common_end(&e.common, status, &error);
}

int experts_add(const Verb *verb, int argc, char **argv) {
    return edit_run(verb, add_rules, true, argc, argv);
}

int experts_remove(const Verb *verb, int argc, char **argv) {
    return edit_run(verb, remove_rules, false, argc, argv);
}
