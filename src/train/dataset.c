#include "train/dataset.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "train/slices.h"

static Status no_memory(const char *what, Error *error) {
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for the pictures", what);
}

void dataset_free(Dataset *d) {
    for (size_t i = 0; i < d->sets; i++) memory_free(d->set[i].name);
    for (size_t i = 0; i < d->pictures; i++) {
        memory_free(d->picture[i].name);
        memory_free(d->picture[i].pixels);
    }
    for (size_t i = 0; i < d->objects; i++) memory_free(d->object[i].mask);
    memory_free(d->set);
    memory_free(d->picture);
    memory_free(d->object);
    *d = (Dataset){0};
}

/* ---- Cases ------------------------------------------------------------------------------ */

static Status add_case(Dataset *d, int set, const Catalog *c, const CatalogCase *item,
                       Error *error) {
    const CaseSet *s = &d->set[set];
    Volume *image = NULL;
    LabelLayers layers = {0};
    Status status = case_image(&image, item, (size_t)s->channel, error);
    if (!status) status = case_labels(&layers, c, item, image, error);
    if (!status)
        status = dataset_add_layers(d, set, image, &layers, item->name,
                                    s->train ? SPLIT_TRAIN : item->part, error);
    label_layers_free(&layers);
    volume_free(image);
    return status;
}

static Status add_cases(Dataset *d, int set, const Catalog *c, Error *error) {
    Status status = catalog_verdict(c, error);
    for (size_t i = 0; !status && i < c->cases; i++) {
        if (c->item[i].form != LABELS_NONE) status = add_case(d, set, c, &c->item[i], error);
    }
    return status;
}

static bool take_option(CaseSet *s, char *option) {
    bool *flag = strcmp(option, "patient") == 0     ? &s->patient
                 : strcmp(option, "instances") == 0 ? &s->instances
                 : strcmp(option, "nested") == 0    ? &s->nested
                 : strcmp(option, "train") == 0     ? &s->train
                                                    : NULL;
    if (flag) return *flag = true;
    if (text_starts(option, "slices="))
        return text_to_long(&s->slices, option + 7) && s->slices > 0 && s->slices <= 32768;
    if (text_starts(option, "channel="))
        return text_to_long(&s->channel, option + 8) && s->channel >= 0 && s->channel <= 9999;
    if (text_starts(option, "fold="))
        return text_to_long(&s->fold, option + 5) && s->fold >= 0 && s->fold <= 999;
    if (text_starts(option, "weight="))
        return text_to_double(&s->weight, option + 7) && s->weight > 0.0 && s->weight <= 1e6;
    if (!text_starts(option, "window=")) return false;
    char *comma = strchr(option, ',');
    if (!comma) return false;
    *comma = '\0';
    return text_to_double(&s->window_level, option + 7) &&
           text_to_double(&s->window_width, comma + 1) && s->window_width > 0.0;
}

/* Cuts the options off `where`; a folder whose name holds a colon is written with a slash at its
 * end: the options begin after the last slash. */
static Status take_options(CaseSet *s, char *where, Error *error) {
    char *slash = strrchr(where, '/');
    char *colon = strchr(slash ? slash : where, ':');
    while (colon) {
        *colon = '\0';
        char *option = colon + 1;
        if ((colon = strchr(option, ':'))) *colon = '\0';
        if (!take_option(s, option))
            return error_set(error, VOXPERT_BAD_ARGUMENT,
                             "%s: \"%s\" is no option of a data folder; they are patient, "
                             "instances, nested, train, slices=N, window=LEVEL,WIDTH, weight=X, "
                             "channel=N, fold=N",
                             where, option);
    }
    size_t length = strlen(where);
    while (length > 1 && where[length - 1] == '/') where[--length] = '\0';
    return VOXPERT_OK;
}

static Status add_set(Dataset *d, CaseSet *s, const Catalog *c, const char *where, Error *error) {
    for (size_t i = 0; i < d->sets; i++) {
        if (strcmp(d->set[i].name, c->name) == 0)
            return error_set(error, VOXPERT_BAD_ARGUMENT,
                             "%s: a data folder of that name was given before", where);
    }
    if (!(s->name = memory_text(c->name))) return no_memory(where, error);
    d->set[d->sets++] = *s;
    return add_cases(d, (int)d->sets - 1, c, error);
}

Status dataset_add(Dataset *d, const char *where, Error *error) {
    char *place = memory_text(where);
    if (!place || !memory_grow(&d->set, &d->set_capacity, d->sets, sizeof *d->set)) {
        memory_free(place);
        return no_memory(where, error);
    }
    CaseSet s = {0};
    Catalog c = {0};
    Status status = take_options(&s, place, error);
    CatalogOptions options = {.fold = (int)s.fold, .patient = s.patient};
    if (!status) status = catalog_open(&c, place, &options, error);
    if (!status) status = add_set(d, &s, &c, where, error);
    catalog_close(&c);
    memory_free(place);
    return status;
}

Status dataset_select(const Dataset *d, int set, SplitPart part, size_t **out, size_t *count,
                      Error *error) {
    *count = 0;
    *out = memory_new((d->objects + 1) * sizeof **out);
    if (!*out) return no_memory(d->set[set].name, error);
    for (size_t i = 0; i < d->objects; i++) {
        const Case *p = &d->picture[d->object[i].picture];
        if (p->set == set && p->part == part) (*out)[(*count)++] = i;
    }
    return VOXPERT_OK;
}
