/* file_kind.c - one table of signatures, and a few formats that need a closer look.
 *
 * Signatures are those that the formats' own specifications give; the order matters where one
 * format lies inside another (a NIfTI header before an Analyze header, a web page before text). */
#include "base/file_kind.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/byte_stream.h"
#include "base/files.h"
#include "base/memory.h"
#include "base/size.h"
#include "base/text.h"

typedef struct Bytes {
    const uint8_t *at;
    size_t size;
} Bytes;

static bool has(Bytes b, size_t offset, const char *what, size_t length) {
    return offset <= b.size && length <= b.size - offset &&
           memcmp(b.at + offset, what, length) == 0;
}

#define HAS(bytes, offset, literal) has(bytes, offset, "" literal, sizeof(literal) - 1)

static uint32_t little_endian(const uint8_t *p) {
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static uint32_t big_endian(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* ---- Text ------------------------------------------------------------------------------- */

enum { TEXT_LOOKED_AT = 1024 }; /* bytes */

/* Past a byte order mark and white space. */
static Bytes text_begin(Bytes b) {
    size_t i = HAS(b, 0, "\xef\xbb\xbf") ? 3 : 0;
    while (i < b.size && strchr(" \t\r\n", b.at[i]) && b.at[i]) i++;
    return (Bytes){b.at + i, b.size - i};
}

/* Ignores the case of ASCII letters; `word` is lower case. */
static bool begins_with_word(Bytes b, const char *word) {
    size_t length = strlen(word);
    if (b.size < length) return false;
    for (size_t i = 0; i < length; i++) {
        uint8_t c = b.at[i];
        if ((c >= 'A' && c <= 'Z' ? c + 32 : c) != word[i]) return false;
    }
    return true;
}

static bool contains_word(Bytes b, const char *word) {
    for (size_t i = 0; i < size_min(b.size, TEXT_LOOKED_AT); i++) {
        if (begins_with_word((Bytes){b.at + i, b.size - i}, word)) return true;
    }
    return false;
}

static bool is_text(Bytes b) {
    if (HAS(b, 0, "\xff\xfe") || HAS(b, 0, "\xfe\xff")) return b.size % 2 == 0;
    size_t length = size_min(b.size, TEXT_LOOKED_AT);
    for (size_t i = 0; i < length; i++) {
        if ((b.at[i] < ' ' && !strchr("\t\r\n\f", b.at[i])) || b.at[i] == 0 || b.at[i] == 127)
            return false;
    }
    /* A character may be cut where we stopped to look: up to 3 bytes. */
    for (size_t cut = 0; cut <= (length < b.size ? 3u : 0u); cut++) {
        if (text_is_utf8((const char *)b.at, length - cut)) return true;
    }
    return false;
}

static bool is_web_page(Bytes b) {
    Bytes t = text_begin(b);
    return begins_with_word(t, "<!doctype html") || begins_with_word(t, "<html") ||
           begins_with_word(t, "<head") || begins_with_word(t, "<body") ||
           (begins_with_word(t, "<?xml") && contains_word(t, "<html"));
}

static bool is_svg(Bytes b) {
    Bytes t = text_begin(b);
    return begins_with_word(t, "<svg") || begins_with_word(t, "<!doctype svg") ||
           (begins_with_word(t, "<?xml") && contains_word(t, "<svg"));
}

static bool is_xml(Bytes b) {
    Bytes t = text_begin(b);
    return begins_with_word(t, "<?xml") || (begins_with_word(t, "<error>") && is_text(b));
}

static bool is_json(Bytes b) {
    Bytes t = text_begin(b);
    if (t.size < 2 || (t.at[0] != '{' && t.at[0] != '[') || !is_text(b)) return false;
    Bytes inner = text_begin((Bytes){t.at + 1, t.size - 1});
    return inner.size > 0 && strchr(t.at[0] == '{' ? "\"}" : "\"[{]-0123456789tfn", inner.at[0]);
}

static bool is_metaimage(Bytes b) {
    return is_text((Bytes){b.at, size_min(b.size, 16)}) &&
           (HAS(b, 0, "ObjectType") || HAS(b, 0, "NDims")) && contains_word(b, "=");
}

/* ---- Images ----------------------------------------------------------------------------- */

static bool is_bmp(Bytes b) {
    if (!HAS(b, 0, "BM") || b.size < 18) return false;
    uint32_t header = little_endian(b.at + 14);
    return header == 12 || header == 40 || header == 52 || header == 56 || header == 64 ||
           header == 108 || header == 124;
}

static bool is_tiff(Bytes b) {
    return HAS(b, 0, "II*\0") || HAS(b, 0, "MM\0*") || HAS(b, 0, "II+\0") || HAS(b, 0, "MM\0+");
}

static bool is_nifti(Bytes b) {
    return HAS(b, 344, "n+1") || HAS(b, 344, "ni1") || HAS(b, 4, "n+2") || HAS(b, 4, "ni2");
}

/* The header of SPM and of the Mayo clinic: 348 bytes that say so themselves, 1 to 7 axes, and no
 * text where NIfTI has its magic. */
static bool is_analyze(Bytes b) {
    if (b.size < 348 || b.at[344] >= ' ') return false;
    bool little = little_endian(b.at) == 348;
    if (!little && big_endian(b.at) != 348) return false;
    unsigned axes =
        little ? b.at[40] | (unsigned)b.at[41] << 8 : b.at[41] | (unsigned)b.at[40] << 8;
    return axes >= 1 && axes <= 7;
}

static bool capital(uint8_t c) { return c >= 'A' && c <= 'Z'; }

/* With its preamble, or with the first element of group 2 or 8 at once. */
static bool is_dicom(Bytes b) {
    if (HAS(b, 128, "DICM")) return true;
    if (b.size < 16 || (b.at[0] != 2 && b.at[0] != 8) || b.at[1] || b.at[3]) return false;
    bool explicit_type = capital(b.at[4]) && capital(b.at[5]) && b.at[7] == 0;
    return explicit_type && b.at[6] != 0 && (b.at[2] <= 0x18 || b.at[2] == 0x20);
}

/* FreeSurfer: version 1, then three sizes and frames of 1 to 2^24, and a type of 0, 1, 3 or 4. */
static bool is_mgh(Bytes b) {
    if (b.size < 284 || big_endian(b.at) != 1) return false;
    for (size_t i = 1; i <= 4; i++) {
        uint32_t size = big_endian(b.at + 4 * i);
        if (size == 0 || size > 1u << 24) return false;
    }
    uint32_t type = big_endian(b.at + 20);
    return type <= 4 && type != 2;
}

static bool is_webp(Bytes b) { return HAS(b, 0, "RIFF") && HAS(b, 8, "WEBP"); }

static bool brand_is(Bytes b, const char *brands) {
    for (const char *brand = brands; *brand; brand += 4) {
        if (HAS(b, 4, "ftyp") && has(b, 8, brand, 4)) return true;
    }
    return false;
}

static bool is_heic(Bytes b) { return brand_is(b, "heicheixheimheishevchevxmif1msf1"); }
static bool is_avif(Bytes b) { return brand_is(b, "avifavis"); }

static bool is_video(Bytes b) {
    return HAS(b, 4, "ftyp") || (HAS(b, 0, "RIFF") && HAS(b, 8, "AVI ")) ||
           HAS(b, 0, "\x1a\x45\xdf\xa3");
}

static bool is_jpeg_2000(Bytes b) {
    return HAS(b, 0, "\0\0\0\x0cjP  \r\n\x87\n") || HAS(b, 0, "\xff\x4f\xff\x51");
}

static bool is_jpeg_xl(Bytes b) {
    return HAS(b, 0, "\0\0\0\x0cJXL \r\n\x87\n") || HAS(b, 0, "\xff\x0a");
}

static bool is_pnm(Bytes b) {
    return b.size > 3 && b.at[0] == 'P' && b.at[1] >= '1' && b.at[1] <= '7' &&
           (b.at[2] == '\n' || b.at[2] == ' ' || b.at[2] == '\r' || b.at[2] == '\t');
}

static bool is_ico(Bytes b) {
    return (HAS(b, 0, "\0\0\1\0") || HAS(b, 0, "\0\0\2\0")) && b.size > 22 && b.at[4] != 0 &&
           b.at[5] == 0 && b.at[9] == 0 && little_endian(b.at + 18) >= 22 &&
           little_endian(b.at + 18) < b.size;
}

/* ---- Models ----------------------------------------------------------------------------- */

static bool is_safetensors(Bytes b) {
    return b.size > 9 && b.at[8] == '{' && little_endian(b.at + 4) == 0 &&
           little_endian(b.at) <= b.size - 8;
}

/* The name of the first entry of a zip archive ends so; `head` is its start where not NULL. */
static bool zip_first_is(Bytes b, const char *head, const char *tail) {
    if (!HAS(b, 0, "PK\3\4") || b.size < 30) return false;
    size_t length = b.at[26] | (size_t)b.at[27] << 8, end = strlen(tail);
    if (length > b.size - 30 || end > length) return false;
    return has(b, 30 + length - end, tail, end) && (!head || has(b, 30, head, strlen(head)));
}

static bool is_torch_zip(Bytes b) {
    return zip_first_is(b, NULL, "/data.pkl") || zip_first_is(b, NULL, "/.format_version") ||
           zip_first_is(b, NULL, "/.data/serialization_id") || zip_first_is(b, NULL, "/version");
}

static bool is_npz(Bytes b) { return zip_first_is(b, NULL, ".npy"); }
static bool is_keras_zip(Bytes b) {
    return zip_first_is(b, "metadata.json", "") || zip_first_is(b, NULL, "model.weights.h5");
}
static bool is_office(Bytes b) {
    return zip_first_is(b, "[Content_Types].xml", "") || zip_first_is(b, "mimetype", "");
}
static bool is_zip(Bytes b) { return HAS(b, 0, "PK\3\4") || HAS(b, 0, "PK\5\6"); }

/* torch.save before version 1.6: a pickle of the number 0x1950a86a20f9469cfc6c. */
static bool is_torch_pickle(Bytes b) {
    return HAS(b, 2, "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19") && b.at[0] == 0x80;
}

static bool is_pickle(Bytes b) {
    return b.size > 3 && b.at[0] == 0x80 && b.at[1] >= 2 && b.at[1] <= 5 && b.at[b.size - 1] == '.';
}

/* A variable-length number of protocol buffers; false where it does not end. */
static bool varint_take(uint64_t *out, Bytes *b) {
    *out = 0;
    for (unsigned i = 0; i < 10 && i < b->size; i++) {
        *out |= (uint64_t)(b->at[i] & 0x7f) << 7 * i;
        if (b->at[i] & 0x80) continue;
        b->at += i + 1;
        b->size -= i + 1;
        return true;
    }
    return false;
}

/* ModelProto: ir_version (1) first, then fields up to 25 that are numbers or counted bytes, among
 * them the graph (7). */
static bool is_onnx(Bytes b) {
    uint64_t version, tag, value;
    if (b.size < 4 || b.at[0] != 0x08) return false;
    b = (Bytes){b.at + 1, b.size - 1};
    if (!varint_take(&version, &b) || version < 1 || version > 64) return false;
    while (varint_take(&tag, &b) && varint_take(&value, &b)) {
        uint64_t field = tag >> 3, wire = tag & 7;
        if (field < 2 || field > 25 || (wire != 0 && wire != 2)) return false;
        if (wire == 0) continue;
        if (field == 7) return true; /* it may be cut */
        if (value > b.size) return false;
        b = (Bytes){b.at + value, b.size - value};
    }
    return false;
}

static bool is_ggml(Bytes b) {
    return HAS(b, 0, "lmgg") || HAS(b, 0, "tjgg") || HAS(b, 0, "fmgg") || HAS(b, 0, "ggml") ||
           HAS(b, 0, "algg");
}

static bool is_tflite(Bytes b) { return HAS(b, 4, "TFL3"); }

/* ---- Others ----------------------------------------------------------------------------- */

static bool is_zeros(Bytes b) {
    for (size_t i = 0; i < b.size; i++) {
        if (b.at[i]) return false;
    }
    return true;
}

static bool is_program(Bytes b) {
    return HAS(b, 0,
               "\x7f"
               "ELF") ||
           (HAS(b, 0, "MZ") && b.size > 64);
}

static bool is_tar(Bytes b) { return HAS(b, 257, "ustar"); }

/* ---- The table -------------------------------------------------------------------------- */

#define CONVERT_IMAGE  "convert it to PNG or TIFF"
#define CONVERT_VOLUME "it is not read; convert it to NIfTI, with SimpleITK for example"
#define CONVERT_MODEL  "the PyTorch checkpoint (.pth) or the safetensors file is needed"
#define UNPACK         "unpack it first"

typedef struct Entry {
    FileKind kind;
    bool (*test)(Bytes);   /* NULL: the signature alone */
    const char *signature; /* at the start of the file */
    size_t length;
} Entry;

#define SIGNATURE(literal) NULL, "" literal, sizeof(literal) - 1
#define TESTED(function)   function, NULL, 0

static const Entry entries[] = {
    {{FILE_GIT_LFS, "a Git LFS pointer", "fetch the real file with `git lfs pull`"},
     SIGNATURE("version https://git-lfs.github.com/spec/")},
    {{FILE_SAFETENSORS, "a safetensors file", NULL}, TESTED(is_safetensors)},
    {{FILE_TORCH_ZIP, "a PyTorch checkpoint", NULL}, TESTED(is_torch_zip)},
    {{FILE_TORCH_PICKLE, "a PyTorch checkpoint of before version 1.6", NULL},
     TESTED(is_torch_pickle)},
    {{FILE_NPY, "a NumPy array (.npy)", NULL}, SIGNATURE("\x93NUMPY")},
    {{FILE_NPZ, "an archive of NumPy arrays (.npz)", NULL}, TESTED(is_npz)},
    {{FILE_KERAS_ZIP, "a Keras model", CONVERT_MODEL}, TESTED(is_keras_zip)},
    {{FILE_HDF5, "an HDF5 file (Keras weights, MATLAB 7.3 or MINC)", NULL},
     SIGNATURE("\x89HDF\r\n\x1a\n")},
    {{FILE_GGUF, "a GGUF model", CONVERT_MODEL}, SIGNATURE("GGUF")},
    {{FILE_GGML, "a ggml model", CONVERT_MODEL}, TESTED(is_ggml)},
    {{FILE_TFLITE, "a TensorFlow Lite model", CONVERT_MODEL}, TESTED(is_tflite)},
    {{FILE_MATLAB, "a MATLAB file", NULL}, SIGNATURE("MATLAB 5.0 MAT-file")},
    {{FILE_PNG, "a PNG image", NULL}, SIGNATURE("\x89PNG\r\n\x1a\n")},
    {{FILE_JPEG, "a JPEG image", NULL}, SIGNATURE("\xff\xd8\xff")},
    {{FILE_TIFF, "a TIFF image", NULL}, TESTED(is_tiff)},
    {{FILE_BMP, "a BMP image", NULL}, TESTED(is_bmp)},
    {{FILE_NIFTI, "a NIfTI image", NULL}, TESTED(is_nifti)},
    {{FILE_ANALYZE, "an Analyze 7.5 image",
      "its header does not tell left from right; convert it to NIfTI, with "
      "`fslchfiletype NIFTI_GZ FILE` for example"},
     TESTED(is_analyze)},
    {{FILE_DICOM, "a DICOM file",
      "DICOM is not read yet; `dcm2niix -o DIR SERIES` makes NIfTI files"},
     TESTED(is_dicom)},
    {{FILE_NRRD, "an NRRD volume", CONVERT_VOLUME}, SIGNATURE("NRRD000")},
    {{FILE_METAIMAGE, "a MetaImage volume", CONVERT_VOLUME}, TESTED(is_metaimage)},
    {{FILE_MGH, "a FreeSurfer volume (MGH, MGZ)", "`mri_convert IN OUT.nii.gz` makes a NIfTI file"},
     TESTED(is_mgh)},
    {{FILE_NETCDF, "a NetCDF or MINC file", CONVERT_VOLUME}, SIGNATURE("CDF\1")},
    {{FILE_FITS, "a FITS image", CONVERT_IMAGE}, SIGNATURE("SIMPLE  =")},
    {{FILE_WEBP, "a WebP image", CONVERT_IMAGE}, TESTED(is_webp)},
    {{FILE_HEIC, "a HEIC image", CONVERT_IMAGE}, TESTED(is_heic)},
    {{FILE_AVIF, "an AVIF image", CONVERT_IMAGE}, TESTED(is_avif)},
    {{FILE_GIF, "a GIF image", CONVERT_IMAGE}, SIGNATURE("GIF8")},
    {{FILE_JPEG_2000, "a JPEG 2000 image", CONVERT_IMAGE}, TESTED(is_jpeg_2000)},
    {{FILE_JPEG_XL, "a JPEG XL image", CONVERT_IMAGE}, TESTED(is_jpeg_xl)},
    {{FILE_PNM, "a PNM image", CONVERT_IMAGE}, TESTED(is_pnm)},
    {{FILE_PSD, "a Photoshop image", CONVERT_IMAGE}, SIGNATURE("8BPS")},
    {{FILE_EXR, "an OpenEXR image", CONVERT_IMAGE}, SIGNATURE("\x76\x2f\x31\x01")},
    {{FILE_CZI, "a Zeiss CZI image", CONVERT_IMAGE}, SIGNATURE("ZISRAWFILE")},
    {{FILE_ICO, "an icon", CONVERT_IMAGE}, TESTED(is_ico)},
    {{FILE_PDF, "a PDF document", "take the images out of it first, with pdfimages for example"},
     SIGNATURE("%PDF-")},
    {{FILE_POSTSCRIPT, "a PostScript drawing", CONVERT_IMAGE}, SIGNATURE("%!PS")},
    {{FILE_VIDEO, "a video", "take single frames out of it as PNG files"}, TESTED(is_video)},
    {{FILE_OFFICE, "an Office document", NULL}, TESTED(is_office)},
    {{FILE_ZIP, "a zip archive", UNPACK}, TESTED(is_zip)},
    {{FILE_GZIP, "a gzip file", UNPACK}, SIGNATURE("\x1f\x8b")},
    {{FILE_BZIP2, "a bzip2 file", UNPACK}, SIGNATURE("BZh")},
    {{FILE_XZ, "an xz file", UNPACK},
     SIGNATURE("\xfd"
               "7zXZ\0")},
    {{FILE_ZSTD, "a zstd file", UNPACK}, SIGNATURE("\x28\xb5\x2f\xfd")},
    {{FILE_7Z, "a 7z archive", UNPACK}, SIGNATURE("7z\xbc\xaf\x27\x1c")},
    {{FILE_RAR, "a RAR archive", UNPACK}, SIGNATURE("Rar!\x1a\x07")},
    {{FILE_TAR, "a tape archive (tar)", UNPACK}, TESTED(is_tar)},
    {{FILE_OLE, "a file of Windows (Thumbs.db) or an old Office document", NULL},
     SIGNATURE("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")},
    {{FILE_APPLE_DOUBLE, "a file that macOS keeps beside another (._NAME)",
      "the real file has the name without ._"},
     SIGNATURE("\0\5\x16\7\0")},
    {{FILE_DS_STORE, "a folder's settings of macOS (.DS_Store)", NULL}, SIGNATURE("\0\0\0\1Bud1")},
    {{FILE_SQLITE, "an SQLite database", NULL}, SIGNATURE("SQLite format 3\0")},
    {{FILE_PROGRAM, "a program", NULL}, TESTED(is_program)},
    {{FILE_ONNX, "an ONNX model", CONVERT_MODEL}, TESTED(is_onnx)},
    {{FILE_PICKLE, "a Python pickle", NULL}, TESTED(is_pickle)},
    {{FILE_WEB_PAGE, "a web page", "the download failed: fetch the file itself"},
     TESTED(is_web_page)},
    {{FILE_SVG, "an SVG drawing", "convert it to PNG"}, TESTED(is_svg)},
    {{FILE_XML, "an XML file", "the message of a server, if it was downloaded"}, TESTED(is_xml)},
    {{FILE_JSON, "a JSON file", NULL}, TESTED(is_json)},
    {{FILE_TEXT, "a text file", NULL}, TESTED(is_text)},
    {{FILE_EMPTY, "an empty file", "copy or download it again"}, TESTED(is_zeros)},
    {{FILE_ZEROS, "a file of zero bytes only", "copy or download it again"}, TESTED(is_zeros)},
};
enum { ENTRIES = sizeof entries / sizeof *entries };

static const FileKind *kind_by_id(FileKindId id) {
    for (size_t i = 0; i < ENTRIES; i++) {
        if (entries[i].kind.id == id) return &entries[i].kind;
    }
    return NULL;
}

static const FileKind *kind_of(Bytes b) {
    for (size_t i = 0; i < ENTRIES; i++) {
        const Entry *e = &entries[i];
        if (e->test ? e->test(b) : has(b, 0, e->signature, e->length)) return &e->kind;
    }
    return NULL;
}

/* The kind of what a gzip file holds, where the packed file is the usual form of it. */
static const FileKind *kind_inside_gzip(Bytes b, const FileKind *gzip) {
    uint8_t begin[TEXT_LOOKED_AT];
    size_t got = 0;
    ByteStream s;
    if (byte_stream_open(&s, "", b.at, b.size, NULL)) return gzip;
    Status status = byte_stream_read(&s, begin, sizeof begin, &got, NULL);
    byte_stream_close(&s);
    const FileKind *kind = status || !got ? NULL : kind_of((Bytes){begin, got});
    static const FileKindId usual[] = {FILE_NIFTI, FILE_ANALYZE, FILE_MGH, FILE_NRRD, FILE_TAR};
    for (size_t i = 0; kind && i < sizeof usual / sizeof *usual; i++) {
        if (kind->id == usual[i]) return kind;
    }
    return gzip;
}

const FileKind *file_kind(const void *bytes, size_t size) {
    if (size == 0) return kind_by_id(FILE_EMPTY);
    Bytes b = {bytes, size};
    const FileKind *kind = is_zeros(b) ? kind_by_id(FILE_ZEROS) : kind_of(b);
    return kind && kind->id == FILE_GZIP ? kind_inside_gzip(b, kind) : kind;
}

Status file_kind_refuse(Error *error, Status status, const char *name, const FileKind *kind,
                        const char *wanted) {
    return error_set(error, status, "%s: is %s, not %s%s%s", name, kind->name, wanted,
                     kind->remedy ? ": " : "", kind->remedy ? kind->remedy : "");
}

/* ---- Folders ---------------------------------------------------------------------------- */

static FileKindId kind_of_path(const char *path) {
    FileMap map;
    if (file_is_folder(path) || file_map(&map, path, VOXPERT_BAD_INPUT, NULL)) return FILE_EMPTY;
    const FileKind *kind = file_kind(map.bytes, map.size);
    file_unmap(&map);
    return kind ? kind->id : FILE_EMPTY;
}

static bool is_read_as_image(FileKindId id) {
    return id == FILE_PNG || id == FILE_JPEG || id == FILE_TIFF || id == FILE_BMP ||
           id == FILE_NIFTI;
}

static Status names_look(bool *dicom, const FileNames *names, const char *folder, Error *error) {
    enum { LOOKED_AT = 16 };
    size_t looked = 0;
    bool images = false;
    for (size_t i = 0; i < names->count && looked < LOOKED_AT; i++) {
        if (names->name[i][0] == '.') continue;
        char *path = path_join(folder, names->name[i]);
        if (!path)
            return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to list it", folder);
        FileKindId id = kind_of_path(path);
        *dicom = *dicom || id == FILE_DICOM;
        images = images || is_read_as_image(id);
        looked++;
        memory_free(path);
    }
    *dicom = *dicom && !images;
    return VOXPERT_OK;
}

Status folder_refuse_dicom(const char *folder, Error *error) {
    FileNames names;
    bool dicom = false;
    if (!file_is_folder(folder)) return VOXPERT_OK;
    Status status = folder_list(&names, folder, error);
    if (status == VOXPERT_BAD_INPUT) return VOXPERT_OK; /* reported by who needs it */
    if (status) return status;
    status = names_look(&dicom, &names, folder, error);
    file_names_free(&names);
    if (status || !dicom) return status;
    return error_set(error, VOXPERT_BAD_INPUT,
                     "%s: holds DICOM files: DICOM is not read yet; `dcm2niix -o DIR SERIES` makes "
                     "NIfTI files of a series",
                     folder);
}
