/* Label maps by a model that is given simulated prompts. */
#include "assess/simulate.h"
#include "api/internal.h"
#include "assess/click_curves.h"
#include "assess/simulated_maps.h"
#include "base/memory.h"
#include "cases/data_record.h"

struct VoxpertSimulation {
    Simulation simulation;
    Text protocol;
    VoxpertPoint point[CLICKS_MAX];
};

static Status prompts_take(SimulateRule *rule, const VoxpertSimulationOptions *o, Error *error) {
    if (o->prompt < VOXPERT_SIMULATE_BOX || o->prompt > VOXPERT_SIMULATE_FREE || o->most < 0)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "an unknown kind of simulated prompt");
    *rule = (SimulateRule){.prompt = (SimulatedPrompt)o->prompt,
                           .clicks = o->clicks ? o->clicks : 1,
                           .part = click_part(o->part),
                           .most = (size_t)o->most};
    return click_question_check(rule->clicks, o->part, error);
}

VoxpertStatus voxpert_simulation_open(VoxpertSimulation **out,
                                      const VoxpertSimulationOptions *options,
                                      VoxpertError *error) {
    if (!out || !options || !options->data)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "simulated prompts need a data folder");
    SimulateRule rule;
    *out = NULL;
    Status status = prompts_take(&rule, options, error);
    if (!status && !(*out = memory_new(sizeof **out)))
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory to simulate prompts");
    if (!status) status = simulation_open(&(*out)->simulation, options->data, &rule, error);
    if (!status) return status;
    voxpert_simulation_close(*out);
    *out = NULL;
    return status;
}

void voxpert_simulation_close(VoxpertSimulation *s) {
    if (!s) return;
    simulation_close(&s->simulation);
    text_free(&s->protocol);
    memory_free(s);
}

VoxpertStatus voxpert_simulation_model(VoxpertSimulation *s, VoxpertModel *model, int zoom,
                                       VoxpertError *error) {
    if (!s || !model)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "voxpert_simulation_model: NULL");
    bool zooms = zoom > 0 || (zoom == 0 && model->model->preset.zoom > 0.0);
    s->simulation.rule.max_memory = model->max_memory;
    return simulation_model(&s->simulation, model->model, zooms, error);
}

bool voxpert_simulation_zooms(const VoxpertSimulation *s) {
    return s && s->simulation.model && s->simulation.rule.zoom;
}

size_t voxpert_simulation_cases(const VoxpertSimulation *s) {
    return s ? s->simulation.pictures : 0;
}

VoxpertSimulatedCase voxpert_simulation_case(const VoxpertSimulation *s, size_t index) {
    if (index >= voxpert_simulation_cases(s)) return (VoxpertSimulatedCase){0};
    const Case *p = &s->simulation.data.picture[s->simulation.picture[index]];
    return (VoxpertSimulatedCase){
        .name = p->name,
        .file = p->file,
        .label_file = p->label_file,
        .axis = p->axis,
        .slice = (int)p->slice,
        .width = p->width,
        .height = p->height,
        .spacing_mm = {p->spacing_mm[0], p->spacing_mm[1]},
        .reference = p->labels,
        .objects = (int)simulation_objects(&s->simulation, index),
    };
}

VoxpertStatus voxpert_simulation_predict(VoxpertSimulation *s, size_t index, uint32_t *labels,
                                         VoxpertError *error) {
    if (!labels || index >= voxpert_simulation_cases(s) || !s->simulation.model)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "a prediction needs a model, a case of the simulation, and memory");
    return simulation_predict(labels, &s->simulation, index, error);
}

bool voxpert_simulation_target(VoxpertSimulation *s, size_t index, VoxpertSimulatedTarget *out) {
    if (!s || !out || index >= s->simulation.targets) return false;
    const SimulatedTarget *t = &s->simulation.target[index];
    const SimulatedPoints *p = &t->points;
    for (int i = 0; i < p->count; i++)
        s->point[i] = (VoxpertPoint){p->at[i][0], p->at[i][1], p->label[i]};
    *out = (VoxpertSimulatedTarget){
        .label = t->label,
        .class_name = t->class_name,
        .box = {p->box[0], p->box[1], p->box[2], p->box[3]},
        .has_box = p->has_box,
        .points = s->point,
        .point_count = p->count,
    };
    return true;
}

void voxpert_simulation_content(const VoxpertSimulation *s, size_t index, char sha256[65]) {
    if (!sha256) return;
    *sha256 = '\0';
    if (index < voxpert_simulation_cases(s))
        data_record_case(sha256, &s->simulation.data, (size_t)s->simulation.picture[index]);
}

const char *voxpert_simulation_file(const VoxpertSimulation *s, size_t index) {
    return s && index < s->simulation.data.files ? s->simulation.data.file[index] : NULL;
}

const char *voxpert_simulation_warnings(const VoxpertSimulation *s) {
    return s ? warnings_lines(&s->simulation.data.warnings) : "";
}

const char *voxpert_simulation_protocol(VoxpertSimulation *s) {
    if (!s) return "";
    text_free(&s->protocol);
    simulation_protocol(&s->protocol, &s->simulation);
    return s->protocol.chars ? s->protocol.chars : "";
}

VoxpertStatus voxpert_evaluate_simulation(VoxpertEvaluation **out, VoxpertSimulation *s,
                                          const VoxpertEvaluateOptions *options,
                                          VoxpertCaseDone *done, void *context,
                                          VoxpertError *error) {
    if (!out || !s || !options || !s->simulation.model)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "an evaluation needs a model and its data");
    EvaluationRule rule;
    EvaluatedLabel *label = NULL;
    CaseWork work = {.done = done, .context = context};
    *out = NULL;
    Status status = evaluation_rule_take(&rule, &label, options, error);
    if (!status) status = threads_open(&work.threads, options->threads, error);
    if (!status && !(*out = memory_new(sizeof **out)))
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for an evaluation");
    if (!status)
        status = simulation_evaluate(&(*out)->evaluation, &s->simulation, &rule, &work, error);
    threads_close(work.threads);
    memory_free(label);
    if (!status) return status;
    voxpert_evaluation_free(*out);
    *out = NULL;
    return status;
}
