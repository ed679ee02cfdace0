/* voxpert train - teach a model, or measure one. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <voxpert/model.h>
#include <voxpert/train.h>

#include "cli/verb.h"

enum { LIST_MOST = 64 };

typedef struct List {
    const char *item[LIST_MOST];
    size_t count;
} List;

typedef struct Request {
    VoxpertTrainOptions options;
    List data, train, freeze, settings;
    const char *measure; /* part, or NULL */
    bool quiet, plain;
    char text[LIST_MOST][128]; /* "name=value" */
} Request;

static volatile sig_atomic_t interrupted;

static void on_signal(int number) {
    (void)number;
    interrupted = 1;
}

static bool stop(void *context) {
    (void)context;
    return interrupted != 0;
}

/* ---- Progress --------------------------------------------------------------------------- */

static void print_time(char out[32], double seconds) {
    long s = seconds > 0.0 ? (long)seconds : 0;
    if (s >= 3600)
        snprintf(out, 32, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
    else
        snprintf(out, 32, "%ld:%02ld", s / 60, s % 60);
}

static void show(void *context, const VoxpertTrainProgress *p) {
    const Request *r = context;
    if (r->quiet) return;
    char left[32];
    print_time(left, p->seconds_left);
    bool live = !r->plain;
    fprintf(stderr, "%sstep %ld of %ld  loss %.4f  Dice %.3f  %.1f samples/s  %s left%s",
            live ? "\r\033[K" : "", p->step, p->steps, p->loss, p->dice, p->samples_per_second,
            left, live && !p->validated ? "" : "\n");
    if (p->validated)
        fprintf(stderr, "validation at step %ld: box %.3f  1 click %.3f  5 clicks %.3f\n", p->step,
                p->box, p->click1, p->click5);
    fflush(stderr);
}

/* ---- Arguments -------------------------------------------------------------------------- */

static int complain(const char *format, const char *about) {
    fprintf(stderr, "voxpert train: ");
    fprintf(stderr, format, about);
    fprintf(stderr, "; see voxpert train --help\n");
    return VOXPERT_BAD_ARGUMENT;
}

static int add(List *l, const char *item) {
    if (l->count == LIST_MOST) return complain("too many arguments at \"%s\"", item);
    l->item[l->count++] = item;
    return 0;
}

static bool is_setting(const char *name) {
    if (strcmp(name, "schedule") == 0 || strcmp(name, "step-at") == 0 || strcmp(name, "loss") == 0)
        return true;
    const char *known;
    for (int i = 0; (known = voxpert_train_setting(i, NULL)); i++) {
        if (strcmp(known, name) == 0) return true;
    }
    return false;
}

static int take_setting(Request *r, const char *name, const char *value) {
    if (r->settings.count == LIST_MOST) return complain("too many arguments at \"%s\"", name);
    char *text = r->text[r->settings.count];
    if (snprintf(text, sizeof r->text[0], "%s=%s", name, value) >= (int)sizeof r->text[0])
        return complain("the value of --%s is too long", name);
    return add(&r->settings, text);
}

/* "90", "90s", "30m", "2h" */
static int take_time(double *out, const char *text) {
    char *end;
    *out = strtod(text, &end);
    double unit = *end == 'm' ? 60.0 : *end == 'h' ? 3600.0 : 1.0;
    if (*end == 'm' || *end == 'h' || *end == 's') end++;
    if (end == text || *end || !(*out > 0.0)) return complain("\"%s\" is no time limit", text);
    *out *= unit;
    return 0;
}

static int take_valued(Request *r, const char *name, const char *value) {
    VoxpertTrainOptions *o = &r->options;
    struct {
        const char *name;
        const char **to;
    } texts[] = {{"new", &o->config},         {"out", &o->out},
                 {"scheme", &o->scheme},      {"cpu", &o->cpu},
                 {"licence", &o->licence},    {"labels", &o->labels},
                 {"training-data", &o->training_data}, {"measure", &r->measure}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (strcmp(name, texts[i].name) != 0) continue;
        *texts[i].to = value;
        return 0;
    }
    if (strcmp(name, "data") == 0) return add(&r->data, value);
    if (strcmp(name, "train") == 0) return add(&r->train, value);
    if (strcmp(name, "freeze") == 0) return add(&r->freeze, value);
    if (strcmp(name, "time-limit") == 0) return take_time(&o->time_limit, value);
    if (strcmp(name, "recipe") == 0)
        return strcmp(value, "sam") == 0 ? 0 : complain("the recipe must be sam, not \"%s\"", value);
    if (is_setting(name)) return take_setting(r, name, value);
    return complain("unknown flag --%s", name);
}

static int parse(Request *r, int argc, char **argv) {
    int failed = 0;
    for (int i = 1; !failed && i < argc; i++) {
        const char *a = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(a, "--resume") == 0) {
            r->options.resume = true;
        } else if (strcmp(a, "-q") == 0 || strcmp(a, "--quiet") == 0) {
            r->quiet = true;
        } else if (!value) {
            failed = complain("%s lacks its value or is unknown", a);
        } else if (strcmp(a, "-m") == 0) {
            r->options.base = value, i++;
        } else if (strcmp(a, "-o") == 0) {
            r->options.out = value, i++;
        } else if (strcmp(a, "-t") == 0) {
            failed = take_setting(r, "threads", value), i++;
        } else if (strncmp(a, "--", 2) == 0) {
            failed = take_valued(r, a + 2, value), i++;
        } else {
            failed = complain("\"%s\" is no flag", a);
        }
    }
    VoxpertTrainOptions *o = &r->options;
    o->data = r->data.item, o->data_count = r->data.count;
    o->train = r->train.item, o->train_count = r->train.count;
    o->freeze = r->freeze.item, o->freeze_count = r->freeze.count;
    o->settings = r->settings.item, o->settings_count = r->settings.count;
    if (!failed && r->data.count == 0) failed = complain("%s is missing", "--data");
    if (!failed && !o->out && !r->measure) failed = complain("%s is missing", "--out");
    return failed;
}

/* ---- Running ---------------------------------------------------------------------------- */

static int report_error(VoxpertStatus status, const VoxpertError *error) {
    fprintf(stderr, "\nvoxpert train: %s\n", error->message);
    return status;
}

static int measure(const Request *r) {
    char *table;
    VoxpertError error = {0};
    VoxpertStatus status = voxpert_train_measure(&r->options, r->measure, &table, &error);
    if (status) return report_error(status, &error);
    printf("%s", table);
    voxpert_free(table);
    return fflush(stdout) ? VOXPERT_BAD_OUTPUT : VOXPERT_OK;
}

static int teach(Request *r) {
    VoxpertTrainObserver observer = {.progress = show, .stop = stop, .context = r};
    VoxpertTrainResult result;
    VoxpertError error = {0};
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    VoxpertStatus status = voxpert_train_run(&r->options, &observer, &result, &error);
    if (status) return report_error(status, &error);
    if (r->quiet) return VOXPERT_OK;
    const char *why = result.interrupted     ? "interrupted: go on with --resume"
                      : result.out_of_time   ? "out of time: go on with --resume"
                      : result.stopped_early ? "stopped early"
                                             : "done";
    fprintf(stderr, "\n%s after %ld steps", why, result.steps);
    if (result.best >= 0.0)
        fprintf(stderr, "; best validation %.3f at step %ld", result.best, result.best_step);
    fprintf(stderr, "; model in %s/model.safetensors\n", r->options.out);
    if (!result.drawn) fprintf(stderr, "no curves were drawn: gnuplot is not installed\n");
    return VOXPERT_OK;
}

static int run(int argc, char **argv) {
    Request *r = calloc(1, sizeof *r);
    if (!r) return VOXPERT_OUT_OF_MEMORY;
    r->plain = !isatty(STDERR_FILENO);
    int code = parse(r, argc, argv);
    if (!code) code = r->measure ? measure(r) : teach(r);
    free(r);
    return code;
}

static const char usage[] =
    "Usage: voxpert train (-m BASE | --new CONFIG.json) --data DIR[:OPTION...]... --out DIR\n"
    "       voxpert train -m MODEL --measure train|validation|test|all --data DIR...\n"
    "\n"
    "Teaches a model of the SAM family on pictures with masks: DIR/images and DIR/masks with the\n"
    "same stems, 0 = background.  Options of a folder: patient (stems that agree up to the first _\n"
    "belong together), instances (a label value is one object), nested (label v covers all >= v).\n"
    "\n"
    "  -m BASE              checkpoint to begin from (not a TinyViT)\n"
    "  --new CONFIG.json    or a new model of that shape\n"
    "  --out DIR, -o DIR    model.safetensors, state.safetensors, history.*, curves.*, examples/\n"
    "  --recipe sam         what is trained; the only one so far\n"
    "  --scheme NAME        voxpert (default), or sam-med2d: its published prompts and losses\n"
    "  --train GLOB         parameters that learn (repeatable; default: all)\n"
    "  --freeze GLOB        parameters that do not (repeatable)\n"
    "  --resume             go on from DIR/state.safetensors, if it is there\n"
    "  --time-limit T       90s, 30m, 2h: then a checkpoint is written and the run ends\n"
    "  --measure PART       measure instead of training; prints a table\n"
    "  --cpu NAME           kernel set\n"
    "  -t N, --threads N    0: every core\n"
    "  -q, --quiet          no progress\n"
    "  --licence TEXT, --labels TEXT, --training-data TEXT   for the model file\n"
    "\n"
    "Numbers: --steps --batch --masks-per-image --accumulate --seed --lr --lr-end --warm-up\n"
    "  --schedule cosine|step|constant --step-at N,N --step-drop --weight-decay --decay-all\n"
    "  --beta1 --beta2 --clip --ema --loss focal-dice-iou|dice-ce --loss-side --focal --dice --iou\n"
    "  --cross-entropy --rounds --box --points --jitter --deepest --multimask --whole --cut-from\n"
    "  --cut-to --flip --rotate --scale --intensity --recolour --noise --blur --shapes --zoom\n"
    "  --validate-every --validate-most --early-stop --checkpoint-minutes\n"
    "\n"
    "Example: voxpert train -m sam_vit_b.pth --freeze 'image_encoder.*' --data scans:patient \\\n"
    "             --out run --steps 500 --batch 4\n";

const Verb verb_train = {
    .name = "train",
    .summary = "teach a model on pictures with masks",
    .usage = usage,
    .run = run,
};
