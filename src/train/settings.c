#include "train/settings.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

typedef enum Kind {
    KIND_INT,
    KIND_LONG,
    KIND_SIZE,
    KIND_SEED,
    KIND_DOUBLE,
    KIND_FLOAT,
    KIND_FLAG,
    KIND_WORD, /* an enum, by its place among the choices */
    KIND_LIST, /* up to four whole numbers */
    KIND_LOSS
} Kind;

/* What a row may say beside its range. */
enum {
    ABOVE = 1, /* the least value itself is excluded */
    BELOW = 2, /* the largest is */
    FREE = 4   /* a resumed run may change it */
};

typedef struct Row {
    Setting setting;
    Kind kind;
    size_t offset;
    double least, most;
    unsigned more;
    unsigned given; /* bit of TrainOptions.given */
} Row;

#define AT(field) offsetof(TrainOptions, field)

static const Row rows[] = {
    {{"schedule", "of the learning rate", "cosine|step|constant|linear"}, KIND_WORD, AT(schedule)},
    {{"step-at", "up to four steps with commas at which the rate drops", NULL},
     KIND_LIST,
     AT(drops),
     1,
     1e9,
     .given = GIVEN_STEP_AT},
    {{"epoch-at", "up to four epochs with commas after which the rate drops", NULL},
     KIND_LIST,
     AT(epoch_drops),
     1,
     1e9,
     .given = GIVEN_EPOCH_AT},
    {{"loss", "how masks are compared", "focal-dice-iou|dice-ce"}, KIND_LOSS, AT(loss.rule)},
    {{"optimizer", "adam: weight decay is part of the gradient", "adamw|adam"},
     KIND_WORD,
     AT(optimizer.kind)},
    {{"steps", "optimizer steps", NULL}, KIND_LONG, AT(steps), 1, 1e9, FREE, .given = GIVEN_STEPS},
    {{"epochs", "instead of steps; one shows as many images as there are; 0: by steps", NULL},
     KIND_LONG,
     AT(epochs),
     0,
     1e6,
     FREE,
     .given = GIVEN_EPOCHS},
    {{"batch", "samples of a step", NULL}, KIND_INT, AT(batch), 1, 4096},
    {{"masks-per-image", "samples that share an image", NULL}, KIND_INT, AT(share), 1, 64},
    {{"accumulate", "batches of a step", NULL}, KIND_INT, AT(accumulate), 1, 4096},
    {{"seed", "of all randomness", NULL}, KIND_SEED, AT(seed), 0, 9e15},
    {{"lr", "learning rate", NULL}, KIND_DOUBLE, AT(optimizer.lr), 0, 1},
    {{"lr-end", "share of the rate at the end of the cosine", NULL}, KIND_DOUBLE, AT(lr_end), 0, 1},
    {{"warm-up", "steps until the rate is reached", NULL}, KIND_DOUBLE, AT(warm_up), 0, 1e9},
    {{"lr-start", "share of the rate at the beginning of the linear schedule", NULL},
     KIND_DOUBLE,
     AT(lr_start),
     0,
     1,
     ABOVE},
    {{"warm-up-epochs", "epochs until the linear schedule reaches the rate", NULL},
     KIND_DOUBLE,
     AT(warm_up_epochs),
     1,
     1e6},
    {{"step-drop", "factor at the steps of step-at, the epochs of epoch-at", NULL},
     KIND_DOUBLE,
     AT(drop_by),
     0,
     1,
     ABOVE},
    {{"weight-decay", "weight decay", NULL}, KIND_DOUBLE, AT(optimizer.decay), 0, 10},
    {{"decay-all", "biases and norms decay too: 0, 1", NULL}, KIND_FLAG, AT(decay_all), 0, 1},
    {{"beta1", "decay of the mean gradient", NULL}, KIND_DOUBLE, AT(optimizer.beta1), 0, 1, BELOW},
    {{"beta2", "decay of the mean squared gradient", NULL},
     KIND_DOUBLE,
     AT(optimizer.beta2),
     0,
     1,
     BELOW},
    {{"eps", "added to the root of the mean squared gradient", NULL},
     KIND_DOUBLE,
     AT(optimizer.eps),
     0,
     1,
     ABOVE},
    {{"clip", "largest norm of the gradient, 0: none", NULL},
     KIND_DOUBLE,
     AT(optimizer.clip),
     0,
     1e9},
    {{"ema", "decay of the running average of weights, 0: none", NULL},
     KIND_DOUBLE,
     AT(optimizer.average),
     0,
     1,
     BELOW},
    {{"loss-side", "pixels at which masks are compared, 0: the model's", NULL},
     KIND_INT,
     AT(loss_side),
     0,
     8192},
    {{"focal", "weight of the focal loss", NULL}, KIND_FLOAT, AT(loss.focal), 0, 1e6},
    {{"dice", "weight of the Dice loss", NULL}, KIND_FLOAT, AT(loss.dice), 0, 1e6},
    {{"iou", "weight of the error of the predicted IoU", NULL}, KIND_FLOAT, AT(loss.iou), 0, 1e6},
    {{"cross-entropy", "weight of the cross-entropy", NULL},
     KIND_FLOAT,
     AT(loss.cross_entropy),
     0,
     1e6},
    {{"rounds", "rounds of prompts in a step", NULL}, KIND_INT, AT(prompts.rounds), 1, ROUNDS_MAX},
    {{"box", "probability that the first prompt is a box", NULL},
     KIND_DOUBLE,
     AT(prompts.box),
     0,
     1},
    {{"points", "most that a later round adds", NULL}, KIND_INT, AT(prompts.most_points), 1, 9},
    {{"jitter", "of a box's sides, share of its length", NULL},
     KIND_DOUBLE,
     AT(prompts.jitter),
     0,
     0.5},
    {{"deepest", "share of clicks at the deepest point of the error", NULL},
     KIND_DOUBLE,
     AT(prompts.deepest),
     0,
     1},
    {{"multimask", "probability of training the ambiguous masks on a click", NULL},
     KIND_DOUBLE,
     AT(prompts.multimask),
     0,
     1},
    {{"whole", "share of samples that show the whole image, for boxes", NULL},
     KIND_DOUBLE,
     AT(augment.whole),
     0,
     1},
    {{"whole-click", "and where the first prompt is a click", NULL},
     KIND_DOUBLE,
     AT(augment.whole_click),
     0,
     1},
    {{"cut-from", "least side of a cut, in sides of the box", NULL},
     KIND_DOUBLE,
     AT(augment.factor[0]),
     0.5,
     100},
    {{"cut-to", "largest side", NULL}, KIND_DOUBLE, AT(augment.factor[1]), 0.5, 100},
    {{"cut-from-click", "least where the first prompt is a click", NULL},
     KIND_DOUBLE,
     AT(augment.click_factor[0]),
     0.1,
     100},
    {{"cut-to-click", "largest where the first prompt is a click", NULL},
     KIND_DOUBLE,
     AT(augment.click_factor[1]),
     0.5,
     100},
    {{"flip", "probability of a mirrored image", NULL}, KIND_DOUBLE, AT(augment.flip), 0, 1},
    {{"rotate", "probability of turning by some degrees", NULL},
     KIND_DOUBLE,
     AT(augment.turn),
     0,
     1},
    {{"scale", "both sides stretched by up to this", NULL}, KIND_DOUBLE, AT(augment.scale), 0, 1},
    {{"intensity", "strength of contrast, brightness, gamma: 0 to 1", NULL},
     KIND_DOUBLE,
     AT(augment.intensity),
     0,
     1},
    {{"recolour", "probability of exchanged or inverted colours", NULL},
     KIND_DOUBLE,
     AT(augment.recolour),
     0,
     1},
    {{"noise", "probability of added noise", NULL}, KIND_DOUBLE, AT(augment.noise), 0, 1},
    {{"blur", "probability", NULL}, KIND_DOUBLE, AT(augment.blur), 0, 1},
    {{"tokens", "expert tokens of a mask", NULL}, KIND_INT, AT(experts.tokens), 1, 32},
    {{"experts", "experts of a layer that the router chooses from", NULL},
     KIND_INT,
     AT(experts.experts),
     1,
     64},
    {{"kept", "experts that a token is sent to", NULL}, KIND_INT, AT(experts.kept), 1, 64},
    {{"rank", "hidden width of an expert", NULL}, KIND_INT, AT(experts.rank), 1, 4096},
    {{"prompt-tokens", "prompt tokens made from the image (PPT); 0: none", NULL},
     KIND_INT,
     AT(experts.pool),
     0,
     64},
    {{"prompt-free", "share of batches that have no prompt", NULL},
     KIND_DOUBLE,
     AT(experts.rule.prompt_free),
     0,
     1},
    {{"guided", "share of those that have a second pass, guided by the mask of the first", NULL},
     KIND_DOUBLE,
     AT(experts.rule.guided),
     0,
     1},
    {{"ppt", "where prompt tokens act: without a prompt, or in place of every prompt's",
      "prompt-free|always"},
     KIND_WORD,
     AT(experts.ppt),
     .given = GIVEN_PPT},
    {{"balance", "weight of the experts' balance loss", NULL},
     KIND_FLOAT,
     AT(experts.rule.balance),
     0,
     1e6},
    {{"router-noise", "noise of the routers in training: 0, 1", NULL},
     KIND_FLAG,
     AT(experts.rule.noise),
     0,
     1,
     .given = GIVEN_NOISE},
    {{"confidence", "experts' outputs are multiplied by the router's confidence: 0, 1", NULL},
     KIND_FLAG,
     AT(experts.confidence),
     0,
     1,
     .given = GIVEN_CONFIDENCE},
    {{"expert-update", "the token: added to and normalized, or replaced", "residual|replace"},
     KIND_WORD,
     AT(experts.update),
     .given = GIVEN_UPDATE},
    {{"shapes", "drawn images, as one more data set", NULL}, KIND_INT, AT(shapes), 0, 1e6},
    {{"zoom",
      "side of the crop at use, in sides of the prompt's box, or for clicks of the answer's", NULL},
     KIND_DOUBLE,
     AT(zoom),
     1,
     100},
    {{"validate-every", "steps between two validations; 0: never", NULL},
     KIND_LONG,
     AT(validate_every),
     0,
     1e9},
    {{"validate-most", "objects of each set, 0: all", NULL}, KIND_SIZE, AT(validate_most), 0, 1e9},
    {{"early-stop", "validations without a new best, 0: never", NULL},
     KIND_LONG,
     AT(patience),
     0,
     1e9},
    {{"checkpoint-minutes", "minutes between two checkpoints", NULL},
     KIND_DOUBLE,
     AT(checkpoint_minutes),
     0,
     1e6,
     FREE},
    {{"threads", "0: every core", NULL}, KIND_INT, AT(threads), 0, 256, FREE},
};

enum { ROWS = sizeof rows / sizeof *rows };

const Setting *setting_at(int index) {
    return index >= 0 && index < ROWS ? &rows[index].setting : NULL;
}

static size_t width_of(Kind k) {
    static const size_t width[] = {
        sizeof(int),   sizeof(long), sizeof(size_t),   sizeof(uint64_t),         sizeof(double),
        sizeof(float), sizeof(bool), sizeof(unsigned), DROPS_MAX * sizeof(long), sizeof(unsigned)};
    return width[k];
}

/* ---- Words ------------------------------------------------------------------------------ */

/* The place of a word among choices that are written "a|b|c"; -1: it is none of them. */
static int choice_of(const char *choices, const char *word) {
    size_t length = strlen(word);
    for (int place = 0; length; place++) {
        size_t here = strcspn(choices, "|");
        if (here == length && memcmp(choices, word, length) == 0) return place;
        if (!choices[here]) break;
        choices += here + 1;
    }
    return -1;
}

/* "a, b or c" */
static void spell_choices(const char *choices, char *out, size_t size) {
    size_t used = 0;
    for (const char *at = choices; *at && used + 8 < size; at++) {
        bool last = *at == '|' && !strchr(at + 1, '|');
        const char letter[] = {*at, '\0'};
        used += (size_t)snprintf(out + used, size - used, "%s",
                                 *at != '|' ? letter
                                 : last     ? " or "
                                            : ", ");
    }
}

static Status apply_word(TrainOptions *o, const Row *r, const char *value, Error *error) {
    int place = choice_of(r->setting.choices, value);
    char spelt[80] = "";
    if (place >= 0) {
        unsigned word = (unsigned)place;
        memcpy((char *)o + r->offset, &word, sizeof word);
        return VOXPERT_OK;
    }
    spell_choices(r->setting.choices, spelt, sizeof spelt);
    return error_set(error, VOXPERT_BAD_ARGUMENT, "--%s is %s, not \"%s\"", r->setting.name, spelt,
                     value);
}

static Status apply_loss(TrainOptions *o, const Row *r, const char *value, Error *error) {
    Status status = apply_word(o, r, value, error);
    if (status) return status;
    bool ce = o->loss.rule == MASK_LOSS_DICE_CE;
    o->loss.focal = ce ? 0.0f : 20.0f;
    o->loss.cross_entropy = ce ? 1.0f : 0.0f;
    return VOXPERT_OK;
}

/* ---- Numbers ---------------------------------------------------------------------------- */

static void put(TrainOptions *o, const Row *r, double x) {
    void *at = (char *)o + r->offset;
    switch (r->kind) {
    case KIND_INT:
        *(int *)at = (int)x;
        break;
    case KIND_LONG:
        *(long *)at = (long)x;
        break;
    case KIND_SIZE:
        *(size_t *)at = (size_t)x;
        break;
    case KIND_SEED:
        *(uint64_t *)at = (uint64_t)x;
        break;
    case KIND_DOUBLE:
        *(double *)at = x;
        break;
    case KIND_FLOAT:
        *(float *)at = (float)x;
        break;
    case KIND_FLAG:
        *(bool *)at = x > 0.5;
        break;
    default:
        break;
    }
}

static double get(const TrainOptions *o, const Row *r) {
    const void *at = (const char *)o + r->offset;
    switch (r->kind) {
    case KIND_INT:
        return *(const int *)at;
    case KIND_LONG:
        return (double)*(const long *)at;
    case KIND_SIZE:
        return (double)*(const size_t *)at;
    case KIND_SEED:
        return (double)*(const uint64_t *)at;
    case KIND_FLOAT:
        return (double)*(const float *)at;
    case KIND_FLAG:
        return *(const bool *)at;
    default:
        return *(const double *)at;
    }
}

static bool is_whole(Kind k) { return k != KIND_DOUBLE && k != KIND_FLOAT; }

static bool in_range(const Row *r, double x) {
    if (x < r->least || x > r->most) return false;
    if (is_whole(r->kind) && x > floor(x)) return false;
    return !(r->more & ABOVE && x <= r->least) && !(r->more & BELOW && x >= r->most);
}

/* Training computes with floats, whatever the setting is kept as: none may be 0, or an end that is
 * excluded, when it is rounded, unless it was before. */
static bool survives_rounding(const Row *r, double x) {
    bool is_zero = !(x > 0.0) && !(x < 0.0);
    return is_whole(r->kind) || is_zero ||
           (fabs(x) >= (double)FLT_MIN && in_range(r, (double)(float)x));
}

static bool within(const Row *r, double x) { return in_range(r, x) && survives_rounding(r, x); }

static Status apply_number(TrainOptions *o, const Row *r, const char *value, Error *error) {
    double x;
    if (!text_to_double(&x, value) || !within(r, x))
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "--%s must be a %snumber %s %g %s %g, not \"%s\"%s", r->setting.name,
                         is_whole(r->kind) ? "whole " : "", r->more & ABOVE ? "above" : "from",
                         r->least, r->more & BELOW ? "to below" : "to", r->most, value,
                         text_to_double(&x, value) && in_range(r, x)
                             ? ", which is rounded to 0 or an end of that range in training"
                             : "");
    put(o, r, x);
    return VOXPERT_OK;
}

static Status apply_list(TrainOptions *o, const Row *r, const char *value, Error *error) {
    long number[DROPS_MAX] = {0};
    int n = 0;
    for (const char *at = value; *at && n < DROPS_MAX;) {
        char word[24] = {0};
        size_t length = strcspn(at, ",");
        if (length >= sizeof word) break;
        memcpy(word, at, length);
        if (!text_to_long(&number[n], word) || number[n++] < 1) break;
        at += length;
        if (*at == '\0') {
            memset(o->drops, 0, sizeof o->drops);
            memset(o->epoch_drops, 0, sizeof o->epoch_drops);
            memcpy((char *)o + r->offset, number, sizeof number);
            o->schedule = SCHEDULE_STEP;
            return VOXPERT_OK;
        }
        at++;
    }
    return error_set(error, VOXPERT_BAD_ARGUMENT,
                     "--%s takes up to four whole numbers with commas, not \"%s\"", r->setting.name,
                     value);
}

/* ---- By name ---------------------------------------------------------------------------- */

static Status apply_row(TrainOptions *o, const Row *r, const char *value, Error *error) {
    Status status = r->kind == KIND_WORD   ? apply_word(o, r, value, error)
                    : r->kind == KIND_LOSS ? apply_loss(o, r, value, error)
                    : r->kind == KIND_LIST ? apply_list(o, r, value, error)
                                           : apply_number(o, r, value, error);
    if (status) return status;
    o->given |= r->given;
    o->zoom_given |= r->offset == AT(zoom);
    if (r->offset == AT(steps)) o->epochs = o->given & GIVEN_EPOCHS ? o->epochs : 0;
    return VOXPERT_OK;
}

Status settings_apply(TrainOptions *o, const char *assignment, Error *error) {
    const char *equals = strchr(assignment, '=');
    size_t length = equals ? (size_t)(equals - assignment) : strlen(assignment);
    char name[40] = {0};
    if (!equals || length >= sizeof name)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "\"%s\" is no NAME=VALUE", assignment);
    memcpy(name, assignment, length);
    for (int i = 0; i < ROWS; i++)
        if (strcmp(rows[i].setting.name, name) == 0)
            return apply_row(o, &rows[i], equals + 1, error);
    return error_set(error, VOXPERT_BAD_ARGUMENT, "training has no setting \"%s\"", name);
}

static void list_text(const long *number, char *out, size_t size) {
    size_t used = 0;
    out[0] = '\0';
    for (int i = 0; i < DROPS_MAX && number[i] && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, i ? ",%ld" : "%ld", number[i]);
}

void setting_text(const TrainOptions *o, int index, char *out, size_t size) {
    const Row *r = &rows[index];
    const void *at = (const char *)o + r->offset;
    unsigned place;
    if (r->kind == KIND_LIST) {
        list_text(at, out, size);
    } else if (r->setting.choices) {
        memcpy(&place, at, sizeof place);
        const char *word = r->setting.choices;
        for (; place; place--) word += strcspn(word, "|") + 1;
        snprintf(out, size, "%.*s", (int)strcspn(word, "|"), word);
    } else {
        Text t = {0};
        text_add_double(&t, r->kind == KIND_FLOAT ? round(get(o, r) * 1e6) / 1e6 : get(o, r));
        snprintf(out, size, "%s", t.failed ? "" : t.chars);
        text_free(&t);
    }
}

bool setting_is_number(int index) { return rows[index].kind < KIND_WORD; }

/* ---- What belongs together -------------------------------------------------------------- */

static Status refuse(Error *error, const char *why) {
    return error_set(error, VOXPERT_BAD_ARGUMENT, "%s", why);
}

static Status check_schedule(const TrainOptions *o, Error *error) {
    unsigned both = GIVEN_STEPS | GIVEN_EPOCHS, lists = GIVEN_STEP_AT | GIVEN_EPOCH_AT;
    if ((o->given & both) == both && o->epochs)
        return refuse(error,
                      "steps and epochs are both given: a run is as long as one of them says");
    if ((o->given & lists) == lists)
        return refuse(error, "step-at and epoch-at are both given: the rate drops by one of them");
    bool drops = o->drops[0] || o->epoch_drops[0];
    if (o->schedule == SCHEDULE_STEP && !drops)
        return refuse(error, "the schedule step needs the steps or epochs at which the rate drops: "
                             "step-at or epoch-at");
    if (o->schedule != SCHEDULE_STEP && o->given & lists)
        return refuse(error, "step-at and epoch-at belong to the schedule step, and another one is "
                             "asked for");
    return VOXPERT_OK;
}

static Status check_range(const char *name, const char *to, const double range[2], Error *error) {
    if (range[0] <= range[1]) return VOXPERT_OK;
    return error_set(error, VOXPERT_BAD_ARGUMENT, "%s %g is more than %s %g: the two are swapped",
                     name, range[0], to, range[1]);
}

Status settings_check(const TrainOptions *o, Error *error) {
    const MaskLoss *l = &o->loss;
    const ExpertOptions *e = &o->experts;
    bool any = l->focal > 0.0f || l->dice > 0.0f || l->iou > 0.0f || l->cross_entropy > 0.0f;
    Status status = check_schedule(o, error);
    if (!status) status = check_range("cut-from", "cut-to", o->augment.factor, error);
    if (!status)
        status = check_range("cut-from-click", "cut-to-click", o->augment.click_factor, error);
    if (!status && !any)
        status = refuse(error, "every term of the loss has weight 0, so nothing would be learned");
    if (!status && o->recipe == RECIPE_SEGMOTE && e->kept > e->experts)
        status = error_set(error, VOXPERT_BAD_ARGUMENT, "kept %d is more than experts %d", e->kept,
                           e->experts);
    if (!status && e->ppt == PPT_ALWAYS && !e->pool && o->recipe == RECIPE_SEGMOTE)
        status = refuse(error, "ppt always needs prompt tokens, and prompt-tokens is 0");
    return status;
}

/* ---- Identity --------------------------------------------------------------------------- */

void settings_identity(const TrainOptions *o, char text[HASH_TEXT]) {
    Hash h;
    hash_begin(&h);
    for (int i = 0; i < ROWS; i++) {
        if (rows[i].more & FREE) continue;
        hash_add(&h, (const char *)o + rows[i].offset, width_of(rows[i].kind));
    }
    hash_add(&h, &o->scheme, sizeof o->scheme);
    if (o->recipe) hash_add(&h, &o->recipe, sizeof o->recipe);
    if (o->recipe || o->cache) { /* what is learned from: encoded once, and how, or each time */
        hash_add(&h, &o->no_cache, sizeof o->no_cache);
        hash_add(&h, &o->cache_half, sizeof o->cache_half);
    }
    const char *const *lists[] = {o->train, o->freeze};
    size_t counts[] = {o->trains, o->freezes};
    for (int k = 0; k < 2; k++)
        for (size_t i = 0; i < counts[k]; i++) hash_add(&h, lists[k][i], strlen(lists[k][i]) + 1);
    if (o->release_experts) hash_add(&h, &o->release_experts, sizeof o->release_experts);
    if (o->prompt_classes) hash_add(&h, o->prompt_classes, strlen(o->prompt_classes) + 1);
    if (o->config) hash_add(&h, o->config, strlen(o->config) + 1);
    if (o->vocab) hash_add(&h, "vocab", 6); /* texts are prompted; it may lie elsewhere */
    hash_add(&h, &o->prompts.text, sizeof o->prompts.text);
    hash_end(&h, text);
}
