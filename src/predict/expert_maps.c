#include "predict/expert_maps.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "moe/heat_maps.h"
#include "systems/experts.h"

static Status no_memory(Error *error) {
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the maps of experts");
}

static int layers_of(const ExpertMaps *m) {
    return m->system->sam.config.decoder.transformer.depth;
}

Status expert_maps_open(ExpertMaps *m, const System *system, Error *error) {
    *m = (ExpertMaps){.system = system, .grid = sam_grid(&system->sam)};
    size_t planes = (size_t)layers_of(m) * (size_t)system_experts(system);
    m->attention = memory_new(planes * (size_t)m->grid * (size_t)m->grid * sizeof *m->attention);
    return m->attention ? VOXPERT_OK : no_memory(error);
}

static void forget_look(ExpertMaps *m) {
    for (int i = 0; i < TWO_WAY_MAX_DEPTH; i++) {
        memory_free(m->q[i]);
        memory_free(m->k[i]);
        m->q[i] = m->k[i] = NULL;
    }
    m->failed = false;
}

void expert_maps_close(ExpertMaps *m) {
    forget_look(m);
    memory_free(m->attention);
    *m = (ExpertMaps){0};
}

/* ---- Watching --------------------------------------------------------------------------- */

/* "twoway.layer0.image_q" */
static float **wanted(ExpertMaps *m, const char *stage) {
    char name[40];
    for (int i = 0; i < layers_of(m); i++) {
        int end = snprintf(name, sizeof name, "twoway.layer%d.image_", i);
        if (!text_starts(stage, name)) continue;
        return stage[end] == 'q' ? &m->q[i] : &m->k[i];
    }
    return NULL;
}

/* What is compared in token-to-image attention; the arena may take its place for other things. */
static void observe(void *observer, const char *stage, const Tensor *t) {
    ExpertMaps *m = observer;
    float **to = wanted(m, stage);
    if (!to || *to) return;
    *to = memory_new(tensor_bytes(t));
    m->failed |= !*to;
    if (*to) memcpy(*to, t->data, tensor_bytes(t));
}

void expert_maps_watch(ExpertMaps *m, Compute *cx) {
    forget_look(m);
    if (compute_measures(cx)) return;
    cx->observe = observe;
    cx->observer = m;
}

Status expert_maps_take(ExpertMaps *m, const Routing *r, Error *error) {
    const TwoWayConfig *c = &m->system->sam.config.decoder.transformer;
    HeatShape shape = {r->tokens, m->grid * m->grid, c->heads, c->dim / 2, r->experts};
    size_t cells = (size_t)shape.cells, stride = 3 * (size_t)r->experts + 1;
    size_t first = (size_t)system_expert_first_token(m->system);
    float *scratch = memory_new(2 * cells * sizeof *scratch);
    Status status = scratch && !m->failed ? VOXPERT_OK : no_memory(error);
    for (int i = 0; !status && i < r->layers; i++)
        expert_heat_maps(m->attention + (size_t)(i * r->experts) * cells,
                         m->q[i] + first * (size_t)shape.inner, m->k[i],
                         r->routed + (size_t)(i * r->tokens) * stride, stride, &shape, scratch);
    memory_free(scratch);
    forget_look(m);
    return status;
}

/* ---- Showing ---------------------------------------------------------------------------- */

static int scaled(int length, double by) {
    int n = (int)(length * by + 0.5);
    return n > 1 ? n : 1;
}

Extent expert_maps_size(const Picture *p, int most) {
    size_t longest = p->width > p->height ? p->width : p->height;
    double by = longest > (size_t)most ? (double)most / (double)longest : 1.0;
    return (Extent){(size_t)scaled((int)p->height, by), (size_t)scaled((int)p->width, by)};
}

static int at_most(int value, int most) { return value < most ? value : most; }

/* The view's crop in planes of that size. */
static Crop crop_in(Extent size, const Predictor *p) {
    const Crop *c = &p->view.crop;
    double by = (double)size.width / (double)p->picture.width;
    double down = (double)size.height / (double)p->picture.height;
    Crop s = {.width = at_most(scaled(c->width, by), (int)size.width),
              .height = at_most(scaled(c->height, down), (int)size.height)};
    s.x = at_most((int)(c->x * by + 0.5), (int)size.width - s.width);
    s.y = at_most((int)(c->y * down + 0.5), (int)size.height - s.height);
    return s;
}

Status expert_maps_show(float *out, Extent size, const Predictor *p, const float *maps, int count,
                        int side, float outside, Error *error) {
    View view = p->view;
    Preset preset = p->model->preset;
    view.crop = crop_in(size, p);
    preset.direct = false; /* no logits of probabilities: attention is neither */
    size_t width = (size_t)view.crop.width, height = (size_t)view.crop.height;
    size_t whole = size.width * size.height;
    float *part = memory_new((size_t)count * width * height * sizeof *part);
    if (!part) return no_memory(error);
    Status status = view_logits(part, &view, &preset, maps, count, side, error);
    for (size_t i = 0; !status && i < (size_t)count * whole; i++) out[i] = outside;
    for (size_t i = 0; !status && i < (size_t)count * height; i++) {
        size_t row = (size_t)view.crop.y + i % height;
        memcpy(out + i / height * whole + row * size.width + (size_t)view.crop.x, part + i * width,
               width * sizeof *out);
    }
    memory_free(part);
    return status;
}
