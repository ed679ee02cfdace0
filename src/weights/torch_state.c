#include "weights/torch_state.h"

#include <stdio.h>
#include <string.h>

#include "base/quote.h"
#include "base/size.h"
#include "base/text.h"
#include "weights/dialects.h"

/* Places in a storage's and in a tensor's tuple (torch.serialization, torch._utils). */
enum { STORAGE_TYPE = 1, STORAGE_KEY = 2, STORAGE_COUNT = 4, STORAGE_VIEW = 5 };
enum { TENSOR_STORAGE, TENSOR_OFFSET, TENSOR_SIZE, TENSOR_STRIDE };

typedef struct Reading {
    Checkpoint *c;
    const Pickle *pickle;
    const StorageSource *source;
    Error *error;
    PickleText name; /* of the tensor at hand */
} Reading;

bool torch_storage(TorchStorage *out, const Pickle *p, const PickleValue *v) {
    if (!v || v->kind != PICKLE_STORAGE) return false;
    const PickleValue *type = pickle_item(p, v, STORAGE_TYPE), *view;
    view = pickle_item(p, v, STORAGE_VIEW); /* a part of another storage: before PyTorch 0.4 */
    if (!type || type->kind != PICKLE_STORAGE_TYPE || (view && view->kind != PICKLE_NONE))
        return false;
    out->type = (ElementType)type->detail;
    return pickle_text(&out->key, p, pickle_item(p, v, STORAGE_KEY)) &&
           pickle_size(&out->count, pickle_item(p, v, STORAGE_COUNT));
}

static Status refuse(const Reading *r, const char *rule) {
    int shown = (int)size_min(r->name.length, 200);
    return error_set(r->error, VOXPERT_BAD_MODEL, "%s: tensor '%.*s': %s", r->c->path, shown,
                     r->name.chars, rule);
}

/* A tuple of sizes into out[0 .. rank-1]; false if it is none, or too long. */
static bool read_sizes(const Pickle *p, const PickleValue *v, size_t *out, int *rank) {
    const PickleValue *item;
    if (!v || v->kind != PICKLE_TUPLE) return false;
    *rank = 0;
    for (PickleWalk w = pickle_walk(p, v); (item = pickle_next(&w));) {
        if (*rank == CHECKPOINT_MAX_RANK || !pickle_size(&out[(*rank)++], item)) return false;
    }
    return true;
}

/* Takes the stored strides; sides of 0 or 1 never use theirs and keep the dense ones. */
static void set_strides(StoredTensor *t, const size_t *stride) {
    for (int i = 0; i < t->rank && t->count > 0; i++) {
        if (t->dim[i] == 1 || stride[i] == t->stride[i]) continue;
        t->stride[i] = stride[i];
        t->contiguous = false;
    }
}

static bool last_element(const StoredTensor *t, size_t offset, size_t *last) {
    *last = offset;
    for (int i = 0; i < t->rank; i++) {
        size_t span;
        if (!size_multiply(&span, t->dim[i] - 1, t->stride[i]) || !size_add(last, *last, span))
            return false;
    }
    return true;
}

static Status find_bytes(const Reading *r, const TorchStorage *storage, size_t offset,
                         StoredTensor *t) {
    size_t bytes, last;
    if (!size_multiply(&bytes, storage->count, element_bytes(t->type)))
        return refuse(r, "its storage is too large");
    if (t->count == 0) return VOXPERT_OK;
    if (!last_element(t, offset, &last) || last >= storage->count)
        return refuse(r, "its shape, stride and storage offset reach outside its storage");
    if (t->count > size_max(storage->count, r->c->size))
        return refuse(r, "its shape has more values than its file has bytes");
    Status status = r->source->find(r->source->context, storage, &t->bytes, r->error);
    if (status)
        return error_prefix(r->error, status, "%s: tensor '%.*s'", r->c->path,
                            (int)size_min(r->name.length, 200), r->name.chars);
    t->bytes += offset * element_bytes(t->type);
    return VOXPERT_OK;
}

static Status read_tensor(const Reading *r, const PickleValue *v) {
    const Pickle *p = r->pickle;
    TorchStorage storage;
    StoredTensor t = {0};
    size_t offset, stride[CHECKPOINT_MAX_RANK];
    int strides;
    if (memchr(r->name.chars, '\0', r->name.length) || !text_is_utf8(r->name.chars, r->name.length))
        return refuse(r, "its name is not UTF-8 text");
    if (!torch_storage(&storage, p, pickle_item(p, v, TENSOR_STORAGE)))
        return refuse(r, "its storage is damaged, or of a type that is not supported");
    if (!pickle_size(&offset, pickle_item(p, v, TENSOR_OFFSET)))
        return refuse(r, "its storage offset is not a number from 0 up");
    if (!read_sizes(p, pickle_item(p, v, TENSOR_SIZE), t.dim, &t.rank))
        return refuse(r, "its shape is not a list of at most 8 sizes");
    if (!read_sizes(p, pickle_item(p, v, TENSOR_STRIDE), stride, &strides) || strides != t.rank)
        return refuse(r, "its stride does not go with its shape");
    t.type = storage.type;
    if (!stored_tensor_shape(&t)) return refuse(r, "its shape overflows");
    set_strides(&t, stride);
    Status status = find_bytes(r, &storage, offset, &t);
    if (status) return status;
    return checkpoint_add(r->c, &t, r->name.chars, r->name.length, r->error);
}

/* ---- The state dict --------------------------------------------------------------------- */

static bool has_tensors(const Pickle *p, const PickleValue *dict) {
    const PickleValue *item;
    if (!dict || dict->kind != PICKLE_DICT) return false;
    for (PickleWalk w = pickle_walk(p, dict); (item = pickle_next(&w));) {
        if (item->kind == PICKLE_TENSOR) return true;
    }
    return false;
}

/* Whether one of its names is that of a part of a SAM, wrapped or not. */
static bool has_parts(const Pickle *p, const PickleValue *dict) {
    char name[96];
    PickleText text;
    const PickleValue *key;
    for (PickleWalk w = pickle_walk(p, dict); (key = pickle_next(&w)); pickle_next(&w)) {
        if (!pickle_text(&text, p, key) || memchr(text.chars, '\0', text.length)) continue;
        snprintf(name, sizeof name, "%.*s", (int)size_min(text.length, sizeof name), text.chars);
        dialect_unwrap(name);
        if (dialect_any_wrapper(name) != SIZE_MAX) return true;
    }
    return false;
}

enum { NEST_DEPTH = 4 };

typedef struct Search {
    const Pickle *pickle;
    const PickleValue *state[2]; /* dicts with tensors, those with parts of a SAM first */
    Text layout[2];              /* the keys that lead there */
    size_t parts, found;         /* how many have them, and how many there are */
    const PickleValue *other;    /* the first with parts under a key that is not known, */
    size_t others;               /* how many there are, */
    Text other_keys;             /* and all their keys */
    bool failed;                 /* no memory */
} Search;

static void search_add(Search *s, const PickleValue *dict, const char *layout) {
    bool parts = has_parts(s->pickle, dict);
    if (!parts && s->parts) return;
    if (parts && !s->parts) s->found = 0; /* what was found before is something else */
    s->parts += parts;
    if (s->found < 2) {
        s->state[s->found] = dict;
        text_free(&s->layout[s->found]);
        text_add(&s->layout[s->found], "%s", layout);
    }
    s->found++;
}

/* Below `dict`, whose keys are `layout`; a dict with tensors in it is not looked into. */
static void search_nests(Search *s, const PickleValue *dict, const char *layout, int depth) {
    const char *key;
    for (size_t i = 0; (key = dialect_nest(i)); i++) {
        const PickleValue *inner = pickle_get(s->pickle, dict, key);
        if (!inner || inner->kind != PICKLE_DICT) continue;
        Text path = {0};
        text_add(&path, "%s%s%s", layout, *layout ? "." : "", key);
        const char *name = path.chars ? path.chars : key;
        s->failed |= path.failed;
        if (has_tensors(s->pickle, inner))
            search_add(s, inner, name);
        else if (depth < NEST_DEPTH)
            search_nests(s, inner, name, depth + 1);
        text_free(&path);
    }
}

enum { MOST_OTHERS = 64 }; /* keys that are looked at: a file may have millions of them */

/* A state dict under a key that is not known: itself, or under a known key of it. */
static const PickleValue *state_below(const Pickle *p, const PickleValue *value) {
    const char *key;
    if (value->kind != PICKLE_DICT) return NULL;
    if (has_tensors(p, value)) return has_parts(p, value) ? value : NULL;
    for (size_t i = 0; (key = dialect_nest(i)); i++) {
        const PickleValue *inner = pickle_get(p, value, key);
        if (inner && has_tensors(p, inner) && has_parts(p, inner)) return inner;
    }
    return NULL;
}

static bool is_nest(PickleText text) {
    const char *key;
    for (size_t i = 0; (key = dialect_nest(i)); i++)
        if (strlen(key) == text.length && memcmp(key, text.chars, text.length) == 0) return true;
    return false;
}

/* Averages of the weights, a teacher, a copy: under other keys of the top. */
static void search_others(Search *s) {
    const PickleValue *key, *value;
    PickleText text;
    size_t looked = 0;
    for (PickleWalk w = pickle_walk(s->pickle, pickle_top(s->pickle));
         (key = pickle_next(&w)) && looked < MOST_OTHERS;) {
        value = pickle_next(&w);
        if (!value || value->kind != PICKLE_DICT || !pickle_text(&text, s->pickle, key)) continue;
        if (is_nest(text) || memchr(text.chars, '\0', text.length)) continue;
        looked++;
        const PickleValue *state = state_below(s->pickle, value);
        if (!state) continue;
        if (!s->others++) s->other = state;
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)size_min(text.length, 60), text.chars);
        if (s->others > 1) text_add(&s->other_keys, ", ");
        text_add_printable(&s->other_keys, name);
    }
}

static Status set_layout(Checkpoint *c, const char *layout, Error *error) {
    char *copy = checkpoint_own(c, strlen(layout) + 1);
    if (!copy) return checkpoint_no_memory(c, error);
    c->layout = strcpy(copy, layout);
    return VOXPERT_OK;
}

/* The only one that there is, under a key that is not known. */
static Status take_other(Checkpoint *c, Search *s, const PickleValue **state, Error *error) {
    const char *keys = s->other_keys.chars ? s->other_keys.chars : "";
    if (s->others > 1)
        return error_set(error, VOXPERT_BAD_MODEL,
                         "%s: has models under %s: which of them is meant cannot be seen", c->path,
                         keys);
    *state = s->other;
    warnings_add(&c->warnings, "%s: the model under %s is taken, the only one there is", c->path,
                 keys);
    return set_layout(c, keys, error);
}

static void warn_of_others(Checkpoint *c, const Search *s, const char *taken) {
    if (!s->others) return;
    warnings_add(
        &c->warnings,
        "%s: the model %s%s%s is taken; there is another one under %s: to take that, save it "
        "as a file of its own",
        c->path, *taken ? "under '" : "at the top", taken, *taken ? "'" : "",
        s->other_keys.chars ? s->other_keys.chars : "");
}

/* Nests go before the top, unless the top alone has parts of a SAM; then come other keys. */
static Status choose_state(Checkpoint *c, Search *s, const PickleValue **state, Error *error) {
    const PickleValue *top = pickle_top(s->pickle);
    const char *first = s->layout[0].chars ? s->layout[0].chars : "";
    bool at_top = has_tensors(s->pickle, top), parts_at_top = at_top && has_parts(s->pickle, top);
    *state = NULL;
    if (s->parts && parts_at_top) {
        return error_set(error, VOXPERT_BAD_MODEL,
                         "%s: has a model at its top and another one under '%s': which of them is "
                         "meant cannot be seen",
                         c->path, first);
    }
    if (!s->parts && !parts_at_top && s->others) return take_other(c, s, state, error);
    if (at_top && !s->parts && (!s->found || parts_at_top)) {
        *state = top;
        warn_of_others(c, s, "");
        return VOXPERT_OK;
    }
    if (!s->found) return VOXPERT_OK;
    *state = s->state[0];
    if (s->parts > 1)
        return error_set(error, VOXPERT_BAD_MODEL,
                         "%s: has a model under '%s' and another one under '%s': which of them is "
                         "meant cannot be seen",
                         c->path, first, s->layout[1].chars);
    warn_of_others(c, s, first);
    return set_layout(c, first, error);
}

static Status find_state(Checkpoint *c, const Pickle *p, const PickleValue **state, Error *error) {
    Search s = {.pickle = p};
    if (pickle_top(p)->kind == PICKLE_DICT) {
        search_nests(&s, pickle_top(p), "", 1);
        search_others(&s);
    }
    bool failed = s.failed || s.layout[0].failed || s.layout[1].failed || s.other_keys.failed;
    Status status = failed ? checkpoint_no_memory(c, error) : choose_state(c, &s, state, error);
    text_free(&s.layout[0]);
    text_free(&s.layout[1]);
    text_free(&s.other_keys);
    return status;
}

/* An object of a foreign class at the top, or where a state dict should be. */
static bool holds_object(const Pickle *p) {
    const PickleValue *top = pickle_top(p), *inner;
    const char *key;
    if (!p->class_chars) return false;
    if (top->kind == PICKLE_OPAQUE) return true;
    if (top->kind != PICKLE_DICT) return false;
    for (size_t i = 0; (key = dialect_nest(i)); i++) {
        inner = pickle_get(p, top, key);
        if (inner && inner->kind == PICKLE_OPAQUE) return true;
    }
    return false;
}

static Status no_state(const Checkpoint *c, const Pickle *p, Error *error) {
    if (holds_object(p))
        return error_set(error, VOXPERT_BAD_MODEL,
                         "%s: has no state dict, but a whole pickled object of class %.*s.%.*s: to "
                         "read it would mean to run its code; save model.state_dict() instead",
                         c->path, (int)size_min(p->module_length, 100), p->module_chars,
                         (int)size_min(p->class_length, 100), p->class_chars);
    return error_set(error, VOXPERT_BAD_MODEL,
                     "%s: has no state dict: no names with tensors at the top of its pickle, or "
                     "under a key such as 'model_state_dict', 'model' or 'state_dict'",
                     c->path);
}

Status torch_state_read(Checkpoint *c, const Pickle *p, const StorageSource *source, Error *error) {
    Reading r = {.c = c, .pickle = p, .source = source, .error = error};
    const PickleValue *state = NULL, *key, *value;
    Status status = find_state(c, p, &state, error);
    if (status) return status;
    if (!state) return no_state(c, p, error);
    for (PickleWalk w = pickle_walk(p, state); !status && (key = pickle_next(&w));) {
        value = pickle_next(&w);
        if (value->kind == PICKLE_TENSOR && pickle_text(&r.name, p, key))
            status = read_tensor(&r, value);
    }
    return status;
}
