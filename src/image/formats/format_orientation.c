/* format_orientation.c - pictures taken with the camera held otherwise: EXIF 2.3, tag 0x0112. */
#include <string.h>

#include "base/memory.h"
#include "image/formats/format.h"

/* ---- Reading the tag -------------------------------------------------------------------- */

typedef struct Tiff {
    const uint8_t *bytes;
    size_t size;
    bool little;
} Tiff;

static uint32_t tiff_number(const Tiff *t, size_t at, size_t length) {
    uint32_t value = 0;
    for (size_t i = 0; i < length; i++)
        value = value << 8 | t->bytes[t->little ? at + length - 1 - i : at + i];
    return value;
}

int exif_orientation(const uint8_t *bytes, size_t size) {
    if (size < 10 || (memcmp(bytes, "II*\0", 4) != 0 && memcmp(bytes, "MM\0*", 4) != 0)) return 0;
    const Tiff t = {bytes, size, bytes[0] == 'I'};
    size_t directory = tiff_number(&t, 4, 4);
    if (directory > size - 2) return 0;
    size_t entries = tiff_number(&t, directory, 2);
    for (size_t i = 0; i < entries; i++) {
        size_t entry = directory + 2 + 12 * i;
        if (entry + 12 > size) return 0;
        if (tiff_number(&t, entry, 2) != 0x0112) continue;
        /* A short by the standard; some writers take a byte or a long.  Left-aligned in its field.
         */
        static const size_t sizes[] = {0, 1, 0, 2, 4};
        uint32_t type = tiff_number(&t, entry + 2, 2);
        if (type > 4 || sizes[type] == 0) return 0;
        uint32_t value = tiff_number(&t, entry + 8, sizes[type]);
        return value >= 1 && value <= 8 ? (int)value : 0;
    }
    return 0;
}

/* ---- Turning ---------------------------------------------------------------------------- */

/* Pixel (y, x) of the turned picture is pixel start + y * down + x * right of the stored one. */
typedef struct Walk {
    ptrdiff_t start, down, right;
} Walk;

static Walk walk_of(int orientation, ptrdiff_t h, ptrdiff_t w) {
    switch (orientation) {
    case 2:
        return (Walk){w - 1, w, -1};
    case 3:
        return (Walk){h * w - 1, -w, -1};
    case 4:
        return (Walk){(h - 1) * w, -w, 1};
    case 5:
        return (Walk){0, 1, w};
    case 6:
        return (Walk){(h - 1) * w, 1, -w};
    case 7:
        return (Walk){h * w - 1, -1, -w};
    case 8:
        return (Walk){w - 1, -1, w};
    default:
        return (Walk){0, w, 1};
    }
}

static void plane_turn(uint8_t *out, const uint8_t *in, size_t height, size_t width, Walk walk,
                       size_t pixel) {
    for (size_t y = 0; y < height; y++) {
        ptrdiff_t at = walk.start + (ptrdiff_t)y * walk.down;
        for (size_t x = 0; x < width; x++, at += walk.right, out += pixel)
            memcpy(out, in + at * (ptrdiff_t)pixel, pixel);
    }
}

Status image_turn(Volume *v, int orientation, Error *error) {
    if (orientation < 2 || orientation > 8) return VOXPERT_OK;
    size_t pixel = sample_size(v->type) * v->channels, plane = v->height * v->width * pixel;
    uint8_t *stored = memory_new(plane);
    if (!stored)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to turn it", volume_name(v));
    Walk walk = walk_of(orientation, (ptrdiff_t)v->height, (ptrdiff_t)v->width);
    if (orientation >= 5) {
        size_t height = v->height;
        v->height = v->width;
        v->width = height;
    }
    for (size_t i = 0; i < v->frames * v->depth; i++) {
        uint8_t *samples = (uint8_t *)v->samples + i * plane;
        memcpy(stored, samples, plane);
        plane_turn(samples, stored, v->height, v->width, walk, pixel);
    }
    memory_free(stored);
    return VOXPERT_OK;
}
