#include "cli/segment/report_csv.h"

#include <stdlib.h>

#include "cli/common/error.h"

static const char *text_of(const json_t *from, const char *name) {
    const char *text = json_string_value(json_object_get(from, name));
    return text ? text : "";
}

static void put_text(FILE *to, const char *text, char behind) {
    table_put_text(to, text);
    fputc(behind, to);
}

static void put_whole(FILE *to, const json_t *from, const char *name) {
    const json_t *value = json_object_get(from, name);
    if (value) fprintf(to, "%lld", (long long)json_integer_value(value));
    fputc(',', to);
}

static void put_score(FILE *to, const json_t *object) {
    const json_t *score = json_object_get(object, "score");
    if (!score) score = json_object_get(object, "predicted_iou"); /* of everything mode */
    if (score) fprintf(to, "%.9g", json_number_value(score));
    fputc(',', to);
}

/* The sentences of the image, with "; " between. */
static void put_warnings(FILE *to, const json_t *report) {
    size_t i;
    const json_t *sentence;
    char *all = cli_text("%s", "");
    json_array_foreach(json_object_get(report, "warnings"), i, sentence) {
        char *before = all;
        all = cli_text("%s%s%s", before, i ? "; " : "", json_string_value(sentence));
        free(before);
    }
    put_text(to, all, '\n');
    free(all);
}

/* `object` NULL: of the image alone. */
static void put_line(FILE *to, const json_t *report, const json_t *object) {
    const json_t *image = json_object_get(report, "image"), *box = json_object_get(object, "bbox");
    put_text(to, text_of(image, "file"), ',');
    put_text(to, text_of(image, "slice"), ',');
    put_whole(to, object, "object");
    put_text(to, text_of(object, "label"), ',');
    put_whole(to, object, "value");
    put_score(to, object);
    put_whole(to, object, "area");
    for (size_t i = 0; i < 4; i++) {
        const json_t *at = json_array_get(box, i);
        if (at) fprintf(to, "%.9g", json_number_value(at));
        fputc(',', to);
    }
    put_text(to, text_of(json_object_get(report, "outputs"), "mask"), ',');
    put_text(to, text_of(report, "status"), ',');
    put_text(to, text_of(report, "message"), ',');
    put_warnings(to, report);
}

void report_csv_image(FILE *to, const json_t *report) {
    const json_t *objects = json_object_get(report, "objects");
    size_t index;
    json_t *object;
    json_array_foreach(objects, index, object) put_line(to, report, object);
    if (json_array_size(objects) == 0) put_line(to, report, NULL);
}

VoxpertStatus report_csv_write(const char *path, TableLines *lines, const void *context,
                               VoxpertError *error) {
    return table_file_write(
        path,
        "image,slice,object,label,value,score,area_px,x,y,width,height,mask,status,message,"
        "warnings",
        lines, context, error);
}
