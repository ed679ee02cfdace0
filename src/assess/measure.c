#include "assess/measure.h"

#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "cases/purposes.h"
#include "eval/baseline.h"
#include "eval/clicks.h"
#include "eval/overlap.h"

const char *measure_name(Measure m) {
    static const char *const names[MEASURES] = {
        "box, whole",     "box, zoom",       "jittered, whole", "jittered, zoom",
        "1 click, whole", "3 clicks, whole", "5 clicks, whole", "1 click, zoom",
        "3 clicks, zoom", "5 clicks, zoom",  "the box itself",  "the ellipse"};
    return names[m];
}

static Status no_memory(const char *what, Error *error) {
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to measure it", what);
}

/* ---- Memory ----------------------------------------------------------------------------- */

Status measurer_open(Measurer *m, const Model *model, const PredictorOptions *options,
                     Error *error) {
    size_t side = 4 * (size_t)sam_grid(&model->system.sam);
    *m = (Measurer){.previous = memory_new(side * side * sizeof *m->previous)};
    Status status = m->previous ? VOXPERT_OK : no_memory("the model", error);
    for (int zoom = 0; !status && zoom < 2; zoom++)
        status = predictor_open(&m->predictor[zoom], model, options, error);
    if (status) measurer_close(m);
    return status;
}

void measurer_close(Measurer *m) {
    for (int zoom = 0; zoom < 2; zoom++) predictor_close(m->predictor[zoom]);
    memory_free(m->previous);
    *m = (Measurer){0};
}

void measurer_reset(Measurer *m) { m->shown = NULL; }

/* The picture's embedding from what is kept, or into it. */
static Status show_kept(Measurer *m, const Case *p, Error *error) {
    Predictor *whole = m->predictor[0];
    size_t bytes = predictor_embedding_count(whole) * sizeof(float);
    float **kept = &m->kept->picture[p - m->kept->first];
    Crop crop = crop_whole(&whole->picture);
    if (*kept) {
        predictor_take(whole, crop, *kept);
        return VOXPERT_OK;
    }
    Status status = predictor_encode(whole, crop, error);
    if (status) return status;
    *kept = memory_new(bytes);
    if (!*kept) return no_memory(p->name, error);
    memcpy(*kept, whole->embedding, bytes);
    return VOXPERT_OK;
}

static Status show(Measurer *m, const Case *p, Error *error) {
    if (m->shown == p) return VOXPERT_OK;
    Picture picture;
    if (!case_picture(&picture, p)) return no_memory(p->name, error);
    m->shown = NULL;
    Status status = VOXPERT_OK;
    for (int zoom = 0; !status && zoom < (m->kept ? 1 : 2); zoom++)
        status = predictor_set_picture(m->predictor[zoom], &picture, error);
    picture_free(&picture);
    if (!status && m->kept) status = show_kept(m, p, error);
    if (!status) m->shown = p;
    return status;
}

/* ---- One question to the model ---------------------------------------------------------- */

typedef struct Scene {
    const Case *picture;
    const CaseObject *object;
    uint8_t *truth, *mask; /* of the picture */
    float *logits;
    size_t pixels;
} Scene;

static double dice_of(const Scene *s) {
    return overlap_dice(overlap_count(s->truth, s->mask, s->pixels)); /* the truth is not empty */
}

/* Where the labels say nothing, no answer is right or wrong. */
static void leave_out_ignored(const Scene *s) {
    const uint8_t *ignored = s->picture->ignored;
    for (size_t i = 0; ignored && i < s->pixels; i++)
        if (ignored[i]) s->mask[i] = 0;
}

/* The answer becomes the scene's mask; its logits are kept for the next question. */
static Status ask(Measurer *m, const Scene *s, const ObjectPrompt *prompt, bool zoom,
                  Error *error) {
    Predictor *p = m->predictor[zoom];
    Prediction found;
    Status status = predictor_answer(p, prompt, zoom, false, &found, error);
    if (!status) status = predictor_logits(p, &found, s->logits, error);
    for (size_t i = 0; !status && i < s->pixels; i++) s->mask[i] = s->logits[i] > 0.0f;
    if (!status) leave_out_ignored(s);
    if (!status) {
        size_t side = (size_t)found.side;
        memcpy(m->previous, found.low_res, side * side * sizeof *m->previous);
        m->previous_crop = found.crop;
        if (m->answered) m->answered(m->context, &found);
    }
    prediction_free(&found);
    return status;
}

/* ---- Protocol --------------------------------------------------------------------------- */

static Status ask_box(Measurer *m, const Scene *s, const double box[4], bool zoom, double *dice,
                      Error *error) {
    m->points = (SimulatedPoints){.has_box = true};
    for (int i = 0; i < 4; i++) m->points.box[i] = (float)box[i];
    Status status = ask(m, s, &(ObjectPrompt){.box = m->points.box}, zoom, error);
    if (!status) *dice = dice_of(s);
    return status;
}

static Status add_click(SimulatedPoints *c, const Scene *s, bool answered, Error *error) {
    size_t size[3] = {1, (size_t)s->picture->height, (size_t)s->picture->width};
    Click click;
    Status status = answered ? click_next(&click, s->truth, s->mask, size, NULL, error)
                             : click_first(&click, s->truth, size, NULL, error);
    if (status || !click.found) return status;
    c->at[c->count][0] = (float)click.zyx[2];
    c->at[c->count][1] = (float)click.zyx[1];
    c->label[c->count++] = click.positive;
    return VOXPERT_OK;
}

/* Clicks one by one, after the box where there is one: dice[0] is the box's, dice[i] that of i
 * clicks. */
static Status ask_clicks(Measurer *m, const Scene *s, const double *box, int clicks, bool zoom,
                         double *dice, Error *error) {
    SimulatedPoints *c = &m->points;
    *c = (SimulatedPoints){.has_box = false};
    dice[0] = 0.0;
    Status status = box ? ask_box(m, s, box, zoom, &dice[0], error) : VOXPERT_OK;
    for (int round = 1; round <= clicks && !status; round++) {
        bool answered = box || round > 1;
        status = add_click(c, s, answered, error);
        ObjectPrompt prompt = {.points = c->count,
                               .point = c->at[0],
                               .label = c->label,
                               .box = box ? c->box : NULL,
                               .low_res = answered ? m->previous : NULL,
                               .low_res_crop = m->previous_crop};
        if (!status) status = ask(m, s, &prompt, zoom, error);
        if (!status) dice[round] = dice_of(s);
    }
    return status;
}

static Extent size_of(const Scene *s) {
    return (Extent){(size_t)s->picture->height, (size_t)s->picture->width};
}

/* The same for the same object. */
static void jitter(const Scene *s, double box[4]) {
    const CaseObject *o = s->object;
    uint64_t name = hash_fnv1a(s->picture->name, strlen(s->picture->name));
    Random r = random_begin(name, (uint64_t)o->x0 << 32 | (uint64_t)o->y0, o->area, PURPOSE_JITTER);
    box_jitter(box, size_of(s), &r);
}

static bool wants(unsigned which, Measure m) { return which >> m & 1; }

static Status take_all(Measurer *m, const Scene *s, unsigned which, double dice[MEASURES],
                       Error *error) {
    const CaseObject *o = s->object;
    double exact[] = {o->x0, o->y0, o->x1, o->y1}, moved[] = {o->x0, o->y0, o->x1, o->y1};
    jitter(s, moved);
    Status status = show(m, s->picture, error);
    for (int zoom = 0; zoom < 2; zoom++) {
        Measure box = zoom ? MEASURE_BOX_ZOOM : MEASURE_BOX_WHOLE;
        Measure jittered = zoom ? MEASURE_JITTER_ZOOM : MEASURE_JITTER_WHOLE;
        Measure click = zoom ? MEASURE_CLICK1_ZOOM : MEASURE_CLICK1_WHOLE;
        if (!status && wants(which, box)) status = ask_box(m, s, exact, zoom, &dice[box], error);
        if (!status && wants(which, jittered))
            status = ask_box(m, s, moved, zoom, &dice[jittered], error);
        double curve[6] = {0};
        if (!status && wants(which, click)) status = ask_clicks(m, s, NULL, 5, zoom, curve, error);
        for (unsigned i = 0; i < 3 && wants(which, click); i++) dice[click + i] = curve[2 * i + 1];
    }
    baseline_box(s->mask, size_of(s), exact);
    leave_out_ignored(s);
    dice[MEASURE_THE_BOX] = dice_of(s);
    baseline_ellipse(s->mask, size_of(s), exact);
    leave_out_ignored(s);
    dice[MEASURE_ELLIPSE] = dice_of(s);
    return status;
}

static void add_truth(Scene *s, const CaseObject *o) {
    int across = o->x1 - o->x0 + 1;
    size_t row = (size_t)s->picture->width, width = (size_t)across;
    for (int y = o->y0; y <= o->y1; y++) {
        const uint8_t *from = o->mask + (size_t)(y - o->y0) * width;
        uint8_t *to = s->truth + (size_t)y * row + (size_t)o->x0;
        for (size_t x = 0; x < width; x++) to[x] |= from[x];
    }
}

/* Of an object's picture, without a truth. */
static Status scene_open(Scene *s, const Dataset *d, const CaseObject *o, Error *error) {
    const Case *p = &d->picture[o->picture];
    size_t pixels = (size_t)p->width * (size_t)p->height;
    dataset_touch(d, o->picture);
    *s = (Scene){
        p, o, memory_new(pixels), memory_new(pixels), memory_new(pixels * sizeof(float)), pixels};
    return s->truth && s->mask && s->logits ? VOXPERT_OK : no_memory(p->name, error);
}

/* With the truth of one object. */
static Status scene_of_object(Scene *s, const Dataset *d, const CaseObject *o, Error *error) {
    Status status = scene_open(s, d, o, error);
    if (!status) add_truth(s, o);
    return status;
}

static void scene_close(Scene *s) {
    memory_free(s->truth);
    memory_free(s->mask);
    memory_free(s->logits);
}

Status measure_object(Measurer *m, const Dataset *d, const CaseObject *o, unsigned which,
                      double dice[MEASURES], Error *error) {
    Scene s;
    Status status = scene_of_object(&s, d, o, error);
    if (!status) status = take_all(m, &s, which, dice, error);
    scene_close(&s);
    return status;
}

Status measure_clicks(Measurer *m, const Dataset *d, const CaseObject *o, bool box, int clicks,
                      bool zoom, double *dice, Error *error) {
    Scene s;
    const double corners[] = {o->x0, o->y0, o->x1, o->y1};
    Status status = scene_of_object(&s, d, o, error);
    if (!status) status = show(m, s.picture, error);
    if (!status) status = ask_clicks(m, &s, box ? corners : NULL, clicks, zoom, dice, error);
    scene_close(&s);
    return status;
}

/* Of the objects of a name, or (NULL) of all, in the picture that `o` is in. */
static Status measure_image(Measurer *m, const Dataset *d, const CaseObject *o, const char *name,
                            double *dice, Error *error) {
    const System *system = &m->predictor[0]->model->system;
    ObjectPrompt prompt = {.prompt_free = true,
                           .prompt_class = name ? system_class_find(system, name) : 0};
    Scene s;
    size_t objects;
    const CaseObject *first = dataset_together(d, o, &objects);
    Status status = scene_open(&s, d, first, error);
    for (size_t i = 0; !status && i < objects; i++) {
        const LabelName *label = name ? dataset_name_of(d, first + i) : NULL;
        if (!name || (label && strcmp(label->name, name) == 0)) add_truth(&s, first + i);
    }
    if (!status) status = show(m, s.picture, error);
    if (!status) status = ask(m, &s, &prompt, false, error);
    if (!status) *dice = dice_of(&s);
    scene_close(&s);
    return status;
}

Status measure_prompt_free(Measurer *m, const Dataset *d, const CaseObject *o, double *dice,
                           Error *error) {
    return measure_image(m, d, o, NULL, dice, error);
}

Status measure_class(Measurer *m, const Dataset *d, const CaseObject *o, const char *name,
                     double *dice, Error *error) {
    return measure_image(m, d, o, name, dice, error);
}

Status measure_box_mask(Measurer *m, const Dataset *d, const CaseObject *o, uint8_t *mask,
                        uint8_t *truth, double *dice, Error *error) {
    Scene s;
    double box[] = {o->x0, o->y0, o->x1, o->y1};
    Status status = scene_of_object(&s, d, o, error);
    if (!status) status = show(m, s.picture, error);
    if (!status) status = ask_box(m, &s, box, true, dice, error);
    for (size_t i = 0; !status && i < s.pixels; i++)
        mask[i] = s.logits[i] > 0.0f, truth[i] = s.truth[i];
    scene_close(&s);
    return status;
}

Status measure_object_logits(Measurer *m, const Dataset *d, const CaseObject *o, int clicks,
                             bool zoom, float *logits, Error *error) {
    Scene s;
    double box[] = {o->x0, o->y0, o->x1, o->y1}, dice[CLICKS_MAX + 1];
    Status status = scene_of_object(&s, d, o, error);
    if (!status) status = show(m, s.picture, error);
    if (!status)
        status = clicks ? ask_clicks(m, &s, NULL, clicks, zoom, dice, error)
                        : ask_box(m, &s, box, zoom, dice, error);
    if (!status) memcpy(logits, s.logits, s.pixels * sizeof *logits);
    scene_close(&s);
    return status;
}

Status measure_free_logits(Measurer *m, const Dataset *d, int picture, int prompt_class,
                           float *logits, Error *error) {
    Scene s;
    const CaseObject nothing = {.picture = picture};
    const ObjectPrompt prompt = {.prompt_free = true, .prompt_class = prompt_class};
    Status status = scene_open(&s, d, &nothing, error);
    if (!status) status = show(m, s.picture, error);
    if (!status) status = ask(m, &s, &prompt, false, error);
    if (!status) memcpy(logits, s.logits, s.pixels * sizeof *logits);
    scene_close(&s);
    return status;
}

/* ---- Tables ----------------------------------------------------------------------------- */

static Status measure_set(MeasureTable *t, Measurer *m, const Dataset *d, int set, SplitPart part,
                          unsigned which, size_t most, Error *error) {
    size_t *list, count;
    Status status = dataset_select(d, set, part, &list, &count, error);
    if (status) return status;
    size_t step = most && count > most ? (count + most - 1) / most : 1;
    for (size_t i = 0; !status && i < count; i += step) {
        const CaseObject *o = &d->object[list[i]];
        double dice[MEASURES] = {0};
        status = measure_object(m, d, o, which, dice, error);
        t->count[set][o->outer]++;
        for (int k = 0; k < MEASURES; k++) t->dice[set][o->outer][k] += dice[k];
    }
    memory_free(list);
    return status;
}

static void average(MeasureTable *t) {
    size_t sets = 0;
    for (size_t s = 0; s < t->sets; s++) {
        for (int outer = 0; outer < 2; outer++)
            for (int k = 0; k < MEASURES && t->count[s][outer]; k++)
                t->dice[s][outer][k] /= (double)t->count[s][outer];
        if (!t->count[s][0]) continue;
        sets++;
        for (int k = 0; k < MEASURES; k++) t->macro[k] += t->dice[s][0][k];
    }
    for (int k = 0; k < MEASURES && sets; k++) t->macro[k] /= (double)sets;
}

Status measure_sets(MeasureTable *out, Measurer *m, const Dataset *d, SplitPart part,
                    unsigned which, size_t most, Error *error) {
    *out = (MeasureTable){.sets = d->sets};
    out->dice = memory_new((d->sets + 1) * sizeof *out->dice);
    out->count = memory_new((d->sets + 1) * sizeof *out->count);
    Status status = VOXPERT_OK;
    if (!out->dice || !out->count)
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the table of measures");
    measurer_reset(m);
    for (size_t s = 0; !status && s < d->sets; s++)
        status = measure_set(out, m, d, (int)s, part, which, most, error);
    if (!status)
        average(out);
    else
        measure_table_free(out);
    return status;
}

void measure_table_free(MeasureTable *t) {
    memory_free(t->dice);
    memory_free(t->count);
    *t = (MeasureTable){0};
}
