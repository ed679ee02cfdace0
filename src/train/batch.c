#include "train/batch.h"

#include <string.h>

#include "base/memory.h"
#include "cases/purposes.h"
#include "train/pseudo.h"
#include "train/views.h"

static bool open_pseudo(Batch *b) {
    size_t n = (size_t)b->count, area = (size_t)b->side * (size_t)b->side;
    b->pseudo_object = memory_new(n * area);
    b->pseudo_target = memory_new(n * (size_t)b->loss_side * (size_t)b->loss_side * sizeof(float));
    b->pseudo_image = memory_new(n * sizeof *b->pseudo_image);
    return b->pseudo_object && b->pseudo_target && b->pseudo_image;
}

Status batch_open(Batch *b, const BatchShape *s, Error *error) {
    size_t n = (size_t)s->count, images = n / (size_t)s->share;
    size_t area = (size_t)s->side * (size_t)s->side, large = (size_t)s->loss_side;
    *b = (Batch){.count = s->count,
                 .share = s->share,
                 .side = s->side,
                 .loss_side = s->loss_side,
                 .floats = s->floats,
                 .block_floats = s->block_floats,
                 .distinct = s->distinct};
    if (s->floats)
        b->embedding = memory_new(images * s->floats * sizeof(float));
    else
        b->image = memory_new(images * area * 3 * sizeof(float));
    if (s->block_floats) b->block = memory_new(images * s->block_floats * sizeof(float));
    b->scratch = memory_new(images * area * 3 * sizeof(float));
    b->object = memory_new(n * area);
    b->target = memory_new(n * large * large * sizeof(float));
    b->pixel = memory_new(n * sizeof *b->pixel);
    b->set = memory_new(n * sizeof *b->set);
    b->source = memory_new(n * sizeof *b->source);
    b->prompt_class = memory_new(n * sizeof *b->prompt_class);
    b->status = memory_new(images * sizeof *b->status);
    if ((b->image || b->embedding) && (b->block || !s->block_floats) && b->scratch && b->object &&
        b->target && b->pixel && b->set && b->source && b->prompt_class && b->status &&
        (!s->pseudo || open_pseudo(b)))
        return VOXPERT_OK;
    batch_close(b);
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for a batch of %d", s->count);
}

void batch_close(Batch *b) {
    memory_free(b->image);
    memory_free(b->embedding);
    memory_free(b->block);
    memory_free(b->scratch);
    memory_free(b->object);
    memory_free(b->target);
    memory_free(b->pixel);
    memory_free(b->set);
    memory_free(b->source);
    memory_free(b->prompt_class);
    memory_free(b->status);
    memory_free(b->pseudo_object);
    memory_free(b->pseudo_target);
    memory_free(b->pseudo_image);
    *b = (Batch){0};
}

/* ---- Where objects come from ------------------------------------------------------------ */

static double weight_of(const CaseSet *s) { return s->weight > 0.0 ? s->weight : 1.0; }

Status pool_open(Pool *p, const Dataset *d, SplitPart part, Error *error) {
    *p = (Pool){0};
    p->object = memory_new((d->sets + 1) * sizeof *p->object);
    p->count = memory_new((d->sets + 1) * sizeof *p->count);
    p->until = memory_new((d->sets + 1) * sizeof *p->until);
    p->group = memory_new((d->sets + 1) * sizeof *p->group);
    bool weighted = false;
    for (size_t s = 0; s < d->sets; s++) weighted |= d->set[s].weight > 0.0;
    if (!p->object || !p->count || !p->until || !p->group) {
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
            p->count[p->sets] = count;
            p->group[p->sets] = d->set[s].group;
            p->until[p->sets] = (p->sets ? p->until[p->sets - 1] : 0.0) + weight_of(&d->set[s]);
            p->sets++;
        } else {
            memory_free(list);
        }
    }
    if (weighted) return VOXPERT_OK;
    memory_free(p->until);
    p->until = NULL;
    return VOXPERT_OK;
}

void pool_close(Pool *p) {
    for (size_t i = 0; p->object && i < p->sets; i++) memory_free(p->object[i]);
    memory_free(p->object);
    memory_free(p->count);
    memory_free(p->until);
    memory_free(p->group);
    *p = (Pool){0};
}

size_t pool_pictures(const Pool *p, const Dataset *d) {
    size_t pictures = 0;
    for (size_t s = 0; s < p->sets; s++)
        for (size_t i = 0; i < p->count[s]; i++) { /* those of a picture follow each other */
            int here = d->object[p->object[s][i]].picture;
            pictures += i == 0 || d->object[p->object[s][i - 1]].picture != here;
        }
    return pictures;
}

/* ---- One step's samples ----------------------------------------------------------------- */

typedef struct Drawing {
    Batch *batch;
    const Dataset *data;
    const Pool *pool;
    const Augment *augment;
    Views *views;    /* or NULL */
    bool foreground; /* all objects of a picture are one */
    uint64_t seed, step;
    Status *status; /* [count / share] */
} Drawing;

static size_t area_of(const uint8_t *mask, size_t n) {
    size_t area = 0;
    for (size_t i = 0; i < n; i++) area += mask[i];
    return area;
}

/* Enough of an object: 0.05 % of the view, as in a picture. */
static bool is_seen(const uint8_t *mask, size_t n) {
    size_t area = area_of(mask, n);
    return area > 0 && area * 2000 >= n;
}

/* Half the pixels or more of each square block, of those that are not ignored; -1 where more than
 * half of them are. */
static void reduce_target(float *out, const uint8_t *in, const uint8_t *ignored, int side,
                          int loss_side) {
    int block = side / loss_side, area = block * block;
    for (int y = 0; y < loss_side; y++)
        for (int x = 0; x < loss_side; x++) {
            int sum = 0, counted = area;
            for (int i = 0; i < area; i++) {
                size_t at = (size_t)(y * block + i / block) * (size_t)side +
                            (size_t)(x * block + i % block);
                sum += in[at];
                counted -= ignored && ignored[at] && !in[at];
            }
            float inside = 2 * sum >= counted ? 1.0f : 0.0f;
            *out++ = 2 * counted < area ? -1.0f : inside;
        }
}

static bool same_group(const char *a, const char *b) {
    return a == b || (a && b && strcmp(a, b) == 0);
}

static double weight_at(const Pool *p, size_t set) {
    return p->until[set] - (set ? p->until[set - 1] : 0.0);
}

/* Any of the sets, by their weights. */
static size_t draw_any_set(const Pool *p, Random *r) {
    if (!p->until) return (size_t)random_integer(r, 0, (int64_t)p->sets - 1);
    double at = random_uniform(r) * p->until[p->sets - 1];
    size_t set = 0;
    while (set + 1 < p->sets && at >= p->until[set]) set++;
    return set;
}

/* Any set's. */
static const char *draw_group(const Pool *p, uint64_t seed, uint64_t step) {
    Random r = random_begin(seed, step, 0, PURPOSE_GROUP);
    return p->group[draw_any_set(p, &r)];
}

/* One of the batch's group, by their weights. */
static size_t draw_set(const Drawing *d, Random *r) {
    const Pool *p = d->pool;
    size_t sets = 0, last = 0;
    double all = 0.0;
    for (size_t s = 0; s < p->sets; s++) {
        if (!same_group(p->group[s], d->batch->group)) continue;
        all += p->until ? weight_at(p, s) : 1.0;
        last = s, sets++;
    }
    if (sets == p->sets) return draw_any_set(p, r);
    double at =
        p->until ? random_uniform(r) * all : (double)random_integer(r, 0, (int64_t)sets - 1);
    for (size_t s = 0; s < last; s++) {
        if (!same_group(p->group[s], d->batch->group)) continue;
        double weight = p->until ? weight_at(p, s) : 1.0;
        if (at < weight) return s;
        at -= weight;
    }
    return last;
}

static const CaseObject *draw_object(const Drawing *d, Random *r) {
    size_t set = draw_set(d, r);
    size_t at = (size_t)random_integer(r, 0, (int64_t)d->pool->count[set] - 1);
    return &d->data->object[d->pool->object[set][at]];
}

/* Objects of a picture follow each other. */
static void siblings(const Dataset *d, const CaseObject *o, const CaseObject **first,
                     const CaseObject **last) {
    const CaseObject *end = d->object + d->objects;
    *first = *last = o;
    while (*first > d->object && (*first)[-1].picture == o->picture) --*first;
    while (*last + 1 < end && (*last)[1].picture == o->picture) ++*last;
}

/* Which class's question a sample without a prompt is: its object's, every other time. */
static int draw_class(const Dataset *d, const CaseObject *o, Random *r) {
    int prompt_class = dataset_prompt_class(d, o);
    return prompt_class && random_uniform(r) < 0.5 ? prompt_class : 0;
}

/* All objects of o's picture, or those of a class, as the cut shows them. */
static void draw_foreground(const Drawing *d, const CaseObject *o, int prompt_class, const Cut *cut,
                            uint8_t *mask, uint8_t *one) {
    const CaseObject *first, *last;
    size_t area = (size_t)cut->side * (size_t)cut->side;
    siblings(d->data, o, &first, &last);
    memset(mask, 0, area);
    for (; first <= last; first++) {
        if (prompt_class && dataset_prompt_class(d->data, first) != prompt_class) continue;
        cut_render_object(one, first, cut);
        for (size_t i = 0; i < area; i++) mask[i] |= one[i];
    }
}

static bool is_taken(const CaseObject *const *taken, size_t count, const CaseObject *o) {
    for (size_t i = 0; i < count; i++)
        if (taken[i] == o) return true;
    return false;
}

/* An object of the same picture that the cut shows, none of `taken`; else `o` again. */
static const CaseObject *draw_sibling(const Dataset *d, const CaseObject *o,
                                      const CaseObject *const *taken, size_t count, const Cut *cut,
                                      uint8_t *mask, Random *r) {
    const CaseObject *first, *last;
    siblings(d, o, &first, &last);
    size_t area = (size_t)cut->side * (size_t)cut->side;
    for (int attempt = 0; attempt < (count ? 16 : 4); attempt++) {
        const CaseObject *other = first + random_integer(r, 0, last - first);
        if (is_taken(taken, count, other)) continue;
        cut_render_object(mask, other, cut);
        if (is_seen(mask, area)) return other;
    }
    cut_render_object(mask, o, cut);
    return o;
}

/* A random cut in which enough of the object is to be seen. */
static Cut draw_cut(const Drawing *d, const Case *p, const CaseObject *o, uint8_t *mask,
                    Random *r) {
    int side = d->batch->side;
    size_t area = (size_t)side * (size_t)side;
    Cut cut;
    for (int attempt = 0; attempt < 8; attempt++) {
        cut = augment_cut(d->augment, p, o, side, r);
        cut_render_object(mask, o, &cut);
        if (is_seen(mask, area)) return cut;
    }
    if (area_of(mask, area)) return cut;
    double box[] = {o->x0, o->y0, o->x1, o->y1};
    cut = cut_zoomed(p, box, 1.5, 1.0, side);
    cut_render_object(mask, o, &cut);
    return cut;
}

static void draw_look(const Drawing *d, const Case *p, const Cut *cut, size_t index, Random *r) {
    size_t pixels = (size_t)d->batch->side * (size_t)d->batch->side * 3;
    float *image = d->batch->image + index * pixels;
    Look look;
    augment_look(d->augment, p, &look, r);
    cut_render(image, p, cut, &look);
    augment_pixels(d->augment, image, d->batch->scratch + index * pixels, d->batch->side, r);
}

/* Into the picture's own places; batch_draw closes the ranks. */
static void draw_pseudo(const Drawing *d, const Case *p, const Cut *cut, size_t index) {
    Batch *b = d->batch;
    size_t share = (size_t)b->share, area = (size_t)b->side * (size_t)b->side;
    size_t loss_area = (size_t)b->loss_side * (size_t)b->loss_side, first = index * share;
    Random r = random_begin(d->seed, d->step, index, PURPOSE_PSEUDO);
    int found = pseudo_draw(b->pseudo_object + first * area, p, cut, b->share,
                            b->scratch + index * area * 3, &r);
    for (size_t i = first; i < first + share; i++) {
        b->pseudo_image[i] = i - first < (size_t)found ? (int)index : -1;
        if (b->pseudo_image[i] >= 0)
            reduce_target(b->pseudo_target + i * loss_area, b->pseudo_object + i * area, NULL,
                          b->side, b->loss_side);
    }
}

static void close_ranks(Batch *b) {
    size_t area = (size_t)b->side * (size_t)b->side;
    size_t loss_area = (size_t)b->loss_side * (size_t)b->loss_side;
    b->pseudo_count = 0;
    for (size_t i = 0; b->pseudo_object && i < (size_t)b->count; i++) {
        size_t to = (size_t)b->pseudo_count;
        if (b->pseudo_image[i] < 0) continue;
        b->pseudo_image[to] = b->pseudo_image[i];
        memmove(b->pseudo_object + to * area, b->pseudo_object + i * area, area);
        memmove(b->pseudo_target + to * loss_area, b->pseudo_target + i * loss_area,
                loss_area * sizeof(float));
        b->pseudo_count++;
    }
}

static float *block_of(const Batch *b, size_t index) {
    return b->block_floats ? b->block + index * b->block_floats : NULL;
}

static void draw_picture(void *context, size_t index, void *scratch) {
    const Drawing *d = context;
    (void)scratch;
    Batch *b = d->batch;
    size_t share = (size_t)b->share, area = (size_t)b->side * (size_t)b->side;
    size_t loss_area = (size_t)b->loss_side * (size_t)b->loss_side;
    Random which = random_begin(d->seed, d->step, index, PURPOSE_CASE);
    const CaseObject *o = draw_object(d, &which);
    const Case *p = &d->data->picture[o->picture];

    Random r = random_begin(d->seed, d->step, index, PURPOSE_AUGMENT);
    Cut cut = d->views ? views_cut(d->views, o->picture, b->side)
                       : draw_cut(d, p, o, b->object + index * share * area, &r);
    if (d->views) {
        cut_render_object(b->object + index * share * area, o, &cut);
        d->status[index] = views_read(d->views, o->picture, b->embedding + index * b->floats,
                                      block_of(b, index), NULL);
    } else {
        draw_look(d, p, &cut, index, &r);
    }
    uint8_t *one = (uint8_t *)(b->scratch + index * area * 3);
    uint8_t *ignored = p->ignored ? one + area : NULL;
    if (ignored) cut_render_ignored(ignored, p, &cut);
    for (size_t i = index * share; i < (index + 1) * share; i++) {
        bool first = i == index * share;
        uint8_t *mask = b->object + i * area;
        const CaseObject **taken = b->source + index * share;
        size_t before = b->distinct ? i - index * share : 0;
        b->source[i] = first ? o : draw_sibling(d->data, o, taken, before, &cut, mask, &which);
        b->prompt_class[i] = d->foreground ? draw_class(d->data, b->source[i], &which) : 0;
        if (d->foreground) draw_foreground(d, o, b->prompt_class[i], &cut, mask, one);
        reduce_target(b->target + i * loss_area, mask, ignored, b->side, b->loss_side);
        b->pixel[i] = cut_scale(&cut);
        b->set[i] = p->set;
    }
    if (b->pseudo_object) draw_pseudo(d, p, &cut, index);
}

Status batch_draw(Batch *b, const Dataset *d, const Pool *pool, const Augment *a, Views *views,
                  bool foreground, uint64_t seed, uint64_t step, const Worker *worker,
                  Error *error) {
    size_t pictures = (size_t)(b->count / b->share);
    Drawing drawing = {b, d, pool, a, views, foreground, seed, step, b->status};
    b->group = draw_group(pool, seed, step);
    memset(b->status, 0, pictures * sizeof *b->status);
    worker_run(worker, draw_picture, &drawing, pictures);
    close_ranks(b);
    for (size_t i = 0; i < pictures; i++)
        dataset_touch(d, b->source[i * (size_t)b->share]->picture);
    for (size_t i = 0; i < pictures; i++) {
        if (b->status[i]) /* once more, for its sentence */
            return views_read(views, b->source[i * (size_t)b->share]->picture,
                              b->embedding + i * b->floats, block_of(b, i), error);
    }
    return VOXPERT_OK;
}
