/* voxpert experts prune - as few expert tokens and experts as it takes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/common/claims.h"
#include "cli/common/error.h"
#include "cli/common/numbers.h"
#include "cli/common/paths.h"
#include "cli/common/progress.h"
#include "cli/evaluate/evaluate.h"
#include "cli/experts/experts.h"

const OptionRule prune_rules[] = {
    {"--model", 'm', true, .place = 1},
    {"--base", .takes_value = true},
    {"--preset", .takes_value = true, .word_at = preset_word},
    {"--strict"},
    {"--output", 'o', true},
    {"--overwrite"},
    {"--data", .takes_value = true, .repeats = true},
    {"--part", .takes_value = true, .words = "train|validation|test|all"},
    {"--most", .takes_value = true},
    {"--ask", .takes_value = true, .words = "box|clicks|prompt-free"},
    {"--clicks", .takes_value = true},
    {"--tolerance", .takes_value = true},
    {"--min-tokens", .takes_value = true},
    {"--min-experts", .takes_value = true},
    {"--cache", .takes_value = true},
    {"--cache-half"},
    {0},
};

typedef struct Prune {
    Common common;
    EngineOptions engine;
    VoxpertPruneOptions options;
    const char **data;
    const char *output;
    char *report; /* path, beside the output */
    bool overwrite;
} Prune;

/* ---- Flags ------------------------------------------------------------------------------ */

static void data_flags(Prune *p, const Options *o) {
    size_t count = 0;
    for (int i = 0; i < o->count; i++) {
        if (strcmp(o->item[i].rule->name, "--data") != 0) continue;
        cli_grow(&p->data, count, sizeof *p->data);
        p->data[count++] = o->item[i].value;
    }
    p->options.data = p->data;
    p->options.data_count = count;
}

static VoxpertStatus tolerance_flag(Prune *p, const Options *o, VoxpertError *error) {
    const char *text = options_value(o, "--tolerance");
    double *out = &p->options.tolerance;
    *out = 0.005;
    if (!text || (numbers_parse(out, 1, text) && *out >= 0.0 && *out <= 1.0)) return VOXPERT_OK;
    return error_say(error, VOXPERT_BAD_ARGUMENT, "--tolerance %s: must be a number from 0 to 1",
                     text);
}

static VoxpertStatus measure_flags(Prune *p, const Options *o, VoxpertError *error) {
    VoxpertPruneOptions *to = &p->options;
    to->part = "validation";
    data_flags(p, o);
    to->clicks = 1;
    to->cache = options_value(o, "--cache");
    to->cache_half = options_has(o, "--cache-half");
    VoxpertStatus status = options_word(o, "--part", &to->part, error);
    if (!status) status = words_flag(&to->ask, o, "--ask", error);
    if (!status) status = options_whole(o, "--clicks", 1, 50, &to->clicks, error);
    if (!status) status = options_whole(o, "--most", 1, 1 << 30, &to->most, error);
    if (!status) status = options_whole(o, "--min-tokens", 1, 1 << 10, &to->min_tokens, error);
    if (!status) status = options_whole(o, "--min-experts", 1, 1 << 10, &to->min_experts, error);
    return status ? status : tolerance_flag(p, o, error);
}

static VoxpertStatus check_there(const Prune *p, const char *path, VoxpertError *error) {
    if (p->overwrite || access(path, F_OK) != 0) return VOXPERT_OK;
    return error_say(error, VOXPERT_BAD_OUTPUT, "%s: is there already; --overwrite replaces it",
                     path);
}

static VoxpertStatus check_outputs(Prune *p, VoxpertError *error) {
    static const char *const extensions[] = {".safetensors", NULL};
    Claims claims = {0};
    VoxpertStatus status = output_check("--output", p->output, extensions, error);
    if (status) return status;
    int stem = (int)(name_extension(p->output) - p->output);
    p->report = cli_text("%.*s.prune.json", stem, p->output);
    claims_read(&claims, p->engine.model);
    claims_read(&claims, p->engine.base);
    claims_write(&claims, "--output", p->output, NULL);
    claims_write(&claims, "--output", p->report, NULL);
    status = claims_check(&claims, error);
    claims_free(&claims);
    if (!status) status = output_check("--output", p->report, NULL, error);
    if (!status) status = check_there(p, p->output, error);
    return status ? status : check_there(p, p->report, error);
}

static VoxpertStatus prune_flags(Prune *p, const Options *o, VoxpertError *error) {
    p->output = options_value(o, "--output");
    p->overwrite = options_has(o, "--overwrite");
    VoxpertStatus status = engine_flags(&p->engine, o, error);
    if (!status) status = measure_flags(p, o, error);
    if (!status && !p->engine.model)
        status = error_say(error, VOXPERT_BAD_ARGUMENT, "--model is needed: an adapter");
    if (!status && !p->options.data_count)
        status = error_say(error, VOXPERT_BAD_ARGUMENT,
                           "--data is needed: what shows which experts are needed");
    if (!status && !p->output)
        status = error_say(error, VOXPERT_BAD_ARGUMENT, "--output is needed: a .safetensors file");
    return status ? status : check_outputs(p, error);
}

/* ---- Report ----------------------------------------------------------------------------- */

static double real_of(const json_t *object, const char *key) {
    return json_number_value(json_object_get(object, key));
}

static long long whole_of(const json_t *object, const char *key) {
    return (long long)json_integer_value(json_object_get(object, key));
}

static void print_state(const char *when, const json_t *state) {
    const char *way;
    json_t *dice;
    printf("%s\t%lld tokens\t%lld experts\t%lld parameters\tscore %.4f", when,
           whole_of(state, "tokens"), whole_of(state, "experts"), whole_of(state, "parameters"),
           real_of(state, "score"));
    json_object_foreach(json_object_get(state, "Dice"), way, dice)
        printf("\t%s %.4f", cli_shown(way), json_number_value(dice));
    putchar('\n');
}

static void print_step(size_t number, const json_t *step) {
    const char *name = json_string_value(json_object_get(step, "name"));
    printf("%zu\t%s %lld%s%s\t%.2f%%\t%.4f\t%.4f\t%s\n", number,
           json_string_value(json_object_get(step, "what")), whole_of(step, "number"),
           name ? " " : "", cli_shown(name), 100.0 * real_of(step, "load"), real_of(step, "before"),
           real_of(step, "after"),
           json_is_true(json_object_get(step, "removed")) ? "removed" : "put back");
}

static void print_report(const Prune *p, const json_t *pruning) {
    size_t index;
    const json_t *step;
    printf("%lld objects of %lld sets, part \"%s\"; the score is the mean Dice of the ways of "
           "asking, and may fall by %g\n",
           whole_of(pruning, "objects"), whole_of(pruning, "sets"),
           json_string_value(json_object_get(pruning, "part")), real_of(pruning, "tolerance"));
    print_state("start", json_object_get(pruning, "start"));
    puts("step\twithout\tload\tbefore\tafter\tresult");
    json_array_foreach(json_object_get(pruning, "steps"), index, step) print_step(index + 1, step);
    print_state("end", json_object_get(pruning, "end"));
    puts(cli_shown(p->output));
    puts(cli_shown(p->report));
}

static void tell(const Prune *p, Engine *engine, const char *text) {
    size_t i;
    json_t *sentence, *pruning = json_loads(text, 0, NULL);
    json_array_foreach(json_object_get(pruning, "warnings"), i, sentence) {
        common_warn(&p->common, "%s", json_string_value(sentence));
    }
    if (p->common.json)
        common_report(&p->common, json_pack("{s:O, s:O, s:o, s:o}", "model", engine_about(engine),
                                            "pruning", pruning, "output", json_words(p->output),
                                            "report", json_words(p->report)));
    else if (!p->common.quiet)
        print_report(p, pruning);
    json_decref(pruning);
}

/* ---- Work ------------------------------------------------------------------------------- */

static VoxpertStatus write_report(const char *path, const char *name, const char *text,
                                  VoxpertError *error) {
    FILE *f = fopen(path, "w");
    bool written = f && fputs(text, f) >= 0 && fputc('\n', f) >= 0;
    if (f && fclose(f) != 0) written = false;
    if (written) return VOXPERT_OK;
    return error_say(error, VOXPERT_BAD_OUTPUT, "%s: cannot be written", name);
}

static VoxpertStatus work(Prune *p, Engine *engine, char **text, VoxpertError *error) {
    Outputs outputs = {0};
    VoxpertStatus status = engine_open(engine, &p->common, &p->engine, error);
    if (status) return status;
    const char *staged = outputs_stage(&outputs, p->output);
    const char *report = outputs_stage(&outputs, p->report);
    Progress progress = progress_begin(&p->common, "objects", 0);
    progress_keep(&progress, "no results were written");
    status = voxpert_experts_prune(engine->model, &p->options, staged, progress_case, &progress,
                                   text, error);
    progress_end(&progress);
    if (!status) status = write_report(report, p->report, *text, error);
    if (!status) return outputs_commit(&outputs, error);
    outputs_explain(&outputs, error);
    outputs_drop(&outputs);
    return status;
}

int experts_prune(const Verb *verb, int argc, char **argv) {
    Prune p = {.output = NULL};
    Engine engine = {0};
    Options options;
    char *text = NULL;
    VoxpertError error = {0};
    VoxpertStatus status =
        common_begin(&p.common, &options, verb, prune_rules, false, argc, argv, &error);
    if (!status) status = prune_flags(&p, &options, &error);
    if (!status) status = work(&p, &engine, &text, &error);
    if (!status) tell(&p, &engine, text);
    voxpert_free(text);
    engine_close(&engine);
    options_free(&options);
    free(p.data);
    free(p.report);
    return common_end(&p.common, status, &error);
}
