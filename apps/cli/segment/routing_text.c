#include "cli/segment/routing_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/common/error.h"

/* From the logits, which a report brings back to the last bit (nine digits): what is written of a
 * case is the same whether it was done now or by the run that is resumed. */
static double token_entropy(const json_t *token) {
    enum { EXPERTS_MOST = 64 };
    float logits[EXPERTS_MOST];
    const json_t *list = json_object_get(token, "logits"), *x;
    size_t count = 0, index;
    json_array_foreach(list, index, x) {
        if (count < EXPERTS_MOST)
            logits[count++] = json_is_null(x) ? -INFINITY : (float)json_number_value(x);
    }
    return voxpert_routing_entropy(logits, (int)count);
}

double routing_entropy_of(const json_t *objects) {
    size_t o, l, t, count = 0;
    const json_t *object, *layer, *token;
    double sum = 0.0;
    json_array_foreach(objects, o, object) {
        const json_t *routing = json_object_get(object, "routing");
        json_array_foreach(json_object_get(routing, "layers"), l, layer) {
            json_array_foreach(layer, t, token) {
                sum += token_entropy(token);
                count++;
            }
        }
    }
    return count ? sum / (double)count : -1.0;
}

/* ---- CSV -------------------------------------------------------------------------------- */

static void put_numbers(FILE *to, const json_t *list) {
    size_t index;
    const json_t *x;
    json_array_foreach(list, index, x) {
        if (json_is_null(x))
            fputs(",-inf", to);
        else
            fprintf(to, ",%.9g", json_number_value(x));
    }
}

static size_t largest_of(const json_t *gates) {
    size_t best = 0, index;
    const json_t *x;
    json_array_foreach(gates, index, x) {
        if (json_number_value(x) > json_number_value(json_array_get(gates, best))) best = index;
    }
    return best;
}

typedef struct Place {
    const char *image;
    long long object, chosen;
    double entropy; /* of the image */
} Place;

static void put_token(FILE *to, const Place *p, size_t layer, size_t token, const json_t *values) {
    const json_t *gates = json_object_get(values, "gates");
    table_put_text(to, p->image);
    fprintf(to, ",%lld,%zu,%zu", p->object, layer + 1, token + 1);
    put_numbers(to, json_object_get(values, "logits"));
    put_numbers(to, gates);
    fprintf(to, ",%.9g,%zu,%lld,%.9g,%.9g\n",
            json_number_value(json_object_get(values, "confidence")), largest_of(gates) + 1,
            p->chosen, token_entropy(values), p->entropy);
}

void routing_csv_image(FILE *to, const char *image, const json_t *objects) {
    Place p = {.image = image, .entropy = routing_entropy_of(objects)};
    size_t o, l, t;
    const json_t *object, *layer, *token;
    json_array_foreach(objects, o, object) {
        const json_t *routing = json_object_get(object, "routing");
        p.object = (long long)json_integer_value(json_object_get(object, "object"));
        p.chosen = (long long)json_integer_value(json_object_get(routing, "chosen_token"));
        json_array_foreach(json_object_get(routing, "layers"), l, layer) {
            json_array_foreach(layer, t, token) { put_token(to, &p, l, t, token); }
        }
    }
}

VoxpertStatus routing_csv_write(const char *path, int experts, TableLines *lines,
                                const void *context, VoxpertError *error) {
    static const char *const kinds[] = {"logit", "gate"};
    char *columns = cli_text("image,object,layer,token");
    for (int i = 0; i < 2 * experts; i++) {
        char *before = columns;
        columns = cli_text("%s,%s_%d", before, kinds[i / experts], i % experts + 1);
        free(before);
    }
    char *all = cli_text("%s,confidence,expert,chosen_token,entropy,image_entropy", columns);
    VoxpertStatus status = table_file_write(path, all, lines, context, error);
    free(columns);
    free(all);
    return status;
}
