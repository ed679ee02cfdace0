/* Prompts of a document of JSON. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "exchange/prompt_entries.h"

/* ---- One field -------------------------------------------------------------------------- */

/* Where the reader is in the file, for messages. */
typedef struct Place {
    const char *file;
    char entry[96], field[96];
    Error *error;
} Place;

static Status wrong(const Place *p, const char *rule) {
    const char *dot = p->entry[0] && p->field[0] ? "." : "";
    return error_set(p->error, VOXPERT_BAD_INPUT, "%s: %s%s%s: %s", p->file, p->entry, dot,
                     p->field, rule);
}

/* What the library refuses of one field, with the place before it. */
static Status refused(const Place *p, Status status) {
    if (!status) return VOXPERT_OK;
    if (status == VOXPERT_BAD_ARGUMENT) status = VOXPERT_BAD_INPUT;
    if (p->error) p->error->status = status;
    return error_prefix(p->error, status, "%.300s: %s%s%s", p->file, p->entry,
                        p->entry[0] ? "." : "", p->field);
}

static Status check_fields(Place *p, const json_t *object, const char *const *known) {
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

static Status read_point(Place *p, VoxpertObject *o, const json_t *point) {
    static const char *const known[] = {"p", "positive", NULL};
    const json_t *positive = json_object_get(point, "positive");
    double at[2];
    if (coordinates(point, at, 2)) /* bare: inside */
        return refused(p, voxpert_object_point(o, at[0], at[1], true, p->error));
    if (!json_is_object(point)) return wrong(p, "must be {\"p\": [x, y], \"positive\": true}");
    Status status = check_fields(p, point, known);
    if (status) return status;
    if (!coordinates(json_object_get(point, "p"), at, 2))
        return wrong(p, "\"p\" must be two finite numbers, [x, y]");
    if (positive && !json_is_boolean(positive))
        return wrong(p, "\"positive\" must be true or false");
    return refused(p, voxpert_object_point(o, at[0], at[1], !json_is_false(positive), p->error));
}

static Status read_points(Place *p, VoxpertObject *o, const json_t *list) {
    char field[sizeof p->field];
    Status status = VOXPERT_OK;
    if (!json_is_array(list)) return wrong(p, "must be a list");
    snprintf(field, sizeof field, "%s", p->field);
    for (size_t i = 0; !status && i < json_array_size(list); i++) {
        snprintf(p->field, sizeof p->field, "%.70s[%zu]", field, i);
        status = read_point(p, o, json_array_get(list, i));
    }
    return status;
}

static Status read_boxes(Place *p, VoxpertObject *o, const json_t *list) {
    double at[4];
    if (!json_is_array(list)) return wrong(p, "must be a list of [x0, y0, x1, y1]");
    bool bare = json_is_number(json_array_get(list, 0)); /* a box without the list around it */
    if (!bare && json_array_size(list) > 1)
        return wrong(p, "an object has one box; use an object for each");
    if (json_array_size(list) == 0) return VOXPERT_OK;
    if (!coordinates(bare ? list : json_array_get(list, 0), at, 4))
        return wrong(p, "a box must be four finite numbers, [x0, y0, x1, y1]");
    return refused(p, voxpert_object_box(o, at, p->error));
}

static Status read_mask(Place *p, VoxpertObject *o, const json_t *path) {
    const char *name = json_string_value(path), *slash = strrchr(p->file, '/');
    if (!name || !*name) return wrong(p, "must be the name of a file");
    int folder = name[0] != '/' && slash ? (int)(slash + 1 - p->file) : 0;
    Text whole = {0};
    text_add(&whole, "%.*s%s", folder, p->file, name);
    Status status = whole.failed
                        ? prompts_no_memory(p->error)
                        : voxpert_object_set(o, VOXPERT_OBJECT_MASK, whole.chars, p->error);
    text_free(&whole);
    return refused(p, status);
}

static Status read_text(Place *p, VoxpertObject *o, const json_t *text) {
    if (!json_is_string(text)) return wrong(p, "must be the name of a structure");
    return refused(p,
                   voxpert_object_set(o, VOXPERT_OBJECT_TEXT, json_string_value(text), p->error));
}

static Status read_value(Place *p, VoxpertObject *o, const json_t *value) {
    json_int_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < 1 || number > VOXPERT_OBJECTS_MOST)
        return wrong(p, "must be a whole number from 1 to 65535");
    o->value = (int)number;
    return VOXPERT_OK;
}

static Status read_name(Place *p, VoxpertObject *o, const json_t *from, VoxpertObjectText which,
                        const char *rule) {
    const char *text = json_string_value(from);
    if (!text) return wrong(p, rule);
    if (which == VOXPERT_OBJECT_EXPERT && strcmp(text, "auto") == 0) return VOXPERT_OK;
    return refused(p, voxpert_object_set(o, which, text, p->error));
}

static Status read_names(Place *p, VoxpertObject *o, const json_t *object) {
    static const struct {
        const char *name;
        VoxpertObjectText which;
        const char *rule;
    } names[] = {{"label", VOXPERT_OBJECT_LABEL, "\"label\" must be a text"},
                 {"expert", VOXPERT_OBJECT_EXPERT,
                  "\"expert\" must be \"auto\", or the number or the name of one as a text"},
                 {"class", VOXPERT_OBJECT_CLASS, "\"class\" must be a text"}};
    Status status = VOXPERT_OK;
    for (size_t i = 0; !status && i < sizeof names / sizeof *names; i++) {
        const json_t *from = json_object_get(object, names[i].name);
        if (from) status = read_name(p, o, from, names[i].which, names[i].rule);
    }
    return status;
}

static Status read_parts(Place *p, VoxpertObject *o, const json_t *object, int index) {
    static const struct {
        const char *name;
        Status (*read)(Place *p, VoxpertObject *o, const json_t *value);
    } parts[] = {{"value", read_value},
                 {"points", read_points},
                 {"boxes", read_boxes},
                 {"mask", read_mask},
                 {"text", read_text}};
    Status status = VOXPERT_OK;
    for (size_t i = 0; !status && i < sizeof parts / sizeof *parts; i++) {
        const json_t *value = json_object_get(object, parts[i].name);
        snprintf(p->field, sizeof p->field, "objects[%d].%s", index, parts[i].name);
        if (value) status = parts[i].read(p, o, value);
    }
    return status;
}

static Status read_object(Place *p, VoxpertObject *o, const json_t *object, int index) {
    static const char *const known[] = {"label", "value",  "points", "boxes", "mask",
                                        "text",  "expert", "class",  NULL};
    snprintf(p->field, sizeof p->field, "objects[%d]", index);
    if (!json_is_object(object)) return wrong(p, "must be an object");
    Status status = check_fields(p, object, known);
    if (!status) status = read_names(p, o, object);
    if (!status) status = read_parts(p, o, object, index);
    snprintf(p->field, sizeof p->field, "objects[%d]", index);
    if (!status && !o->has_box && !o->point_count && !o->mask_path && !o->text && !o->class_name)
        status = wrong(p, "has neither points, boxes, a mask, a text nor a class");
    return status;
}

/* ---- One entry -------------------------------------------------------------------------- */

static Status read_objects(Place *p, VoxpertObjects *objects, const json_t *list) {
    snprintf(p->field, sizeof p->field, "objects");
    if (!json_is_array(list) || json_array_size(list) == 0)
        return wrong(p, "must be a list of at least one object");
    if (json_array_size(list) > VOXPERT_OBJECTS_MOST)
        return wrong(p, "has more than 65535 objects");
    Status status = VOXPERT_OK;
    for (size_t i = 0; !status && i < json_array_size(list); i++) {
        VoxpertObject *o;
        status = voxpert_objects_add(objects, (int)i + 1, &o, p->error);
        if (!status) status = read_object(p, o, json_array_get(list, i), (int)i);
    }
    return status;
}

static Status read_space(Place *p, VoxpertPromptsEntry *e, const json_t *space) {
    const char *name = json_string_value(space);
    snprintf(p->field, sizeof p->field, "space");
    e->voxels = name && strcmp(name, "voxel-ijk") == 0;
    if (!space || e->voxels || (name && strcmp(name, "pixel-xy") == 0)) return VOXPERT_OK;
    return wrong(p, "must be \"pixel-xy\" or \"voxel-ijk\"");
}

static Status read_slice(Place *p, VoxpertPromptsEntry *e, const json_t *slice) {
    const char *text = json_string_value(slice);
    snprintf(p->field, sizeof p->field, "slice");
    if (!slice || (text && !voxpert_slice_parse(&e->slice, text, NULL))) return VOXPERT_OK;
    return wrong(p, "must be an axis and an index, such as \"k:57\"");
}

/* `name` is the entry's in a document of entries by name, or NULL. */
static Status name_entry(Place *p, VoxpertPrompts *prompts, const json_t *json, const char *name,
                         VoxpertPromptsEntry **out) {
    const json_t *image = json_object_get(json, "image");
    const char *stated = image ? json_string_value(image) : name;
    snprintf(p->field, sizeof p->field, "image");
    if (image && (!stated || name)) return wrong(p, "must be one name");
    if (stated && !*stated) return wrong(p, "is empty");
    Status status = voxpert_prompts_add(prompts, stated, out, p->error);
    if (!status && !((*out)->json = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(17))))
        status = prompts_no_memory(p->error);
    return status;
}

static Status read_entry(Place *p, VoxpertPrompts *prompts, const json_t *json, const char *name) {
    static const char *const known[] = {"image", "space", "slice", "objects", NULL};
    VoxpertPromptsEntry *e = NULL;
    p->field[0] = '\0';
    if (!json_is_object(json)) return wrong(p, "must be an object with \"image\" and \"objects\"");
    Status status = check_fields(p, json, known);
    if (!status) status = name_entry(p, prompts, json, name, &e);
    if (!status) status = read_slice(p, e, json_object_get(json, "slice"));
    if (!status) status = read_space(p, e, json_object_get(json, "space"));
    if (!status) status = read_objects(p, &e->objects, json_object_get(json, "objects"));
    return status;
}

/* ---- The document ----------------------------------------------------------------------- */

static Status read_list(Place *p, VoxpertPrompts *prompts, const json_t *list) {
    Status status = VOXPERT_OK;
    for (size_t i = 0; !status && i < json_array_size(list); i++) {
        snprintf(p->entry, sizeof p->entry, "[%zu]", i);
        status = read_entry(p, prompts, json_array_get(list, i), NULL);
    }
    return status;
}

static Status read_by_name(Place *p, VoxpertPrompts *prompts, const json_t *map) {
    const char *name;
    json_t *entry;
    Status status = VOXPERT_OK;
    json_object_foreach((json_t *)(uintptr_t)map, name, entry) {
        snprintf(p->entry, sizeof p->entry, "\"%.80s\"", name);
        if ((status = read_entry(p, prompts, entry, name))) break;
    }
    return status;
}

/* One entry has "objects", or what is meant as one. */
static bool is_entry(const json_t *root) {
    return json_object_get(root, "objects") || json_is_string(json_object_get(root, "image"));
}

Status prompts_add_json(VoxpertPrompts *prompts, const json_t *root, const char *where,
                        Error *error) {
    Place p = {.file = prompts->name, .error = error};
    snprintf(p.entry, sizeof p.entry, "%s", where);
    if (json_is_array(root)) return read_list(&p, prompts, root);
    if (json_is_object(root) && !is_entry(root)) return read_by_name(&p, prompts, root);
    return read_entry(&p, prompts, root, NULL);
}
