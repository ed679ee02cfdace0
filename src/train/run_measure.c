/* The table of a model card: every measure of a model on one part of the data. */
#include "assess/seen.h"
#include "base/text.h"
#include "eval/report.h"
#include "train/run.h"

static const Measure shown[] = {MEASURE_BOX_WHOLE,    MEASURE_BOX_ZOOM,     MEASURE_JITTER_WHOLE,
                                MEASURE_JITTER_ZOOM,  MEASURE_CLICK1_WHOLE, MEASURE_CLICK3_WHOLE,
                                MEASURE_CLICK5_WHOLE, MEASURE_CLICK1_ZOOM,  MEASURE_CLICK3_ZOOM,
                                MEASURE_CLICK5_ZOOM,  MEASURE_THE_BOX,      MEASURE_ELLIPSE};

enum { SHOWN = sizeof shown / sizeof *shown };

static void add_row(Text *t, const char *name, const char *suffix, size_t objects,
                    const double dice[MEASURES]) {
    text_add(t, "| ");
    markdown_words(t, name);
    text_add(t, "%s | ", suffix);
    if (objects) text_add(t, "%zu", objects);
    for (int i = 0; i < SHOWN; i++) text_add(t, " | %.1f", 100.0 * dice[shown[i]]);
    text_add(t, " |\n");
}

static void add_error_rows(Text *t, const double macro[MEASURES]) {
    double ellipse = 1.0 - macro[MEASURE_ELLIPSE];
    text_add(t, "\nBox-prompt error over the ellipse's: whole %.3f, zoom %.3f\n",
             (1.0 - macro[MEASURE_BOX_WHOLE]) / ellipse, (1.0 - macro[MEASURE_BOX_ZOOM]) / ellipse);
}

static size_t objects_of_part(const Dataset *d, SplitPart part) {
    size_t count = 0;
    for (size_t i = 0; i < d->objects; i++) count += d->picture[d->object[i].picture].part == part;
    return count;
}

/* Which objects, and of how many. */
static void print_protocol(Text *t, const MeasureTable *m, const Dataset *d, SplitPart part,
                           size_t most) {
    size_t objects = 0, all = objects_of_part(d, part);
    for (size_t s = 0; s < m->sets; s++) objects += m->count[s][0] + m->count[s][1];
    text_add(t, "Dice of %zu of %zu objects", objects, all);
    if (most) text_add(t, ", at most %zu of each set, evenly spread (validate-most; 0: all)", most);
    text_add(t, "; whole: the model sees whole pictures, zoom: crops around the prompts\n\n");
}

static void print_table(Text *t, const MeasureTable *m, const Dataset *d) {
    text_add(t, "| set | objects |");
    for (int i = 0; i < SHOWN; i++) text_add(t, " %s |", measure_name(shown[i]));
    text_add(t, "\n|---|---|");
    for (int i = 0; i < SHOWN; i++) text_add(t, "---|");
    text_add(t, "\n");
    for (size_t s = 0; s < m->sets; s++) {
        const CaseSet *set = &d->set[s];
        if (m->count[s][0])
            add_row(t, set->name, set->nested ? ", innermost" : "", m->count[s][0], m->dice[s][0]);
        if (m->count[s][1])
            add_row(t, set->name, ", with rings (apart)", m->count[s][1], m->dice[s][1]);
    }
    add_row(t, "macro average", "", 0, m->macro);
    add_error_rows(t, m->macro);
}

/* What measuring needs of a run. */
typedef struct Bench {
    Dataset data;
    Model *model;
    Measurer measurer;
} Bench;

static Status bench_open(Bench *b, const TrainOptions *o, Error *error) {
    ModelOptions how = {.threads = o->threads,
                        .cpu = o->cpu,
                        .base = o->parent,
                        .embedded = o->embedded,
                        .embedded_size = o->embedded_size};
    Status status = model_open(&b->model, o->base, &how, error);
    if (!status && o->zoom_given) b->model->preset.zoom = o->zoom;
    for (size_t i = 0; !status && i < o->folders; i++)
        status = dataset_add(&b->data, o->data[i], error);
    return status ? status : measurer_open(&b->measurer, b->model, NULL, error);
}

static void bench_close(Bench *b) {
    measurer_close(&b->measurer);
    dataset_free(&b->data);
    model_close(b->model);
}

static Status check_part(const Bench *b, const TrainOptions *o, SplitPart part, Error *error) {
    for (size_t i = 0; i < b->data.objects; i++) {
        if (b->data.picture[b->data.object[i].picture].part == part) return VOXPERT_OK;
    }
    return error_set(error, VOXPERT_BAD_INPUT, "%s: there is no object in that part",
                     o->folders ? o->data[0] : "no data folder");
}

Status train_measure(const TrainOptions *o, int part, Text *out, Warnings *warnings, Error *error) {
    Bench b = {0};
    MeasureTable table = {0};
    Status status = bench_open(&b, o, error);
    for (size_t i = 0; !status && part == 3 && i < b.data.pictures; i++)
        b.data.picture[i].part = SPLIT_TEST;
    int asked = part == 3 ? SPLIT_PARTS : part;
    if (!status) status = seen_cases_check(&b.data, b.model, asked, error);
    SplitPart which = part < 2 ? (SplitPart)part : SPLIT_TEST;
    if (!status) status = check_part(&b, o, which, error);
    if (!status)
        status = measure_sets(&table, &b.measurer, &b.data, which, ~0u, o->validate_most, error);
    if (!status) print_protocol(out, &table, &b.data, which, o->validate_most);
    if (!status) print_table(out, &table, &b.data);
    if (!status && b.data.warnings.count) text_add(out, "\n");
    if (!status) markdown_warnings(out, &b.data.warnings, NULL);
    warnings_merge(warnings, &b.data.warnings);
    measure_table_free(&table);
    bench_close(&b);
    return status;
}
