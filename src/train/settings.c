#include "train/settings.h"

#include <string.h>

#include "base/text.h"

typedef enum Kind {
    KIND_INT,
    KIND_LONG,
    KIND_SIZE,
    KIND_SEED,
    KIND_DOUBLE,
    KIND_FLOAT,
    KIND_FLAG
} Kind;

typedef struct Row {
    Setting setting;
    Kind kind;
    size_t offset;
    double least, most;
    bool free; /* a resumed run may change it */
} Row;

#define AT(field) offsetof(TrainOptions, field)

static const Row rows[] = {
    {{"steps", "optimizer steps"}, KIND_LONG, AT(steps), 1, 1e9, true},
    {{"batch", "samples of a step"}, KIND_INT, AT(batch), 1, 4096, false},
    {{"masks-per-image", "samples that share a picture"}, KIND_INT, AT(share), 1, 64, false},
    {{"accumulate", "batches of a step"}, KIND_INT, AT(accumulate), 1, 4096, false},
    {{"seed", "of all randomness"}, KIND_SEED, AT(seed), 0, 9e15, false},
    {{"lr", "learning rate"}, KIND_DOUBLE, AT(optimizer.lr), 0, 1, false},
    {{"lr-end", "share of it at the end of the cosine"}, KIND_DOUBLE, AT(lr_end), 0, 1, false},
    {{"warm-up", "steps until it is reached"}, KIND_DOUBLE, AT(warm_up), 0, 1e9, false},
    {{"lr-start", "share of it at the beginning of the linear schedule"},
     KIND_DOUBLE,
     AT(lr_start),
     0,
     1,
     false},
    {{"warm-up-epochs", "until the linear schedule reaches it"},
     KIND_DOUBLE,
     AT(warm_up_epochs),
     1,
     1e6,
     false},
    {{"step-drop", "factor at the steps of --step-at"}, KIND_DOUBLE, AT(drop_by), 0, 1, false},
    {{"weight-decay", "of AdamW"}, KIND_DOUBLE, AT(optimizer.decay), 0, 10, false},
    {{"decay-all", "biases and norms decay too: 0, 1"}, KIND_FLAG, AT(decay_all), 0, 1, false},
    {{"beta1", "of AdamW"}, KIND_DOUBLE, AT(optimizer.beta1), 0, 1, false},
    {{"beta2", "of AdamW"}, KIND_DOUBLE, AT(optimizer.beta2), 0, 1, false},
    {{"clip", "largest norm of the gradient, 0: none"},
     KIND_DOUBLE,
     AT(optimizer.clip),
     0,
     1e9,
     false},
    {{"ema", "decay of the running average of weights, 0: none"},
     KIND_DOUBLE,
     AT(optimizer.average),
     0,
     1,
     false},
    {{"loss-side", "pixels at which masks are compared, 0: the model's"},
     KIND_INT,
     AT(loss_side),
     0,
     8192,
     false},
    {{"focal", "weight of the focal loss"}, KIND_FLOAT, AT(loss.focal), 0, 1e6, false},
    {{"dice", "weight of the Dice loss"}, KIND_FLOAT, AT(loss.dice), 0, 1e6, false},
    {{"iou", "weight of the error of the predicted IoU"}, KIND_FLOAT, AT(loss.iou), 0, 1e6, false},
    {{"cross-entropy", "weight of the cross-entropy"},
     KIND_FLOAT,
     AT(loss.cross_entropy),
     0,
     1e6,
     false},
    {{"rounds", "of prompts in a step"}, KIND_INT, AT(prompts.rounds), 1, ROUNDS_MAX, false},
    {{"box", "probability that the first prompt is a box"},
     KIND_DOUBLE,
     AT(prompts.box),
     0,
     1,
     false},
    {{"points", "most that a later round adds"}, KIND_INT, AT(prompts.most_points), 1, 9, false},
    {{"jitter", "of a box's sides, share of its length"},
     KIND_DOUBLE,
     AT(prompts.jitter),
     0,
     0.5,
     false},
    {{"deepest", "share of clicks at the deepest point of the error"},
     KIND_DOUBLE,
     AT(prompts.deepest),
     0,
     1,
     false},
    {{"multimask", "probability of training the ambiguous masks on a click"},
     KIND_DOUBLE,
     AT(prompts.multimask),
     0,
     1,
     false},
    {{"whole", "share of samples that show the whole picture, for boxes"},
     KIND_DOUBLE,
     AT(augment.whole),
     0,
     1,
     false},
    {{"whole-click", "and where the first prompt is a click"},
     KIND_DOUBLE,
     AT(augment.whole_click),
     0,
     1,
     false},
    {{"cut-from", "least side of a cut, in sides of the box"},
     KIND_DOUBLE,
     AT(augment.factor[0]),
     0.5,
     100,
     false},
    {{"cut-to", "largest"}, KIND_DOUBLE, AT(augment.factor[1]), 0.5, 100, false},
    {{"cut-from-click", "least where the first prompt is a click"},
     KIND_DOUBLE,
     AT(augment.click_factor[0]),
     0.1,
     100,
     false},
    {{"cut-to-click", "largest"}, KIND_DOUBLE, AT(augment.click_factor[1]), 0.5, 100, false},
    {{"flip", "probability"}, KIND_DOUBLE, AT(augment.flip), 0, 1, false},
    {{"rotate", "probability of turning by some degrees"},
     KIND_DOUBLE,
     AT(augment.turn),
     0,
     1,
     false},
    {{"scale", "both sides stretched by up to this"}, KIND_DOUBLE, AT(augment.scale), 0, 1, false},
    {{"intensity", "strength of contrast, brightness, gamma: 0 to 1"},
     KIND_DOUBLE,
     AT(augment.intensity),
     0,
     1,
     false},
    {{"recolour", "probability of exchanged or inverted colours"},
     KIND_DOUBLE,
     AT(augment.recolour),
     0,
     1,
     false},
    {{"noise", "probability"}, KIND_DOUBLE, AT(augment.noise), 0, 1, false},
    {{"blur", "probability"}, KIND_DOUBLE, AT(augment.blur), 0, 1, false},
    {{"tokens", "of experts, in SegMoTE"}, KIND_INT, AT(experts.tokens), 1, 32, false},
    {{"experts", "that the router chooses from"}, KIND_INT, AT(experts.experts), 1, 64, false},
    {{"kept", "experts of a token"}, KIND_INT, AT(experts.kept), 1, 64, false},
    {{"rank", "width inside an expert"}, KIND_INT, AT(experts.rank), 1, 4096, false},
    {{"prompt-tokens", "made from the image; 0: none"}, KIND_INT, AT(experts.pool), 0, 64, false},
    {{"prompt-free", "share of batches that nothing is prompted in"},
     KIND_DOUBLE,
     AT(experts.rule.prompt_free),
     0,
     1,
     false},
    {{"balance", "weight of the experts' balance loss"},
     KIND_FLOAT,
     AT(experts.rule.balance),
     0,
     1e6,
     false},
    {{"router-noise", "in training: 0, 1"}, KIND_FLAG, AT(experts.rule.noise), 0, 1, false},
    {{"shapes", "drawn pictures, as one more data folder"}, KIND_INT, AT(shapes), 0, 1e6, false},
    {{"zoom",
      "side of the crop at use, in sides of the prompt's box, or for clicks of the answer's"},
     KIND_DOUBLE,
     AT(zoom),
     1,
     100,
     false},
    {{"validate-every", "steps; 0: never"}, KIND_LONG, AT(validate_every), 0, 1e9, false},
    {{"validate-most", "objects of each set, 0: all"}, KIND_SIZE, AT(validate_most), 0, 1e9, false},
    {{"early-stop", "validations without a new best, 0: never"},
     KIND_LONG,
     AT(patience),
     0,
     1e9,
     false},
    {{"checkpoint-minutes", "between two"}, KIND_DOUBLE, AT(checkpoint_minutes), 0, 1e6, true},
    {{"threads", "0: every core"}, KIND_INT, AT(threads), 0, 256, true},
};

enum { ROWS = sizeof rows / sizeof *rows };

const Setting *setting_at(int index) {
    return index >= 0 && index < ROWS ? &rows[index].setting : NULL;
}

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
    }
}

static size_t width_of(Kind k) {
    static const size_t width[] = {sizeof(int),    sizeof(long),  sizeof(size_t), sizeof(uint64_t),
                                   sizeof(double), sizeof(float), sizeof(bool)};
    return width[k];
}

static bool is_whole(Kind k) { return k != KIND_DOUBLE && k != KIND_FLOAT; }

static Status apply_steps(TrainOptions *o, const char *value, Error *error) {
    int n = 0;
    memset(o->drops, 0, sizeof o->drops);
    for (const char *at = value; *at && n < 4;) {
        char number[24] = {0};
        size_t length = strcspn(at, ",");
        if (length >= sizeof number) break;
        memcpy(number, at, length);
        if (!text_to_long(&o->drops[n], number) || o->drops[n++] < 1) break;
        at += length;
        if (*at == '\0') {
            o->schedule = SCHEDULE_STEP;
            return VOXPERT_OK;
        }
        at++;
    }
    return error_set(error, VOXPERT_BAD_ARGUMENT,
                     "--step-at takes up to four whole numbers with commas, not \"%s\"", value);
}

static Status apply_name(TrainOptions *o, const char *name, const char *value, bool *known,
                         Error *error) {
    *known = true;
    if (strcmp(name, "step-at") == 0) return apply_steps(o, value, error);
    if (strcmp(name, "schedule") == 0) {
        static const char *const names[] = {"cosine", "step", "constant", "linear"};
        for (int i = 0; i < 4; i++) {
            if (strcmp(value, names[i]) != 0) continue;
            o->schedule = (Schedule)i;
            return VOXPERT_OK;
        }
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "--schedule is cosine, step, constant or linear, not \"%s\"", value);
    }
    if (strcmp(name, "loss") == 0) {
        bool ce = strcmp(value, "dice-ce") == 0;
        if (!ce && strcmp(value, "focal-dice-iou") != 0)
            return error_set(error, VOXPERT_BAD_ARGUMENT,
                             "--loss is focal-dice-iou or dice-ce, not \"%s\"", value);
        o->loss.rule = ce ? MASK_LOSS_DICE_CE : MASK_LOSS_FOCAL_DICE_IOU;
        o->loss.focal = ce ? 0.0f : 20.0f;
        o->loss.cross_entropy = ce ? 1.0f : 0.0f;
        return VOXPERT_OK;
    }
    *known = false;
    return VOXPERT_OK;
}

Status settings_apply(TrainOptions *o, const char *assignment, Error *error) {
    const char *equals = strchr(assignment, '=');
    size_t length = equals ? (size_t)(equals - assignment) : strlen(assignment);
    char name[40] = {0};
    if (!equals || length >= sizeof name)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "\"%s\" is no NAME=VALUE", assignment);
    memcpy(name, assignment, length);
    bool known;
    Status status = apply_name(o, name, equals + 1, &known, error);
    if (known) return status;
    for (int i = 0; i < ROWS; i++) {
        const Row *r = &rows[i];
        if (strcmp(r->setting.name, name) != 0) continue;
        double x;
        if (!text_to_double(&x, equals + 1) || x < r->least || x > r->most ||
            (is_whole(r->kind) && x > (double)(long)x))
            return error_set(error, VOXPERT_BAD_ARGUMENT,
                             "--%s must be a %snumber from %g to %g, not \"%s\"", name,
                             is_whole(r->kind) ? "whole " : "", r->least, r->most, equals + 1);
        put(o, r, x);
        o->zoom_given |= r->offset == AT(zoom);
        return VOXPERT_OK;
    }
    return error_set(error, VOXPERT_BAD_ARGUMENT, "training has no setting \"%s\"", name);
}

void settings_identity(const TrainOptions *o, char text[HASH_TEXT]) {
    Hash h;
    hash_begin(&h);
    for (int i = 0; i < ROWS; i++) {
        if (rows[i].free) continue;
        hash_add(&h, (const char *)o + rows[i].offset, width_of(rows[i].kind));
    }
    hash_add(&h, &o->schedule, sizeof o->schedule);
    hash_add(&h, o->drops, sizeof o->drops);
    hash_add(&h, &o->loss.rule, sizeof o->loss.rule);
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

/* ---- Recipes ---------------------------------------------------------------------------- */

/* The paper's simple scheme (models.md, B.9): Dice and 0.01 balance, 1e-4, one prompt a step. */
static void recipe_segmote(TrainOptions *o) {
    o->recipe = RECIPE_SEGMOTE;
    o->loss = (MaskLoss){.rule = MASK_LOSS_FOCAL_DICE_IOU, .dice = 1.0f, .per_sample = true};
    o->optimizer.lr = 1e-4;
    o->optimizer.decay = 1e-5;
    o->prompts.rounds = 1;
    o->prompts.multimask = 0.0;
    o->batch = 10;
}

Status settings_recipe(TrainOptions *o, const char *name, Error *error) {
    if (strcmp(name, "sam") == 0) return VOXPERT_OK;
    if (strcmp(name, "segmote") == 0) {
        recipe_segmote(o);
        return VOXPERT_OK;
    }
    return error_set(error, VOXPERT_BAD_ARGUMENT, "--recipe is sam or segmote, not \"%s\"", name);
}

/* ---- Published schemes ------------------------------------------------------------------ */

/* models.md, A.8: the encoder trains its adapters only; the three tables that the published code
 * wraps anew in each pass are never updated. */
static void scheme_sam_med2d(TrainOptions *o) {
    static const char *const train[] = {"image_encoder.*.Adapter.*", "prompt_encoder.*",
                                        "mask_decoder.*"};
    static const char *const freeze[] = {"prompt_encoder.point_embeddings.0.*",
                                         "prompt_encoder.point_embeddings.1.*",
                                         "prompt_encoder.not_a_point_embed.*"};
    o->scheme = SCHEME_SAM_MED2D;
    o->train = train, o->trains = 3;
    o->freeze = freeze, o->freezes = 3;
    o->batch = 10, o->share = 5, o->accumulate = 1;
    o->schedule = SCHEDULE_CONSTANT;
    o->warm_up = 0.0;
    o->optimizer = (OptimizerRule){.lr = 1e-4, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8};
    o->augment = augment_sam_med2d();
    o->loss_side = 0;
    o->loss =
        (MaskLoss){.rule = MASK_LOSS_FOCAL_DICE_IOU, .focal = 20.0f, .dice = 1.0f, .iou = 1.0f};
    o->prompts = (PromptRule){.box = 0.5, .rounds = 9, .most_points = 9};
}

/* models.md, B.6: two masks and two pseudo masks of each of ten pictures; no clipping, no running
 * average.  The three tables are those of scheme_sam_med2d. */
static Status scheme_segmote(TrainOptions *o, Error *error) {
    static const char *const freeze[] = {"prompt_encoder.point_embeddings.0.*",
                                         "prompt_encoder.point_embeddings.1.*",
                                         "prompt_encoder.not_a_point_embed.*"};
    if (o->recipe != RECIPE_SEGMOTE)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "--scheme segmote teaches experts: it needs --recipe segmote");
    o->scheme = SCHEME_SEGMOTE;
    o->freeze = freeze, o->freezes = 3;
    o->batch = 20, o->share = 2, o->accumulate = 1;
    o->schedule = SCHEDULE_LINEAR;
    o->lr_start = 0.1, o->warm_up_epochs = 5.0, o->warm_up = 0.0;
    o->optimizer =
        (OptimizerRule){.lr = 1e-4, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .decay = 1e-5};
    o->decay_all = true;
    o->augment = augment_segmote();
    o->loss_side = 0;
    o->loss =
        (MaskLoss){.rule = MASK_LOSS_FOCAL_DICE_IOU, .focal = 20.0f, .dice = 1.0f, .iou = 1.0f};
    o->prompts = (PromptRule){.box = 0.4, .text = 0.3, .rounds = 5, .most_points = 7};
    o->experts.rule = (ExpertRule){.balance = 0.01f, .noise = true};
    return VOXPERT_OK;
}

Status settings_scheme(TrainOptions *o, const char *name, Error *error) {
    if (strcmp(name, "voxpert") == 0) return VOXPERT_OK;
    if (strcmp(name, "segmote") == 0) return scheme_segmote(o, error);
    if (strcmp(name, "sam-med2d") == 0) {
        scheme_sam_med2d(o);
        return VOXPERT_OK;
    }
    return error_set(error, VOXPERT_BAD_ARGUMENT,
                     "--scheme is voxpert, sam-med2d or segmote, not \"%s\"", name);
}
