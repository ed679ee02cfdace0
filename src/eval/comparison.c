#include "eval/comparison.h"
#include "base/quote.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "eval/report.h"
#include "eval/statistics.h"
#include "eval/summary.h"

BootstrapRule bootstrap_default(void) {
    return (BootstrapRule){.resamples = 10000, .seed = 0, .level = 0.95};
}

void comparison_free(Comparison *c) {
    memory_free(c->other);
    memory_free(c->other_protocol);
    memory_free(c->item);
    *c = (Comparison){0};
}

static Status no_memory(Error *error) {
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory to compare two evaluations");
}

/* ---- What belongs together ------------------------------------------------------------------ */

typedef struct Match {
    const Evaluation *ours, *other;
    const char *name; /* the other's */
    size_t *case_of;  /* the other's index of each of our cases */
    int *label_of;    /* and of each label; -1: none */
    int metric_of[METRICS];
    double *a, *b, *difference; /* room for a value of each case */
} Match;

static Status match_cases(Match *m, Error *error) {
    if (m->ours->count != m->other->count)
        return error_set(error, VOXPERT_BAD_INPUT, "%s: has %zu cases, not %zu", m->name,
                         m->other->count, m->ours->count);
    for (size_t i = 0; i < m->ours->count; i++) {
        const char *name = case_name(&m->ours->item[i]);
        size_t k = 0;
        while (k < m->other->count && strcmp(name, case_name(&m->other->item[k])) != 0) k++;
        if (k == m->other->count && k != 1) /* one pair of files: its name does not matter */
            return error_set(error, VOXPERT_BAD_INPUT, "%s: has no case %s", m->name, name);
        m->case_of[i] = k == m->other->count ? 0 : k;
    }
    return VOXPERT_OK;
}

static void match_labels(Match *m) {
    for (size_t i = 0; i < m->ours->rule.labels; i++) {
        m->label_of[i] = -1;
        for (size_t k = 0; k < m->other->rule.labels; k++)
            if (same_label(&m->ours->label[i], &m->other->label[k])) m->label_of[i] = (int)k;
    }
}

static void match_metrics(Match *m) {
    for (int i = 0; i < METRICS; i++) {
        char name[METRIC_NAME_MAX], same[METRIC_NAME_MAX];
        MetricChoice choice = m->other->rule.metrics;
        Metric found;
        m->metric_of[i] = -1;
        if (!metric_chosen(&m->ours->rule.metrics, (Metric)i) || !metric_compares((Metric)i))
            continue;
        metric_name(name, &m->ours->rule.metrics, (Metric)i);
        if (!metric_find(&found, &choice, name) || !metric_measured(&m->other->rule.metrics, found))
            continue;
        metric_name(same, &m->other->rule.metrics, found);
        if (strcmp(same, name) == 0) m->metric_of[i] = (int)found; /* in the same unit */
    }
}

static void match_free(Match *m) {
    memory_free(m->case_of);
    memory_free(m->label_of);
    memory_free(m->a);
    memory_free(m->b);
    memory_free(m->difference);
}

static Status match_make(Match *m, const Evaluation *ours, const Evaluation *other,
                         const char *name, Error *error) {
    size_t cases = ours->count + 1;
    *m = (Match){.ours = ours,
                 .other = other,
                 .name = name,
                 .case_of = memory_new(cases * sizeof *m->case_of),
                 .label_of = memory_new((ours->rule.labels + 1) * sizeof *m->label_of),
                 .a = memory_new(cases * sizeof *m->a),
                 .b = memory_new(cases * sizeof *m->b),
                 .difference = memory_new(cases * sizeof *m->difference)};
    if (!m->case_of || !m->label_of || !m->a || !m->b || !m->difference) return no_memory(error);
    if (ours->rule.empty != other->rule.empty)
        return error_set(error, VOXPERT_BAD_INPUT,
                         "%s: was made with the rule \"%s\" for empty labels, not \"%s\"", name,
                         empty_policy_name(other->rule.empty), empty_policy_name(ours->rule.empty));
    match_labels(m);
    match_metrics(m);
    return match_cases(m, error);
}

/* ---- One metric ----------------------------------------------------------------------------- */

/* The values of one case; false where either is not finite. */
static bool pair_of_label(const Match *m, size_t item, size_t label, Metric metric, double *ours,
                          double *other) {
    if (m->label_of[label] < 0) return false;
    const LabelScore *a = &m->ours->item[item].label[label];
    const LabelScore *b = &m->other->item[m->case_of[item]].label[m->label_of[label]];
    *ours = a->value[metric];
    *other = b->value[m->metric_of[metric]];
    return !a->skipped && !b->skipped && isfinite(*ours) && isfinite(*other);
}

static bool pair_of_case(const Match *m, size_t item, int label, Metric metric, double *ours,
                         double *other) {
    if (label >= 0) return pair_of_label(m, item, (size_t)label, metric, ours, other);
    double sums[2] = {0.0, 0.0}, a, b;
    size_t count = 0;
    for (size_t l = 0; l < m->ours->rule.labels; l++) {
        if (!pair_of_label(m, item, l, metric, &a, &b)) continue;
        sums[0] += a, sums[1] += b;
        count++;
    }
    *ours = sums[0] / (double)(count ? count : 1);
    *other = sums[1] / (double)(count ? count : 1);
    return count > 0;
}

/* Of 1000 cases the exact test takes 0.1 s for each label and metric, and p agrees with the
 * approximation's to three digits; of 200, 1 ms and two digits. */
enum { EXACT_MOST = 200 };

static Status test_pairs(PairedMetric *p, const Match *m, Error *error) {
    SignedRanks ranks;
    Status status = signed_ranks(&ranks, m->b, m->a, p->pairs, ZEROS_DROPPED, error);
    if (status) return status;
    p->zeros = ranks.zeros;
    p->exact = ranks.ties <= 0.0 && ranks.zeros == 0 && ranks.nonzero <= EXACT_MOST;
    if (p->exact) return wilcoxon_exact(&p->wilcoxon, &ranks, TWO_SIDED, error);
    p->wilcoxon = wilcoxon_asymptotic(&ranks, TWO_SIDED, false);
    return VOXPERT_OK;
}

static Status compare_metric(Comparison *c, const Match *m, int label, Metric metric,
                             Error *error) {
    PairedMetric *p = &c->item[c->count];
    *p = (PairedMetric){.label = label,
                        .metric = metric,
                        .ours = (double)NAN,
                        .other = (double)NAN,
                        .difference = (double)NAN};
    for (size_t i = 0; i < m->ours->count; i++) {
        if (!pair_of_case(m, i, label, metric, &m->a[p->pairs], &m->b[p->pairs])) continue;
        m->difference[p->pairs] = m->a[p->pairs] - m->b[p->pairs];
        p->pairs++;
    }
    p->left_out = m->ours->count - p->pairs;
    if (p->pairs == 0) return VOXPERT_OK; /* nothing is said of it */
    p->ours = values_mean(m->a, p->pairs);
    p->other = values_mean(m->b, p->pairs);
    p->difference = values_mean(m->difference, p->pairs);
    c->count++;
    Status status = bootstrap_mean(&p->interval, m->difference, p->pairs, c->rule, error);
    return status ? status : test_pairs(p, m, error);
}

/* ---- All ------------------------------------------------------------------------------------ */

static Status compare_all(Comparison *c, const Match *m, Error *error) {
    int labels = (int)m->ours->rule.labels;
    Status status = VOXPERT_OK;
    for (int l = 0; l <= labels; l++) {
        bool all = l == labels;
        if (all ? labels < 2 : m->label_of[l] < 0) continue;
        for (int k = 0; k < METRICS && !status; k++) {
            if (m->metric_of[k] >= 0)
                status = compare_metric(c, m, all ? EVERY_LABEL : l, (Metric)k, error);
        }
    }
    if (!status && c->count == 0)
        status = error_set(error, VOXPERT_BAD_INPUT,
                           "%s: has no label and metric in common with what it is compared to, or "
                           "no finite value",
                           m->name);
    return status;
}

Status comparison_make(Comparison *out, const Evaluation *ours, const Evaluation *other,
                       const char *other_name, BootstrapRule rule, Error *error) {
    Match m;
    *out = (Comparison){.ours = ours,
                        .rule = rule,
                        .other = memory_text(other_name),
                        .item = memory_new((ours->rule.labels + 1) * METRICS * sizeof *out->item)};
    Status status = match_make(&m, ours, other, other_name, error);
    if (!status && other->protocol && !(out->other_protocol = memory_text(other->protocol)))
        status = no_memory(error);
    if (!status && (!out->other || !out->item)) status = no_memory(error);
    if (!status) status = compare_all(out, &m, error);
    match_free(&m);
    if (status) comparison_free(out);
    return status;
}

/* ---- Words ---------------------------------------------------------------------------------- */

static void add_label(Text *t, const Comparison *c, const PairedMetric *p, bool title) {
    if (p->label < 0)
        text_add(t, "all");
    else if (title)
        label_title(t, &c->ours->label[p->label]);
    else
        label_key(t, &c->ours->label[p->label]);
}

static void add_member(Text *t, const char *name, double value) {
    text_add(t, ", \"%s\": ", name);
    text_add_double(t, value);
}

static void add_json_row(Text *t, const Comparison *c, const PairedMetric *p) {
    char name[METRIC_NAME_MAX];
    metric_name(name, &c->ours->rule.metrics, p->metric);
    text_add(t, "{\"label\": \"");
    add_label(t, c, p, false);
    text_add(t, "\", \"metric\": \"%s\", \"pairs\": %zu, \"left_out\": %zu", name, p->pairs,
             p->left_out);
    add_member(t, "mean", p->ours);
    add_member(t, "mean_other", p->other);
    add_member(t, "difference", p->difference);
    text_add(t, ", \"interval\": [");
    text_add_double(t, p->interval.low);
    text_add(t, ", ");
    text_add_double(t, p->interval.high);
    text_add(t, "],\n         \"wilcoxon\": {\"method\": \"%s\"",
             p->exact ? "exact" : "asymptotic");
    add_member(t, "statistic", p->wilcoxon.statistic);
    add_member(t, "p", p->wilcoxon.p);
    text_add(t, ", \"zeros\": %zu}}", p->zeros);
}

void comparison_json(Text *t, const Comparison *c) {
    text_add(t, "{\n    \"other\": ");
    text_add_quoted(t, c->other);
    text_add(t,
             ",\n    \"difference\": \"ours - other\",\n    \"bootstrap\": {\"resamples\": %zu, "
             "\"seed\": %llu, \"level\": %.9g},\n    \"metrics\": [",
             c->rule.resamples, (unsigned long long)c->rule.seed, c->rule.level);
    for (size_t i = 0; i < c->count; i++) {
        text_add(t, "%s\n        ", i ? "," : "");
        add_json_row(t, c, &c->item[i]);
    }
    text_add(t, "\n    ]\n}\n");
}

static void add_markdown_row(Text *t, const Comparison *c, const PairedMetric *p) {
    char name[METRIC_NAME_MAX];
    Text label = {0};
    metric_name(name, &c->ours->rule.metrics, p->metric);
    add_label(&label, c, p, true);
    text_add(t, "| ");
    markdown_words(t, label.chars ? label.chars : "");
    text_add(t, " | %s | %zu | %zu | %.4g | %.4g | %.4g | %.4g to %.4g | %.4g | %.4g%s |\n", name,
             p->pairs, p->left_out, p->ours, p->other, p->difference, p->interval.low,
             p->interval.high, p->wilcoxon.statistic, p->wilcoxon.p, p->exact ? "" : " (approx.)");
    t->failed |= label.failed;
    text_free(&label);
}

static void add_protocol(Text *t, const char *whose, const char *protocol) {
    text_add(t, "\n- %s: ", whose);
    markdown_words(t, protocol ? protocol : "predictions of files");
}

static void add_protocols(Text *t, const Comparison *c) {
    if (!c->ours->protocol && !c->other_protocol) return;
    text_add(t, "\n");
    add_protocol(t, "ours", c->ours->protocol);
    add_protocol(t, "other", c->other_protocol);
}

void comparison_markdown(Text *t, const Comparison *c) {
    text_add(t, "# Comparison with ");
    markdown_words(t, c->other);
    add_protocols(t, c);
    text_add(t,
             "\n\nDifferences: ours - other. Interval: %.9g %% of %zu paired bootstrap resamples, "
             "seed %llu. p: Wilcoxon's signed ranks, two-sided, zeros dropped, not corrected for "
             "the number of tests.\n\n| label | metric | pairs | left out | ours | other | "
             "difference | interval | W | p |\n|---|---|---|---|---|---|---|---|---|---|\n",
             100.0 * c->rule.level, c->rule.resamples, (unsigned long long)c->rule.seed);
    for (size_t i = 0; i < c->count; i++) add_markdown_row(t, c, &c->item[i]);
}
