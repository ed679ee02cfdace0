/* Pseudo masks from region maps: cleaned as published, drawn with equal chance. */
#include "train/pseudo.h"

#include <stdlib.h>
#include <string.h>

#include "tests/check.h"

enum { SIDE = 64, PIXELS = SIDE * SIDE }; /* 0.05 %: 2.05 pixels, so 3 */

static void block(uint8_t *mask, int x0, int y0, int x1, int y1, uint8_t value) {
    for (int y = y0; y <= y1; y++)
        for (int x = x0; x <= x1; x++) mask[y * SIDE + x] = value;
}

static int count(const uint8_t *mask) {
    int sum = 0;
    for (int i = 0; i < PIXELS; i++) sum += mask[i];
    return sum;
}

static bool clean(uint8_t *mask) {
    void *scratch = malloc(pseudo_scratch(SIDE));
    if (!scratch) abort();
    bool any = pseudo_clean(mask, SIDE, scratch);
    free(scratch);
    return any;
}

TEST(opening_takes_threads_away_and_closing_fills_gaps) {
    uint8_t mask[PIXELS] = {0};
    block(mask, 10, 10, 20, 20, 1);
    block(mask, 21, 15, 40, 15, 1); /* a thread */
    mask[15 * SIDE + 15] = 0;       /* a hole of one pixel: opening makes it a cross */
    CHECK(clean(mask));
    CHECK(count(mask) == 118); /* as scipy.ndimage counts */
    CHECK(mask[15 * SIDE + 30] == 0);
    CHECK(mask[11 * SIDE + 12] == 1 && mask[10 * SIDE + 15] == 1);
    CHECK(mask[10 * SIDE + 10] == 0); /* a cross does not reach into a corner */
    for (int i = 0; i < PIXELS; i++) CHECK(mask[i] <= 1);
}

/* scipy.ndimage: binary_closing(binary_opening(mask)) of 10 x 10 pixels in a corner, and inside. */
TEST(a_block_loses_its_corners_and_at_the_border_the_rim) {
    uint8_t mask[PIXELS] = {0};
    block(mask, 20, 20, 29, 29, 1);
    CHECK(clean(mask) && count(mask) == 100 - 4 && mask[20 * SIDE + 20] == 0);
    memset(mask, 0, sizeof mask);
    block(mask, 0, 0, 9, 9, 1);
    CHECK(clean(mask) && count(mask) == 80 && mask[0] == 0 && mask[SIDE + 1] == 1);
}

TEST(specks_go_and_pieces_stay) {
    uint8_t mask[PIXELS] = {0};
    block(mask, 5, 5, 5, 5, 1);
    CHECK(!clean(mask) && count(mask) == 0);
    block(mask, 5, 5, 7, 7, 1);     /* opens to a cross of five */
    block(mask, 40, 40, 50, 50, 1); /* another piece of the same region */
    CHECK(clean(mask));
    CHECK(mask[6 * SIDE + 6] && mask[45 * SIDE + 45]);
}

/* ---- Drawing -------------------------------------------------------------------------------- */

typedef struct Map {
    uint16_t value[PIXELS];
    Case picture;
    Cut cut;
    void *scratch;
    uint8_t masks[4 * PIXELS];
} Map;

static Map *map_new(void) {
    Map *m = calloc(1, sizeof *m);
    if (!m || !(m->scratch = malloc(pseudo_scratch(SIDE)))) abort();
    for (int i = 0; i < PIXELS; i++) m->value[i] = UINT16_MAX;
    m->picture = (Case){.width = SIDE, .height = SIDE, .channels = 1, .regions = m->value};
    m->cut = cut_whole(SIDE, SIDE, SIDE);
    return m;
}

static void map_free(Map *m) {
    free(m->scratch);
    free(m);
}

static void region(Map *m, int x0, int y0, int x1, int y1, uint16_t value) {
    for (int y = y0; y <= y1; y++)
        for (int x = x0; x <= x1; x++) m->value[y * SIDE + x] = value;
}

static int draw(Map *m, int wanted, uint64_t seed) {
    Random r = random_begin(seed, 0, 0, 0);
    return pseudo_draw(m->masks, &m->picture, &m->cut, wanted, m->scratch, &r);
}

TEST(regions_are_drawn_with_equal_chance_and_none_twice) {
    Map *m = map_new();
    int times[3] = {0};
    region(m, 2, 2, 8, 8, 0); /* 0 is a region as any other */
    region(m, 12, 2, 60, 30, 1);
    region(m, 2, 40, 20, 60, 7);
    for (uint64_t seed = 0; seed < 600; seed++) {
        CHECK(draw(m, 2, seed) == 2);
        CHECK(memcmp(m->masks, m->masks + PIXELS, PIXELS) != 0);
        for (int k = 0; k < 2; k++) {
            const uint8_t *at = m->masks + k * PIXELS;
            times[0] += at[5 * SIDE + 5];
            times[1] += at[15 * SIDE + 30];
            times[2] += at[50 * SIDE + 10];
        }
    }
    CHECK(times[0] + times[1] + times[2] == 1200);
    for (int i = 0; i < 3; i++) CHECK(times[i] > 340 && times[i] < 460);
    CHECK(draw(m, 4, 1) == 4); /* one of the three comes again */
    int again = 0;
    for (int k = 0; k < 3; k++)
        again += memcmp(m->masks + k * PIXELS, m->masks + 3 * PIXELS, PIXELS) == 0;
    CHECK(again == 1);
    map_free(m);
}

TEST(what_is_no_region_or_too_small_gives_none) {
    Map *m = map_new();
    CHECK(draw(m, 2, 1) == 0);
    region(m, 2, 2, 3, 2, 4); /* two pixels */
    CHECK(draw(m, 2, 1) == 0);
    region(m, 30, 30, 40, 40, 60000); /* the others are no numbers of regions */
    CHECK(draw(m, 2, 1) == 2 && memcmp(m->masks, m->masks + PIXELS, PIXELS) == 0);
    m->picture.regions = NULL;
    CHECK(draw(m, 2, 1) == 0);
    map_free(m);
}

TEST(a_region_is_seen_as_the_cut_shows_it) {
    Map *m = map_new();
    region(m, 32, 0, 63, 63, 2);
    m->cut = (Cut){.a = {{0.5, 0.0, 32.0}, {0.0, 0.5, 0.0}}, .side = SIDE};
    CHECK(draw(m, 1, 1) == 1 && count(m->masks) == (SIDE - 2) * (SIDE - 2)); /* without its rim */
    m->cut.a[0][2] = 16.0;
    CHECK(draw(m, 1, 1) == 1 && m->masks[SIDE * 32 + 30] == 0 && m->masks[SIDE * 32 + 40] == 1);
    map_free(m);
}
