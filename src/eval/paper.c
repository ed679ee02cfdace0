#include "eval/paper.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/quote.h"
#include "eval/report.h"
#include "eval/statistics.h"
#include "eval/summary.h"

/* ---- Values --------------------------------------------------------------------------------- */

PaperValue paper_value(const Evaluation *e, int label, Metric m) {
    size_t count = 0, finite = 0;
    double *values = metric_values(e, label, m, &count);
    PaperValue v = {.mean = (double)NAN, .deviation = (double)NAN};
    if (!values) return v;
    for (size_t i = 0; i < count; i++) {
        if (isfinite(values[i])) values[finite++] = values[i];
    }
    v = (PaperValue){values_mean(values, finite), values_deviation(values, finite, 1), finite,
                     count - finite};
    memory_free(values);
    return v;
}

/* The method's label that is the first one's; `*label` may be EVERY_LABEL.  False: it has none. */
static bool label_of(const Evaluation *first, const Evaluation *e, int *label) {
    if (*label == EVERY_LABEL) return true;
    for (size_t i = 0; i < e->rule.labels; i++) {
        if (!same_label(&first->label[*label], &e->label[i])) continue;
        *label = (int)i;
        return true;
    }
    return false;
}

/* The p of a metric, by the first method's label; NaN where it was not tested. */
static double p_of(const PaperMethod *m, int label, Metric metric) {
    for (size_t i = 0; m->comparison && i < m->comparison->count; i++) {
        const PairedMetric *p = &m->comparison->item[i];
        if (p->label == label && p->metric == metric) return p->wilcoxon.p;
    }
    return (double)NAN;
}

/* ---- Rows ----------------------------------------------------------------------------------- */

static int labels_of(const PaperTable *table) {
    int labels = (int)table->method[0].evaluation->rule.labels;
    return labels > 1 ? labels + 1 : labels; /* and all together */
}

static int label_at(const PaperTable *table, int row) {
    return row == (int)table->method[0].evaluation->rule.labels ? EVERY_LABEL : row;
}

static void add_title(Text *t, const PaperTable *table, int label) {
    if (label == EVERY_LABEL)
        text_add(t, "all");
    else
        label_title(t, &table->method[0].evaluation->label[label]);
}

static bool compares(const PaperTable *table) {
    for (size_t i = 0; i < table->methods; i++) {
        if (table->method[i].comparison) return true;
    }
    return false;
}

/* ---- Tables --------------------------------------------------------------------------------- */

static bool is_distance(Metric m) { return m >= METRIC_HD_ELEMENTS && m <= METRIC_ASSD_BORDERS; }

/* Of both kinds of surfaces one column is enough. */
static bool is_column(const PaperTable *table, Metric m) {
    bool border = (m >= METRIC_HD_BORDERS && m <= METRIC_ASSD_BORDERS) ||
                  (m >= METRIC_NSD_BORDERS && m < METRIC_VOLUME_REF);
    bool count = m == METRIC_LESIONS_MISSED || m == METRIC_LESIONS_SURPLUS;
    return metric_chosen(&table->method[0].evaluation->rule.metrics, m) && metric_compares(m) &&
           !border && !count;
}

static void add_cell(Text *t, const Evaluation *e, int label, Metric m) {
    PaperValue v = paper_value(e, label, m);
    int digits = is_distance(m) ? 2 : 3;
    if (v.counted == 0)
        text_add(t, "-");
    else if (v.counted == 1)
        text_add(t, "%.*f", digits, v.mean);
    else
        text_add(t, "%.*f (%.*f)", digits, v.mean, digits, v.deviation);
    if (v.infinite) text_add(t, " +%zu inf", v.infinite);
}

/* What differs between Markdown and LaTeX. */
typedef struct Style {
    const char *between, *end;
    void (*words)(Text *t, const char *text);
} Style;

/* A name in LaTeX: printable, and without what LaTeX would take as its own. */
static void latex_words(Text *t, const char *text) {
    static const char own[] = "&%$#_{}";
    Text printable = {0};
    text_add_printable(&printable, text);
    for (const char *p = printable.chars; p && *p; p++) {
        if (*p == '\\')
            text_add(t, "\\textbackslash{}");
        else if (*p == '~' || *p == '^')
            text_add(t, "\\%c{}", *p);
        else if (*p == '<' || *p == '>' || *p == '|' || *p == '"')
            text_add(t, *p == '<'   ? "\\textless{}"
                        : *p == '>' ? "\\textgreater{}"
                        : *p == '|' ? "\\textbar{}"
                                    : "\\textquotedbl{}");
        else
            text_add(t, strchr(own, *p) ? "\\%c" : "%c", *p);
    }
    t->failed |= printable.failed;
    text_free(&printable);
}

static void add_words(Text *t, const Style *style, Text *words) {
    style->words(t, words->chars ? words->chars : "");
    t->failed |= words->failed;
    text_free(words);
}

static void add_row(Text *t, const PaperTable *table, const Style *style, int row, size_t method) {
    const PaperMethod *m = &table->method[method];
    int label = label_at(table, row), own = label;
    bool has = label_of(table->method[0].evaluation, m->evaluation, &own);
    Text title = {0}, name = {0};
    add_title(&title, table, label);
    text_add(&name, "%s", m->name);
    add_words(t, style, &title);
    text_add(t, "%s", style->between);
    add_words(t, style, &name);
    text_add(t, "%s%zu", style->between, m->evaluation->count);
    for (int k = 0; k < METRICS; k++) {
        if (!is_column(table, (Metric)k)) continue;
        text_add(t, "%s", style->between);
        if (has) add_cell(t, m->evaluation, own, (Metric)k);
    }
    if (compares(table)) {
        double p = p_of(m, label, METRIC_DICE);
        text_add(t, isnan(p) ? "%s" : p < 0.001 ? "%s< 0.001" : "%s%.3f", style->between, p);
    }
    text_add(t, "%s", style->end);
}

/* The names of the columns; returns how many. */
static int add_head(Text *t, const PaperTable *table, const Style *style) {
    char name[METRIC_NAME_MAX];
    int columns = 3;
    text_add(t, "label%smethod%scases", style->between, style->between);
    for (int k = 0; k < METRICS; k++) {
        if (!is_column(table, (Metric)k)) continue;
        metric_name(name, &table->method[0].evaluation->rule.metrics, (Metric)k);
        text_add(t, "%s", style->between);
        style->words(t, name);
        columns++;
    }
    if (!compares(table)) return columns;
    text_add(t, "%sp (Dice)", style->between);
    return columns + 1;
}

static const char caption[] =
    "Mean (SD over n - 1) over cases; values that are infinite are left out "
    "and counted (+n inf).";

static void add_caption(Text *t, const PaperTable *table, const Style *style) {
    Text words = {0};
    const char *protocol = table->method[0].evaluation->protocol;
    if (protocol) text_add(&words, "Predictions: %s. ", protocol);
    text_add(&words, "%s", caption);
    if (compares(table))
        text_add(&words,
                 " p: Wilcoxon's signed ranks of Dice against %s, two-sided, not corrected for the "
                 "number of tests.",
                 table->method[0].name);
    add_words(t, style, &words);
}

/* A comment that LaTeX does not set. */
static void latex_warnings(Text *t, const PaperMethod *m) {
    const char *next = warnings_lines(&m->evaluation->warnings), *line;
    size_t length;
    while (warnings_next(&next, &line, &length)) {
        text_add(t, "%% Warning (");
        text_add_printable(t, m->name);
        text_add(t, "): %.*s\n", (int)length, line);
    }
}

void paper_markdown(Text *t, const PaperTable *table) {
    const Style style = {" | ", " |\n", markdown_words};
    add_caption(t, table, &style);
    text_add(t, "\n\n| ");
    int columns = add_head(t, table, &style);
    text_add(t, " |\n|");
    for (int i = 0; i < columns; i++) text_add(t, "---|");
    text_add(t, "\n");
    for (int row = 0; row < labels_of(table); row++) {
        for (size_t m = 0; m < table->methods; m++) {
            text_add(t, "| ");
            add_row(t, table, &style, row, m);
        }
    }
    bool any = false;
    for (size_t m = 0; m < table->methods; m++) {
        const PaperMethod *of = &table->method[m];
        if (of->evaluation->warnings.count && !any) text_add(t, "\n");
        any |= of->evaluation->warnings.count > 0;
        markdown_warnings(t, &of->evaluation->warnings, of->name);
    }
}

void paper_latex(Text *t, const PaperTable *table) {
    const Style style = {" & ", " \\\\\n", latex_words};
    Text head = {0};
    int columns = add_head(&head, table, &style);
    text_add(t, "%% ");
    add_caption(t, table, &style);
    text_add(t, "\n");
    for (size_t m = 0; m < table->methods; m++) latex_warnings(t, &table->method[m]);
    text_add(t, "\\begin{tabular}{ll");
    for (int i = 2; i < columns; i++) text_add(t, "r");
    text_add(t, "}\n\\toprule\n%s \\\\\n\\midrule\n", head.chars ? head.chars : "");
    for (int row = 0; row < labels_of(table); row++) {
        for (size_t m = 0; m < table->methods; m++) add_row(t, table, &style, row, m);
        if (row + 1 < labels_of(table)) text_add(t, "\\midrule\n");
    }
    text_add(t, "\\bottomrule\n\\end{tabular}\n");
    t->failed |= head.failed;
    text_free(&head);
}

/* ---- CSV ------------------------------------------------------------------------------------ */

static void add_csv_row(Text *t, const PaperTable *table, int label, size_t method, Metric metric) {
    const PaperMethod *m = &table->method[method];
    int own = label;
    char name[METRIC_NAME_MAX];
    Text title = {0};
    if (!label_of(table->method[0].evaluation, m->evaluation, &own)) return;
    PaperValue v = paper_value(m->evaluation, own, metric);
    metric_name(name, &m->evaluation->rule.metrics, metric);
    add_title(&title, table, label);
    text_add_csv_field(t, title.chars ? title.chars : "");
    text_add(t, ",");
    text_add_csv_field(t, m->name);
    text_add(t, ",%s,", name);
    const double values[] = {v.mean, v.deviation, p_of(m, label, metric)};
    for (int i = 0; i < 2; i++) {
        number_text(t, values[i], NUMBERS_TABLE);
        text_add(t, ",");
    }
    text_add(t, "%zu,%zu,", v.counted, v.infinite);
    if (!isnan(values[2])) text_add_double(t, values[2]);
    text_add(t, ",");
    warnings_csv(t, &m->evaluation->warnings);
    text_add(t, "\n");
    t->failed |= title.failed;
    text_free(&title);
}

void paper_csv(Text *t, const PaperTable *table) {
    const MetricChoice *c = &table->method[0].evaluation->rule.metrics;
    text_add(t, "label,method,metric,mean,sd,n,infinite,p,warnings\n");
    for (int row = 0; row < labels_of(table); row++) {
        for (size_t m = 0; m < table->methods; m++) {
            for (int k = 0; k < METRICS; k++) {
                if (metric_chosen(c, (Metric)k) && metric_compares((Metric)k))
                    add_csv_row(t, table, label_at(table, row), m, (Metric)k);
            }
        }
    }
}
