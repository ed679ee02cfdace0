#include "train/settings.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "train/recipe.h"

/* ---- Rows ------------------------------------------------------------------------------- */

/* Those of training, of each recipe, and of how a run goes; NULL past the last. */
static const SettingRow *row_at(int index) {
    if (index < 0) return NULL;
    if (index < training_row_count) return &training_rows[index];
    index -= training_row_count;
    for (int i = 0; recipe_at(i); i++) {
        if (index < recipe_at(i)->settings_count) return &recipe_at(i)->settings[index];
        index -= recipe_at(i)->settings_count;
    }
    return index < running_row_count ? &running_rows[index] : NULL;
}

const Setting *setting_at(int index) {
    const SettingRow *r = row_at(index);
    return r ? &r->setting : NULL;
}

static size_t width_of(SettingKind k) {
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

static Status apply_word(TrainOptions *o, const SettingRow *r, const char *value, Error *error) {
    int place = choice_of(r->setting.choices, value);
    char spelt[80] = "";
    if (place >= 0) {
        unsigned word = (unsigned)place;
        memcpy((char *)o + r->offset, &word, sizeof word);
        return VOXPERT_OK;
    }
    spell_choices(r->setting.choices, spelt, sizeof spelt);
    return error_set_field(error, VOXPERT_BAD_ARGUMENT, r->setting.name, "%s is %s, not \"%s\"",
                           r->setting.name, spelt, value);
}

static Status apply_loss(TrainOptions *o, const SettingRow *r, const char *value, Error *error) {
    Status status = apply_word(o, r, value, error);
    if (status) return status;
    bool ce = o->loss.rule == MASK_LOSS_DICE_CE;
    o->loss.focal = ce ? 0.0f : 20.0f;
    o->loss.cross_entropy = ce ? 1.0f : 0.0f;
    return VOXPERT_OK;
}

/* ---- Numbers ---------------------------------------------------------------------------- */

static void put(TrainOptions *o, const SettingRow *r, double x) {
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

static double get(const TrainOptions *o, const SettingRow *r) {
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

static bool is_whole(SettingKind k) { return k != KIND_DOUBLE && k != KIND_FLOAT; }

static bool in_range(const SettingRow *r, double x) {
    if (x < r->least || x > r->most) return false;
    if (is_whole(r->kind) && x > floor(x)) return false;
    return !(r->more & ABOVE && x <= r->least) && !(r->more & BELOW && x >= r->most);
}

/* Training computes with floats, whatever the setting is kept as: none may be 0, or an end that is
 * excluded, when it is rounded, unless it was before. */
static bool survives_rounding(const SettingRow *r, double x) {
    bool is_zero = !(x > 0.0) && !(x < 0.0);
    return is_whole(r->kind) || is_zero ||
           (fabs(x) >= (double)FLT_MIN && in_range(r, (double)(float)x));
}

static bool within(const SettingRow *r, double x) {
    return in_range(r, x) && survives_rounding(r, x);
}

static Status apply_number(TrainOptions *o, const SettingRow *r, const char *value, Error *error) {
    double x;
    if (!text_to_double(&x, value) || !within(r, x))
        return error_set_field(error, VOXPERT_BAD_ARGUMENT, r->setting.name,
                               "%s must be a %snumber %s %g %s %g, not \"%s\"%s", r->setting.name,
                               is_whole(r->kind) ? "whole " : "",
                               r->more & ABOVE ? "above" : "from", r->least,
                               r->more & BELOW ? "to below" : "to", r->most, value,
                               text_to_double(&x, value) && in_range(r, x)
                                   ? ", which is rounded to 0 or an end of that range in training"
                                   : "");
    put(o, r, x);
    return VOXPERT_OK;
}

static Status apply_list(TrainOptions *o, const SettingRow *r, const char *value, Error *error) {
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
    return error_set_field(error, VOXPERT_BAD_ARGUMENT, r->setting.name,
                           "%s takes up to four whole numbers with commas, not \"%s\"",
                           r->setting.name, value);
}

/* ---- By name ---------------------------------------------------------------------------- */

static Status apply_row(TrainOptions *o, const SettingRow *r, const char *value, Error *error) {
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
    for (int i = 0; row_at(i); i++)
        if (strcmp(row_at(i)->setting.name, name) == 0)
            return apply_row(o, row_at(i), equals + 1, error);
    return error_set(error, VOXPERT_BAD_ARGUMENT, "training has no setting \"%s\"", name);
}

static void list_text(const long *number, char *out, size_t size) {
    size_t used = 0;
    out[0] = '\0';
    for (int i = 0; i < DROPS_MAX && number[i] && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, i ? ",%ld" : "%ld", number[i]);
}

void setting_text(const TrainOptions *o, int index, char *out, size_t size) {
    const SettingRow *r = row_at(index);
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

bool setting_is_number(int index) { return row_at(index)->kind < KIND_WORD; }

/* ---- What belongs together -------------------------------------------------------------- */

static Status refuse(Error *error, const char *setting, const char *why) {
    return error_set_field(error, VOXPERT_BAD_ARGUMENT, setting, "%s", why);
}

static Status check_schedule(const TrainOptions *o, Error *error) {
    unsigned both = GIVEN_STEPS | GIVEN_EPOCHS, lists = GIVEN_STEP_AT | GIVEN_EPOCH_AT;
    if ((o->given & both) == both && o->epochs)
        return refuse(error, "steps",
                      "steps and epochs are both given: a run is as long as one of them says");
    if ((o->given & lists) == lists)
        return refuse(error, "step-at",
                      "step-at and epoch-at are both given: the rate drops by one of them");
    bool drops = o->drops[0] || o->epoch_drops[0];
    if (o->schedule == SCHEDULE_STEP && !drops)
        return refuse(error, "schedule",
                      "the schedule step needs the steps or epochs at which the rate drops: "
                      "step-at or epoch-at");
    if (o->schedule != SCHEDULE_STEP && o->given & lists)
        return refuse(error, "step-at",
                      "step-at and epoch-at belong to the schedule step, and another one is "
                      "asked for");
    return VOXPERT_OK;
}

static Status check_range(const char *name, const char *to, const double range[2], Error *error) {
    if (range[0] <= range[1]) return VOXPERT_OK;
    return error_set_field(error, VOXPERT_BAD_ARGUMENT, name,
                           "%s %g is more than %s %g: the two are swapped", name, range[0], to,
                           range[1]);
}

Status settings_check(const TrainOptions *o, Error *error) {
    const MaskLoss *l = &o->loss;
    bool any = l->focal > 0.0f || l->dice > 0.0f || l->iou > 0.0f || l->cross_entropy > 0.0f;
    Status status = check_schedule(o, error);
    if (!status) status = check_range("cut-from", "cut-to", o->augment.factor, error);
    if (!status)
        status = check_range("cut-from-click", "cut-to-click", o->augment.click_factor, error);
    if (!status && !any)
        status = refuse(error, "loss",
                        "every term of the loss has weight 0, so nothing would be learned");
    if (!status && o->recipe->check) status = o->recipe->check(o, error);
    return status;
}

/* ---- Identity --------------------------------------------------------------------------- */

static void hash_rows(Hash *h, const TrainOptions *o, const SettingRow *row, int count) {
    for (int i = 0; i < count; i++)
        if (!(row[i].more & FREE))
            hash_add(h, (const char *)o + row[i].offset, width_of(row[i].kind));
}

void settings_identity(const TrainOptions *o, char text[HASH_TEXT]) {
    Hash h;
    hash_begin(&h);
    hash_rows(&h, o, training_rows, training_row_count);
    for (int i = 0; recipe_at(i); i++)
        if (recipe_at(i) == o->recipe || recipe_at(i)->in_every_identity)
            hash_rows(&h, o, recipe_at(i)->settings, recipe_at(i)->settings_count);
    hash_rows(&h, o, running_rows, running_row_count);
    hash_add(&h, &o->scheme->identity, sizeof o->scheme->identity);
    int recipe = o->recipe->identity;
    if (recipe) hash_add(&h, &recipe, sizeof recipe);
    if (recipe || o->cache) { /* what is learned from: encoded once, and how, or each time */
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
