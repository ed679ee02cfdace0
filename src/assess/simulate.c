#include "assess/simulate.h"

#include <string.h>

#include "assess/click_curves.h"
#include "assess/seen.h"
#include "base/memory.h"
#include "base/quote.h"

static Status no_memory(const char *what, Error *error) {
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to simulate prompts", what);
}

/* ---- Which pictures --------------------------------------------------------------------- */

static size_t objects_of(const Dataset *d, int picture) {
    size_t count = 0;
    for (size_t i = 0; i < d->objects; i++) count += d->object[i].picture == picture;
    return count;
}

/* Every so many-th of the pictures, where fewer are wanted. */
static void keep_most(Simulation *s) {
    size_t step = s->rule.most ? (s->pictures + s->rule.most - 1) / s->rule.most : 1, kept = 0;
    for (size_t i = 0; i < s->pictures; i += step ? step : 1) s->picture[kept++] = s->picture[i];
    s->pictures = kept;
}

static Status choose_pictures(Simulation *s, const char *where, Error *error) {
    const Dataset *d = &s->data;
    s->picture = memory_new((d->pictures + 1) * sizeof *s->picture);
    if (!s->picture) return no_memory(where, error);
    for (size_t i = 0; i < d->pictures; i++) {
        const Case *p = &d->picture[i];
        if (s->rule.part != EVERY_PART && (int)p->part != s->rule.part) continue;
        bool prompted = s->rule.prompt == SIMULATE_FREE || objects_of(d, (int)i) > 0;
        if (prompted) s->picture[s->pictures++] = (int)i;
        s->left_out += !prompted;
    }
    keep_most(s);
    for (size_t i = 0; i < s->pictures; i++) {
        const Case *p = &d->picture[s->picture[i]];
        s->objects += objects_of(d, s->picture[i]);
        s->instances |= p->whole || p->overlaps || d->set[p->set].instances;
    }
    if (s->pictures) return VOXPERT_OK;
    return error_set(error, VOXPERT_BAD_INPUT,
                     "%s: there is no picture with an object in the part \"%s\"", where,
                     click_part_name(s->rule.part));
}

Status simulation_open(Simulation *out, const char *where, const SimulateRule *rule, Error *error) {
    *out = (Simulation){.rule = *rule, .data.keep_labels = true};
    Status status = dataset_add(&out->data, where, error);
    if (!status) status = choose_pictures(out, where, error);
    if (status) simulation_close(out);
    return status;
}

void simulation_close(Simulation *s) {
    measurer_close(&s->measurer);
    dataset_free(&s->data);
    memory_free(s->picture);
    memory_free(s->target);
    *s = (Simulation){0};
}

size_t simulation_objects(const Simulation *s, size_t index) {
    return objects_of(&s->data, s->picture[index]);
}

/* ---- The model -------------------------------------------------------------------------- */

Status simulation_model(Simulation *s, const Model *model, bool zoom, Error *error) {
    measurer_close(&s->measurer);
    s->model = model;
    s->rule.zoom = zoom;
    int part = s->rule.part == EVERY_PART ? SPLIT_PARTS : s->rule.part;
    Status status = seen_cases_check(&s->data, model, part, error);
    const PredictorOptions options = {.max_memory = s->rule.max_memory};
    if (!status) status = measurer_open(&s->measurer, model, &options, error);
    const ObjectPrompt nothing = {.prompt_free = true};
    if (!status && s->rule.prompt == SIMULATE_FREE)
        status = predictor_check(s->measurer.predictor[0], &nothing, error);
    return status;
}

/* Classes of the set that the model knows by name. */
static size_t known_classes(const Simulation *s) {
    size_t known = 0;
    const CaseSet *set = &s->data.set[0];
    for (size_t i = 0; !set->one_name && i < set->names; i++)
        known += system_class_find(&s->model->system, set->label_name[i].name) > 0;
    return known;
}

bool simulation_is_foreground(const Simulation *s) {
    return s->rule.prompt == SIMULATE_FREE && known_classes(s) == 0;
}

/* ---- One picture ------------------------------------------------------------------------ */

typedef struct Canvas {
    uint32_t *labels;
    float *logits, *best; /* of the answer; of the label that a pixel has */
    size_t pixels;
} Canvas;

/* What the answer claims, where no other label is surer of it; or, if `over`, in any case. */
static void paint(Canvas *c, uint32_t label, bool over) {
    for (size_t i = 0; i < c->pixels; i++) {
        if (!(c->logits[i] > 0.0f)) continue;
        if (!over && c->labels[i] && !(c->logits[i] > c->best[i])) continue;
        c->labels[i] = label;
        c->best[i] = c->logits[i];
    }
}

/* Keeps what the last answer was prompted with. */
static Status keep_target(Simulation *s, uint32_t label, const char *class_name, Error *error) {
    if (!memory_grow(&s->target, &s->target_capacity, s->targets, sizeof *s->target))
        return no_memory("the prompts", error);
    s->target[s->targets++] = (SimulatedTarget){label, class_name, s->measurer.points};
    return VOXPERT_OK;
}

static Status predict_objects(Canvas *c, Simulation *s, int picture, Error *error) {
    const Dataset *d = &s->data;
    int clicks = s->rule.prompt == SIMULATE_CLICKS ? s->rule.clicks : 0;
    Status status = VOXPERT_OK;
    for (size_t i = 0; i < d->objects && !status; i++) {
        if (d->object[i].picture != picture) continue;
        status = measure_object_logits(&s->measurer, d, &d->object[i], clicks, s->rule.zoom,
                                       c->logits, error);
        if (!status) status = keep_target(s, d->object[i].label, NULL, error);
        if (!status) paint(c, d->object[i].label, d->set[0].nested); /* the outermost comes first */
    }
    return status;
}

static Status predict_free(Canvas *c, Simulation *s, int picture, Error *error) {
    const CaseSet *set = &s->data.set[0];
    if (simulation_is_foreground(s)) {
        Status status = measure_free_logits(&s->measurer, &s->data, picture, 0, c->logits, error);
        if (!status) paint(c, 1, true);
        return status;
    }
    Status status = VOXPERT_OK;
    for (size_t i = 0; i < set->names && !status; i++) {
        int prompt_class = system_class_find(&s->model->system, set->label_name[i].name);
        if (prompt_class == 0) continue;
        status =
            measure_free_logits(&s->measurer, &s->data, picture, prompt_class, c->logits, error);
        if (!status)
            status = keep_target(s, set->label_name[i].label, set->label_name[i].name, error);
        if (!status) paint(c, set->label_name[i].label, set->nested);
    }
    return status;
}

Status simulation_predict(uint32_t *labels, Simulation *s, size_t index, Error *error) {
    const Case *p = &s->data.picture[s->picture[index]];
    Canvas c = {.labels = labels, .pixels = (size_t)p->width * (size_t)p->height};
    c.logits = memory_new(c.pixels * sizeof *c.logits);
    c.best = memory_new(c.pixels * sizeof *c.best);
    memset(labels, 0, c.pixels * sizeof *labels);
    s->targets = 0;
    s->measurer.points = (SimulatedPoints){.has_box = false};
    if (p->overlaps)
        warnings_add(&s->data.warnings,
                     "%s: its labels overlap, but each pixel of a label map has one value, that of "
                     "the highest logit",
                     p->name);
    Status status = c.logits && c.best ? VOXPERT_OK : no_memory(p->name, error);
    if (!status)
        status = s->rule.prompt == SIMULATE_FREE ? predict_free(&c, s, s->picture[index], error)
                                                 : predict_objects(&c, s, s->picture[index], error);
    memory_free(c.logits);
    memory_free(c.best);
    return status;
}

/* ---- Words ------------------------------------------------------------------------------ */

static void add_count(Text *t, size_t count, const char *word) {
    text_add(t, "%zu %s%s", count, word, count == 1 ? "" : "s");
}

static void add_prompt(Text *t, const Simulation *s) {
    if (s->rule.prompt == SIMULATE_BOX)
        text_add(t, "a box around each object");
    else if (s->rule.prompt == SIMULATE_CLICKS)
        text_add(t, "%d simulated click%s on each object", s->rule.clicks,
                 s->rule.clicks == 1 ? "" : "s");
    else
        text_add(t, "no prompt");
}

void simulation_protocol(Text *t, const Simulation *s) {
    add_prompt(t, s);
    bool zoomed = s->rule.zoom && s->rule.prompt != SIMULATE_FREE;
    text_add(t, zoomed ? "; the model sees crops around the prompts; "
                       : "; the model sees whole pictures; ");
    if (s->rule.part == EVERY_PART)
        text_add(t, "all of ");
    else
        text_add(t, "the %s part of ", click_part_name(s->rule.part));
    text_add_printable(t, s->data.set[0].name);
    text_add(t, ": ");
    if (s->rule.prompt != SIMULATE_FREE) {
        add_count(t, s->objects, "object");
        text_add(t, " in ");
    }
    add_count(t, s->pictures, "picture");
    if (s->left_out) {
        text_add(t, "; ");
        add_count(t, s->left_out, "picture");
        text_add(t, " without an object left out");
    }
}
