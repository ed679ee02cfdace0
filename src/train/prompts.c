#include "train/prompts.h"

#include <math.h>

#include "base/memory.h"
#include "eval/clicks.h"
#include "image/mask_clean.h"
#include "image/regions.h"

/* Inclusive corners; all of the view where there is no object. */
static void bounds(int b[4], const uint8_t *object, int side) {
    const size_t size[] = {1, (size_t)side, (size_t)side};
    size_t low[3] = {0}, high[3] = {0, size[1] - 1, size[2] - 1};
    mask_bounds(object, size, low, high);
    b[0] = (int)low[2], b[1] = (int)low[1], b[2] = (int)high[2], b[3] = (int)high[1];
}

void prompt_box(float box[4], const uint8_t *object, int side, double pixel, double jitter,
                Random *r) {
    int b[4];
    bounds(b, object, side);
    double exact[] = {b[0], b[1], b[2] + 1.0 - pixel, b[3] + 1.0 - pixel};
    double length[] = {b[2] - b[0] + 1.0, b[3] - b[1] + 1.0};
    double by = random_uniform(r) < 0.25 ? 0.0 : random_between(r, 0.0, jitter);
    for (int i = 0; i < 4; i++) {
        double moved = exact[i] + random_between(r, -by, by) * length[i & 1];
        box[i] = (float)fmin(fmax(moved, 0.0), side - 1.0);
    }
}

Status prompt_box_shifted(float box[4], const uint8_t *object, int side, Random *r, Error *error) {
    size_t size[3] = {1, (size_t)side, (size_t)side};
    Regions pieces;
    Status status = regions_find(&pieces, object, size, NEIGHBOURS_ALL, error);
    if (status) return status;
    int x0 = 0, y0 = 0, x1 = side, y1 = side;
    size_t largest = regions_largest(&pieces);
    if (largest < pieces.count) {
        const Region *p = &pieces.region[largest];
        x0 = (int)p->low[2], y0 = (int)p->low[1];
        x1 = (int)p->high[2] + 1, y1 = (int)p->high[1] + 1;
    }
    regions_free(&pieces);
    int shorter = x1 - x0 < y1 - y0 ? x1 - x0 : y1 - y0, most = shorter / 2 < 5 ? shorter / 2 : 5;
    int dx = most ? (int)random_integer(r, -most, most - 1) : 0;
    int dy = most ? (int)random_integer(r, -most, most - 1) : 0;
    box[0] = (float)(x0 + dx), box[1] = (float)(y0 + dy);
    box[2] = (float)(x1 + dx), box[3] = (float)(y1 + dy);
    return VOXPERT_OK;
}

void prompt_box_loose(float box[4], const uint8_t *object, int side, Random *r) {
    int b[4];
    bounds(b, object, side);
    for (int i = 0; i < 4; i++) {
        int moved = b[i] + (int)random_integer(r, -5, 5);
        box[i] = (float)(moved < 0 ? 0 : moved > side - 1 ? side - 1 : moved);
    }
}

/* Squared distance of pixel i from (x, y) / n, times n^2: whole numbers, so ties are ties. */
static int64_t distance_of(int i, int side, int64_t x, int64_t y, int64_t n) {
    int64_t dx = i % side * n - x, dy = i / side * n - y;
    return dx * dx + dy * dy;
}

/* How many of the object's pixels are no farther than `far`. */
static int64_t count_within(const uint8_t *object, int side, int64_t x, int64_t y, int64_t n,
                            int64_t far) {
    int64_t count = 0;
    for (int i = 0; i < side * side; i++)
        count += object[i] && distance_of(i, side, x, y, n) <= far;
    return count;
}

int prompt_point_central(float at[2], const uint8_t *object, int side, Random *r) {
    int64_t n = 0, x = 0, y = 0;
    for (int i = 0; i < side * side; i++) {
        n += object[i] != 0;
        x += object[i] ? i % side : 0;
        y += object[i] ? i / side : 0;
    }
    at[0] = at[1] = 0.0f;
    if (n == 0) return -1;
    /* the least distance within which half of them lie */
    int64_t half = n < 2 ? 1 : n / 2, low = -1, high = 2 * (int64_t)side * side * n * n;
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (count_within(object, side, x, y, n, middle) >= half)
            high = middle;
        else
            low = middle;
    }
    int64_t k = random_integer(r, 0, count_within(object, side, x, y, n, high) - 1);
    for (int i = 0; i < side * side; i++) {
        if (!object[i] || distance_of(i, side, x, y, n) > high || k-- > 0) continue;
        at[0] = (float)(i % side), at[1] = (float)(i / side);
        break;
    }
    return 1;
}

typedef struct Wrong {
    int missed, surplus, inside;
} Wrong;

static Wrong count_wrong(const float *truth, const uint8_t *predicted, int n) {
    Wrong w = {0};
    for (int i = 0; i < n; i++) {
        bool in = truth[i] > 0.5f, said = predicted && predicted[i];
        w.inside += in;
        w.missed += in && !said;
        w.surplus += said && !in;
    }
    return w;
}

/* The k-th pixel of a kind: wrong ones, or all inside. */
static int pick(const float *truth, const uint8_t *predicted, int n, bool wrong, int64_t k) {
    for (int i = 0; i < n; i++) {
        bool in = truth[i] > 0.5f, said = predicted && predicted[i];
        if ((wrong ? in != said : in) && k-- == 0) return i;
    }
    return 0;
}

/* The deepest pixel of the larger error; -1 where memory is short or nothing is wrong. */
static int deepest_pixel(const float *truth, const uint8_t *predicted, int side, Error *error,
                         Status *status) {
    size_t n = (size_t)side * (size_t)side, size[3] = {1, (size_t)side, (size_t)side};
    uint8_t *bytes = memory_new(n);
    Click click = {0};
    if (!bytes) {
        *status = error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory to simulate a click");
        return -1;
    }
    for (size_t i = 0; i < n; i++) bytes[i] = truth[i] > 0.5f;
    *status = predicted ? click_next(&click, bytes, predicted, size, NULL, error)
                        : click_first(&click, bytes, size, NULL, error);
    memory_free(bytes);
    return !*status && click.found ? (int)(click.zyx[1] * (size_t)side + click.zyx[2]) : -1;
}

Status prompt_click(float at[2], int *label, const float *truth, const uint8_t *predicted, int side,
                    double scale, double pixel, const ClickRule *rule, Random *r, Error *error) {
    int n = side * side, found = -1;
    Wrong w = count_wrong(truth, predicted, n);
    int wrong = w.missed + w.surplus;
    Status status = VOXPERT_OK;
    double kind = random_uniform(r), dx = random_uniform(r), dy = random_uniform(r);
    if (wrong && kind < rule->deepest)
        found = deepest_pixel(truth, predicted, side, error, &status);
    if (!wrong && rule->exact) {
        *label = -1;
        at[0] = (float)floor(dx * side * scale), at[1] = (float)floor(dy * side * scale);
        return status;
    }
    if (found < 0) {
        int count = wrong ? wrong : w.inside;
        found = count ? pick(truth, predicted, n, wrong > 0, random_integer(r, 0, count - 1)) : 0;
    }
    *label = w.inside == 0 && wrong == 0 ? -1 : truth[found] > 0.5f;
    if (rule->exact) {
        at[0] = (float)(found % side * scale), at[1] = (float)(found / side * scale);
        return status;
    }
    at[0] = (float)((found % side + dx) * scale - 0.5 * pixel);
    at[1] = (float)((found / side + dy) * scale - 0.5 * pixel);
    return status;
}
