#include "train/run_parts.h"

#include "base/files.h"
#include "base/platform.h"

void run_say(Run *r, bool warning, const char *sentence) {
    size_t before = r->warnings.count;
    if (warning) warnings_add(&r->warnings, "%s", sentence);
    if (warning && r->warnings.count == before) return;
    if (r->observer && r->observer->say) r->observer->say(r->observer->context, warning, sentence);
}

void run_phase(Run *r, const char *name, const char *what, size_t done, size_t all) {
    double now = system_seconds();
    if (!r->observer || !r->observer->phase) return;
    if (r->phase != name || r->phase_of != what) r->phase_began = now;
    r->phase = name, r->phase_of = what;
    TrainPhase p = {name, what, done, all, now - r->phase_began};
    r->observer->phase(r->observer->context, &p);
}

bool run_is_stopped(const Run *r) {
    double limit = r->options->time_limit;
    if (limit > 0.0 && system_seconds() - r->began > limit) return true;
    return r->observer && r->observer->stop && r->observer->stop(r->observer->context);
}

Status run_file(const Run *r, const char *name, char **path, Error *error) {
    *path = path_join(r->options->out, name);
    if (*path) return VOXPERT_OK;
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for its files", r->options->out);
}
