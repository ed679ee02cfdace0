/* tiff_imagej.c - what ImageJ adds to TIFF: a description in lines "key=value", and stacks whose
 * planes follow each other behind one directory. */
#include <stdio.h>
#include <string.h>

#include "base/size.h"
#include "image/formats/tiff.h"

static double field_number(const char *description, const char *key) {
    const char *line = strstr(description, key);
    if (!line) return 0.0;
    char text[40];
    double value;
    size_t length = strcspn(line + strlen(key), "\r\n");
    snprintf(text, sizeof text, "%.*s", (int)size_min(length, 39), line + strlen(key));
    return text_to_double(&value, text) ? value : 0.0;
}

static double unit_millimetres(const char *description) {
    static const struct {
        const char *name;
        double millimetres;
    } units[] = {{"mm", 1.0},  {"millimeter", 1.0}, {"cm", 10.0},        {"micron", 1e-3},
                 {"um", 1e-3}, {"\\u00B5m", 1e-3},  {"\xc2\xb5m", 1e-3}, {"\xb5m", 1e-3},
                 {"nm", 1e-6}, {"inch", 25.4}};
    const char *line = strstr(description, "\nunit=");
    if (!line) return 0.0;
    line += 6;
    size_t length = strcspn(line, "\r\n");
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strlen(units[i].name) == length && memcmp(units[i].name, line, length) == 0)
            return units[i].millimetres;
    }
    return 0.0;
}

ImageJ imagej_read(TIFF *tiff) {
    const char *description = NULL;
    if (!TIFFGetField(tiff, TIFFTAG_IMAGEDESCRIPTION, &description) || !description ||
        !text_starts(description, "ImageJ="))
        return (ImageJ){0};
    return (ImageJ){.present = true,
                    .spacing = field_number(description, "\nspacing="),
                    .frames = field_number(description, "\nframes="),
                    .images = field_number(description, "\nimages="),
                    .channels = field_number(description, "\nchannels="),
                    .millimetres = unit_millimetres(description)};
}

/* Resolutions of other writers are dots per inch of some screen, and mean nothing. */
void imagej_grid(Volume *v, TIFF *tiff, const ImageJ *j) {
    float per_unit_x = 0.0f, per_unit_y = 0.0f;
    if (!j->present || j->millimetres <= 0.0) return;
    TIFFGetField(tiff, TIFFTAG_XRESOLUTION, &per_unit_x);
    TIFFGetField(tiff, TIFFTAG_YRESOLUTION, &per_unit_y);
    if (!(per_unit_x > 0.0f && per_unit_y > 0.0f)) return;
    double *spacing = v->grid.spacing_xyz_mm;
    spacing[0] = j->millimetres / (double)per_unit_x;
    spacing[1] = j->millimetres / (double)per_unit_y;
    spacing[2] = j->millimetres * (j->spacing > 0.0 ? j->spacing : 1.0);
    for (int i = 0; i < 3; i++) v->grid.affine_ras[i][i] = spacing[i];
    v->grid.source = GRID_RESOLUTION;
}

/* Pages run over channels first, then slices, then frames. */
void imagej_frames(Volume *v, const ImageJ *j) {
    if (!j->present) return;
    if (j->images > (double)v->depth)
        volume_warn(v, "TIFF: ImageJ announces %.0f images, but only %zu are there and are read",
                    j->images, v->depth);
    else if (j->channels > 1.0)
        volume_warn(v, "TIFF: the %.0f channels of this ImageJ stack are read as slices",
                    j->channels);
    else if (j->frames > 1.0 && j->frames <= (double)v->depth &&
             v->depth % (size_t)j->frames == 0) {
        v->frames = (size_t)j->frames;
        v->depth /= v->frames;
    }
}

/* ---- Planes without a directory --------------------------------------------------------- */

/* Where the only strip, or the strips one after the other, begin; SIZE_MAX where they do not lie
 * so. */
static size_t planes_begin(TIFF *tiff) {
    uint64_t *offsets = NULL, *sizes = NULL;
    uint32_t strips = TIFFNumberOfStrips(tiff);
    if (!TIFFGetField(tiff, TIFFTAG_STRIPOFFSETS, &offsets) || !offsets) return SIZE_MAX;
    if (!TIFFGetField(tiff, TIFFTAG_STRIPBYTECOUNTS, &sizes) || !sizes) return SIZE_MAX;
    for (uint32_t i = 1; i < strips; i++) {
        if (offsets[i] != offsets[i - 1] + sizes[i - 1]) return SIZE_MAX;
    }
    return (size_t)offsets[0];
}

static size_t plane_bytes(const TiffPage *p) {
    return (size_t)p->width * p->height * p->samples * (p->bits / 8u);
}

size_t imagej_planes(const TiffFile *f, const TiffPage *p, const ImageJ *j) {
    bool plain = p->compression == COMPRESSION_NONE && !p->tiled && p->bits % 8 == 0 &&
                 (p->samples == 1 || p->planar == PLANARCONFIG_CONTIG) && !tiff_is_cmyk(p) &&
                 !tiff_is_ycbcr(p) && p->photometric != PHOTOMETRIC_PALETTE;
    if (p->format == SAMPLEFORMAT_IEEEFP && p->bits == 16) return 1; /* it is unpacked */
    if (!j->present || !plain || !(j->images > 1.0 && j->images < 1e9)) return 1;
    size_t begin = planes_begin(f->tiff), bytes;
    if (begin > f->source->size || !size_multiply(&bytes, plane_bytes(p), (size_t)j->images))
        return 1;
    return bytes <= f->source->size - begin ? (size_t)j->images : 1;
}

void imagej_plane_read(void *out, const TiffFile *f, const TiffPage *p, const Volume *v,
                       size_t index) {
    size_t bytes = plane_bytes(p);
    memcpy(out, f->source->bytes + planes_begin(f->tiff) + index * bytes, bytes);
    if (TIFFIsByteSwapped(f->tiff)) bytes_swap(out, bytes / (p->bits / 8u), p->bits / 8u);
    if (p->photometric == PHOTOMETRIC_MINISWHITE && !v->labels) tiff_invert(out, p, v);
}
