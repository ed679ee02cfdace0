/* Every malformed file of golden/image/hostile that an image reader may meet: what is said of it,
 * how long it takes, and how much memory.  Each runs in a process of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

#include "base/files.h"
#include "base/memory.h"
#include "base/platform.h"
#include "base/text.h"
#include "image/picture.h"
#include "tests/check.h"

static const double seconds_most = 2.0;

/* What a process tells of a file. */
typedef struct Verdict {
    int status;
    double seconds;
    size_t memory; /* peak above the base, bytes */
    char message[2048];
} Verdict;

/* Reads, then looks at the first slice, as segmenting would; warnings and remarks count as said. */
static void verdict_make(Verdict *out, const char *path) {
    Error error = {0};
    Volume *v = NULL;
    Picture picture = {0};
    VolumeReadOptions options = {.max_bytes = (size_t)1 << 30};
    size_t base = system_peak_memory();
    double start = system_seconds();
    Status status = volume_read(&v, path, &options, &error);
    if (!status) status = volume_slice(&picture, v, (VolumeSlice){.axis = 'k'}, NULL, &error);
    out->status = (int)status;
    out->seconds = system_seconds() - start;
    out->memory = system_peak_memory() - base;
    snprintf(out->message, sizeof out->message, "%s %s%s%s", status ? error.field : "",
             status ? error.message : "", v ? warnings_lines(&v->warnings) : "",
             picture.remark ? picture.remark : "");
    picture_free(&picture);
    volume_free(v);
}

static bool verdict_of(Verdict *out, const char *path) {
    int ends[2], outcome = -1;
    if (pipe(ends) != 0) return false;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        verdict_make(out, path);
        _exit(write(ends[1], out, sizeof *out) == (ssize_t)sizeof *out ? 0 : 1);
    }
    close(ends[1]);
    bool whole = read(ends[0], out, sizeof *out) == (ssize_t)sizeof *out;
    close(ends[0]);
    return child > 0 && waitpid(child, &outcome, 0) == child && outcome == 0 && whole;
}

/* The name of the file may hold the words, too: it does not count. */
static bool names_fields(const Verdict *got, const char *path, json_t *fields) {
    char said[sizeof got->message];
    strcpy(said, got->message);
    for (char *name; (name = strstr(said, path));)
        memmove(name, name + strlen(path), strlen(name + strlen(path)) + 1);

    size_t i;
    json_t *field;
    json_array_foreach(fields, i, field) {
        const char *text = json_string_value(field);
        const char *either = strstr(text, " or ");
        char first[64];
        snprintf(first, sizeof first, "%.*s", either ? (int)(either - text) : 63, text);
        if (!strstr(said, text) && !strstr(said, first)) return false;
    }
    return true;
}

static bool memory_is_measured(void) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    return false;
#else
    return true;
#endif
#else
    return true;
#endif
}

static void check_entry(json_t *entry) {
    const char *file = json_string_value(json_object_get(entry, "file"));
    const char *expected = json_string_value(json_object_get(entry, "expected"));
    int code = (int)json_integer_value(json_object_get(entry, "exit_code"));
    double most = json_number_value(json_object_get(entry, "memory_limit_mib")) * 1048576.0;
    char relative[256];
    snprintf(relative, sizeof relative, "golden/image/hostile/%s", file);
    const char *path = check_shared(relative);
    Verdict got = {0};
    bool lives = verdict_of(&got, path);
    bool status = got.status == code ||
                  (strcmp(expected, "either") == 0 && (got.status == 0 || got.status == 3));
    bool names = names_fields(&got, path, json_object_get(entry, "message_names")) &&
                 (got.status == 0 || strstr(got.message, path_base(file)));
    bool small = (double)got.memory <= most || !memory_is_measured();
    bool ok = lives && status && names && small && got.seconds <= seconds_most;
    fprintf(stderr, "%-42s exit %d, %.0f ms, %.1f MiB: %s%s\n", file, got.status, 1e3 * got.seconds,
            (double)got.memory / 1048576.0, got.message, ok ? "" : "  FAIL");
    check_report(ok, __FILE__, __LINE__, "%s: expected %s, exit %d", file, expected, code);
}

static void check_folder(const char *folder) {
    json_t *root = json_load_file(check_shared("golden/image/hostile/expected.json"), 0, NULL);
    json_t *entry;
    size_t i, found = 0;
    json_array_foreach(json_object_get(root, "files"), i, entry) {
        const char *file = json_string_value(json_object_get(entry, "file"));
        if (!text_starts(file, folder)) continue;
        check_entry(entry);
        found++;
    }
    CHECK(found > 0);
    json_decref(root);
}

TEST(hostile_nifti_files_are_refused_with_a_sentence) { check_folder("nifti/"); }
TEST(hostile_png_files_are_refused_with_a_sentence) { check_folder("png/"); }
TEST(hostile_jpeg_files_are_refused_with_a_sentence) { check_folder("jpeg/"); }
TEST(hostile_tiff_and_bmp_files_are_refused_with_a_sentence) { check_folder("tiff/"); }
