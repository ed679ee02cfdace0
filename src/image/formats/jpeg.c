/* jpeg.c - JPEG through libjpeg-turbo, as Pillow and OpenCV decode it: accurate integer DCT, smooth
 * ("fancy") chroma upsampling.
 *
 * libjpeg fills what is missing with grey and only warns; here lost data are an error, and only a
 * lost end of image (EOI) behind the last pixel is a warning.  CMYK is
 * taken as Adobe writes it, inverted, and becomes RGB by Pillow's arithmetic. */
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

#include "base/memory.h"
#include "image/formats/format.h"

enum { SCANS_MOST = 200 }; /* a progressive file has about 10; each costs a pass over the picture */

typedef struct Jpeg {
    struct jpeg_decompress_struct info;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf failed;
    const ImageSource *source;
    uint8_t *row; /* CMYK */
    bool odd;     /* something harmless was wrong */
    bool no_end;  /* the file ended without an EOI marker, perhaps early */
    bool whole;   /* what was sent are all the pixels, as far as can be known without the marker */
    int code;     /* of the complaint */
    char complaint[JMSG_LENGTH_MAX];
} Jpeg;

/* ---- Errors ----------------------------------------------------------------------------- */

static void jpeg_give_up(j_common_ptr info) {
    Jpeg *j = info->client_data;
    j->code = info->err->msg_code;
    info->err->format_message(info, j->complaint);
    longjmp(j->failed, 1);
}

/* Bytes between segments and odd versions hurt nothing; a file that ended is looked at when all
 * rows were read; every other warning means lost pixels. */
static void jpeg_message(j_common_ptr info, int level) {
    Jpeg *j = info->client_data;
    if (level >= 0) return;
    int code = info->err->msg_code;
    if (code == JWRN_JPEG_EOF) {
        j->no_end = true;
        return;
    }
    if (code != JWRN_EXTRANEOUS_DATA && code != JWRN_JFIF_MAJOR && code != JWRN_ADOBE_XFORM)
        jpeg_give_up(info);
    j->odd = true;
    info->err->format_message(info, j->complaint);
}

static void jpeg_scan_count(j_common_ptr info) {
    Jpeg *j = info->client_data;
    if (j->info.input_scan_number <= SCANS_MOST) return;
    snprintf(j->complaint, sizeof j->complaint, "more than %d scans", SCANS_MOST);
    longjmp(j->failed, 1);
}

/* ---- Header ----------------------------------------------------------------------------- */

static bool jpeg_recognizes(const uint8_t *bytes, size_t size) {
    return size >= 3 && bytes[0] == 0xff && bytes[1] == 0xd8 && bytes[2] == 0xff;
}

static int jpeg_orientation(const struct jpeg_decompress_struct *info) {
    for (const struct jpeg_marker_struct *m = info->marker_list; m; m = m->next) {
        if (m->data_length > 6 && memcmp(m->data, "Exif\0", 6) == 0)
            return exif_orientation(m->data + 6, m->data_length - 6);
    }
    return 0;
}

/* Begins to read; false where libjpeg gave up. */
static bool header_read(Volume *v, Jpeg *j) {
    if (setjmp(j->failed)) return false;
    jpeg_create_decompress(&j->info);
    j->info.client_data = j;
    j->info.progress = &j->progress;
    j->info.mem->max_memory_to_use = (long)(j->source->options.max_bytes >> 1);
    jpeg_mem_src(&j->info, j->source->bytes, j->source->size);
    jpeg_save_markers(&j->info, JPEG_APP0 + 1, 0xffff);
    jpeg_read_header(&j->info, TRUE);
    v->width = j->info.image_width;
    v->height = j->info.image_height;
    v->orientation = jpeg_orientation(&j->info);
    return true;
}

static Status colours_choose(Volume *v, Jpeg *j, Error *error) {
    switch (j->info.jpeg_color_space) {
    case JCS_GRAYSCALE:
        v->channels = 1, j->info.out_color_space = JCS_GRAYSCALE;
        break;
    case JCS_RGB:
    case JCS_YCbCr:
        v->channels = 3, j->info.out_color_space = JCS_RGB;
        break;
    case JCS_CMYK:
    case JCS_YCCK:
        v->channels = 3, j->info.out_color_space = JCS_CMYK;
        break;
    default:
        return image_refuse(j->source, error, "the JPEG colour space of %d components is unknown",
                            j->info.num_components);
    }
    return VOXPERT_OK;
}

/* Each block of 8 x 8 costs at least one bit, but with arithmetic coding, where less will do. */
static Status size_check(const Jpeg *j, Error *error) {
    size_t width = j->info.image_width, height = j->info.image_height;
    int largest = j->info.max_h_samp_factor * j->info.max_v_samp_factor;
    if (j->info.arith_code) return VOXPERT_OK;
    size_t row = (width + 63) / 64 / (size_t)largest; /* bytes for one row of blocks */
    return image_plausible(j->source, "JPEG", width, (height + 7) / 8, row, 1, error);
}

/* ---- Pixels ----------------------------------------------------------------------------- */

/* a b / 255, rounded. */
static unsigned scaled(unsigned a, unsigned b) {
    unsigned product = a * b + 128;
    return ((product >> 8) + product) >> 8;
}

static void row_from_cmyk(uint8_t *rgb, const uint8_t *inverted, size_t width) {
    for (size_t x = 0; x < width; x++, rgb += 3, inverted += 4) {
        unsigned light = inverted[3];
        for (int c = 0; c < 3; c++) rgb[c] = (uint8_t)(light - scaled(255u - inverted[c], light));
    }
}

/* Whether a file without an end gave all its pixels.  Where a single scan holds all components, a
 * lack of bits has been an error before; progressive files must have sent every bit of every
 * coefficient; arithmetic coding and separate scans leave no trace of what is missing. */
static bool scans_complete(const struct jpeg_decompress_struct *info) {
    if (info->arith_code) return false;
    if (!info->progressive_mode) return info->input_scan_number == 1;
    for (int c = 0; c < info->num_components; c++) {
        for (int k = 0; k < DCTSIZE2; k++) {
            if (info->coef_bits[c][k] != 0) return false;
        }
    }
    return true;
}

static bool rows_read(const Volume *v, Jpeg *j) {
    if (setjmp(j->failed)) return false;
    jpeg_start_decompress(&j->info);
    while (j->info.output_scanline < j->info.output_height) {
        uint8_t *out = (uint8_t *)v->samples + j->info.output_scanline * v->width * v->channels;
        uint8_t *row = j->row ? j->row : out;
        jpeg_read_scanlines(&j->info, &row, 1);
        if (j->row) row_from_cmyk(out, j->row, v->width);
    }
    j->whole = scans_complete(&j->info); /* what it looks at is freed by the next call */
    jpeg_finish_decompress(&j->info);
    return true;
}

static Status end_check(Volume *v, const Jpeg *j, Error *error) {
    if (!j->no_end) return VOXPERT_OK;
    if (!j->whole)
        return image_refuse(j->source, error, "the JPEG data are truncated: scans are missing");
    volume_warn(v, "JPEG: the end of image (EOI) is missing, but all pixels are there");
    return VOXPERT_OK;
}

static Status reader_failed(const Jpeg *j, Error *error) {
    if (j->no_end)
        return image_refuse(j->source, error, "the JPEG data are truncated: the file ends early");
    switch (j->code) {
    case JERR_OUT_OF_MEMORY:
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to read a JPEG file",
                         j->source->name);
    case JERR_NO_BACKING_STORE:
        return error_set_field(
            error, VOXPERT_OUT_OF_MEMORY, "max-memory",
            "%s: reading this JPEG size needs more than the memory limit of %zu bytes",
            j->source->name, j->source->options.max_bytes);
    case JWRN_HIT_MARKER:
    case JERR_INPUT_EOF:
        return image_refuse(j->source, error, "the JPEG data are truncated: %s", j->complaint);
    case JERR_EMPTY_IMAGE:
    case JERR_IMAGE_TOO_BIG:
        return image_refuse(j->source, error, "the JPEG size is impossible: %s", j->complaint);
    default:
        return image_refuse(j->source, error, "the JPEG file cannot be read: %s", j->complaint);
    }
}

static Status pixels_read(Volume *v, Jpeg *j, Error *error) {
    Status status = colours_choose(v, j, error);
    if (!status) status = size_check(j, error);
    if (!status) status = image_reserve(v, j->source, 0, error);
    if (!status && j->info.out_color_space == JCS_CMYK && !(j->row = memory_new(4 * v->width)))
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to read a JPEG file",
                           j->source->name);
    if (!status && !rows_read(v, j)) status = reader_failed(j, error);
    return status;
}

static Status jpeg_read(Volume *v, const ImageSource *s, Error *error) {
    if (!jpeg_recognizes(s->bytes, s->size))
        return image_refuse(s, error, "is no JPEG file: it does not begin with a start of image");
    Jpeg j = {.source = s, .progress.progress_monitor = jpeg_scan_count};
    v->lossy = true;
    j.info.err = jpeg_std_error(&j.errors);
    j.info.client_data = &j;
    j.errors.error_exit = jpeg_give_up;
    j.errors.emit_message = jpeg_message;
    Status status = header_read(v, &j) ? pixels_read(v, &j, error) : reader_failed(&j, error);
    if (!status) status = end_check(v, &j, error);
    jpeg_destroy_decompress(&j.info);
    memory_free(j.row);
    if (!status && j.odd) volume_warn(v, "JPEG: %s", j.complaint);
    if (!status && !s->options.ignore_exif) status = image_turn(v, v->orientation, error);
    return status;
}

static const char *const extensions[] = {".jpg", ".jpeg", NULL};

const ImageFormat format_jpeg = {"JPEG", extensions, jpeg_recognizes, jpeg_read, NULL};
