/* Where to look closer, and the whole answer to a prompt. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "image/mask_clean.h"
#include "predict/predictor.h"

enum { ZOOM_LEAST = 32 }; /* pixels: below that there is nothing to see */
static const double usual_zoom = 2.0;

static Status no_memory(Error *error) {
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory to zoom on a prompt");
}

/* ---- What was said, as a box of inclusive corners --------------------------------------- */

static const float nothing[4] = {INFINITY, INFINITY, -INFINITY, -INFINITY};

static bool is_empty(const float box[4]) { return !(box[0] <= box[2]); }

static void include(float box[4], float x, float y) {
    box[0] = fminf(box[0], x), box[1] = fminf(box[1], y);
    box[2] = fmaxf(box[2], x), box[3] = fmaxf(box[3], y);
}

static void include_points(float box[4], const ObjectPrompt *o) {
    for (int i = 0; i < o->points; i++) include(box, o->point[2 * i], o->point[2 * i + 1]);
}

static void include_mask(float box[4], const uint8_t *mask, const Picture *p) {
    size_t size[3] = {1, p->height, p->width}, low[3], high[3];
    if (!mask_bounds(mask, size, low, high)) return;
    include(box, (float)low[2], (float)low[1]);
    include(box, (float)high[2], (float)high[1]);
}

/* Bounds of the positive logits; false where there are none. */
static bool positive_bounds(const float *logits, int width, int height, float box[4]) {
    memcpy(box, nothing, sizeof nothing);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            if (*logits++ > 0.0f) include(box, (float)x, (float)y);
    return !is_empty(box);
}

/* ---- Earlier logits --------------------------------------------------------------------- */

static View view_of_logits(const Predictor *p, const ObjectPrompt *o) {
    Crop crop = o->low_res_crop.width ? o->low_res_crop : crop_whole(&p->picture);
    return view_of(&p->model->preset, crop, p->model->system.sam.config.image);
}

/* Between continuous coordinates of a view's input and of the picture. */
static double to_picture(double at, int first, int begin, int pixels, int shown) {
    return first + (at - begin) * pixels / shown;
}
static double to_view(double at, int first, int begin, int pixels, int shown) {
    return begin + (at - first) * shown / pixels;
}

static void include_logits(float box[4], const Predictor *p, const ObjectPrompt *o) {
    View v = view_of_logits(p, o);
    int side = 4 * sam_grid(&p->model->system.sam);
    double cell = (double)v.size / side;
    float b[4];
    if (!positive_bounds(o->low_res, side, side, b)) return;
    for (int i = 0; i < 4; i += 2) {
        double u = ((double)b[i] + 0.5) * cell, w = ((double)b[i + 1] + 0.5) * cell;
        double x = to_picture(u, v.crop.x, v.left, v.crop.width, v.width);
        double y = to_picture(w, v.crop.y, v.top, v.crop.height, v.height);
        include(box, (float)fmin(fmax(x - 0.5, 0.0), (double)p->picture.width - 1.0),
                (float)fmin(fmax(y - 0.5, 0.0), (double)p->picture.height - 1.0));
    }
}

static const float surely_outside = -10.0f;

/* Bilinear value at (u, w) in cells; outside of the grid nothing belongs to the object. */
static float sample(const float *logits, int side, double u, double w) {
    if (!(u >= 0.0 && w >= 0.0 && u <= side && w <= side)) return surely_outside;
    double x = fmin(fmax(u - 0.5, 0.0), side - 1.0), y = fmin(fmax(w - 0.5, 0.0), side - 1.0);
    int x0 = (int)x, y0 = (int)y, x1 = x0 + (x0 + 1 < side), y1 = y0 + (y0 + 1 < side);
    double ax = x - x0, ay = y - y0;
    const float *a = logits + (size_t)y0 * (size_t)side, *b = logits + (size_t)y1 * (size_t)side;
    double above = (double)a[x0] * (1.0 - ax) + (double)a[x1] * ax;
    double below = (double)b[x0] * (1.0 - ax) + (double)b[x1] * ax;
    return (float)(above * (1.0 - ay) + below * ay);
}

/* Earlier logits as view `to` would show them. */
static void carry(float *out, const Predictor *p, const ObjectPrompt *o, const View *to) {
    View from = view_of_logits(p, o);
    int side = 4 * sam_grid(&p->model->system.sam);
    double cell = (double)to->size / side;
    for (int i = 0; i < side * side; i++) {
        double u = (i % side + 0.5) * cell, w = (floor((double)i / side) + 0.5) * cell;
        double x = to_picture(u, to->crop.x, to->left, to->crop.width, to->width);
        double y = to_picture(w, to->crop.y, to->top, to->crop.height, to->height);
        u = to_view(x, from.crop.x, from.left, from.crop.width, from.width);
        w = to_view(y, from.crop.y, from.top, from.crop.height, from.height);
        out[i] = sample(o->low_res, side, u / cell, w / cell);
    }
}

/* ---- Clicks ----------------------------------------------------------------------------- */

/* A click does not say how large its object is.  So it is asked in the whole picture and in ever
 * smaller crops around it, and the answer that the model believes in most is taken; less so one
 * that a crop cuts off, or that is a speck in its view. */
static const double cut_off_penalty = 0.5, speck_penalty = 0.2, speck = 0.15;

typedef struct Answer {
    float box[4];
    double worth;
    bool any;
} Answer;

/* What looking took, summed. */
typedef struct Spent {
    double encode, decode;
    bool encoded; /* by the encoder, not from the cache */
} Spent;

static Status encode(Predictor *p, Crop crop, bool mirrored, Spent *spent, Error *error) {
    Status status = predictor_look(p, crop, mirrored, error);
    spent->encode += p->encode_seconds;
    if (!p->from_cache) spent->encoded = true;
    return status;
}

static Status decode(Predictor *p, const ObjectPrompt *o, bool multimask, Prediction *out,
                     Spent *spent, Error *error) {
    Status status = predictor_decode(p, o, multimask, out, error);
    spent->decode += p->decode_seconds;
    return status;
}

static bool is_cut_off(const Picture *p, const Crop *c, const float box[4]) {
    return (c->x > 0 && box[0] <= (float)c->x) || (c->y > 0 && box[1] <= (float)c->y) ||
           (c->x + c->width < (int)p->width && box[2] >= (float)(c->x + c->width - 1)) ||
           (c->y + c->height < (int)p->height && box[3] >= (float)(c->y + c->height - 1));
}

static Status ask(Predictor *p, const ObjectPrompt *o, Crop crop, float *logits, Answer *out,
                  Spent *spent, Error *error) {
    Prediction found = {0};
    *out = (Answer){0};
    Status status = encode(p, crop, false, spent, error);
    if (!status) status = decode(p, o, false, &found, spent, error);
    if (!status) status = predictor_logits(p, &found, logits, error);
    if (!status) {
        float longer = (float)(crop.width > crop.height ? crop.width : crop.height);
        out->any = positive_bounds(logits, (int)p->picture.width, (int)p->picture.height, out->box);
        out->worth = (double)found.iou[0];
        if (out->any && is_cut_off(&p->picture, &crop, out->box)) out->worth -= cut_off_penalty;
        float extent = fmaxf(out->box[2] - out->box[0], out->box[3] - out->box[1]) + 1.0f;
        if ((double)(extent / longer) < speck) out->worth -= speck_penalty;
    }
    prediction_free(&found);
    return status;
}

/* The smallest crop still has a quarter of the encoder's pixels along a side, and every point. */
static Status best_answer(Predictor *p, const ObjectPrompt *o, Answer *best, Spent *spent,
                          Error *error) {
    const Picture *picture = &p->picture;
    float box[4];
    memcpy(box, nothing, sizeof nothing);
    include_points(box, o);
    double reach = (double)fmaxf(box[2] - box[0], box[3] - box[1]);
    int longer = (int)(picture->width > picture->height ? picture->width : picture->height);
    int least = p->model->system.sam.config.image / 4;
    float *logits = memory_new(picture->width * picture->height * sizeof *logits);
    if (!logits) return no_memory(error);
    Status status = ask(p, o, crop_whole(picture), logits, best, spent, error);
    for (int side = longer / 2; !status && side >= least && reach <= 0.8 * side; side /= 2) {
        Answer a;
        status = ask(p, o, crop_around(picture, box, 1.0, side), logits, &a, spent, error);
        if (a.any && (!best->any || a.worth > best->worth)) *best = a;
    }
    memory_free(logits);
    return status;
}

/* ---- Any prompt ------------------------------------------------------------------------- */

static Status choose(Predictor *p, const ObjectPrompt *o, Crop *crop, Spent *spent, Error *error) {
    double factor = p->model->preset.zoom > 0.0 ? p->model->preset.zoom : usual_zoom;
    float box[4];
    memcpy(box, nothing, sizeof nothing);
    *crop = crop_whole(&p->picture);
    if (o->box) include(box, o->box[0], o->box[1]), include(box, o->box[2], o->box[3]);
    if (o->low_res)
        include_logits(box, p, o);
    else if (o->mask)
        include_mask(box, o->mask, &p->picture);
    if (is_empty(box) && !o->low_res && o->points == 0) return VOXPERT_OK; /* the image prompts */
    if (is_empty(box) && !o->low_res) {
        Answer first;
        Status status = best_answer(p, o, &first, spent, error);
        if (status || !first.any) return status;
        memcpy(box, first.box, sizeof box);
    }
    include_points(box, o); /* all that was said must be in sight */
    if (!is_empty(box)) *crop = crop_around(&p->picture, box, factor, ZOOM_LEAST);
    return VOXPERT_OK;
}

/* ---- Looking ---------------------------------------------------------------------------- */

typedef struct Question {
    ObjectPrompt prompt; /* earlier logits as the crop's view shows them */
    float *carried;      /* these, where they had to be moved */
    Crop crop;
    bool multimask;
} Question;

static Status bring_logits(Question *q, const Predictor *p, Error *error) {
    View to = view_of(&p->model->preset, q->crop, p->model->system.sam.config.image);
    if (!q->prompt.low_res || crop_same(view_of_logits(p, &q->prompt).crop, q->crop))
        return VOXPERT_OK;
    size_t side = 4 * (size_t)sam_grid(&p->model->system.sam);
    q->carried = memory_new(side * side * sizeof *q->carried);
    if (!q->carried) return no_memory(error);
    carry(q->carried, p, &q->prompt, &to);
    q->prompt.low_res = q->carried;
    return VOXPERT_OK;
}

static Status look(Predictor *p, const Question *q, bool mirrored, Prediction *out, Spent *spent,
                   Error *error) {
    Status status = encode(p, q->crop, mirrored, spent, error);
    return status ? status : decode(p, &q->prompt, q->multimask, out, spent, error);
}

/* `out` becomes the mean of itself and of what was seen in the mirror. */
static Status average(Prediction *out, const Prediction *mirrored, const View *v, Error *error) {
    size_t n = (size_t)out->count * (size_t)out->side * (size_t)out->side;
    float *back = memory_new(n * sizeof *back);
    if (!back) return no_memory(error);
    view_mirror(back, v, mirrored->low_res, out->count, out->side, surely_outside);
    for (size_t i = 0; i < n; i++) out->low_res[i] = 0.5f * (out->low_res[i] + back[i]);
    for (int i = 0; i < out->count; i++) out->iou[i] = 0.5f * (out->iou[i] + mirrored->iou[i]);
    memory_free(back);
    return VOXPERT_OK;
}

/* The plain view comes last: what may be asked next is asked of it. */
static Status look_twice(Predictor *p, const Question *q, Prediction *out, Spent *spent,
                         Error *error) {
    Prediction mirrored = {0};
    Status status = look(p, q, true, &mirrored, spent, error);
    if (status) p->encoded = false; /* nobody else may take a mirror image for the view */
    if (!status) status = look(p, q, false, out, spent, error);
    if (!status) status = average(out, &mirrored, &p->view, error);
    prediction_free(&mirrored);
    return status;
}

/* Two looks of a model with experts may choose two tokens, whose masks have no mean. */
static bool is_mirrored(const Model *m) { return m->preset.mirror && m->system.ops->mirrors; }

Status predictor_answer(Predictor *p, const ObjectPrompt *prompt, bool zoom, bool multimask,
                        Prediction *out, Error *error) {
    Spent spent = {0};
    *out = (Prediction){0};
    Question q = {.prompt = *prompt, .crop = crop_whole(&p->picture), .multimask = multimask};
    Status status = zoom ? choose(p, prompt, &q.crop, &spent, error) : VOXPERT_OK;
    if (!status) status = bring_logits(&q, p, error);
    if (!status)
        status = zoom && is_mirrored(p->model) ? look_twice(p, &q, out, &spent, error)
                                               : look(p, &q, false, out, &spent, error);
    memory_free(q.carried);
    out->encode_seconds = spent.encode;
    out->decode_seconds = spent.decode;
    out->from_cache = !spent.encoded;
    return status;
}
