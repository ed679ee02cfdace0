/* Arrays of cases and objects in the data set's store. */
#include "base/memory.h"
#include "cases/dataset.h"

size_t case_pixels(const Case *c) { return (size_t)c->width * (size_t)c->height; }

size_t object_pixels(const CaseObject *o) {
    return (size_t)(o->x1 - o->x0 + 1) * (size_t)(o->y1 - o->y0 + 1);
}

void case_free(Dataset *d, Case *c) {
    size_t n = case_pixels(c);
    store_free(&d->store, c->pixels, n * (size_t)c->channels);
    store_free(&d->store, c->regions, n * sizeof *c->regions);
    store_free(&d->store, c->ignored, n);
    store_free(&d->store, c->labels, n * sizeof *c->labels);
    memory_free(c->name);
    memory_free(c->file);
    memory_free(c->label_file);
}

void dataset_touch(const Dataset *d, int picture) {
    const Case *c = &d->picture[picture];
    union {
        const Store *from;
        Store *to;
    } store = {&d->store}; /* its count alone is changed */
    if (!d->store.chunks) return;
    size_t each = (size_t)c->channels + 1 + (c->regions ? sizeof *c->regions : 0) +
                  (c->ignored ? 1 : 0) + (c->labels ? sizeof *c->labels : 0);
    store_touch(store.to, case_pixels(c) * each); /* 1: about what the masks of its objects take */
}
