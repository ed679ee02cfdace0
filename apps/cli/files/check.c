/* voxpert check - what is wrong with a data set. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <voxpert/dataset.h>

#include "cli/common/common.h"
#include "cli/common/error.h"
#include "cli/common/outputs.h"
#include "cli/common/progress.h"
#include "cli/verb.h"

static int check_run(int argc, char **argv);

static const OptionRule rules[] = {
    {"--quality"},
    {"--limits", .takes_value = true, .words = "set|fixed|both"},
    {"--cutoff", .takes_value = true},
    {"--output", 'o', true},
    {"--overwrite"},
    {"--fix-plan"},
    {"--fold", .takes_value = true},
    {"--patient"},
    {"--list"},
    {"--write-split", .takes_value = true},
    {"--split-rule", .takes_value = true},
    {0},
};

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
        "      --patient             stems that agree up to the first _ are one patient; else\n"
        "                            only those that begin with a number of three digits or more\n"
        "      --list                the cases, with their files and parts; nothing is checked\n"
        "      --write-split FILE    the cases with part and content as a list that train takes "
        "back,\n"
        "                            wherever the folder moves to; nothing is checked\n"
        "      --split-rule N        2 (default): where no list tells the part, it follows from a\n"
        "                            hash of the group (groups.csv, else patient, else stem);\n"
        "                            1: of the folder's name and the group\n"
        "\n"
        "      --quality             instead: which cases are fit to train on, by sharpness,\n"
        "                            contrast, entropy, foreground, number and size of pieces\n"
        "  -o, --output DIR          of it: quality.csv, quality.json, the worst cases "
        "(worst.png),\n"
        "                            and accepted.json, a list of cases to train on\n"
        "      --overwrite           replace what is there, of --output and --write-split\n"
        "      --limits WORD         set (default): outliers of this data set are rejected;\n"
        "                            fixed: what is beyond fixed limits; both\n"
        "      --cutoff X            of outliers, in robust deviations; default: 3.5\n",
    .rules = rules,
    .run = check_run,
};

typedef struct CheckJob {
    Common common;
    const char *place;
    VoxpertDatasetOptions options;
    VoxpertDataset *set;
    bool plan, list, quality;
    const char *split; /* file to write it to; NULL: none */
    VoxpertScreenOptions screen;
    Progress progress;
    size_t errors, warnings;
} CheckJob;

static const char *plural(size_t count) { return count == 1 ? "" : "s"; }

/* ---- For people --------------------------------------------------------------------------- */

/* Names and sentences of other people: one line each. */
static void print_words(const char *before, const char *text, const char *after) {
    char *words = cli_printable(text);
    printf("%s%s%s", before, words, after);
    free(words);
}

static void print_finding(const VoxpertFinding *f) {
    printf("%-8s ", f->warning ? "warning" : "error");
    if (f->file) print_words("", f->file, "");
    if (f->other) print_words(" and ", f->other, "");
    if (f->field) print_words(f->file ? ", field " : "field ", f->field, "");
    printf("%s\n", f->file || f->field ? ":" : "");
    print_words("         ", f->detail, "\n");
    printf("         rule: %s\n         remedy: %s\n", f->rule, f->remedy);
}

/* ---- Findings of one kind ---- */

enum { ALONE = 3 }; /* findings of one kind that are still printed one by one */

typedef struct Place {
    VoxpertFinding finding;
    size_t index, first; /* of the kind's first finding */
    size_t count;        /* findings of the kind, at its first one */
} Place;

static int compare_texts(const char *a, const char *b) { return strcmp(a ? a : "", b ? b : ""); }

/* As texts, but for their numbers: "holds 2 in 1624 voxels" is "holds 2 in 1803 voxels". */
static int compare_shapes(const char *a, const char *b) {
    for (a = a ? a : "", b = b ? b : "";; a++, b++) {
        if (isdigit((unsigned char)*a) && isdigit((unsigned char)*b)) {
            a += strspn(a, "0123456789"), b += strspn(b, "0123456789");
        }
        if (*a != *b || !*a) return (unsigned char)*a - (unsigned char)*b;
    }
}

static int by_kind(const VoxpertFinding *a, const VoxpertFinding *b) {
    int order = (int)a->warning - (int)b->warning;
    if (!order) order = compare_texts(a->rule, b->rule);
    if (!order) order = compare_texts(a->remedy, b->remedy);
    if (!order) order = compare_texts(a->field, b->field);
    return order ? order : compare_shapes(a->detail, b->detail);
}

static int kinds_together(const void *a, const void *b) {
    const Place *p = a, *q = b;
    int order = by_kind(&p->finding, &q->finding);
    return order ? order : (p->index > q->index) - (p->index < q->index);
}

static int in_order(const void *a, const void *b) {
    const Place *p = a, *q = b;
    if (p->first != q->first) return p->first > q->first ? 1 : -1;
    return (p->index > q->index) - (p->index < q->index);
}

/* Their order is that of each kind's first finding. */
static Place *places_of(const CheckJob *job, size_t *count) {
    VoxpertFinding f;
    Place *place = NULL;
    for (*count = 0; voxpert_dataset_finding(job->set, *count, &f); ++*count) {
        cli_grow(&place, *count, sizeof *place);
        place[*count] = (Place){.finding = f, .index = *count};
    }
    if (*count) qsort(place, *count, sizeof *place, kinds_together);
    for (size_t i = 0, from = 0; i < *count; i++) {
        if (by_kind(&place[i].finding, &place[from].finding) != 0) from = i;
        place[i].first = place[from].index;
        place[from].count++;
    }
    if (*count) qsort(place, *count, sizeof *place, in_order);
    return place;
}

static void print_kind(const Place *place) {
    const VoxpertFinding *f = &place->finding;
    printf("%-8s the same in %zu places:\n", f->warning ? "warning" : "error", place->count);
    for (size_t i = 0; i < ALONE; i++) {
        const VoxpertFinding *one = &place[i].finding;
        const char *where = one->file ? one->file : one->field;
        print_words("         ", where ? where : "the data set", "");
        print_words(": ", one->detail, "\n");
    }
    printf("         (--verbose prints the other %zu)\n", place->count - ALONE);
    printf("         rule: %s\n         remedy: %s\n", f->rule, f->remedy);
}

static void print_findings(const CheckJob *job) {
    size_t count;
    Place *place = places_of(job, &count);
    for (size_t i = 0; i < count;) {
        size_t together = place[i].count;
        bool kind = together > ALONE && !job->common.verbose;
        if (kind) print_kind(&place[i]);
        for (size_t k = 0; !kind && k < together; k++) print_finding(&place[i + k].finding);
        i += together;
    }
    free(place);
}

static void print_repair(const VoxpertFinding *f) {
    printf("\n# %s\n", f->rule);
    if (f->file) print_words("# ", f->file, "");
    if (f->other) print_words(" and ", f->other, "");
    print_words(f->file ? ": " : "# ", f->detail, "\n");
    if (f->note) print_words("# no command: ", f->note, "\n");
    if (f->fix)
        printf("%s\n", f->fix);
    else
        printf("# %s\n", f->remedy);
}

static void print_plan(const CheckJob *job) {
    VoxpertFinding f;
    printf(
        "#!/bin/sh\n# Would mend what `voxpert check` found; read it before it is run.\nset -e\n");
    for (size_t i = 0; voxpert_dataset_finding(job->set, i, &f); i++) print_repair(&f);
    puts("exit ${failed:-0}");
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
    set_words(json, "note", f->note);
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
    common_report(&job->common, json);
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

static VoxpertStatus write_split(CheckJob *job, VoxpertError *error) {
    size_t cases = voxpert_dataset_cases(job->set);
    job->progress = progress_begin(&job->common, "cases", cases);
    progress_keep(&job->progress, "no results were written");
    VoxpertStatus status = voxpert_dataset_write_split(job->set, job->split, tell, job, error);
    progress_end(&job->progress);
    if (!status && !job->common.quiet && !job->common.json)
        printf("%s: the split of %zu case%s\n", cli_shown(job->split), cases, plural(cases));
    if (!status && job->common.json)
        common_report(&job->common, json_pack("{s:o, s:I}", "split", json_words(job->split),
                                              "cases", (json_int_t)cases));
    return status;
}

static VoxpertStatus look(CheckJob *job, VoxpertError *error) {
    VoxpertFinding f;
    job->progress = progress_begin(&job->common, "cases", voxpert_dataset_cases(job->set));
    progress_keep(&job->progress, "no results were written");
    VoxpertStatus status = voxpert_dataset_check(job->set, tell, job, error);
    progress_end(&job->progress);
    for (size_t i = 0; !status && voxpert_dataset_finding(job->set, i, &f); i++) {
        job->errors += !f.warning;
        job->warnings += f.warning;
    }
    if (!status && !job->common.json && !job->plan && !job->common.quiet) print_findings(job);
    if (!status && job->common.json) status = print_json(job, error);
    if (!status && job->plan && !job->common.json) print_plan(job);
    if (status) return status;
    size_t cases = voxpert_dataset_cases(job->set);
    fflush(stdout); /* before what goes to stderr, where both are one file */
    if (job->errors + job->warnings && job->common.quiet) return VOXPERT_SOME_FAILED;
    if (job->errors + job->warnings)
        return error_say(error, VOXPERT_SOME_FAILED,
                         "%s: %zu error%s and %zu warning%s in %zu case%s", job->place, job->errors,
                         plural(job->errors), job->warnings, plural(job->warnings), cases,
                         plural(cases));
    if (!job->common.json && !job->plan && !job->common.quiet)
        printf("%s: %zu case%s, nothing wrong\n", cli_shown(job->place), cases, plural(cases));
    return VOXPERT_OK;
}

/* ---- Quality ------------------------------------------------------------------------------ */

static void print_rejected(json_t *report) {
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(report, "case"), i, item) {
        if (json_is_true(json_object_get(item, "accepted"))) continue;
        printf("rejected %s: %s\n", cli_shown(json_string_value(json_object_get(item, "name"))),
               cli_shown(json_string_value(json_object_get(item, "reason"))));
    }
}

/* Its warnings, which then are those of the verb. */
static void warn_of_report(const CheckJob *job, json_t *report) {
    size_t i;
    json_t *sentence;
    json_array_foreach(json_object_get(report, "warnings"), i, sentence) {
        common_warn(&job->common, "%s", json_string_value(sentence));
    }
    json_object_del(report, "warnings");
}

static VoxpertStatus screen(CheckJob *job, VoxpertError *error) {
    char *text = NULL;
    VoxpertScreenResult result;
    job->progress = progress_begin(&job->common, "cases", voxpert_dataset_cases(job->set));
    progress_keep(&job->progress, "no results were written");
    VoxpertStatus status =
        voxpert_dataset_screen(job->set, &job->screen, tell, job, &text, &result, error);
    progress_end(&job->progress);
    if (status) return status;
    json_t *report = json_loads(text, 0, NULL);
    voxpert_free(text);
    warn_of_report(job, report);
    if (job->common.json) {
        common_report(&job->common, report);
        return VOXPERT_OK;
    }
    if (!job->common.quiet) {
        print_rejected(report);
        printf("%s: %zu of %zu case%s accepted\n", cli_shown(job->place), result.accepted,
               result.cases, plural(result.cases));
    }
    json_decref(report);
    return VOXPERT_OK;
}

static VoxpertStatus screen_flags(CheckJob *job, const Options *o, VoxpertError *error) {
    float cutoff = 0.0f;
    job->quality = options_has(o, "--quality");
    job->screen.out = options_value(o, "--output");
    job->screen.limits = "set";
    VoxpertStatus status = options_word(o, "--limits", &job->screen.limits, error);
    if (!status) status = options_number(o, "--cutoff", 0.1, 1000.0, &cutoff, error);
    job->screen.cutoff = (double)cutoff;
    static const char *const own[] = {"--output", "--limits", "--cutoff"};
    for (int i = 0; !status && i < 3; i++) {
        if (!job->quality && options_has(o, own[i]))
            status = error_say(error, VOXPERT_BAD_ARGUMENT, "%s is for --quality", own[i]);
    }
    if (!status && job->quality && (job->plan || job->list))
        status = error_say(error, VOXPERT_BAD_ARGUMENT,
                           "--quality looks for no violations: no --fix-plan, no --list");
    return status;
}

/* Nothing that is there is replaced unasked. */
static VoxpertStatus outputs_are_new(const CheckJob *job, bool overwrite, VoxpertError *error) {
    static const char *const names[] = {"quality.csv", "quality.json", "worst.png", "accepted.json",
                                        NULL};
    VoxpertStatus status = output_is_new(job->split, overwrite, error);
    for (int i = 0; names[i] && job->screen.out && !status; i++) {
        char *path = cli_text("%s/%s", job->screen.out, names[i]);
        status = output_is_new(path, overwrite, error);
        free(path);
    }
    return status;
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
    job->split = options_value(o, "--write-split");
    if (job->split && (job->list || job->plan || options_has(o, "--quality")))
        return error_say(error, VOXPERT_BAD_ARGUMENT,
                         "--write-split checks nothing: no --list, --fix-plan, --quality");
    VoxpertStatus status = options_whole(o, "--fold", 0, 999, &job->options.fold, error);
    if (!status) status = options_whole(o, "--split-rule", 1, 2, &job->options.split_rule, error);
    if (!status) status = screen_flags(job, o, error);
    return status ? status : outputs_are_new(job, options_has(o, "--overwrite"), error);
}

static int check_run(int argc, char **argv) {
    CheckJob job = {0};
    Options options;
    VoxpertError error = {0};
    VoxpertStatus status =
        common_begin(&job.common, &options, &verb_check, rules, true, argc, argv, &error);
    if (!status) status = check_flags(&job, &options, &error);
    if (!status) status = voxpert_dataset_open(&job.set, job.place, &job.options, &error);
    if (!status)
        status = job.split     ? write_split(&job, &error)
                 : job.list    ? print_list(&job, &error)
                 : job.quality ? screen(&job, &error)
                               : look(&job, &error);
    voxpert_dataset_close(job.set);
    options_free(&options);
    return common_end(&job.common, status, &error);
}
