/* Results of an evaluation in a folder; declared in evaluate.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/common/claims.h"
#include "cli/common/error.h"
#include "cli/common/paths.h"
#include "cli/evaluate/evaluate.h"
#include "cli/segment/folder.h"

/* The place of the word that `text` begins with, up to `length`; -1: the rule has none such. */
static int place_of(const OptionRule *rule, const char *text, size_t length) {
    char word[OPTION_WORD_MAX];
    for (int i = 0; option_word_at(word, rule, i); i++)
        if (strlen(word) == length && strncmp(word, text, length) == 0) return i;
    return -1;
}

static VoxpertStatus refuse_words(const Option *given, VoxpertError *error) {
    char known[160] = "", word[OPTION_WORD_MAX];
    for (int i = 0; option_word_at(word, given->rule, i); i++) {
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", word);
    }
    return error_say(error, VOXPERT_BAD_ARGUMENT, "%s %s: must be some of %s, with commas between",
                     given->rule->name, given->value, known);
}

VoxpertStatus words_flag(unsigned *out, const Options *o, const char *name, VoxpertError *error) {
    const Option *given = options_find(o, name);
    const char *text = given ? given->value : "";
    *out = 0;
    while (*text) {
        size_t length = strcspn(text, ",");
        int place = place_of(given->rule, text, length);
        if (place < 0 || (text[length] && !text[length + 1])) return refuse_words(given, error);
        *out |= 1u << place;
        text += length + (text[length] != '\0');
    }
    return VOXPERT_OK;
}

/* ---- A folder --------------------------------------------------------------------------- */

/* What the flags name; of folders the images that have the name of a result. */
static void claim_inputs(Claims *claims, const Options *o, char *const *results) {
    static const char *const inputs[] = {"--predictions", "--references", "--compare", "--model",
                                         "--base",        "--labels",     "--data",    NULL};
    for (int i = 0; i < o->count; i++) {
        int k = 0;
        while (inputs[k] && strcmp(inputs[k], o->item[i].rule->name) != 0) k++;
        if (!inputs[k]) continue;
        claims_read(claims, o->item[i].value);
        for (int n = 0; results[n]; n++) {
            char *path = cli_text("%s/%s", o->item[i].value, name_base(results[n]));
            if (name_ends(path, ".png")) claims_read(claims, path);
            free(path);
        }
    }
}

/* No result replaces what is read. */
static VoxpertStatus check_claims(const EvaluateJob *job, const char *const *names,
                                  VoxpertError *error) {
    Claims claims = {0};
    char *path[OUTPUTS_MAX + 1] = {0};
    for (int i = 0; i < OUTPUTS_MAX && names[i]; i++) {
        path[i] = cli_text("%s/%s", job->out, names[i]);
        claims_write(&claims, "--out", path[i], names[i]);
    }
    claim_inputs(&claims, job->options, path);
    VoxpertStatus status = claims_check(&claims, error);
    claims_free(&claims);
    for (int i = 0; path[i]; i++) free(path[i]);
    return status;
}

static bool is_among(const char *name, const char *const *names) {
    while (*names && strcmp(*names, name) != 0) names++;
    return *names != NULL;
}

/* Results of an earlier run that this one does not replace: nobody should take them for its own. */
static void warn_of_older(const EvaluateJob *job, const char *const *names) {
    static const char *const known[] = {
        "summary.json",     "cases.csv",         "table.md",       "boxes.png",
        "bland_altman.png", "paper.csv",         "paper.md",       "paper.tex",
        "clicks.json",      "clicks.csv",        "curve.csv",      "clicks.md",
        "curve.png",        "comparison.json",   "comparison.md",  "comparison-2.json",
        "comparison-2.md",  "comparison-3.json", "comparison-3.md"};
    char *found = NULL;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        char *path = cli_text("%s/%s", job->out, known[i]), *before = found;
        if (!is_among(known[i], names) && access(path, F_OK) == 0) {
            found = cli_text("%s%s%s", before ? before : "", before ? ", " : "", known[i]);
            free(before);
        }
        free(path);
    }
    if (found)
        common_warn(&job->common, "%s: of an earlier run there stay beside the new results: %s",
                    job->out, found);
    free(found);
}

VoxpertStatus results_begin(Results *r, const EvaluateJob *job, const char *const *names,
                            VoxpertError *error) {
    struct stat there;
    *r = (Results){.job = job};
    if (!job->out) return VOXPERT_OK;
    if (check_claims(job, names, error)) return error->status;
    r->made = stat(job->out, &there) != 0;
    VoxpertStatus status = output_folder_make(job->out, error);
    for (int i = 0; names[i] && !status; i++) {
        char *path = cli_text("%s/%s", job->out, names[i]);
        status = output_check("--out", path, NULL, error);
        if (!status && !job->overwrite && access(path, F_OK) == 0)
            status = error_say(error, VOXPERT_BAD_OUTPUT,
                               "%s: is there already; --overwrite replaces it", path);
        free(path);
    }
    if (status && r->made) rmdir(job->out);
    if (!status && !r->made) warn_of_older(job, names);
    return status;
}

static const char *stage(Results *r, const char *name) {
    r->path[r->count] = cli_text("%s/%s", r->job->out, name);
    return outputs_stage(&r->outputs, r->path[r->count++]);
}

VoxpertStatus results_text(Results *r, const char *name, char *text, VoxpertStatus status,
                           VoxpertError *error) {
    if (!status && text && r->job->out)
        status = voxpert_file_write(stage(r, name), text, strlen(text), error);
    voxpert_free(text);
    return status;
}

const char *results_figure(Results *r, const char *name) { return stage(r, name); }

void results_drawn(Results *r, const char *missing) {
    if (!missing) return;
    outputs_forget_last(&r->outputs);
    char *path = r->path[--r->count], *line = cli_text("no %s: %s", name_base(path), missing);
    if (!r->undrawn) r->undrawn = json_array();
    json_array_append_new(r->undrawn, json_words(line));
    free(line);
    free(path);
}

VoxpertStatus results_end(Results *r, VoxpertStatus status, VoxpertError *error) {
    if (!status) return outputs_commit(&r->outputs, error);
    outputs_explain(&r->outputs, error);
    outputs_drop(&r->outputs);
    if (r->made) rmdir(r->job->out);
    return status;
}

json_t *results_json(const Results *r) {
    json_t *list = json_array();
    for (int i = 0; i < r->count; i++) json_array_append_new(list, json_words(r->path[i]));
    return list;
}

void results_print(const Results *r) {
    size_t i;
    json_t *line;
    for (int k = 0; k < r->count; k++) puts(cli_shown(r->path[k]));
    json_array_foreach(r->undrawn, i, line) puts(json_string_value(line));
}

void results_free(Results *r) {
    for (int i = 0; i < r->count; i++) free(r->path[i]);
    json_decref(r->undrawn);
    *r = (Results){0};
}
