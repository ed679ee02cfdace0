#include "assess/simulated_maps.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"

typedef struct Maps {
    Simulation *simulation;
    uint32_t **prediction; /* [pictures] */
    CasePairs pairs;
    EvaluatedLabel *label; /* that the data set names */
    size_t labels;
    bool foreground;
} Maps;

static Status no_memory(const Simulation *s, Error *error) {
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for its predictions",
                     s->data.set[0].name);
}

static const Case *case_at(const Maps *m, size_t index) {
    return &m->simulation->data.picture[m->simulation->picture[index]];
}

/* ---- Names ------------------------------------------------------------------------------ */

/* SET/CASE; of a slice SET/CASE:k12, so that the name behind the last slash is the case's own. */
static char *name_of_case(const Maps *m, size_t index) {
    char *name = memory_text(case_at(m, index)->name);
    char *inner = name ? strchr(name, '/') : NULL;
    for (char *p = inner ? inner + 1 : NULL; p && *p; p++) {
        if (*p == '/') *p = ':';
    }
    return name;
}

static Status name_cases(Maps *m, Error *error) {
    m->pairs.item = memory_new((m->simulation->pictures + 1) * sizeof *m->pairs.item);
    if (!m->pairs.item) return no_memory(m->simulation, error);
    for (size_t i = 0; i < m->simulation->pictures; i++) {
        CasePair *p = &m->pairs.item[m->pairs.count++];
        *p = (CasePair){name_of_case(m, i), name_of_case(m, i)};
        if (!p->first || !p->second) return no_memory(m->simulation, error);
    }
    return VOXPERT_OK;
}

static Status name_labels(Maps *m, Error *error) {
    const CaseSet *set = &m->simulation->data.set[0];
    size_t count = m->foreground ? 1 : set->one_name ? 0 : set->names;
    m->label = memory_new((count + 1) * sizeof *m->label);
    if (!m->label) return no_memory(m->simulation, error);
    for (size_t i = 0; i < count; i++) {
        EvaluatedLabel *l = &m->label[m->labels];
        *l = (EvaluatedLabel){.value = {m->foreground ? 1 : set->label_name[i].label}, .values = 1};
        snprintf(l->name, sizeof l->name, "%s",
                 m->foreground ? "foreground" : set->label_name[i].name);
        if (l->value[0]) m->labels++;
    }
    return VOXPERT_OK;
}

/* ---- Maps ------------------------------------------------------------------------------- */

static Status predict(Maps *m, const CaseWork *work, Error *error) {
    Simulation *s = m->simulation;
    Status status = VOXPERT_OK;
    m->prediction = memory_new((s->pictures + 1) * sizeof *m->prediction);
    if (!m->prediction) return no_memory(s, error);
    for (size_t i = 0; i < s->pictures && !status; i++) {
        const Case *p = case_at(m, i);
        m->prediction[i] =
            memory_new((size_t)p->width * (size_t)p->height * sizeof **m->prediction);
        status = m->prediction[i] ? simulation_predict(m->prediction[i], s, i, error)
                                  : no_memory(s, error);
        if (!status && work && work->done) work->done(work->context, i + 1, s->pictures, p->name);
    }
    return status;
}

/* `ignored` (NULL: none): of a reference, the pixels that become LABEL_VOID. */
static Status volume_of(Volume **out, const Maps *m, const Case *p, const uint32_t *labels,
                        const uint8_t *ignored, Error *error) {
    VolumeSize size = {1, 1, (size_t)p->height, (size_t)p->width, 1};
    Status status = volume_new(out, size, SAMPLE_I64, error);
    if (status) return status;
    int64_t *samples = (*out)->samples;
    size_t pixels = size.height * size.width;
    for (size_t i = 0; i < pixels; i++) {
        samples[i] = m->foreground ? labels[i] != 0 : labels[i];
        if (ignored && ignored[i]) samples[i] = (int64_t)LABEL_VOID;
    }
    if (!(p->spacing_mm[0] > 0.0)) return VOXPERT_OK;
    (*out)->grid.source = GRID_PIXDIM;
    (*out)->grid.spacing_xyz_mm[0] = p->spacing_mm[0];
    (*out)->grid.spacing_xyz_mm[1] = p->spacing_mm[1];
    return VOXPERT_OK;
}

static Status read_maps(void *context, size_t index, Volume **reference, Volume **prediction,
                        Error *error) {
    const Maps *m = context;
    const Case *p = case_at(m, index);
    Status status = volume_of(reference, m, p, p->labels, p->ignored, error);
    return status ? status : volume_of(prediction, m, p, m->prediction[index], NULL, error);
}

static void maps_free(Maps *m) {
    for (size_t i = 0; m->prediction && i < m->simulation->pictures; i++)
        memory_free(m->prediction[i]);
    memory_free(m->prediction);
    memory_free(m->label);
    case_pairs_free(&m->pairs);
}

/* ---- The call --------------------------------------------------------------------------- */

static bool is_about(const char *sentence, size_t length, const char *file) {
    size_t name = file ? strlen(file) : 0;
    return name && name < length && strncmp(sentence, file, name) == 0 && sentence[name] == ':';
}

/* What was odd in a file of a case is a warning of that case. */
static void give_warnings(Evaluation *e, const Maps *m) {
    const char *next = warnings_lines(&m->simulation->data.warnings), *sentence;
    size_t length;
    while (warnings_next(&next, &sentence, &length)) {
        for (size_t i = 0; i < e->count; i++) {
            const Case *p = case_at(m, i);
            if (is_about(sentence, length, p->file) || is_about(sentence, length, p->label_file))
                warnings_add(&e->item[i].warnings, "%.*s", (int)length, sentence);
        }
    }
}

static Status take_words(Evaluation *e, const Maps *m, Error *error) {
    Text t = {0};
    simulation_protocol(&t, m->simulation);
    e->protocol = t.chars;
    if (t.failed) return no_memory(m->simulation, error);
    give_warnings(e, m);
    warnings_merge(&e->warnings, &m->simulation->data.warnings);
    if (m->foreground && m->simulation->instances)
        warnings_add(&e->of_all,
                     "labels of %s are numbers of objects: all of them are one label, foreground",
                     m->simulation->data.set[0].name);
    else if (m->foreground)
        warnings_add(&e->of_all,
                     "the model knows no class of %s by name: all labels are one, foreground",
                     m->simulation->data.set[0].name);
    warnings_merge(&e->warnings, &e->of_all);
    return e->warnings.lines.failed ? no_memory(m->simulation, error) : VOXPERT_OK;
}

Status simulation_evaluate(Evaluation *out, Simulation *s, const EvaluationRule *rule,
                           const CaseWork *work, Error *error) {
    Maps m = {.simulation = s};
    EvaluationRule with = *rule;
    CaseWork quiet = work ? *work : (CaseWork){0};
    quiet.done = NULL;
    m.foreground = s->instances || simulation_is_foreground(s);
    *out = (Evaluation){0};
    Status status = name_cases(&m, error);
    if (!status) status = name_labels(&m, error);
    if (!status) status = predict(&m, work, error);
    if (!rule->labels || m.foreground) with.label = m.label, with.labels = m.labels;
    if (!status)
        status =
            evaluation_of_maps(out, &m.pairs, &(CaseReader){read_maps, &m}, &with, &quiet, error);
    if (!status) status = take_words(out, &m, error);
    if (status) evaluation_free(out);
    maps_free(&m);
    return status;
}
