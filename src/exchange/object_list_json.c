/* Objects, texts and sentences on their way out. */
#include <string.h>

#include "base/memory.h"
#include "base/quote.h"
#include "exchange/object_list.h"

Status prompts_no_memory(Error *error) {
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the prompts");
}

json_t *json_text(const char *text) {
    json_t *json = json_string(text);
    if (json || !text) return json;
    Text printable = {0};
    text_add_printable(&printable, text);
    if (!printable.failed) json = json_string(printable.chars ? printable.chars : "");
    text_free(&printable);
    return json;
}

Status json_hand_over(json_t *json, const char *what, char **out, Error *error) {
    *out = json ? json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    json_decref(json);
    return *out ? VOXPERT_OK : error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for %s", what);
}

Status warnings_hand_over(Status status, Warnings *w, char **out, Error *error) {
    if (!status && !w->lines.failed) *out = memory_text(warnings_lines(w));
    warnings_free(w);
    if (status || *out) return status;
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for warnings");
}

void objects_warn(Warnings *to, const VoxpertObjects *objects, const VoxpertObject *object,
                  const char *lines) {
    const char *sentence;
    size_t length;
    bool several = objects->count > 1 || objects->file;
    while (warnings_next(&lines, &sentence, &length)) {
        if (several)
            warnings_add(to, "object %d: %.*s", object->number, (int)length, sentence);
        else
            warnings_add(to, "%.*s", (int)length, sentence);
    }
}

static json_t *points_json(const VoxpertObject *o) {
    json_t *points = json_array();
    bool failed = !points;
    for (int i = 0; i < o->point_count; i++)
        failed |=
            json_array_append_new(points, json_pack("{s:[f, f], s:b}", "p", (double)o->points[i].x,
                                                    (double)o->points[i].y, "positive",
                                                    o->points[i].inside)) != 0;
    if (!failed) return points;
    json_decref(points);
    return NULL;
}

static json_t *object_json(const VoxpertObject *o) {
    const VoxpertBox *b = &o->box;
    json_t *to = json_object();
    bool failed = false;
    if (o->has_box)
        failed |= json_object_set_new(to, "boxes",
                                      json_pack("[[f, f, f, f]]", (double)b->x0, (double)b->y0,
                                                (double)b->x1, (double)b->y1)) != 0;
    if (o->point_count) failed |= json_object_set_new(to, "points", points_json(o)) != 0;
    const struct {
        const char *name, *text;
    } texts[] = {
        {"mask", o->mask_path}, {"expert", o->expert}, {"class", o->class_name}, {"text", o->text}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].text)
            failed |= json_object_set_new(to, texts[i].name, json_text(texts[i].text)) != 0;
    if (to && !failed) return to;
    json_decref(to);
    return NULL;
}

json_t *objects_to_json(const VoxpertObjects *objects) {
    json_t *list = json_array();
    bool failed = !list;
    for (int i = 0; !failed && i < objects->count; i++)
        failed = json_array_append_new(list, object_json(&objects->item[i])) != 0;
    if (!failed) return json_pack("{s:o}", "objects", list);
    json_decref(list);
    return NULL;
}

VoxpertStatus voxpert_objects_json(const VoxpertObjects *objects, char **json,
                                   VoxpertError *error) {
    if (json) *json = NULL;
    if (!objects || !json) return null_argument("voxpert_objects_json", error);
    return json_hand_over(objects_to_json(objects), "the prompts", json, error);
}
