#include "train/measure.h"

#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "eval/clicks.h"
#include "train/purposes.h"

const char *measure_name(Measure m) {
    static const char *const names[MEASURES] = {
        "box, whole",     "box, zoom",       "jittered, whole", "jittered, zoom",
        "1 click, whole", "3 clicks, whole", "5 clicks, whole", "1 click, zoom",
        "3 clicks, zoom", "5 clicks, zoom",  "the box itself",  "the ellipse"};
    return names[m];
}

/* ---- Memory ----------------------------------------------------------------------------- */

Status measurer_open(Measurer *m, const Sam *sam, const Kernels *kernels, Threads *threads,
                     double zoom, double least, Error *error) {
    *m = (Measurer){.sam = sam,
                    .kernels = kernels,
                    .zoom = zoom,
                    .least = least,
                    .low = 4 * sam_grid(sam),
                    .side = sam->config.image};
    size_t grid = (size_t)sam_grid(sam), low = (size_t)m->low, side = (size_t)m->side;
    size_t embedding = grid * grid * (size_t)sam->config.prompt.dim;
    float points[32] = {0};
    int labels[16] = {0};
    Tensor mask = {.rank = 4, .dim = {1, m->low, m->low, 1}};
    mask.root = &mask;
    Prompts most = {.batch = 1,
                    .points = 16,
                    .boxes = 1,
                    .point = points,
                    .label = labels,
                    .box = points,
                    .mask = &mask};
    size_t encode, decode;
    Status status = sam_measure(sam, 1, &most, false, &encode, &decode, error);
    if (!status) status = worker_open(&m->worker, threads, error);
    if (!status) status = arena_open(&m->memory, encode > decode ? encode : decode, error);
    if (!status) status = arena_open(&m->records, (size_t)4 << 20, error);
    m->image = memory_new(side * side * 3 * sizeof(float));
    m->embedding = memory_new(embedding * sizeof(float));
    m->whole_embedding = memory_new(embedding * sizeof(float));
    m->logits = memory_new(low * low * sizeof(float));
    m->previous = memory_new(low * low * sizeof(float));
    if (!status && !(m->image && m->embedding && m->whole_embedding && m->logits && m->previous))
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory to measure the model");
    if (status) measurer_close(m);
    m->cx = (Compute){
        .kernels = kernels, .worker = &m->worker, .memory = &m->memory, .records = &m->records};
    return status;
}

void measurer_close(Measurer *m) {
    memory_free(m->image);
    memory_free(m->embedding);
    memory_free(m->whole_embedding);
    memory_free(m->logits);
    memory_free(m->previous);
    arena_close(&m->memory);
    arena_close(&m->records);
    worker_close(&m->worker);
    *m = (Measurer){0};
}

void measurer_reset(Measurer *m) { m->whole_of = NULL; }

/* ---- One question to the model ---------------------------------------------------------- */

typedef struct Asking {
    const Case *picture;
    const double *box;   /* [4] picture pixels, or NULL */
    double point[16][2]; /* picture pixels */
    int label[16];
    int points;
} Asking;

/* What came out: logits on the low grid of a cut. */
typedef struct Answer {
    const float *logits;
    Cut cut;
} Answer;

static Status encode(Measurer *m, const Case *p, const Cut *cut, float *into, Error *error) {
    Look look;
    look_plain(&look);
    cut_render(m->image, p, cut, &look);
    Tensor image = {.data = m->image, .rank = 4, .dim = {1, m->side, m->side, 3}};
    image.root = &image;
    Scope s = scope_begin(&m->cx);
    Tensor *e = sam_encode(&m->cx, m->sam, &image);
    if (compute_ok(&m->cx)) memcpy(into, e->data, tensor_bytes(e));
    scope_drop(&m->cx, s);
    return compute_status(&m->cx, error);
}

static Status encode_whole(Measurer *m, const Case *p, const Cut *cut, Error *error) {
    if (m->whole_of == p) return VOXPERT_OK;
    Status status = encode(m, p, cut, m->whole_embedding, error);
    m->whole_of = status ? NULL : p;
    return status;
}

static void place(float out[2], const Cut *cut, double x, double y) {
    double u, w;
    cut_from_picture(cut, x, y, &u, &w);
    out[0] = (float)u, out[1] = (float)w;
}

static Status decode(Measurer *m, float *embedding, const Cut *cut, const Asking *a,
                     const float *mask_prompt, Error *error) {
    float box[4], points[32];
    int grid = sam_grid(m->sam), low = m->low;
    if (a->box) {
        place(box, cut, a->box[0], a->box[1]);
        place(box + 2, cut, a->box[2], a->box[3]);
    }
    for (int i = 0; i < a->points; i++) place(points + 2 * i, cut, a->point[i][0], a->point[i][1]);
    Tensor e = {.data = embedding, .rank = 4, .dim = {1, grid, grid, m->sam->config.prompt.dim}};
    e.root = &e;
    Scope s = scope_begin(&m->cx);
    Tensor *mask =
        mask_prompt ? tensor_from(&m->cx, 4, (int[]){1, low, low, 1}, mask_prompt) : NULL;
    Prompts prompts = {.batch = 1,
                       .points = a->points,
                       .boxes = a->box != NULL,
                       .point = points,
                       .label = a->label,
                       .box = box,
                       .mask = mask};
    MaskOutput out = sam_decode(&m->cx, m->sam, &e, &prompts, false);
    if (compute_ok(&m->cx)) memcpy(m->logits, out.masks->data, tensor_bytes(out.masks));
    scope_drop(&m->cx, s);
    return compute_status(&m->cx, error);
}

/* Bilinear value of the logits at continuous (u, w) of their cut; -10 outside of it. */
static float logit_at(const float *logits, int low, int side, double u, double w) {
    if (!(u >= 0.0 && w >= 0.0 && u < side && w < side)) return -10.0f;
    float x = (float)(u * low / side) - 0.5f, y = (float)(w * low / side) - 0.5f;
    x = fminf(fmaxf(x, 0.0f), (float)(low - 1));
    y = fminf(fmaxf(y, 0.0f), (float)(low - 1));
    int x0 = (int)x, y0 = (int)y, x1 = x0 + (x0 + 1 < low), y1 = y0 + (y0 + 1 < low);
    float ax = x - (float)x0, ay = y - (float)y0;
    const float *a = logits + (size_t)y0 * (size_t)low, *b = logits + (size_t)y1 * (size_t)low;
    return (a[x0] * (1.0f - ax) + a[x1] * ax) * (1.0f - ay) +
           (b[x0] * (1.0f - ax) + b[x1] * ax) * ay;
}

static void to_picture(const Measurer *m, const Case *p, const Cut *cut, uint8_t *mask) {
    for (int y = 0; y < p->height; y++)
        for (int x = 0; x < p->width; x++) {
            double u, w;
            cut_from_picture(cut, x + 0.5, y + 0.5, &u, &w);
            *mask++ = logit_at(m->logits, m->low, m->side, u, w) > 0.0f;
        }
}

/* The last answer as a mask prompt of another cut. */
static void carry_over(Measurer *m, const Cut *from, const Cut *to) {
    double step = (double)m->side / m->low;
    for (int i = 0; i < m->low * m->low; i++) {
        double x, y, u, w;
        cut_to_picture(to, (i % m->low + 0.5) * step, (i / m->low + 0.5) * step, &x, &y);
        cut_from_picture(from, x, y, &u, &w);
        m->previous[i] = logit_at(m->logits, m->low, m->side, u, w);
    }
}

/* ---- Protocol --------------------------------------------------------------------------- */

typedef struct Scene {
    const Case *picture;
    const CaseObject *object;
    uint8_t *truth, *mask; /* of the picture */
    size_t pixels;
} Scene;

static double dice_of(const Scene *s) {
    size_t both = 0, sum = 0;
    for (size_t i = 0; i < s->pixels; i++) {
        both += s->truth[i] & s->mask[i];
        sum += (size_t)(s->truth[i] + s->mask[i]);
    }
    return sum ? 2.0 * (double)both / (double)sum : 1.0;
}

static Status ask_box(Measurer *m, const Scene *s, const double box[4], bool zoom, double *dice,
                      Error *error) {
    const Case *p = s->picture;
    Asking a = {.picture = p, .box = box};
    Cut cut = zoom ? cut_zoomed(p, box, m->zoom, m->least, m->side)
                   : cut_whole(p->height, p->width, m->side);
    Status status =
        zoom ? encode(m, p, &cut, m->embedding, error) : encode_whole(m, p, &cut, error);
    if (!status)
        status = decode(m, zoom ? m->embedding : m->whole_embedding, &cut, &a, NULL, error);
    if (status) return status;
    to_picture(m, p, &cut, s->mask);
    *dice = dice_of(s);
    return VOXPERT_OK;
}

/* Bounds of the mask and the clicks so far. */
static void bounds_of(const Scene *s, const Asking *a, double box[4]) {
    const Case *p = s->picture;
    box[0] = p->width, box[1] = p->height, box[2] = box[3] = -1.0;
    for (int y = 0; y < p->height; y++)
        for (int x = 0; x < p->width; x++) {
            if (!s->mask[(size_t)y * (size_t)p->width + (size_t)x]) continue;
            box[0] = fmin(box[0], x), box[1] = fmin(box[1], y);
            box[2] = fmax(box[2], x), box[3] = fmax(box[3], y);
        }
    for (int i = 0; i < a->points; i++) {
        box[0] = fmin(box[0], a->point[i][0]), box[1] = fmin(box[1], a->point[i][1]);
        box[2] = fmax(box[2], a->point[i][0]), box[3] = fmax(box[3], a->point[i][1]);
    }
}

static Status add_click(Asking *a, const Scene *s, Error *error) {
    size_t size[3] = {1, (size_t)s->picture->height, (size_t)s->picture->width};
    Click c;
    Status status = a->points ? click_next(&c, s->truth, s->mask, size, NULL, error)
                              : click_first(&c, s->truth, size, NULL, error);
    if (status || !c.found) return status;
    a->point[a->points][0] = (double)c.zyx[2];
    a->point[a->points][1] = (double)c.zyx[1];
    a->label[a->points++] = c.positive;
    return VOXPERT_OK;
}

static Status ask_whole(Measurer *m, const Scene *s, const Asking *a, bool again, Cut *cut,
                        Error *error) {
    const Case *p = s->picture;
    Cut whole = cut_whole(p->height, p->width, m->side);
    Status status = encode_whole(m, p, &whole, error);
    if (again) carry_over(m, cut, &whole);
    if (!status)
        status = decode(m, m->whole_embedding, &whole, a, again ? m->previous : NULL, error);
    *cut = whole;
    if (!status) to_picture(m, p, &whole, s->mask);
    return status;
}

static Status ask_zoomed(Measurer *m, const Scene *s, const Asking *a, bool again, Cut *cut,
                         Error *error) {
    const Case *p = s->picture;
    double box[4];
    bounds_of(s, a, box);
    Cut zoomed = cut_zoomed(p, box, m->zoom, m->least, m->side);
    Status status = encode(m, p, &zoomed, m->embedding, error);
    if (again) carry_over(m, cut, &zoomed);
    if (!status) status = decode(m, m->embedding, &zoomed, a, again ? m->previous : NULL, error);
    *cut = zoomed;
    if (!status) to_picture(m, p, &zoomed, s->mask);
    return status;
}

static Status ask_clicks(Measurer *m, const Scene *s, bool zoom, double dice[3], Error *error) {
    Asking a = {.picture = s->picture};
    Cut cut = {0};
    for (int click = 1; click <= 5; click++) {
        Status status = add_click(&a, s, error);
        if (!status && (!zoom || click == 1)) status = ask_whole(m, s, &a, click > 1, &cut, error);
        if (!status && zoom) status = ask_zoomed(m, s, &a, click > 1, &cut, error);
        if (status) return status;
        if (click % 2) dice[click / 2] = dice_of(s);
    }
    return VOXPERT_OK;
}

/* Each side moved by a uniform integer within 5 % of its length; the same for the same object. */
static void jitter(const Scene *s, double box[4]) {
    const CaseObject *o = s->object;
    uint64_t name = hash_fnv1a(s->picture->name, strlen(s->picture->name));
    Random r = random_begin(name, (uint64_t)o->x0 << 32 | (uint64_t)o->y0, o->area, PURPOSE_JITTER);
    int64_t by[] = {(int64_t)(0.05 * (o->x1 - o->x0 + 1)), (int64_t)(0.05 * (o->y1 - o->y0 + 1))};
    double most[] = {s->picture->width - 1.0, s->picture->height - 1.0};
    for (int i = 0; i < 4; i++) {
        box[i] += (double)random_integer(&r, -by[i & 1], by[i & 1]);
        box[i] = fmin(fmax(box[i], 0.0), most[i & 1]);
    }
}

static void baselines(const Scene *s, double *the_box, double *ellipse) {
    const CaseObject *o = s->object;
    double cx = (o->x0 + o->x1) / 2.0, cy = (o->y0 + o->y1) / 2.0;
    double rx = (o->x1 - o->x0 + 1) / 2.0, ry = (o->y1 - o->y0 + 1) / 2.0;
    for (int round = 0; round < 2; round++) {
        memset(s->mask, 0, s->pixels);
        for (int y = o->y0; y <= o->y1; y++)
            for (int x = o->x0; x <= o->x1; x++) {
                double u = (x - cx) / rx, w = (y - cy) / ry;
                s->mask[(size_t)y * (size_t)s->picture->width + (size_t)x] =
                    round == 0 || u * u + w * w <= 1.0;
            }
        *(round ? ellipse : the_box) = dice_of(s);
    }
}

static bool wants(unsigned which, Measure m) { return which >> m & 1; }

static Status take_all(Measurer *m, const Scene *s, unsigned which, double dice[MEASURES],
                       Error *error) {
    const CaseObject *o = s->object;
    double exact[] = {o->x0, o->y0, o->x1, o->y1}, moved[] = {o->x0, o->y0, o->x1, o->y1};
    jitter(s, moved);
    Status status = VOXPERT_OK;
    for (int zoom = 0; zoom < 2; zoom++) {
        Measure box = zoom ? MEASURE_BOX_ZOOM : MEASURE_BOX_WHOLE;
        Measure jittered = zoom ? MEASURE_JITTER_ZOOM : MEASURE_JITTER_WHOLE;
        Measure click = zoom ? MEASURE_CLICK1_ZOOM : MEASURE_CLICK1_WHOLE;
        if (!status && wants(which, box)) status = ask_box(m, s, exact, zoom, &dice[box], error);
        if (!status && wants(which, jittered))
            status = ask_box(m, s, moved, zoom, &dice[jittered], error);
        if (!status && wants(which, click)) status = ask_clicks(m, s, zoom, dice + click, error);
    }
    baselines(s, &dice[MEASURE_THE_BOX], &dice[MEASURE_ELLIPSE]);
    return status;
}

static Status scene_open(Scene *s, const Dataset *d, const CaseObject *o, Error *error) {
    const Case *p = &d->picture[o->picture];
    int across = o->x1 - o->x0 + 1;
    size_t pixels = (size_t)p->width * (size_t)p->height, width = (size_t)across;
    *s = (Scene){p, o, memory_new(pixels), memory_new(pixels), pixels};
    if (!s->truth || !s->mask)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to measure it", p->name);
    for (int y = o->y0; y <= o->y1; y++)
        memcpy(s->truth + (size_t)y * (size_t)p->width + (size_t)o->x0,
               o->mask + (size_t)(y - o->y0) * width, width);
    return VOXPERT_OK;
}

static void scene_close(Scene *s) {
    memory_free(s->truth);
    memory_free(s->mask);
}

Status measure_object(Measurer *m, const Dataset *d, const CaseObject *o, unsigned which,
                      double dice[MEASURES], Error *error) {
    Scene s;
    Status status = scene_open(&s, d, o, error);
    if (!status) status = take_all(m, &s, which, dice, error);
    scene_close(&s);
    return status;
}

Status measure_box_mask(Measurer *m, const Dataset *d, const CaseObject *o, uint8_t *mask,
                        double *dice, Error *error) {
    Scene s;
    double box[] = {o->x0, o->y0, o->x1, o->y1};
    Status status = scene_open(&s, d, o, error);
    if (!status) status = ask_box(m, &s, box, true, dice, error);
    if (!status) memcpy(mask, s.mask, s.pixels);
    scene_close(&s);
    return status;
}

/* ---- Tables ----------------------------------------------------------------------------- */

static Status measure_set(MeasureTable *t, Measurer *m, const Dataset *d, int set, SplitPart part,
                          unsigned which, size_t most, Error *error) {
    size_t *list, count;
    Status status = dataset_select(d, set, part, &list, &count, error);
    if (status) return status;
    size_t step = most && count > most ? (count + most - 1) / most : 1;
    for (size_t i = 0; !status && i < count; i += step) {
        const CaseObject *o = &d->object[list[i]];
        double dice[MEASURES] = {0};
        status = measure_object(m, d, o, which, dice, error);
        t->count[set][o->outer]++;
        for (int k = 0; k < MEASURES; k++) t->dice[set][o->outer][k] += dice[k];
    }
    memory_free(list);
    return status;
}

static void average(MeasureTable *t) {
    size_t sets = 0;
    for (size_t s = 0; s < t->sets; s++) {
        for (int outer = 0; outer < 2; outer++)
            for (int k = 0; k < MEASURES && t->count[s][outer]; k++)
                t->dice[s][outer][k] /= (double)t->count[s][outer];
        if (!t->count[s][0]) continue;
        sets++;
        for (int k = 0; k < MEASURES; k++) t->macro[k] += t->dice[s][0][k];
    }
    for (int k = 0; k < MEASURES && sets; k++) t->macro[k] /= (double)sets;
}

Status measure_sets(MeasureTable *out, Measurer *m, const Dataset *d, SplitPart part,
                    unsigned which, size_t most, Error *error) {
    *out = (MeasureTable){.sets = d->sets};
    out->dice = memory_new((d->sets + 1) * sizeof *out->dice);
    out->count = memory_new((d->sets + 1) * sizeof *out->count);
    Status status = VOXPERT_OK;
    if (!out->dice || !out->count)
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the table of measures");
    measurer_reset(m);
    for (size_t s = 0; !status && s < d->sets; s++)
        status = measure_set(out, m, d, (int)s, part, which, most, error);
    if (!status)
        average(out);
    else
        measure_table_free(out);
    return status;
}

void measure_table_free(MeasureTable *t) {
    memory_free(t->dice);
    memory_free(t->count);
    *t = (MeasureTable){0};
}
