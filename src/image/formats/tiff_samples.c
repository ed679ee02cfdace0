/* tiff_samples.c - what a TIFF page stores, made samples of a volume: packed bits, half floats,
 * palettes, CMYK, YCbCr, white as zero. */
#include <math.h>
#include <string.h>

#include "base/size.h"
#include "image/formats/tiff.h"

bool tiff_is_cmyk(const TiffPage *p) { return p->photometric == PHOTOMETRIC_SEPARATED; }
bool tiff_is_ycbcr(const TiffPage *p) { return p->photometric == PHOTOMETRIC_YCBCR; }

bool tiff_bits_packed(const TiffPage *p) { return p->bits < 16 && p->bits != 8; }

static unsigned most_of(const TiffPage *p) { return (1u << p->bits) - 1; }

/* Grey of up to 7 bits becomes 0..255 in images, colours of 9 to 15 bits 0..65535, as 8- and 16-bit
 * pictures have them; grey of 9 to 15 bits stays, because it is windowed. */
static unsigned scale_of(const TiffSamples *s) {
    const TiffPage *p = s->page;
    if (s->v->labels || p->photometric == PHOTOMETRIC_PALETTE) return most_of(p);
    if (p->bits < 8) return 255;
    return p->samples >= 3 ? 65535 : most_of(p);
}

/* ---- Unpacking -------------------------------------------------------------------------- */

/* Most significant bit first, as TIFF 6.0 has it and libtiff keeps it. */
static void bits_unpack(const TiffSamples *s, uint8_t *out, const uint8_t *in, size_t count) {
    unsigned bits = s->page->bits, most = most_of(s->page), scale = scale_of(s);
    uint32_t held = 0;
    unsigned have = 0; /* bits in `held` */
    for (size_t i = 0; i < count; i++) {
        while (have < bits) {
            held = held << 8 | *in++;
            have += 8;
        }
        have -= bits;
        uint32_t value = held >> have & most;
        if (scale != most) value = (value * 2 * scale + most) / (2 * most); /* rounded */
        if (bits < 8) {
            out[i] = (uint8_t)value;
        } else {
            uint16_t word = (uint16_t)value;
            memcpy(out + 2 * i, &word, sizeof word);
        }
    }
}

/* IEEE 754 binary16. */
static float half_value(uint16_t half) {
    int exponent = half >> 10 & 31;
    float fraction = (float)(half & 1023), sign = half & 0x8000 ? -1.0f : 1.0f;
    if (exponent == 31) return half & 1023 ? NAN : sign * INFINITY;
    if (exponent == 0) return sign * ldexpf(fraction, -24);
    return sign * ldexpf(1024.0f + fraction, exponent - 25);
}

static void halves_unpack(uint8_t *out, const uint8_t *in, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint16_t half;
        memcpy(&half, in + 2 * i, sizeof half);
        float value = half_value(half);
        memcpy(out + 4 * i, &value, sizeof value);
    }
}

const uint8_t *tiff_row_unpack(const TiffSamples *s, uint8_t *scratch, const uint8_t *in,
                               size_t count) {
    bool half = s->page->format == SAMPLEFORMAT_IEEEFP && s->page->bits == 16;
    if (!half && !tiff_bits_packed(s->page)) return in;
    if (half)
        halves_unpack(scratch, in, count);
    else
        bits_unpack(s, scratch, in, count);
    return scratch;
}

/* ---- Colours ---------------------------------------------------------------------------- */

static void palette_apply(uint8_t *out, const uint8_t *indices, size_t count,
                          const TiffSamples *s) {
    for (size_t i = 0; i < count; i++, out += 3) {
        out[0] = (uint8_t)(s->red[indices[i]] >> 8);
        out[1] = (uint8_t)(s->green[indices[i]] >> 8);
        out[2] = (uint8_t)(s->blue[indices[i]] >> 8);
    }
}

/* What ink leaves of light: (most - black) - ink (most - black) / most, rounded; as Pillow does for
 * 8 bits. */
static uint32_t light_left(uint32_t ink, uint32_t black, uint32_t most) {
    uint64_t light = most - black, product = ink * light;
    return (uint32_t)(light - (2 * product + most) / (2 * (uint64_t)most));
}

static void cmyk_apply(uint8_t *out, const uint8_t *in, size_t count, SampleType type) {
    for (size_t i = 0; i < count; i++) {
        for (size_t c = 0; c < 3; c++) {
            if (type == SAMPLE_U8) {
                out[3 * i + c] = (uint8_t)light_left(in[4 * i + c], in[4 * i + 3], 255);
                continue;
            }
            uint16_t ink, black;
            memcpy(&ink, in + 2 * (4 * i + c), sizeof ink);
            memcpy(&black, in + 2 * (4 * i + 3), sizeof black);
            uint16_t light = (uint16_t)light_left(ink, black, 65535);
            memcpy(out + 2 * (3 * i + c), &light, sizeof light);
        }
    }
}

void tiff_row_convert(const TiffSamples *s, uint8_t *out, const uint8_t *in, size_t count) {
    if (s->red)
        palette_apply(out, in, count, s);
    else if (tiff_is_cmyk(s->page) && !s->v->labels)
        cmyk_apply(out, in, count, s->v->type);
    else
        memcpy(out, in, count * s->v->channels * sample_size(s->v->type));
}

/* ---- YCbCr ------------------------------------------------------------------------------ */

static size_t divided_up(size_t a, size_t b) { return (a + b - 1) / b; }

size_t tiff_ycbcr_size(const TiffPage *p, uint32_t width, uint32_t rows) {
    size_t unit = (size_t)p->chroma_width * p->chroma_height + 2;
    return divided_up(width, p->chroma_width) * divided_up(rows, p->chroma_height) * unit;
}

static uint8_t level(double value) {
    return (uint8_t)(value <= 0.0 ? 0.0 : value >= 255.0 ? 255.0 : floor(value + 0.5));
}

/* TIFF 6.0, section 21: reference black and white first, then the inverse of the luma equation. */
static void ycbcr_to_rgb(uint8_t rgb[3], const TiffSamples *s, unsigned y, unsigned cb,
                         unsigned cr) {
    const double *r = s->reference, *luma = s->luma;
    double light = ((double)y - r[0]) * 255.0 / (r[1] - r[0]);
    double blue = ((double)cb - r[2]) * 127.0 / (r[3] - r[2]);
    double red = ((double)cr - r[4]) * 127.0 / (r[5] - r[4]);
    double r_value = red * (2.0 - 2.0 * luma[0]) + light;
    double b_value = blue * (2.0 - 2.0 * luma[2]) + light;
    rgb[0] = level(r_value);
    rgb[1] = level((light - luma[2] * b_value - luma[0] * r_value) / luma[1]);
    rgb[2] = level(b_value);
}

/* Units of chroma_height rows of chroma_width brightnesses, then the two colours they share. */
void tiff_ycbcr_convert(const TiffSamples *s, uint8_t *out, size_t down, const uint8_t *in,
                        uint32_t block_width, uint32_t width, uint32_t rows) {
    size_t across = s->page->chroma_width, high = s->page->chroma_height;
    size_t units = divided_up(block_width, across), unit = across * high + 2;
    for (size_t y = 0; y < rows; y++) {
        for (size_t x = 0; x < width; x++) {
            const uint8_t *u = in + (y / high * units + x / across) * unit;
            unsigned light = u[y % high * across + x % across];
            ycbcr_to_rgb(out + y * down + 3 * x, s, light, u[unit - 2], u[unit - 1]);
        }
    }
}

static bool coefficients_usable(const TiffSamples *s) {
    bool ok = s->luma[1] > 1e-6;
    for (size_t i = 0; i < 3; i++) ok = ok && isfinite(s->luma[i]);
    for (size_t i = 0; i < 6; i++) ok = ok && isfinite(s->reference[i]);
    for (size_t i = 0; i < 6; i += 2) ok = ok && s->reference[i] != s->reference[i + 1];
    return ok;
}

/* ---- A page ----------------------------------------------------------------------------- */

static Status ycbcr_open(TiffSamples *s, const TiffFile *file, Error *error) {
    float *luma = NULL, *reference = NULL;
    TIFFGetFieldDefaulted(file->tiff, TIFFTAG_YCBCRCOEFFICIENTS, &luma);
    TIFFGetFieldDefaulted(file->tiff, TIFFTAG_REFERENCEBLACKWHITE, &reference);
    for (size_t i = 0; luma && i < 3; i++) s->luma[i] = (double)luma[i];
    for (size_t i = 0; reference && i < 6; i++) s->reference[i] = (double)reference[i];
    if (coefficients_usable(s)) return VOXPERT_OK;
    return image_refuse(file->source, error, "the TIFF coefficients of YCbCr are impossible");
}

Status tiff_samples_open(TiffSamples *out, const TiffFile *file, const TiffPage *page,
                         const Volume *v, Error *error) {
    *out = (TiffSamples){.page = page, .v = v};
    if (tiff_is_ycbcr(page)) return ycbcr_open(out, file, error);
    if (page->photometric != PHOTOMETRIC_PALETTE || v->labels) return VOXPERT_OK;
    uint16_t *red, *green, *blue;
    if (!TIFFGetField(file->tiff, TIFFTAG_COLORMAP, &red, &green, &blue))
        return image_refuse(file->source, error, "the TIFF colour map is missing");
    out->red = red, out->green = green, out->blue = blue;
    return VOXPERT_OK;
}

/* min + max - x: of bytes the complement, signed or not; of 9 to 15 bits within them. */
void tiff_invert(void *samples, const TiffPage *page, const Volume *v) {
    size_t count = (size_t)page->width * page->height * v->channels;
    uint8_t *bytes = samples;
    if (page->bits > 8 && page->bits < 16) {
        uint16_t *words = samples;
        for (size_t i = 0; i < count; i++) words[i] = (uint16_t)(most_of(page) - words[i]);
        return;
    }
    for (size_t i = 0; i < count * sample_size(v->type); i++) bytes[i] = (uint8_t)~bytes[i];
}
