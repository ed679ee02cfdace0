/* What is recognized by its bytes, and what must not be taken for something else. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/file_kind.h"
#include "base/files.h"
#include "tests/check.h"

enum { ROOM = 600 };

/* A file of `size` bytes (0: just these) that has `begin` at `offset`, zeros elsewhere. */
typedef struct Sample {
    FileKindId id;
    size_t size, offset;
    const char *begin;
    size_t length;
} Sample;

#define AT(offset, literal) offset, literal, sizeof(literal) - 1

static const Sample samples[] = {
    {FILE_GIT_LFS, 0, AT(0, "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n")},
    {FILE_WEB_PAGE, 0, AT(0, "\n <!DOCTYPE html><html><body>404</body>")},
    {FILE_WEB_PAGE, 0, AT(0, "<HTML><HEAD>")},
    {FILE_WEB_PAGE, 0, AT(0, "<?xml version=\"1.0\"?>\n<html xmlns=\"x\">")},
    {FILE_SVG, 0, AT(0, "<?xml version=\"1.0\"?><svg width=\"1\"/>")},
    {FILE_XML, 0, AT(0, "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>")},
    {FILE_JSON, 0, AT(0, "\xef\xbb\xbf{\"a\": 1}")},
    {FILE_JSON, 0, AT(0, "[\n  {\"image\": \"x.png\"}\n]")},
    {FILE_TEXT, 0, AT(0, "x0,y0,x1,y1\n1,2,3,4\n")},
    {FILE_TEXT, 0, AT(0, "{this is no JSON}")},
    {FILE_TEXT, 0,
     AT(0, "\xff\xfe"
           "a\0b\0")},
    {FILE_SAFETENSORS, 40, AT(0, "\x10\0\0\0\0\0\0\0{\"a\":{}}")},
    {FILE_TORCH_ZIP, 99,
     AT(0, "PK\3\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x10\0\0\0archive/data.pkl")},
    {FILE_NPZ, 99, AT(0, "PK\3\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x08\0\0\0imgs.npy")},
    {FILE_KERAS_ZIP, 99,
     AT(0, "PK\3\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x0d\0\0\0metadata.json")},
    {FILE_OFFICE, 99,
     AT(0, "PK\3\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x13\0\0\0[Content_Types].xml")},
    {FILE_ZIP, 99, AT(0, "PK\3\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x05\0\0\0a.png")},
    {FILE_TORCH_PICKLE, 99, AT(0, "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.")},
    {FILE_PICKLE, 0, AT(0, "\x80\x04\x95\0\0.")},
    {FILE_ONNX, 0,
     AT(0, "\x08\x08\x12\x07pytorch\x1a\x05"
           "2.0.0:\x90\x01..")},
    {FILE_HDF5, 99, AT(0, "\x89HDF\r\n\x1a\n")},
    {FILE_GGUF, 99, AT(0, "GGUF\3")},
    {FILE_GGML, 99, AT(0, "lmgg")},
    {FILE_TFLITE, 99, AT(4, "TFL3")},
    {FILE_MATLAB, 99, AT(0, "MATLAB 5.0 MAT-file, Platform: PCWIN64")},
    {FILE_NPY, 99, AT(0, "\x93NUMPY\1")},
    {FILE_PNG, 99, AT(0, "\x89PNG\r\n\x1a\n")},
    {FILE_JPEG, 99, AT(0, "\xff\xd8\xff\xe0")},
    {FILE_TIFF, 99, AT(0, "II*\0")},
    {FILE_TIFF, 99, AT(0, "MM\0+")},
    {FILE_BMP, 99, AT(0, "BM\0\0\0\0\0\0\0\0\0\0\0\0\x28\0\0\0")},
    {FILE_NIFTI, 352, AT(344, "n+1")},
    {FILE_NIFTI, 540, AT(0, "\0\0\2\x1cni2\0")},
    {FILE_ANALYZE, 348,
     AT(0,
        "\x5c\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0r\0\3\0")},
    {FILE_ANALYZE, 348,
     AT(0,
        "\0\0\1\x5c\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0r\0\0\3")},
    {FILE_DICOM, 300, AT(128, "DICM")},
    {FILE_DICOM, 300, AT(0, "\x08\0\x05\0CS\x0a\0ISO_IR 100")},
    {FILE_NRRD, 99, AT(0, "NRRD0004\ntype: short\n")},
    {FILE_METAIMAGE, 0, AT(0, "ObjectType = Image\nNDims = 3\n")},
    {FILE_MGH, 300, AT(0, "\0\0\0\1\0\0\0\5\0\0\0\4\0\0\0\3\0\0\0\1\0\0\0\3")},
    {FILE_NETCDF, 99, AT(0, "CDF\1")},
    {FILE_FITS, 99, AT(0, "SIMPLE  =                    T")},
    {FILE_WEBP, 99, AT(0, "RIFF\x20\0\0\0WEBPVP8L")},
    {FILE_HEIC, 99, AT(4, "ftypheic")},
    {FILE_AVIF, 99, AT(4, "ftypavif")},
    {FILE_VIDEO, 99, AT(4, "ftypisom")},
    {FILE_GIF, 99, AT(0, "GIF89a")},
    {FILE_JPEG_2000, 99, AT(0, "\0\0\0\x0cjP  \r\n\x87\n")},
    {FILE_JPEG_2000, 99, AT(0, "\xff\x4f\xff\x51")},
    {FILE_JPEG_XL, 99, AT(0, "\xff\x0a")},
    {FILE_PNM, 99, AT(0, "P5\n3 2\n255\n")},
    {FILE_PSD, 99, AT(0, "8BPS")},
    {FILE_EXR, 99, AT(0, "\x76\x2f\x31\x01")},
    {FILE_CZI, 99, AT(0, "ZISRAWFILE")},
    {FILE_ICO, 99, AT(0, "\0\0\1\0\1\0\x10\x10\0\0\1\0\x18\0\x40\0\0\0\x16\0\0\0")},
    {FILE_PDF, 99, AT(0, "%PDF-1.4")},
    {FILE_POSTSCRIPT, 0, AT(0, "%!PS-Adobe-3.0 EPSF-3.0\n")},
    {FILE_GZIP, 99, AT(0, "\x1f\x8b")},
    {FILE_BZIP2, 99, AT(0, "BZh91AY")},
    {FILE_XZ, 99,
     AT(0, "\xfd"
           "7zXZ\0")},
    {FILE_ZSTD, 99, AT(0, "\x28\xb5\x2f\xfd")},
    {FILE_7Z, 99, AT(0, "7z\xbc\xaf\x27\x1c")},
    {FILE_RAR, 99, AT(0, "Rar!\x1a\x07")},
    {FILE_TAR, 512, AT(257, "ustar")},
    {FILE_OLE, 99, AT(0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")},
    {FILE_APPLE_DOUBLE, 99, AT(0, "\0\5\x16\7\0\2")},
    {FILE_DS_STORE, 99, AT(0, "\0\0\0\1Bud1")},
    {FILE_SQLITE, 99, AT(0, "SQLite format 3\0")},
    {FILE_PROGRAM, 99,
     AT(0, "\x7f"
           "ELF")},
    {FILE_EMPTY, 0, AT(0, "")},
    {FILE_ZEROS, 99, AT(0, "\0")},
};
enum { SAMPLES = sizeof samples / sizeof *samples };

static size_t sample_file(uint8_t file[ROOM], const Sample *s) {
    memset(file, 0, ROOM);
    memcpy(file + s->offset, s->begin, s->length);
    return s->size ? s->size : s->length;
}

TEST(every_kind_is_recognized_by_its_bytes) {
    bool seen[FILE_KINDS] = {false};
    uint8_t file[ROOM];
    for (size_t i = 0; i < SAMPLES; i++) {
        const FileKind *kind = file_kind(file, sample_file(file, &samples[i]));
        check_report(kind && kind->id == samples[i].id, __FILE__, __LINE__,
                     "sample %zu: %s instead of kind %d", i, kind ? kind->name : "nothing",
                     samples[i].id);
        seen[samples[i].id] = true;
    }
    for (int id = 0; id < FILE_KINDS; id++)
        check_report(seen[id], __FILE__, __LINE__, "kind %d has no sample", id);
}

TEST(what_a_gzip_file_holds_is_recognized) {
    static const FileKindId inside[] = {FILE_NIFTI, FILE_MGH, FILE_TAR, FILE_TEXT};
    for (size_t i = 0; i < SAMPLES; i++) {
        uint8_t file[ROOM], packed[ROOM];
        size_t size = sample_file(file, &samples[i]);
        bool listed = false;
        for (size_t k = 0; k < 4; k++) listed = listed || samples[i].id == inside[k];
        if (!listed) continue;
        z_stream z = {
            .next_in = file, .avail_in = (uInt)size, .next_out = packed, .avail_out = ROOM};
        CHECK(deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
        CHECK(deflate(&z, Z_FINISH) == Z_STREAM_END);
        const FileKind *kind = file_kind(packed, z.total_out);
        CHECK(kind && kind->id == (samples[i].id == FILE_TEXT ? FILE_GZIP : samples[i].id));
        deflateEnd(&z);
    }
}

TEST(bytes_that_are_nothing_known_are_not_named) {
    static const uint8_t unknown[] = {0x3c, 0x91, 0x00, 0x17, 0xe2, 0x80, 0x41, 0x05, 0x99};
    CHECK(file_kind(unknown, sizeof unknown) == NULL);
    CHECK(file_kind("BM", 2) && file_kind("BM", 2)->id == FILE_TEXT); /* no header follows */
    CHECK(file_kind("\x08\x08\xff\xff\xff\xff", 6) == NULL);
}

TEST(a_cut_file_is_looked_at_only_where_it_has_bytes) {
    for (size_t i = 0; i < SAMPLES; i++) {
        uint8_t file[ROOM];
        size_t size = sample_file(file, &samples[i]);
        for (size_t cut = 0; cut < size; cut++) {
            uint8_t *exact = malloc(cut + !cut);
            if (!exact) abort();
            memcpy(exact, file, cut);
            CHECK(cut > 0 || file_kind(exact, cut)->id == FILE_EMPTY);
            file_kind(exact, cut);
            free(exact);
        }
    }
}

TEST(the_message_names_the_kind_and_the_remedy) {
    Error error;
    const FileKind *kind = file_kind("version https://git-lfs.github.com/spec/v1\n", 43);
    CHECK(file_kind_refuse(&error, VOXPERT_BAD_MODEL, "x.pth", kind, "a model") ==
          VOXPERT_BAD_MODEL);
    CHECK(strcmp(error.message,
                 "x.pth: is a Git LFS pointer, not a model: fetch the real file with "
                 "`git lfs pull`") == 0);
    kind = file_kind("{\"a\": 1}", 8);
    CHECK(file_kind_refuse(&error, VOXPERT_BAD_INPUT, "x.png", kind, "an image") ==
          VOXPERT_BAD_INPUT);
    CHECK(strcmp(error.message, "x.png: is a JSON file, not an image") == 0);
}

static void write_file(const char *folder, const char *name, const void *bytes, size_t size) {
    char path[200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    CHECK(f && fwrite(bytes, 1, size, f) == size);
    if (f) CHECK(fclose(f) == 0);
}

TEST(a_folder_is_a_series_of_dicom_where_that_is_all_that_is_read) {
    char folder[] = "/tmp/voxpert_series_XXXXXX", path[200];
    static const char *const names[] = {"IM0001", "notes.txt", "scan.png"};
    uint8_t slice[132] = {0};
    Error error;
    memcpy(slice + 128, "DICM", 4);
    CHECK(mkdtemp(folder) != NULL && !folder_refuse_dicom(folder, NULL));
    write_file(folder, "notes.txt", "words", 5);
    CHECK(!folder_refuse_dicom(folder, NULL));
    write_file(folder, "IM0001", slice, sizeof slice);
    CHECK(folder_refuse_dicom(folder, &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "dcm2niix") && strstr(error.message, folder));
    write_file(folder, "scan.png", "\x89PNG\r\n\x1a\n", 8);
    CHECK(!folder_refuse_dicom(folder, NULL));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        CHECK(remove(path) == 0);
    }
    CHECK(remove(folder) == 0);
}
