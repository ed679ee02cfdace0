/* fuzz_prompts.c - any bytes as a file of prompts: JSON, JSON lines, and a spreadsheet. */
#include <stdlib.h>
#include <string.h>

#include "cli/segment/prompts_file.h"
#include "tests/fuzz/fuzz.h"

static void read_as(const char *name, const char *text, size_t size) {
    PromptsFile f;
    VoxpertError error = {0};
    VoxpertStatus status = prompts_file_parse(&f, name, text, size, &error);
    if (status && (status != VOXPERT_BAD_INPUT || strncmp(error.message, name, strlen(name)) != 0))
        abort();
    for (int i = 0; !status && i < f.count; i++)
        if (!f.item[i].targets.count || !f.item[i].json) abort();
    prompts_file_free(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    char *text = malloc(size + 1);
    if (!text) abort();
    memcpy(text, bytes, size);
    text[size] = '\0';
    read_as("p.json", text, size);
    read_as("p.jsonl", text, size);
    read_as("p.csv", text, size);
    free(text);
    return 0;
}
