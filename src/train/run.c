#include <math.h>
#include <stdio.h>
#include <string.h>

#include "assess/examples.h"
#include "base/files.h"
#include "base/gnuplot.h"
#include "base/memory.h"
#include "base/platform.h"
#include "cases/purposes.h"
#include "train/recipe.h"
#include "train/run_begin.h"
#include "train/run_card.h"
#include "train/run_parts.h"

double train_rate(const TrainOptions *o, long epoch, long step) {
    double lr = o->optimizer.lr, at = (double)step, end = (double)o->steps;
    if (o->schedule == SCHEDULE_LINEAR) {
        double done = floor(at / (double)epoch), share = done / fmax(o->warm_up_epochs, 1.0);
        return lr * (o->lr_start + (1.0 - o->lr_start) * fmin(share, 1.0));
    }
    if (at < o->warm_up) return lr * (at + 1.0) / o->warm_up;
    if (o->schedule == SCHEDULE_COSINE) {
        double t = (at - o->warm_up) / fmax(end - o->warm_up, 1.0);
        return lr * (o->lr_end + (1.0 - o->lr_end) * 0.5 * (1.0 + cos(3.14159265358979 * t)));
    }
    if (o->schedule == SCHEDULE_STEP) {
        for (int i = 0; i < DROPS_MAX; i++) {
            if (o->drops[i] && step >= o->drops[i]) lr *= o->drop_by;
            if (o->epoch_drops[i] && step >= o->epoch_drops[i] * epoch) lr *= o->drop_by;
        }
    }
    return lr;
}

/* ---- On the way ------------------------------------------------------------------------- */

static double spent(const Run *r) { return r->before + system_seconds() - r->began; }

/* The state comes last: where a run ends between the two, rows past it are dropped. */
static Status save(Run *r, Error *error) {
    char *path;
    Status status = run_file(r, "state.safetensors", &path, error);
    r->state.seconds = spent(r);
    r->saved = system_seconds();
    if (!status) status = history_write(&r->history, error);
    if (!status) status = state_save(path, &r->system, &r->optimizer, &r->state, &r->card, error);
    memory_free(path);
    return status;
}

static Status export_model(Run *r, const char *name, Error *error) {
    const TrainOptions *o = r->options;
    char *path;
    Status status = run_file(r, name, &path, error);
    if (!status)
        status = state_export(path, &r->system, &r->optimizer, o->optimizer.average > 0.0, &r->card,
                              r->system.adapter ? ELEMENT_F32 : ELEMENT_F16, error);
    memory_free(path);
    return status;
}

/* "ct 71 12 9 8 %; mr 5 5 85 5 %", without modalities of all tokens; "" before any were sent. */
static void describe_usage(Run *r) {
    const RoutingTally *t = &r->state.routing;
    double share[EXPERTS_MAX];
    size_t used = 0, size = sizeof r->shares, groups = r->modalities ? r->modalities : 1;
    r->shares[0] = '\0';
    if (!(t->sums.tokens > 0.0)) return;
    for (size_t i = 0; i < groups && used < size; i++) {
        if (r->modalities)
            routing_tally_group(t, r->modality_of, (int)i, share);
        else
            routing_tally_shares(t, EVERY_SET, share);
        used += (size_t)snprintf(r->shares + used, size - used, "%s%s", i ? "; " : "",
                                 r->modalities ? r->modality_name[i] : "all");
        for (int e = 0; e < t->experts && used < size; e++)
            used += (size_t)snprintf(r->shares + used, size - used, " %.0f", 100.0 * share[e]);
        if (used < size) used += (size_t)snprintf(r->shares + used, size - used, " %%");
    }
}

static void show_progress(const Run *r, const HistoryRow *row, const MeasureTable *table,
                          bool interim) {
    if (!r->observer || !r->observer->progress) return;
    long here = r->state.step - r->first;
    double each = (system_seconds() - r->looped) / (double)(here > 0 ? here : 1);
    TrainProgress p = {.row = *row,
                       .interim = interim,
                       .usage = r->shares,
                       .steps = r->options->steps,
                       .seconds_left = each * (double)(r->options->steps - row->step),
                       .samples_per_second =
                           (double)(r->options->batch * r->options->accumulate) / each,
                       .data = &r->data,
                       .table = table};
    r->observer->progress(r->observer->context, &p);
}

/* Said once when it begins. */
static void alarm_collapse(Run *r, const HistoryRow *row) {
    const RoutingTally *t = &r->state.routing;
    int open = route_open(t->held_back, t->experts);
    bool collapsed = is_collapse(row->effective_experts, open, t->kept);
    char sentence[240];
    if (collapsed && !r->collapsed) {
        snprintf(sentence, sizeof sentence,
                 "step %ld: the router collapses: the tokens go to %.1f of %d experts "
                 "(routing.csv has their shares); raise balance, or train with router-noise 1",
                 row->step, row->effective_experts, open);
        run_say(r, true, sentence);
    }
    r->collapsed = collapsed;
}

/* What the routers did since the last report. */
static void report_routing(Run *r, HistoryRow *row) {
    const RoutingTally *t = &r->state.routing;
    const RoutingSums *s = &t->sums;
    if (!(s->tokens > 0.0)) return;
    size_t each = (size_t)t->experts;
    for (size_t i = 0; i <= t->sets; i++) routing_tally_shares(t, (int)i - 1, r->usage + i * each);
    for (size_t i = 0; i < r->modalities; i++)
        routing_tally_group(t, r->modality_of, (int)i, r->usage + (1 + t->sets + i) * each);
    row->routed = true;
    row->usage = r->usage;
    row->entropy = s->entropy / s->tokens;
    row->importance_cv2 = s->importance_cv2 / s->passes;
    row->load_cv2 = s->load_cv2 / s->passes;
    row->effective_experts = effective_experts(r->usage, t->experts);
    alarm_collapse(r, row);
    routing_tally_clear(&r->state.routing);
}

/* Means since the last report. */
static HistoryRow means_of(const Run *r) {
    const RunState *s = &r->state;
    long n = s->step - s->reported;
    double each = 1.0 / (double)(n ? n : 1);
    return (HistoryRow){.step = s->step,
                        .loss = s->loss * each,
                        .dice = s->dice * each,
                        .norm = s->norm * each,
                        .lr = train_rate(r->options, r->epoch, s->step - 1),
                        .seconds = spent(r)};
}

/* After the first step, and then about every second: nothing of it is kept. */
static void show_interim(Run *r) {
    double now = system_seconds();
    if (r->state.step != r->first + 1 && now - r->shown_at < 1.0) return;
    r->shown_at = now;
    HistoryRow row = means_of(r);
    describe_usage(r);
    show_progress(r, &row, NULL, true);
}

static Status report(Run *r, const MeasureTable *table, Error *error) {
    RunState *s = &r->state;
    HistoryRow row = means_of(r);
    row.validated = table != NULL;
    if (s->step == s->reported && r->history.count) { /* a validation right after a report */
        const HistoryRow *before = &r->history.row[r->history.count - 1];
        row.loss = before->loss, row.dice = before->dice, row.norm = before->norm;
    }
    if (table) {
        bool zoom = r->preset.zoom > 0.0;
        row.box = table->macro[zoom ? MEASURE_BOX_ZOOM : MEASURE_BOX_WHOLE];
        row.click1 = table->macro[zoom ? MEASURE_CLICK1_ZOOM : MEASURE_CLICK1_WHOLE];
        row.click5 = table->macro[zoom ? MEASURE_CLICK5_ZOOM : MEASURE_CLICK5_WHOLE];
        row.score = (row.box + row.click1 + row.click5) / 3.0;
    }
    describe_usage(r);
    report_routing(r, &row);
    s->reported = s->step;
    s->loss = s->dice = s->norm = 0.0;
    r->shown_at = system_seconds();
    show_progress(r, &row, table, false);
    return history_add(&r->history, &row, error);
}

/* ---- Validation ------------------------------------------------------------------------- */

/* As the model will be used. */
enum {
    VALIDATED_ZOOMED = 1u << MEASURE_BOX_WHOLE | 1u << MEASURE_BOX_ZOOM | 1u << MEASURE_CLICK1_ZOOM,
    VALIDATED_WHOLE = 1u << MEASURE_BOX_WHOLE | 1u << MEASURE_CLICK1_WHOLE
};

static Status show_examples(Run *r, Error *error) {
    char name[48], *path;
    Status status = run_file(r, "examples", &path, error);
    if (status) return status;
    status = folder_make(path, error);
    memory_free(path);
    snprintf(name, sizeof name, "examples/%06ld.png", r->state.step);
    if (!status) status = run_file(r, name, &path, error);
    if (status) return status;
    status = examples_write(path, &r->measurer, &r->data, SPLIT_VALIDATION, 3, error);
    memory_free(path);
    return status;
}

static Status look(Run *r, Error *error) {
    MeasureTable table;
    Status status = measure_sets(&table, &r->measurer, &r->data, SPLIT_VALIDATION,
                                 r->preset.zoom > 0.0 ? VALIDATED_ZOOMED : VALIDATED_WHOLE,
                                 r->options->validate_most, error);
    if (status) return status;
    status = report(r, &table, error);
    measure_table_free(&table);
    if (!status) status = show_examples(r, error);
    return status;
}

static Status validate(Run *r, Error *error) {
    bool averages = r->options->optimizer.average > 0.0;
    if (averages) optimizer_swap(&r->optimizer);
    Status status = look(r, error);
    if (averages) optimizer_swap(&r->optimizer);
    if (status) return status;
    double score = r->history.row[r->history.count - 1].score;
    r->state.bad++;
    if (score <= r->state.best) return VOXPERT_OK;
    r->state.best = score, r->state.best_step = r->state.step, r->state.bad = 0;
    return export_model(r, "model.safetensors", error);
}

/* ---- Steps ------------------------------------------------------------------------------ */

/* Uses and clears the gradients of `accumulated` batches. */
static void learn(Run *r, int accumulated) {
    OptimizerRule rule = r->options->optimizer;
    rule.lr = train_rate(r->options, r->epoch, r->state.step);
    r->state.norm +=
        optimizer_step(&r->optimizer, r->kernels, &r->stepper.worker, &rule, accumulated);
    optimizer_zero(&r->optimizer, r->kernels, &r->stepper.worker);
}

static void learn_round(void *context) { learn(context, 1); }

static Status no_longer_finite(const Run *r, const char *what, Error *error) {
    return error_set_field(error, VOXPERT_BAD_INPUT, "lr",
                           "the %s is no longer finite at step %ld: the last checkpoint is kept; a "
                           "lower learning rate (lr) may help",
                           what, r->state.step);
}

static Status draw_batch(Run *r, const StepPlan *plan, uint64_t part, Error *error) {
    const TrainOptions *o = r->options;
    Augment augment = o->augment;
    augment.squeezed = r->preset.resize == RESIZE_SQUARE_PILLOW;
    if (plan->prompt_free) {
        augment.whole = 1.0;
    } else if (!plan->box) {
        augment.whole = augment.whole_click;
        for (int k = 0; k < 2; k++) augment.factor[k] = augment.click_factor[k];
    }
    return batch_draw(&r->batch, &r->data, &r->pool, &augment, r->cached ? &r->views : NULL,
                      plan->prompt_free, o->seed, part, &r->stepper.worker, error);
}

/* The plan of a scheme that needs facts depends on the batch; else the batch depends on the plan.
 */
static Status prepare_batch(Run *r, uint64_t part, StepPlan *plan, Error *error) {
    const TrainOptions *o = r->options;
    Random kind = random_begin(o->seed, part, 0, PURPOSE_KIND);
    bool routes = r->system.ops->routes;
    const ExpertRule *experts = routes ? &r->stepper.experts : NULL;
    *plan = (StepPlan){0};
    if (!o->scheme->needs_facts) {
        *plan = o->scheme->plan(&o->prompts, experts, &r->stepper.facts, &kind);
        return draw_batch(r, plan, part, error);
    }
    Status status = draw_batch(r, plan, part, error);
    PlanFacts facts = r->stepper.facts;
    if (status) return status;
    facts.text = facts.text && class_texts_fill(&r->texts, &r->data, &r->batch, r->text);
    facts.pool = facts.pool && r->batch.group && strcmp(r->batch.group, "A") == 0;
    *plan = o->scheme->plan(&o->prompts, experts, &facts, &kind);
    return VOXPERT_OK;
}

static Status one_step(Run *r, Error *error) {
    const TrainOptions *o = r->options;
    uint64_t step = (uint64_t)r->state.step;
    RoundHook hook = {learn_round, r};
    Status status = VOXPERT_OK;
    for (int i = 0; !status && i < o->accumulate; i++) {
        uint64_t part = step * (uint64_t)o->accumulate + (uint64_t)i;
        StepPlan plan;
        StepResult result;
        status = prepare_batch(r, part, &plan, error);
        if (status) break;
        status = stepper_run(&r->stepper, &r->batch, &plan, o->seed, part, &hook, &result, error);
        if (!status && !isfinite(result.loss)) status = no_longer_finite(r, "loss", error);
        r->state.loss += result.loss / o->accumulate;
        r->state.dice += result.dice / o->accumulate;
    }
    if (status) return status;
    learn(r, o->accumulate);
    if (!isfinite(r->state.norm)) return no_longer_finite(r, "gradient", error);
    r->state.step++;
    return VOXPERT_OK;
}

static bool finished(Run *r, TrainResult *out) {
    const TrainOptions *o = r->options;
    if (o->time_limit > 0.0 && system_seconds() - r->began > o->time_limit) out->out_of_time = true;
    if (r->stopped && !out->out_of_time) out->interrupted = true;
    if (o->patience && r->state.bad >= o->patience) out->stopped_early = true;
    if (r->observer && r->observer->stop && r->observer->stop(r->observer->context))
        out->interrupted = true;
    return r->state.step >= o->steps || out->out_of_time || out->stopped_early || out->interrupted;
}

enum { REPORT_EVERY = 20 };

static Status loop(Run *r, TrainResult *out, Error *error) {
    const TrainOptions *o = r->options;
    Status status = VOXPERT_OK;
    optimizer_zero(&r->optimizer, r->kernels, &r->stepper.worker);
    while (!status && !finished(r, out)) {
        status = one_step(r, error);
        bool due = r->validates && r->state.step % o->validate_every == 0;
        bool reports = r->state.step % REPORT_EVERY == 0;
        if (!status && due)
            status = validate(r, error); /* which reports too */
        else if (!status && reports)
            status = report(r, NULL, error);
        else if (!status)
            show_interim(r);
        if (!status && system_seconds() - r->saved > o->checkpoint_minutes * 60.0)
            status = save(r, error);
    }
    return status;
}

static Status draw(Run *r, TrainResult *out, Error *error) {
    Status status = history_draw(&r->history, &out->drawn, error);
    if (out->drawn) return status;
    out->not_drawn = r->history.count < 2 ? "there is too little to draw: a curve needs two reports"
                     : !gnuplot_is_installed() ? "gnuplot is not installed"
                                               : "gnuplot failed";
    return status;
}

static Status finish(Run *r, TrainResult *out, Error *error) {
    Status status = save(r, error);
    if (!status) status = export_model(r, "last.safetensors", error);
    if (!status && r->state.best < 0.0) status = export_model(r, "model.safetensors", error);
    out->written = !status;
    if (!status) status = run_write_summary(r, error);
    return status ? status : draw(r, out, error);
}

Status train_run(const TrainOptions *options, const TrainObserver *observer, TrainResult *result,
                 Error *error) {
    Run r = {.chosen = *options, .observer = observer, .began = system_seconds()};
    r.options = &r.chosen;
    *result = (TrainResult){0};
    Status status = run_open(&r, error);
    r.saved = system_seconds();
    r.before = r.state.seconds;
    r.looped = r.saved;
    r.first = r.state.step;
    if (!status) status = loop(&r, result, error);
    if (!status && r.state.step > 0) status = finish(&r, result, error);
    result->steps = r.state.step;
    result->best = r.state.best;
    result->best_step = r.state.best_step;
    run_close(&r);
    return status;
}
