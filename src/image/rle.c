#include "image/rle.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/size.h"

enum { GROUP_BITS = 5, GROUP = 1 << GROUP_BITS, GROUP_SIGN = GROUP / 2, FIRST_CHAR = '0' };

/* ---- Masks -------------------------------------------------------------------------------- */

static Status size_check(Extent size, Error *error) {
    size_t pixels;
    if (size_multiply(&pixels, size.height, size.width) && pixels <= UINT32_MAX) return VOXPERT_OK;
    return error_set(error, VOXPERT_BAD_ARGUMENT,
                     "a mask of %zu x %zu pixels is too large for run lengths (less than 2^32)",
                     size.width, size.height);
}

static Status no_memory(Rle *rle, Error *error) {
    Extent size = rle->size;
    rle_free(rle);
    return error_set(error, VOXPERT_OUT_OF_MEMORY,
                     "no memory for the run lengths of a mask of %zu x %zu pixels", size.width,
                     size.height);
}

static bool count_add(Rle *rle, size_t *capacity, uint32_t count) {
    if (!memory_grow(&rle->counts, capacity, rle->count, sizeof *rle->counts)) return false;
    rle->counts[rle->count++] = count;
    return true;
}

/* Walking down columns of a large picture misses the cache at each step: columns are turned into
 * rows in groups. */
enum { COLUMNS = 64 };

static void columns_gather(uint8_t *out, const uint8_t *mask, size_t stride, size_t height,
                           size_t width) {
    for (size_t y = 0; y < height; y++) {
        const uint8_t *row = mask + y * stride;
        for (size_t c = 0; c < width; c++) out[c * height + y] = row[c] != 0;
    }
}

static bool encode(Rle *out, const uint8_t *mask, size_t stride, Extent size, uint8_t *columns) {
    size_t capacity = 0, run = 0;
    uint8_t inside = 0;
    for (size_t x = 0; x < size.width; x += COLUMNS) {
        size_t width = size_min(COLUMNS, size.width - x);
        columns_gather(columns, mask + x, stride, size.height, width);
        for (size_t i = 0; i < width * size.height; i++, run++) {
            if (columns[i] == inside) continue;
            if (!count_add(out, &capacity, (uint32_t)run)) return false;
            run = 0;
            inside = !inside;
        }
    }
    return count_add(out, &capacity, (uint32_t)run);
}

Status rle_encode_part(Rle *out, const uint8_t *mask, size_t stride, Extent size, Error *error) {
    *out = (Rle){.size = size};
    Status status = size_check(size, error);
    if (status) return status;
    uint8_t *columns = memory_new(COLUMNS * size.height);
    bool ok = columns && encode(out, mask, stride, size, columns);
    memory_free(columns);
    return ok ? VOXPERT_OK : no_memory(out, error);
}

Status rle_encode(Rle *out, const uint8_t *mask, Extent size, Error *error) {
    return rle_encode_part(out, mask, size.width, size, error);
}

/* Ends the run that is open where the value changes at `at` of the whole. */
typedef struct Runs {
    Rle *rle;
    size_t capacity, begin; /* of the open run */
    uint8_t inside;
} Runs;

static bool run_to(Runs *r, size_t at, uint8_t inside) {
    if (inside == r->inside) return true;
    if (!count_add(r->rle, &r->capacity, (uint32_t)(at - r->begin))) return false;
    r->begin = at;
    r->inside = inside;
    return true;
}

static bool encode_placed(Runs *r, const uint8_t *part, Extent p, size_t first, Extent size) {
    size_t height = size.height, end = extent_pixels(size);
    for (size_t x = 0; x < p.width; x++, first += height) {
        for (size_t y = 0; y < p.height; y++)
            if (!run_to(r, first + y, part[y * p.width + x] != 0)) return false;
        size_t behind = first + p.height;
        if (p.height < height && behind < end && !run_to(r, behind, 0)) return false;
    }
    return p.height < height || first >= end || run_to(r, first, 0);
}

Status rle_encode_placed(Rle *out, const uint8_t *part, Extent part_size, size_t x, size_t y,
                         Extent size, Error *error) {
    *out = (Rle){.size = size};
    Status status = size_check(size, error);
    if (status) return status;
    if (x + part_size.width > size.width || y + part_size.height > size.height)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "a mask of %zu x %zu pixels at %zu,%zu reaches out of %zu x %zu",
                         part_size.width, part_size.height, x, y, size.width, size.height);
    Runs r = {.rle = out};
    bool ok = encode_placed(&r, part, part_size, x * size.height + y, size);
    if (ok) ok = count_add(out, &r.capacity, (uint32_t)(extent_pixels(size) - r.begin));
    return ok ? VOXPERT_OK : no_memory(out, error);
}

void rle_free(Rle *rle) {
    memory_free(rle->counts);
    *rle = (Rle){0};
}

void rle_draw(const Rle *rle, uint8_t *mask, size_t stride) {
    size_t at = 0, height = rle->size.height;
    for (size_t i = 0; i < rle->count; i++) {
        size_t end = at + rle->counts[i], y = at % (height + !height), x = at / (height + !height);
        for (; i % 2 == 1 && at < end; at++) {
            mask[y * stride + x] = 1;
            if (++y == height) y = 0, x++;
        }
        at = end;
    }
}

void rle_decode(const Rle *rle, uint8_t *mask) {
    memset(mask, 0, extent_pixels(rle->size));
    rle_draw(rle, mask, rle->size.width);
}

/* ---- Counts and text ---------------------------------------------------------------------- */

static Status sum_check(const Rle *rle, Error *error) {
    size_t sum = 0, pixels = extent_pixels(rle->size);
    for (size_t i = 0; i < rle->count && sum <= pixels; i++) sum += rle->counts[i];
    if (sum == pixels) return VOXPERT_OK;
    return error_set(error, VOXPERT_BAD_INPUT,
                     "run lengths: counts add up to %s the %zu x %zu pixels of \"size\"",
                     sum > pixels ? "more than" : "less than", rle->size.width, rle->size.height);
}

Status rle_from_counts(Rle *out, const uint32_t *counts, size_t count, Extent size, Error *error) {
    *out = (Rle){.size = size, .count = count};
    Status status = size_check(size, error);
    if (status) return status;
    out->counts = memory_new(count * sizeof *counts);
    if (!out->counts) return no_memory(out, error);
    if (count) memcpy(out->counts, counts, count * sizeof *counts);
    status = sum_check(out, error);
    if (status) rle_free(out);
    return status;
}

/* At most seven characters. */
static size_t number_write(char *out, int64_t value) {
    size_t n = 0;
    for (bool more = true; more;) {
        int low = (int)(value & (GROUP - 1));
        value >>= GROUP_BITS;
        more = low & GROUP_SIGN ? value != -1 : value != 0;
        out[n++] = (char)(FIRST_CHAR + (more ? low | GROUP : low));
    }
    return n;
}

void rle_to_text(const Rle *rle, Text *text) {
    char part[256];
    size_t n = 0;
    for (size_t i = 0; i < rle->count; i++) {
        int64_t value = rle->counts[i];
        if (i > 2) value -= rle->counts[i - 2];
        n += number_write(part + n, value);
        if (n + 8 < sizeof part && i + 1 < rle->count) continue;
        text_add(text, "%.*s", (int)n, part);
        n = 0;
    }
}

/* One number at `*at`; false: it ends early, has a foreign character or more than 40 bits. */
static bool number_read(int64_t *out, const char *text, size_t length, size_t *at) {
    int64_t value = 0;
    for (int shift = 0; *at < length && shift < 8 * GROUP_BITS; shift += GROUP_BITS) {
        int c = (unsigned char)text[(*at)++] - FIRST_CHAR;
        if (c < 0 || c >= 2 * GROUP) return false;
        value |= (int64_t)(c & (GROUP - 1)) << shift;
        if (c & GROUP) continue;
        if (c & GROUP_SIGN) value -= (int64_t)1 << (shift + GROUP_BITS);
        *out = value;
        return true;
    }
    return false;
}

static Status text_read(Rle *out, const char *text, size_t length, Error *error) {
    size_t capacity = 0;
    for (size_t at = 0; at < length;) {
        size_t begin = at;
        int64_t value;
        bool ok = number_read(&value, text, length, &at);
        if (ok && out->count > 2) value += out->counts[out->count - 2];
        if (!ok || value < 0 || value > UINT32_MAX)
            return error_set(error, VOXPERT_BAD_INPUT,
                             "run lengths: the text of \"counts\" is damaged at character %zu",
                             begin);
        if (!count_add(out, &capacity, (uint32_t)value)) return no_memory(out, error);
    }
    return sum_check(out, error);
}

Status rle_from_text(Rle *out, const char *text, size_t length, Extent size, Error *error) {
    *out = (Rle){.size = size};
    Status status = size_check(size, error);
    if (!status) status = text_read(out, text, length, error);
    if (status) rle_free(out);
    return status;
}

/* ---- Measures ----------------------------------------------------------------------------- */

size_t rle_area(const Rle *rle) {
    size_t area = 0;
    for (size_t i = 1; i < rle->count; i += 2) area += rle->counts[i];
    return area;
}

void rle_box(const Rle *rle, size_t xywh[4]) {
    size_t height = rle->size.height, at = 0;
    size_t x0 = SIZE_MAX, y0 = SIZE_MAX, x1 = 0, y1 = 0;
    for (size_t i = 0; i < rle->count; at += rle->counts[i++]) {
        if (i % 2 == 0 || rle->counts[i] == 0) continue;
        size_t last = at + rle->counts[i] - 1;
        bool wraps = at / height != last / height; /* reaches the bottom and goes on at the top */
        x0 = size_min(x0, at / height);
        x1 = size_max(x1, last / height);
        y0 = size_min(y0, wraps ? 0 : at % height);
        y1 = size_max(y1, wraps ? height - 1 : last % height);
    }
    bool empty = x0 == SIZE_MAX;
    xywh[0] = empty ? 0 : x0;
    xywh[1] = empty ? 0 : y0;
    xywh[2] = empty ? 0 : x1 - x0 + 1;
    xywh[3] = empty ? 0 : y1 - y0 + 1;
}

StabilityCounts stability_counts(const float *logits, size_t n, float threshold, float offset) {
    const float high = threshold + offset, low = threshold - offset;
    StabilityCounts c = {0};
    for (size_t start = 0; start < n; start += 1 << 16) {
        uint32_t above_high = 0, above_low = 0; /* narrow sums, so that the loop is vectorised */
        size_t end = size_min(n, start + (1 << 16));
        for (size_t i = start; i < end; i++) {
            above_high += logits[i] > high;
            above_low += logits[i] > low;
        }
        c.above_high += above_high;
        c.above_low += above_low;
    }
    return c;
}

float stability_score(StabilityCounts c) {
    if (c.above_low == 0) return NAN;
    return (float)c.above_high / (float)c.above_low;
}
