#include "cli/segment/prompts_file.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/common/error.h"
#include "cli/common/numbers.h"
#include "cli/common/paths.h"
#include "cli/segment/job.h"
#include "cli/segment/prompts_csv.h"

/* ---- One field -------------------------------------------------------------------------- */

/* Where we are in the file, for messages. */
typedef struct Place {
    const char *file;
    char entry[96], field[96];
    VoxpertError *error;
} Place;

static VoxpertStatus wrong(const Place *p, const char *rule) {
    const char *dot = p->entry[0] && p->field[0] ? "." : "";
    return error_say(p->error, VOXPERT_BAD_INPUT, "%s: %s%s%s: %s", p->file, p->entry, dot,
                     p->field, rule);
}

static VoxpertStatus known_fields(Place *p, const json_t *object, const char *const *known) {
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value) {
        bool found = false;
        char rule[160] = "is not known; known are ";
        for (int i = 0; known[i]; i++) {
            found |= strcmp(key, known[i]) == 0;
            size_t used = strlen(rule);
            snprintf(rule + used, sizeof rule - used, "%s%s", i ? ", " : "", known[i]);
        }
        if (found) continue;
        size_t used = strlen(p->field);
        snprintf(p->field + used, sizeof p->field - used, "%s%.40s", used ? "." : "", key);
        return wrong(p, rule);
    }
    return VOXPERT_OK;
}

static bool coordinates(const json_t *list, double *out, size_t count) {
    if (!json_is_array(list) || json_array_size(list) != count) return false;
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_array_get(list, i);
        if (!json_is_number(value)) return false;
        out[i] = json_number_value(value);
        if (!isfinite((float)out[i])) return false;
    }
    return true;
}

/* ---- One object ------------------------------------------------------------------------- */

static VoxpertStatus read_points(Place *p, Target *t, const json_t *list, int object) {
    static const char *const known[] = {"p", "positive", NULL};
    snprintf(p->field, sizeof p->field, "objects[%d].points", object);
    if (!json_is_array(list)) return wrong(p, "must be a list");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *point = json_array_get(list, i);
        const json_t *positive = json_object_get(point, "positive");
        double at[2];
        snprintf(p->field, sizeof p->field, "objects[%d].points[%zu]", object, i);
        if (coordinates(point, at, 2)) {
            target_point(t, at[0], at[1], true); /* as --point x,y */
            continue;
        }
        if (!json_is_object(point)) return wrong(p, "must be {\"p\": [x, y], \"positive\": true}");
        if (known_fields(p, point, known)) return VOXPERT_BAD_INPUT;
        if (!coordinates(json_object_get(point, "p"), at, 2))
            return wrong(p, "\"p\" must be two finite numbers, [x, y]");
        if (positive && !json_is_boolean(positive))
            return wrong(p, "\"positive\" must be true or false");
        target_point(t, at[0], at[1], !json_is_false(positive));
    }
    return VOXPERT_OK;
}

static VoxpertStatus read_boxes(Place *p, Target *t, const json_t *list, int object) {
    double at[4];
    char who[256];
    snprintf(p->field, sizeof p->field, "objects[%d].boxes", object);
    if (!json_is_array(list)) return wrong(p, "must be a list of [x0, y0, x1, y1]");
    bool bare = json_is_number(json_array_get(list, 0)); /* a box without the list around it */
    if (!bare && json_array_size(list) > 1)
        return wrong(p, "an object has one box; use an object for each");
    if (json_array_size(list) == 0) return VOXPERT_OK;
    if (!coordinates(bare ? list : json_array_get(list, 0), at, 4))
        return wrong(p, "a box must be four finite numbers, [x0, y0, x1, y1]");
    snprintf(who, sizeof who, "%.80s: %.60s.%.60s", p->file, p->entry, p->field);
    if (target_box(t, at, who, p->error)) return p->error->status = VOXPERT_BAD_INPUT;
    return VOXPERT_OK;
}

static VoxpertStatus read_mask(Place *p, Target *t, const json_t *path, int object) {
    snprintf(p->field, sizeof p->field, "objects[%d].mask", object);
    const char *name = json_string_value(path);
    if (!name || !*name) return wrong(p, "must be the name of a file");
    int folder = name[0] != '/' ? (int)(name_base(p->file) - p->file) : 0;
    t->mask_path = cli_text("%.*s%s", folder, p->file, name);
    return VOXPERT_OK;
}

static VoxpertStatus read_text(Place *p, Target *t, const json_t *text, int object) {
    char who[256];
    snprintf(p->field, sizeof p->field, "objects[%d].text", object);
    if (!json_is_string(text)) return wrong(p, "must be the name of a structure");
    snprintf(who, sizeof who, "%.80s: %.60s.%.60s", p->file, p->entry, p->field);
    if (target_text(t, json_string_value(text), who, p->error))
        return p->error->status = VOXPERT_BAD_INPUT;
    return VOXPERT_OK;
}

static VoxpertStatus read_value(Place *p, Target *t, const json_t *value, int object) {
    json_int_t number = json_integer_value(value);
    snprintf(p->field, sizeof p->field, "objects[%d].value", object);
    if (!json_is_integer(value) || number < 1 || number > TARGET_VALUE_MAX)
        return wrong(p, "must be a whole number from 1 to 65535");
    t->value = (int)number;
    return VOXPERT_OK;
}

static VoxpertStatus read_object(Place *p, Target *t, const json_t *object, int index) {
    static const char *const known[] = {"label", "value",  "points", "boxes", "mask",
                                        "text",  "expert", "class",  NULL};
    const json_t *label = json_object_get(object, "label"), *part;
    const json_t *expert = json_object_get(object, "expert");
    const json_t *asked = json_object_get(object, "class");
    const char *chosen = json_string_value(expert), *class_name = json_string_value(asked);
    snprintf(p->field, sizeof p->field, "objects[%d]", index);
    if (!json_is_object(object)) return wrong(p, "must be an object");
    VoxpertStatus status = known_fields(p, object, known);
    if (!status && label && !json_is_string(label)) status = wrong(p, "\"label\" must be a text");
    if (!status && expert && !chosen)
        status =
            wrong(p, "\"expert\" must be \"auto\", or the number or the name of one as a text");
    if (!status && asked && !class_name) status = wrong(p, "\"class\" must be a text");
    if (status) return status;
    if (class_name) t->class_name = cli_text("%s", class_name);
    if (chosen && strcmp(chosen, "auto") != 0) t->expert = cli_text("%s", chosen);
    if (label) t->label = cli_text("%s", json_string_value(label));
    if ((part = json_object_get(object, "value"))) status = read_value(p, t, part, index);
    if (!status && (part = json_object_get(object, "points")))
        status = read_points(p, t, part, index);
    if (!status && (part = json_object_get(object, "boxes")))
        status = read_boxes(p, t, part, index);
    if (!status && (part = json_object_get(object, "mask"))) status = read_mask(p, t, part, index);
    if (!status && (part = json_object_get(object, "text"))) status = read_text(p, t, part, index);
    snprintf(p->field, sizeof p->field, "objects[%d]", index);
    if (!status && !t->has_box && !t->point_count && !t->mask_path && !t->text && !t->class_name)
        status = wrong(p, "has neither points, boxes, a mask, a text nor a class");
    return status;
}

/* ---- One entry -------------------------------------------------------------------------- */

static VoxpertStatus read_objects(Place *p, Targets *t, const json_t *list) {
    snprintf(p->field, sizeof p->field, "objects");
    if (!json_is_array(list) || json_array_size(list) == 0)
        return wrong(p, "must be a list of at least one object");
    if (json_array_size(list) > TARGET_VALUE_MAX) return wrong(p, "has more than 65535 objects");
    VoxpertStatus status = VOXPERT_OK;
    for (size_t i = 0; !status && i < json_array_size(list); i++)
        status = read_object(p, targets_add(t, (int)i + 1), json_array_get(list, i), (int)i);
    return status;
}

static VoxpertStatus read_space(Place *p, PromptEntry *e, const json_t *space) {
    const char *name = json_string_value(space);
    snprintf(p->field, sizeof p->field, "space");
    e->voxels = name && strcmp(name, "voxel-ijk") == 0;
    if (!space || e->voxels || (name && strcmp(name, "pixel-xy") == 0)) return VOXPERT_OK;
    return wrong(p, "must be \"pixel-xy\" or \"voxel-ijk\"");
}

static VoxpertStatus read_entry(Place *p, PromptEntry *e, json_t *json, const char *image) {
    static const char *const known[] = {"image", "space", "slice", "objects", NULL};
    const json_t *named = json_object_get(json, "image"), *slice = json_object_get(json, "slice");
    p->field[0] = '\0';
    if (!json_is_object(json)) return wrong(p, "must be an object with \"image\" and \"objects\"");
    if (known_fields(p, json, known)) return VOXPERT_BAD_INPUT;
    snprintf(p->field, sizeof p->field, "image");
    if (named && (!json_is_string(named) || image)) return wrong(p, "must be one name");
    if (named) image = json_string_value(named);
    if (image && (!*image || strchr(image, '/')))
        return wrong(p, "must be the name of a file, without a folder");
    e->image = image ? cli_text("%s", image) : NULL;
    e->json = json_incref(json);
    snprintf(p->field, sizeof p->field, "slice");
    if (slice &&
        (!json_is_string(slice) || !slice_option_parse(&e->slice, json_string_value(slice))))
        return wrong(p, "must be an axis and an index, such as \"k:57\"");
    VoxpertStatus status = read_space(p, e, json_object_get(json, "space"));
    if (!status) status = read_objects(p, &e->targets, json_object_get(json, "objects"));
    e->targets.file = p->file;
    return status;
}

static PromptEntry *add_entry(PromptsFile *f) {
    cli_grow(&f->item, (size_t)f->count, sizeof *f->item);
    f->item[f->count] = (PromptEntry){0};
    return &f->item[f->count++];
}

PromptEntry *prompts_file_add(PromptsFile *f, const char *image) {
    PromptEntry *e = add_entry(f);
    e->image = cli_text("%s", image);
    return e;
}

/* ---- The file --------------------------------------------------------------------------- */

static VoxpertStatus read_root(Place *p, PromptsFile *f, json_t *root) {
    VoxpertStatus status = VOXPERT_OK;
    const char *key;
    json_t *value;
    size_t index;
    if (json_is_array(root)) {
        json_array_foreach(root, index, value) {
            snprintf(p->entry, sizeof p->entry, "[%zu]", index);
            if ((status = read_entry(p, add_entry(f), value, NULL))) return status;
        }
    } else if (json_is_object(root) && !json_object_get(root, "objects")) {
        json_object_foreach(root, key, value) {
            snprintf(p->entry, sizeof p->entry, "\"%.80s\"", key);
            if ((status = read_entry(p, add_entry(f), value, key))) return status;
        }
    } else {
        status = read_entry(p, add_entry(f), root, NULL);
    }
    return status;
}

static VoxpertStatus read_line(Place *p, PromptsFile *f, const char *text, size_t length,
                               int number) {
    json_error_t problem;
    json_t *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &problem);
    if (!root)
        return error_say(p->error, VOXPERT_BAD_INPUT, "%s: line %d: is no JSON: %s", p->file,
                         number > 0 ? number : problem.line, problem.text);
    VoxpertStatus status = read_root(p, f, root);
    json_decref(root);
    return status;
}

static VoxpertStatus read_lines(Place *p, PromptsFile *f, const char *text, size_t length) {
    VoxpertStatus status = VOXPERT_OK;
    int number = 0;
    for (const char *at = text, *end = text + length; !status && at < end;) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t size = (size_t)((stop ? stop : end) - at);
        number++;
        snprintf(p->entry, sizeof p->entry, "line %d", number);
        if (strspn(at, " \t\r") < size) status = read_line(p, f, at, size, number);
        at += size + 1;
    }
    return status;
}

static VoxpertStatus read_sheet(Place *p, PromptsFile *f, const char *text, size_t length) {
    json_t *root =
        prompts_csv_read(text, length, f->path, &f->unused, &f->class_is_label, p->error);
    if (!root) return p->error->status;
    VoxpertStatus status = read_root(p, f, root);
    json_decref(root);
    return status;
}

static VoxpertStatus check_names(const PromptsFile *f, VoxpertError *error) {
    if (!f->count) return error_say(error, VOXPERT_BAD_INPUT, "%s: holds no prompts", f->path);
    json_t *seen = json_object();
    VoxpertStatus status = VOXPERT_OK;
    for (int i = 0; !status && f->count > 1 && i < f->count; i++) {
        const char *image = f->item[i].image;
        if (!image)
            status =
                error_say(error, VOXPERT_BAD_INPUT, "%s: entry %d of %d does not say its \"image\"",
                          f->path, i + 1, f->count);
        else if (json_object_get(seen, image))
            status = error_say(error, VOXPERT_BAD_INPUT, "%s: %s has two entries", f->path, image);
        else
            json_object_set_new(seen, image, json_true());
    }
    json_decref(seen);
    return status;
}

static VoxpertStatus slurp(char **text, size_t *length, const char *path, VoxpertError *error) {
    enum { MOST = 1 << 28 };
    FILE *file = fopen(path, "re");
    if (!file)
        return error_say(error, VOXPERT_BAD_INPUT, "%s: cannot be opened: %s", path,
                         strerror(errno));
    size_t room = 1 << 16;
    *text = cli_new(room, 1);
    *length = 0;
    for (size_t got; (got = fread(*text + *length, 1, room - *length - 1, file)) > 0;) {
        *length += got;
        if (*length + 1 < room || room > MOST) continue;
        char *more = cli_new(2 * room, 1);
        memcpy(more, *text, *length);
        free(*text);
        *text = more;
        room *= 2;
    }
    bool failed = ferror(file) != 0 || room > MOST;
    fclose(file);
    (*text)[*length] = '\0';
    if (!failed) return VOXPERT_OK;
    return error_say(error, VOXPERT_BAD_INPUT, "%s: cannot be read, or is larger than 256 MiB",
                     path);
}

VoxpertStatus prompts_file_parse(PromptsFile *out, const char *path, const char *text,
                                 size_t length, VoxpertError *error) {
    *out = (PromptsFile){.path = cli_text("%s", path)};
    Place place = {.file = out->path, .error = error};
    size_t mark = length > 2 && strncmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0; /* byte order mark */
    text += mark, length -= mark;
    static const char pointer[] = "version https://git-lfs.github.com/spec/";
    if (length >= sizeof pointer && strncmp(text, pointer, sizeof pointer - 1) == 0)
        return error_say(error, VOXPERT_BAD_INPUT,
                         "%s: is a Git LFS pointer, not prompts: fetch the real file with `git lfs "
                         "pull`",
                         path);
    VoxpertStatus status = name_ends(path, ".csv") || name_ends(path, ".tsv")
                               ? read_sheet(&place, out, text, length)
                           : name_ends(path, ".jsonl") ? read_lines(&place, out, text, length)
                                                       : read_line(&place, out, text, length, 0);
    return status ? status : check_names(out, error);
}

VoxpertStatus prompts_file_read(PromptsFile *out, const char *path, VoxpertError *error) {
    char *text = NULL;
    size_t length = 0;
    *out = (PromptsFile){0};
    VoxpertStatus status = slurp(&text, &length, path, error);
    if (!status) status = prompts_file_parse(out, path, text, length, error);
    free(text);
    return status;
}

/* ---- Masks ------------------------------------------------------------------------------ */

/* The real path of a file's folder, or of a folder itself; NULL where it is not there. */
static char *real_folder(const char *path) {
    char *real = realpath(path, NULL);
    if (!real || is_folder(real)) return real;
    *strrchr(real, '/') = '\0';
    return real;
}

static bool lies_in(const char *path, const char *folder) {
    size_t length = folder ? strlen(folder) : 0;
    return folder && strncmp(path, folder, length) == 0 && path[length] == '/';
}

/* A mask that is not there is left to its reader. */
static VoxpertStatus confine(const PromptsFile *f, const Target *t, const char *own,
                             const char *input, VoxpertError *error) {
    char *real = t->mask_path ? realpath(t->mask_path, NULL) : NULL;
    bool inside = !real || lies_in(real, own) || lies_in(real, input);
    free(real);
    if (inside) return VOXPERT_OK;
    return error_say(error, VOXPERT_BAD_INPUT,
                     "%s: object %d: its mask %s lies neither in the folder of this file nor in "
                     "that of the input; move it there, or name it with --mask",
                     f->path, t->number, t->mask_path);
}

VoxpertStatus prompts_file_confine(const PromptsFile *f, const char *input, VoxpertError *error) {
    char *own = real_folder(f->path), *other = real_folder(input);
    VoxpertStatus status = VOXPERT_OK;
    for (int i = 0; !status && i < f->count; i++) {
        const Targets *t = &f->item[i].targets;
        for (int k = 0; !status && k < t->count; k++)
            status = confine(f, &t->item[k], own, other, error);
    }
    free(own);
    free(other);
    return status;
}

void prompts_file_free(PromptsFile *f) {
    for (int i = 0; i < f->count; i++) {
        free(f->item[i].image);
        targets_free(&f->item[i].targets);
        json_decref(f->item[i].json);
    }
    free(f->item);
    free(f->path);
    free(f->unused);
    *f = (PromptsFile){0};
}

VoxpertStatus prompts_file_slice(VoxpertFileOptions *file, const PromptsFile *f,
                                 const PromptEntry *entry, VoxpertError *error) {
    SliceOption s = entry->slice.axis ? entry->slice : slice_option_of(file);
    char flag[40], own[40];
    if (entry->voxels && s.axis && s.axis != 'k') /* x, y would be j, k or i, k */
        return error_say(error, VOXPERT_BAD_INPUT,
                         "%s: \"space\": \"voxel-ijk\" is for slices of k, but the slice is %c:%d; "
                         "say \"pixel-xy\"",
                         f->path, s.axis, s.index);
    if (!entry->slice.axis) return VOXPERT_OK;
    slice_text(flag, slice_option_of(file));
    slice_text(own, entry->slice);
    if (file->slice_axis && strcmp(flag, own) != 0)
        return error_say(error, VOXPERT_BAD_ARGUMENT,
                         "--slice %s: but %s says \"slice\": \"%s\"%s%s", flag, f->path, own,
                         entry->image ? " of " : "", entry->image ? entry->image : "");
    s.frame_chosen |= file->slice_axis && file->frame_chosen;
    slice_option_apply(file, s);
    return VOXPERT_OK;
}

PromptEntry *prompts_file_entry(const PromptsFile *f, const char *image) {
    const char *name = name_base(image);
    for (int i = 0; i < f->count; i++) {
        if (!f->item[i].image || strcmp(f->item[i].image, name) == 0) return &f->item[i];
    }
    return NULL;
}
