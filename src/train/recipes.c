/* The list of recipes; declared in recipe.h.  Applying one by name: settings.h. */
#include <string.h>

#include "train/recipe.h"

static const Recipe *const recipes[] = {&recipe_sam, &recipe_segmote};

const Recipe *recipe_at(int index) {
    return index >= 0 && index < (int)(sizeof recipes / sizeof *recipes) ? recipes[index] : NULL;
}

const Recipe *recipe_find(const char *name) {
    for (int i = 0; recipe_at(i); i++)
        if (strcmp(recipe_at(i)->name, name) == 0) return recipe_at(i);
    return NULL;
}

static const char *recipe_name(int index) {
    return recipe_at(index) ? recipe_at(index)->name : NULL;
}

static const char *scheme_name(int index) {
    return scheme_at(index) ? scheme_at(index)->name : NULL;
}

/* "recipe is a, b or c, not ..." */
static Status unknown(const char *field, const char *name, const char *(*known)(int index),
                      Error *error) {
    Text list = {0};
    for (int i = 0; known(i); i++)
        text_add(&list, "%s%s", i == 0 ? "" : known(i + 1) ? ", " : " or ", known(i));
    Status status = error_set_field(error, VOXPERT_BAD_ARGUMENT, field, "%s is %s, not \"%s\"",
                                    field, list.failed ? "one of the list" : list.chars, name);
    text_free(&list);
    return status;
}

Status settings_recipe(TrainOptions *o, const char *name, Error *error) {
    const Recipe *r = recipe_find(name);
    if (!r) return unknown("recipe", name, recipe_name, error);
    o->recipe = r;
    if (r->apply) r->apply(o);
    return VOXPERT_OK;
}

Status settings_scheme(TrainOptions *o, const char *name, Error *error) {
    const Scheme *s = scheme_find(name);
    if (!s) return unknown("scheme", name, scheme_name, error);
    o->scheme = s;
    return s->apply(o, error);
}
