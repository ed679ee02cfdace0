#include "cli/common/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/common/error.h"
#include "cli/common/outputs.h"
#include "cli/common/paths.h"

void journal_open(Journal *j, const char *path, int count) {
    *j = (Journal){.path = cli_text("%s", path), .old = json_object(), .count = count};
    j->line = cli_new((size_t)count, sizeof *j->line);
}

void journal_free(Journal *j) {
    for (int i = 0; i < j->count; i++) json_decref(j->line[i]);
    free(j->line);
    free(j->path);
    json_decref(j->old);
    *j = (Journal){0};
}

/* ---- Reading ---------------------------------------------------------------------------- */

static void remember(Journal *j, json_t *line) {
    const char *name = json_string_value(json_object_get(line, "case"));
    if (name) json_object_set(j->old, name, line);
}

static void read_lines(Journal *j, FILE *file) {
    char *text = NULL;
    size_t room = 0;
    for (ssize_t length; (length = getline(&text, &room, file)) > 0;) {
        json_t *line = json_loadb(text, (size_t)length, 0, NULL);
        remember(j, line);
        json_decref(line);
    }
    free(text);
}

void journal_read(Journal *j) {
    FILE *file = fopen(j->path, "re");
    if (!file) return;
    if (name_ends(j->path, ".jsonl")) {
        read_lines(j, file);
    } else {
        json_t *root = json_loadf(file, 0, NULL), *line;
        size_t index;
        json_array_foreach(json_object_get(root, "cases"), index, line) remember(j, line);
        json_decref(root);
    }
    fclose(file);
}

void journal_keep(Journal *j, int index, const char *name) {
    journal_set(j, index, json_incref(json_object_get(j->old, name)));
}

bool journal_done(const Journal *j, int index, const json_t *inputs) {
    const json_t *line = j->line[index];
    const char *status = json_string_value(json_object_get(line, "status"));
    return status && strcmp(status, "done") == 0 && inputs &&
           json_equal(json_object_get(line, "inputs"), inputs);
}

bool journal_intact(const Journal *j, int index, const char *name, const char *path,
                    const Common *common) {
    const json_t *hashes = json_object_get(j->line[index], "output_sha256");
    const char *want = json_string_value(json_object_get(hashes, name));
    char hash[65], *kept;
    if (access(path, F_OK) != 0) return false;
    if (want && !voxpert_file_hash(path, hash, NULL) && strcmp(hash, want) == 0) return true;
    if (!(kept = output_set_aside(path))) return false;
    common_warn(common,
                "%s: is not as it was written; it is made again, and what was there is kept as %s",
                path, kept);
    free(kept);
    return false;
}

void journal_set(Journal *j, int index, json_t *line) {
    json_decref(j->line[index]);
    j->line[index] = line;
    j->current = false;
}

/* ---- Writing ---------------------------------------------------------------------------- */

static char *as_lines(const Journal *j, size_t *size) {
    char *text = NULL;
    FILE *memory = open_memstream(&text, size);
    for (int i = 0; memory && i < j->count; i++) {
        if (!j->line[i]) continue;
        json_dumpf(j->line[i], memory, JSON_COMPACT);
        fputc('\n', memory);
    }
    return memory && fclose(memory) == 0 ? text : NULL;
}

static char *as_object(const Journal *j, size_t *size) {
    json_t *cases = json_array();
    for (int i = 0; i < j->count; i++) {
        if (j->line[i]) json_array_append(cases, j->line[i]);
    }
    json_t *root = json_pack("{s:s, s:i, s:o}", "version", voxpert_version(), "images", j->count,
                             "cases", cases);
    char *text = json_dumps(root, JSON_INDENT(1));
    *size = text ? strlen(text) : 0;
    json_decref(root);
    return text;
}

VoxpertStatus journal_flush(Journal *j, bool now, VoxpertError *error) {
    enum { SHARE = 10 };
    double start = seconds_now();
    if (!now && start - j->written < SHARE * j->cost) return VOXPERT_OK;
    size_t size = 0;
    char *text = name_ends(j->path, ".jsonl") ? as_lines(j, &size) : as_object(j, &size);
    if (!text) return error_say(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to write it", j->path);
    Outputs outputs = {0};
    VoxpertStatus status = voxpert_file_write(outputs_stage(&outputs, j->path), text, size, error);
    free(text);
    if (status) {
        outputs_explain(&outputs, error);
        outputs_drop(&outputs);
    } else {
        status = outputs_commit(&outputs, error);
    }
    j->current = !status;
    j->written = seconds_now();
    j->cost = j->written - start;
    return status;
}

VoxpertStatus journal_drop(Journal *j, int index, VoxpertError *error) {
    if (!j->line[index]) return VOXPERT_OK;
    journal_set(j, index, NULL);
    return journal_flush(j, true, error);
}
