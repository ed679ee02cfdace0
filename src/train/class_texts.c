#include "train/class_texts.h"

#include <string.h>

#include "base/memory.h"

static Status add_set(ClassTexts *t, size_t index, const CaseSet *s, const Model *model,
                      Error *error) {
    Status status = VOXPERT_OK;
    if (s->names == 0 || s->format_names) return VOXPERT_OK;
    t->vector[index] = memory_new(s->names * t->width * sizeof(float));
    if (!t->vector[index])
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for its names", s->name);
    for (size_t i = 0; !status && i < s->names; i++)
        status = model_text(model, s->label_name[i].name, t->vector[index] + i * t->width, error);
    t->names += s->names;
    return status ? error_prefix(error, status, "%s", s->name) : VOXPERT_OK;
}

Status class_texts_open(ClassTexts *t, const Dataset *d, const Model *model, Error *error) {
    *t = (ClassTexts){.sets = d->sets, .width = (size_t)system_text_width(&model->system)};
    t->vector = memory_new((d->sets + 1) * sizeof *t->vector);
    Status status =
        t->vector ? VOXPERT_OK : error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for texts");
    for (size_t i = 0; !status && i < d->sets; i++)
        status = add_set(t, i, &d->set[i], model, error);
    if (status) class_texts_close(t);
    return status;
}

void class_texts_close(ClassTexts *t) {
    for (size_t i = 0; t->vector && i < t->sets; i++) memory_free(t->vector[i]);
    memory_free(t->vector);
    *t = (ClassTexts){0};
}

static const float *vector_of(const ClassTexts *t, const Dataset *d, const CaseObject *o) {
    int set = d->picture[o->picture].set;
    long at = dataset_name_index(&d->set[set], o->label);
    return at < 0 || !t->vector[set] ? NULL : t->vector[set] + (size_t)at * t->width;
}

bool class_texts_fill(const ClassTexts *t, const Dataset *d, const Batch *b, float *out) {
    for (int i = 0; i < b->count; i++) {
        const float *vector = t->names ? vector_of(t, d, b->source[i]) : NULL;
        if (!vector) return false;
        memcpy(out + (size_t)i * t->width, vector, t->width * sizeof *out);
    }
    return true;
}
