/* golden: runs golden files and folders.
 *
 *     golden [--precision f32] [--brief] FILE_OR_FOLDER...
 *
 * A folder stands for the golden files in it, or is one of ordinary files that a function of its
 * own knows (eval, image/png and the like), or holds such folders.  VOXPERT_CPU chooses the
 * kernels.
 * Exit 0: all is as it should be; 1: something is not; 2: wrong usage. */
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/memory.h"
#include "base/text.h"
#include "tests/golden/eval_folder.h"
#include "tests/golden/image_folders.h"
#include "tests/golden/kinds.h"
#include "tests/golden/resize_folder.h"

enum { MOST_KINDS = 64 };

typedef struct KindSummary {
    char kind[64];
    size_t files, failed;
    double max_abs, rel_l2, share;
} KindSummary;

typedef struct Session {
    GoldenBench bench;
    KindSummary summary[MOST_KINDS];
    size_t kinds, failed;
} Session;

/* ---- Files ---------------------------------------------------------------------------------- */

static void summarize(Session *s, const GoldenRun *run, bool ok) {
    size_t i = 0;
    while (i < s->kinds && strcmp(s->summary[i].kind, run->kind) != 0) i++;
    if (i == MOST_KINDS) return;
    KindSummary *k = &s->summary[i];
    if (i == s->kinds) {
        s->kinds++;
        snprintf(k->kind, sizeof k->kind, "%s", run->kind);
    }
    k->files++;
    k->failed += !ok;
    if (run->worst.max_abs > k->max_abs) k->max_abs = run->worst.max_abs;
    if (run->worst.rel_l2 > k->rel_l2) k->rel_l2 = run->worst.rel_l2;
    if (run->worst.share > k->share) k->share = run->worst.share;
}

static void run_kind(GoldenRun *run) {
    for (const GoldenKind *k = golden_kinds; k->kind; k++) {
        if (strcmp(k->kind, run->kind) != 0) continue;
        k->run(run);
        return;
    }
    golden_fail(run, "kind %s is not known", run->kind);
}

static void run_file(Session *s, const char *path) {
    GoldenRun run;
    bool opened = golden_open(&run, &s->bench, path);
    if (opened) run_kind(&run);
    char kind[64];
    snprintf(kind, sizeof kind, "%s", opened ? run.kind : "(unreadable)");
    bool ok = golden_close(&run);
    run.kind = kind;
    summarize(s, &run, ok);
    s->failed += !ok;
}

/* ---- Folders -------------------------------------------------------------------------------- */

typedef struct FolderKind {
    const char *name;
    bool (*run)(const char *folder, FILE *report);
} FolderKind;

static const FolderKind folder_kinds[] = {
    {"png", golden_image_folder},     {"jpeg", golden_image_folder},
    {"tiff", golden_image_folder},    {"bmp", golden_image_folder},
    {"nifti", golden_image_folder},   {"orientation", golden_image_folder},
    {"resize", golden_resize_folder}, {"eval", golden_eval_folder},
};

static const FolderKind *folder_kind(const char *name) {
    for (size_t i = 0; i < sizeof folder_kinds / sizeof *folder_kinds; i++) {
        if (strcmp(folder_kinds[i].name, name) == 0) return &folder_kinds[i];
    }
    return NULL;
}

static size_t run_path(Session *s, const char *path);

/* How many of the folder's entries could be run. */
static size_t run_entries(Session *s, const char *path) {
    FileNames names;
    Error error;
    if (folder_list(&names, path, &error)) {
        fprintf(s->bench.report, "FAIL %s\n", error.message);
        s->failed++;
        return 1;
    }
    size_t found = 0;
    for (size_t i = 0; i < names.count; i++) {
        char *inner = path_join(path, names.name[i]);
        if (!inner) abort();
        if (strcmp(path_extension(inner), ".safetensors") == 0 || folder_kind(names.name[i]))
            found += run_path(s, inner);
        memory_free(inner);
    }
    file_names_free(&names);
    return found;
}

static size_t run_folder(Session *s, const char *path) {
    const FolderKind *kind = folder_kind(path_base(path));
    if (!kind) return run_entries(s, path);
    fprintf(s->bench.report, "%s\n", path);
    if (!kind->run(path, s->bench.report)) s->failed++;
    return 1;
}

static size_t run_path(Session *s, const char *path) {
    if (file_is_folder(path)) return run_folder(s, path);
    run_file(s, path);
    return 1;
}

static void run_argument(Session *s, const char *argument) {
    char *path = memory_text(argument);
    if (!path) abort();
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/') path[--length] = '\0';
    if (run_path(s, path) == 0) {
        fprintf(s->bench.report, "FAIL %s: holds no golden files\n", path);
        s->failed++;
    }
    memory_free(path);
}

/* ---- The program ---------------------------------------------------------------------------- */

static int usage(const char *what, const char *which) {
    fprintf(stderr, "golden: %s%s\nusage: golden [--precision f32] [--brief] FILE_OR_FOLDER...\n",
            what, which);
    return 2;
}

static void print_summary(const Session *s) {
    for (size_t i = 0; i < s->kinds; i++) {
        const KindSummary *k = &s->summary[i];
        fprintf(s->bench.report,
                "%-22s %2zu files, %zu failed; worst max_abs %.1e, rel_l2 %.1e, %.3f of a limit\n",
                k->kind, k->files, k->failed, k->max_abs, k->rel_l2, k->share);
    }
    fprintf(s->bench.report, "kernels %s: %s\n", s->bench.kernels->name,
            s->failed ? "FAIL" : "all ok");
}

static int run_all(Session *s, int count, char **arguments) {
    Threads *threads = NULL;
    Error error;
    Status status = threads_open(&threads, 0, &error);
    if (!status) status = worker_open(&s->bench.worker, threads, &error);
    if (status) {
        fprintf(stderr, "golden: %s\n", error.message);
        return 1;
    }
    for (int i = 0; i < count; i++) run_argument(s, arguments[i]);
    print_summary(s);
    worker_close(&s->bench.worker);
    threads_close(threads);
    return s->failed ? 1 : 0;
}

int main(int argc, char **argv) {
    Session s = {.bench = {.report = stdout}};
    const char *cpu = getenv("VOXPERT_CPU");
    s.bench.kernels = kernels_choose(cpu && *cpu ? cpu : NULL);
    if (!s.bench.kernels) return usage("no such kernels here: VOXPERT_CPU=", cpu ? cpu : "");
    int first = 1;
    for (; first < argc && text_starts(argv[first], "--"); first++) {
        if (strcmp(argv[first], "--brief") == 0) {
            s.bench.brief = true;
        } else if (strcmp(argv[first], "--precision") == 0 && first + 1 < argc) {
            if (strcmp(argv[++first], "f32") != 0) return usage("no such precision: ", argv[first]);
        } else {
            return usage("no such option: ", argv[first]);
        }
    }
    if (first == argc) return usage("no files", "");
    return run_all(&s, argc - first, argv + first);
}
