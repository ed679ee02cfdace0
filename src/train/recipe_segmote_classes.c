#include "train/recipe_segmote.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"

/* ---- Choosing --------------------------------------------------------------------------- */

/* Whether an object to learn from has that name, of a set or (-1) of any. */
static bool is_learned(const Dataset *d, int set, const char *name) {
    for (size_t i = 0; i < d->objects; i++) {
        const Case *p = &d->picture[d->object[i].picture];
        if (p->part != SPLIT_TRAIN || (set >= 0 && p->set != set)) continue;
        const LabelName *label = dataset_name_of(d, &d->object[i]);
        if (label && strcmp(label->name, name) == 0) return true;
    }
    return false;
}

static Status add(SegmoteConfig *c, const char *where, const char *name, Error *error) {
    if (!class_name_is_good(name))
        return error_set_field(
            error, VOXPERT_BAD_ARGUMENT, "prompt-classes",
            "%s: \"%.80s\" is no name of a class: UTF-8 of up to %d bytes without "
            "commas, and not \"all\"",
            where, name, CLASS_NAME - 1);
    if (c->experts.pool.classes >= CLASSES_MAX)
        return error_set_field(error, VOXPERT_BAD_ARGUMENT, "prompt-classes",
                               "%s: there are more than %d classes", where, CLASSES_MAX);
    snprintf(c->class_name[c->experts.pool.classes++], CLASS_NAME, "%s", name);
    return VOXPERT_OK;
}

/* Every name that is learned from, in the order of the sets. */
static Status choose_all(SegmoteConfig *c, const Dataset *d, Error *error) {
    Status status = VOXPERT_OK;
    for (size_t s = 0; s < d->sets; s++)
        for (size_t i = 0; !status && i < d->set[s].names; i++) {
            const char *name = d->set[s].label_name[i].name;
            if (segmote_class(c, name) < 0 && is_learned(d, (int)s, name))
                status = add(c, d->set[s].name, name, error);
        }
    if (!status && !c->experts.pool.classes)
        status = error_set_field(error, VOXPERT_BAD_ARGUMENT, "prompt-classes",
                                 "prompt-classes: no data set names a label that is trained on "
                                 "(names=FILE, class=NAME)");
    return status;
}

static Status choose_one(SegmoteConfig *c, const Dataset *d, const char *name, Error *error) {
    if (segmote_class(c, name) >= 0)
        return error_set_field(error, VOXPERT_BAD_ARGUMENT, "prompt-classes",
                               "prompt-classes: \"%s\" is there twice", name);
    Status status = add(c, "prompt-classes", name, error);
    if (status || is_learned(d, -1, name)) return status;
    return error_set_field(error, VOXPERT_BAD_ARGUMENT, "prompt-classes",
                           "prompt-classes: no object to train on is called \"%s\"", name);
}

static Status choose_listed(SegmoteConfig *c, const Dataset *d, const char *names, Error *error) {
    char *list = memory_text(names);
    Status status =
        list ? VOXPERT_OK : error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the classes");
    for (char *at = list; !status && at;) {
        char *comma = strchr(at, ',');
        if (comma) *comma = '\0';
        status = choose_one(c, d, at, error);
        at = comma ? comma + 1 : NULL;
    }
    memory_free(list);
    return status;
}

static const char *fault_of(const TrainOptions *o, const SegmoteConfig *c) {
    if (!c->experts.pool.tokens) return "there are no prompt tokens that could be queried";
    if (o->scheme->always_prompts)
        return "the scheme always prompts, and trains no class by itself";
    if (!(o->experts.rule.prompt_free > 0.0))
        return "classes are trained in batches without a prompt, and prompt-free is 0";
    return NULL;
}

/* Those of an adapter, asked for again. */
static Status compare(const Run *r, const SegmoteConfig *c, Error *error) {
    const char *at = r->options->prompt_classes;
    bool same = true;
    for (int i = 0; same && i < c->experts.pool.classes; i++) {
        size_t length = strlen(c->class_name[i]);
        bool last = i + 1 == c->experts.pool.classes;
        same = strncmp(at, c->class_name[i], length) == 0 && at[length] == (last ? '\0' : ',');
        at += same && !last ? length + 1 : 0;
    }
    if (same) return VOXPERT_OK;
    return error_set_field(error, VOXPERT_BAD_ARGUMENT, "prompt-classes",
                           "%s: has its classes already, and prompt-classes names others",
                           checkpoint_path(r->adapter));
}

Status segmote_choose_classes(const Run *r, SegmoteConfig *c, Error *error) {
    const char *asked = r->options->prompt_classes;
    if (!asked) return VOXPERT_OK;
    const char *fault = fault_of(r->options, c);
    if (fault)
        return error_set_field(error, VOXPERT_BAD_ARGUMENT, "prompt-classes", "prompt-classes: %s",
                               fault);
    bool all = strcmp(asked, "all") == 0;
    if (c->experts.pool.classes) return all ? VOXPERT_OK : compare(r, c, error);
    return all ? choose_all(c, &r->data, error) : choose_listed(c, &r->data, asked, error);
}

/* ---- Giving ----------------------------------------------------------------------------- */

static void say_without(Run *r, const char *set) {
    char sentence[300];
    snprintf(sentence, sizeof sentence,
             "%.120s: its labels have no name that is a class (names=FILE, class=NAME), so no "
             "class is asked for in its pictures",
             set);
    run_say(r, true, sentence);
}

void segmote_give_classes(Run *r) {
    const TrainOptions *o = r->options;
    if (!system_classes(&r->system)) return;
    if (o->scheme->always_prompts || !(o->experts.rule.prompt_free > 0.0)) {
        run_say(r, true,
                "the adapter's classes learn nothing: they are asked for in batches without a "
                "prompt, and here there are none");
        return;
    }
    for (size_t s = 0; s < r->data.sets; s++) {
        CaseSet *set = &r->data.set[s];
        bool any = false;
        for (size_t i = 0; i < set->names; i++) {
            set->label_name[i].prompt_class =
                system_class_find(&r->system, set->label_name[i].name);
            any |= set->label_name[i].prompt_class > 0;
        }
        if (!any) say_without(r, set->name);
    }
}
