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

/* "a, b or c" */
static void add_name(Text *t, const char *name, bool first, bool last) {
    text_add(t, "%s%s", first ? "" : last ? " or " : ", ", name);
}

Status settings_recipe(TrainOptions *o, const char *name, Error *error) {
    const Recipe *r = recipe_find(name);
    Text known = {0};
    if (r) {
        o->recipe = r;
        if (r->apply) r->apply(o);
        return VOXPERT_OK;
    }
    for (int i = 0; recipe_at(i); i++)
        add_name(&known, recipe_at(i)->name, i == 0, !recipe_at(i + 1));
    Status status =
        error_set_field(error, VOXPERT_BAD_ARGUMENT, "recipe", "recipe is %s, not \"%s\"",
                        known.failed ? "one of the list" : known.chars, name);
    text_free(&known);
    return status;
}

Status settings_scheme(TrainOptions *o, const char *name, Error *error) {
    const Scheme *s = scheme_find(name);
    Text known = {0};
    if (s) {
        o->scheme = s;
        return s->apply(o, error);
    }
    for (int i = 0; scheme_at(i); i++)
        add_name(&known, scheme_at(i)->name, i == 0, !scheme_at(i + 1));
    Status status =
        error_set_field(error, VOXPERT_BAD_ARGUMENT, "scheme", "scheme is %s, not \"%s\"",
                        known.failed ? "one of the list" : known.chars, name);
    text_free(&known);
    return status;
}
