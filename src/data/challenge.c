#include "data/challenge.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "data/load.h"

static Status is_coloured(bool *coloured, Npz *z, const char *path, Error *error) {
    NpyArray images, labels;
    Status status = npz_array(&images, z, "imgs", error);
    *coloured = !status && images.rank == 3 && images.dim[2] == 3;
    if (!*coloured) return status;
    *coloured = text_starts(path_base(path), "2D");
    if (!npz_has(z, "gts")) return VOXPERT_OK;
    status = npz_array(&labels, z, "gts", error);
    *coloured = !status && labels.rank == 2;
    return status;
}

/* The spacing's order is x, y, z. */
static Status take_spacing(Volume *v, Npz *z, Error *error) {
    NpyArray a;
    if (!npz_has(z, "spacing")) return VOXPERT_OK;
    Status status = npz_array(&a, z, "spacing", error);
    if (status == VOXPERT_OUT_OF_MEMORY) return status;
    if (status || a.count != 3) return VOXPERT_OK; /* the image is as good without */
    float spacing[3];
    npy_read_floats(&a, spacing);
    for (int i = 0; i < 3; i++) {
        if (!(spacing[i] > 0.0f) || !isfinite(spacing[i])) return VOXPERT_OK;
    }
    for (int i = 0; i < 3; i++) {
        v->grid.spacing_xyz_mm[i] = (double)spacing[i];
        v->grid.affine_ras[i][i] = (double)spacing[i];
    }
    return VOXPERT_OK;
}

static Status read_array(Volume **out, const char *path, const char *array, Error *error) {
    Npz z;
    bool colours = false;
    *out = NULL;
    Status status = npz_open(&z, path, error);
    if (status) return status;
    if (strcmp(array, "imgs") == 0) status = is_coloured(&colours, &z, path, error);
    if (!status) status = npz_volume(out, &z, array, colours, error);
    if (!status) status = take_spacing(*out, &z, error);
    npz_close(&z);
    if (!status) return VOXPERT_OK;
    volume_free(*out);
    *out = NULL;
    return status;
}

Status challenge_image(Volume **out, const char *path, Error *error) {
    return read_array(out, path, "imgs", error);
}

Status challenge_labels(Volume **out, const char *path, Error *error) {
    Status status = read_array(out, path, "gts", error);
    if (!status) (*out)->labels = true;
    return status;
}

Status challenge_fingerprint(Hash *hash, const char *path, Error *error) {
    Npz z;
    Status status = npz_open(&z, path, error);
    if (status) return status;
    for (size_t i = 0; i < z.zip.count; i++) {
        const ZipRecord *r = &z.zip.record[i];
        hash_add(hash, r->name, r->name_length);
        hash_add(hash, &r->crc, sizeof r->crc);
    }
    npz_close(&z);
    return VOXPERT_OK;
}

Status challenge_has_labels(bool *found, const char *path, Error *error) {
    Npz z;
    Status status = npz_open(&z, path, error);
    *found = !status && npz_has(&z, "gts");
    if (!status) npz_close(&z);
    return status == VOXPERT_OUT_OF_MEMORY ? status : VOXPERT_OK;
}

/* ---- Prompts ------------------------------------------------------------------------------ */

void challenge_prompts_free(ChallengePrompts *p) {
    memory_free(p->box);
    memory_free(p->click);
    *p = (ChallengePrompts){0};
}

static Status bad(const Npz *z, const char *array, const char *rule, Error *error) {
    return error_set(error, VOXPERT_BAD_INPUT, "%s: the array \"%s\" %s", z->name, array, rule);
}

static Status boxes_reserve(ChallengePrompts *p, const Npz *z, size_t count, Error *error) {
    p->box = memory_new((count + 1) * sizeof *p->box);
    if (p->box) return VOXPERT_OK;
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for its boxes", z->name);
}

/* 2024: [boxes, 4] of x0, y0, x1, y1, or [boxes, 6] of x0, y0, z0, x1, y1, z1. */
static Status number_boxes(ChallengePrompts *p, Npz *z, Error *error) {
    NpyArray a;
    Status status = npz_array(&a, z, "boxes", error);
    if (status) return status;
    if (a.rank != 2 || (a.dim[1] != 4 && a.dim[1] != 6))
        return bad(z, "boxes", "must be [boxes, 4] or [boxes, 6]", error);
    size_t axes = a.dim[1] / 2;
    status = boxes_reserve(p, z, a.dim[0], error);
    for (size_t b = 0; !status && b < a.dim[0]; b++) {
        ChallengeBox box = {.middle_z = (double)NAN};
        for (size_t i = 0; i < a.dim[1]; i++) {
            int64_t value;
            if (!npy_whole(&a, b * a.dim[1] + i, &value))
                return bad(z, "boxes", "holds something other than whole numbers", error);
            (i < axes ? box.low : box.high)[i % axes] = (double)value;
        }
        p->box[p->boxes++] = box;
    }
    return status;
}

static bool whole_of(const Pickle *p, const PickleValue *dict, const char *key, double *out) {
    const PickleValue *v = pickle_get(p, dict, key);
    *out = v && v->kind == PICKLE_INTEGER ? (double)v->integer : 0.0;
    return v && v->kind == PICKLE_INTEGER;
}

static bool take_box(ChallengeBox *b, const Pickle *p, const PickleValue *dict) {
    return dict->kind == PICKLE_DICT && whole_of(p, dict, "z_mid_x_min", &b->low[0]) &&
           whole_of(p, dict, "z_mid_y_min", &b->low[1]) && whole_of(p, dict, "z_min", &b->low[2]) &&
           whole_of(p, dict, "z_mid_x_max", &b->high[0]) &&
           whole_of(p, dict, "z_mid_y_max", &b->high[1]) &&
           whole_of(p, dict, "z_max", &b->high[2]) && whole_of(p, dict, "z_mid", &b->middle_z);
}

/* 2025: a dict for each object. */
static Status object_boxes(ChallengePrompts *p, Npz *z, Error *error) {
    Pickle pickle;
    const PickleValue *item;
    Status status = npz_objects(&pickle, z, "boxes", error);
    if (status) return status;
    const PickleValue *top = pickle_top(&pickle);
    status = boxes_reserve(p, z, top->count, error);
    for (PickleWalk w = pickle_walk(&pickle, top); !status && (item = pickle_next(&w));) {
        if (take_box(&p->box[p->boxes], &pickle, item))
            p->boxes++;
        else
            status = bad(z, "boxes", "holds something other than boxes of whole numbers", error);
    }
    pickle_free(&pickle);
    return status;
}

/* A list of [z, y, x]. */
static Status take_clicks(ChallengePrompts *p, size_t *capacity, const Npz *z, const Pickle *pickle,
                          const PickleValue *list, size_t object, bool inside, Error *error) {
    const PickleValue *point;
    if (!list) return VOXPERT_OK;
    if (list->kind != PICKLE_LIST) return bad(z, "clicks", "has no lists fg and bg", error);
    for (PickleWalk w = pickle_walk(pickle, list); (point = pickle_next(&w));) {
        ChallengeClick click = {.object = object, .inside = inside};
        for (size_t i = 0; i < 3; i++) {
            const PickleValue *at = pickle_item(pickle, point, i);
            if (!at || at->kind != PICKLE_INTEGER)
                return bad(z, "clicks", "holds something other than z, y, x", error);
            click.zyx[i] = (double)at->integer;
        }
        if (!memory_grow(&p->click, capacity, p->clicks, sizeof *p->click))
            return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for its clicks", z->name);
        p->click[p->clicks++] = click;
    }
    return VOXPERT_OK;
}

static Status read_clicks(ChallengePrompts *p, Npz *z, Error *error) {
    Pickle pickle;
    const PickleValue *item;
    size_t object = 0, capacity = 0;
    Status status = npz_objects(&pickle, z, "clicks", error);
    if (status) return status;
    for (PickleWalk w = pickle_walk(&pickle, pickle_top(&pickle));
         !status && (item = pickle_next(&w)); object++) {
        if (item->kind != PICKLE_DICT) status = bad(z, "clicks", "holds no dicts", error);
        if (!status)
            status = take_clicks(p, &capacity, z, &pickle, pickle_get(&pickle, item, "fg"), object,
                                 true, error);
        if (!status)
            status = take_clicks(p, &capacity, z, &pickle, pickle_get(&pickle, item, "bg"), object,
                                 false, error);
    }
    pickle_free(&pickle);
    return status;
}

Status challenge_prompts(ChallengePrompts *out, const char *path, Error *error) {
    Npz z;
    NpyArray spacing;
    *out = (ChallengePrompts){0};
    Status status = npz_open(&z, path, error);
    if (status) return status;
    bool objects = false;
    if (npz_has(&z, "boxes")) {
        status = npz_is_objects(&objects, &z, "boxes", error);
        if (!status) status = (objects ? object_boxes : number_boxes)(out, &z, error);
    }
    if (!status && npz_has(&z, "clicks")) status = read_clicks(out, &z, error);
    if (!status && npz_has(&z, "spacing")) {
        status = npz_array(&spacing, &z, "spacing", error);
        float values[3];
        if (!status && spacing.count == 3) {
            npy_read_floats(&spacing, values);
            for (int i = 0; i < 3; i++) out->spacing[i] = (double)values[i];
        }
    }
    npz_close(&z);
    if (status) challenge_prompts_free(out);
    return status;
}
