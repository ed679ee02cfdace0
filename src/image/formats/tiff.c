/* tiff.c - TIFF 6.0 and BigTIFF through libtiff, every directory checked before it is decoded.
 *
 * Pages of one size are the slices of a volume; pages that say that they are reduced copies or
 * masks of others are passed over.  ImageJ's description gives their distance and their frames.
 * Errors and limits are kept per file, so that nothing global is touched. */
#include "image/formats/tiff.h"

#include <stdio.h>
#include <string.h>

#include "base/size.h"
#include "image/label_file.h"

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

/* About tags: dropped.  About pixels: kept to be reported, and of JPEG blocks an error, because
 * libjpeg fills what is missing with grey. */
__attribute__((format(printf, 4, 0))) static int warning_keep(TIFF *tiff, void *file,
                                                              const char *module,
                                                              const char *format, va_list args) {
    TiffFile *f = file;
    if (!f->decoding) return 1;
    if (module && strncmp(module, "JPEG", 4) == 0)
        return complaint_keep(tiff, file, module, format, args);
    if (!f->remark[0]) vsnprintf(f->remark, sizeof f->remark, format, args);
    return 1;
}

static Status file_open(TiffFile *f, const ImageSource *s, Error *error) {
    /* A directory may be read even where its pixels are refused, with a better message. */
    size_t single = size_min(size_max(s->options.max_bytes, 1u << 20), (size_t)PTRDIFF_MAX);
    *f = (TiffFile){.source = s};
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    if (!options) return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory", s->name);
    TIFFOpenOptionsSetErrorHandlerExtR(options, complaint_keep, f);
    TIFFOpenOptionsSetWarningHandlerExtR(options, warning_keep, f);
    TIFFOpenOptionsSetMaxSingleMemAlloc(options, (tmsize_t)single);
    f->tiff = TIFFClientOpenExt(s->name, "r", f, file_take, file_refuse, file_seek, file_close,
                                file_size, file_whole, file_release, options);
    TIFFOpenOptionsFree(options);
    if (f->tiff) return VOXPERT_OK;
    bool zero = strstr(f->complaint, "scanline size is zero") != NULL;
    return image_refuse(s, error, "the TIFF directory cannot be read: %s%s", f->complaint,
                        zero ? " (width or samples per pixel are 0)" : "");
}

/* ---- Pages ------------------------------------------------------------------------------ */

static bool pages_alike(const TiffPage *a, const TiffPage *b) {
    return a->width == b->width && a->height == b->height && a->samples == b->samples &&
           a->bits == b->bits && a->format == b->format && a->photometric == b->photometric &&
           a->alpha == b->alpha && a->orientation == b->orientation;
}

/* Pages that were counted, and where the first of them lies, from 0. */
typedef struct Pages {
    TiffPage page; /* all are like it */
    size_t first, count, aside;
} Pages;

static Status page_missing(const TiffFile *f, size_t number, Error *error) {
    return image_refuse(f->source, error, "TIFF page %zu cannot be read: %s", number,
                        f->complained ? f->complaint
                                      : "the directories form a loop, or are too many");
}

/* The page that the options name. */
static Status pages_choose(Pages *p, TiffFile *f, Error *error) {
    const ImageSource *s = f->source;
    p->first = s->options.page - 1;
    p->count = 1;
    for (size_t i = 0; i < p->first; i++) {
        if (i == PAGES_MOST || !TIFFReadDirectory(f->tiff))
            return image_refuse(s, error, "the TIFF file has %zu pages, but page %zu was asked for",
                                i + 1, s->options.page);
    }
    return tiff_page_describe(&p->page, f, error);
}

/* Directory `index` is current; *stop: it is of another kind than the first. */
static Status page_count(Pages *p, Volume *v, TiffFile *f, size_t index, bool *stop, Error *error) {
    TiffPage here = {0};
    bool aside = p->count > 0 && tiff_page_is_aside(f->tiff);
    Status status = aside ? VOXPERT_OK : tiff_page_describe(&here, f, error);
    if (status) return status;
    if (aside || (here.aside && !TIFFLastDirectory(f->tiff))) {
        p->aside++;
    } else if (p->count == 0) {
        p->page = here;
        p->first = index;
        p->count = 1;
    } else if (pages_alike(&p->page, &here)) {
        p->count++;
    } else {
        volume_warn(v,
                    "TIFF: page %zu is %u x %u and the first %u x %u, or of another kind: "
                    "only the first is read",
                    index + 1, here.width, here.height, p->page.width, p->page.height);
        p->count = 1;
        *stop = true;
    }
    return VOXPERT_OK;
}

static Status pages_count(Pages *p, Volume *v, TiffFile *f, Error *error) {
    bool stop = false;
    if (f->source->options.page) return pages_choose(p, f, error);
    Status status = page_count(p, v, f, 0, &stop, error);
    for (size_t i = 1; !status && !stop && !TIFFLastDirectory(f->tiff); i++) {
        if (i == PAGES_MOST || !TIFFReadDirectory(f->tiff)) return page_missing(f, i + 1, error);
        status = page_count(p, v, f, i, &stop, error);
    }
    if (!status && p->aside)
        volume_warn(
            v,
            "TIFF: %zu pages that say that they are thumbnails (reduced copies) or masks are "
            "passed over; page %zu is read",
            p->aside, p->first + 1);
    return status;
}

static Status pages_read(Volume *v, TiffFile *f, const Pages *p, Error *error) {
    size_t bytes = v->width * v->height * v->channels * sample_size(v->type), index = p->first;
    Status status = VOXPERT_OK;
    for (size_t i = 0; !status && i < p->count; index++) {
        bool found = index == p->first ? TIFFSetDirectory(f->tiff, (tdir_t)index)
                                       : TIFFReadDirectory(f->tiff);
        TiffPage here = {0};
        if (!found) return page_missing(f, index + 1, error);
        if (i > 0 && tiff_page_is_aside(f->tiff)) continue;
        status = tiff_page_describe(&here, f, error);
        if (!status && !pages_alike(&p->page, &here))
            status = image_refuse(f->source, error, "TIFF page %zu changed", index + 1);
        if (!status) status = tiff_page_read((uint8_t *)v->samples + i * bytes, f, &here, v, error);
        i++;
    }
    return status;
}

static void planes_read(Volume *v, TiffFile *f, const TiffPage *page) {
    size_t bytes = v->width * v->height * v->channels * sample_size(v->type);
    for (size_t i = 1; i < v->depth; i++)
        imagej_plane_read((uint8_t *)v->samples + i * bytes, f, page, v, i);
    volume_warn(v, "TIFF: the %zu images of this ImageJ stack lie behind one directory", v->depth);
}

static void palette_check(Volume *v, const TiffFile *f) {
    uint16_t *map[3], bits = 8;
    uint8_t rgb[256][3];
    TIFFGetFieldDefaulted(f->tiff, TIFFTAG_BITSPERSAMPLE, &bits);
    size_t colours = (size_t)1 << size_min(bits, 8);
    if (!TIFFGetField(f->tiff, TIFFTAG_COLORMAP, &map[0], &map[1], &map[2])) return;
    for (size_t i = 0; i < colours; i++) {
        for (size_t c = 0; c < 3; c++) rgb[i][c] = (uint8_t)(map[c][i] >> 8);
    }
    label_file_check_palette(v, rgb[0], colours);
}

/* What a reader of the samples may take otherwise than they are meant. */
static void samples_warn(Volume *v, const TiffFile *f, const TiffPage *p) {
    if (f->remark[0]) volume_warn(v, "TIFF: its blocks were read with a warning: %s", f->remark);
    if (v->labels) {
        if (v->indexed) palette_check(v, f);
        if (p->photometric == PHOTOMETRIC_MINISWHITE && label_file_border_covered(v))
            volume_warn(v, "TIFF: white is zero, and labels other than 0 cover the border: the "
                           "stored values are the labels, so what looks like background has one");
        return;
    }
    if (p->unspecified && v->channels == 4)
        volume_warn(v, "TIFF: the fourth channel, which the file does not explain, is not used");
    if (v->channels >= 3 && v->channels <= 4 && p->photometric <= PHOTOMETRIC_MINISBLACK)
        volume_warn(v, "TIFF: %zu grey channels are taken as red, green and blue%s", v->channels,
                    v->channels == 4 ? "; the fourth is not used" : "");
}

static Status tiff_read_open(Volume *v, TiffFile *f, Error *error) {
    Pages pages = {0};
    ImageJ imagej = imagej_read(f->tiff);
    imagej_grid(v, f->tiff, &imagej);
    Status status = pages_count(&pages, v, f, error);
    if (status) return status;
    tiff_page_layout(v, &pages.page);
    v->orientation = pages.page.orientation;
    v->lossy = pages.page.compression == COMPRESSION_JPEG;
    bool one = pages.count == 1 && pages.aside == 0 && !f->source->options.page;
    size_t planes = one ? imagej_planes(f, &pages.page, &imagej) : 1;
    v->depth = planes > 1 ? planes : pages.count;
    status = image_reserve(v, f->source, 0, error);
    if (!status) status = pages_read(v, f, &pages, error);
    if (status) return status;
    if (planes > 1) planes_read(v, f, &pages.page);
    samples_warn(v, f, &pages.page);
    if (!f->source->options.page) imagej_frames(v, &imagej);
    return f->source->options.ignore_exif ? VOXPERT_OK : image_turn(v, v->orientation, error);
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
