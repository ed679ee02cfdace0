/* fuzz_prompts.c - any bytes as a file of prompts: JSON, JSON lines, and a spreadsheet. */
#include <stdlib.h>
#include <string.h>
#include <voxpert/exchange.h>

#include "tests/fuzz/fuzz.h"

static void read_as(const char *name, const uint8_t *bytes, size_t size) {
    VoxpertPrompts *prompts = NULL;
    VoxpertError error = {0};
    VoxpertStatus status =
        voxpert_prompts_open_memory(&prompts, (const char *)bytes, size, name, &error);
    if (status && (status != VOXPERT_BAD_INPUT || strncmp(error.message, name, strlen(name)) != 0))
        abort();
    const VoxpertPromptsEntry *entry;
    for (int i = 0; (entry = voxpert_prompts_entry(prompts, i)); i++)
        if (!entry->objects.count || !entry->json) abort();
    voxpert_prompts_close(prompts);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    read_as("p.json", bytes, size);
    read_as("p.jsonl", bytes, size);
    read_as("p.csv", bytes, size);
    return 0;
}
