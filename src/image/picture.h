/* picture.h - the 8-bit RGB pictures that models look at, taken out of volumes, and masks put back.
 *
 * A slice is cut across a file axis: i (x, fastest), j (y) or k (z).  The picture's x is the first
 * of the two axes that remain, its y the second; nothing is flipped or turned.
 *
 *     k: x = i, y = j        j: x = i, y = k        i: x = j, y = k */
#ifndef IMAGE_PICTURE_H
#define IMAGE_PICTURE_H

#include "image/window.h"

typedef struct Picture {
    uint8_t *rgb; /* [height, width, 3] */
    size_t width, height;
    const char *remark; /* static: from the window, or NULL */
} Picture;

void picture_free(Picture *p); /* a zeroed one is fine */

/* As a PNG.  VOXPERT_BAD_OUTPUT, VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status picture_save(const Picture *p, const char *path, Error *error);
MUST_CHECK Status picture_save_to(const Picture *p, Output to, Error *error); /* file or memory */

typedef struct VolumeSlice {
    char axis;    /* 'i', 'j' or 'k' */
    size_t index; /* from 0 */
    size_t frame; /* from 0 */
} VolumeSlice;

/* Where its pixels lie: (x, y) is the voxel start + y * down + x * right. */
typedef struct SliceLayout {
    size_t width, height;
    size_t start, down, right;
} SliceLayout;

/* VOXPERT_BAD_ARGUMENT where the volume has no such slice. */
MUST_CHECK Status slice_find(SliceLayout *out, const Volume *v, VolumeSlice slice, Error *error);

/* Grey is repeated, opacity dropped.  Without a window: 8-bit samples that have no scale pass as
 * they are (but of grey NIfTI files, whose contrast must not depend on the sample type; in grey
 * TIFF stacks whole numbers from 0 to 255 of any type are such samples), 16-bit colours keep their
 * upper byte (as Pillow reads them), all else goes through window_default(), taken over the whole
 * frame: give it yourself to cut many slices.  Errors: VOXPERT_BAD_ARGUMENT, VOXPERT_BAD_INPUT (2
 * or more than 4 channels, nothing finite), VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status volume_slice(Picture *out, const Volume *v, VolumeSlice slice,
                               const Window *window, Error *error);

/* The picture of an image; VOXPERT_BAD_ARGUMENT where there is more than one slice to choose from.
 */
MUST_CHECK Status volume_plane(Picture *out, const Volume *v, const Window *window, Error *error);

/* Whether such a volume needs a window at all. */
bool volume_is_windowed(const Volume *v);

/* Copies a plane [height, width] of samples of the mask's own type onto its grid; the mask has one
 * channel.  VOXPERT_BAD_ARGUMENT where it has no such slice. */
MUST_CHECK Status volume_put_slice(Volume *mask, VolumeSlice slice, const void *plane,
                                   Error *error);

#endif
