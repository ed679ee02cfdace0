#include "cli/common/common.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/common/error.h"
#include "cli/common/interrupt.h"
#include "cli/common/numbers.h"

const char common_usage[] =
    "\nAll verbs:\n"
    "      --json                report as JSON on standard output; also of a failure\n"
    "  -q, --quiet               no warnings, no progress, no lines of results; --json still "
    "prints\n"
    "  -v, --verbose             details on standard error\n"
    "      --progress MODE       auto (default: a line on a terminal), plain, json or none\n"
    "  -t, --threads N           threads; default: 0, every core. The result is the same for any "
    "N\n"
    "      --max-memory SIZE     refuse work that needs more, such as 4G; of training\n"
    "                            all memory, else what is worked in beside model and image\n"
    "      --cpu SET             kernel set: reference, portable, avx2 or avx512; default:\n"
    "                            $VOXPERT_CPU, or the best of this processor\n"
    "      --help, --version\n";

/* ---- Flags ------------------------------------------------------------------------------ */

static VoxpertStatus kernel_set(Common *c, const Options *o, VoxpertError *error) {
    const char *flag = options_value(o, "--cpu");
    c->cpu = flag ? flag : getenv("VOXPERT_CPU");
    if (!c->cpu || !*c->cpu) {
        c->cpu = NULL;
        return VOXPERT_OK;
    }
    char known[128] = "";
    for (const char *const *set = voxpert_kernel_sets(); *set; set++) {
        if (strcmp(*set, c->cpu) == 0) return VOXPERT_OK;
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "", *set);
    }
    return error_say(error, VOXPERT_BAD_ARGUMENT, "%s %s: this processor can run %s",
                     flag ? "--cpu" : "VOXPERT_CPU", c->cpu, known);
}

static VoxpertStatus common_flags(Common *c, const Options *o, VoxpertError *error) {
    int mode = PROGRESS_AUTO;
    c->json = options_has(o, "--json");
    c->quiet = options_has(o, "--quiet");
    c->verbose = options_has(o, "--verbose");
    VoxpertStatus status = options_choice(o, "--progress", &mode, error);
    c->progress = (ProgressMode)mode;
    if (c->quiet) c->progress = PROGRESS_NONE;
    if (!status) status = options_whole(o, "--threads", 0, 1024, &c->threads, error);
    const char *memory = options_value(o, "--max-memory");
    if (!status && memory && !size_parse(&c->max_memory, memory))
        status = error_say(error, VOXPERT_BAD_ARGUMENT,
                           "--max-memory %s: must be a size such as 512M or 4G", memory);
    return status ? status : kernel_set(c, o, error);
}

Common common_of_failure(const char *verb, int argc, char **argv) {
    Common common = {.verb = verb, .warnings = json_array()};
    for (int i = 1; i < argc; i++) common.json |= strcmp(argv[i], "--json") == 0;
    return common;
}

VoxpertStatus common_begin(Common *common, Options *options, const Verb *verb,
                           const OptionRule *rules, bool takes_argument, int argc, char **argv,
                           VoxpertError *error) {
    *common = common_of_failure(verb->name, argc, argv);
    interrupt_begin(verb->name);
    common->rules = rules;
    VoxpertStatus status = options_parse(options, rules, takes_argument, argc, argv, error);
    if (!status) status = common_flags(common, options, error);
    for (int i = 0; !status && i < options->warnings; i++)
        common_warn(common, "%s", options->warning[i]);
    return status;
}

/* ---- Words ------------------------------------------------------------------------------ */

const char *common_message(const Common *common, const VoxpertError *error) {
    char flag[sizeof error->field + 2];
    size_t length = strlen(error->field);
    snprintf(flag, sizeof flag, "--%s", error->field);
    if (!length || !common->rules || !option_rule_find(common->rules, flag))
        return cli_shown(error->message);
    bool first = strncmp(error->message, error->field, length) == 0 &&
                 (error->message[length] == ' ' || error->message[length] == ':');
    char *message =
        first ? cli_text("--%s", error->message) : cli_text("%s: %s", flag, error->message);
    const char *shown = cli_shown(message);
    free(message);
    return shown;
}

static void report_failure(const Common *common, VoxpertStatus status, const VoxpertError *error) {
    if (!*error->message) return; /* of some that failed, and nothing is to be printed */
    const char *space = *common->verb ? " " : "";
    const char *message = common_message(common, error);
    fprintf(stderr, "voxpert%s%s: %s\n", space, common->verb, message);
    if (status == VOXPERT_BAD_ARGUMENT && !*common->verb)
        fputs("`voxpert help` lists the verbs\n", stderr);
    else if (status == VOXPERT_BAD_ARGUMENT)
        fprintf(stderr, "`voxpert %s --help` lists what it takes\n", common->verb);
    if (common->json && status != VOXPERT_SOME_FAILED) /* those have reported already */
        common_report(common, json_pack("{s:{s:i, s:o, s:s*}}", "error", "code", (int)status,
                                        "message", json_words(message), "field",
                                        error->field[0] ? error->field : NULL));
}

int common_end(Common *common, VoxpertStatus status, const VoxpertError *error) {
    if (status) report_failure(common, status, error);
    json_decref(common->warnings);
    common->warnings = NULL;
    return (int)status;
}

__attribute__((format(printf, 1, 0))) static char *sentence_of(const char *format, va_list args) {
    char *raw = NULL;
    int length = vasprintf(&raw, format, args);
    char *sentence = cli_printable(length < 0 ? "" : raw);
    free(raw);
    return sentence;
}

void common_warn(const Common *common, const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *sentence = sentence_of(format, args);
    va_end(args);
    if (!common->quiet) fprintf(stderr, "voxpert %s: %s\n", common->verb, sentence);
    json_array_append_new(common->warnings, json_words(sentence));
    free(sentence);
}

void common_warn_lines(const Common *common, const char *lines) {
    while (*lines) {
        size_t length = strcspn(lines, "\n");
        common_warn(common, "%.*s", (int)length, lines);
        lines += length + (lines[length] != '\0');
    }
}

void common_detail(const Common *common, const char *format, ...) {
    if (!common->verbose) return;
    va_list args;
    va_start(args, format);
    char *sentence = sentence_of(format, args);
    va_end(args);
    fprintf(stderr, "voxpert %s: %s\n", common->verb, sentence);
    free(sentence);
}

bool is_utf8(const char *text) {
    json_t *json = json_string(text);
    json_decref(json);
    return json != NULL;
}

json_t *json_words(const char *text) {
    json_t *json = json_string(text);
    if (json) return json;
    char *printable = cli_printable(text);
    json = json_string(printable);
    free(printable);
    return json;
}

static bool array_has(const json_t *array, const json_t *sentence) {
    size_t i;
    json_t *item;
    json_array_foreach(array, i, item) {
        if (json_equal(item, sentence)) return true;
    }
    return false;
}

/* A report of one image has what is odd about it; what is odd about the command line comes behind.
 */
static void add_missing(json_t *to, const json_t *from) {
    size_t i;
    json_t *item;
    json_array_foreach(from, i, item) {
        if (!array_has(to, item)) json_array_append(to, item);
    }
}

void common_report(const Common *common, json_t *report) {
    json_t *there = json_object_get(report, "warnings");
    if (!there)
        json_object_set(report, "warnings", common->warnings);
    else if (there != common->warnings)
        add_missing(there, common->warnings);
    json_dumpf(report, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    putchar('\n');
    json_decref(report);
}

/* ---- Models ----------------------------------------------------------------------------- */

static void log_warning(void *context, const char *sentence) {
    const Listener *l = context;
    common_warn(l->common, "%s", sentence);
    if (l->warnings) json_array_append_new(l->warnings, json_words(sentence));
}

VoxpertStatus common_model(Listener *listener, VoxpertModel **out, const char *path,
                           const VoxpertOptions *chosen, VoxpertError *error) {
    const Common *common = listener->common;
    VoxpertOptions options = *chosen;
    options.threads = common->threads;
    options.cpu = common->cpu;
    options.max_memory = common->max_memory;
    options.log = log_warning;
    options.log_context = listener;
    VoxpertStatus status = voxpert_model_open(out, path, &options, error);
    if (!status && common->verbose) {
        char *text = NULL;
        if (!voxpert_model_describe(*out, &text, NULL)) common_detail(common, "model %s", text);
        voxpert_free(text);
    }
    return status;
}

double seconds_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
