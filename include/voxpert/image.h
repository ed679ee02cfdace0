/* image.h - images: borrowed pixels, or a file. */
#ifndef VOXPERT_IMAGE_H
#define VOXPERT_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <voxpert/error.h>
#include <voxpert/prompt.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum VoxpertPixel { VOXPERT_U8, VOXPERT_U16, VOXPERT_F32 } VoxpertPixel;

/* Pixels in rows from the top, [height][width][channels], without gaps between pixels.  Values are
 * brought to 8 bits by the window: level - width/2 becomes 0, level + width/2 becomes 255.  With
 * window_width 0 those that have 8 bits stay as they are; of others the 0.5th and 99.5th percentile
 * of the values other than 0 are used. */
typedef struct VoxpertImage {
    const void *pixels;
    VoxpertPixel type;
    int width, height;
    int channels; /* 1, or 3: red, green, blue */
    double window_level, window_width;
    size_t row_bytes; /* from one row to the next, at least as many as a row has; 0: no gaps */
} VoxpertImage;

/* ---- Files ------------------------------------------------------------------------------ */

/* PNG, JPEG, TIFF, BMP, NIfTI (.nii, .nii.gz, .hdr/.img).  A volume is segmented slice by slice. */
typedef struct VoxpertImageFile VoxpertImageFile;

typedef struct VoxpertFileOptions {
    size_t size;       /* see version.h */
    bool ignore_exif;  /* the pixels as stored, not as the camera was held */
    int slice_axis;    /* of a volume: 'i', 'j' or 'k' of the file; 0: the file must be an image */
    int slice;         /* 0-based index on that axis; the image's x is the first remaining axis, its
                          y the second; no flips */
    int frame;         /* 0-based, of a series of volumes */
    bool frame_chosen; /* frame 0 is meant, not only where no other is named */
    int page;          /* of a TIFF, from 1; 0: the first */
    bool skip_hash;    /* voxpert_image_file_hash is not needed: the file is read once less */
    size_t max_bytes;  /* a file that needs more is refused; 0: half of the machine's memory */
    /* See VoxpertImage; grey NIfTI files of 8 bits are windowed too, and TIFF stacks that hold
     * whole numbers from 0 to 255 in any type are not. */
    double window_level, window_width;
} VoxpertFileOptions;

/* Of a series of volumes frame 0 is used where none is chosen, and that is a warning.
 * Errors: VOXPERT_BAD_INPUT, VOXPERT_BAD_ARGUMENT (a slice outside the volume, a page of no TIFF),
 * VOXPERT_OUT_OF_MEMORY. */
VOXPERT_API VoxpertStatus voxpert_image_file_open(VoxpertImageFile **out, const char *path,
                                                  const VoxpertFileOptions *options,
                                                  VoxpertError *error);

/* The same of a file in memory: `size` bytes, which are only read until the call returns.  `name`
 * stands for the file in messages; NULL: "memory".  NIfTI pairs and folders are files alone. */
VOXPERT_API VoxpertStatus voxpert_image_file_open_memory(VoxpertImageFile **out, const void *bytes,
                                                         size_t size, const char *name,
                                                         const VoxpertFileOptions *options,
                                                         VoxpertError *error);

/* NULL is fine. */
VOXPERT_API void voxpert_image_file_close(VoxpertImageFile *file);

/* The image, valid until the file is closed. */
VOXPERT_API const VoxpertImage *voxpert_image_file_image(const VoxpertImageFile *file);

/* voxpert_image_hash() of the file, "" with skip_hash; valid until it is closed. */
VOXPERT_API const char *voxpert_image_file_hash(const VoxpertImageFile *file);

/* Sentences about what was odd in the file, each ended by a newline; "" if nothing was. */
VOXPERT_API const char *voxpert_image_file_warnings(const VoxpertImageFile *file);

/* What a file holds, as one JSON object: format, size, sample type, grid, range of values.  A
 * volume is described whole, so `options` (NULL accepted) needs no slice.  The caller frees `*json`
 * with voxpert_free. */
VOXPERT_API VoxpertStatus voxpert_image_file_describe(const char *path,
                                                      const VoxpertFileOptions *options,
                                                      char **json, VoxpertError *error);

/* Writes 8- or 16-bit pixels as they are, by the extension of `path`: .png, .tif, .bmp (8 bits).
 * Errors: VOXPERT_BAD_OUTPUT, VOXPERT_BAD_ARGUMENT. */
VOXPERT_API VoxpertStatus voxpert_image_write(const VoxpertImage *image, const char *path,
                                              VoxpertError *error);

/* The same into memory, by the extension of `name`; `*bytes` (voxpert_free) has [*size], and is
 * NULL after a failure. */
VOXPERT_API VoxpertStatus voxpert_image_write_memory(const VoxpertImage *image, const char *name,
                                                     void **bytes, size_t *size,
                                                     VoxpertError *error);

/* Writes a label map [height][width] of the image's size by the extension of `path`: .png (8
 * bits, or 16 if a label exceeds 255), .tif, .bmp, .nii, .nii.gz.  Of a slice, NIfTI output is the
 * whole volume's grid with that slice filled, its header as it was.  Values are written as they
 * are: a binary mask for viewers is 0 and 255.  Errors: VOXPERT_BAD_OUTPUT. */
VOXPERT_API VoxpertStatus voxpert_labels_write(const VoxpertImageFile *file, const uint16_t *labels,
                                               const char *path, VoxpertError *error);

/* The same into memory, by the extension of `name`; `*bytes` (voxpert_free) has [*size], and is
 * NULL after a failure. */
VOXPERT_API VoxpertStatus voxpert_labels_write_memory(const VoxpertImageFile *file,
                                                      const uint16_t *labels, const char *name,
                                                      void **bytes, size_t *size,
                                                      VoxpertError *error);

/* Reads a label map or mask file of width x height; caller frees `*labels` with voxpert_free.
 * `*warnings` (NULL accepted) gets sentences about what was odd in the file, each ended by a
 * newline, or "": a smoothed mask was split at half of its range, opacity was taken as the mask;
 * the caller frees it too. */
VOXPERT_API VoxpertStatus voxpert_labels_read(uint16_t **labels, int *width, int *height,
                                              const char *path, const VoxpertFileOptions *options,
                                              char **warnings, VoxpertError *error);

/* The same on the grid of an image file: the labels of a volume, of which `options` take a slice,
 * are brought into the image's order of axes, with a warning, or refused as VOXPERT_BAD_INPUT where
 * they show another place. */
VOXPERT_API VoxpertStatus voxpert_labels_read_on(uint16_t **labels, int *width, int *height,
                                                 const char *path, const VoxpertImageFile *image,
                                                 const VoxpertFileOptions *options, char **warnings,
                                                 VoxpertError *error);

/* The same of a file in memory, as voxpert_image_file_open_memory takes one; `image` NULL: on no
 * grid. */
VOXPERT_API VoxpertStatus voxpert_labels_read_memory(uint16_t **labels, int *width, int *height,
                                                     const void *bytes, size_t size,
                                                     const char *name,
                                                     const VoxpertImageFile *image,
                                                     const VoxpertFileOptions *options,
                                                     char **warnings, VoxpertError *error);

/* Draws labels (translucent, with contours) and prompts over the image and writes a PNG. `labels`
 * or `prompts` may be NULL.  Errors: VOXPERT_BAD_OUTPUT, VOXPERT_OUT_OF_MEMORY. */
VOXPERT_API VoxpertStatus voxpert_overlay_write(const VoxpertImage *image, const uint16_t *labels,
                                                const VoxpertPrompt *prompts, int prompt_count,
                                                const char *path, VoxpertError *error);

/* What an overlay has beside labels and prompts; 0 in any field: none, or the default. */
typedef struct VoxpertOverlayOptions {
    size_t size;               /* see version.h */
    const char *const *legend; /* [legend_count] words below the image for label 1, 2, ...; NULL
                                  among them: no line */
    int legend_count;
    const char *sides; /* four letters for the left, right, top and bottom edge, as
                          voxpert_image_file_sides() gives them */
    int least_side;    /* an image whose longer side is shorter is enlarged by a whole factor; 0:
                          its own size */
} VoxpertOverlayOptions;

/* voxpert_overlay_write with these.  Errors: VOXPERT_BAD_ARGUMENT beside the others. */
VOXPERT_API VoxpertStatus voxpert_overlay_draw(const VoxpertImage *image, const uint16_t *labels,
                                               const VoxpertPrompt *prompts, int prompt_count,
                                               const VoxpertOverlayOptions *options,
                                               const char *path, VoxpertError *error);

/* The sides of the body at the left, right, top and bottom edge of the slice: "LRPA" says that the
 * left edge is the patient's left; S and I are superior and inferior.  "" where the file does not
 * say how it lies.  Valid until the file is closed. */
VOXPERT_API const char *voxpert_image_file_sides(const VoxpertImageFile *file);

/* voxpert_overlay_write as a PNG in memory; `*bytes` (voxpert_free) has [*size], and is NULL after
 * a failure. */
VOXPERT_API VoxpertStatus voxpert_overlay_write_memory(const VoxpertImage *image,
                                                       const uint16_t *labels,
                                                       const VoxpertPrompt *prompts,
                                                       int prompt_count, void **bytes, size_t *size,
                                                       VoxpertError *error);

/* Writes floats [dim[0]]...[dim[rank-1]], C order, as .npy. */
VOXPERT_API VoxpertStatus voxpert_npy_write(const char *path, const float *values, int rank,
                                            const size_t *dim, VoxpertError *error);

/* Reads .npy floats; caller frees `*values`; dim has room for `rank_max`, *rank is filled.  Errors:
 * VOXPERT_BAD_INPUT. */
VOXPERT_API VoxpertStatus voxpert_npy_read(const char *path, float **values, int rank_max,
                                           int *rank, size_t *dim, VoxpertError *error);

#ifdef __cplusplus
}
#endif

#endif
