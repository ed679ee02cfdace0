/* compute.h - tensors, and the context that computes with them.
 *
 * A Compute is one thread's line of work: a backend, an arena for what it makes, and - only while
 * training - a tape that remembers how to go back.  The first failure (memory, shape) sticks: later
 * ops do nothing and return a harmless dummy, so model code reads straight through and the caller
 * asks compute_ok() once, at the end.
 *
 * A Compute on measuring arenas and `kernels_measuring` runs the same code without touching memory;
 * the arenas' peaks are then what the work needs. */
#ifndef COMPUTE_COMPUTE_H
#define COMPUTE_COMPUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/threads.h"
#include "compute/kernels.h"

enum { TENSOR_MAX_RANK = 6 };

/* Dense, row-major, channels last.  Made by ops; owned by the arena it came from.  A view shares
 * the storage of its root, gradient and flags included; a root is its own root. */
typedef struct Tensor Tensor;
struct Tensor {
    float *data; /* on the backend's device */
    Tensor *root;
    int rank;
    int dim[TENSOR_MAX_RANK];

    /* Of roots only: */
    float *grad;     /* NULL before a backward pass and once handed on, or its trainer's */
    bool needs_grad; /* trainable, or computed from something trainable */
    bool held;       /* the tape still needs these contents */
    bool kept;       /* handed out of its block by op_keep */
    bool used;       /* a loss that was differentiated depends on it, with a gradient that may be
                        zero (for optimizers: PyTorch's gradient is then not None) */
};

typedef struct Compute Compute;
typedef struct Node Node;

/* Adds this node's share to the gradients of n->in, given tensor_grad(n->out). */
typedef void BackwardFn(Compute *cx, const Node *n);

struct Node {
    Node *previous;
    BackwardFn *backward;
    Tensor *out;
    int inputs;
    Tensor **in;     /* some may be NULL */
    const void *how; /* what else the backward pass needs: attributes, kept tensors */
};

typedef struct Tape {
    Node *last;
    size_t count;
    bool probing; /* notes whether anything would be recorded, and records nothing */
    bool touched; /* what it noted */
} Tape;

struct Compute {
    const Kernels *kernels;
    const Worker *worker;
    Arena *memory;  /* tensor contents, on the backend's device */
    Arena *records; /* tensor headers and tape nodes, on the host */
    Tape *tape;     /* NULL: inference, nothing is remembered */
    Tensor dummy;
    const char *failure; /* NULL while all is well; a constant text */

    /* Shown the stages of a model as they are computed: for tests and the curious.  May be NULL. */
    void (*observe)(void *observer, const char *stage, const Tensor *t);
    void *observer;
    /* Called by compute_progress, between the blocks of an encoder, with how many of `total` are
     * done; true ends the work.  May be NULL. */
    bool (*progress)(void *context, size_t done, size_t total);
    void *progress_context;
    bool keeps_gradients; /* of every tensor, to be looked at afterwards: none is handed over */
};

bool compute_ok(const Compute *cx);
bool compute_measures(const Compute *cx); /* contents must not be looked at */

/* Records the first failure and returns the dummy tensor. */
Tensor *compute_fail(Compute *cx, const char *why);

/* Shows a stage to the observer, if there is one. */
void compute_observe(const Compute *cx, const Tensor *t, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Reports progress, if anybody listens, and fails where the listener wants the work to end. */
void compute_progress(Compute *cx, size_t done, size_t total);

/* A sentence for the caller: VOXPERT_OUT_OF_MEMORY where memory ran out, VOXPERT_INTERRUPTED where
 * progress ended the work, else a bug of ours. */
MUST_CHECK Status compute_status(const Compute *cx, Error *error);

Tensor *tensor_new(Compute *cx, int rank, const int *dim); /* contents undefined */
Tensor *tensor_zeros(Compute *cx, int rank, const int *dim);
Tensor *tensor_like(Compute *cx, const Tensor *t);
Tensor *tensor_from(Compute *cx, int rank, const int *dim, const float *values); /* a copy */

/* A tensor on values that are the caller's and outlive the work; ops only read them. */
Tensor *tensor_over(Compute *cx, int rank, const int *dim, float *values);

/* The same elements, or those from element `offset` on, under another shape; no copy. */
Tensor *tensor_view(Compute *cx, Tensor *t, size_t offset, int rank, const int *dim);

size_t tensor_size(const Tensor *t);
size_t tensor_bytes(const Tensor *t);
size_t tensor_rows(const Tensor *t); /* product of all but the last dim */
int tensor_cols(const Tensor *t);    /* the last dim */
bool tensor_same_shape(const Tensor *a, const Tensor *b);

/* Ends a scope: `result` moves into `into`, made before the scope and of equal size, and all that
 * was made since is freed.  Where the backward pass needs any of it - something inside is on the
 * tape, or the tape holds `into` - the scope keeps everything and returns `result` as it is. */
typedef struct Scope {
    size_t memory, records, nodes;
} Scope;
Scope scope_begin(Compute *cx);
Tensor *scope_end(Compute *cx, Scope s, Tensor *into, Tensor *result);

/* Ends a scope, keeping of it only `result`, which moves to its start; a tape keeps everything. */
Tensor *scope_return(Compute *cx, Scope s, Tensor *result);

/* Frees everything made since, whatever it was. */
void scope_drop(Compute *cx, Scope s);

/* For ops: remembers how to differentiate `out`, if any of `in` needs it; `in` and `how` are
 * copied.  Returns out. */
Tensor *tape_record(Compute *cx, BackwardFn *back, Tensor *out, int inputs, Tensor *const *in,
                    const void *how, size_t how_bytes);

/* Whether an op on these inputs will be differentiated: then it may not fuse what it must keep. */
bool tape_needs(const Compute *cx, int inputs, Tensor *const *in);

/* Counts t as used though nothing was computed from it: its gradient is zero, and an optimizer
 * decays it all the same. */
void tape_touch(const Compute *cx, Tensor *t);

const float *tensor_grad(const Tensor *t); /* NULL where nothing reached it, or handed on */

/* Where a backward pass puts the gradient of t: NULL if t is frozen.  grad_of() gives numbers to
 * add to, zeroed on first use; grad_into() spares the zeros of a whole tensor that the op fills. An
 * op that may have the same tensor twice says so first with grad_shared(). */
float *grad_of(Compute *cx, Tensor *t);
Into grad_into(Compute *cx, Tensor *t);
void grad_shared(Compute *cx, Tensor *a, Tensor *b);

/* The gradient of `out` is t's, too: adds it to what t, of equal size, has.  grad_pass() is the
 * last thing a backward pass does with it, and hands the array over where t has none.  grad_over()
 * does so for a kernel that works in place; where t has one it is grad_into(). */
void grad_add(Compute *cx, const Tensor *out, Tensor *t);
void grad_pass(Compute *cx, Tensor *out, Tensor *t);
Into grad_over(Compute *cx, Tensor *out, Tensor *t);

/* For trainers: d loss / d everything that needs it, for a scalar loss.  Empties the tape.
 * backward_from() starts instead from whatever output gradients are already set. */
void backward(Compute *cx, Tensor *loss);
void backward_from(Compute *cx);

/* Runs `fn` (a block, a click, a whole pass) and forgets its inside; the backward pass runs it
 * again. `in` are the tensors through which gradients pass; parameters need not be among them, but
 * their gradients must have memory of their own (a trainer's).  `how` is copied. */
typedef Tensor *RecomputeFn(Compute *cx, Tensor *const *in, const void *how);
Tensor *recompute(Compute *cx, RecomputeFn *fn, int inputs, Tensor *const *in, const void *how,
                  size_t how_bytes);

#endif
