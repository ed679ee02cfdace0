/* What a run computes with: kept embeddings, texts, batches, steps and measures. */
#include "train/run_work.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/platform.h"
#include "systems/experts.h"
#include "train/recipe.h"
#include "train/run_card.h"
#include "train/run_memory.h"

/* ---- Embeddings ------------------------------------------------------------------------- */

/* Of a kept embedding that is damaged. */
static void log_embedding_warning(void *context, const char *sentence) {
    run_say(context, true, sentence);
}

static bool show_encoded(void *context, size_t done, size_t all) {
    Run *r = context;
    run_phase(r, "encoding", "image", done, all);
    r->stopped = run_is_stopped(r);
    return !r->stopped;
}

/* The frozen base as a model of its own, which the embeddings are named after. */
static void open_base(Model *base, Run *r) {
    System system = system_base_view(&r->system);
    model_view_open(base, &system, r->kernels, r->threads, &r->preset, r->parent);
    base->log = log_embedding_warning;
    base->log_context = r;
}

static Status open_views(Run *r, Error *error) {
    const TrainOptions *o = r->options;
    Model base;
    char *folder = NULL;
    Status status = o->cache ? VOXPERT_OK : run_file(r, "embeddings", &folder, error);
    if (status) return status;
    open_base(&base, r);
    const ViewsOptions options = {.folder = o->cache ? o->cache : folder,
                                  .half = o->cache_half,
                                  .max_memory = o->max_memory,
                                  .data_memory = r->data.store.budget,
                                  .progress = show_encoded,
                                  .context = r};
    status = views_open(&r->views, &r->data, &base, &options, error);
    if (!status && r->views.not_packed[0]) {
        Text t = {0};
        text_add(&t, "a file is read for each sample: %s", r->views.not_packed);
        if (t.chars) run_say(r, true, t.chars);
        text_free(&t);
    }
    model_view_close(&base);
    memory_free(folder);
    return status;
}

/* Frozen matrices that a step goes through get the form that the kernels like, both ways. */
static Status pack(Run *r, Error *error) {
    static const char *const decoder[] = {"prompt_encoder.*", "mask_decoder.*", NULL};
    return params_pack(&r->system.sam.params, r->cached ? decoder : NULL, r->kernels,
                       &r->stepper.worker, true, false, error);
}

/* Why no text is prompted, or NULL. */
static const char *no_text(const Run *r) {
    size_t names = 0;
    for (size_t i = 0; i < r->data.sets; i++)
        names += r->data.set[i].format_names ? 0 : r->data.set[i].names;
    if (!system_text_width(&r->system)) return "the base reads no text";
    if (names == 0) return "no data set names its labels (names=FILE)";
    return r->options->vocab ? NULL : "its vocabulary is not given (vocab)";
}

/* The tower is frozen: each name is read once. */
static Status open_texts(Run *r, Error *error) {
    Model reader;
    model_view_open(&reader, &r->system, r->kernels, r->threads, &r->preset, "");
    Status status = model_open_texts(&reader, r->options->vocab, error);
    if (!status) status = class_texts_open(&r->texts, &r->data, &reader, error);
    model_view_close(&reader);
    r->text = memory_new((size_t)r->options->batch * r->texts.width * sizeof *r->text + 1);
    if (!status && !r->text)
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the texts of a batch");
    return status;
}

static bool has_regions(const Dataset *d) {
    for (size_t i = 0; i < d->pictures; i++)
        if (d->picture[i].regions) return true;
    return false;
}

/* What a scheme that needs facts can do here; what it cannot is reported. */
static Status open_facts(Run *r, PlanFacts *facts, Error *error) {
    const System *s = &r->system;
    const char *why = no_text(r);
    char sentence[160];
    *facts = (PlanFacts){.text = !why,
                         .pool = system_image_prompt_tokens(s) > 0,
                         .pseudo = has_regions(&r->data),
                         .unrouted = system_experts_are_published(s)};
    if (!facts->pseudo)
        run_say(r, true,
                "no picture has regions: the scheme's passes on pseudo masks are left out");
    if (!why) return open_texts(r, error);
    snprintf(sentence, sizeof sentence, "no text is prompted: %s", why);
    run_say(r, true, sentence);
    return VOXPERT_OK;
}

static Status check_sides(const Run *r, int loss_side, Error *error) {
    const TrainOptions *o = r->options;
    int side = r->system.sam.config.image, low = 4 * sam_grid(&r->system.sam);
    if (loss_side > side || side % loss_side || loss_side % low)
        return error_set_field(
            error, VOXPERT_BAD_ARGUMENT, "loss-side",
            "loss-side %d must divide the model's %d pixels and be a multiple of "
            "its masks' %d",
            loss_side, side, low);
    if (o->batch % o->share)
        return error_set_field(error, VOXPERT_BAD_ARGUMENT, "batch",
                               "batch %d is no multiple of masks-per-image %d", o->batch, o->share);
    return VOXPERT_OK;
}

static Status open_steps(Run *r, int loss_side, const PlanFacts *facts, Error *error) {
    const TrainOptions *o = r->options;
    StepperShape shape = {.scheme = o->scheme,
                          .batch = o->batch,
                          .share = o->share,
                          .loss_side = loss_side,
                          .floats = r->views.floats,
                          .max_memory = o->max_memory,
                          .experts = &o->experts.rule,
                          .facts = *facts};
    BatchShape batch = {.count = o->batch,
                        .share = o->share,
                        .side = r->system.sam.config.image,
                        .loss_side = loss_side,
                        .floats = r->views.floats,
                        .block_floats = r->views.block_floats,
                        .pseudo = facts->pseudo,
                        .distinct = o->scheme->needs_facts};
    SystemLoss loss = {.mask = o->loss};
    if (o->recipe->terms) o->recipe->terms(o, loss.term);
    Status status = batch_open(&r->batch, &batch, error);
    if (!status)
        status = stepper_open(&r->stepper, &r->system, r->kernels, r->threads, &shape, &o->prompts,
                              &loss, error);
    if (!status) status = pack(r, error);
    r->stepper.text = r->text;
    return status;
}

static Status open_measures(Run *r, Error *error) {
    /* The identity of its frozen encoder. */
    model_view_open(&r->shown, &r->system, r->kernels, r->threads, &r->preset, r->parent);
    r->shows = true;
    /* What is validated on need not be encoded again either. */
    const PredictorOptions options = {
        .cache = {.folder = r->cached ? r->views.folder : NULL, .half = r->options->cache_half}};
    return measurer_open(&r->measurer, &r->shown, &options, error);
}

/* All memory is known, and shown, before the first image is encoded. */
Status run_open_work(Run *r, Error *error) {
    const TrainOptions *o = r->options;
    int loss_side = o->loss_side ? o->loss_side : r->system.sam.config.image;
    PlanFacts facts = {0};
    Status status = check_sides(r, loss_side, error);
    System base = system_base_view(&r->system);
    if (r->cached) views_measure(&r->views, &base);
    if (!status && o->scheme->needs_facts) status = open_facts(r, &facts, error);
    if (!status) status = open_steps(r, loss_side, &facts, error);
    if (!status) status = run_check_memory(r, error);
    if (!status) run_show_header(r);
    if (!status && r->cached) status = open_views(r, error);
    if (!status) status = open_measures(r, error);
    return status;
}
