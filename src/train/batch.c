#include "train/batch.h"

#include <string.h>

#include "base/memory.h"
#include "train/purposes.h"

Status batch_open(Batch *b, int count, int side, int loss_side, Error *error) {
    size_t n = (size_t)count, area = (size_t)side * (size_t)side;
    *b = (Batch){.count = count, .side = side, .loss_side = loss_side};
    b->image = memory_new(n * area * 3 * sizeof(float));
    b->scratch = memory_new(n * area * 3 * sizeof(float));
    b->object = memory_new(n * area);
    b->target = memory_new(n * (size_t)loss_side * (size_t)loss_side * sizeof(float));
    b->pixel = memory_new(n * sizeof *b->pixel);
    b->source = memory_new(n * sizeof *b->source);
    if (b->image && b->scratch && b->object && b->target && b->pixel && b->source) return VOXPERT_OK;
    batch_close(b);
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for a batch of %d", count);
}

void batch_close(Batch *b) {
    memory_free(b->image);
    memory_free(b->scratch);
    memory_free(b->object);
    memory_free(b->target);
    memory_free(b->pixel);
    memory_free(b->source);
    *b = (Batch){0};
}

/* ---- Where objects come from ------------------------------------------------------------ */

Status pool_open(Pool *p, const Dataset *d, SplitPart part, Error *error) {
    *p = (Pool){0};
    p->object = memory_new((d->sets + 1) * sizeof *p->object);
    p->count = memory_new((d->sets + 1) * sizeof *p->count);
    if (!p->object || !p->count) {
        pool_close(p);
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory to list the objects");
    }
    for (size_t s = 0; s < d->sets; s++) {
        size_t *list, count;
        Status status = dataset_select(d, (int)s, part, &list, &count, error);
        if (status) {
            pool_close(p);
            return status;
        }
        if (count) {
            p->object[p->sets] = list;
            p->count[p->sets++] = count;
        } else {
            memory_free(list);
        }
    }
    return VOXPERT_OK;
}

void pool_close(Pool *p) {
    for (size_t i = 0; p->object && i < p->sets; i++) memory_free(p->object[i]);
    memory_free(p->object);
    memory_free(p->count);
    *p = (Pool){0};
}

/* ---- One step's samples ----------------------------------------------------------------- */

typedef struct Drawing {
    Batch *batch;
    const Dataset *data;
    const Pool *pool;
    const Augment *augment;
    uint64_t seed, step;
} Drawing;

static size_t area_of(const uint8_t *mask, size_t n) {
    size_t area = 0;
    for (size_t i = 0; i < n; i++) area += mask[i];
    return area;
}

/* Half the pixels or more of each square block. */
static void reduce_target(float *out, const uint8_t *in, int side, int loss_side) {
    int block = side / loss_side;
    for (int y = 0; y < loss_side; y++)
        for (int x = 0; x < loss_side; x++) {
            int sum = 0;
            for (int i = 0; i < block * block; i++)
                sum += in[(y * block + i / block) * side + x * block + i % block];
            *out++ = 2 * sum >= block * block ? 1.0f : 0.0f;
        }
}

static void draw_one(void *context, size_t index, void *scratch) {
    const Drawing *d = context;
    (void)scratch;
    Batch *b = d->batch;
    size_t area = (size_t)b->side * (size_t)b->side;
    float *image = b->image + index * area * 3;
    uint8_t *object = b->object + index * area;
    Random which = random_begin(d->seed, d->step, index, PURPOSE_CASE);
    size_t set = (size_t)random_integer(&which, 0, (int64_t)d->pool->sets - 1);
    size_t at = (size_t)random_integer(&which, 0, (int64_t)d->pool->count[set] - 1);
    const CaseObject *o = &d->data->object[d->pool->object[set][at]];
    const Case *p = &d->data->picture[o->picture];

    Random r = random_begin(d->seed, d->step, index, PURPOSE_AUGMENT);
    Cut cut;
    int attempts = 0;
    do {
        cut = augment_cut(d->augment, p, o, b->side, &r);
        cut_render_object(object, o, &cut);
    } while (area_of(object, area) < area / 2000 && ++attempts < 8);
    if (area_of(object, area) == 0) {
        double box[] = {o->x0, o->y0, o->x1, o->y1};
        cut = cut_zoomed(p, box, 1.5, 1.0, b->side);
        cut_render_object(object, o, &cut);
    }
    Look look;
    augment_look(d->augment, p, &look, &r);
    cut_render(image, p, &cut, &look);
    augment_pixels(d->augment, image, b->scratch + index * area * 3, b->side, &r);
    size_t loss_area = (size_t)b->loss_side * (size_t)b->loss_side;
    reduce_target(b->target + index * loss_area, object, b->side, b->loss_side);
    b->pixel[index] = cut_scale(&cut);
    b->source[index] = o;
}

void batch_draw(Batch *b, const Dataset *d, const Pool *pool, const Augment *a, uint64_t seed,
                uint64_t step, const Worker *worker) {
    Drawing drawing = {b, d, pool, a, seed, step};
    worker_run(worker, draw_one, &drawing, (size_t)b->count);
}
