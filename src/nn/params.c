#include "nn/params.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/size.h"
#include "base/text.h"
#include "weights/checkpoint_elements.h"

void params_free(Params *p) {
    for (size_t i = 0; i < p->count; i++) {
        Param *q = p->item[i];
        memory_free(q->name);
        memory_free(q->owned);
        memory_free(q->packed);
        memory_free(q->packed_back);
        memory_free(q);
    }
    for (size_t i = 0; i < p->ignored_count; i++) memory_free(p->ignored[i]);
    memory_free(p->ignored);
    memory_free(p->item);
    *p = (Params){0};
}

/* ---- Declaring -------------------------------------------------------------------------- */

size_t params_enter(Params *p, const char *format, ...) {
    size_t outer = strlen(p->prefix), room = sizeof p->prefix - outer;
    va_list args;
    va_start(args, format);
    int length = vsnprintf(p->prefix + outer, room, format, args);
    va_end(args);
    if (length < 0 || (size_t)length + 1 >= room)
        p->failed = true;
    else
        strcat(p->prefix, ".");
    return outer;
}

void params_leave(Params *p, size_t outer) { p->prefix[outer] = '\0'; }

static void engine_shape(Param *q) {
    Tensor *t = &q->tensor;
    const int *d = q->dim;
    t->rank = q->rank;
    memcpy(t->dim, d, sizeof q->dim);
    if (q->layout == LAYOUT_CONVOLUTION) {
        t->rank = 2;
        t->dim[0] = d[0], t->dim[1] = d[1] * d[2] * d[3];
    } else if (q->layout == LAYOUT_TRANSPOSED) {
        t->dim[0] = d[1], t->dim[1] = d[0];
    } else if (q->layout == LAYOUT_TRANSPOSED_CONVOLUTION) {
        t->rank = 2;
        t->dim[0] = d[2] * d[3] * d[1], t->dim[1] = d[0];
    } else if (q->layout == LAYOUT_DEPTHWISE) {
        t->rank = 3;
        t->dim[0] = d[2], t->dim[1] = d[3], t->dim[2] = d[0];
    }
    t->root = t;
}

static Param *param_new(Params *p) {
    p->dummy.tensor.root = &p->dummy.tensor;
    if (p->failed || !memory_grow(&p->item, &p->capacity, p->count, sizeof *p->item)) {
        p->failed = true;
        return &p->dummy;
    }
    Param *q = memory_new(sizeof *q);
    if (!q) {
        p->failed = true;
        return &p->dummy;
    }
    q->form.precision = p->precision;
    p->item[p->count++] = q;
    return q;
}

static char *prefixed(Params *p, const char *name) {
    size_t length = strlen(p->prefix) + strlen(name) + 1;
    char *full = memory_new(length);
    if (full)
        snprintf(full, length, "%s%s", p->prefix, name);
    else
        p->failed = true;
    return full;
}

Param *params_declare(Params *p, const char *name, Layout layout, int rank, const int *dim,
                      Initial initial, int fan) {
    Param *q = param_new(p);
    if (p->failed) return q;
    q->name = prefixed(p, name);
    if (!q->name) return q;
    q->layout = layout;
    q->rank = rank;
    memcpy(q->dim, dim, (size_t)rank * sizeof *dim);
    q->initial = initial;
    q->fan = fan;
    engine_shape(q);
    return q;
}

Param *params_derive(Params *p, int rank, const int *dim) {
    Param *q = param_new(p);
    if (p->failed) return q;
    q->rank = rank;
    memcpy(q->dim, dim, (size_t)rank * sizeof *dim);
    engine_shape(q);
    q->owned = memory_aligned(tensor_bytes(&q->tensor));
    if (!q->owned) p->failed = true;
    q->tensor.data = q->owned;
    return q;
}

void params_ignore(Params *p, const char *glob) {
    if (p->failed ||
        !memory_grow(&p->ignored, &p->ignored_capacity, p->ignored_count, sizeof *p->ignored)) {
        p->failed = true;
        return;
    }
    char *full = prefixed(p, glob);
    if (full) p->ignored[p->ignored_count++] = full;
}

Param *params_find(const Params *p, const char *name) {
    for (size_t i = 0; i < p->count; i++) {
        if (p->item[i]->name && strcmp(p->item[i]->name, name) == 0) return p->item[i];
    }
    return NULL;
}

size_t params_elements(const Params *p) {
    size_t sum = 0;
    for (size_t i = 0; i < p->count; i++) {
        if (p->item[i]->name) sum += tensor_size(&p->item[i]->tensor);
    }
    return sum;
}

size_t params_train(Params *p, const char *glob, bool train) {
    size_t matched = 0;
    for (size_t i = 0; i < p->count; i++) {
        Param *q = p->item[i];
        if (!q->name || q->buffer || !text_matches(q->name, glob)) continue;
        q->tensor.needs_grad = train;
        matched++;
    }
    return matched;
}

/* ---- Layouts ---------------------------------------------------------------------------- */

/* Where value (i, j, k) of the published [a, b, taps] lies in ours. */
static size_t place(Layout layout, size_t a, size_t b, size_t taps, size_t i, size_t j, size_t k) {
    if (layout == LAYOUT_CONVOLUTION) return (i * taps + k) * b + j;
    if (layout == LAYOUT_DEPTHWISE) return k * a + i;
    return (k * b + j) * a + i;
}

/* Between the published order and ours, in blocks of i, so that both sides stay in the cache: large
 * transposed convolutions took seconds otherwise. */
static void move_layout(const Param *p, float *ours, float *published, bool in) {
    enum { BLOCK = 32 };
    size_t a = (size_t)p->dim[0], b = (size_t)p->dim[1];
    size_t taps = p->rank == 2 ? 1 : (size_t)p->dim[2] * (size_t)p->dim[3], rest = b * taps;
    for (size_t first = 0; first < a; first += BLOCK) {
        size_t last = size_min(first + BLOCK, a);
        for (size_t m = 0; m < rest; m++) {
            for (size_t i = first; i < last; i++) {
                size_t mine = place(p->layout, a, b, taps, i, m / taps, m % taps);
                if (in)
                    ours[mine] = published[i * rest + m];
                else
                    published[i * rest + m] = ours[mine];
            }
        }
    }
}

void param_publish(const Param *p, const float *ours, float *out) {
    if (p->layout == LAYOUT_PLAIN) {
        memcpy(out, ours, tensor_bytes(&p->tensor));
        return;
    }
    union {
        const float *from;
        float *to;
    } u = {ours}; /* only read: `in` is false */
    move_layout(p, u.to, out, false);
}

void param_read(const Param *p, float *out) {
    if (p->tensor.data)
        param_publish(p, p->tensor.data, out);
    else
        stored_tensor_read(p->stored, out);
}

void param_write(Param *p, const float *published) {
    if (p->layout == LAYOUT_PLAIN) {
        memcpy(p->owned, published, tensor_bytes(&p->tensor));
        return;
    }
    union {
        const float *from;
        float *to;
    } u = {published}; /* only read: `in` is true */
    move_layout(p, p->owned, u.to, true);
}

static Status no_memory(const Param *p, Error *error) {
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for parameter %s (%zu bytes)",
                     p->name ? p->name : "(derived)", tensor_bytes(&p->tensor));
}

/* A matrix is multiplied by as [first axis of the engine's shape, the rest]. */
static void take_values(Param *p, float *values) {
    Tensor *t = &p->tensor;
    t->data = values;
    if (t->rank == 2)
        p->form = (Weight){
            .out = t->dim[0], .in = t->dim[1], .precision = p->form.precision, .values = values};
}

void params_set_precision(Params *p, Precision precision) {
    p->precision = precision;
    for (size_t i = 0; i < p->count; i++) p->item[i]->form.precision = precision;
}

Status params_stated_precision(Precision *out, const Checkpoint *file, Error *error) {
    const char *stated = checkpoint_metadata(file, "precision");
    Precision found;
    if (!stated) return VOXPERT_OK;
    if (!precision_find(&found, stated))
        return error_set(error, VOXPERT_BAD_MODEL,
                         "%s: its metadata \"precision\" is \"%.60s\", and only f32 is known",
                         checkpoint_path(file), stated);
    *out = found;
    return VOXPERT_OK;
}

const char *params_precision_to_state(const Params *p) {
    return p->precision == PRECISION_F32 ? NULL : precision_name(p->precision);
}

Status param_own(Param *p, Error *error) {
    if (p->owned) return VOXPERT_OK;
    float *copy = memory_aligned(tensor_bytes(&p->tensor));
    if (!copy) return no_memory(p, error);
    if (p->tensor.data) memcpy(copy, p->tensor.data, tensor_bytes(&p->tensor));
    p->owned = copy;
    const void *packed = p->form.packed, *packed_back = p->form.packed_back;
    take_values(p, copy);
    p->form.packed = packed, p->form.packed_back = packed_back;
    return VOXPERT_OK;
}

/* ---- Binding ---------------------------------------------------------------------------- */

static bool same_shape(const Param *p, const StoredTensor *t) {
    if (t->rank != p->rank) return false;
    for (int i = 0; i < t->rank; i++) {
        if (t->dim[i] != (size_t)p->dim[i]) return false;
    }
    return true;
}

static void add_shape(Text *t, int rank, const size_t *dim) {
    text_add(t, "[");
    for (int i = 0; i < rank; i++) text_add(t, i ? ",%zu" : "%zu", dim[i]);
    text_add(t, "]");
}

static void add_misshapen(Text *list, const Param *p, const StoredTensor *t) {
    size_t wanted[TENSOR_MAX_RANK];
    for (int i = 0; i < p->rank; i++) wanted[i] = (size_t)p->dim[i];
    text_add(list, "%s%s is ", list->length ? ", " : "", p->name);
    add_shape(list, t->rank, t->dim);
    text_add(list, " and should be ");
    add_shape(list, p->rank, wanted);
}

static Status check_values(const Param *p, const Checkpoint *c, const float *values, Error *error) {
    size_t count = tensor_size(&p->tensor);
    const char *fault = floats_are_finite(values, count)
                            ? NULL
                            : "a value is not a finite number (NaN or infinite)";
    for (size_t i = 0; p->variance && !fault && i < count; i++)
        if (values[i] < 0.0f) fault = "a variance is below 0";
    if (!fault) return VOXPERT_OK;
    return error_set(error, VOXPERT_BAD_MODEL, "%s: tensor %s: %s: the file is damaged",
                     checkpoint_path(c), p->name, fault);
}

static Status bind_one(Param *p, const Checkpoint *c, const StoredTensor *t, Error *error) {
    p->file = c;
    p->stored = t;
    const float *in_place = stored_tensor_in_place(t);
    if (p->layout == LAYOUT_PLAIN && in_place && !p->owned) {
        union {
            const float *from;
            float *to;
        } u = {in_place}; /* never written to: param_own comes first */
        take_values(p, u.to);
        p->bound = true;
        return check_values(p, c, in_place, error);
    }
    if (!p->owned) p->owned = memory_aligned(tensor_bytes(&p->tensor));
    if (!p->owned) return no_memory(p, error);
    if (p->layout == LAYOUT_PLAIN) {
        stored_tensor_read(t, p->owned);
    } else {
        float *published = memory_new(tensor_bytes(&p->tensor));
        if (!published) return no_memory(p, error);
        stored_tensor_read(t, published);
        param_write(p, published);
        memory_free(published);
    }
    take_values(p, p->owned);
    p->bound = true;
    return check_values(p, c, p->owned, error);
}

/* Lists are cut in the message: a wrong file may miss hundreds. */
static const char *shortened(const Text *list, char *out, size_t size) {
    if (!list->chars) return "";
    snprintf(out, size, "%s", list->chars);
    if (list->length >= size) memcpy(out + size - 4, "...", 4);
    return out;
}

static Status report(const Checkpoint *c, const Text *missing, size_t missing_count,
                     const Text *misshapen, const Text *surplus, Error *error) {
    char a[360], b[300], s[200];
    return error_set(error, VOXPERT_BAD_MODEL, "%s: does not fit the model:%s%s%s%s%s%s%s",
                     checkpoint_path(c), missing_count ? " missing: " : "",
                     shortened(missing, a, sizeof a), misshapen->length ? "; misshapen: " : "",
                     shortened(misshapen, b, sizeof b), surplus->length ? "; surplus: " : "",
                     shortened(surplus, s, sizeof s), "");
}

bool params_ignores(const Params *p, const char *name) {
    for (size_t i = 0; i < p->ignored_count; i++) {
        if (text_matches(name, p->ignored[i])) return true;
    }
    return false;
}

static void list_surplus(const Params *p, const Checkpoint *c, Text *surplus) {
    for (size_t i = 0; i < checkpoint_count(c); i++) {
        const char *name = checkpoint_tensor(c, i)->name;
        if (params_find(p, name) || params_ignores(p, name)) continue;
        text_add(surplus, "%s%s", surplus->length ? ", " : "", name);
    }
}

Status params_bind(Params *p, const Checkpoint *c, bool strict, char *warning, size_t warning_size,
                   Error *error) {
    if (p->failed) return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the parameters");
    Text missing = {0}, misshapen = {0}, surplus = {0};
    Precision precision = p->precision;
    Status status = params_stated_precision(&precision, c, error);
    if (status) return status;
    params_set_precision(p, precision);
    size_t missing_count = 0;
    for (size_t i = 0; !status && i < p->count; i++) {
        Param *q = p->item[i];
        const StoredTensor *t = q->name ? checkpoint_find(c, q->name) : NULL;
        if (!q->name || (!t && (q->optional || q->bound))) continue;
        if (!t)
            text_add(&missing, "%s%s", missing_count++ ? ", " : "", q->name);
        else if (!same_shape(q, t))
            add_misshapen(&misshapen, q, t);
        else
            status = bind_one(q, c, t, error);
    }
    list_surplus(p, c, &surplus);
    if (!status && (missing.failed || misshapen.failed || surplus.failed))
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the parameters");
    if (!status && (missing_count || misshapen.length || (strict && surplus.length)))
        status = report(c, &missing, missing_count, &misshapen, &surplus, error);
    if (warning && warning_size) shortened(&surplus, warning, warning_size);
    if (warning && warning_size && !surplus.length) warning[0] = '\0';
    text_free(&missing);
    text_free(&misshapen);
    text_free(&surplus);
    return status;
}

/* ---- Packing ---------------------------------------------------------------------------- */

static Status pack_one(Param *p, const Kernels *k, const Worker *w, bool back, void **packed,
                       Error *error) {
    size_t bytes = k->weight_bytes(p->form.out, p->form.in, back);
    if (bytes == 0 || *packed) return VOXPERT_OK;
    *packed = memory_aligned(bytes);
    if (!*packed) return no_memory(p, error);
    k->weight_pack(w, *packed, p->form.values, p->form.out, p->form.in, back);
    return VOXPERT_OK;
}

/* A packed matrix needs its plain values no more. */
static void let_go(Param *p) {
    memory_free(p->owned);
    p->owned = NULL;
    p->tensor.data = NULL;
    p->form.values = NULL;
    checkpoint_drop(p->file, p->stored);
}

Status params_pack(Params *p, const char *const *globs, const Kernels *kernels,
                   const Worker *worker, bool back, bool drop, Error *error) {
    Status status = VOXPERT_OK;
    for (size_t i = 0; !status && i < p->count; i++) {
        Param *q = p->item[i];
        if (!q->matrix || !q->form.out || q->tensor.needs_grad || !param_matches(q, globs))
            continue;
        status = pack_one(q, kernels, worker, false, &q->packed, error);
        q->form.packed = q->packed;
        if (!status && back) status = pack_one(q, kernels, worker, true, &q->packed_back, error);
        q->form.packed_back = q->packed_back;
        if (!status && drop && q->packed && q->stored) let_go(q);
    }
    return status;
}

/* ---- Identity and saving ---------------------------------------------------------------- */

static int by_name(const void *a, const void *b) {
    return strcmp((*(Param *const *)a)->name, (*(Param *const *)b)->name);
}

/* The values in the published layout: where they lie, if they lie so, else in `room`. */
static const float *published_values(const Param *p, float *room) {
    const float *stored = p->stored && !p->tensor.data ? stored_tensor_in_place(p->stored) : NULL;
    if (stored) return stored;
    if (p->tensor.data && p->layout == LAYOUT_PLAIN) return p->tensor.data;
    param_read(p, room);
    return room;
}

Status params_identity(const Params *p, char text[HASH_TEXT], Error *error) {
    Param **sorted = memory_new(p->count * sizeof(Param *));
    size_t count = 0, largest = 0;
    for (size_t i = 0; sorted && i < p->count; i++) {
        if (!p->item[i]->name) continue;
        sorted[count++] = p->item[i];
        largest = size_max(largest, tensor_bytes(&p->item[i]->tensor));
    }
    float *values = memory_new(largest);
    if (!sorted || !values) {
        memory_free(sorted);
        memory_free(values);
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory to identify the model");
    }
    qsort(sorted, count, sizeof *sorted, by_name);
    Hash h;
    hash_begin(&h);
    for (size_t i = 0; i < count; i++) {
        const Param *q = sorted[i];
        hash_add(&h, q->name, strlen(q->name) + 1);
        for (int a = 0; a < q->rank; a++) {
            uint64_t dim = (uint64_t)q->dim[a];
            hash_add(&h, &dim, sizeof dim);
        }
        hash_add(&h, published_values(q, values), tensor_bytes(&q->tensor));
    }
    hash_end(&h, text);
    memory_free(sorted);
    memory_free(values);
    return VOXPERT_OK;
}

static void fill_published(float *out, const void *context) { param_read(context, out); }

bool param_matches(const Param *p, const char *const *globs) {
    if (!p->name || !globs) return p->name != NULL;
    for (; *globs; globs++)
        if (text_matches(p->name, *globs)) return true;
    return false;
}

Status params_to_write(const Params *p, const char *const *globs, TensorToWrite **out,
                       size_t *count, Error *error) {
    *count = 0;
    *out = memory_new(p->count * sizeof **out);
    if (!*out) return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory to list the parameters");
    for (size_t i = 0; i < p->count; i++) {
        const Param *q = p->item[i];
        if (!param_matches(q, globs)) continue;
        TensorToWrite *t = &(*out)[(*count)++];
        *t =
            (TensorToWrite){.name = q->name, .rank = q->rank, .fill = fill_published, .context = q};
        for (int a = 0; a < q->rank; a++) t->dim[a] = (size_t)q->dim[a];
    }
    return VOXPERT_OK;
}
