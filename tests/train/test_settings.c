/* Settings by name: their ranges, their defaults, what goes together, and the schemes. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/check.h"
#include "tests/train/tiny.h"
#include "tests/train/watch.h"
#include "train/recipe.h"
#include "train/settings.h"

static Status apply(TrainOptions *o, const char *assignment, Error *error) {
    *error = (Error){0};
    return settings_apply(o, assignment, error);
}

static void accepted(const char *assignment) {
    TrainOptions o = train_options_default();
    Error error;
    check_report(apply(&o, assignment, &error) == VOXPERT_OK, __FILE__, __LINE__, "%s: %s",
                 assignment, error.message);
}

static void refused(const char *assignment, const char *words) {
    TrainOptions o = train_options_default();
    Error error;
    check_report(apply(&o, assignment, &error) == VOXPERT_BAD_ARGUMENT &&
                     strstr(error.message, words),
                 __FILE__, __LINE__, "%s: %s", assignment, error.message);
}

/* ---- Ranges ----------------------------------------------------------------------------- */

/* Ends of ranges that a division by zero or a run that learns nothing lies behind. */
TEST(ends_that_make_no_run_are_refused) {
    refused("ema=1", "from 0 to below 1");
    refused("beta1=1", "from 0 to below 1");
    refused("beta2=1", "from 0 to below 1");
    refused("eps=0", "above 0 to 1");
    accepted("lr=0"); /* measures without training */
    refused("lr-start=0", "above 0 to 1");
    refused("step-drop=0", "above 0 to 1");
    refused("weight-decay=-0.1", "from 0 to 10");
    refused("lr=nan", "must be a number");
    refused("batch=2.5", "must be a whole number");
    accepted("ema=0");
    accepted("ema=0.9999");
    accepted("beta1=0");
    accepted("beta2=0");
    accepted("eps=1e-12");
    accepted("lr=1");
    accepted("lr-end=0");
    accepted("lr-start=1");
    accepted("step-drop=1");
    accepted("clip=0");
}

TEST(words_and_lists_are_checked) {
    refused("optimizer=sgd", "optimizer is adamw or adam, not \"sgd\"");
    refused("schedule=cos", "schedule is cosine, step, constant or linear, not \"cos\"");
    refused("schedule=", "not \"\"");
    refused("ppt=prompt", "prompt-free or always");
    refused("epoch-at=7,", "up to four whole numbers");
    refused("epoch-at=1,2,3,4,5", "up to four whole numbers");
    refused("epoch-at=0", "up to four whole numbers");
    accepted("epoch-at=7,12");
    accepted("expert-update=replace");
}

TEST(every_default_is_a_value_that_is_taken_and_changes_nothing) {
    char before[HASH_TEXT], after[HASH_TEXT], value[48], assignment[120];
    const Setting *s;
    for (int i = 0; (s = setting_at(i)); i++) {
        TrainOptions o = train_options_default();
        Error error = {0};
        settings_identity(&o, before);
        setting_text(&o, i, value, sizeof value);
        if (!*value) continue; /* an empty list */
        snprintf(assignment, sizeof assignment, "%s=%s", s->name, value);
        accepted(assignment);
        CHECK(apply(&o, assignment, &error) == VOXPERT_OK);
        settings_identity(&o, after);
        check_report(strcmp(before, after) == 0, __FILE__, __LINE__, "%s", assignment);
        CHECK(s->help[0] && (s->choices == NULL || strchr(s->choices, '|')));
    }
}

/* ---- Together --------------------------------------------------------------------------- */

static void together(const char *const *assignment, const char *words) {
    TrainOptions o = train_options_default();
    Error error = {0};
    CHECK(settings_recipe(&o, "segmote", NULL) == VOXPERT_OK);
    for (; *assignment; assignment++) CHECK(apply(&o, *assignment, &error) == VOXPERT_OK);
    Status status = settings_check(&o, &error);
    check_report(words ? status == VOXPERT_BAD_ARGUMENT && strstr(error.message, words)
                       : status == VOXPERT_OK,
                 __FILE__, __LINE__, "%s: %s", words ? words : "fine", error.message);
}

#define TOGETHER(words, ...) together((const char *const[]){__VA_ARGS__, NULL}, words)

TEST(settings_that_contradict_each_other_are_refused) {
    TOGETHER("steps and epochs", "steps=5", "epochs=2");
    TOGETHER("step-at and epoch-at", "step-at=5", "epoch-at=2");
    TOGETHER("needs the steps or epochs", "schedule=step");
    TOGETHER("belong to the schedule step", "step-at=5", "schedule=cosine");
    TOGETHER("cut-from 4 is more than cut-to 2", "cut-from=4", "cut-to=2");
    TOGETHER("cut-from-click 9 is more than", "cut-from-click=9");
    TOGETHER("every term of the loss", "dice=0", "focal=0", "iou=0");
    TOGETHER("kept 3 is more than experts 2", "experts=2", "kept=3");
    TOGETHER("prompt-tokens is 0", "ppt=always", "prompt-tokens=0");
    TOGETHER(NULL, "epochs=3", "epoch-at=1,2");
    TOGETHER(NULL, "steps=3", "epochs=0");
}

/* ---- The paper's scheme ----------------------------------------------------------------- */

TEST(the_paper_s_scheme_has_the_paper_s_settings) {
    TrainOptions o = train_options_default();
    Error error = {0};
    CHECK(settings_scheme(&o, "paper", &error) == VOXPERT_BAD_ARGUMENT);
    CHECK(strstr(error.message, "recipe segmote"));
    CHECK(settings_recipe(&o, "segmote", NULL) == VOXPERT_OK);
    CHECK(settings_scheme(&o, "paper", NULL) == VOXPERT_OK);
    CHECK(settings_check(&o, &error) == VOXPERT_OK);
    CHECK(o.optimizer.kind == OPTIMIZER_ADAM && fabs(o.optimizer.lr - 1e-4) < 1e-12);
    CHECK(!(o.optimizer.decay > 0.0) && !(o.optimizer.clip > 0.0) && !(o.optimizer.average > 0.0));
    CHECK(o.batch == 10 && o.share == 1 && o.accumulate == 1 && o.prompts.rounds == 1);
    CHECK(o.loss.dice > 0.99f && !(o.loss.focal > 0.0f) && !(o.loss.iou > 0.0f));
    CHECK(fabsf(o.experts.rule.balance - 0.01f) < 1e-7f && o.experts.rule.noise);
    CHECK(o.experts.tokens == 4 && o.experts.experts == 4 && o.experts.kept == 1);
    CHECK(o.experts.ppt == PPT_ALWAYS && o.experts.pool == 2 && o.experts.confidence);
    /* 30 steps are an epoch: halved from the 8th and the 13th on */
    CHECK(fabs(train_rate(&o, 30, 209) - 1e-4) < 1e-12);
    CHECK(fabs(train_rate(&o, 30, 210) - 5e-5) < 1e-12);
    CHECK(fabs(train_rate(&o, 30, 359) - 5e-5) < 1e-12);
    CHECK(fabs(train_rate(&o, 30, 360) - 2.5e-5) < 1e-12);
}

TEST(steps_take_the_place_of_a_scheme_s_epochs) {
    TrainOptions o = train_options_default();
    Error error;
    CHECK(settings_recipe(&o, "segmote", NULL) == VOXPERT_OK);
    CHECK(settings_scheme(&o, "paper", NULL) == VOXPERT_OK);
    CHECK(o.epochs == 15 && apply(&o, "steps=40", &error) == VOXPERT_OK && o.epochs == 0);
    CHECK(apply(&o, "step-at=20", &error) == VOXPERT_OK && !o.epoch_drops[0] && o.drops[0] == 20);
    CHECK(settings_check(&o, &error) == VOXPERT_OK);
}

/* ---- Epochs ----------------------------------------------------------------------------- */

TEST(an_epoch_shows_as_many_images_as_there_are) {
    TrainOptions o = tiny_options(tiny_folder("epochs"));
    TrainResult result;
    o.shapes = 10, o.batch = 4, o.epochs = 2; /* 3 steps of 4 show 10 */
    CHECK(train_run(&o, NULL, &result, NULL) == VOXPERT_OK);
    CHECK(result.steps == 6);
    o.resume = true, o.epochs = 3;
    CHECK(train_run(&o, NULL, &result, NULL) == VOXPERT_OK);
    CHECK(result.steps == 9);
}
