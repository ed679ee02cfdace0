/* Files of prompts, and what an entry means for an input. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file_kind.h"
#include "base/memory.h"
#include "exchange/prompt_entries.h"

/* ---- The file --------------------------------------------------------------------------- */

static Status read_json(VoxpertPrompts *p, const char *text, size_t length, int line,
                        Error *error) {
    json_error_t problem;
    char where[32] = "";
    json_t *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &problem);
    if (!root)
        return error_set(error, VOXPERT_BAD_INPUT, "%s: line %d: is no JSON: %s", p->name,
                         line > 0 ? line : problem.line, problem.text);
    if (line > 0) snprintf(where, sizeof where, "line %d", line);
    Status status = prompts_add_json(p, root, where, error);
    json_decref(root);
    return status;
}

static bool is_blank(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (!strchr(" \t\r", text[i]) || !text[i]) return false;
    return true;
}

static Status read_lines(VoxpertPrompts *p, const char *text, size_t length, Error *error) {
    Status status = VOXPERT_OK;
    const char *end = text + length;
    for (int number = 1; !status && text < end; number++) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        size_t size = (size_t)((stop ? stop : end) - text);
        if (!is_blank(text, size)) status = read_json(p, text, size, number, error);
        text += size + 1;
    }
    return status;
}

static Status read_sheet(VoxpertPrompts *p, const char *text, size_t length, Error *error) {
    json_t *root = NULL;
    Status status = prompts_sheet_read(&root, text, length, p->name, &p->warnings, error);
    if (!status) status = prompts_add_json(p, root, "", error);
    json_decref(root);
    return status;
}

static Status check_images(const VoxpertPrompts *p, Error *error) {
    if (!p->count) return error_set(error, VOXPERT_BAD_INPUT, "%s: holds no prompts", p->name);
    json_t *seen = json_object();
    Status status = seen ? VOXPERT_OK : prompts_no_memory(error);
    for (int i = 0; !status && p->count > 1 && i < p->count; i++) {
        const char *image = p->item[i].image;
        if (!image)
            status =
                error_set(error, VOXPERT_BAD_INPUT, "%s: entry %d of %d does not say its \"image\"",
                          p->name, i + 1, p->count);
        else if (json_object_get(seen, image))
            status = error_set(error, VOXPERT_BAD_INPUT, "%s: %s has two entries", p->name, image);
        else if (json_object_set_new(seen, image, json_true()))
            status = prompts_no_memory(error);
    }
    json_decref(seen);
    return status;
}

static Status read_all(VoxpertPrompts *p, const char *text, size_t length, Error *error) {
    size_t mark = text_mark(text, length);
    text += mark;
    length -= mark;
    const FileKind *kind = file_kind(text, length);
    if (kind && kind->id == FILE_GIT_LFS)
        return file_kind_refuse(error, VOXPERT_BAD_INPUT, p->name, kind, "prompts");
    Status status = text_ends(p->name, ".csv") || text_ends(p->name, ".tsv")
                        ? read_sheet(p, text, length, error)
                    : text_ends(p->name, ".jsonl") ? read_lines(p, text, length, error)
                                                   : read_json(p, text, length, 0, error);
    if (!status && p->warnings.lines.failed) status = prompts_no_memory(error);
    return status ? status : check_images(p, error);
}

VoxpertStatus voxpert_prompts_open_memory(VoxpertPrompts **out, const char *bytes, size_t size,
                                          const char *name, VoxpertError *error) {
    if (out) *out = NULL;
    if (!out || (!bytes && size)) return null_argument("voxpert_prompts_open_memory", error);
    VoxpertPrompts *p;
    Status status = voxpert_prompts_new(&p, error);
    if (status) return status;
    p->name = memory_text(name ? name : "memory");
    status = p->name ? read_all(p, bytes ? bytes : "", size, error) : prompts_no_memory(error);
    if (status)
        voxpert_prompts_close(p);
    else
        *out = p;
    return status;
}

/* By reading, so that it may be a pipe. */
static Status slurp(char **text, size_t *length, const char *path, Error *error) {
    enum { MOST = 1 << 28 };
    FILE *file = fopen(path, "re");
    size_t room = 1 << 16;
    *text = NULL;
    *length = 0;
    if (!file)
        return error_set(error, VOXPERT_BAD_INPUT, "%s: cannot be opened: %s", path,
                         strerror(errno));
    *text = memory_resize(NULL, room);
    for (size_t got = 1; *text && got > 0 && *length < MOST;) {
        got = fread(*text + *length, 1, room - *length, file);
        *length += got;
        if (*length < room) continue;
        room *= 2;
        char *more = memory_resize(*text, room);
        if (!more) memory_free(*text);
        *text = more;
    }
    bool failed = ferror(file) != 0 || *length >= MOST;
    fclose(file);
    if (!*text) return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to read it", path);
    if (!failed) return VOXPERT_OK;
    return error_set(error, VOXPERT_BAD_INPUT, "%s: cannot be read, or is larger than 256 MiB",
                     path);
}

VoxpertStatus voxpert_prompts_open(VoxpertPrompts **out, const char *path, VoxpertError *error) {
    char *text;
    size_t length;
    if (out) *out = NULL;
    if (!out || !path) return null_argument("voxpert_prompts_open", error);
    Status status = slurp(&text, &length, path, error);
    if (!status) status = voxpert_prompts_open_memory(out, text, length, path, error);
    memory_free(text);
    return status;
}

/* ---- What an entry means for an input --------------------------------------------------- */

/* The real path of a file's folder, or of a folder itself; NULL where it is not there.  From
 * realpath: free() frees. */
static char *real_folder(const char *path) {
    struct stat info;
    char *real = realpath(path, NULL);
    if (!real || (stat(real, &info) == 0 && S_ISDIR(info.st_mode))) return real;
    *strrchr(real, '/') = '\0';
    return real;
}

static bool lies_in(const char *path, const char *folder) {
    size_t length = folder ? strlen(folder) : 0;
    return folder && strncmp(path, folder, length) == 0 && path[length] == '/';
}

/* A mask that is not there is left to its reader. */
static Status confine(const VoxpertPrompts *p, const VoxpertObject *o, const char *own,
                      const char *input, Error *error) {
    char *real = o->mask_path ? realpath(o->mask_path, NULL) : NULL;
    bool inside = !real || lies_in(real, own) || lies_in(real, input);
    free(real);
    if (inside) return VOXPERT_OK;
    return error_set(error, VOXPERT_BAD_INPUT,
                     "%s: object %d: its mask %s lies neither in the folder of this file nor in "
                     "that of the input; move it there",
                     p->name, o->number, o->mask_path);
}

/* "clinic/scan.png" is scan.png where the input lies in, or is, that folder. */
static Status settle_image(const VoxpertPrompts *p, VoxpertPromptsEntry *e, const char *input,
                           Error *error) {
    char *slash = e->image ? strrchr(e->image, '/') : NULL;
    if (!slash) return VOXPERT_OK;
    char *folder = real_folder(e->image);
    bool same = folder && input && slash[1] && strcmp(folder, input) == 0;
    free(folder);
    if (same) memmove(e->image, slash + 1, strlen(slash + 1) + 1);
    if (same) return VOXPERT_OK;
    return error_set(error, VOXPERT_BAD_INPUT,
                     "%s: image %s: must be the name of a file of the input's folder, without a "
                     "folder or with that one",
                     p->name, e->image);
}

VoxpertStatus voxpert_prompts_confine(VoxpertPrompts *prompts, const char *input,
                                      VoxpertError *error) {
    if (!prompts || !prompts->name || !input)
        return null_argument("voxpert_prompts_confine", error);
    char *own = real_folder(prompts->name), *other = real_folder(input);
    Status status = VOXPERT_OK;
    for (int i = 0; !status && i < prompts->count; i++) {
        const VoxpertObjects *o = &prompts->item[i].objects;
        status = settle_image(prompts, &prompts->item[i], other, error);
        for (int k = 0; !status && k < o->count; k++)
            status = confine(prompts, &o->item[k], own, other, error);
    }
    free(own);
    free(other);
    return status ? status : check_images(prompts, error); /* two may have become one */
}

VoxpertStatus voxpert_prompts_slice(const VoxpertPrompts *prompts, const VoxpertPromptsEntry *entry,
                                    VoxpertFileOptions *options, VoxpertError *error) {
    if (!prompts || !entry || !options) return null_argument("voxpert_prompts_slice", error);
    const VoxpertFileOptions *own = &entry->slice;
    const VoxpertFileOptions *slice = own->slice_axis ? own : options;
    const char *name = prompts->name ? prompts->name : "the prompts";
    char chosen[40], stated[40];
    if (entry->voxels && slice->slice_axis && slice->slice_axis != 'k') /* x, y were j, k or i, k */
        return error_set(error, VOXPERT_BAD_INPUT,
                         "%s: \"space\": \"voxel-ijk\" is for slices of k, but the slice is %c:%d; "
                         "say \"pixel-xy\"",
                         name, slice->slice_axis, slice->slice);
    if (!own->slice_axis) return VOXPERT_OK;
    voxpert_slice_text(chosen, options);
    voxpert_slice_text(stated, own);
    if (options->slice_axis && strcmp(chosen, stated) != 0)
        return error_set_field(error, VOXPERT_BAD_ARGUMENT, "slice",
                               "slice %s: but %s says \"slice\": \"%s\"%s%s", chosen, name, stated,
                               entry->image ? " of " : "", entry->image ? entry->image : "");
    bool frame_chosen = own->frame_chosen || (options->slice_axis && options->frame_chosen);
    options->slice_axis = own->slice_axis;
    options->slice = own->slice;
    options->frame = own->frame;
    options->frame_chosen = frame_chosen;
    return VOXPERT_OK;
}
