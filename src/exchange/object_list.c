/* Objects that are to be segmented, and their prompts. */
#include "exchange/object_list.h"

#include <string.h>

#include "base/memory.h"
#include "base/quote.h"

/* ---- The list --------------------------------------------------------------------------- */

/* Room doubles at powers of two. */
static bool grow(void *items, int count, size_t size) {
    void **p = items;
    if (count & (count - 1)) return true;
    size_t room = count ? 2 * (size_t)count : 1;
    char *grown = memory_resize(*p, room * size);
    if (!grown) return false;
    memset(grown + (size_t)count * size, 0, (room - (size_t)count) * size);
    *p = grown;
    return true;
}

VoxpertStatus voxpert_objects_add(VoxpertObjects *o, int number, VoxpertObject **out,
                                  VoxpertError *error) {
    if (out) *out = NULL;
    if (!o || !out) return null_argument("voxpert_objects_add", error);
    if (o->count < 0 || o->count >= VOXPERT_OBJECTS_MOST)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "there are more than %d objects",
                         VOXPERT_OBJECTS_MOST);
    if (!grow(&o->item, o->count, sizeof *o->item)) return prompts_no_memory(error);
    o->item[o->count] = (VoxpertObject){.number = number};
    *out = &o->item[o->count++];
    return VOXPERT_OK;
}

void voxpert_objects_unload(VoxpertObjects *o) {
    for (int i = 0; o && i < o->count; i++) {
        memory_free(o->item[i].mask);
        memory_free(o->item[i].low_res);
        o->item[i].mask = NULL;
        o->item[i].low_res = NULL;
    }
}

void voxpert_objects_free(VoxpertObjects *o) {
    if (!o) return;
    voxpert_objects_unload(o);
    for (int i = 0; i < o->count; i++) {
        memory_free(o->item[i].label);
        memory_free(o->item[i].expert);
        memory_free(o->item[i].class_name);
        memory_free(o->item[i].points);
        memory_free(o->item[i].text);
        memory_free(o->item[i].mask_path);
    }
    memory_free(o->item);
    *o = (VoxpertObjects){0};
}

/* ---- Prompts ---------------------------------------------------------------------------- */

VoxpertStatus voxpert_object_set(VoxpertObject *object, VoxpertObjectText which, const char *text,
                                 VoxpertError *error) {
    static const char *const names[] = {"a label", "an expert", "a class", "a text", "a mask"};
    if (!object || !text || (unsigned)which >= sizeof names / sizeof *names)
        return null_argument("voxpert_object_set", error);
    char **const fields[] = {&object->label, &object->expert, &object->class_name, &object->text,
                             &object->mask_path};
    if (*fields[which])
        return error_set(error, VOXPERT_BAD_ARGUMENT, "object %d has %s already", object->number,
                         names[which]);
    if (which == VOXPERT_OBJECT_TEXT && !text[strspn(text, " \t\r\n_-")])
        return error_set(error, VOXPERT_BAD_ARGUMENT, "the name is empty");
    *fields[which] = memory_text(text);
    return *fields[which] ? VOXPERT_OK : prompts_no_memory(error);
}

VoxpertStatus voxpert_object_box(VoxpertObject *object, const double xyxy[4], VoxpertError *error) {
    if (!object || !xyxy) return null_argument("voxpert_object_box", error);
    if (object->has_box)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "object %d has a box already",
                         object->number);
    object->box = (VoxpertBox){(float)xyxy[0], (float)xyxy[1], (float)xyxy[2], (float)xyxy[3]};
    object->has_box = true;
    return VOXPERT_OK;
}

VoxpertStatus voxpert_object_point(VoxpertObject *object, double x, double y, bool inside,
                                   VoxpertError *error) {
    if (!object) return null_argument("voxpert_object_point", error);
    if (!grow(&object->points, object->point_count, sizeof *object->points))
        return prompts_no_memory(error);
    object->points[object->point_count++] = (VoxpertPoint){(float)x, (float)y, inside};
    return VOXPERT_OK;
}

VoxpertPrompt voxpert_object_prompt(const VoxpertObject *object) {
    if (!object) return (VoxpertPrompt){0};
    return (VoxpertPrompt){.size = sizeof(VoxpertPrompt),
                           .points = object->points,
                           .point_count = object->point_count,
                           .box = object->has_box ? &object->box : NULL,
                           .mask = object->mask,
                           .low_res = object->low_res,
                           .text = object->text};
}

/* ---- Onto the image --------------------------------------------------------------------- */

VoxpertStatus voxpert_objects_blame(const VoxpertObjects *objects, const VoxpertObject *object,
                                    VoxpertError *error) {
    if (!error) return VOXPERT_BAD_INPUT;
    if (!objects || !object || (!objects->file && objects->count == 1)) return error->status;
    if (!objects->file) return error_prefix(error, error->status, "object %d", object->number);
    if (error->status == VOXPERT_BAD_ARGUMENT) error->status = VOXPERT_BAD_INPUT;
    error->field[0] = '\0'; /* it is a field of the file, and no option */
    return error_prefix(error, error->status, "%s: object %d", objects->file, object->number);
}

VoxpertStatus voxpert_objects_fit(VoxpertObjects *objects, const VoxpertImage *image,
                                  char **warnings, VoxpertError *error) {
    if (warnings) *warnings = NULL;
    if (!objects || !image || !warnings) return null_argument("voxpert_objects_fit", error);
    Warnings all = {0};
    Status status = VOXPERT_OK;
    for (int i = 0; !status && i < objects->count; i++) {
        VoxpertObject *o = &objects->item[i];
        char *lines = NULL;
        status = voxpert_prompt_fit(o->has_box ? &o->box : NULL, o->points, o->point_count,
                                    image->width, image->height, &lines, error);
        if (!status) objects_warn(&all, objects, o, lines);
        memory_free(lines);
    }
    return warnings_hand_over(status, &all, warnings, error);
}

static bool is_without_prompts(const VoxpertObject *o) {
    return !o->point_count && !o->has_box && !o->mask_path && !o->mask && !o->low_res && !o->text;
}

static Status check(const VoxpertObject *o, const VoxpertImage *image, bool prompt_free,
                    Error *error) {
    static const float later[1];
    VoxpertPrompt prompt = voxpert_object_prompt(o);
    if (o->class_name && !prompt_free)
        return error_set_field(error, VOXPERT_BAD_ARGUMENT, "prompt-free",
                               "a class can be queried in prompt-free segmentation alone");
    if (prompt_free && is_without_prompts(o)) return VOXPERT_OK;
    if (o->mask_path && !prompt.mask) prompt.low_res = later; /* not loaded yet */
    return voxpert_prompt_check(&prompt, image->width, image->height, error);
}

VoxpertStatus voxpert_objects_check(const VoxpertObjects *objects, const VoxpertImage *image,
                                    bool prompt_free, VoxpertError *error) {
    Error own;
    if (!objects || !image) return null_argument("voxpert_objects_check", error);
    if (!error) error = &own;
    for (int i = 0; i < objects->count; i++)
        if (check(&objects->item[i], image, prompt_free, error))
            return voxpert_objects_blame(objects, &objects->item[i], error);
    return VOXPERT_OK;
}

VoxpertStatus voxpert_objects_values(const VoxpertObjects *objects, int wanted, int *values,
                                     VoxpertError *error) {
    if (!objects || !values || wanted < 0 || wanted > VOXPERT_OBJECTS_MOST)
        return null_argument("voxpert_objects_values", error);
    bool *taken = memory_new(VOXPERT_OBJECTS_MOST + 1);
    int next = 1;
    if (!taken) return prompts_no_memory(error);
    for (int i = 0; i < objects->count; i++) {
        values[i] = objects->item[i].value ? objects->item[i].value : wanted;
        taken[values[i]] = true;
    }
    if (objects->count == 1 && !values[0]) values[0] = 255;
    for (int i = 0; i < objects->count; i++) {
        int number = objects->item[i].number;
        if (values[i] || number < 1 || number > VOXPERT_OBJECTS_MOST || taken[number]) continue;
        values[i] = number;
        taken[number] = true;
    }
    for (int i = 0; i < objects->count; i++) {
        if (values[i]) continue;
        while (taken[next]) next++; /* at most 65535 objects, so there is one */
        values[i] = next;
        taken[next] = true;
    }
    memory_free(taken);
    return VOXPERT_OK;
}
