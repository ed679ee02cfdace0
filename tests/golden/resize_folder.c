#include "tests/golden/resize_folder.h"

#include <math.h>
#include <stdlib.h>
#include <zlib.h>

#include "image/resize.h"
#include "tests/golden/picture.h"
#include "tests/golden/procedural.h"
#include "tests/golden/tensor_file.h"

typedef struct Run {
    const char *folder;
    FILE *report;
    TensorFile stored;
    size_t done;
    bool ok;
} Run;

static void run_line(Run *run, const char *name, double max_abs, double tolerance) {
    bool ok = max_abs <= tolerance; /* false for NaN */
    fprintf(run->report, "%-48s max_abs %.3g  tolerance %.3g  %s\n", name, max_abs, tolerance,
            ok ? "ok" : "FAIL");
    run->ok = run->ok && ok;
    run->done++;
}

static const char *text_of(json_t *entry, const char *key) {
    const char *text = json_string_value(json_object_get(entry, key));
    return text ? text : "";
}

static size_t number_at(json_t *entry, const char *key, size_t index) {
    return (size_t)json_integer_value(json_array_get(json_object_get(entry, key), index));
}

static const FileTensor *stored_result(const Run *run, const char *name) {
    char full[256];
    snprintf(full, sizeof full, "out.%s", name);
    return tensor_file_find(&run->stored, full);
}

static unsigned long crc_of(const uint8_t *bytes, size_t n) { return crc32(0, bytes, (unsigned)n); }

/* ---- Bytes -------------------------------------------------------------------------------- */

static bool method_of(const char *name, ResizeMethod *method) {
    static const struct {
        const char *name;
        ResizeMethod method;
    } methods[] = {
        {"pillow_nearest", RESIZE_PILLOW_NEAREST}, {"pillow_bilinear", RESIZE_PILLOW_BILINEAR},
        {"pillow_bicubic", RESIZE_PILLOW_BICUBIC}, {"opencv_nearest", RESIZE_OPENCV_NEAREST},
        {"opencv_linear", RESIZE_OPENCV_LINEAR},
    };
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (strcmp(name, methods[i].name) != 0) continue;
        *method = methods[i].method;
        return true;
    }
    return false;
}

/* "data: PATH as RGB (crc32_bytes X)", PATH below shared/data. */
static bool file_input(const Run *run, const char *input, uint8_t *out, size_t bytes) {
    char relative[256], path[1024];
    unsigned long want;
    Extent size;
    if (sscanf(input, "data: %255s as RGB (crc32_bytes %lx)", relative, &want) != 2) return false;
    snprintf(path, sizeof path, "%s/../../../data/%s", run->folder, relative);
    uint8_t *rgb = picture_read(path, &size);
    bool ok = rgb && extent_pixels(size) * 3 == bytes && crc_of(rgb, bytes) == want;
    if (ok) memcpy(out, rgb, bytes);
    free(rgb);
    return ok;
}

static double worst_byte(const Run *run, json_t *entry, const uint8_t *got, size_t n) {
    const FileTensor *want = stored_result(run, text_of(entry, "name"));
    double worst = 0.0;
    if (want && want->count != n) return (double)NAN;
    for (size_t i = 0; want && i < n; i++) worst = fmax(worst, abs(got[i] - want->bytes[i]));
    json_t *sample = json_object_get(entry, "sample"), *value;
    size_t step = (size_t)json_integer_value(json_object_get(sample, "step")), i;
    json_array_foreach(json_object_get(sample, "values"), i, value) {
        if (i * step < n) worst = fmax(worst, abs(got[i * step] - (int)json_integer_value(value)));
    }
    if (worst == 0.0 && crc_of(got, n) != strtoul(text_of(entry, "crc32_bytes"), NULL, 16))
        return (double)NAN;
    return worst;
}

static void run_bytes(Run *run, json_t *entry) {
    const char *input = text_of(entry, "input");
    Extent from = {number_at(entry, "from_hw", 0), number_at(entry, "from_hw", 1)};
    Extent to = {number_at(entry, "to_hw", 0), number_at(entry, "to_hw", 1)};
    size_t channels = (size_t)json_integer_value(json_object_get(entry, "channels"));
    size_t n = extent_pixels(to) * channels, m = extent_pixels(from) * channels;
    uint8_t *in = malloc(m + 1), *out = malloc(n + 1);
    ResizeMethod method;
    bool ok = in && out && method_of(text_of(entry, "method"), &method);
    if (ok && strncmp(input, "data:", 5) == 0)
        ok = file_input(run, input, in, m);
    else if (ok)
        procedural_bytes(input, m, in);
    ok = ok && !resize_bytes(out, to, in, from, channels, method, NULL);
    run_line(run, text_of(entry, "name"), ok ? worst_byte(run, entry, out, n) : (double)NAN, 0.0);
    free(in);
    free(out);
}

/* ---- Floats ------------------------------------------------------------------------------- */

static bool rule_of(json_t *entry, TapRule *rule) {
    const char *mode = text_of(entry, "mode");
    bool antialias = json_is_true(json_object_get(entry, "antialias"));
    if (strcmp(mode, "bilinear") == 0 || strcmp(mode, "trilinear") == 0)
        *rule = antialias ? TAPS_LINEAR_ANTIALIASED : TAPS_LINEAR;
    else if (strcmp(mode, "bicubic") == 0)
        *rule = antialias ? TAPS_CUBIC_ANTIALIASED : TAPS_CUBIC;
    else if (strcmp(mode, "nearest") == 0)
        *rule = TAPS_NEAREST;
    else if (strcmp(mode, "nearest-exact") == 0)
        *rule = TAPS_NEAREST_EXACT;
    else
        return false;
    return true;
}

static double worst_float(const FileTensor *want, const float *got, size_t n) {
    double worst = 0.0;
    if (!want || want->count != n) return (double)NAN;
    for (size_t i = 0; i < n; i++) {
        float w;
        memcpy(&w, want->bytes + i * sizeof w, sizeof w);
        double off = fabs((double)got[i] - (double)w);
        if (!(off <= worst)) worst = off; /* NaN stays */
    }
    return worst;
}

static void run_float(Run *run, json_t *entry, double tolerance) {
    size_t rank = json_array_size(json_object_get(entry, "shape")), dim[5], to[3] = {1, 1, 1};
    if (rank < 4 || rank > 5) {
        run_line(run, text_of(entry, "name"), (double)NAN, tolerance);
        return;
    }
    for (size_t i = 0; i < rank; i++) dim[i] = number_at(entry, "shape", i);
    for (size_t i = 0; i < rank - 2; i++) to[5 - rank + i] = number_at(entry, "size", i);
    FloatGrid grid =
        float_grid_planes(NULL, dim[0] * dim[1], (Extent){dim[rank - 2], dim[rank - 1]});
    if (rank == 5) grid.depth = dim[2];
    size_t n = grid.count * to[0] * to[1] * to[2];
    float *in = malloc(grid.count * grid.depth * grid.plane * sizeof *in);
    float *out = malloc(n * sizeof *out);
    TapRule rule;
    bool ok = in && out && rule_of(entry, &rule);
    if (ok) {
        procedural_tensor(text_of(entry, "input"), (int)rank, dim, false, in);
        grid.at = in;
        ok = !resize_volumes(out, to, grid, rule, NULL);
    }
    run_line(run, text_of(entry, "name"),
             ok ? worst_float(stored_result(run, text_of(entry, "name")), out, n) : (double)NAN,
             tolerance);
    free(in);
    free(out);
}

/* ---- The folder --------------------------------------------------------------------------- */

static void run_file(Run *run, const char *stem) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s.safetensors", run->folder, stem);
    bool stored = tensor_file_open(&run->stored, path);
    snprintf(path, sizeof path, "%s/%s.json", run->folder, stem);
    json_t *list = json_load_file(path, 0, NULL), *entry;
    size_t before = run->done, i;
    double tolerance = json_number_value(json_object_get(list, "tolerance_abs"));
    json_array_foreach(json_object_get(list, "cases"), i, entry) {
        if (!stored) break;
        if (json_object_get(entry, "mode"))
            run_float(run, entry, tolerance);
        else
            run_bytes(run, entry);
    }
    if (run->done == before) run_line(run, path, (double)NAN, 0.0);
    json_decref(list);
    tensor_file_close(&run->stored);
}

bool golden_resize_folder(const char *folder, FILE *report) {
    Run run = {.folder = folder, .report = report, .ok = true};
    run_file(&run, "uint8");
    run_file(&run, "float");
    return run.ok;
}
