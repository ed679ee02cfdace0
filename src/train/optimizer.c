#include "train/optimizer.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"

static size_t trainable(const Params *p, size_t *bytes) {
    size_t count = 0;
    *bytes = 0;
    for (size_t i = 0; i < p->count; i++) {
        const Tensor *t = &p->item[i]->tensor;
        if (!t->needs_grad) continue;
        count++;
        *bytes += (tensor_bytes(t) + ARENA_ALIGN) * 4;
    }
    return count;
}

static Status slot_open(Slot *s, Param *p, Arena *memory, bool decay_all, Error *error) {
    Status status = param_own(p, error);
    if (status) return status;
    size_t bytes = tensor_bytes(&p->tensor);
    *s = (Slot){.param = p, .decays = decay_all || p->form.out > 0};
    float **part[] = {&s->gradient, &s->first, &s->second, &s->average};
    for (int i = 0; i < 4; i++) {
        *part[i] = arena_alloc(memory, bytes);
        if (!*part[i])
            return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory to train %s", p->name);
        memset(*part[i], 0, bytes);
    }
    memcpy(s->average, p->owned, bytes);
    p->tensor.grad = s->gradient;
    return VOXPERT_OK;
}

Status optimizer_open(Optimizer *o, Params *p, bool decay_all, Error *error) {
    size_t bytes;
    *o = (Optimizer){.count = trainable(p, &bytes)};
    if (o->count == 0)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "no parameter is left to be trained");
    o->slot = memory_new(o->count * sizeof *o->slot);
    Status status = VOXPERT_OK;
    if (!o->slot) status = error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the optimizer");
    if (!status) status = arena_open(&o->memory, bytes, error);
    size_t n = 0;
    for (size_t i = 0; !status && i < p->count; i++) {
        if (p->item[i]->tensor.needs_grad)
            status = slot_open(&o->slot[n++], p->item[i], &o->memory, decay_all, error);
    }
    if (status) optimizer_close(o);
    return status;
}

void optimizer_close(Optimizer *o) {
    for (size_t i = 0; o->slot && i < o->count; i++) {
        if (o->slot[i].param) o->slot[i].param->tensor.grad = NULL;
    }
    memory_free(o->slot);
    arena_close(&o->memory);
    *o = (Optimizer){0};
}

void optimizer_zero(Optimizer *o, const Kernels *k, const Worker *w) {
    for (size_t i = 0; i < o->count; i++) {
        Tensor *t = &o->slot[i].param->tensor;
        k->zero(w, o->slot[i].gradient, tensor_size(t));
        t->used = false;
    }
}

static double norm_of(const Optimizer *o, const Kernels *k, const Worker *w) {
    double sum = 0.0;
    for (size_t i = 0; i < o->count; i++) {
        const Tensor *t = &o->slot[i].param->tensor;
        if (t->used) sum += k->sum_of_squares(w, o->slot[i].gradient, tensor_size(t));
    }
    return sqrt(sum);
}

/* Early averages look back over fewer steps than late ones. */
static void follow(Slot *s, size_t n, double decay, long steps) {
    double early = (1.0 + (double)steps) / (10.0 + (double)steps);
    float by = (float)(1.0 - fmin(decay, early));
    for (size_t i = 0; i < n; i++) s->average[i] += by * (s->param->owned[i] - s->average[i]);
}

double optimizer_step(Optimizer *o, const Kernels *k, const Worker *w, const OptimizerRule *rule,
                      int accumulated) {
    double norm = norm_of(o, k, w) / accumulated, scale = 1.0 / accumulated;
    if (!isfinite(norm)) return norm;
    if (rule->clip > 0.0 && norm > rule->clip) scale *= rule->clip / norm;
    o->steps++;
    for (size_t i = 0; i < o->count; i++) {
        Slot *s = &o->slot[i];
        size_t n = tensor_size(&s->param->tensor);
        if (s->param->tensor.used) {
            AdamStep step = {.lr = (float)rule->lr,
                             .beta1 = (float)rule->beta1,
                             .beta2 = (float)rule->beta2,
                             .eps = (float)rule->eps,
                             .decay = s->decays ? (float)rule->decay : 0.0f,
                             .coupled = rule->kind == OPTIMIZER_ADAM,
                             .gradient_scale = (float)scale,
                             .step = ++s->steps};
            k->adamw(w, s->param->owned, s->first, s->second, s->gradient, n, &step);
        }
        if (rule->average > 0.0) follow(s, n, rule->average, o->steps);
    }
    return norm;
}

void optimizer_swap(Optimizer *o) {
    for (size_t i = 0; i < o->count; i++) {
        Slot *s = &o->slot[i];
        size_t n = tensor_size(&s->param->tensor);
        for (size_t j = 0; j < n; j++) {
            float kept = s->param->owned[j];
            s->param->owned[j] = s->average[j];
            s->average[j] = kept;
        }
    }
}
