/* recipe.h - what a training run trains, as a table: the base itself (recipe_sam.c), or what a
 * system adds to a frozen base (recipe_segmote.c).  A new one is a file and a line in recipes.c. */
#ifndef TRAIN_RECIPE_H
#define TRAIN_RECIPE_H

#include "train/run.h"
#include "train/settings.h"

struct Run;

typedef struct Recipe {
    const char *name;
    int identity; /* in the hash of a run's settings */

    bool frozen_base; /* the encoder is not trained: embeddings are kept, and adapters go on */

    /* Settings that are of this recipe alone, NULL where it has none, and what it lays down over
     * the defaults. */
    const SettingRow *settings;
    int settings_count;
    bool in_every_identity; /* these settings are in the hash of every recipe's runs: as long as
                               there was one recipe with settings they were, and its states are kept
                               valid */
    void (*apply)(TrainOptions *o);

    /* What is wrong with the options alone, and with a base of that configuration (r->base: NULL
     * for a new model), before anything is declared.  VOXPERT_BAD_ARGUMENT names field and rule. */
    Status (*check)(const TrainOptions *o, Error *error);
    Status (*check_base)(const struct Run *r, const SamConfig *base, Error *error);

    /* Adds the recipe's own parameters to the base, which is declared and bound, or those of
     * r->adapter with their values; NULL: the base's are all.  After it, before anything is
     * initialized: what the data sets are to say to them; or NULL. */
    Status (*declare)(struct Run *r, Error *error);
    void (*prepare_data)(struct Run *r);

    /* Weights of the system's own terms of the loss (SystemLoss.term); NULL: all 0. */
    void (*terms)(const TrainOptions *o, float term[SYSTEM_TERMS_MAX]);
} Recipe;

extern const Recipe recipe_sam;     /* recipe_sam.c */
extern const Recipe recipe_segmote; /* recipe_segmote.c */

const Recipe *recipe_at(int index);          /* NULL past the last */
const Recipe *recipe_find(const char *name); /* NULL: there is none of that name */

/* What is trained, by the name of a recipe (recipe.h); sets what that recipe lays down.
 * VOXPERT_BAD_ARGUMENT for an unknown name. */
MUST_CHECK Status settings_recipe(TrainOptions *o, const char *name, Error *error);

/* How it is trained, by the name of a scheme (scheme.h); replaces everything that it lays down.
 * VOXPERT_BAD_ARGUMENT for an unknown name. */
MUST_CHECK Status settings_scheme(TrainOptions *o, const char *name, Error *error);

#endif
