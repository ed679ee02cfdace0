/* fuzz_catalog.c - any bytes as the list of a data set: of each format, in a folder without files.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "data/check.h"
#include "tests/fuzz/fuzz.h"

static char folder[256];

static void leave(void) {
    char path[320];
    static const char *const names[] = {"list.json", "dataset.json", "image2label_train.json",
                                        "label2image_test.json"};
    for (int i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
}

static void enter(void) {
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/voxpert-fuzz-XXXXXX", base ? base : "/tmp");
    if (!mkdtemp(folder)) abort();
    atexit(leave);
}

static void open_as(const char *name, const uint8_t *bytes, size_t size) {
    char path[320];
    Catalog c;
    Error error;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file)) abort();
    if (!catalog_open(&c, path, NULL, &error)) {
        if (catalog_check(&c, NULL, NULL, &error)) abort();
        for (size_t i = 0; i < c.findings; i++) {
            if (!c.finding[i].detail || !data_rule_name(c.finding[i].rule)) abort();
        }
        catalog_close(&c);
    }
    unlink(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    if (!*folder) enter();
    open_as("list.json", bytes, size);
    open_as("dataset.json", bytes, size);
    return 0;
}
