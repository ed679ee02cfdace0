/* The rules of the golden README: results, strided results, masks, gradients. */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "tests/golden/run.h"

/* ---- What is stored ------------------------------------------------------------------------- */

/* A tensor as the file has it: whole (stride 1), or some of its elements and its statistics. */
typedef struct Stored {
    float *values;
    size_t count, stride, offset;
    float stats[5]; /* mean, deviation, least, most, norm */
    bool has_stats;
} Stored;

static const StoredTensor *find_part(const GoldenRun *run, const char *name, const char *suffix) {
    char full[256];
    snprintf(full, sizeof full, "%s%s", name, suffix);
    return checkpoint_find(run->file, full);
}

static void mark(GoldenRun *run, const StoredTensor *t) {
    for (size_t i = 0; i < checkpoint_count(run->file); i++) {
        if (checkpoint_tensor(run->file, i) == t) run->compared[i] = true;
    }
}

bool golden_has(const GoldenRun *run, const char *name) {
    return find_part(run, name, "") || find_part(run, name, ".strided");
}

static json_t *strided_entry(const GoldenRun *run, const char *name) {
    return json_object_get(golden_metadata(run, "strided"), name);
}

int golden_shape(const GoldenRun *run, const char *name, size_t dim[CHECKPOINT_MAX_RANK]) {
    const StoredTensor *whole = find_part(run, name, "");
    if (whole) {
        memcpy(dim, whole->dim, sizeof whole->dim);
        return whole->rank;
    }
    json_t *shape = json_object_get(strided_entry(run, name), "shape");
    size_t rank = json_array_size(shape);
    if (rank > CHECKPOINT_MAX_RANK) return 0;
    for (size_t i = 0; i < rank; i++) dim[i] = (size_t)json_integer_value(json_array_get(shape, i));
    return (int)rank;
}

static size_t stored_size(const GoldenRun *run, const char *name) {
    size_t dim[CHECKPOINT_MAX_RANK], size = 1;
    int rank = golden_shape(run, name, dim);
    for (int i = 0; i < rank; i++) size *= dim[i];
    return size;
}

static void stored_free(Stored *s) { free(s->values); }

static bool stored_read(GoldenRun *run, const char *name, Stored *s) {
    const StoredTensor *whole = find_part(run, name, ""), *some = find_part(run, name, ".strided");
    const StoredTensor *stats = find_part(run, name, ".stats");
    json_t *entry = strided_entry(run, name);
    *s = (Stored){.stride = 1};
    if (!whole && some) {
        s->stride = (size_t)json_integer_value(json_object_get(entry, "stride"));
        s->offset = (size_t)json_integer_value(json_object_get(entry, "offset"));
        whole = some;
    }
    if (!whole || s->stride == 0) return false;
    s->count = whole->count;
    s->values = malloc((s->count + 1) * sizeof *s->values);
    if (!s->values) abort();
    stored_tensor_read(whole, s->values);
    mark(run, whole);
    s->has_stats = stats && stats->count == 5;
    if (s->has_stats) stored_tensor_read(stats, s->stats);
    if (s->has_stats) mark(run, stats);
    return true;
}

/* ---- Differences ---------------------------------------------------------------------------- */

typedef struct Difference {
    double max_abs, norm, golden_norm, stats[5]; /* stats: each absolute */
} Difference;

static void statistics(const float *x, size_t n, double stats[5]) {
    double sum = 0.0, squares = 0.0, spread = 0.0, least = HUGE_VAL, most = -HUGE_VAL;
    for (size_t i = 0; i < n; i++) {
        sum += (double)x[i];
        squares += (double)x[i] * (double)x[i];
        least = fmin(least, (double)x[i]);
        most = fmax(most, (double)x[i]);
    }
    double mean = sum / (double)n;
    for (size_t i = 0; i < n; i++) spread += ((double)x[i] - mean) * ((double)x[i] - mean);
    double values[] = {mean, sqrt(spread / (double)n), least, most, sqrt(squares)};
    memcpy(stats, values, sizeof values);
}

static Difference difference_of(const Stored *s, const float *values, size_t count) {
    Difference d = {0};
    for (size_t i = 0; i < s->count; i++) {
        double golden = (double)s->values[i];
        double by = (double)values[s->offset + i * s->stride] - golden;
        d.max_abs = isnan(by) ? HUGE_VAL : fmax(d.max_abs, fabs(by));
        d.norm += by * by;
        d.golden_norm += golden * golden;
    }
    d.norm = sqrt(d.norm);
    d.golden_norm = sqrt(d.golden_norm);
    if (!s->has_stats) return d;
    double stats[5];
    statistics(values, count, stats);
    for (int i = 0; i < 5; i++) d.stats[i] = fabs(stats[i] - (double)s->stats[i]);
    return d;
}

/* Reads the tensor and holds its size against ours. */
static bool prepare(GoldenRun *run, const char *name, size_t count, Stored *s) {
    if (!stored_read(run, name, s)) {
        golden_fail(run, "%s: not in the file", name);
        return false;
    }
    size_t size = stored_size(run, name);
    size_t last = s->count ? s->offset + (s->count - 1) * s->stride : 0;
    if (size == count && (last < count || !s->count)) return true;
    golden_fail(run, "%s: %zu values, not %zu", name, count, size);
    stored_free(s);
    return false;
}

static void conclude(GoldenRun *run, const char *name, const char *numbers, double share) {
    bool ok = share <= 1.0; /* false for NaN */
    run->checks++;
    if (!ok) run->failures++;
    if (!ok || !run->bench->brief)
        fprintf(run->bench->report, "  %-4s %-58s %s\n", ok ? "ok" : "FAIL", name, numbers);
    if (share <= run->worst.share) return;
    run->worst.share = share;
    snprintf(run->worst.name, sizeof run->worst.name, "%.*s", (int)sizeof run->worst.name - 1,
             name);
}

void golden_judge(GoldenRun *run, const char *name, double share, const char *format, ...) {
    char numbers[128];
    va_list args;
    va_start(args, format);
    vsnprintf(numbers, sizeof numbers, format, args);
    va_end(args);
    const StoredTensor *t = checkpoint_find(run->file, name);
    if (t) mark(run, t);
    conclude(run, name, numbers, share);
}

static double error_of(const GoldenRun *run, const char *name, size_t which) {
    json_t *entry = json_object_get(golden_metadata(run, "fp32_error"), name);
    return json_number_value(json_array_get(entry, which));
}

/* Statistics follow from the elements: mean, deviation and extremes move by no more than the
 * largest difference, the norm by no more than the difference's norm. */
static double stats_share(const Difference *d, const Stored *s, double absolute, double relative) {
    double share = 0.0;
    if (!s->has_stats) return share;
    for (int i = 0; i < 4; i++) share = fmax(share, d->stats[i] / absolute);
    return fmax(share, d->stats[4] / fmax(relative * (double)s->stats[4], absolute));
}

void golden_compare(GoldenRun *run, const char *name, const float *values, size_t count) {
    Stored s;
    if (!prepare(run, name, count, &s)) return;
    Difference d = difference_of(&s, values, count);
    double absolute = fmax(10.0 * error_of(run, name, 0), 1e-5);
    double relative = fmax(10.0 * error_of(run, name, 1), 1e-5);
    double rel_l2 = d.golden_norm > 0.0 ? d.norm / d.golden_norm : d.norm > 0.0 ? HUGE_VAL : 0.0;
    double share = d.max_abs / absolute;
    if (count >= 16) share = fmax(share, rel_l2 / relative);
    share = fmax(share, stats_share(&d, &s, absolute, relative));
    char numbers[128];
    snprintf(numbers, sizeof numbers, "max_abs %.2e (%.1e)  rel_l2 %.2e (%.1e)", d.max_abs,
             absolute, rel_l2, relative);
    conclude(run, name, numbers, share);
    run->worst.max_abs = fmax(run->worst.max_abs, d.max_abs);
    if (count >= 16) run->worst.rel_l2 = fmax(run->worst.rel_l2, rel_l2);
    stored_free(&s);
}

void golden_compare_step(GoldenRun *run, const char *name, const float *values, size_t count,
                         size_t first, size_t last, double loose) {
    Stored s;
    if (!prepare(run, name, count, &s)) return;
    double limit = fmax(10.0 * error_of(run, name, 0), 1e-5), share = 0.0, worst = 0.0;
    for (size_t i = 0; i < s.count; i++) {
        size_t at = s.offset + i * s.stride;
        double by = fabs((double)values[at] - (double)s.values[i]);
        bool is_loose = at >= first && at < last;
        if (isnan(by)) by = HUGE_VAL;
        share = fmax(share, by / (is_loose ? fmax(loose, limit) : limit));
        if (!is_loose) worst = fmax(worst, by);
    }
    char numbers[64];
    snprintf(numbers, sizeof numbers, "max_abs %.2e (%.1e)", worst, limit);
    conclude(run, name, numbers, share);
    run->worst.max_abs = fmax(run->worst.max_abs, worst);
    stored_free(&s);
}

void golden_compare_integers(GoldenRun *run, const char *name, const int *values, size_t count) {
    Stored s;
    if (!prepare(run, name, count, &s)) return;
    size_t wrong = 0;
    for (size_t i = 0; i < s.count; i++)
        wrong += (double)s.values[i] != (double)values[s.offset + i * s.stride];
    char numbers[64];
    snprintf(numbers, sizeof numbers, "%zu of %zu differ (0)", wrong, s.count);
    conclude(run, name, numbers, wrong ? HUGE_VAL : 0.0);
    stored_free(&s);
}

/* ---- Masks ---------------------------------------------------------------------------------- */

void golden_compare_masks(GoldenRun *run, const char *name, const uint8_t *values, size_t masks,
                          size_t pixels) {
    char full[256], numbers[64];
    snprintf(full, sizeof full, "%s.mask_bits", name);
    const StoredTensor *t = checkpoint_find(run->file, full);
    size_t row = (pixels + 7) / 8;
    if (!t || t->type != ELEMENT_U8 || t->count != masks * row) {
        golden_fail(run, "%s: not in the file, or of another size", full);
        return;
    }
    mark(run, t);
    size_t most = pixels / 10000 > 4 ? pixels / 10000 : 4, worst = 0;
    for (size_t m = 0; m < masks; m++) {
        size_t differ = 0;
        for (size_t i = 0; i < pixels; i++)
            differ +=
                (values[m * pixels + i] != 0) != (t->bytes[m * row + i / 8] >> (7 - i % 8) & 1);
        if (differ > worst) worst = differ;
    }
    snprintf(numbers, sizeof numbers, "%zu pixels differ (%zu)", worst, most);
    conclude(run, full, numbers, (double)worst / (double)most);
}

/* ---- Gradients ------------------------------------------------------------------------------ */

static double norm_of(const StoredTensor *t) {
    if (text_ends(t->name, ".stats")) {
        float stats[5] = {0};
        if (t->count == 5) stored_tensor_read(t, stats);
        return (double)stats[4];
    }
    if (text_ends(t->name, ".strided") || t->count == 0) return 0.0;
    float *values = malloc(t->count * sizeof *values);
    if (!values) abort();
    stored_tensor_read(t, values);
    double stats[5];
    statistics(values, t->count, stats);
    free(values);
    return stats[4];
}

double golden_largest_gradient(const GoldenRun *run) {
    double largest = 0.0;
    for (size_t i = 0; i < checkpoint_count(run->file); i++) {
        const StoredTensor *t = checkpoint_tensor(run->file, i);
        if (text_starts(t->name, "grad.")) largest = fmax(largest, norm_of(t));
    }
    return largest;
}

void golden_compare_gradient(GoldenRun *run, const char *name, const float *values, size_t count,
                             double largest) {
    Stored s;
    if (!prepare(run, name, count, &s)) return;
    Difference d = difference_of(&s, values, count);
    double relative = fmax(10.0 * error_of(run, name, 1), 5e-5), floor = 1e-7 * largest;
    double share = d.norm / (relative * d.golden_norm + floor);
    if (s.has_stats) {
        double whole = relative * (double)s.stats[4] + floor;
        share = fmax(share, stats_share(&d, &s, whole, relative));
    }
    double rel_l2 = d.golden_norm > 0.0 ? d.norm / d.golden_norm : 0.0;
    char numbers[128];
    snprintf(numbers, sizeof numbers, "max_abs %.2e         rel_l2 %.2e (%.1e)", d.max_abs, rel_l2,
             relative + (d.golden_norm > 0.0 ? floor / d.golden_norm : 0.0));
    conclude(run, name, numbers, share);
    run->worst.max_abs = fmax(run->worst.max_abs, d.max_abs);
    run->worst.rel_l2 = fmax(run->worst.rel_l2, rel_l2);
    stored_free(&s);
}

void golden_compare_zero(GoldenRun *run, const char *name, const float *values, size_t count) {
    static const char *const parts[] = {"", ".strided", ".stats"};
    for (int i = 0; i < 3; i++) {
        const StoredTensor *t = find_part(run, name, parts[i]);
        if (t) mark(run, t);
    }
    double most = 0.0;
    for (size_t i = 0; i < count; i++)
        most = isnan(values[i]) ? HUGE_VAL : fmax(most, fabs((double)values[i]));
    char numbers[64];
    snprintf(numbers, sizeof numbers, "max_abs %.2e (1.0e-06), exactly zero in theory", most);
    conclude(run, name, numbers, most / 1e-6);
}
