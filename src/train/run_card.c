#include "train/run_card.h"

#include <stdio.h>
#include <string.h>

#include "base/files.h"
#include "base/memory.h"
#include "base/quote.h"

/* ---- The split -------------------------------------------------------------------------- */

/* Adds what the model at `from` (NULL: none) was trained on. */
static Status add_seen(SplitRecord *seen, const Checkpoint *from, Error *error) {
    SplitRecord own = {0};
    if (!from) return VOXPERT_OK;
    Status status = split_record_parse(&own, checkpoint_metadata(from, SPLIT_METADATA),
                                       checkpoint_path(from), error);
    if (!status) status = split_record_inherit(seen, &own, error);
    split_record_free(&own);
    return status;
}

static void warn_of_overlap(Run *r, const SplitOverlap *o) {
    size_t held_out = 0, count = 0;
    const SplitEntry *first = NULL;
    char advice[120] = "", sentence[600];
    for (size_t i = 0; i < r->data.split.count; i++)
        held_out += r->data.split.item[i].part != SPLIT_TRAIN;
    for (size_t i = 0; i < o->count; i++) {
        const SplitEntry *e = &r->data.split.item[o->item[i]];
        bool seen =
            e->part == SPLIT_TEST || (e->part == SPLIT_VALIDATION && o->then[i] == SPLIT_TRAIN);
        if (seen && !count++) first = e;
    }
    if (!first) return;
    int remedy = split_overlap_remedy(&r->data.split, o);
    if (remedy)
        snprintf(advice, sizeof advice,
                 "; by version %d of the split (split=%d) it was trained on none of the test cases",
                 remedy, remedy);
    snprintf(
        sentence, sizeof sentence,
        "%s has seen %zu of the %zu cases that are kept for validation and testing, such as %s "
        "of %s, when it was trained: scores on them are too high%s",
        checkpoint_path(r->adapter ? r->adapter : r->base), count, held_out, first->name,
        first->set, advice);
    run_say(r, true, sentence);
}

static Status inherit_split(Run *r, Error *error) {
    SplitRecord seen = {0};
    SplitOverlap overlap = {0};
    Status status = add_seen(&seen, r->base, error);
    if (!status) status = add_seen(&seen, r->adapter, error);
    if (!status) status = split_overlap_find(&overlap, &r->data.split, &seen, error);
    if (!status) warn_of_overlap(r, &overlap);
    if (!status) status = split_record_inherit(&r->data.split, &seen, error);
    split_overlap_free(&overlap);
    split_record_free(&seen);
    return status;
}

static Status no_memory(const Run *r, Error *error) {
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for its files", r->options->out);
}

/* Takes the text. */
static Status write_text(const Run *r, const char *name, Text *t, Error *error) {
    char *path;
    Status status = t->failed ? no_memory(r, error) : run_file(r, name, &path, error);
    if (!status) {
        status = file_write(path, t->chars, t->length, error);
        memory_free(path);
    }
    text_free(t);
    return status;
}

static Status write_split(Run *r, Error *error) {
    Text file = {0};
    if (r->data.split.count == 0) return VOXPERT_OK; /* drawn images alone */
    const char *odd = split_record_odd_name(&r->data.split);
    if (odd)
        return error_set(error, VOXPERT_BAD_INPUT,
                         "%s: the name is not UTF-8, so that no record of the split (JSON) can "
                         "hold it: rename it",
                         odd);
    split_record_metadata(&r->split, &r->data.split);
    if (r->split.failed) return no_memory(r, error);
    split_record_file(&file, &r->data.split);
    return write_text(r, "split.json", &file, error);
}

/* ---- The card --------------------------------------------------------------------------- */

static const char *stated(const Checkpoint *c, const char *key) {
    const char *value = c ? checkpoint_metadata(c, key) : NULL;
    return value ? value : "";
}

/* Of the adapter that goes on, else of the base. */
static const char *inherited(const Run *r, const char *key) {
    const char *own = stated(r->adapter, key);
    return *own ? own : stated(r->base, key);
}

static size_t count_images(const Dataset *d, size_t set, SplitPart part) {
    size_t count = 0;
    for (size_t i = 0; i < d->pictures; i++)
        count += (size_t)d->picture[i].set == set && d->picture[i].part == part;
    return count;
}

/* What the options say instead of the data sets does not take away what was before. */
static void add_training_data(Text *t, const Run *r) {
    const Dataset *d = &r->data;
    const char *before = inherited(r, "training_data"), *said = r->options->card.training_data;
    text_add(t, "%s", said);
    for (size_t i = 0; i < d->sets && !*said; i++) {
        text_add(t, "%s", i ? "; " : "");
        text_add_printable(t, d->set[i].name);
        text_add(t, ": %zu images", count_images(d, i, SPLIT_TRAIN));
    }
    if (*before) text_add(t, "%sbefore: %s", t->length ? "; " : "", before);
}

static bool named_before(const Dataset *d, size_t set, size_t name) {
    const char *wanted = d->set[set].label_name[name].name;
    for (size_t i = 0; i <= set; i++)
        for (size_t k = 0; k < (i == set ? name : d->set[i].names); k++)
            if (strcmp(d->set[i].label_name[k].name, wanted) == 0) return true;
    return false;
}

static bool lists_label(const Text *t, const char *name, size_t length) {
    const char *at = t->chars ? t->chars : "";
    for (size_t n; *at; at += n + (at[n] ? 2 : 0)) {
        const char *comma = strstr(at, ", ");
        n = comma ? (size_t)(comma - at) : strlen(at);
        if (n == length && memcmp(at, name, n) == 0) return true;
    }
    return false;
}

/* Those of the model that the run begins from: it learned them too. */
static void add_labels_before(Text *t, const char *before) {
    for (size_t n; *before; before += n + (before[n] ? 2 : 0)) {
        const char *comma = strstr(before, ", ");
        n = comma ? (size_t)(comma - before) : strlen(before);
        if (n && !lists_label(t, before, n))
            text_add(t, "%s%.*s", t->length ? ", " : "", (int)n, before);
    }
}

/* Names of labels, each once, with commas. */
static void add_labels(Text *t, const Dataset *d) {
    for (size_t i = 0; i < d->sets; i++)
        for (size_t k = 0; k < d->set[i].names; k++) {
            if (named_before(d, i, k)) continue;
            text_add(t, "%s", t->length ? ", " : "");
            text_add_printable(t, d->set[i].label_name[k].name);
        }
}

static void warn_of_licence(Run *r) {
    const char *before = inherited(r, "licence"), *now = r->options->card.licence;
    char sentence[400];
    if (!*before || !*now || strcmp(before, now) == 0) return;
    snprintf(sentence, sizeof sentence,
             "the licence \"%.80s\" is written, but %s, which the run begins from, states "
             "\"%.80s\": what is made from it may be bound by that",
             now, checkpoint_path(*stated(r->adapter, "licence") ? r->adapter : r->base), before);
    run_say(r, true, sentence);
}

static Status fill_card(Run *r, Error *error) {
    r->card = r->options->card;
    text_add(&r->labels, "%s", "");
    text_add(&r->training_data, "%s", "");
    text_add(&r->preprocess, "{\"preset\": \"%s\", \"zoom\": %g}", r->preset.name, r->preset.zoom);
    add_labels(&r->labels, &r->data);
    add_labels_before(&r->labels, inherited(r, "labels"));
    add_training_data(&r->training_data, r);
    if (r->labels.failed || r->training_data.failed || r->preprocess.failed)
        return no_memory(r, error);
    warn_of_licence(r);
    if (!*r->card.licence) r->card.licence = inherited(r, "licence");
    if (!*r->card.labels) r->card.labels = r->labels.chars;
    r->card.training_data = r->training_data.chars;
    r->card.arch = r->system.ops->name;
    r->card.preprocess = r->preprocess.chars;
    r->card.parent = r->system.adapter ? r->parent : NULL;
    r->card.split = r->split.chars;
    return VOXPERT_OK;
}

Status run_open_card(Run *r, Error *error) {
    Status status = inherit_split(r, error);
    if (!status) status = write_split(r, error);
    return status ? status : fill_card(r, error);
}

void run_close_card(Run *r) {
    text_free(&r->split);
    text_free(&r->labels);
    text_free(&r->training_data);
    text_free(&r->preprocess);
}

/* ---- The header ------------------------------------------------------------------------- */

static void add_sets(Text *t, const Run *r) {
    const Dataset *d = &r->data;
    for (size_t i = 0; i < d->sets; i++) {
        size_t objects = 0;
        for (size_t k = 0; k < d->objects; k++)
            objects += (size_t)d->picture[d->object[k].picture].set == i;
        text_add(t, "data      ");
        text_add_printable(t, d->set[i].name);
        text_add(t, ": %zu images for training, %zu for validation, %zu for testing; %zu objects\n",
                 count_images(d, i, SPLIT_TRAIN), count_images(d, i, SPLIT_VALIDATION),
                 count_images(d, i, SPLIT_TEST), objects);
    }
}

static void add_model(Text *t, const Run *r) {
    size_t moving = 0, tensors = 0;
    const Params *p = &r->system.sam.params;
    for (size_t i = 0; i < p->count; i++) {
        if (!p->item[i]->tensor.needs_grad) continue;
        tensors++;
        moving += tensor_size(&p->item[i]->tensor);
    }
    text_add(t, "model     %s: %zu of %zu parameters are trained, in %zu tensors\n",
             r->adapter ? checkpoint_path(r->adapter)
             : r->base  ? checkpoint_path(r->base)
                        : "a new one",
             moving, params_elements(p), tensors);
}

static void add_missing(Text *t, const Run *r) {
    bool licence = *r->card.licence, labels = *r->card.labels;
    if (licence && labels) return;
    text_add(t, "metadata  %s%s%s unknown: the model file will not state %s\n",
             licence ? "" : "licence", !licence && !labels ? " and " : "",
             labels ? "" : "names of labels", !licence && !labels ? "them" : "it");
}

void run_show_header(Run *r) {
    const TrainOptions *o = r->options;
    Text t = {0};
    if (!r->observer || !r->observer->begin) return;
    add_sets(&t, r);
    add_model(&t, r);
    text_add(&t, "steps     %ld of %d samples, %ld an epoch; learning rate %g\n", o->steps,
             o->batch * o->accumulate, r->epoch, o->optimizer.lr);
    text_add(&t, "%s", r->memory.chars ? r->memory.chars : "");
    add_missing(&t, r);
    text_add(&t, "output    ");
    text_add_printable(&t, o->out);
    text_add(&t, "\n");
    if (!t.failed) r->observer->begin(r->observer->context, t.chars);
    text_free(&t);
}
