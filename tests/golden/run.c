#include "tests/golden/run.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/text.h"

/* ---- Opening and closing -------------------------------------------------------------------- */

static const char *const plain_keys[] = {"kind", "source", "notes"};

static bool is_plain(const char *key) {
    for (size_t i = 0; i < sizeof plain_keys / sizeof *plain_keys; i++) {
        if (strcmp(key, plain_keys[i]) == 0) return true;
    }
    return false;
}

static void parse_metadata(GoldenRun *run) {
    run->metadata = json_object();
    for (size_t i = 0; i < checkpoint_metadata_count(run->file); i++) {
        const char *key, *text;
        checkpoint_metadata_at(run->file, i, &key, &text);
        if (is_plain(key)) continue;
        json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
        if (!value) golden_fail(run, "metadata %s is no JSON", key);
        json_object_set_new(run->metadata, key, value);
    }
}

bool golden_open(GoldenRun *run, GoldenBench *bench, const char *path) {
    *run = (GoldenRun){.bench = bench, .path = path};
    Error error;
    if (!golden_check(run, checkpoint_open(&run->file, path, &error), &error)) return false;
    run->compared = calloc(checkpoint_count(run->file) + 1, sizeof *run->compared);
    run->kind = checkpoint_metadata(run->file, "kind");
    parse_metadata(run);
    if (!run->kind) golden_fail(run, "it has no kind");
    if (!bench->brief && run->kind)
        fprintf(bench->report, "%s: %s, kernels %s\n", path_base(path), run->kind,
                bench->kernels->name);
    return run->kind != NULL;
}

static bool is_result(const char *name) {
    return text_starts(name, "out.") || text_starts(name, "mid.") || text_starts(name, "grad.");
}

static void report_uncompared(GoldenRun *run) {
    for (size_t i = 0; i < checkpoint_count(run->file); i++) {
        const char *name = checkpoint_tensor(run->file, i)->name;
        if (is_result(name) && !run->compared[i]) golden_fail(run, "%s: nothing computes it", name);
    }
}

bool golden_close(GoldenRun *run) {
    if (run->file && run->kind) report_uncompared(run);
    bool ok = run->failures == 0 && run->checks > 0;
    fprintf(run->bench->report, "%-4s %s: %zu of %zu ok", ok ? "ok" : "FAIL", path_base(run->path),
            run->checks - run->failures, run->checks);
    if (run->worst.share > 0.0)
        fprintf(run->bench->report, "; worst %s at %.3f of its limit", run->worst.name,
                run->worst.share);
    fputc('\n', run->bench->report);
    free(run->compared);
    json_decref(run->metadata);
    checkpoint_close(run->file);
    return ok;
}

/* ---- Asking and telling --------------------------------------------------------------------- */

void golden_fail(GoldenRun *run, const char *format, ...) {
    run->checks++;
    run->failures++;
    va_list args;
    va_start(args, format);
    fprintf(run->bench->report, "  FAIL %s: ", path_base(run->path));
    vfprintf(run->bench->report, format, args);
    fputc('\n', run->bench->report);
    va_end(args);
}

bool golden_check(GoldenRun *run, Status status, const Error *error) {
    if (status) golden_fail(run, "%s", error->message);
    return status == VOXPERT_OK;
}

json_t *golden_metadata(const GoldenRun *run, const char *key) {
    return json_object_get(run->metadata, key);
}

void golden_beside(const GoldenRun *run, const char *name, char *path, size_t size) {
    int folder = (int)(path_base(run->path) - run->path);
    snprintf(path, size, "%.*s%s", folder, run->path, name);
}
