#include "tests/golden/eval_folder.h"

#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/memory.h"
#include "tests/golden/eval_parts.h"

typedef struct EvalPart {
    const char *file;
    void (*run)(EvalRun *run, json_t *root);
} EvalPart;

static const EvalPart parts[] = {
    {"edt.json", eval_distances},
    {"components.json", eval_components},
    {"surface_table.json", eval_surface_table},
    {"surface.json", eval_surfaces},
    {"statistics.json", eval_statistics},
    {"folder.json", eval_evaluation},
    {"quality.json", eval_quality},
    {"datasets.json", eval_datasets},
};

static bool part_run(const EvalPart *part, const char *folder, FILE *report) {
    EvalRun run = {.folder = folder, .report = report};
    json_error_t reason;
    char *path = path_join(folder, part->file);
    if (!path) abort();
    json_t *root = json_load_file(path, 0, &reason);
    if (root)
        part->run(&run, root);
    else
        eval_fail(&run, reason.text, "%s", part->file);
    if (root && run.numbers == 0) eval_fail(&run, "holds nothing to compare", "%s", part->file);
    fprintf(report, "%s: %zu results, %zu failed; worst %.3g of a tolerance%s%s\n", part->file,
            run.numbers, run.failed, run.worst, *run.worst_name ? ": " : "", run.worst_name);
    json_decref(root);
    memory_free(path);
    return run.failed == 0;
}

/* Files of golden values that no part takes are named, so that nobody thinks they were run. */
static void name_others(const char *folder, FILE *report) {
    FileNames names;
    Error error;
    if (folder_list(&names, folder, &error)) return; /* then the parts have failed too */
    for (size_t i = 0; i < names.count; i++) {
        size_t p = 0, most = sizeof parts / sizeof *parts;
        while (p < most && strcmp(parts[p].file, names.name[i]) != 0) p++;
        if (p == most && strcmp(path_extension(names.name[i]), ".json") == 0)
            fprintf(report, "%s: not run, no part takes it\n", names.name[i]);
    }
    file_names_free(&names);
}

bool golden_eval_folder(const char *folder, FILE *report) {
    bool ok = true;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        ok = part_run(&parts[i], folder, report) && ok;
    name_others(folder, report);
    return ok;
}
