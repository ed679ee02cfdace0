#include "cli/common/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/common/error.h"
#include "cli/common/interrupt.h"

Progress progress_begin(const Common *common, const char *unit, size_t total) {
    ProgressMode mode = common->progress;
    bool terminal = isatty(STDERR_FILENO);
    Progress p = {.mode = mode == PROGRESS_AUTO && !terminal ? PROGRESS_PLAIN : mode,
                  .verb = common->verb,
                  .unit = unit,
                  .total = total,
                  .began = seconds_now()};
    return p;
}

static void note(const Progress *p, size_t done) {
    if (p->kept && done)
        interrupt_note(p->verb, "interrupted: %zu of %zu %s are done; %s", done, p->total, p->unit,
                       p->kept);
    else if (p->kept)
        interrupt_note(p->verb, "interrupted before the first of the %s was done; %s", p->unit,
                       p->kept);
}

void progress_keep(Progress *p, const char *kept) {
    p->kept = kept;
    note(p, 0);
}

/* "3 h 12 min", "4 min 05 s", "12 s" */
static void time_text(char *out, size_t size, double seconds) {
    long s = (long)(seconds + 0.5);
    if (s >= 3600)
        snprintf(out, size, "%ld h %02ld min", s / 3600, s % 3600 / 60);
    else if (s >= 60)
        snprintf(out, size, "%ld min %02ld s", s / 60, s % 60);
    else
        snprintf(out, size, "%ld s", s);
}

static void tell_json(const Progress *p, size_t done, double rate, double left, const char *what) {
    json_t *json = json_pack("{s:I, s:I, s:s, s:f, s:f, s:o}", "done", (json_int_t)done, "total",
                             (json_int_t)p->total, "unit", p->unit, "per_second", rate,
                             "seconds_left", left, "last", json_words(what));
    char *text = json_dumps(json, JSON_REAL_PRECISION(4));
    if (text) fprintf(stderr, "%s\n", text);
    free(text);
    json_decref(json);
}

void progress_tell(Progress *p, size_t done, const char *what) {
    note(p, done);
    double now = seconds_now(), pause = p->mode == PROGRESS_AUTO ? 0.1 : 1.0;
    if (p->mode == PROGRESS_NONE || (now - p->told < pause && done < p->total)) return;
    p->told = now;
    size_t worked = done - p->skipped;
    double rate = worked && now > p->began ? (double)worked / (now - p->began) : 0.0;
    double left = rate > 0.0 ? (double)(p->total - done) / rate : 0.0;
    char rest[32];
    time_text(rest, sizeof rest, left);
    if (p->mode == PROGRESS_JSON) {
        tell_json(p, done, rate, left, what);
    } else {
        const char *end = p->mode == PROGRESS_AUTO ? "\033[K" : "\n";
        int digits = rate < 10.0 ? 2 : rate < 100.0 ? 1 : 0;
        fprintf(stderr, "%s%zu of %zu %s, %.*f a second, %s left%s%.40s%s",
                p->mode == PROGRESS_AUTO ? "\r" : "", done, p->total, p->unit, digits, rate, rest,
                what && *what ? "  " : "", cli_shown(what), end);
    }
    p->line = p->mode == PROGRESS_AUTO;
}

void progress_end(Progress *p) {
    if (p->line) fputc('\n', stderr);
    p->line = false;
    if (p->kept) interrupt_forget();
}

void progress_case(void *context, size_t done, size_t total, const char *name) {
    Progress *p = context;
    p->total = total;
    if (total > 1)
        progress_tell(p, done, name);
    else
        note(p, done);
}
