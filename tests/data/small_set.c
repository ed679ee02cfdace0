#include "tests/data/small_set.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "data/check.h"
#include "image/npy.h"
#include "tests/weights/torch_file.h"

void small_set_open(SmallSet *s) {
    const char *base = getenv("TMPDIR");
    snprintf(s->folder, sizeof s->folder, "%s/voxpert-set-XXXXXX", base ? base : "/tmp");
    if (!mkdtemp(s->folder)) abort();
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at) {
    (void)info, (void)kind, (void)at;
    return remove(path);
}

void small_set_close(SmallSet *s) {
    if (nftw(s->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS)) abort();
}

const char *small_path(const SmallSet *s, const char *name) {
    static char path[8][512];
    static int next;
    char *at = path[next++ % 8];
    snprintf(at, sizeof path[0], "%s/%s", s->folder, name);
    return at;
}

static void make_way(const char *path) {
    char folder[512];
    snprintf(folder, sizeof folder, "%.*s", (int)(path_base(path) - path - 1), path);
    if (folder_make(folder, NULL)) abort();
}

void small_bytes(const SmallSet *s, const char *name, const void *bytes, size_t size) {
    const char *path = small_path(s, name);
    make_way(path);
    if (file_write(path, bytes, size, NULL)) abort();
}

void small_text(const SmallSet *s, const char *name, const char *text) {
    small_bytes(s, name, text, strlen(text));
}

void small_image(const SmallSet *s, const char *name, size_t width, size_t height,
                 const uint8_t *values) {
    const char *path = small_path(s, name);
    Volume *v;
    make_way(path);
    if (volume_new(&v, (VolumeSize){1, 1, height, width, 1}, SAMPLE_U8, NULL)) abort();
    for (size_t i = 0; i < width * height; i++)
        ((uint8_t *)v->samples)[i] =
            values ? values[i] : (uint8_t)(i % width + 10 * (i / width) + 3);
    if (volume_write(v, path, NULL)) abort();
    volume_free(v);
}

static void add_array(Bytes *b, const SmallArray *a) {
    char text[256], shape[96] = "";
    for (int i = 0; i < a->rank; i++)
        snprintf(shape + strlen(shape), sizeof shape - strlen(shape), "%zu, ", a->dim[i]);
    int n = snprintf(text, sizeof text,
                     "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }\n", a->type, shape);
    bytes_add(b, "\x93NUMPY\x01\x00", 8);
    bytes_add_number(b, (uint64_t)n, 2);
    bytes_add(b, text, (size_t)n);
    bytes_add(b, a->bytes, a->size);
}

void small_npz(const SmallSet *s, const char *name, const SmallArray *array, size_t count) {
    Bytes body[8] = {0};
    ZipPart part[8] = {0};
    char names[8][40];
    if (count > 8) abort();
    for (size_t i = 0; i < count; i++) {
        add_array(&body[i], &array[i]);
        snprintf(names[i], sizeof names[i], "%s.npy", array[i].name);
        part[i] = (ZipPart){
            .name = names[i], .bytes = body[i].at, .size = body[i].size, .deflated = i % 2};
    }
    Bytes file = zip_file(part, count, (ZipForm){0});
    small_bytes(s, name, file.at, file.size);
    bytes_free(&file);
    for (size_t i = 0; i < count; i++) bytes_free(&body[i]);
}

void small_csr(const SmallSet *s, const char *name, const int32_t *index, int32_t count,
               int32_t first) {
    const int32_t begin[3] = {0, first, count};
    const int64_t shape[2] = {2, 12};
    int32_t one[16];
    for (int i = 0; i < 16; i++) one[i] = 1;
    size_t n = (size_t)count;
    const SmallArray arrays[] = {{"indices", "<i4", 1, {n}, index, 4 * n},
                                 {"indptr", "<i4", 1, {3}, begin, sizeof begin},
                                 {"data", "<i4", 1, {n}, one, 4 * n},
                                 {"shape", "<i8", 1, {2}, shape, sizeof shape}};
    small_npz(s, name, arrays, 4);
}

void small_nnunet(const SmallSet *s) {
    small_text(s, "dataset.json",
               "{\"channel_names\": {\"0\": \"CT\"}, \"labels\": {\"background\": 0, \"a\": 1, "
               "\"b\": 2}, \"numTraining\": 3, \"file_ending\": \".png\"}");
    for (int i = 1; i <= 3; i++) {
        char name[64];
        uint8_t image[12], label[12] = {0, 1, 2};
        for (int k = 0; k < 12; k++) image[k] = (uint8_t)(20 * i + k);
        snprintf(name, sizeof name, "imagesTr/c_%d_0000.png", i);
        small_image(s, name, 4, 3, image);
        snprintf(name, sizeof name, "labelsTr/c_%d.png", i);
        small_image(s, name, 4, 3, label);
    }
}

int small_breaches(const SmallSet *s, DataRule rule) {
    Catalog c;
    int count = 0;
    Error error;
    if (catalog_open(&c, s->folder, NULL, &error) || catalog_check(&c, NULL, NULL, &error)) {
        fprintf(stderr, "%s\n", error.message);
        return -1;
    }
    for (size_t i = 0; i < c.findings; i++) count += c.finding[i].rule == rule;
    catalog_close(&c);
    return count;
}
