/* prune.h - how many expert tokens and experts a model needs: the least used go, as long as
 * validation allows.
 *
 * While a model is measured its load is counted: of an expert the share of all that the routers
 * sent, over layers, tokens and answers; of a token the share of answers that were its mask.  What
 * has the least load is taken out and the model measured again.  Where the score is not below that
 * of the start less a tolerance it stays out; else it comes back, and is not tried again.  So no
 * more measurements are made than there were tokens and experts, and one.
 *
 * Whole pictures are asked about, as experts learn from them: the encoder runs once for each. */
#ifndef ASSESS_PRUNE_H
#define ASSESS_PRUNE_H

#include "assess/click_curves.h"
#include "systems/expert_change.h"

/* Ways of asking; the score is the mean of their Dice. */
typedef enum PruneAsk {
    PRUNE_BOX,
    PRUNE_CLICKS,      /* after the last of them */
    PRUNE_PROMPT_FREE, /* each picture's whole foreground */
    PRUNE_ASKS
} PruneAsk;

typedef struct PruneRule {
    unsigned asks;               /* bit a: PruneAsk a; 0: all that the model can be asked */
    int clicks;                  /* 1 .. CLICKS_MAX */
    int part;                    /* a SplitPart, or EVERY_PART */
    size_t most;                 /* objects of each set, evenly spread; 0: all */
    double tolerance;            /* that the score may lose */
    int min_tokens, min_experts; /* 0: one token; as many experts as are kept of a token */
    const char *cache;           /* folder of embeddings, or NULL */
    bool cache_half;             /* those kept in half precision may be used */
    size_t max_memory; /* bytes that an answer, or the embeddings, may need; 0: no limit */
} PruneRule;

typedef struct PruneState {
    int tokens, experts;
    size_t parameters;       /* of the adapter's file */
    double dice[PRUNE_ASKS]; /* mean over sets of the mean over objects (prompt-free: pictures) */
    double score;
} PruneState;

/* Something that was taken out; indices are those of the start. */
typedef struct PruneStep {
    bool token; /* else an expert */
    int index;
    double load, before, after; /* scores */
    bool removed;               /* false: it came back */
} PruneStep;

enum { PRUNE_STEPS_MAX = EXPERTS_MAX + EXPERT_TOKENS_MAX };

typedef struct Pruning {
    unsigned asks; /* those that were asked */
    size_t objects, sets;
    PruneState start, end;
    PruneStep step[PRUNE_STEPS_MAX];
    int steps;
    ExpertChange change; /* what makes the end of the start */
    Warnings warnings;   /* what was taken of the data although it was odd */
} Pruning;

/* The listener is called for each object; its total is the most that there can be.  Experts that
 * are held back stay: the router does not know them, so their load says nothing.
 * VOXPERT_BAD_ARGUMENT: the model is no adapter, makes no prompt tokens where these are asked for,
 * has fewer than a minimum, or would be left fewer experts than it keeps of a token; the errors of
 * dataset_add and click_objects; VOXPERT_OUT_OF_MEMORY. */
MUST_CHECK Status prune_experts(Pruning *out, const Model *model, const char *const *folders,
                                size_t folder_count, const PruneRule *rule,
                                const ClickListener *listener, Error *error);
void pruning_free(Pruning *p); /* a zeroed one is fine; also after an error */

#endif
