/* Maps of experts: taken from a session, drawn over its image. */
#include <voxpert/experts.h>

#include <stdio.h>
#include <string.h>

#include "api/internal.h"
#include "base/files.h"
#include "base/memory.h"
#include "base/text.h"
#include "draw/heat.h"
#include "draw/matrix.h"
#include "draw/overlay.h"
#include "draw/sheet.h"
#include "image/resize.h"
#include "predict/expert_maps.h"
#include "systems/experts.h"

enum { MAP_SIDE = 512, TILE_SIDE = 264 };

static Status no_memory(Error *error) {
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the maps of experts");
}

/* ---- Taking them ------------------------------------------------------------------------ */

static Status hand_over(VoxpertExpertMaps *out, const Predictor *p, const ExpertMaps *from,
                        const Prediction *found, Error *error) {
    const Routing *r = &found->routing;
    Extent size = expert_maps_size(&p->picture, MAP_SIDE);
    size_t pixels = size.width * size.height, planes = (size_t)r->layers * (size_t)r->experts;
    out->width = (int)size.width, out->height = (int)size.height;
    out->attention = memory_new(planes * pixels * sizeof *out->attention);
    out->logits = memory_new((size_t)r->tokens * pixels * sizeof *out->logits);
    if (!out->attention || !out->logits) return no_memory(error);
    Status status = routing_hand_over(&out->routing, r, error);
    if (!status)
        status = expert_maps_show(out->attention, size, p, from->attention, (int)planes, from->grid,
                                  0.0f, error);
    return status ? status
                  : expert_maps_show(out->logits, size, p, found->low_res, found->count,
                                     found->side, -32.0f, error);
}

static Status look(Predictor *p, const Asked *asked, const VoxpertSegmentOptions *o,
                   VoxpertExpertMaps *maps, Error *error) {
    ExpertMaps inner;
    Prediction found = {0};
    Status status = expert_maps_open(&inner, &p->model->system, error);
    p->maps = &inner;
    if (!status) status = predictor_answer(p, &asked->prompt, asks_zoom(p, o), true, &found, error);
    p->maps = NULL;
    if (!status) status = hand_over(maps, p, &inner, &found, error);
    prediction_free(&found);
    expert_maps_close(&inner);
    return status;
}

VoxpertStatus voxpert_expert_maps(VoxpertSession *session, const VoxpertPrompt *prompt,
                                  const VoxpertSegmentOptions *options, VoxpertExpertMaps *maps,
                                  VoxpertError *error) {
    VoxpertSegmentOptions own;
    const VoxpertSegmentOptions *o = &own;
    if (!session || !prompt || !maps)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "voxpert_expert_maps: NULL");
    *maps = (VoxpertExpertMaps){0};
    Predictor *p = session_begin(session);
    Asked asked;
    Status status = segment_options_take(&own, options, error);
    if (!status) status = need_experts(p->model, error);
    if (status) return status;
    status = asked_from(&asked, prompt, error);
    if (!status && !p->picture.rgb)
        status = error_set(error, VOXPERT_BAD_ARGUMENT, "no image was set");
    asked.prompt.prompt_free = o->prompt_free;
    asked.prompt.expert = o->expert;
    asked.prompt.prompt_class = o->prompt_class;
    if (!status) status = prompt_check(&p->picture, &asked.prompt, error);
    if (!status) status = predictor_check(p, &asked.prompt, error);
    if (!status) status = look(p, &asked, o, maps, error);
    asked_free(&asked);
    if (status) voxpert_expert_maps_free(maps);
    return status;
}

void voxpert_expert_maps_free(VoxpertExpertMaps *maps) {
    if (!maps) return;
    routing_free(&maps->routing);
    memory_free(maps->attention);
    memory_free(maps->logits);
    *maps = (VoxpertExpertMaps){0};
}

/* ---- Drawing them ----------------------------------------------------------------------- */

typedef char Caption[2 * 64];

typedef struct Figure {
    const VoxpertExpertMaps *maps;
    const System *system;
    Extent size;      /* of a map */
    uint8_t *picture; /* of that size */
    uint8_t *pixels;  /* of all tiles, one behind the other */
    SheetTile *tile;
    Caption *caption;
    uint16_t *labels;
    size_t columns, count;
} Figure;

static void figure_close(Figure *f) {
    memory_free(f->picture);
    memory_free(f->pixels);
    memory_free(f->tile);
    memory_free(f->caption);
    memory_free(f->labels);
}

static Status figure_open(Figure *f, const Predictor *p, const VoxpertExpertMaps *maps,
                          Error *error) {
    const VoxpertRouting *r = &maps->routing;
    *f = (Figure){.maps = maps,
                  .system = &p->model->system,
                  .size = {(size_t)maps->height, (size_t)maps->width},
                  .columns = (size_t)(r->experts > r->tokens ? r->experts : r->tokens)};
    size_t tiles = f->columns * (size_t)(r->layers + 1), pixels = extent_pixels(f->size);
    f->picture = memory_new(3 * pixels);
    f->pixels = memory_new(3 * pixels * tiles);
    f->tile = memory_new(tiles * sizeof *f->tile);
    f->caption = memory_new(tiles * sizeof *f->caption);
    f->labels = memory_new(pixels * sizeof *f->labels);
    if (!f->picture || !f->pixels || !f->tile || !f->caption || !f->labels) return no_memory(error);
    return resize_bytes(f->picture, f->size, p->picture.rgb,
                        (Extent){p->picture.height, p->picture.width}, 3, RESIZE_PILLOW_BILINEAR,
                        error);
}

/* The next tile, with the picture on it. */
static Canvas next_tile(Figure *f) {
    size_t bytes = 3 * extent_pixels(f->size);
    uint8_t *rgb = f->pixels + f->count * bytes;
    memcpy(rgb, f->picture, bytes);
    f->tile[f->count] = (SheetTile){.rgb = rgb, .size = f->size, .caption = f->caption[f->count]};
    f->count++;
    return (Canvas){rgb, f->size};
}

static void fill_row(Figure *f) {
    while (f->count % f->columns) f->count++;
}

static void name_expert(char text[EXPERT_NAME + 16], const Figure *f, int expert) {
    const char *name = system_expert_name(f->system, expert);
    snprintf(text, EXPERT_NAME + 16, name[0] ? "expert %d %s" : "expert %d", expert + 1, name);
}

/* "tokens 1 3", "token 2", "disabled" or "no token" */
static void say_tokens(char *text, size_t room, const Figure *f, int layer, int expert) {
    const VoxpertRouting *r = &f->maps->routing;
    const float *gates = r->gates + (size_t)(layer * r->tokens * r->experts + expert);
    size_t used = 0, count = 0;
    for (int t = 0; t < r->tokens; t++) count += gates[t * r->experts] > 0.0f;
    for (int t = 0; t < r->tokens && used + 12 < room; t++)
        if (gates[t * r->experts] > 0.0f)
            used += (size_t)snprintf(text + used, room - used, "%s %d",
                                     used        ? ""
                                     : count > 1 ? "tokens"
                                                 : "token",
                                     t + 1);
    bool held = route_holds_back(system_token_experts(f->system)->held_back, expert);
    if (!used) snprintf(text, room, "%s", held ? "disabled" : "no token");
}

static void add_expert(Figure *f, int layer, int expert) {
    const VoxpertRouting *r = &f->maps->routing;
    char name[EXPERT_NAME + 16], tokens[48];
    char *caption = f->caption[f->count];
    size_t plane = (size_t)(layer * r->experts + expert) * extent_pixels(f->size);
    heat_draw(next_tile(f), f->maps->attention + plane);
    name_expert(name, f, expert);
    say_tokens(tokens, sizeof tokens, f, layer, expert);
    snprintf(caption, sizeof(Caption), "layer %d %s\n%s", layer + 1, name, tokens);
}

static int expert_of(const VoxpertRouting *r, int layer, int token) {
    const float *gates = r->gates + (size_t)((layer * r->tokens + token) * r->experts);
    int best = 0;
    for (int e = 1; e < r->experts; e++)
        if (gates[e] > gates[best]) best = e;
    return best;
}

static void add_token(Figure *f, int token) {
    const VoxpertRouting *r = &f->maps->routing;
    size_t pixels = extent_pixels(f->size);
    const float *logits = f->maps->logits + (size_t)token * pixels;
    char name[EXPERT_NAME + 16], *caption = f->caption[f->count];
    for (size_t i = 0; i < pixels; i++) f->labels[i] = (uint16_t)(logits[i] > 0.0f ? token + 1 : 0);
    overlay_labels(next_tile(f), f->labels, 0.4);
    name_expert(name, f, expert_of(r, r->layers - 1, token));
    snprintf(caption, sizeof(Caption), "token %d%s\n%s, confidence %.3f", token + 1,
             token == r->chosen ? ", the answer" : "", name,
             (double)r->confidence[(r->layers - 1) * r->tokens + token]);
}

VoxpertStatus voxpert_expert_maps_write(const VoxpertSession *session,
                                        const VoxpertExpertMaps *maps, const char *path,
                                        VoxpertError *error) {
    if (!session || !maps || !maps->attention || !path || !session->predictor->picture.rgb)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "voxpert_expert_maps_write: NULL, or no maps");
    const VoxpertRouting *r = &maps->routing;
    Figure f;
    static const SheetHead head = {
        .title = "where the tokens of each expert look; masks of the tokens", .heat = true};
    Extent size = {0, 0};
    uint8_t *rgb = NULL;
    Status status = figure_open(&f, session->predictor, maps, error);
    for (int i = 0; !status && i < r->layers; i++) {
        for (int e = 0; e < r->experts; e++) add_expert(&f, i, e);
        fill_row(&f);
    }
    for (int t = 0; !status && t < r->tokens; t++) add_token(&f, t);
    if (!status)
        status = sheet_make(&rgb, &size, f.tile, f.count, f.columns, TILE_SIDE, head, error);
    Picture sheet = {.rgb = rgb, .width = size.width, .height = size.height};
    if (!status) status = picture_save(&sheet, path, error);
    memory_free(rgb);
    figure_close(&f);
    return status;
}

/* ---- Shares ----------------------------------------------------------------------------- */

static Status write_svg(const char *path, const Matrix *m, Error *error) {
    Text t = {0};
    matrix_svg(&t, m);
    Status status = t.failed ? no_memory(error) : file_write(path, t.chars, t.length, error);
    text_free(&t);
    return status;
}

static Status write_matrix(const char *path, const Matrix *m, Error *error) {
    size_t length = strlen(path);
    if (length > 4 && strcmp(path + length - 4, ".svg") == 0) return write_svg(path, m, error);
    Picture picture;
    Status status = matrix_draw(&picture, m, error);
    if (!status) status = picture_save(&picture, path, error);
    picture_free(&picture);
    return status;
}

VoxpertStatus voxpert_expert_matrix_write(const VoxpertModel *model, const double *shares, int rows,
                                          const char *const *row, const char *path,
                                          VoxpertError *error) {
    if (!model || !shares || rows < 1 || !row || !path)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "voxpert_expert_matrix_write: NULL");
    Status status = need_experts(model->model, error);
    if (status) return status;
    const System *s = &model->model->system;
    char layer[TWO_WAY_MAX_DEPTH][16], expert[EXPERTS_MAX][EXPERT_NAME];
    const char *layers[TWO_WAY_MAX_DEPTH], *experts[EXPERTS_MAX];
    Matrix m = {.title = "share of tokens that each expert gets",
                .panels = (size_t)system_expert_layers(s),
                .rows = (size_t)rows,
                .columns = (size_t)system_experts(s),
                .panel = layers,
                .row = row,
                .column = experts,
                .share = shares};
    for (size_t i = 0; i < m.panels; i++) {
        snprintf(layer[i], sizeof layer[i], "layer %zu", i + 1);
        layers[i] = layer[i];
    }
    for (size_t i = 0; i < m.columns; i++) {
        const char *name = system_expert_name(s, (int)i);
        snprintf(expert[i], sizeof expert[i], "expert %zu", i + 1);
        if (name[0]) snprintf(expert[i], sizeof expert[i], "%s", name);
        experts[i] = expert[i];
    }
    return write_matrix(path, &m, error);
}
