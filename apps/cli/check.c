/* voxpert check - what is wrong with a data set. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <voxpert/dataset.h>

#include "cli/common.h"
#include "cli/error.h"
#include "cli/progress.h"
#include "cli/verb.h"

static int check_run(int argc, char **argv);

const Verb verb_check = {
    .name = "check",
    .summary = "what is wrong with a data set, and what mends it",
    .usage =
        "usage: voxpert check DIR|FILE [FLAGS]\n"
        "\n"
        "Example: commands that would mend a data set of nnU-Net, to look at before they are run\n"
        "  voxpert check nnUNet_raw/Dataset004_Hippocampus --fix-plan > plan.sh\n"
        "\n"
        "Takes nnU-Net v2 raw, SAM-Med2D, IMIS and SegMoTE, SAM-Med3D, the MedSAM challenges\n"
        "(.npz), COCO instances, images/ with masks/ or labels/, and lists of cases (.json).\n"
        "Every file is read; nothing is changed.  Exit code 1: something was found.\n"
        "\n"
        "      --fix-plan            print shell commands that mend what can be mended so; the\n"
        "                            rest as comments\n"
        "      --fold N              the fold of splits_final.json; default: 0\n"
        "      --patient             stems that agree up to the first _ are one patient; else "
        "only\n"
        "                            those that begin with a number of three digits or more\n"
        "      --list                the cases, with their files and parts; nothing is checked\n",
    .run = check_run,
};

static const OptionRule rules[] = {
    {"--fix-plan"}, {"--fold", .takes_value = true}, {"--patient"}, {"--list"}, {0},
};

typedef struct CheckJob {
    Common common;
    const char *place;
    VoxpertDatasetOptions options;
    VoxpertDataset *set;
    bool plan, list;
    Progress progress;
    size_t errors, warnings;
} CheckJob;

/* ---- For people --------------------------------------------------------------------------- */

static void print_finding(const VoxpertFinding *f) {
    printf("%-8s %s%s%s%s%s%s%s\n", f->warning ? "warning" : "error", f->file ? f->file : "",
           f->other ? " and " : "", f->other ? f->other : "", f->file && f->field ? ", " : "",
           f->field ? "field " : "", f->field ? f->field : "", f->file || f->field ? ":" : "");
    printf("         %s\n         rule: %s\n         remedy: %s\n", f->detail, f->rule, f->remedy);
}

static void print_commented(const char *text) {
    printf("# ");
    for (; *text; text++) {
        putchar(*text);
        if (*text == '\n') printf("# ");
    }
    putchar('\n');
}

static void print_plan(const CheckJob *job) {
    VoxpertFinding f;
    printf("#!/bin/sh\n");
    print_commented("Would mend what `voxpert check` found; read it before it is run.");
    printf("set -e\n");
    for (size_t i = 0; voxpert_dataset_finding(job->set, i, &f); i++) {
        char *what = cli_text("%s%s%s: %s", f.file ? f.file : "", f.other ? " and " : "",
                              f.other ? f.other : "", f.detail);
        putchar('\n');
        print_commented(f.rule);
        print_commented(what);
        free(what);
        if (f.fix)
            printf("%s\n", f.fix);
        else
            print_commented(f.remedy);
    }
}

/* ---- For programs ------------------------------------------------------------------------- */

static void set_words(json_t *object, const char *key, const char *text) {
    if (text) json_object_set_new(object, key, json_words(text));
}

static json_t *finding_json(const VoxpertFinding *f) {
    json_t *json =
        json_pack("{s:s, s:s}", "severity", f->warning ? "warning" : "error", "rule", f->rule);
    set_words(json, "file", f->file);
    set_words(json, "other_file", f->other);
    set_words(json, "field", f->field);
    set_words(json, "detail", f->detail);
    set_words(json, "remedy", f->remedy);
    set_words(json, "fix", f->fix);
    if (f->facts) json_object_set_new(json, "facts", json_loads(f->facts, 0, NULL));
    return json;
}

static VoxpertStatus print_json(const CheckJob *job, VoxpertError *error) {
    VoxpertFinding f;
    char *text;
    json_t *findings = json_array();
    VoxpertStatus status = voxpert_dataset_describe(job->set, &text, error);
    if (status) return status;
    json_t *about = json_loads(text, 0, NULL);
    voxpert_free(text);
    for (size_t i = 0; voxpert_dataset_finding(job->set, i, &f); i++)
        json_array_append_new(findings, finding_json(&f));
    json_t *json =
        json_pack("{s:o, s:O, s:i, s:O, s:i, s:i, s:o}", "data", json_words(job->place), "format",
                  json_object_get(about, "format"), "cases", (int)voxpert_dataset_cases(job->set),
                  "parts", json_object_get(about, "parts"), "errors", (int)job->errors, "warnings",
                  (int)job->warnings, "findings", findings);
    json_decref(about);
    common_print(json);
    return VOXPERT_OK;
}

/* ---- Work --------------------------------------------------------------------------------- */

static bool tell(void *context, size_t done, size_t all) {
    CheckJob *job = context;
    job->progress.total = all;
    if (done) progress_tell(&job->progress, done, "");
    return true;
}

static VoxpertStatus print_list(const CheckJob *job, VoxpertError *error) {
    char *text;
    VoxpertStatus status = voxpert_dataset_describe(job->set, &text, error);
    if (!status) puts(text);
    voxpert_free(text);
    return status;
}

static VoxpertStatus look(CheckJob *job, VoxpertError *error) {
    VoxpertFinding f;
    job->progress = progress_begin(&job->common, "cases", voxpert_dataset_cases(job->set));
    VoxpertStatus status = voxpert_dataset_check(job->set, tell, job, error);
    progress_end(&job->progress);
    for (size_t i = 0; !status && voxpert_dataset_finding(job->set, i, &f); i++) {
        job->errors += !f.warning;
        job->warnings += f.warning;
        if (!job->common.json && !job->plan && !job->common.quiet) print_finding(&f);
    }
    if (!status && job->common.json) status = print_json(job, error);
    if (!status && job->plan && !job->common.json) print_plan(job);
    if (status) return status;
    size_t cases = voxpert_dataset_cases(job->set);
    if (job->errors + job->warnings)
        return error_say(error, VOXPERT_SOME_FAILED,
                         "%s: %zu error%s and %zu warning%s in %zu cases", job->place, job->errors,
                         job->errors == 1 ? "" : "s", job->warnings, job->warnings == 1 ? "" : "s",
                         cases);
    if (!job->common.json && !job->plan && !job->common.quiet)
        printf("%s: %zu cases, nothing wrong\n", job->place, cases);
    return VOXPERT_OK;
}

static VoxpertStatus check_flags(CheckJob *job, const Options *o, VoxpertError *error) {
    job->place = o->argument;
    job->plan = options_has(o, "--fix-plan");
    job->list = options_has(o, "--list");
    job->options.patient = options_has(o, "--patient");
    if (!job->place)
        return error_say(error, VOXPERT_BAD_ARGUMENT, "a data set is needed: a folder or a file");
    if (job->list && job->plan)
        return error_say(error, VOXPERT_BAD_ARGUMENT, "--list checks nothing: no --fix-plan");
    return options_whole(o, "--fold", 0, 999, &job->options.fold, error);
}

static int check_run(int argc, char **argv) {
    CheckJob job = {0};
    Options options;
    VoxpertError error = {0};
    VoxpertStatus status =
        common_begin(&job.common, &options, &verb_check, rules, true, argc, argv, &error);
    if (!status) status = check_flags(&job, &options, &error);
    if (!status) status = voxpert_dataset_open(&job.set, job.place, &job.options, &error);
    if (!status) status = job.list ? print_list(&job, &error) : look(&job, &error);
    voxpert_dataset_close(job.set);
    options_free(&options);
    return common_end(&job.common, status, &error);
}
