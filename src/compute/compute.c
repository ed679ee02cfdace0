#include "compute/compute.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/size.h"

bool compute_ok(const Compute *cx) { return cx->failure == NULL; }

bool compute_measures(const Compute *cx) { return cx->kernels == &kernels_measuring; }

static const char no_memory[] = "out of memory for tensors", interrupted[] = "interrupted";

Tensor *compute_fail(Compute *cx, const char *why) {
    if (!cx->failure) cx->failure = why;
    cx->dummy = (Tensor){.rank = TENSOR_MAX_RANK, .dim = {1, 1, 1, 1, 1, 1}};
    cx->dummy.root = &cx->dummy;
    return &cx->dummy;
}

Status compute_status(const Compute *cx, Error *error) {
    if (compute_ok(cx)) return VOXPERT_OK;
    if (cx->failure == no_memory)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s (%zu of %zu bytes in use)", no_memory,
                         cx->memory->used, cx->memory->capacity);
    if (cx->failure == interrupted)
        return error_set(error, VOXPERT_INTERRUPTED, "the work was interrupted by the caller");
    return error_set(error, VOXPERT_BAD_MODEL, "the model's shapes do not fit together: %s",
                     cx->failure);
}

void compute_progress(Compute *cx, size_t done, size_t total) {
    if (!cx->progress || !compute_ok(cx) || compute_measures(cx)) return;
    if (cx->progress(cx->progress_context, done, total)) compute_fail(cx, interrupted);
}

void compute_observe(const Compute *cx, const Tensor *t, const char *format, ...) {
    if (!cx->observe || !compute_ok(cx)) return;
    char stage[96];
    va_list args;
    va_start(args, format);
    vsnprintf(stage, sizeof stage, format, args);
    va_end(args);
    cx->observe(cx->observer, stage, t);
}

/* ---- Tensors ---------------------------------------------------------------------------- */

size_t tensor_rows(const Tensor *t) {
    size_t rows = 1;
    for (int i = 0; i + 1 < t->rank; i++) rows *= (size_t)t->dim[i];
    return rows;
}

int tensor_cols(const Tensor *t) { return t->dim[t->rank - 1]; }

size_t tensor_size(const Tensor *t) { return tensor_rows(t) * (size_t)tensor_cols(t); }

size_t tensor_bytes(const Tensor *t) { return tensor_size(t) * sizeof(float); }

bool tensor_same_shape(const Tensor *a, const Tensor *b) {
    return a->rank == b->rank && memcmp(a->dim, b->dim, (size_t)a->rank * sizeof *a->dim) == 0;
}

static Tensor *header_new(Compute *cx, int rank, const int *dim) {
    Tensor *t = arena_alloc(cx->records, sizeof *t);
    if (!t) return compute_fail(cx, no_memory);
    *t = (Tensor){.rank = rank, .root = t};
    memcpy(t->dim, dim, (size_t)rank * sizeof *dim);
    return t;
}

Tensor *tensor_new(Compute *cx, int rank, const int *dim) {
    if (!compute_ok(cx)) return &cx->dummy;
    assert(rank >= 1 && rank <= TENSOR_MAX_RANK);
    Tensor *t = header_new(cx, rank, dim);
    if (!compute_ok(cx)) return t;
    t->data = arena_alloc(cx->memory, tensor_bytes(t));
    return t->data ? t : compute_fail(cx, no_memory);
}

Tensor *tensor_zeros(Compute *cx, int rank, const int *dim) {
    Tensor *t = tensor_new(cx, rank, dim);
    if (compute_ok(cx)) cx->kernels->zero(cx->worker, t->data, tensor_size(t));
    return t;
}

Tensor *tensor_like(Compute *cx, const Tensor *t) { return tensor_new(cx, t->rank, t->dim); }

Tensor *tensor_from(Compute *cx, int rank, const int *dim, const float *values) {
    Tensor *t = tensor_new(cx, rank, dim);
    if (compute_ok(cx)) cx->kernels->copy(cx->worker, t->data, values, tensor_size(t));
    return t;
}

Tensor *tensor_over(Compute *cx, int rank, const int *dim, float *values) {
    if (!compute_ok(cx)) return &cx->dummy;
    Tensor *t = header_new(cx, rank, dim);
    if (compute_ok(cx)) t->data = values;
    return t;
}

Tensor *tensor_view(Compute *cx, Tensor *t, size_t offset, int rank, const int *dim) {
    if (!compute_ok(cx)) return &cx->dummy;
    Tensor *view = header_new(cx, rank, dim);
    if (!compute_ok(cx)) return view;
    if (offset > tensor_size(t) || tensor_size(view) > tensor_size(t) - offset)
        return compute_fail(cx, "view: larger than its tensor");
    view->data = t->data ? t->data + offset : NULL; /* one that is only measured has none */
    view->root = t->root;
    return view;
}

/* ---- Scopes ----------------------------------------------------------------------------- */

Scope scope_begin(Compute *cx) {
    return (Scope){cx->memory->used, cx->records->used, cx->tape ? cx->tape->count : 0};
}

void scope_drop(Compute *cx, Scope s) {
    arena_release(cx->memory, s.memory);
    arena_release(cx->records, s.records);
}

static bool tape_grew(const Compute *cx, Scope s) { return cx->tape && cx->tape->count > s.nodes; }

Tensor *scope_end(Compute *cx, Scope s, Tensor *into, Tensor *result) {
    if (!compute_ok(cx)) return &cx->dummy;
    assert(!into->root->kept || into->root->held);
    if (into->root->held || tape_grew(cx, s)) return result;
    if (tensor_size(into) != tensor_size(result)) return compute_fail(cx, "scope: sizes differ");
    if (result != into) cx->kernels->copy(cx->worker, into->data, result->data, tensor_size(into));
    into->root->needs_grad |= result->root->needs_grad; /* of a probing tape */
    scope_drop(cx, s);
    return into;
}

Tensor *scope_return(Compute *cx, Scope s, Tensor *result) {
    if (!compute_ok(cx)) return &cx->dummy;
    if (tape_grew(cx, s)) return result;
    Tensor header = *result;
    const float *from = result->data;
    bool needs_grad = result->root->needs_grad;

    bool scribble = cx->memory->scribble; /* the contents must survive the release */
    size_t before = cx->memory->used;
    cx->memory->scribble = false;
    scope_drop(cx, s);
    Tensor *moved = tensor_new(cx, header.rank, header.dim);
    if (compute_ok(cx)) {
        if (!compute_measures(cx)) memmove(moved->data, from, tensor_bytes(moved));
        moved->needs_grad = needs_grad;
    }
    size_t after = cx->memory->used;
    cx->memory->used = size_max(before, after);
    cx->memory->scribble = scribble;
    arena_release(cx->memory, after);
    return moved;
}

/* ---- The backward pass ----------------------------------------------------------------------- */

bool tape_needs(const Compute *cx, int inputs, Tensor *const *in) {
    if (!cx->tape) return false;
    bool needed = false;
    for (int i = 0; i < inputs; i++) needed |= in[i] && in[i]->root->needs_grad;
    return needed;
}

void tape_touch(const Compute *cx, Tensor *t) {
    if (cx->tape && t && t->root->needs_grad) t->root->used = true;
}

static void *record_copy(Compute *cx, const void *from, size_t bytes) {
    void *copy = arena_alloc(cx->records, bytes);
    if (!copy)
        compute_fail(cx, no_memory);
    else if (bytes)
        memcpy(copy, from, bytes);
    return copy;
}

static Tensor *tape_push(Compute *cx, BackwardFn *back, Tensor *out, int inputs, Tensor *const *in,
                         const void *how, size_t how_bytes) {
    Node node = {cx->tape->last, back, out, inputs, NULL, NULL};
    node.in = record_copy(cx, in, (size_t)inputs * sizeof(Tensor *));
    if (how_bytes) node.how = record_copy(cx, how, how_bytes);
    Node *n = record_copy(cx, &node, sizeof node);
    if (!compute_ok(cx)) return &cx->dummy;
    for (int i = 0; i < inputs; i++) {
        if (in[i]) in[i]->root->held = true;
    }
    out->root->held = true; /* some ways back look at what came out */
    cx->tape->last = n;
    cx->tape->count++;
    return out;
}

Tensor *tape_record(Compute *cx, BackwardFn *back, Tensor *out, int inputs, Tensor *const *in,
                    const void *how, size_t how_bytes) {
    if (!compute_ok(cx)) return &cx->dummy;
    if (!tape_needs(cx, inputs, in)) return out;
    out->root->needs_grad = true;
    cx->tape->touched = true;
    if (cx->tape->probing) return out;

    return tape_push(cx, back, out, inputs, in, how, how_bytes);
}

static bool grad_wanted(const Compute *cx, const Tensor *t) {
    return t && t->root->needs_grad && compute_ok(cx);
}

static bool grad_make(Compute *cx, Tensor *root) {
    root->grad = arena_alloc(cx->memory, tensor_bytes(root));
    if (!root->grad) compute_fail(cx, no_memory);
    return root->grad != NULL;
}

float *grad_of(Compute *cx, Tensor *t) {
    if (!grad_wanted(cx, t)) return NULL;
    Tensor *root = t->root;
    if (!root->grad) {
        if (!grad_make(cx, root)) return NULL;
        cx->kernels->zero(cx->worker, root->grad, tensor_size(root));
    }
    return root->grad + (t->data - root->data);
}

Into grad_into(Compute *cx, Tensor *t) {
    bool fresh = grad_wanted(cx, t) && t->root == t && !t->grad;
    if (!fresh) return (Into){grad_of(cx, t), false};
    return (Into){grad_make(cx, t) ? t->grad : NULL, true};
}

void grad_shared(Compute *cx, Tensor *a, Tensor *b) {
    if (a->root == b->root) grad_of(cx, a); /* so that neither finds it fresh */
}

static bool grad_hand_over(Compute *cx, Tensor *out, Tensor *t) {
    if (cx->keeps_gradients || !grad_wanted(cx, t) || t->root->grad) return false;
    if (t->root != t || out->root != out || tensor_size(t) != tensor_size(out)) return false;
    t->grad = out->grad;
    out->grad = NULL;
    return true;
}

Into grad_over(Compute *cx, Tensor *out, Tensor *t) {
    return grad_hand_over(cx, out, t) ? (Into){t->grad, true} : grad_into(cx, t);
}

void grad_add(Compute *cx, const Tensor *out, Tensor *t) {
    Into to = grad_into(cx, t);
    if (!to.at) return;
    (to.fresh ? cx->kernels->copy : cx->kernels->accumulate)(cx->worker, to.at, tensor_grad(out),
                                                             tensor_size(t));
}

void grad_pass(Compute *cx, Tensor *out, Tensor *t) {
    if (!grad_hand_over(cx, out, t)) grad_add(cx, out, t);
}

const float *tensor_grad(const Tensor *t) {
    return t->root->grad ? t->root->grad + (t->data - t->root->data) : NULL;
}

void backward(Compute *cx, Tensor *loss) {
    float *seed = grad_of(cx, loss);
    if (seed && !compute_measures(cx)) seed[0] = 1.0f;
    backward_from(cx);
}

/* What a loss does not depend on has no gradient, whatever a forward pass did with it. */
static void mark_used(const Node *n) {
    for (int i = 0; i < n->inputs; i++) {
        if (n->in[i] && n->in[i]->root->needs_grad) n->in[i]->root->used = true;
    }
}

void backward_from(Compute *cx) {
    while (compute_ok(cx) && cx->tape->last) {
        const Node *n = cx->tape->last;
        cx->tape->last = n->previous;
        cx->tape->count--;
        if (!n->out->root->grad) continue;
        mark_used(n);
        n->backward(cx, n);
    }
}

/* ---- Recomputing ------------------------------------------------------------------------ */

typedef struct Recompute {
    RecomputeFn *fn;
    const void *how;
} Recompute;

static void recompute_backward(Compute *cx, const Node *n) {
    const Recompute *r = n->how;
    for (int i = 0; i < n->inputs; i++) grad_of(cx, n->in[i]); /* must outlive what follows */

    Tape inner = {0}, *outer = cx->tape;
    Scope s = scope_begin(cx);
    cx->tape = &inner;
    Tensor *again = r->fn(cx, n->in, r->how);
    if (compute_ok(cx)) {
        grad_pass(cx, n->out, again);
        backward_from(cx);
    }
    cx->tape = outer;
    scope_drop(cx, s);
}

Tensor *recompute(Compute *cx, RecomputeFn *fn, int inputs, Tensor *const *in, const void *how,
                  size_t how_bytes) {
    if (!compute_ok(cx)) return &cx->dummy;
    if (!cx->tape) return fn(cx, in, how);

    Recompute r = {fn, how_bytes ? record_copy(cx, how, how_bytes) : NULL};
    if (!compute_ok(cx)) return &cx->dummy;
    for (int i = 0; i < inputs; i++) {
        if (in[i]) in[i]->root->held = true; /* fn runs again on the same contents */
    }
    Tape probe = {.probing = true}, *outer = cx->tape;
    Scope s = scope_begin(cx);
    cx->tape = &probe;
    Tensor *out = fn(cx, in, r.how);
    out = scope_return(cx, s, out);
    cx->tape = outer;
    if (!compute_ok(cx) || !probe.touched) return out;

    outer->touched = true;
    if (outer->probing) return out;
    out->needs_grad = true; /* a parameter inside may be all that trains */
    return tape_push(cx, recompute_backward, out, inputs, in, &r, sizeof r);
}
