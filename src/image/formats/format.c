/* What the readers of formats share. */
#include "image/formats/format.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/memory.h"
#include "base/size.h"

Status image_reserve(Volume *v, const ImageSource *source, size_t besides, Error *error) {
    size_t bytes = sample_size(v->type), total;
    const size_t sizes[] = {v->channels, v->width, v->height, v->depth, v->frames};
    bool fits = true;
    for (size_t i = 0; i < 5; i++) fits = fits && size_multiply(&bytes, bytes, sizes[i]);
    if (!fits || !size_add(&total, bytes, besides) || total > source->options.max_bytes)
        return error_set_field(
            error, VOXPERT_OUT_OF_MEMORY, "max-memory",
            "%s: its size (%zu x %zu x %zu x %zu voxels of %zu bytes) is over the memory limit of "
            "%zu bytes",
            source->name, v->width, v->height, v->depth, v->frames,
            sample_size(v->type) * v->channels, source->options.max_bytes);
    v->samples = memory_new(bytes);
    if (v->samples) return VOXPERT_OK;
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for its %zu bytes of pixels",
                     source->name, bytes);
}

Status image_refuse(const ImageSource *source, Error *error, const char *format, ...) {
    char sentence[512];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    return error_set(error, VOXPERT_BAD_INPUT, "%s: %s", source->name, sentence);
}

Status image_plausible(const ImageSource *source, const char *format, size_t width, size_t height,
                       size_t row_bytes, size_t most, Error *error) {
    size_t needed, possible;
    if (!size_multiply(&possible, source->size, most)) possible = SIZE_MAX;
    if (size_multiply(&needed, row_bytes, height) && needed <= possible) return VOXPERT_OK;
    return image_refuse(source, error,
                        "the %s header announces a size (width %zu, height %zu) that its %zu bytes "
                        "cannot hold",
                        format, width, height, source->size);
}

void image_unpack_bits(uint8_t *out, const uint8_t *in, size_t count, unsigned bits, bool scale) {
    unsigned per_byte = 8 / bits, most = (1u << bits) - 1, factor = scale ? 255 / most : 1;
    for (size_t i = 0; i < count; i++) {
        unsigned shift = 8 - bits - bits * (unsigned)(i % per_byte);
        out[i] = (uint8_t)((in[i / per_byte] >> shift & most) * factor);
    }
}

void bytes_swap(void *bytes, size_t count, size_t size) {
    uint8_t *p = bytes;
    if (size == 1) return;
    for (size_t i = 0; i < count; i++, p += size) {
        for (size_t a = 0, b = size - 1; a < b; a++, b--) {
            uint8_t kept = p[a];
            p[a] = p[b];
            p[b] = kept;
        }
    }
}
