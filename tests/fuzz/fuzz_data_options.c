/* fuzz_data_options.c - what follows a data set's name on a command line, and the settings of a
 * run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cases/dataset.h"
#include "tests/fuzz/fuzz.h"
#include "train/settings.h"

/* There is no such folder, so that options alone are read. */
static const char nowhere[] = "tests/fuzz/nowhere";

static void read_options(const char *options) {
    Dataset d = {0};
    size_t length = strlen(options);
    char *place = memory_new(sizeof nowhere + 1 + length);
    if (!place) abort();
    memcpy(place, nowhere, sizeof nowhere - 1);
    place[sizeof nowhere - 1] = ':';
    memcpy(place + sizeof nowhere, options, length + 1);
    Error error = {0};
    if (dataset_add(&d, place, &error) == VOXPERT_OK || !error.message[0]) abort();
    dataset_free(&d);
    memory_free(place);
}

/* What is taken reads back as itself. */
static void read_setting(const char *assignment) {
    TrainOptions o = train_options_default(), again = o;
    char value[48], back[120];
    const Setting *s;
    if (settings_apply(&o, assignment, NULL) != VOXPERT_OK) return;
    for (int i = 0; (s = setting_at(i)); i++) {
        setting_text(&o, i, value, sizeof value);
        snprintf(back, sizeof back, "%s=%s", s->name, value);
        if (*value && settings_apply(&again, back, NULL) != VOXPERT_OK) abort();
    }
    Error error = {0};
    if (settings_check(&o, &error) != VOXPERT_OK && !error.message[0]) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    char *text = memory_new(size + 1);
    if (!text) abort();
    memcpy(text, bytes, size);
    if (!strchr(text, '/')) read_options(text); /* a slash would name another place */
    read_setting(text);
    memory_free(text);
    return 0;
}
