#include "tests/golden/stages.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

void golden_stages_free(GoldenStages *s) {
    golden_stream_free(&s->stream);
    memory_free(s->held);
    s->held = NULL;
    s->held_count = s->held_capacity = 0;
}

/* ---- Layouts -------------------------------------------------------------------------------- */

/* Where channels, height and width are equal the shape cannot tell. */
static bool is_map(const char *name) {
    static const char *const maps[] = {"*embedding*", "*dense*",      "*upscaled", "*neck?",
                                       "*stem*",      "*.local_conv", "*in.image", "*dense_pe"};
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) {
        if (text_matches(name, maps[i])) return true;
    }
    return false;
}

/* Whether the file has [b,c,h,w] where we have [b,h,w,c]. */
static bool is_channels_first(const GoldenRun *run, const char *name, const Tensor *t) {
    size_t dim[CHECKPOINT_MAX_RANK];
    if (golden_shape(run, name, dim) != 4 || t->rank != 4) return false;
    const int *d = t->dim;
    bool first = dim[1] == (size_t)d[3] && dim[2] == (size_t)d[1] && dim[3] == (size_t)d[2];
    bool last = dim[1] == (size_t)d[1] && dim[2] == (size_t)d[2] && dim[3] == (size_t)d[3];
    return first && (!last || is_map(name));
}

float *golden_published(GoldenRun *run, const char *name, const Tensor *t, const float *values) {
    float *out = malloc(tensor_bytes(t) + sizeof *out);
    if (!out) {
        golden_fail(run, "%s: no memory", name);
        return NULL;
    }
    size_t pixels = tensor_rows(t) / (size_t)t->dim[0];
    if (is_channels_first(run, name, t))
        golden_transpose(out, values, (size_t)t->dim[0], pixels, (size_t)tensor_cols(t));
    else
        memcpy(out, values, tensor_bytes(t));
    return out;
}

/* ---- Comparing ------------------------------------------------------------------------------ */

/* Where one of ours stands for a whole batch the file has it once for each. */
static size_t repeats(const GoldenRun *run, const char *name, const Tensor *t) {
    size_t dim[CHECKPOINT_MAX_RANK];
    return golden_shape(run, name, dim) == t->rank && t->dim[0] == 1 && dim[0] > 1 ? dim[0] : 1;
}

static void compare(GoldenStages *s, const char *stage, const char *name, const Tensor *t) {
    if (s->mute || !golden_has(s->run, name)) return;
    GoldenArray windows;
    if (text_ends(stage, ".attn") &&
        golden_windows(s->run, &s->encoder, stage, &s->stream, t, &windows)) {
        golden_compare(s->run, name, windows.values, windows.count);
        golden_array_free(&windows);
        return;
    }
    size_t times = repeats(s->run, name, t), n = tensor_size(t);
    float *values = golden_published(s->run, name, t, t->data);
    float *all = values ? realloc(values, (times * n + 1) * sizeof *all) : NULL;
    for (size_t i = 1; all && i < times; i++) memcpy(all + i * n, all, n * sizeof *all);
    if (all) golden_compare(s->run, name, all, times * n);
    free(all);
}

void golden_stage_result(GoldenStages *s, const char *stage, const Tensor *t) {
    if (!compute_ok(s->cx) || compute_measures(s->cx)) return;
    char name[256], same[256];
    snprintf(name, sizeof name, "out.%s%s", s->name, stage);
    compare(s, stage, name, t);
    snprintf(same, sizeof same, "out.%s%s", s->stages, stage);
    if (strcmp(name, same) != 0) compare(s, stage, same, t);
    snprintf(name, sizeof name, "mid.%s%s", s->stages, stage);
    compare(s, stage, name, t);
}

void golden_stage_none(GoldenStages *s, const char *stage) {
    char name[256];
    if (!compute_ok(s->cx) || compute_measures(s->cx)) return;
    snprintf(name, sizeof name, "out.%s%s", s->stages, stage);
    if (golden_has(s->run, name)) golden_compare(s->run, name, &(float){0}, 0);
}

void golden_stage_hold(GoldenStages *s, const char *stage, const Tensor *t) {
    if (!compute_ok(s->cx) || compute_measures(s->cx)) return;
    GoldenHeld h = {.tensor = t};
    snprintf(h.name, sizeof h.name, "grad.mid.%s%s", s->stages, stage);
    if (!golden_has(s->run, h.name)) return;
    if (!memory_grow(&s->held, &s->held_capacity, s->held_count, sizeof *s->held)) abort();
    s->held[s->held_count++] = h;
}

void golden_stage(GoldenStages *s, const char *stage, const Tensor *t) {
    golden_stage_result(s, stage, t);
    golden_stage_hold(s, stage, t);
}

static void observe(void *observer, const char *stage, const Tensor *t) {
    GoldenStages *s = observer;
    if (!compute_ok(s->cx) || compute_measures(s->cx)) return;
    golden_stage(s, stage, t);
    static const char decoder[] = "twoway."; /* SegMoTE's files leave it out */
    if (strncmp(stage, decoder, sizeof decoder - 1) == 0)
        golden_stage(s, stage + sizeof decoder - 1, t);
    golden_stream_follow(&s->stream, stage, t);
}

void golden_stages_watch(GoldenStages *s, Compute *cx) {
    s->cx = cx;
    s->name = s->stages = "";
    cx->observe = observe;
    cx->observer = s;
}
