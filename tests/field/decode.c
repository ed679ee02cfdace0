/* decode.c - what the library makes of image files, for programs that compare.
 *
 *     field_decode < REQUESTS > ANSWERS
 *
 * A request is a line "MODE PATH": `image` (stored samples, as an image), `labels` (what is read as
 * a label map), `picture` (the 8-bit RGB picture of the first slice), `regions` (the mask of the
 * COCO annotation {"size": [height, width], "segmentation": ...} in a JSON file), `weights` (all
 * tensors of a checkpoint under their canonical names, as floats).
 *
 * An answer is a line of JSON, then as many raw bytes as its "bytes" says: samples in the machine's
 * byte order, [frames, depth, height, width, channels].  A value is slope * sample + intercept.
 * Of a checkpoint "tensors" has the sizes of each by its name; the floats follow in that order. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/memory.h"
#include "data/outline.h"
#include "image/picture.h"
#include "weights/checkpoint.h"

typedef struct Answer {
    json_t *fields;
    void *bytes;
    size_t size;
} Answer;

static void answer_samples(Answer *a, void *samples, size_t count, SampleType type,
                           const size_t sizes[5]) {
    a->bytes = samples;
    a->size = count * sample_size(type);
    json_object_set_new(a->fields, "type", json_string(sample_name(type)));
    json_t *shape = json_array();
    for (size_t i = 0; i < 5; i++) json_array_append_new(shape, json_integer((json_int_t)sizes[i]));
    json_object_set_new(a->fields, "shape", shape);
}

static void answer_failure(Answer *a, Status status, const Error *error) {
    json_object_set_new(a->fields, "status", json_integer((json_int_t)status));
    json_object_set_new(a->fields, "message", json_string(error->message));
}

static json_t *grid_json(const Volume *v) {
    json_t *rows = json_array();
    for (int i = 0; i < 12; i++)
        json_array_append_new(rows, json_real(v->grid.affine_ras[i / 4][i % 4]));
    return rows;
}

static Status answer_labels(Answer *a, const Volume *v, Error *error) {
    const size_t sizes[5] = {v->frames, v->depth, v->height, v->width, 1};
    uint32_t *labels = memory_new(volume_voxels(v) * sizeof *labels);
    if (!labels) abort();
    Status status = volume_labels(labels, v, error);
    answer_samples(a, labels, volume_voxels(v), SAMPLE_U32, sizes);
    return status;
}

static Status answer_picture(Answer *a, const Volume *v, Error *error) {
    Picture picture;
    Status status = volume_slice(&picture, v, (VolumeSlice){.axis = 'k'}, NULL, error);
    const size_t sizes[5] = {1, 1, picture.height, picture.width, 3};
    if (!status)
        answer_samples(a, picture.rgb, 3 * picture.width * picture.height, SAMPLE_U8, sizes);
    return status;
}

static Status answer_volume(Answer *a, const char *mode, const char *path, Error *error) {
    Volume *v;
    VolumeReadOptions options = {.labels = strcmp(mode, "labels") == 0};
    Status status = volume_read(&v, path, &options, error);
    if (status) return status;
    json_object_set_new(a->fields, "format", json_string(v->format));
    json_object_set_new(a->fields, "alpha", json_boolean(v->alpha));
    json_object_set_new(a->fields, "affine", grid_json(v));
    json_object_set_new(a->fields, "warnings", json_string(warnings_lines(&v->warnings)));
    if (strcmp(mode, "picture") == 0) {
        status = answer_picture(a, v, error);
    } else if (options.labels) {
        status = answer_labels(a, v, error);
    } else {
        const size_t sizes[5] = {v->frames, v->depth, v->height, v->width, v->channels};
        json_object_set_new(a->fields, "slope", json_real(v->slope));
        json_object_set_new(a->fields, "intercept", json_real(v->intercept));
        answer_samples(a, v->samples, volume_samples(v), v->type, sizes);
        v->samples = NULL;
    }
    volume_free(v);
    return status;
}

static Status answer_regions(Answer *a, const char *path, Error *error) {
    json_t *root = json_load_file(path, 0, NULL), *size = json_object_get(root, "size");
    const size_t height = (size_t)json_integer_value(json_array_get(size, 0));
    const size_t width = (size_t)json_integer_value(json_array_get(size, 1));
    const size_t sizes[5] = {1, 1, height, width, 1};
    uint8_t *mask = memory_new(height * width);
    if (!mask) abort();
    memset(mask, 0, height * width);
    Status status = annotation_mask(mask, (Extent){height, width}, root, error);
    answer_samples(a, mask, height * width, SAMPLE_U8, sizes);
    json_decref(root);
    return status;
}

static Status answer_weights(Answer *a, const char *path, Error *error) {
    Checkpoint *c = NULL;
    Status status = checkpoint_open(&c, path, error);
    if (status) return status;
    json_t *tensors = json_object();
    size_t floats = 0, used = 0;
    for (size_t i = 0; i < checkpoint_count(c); i++) floats += checkpoint_tensor(c, i)->count;
    float *values = memory_new((floats + 1) * sizeof *values);
    if (!values) abort();
    for (size_t i = 0; i < checkpoint_count(c); i++) {
        const StoredTensor *t = checkpoint_tensor(c, i);
        json_t *sizes = json_array();
        for (int k = 0; k < t->rank; k++)
            json_array_append_new(sizes, json_integer((json_int_t)t->dim[k]));
        json_object_set_new(tensors, t->name, sizes);
        stored_tensor_read(t, values + used);
        used += t->count;
    }
    json_object_set_new(a->fields, "tensors", tensors);
    a->bytes = values;
    a->size = floats * sizeof *values;
    checkpoint_close(c);
    return VOXPERT_OK;
}

static Status answer_of(Answer *a, const char *mode, const char *path, Error *error) {
    if (strcmp(mode, "regions") == 0) return answer_regions(a, path, error);
    if (strcmp(mode, "weights") == 0) return answer_weights(a, path, error);
    return answer_volume(a, mode, path, error);
}

static void answer(const char *mode, const char *path) {
    Error error = {0};
    Answer a = {.fields = json_object()};
    Status status = answer_of(&a, mode, path, &error);
    if (status) {
        answer_failure(&a, status, &error);
        a.size = 0;
    }
    json_object_set_new(a.fields, "bytes", json_integer((json_int_t)a.size));
    json_dumpf(a.fields, stdout, JSON_COMPACT);
    putchar('\n');
    fwrite(a.bytes, 1, a.size, stdout);
    fflush(stdout);
    memory_free(a.bytes);
    json_decref(a.fields);
}

int main(void) {
    char line[4096];
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        char *path = strchr(line, ' ');
        if (!path) return 2;
        *path++ = '\0';
        answer(line, path);
    }
    return 0;
}
