/* voxpert - one program, a verb for each thing that it does. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <voxpert/voxpert.h>

#include "cli/common/common.h"
#include "cli/common/complete.h"
#include "cli/common/error.h"
#include "cli/common/interrupt.h"
#include "cli/common/outputs.h"
#include "cli/common/synonyms.h"
#include "cli/verb.h"

static const Verb *const verbs[] = {
    &verb_segment,  &verb_embed, &verb_convert, &verb_train, &verb_check,
    &verb_evaluate, &verb_stats, &verb_experts, &verb_info,  NULL};
enum { VERBS = sizeof verbs / sizeof *verbs - 1 };

/* ---- Interruptions ---------------------------------------------------------------------- */

static void interrupted(int number) {
    outputs_interrupt();
    voxpert_interrupt_cleanup();
    interrupt_print(number == SIGPIPE);
    _exit(VOXPERT_INTERRUPTED);
}

static void catch_interruptions(void) {
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGXCPU, SIGPIPE};
    struct sigaction action = {.sa_handler = interrupted}, before;
    sigfillset(&action.sa_mask);
    signal(SIGXFSZ, SIG_IGN); /* a file over the limit is an error of its write */
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        /* nohup(1) and background jobs of scripts ignore some: that stays so, but for a closed pipe
         */
        if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler == SIG_IGN &&
            numbers[i] != SIGPIPE)
            continue;
        sigaction(numbers[i], &action, NULL);
    }
}

/* ---- Words ------------------------------------------------------------------------------ */

static const char *verb_name(const void *context, int index) {
    (void)context;
    return index < VERBS ? verbs[index]->name : NULL;
}

static void print_version(void) {
    printf("voxpert %s\n"
           "Apache License 2.0. Research software, not a medical device.\n",
           voxpert_version());
}

static void print_help(FILE *out) {
    fputs("voxpert - segment medical images with models of the SAM family\n\n"
          "usage: voxpert VERB [FLAGS]\n\n",
          out);
    for (int i = 0; i < VERBS; i++) fprintf(out, "  %-10s%s\n", verbs[i]->name, verbs[i]->summary);
    fputs(
        "\n`voxpert VERB --help` lists what a verb takes, with an example.\n\n"
        "Exit codes: 0 all is well, 1 some cases failed or a check found something, 2 usage or a\n"
        "prompt without sense, 3 an image, data set or prompt file cannot be used, 4 a model file\n"
        "cannot be used, 5 no memory or over --max-memory, 6 a result cannot be written,\n"
        "130 interrupted (no partial file is left).\n",
        out);
}

static int print_verb_help(const Verb *verb) {
    printf("voxpert %s - %s\n\n%s%s", verb->name, verb->summary, verb->usage,
           verb->usage_more ? verb->usage_more : "");
    if (verb->print_more) verb->print_more();
    fputs(common_usage, stdout);
    return 0;
}

static int unknown_verb(const char *word, int argc, char **argv) {
    VoxpertError error = {0};
    Common common = common_of_failure("", argc, argv);
    const char *same = synonym_of_verb(word), *near = closest(word, verb_name, NULL);
    VoxpertStatus status = VOXPERT_BAD_ARGUMENT;
    if (access(word, F_OK) == 0)
        error_say(&error, status,
                  "%s is a file, and a verb must come first: voxpert segment %s --box x0,y0,x1,y1 "
                  "-o mask.png, or voxpert info %s",
                  word, word, word);
    else if (same)
        error_say(&error, status, "there is no verb \"%s\"; %s", word, same);
    else
        error_say(&error, status, "there is no verb \"%s\"%s%s%s", word,
                  near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    return common_end(&common, status, &error);
}

/* ---- Start ------------------------------------------------------------------------------ */

static const Verb *find_verb(const char *name) {
    for (int i = 0; i < VERBS; i++) {
        if (strcmp(verbs[i]->name, name) == 0) return verbs[i];
    }
    return NULL;
}

static bool is_one_of(const char *word, const char *a, const char *b) {
    return strcmp(word, a) == 0 || strcmp(word, b) == 0;
}

/* --help and --version count wherever they stand. */
static int run_verb(const Verb *verb, int argc, char **argv) {
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (is_one_of(argv[i], "--help", "-h")) return print_verb_help(verb);
        if (strcmp(argv[i], "--version") != 0) continue;
        print_version();
        return 0;
    }
    return verb->run(argc, argv);
}

static int run(int argc, char **argv) {
    const char *word = argc > 1 ? argv[1] : NULL;
    if (!word) {
        print_help(stderr); /* a script whose verb is empty must not take this for success */
        return VOXPERT_BAD_ARGUMENT;
    }
    if (is_one_of(word, "--version", "-V") || strcmp(word, "version") == 0) {
        print_version();
        return 0;
    }
    if (strcmp(word, "complete") == 0) return complete_line(verbs, argc - 2, argv + 2);
    bool help = strcmp(word, "help") == 0 || is_one_of(word, "--help", "-h");
    if (help && argc == 2) {
        print_help(stdout);
        return 0;
    }
    const Verb *verb = find_verb(help ? argv[2] : word);
    if (!verb) return unknown_verb(help ? argv[2] : word, argc, argv);
    return help ? print_verb_help(verb) : run_verb(verb, argc - 1, argv + 1);
}

int main(int argc, char **argv) {
    catch_interruptions();
    cli_before_failure(outputs_interrupt);
    int code = run(argc, argv);
    if (fflush(stdout) == 0 && !ferror(stdout)) return code;
    fputs("voxpert: standard output cannot be written\n", stderr);
    return VOXPERT_BAD_OUTPUT; /* whatever it was, nobody could read it */
}
