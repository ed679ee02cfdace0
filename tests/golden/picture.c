#include "tests/golden/picture.h"

#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>
#include <png.h>

static uint8_t *jpeg_read(FILE *file, Extent *size) {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_decompress(&jpeg);
    jpeg_stdio_src(&jpeg, file);
    jpeg_read_header(&jpeg, TRUE);
    jpeg.out_color_space = JCS_RGB;
    jpeg_start_decompress(&jpeg);
    *size = (Extent){jpeg.output_height, jpeg.output_width};
    uint8_t *out = malloc(extent_pixels(*size) * 3);
    while (out && jpeg.output_scanline < jpeg.output_height) {
        JSAMPROW row = out + (size_t)jpeg.output_scanline * jpeg.output_width * 3;
        jpeg_read_scanlines(&jpeg, &row, 1);
    }
    if (out) jpeg_finish_decompress(&jpeg);
    jpeg_destroy_decompress(&jpeg);
    return out;
}

static uint8_t *png_read_rgb(FILE *file, Extent *size) {
    png_image png = {.version = PNG_IMAGE_VERSION};
    if (!png_image_begin_read_from_stdio(&png, file)) return NULL;
    png.format = PNG_FORMAT_RGB;
    *size = (Extent){png.height, png.width};
    uint8_t *out = malloc(PNG_IMAGE_SIZE(png));
    if (out && png_image_finish_read(&png, NULL, out, 0, NULL)) return out;
    png_image_free(&png);
    free(out);
    return NULL;
}

uint8_t *picture_read(const char *path, Extent *size) {
    FILE *file = fopen(path, "rb");
    if (!file) return NULL;
    int first = getc(file);
    rewind(file);
    uint8_t *out = first == 0xff ? jpeg_read(file, size) : png_read_rgb(file, size);
    fclose(file);
    return out;
}

uint16_t *picture_read_labels(const char *path, Extent *size) {
    FILE *file = fopen(path, "rb");
    if (!file) return NULL;
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_init_io(png, file);
    png_read_png(png, info, PNG_TRANSFORM_PACKING | PNG_TRANSFORM_SWAP_ENDIAN, NULL);
    *size = (Extent){png_get_image_height(png, info), png_get_image_width(png, info)};
    bool wide = png_get_bit_depth(png, info) == 16;
    png_bytepp rows = png_get_rows(png, info);
    uint16_t *out = calloc(extent_pixels(*size), sizeof *out);
    for (size_t i = 0; out && i < extent_pixels(*size); i++) {
        const uint8_t *row = rows[i / size->width];
        size_t x = i % size->width;
        out[i] = (uint16_t)(wide ? row[2 * x] | row[2 * x + 1] << 8 : row[x]);
    }
    png_destroy_read_struct(&png, &info, NULL);
    fclose(file);
    return out;
}

bool picture_write(const char *path, const uint8_t *rgb, Extent size) {
    png_image png = {.version = PNG_IMAGE_VERSION,
                     .width = (png_uint_32)size.width,
                     .height = (png_uint_32)size.height,
                     .format = PNG_FORMAT_RGB};
    return png_image_write_to_file(&png, path, 0, rgb, 0, NULL) != 0;
}
