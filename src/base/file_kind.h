/* file_kind.h - what a file is, judged by its bytes and not by its name.
 *
 * For messages about files of the wrong kind:
 *
 *     const FileKind *kind = file_kind(map.bytes, map.size);
 *     if (kind && kind->id != FILE_SAFETENSORS)
 *         return file_kind_refuse(error, VOXPERT_BAD_MODEL, path, kind, "a model");
 *
 *     model.pth: is a Git LFS pointer, not a model: fetch the real file with `git lfs pull`
 *
 * Nothing of the file is trusted: what is recognized here may still be damaged. */
#ifndef BASE_FILE_KIND_H
#define BASE_FILE_KIND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

typedef enum FileKindId {
    FILE_EMPTY, /* no bytes at all */
    FILE_ZEROS, /* every byte is 0 */
    FILE_GIT_LFS,
    FILE_WEB_PAGE,
    FILE_SVG,
    FILE_XML,
    FILE_JSON,
    FILE_TEXT, /* valid UTF-8 without control characters, or UTF-16 with its mark */
    /* models and arrays */
    FILE_SAFETENSORS,
    FILE_TORCH_ZIP,    /* torch.save since 1.6 */
    FILE_TORCH_PICKLE, /* torch.save before */
    FILE_PICKLE,
    FILE_ONNX,
    FILE_HDF5, /* Keras .h5, MATLAB 7.3, MINC 2 */
    FILE_KERAS_ZIP,
    FILE_GGUF,
    FILE_GGML,
    FILE_TFLITE,
    FILE_MATLAB,
    FILE_NPY,
    FILE_NPZ,
    /* images */
    FILE_PNG,
    FILE_JPEG,
    FILE_TIFF,
    FILE_BMP,
    FILE_NIFTI,
    FILE_ANALYZE,
    FILE_DICOM,
    FILE_NRRD,
    FILE_METAIMAGE,
    FILE_MGH, /* MGZ too */
    FILE_NETCDF,
    FILE_FITS,
    FILE_WEBP,
    FILE_HEIC,
    FILE_AVIF,
    FILE_GIF,
    FILE_JPEG_2000,
    FILE_JPEG_XL,
    FILE_PNM,
    FILE_PSD,
    FILE_EXR,
    FILE_CZI,
    FILE_ICO,
    /* others */
    FILE_PDF,
    FILE_POSTSCRIPT,
    FILE_VIDEO,
    FILE_ZIP,
    FILE_OFFICE,
    FILE_GZIP,
    FILE_BZIP2,
    FILE_XZ,
    FILE_ZSTD,
    FILE_7Z,
    FILE_RAR,
    FILE_TAR,
    FILE_OLE,          /* Thumbs.db, old Office documents */
    FILE_APPLE_DOUBLE, /* ._NAME */
    FILE_DS_STORE,
    FILE_SQLITE,
    FILE_PROGRAM,
    FILE_KINDS
} FileKindId;

typedef struct FileKind {
    FileKindId id;
    const char *name;   /* with its article, lower case: "a Git LFS pointer" */
    const char *remedy; /* a clause that says what to do, or NULL */
} FileKind;

/* The kind of a file of `size` bytes, or NULL where it is not recognized.  All bytes of the file
 * must be there.  gzip is looked into: a NIfTI image, a tape archive or an MGH volume in it is
 * reported as such. */
const FileKind *file_kind(const void *bytes, size_t size);

/* "NAME: is KIND, not WANTED: REMEDY" as `error`; returns `status`.  `kind` is not NULL; `wanted`
 * comes with its article ("an image", "a model"). */
Status file_kind_refuse(Error *error, Status status, const char *name, const FileKind *kind,
                        const char *wanted);

/* VOXPERT_BAD_INPUT, with the way to NIfTI, where a folder is a series of DICOM: one is among its
 * first 16 files by name, and none of a kind that is read as an image.  Hidden files and folders in
 * it are passed over.  VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status folder_refuse_dicom(const char *folder, Error *error);

#endif
