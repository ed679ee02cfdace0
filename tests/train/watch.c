#include "tests/train/watch.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "tests/check.h"

static void note(void *context, const TrainProgress *p) {
    Watch *w = context;
    if (!(w->first > 0.0)) w->first = p->row.loss;
    w->last = p->row.loss;
    w->validations += p->row.validated;
    snprintf(w->usage, sizeof w->usage, "%s", p->usage);
}

static void note_sentence(void *context, bool warning, const char *sentence) {
    Watch *w = context;
    w->warnings += warning;
    snprintf(warning ? w->warned : w->said, sizeof w->said, "%s", sentence);
}

static void look(void *context, const TrainPhase *p) {
    Watch *w = context;
    w->reading = strcmp(p->name, "reading") == 0;
}

static void end_reading(void *context, const char *lines) {
    Watch *w = context;
    (void)lines;
    w->reading = false;
}

static bool stop(void *context) {
    Watch *w = context;
    if (w->reading) return false;
    w->asked++;
    if (w->kill_at && w->asked > w->kill_at) raise(SIGKILL);
    return w->stop_at && w->asked > w->stop_at;
}

Status go(const TrainOptions *o, Watch *w, Error *error) {
    TrainObserver observer = {.progress = note,
                              .phase = look,
                              .begin = end_reading,
                              .say = note_sentence,
                              .stop = stop,
                              .context = w};
    TrainResult result;
    return train_run(o, &observer, &result, error);
}

void must(const TrainOptions *o, Watch *w) {
    Error error = {0};
    check_report(go(o, w, &error) == VOXPERT_OK, __FILE__, __LINE__, "training: %s", error.message);
}
