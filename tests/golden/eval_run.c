#include "tests/golden/eval_run.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/memory.h"
#include "image/volume.h"

/* ---- Lines ---------------------------------------------------------------------------------- */

__attribute__((format(printf, 1, 0))) static char *name_of(const char *format, va_list args) {
    char *name;
    if (vasprintf(&name, format, args) < 0) abort();
    return name;
}

static void line(EvalRun *run, const char *name, double error, double tolerance) {
    bool ok = error <= tolerance; /* false for NaN */
    fprintf(run->report, "%-64s error %.3g  tolerance %.3g  %s\n", name, error, tolerance,
            ok ? "ok" : "FAIL");
    run->numbers++;
    run->failed += !ok;
    double share = tolerance > 0.0 ? error / tolerance : error;
    if (share > run->worst || isnan(share)) {
        run->worst = share;
        snprintf(run->worst_name, sizeof run->worst_name, "%s", name);
    }
}

static void fail(EvalRun *run, const char *name, const char *why) {
    fprintf(run->report, "%-64s FAIL: %s\n", name, why);
    run->numbers++;
    run->failed++;
}

void eval_fail(EvalRun *run, const char *why, const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *name = name_of(format, args);
    va_end(args);
    fail(run, name, why);
    free(name);
}

bool eval_is_remark(const EvalRun *run, const char *key) {
    for (size_t i = 0; run->remarks && run->remarks[i]; i++) {
        if (strcmp(run->remarks[i], key) == 0) return true;
    }
    return false;
}

/* ---- JSON ----------------------------------------------------------------------------------- */

json_t *eval_number(double value) {
    if (isnan(value)) return json_string("nan");
    if (isinf(value)) return json_string(value > 0.0 ? "inf" : "-inf");
    return json_real(value);
}

json_t *eval_count(size_t value) { return json_integer((json_int_t)value); }

json_t *eval_numbers(const double *values, size_t count) {
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) json_array_append_new(list, eval_number(values[i]));
    return list;
}

static bool is_number(const json_t *value) {
    const char *text = json_string_value(value);
    return json_is_number(value) ||
           (text &&
            (strcmp(text, "nan") == 0 || strcmp(text, "inf") == 0 || strcmp(text, "-inf") == 0));
}

double eval_value(const json_t *number) {
    const char *text = json_string_value(number);
    if (text && strcmp(text, "inf") == 0) return (double)INFINITY;
    if (text && strcmp(text, "-inf") == 0) return -(double)INFINITY;
    return json_is_number(number) ? json_number_value(number) : (double)NAN;
}

double *eval_values(json_t *list, size_t *count) {
    size_t n = json_array_size(list);
    double *values = malloc((n + 1) * sizeof *values);
    if (!values) abort();
    for (size_t i = 0; i < n; i++) values[i] = eval_value(json_array_get(list, i));
    *count = n;
    return values;
}

/* ---- Comparing ------------------------------------------------------------------------------ */

static double error_of(const json_t *got, const json_t *want) {
    double g = eval_value(got), w = eval_value(want);
    if (!is_number(got) || !is_number(want)) return (double)NAN;
    if (isnan(g) && isnan(w)) return 0.0;
    if (isinf(w) || isinf(g))
        return isinf(w) && isinf(g) && (w > 0.0) == (g > 0.0) ? 0.0 : (double)NAN;
    double off = fabs(g - w);
    return w == 0.0 ? off : off / fabs(w);
}

static bool all_numbers(json_t *list) {
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (!is_number(json_array_get(list, i))) return false;
    }
    return true;
}

static void compare(EvalRun *run, json_t *got, json_t *want, double tolerance, const char *name);

static void compare_part(EvalRun *run, json_t *got, json_t *want, double tolerance,
                         const char *format, ...) __attribute__((format(printf, 5, 6)));
static void compare_part(EvalRun *run, json_t *got, json_t *want, double tolerance,
                         const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *name = name_of(format, args);
    va_end(args);
    compare(run, got, want, tolerance, name);
    free(name);
}

static void compare_lists(EvalRun *run, json_t *got, json_t *want, double tolerance,
                          const char *name) {
    size_t n = json_array_size(want);
    double worst = 0.0;
    if (!json_is_array(got) || json_array_size(got) != n) {
        fail(run, name, "a list of another length");
        return;
    }
    for (size_t i = 0; i < n && !all_numbers(want); i++)
        compare_part(run, json_array_get(got, i), json_array_get(want, i), tolerance, "%s[%zu]",
                     name, i);
    if (n && !all_numbers(want)) return;
    for (size_t i = 0; i < n; i++) {
        double error = error_of(json_array_get(got, i), json_array_get(want, i));
        if (!(error <= worst)) worst = error; /* NaN stays */
    }
    line(run, name, worst, tolerance);
}

static void compare(EvalRun *run, json_t *got, json_t *want, double tolerance, const char *name) {
    const char *key;
    json_t *value;
    if (!got) {
        fail(run, name, "nothing computes it");
    } else if (json_is_object(want)) {
        json_object_foreach(want, key, value) {
            if (!eval_is_remark(run, key))
                compare_part(run, json_object_get(got, key), value, tolerance, "%s.%s", name, key);
        }
    } else if (json_is_array(want)) {
        compare_lists(run, got, want, tolerance, name);
    } else if (is_number(want)) {
        line(run, name, error_of(got, want), tolerance);
    } else {
        line(run, name, json_equal(got, want) ? 0.0 : (double)NAN, 0.0);
    }
}

void eval_compare(EvalRun *run, json_t *got, json_t *want, double tolerance, const char *format,
                  ...) {
    va_list args;
    va_start(args, format);
    char *name = name_of(format, args);
    va_end(args);
    if (want)
        compare(run, got, want, tolerance, name);
    else
        fail(run, name, "is missing in the golden file");
    json_decref(got);
    free(name);
}

void eval_compare_absolute(EvalRun *run, double got, double want, double tolerance,
                           const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *name = name_of(format, args);
    va_end(args);
    line(run, name, fabs(got - want), tolerance);
    free(name);
}

/* ---- Files ---------------------------------------------------------------------------------- */

bool eval_labels_read(EvalRun *run, EvalLabels *out, const char *relative) {
    Error error;
    Volume *v = NULL;
    char *path = path_join(run->folder, relative);
    *out = (EvalLabels){0};
    if (!path) abort();
    Status status = volume_read(&v, path, &(VolumeReadOptions){.labels = true}, &error);
    if (!status) {
        const double *xyz = v->grid.spacing_xyz_mm;
        *out = (EvalLabels){.size = {v->depth, v->height, v->width},
                            .voxels = volume_voxels(v),
                            .spacing = {xyz[2], xyz[1], xyz[0]}};
        out->label = malloc(out->voxels * sizeof *out->label);
        if (!out->label) abort();
        status = volume_labels(out->label, v, &error);
    }
    if (status) {
        eval_fail(run, error.message, "%s", relative);
        eval_labels_free(out);
    }
    volume_free(v);
    memory_free(path);
    return !status;
}

void eval_labels_free(EvalLabels *l) {
    free(l->label);
    *l = (EvalLabels){0};
}

static int larger_first(const void *a, const void *b) {
    const size_t *p = a, *q = b;
    return (*p < *q) - (*p > *q);
}

json_t *eval_sizes(const size_t *voxels, size_t count, size_t most) {
    size_t *sorted = malloc((count + 1) * sizeof *sorted);
    json_t *list = json_array();
    if (!sorted) abort();
    if (count) memcpy(sorted, voxels, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, larger_first);
    for (size_t i = 0; i < count && i < most; i++)
        json_array_append_new(list, eval_count(sorted[i]));
    free(sorted);
    return list;
}
