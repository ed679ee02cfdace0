#include "predict/everything.h"

#include <string.h>

#include "base/memory.h"
#include "tests/check.h"
#include "tests/predict/tiny_model.h"

enum { WIDTH = 60, HEIGHT = 44 };

/* Thresholds of 0 are no thresholds: all masks that are not cut by a crop are candidates. */
static EverythingOptions open_options(void) {
    EverythingOptions o = everything_defaults();
    o.points_per_side = 3;
    o.pred_iou_thresh = 0.0f;
    o.stability_score_thresh = 0.0f;
    return o;
}

TEST(presets_bring_their_own) {
    EverythingOptions published = everything_defaults();
    for (int i = 0; preset_at(i); i++) {
        EverythingOptions o = preset_everything(preset_at(i));
        bool ours = strcmp(preset_at(i)->name, "voxpert") == 0;
        CHECK(ours == (o.crop_side > 0) && ours == o.single_mask);
        CHECK(ours == (o.pred_iou_thresh != published.pred_iou_thresh));
    }
}

TEST(the_defaults_are_the_published_ones) {
    EverythingOptions o = everything_defaults();
    CHECK(o.points_per_batch == 16); /* ours: it only takes memory */
    CHECK(o.points_per_side == 32 && o.crop_n_layers == 0 && o.crop_n_points_downscale == 1);
    CHECK(o.pred_iou_thresh == 0.88f && o.stability_score_thresh == 0.95f);
    CHECK(o.stability_score_offset == 1.0f && o.mask_threshold == 0.0f);
    CHECK(o.box_nms_thresh == 0.7f && o.crop_nms_thresh == 0.7f);
    CHECK(o.crop_overlap_ratio == 512.0 / 1500.0 && o.min_mask_region_area == 0);
}

typedef struct Seen {
    size_t calls, done, total, stop_after;
} Seen;

static bool watch(void *context, size_t done, size_t total) {
    Seen *s = context;
    CHECK(done > s->done && done <= total);
    s->calls++;
    s->done = done;
    s->total = total;
    return s->calls == s->stop_after;
}

static Status find(Predictor *p, const EverythingOptions *o, FoundMasks *out, Seen *seen) {
    return everything_find(p, o, out, watch, seen, NULL);
}

TEST(progress_counts_the_points_of_all_crops) {
    TinyModel t;
    tiny_model_open(&t, NULL, 1, 1);
    Predictor *p = tiny_session(&t, WIDTH, HEIGHT);
    FoundMasks found;
    EverythingOptions o = open_options();
    Seen seen = {0};
    CHECK(!find(p, &o, &found, &seen));
    CHECK(seen.done == 9 && seen.total == 9);
    found_masks_free(&found);
    o.points_per_side = 6;
    o.crop_n_layers = 2; /* 36 points, 4 crops of 9, 16 crops of 1 */
    o.crop_n_points_downscale = 2;
    seen = (Seen){0};
    CHECK(!find(p, &o, &found, &seen));
    CHECK(seen.done == 88 && seen.total == 88);
    found_masks_free(&found);
    predictor_close(p);
    tiny_model_close(&t);
}

/* The mask on the whole picture. */
static const uint8_t *frame_of(const FoundMask *m) {
    static uint8_t frame[WIDTH * HEIGHT];
    memset(frame, 0, sizeof frame);
    found_mask_draw(m, frame, WIDTH);
    return frame;
}

static bool same_mask(const FoundMask *a, const FoundMask *b) {
    uint8_t first[WIDTH * HEIGHT];
    memcpy(first, frame_of(a), sizeof first);
    return memcmp(first, frame_of(b), sizeof first) == 0;
}

static bool same_found(const FoundMasks *a, const FoundMasks *b) {
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++)
        same = a->item[i].predicted_iou == b->item[i].predicted_iou &&
               same_mask(&a->item[i], &b->item[i]);
    return same;
}

TEST(how_many_points_are_asked_at_once_changes_no_mask) {
    TinyModel t;
    tiny_model_open(&t, NULL, 1, 1);
    Predictor *p = tiny_session(&t, WIDTH, HEIGHT);
    EverythingOptions o = open_options();
    o.points_per_side = 5;
    FoundMasks want, found;
    CHECK(!everything_find(p, &o, &want, NULL, NULL, NULL));
    CHECK(want.count > 0);
    static const struct {
        int batch;
        size_t calls;
    } sizes[] = {{1, 25}, {3, 9}, {16, 2}, {65536, 1}};
    for (int i = 0; i < 4; i++) {
        Seen seen = {0};
        o.points_per_batch = sizes[i].batch;
        CHECK(!find(p, &o, &found, &seen));
        CHECK(seen.calls == sizes[i].calls && same_found(&found, &want));
        found_masks_free(&found);
    }
    found_masks_free(&want);
    predictor_close(p);
    tiny_model_close(&t);
}

TEST(it_stops_when_it_is_told_to_and_keeps_nothing) {
    TinyModel t;
    tiny_model_open(&t, NULL, 1, 1);
    Predictor *p = tiny_session(&t, WIDTH, HEIGHT);
    FoundMasks found;
    EverythingOptions o = open_options();
    o.points_per_side = 8; /* 64 points in 4 batches */
    Seen seen = {.stop_after = 2};
    CHECK(find(p, &o, &found, &seen) == VOXPERT_INTERRUPTED);
    CHECK(seen.calls == 2 && seen.done == 32);
    CHECK(!found.item && !found.count);
    predictor_close(p);
    tiny_model_close(&t);
}

TEST(every_mask_fits_its_box_and_its_crop) {
    TinyModel t;
    tiny_model_open(&t, NULL, 1, 1);
    Predictor *p = tiny_session(&t, WIDTH, HEIGHT);
    FoundMasks found;
    EverythingOptions o = open_options();
    o.crop_n_layers = 1;
    CHECK(!everything_find(p, &o, &found, NULL, NULL, NULL));
    CHECK(found.count > 0);
    for (size_t i = 0; i < found.count; i++) {
        const FoundMask *m = &found.item[i];
        const uint8_t *mask = frame_of(m);
        for (int k = 0; k < WIDTH * HEIGHT; k++) {
            float x = (float)(k % WIDTH), y = (float)(k / WIDTH);
            bool in = x >= m->box[0] && x <= m->box[2] && y >= m->box[1] && y <= m->box[3];
            CHECK(mask[k] <= 1 && (in || !mask[k]));
        }
        CHECK(m->box[0] >= m->crop[0] && m->box[2] < m->crop[2]);
        CHECK(m->point[0] > m->crop[0] && m->point[0] < m->crop[2]);
        CHECK(m->point[1] > m->crop[1] && m->point[1] < m->crop[3]);
    }
    found_masks_free(&found);
    predictor_close(p);
    tiny_model_close(&t);
}

TEST(no_mask_passes_a_threshold_that_none_can_reach) {
    TinyModel t;
    tiny_model_open(&t, NULL, 1, 1);
    Predictor *p = tiny_session(&t, WIDTH, HEIGHT);
    FoundMasks found;
    EverythingOptions o = open_options();
    o.pred_iou_thresh = 1e6f;
    CHECK(!everything_find(p, &o, &found, NULL, NULL, NULL) && !found.count);
    o = open_options();
    o.stability_score_thresh = 1.5f;
    CHECK(!everything_find(p, &o, &found, NULL, NULL, NULL) && !found.count);
    predictor_close(p);
    tiny_model_close(&t);
}

TEST(small_regions_are_gone_where_that_was_asked_for) {
    TinyModel t;
    tiny_model_open(&t, NULL, 1, 1);
    Predictor *p = tiny_session(&t, WIDTH, HEIGHT);
    FoundMasks found;
    EverythingOptions o = open_options();
    o.min_mask_region_area = WIDTH * HEIGHT; /* every hole is small, and every island but one */
    CHECK(!everything_find(p, &o, &found, NULL, NULL, NULL));
    CHECK(found.count > 0);
    for (size_t i = 0; i < found.count; i++) {
        size_t area = 0;
        for (int k = 0; k < WIDTH * HEIGHT; k++) area += frame_of(&found.item[i])[k];
        CHECK(area == WIDTH * HEIGHT);
    }
    found_masks_free(&found);
    predictor_close(p);
    tiny_model_close(&t);
}

TEST(square_crops_give_whole_masks_that_no_edge_cuts) {
    TinyModel t;
    tiny_model_open(&t, NULL, 1, 1);
    Predictor *p = tiny_session(&t, WIDTH, HEIGHT);
    EverythingOptions o = open_options();
    o.crop_side = 24;
    o.single_mask = true;
    o.box_nms_thresh = o.crop_nms_thresh = 1.0f;
    FoundMasks found;
    CHECK(!everything_find(p, &o, &found, NULL, NULL, NULL));
    CHECK(found.count > 0);
    for (size_t i = 0; i < found.count; i++) {
        const FoundMask *m = &found.item[i];
        const uint8_t *mask = frame_of(m);
        size_t area = 0;
        for (size_t k = 0; k < WIDTH * HEIGHT; k++) area += mask[k];
        for (size_t y = 0; y < HEIGHT; y++)
            for (size_t x = 0; x < WIDTH; x++)
                if (mask[y * WIDTH + x])
                    CHECK((float)x >= m->box[0] && (float)x <= m->box[2] && (float)y >= m->box[1] &&
                          (float)y <= m->box[3]);
        if (!area) continue;
        CHECK(m->crop[0] <= 0.0f || m->box[0] - m->crop[0] > 1.5f);
        CHECK(m->crop[3] >= HEIGHT || m->crop[3] - m->box[3] > 1.5f);
    }
    found_masks_free(&found);
    predictor_close(p);
    tiny_model_close(&t);
}

TEST(options_out_of_range_are_refused_by_name) {
    TinyModel t;
    tiny_model_open(&t, NULL, 1, 1);
    Predictor *p = tiny_predictor(&t), *ready = tiny_session(&t, WIDTH, HEIGHT);
    EverythingOptions o[7];
    for (int i = 0; i < 7; i++) o[i] = open_options();
    o[0].points_per_side = 0;
    o[1].crop_n_layers = 5;
    o[2].crop_n_points_downscale = 0;
    o[3].crop_overlap_ratio = -0.1;
    o[4].points_per_batch = 65537;
    o[5].crop_side = 15;
    o[6].crop_side = 64, o[6].crop_n_layers = 1;
    static const char *const names[] = {
        "points_per_side",  "crop_n_layers", "crop_n_points_downscale",       "crop_overlap_ratio",
        "points_per_batch", "crop_side",     "crop_n_layers beside crop_side"};
    FoundMasks found;
    Error error;
    for (int i = 0; i < 7; i++) {
        CHECK(everything_find(ready, &o[i], &found, NULL, NULL, &error) == VOXPERT_BAD_ARGUMENT);
        CHECK(strstr(error.message, names[i]) != NULL && !found.item);
    }
    o[0] = open_options();
    CHECK(everything_find(p, &o[0], &found, NULL, NULL, &error) == VOXPERT_BAD_ARGUMENT);
    CHECK(strcmp(error.message, "no image was set") == 0);
    predictor_close(ready);
    predictor_close(p);
    tiny_model_close(&t);
}

TEST(memory_over_the_limit_is_refused_by_name) {
    TinyModel t;
    tiny_model_open(&t, NULL, 1, 1);
    Predictor *p = tiny_session(&t, WIDTH, HEIGHT);
    EverythingOptions o = open_options();
    FoundMasks found;
    Error error;
    CHECK(!everything_find(p, &o, &found, NULL, NULL, NULL));
    size_t needs = p->steps.memory.capacity, masks = found_masks_bytes(&found);
    CHECK(found.count > 0 && masks > 0);
    found_masks_free(&found);
    p->max_memory = needs; /* enough for each step, and for nothing beside it */
    CHECK(everything_find(p, &o, &found, NULL, NULL, &error) == VOXPERT_OUT_OF_MEMORY);
    CHECK(strcmp(error.field, "max-memory") == 0 && !found.item);
    CHECK(strstr(error.message, "everything mode needs") != NULL);
    p->max_memory = needs + (1 << 24);
    CHECK(!everything_find(p, &o, &found, NULL, NULL, NULL) && found.count > 0);
    found_masks_free(&found);
    predictor_close(p);
    tiny_model_close(&t);
}

/* A mask is kept as run lengths of its bounds, so that many of a large picture fit. */
TEST(a_mask_takes_memory_by_its_outline) {
    enum { SIDE = 1000 };
    uint8_t *mask = memory_new(SIDE * SIDE), *again = memory_new(SIDE * SIDE);
    FoundMasks f = {.item = memory_new(sizeof *f.item), .count = 1, .capacity = 1};
    for (int y = 100; y < 900; y++) memset(mask + y * SIDE + 200, 1, 700);
    CHECK(!found_mask_set(f.item, mask, (Extent){SIDE, SIDE}, 0, 0, NULL));
    CHECK(f.item->x == 200 && f.item->y == 100);
    CHECK(f.item->mask.size.height == 800 && f.item->mask.size.width == 700);
    CHECK(found_masks_bytes(&f) < 1000);
    found_mask_draw(f.item, again, SIDE);
    CHECK(memcmp(mask, again, SIDE * SIDE) == 0);
    memset(mask, 0, SIDE * SIDE);
    CHECK(!found_mask_set(f.item, mask, (Extent){SIDE, SIDE}, 3, 4, NULL));
    CHECK(f.item->x == 3 && f.item->y == 4 && !f.item->mask.count);
    found_masks_free(&f);
    memory_free(mask);
    memory_free(again);
}
