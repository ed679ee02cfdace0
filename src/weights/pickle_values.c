/* What a pickle described, looked at from outside. */
#include <string.h>

#include "base/memory.h"
#include "weights/pickle.h"

void pickle_free(Pickle *p) {
    memory_free(p->value);
    memory_free(p->cell);
    *p = (Pickle){0};
}

const PickleValue *pickle_top(const Pickle *p) { return &p->value[p->top]; }

PickleWalk pickle_walk(const Pickle *p, const PickleValue *v) {
    switch ((PickleKind)v->kind) {
    case PICKLE_TUPLE:
    case PICKLE_LIST:
    case PICKLE_DICT:
    case PICKLE_STORAGE:
    case PICKLE_TENSOR:
    case PICKLE_NUMBER_TYPE:
        return (PickleWalk){p, v->items.first};
    default:
        return (PickleWalk){p, 0};
    }
}

const PickleValue *pickle_next(PickleWalk *w) {
    if (!w->cell) return NULL;
    const PickleCell *cell = &w->pickle->cell[w->cell];
    w->cell = cell->next;
    return &w->pickle->value[cell->value];
}

const PickleValue *pickle_item(const Pickle *p, const PickleValue *v, size_t index) {
    PickleWalk w = pickle_walk(p, v);
    const PickleValue *item = pickle_next(&w);
    while (item && index--) item = pickle_next(&w);
    return item;
}

bool pickle_text(PickleText *out, const Pickle *p, const PickleValue *v) {
    if (!v || v->kind != PICKLE_TEXT) return false;
    *out = (PickleText){(const char *)p->bytes + v->offset, v->count};
    return true;
}

const PickleValue *pickle_get(const Pickle *p, const PickleValue *dict, const char *key) {
    const PickleValue *found = NULL, *item, *value;
    size_t length = strlen(key);
    PickleText text;
    for (PickleWalk w = pickle_walk(p, dict); (item = pickle_next(&w));) {
        value = pickle_next(&w);
        if (pickle_text(&text, p, item) && text.length == length &&
            memcmp(text.chars, key, length) == 0)
            found = value;
    }
    return found;
}

bool pickle_size(size_t *out, const PickleValue *v) {
    if (!v || v->kind != PICKLE_INTEGER || v->integer < 0) return false;
    *out = (size_t)v->integer;
    return true;
}
