#include "train/pseudo.h"

#include <math.h>
#include <string.h>

size_t pseudo_scratch(int side) {
    size_t n = (size_t)side * (size_t)side;
    return n * (sizeof(int) + sizeof(uint16_t) + 1);
}

typedef struct Scratch {
    int *queue;    /* [side,side] */
    uint16_t *map; /* [side,side] */
    uint8_t *mask; /* [side,side] */
} Scratch;

static Scratch scratch_at(void *memory, int side) {
    size_t n = (size_t)side * (size_t)side;
    int *queue = memory;
    uint16_t *map = (uint16_t *)(void *)(queue + n);
    return (Scratch){queue, map, (uint8_t *)(map + n)};
}

static bool is_enough(size_t pixels, int side) {
    return pixels > 0 && pixels * 2000 >= (size_t)side * (size_t)side;
}

/* ---- Cleaning --------------------------------------------------------------------------- */

/* Each pixel becomes the least (or the most) of itself and its four neighbours. */
static void spread(uint8_t *mask, uint8_t *before, int side, bool most) {
    memcpy(before, mask, (size_t)side * (size_t)side);
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++) {
            const uint8_t *at = before + y * side + x;
            uint8_t left = x ? at[-1] : 0, right = x + 1 < side ? at[1] : 0;
            uint8_t above = y ? at[-side] : 0, below = y + 1 < side ? at[side] : 0;
            mask[y * side + x] =
                most ? *at | left | right | above | below : *at & left & right & above & below;
        }
}

static void visit(uint8_t *mask, int *queue, int *waiting, int at) {
    if (mask[at] != 1) return;
    mask[at] = 2;
    queue[(*waiting)++] = at;
}

/* The piece that pixel `first` lies in, in `queue`: marked 2; its pixels. */
static int collect(uint8_t *mask, int *queue, int side, int first) {
    int waiting = 0;
    visit(mask, queue, &waiting, first);
    for (int done = 0; done < waiting; done++) {
        int at = queue[done], x = at % side, y = at / side;
        if (x) visit(mask, queue, &waiting, at - 1);
        if (x + 1 < side) visit(mask, queue, &waiting, at + 1);
        if (y) visit(mask, queue, &waiting, at - side);
        if (y + 1 < side) visit(mask, queue, &waiting, at + side);
    }
    return waiting;
}

static bool drop_pieces(uint8_t *mask, int *queue, int side) {
    bool any = false;
    for (int i = 0; i < side * side; i++) {
        if (mask[i] != 1) continue;
        int pixels = collect(mask, queue, side, i);
        bool kept = is_enough((size_t)pixels, side);
        any |= kept;
        for (int k = 0; k < pixels && !kept; k++) mask[queue[k]] = 0;
    }
    for (int i = 0; i < side * side; i++) mask[i] = mask[i] != 0;
    return any;
}

bool pseudo_clean(uint8_t *mask, int side, void *scratch) {
    Scratch s = scratch_at(scratch, side);
    spread(mask, s.mask, side, false);
    spread(mask, s.mask, side, true);
    spread(mask, s.mask, side, true);
    spread(mask, s.mask, side, false);
    return drop_pieces(mask, s.queue, side);
}

/* ---- Drawing ---------------------------------------------------------------------------- */

static const uint16_t no_region = UINT16_MAX;

/* The region at each pixel's middle; the highest of them, or -1. */
static int render(uint16_t *map, const Case *c, const Cut *cut) {
    int highest = -1;
    for (int i = 0; i < cut->side * cut->side; i++) {
        double x, y;
        cut_to_picture(cut, i % cut->side + 0.5, floor((double)i / cut->side) + 0.5, &x, &y);
        bool inside = x >= 0.0 && y >= 0.0 && x < c->width && y < c->height;
        map[i] = inside ? c->regions[(int)y * c->width + (int)x] : no_region;
        if (map[i] != no_region && map[i] > highest) highest = map[i];
    }
    return highest;
}

static bool take(uint8_t *mask, const Scratch *s, int side, int region, void *scratch) {
    size_t pixels = 0;
    for (int i = 0; i < side * side; i++) pixels += mask[i] = s->map[i] == region;
    return is_enough(pixels, side) && pseudo_clean(mask, side, scratch);
}

static bool is_among(const int *list, int count, int x) {
    for (int i = 0; i < count; i++)
        if (list[i] == x) return true;
    return false;
}

int pseudo_draw(uint8_t *masks, const Case *c, const Cut *cut, int count, void *scratch,
                Random *r) {
    enum { ATTEMPTS = 32 };
    int tried[ATTEMPTS * 2], attempts = 0, found = 0, side = cut->side;
    Scratch s = scratch_at(scratch, side);
    int highest = c->regions ? render(s.map, c, cut) : -1;
    if (highest < 0) return 0;
    /* any region, with equal chance; where most numbers are of none, that of any pixel */
    while (found < count && attempts < 2 * ATTEMPTS) {
        bool by_number = attempts < ATTEMPTS;
        int region = by_number ? (int)random_integer(r, 0, highest)
                               : s.map[random_integer(r, 0, (int64_t)side * side - 1)];
        bool known = region == no_region || is_among(tried, attempts, region);
        tried[attempts++] = region;
        uint8_t *mask = masks + (size_t)found * (size_t)side * (size_t)side;
        if (!known && take(mask, &s, side, region, scratch)) found++;
    }
    size_t area = (size_t)side * (size_t)side;
    for (int i = found; found && i < count; i++)
        memcpy(masks + (size_t)i * area, masks + (size_t)random_integer(r, 0, found - 1) * area,
               area);
    return found ? count : 0;
}
