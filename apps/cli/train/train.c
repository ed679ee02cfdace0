/* voxpert train - train a model of the SAM family, or measure one. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <voxpert/train.h>

#include "cli/common/common.h"
#include "cli/common/error.h"
#include "cli/common/numbers.h"

static int train_run(int argc, char **argv);
static void print_settings(void);
static const OptionRule *train_rules(void);

const Verb verb_train = {
    .name = "train",
    .summary = "train a model on images with masks, or measure one",
    .usage =
        "usage: voxpert train [-m BASE | --new CONFIG.json] --data DIR[:OPTION...] --out DIR "
        "[FLAGS]\n"
        "       voxpert train --recipe segmote [-m BASE] --data DIR[:OPTION...] --out DIR [FLAGS]\n"
        "       voxpert train --recipe segmote -m ADAPTER [--base FILE] [--release-experts] ...\n"
        "       voxpert train [-m MODEL] --measure test --data DIR[:OPTION...] [FLAGS]\n"
        "\n"
        "Example: fine-tune the decoder of a published model, half an hour\n"
        "  voxpert train -m sam_vit_b.pth --freeze 'image_encoder.*' --data scans:patient \\\n"
        "      --out run --batch 4 --time-limit 30m\n"
        "\n"
        "A data folder holds images/ and masks/ (or labels/) with the same stems; masks are label\n"
        "maps, 0 is background; or it is any other data set that `voxpert check` takes.  Its list\n"
        "tells the parts; where there is none, a fifth of the groups is kept for testing, a tenth\n"
        "for validation, by a hash of the group: its name in groups.csv of the folder (lines\n"
        "stem,group), else the patient, else the stem.  The folder's name does not count.\n"
        "Options: patient (stems that agree up to the first _ stay\n"
        "together), instances (a label value is one object, in however many pieces), nested (an\n"
        "object of label v is all labels >= v), train (all of it is for training), slices=N (of\n"
        "volumes: N slices across each axis), window=LEVEL,WIDTH (of values that become 8\n"
        "bits), weight=X (share of the samples, against 1), channel=N (file of a case with\n"
        "several), fold=N (of splits_final.json), split=N (version of that hash: 2, the\n"
        "default; 1 hashes the folder's name too, as for the built-in model), group=NAME (sets of "
        "different groups never meet\n"
        "in a batch), modality=WORD (such as ct: usage of experts is recorded by it), names=FILE "
        "(of "
        "their labels, in the folder: {\"1\": \"liver\"}), class=NAME "
        "(of\n"
        "every label).  regions/ beside them may hold maps of what is not labelled, for --scheme\n"
        "segmote.\n"
        "\n"
        "  -m, --model FILE          what to begin from, built-in (the default) or a file: any SAM "
        "with\n"
        "                            a ViT; of segmote any SAM, or an adapter, whose experts go "
        "on\n"
        "                            learning\n"
        "      --base FILE           of an adapter: the model it was trained on; default: the "
        "built-in\n"
        "                            model\n"
        "      --release-experts     enable those that `experts add` left disabled in the router\n"
        "      --prompt-classes LIST names of labels with commas, or all: of segmote, prompt "
        "tokens\n"
        "                            are trained for each (segment --class)\n"
        "      --new FILE            JSON of a new model's shape, instead\n"
        "      --data DIR|FILE       repeatable\n"
        "  -o, --out DIR             model, checkpoint, split of the cases, history, curves, "
        "examples,\n"
        "                            summary.json with every setting\n"
        "      --resume              go on from the checkpoint in --out, if there is one\n"
        "      --time-limit T        90s, 30m, 2h: then a checkpoint is written and it ends\n"
        "      --train GLOB          parameters that are trained; repeatable; default: all\n"
        "      --freeze GLOB         parameters that do not; repeatable\n"
        "      --recipe NAME         sam (default), or segmote: experts on the frozen --model, as\n"
        "                            released on an IMIS-Net, as in the paper on any other SAM\n"
        "      --cache DIR           a frozen encoder runs once for each image, and its "
        "embeddings\n"
        "                            are kept here; default of segmote: OUT/embeddings\n"
        "      --cache-half          keep them in half precision\n"
        "      --data-memory SIZE    for images and masks, and as much for embeddings; the rest "
        "is\n"
        "                            in temporary files; default: a quarter of the machine's\n"
        "      --no-cache            run the encoder in every step, on augmented images\n"
        "      --scheme NAME         voxpert (default); sam-med2d: prompts, losses and steps as\n"
        "                            published; of the recipe segmote segmote, as released, or "
        "paper,\n"
        "                            as the paper says\n",
    .usage_more =
        "      --vocab FILE          merges of the base's text tower, for text prompts of the "
        "scheme\n"
        "                            segmote\n"
        "      --measure PART        no training: Dice of --model on train, validation, test or "
        "all\n"
        "      --licence TEXT        for the model file, as --labels TEXT, --training-data TEXT\n",
    .print_more = print_settings,
    .make_rules = train_rules,
    .run = train_run,
};

static const OptionRule own_rules[] = {
    {"--model", 'm', true},
    {"--base", .takes_value = true},
    {"--release-experts"},
    {"--prompt-classes", .takes_value = true},
    {"--new", .takes_value = true},
    {"--data", .takes_value = true, .repeats = true},
    {"--out", 'o', true},
    {"--resume"},
    {"--time-limit", .takes_value = true},
    {"--train", .takes_value = true, .repeats = true},
    {"--freeze", .takes_value = true, .repeats = true},
    {"--recipe", .takes_value = true, .words = "sam|segmote"},
    {"--cache", .takes_value = true},
    {"--cache-half"},
    {"--data-memory", .takes_value = true},
    {"--no-cache"},
    {"--scheme", .takes_value = true, .words = "voxpert|paper|sam-med2d|segmote"},
    {"--vocab", .takes_value = true},
    {"--measure", .takes_value = true, .words = "train|validation|test|all"},
    {"--licence", .takes_value = true},
    {"--labels", .takes_value = true},
    {"--training-data", .takes_value = true},
};

/* ---- Settings --------------------------------------------------------------------------- */

enum { OWN = sizeof own_rules / sizeof *own_rules };

/* The library's settings; --threads is a flag of all verbs. */
static bool setting_at(int index, const char *recipe, const char *scheme,
                       VoxpertTrainSetting *out) {
    for (int i = 0, left = index; voxpert_train_setting_get(i, recipe, scheme, out); i++) {
        if (strcmp(out->name, "threads") == 0) continue;
        if (left-- == 0) return true;
    }
    return false;
}

static void add_words(char **text, const char *words) {
    char *longer = cli_text("%s%s", *text ? *text : "", words);
    free(*text);
    *text = longer;
}

/* Adds the default of a recipe or scheme where it is not that of `usual`. */
static void add_default(char **text, int index, const char *recipe, const char *scheme,
                        const char *usual) {
    VoxpertTrainSetting s;
    if (!setting_at(index, recipe, scheme, &s) || strcmp(s.value, usual) == 0) return;
    char *words = cli_text("; %s%s %s", scheme ? "scheme " : "", scheme ? scheme : recipe,
                           *s.value ? s.value : "none");
    add_words(text, words);
    free(words);
}

/* " [default 6e-4; segmote 1e-4; scheme sam-med2d 1e-4]" */
static char *defaults_of(int index, const VoxpertTrainSetting *sam) {
    VoxpertTrainSetting segmote;
    char *text = cli_text(" [default %s", *sam->value ? sam->value : "none");
    setting_at(index, "segmote", NULL, &segmote);
    add_default(&text, index, "segmote", NULL, sam->value);
    add_default(&text, index, "sam", "sam-med2d", sam->value);
    add_default(&text, index, "segmote", "segmote", segmote.value);
    add_default(&text, index, "segmote", "paper", segmote.value);
    add_words(&text, "]");
    return text;
}

enum { INDENT = 32, WIDTH = 80 };

/* From column `at`, broken at blanks. */
static void print_wrapped(const char *words, int at) {
    while (*words) {
        int length = (int)strcspn(words, " ");
        if (at + length > WIDTH && at > INDENT) {
            printf("\n%*s", INDENT, "");
            at = INDENT;
        }
        printf("%.*s", length, words);
        at += length + 1;
        words += length;
        if (*words) words++;
        if (*words && at + (int)strcspn(words, " ") <= WIDTH) putchar(' ');
    }
    putchar('\n');
}

static void print_setting(int index, const VoxpertTrainSetting *s) {
    char *defaults = defaults_of(index, s);
    char *words = cli_text("%s%s", s->help, defaults);
    int used = printf("      --%s %s", s->name,
                      s->choices     ? s->choices
                      : s->is_number ? "N"
                                     : "LIST");
    if (used < INDENT - 1)
        printf("%*s", INDENT - used, "");
    else
        printf("\n%*s", INDENT, "");
    print_wrapped(*words == ' ' ? words + 1 : words, INDENT);
    free(words);
    free(defaults);
}

static void print_settings(void) {
    VoxpertTrainSetting s;
    puts("\nSettings of a run; in brackets the default, of the recipe segmote and of a scheme "
         "where\n"
         "they have another:");
    for (int i = 0; setting_at(i, "sam", NULL, &s); i++) print_setting(i, &s);
}

typedef struct Rules {
    OptionRule *item; /* ends with a zeroed one */
    size_t count;
    char **name; /* of the settings, whose rules come last */
    size_t settings;
} Rules;

static void rules_add(Rules *r, OptionRule rule) {
    cli_grow(&r->item, r->count, sizeof *r->item);
    r->item[r->count++] = rule;
}

static void rules_make(Rules *r) {
    VoxpertTrainSetting s;
    for (int i = 0; i < OWN; i++) rules_add(r, own_rules[i]);
    for (int i = 0; setting_at(i, NULL, NULL, &s); i++) {
        cli_grow(&r->name, r->settings, sizeof *r->name);
        r->name[r->settings] = cli_text("--%s", s.name);
        rules_add(r, (OptionRule){r->name[r->settings++], .takes_value = true, .words = s.choices});
    }
    rules_add(r, (OptionRule){0});
}

/* Made once, and kept until the program ends. */
static const Rules *all_rules(void) {
    static Rules rules;
    if (!rules.item) rules_make(&rules);
    return &rules;
}

static const OptionRule *train_rules(void) { return all_rules()->item; }

/* ---- Flags ------------------------------------------------------------------------------ */

typedef struct List {
    const char **item;
    size_t count;
} List;

typedef struct TrainJob {
    Common common;
    VoxpertTrainOptions options;
    List data, train, freeze;
    char **setting; /* "name=value" */
    size_t settings;
    const char *measure; /* part, or NULL */
    ProgressMode progress;
    bool line;          /* a line on the terminal that has not ended */
    bool shown;         /* a line of steps was shown */
    double phase_shown; /* seconds of the phase at its last line */
} TrainJob;

static void collect(List *l, const Options *o, const char *name) {
    for (int i = 0; i < o->count; i++) {
        if (strcmp(o->item[i].rule->name, name) != 0) continue;
        cli_grow(&l->item, l->count, sizeof *l->item);
        l->item[l->count++] = o->item[i].value;
    }
}

static bool is_setting(const Rules *rules, const OptionRule *rule) {
    return rule >= rules->item + OWN && rule < rules->item + OWN + rules->settings;
}

static void add_setting(TrainJob *job, const char *name, const char *value) {
    cli_grow(&job->setting, job->settings, sizeof *job->setting);
    job->setting[job->settings++] = cli_text("%s=%s", name, value);
}

static void collect_settings(TrainJob *job, const Rules *rules, const Options *o) {
    char threads[16];
    for (int i = 0; i < o->count; i++) {
        if (is_setting(rules, o->item[i].rule))
            add_setting(job, o->item[i].rule->name + 2, o->item[i].value);
    }
    snprintf(threads, sizeof threads, "%d", job->common.threads);
    add_setting(job, "threads", threads);
}

/* "90", "90s", "30m", "2h" */
static VoxpertStatus time_limit(double *out, const char *text, VoxpertError *error) {
    char *end;
    *out = strtod(text, &end);
    double unit = *end == 'm' ? 60.0 : *end == 'h' ? 3600.0 : 1.0;
    if (*end == 'm' || *end == 'h' || *end == 's') end++;
    if (end == text || *end || !(*out > 0.0) || *out > 1e9)
        return error_say(error, VOXPERT_BAD_ARGUMENT,
                         "--time-limit %s: must be a time such as 90s, 30m or 2h", text);
    *out *= unit;
    return VOXPERT_OK;
}

static VoxpertStatus train_flags(TrainJob *job, const Rules *rules, const Options *o,
                                 VoxpertError *error) {
    VoxpertTrainOptions *t = &job->options;
    t->base = options_value(o, "--model");
    t->parent = options_value(o, "--base");
    t->release_experts = options_has(o, "--release-experts");
    t->prompt_classes = options_value(o, "--prompt-classes");
    t->config = options_value(o, "--new");
    t->out = options_value(o, "--out");
    t->scheme = options_value(o, "--scheme");
    t->vocab = options_value(o, "--vocab");
    t->licence = options_value(o, "--licence");
    t->labels = options_value(o, "--labels");
    t->training_data = options_value(o, "--training-data");
    t->resume = options_has(o, "--resume");
    t->cache = options_value(o, "--cache");
    t->cache_half = options_has(o, "--cache-half");
    t->no_cache = options_has(o, "--no-cache");
    t->cpu = job->common.cpu;
    t->max_memory = job->common.max_memory;
    job->measure = options_value(o, "--measure");
    collect(&job->data, o, "--data");
    collect(&job->train, o, "--train");
    collect(&job->freeze, o, "--freeze");
    collect_settings(job, rules, o);
    t->data = job->data.item, t->data_count = job->data.count;
    t->train = job->train.item, t->train_count = job->train.count;
    t->freeze = job->freeze.item, t->freeze_count = job->freeze.count;
    t->settings = (const char *const *)job->setting, t->settings_count = job->settings;
    t->recipe = "sam";
    const char *limit = options_value(o, "--time-limit");
    VoxpertStatus status = options_word(o, "--recipe", &t->recipe, error);
    if (!status && limit) status = time_limit(&t->time_limit, limit, error);
    const char *memory = options_value(o, "--data-memory");
    if (!status && memory && !size_parse(&t->data_memory, memory))
        status = error_say(error, VOXPERT_BAD_ARGUMENT,
                           "--data-memory %s: must be a size such as 512M or 4G", memory);
    if (!status && !job->measure && !t->out)
        status = error_say(error, VOXPERT_BAD_ARGUMENT,
                           "%s--out is needed: a folder for the run, as in voxpert train --recipe "
                           "segmote --data scans --out run",
                           t->data_count || options_has(o, "--shapes")
                               ? ""
                               : "--data is needed: a data set; and ");
    if (!status && !job->measure && t->base && t->config)
        status = error_say(error, VOXPERT_BAD_ARGUMENT,
                           "either --model or --new: a run begins from one of them");
    return status;
}

/* ---- Progress --------------------------------------------------------------------------- */

static volatile sig_atomic_t interrupted;

static void on_signal(int number) {
    (void)number;
    interrupted = 1;
}

static bool stop(void *context) {
    (void)context;
    return interrupted != 0;
}

/* What nohup(1) and background jobs of scripts ignore stays ignored. */
static void catch_signals(void) {
    static const int numbers[] = {SIGINT, SIGTERM};
    struct sigaction action = {.sa_handler = on_signal}, before;
    for (int i = 0; i < 2; i++) {
        if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler == SIG_IGN) continue;
        sigaction(numbers[i], &action, NULL);
    }
}

static ProgressMode progress_mode(const Common *common) {
    if (common->quiet) return PROGRESS_NONE;
    if (common->progress != PROGRESS_AUTO) return common->progress;
    return isatty(STDERR_FILENO) ? PROGRESS_AUTO : PROGRESS_PLAIN;
}

static void show_json(const VoxpertTrainProgress *p) {
    fprintf(stderr,
            "{\"step\": %ld, \"steps\": %ld, \"loss\": %.6g, \"dice\": %.6g, \"rate\": %.2f, "
            "\"seconds_left\": %.0f",
            p->step, p->steps, p->loss, p->dice, p->samples_per_second, p->seconds_left);
    if (p->validated)
        fprintf(stderr, ", \"box\": %.6g, \"click1\": %.6g, \"click5\": %.6g", p->box, p->click1,
                p->click5);
    fputs("}\n", stderr);
}

/* Takes a live line's place. */
static void begin_line(TrainJob *job) {
    if (job->progress == PROGRESS_AUTO) fputs("\r\033[K", stderr);
}

/* Of a live one `stays` says whether the next does not take its place. */
static void end_line(TrainJob *job, bool stays) {
    job->line = job->progress == PROGRESS_AUTO && !stays;
    if (!job->line) fputc('\n', stderr);
    fflush(stderr);
}

static void print_left(double seconds) {
    long left = seconds > 0.0 ? (long)(seconds + 0.5) : 0;
    if (left >= 3600)
        fprintf(stderr, "%ld:%02ld:%02ld left", left / 3600, left / 60 % 60, left % 60);
    else
        fprintf(stderr, "%ld:%02ld left", left / 60, left % 60);
}

static void show(void *context, const VoxpertTrainProgress *p) {
    TrainJob *job = context;
    bool first = !job->shown;
    if (job->progress == PROGRESS_NONE) return;
    if (p->interim && job->progress != PROGRESS_AUTO && !first) return;
    job->shown = true;
    if (job->progress == PROGRESS_JSON) {
        show_json(p);
        return;
    }
    begin_line(job);
    fprintf(stderr, "step %ld of %ld: loss %.4f, Dice %.3f, ", p->step, p->steps, p->loss, p->dice);
    if (*p->usage) fprintf(stderr, "experts %s, ", p->usage);
    fprintf(stderr, "%.1f samples/s, ", p->samples_per_second);
    print_left(p->seconds_left);
    if (p->validated)
        fprintf(stderr, "\nvalidation: box %.3f, 1 click %.3f, 5 clicks %.3f", p->box, p->click1,
                p->click5);
    end_line(job, p->validated);
}

/* Live about five times a second; plainly at the begin of a phase - of reading, once it has taken a
 * second - and every ten seconds. */
static bool is_due(TrainJob *job, const VoxpertTrainPhase *p) {
    double pause = job->progress == PROGRESS_AUTO ? 0.2 : 10.0;
    bool reading = strcmp(p->name, "reading") == 0, plain = job->progress != PROGRESS_AUTO;
    if (reading && plain && p->seconds < 1.0) {
        job->phase_shown = -pause;
        return false;
    }
    if (p->done > 0 && p->seconds - job->phase_shown < pause) return false;
    job->phase_shown = p->done > 0 ? p->seconds : 0.0;
    return true;
}

static void show_phase(void *context, const VoxpertTrainPhase *p) {
    TrainJob *job = context;
    bool encoding = strcmp(p->name, "encoding") == 0;
    if (job->progress == PROGRESS_NONE || !is_due(job, p)) return;
    if (job->progress == PROGRESS_JSON) {
        fprintf(stderr, "{\"phase\": \"%s\", \"done\": %zu, \"all\": %zu}\n", p->name, p->done,
                p->all);
        return;
    }
    begin_line(job);
    char *name = encoding ? NULL : cli_printable(p->what);
    if (encoding)
        fprintf(stderr, "encoding image %zu of %zu", p->done + 1, p->all);
    else
        fprintf(stderr, "reading case %zu of %zu of %s", p->done + 1, p->all, name);
    free(name);
    if (p->done > 0 && p->seconds > 0.0) {
        double rate = (double)p->done / p->seconds;
        fprintf(stderr, rate < 1.0 ? ", %.2f a second, " : ", %.0f a second, ", rate);
        print_left((double)(p->all - p->done) / rate);
    }
    end_line(job, false);
}

static void show_header(void *context, const char *lines) {
    TrainJob *job = context;
    if (job->progress == PROGRESS_NONE || job->progress == PROGRESS_JSON) return;
    begin_line(job);
    job->line = false;
    fputs(lines, stderr);
    fflush(stderr);
}

static void say(void *context, bool warning, const char *sentence) {
    const TrainJob *job = context;
    if (warning)
        common_warn(&job->common, "%s", sentence);
    else
        common_detail(&job->common, "%s", sentence);
}

/* ---- Work ------------------------------------------------------------------------------- */

static VoxpertStatus measure(const TrainJob *job, VoxpertError *error) {
    char *table, *warnings = NULL;
    VoxpertStatus status =
        voxpert_train_measure(&job->options, job->measure, &table, &warnings, error);
    if (warnings) common_warn_lines(&job->common, warnings);
    voxpert_free(warnings);
    if (status) return status;
    if (job->common.json)
        common_report(&job->common, json_pack("{s:s, s:s, s:s}", "model",
                                              job->options.base ? job->options.base : "built-in",
                                              "part", job->measure, "table", table));
    else
        fputs(table, stdout);
    voxpert_free(table);
    return VOXPERT_OK;
}

static json_t *score_json(const VoxpertTrainResult *r) {
    return r->best < 0.0 ? json_null() : json_real(r->best);
}

static void report(const TrainJob *job, const VoxpertTrainResult *r) {
    const char *why = r->interrupted     ? "interrupted"
                      : r->out_of_time   ? "out of time"
                      : r->stopped_early ? "stopped early"
                                         : "done";
    if (job->common.json) {
        common_report(
            &job->common,
            json_pack("{s:s, s:I, s:o, s:o, s:s}", "ended", why, "steps", (json_int_t)r->steps,
                      "best", score_json(r), "best_step",
                      r->best < 0.0 ? json_null() : json_integer((json_int_t)r->best_step), "out",
                      job->options.out));
        return;
    }
    if (job->common.quiet || !r->written || r->interrupted) return; /* the error says that */
    printf("%s after %ld step%s", why, r->steps, r->steps == 1 ? "" : "s");
    if (r->best >= 0.0)
        printf("; best validation score %.3f (mean Dice of a box, 1 and 5 clicks) at step %ld",
               r->best, r->best_step);
    printf("; %s/model.safetensors\n", cli_shown(job->options.out));
    if (!r->drawn) printf("no curves: %s\n", r->not_drawn);
}

static VoxpertStatus train_model(TrainJob *job, VoxpertError *error) {
    VoxpertTrainObserver observer = {.progress = show,
                                     .stop = stop,
                                     .say = say,
                                     .context = job,
                                     .phase = show_phase,
                                     .begin = show_header};
    VoxpertTrainResult result;
    catch_signals();
    job->progress = progress_mode(&job->common);
    VoxpertStatus status = voxpert_train_run(&job->options, &observer, &result, error);
    if (job->line) fputc('\n', stderr);
    if (status) return status;
    report(job, &result);
    if (!result.written)
        return error_say(error, result.interrupted ? VOXPERT_INTERRUPTED : VOXPERT_SOME_FAILED,
                         "%s before the first step: no model was written",
                         result.interrupted ? "interrupted" : "out of time");
    if (!result.interrupted) return VOXPERT_OK;
    return error_say(error, VOXPERT_INTERRUPTED,
                     "interrupted after %ld step%s; what it learned is in %s, and --resume goes on",
                     result.steps, result.steps == 1 ? "" : "s", job->options.out);
}

static int train_run(int argc, char **argv) {
    TrainJob job = {0};
    Options options;
    const Rules *rules = all_rules();
    VoxpertError error = {0};
    VoxpertStatus status =
        common_begin(&job.common, &options, &verb_train, rules->item, false, argc, argv, &error);
    if (!status) status = train_flags(&job, rules, &options, &error);
    if (!status) status = job.measure ? measure(&job, &error) : train_model(&job, &error);
    for (size_t i = 0; i < job.settings; i++) free(job.setting[i]);
    free(job.setting);
    free(job.data.item);
    free(job.train.item);
    free(job.freeze.item);
    options_free(&options);
    return common_end(&job.common, status, &error);
}
