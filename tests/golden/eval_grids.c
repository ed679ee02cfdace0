/* Distances, connected pieces, and the areas of surface elements. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/surface_element.h"
#include "image/distance.h"
#include "image/regions.h"
#include "tests/golden/eval_parts.h"

enum { PIECES = 20 };

/* ---- edt.json ------------------------------------------------------------------------------- */

/* Shape and spacing of 2 or 3 axes as (z, y, x). */
static void grid_of(json_t *entry, size_t size[3], double spacing[3]) {
    json_t *shape = json_object_get(entry, "shape"), *steps = json_object_get(entry, "sampling");
    size_t rank = json_array_size(shape);
    for (size_t a = 0; a < 3; a++) size[a] = 1, spacing[a] = 1.0;
    for (size_t a = 0; a < rank && rank <= 3; a++) {
        size[3 - rank + a] = (size_t)json_integer_value(json_array_get(shape, a));
        spacing[3 - rank + a] = json_number_value(json_array_get(steps, a));
    }
}

static json_t *distances_of(const char *bits, const size_t size[3], const double spacing[3]) {
    size_t n = size[0] * size[1] * size[2];
    uint8_t *mask = calloc(n + 1, 1);
    double *distance = malloc((n + 1) * sizeof *distance);
    json_t *list = NULL;
    if (!mask || !distance) abort();
    for (size_t i = 0; i < n; i++) mask[i] = bits[i] == '1';
    if (!distance_squared(distance, mask, size, spacing, DISTANCE_EDGE_OPEN, NULL)) {
        for (size_t i = 0; i < n; i++) distance[i] = sqrt(distance[i]);
        list = eval_numbers(distance, n);
    }
    free(mask);
    free(distance);
    return list;
}

void eval_distances(EvalRun *run, json_t *root) {
    const char *name;
    json_t *entry;
    json_object_foreach(json_object_get(root, "cases"), name, entry) {
        const char *bits = json_string_value(json_object_get(entry, "mask"));
        size_t size[3];
        double spacing[3];
        grid_of(entry, size, spacing);
        if (!bits || strlen(bits) != size[0] * size[1] * size[2])
            eval_fail(run, "its mask does not fill its shape", "edt.%s", name);
        else
            eval_compare(run, distances_of(bits, size, spacing), json_object_get(entry, "edt"),
                         1e-12, "edt.%s", name);
    }
    const double nowhere[] = {(double)INFINITY, (double)INFINITY};
    if (json_object_get(root, "no_zero_element")) {
        json_t *want = eval_numbers(nowhere, 2);
        eval_compare(run, distances_of("11", (size_t[]){1, 1, 2}, (double[]){1.0, 1.0, 1.0}), want,
                     0.0, "edt.no_zero_element");
        json_decref(want);
    }
}

/* ---- components.json ------------------------------------------------------------------------ */

static bool neighbours_of(const char *key, Neighbours *out) {
    const char *number = strncmp(key, "conn", 4) == 0 ? key + 4 : "";
    if (strcmp(number, "4") == 0 || strcmp(number, "6") == 0)
        *out = NEIGHBOURS_FACES;
    else if (strcmp(number, "18") == 0)
        *out = NEIGHBOURS_EDGES;
    else if (strcmp(number, "8") == 0 || strcmp(number, "26") == 0)
        *out = NEIGHBOURS_ALL;
    else
        return false;
    return true;
}

static json_t *pieces_of(const uint8_t *mask, const size_t size[3], Neighbours neighbours) {
    Regions r;
    size_t smallest = 0, squares = 0;
    if (regions_find(&r, mask, size, neighbours, NULL)) return NULL;
    size_t *voxels = malloc((r.count + 1) * sizeof *voxels);
    if (!voxels) abort();
    for (size_t i = 0; i < r.count; i++) {
        voxels[i] = r.region[i].voxels;
        squares += voxels[i] * voxels[i];
        if (i == 0 || voxels[i] < smallest) smallest = voxels[i];
    }
    json_t *got = json_object();
    json_object_set_new(got, "count", eval_count(r.count));
    json_object_set_new(got, "largest", eval_sizes(voxels, r.count, PIECES));
    json_object_set_new(got, "smallest", eval_count(smallest));
    json_object_set_new(got, "sum_of_squares", eval_count(squares));
    free(voxels);
    regions_free(&r);
    return got;
}

static void components_case(EvalRun *run, json_t *entry) {
    static const char *const remarks[] = {"file", "note", NULL};
    const char *file = json_string_value(json_object_get(entry, "file")), *key;
    EvalLabels l;
    Neighbours neighbours;
    json_t *value;
    if (!eval_labels_read(run, &l, file ? file : "")) return;
    uint8_t *mask = malloc(l.voxels + 1);
    if (!mask) abort();
    for (size_t i = 0; i < l.voxels; i++) mask[i] = l.label[i] != 0;
    run->remarks = remarks;
    json_t *got = json_object(), *shape = json_array();
    size_t rank = json_array_size(json_object_get(entry, "shape"));
    for (size_t a = 3 - (rank > 3 ? 3 : rank); a < 3; a++)
        json_array_append_new(shape, eval_count(l.size[a]));
    json_object_set_new(got, "shape", shape);
    json_object_foreach(entry, key, value) {
        if (neighbours_of(key, &neighbours))
            json_object_set_new(got, key, pieces_of(mask, l.size, neighbours));
    }
    eval_compare(run, got, entry, 0.0, "%s", file);
    free(mask);
    eval_labels_free(&l);
}

void eval_components(EvalRun *run, json_t *root) {
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(root, "cases"), i, entry) components_case(run, entry);
}

/* ---- surface_table.json --------------------------------------------------------------------- */

/* By the table's own rule: the areas of its normals, scaled. */
static double area_of_normals(json_t *normals, const double spacing[3]) {
    double area = 0.0;
    size_t i;
    json_t *normal;
    json_array_foreach(normals, i, normal) {
        double squares = 0.0;
        for (size_t a = 0; a < 3; a++) {
            double n = json_number_value(json_array_get(normal, a)) * spacing[(a + 1) % 3] *
                       spacing[(a + 2) % 3];
            squares += n * n;
        }
        area += sqrt(squares);
    }
    return area;
}

static void compare_areas(EvalRun *run, const char *name, json_t *want, const double spacing[3]) {
    double area[SURFACE_CODES];
    surface_areas(area, spacing);
    eval_compare(run, eval_numbers(area, SURFACE_CODES), want, 1e-12, "%s", name);
}

static void compare_normals(EvalRun *run, json_t *normals, const double spacing[3]) {
    json_t *want = json_array(), *entry;
    char name[128];
    size_t i;
    snprintf(name, sizeof name, "normals at %g %g %g", spacing[0], spacing[1], spacing[2]);
    json_array_foreach(normals, i, entry)
        json_array_append_new(want, json_real(area_of_normals(entry, spacing)));
    compare_areas(run, name, want, spacing);
    json_decref(want);
}

static void compare_lengths(EvalRun *run, const char *name, json_t *want, const double spacing[2]) {
    double length[CONTOUR_CODES];
    contour_lengths(length, spacing);
    eval_compare(run, eval_numbers(length, CONTOUR_CODES), want, 1e-12, "%s", name);
}

static json_t *kernel(int side, int first_bit) {
    json_t *planes = json_array();
    for (int a = 0; a < side; a++) {
        json_t *rows = json_array();
        for (int b = 0; b < 2; b++) {
            json_t *row = json_array();
            for (int c = 0; c < 2; c++)
                json_array_append_new(row, json_integer(first_bit >> (4 * a + 2 * b + c)));
            json_array_append_new(rows, row);
        }
        if (side == 1) {
            json_decref(planes);
            return rows;
        }
        json_array_append_new(planes, rows);
    }
    return planes;
}

void eval_surface_table(EvalRun *run, json_t *root) {
    const char *key;
    json_t *value;
    json_object_foreach(root, key, value) {
        double s[3];
        if (strcmp(key, "source") == 0) continue;
        if (strcmp(key, "kernel_3d") == 0)
            eval_compare(run, kernel(2, 128), value, 0.0, "%s", key);
        else if (strcmp(key, "kernel_2d") == 0)
            eval_compare(run, kernel(1, 8), value, 0.0, "%s", key);
        else if (strcmp(key, "normals") == 0) {
            compare_normals(run, value, (double[]){1.0, 1.0, 1.0});
            compare_normals(run, value, (double[]){0.37, 1.9, 0.74});
            compare_normals(run, value, (double[]){5.0, 0.7, 0.6});
        } else if (sscanf(key, "area_spacing_%lf_%lf_%lf", &s[0], &s[1], &s[2]) == 3)
            compare_areas(run, key, value, s);
        else if (sscanf(key, "length_2d_spacing_%lf_%lf", &s[0], &s[1]) == 2)
            compare_lengths(run, key, value, s);
        else
            eval_fail(run, "nothing computes it", "%s", key);
    }
}
