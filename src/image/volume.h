/* volume.h - an image or a volume as its file holds it: samples, grid, and what writes a mask back.
 *
 *     Volume *v;
 *     status = volume_read(&v, "ct.nii.gz", NULL, error);
 *     status = volume_like(&mask, v, SAMPLE_U8, error);      // same grid, same header
 *     ...
 *     status = volume_write(mask, "liver.nii.gz", error);
 *     volume_free(mask);
 *     volume_free(v);
 *
 * Samples are dense in [frame, depth, height, width, channel] order ([t, z, y, x, c]; a 2D image
 * has one frame and depth 1; a volume's x, y, z are the file's axes i, j, k). They are kept in the
 * type of the file, in the machine's byte order; a voxel's value is slope * sample + intercept,
 * computed in double.  Colours are RGB; with `alpha` the last channel is opacity.
 *
 * How a file becomes samples depends on what it is read as.  As an image: palettes become RGB (RGBA
 * where they carry transparency), 1-, 2- and 4-bit grey is scaled to 0..255, white-is-zero TIFFs
 * are inverted, JPEG and TIFF orientation tags are applied.  As a label map (`labels`): palette
 * indices and bits stay as stored, white-is-zero TIFFs too; label_file.h says what else happens. */
#ifndef IMAGE_VOLUME_H
#define IMAGE_VOLUME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/files.h"
#include "base/hash.h"
#include "base/status.h"
#include "base/warnings.h"

typedef enum SampleType {
    SAMPLE_U8,
    SAMPLE_I8,
    SAMPLE_U16,
    SAMPLE_I16,
    SAMPLE_U32,
    SAMPLE_I32,
    SAMPLE_U64,
    SAMPLE_I64,
    SAMPLE_F32,
    SAMPLE_F64
} SampleType;

size_t sample_size(SampleType type);      /* bytes */
const char *sample_name(SampleType type); /* "uint8", "float64", ... */

/* Where the grid comes from. */
typedef enum GridSource {
    GRID_UNKNOWN,   /* identity and spacing 1: the file does not say */
    GRID_SFORM,     /* NIfTI: the matrix */
    GRID_QFORM,     /* NIfTI: the quaternion */
    GRID_PIXDIM,    /* NIfTI: only the voxel sizes (nifti1.h, method 1) */
    GRID_RESOLUTION /* TIFF: ImageJ's spacing and resolution, no position */
} GridSource;

typedef struct VolumeGrid {
    double affine_ras[4][4];  /* (i, j, k, 1), i = fastest axis, to mm, RAS+ */
    double spacing_xyz_mm[3]; /* lengths of the affine's columns */
    GridSource source;
} VolumeGrid;

typedef struct Volume {
    size_t frames, depth, height, width, channels;
    SampleType type;
    void *samples;
    double slope, intercept;
    bool alpha;        /* the last channel is opacity, or unexplained: it is no colour */
    bool indexed;      /* samples are palette indices */
    bool lossy;        /* the file was compressed as JPEG: samples are not what was stored */
    bool grey_palette; /* of indices: the palette's colours are all grey */
    uint8_t grey[256]; /* and these are they */
    bool labels;       /* a label map or a mask, not intensities */
    VolumeGrid grid;
    int orientation;    /* EXIF or TIFF orientation of the file, 1..8; 0 where there is none */
    bool as_stored;     /* it was not applied */
    uint8_t *header;    /* NIfTI: every byte before the voxels, or the .hdr file; else NULL */
    size_t header_size; /* bytes */
    const char *format; /* "PNG", ...; static; NULL for a volume that was never in a file */
    char *name;         /* of its file, for messages */
    Warnings warnings;  /* each begins with the name */
} Volume;

typedef struct VolumeReadOptions {
    bool labels;      /* read as a label map */
    bool ignore_exif; /* keep the pixels as stored */
    size_t max_bytes; /* refuse what needs more; 0: half of the machine's memory */
    size_t page;      /* TIFF: this page, from 1; 0: all pages if of one size, else the first */
} VolumeReadOptions;

/* The content decides the format, not the name.  `options` may be NULL.  Errors: VOXPERT_BAD_INPUT,
 * VOXPERT_OUT_OF_MEMORY (no memory, or more than max_bytes). */
MUST_CHECK Status volume_read(Volume **out, const char *path, const VolumeReadOptions *options,
                              Error *error);
/* SHA-256 of an image's file; of a NIfTI pair, of the bytes of its header's file and then those of
 * its voxels' file, whichever of the two `path` names.  Errors: VOXPERT_BAD_INPUT,
 * VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status volume_file_hash(char out[HASH_TEXT], const char *path, Error *error);

MUST_CHECK Status volume_read_memory(Volume **out, const void *bytes, size_t size, const char *name,
                                     const VolumeReadOptions *options, Error *error);

bool volume_name_is_image(const char *name); /* by its extension */

/* The extension decides: .png, .tif, .tiff, .bmp, .nii, .nii.gz.  A volume with a NIfTI header is
 * written to NIfTI with that header, byte for byte but for the fields that must say something else
 * (type, scale, and for labels the display range).  The file appears only when it is complete.
 * Errors: VOXPERT_BAD_ARGUMENT (an extension or samples that cannot be written),
 * VOXPERT_BAD_OUTPUT, VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status volume_write(const Volume *v, const char *path, Error *error);
MUST_CHECK Status volume_write_to(const Volume *v, Output to, Error *error); /* file or memory */

typedef struct VolumeSize {
    size_t frames, depth, height, width, channels;
} VolumeSize;

/* Zeroed samples, slope 1, unknown grid.  Errors: VOXPERT_BAD_ARGUMENT (a size of 0),
 * VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status volume_new(Volume **out, VolumeSize size, SampleType type, Error *error);

/* A label map of one channel, all 0, on the grid of `v`. */
MUST_CHECK Status volume_like(Volume **out, const Volume *v, SampleType type, Error *error);

void volume_free(Volume *v); /* NULL is fine */

size_t volume_voxels(const Volume *v);  /* frames * depth * height * width */
size_t volume_samples(const Volume *v); /* the same times channels */
const char *volume_name(const Volume *v);

/* Values (scaled, each rounded once from double to float) of the samples first .. first + count - 1
 * in memory order, channels included. */
void volume_values(float *out, const Volume *v, size_t first, size_t count);

/* The label of each voxel [t, z, y, x].  Errors: VOXPERT_BAD_INPUT where a value is further than
 * LABEL_DRIFT (label_file.h) from every whole number from 0 to 2^32 - 1, or where colours differ
 * between channels. */
MUST_CHECK Status volume_labels(uint32_t *out, const Volume *v, Error *error);

/* A label that means "no label": PASCAL's void, scikit's and many exports' "not annotated". */
#define LABEL_VOID (-1.0)

/* volume_labels() of a map in which LABEL_VOID marks voxels that are neither object nor background:
 * they are 0 in `out` and 1 in `*ignored` [voxels], which is NULL where there is none and otherwise
 * the caller's to free; `*count` of them.  Errors: those of volume_labels, VOXPERT_OUT_OF_MEMORY.
 */
MUST_CHECK Status volume_labels_void(uint32_t *out, uint8_t **ignored, size_t *count,
                                     const Volume *v, Error *error);

/* Adds a sentence; no newline in it. */
void volume_warn(Volume *v, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
