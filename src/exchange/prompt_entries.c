/* Prompts of images: the list of entries. */
#include "exchange/prompt_entries.h"

#include <string.h>

#include "base/memory.h"

static const char *base_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* ---- The list --------------------------------------------------------------------------- */

VoxpertStatus voxpert_prompts_new(VoxpertPrompts **out, VoxpertError *error) {
    if (!out) return null_argument("voxpert_prompts_new", error);
    *out = memory_new(sizeof **out);
    return *out ? VOXPERT_OK : prompts_no_memory(error);
}

VoxpertStatus voxpert_prompts_add(VoxpertPrompts *prompts, const char *image,
                                  VoxpertPromptsEntry **out, VoxpertError *error) {
    if (out) *out = NULL;
    if (!prompts || !out) return null_argument("voxpert_prompts_add", error);
    char *name = memory_text(image);
    if ((image && !name) || !memory_grow(&prompts->item, &prompts->capacity, (size_t)prompts->count,
                                         sizeof *prompts->item)) {
        memory_free(name);
        return prompts_no_memory(error);
    }
    prompts->item[prompts->count] =
        (VoxpertPromptsEntry){.image = name, .objects.file = prompts->name};
    *out = &prompts->item[prompts->count++];
    return VOXPERT_OK;
}

void voxpert_prompts_close(VoxpertPrompts *prompts) {
    if (!prompts) return;
    for (int i = 0; i < prompts->count; i++) {
        memory_free(prompts->item[i].image);
        memory_free(prompts->item[i].json);
        voxpert_objects_free(&prompts->item[i].objects);
    }
    memory_free(prompts->item);
    memory_free(prompts->name);
    warnings_free(&prompts->warnings);
    memory_free(prompts);
}

int voxpert_prompts_count(const VoxpertPrompts *prompts) { return prompts ? prompts->count : 0; }

VoxpertPromptsEntry *voxpert_prompts_entry(VoxpertPrompts *prompts, int index) {
    return prompts && index >= 0 && index < prompts->count ? &prompts->item[index] : NULL;
}

VoxpertPromptsEntry *voxpert_prompts_find(VoxpertPrompts *prompts, const char *image) {
    if (!prompts || !image) return NULL;
    const char *name = base_of(image);
    for (int i = 0; i < prompts->count; i++) {
        VoxpertPromptsEntry *e = &prompts->item[i];
        if (!e->image || strcmp(e->image, name) == 0) return e;
    }
    return NULL;
}

const char *voxpert_prompts_name(const VoxpertPrompts *prompts) {
    return prompts ? prompts->name : NULL;
}

const char *voxpert_prompts_warnings(const VoxpertPrompts *prompts) {
    return prompts ? warnings_lines(&prompts->warnings) : "";
}
