/* summary.json of a run; declared in run_card.h. */
#include <string.h>

#include <voxpert/version.h>

#include "base/files.h"
#include "base/memory.h"
#include "base/platform.h"
#include "base/quote.h"
#include "train/recipe.h"
#include "train/run_card.h"
#include "train/settings.h"

/* ---- Settings --------------------------------------------------------------------------- */

static void add_settings(Text *t, const TrainOptions *o) {
    const Setting *s;
    char value[48];
    for (int i = 0; (s = setting_at(i)); i++) {
        setting_text(o, i, value, sizeof value);
        text_add(t, i ? ",\n    \"%s\": " : "    \"%s\": ", s->name);
        if (setting_is_number(i))
            text_add(t, "%s", value);
        else
            text_add_quoted(t, value);
    }
}

static void add_list(Text *t, const char *name, const char *const *item, size_t count) {
    text_add(t, ",\n  \"%s\": [", name);
    for (size_t i = 0; i < count; i++) {
        text_add(t, i ? ", " : "");
        text_add_quoted(t, item[i]);
    }
    text_add(t, "]");
}

/* ---- Data ------------------------------------------------------------------------------- */

static void add_set(Text *t, const Dataset *d, size_t set) {
    size_t images[SPLIT_PARTS] = {0}, objects = 0;
    const CaseSet *s = &d->set[set];
    for (size_t i = 0; i < d->pictures; i++)
        if ((size_t)d->picture[i].set == set) images[d->picture[i].part]++;
    for (size_t i = 0; i < d->objects; i++)
        objects += (size_t)d->picture[d->object[i].picture].set == set;
    text_add(t, "%s\n    {\"name\": ", set ? "," : "");
    text_add_quoted(t, s->name);
    if (s->modality) {
        text_add(t, ", \"modality\": ");
        text_add_quoted(t, s->modality);
    }
    text_add(t, ", \"training\": %zu, \"validation\": %zu, \"test\": %zu, \"objects\": %zu}",
             images[SPLIT_TRAIN], images[SPLIT_VALIDATION], images[SPLIT_TEST], objects);
}

static void add_data(Text *t, const Run *r) {
    const TrainOptions *o = r->options;
    char digest[HASH_TEXT];
    text_add(t, ",\n  \"sets\": [");
    for (size_t i = 0; i < r->data.sets; i++) add_set(t, &r->data, i);
    text_add(t, "]");
    add_list(t, "data", o->data, o->folders);
    if (r->data.split.count && !split_record_digest(digest, &r->data.split, NULL))
        text_add(t, ",\n  \"split_digest\": \"%s\"", digest);
}

/* ---- All of it -------------------------------------------------------------------------- */

static void add_result(Text *t, const Run *r, const char *identity) {
    const RunState *s = &r->state;
    text_add(t, "{\n  \"steps\": %ld,\n  \"best_score\": ", s->step);
    if (s->best < 0.0)
        text_add(t, "null,\n  \"best_step\": null");
    else
        text_add(t, "%.9g,\n  \"best_step\": %ld", s->best, s->best_step);
    text_add(t, ",\n  \"best_score_is\": \"mean Dice of a box, 1 click and 5 clicks\"");
    text_add(t, ",\n  \"recipe\": \"%s\",\n  \"weights\": \"%s\"", s->recipe, identity);
    text_add(t, ",\n  \"origin_sha256\": \"%s\"", r->origin);
}

static void add_machine(Text *t, const Run *r) {
    text_add(t, ",\n  \"version\": \"%s\",\n  \"kernels\": \"%s\",\n  \"threads\": %d",
             VOXPERT_VERSION, r->kernels->name, threads_count(r->threads));
    text_add(t, ",\n  \"seconds\": %.3f,\n  \"steps_an_epoch\": %ld", r->state.seconds, r->epoch);
    text_add(t, ",\n  \"memory_needed_bytes\": %zu,\n  \"memory_peak_bytes\": %zu", r->needs,
             system_peak_memory());
}

static void add_warnings(Text *t, const Warnings *w) {
    text_add(t, ",\n  \"warnings\": ");
    warnings_json(t, w, 2);
    t->failed |= w->lines.failed;
}

static void add_choices(Text *t, const TrainOptions *o) {
    text_add(t, ",\n  \"trained\": \"%s\",\n  \"scheme\": \"%s\"", o->recipe->name,
             o->scheme->name);
    add_list(t, "train", o->train, o->trains);
    add_list(t, "freeze", o->freeze, o->freezes);
    text_add(t, ",\n  \"settings\": {\n");
    add_settings(t, o);
    text_add(t, "}\n}\n");
}

Status run_write_summary(const Run *r, Error *error) {
    char identity[HASH_TEXT], *path;
    Text t = {0};
    Status status = params_identity(&r->system.sam.params, identity, error);
    if (!status) status = run_file(r, "summary.json", &path, error);
    if (status) return status;
    add_result(&t, r, identity);
    add_data(&t, r);
    add_machine(&t, r);
    add_warnings(&t, &r->warnings);
    add_choices(&t, r->options);
    status = t.failed ? error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to write it", path)
                      : file_write(path, t.chars, t.length, error);
    text_free(&t);
    memory_free(path);
    return status;
}
