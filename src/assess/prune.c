#include "assess/prune.h"

#include <stdio.h>
#include <string.h>

#include "assess/routing_tally.h"
#include "base/memory.h"
#include "systems/experts.h"

/* Dice of a set's objects, by way of asking. */
typedef struct Sums {
    double dice[PRUNE_ASKS];
    size_t count[PRUNE_ASKS];
} Sums;

typedef struct Pruner {
    const Model *start;
    PruneRule rule; /* with what it leaves open decided */
    Dataset data;
    size_t *object, objects; /* indices in data.object */
    Model shown;             /* a view of the start, but for its experts */
    bool shows;              /* which is open */
    ChangedExperts experts;
    Measurer measurer;
    KeptEmbeddings kept;
    Sums *sums;                     /* [sets] */
    RoutingTally tally;             /* of the model that is measured */
    double best[EXPERT_TOKENS_MAX]; /* how often each of its tokens gave the answer */
    const ClickListener *listener;
    size_t told, total;
} Pruner;

/* A model that was measured; loads are by the indices of the start, 0 of what is gone. */
typedef struct Measured {
    PruneState state;
    double token_load[EXPERT_TOKENS_MAX], expert_load[EXPERTS_MAX];
} Measured;

static Status no_memory(Error *error) {
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory to prune experts");
}

static const TokenExpertsConfig *config_of(const Pruner *p) {
    return system_token_experts(&p->start->system);
}

static bool is_lost(uint64_t lost, int index) { return lost >> index & 1; }

/* ---- What is asked ---------------------------------------------------------------------- */

static Status check_minima(const Pruner *p, Error *error) {
    const TokenExpertsConfig *e = config_of(p);
    const char *file = checkpoint_path(p->start->file);
    int open = route_open(e->held_back, e->experts);
    if (p->rule.min_tokens > e->tokens)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "%s: has %d expert tokens, and no fewer than %d are to be left", file,
                         e->tokens, p->rule.min_tokens);
    if (p->rule.min_experts > open)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "%s: its router knows %d experts, and no fewer than %d are to be left",
                         file, open, p->rule.min_experts);
    if (p->rule.min_experts < e->kept)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "%s: its router keeps %d experts of a token, so no fewer can be left; %d "
                         "was asked for",
                         file, e->kept, p->rule.min_experts);
    return VOXPERT_OK;
}

/* What the rule leaves open depends on the model. */
static Status settle(Pruner *p, Error *error) {
    PruneRule *r = &p->rule;
    const System *s = &p->start->system;
    const char *file = checkpoint_path(p->start->file);
    Status status = expert_change_check(s, &(ExpertChange){0}, file, error);
    if (status) return status;
    bool pool = system_answers_unprompted(s);
    if (r->asks >> PRUNE_PROMPT_FREE & 1 && !pool)
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "%s: makes no prompt tokens: it cannot be asked without a prompt", file);
    if (!r->asks)
        r->asks = 1u << PRUNE_BOX | 1u << PRUNE_CLICKS | (unsigned)pool << PRUNE_PROMPT_FREE;
    if (!r->min_tokens) r->min_tokens = 1;
    if (!r->min_experts) r->min_experts = config_of(p)->kept;
    return check_minima(p, error);
}

/* Those with rings are measured apart elsewhere, and not here. */
static Status choose_objects(Pruner *p, const char *folder, Error *error) {
    ClickRule rule = {.part = p->rule.part, .most = p->rule.most};
    size_t count = 0;
    Status status = click_objects(&p->object, &count, &p->data, &rule, folder, error);
    for (size_t i = 0; !status && i < count; i++)
        if (!p->data.object[p->object[i]].outer) p->object[p->objects++] = p->object[i];
    if (!status && !p->objects)
        status = error_set(error, VOXPERT_BAD_INPUT, "%s: there is no object but outer ones",
                           folder ? folder : "no data folder");
    return status;
}

/* Objects come by picture. */
static bool new_picture(const Pruner *p, size_t i) {
    const CaseObject *o = p->data.object;
    return i == 0 || o[p->object[i]].picture != o[p->object[i - 1]].picture;
}

static Status check_memory(const Pruner *p, Error *error) {
    size_t pictures = 0,
           bytes = predictor_embedding_count(p->measurer.predictor[0]) * sizeof(float);
    for (size_t i = 0; i < p->objects; i++) pictures += new_picture(p, i);
    if (!p->rule.max_memory || bytes <= p->rule.max_memory / pictures) return VOXPERT_OK;
    return error_set_field(
        error, VOXPERT_OUT_OF_MEMORY, "max-memory",
        "the embeddings of %zu images need %zu KiB, more than the limit of %zu KiB; "
        "measure fewer objects (most)",
        pictures, pictures * ((bytes + 1023) >> 10), p->rule.max_memory >> 10);
}

/* ---- Open and close --------------------------------------------------------------------- */

static void close_pruner(Pruner *p) {
    measurer_close(&p->measurer);
    if (p->shows) model_view_close(&p->shown);
    for (size_t i = 0; p->kept.picture && i < p->data.pictures; i++)
        memory_free(p->kept.picture[i]);
    memory_free(p->kept.picture);
    changed_experts_free(&p->experts);
    routing_tally_close(&p->tally);
    memory_free(p->sums);
    memory_free(p->object);
    dataset_free(&p->data);
}

static void answered(void *context, const Prediction *found) {
    Pruner *p = context;
    const Routing *r = &found->routing;
    const int set = 0; /* of a tally that has one */
    size_t each = (size_t)r->tokens * (3 * (size_t)r->experts + 1);
    for (int i = 0; i < r->layers; i++)
        routing_tally_add(&p->tally, r->routed + (size_t)i * each, &set, 1, r->tokens);
    p->best[r->chosen]++;
}

/* Its encoder, or that of its base, is the same with any experts. */
static Status open_model(Pruner *p, Error *error) {
    const Model *m = p->start;
    const char *identity;
    model_view_open(&p->shown, &m->system, m->kernels, m->threads, &m->preset, "");
    p->shows = true;
    const PredictorOptions options = {
        .max_memory = p->rule.max_memory,
        .cache = {.folder = p->rule.cache, .half = p->rule.cache_half}};
    Status status = measurer_open(&p->measurer, &p->shown, &options, error);
    if (!status && p->rule.cache) {
        status = model_encoder_identity(m, &identity, error);
        if (!status) memcpy(p->shown.identity, identity, sizeof p->shown.identity);
    }
    if (status) return status;
    p->measurer.kept = &p->kept;
    p->measurer.answered = answered;
    p->measurer.context = p;
    return check_memory(p, error);
}

static Status open_pruner(Pruner *p, const char *const *folders, size_t count, Error *error) {
    Status status = settle(p, error);
    for (size_t i = 0; !status && i < count; i++) status = dataset_add(&p->data, folders[i], error);
    if (!status) status = choose_objects(p, count ? folders[0] : NULL, error);
    if (status) return status;
    p->kept = (KeptEmbeddings){p->data.picture, memory_new(p->data.pictures * sizeof(float *))};
    p->sums = memory_new(p->data.sets * sizeof *p->sums);
    return p->kept.picture && p->sums ? open_model(p, error) : no_memory(error);
}

/* ---- One model -------------------------------------------------------------------------- */

/* The memory of steps that the start was measured with is enough for fewer. */
static Status take_experts(Pruner *p, const ExpertChange *c, Error *error) {
    const Model *m = p->start;
    routing_tally_close(&p->tally);
    changed_experts_free(&p->experts);
    Status status =
        changed_experts_make(&p->experts, &m->system, c, checkpoint_path(m->file), error);
    if (status) return status;
    status = params_pack(&p->experts.params, NULL, m->kernels,
                         &p->measurer.predictor[0]->steps.worker, false, false, error);
    if (status) return status;
    changed_experts_use(&p->shown.system, &p->experts);
    measurer_reset(&p->measurer);
    memset(p->best, 0, sizeof p->best);
    memset(p->sums, 0, p->data.sets * sizeof *p->sums);
    const TokenExpertsConfig *e = system_token_experts(&p->shown.system);
    return routing_tally_open(&p->tally, 1, e->experts, e->kept, e->held_back, error);
}

static void add(Sums *s, PruneAsk ask, double dice) {
    s->dice[ask] += dice;
    s->count[ask]++;
}

static bool asks(const Pruner *p, PruneAsk ask) { return p->rule.asks >> ask & 1; }

static Status ask_object(Pruner *p, size_t i, Error *error) {
    const Dataset *d = &p->data;
    const CaseObject *o = &d->object[p->object[i]];
    Sums *sums = &p->sums[d->picture[o->picture].set];
    double dice[CLICKS_MAX + 1];
    Status status = VOXPERT_OK;
    if (asks(p, PRUNE_BOX)) {
        status = measure_clicks(&p->measurer, d, o, true, 0, false, dice, error);
        if (!status) add(sums, PRUNE_BOX, dice[0]);
    }
    if (!status && asks(p, PRUNE_CLICKS)) {
        status = measure_clicks(&p->measurer, d, o, false, p->rule.clicks, false, dice, error);
        if (!status) add(sums, PRUNE_CLICKS, dice[p->rule.clicks]);
    }
    if (!status && asks(p, PRUNE_PROMPT_FREE) && new_picture(p, i)) {
        status = measure_prompt_free(&p->measurer, d, o, dice, error);
        if (!status) add(sums, PRUNE_PROMPT_FREE, dice[0]);
    }
    return status;
}

/* The mean over the sets that have any. */
static double mean_of(const Pruner *p, PruneAsk ask) {
    double sum = 0.0;
    size_t sets = 0;
    for (size_t s = 0; s < p->data.sets; s++) {
        const Sums *one = &p->sums[s];
        if (!one->count[ask]) continue;
        sum += one->dice[ask] / (double)one->count[ask];
        sets++;
    }
    return sets ? sum / (double)sets : 0.0;
}

/* That have an object which was asked about. */
static size_t sets_of(const Pruner *p) {
    size_t sets = 0, none[PRUNE_ASKS] = {0};
    for (size_t s = 0; s < p->data.sets; s++)
        sets += memcmp(p->sums[s].count, none, sizeof none) != 0;
    return sets;
}

static PruneState state_of(const Pruner *p) {
    const TokenExpertsConfig *e = system_token_experts(&p->shown.system);
    PruneState s = {.tokens = e->tokens,
                    .experts = e->experts,
                    .parameters = params_elements(&p->experts.params)};
    int ways = 0;
    for (int a = 0; a < PRUNE_ASKS; a++) {
        if (!asks(p, (PruneAsk)a)) continue;
        s.dice[a] = mean_of(p, (PruneAsk)a);
        s.score += s.dice[a];
        ways++;
    }
    s.score /= ways;
    return s;
}

/* Shares by place in the model that was measured, back to the indices of the start. */
static void spread(double *load, const double *share, uint64_t lost, int count) {
    for (int i = 0, place = 0; i < count; i++) load[i] = is_lost(lost, i) ? 0.0 : share[place++];
}

static void take_loads(const Pruner *p, const ExpertChange *c, Measured *out) {
    double share[EXPERTS_MAX], all = 0.0;
    const TokenExpertsConfig *e = config_of(p);
    routing_tally_shares(&p->tally, EVERY_SET, share);
    spread(out->expert_load, share, c->lost_experts, e->experts);
    for (int t = 0; t < EXPERT_TOKENS_MAX; t++) all += p->best[t];
    for (int t = 0; t < EXPERT_TOKENS_MAX; t++) share[t] = all > 0.0 ? p->best[t] / all : 0.0;
    spread(out->token_load, share, c->lost_tokens, e->tokens);
}

static void tell(Pruner *p, const char *what) {
    p->told++;
    if (p->listener && p->listener->done)
        p->listener->done(p->listener->context, p->told, p->total, what);
}

static Status measure(Pruner *p, const ExpertChange *c, const char *what, Measured *out,
                      Error *error) {
    Status status = take_experts(p, c, error);
    for (size_t i = 0; !status && i < p->objects; i++) {
        status = ask_object(p, i, error);
        if (!status) tell(p, what);
    }
    if (status) return status;
    out->state = state_of(p);
    take_loads(p, c, out);
    return VOXPERT_OK;
}

/* ---- The search ------------------------------------------------------------------------- */

typedef struct Candidate {
    bool token;
    int index;
    double load;
} Candidate;

typedef struct Search {
    Measured now;
    ExpertChange change;                    /* that made it of the start */
    uint64_t needed_tokens, needed_experts; /* tried, and put back */
} Search;

static void consider(Candidate *best, Candidate one) {
    if (best->index < 0 || one.load < best->load) *best = one;
}

/* The least used; of equals a token, which has more parameters, and the one behind. */
static Candidate next(const Pruner *p, const Search *s) {
    const TokenExpertsConfig *e = config_of(p);
    uint64_t closed = e->held_back | s->change.lost_experts;
    Candidate best = {.index = -1};
    bool tokens = route_open(s->change.lost_tokens, e->tokens) > p->rule.min_tokens;
    bool experts = route_open(closed, e->experts) > p->rule.min_experts;
    for (int t = e->tokens - 1; tokens && t >= 0; t--)
        if (!is_lost(s->change.lost_tokens | s->needed_tokens, t))
            consider(&best, (Candidate){true, t, s->now.token_load[t]});
    for (int i = e->experts - 1; experts && i >= 0; i--)
        if (!is_lost(closed | s->needed_experts, i))
            consider(&best, (Candidate){false, i, s->now.expert_load[i]});
    return best;
}

static Status try_without(Pruner *p, Search *s, const Candidate *one, Pruning *out, Error *error) {
    Measured after;
    char what[32];
    uint64_t bit = UINT64_C(1) << one->index;
    ExpertChange c = s->change;
    *(one->token ? &c.lost_tokens : &c.lost_experts) |= bit;
    snprintf(what, sizeof what, "without %s %d", one->token ? "token" : "expert", one->index + 1);
    Status status = measure(p, &c, what, &after, error);
    if (status) return status;
    bool removed = after.state.score >= out->start.score - p->rule.tolerance;
    out->step[out->steps++] = (PruneStep){one->token,         one->index,        one->load,
                                          s->now.state.score, after.state.score, removed};
    if (removed) {
        s->change = c;
        s->now = after;
    } else {
        *(one->token ? &s->needed_tokens : &s->needed_experts) |= bit;
    }
    return VOXPERT_OK;
}

static Status search(Pruner *p, Pruning *out, Error *error) {
    Search s = {.now = {.token_load = {0}}};
    const TokenExpertsConfig *e = config_of(p);
    p->total = p->objects * (size_t)(1 + e->tokens + route_open(e->held_back, e->experts));
    Status status = measure(p, &s.change, "as it is", &s.now, error);
    out->start = s.now.state;
    while (!status) {
        Candidate one = next(p, &s);
        if (one.index < 0) break;
        status = try_without(p, &s, &one, out, error);
    }
    out->end = s.now.state;
    out->change = s.change;
    return status;
}

Status prune_experts(Pruning *out, const Model *model, const char *const *folders,
                     size_t folder_count, const PruneRule *rule, const ClickListener *listener,
                     Error *error) {
    Pruner p = {.start = model, .rule = *rule, .listener = listener};
    *out = (Pruning){0};
    Status status = open_pruner(&p, folders, folder_count, error);
    if (!status) status = search(&p, out, error);
    out->asks = p.rule.asks;
    out->objects = p.objects;
    if (!status) out->sets = sets_of(&p);
    warnings_merge(&out->warnings, &p.data.warnings);
    close_pruner(&p);
    return status;
}

void pruning_free(Pruning *p) { warnings_free(&p->warnings); }
