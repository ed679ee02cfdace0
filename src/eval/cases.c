#include "eval/cases.h"

#include <pthread.h>
#include <string.h>

#include "base/file_kind.h"
#include "base/files.h"
#include "base/memory.h"
#include "base/text.h"
#include "image/volume.h"

void case_pairs_free(CasePairs *p) {
    for (size_t i = 0; i < p->count; i++) {
        memory_free(p->item[i].first);
        memory_free(p->item[i].second);
    }
    memory_free(p->item);
    warnings_free(&p->alone);
    *p = (CasePairs){0};
}

/* ---- Names ---------------------------------------------------------------------------------- */

static size_t stem_length(const char *name) { return strlen(name) - strlen(path_extension(name)); }

static bool same_stem(const char *a, const char *b, bool channels) {
    static const char channel[] = "_0000";
    size_t n = stem_length(a), m = stem_length(b), more = sizeof channel - 1;
    if (n == m) return strncmp(a, b, n) == 0;
    return channels && m == n + more && strncmp(a, b, n) == 0 && strncmp(b + n, channel, more) == 0;
}

/* Whether `name` is a file of the case `stem`, as a further channel "stem_0001" is, too. */
static bool is_of_case(const char *stem, const char *name, bool channels) {
    size_t n = stem_length(stem), m = stem_length(name);
    if (same_stem(stem, name, channels)) return true;
    return channels && m == n + 5 && strncmp(stem, name, n) == 0 && name[n] == '_' &&
           strspn(name + n + 1, "0123456789") >= 4;
}

/* Leaves the names of images that are not hidden; a .img is found by its .hdr. */
static void keep_images(FileNames *names) {
    size_t kept = 0;
    for (size_t i = 0; i < names->count; i++) {
        char *name = names->name[i];
        bool voxels = text_ends(name, ".img") || text_ends(name, ".img.gz");
        if (name[0] != '.' && !voxels && volume_name_is_image(name))
            names->name[kept++] = name;
        else
            memory_free(name);
    }
    names->count = kept;
}

static Status folder_images(FileNames *out, const char *folder, Error *error) {
    Status status = folder_list(out, folder, error);
    keep_images(out);
    for (size_t i = 1; i < out->count && !status; i++) {
        if (same_stem(out->name[i - 1], out->name[i], false))
            status = error_set(error, VOXPERT_BAD_INPUT, "%s: %s and %s are files of one case",
                               folder, out->name[i - 1], out->name[i]);
    }
    return status;
}

/* ---- Pairs ---------------------------------------------------------------------------------- */

/* The partner of a name, looked for from where it is likely; names.count: none. */
static size_t partner_of(const char *name, const FileNames *names, size_t likely, bool channels) {
    for (size_t i = 0; i < names->count; i++) {
        size_t at = (likely + i) % names->count;
        if (same_stem(name, names->name[at], channels)) return at;
    }
    return names->count;
}

static Status no_partner(const char *folder, const char *name, const char *other, Error *error) {
    return error_set(error, VOXPERT_BAD_INPUT, "%s/%s: there is no file of that name in %s", folder,
                     name, other);
}

static Status pair_add(CasePairs *p, char *first, char *second, Error *error) {
    p->item[p->count++] = (CasePair){first, second};
    if (first && second) return VOXPERT_OK;
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the names of case %zu", p->count);
}

typedef struct Folders {
    const char *first, *second;
    FileNames a, b;
    bool *used; /* of b */
} Folders;

static void list_alone(CasePairs *p, const char *folder, const char *name, const char *other) {
    warnings_add(&p->alone, "%s/%s: there is no file of that name in %s; it is left out", folder,
                 name, other);
}

/* The files of the second folder that no file of the first claims. */
static Status match_rest(CasePairs *p, const Folders *f, PairRule rule, Error *error) {
    for (size_t k = 0; k < f->b.count && (rule.complete || rule.partial); k++) {
        bool claimed = f->used[k];
        for (size_t i = 0; i < f->a.count && !claimed; i++)
            claimed = is_of_case(f->a.name[i], f->b.name[k], rule.channels);
        if (claimed) continue;
        if (!rule.partial) return no_partner(f->second, f->b.name[k], f->first, error);
        list_alone(p, f->second, f->b.name[k], f->first);
    }
    if (p->count || !rule.partial) return VOXPERT_OK;
    return error_set(error, VOXPERT_BAD_INPUT, "%s: no file of it has one of the same name in %s",
                     f->first, f->second);
}

static Status folders_match(CasePairs *p, Folders *f, PairRule rule, Error *error) {
    p->item = memory_new((f->a.count + 1) * sizeof *p->item);
    f->used = memory_new((f->b.count + 1) * sizeof *f->used);
    if (!p->item || !f->used)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for %zu cases", f->a.count);
    Status status = f->a.count ? VOXPERT_OK : folder_refuse_dicom(f->first, error);
    if (!status && !f->b.count) status = folder_refuse_dicom(f->second, error);
    if (status) return status;
    if (f->a.count == 0 && (f->b.count == 0 || !rule.complete))
        return error_set(error, VOXPERT_BAD_INPUT, "%s: holds no images", f->first);
    for (size_t i = 0; i < f->a.count; i++) {
        const char *name = f->a.name[i];
        size_t k = partner_of(name, &f->b, i, rule.channels);
        if (k == f->b.count && !rule.partial) return no_partner(f->first, name, f->second, error);
        if (k == f->b.count) {
            list_alone(p, f->first, name, f->second);
            continue;
        }
        f->used[k] = true;
        status = pair_add(p, path_join(f->first, name), path_join(f->second, f->b.name[k]), error);
        if (status) return status;
    }
    return match_rest(p, f, rule, error);
}

static Status folders_pair(CasePairs *p, const char *first, const char *second, PairRule rule,
                           Error *error) {
    Folders f = {.first = first, .second = second};
    Status status = folder_images(&f.a, first, error);
    if (!status) status = folder_images(&f.b, second, error);
    if (!status) status = folders_match(p, &f, rule, error);
    file_names_free(&f.a);
    file_names_free(&f.b);
    memory_free(f.used);
    return status;
}

Status case_pairs_find(CasePairs *out, const char *first, const char *second, PairRule rule,
                       Error *error) {
    bool a = file_is_folder(first), b = file_is_folder(second);
    Status status = VOXPERT_OK;
    *out = (CasePairs){0};
    if (a && b)
        status = folders_pair(out, first, second, rule, error);
    else if (a != b)
        status = error_set(error, VOXPERT_BAD_INPUT,
                           "%s: is a folder, but %s is none: both must be folders, or both files",
                           a ? first : second, a ? second : first);
    else if (!(out->item = memory_new(sizeof *out->item)))
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for its case", first);
    else
        status = pair_add(out, memory_text(first), memory_text(second), error);
    if (status) case_pairs_free(out);
    return status;
}

/* ---- Work ----------------------------------------------------------------------------------- */

typedef struct Run {
    const CasePairs *pairs;
    CaseFn *fn;
    void *context;
    const CaseWork *work;
    pthread_mutex_t lock; /* of what follows */
    size_t done, failed;  /* the first case that failed, or how many there are */
    Status status;        /* its own */
    Error error;
} Run;

/* Cases before the first that failed go on: which one is reported does not depend on the threads.
 */
static void run_task(void *context, size_t task, void *scratch) {
    (void)scratch;
    Run *r = context;
    Error error = {0};
    pthread_mutex_lock(&r->lock);
    bool hopeless = task > r->failed;
    pthread_mutex_unlock(&r->lock);
    if (hopeless) return;
    Status status = r->fn(r->context, task, &error);
    pthread_mutex_lock(&r->lock);
    r->done++;
    if (status && task < r->failed) {
        r->failed = task;
        r->status = status;
        r->error = error;
    }
    if (r->work && r->work->done)
        r->work->done(r->work->context, r->done, r->pairs->count,
                      path_base(r->pairs->item[task].first));
    pthread_mutex_unlock(&r->lock);
}

Status cases_run(const CasePairs *pairs, CaseFn *fn, void *context, const CaseWork *work,
                 Error *error) {
    Run r = {.pairs = pairs,
             .fn = fn,
             .context = context,
             .work = work,
             .lock = PTHREAD_MUTEX_INITIALIZER,
             .failed = pairs->count};
    Worker worker = {0};
    bool alone = !work || threads_count(work->threads) == 1 || pairs->count == 1;
    Status status = alone ? VOXPERT_OK : worker_open(&worker, work->threads, error);
    if (status) return status;
    for (size_t i = 0; alone && i < pairs->count; i++) run_task(&r, i, NULL);
    if (!alone) {
        worker_run(&worker, run_task, &r, pairs->count);
        worker_close(&worker);
    }
    if (r.status && error) *error = r.error;
    pthread_mutex_destroy(&r.lock);
    return r.status;
}
