#include "eval/figures.h"

#include <math.h>

#include "base/gnuplot.h"
#include "base/memory.h"
#include "base/quote.h"
#include "base/size.h"
#include "eval/report.h"
#include "eval/statistics.h"

static const char beginning[] = "set termoption noenhanced\nset encoding utf8\nset grid ytics\n"
                                "set border 3\nset tics nomirror out\n";

static Status finish(Text *t, const char *path, int width, int height, const char **missing,
                     Error *error) {
    Status status = VOXPERT_OK;
    bool drawn = false;
    if (t->failed)
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to draw it", path);
    else
        status = gnuplot_png(path, width, height, t->chars, &drawn, error);
    *missing = drawn ? NULL : gnuplot_missing();
    text_free(t);
    return status;
}

static void add_label(Text *t, const EvaluatedLabel *l) {
    Text title = {0};
    label_title(&title, l);
    text_add_gnuplot_string(t, title.chars ? title.chars : "");
    t->failed |= title.failed;
    text_free(&title);
}

/* ---- Units ---------------------------------------------------------------------------------- */

typedef struct Unit {
    const char *size;
    double scale; /* of what is measured */
} Unit;

/* Large volumes are shown in millilitres, large areas in square centimetres or thousands of pixels.
 */
static Unit unit_of(const Evaluation *e) {
    const MetricChoice *c = &e->rule.metrics;
    double most = 0.0;
    for (size_t i = 0; i < e->count; i++) {
        for (size_t l = 0; l < e->rule.labels; l++)
            most = fmax(most, e->item[i].label[l].value[METRIC_VOLUME_REF]);
    }
    if (!c->unscaled && !c->pictures && most > 1e4) return (Unit){"ml", 1e-3};
    if (c->pictures && most > 1e4)
        return (Unit){c->unscaled ? "1000 px" : "cm2", c->unscaled ? 1e-3 : 1e-2};
    return (Unit){metric_units(c).size, 1.0};
}

static bool is_distance(Metric m) { return m >= METRIC_HD_ELEMENTS && m <= METRIC_ASSD_BORDERS; }

/* What a panel shows, as people say it. */
static void add_metric_title(Text *t, const MetricChoice *c, Metric m) {
    const char *unit = metric_units(c).length;
    switch (m) {
    case METRIC_DICE:
        text_add(t, "Dice");
        break;
    case METRIC_IOU:
        text_add(t, "IoU");
        break;
    case METRIC_LESION_F1:
        text_add(t, "F1 of lesions");
        break;
    case METRIC_NSD_ELEMENTS:
        text_add(t, "surface Dice within %g %s (NSD)", c->tolerance[0], unit);
        break;
    case METRIC_HD95_ELEMENTS:
        text_add(t, "95 %% Hausdorff distance, %s", unit);
        break;
    case METRIC_HD_ELEMENTS:
        text_add(t, "Hausdorff distance, %s", unit);
        break;
    case METRIC_ASSD_ELEMENTS:
        text_add(t, "mean distance of surfaces, %s", unit);
        break;
    case METRIC_VOLUME_RELATIVE:
        text_add(t, "error of the %s, %% of the reference", metric_units(c).word);
        break;
    default:
        break;
    }
}

/* Of the values that are drawn. */
static double scale_of(Metric m) { return m == METRIC_VOLUME_RELATIVE ? 100.0 : 1.0; }

/* ---- Box plots ------------------------------------------------------------------------------ */

enum { PANELS_MAX = 4, BOXES_MAX = 20 };

typedef struct Panel {
    Metric metric;
    size_t finite, infinite;
} Panel;

/* The finite values of a metric as a block of data; returns how many. */
static size_t add_block(Text *t, const Evaluation *e, size_t label, Metric m, size_t *infinite) {
    size_t count, finite = 0;
    double *values = metric_values(e, (int)label, m, &count);
    t->failed |= !values;
    text_add(t, "$m%dl%zu << EOD\n", (int)m, label);
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(values[i])) continue;
        text_add(t, "%.9g\n", scale_of(m) * values[i]);
        finite++;
    }
    text_add(t, "EOD\n");
    *infinite += count - finite;
    memory_free(values);
    return finite;
}

static size_t panels_find(Panel panel[PANELS_MAX], const Evaluation *e) {
    static const Metric wanted[] = {
        METRIC_DICE, METRIC_NSD_ELEMENTS, METRIC_HD95_ELEMENTS, METRIC_VOLUME_RELATIVE,
        METRIC_IOU,  METRIC_LESION_F1,    METRIC_ASSD_ELEMENTS, METRIC_HD_ELEMENTS};
    size_t count = 0;
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted && count < PANELS_MAX; i++) {
        size_t values = 0;
        if (!metric_chosen(&e->rule.metrics, wanted[i])) continue;
        double *all = metric_values(e, EVERY_LABEL, wanted[i], &values);
        size_t finite = 0;
        for (size_t k = 0; all && k < values; k++) finite += isfinite(all[k]) != 0;
        memory_free(all);
        if (finite) panel[count++] = (Panel){.metric = wanted[i]};
    }
    return count;
}

static void add_range(Text *t, Metric m) {
    if (m == METRIC_VOLUME_RELATIVE)
        text_add(t, "set yrange [*:*]\nset offsets 0, 0, graph 0.05, graph 0.05\n");
    else
        text_add(t, "unset offsets\nset yrange [%s]\n", is_distance(m) ? "0:*" : "-0.02:1.02");
}

static void add_panel(Text *t, const Evaluation *e, Panel *p, size_t labels) {
    size_t shown[BOXES_MAX], boxes = 0;
    for (size_t l = 0; l < labels; l++) {
        size_t finite = add_block(t, e, l, p->metric, &p->infinite);
        p->finite += finite;
        if (finite) shown[boxes++] = l;
    }
    if (boxes == 0) return;
    text_add(t, "set title '");
    add_metric_title(t, &e->rule.metrics, p->metric);
    if (p->infinite) text_add(t, ", %zu infinite left out", p->infinite);
    text_add(t, "'\n");
    add_range(t, p->metric);
    for (size_t i = 0; i < boxes; i++)
        text_add(t,
                 "%s$m%dl%zu using (%zu):1 with boxplot lc rgb '#4477aa' notitle, "
                 "'' using (%zu):1 with points pt 7 ps 0.5 lc rgb '#ee6677' notitle",
                 i ? ", " : "plot ", (int)p->metric, shown[i], shown[i] + 1, shown[i] + 1);
    text_add(t, "\n");
}

static bool has_names(const Evaluation *e) {
    for (size_t i = 0; i < e->rule.labels; i++) {
        if (e->label[i].name[0]) return true;
    }
    return false;
}

Status figure_boxes(const Evaluation *e, const char *path, const char **missing, Error *error) {
    Text t = {0};
    Panel panel[PANELS_MAX];
    size_t panels = panels_find(panel, e), labels = size_min(e->rule.labels, BOXES_MAX);
    *missing = "no case has a finite value";
    if (panels == 0) return VOXPERT_OK;
    /* three panels stand in one row: a square would have an empty quarter */
    int columns = panels == 4 ? 2 : (int)panels, rows = panels == 4 ? 2 : 1;
    text_add(&t,
             "%sset style boxplot nooutliers\nset style fill solid 0.15\nset boxwidth 0.6\n"
             "set jitter overlap 0.5 spread 0.35\nset xlabel 'label'\nset xrange [0.4:%zu.6]\nset "
             "xtics %s(",
             beginning, labels, has_names(e) ? "rotate by -30 " : "");
    for (size_t l = 0; l < labels; l++) {
        text_add(&t, "%s", l ? ", " : "");
        add_label(&t, &e->label[l]);
        text_add(&t, " %zu", l + 1);
    }
    text_add(&t, ")\nset multiplot layout %d,%d title '%zu case%s%s'\n", rows, columns, e->count,
             e->count == 1 ? "" : "s", labels < e->rule.labels ? ", the first 20 labels" : "");
    for (size_t i = 0; i < panels; i++) add_panel(&t, e, &panel[i], labels);
    text_add(&t, "unset multiplot\n");
    int across = 360 + 24 * (int)labels;
    return finish(&t, path, columns * across, 60 + rows * 360, missing, error);
}

/* ---- Bland and Altman ----------------------------------------------------------------------- */

enum { VOLUMES_MAX = 6 };

/* Means and differences of both volumes as a block of data; the differences are the caller's. */
static double *add_volumes(Text *t, const Evaluation *e, size_t label, double scale,
                           size_t *count) {
    double *differences = memory_new((e->count + 1) * sizeof *differences);
    *count = 0;
    t->failed |= !differences;
    text_add(t, "$v%zu << EOD\n", label);
    for (size_t i = 0; differences && i < e->count; i++) {
        const LabelScore *s = &e->item[i].label[label];
        double a = scale * s->value[METRIC_VOLUME_REF], b = scale * s->value[METRIC_VOLUME_PRED];
        if (s->skipped || isnan(a) || isnan(b) || a + b <= 0.0) continue;
        text_add(t, "%.9g %.9g\n", 0.5 * (a + b), b - a);
        differences[(*count)++] = b - a;
    }
    text_add(t, "EOD\n");
    return differences;
}

/* A number without exponent where it needs none. */
static void add_plain(Text *t, const char *words, double value) {
    text_add(t, fabs(value) >= 1000.0 ? "%s%.0f" : "%s%.3g", words, value);
}

static void add_volume_title(Text *t, const EvaluatedLabel *l, double mean, double spread) {
    text_add(t, "set title ");
    add_label(t, l);
    text_add(t, ".': ");
    add_plain(t, "mean ", mean);
    if (isfinite(spread)) add_plain(t, ", limits (1.96 SD) ", mean - spread);
    if (isfinite(spread)) add_plain(t, " to ", mean + spread);
    text_add(t, "'\n");
}

static bool add_volume_panel(Text *t, const Evaluation *e, size_t label, Unit unit) {
    size_t count;
    double *differences = add_volumes(t, e, label, unit.scale, &count);
    double mean = differences ? values_mean(differences, count) : 0.0;
    double spread = differences ? 1.96 * values_deviation(differences, count, 1) : 0.0;
    memory_free(differences);
    if (count == 0) return false;
    add_volume_title(t, &e->label[label], mean, spread);
    text_add(t, "set xlabel 'mean of both, %s'\nset ylabel 'prediction - reference, %s'\n",
             unit.size, unit.size);
    text_add(t,
             "plot $v%zu using 1:2 with points pt 7 ps 0.7 lc rgb '#4477aa' notitle, "
             "%.9g with lines lw 2 lc rgb '#ee6677' notitle",
             label, mean);
    for (int side = -1; side <= 1 && isfinite(spread); side += 2)
        text_add(t, ", %.9g with lines dt 2 lc rgb '#228833' notitle", mean + side * spread);
    text_add(t, "\n");
    return true;
}

Status figure_bland_altman(const Evaluation *e, const char *path, const char **missing,
                           Error *error) {
    Text t = {0};
    size_t labels = size_min(e->rule.labels, VOLUMES_MAX), panels = 0;
    int columns = labels > 1 ? 2 : 1, rows = ((int)labels + columns - 1) / columns;
    *missing = "it needs the metric vol, which was not chosen";
    if (!metric_chosen(&e->rule.metrics, METRIC_VOLUME_REF)) return VOXPERT_OK;
    text_add(&t,
             "%sset offsets graph 0.05, graph 0.05, graph 0.05, graph 0.05\nset rmargin 5\n"
             "set multiplot layout %d,%d title '%s of %zu case%s%s'\n",
             beginning, rows, columns, e->rule.metrics.pictures ? "Areas" : "Volumes", e->count,
             e->count == 1 ? "" : "s", labels < e->rule.labels ? ", the first six labels" : "");
    for (size_t l = 0; l < labels; l++) panels += add_volume_panel(&t, e, l, unit_of(e));
    text_add(&t, "unset multiplot\n");
    *missing = "no case has a label with a size";
    if (panels == 0) {
        text_free(&t);
        return VOXPERT_OK;
    }
    return finish(&t, path, columns * 520, 60 + rows * 360, missing, error);
}
