/* Which cases of a data set are fit to train on; voxpert/dataset.h. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <voxpert/dataset.h>

#include "api/dataset.h"
#include "base/files.h"
#include "base/memory.h"
#include "screen/screening.h"

enum { FILES = 4, WORST = 24 };

/* ---- Files -------------------------------------------------------------------------------- */

/* The last is the list: whoever sees it sees the rest. */
static const char *const names[FILES] = {"quality.csv", "quality.json", "worst.png",
                                         "accepted.json"};

typedef struct Report {
    Text csv, json, list;
    char *path[FILES];
    bool written[FILES];
} Report;

static void report_free(Report *r) {
    text_free(&r->csv);
    text_free(&r->json);
    text_free(&r->list);
    for (int i = 0; i < FILES; i++) memory_free(r->path[i]);
}

/* A list is read back, so its names must be those of the files.  NULL: all are. */
static const char *odd_name(const Screening *s, const char *place) {
    if (!text_is_utf8(place, strlen(place))) return place;
    for (size_t i = 0; i < s->count; i++) {
        const char *name = s->item[i].item->name;
        if (!text_is_utf8(name, strlen(name))) return name;
    }
    return NULL;
}

static Status report_make(Report *r, const Screening *s, Error *error) {
    char place[PATH_MAX];
    if (!realpath(s->catalog->place, place))
        return error_set(error, VOXPERT_BAD_INPUT, "%s: is no longer there", s->catalog->place);
    const char *odd = odd_name(s, place);
    if (odd)
        return error_set(error, VOXPERT_BAD_INPUT,
                         "%s: the name is not UTF-8, so that no list of cases (JSON) can hold it: "
                         "rename it",
                         odd);
    screening_csv(&r->csv, s);
    screening_json(&r->json, s);
    screening_list(&r->list, s, place);
    if (!r->csv.failed && !r->json.failed && !r->list.failed) return VOXPERT_OK;
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for the report", place);
}

static Status write_one(Report *r, int file, const Screening *s, Error *error) {
    const Text *texts[FILES] = {&r->csv, &r->json, NULL, &r->list};
    if (texts[file])
        return file_write(r->path[file], texts[file]->chars, texts[file]->length, error);
    return s->measured ? screening_sheet(r->path[file], s, WORST, error) : VOXPERT_OK;
}

static Status report_write(Report *r, const Screening *s, const char *out, Error *error) {
    bool made = !file_exists(out);
    Status status = folder_make(out, error);
    for (int i = 0; !status && i < FILES; i++) {
        r->path[i] = path_join(out, names[i]);
        if (!r->path[i]) status = error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory", out);
    }
    for (int i = 0; !status && i < FILES; i++) {
        status = write_one(r, i, s, error);
        r->written[i] = !status;
    }
    for (int i = 0; status && i < FILES; i++) {
        if (r->written[i]) unlink(r->path[i]);
    }
    if (status && made) rmdir(out);
    return status;
}

/* ---- The call ------------------------------------------------------------------------------- */

static Status rule_of(ScreeningRule *out, const VoxpertScreenOptions *o, Error *error) {
    static const char *const words[] = {"set", "fixed", "both"};
    *out = (ScreeningRule){.cutoff = o ? o->cutoff : 0.0};
    if (!o || !o->limits) return VOXPERT_OK;
    for (int i = 0; i < 3; i++) {
        if (strcmp(o->limits, words[i]) != 0) continue;
        out->limits = (ScreeningLimits)i;
        return VOXPERT_OK;
    }
    return error_set(error, VOXPERT_BAD_ARGUMENT, "limits \"%s\": must be set, fixed or both",
                     o->limits);
}

VoxpertStatus voxpert_dataset_screen(const VoxpertDataset *set, const VoxpertScreenOptions *options,
                                     VoxpertDatasetProgress *progress, void *context, char **report,
                                     VoxpertScreenResult *result, VoxpertError *error) {
    Screening s = {0};
    ScreeningRule rule;
    Report r = {0};
    if (!set) return error_set(error, VOXPERT_BAD_ARGUMENT, "voxpert_dataset_screen: NULL");
    Status status = rule_of(&rule, options, error);
    if (!status) status = screening_run(&s, &set->catalog, rule, progress, context, error);
    if (!status) status = report_make(&r, &s, error);
    if (!status && options && options->out) status = report_write(&r, &s, options->out, error);
    if (!status && result)
        *result = (VoxpertScreenResult){s.count, s.measured, s.accepted, s.own_limits};
    if (!status && report) {
        *report = r.json.chars;
        r.json = (Text){0};
    }
    report_free(&r);
    screening_free(&s);
    return status;
}
