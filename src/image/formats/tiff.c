/* tiff.c - TIFF 6.0 and BigTIFF through libtiff, every directory checked before it is decoded.
 *
 * Pages of one size are the slices of a volume.  ImageJ's description gives their distance and
 * their frames.  Errors and limits are kept per file, so that nothing global is touched. */
#include "image/formats/tiff.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/size.h"

enum { PAGES_MOST = 65535 };

/* ---- Between libtiff and us ------------------------------------------------------------- */

static tmsize_t file_take(thandle_t handle, void *out, tmsize_t size) {
    TiffFile *f = handle;
    size_t left = f->at < f->source->size ? f->source->size - f->at : 0;
    size_t taken = size_min(left, size < 0 ? 0 : (size_t)size);
    if (taken) memcpy(out, f->source->bytes + f->at, taken);
    f->at += taken;
    return (tmsize_t)taken;
}

static tmsize_t file_refuse(thandle_t handle, void *bytes, tmsize_t size) {
    (void)handle, (void)bytes, (void)size;
    return -1;
}

static toff_t file_seek(thandle_t handle, toff_t offset, int whence) {
    TiffFile *f = handle;
    if (whence == SEEK_CUR) offset += f->at;
    if (whence == SEEK_END) offset += f->source->size;
    f->at = (size_t)offset;
    return offset;
}

static int file_close(thandle_t handle) {
    (void)handle;
    return 0;
}

static toff_t file_size(thandle_t handle) { return ((TiffFile *)handle)->source->size; }

static int file_whole(thandle_t handle, void **base, toff_t *size) {
    const TiffFile *f = handle;
    *base = (void *)(uintptr_t)f->source->bytes;
    *size = f->source->size;
    return 1;
}

static void file_release(thandle_t handle, void *base, toff_t size) {
    (void)handle, (void)base, (void)size;
}

__attribute__((format(printf, 4, 0))) static int complaint_keep(TIFF *tiff, void *file,
                                                                const char *module,
                                                                const char *format, va_list args) {
    TiffFile *f = file;
    (void)tiff, (void)module;
    if (!f->complained) vsnprintf(f->complaint, sizeof f->complaint, format, args);
    f->complained = true;
    return 1;
}

__attribute__((format(printf, 4, 0))) static int warning_drop(TIFF *tiff, void *file,
                                                              const char *module,
                                                              const char *format, va_list args) {
    (void)tiff, (void)file, (void)module, (void)format, (void)args;
    return 1;
}

static Status file_open(TiffFile *f, const ImageSource *s, Error *error) {
    /* A directory may be read even where its pixels are refused, with a better message. */
    size_t single = size_min(size_max(s->options.max_bytes, 1u << 20), (size_t)PTRDIFF_MAX);
    *f = (TiffFile){.source = s};
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    if (!options) return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory", s->name);
    TIFFOpenOptionsSetErrorHandlerExtR(options, complaint_keep, f);
    TIFFOpenOptionsSetWarningHandlerExtR(options, warning_drop, f);
    TIFFOpenOptionsSetMaxSingleMemAlloc(options, (tmsize_t)single);
    f->tiff = TIFFClientOpenExt(s->name, "r", f, file_take, file_refuse, file_seek, file_close,
                                file_size, file_whole, file_release, options);
    TIFFOpenOptionsFree(options);
    if (f->tiff) return VOXPERT_OK;
    bool zero = strstr(f->complaint, "scanline size is zero") != NULL;
    return image_refuse(s, error, "the TIFF directory cannot be read: %s%s", f->complaint,
                        zero ? " (width or samples per pixel are 0)" : "");
}

/* ---- ImageJ ----------------------------------------------------------------------------- */

typedef struct ImageJ {
    bool present;
    double spacing, frames, images, channels; /* 0 where not said */
    double millimetres;                       /* in one of its units; 0 where unknown */
} ImageJ;

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

static ImageJ imagej_read(TIFF *tiff) {
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
static void grid_from_imagej(Volume *v, TIFF *tiff, const ImageJ *j) {
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
static void frames_from_imagej(Volume *v, const ImageJ *j) {
    if (!j->present) return;
    if (j->images > (double)v->depth)
        volume_warn(v,
                    "TIFF: ImageJ announces %.0f images, but only %zu have a directory and are "
                    "read",
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

/* ---- Pages ------------------------------------------------------------------------------ */

static bool pages_alike(const TiffPage *a, const TiffPage *b) {
    return a->width == b->width && a->height == b->height && a->samples == b->samples &&
           a->bits == b->bits && a->format == b->format && a->photometric == b->photometric &&
           a->alpha == b->alpha && a->orientation == b->orientation;
}

/* Describes the first page to read and counts those like it; *first counts from 0. */
static Status pages_count(TiffFile *f, Volume *v, TiffPage *page, size_t *first, Error *error) {
    const ImageSource *s = f->source;
    *first = s->options.page ? s->options.page - 1 : 0;
    for (size_t i = 0; i < *first; i++) {
        if (i == PAGES_MOST || !TIFFReadDirectory(f->tiff))
            return image_refuse(s, error, "the TIFF file has %zu pages, but page %zu was asked for",
                                i + 1, s->options.page);
    }
    Status status = tiff_page_describe(page, f, error);
    v->depth = 1;
    while (!status && !s->options.page && !TIFFLastDirectory(f->tiff)) {
        TiffPage next = {0};
        if (v->depth == PAGES_MOST || !TIFFReadDirectory(f->tiff))
            return image_refuse(s, error, "TIFF page %zu cannot be read: %s", v->depth + 1,
                                f->complained ? f->complaint
                                              : "the directories form a loop, or are too many");
        status = tiff_page_describe(&next, f, error);
        if (!status && !pages_alike(page, &next)) {
            volume_warn(v,
                        "TIFF: page %zu is %u x %u and the first %u x %u, or of another kind: "
                        "only the first is read",
                        v->depth + 1, next.width, next.height, page->width, page->height);
            v->depth = 1;
            break;
        }
        v->depth++;
    }
    return status;
}

static Status pages_read(Volume *v, TiffFile *f, const TiffPage *page, size_t first, Error *error) {
    size_t bytes = v->width * v->height * v->channels * sample_size(v->type);
    Status status = VOXPERT_OK;
    for (size_t i = 0; !status && i < v->depth; i++) {
        int found = i == 0 ? TIFFSetDirectory(f->tiff, (tdir_t)first) : TIFFReadDirectory(f->tiff);
        TiffPage here = {0};
        status = found ? tiff_page_describe(&here, f, error)
                       : image_refuse(f->source, error, "TIFF page %zu cannot be read: %s",
                                      first + i + 1, f->complaint);
        if (!status && !pages_alike(page, &here))
            status = image_refuse(f->source, error, "TIFF page %zu changed", first + i + 1);
        if (!status) status = tiff_page_read((uint8_t *)v->samples + i * bytes, f, &here, v, error);
    }
    return status;
}

static Status tiff_read_open(Volume *v, TiffFile *f, Error *error) {
    TiffPage page = {0};
    size_t first = 0;
    ImageJ imagej = imagej_read(f->tiff);
    grid_from_imagej(v, f->tiff, &imagej);
    Status status = pages_count(f, v, &page, &first, error);
    if (status) return status;
    tiff_page_layout(v, &page);
    v->orientation = page.orientation;
    status = image_reserve(v, f->source, 0, error);
    if (!status) status = pages_read(v, f, &page, first, error);
    if (!status && !f->source->options.page) frames_from_imagej(v, &imagej);
    if (!status && !f->source->options.ignore_exif) status = image_turn(v, v->orientation, error);
    return status;
}

static bool tiff_recognizes(const uint8_t *bytes, size_t size) {
    static const char *const magics[] = {"II*\0", "MM\0*", "II+\0", "MM\0+"};
    for (size_t i = 0; size >= 8 && i < 4; i++) {
        if (memcmp(bytes, magics[i], 4) == 0) return true;
    }
    return false;
}

static Status tiff_read(Volume *v, const ImageSource *s, Error *error) {
    TiffFile f;
    Status status = file_open(&f, s, error);
    if (status) return status;
    status = tiff_read_open(v, &f, error);
    TIFFClose(f.tiff);
    return status;
}

static const char *const extensions[] = {".tif", ".tiff", NULL};

const ImageFormat format_tiff = {"TIFF", extensions, tiff_recognizes, tiff_read, tiff_write};
