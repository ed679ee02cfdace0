#include "tests/golden/inputs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/golden/procedural.h"

void golden_array_free(GoldenArray *a) {
    free(a->values);
    *a = (GoldenArray){0};
}

static bool reserve(GoldenArray *a) {
    a->count = 1;
    for (int i = 0; i < a->rank; i++) a->count *= (size_t)a->dim[i];
    a->values = malloc((a->count + 1) * sizeof *a->values);
    return a->values != NULL;
}

static bool stored(const StoredTensor *t, GoldenArray *a) {
    a->rank = t->rank;
    for (int i = 0; i < t->rank; i++) a->dim[i] = (int)t->dim[i];
    if (!reserve(a)) return false;
    stored_tensor_read(t, a->values);
    return true;
}

/* ---- Functions of a name -------------------------------------------------------------------- */

static double transformed(const char *transform, double x) {
    if (strcmp(transform, "sigmoid") == 0) return 1.0 / (1.0 + exp(-x));
    if (strcmp(transform, "add100_floor") == 0) return floor(x + 100.0);
    return x;
}

static bool is_known(const char *transform) {
    return transform && (strcmp(transform, "none") == 0 || strcmp(transform, "sigmoid") == 0 ||
                         strcmp(transform, "add100_floor") == 0);
}

static bool procedural(const json_t *entry, GoldenArray *a) {
    const char *name = json_string_value(json_object_get(entry, "procedural"));
    const char *transform = json_string_value(json_object_get(entry, "transform"));
    const json_t *shape = json_object_get(entry, "shape");
    double scale = json_number_value(json_object_get(entry, "scale"));
    size_t rank = json_array_size(shape), dim[CHECKPOINT_MAX_RANK];
    if (!name || !is_known(transform) || rank > CHECKPOINT_MAX_RANK) return false;
    a->rank = (int)rank;
    for (size_t i = 0; i < rank; i++) {
        a->dim[i] = (int)json_integer_value(json_array_get(shape, i));
        dim[i] = (size_t)a->dim[i];
    }
    if (!reserve(a)) return false;
    procedural_tensor(name, a->rank, dim, false, a->values);
    for (size_t i = 0; i < a->count; i++)
        a->values[i] = (float)transformed(transform, scale * (double)a->values[i]);
    return true;
}

bool golden_input(const GoldenRun *run, const char *name, GoldenArray *out) {
    *out = (GoldenArray){0};
    const StoredTensor *t = checkpoint_find(run->file, name);
    if (t) return stored(t, out);
    json_t *entry = json_object_get(golden_metadata(run, "procedural_inputs"), name);
    return entry && procedural(entry, out);
}

/* ---- As tensors ----------------------------------------------------------------------------- */

void golden_transpose(float *out, const float *in, size_t a, size_t b, size_t c) {
    for (size_t i = 0; i < a; i++, in += b * c) {
        for (size_t k = 0; k < c; k++) {
            for (size_t j = 0; j < b; j++) *out++ = in[j * c + k];
        }
    }
}

Tensor *golden_map(GoldenRun *run, Compute *cx, const char *name) {
    GoldenArray a;
    if (!golden_input(run, name, &a) || a.rank != 4) {
        golden_fail(run, "input %s is missing or no map", name);
        golden_array_free(&a);
        return NULL;
    }
    const int *d = a.dim;
    Tensor *t = tensor_new(cx, 4, (int[]){d[0], d[2], d[3], d[1]});
    if (compute_ok(cx) && !compute_measures(cx))
        golden_transpose(t->data, a.values, (size_t)d[0], (size_t)d[1],
                         (size_t)d[2] * (size_t)d[3]);
    golden_array_free(&a);
    return t;
}
