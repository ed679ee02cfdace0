/* scheme.h - a way of training, as a table: how a step's prompts are planned and simulated, and
 * what its rounds train.
 *
 * Ours (scheme_voxpert.c), those of SAM-Med2D and SegMoTE as published, and the SegMoTE paper's; a
 * new one is a file and a line in schemes.c. */
#ifndef TRAIN_SCHEME_H
#define TRAIN_SCHEME_H

#include "base/status.h"
#include "train/plan.h"

struct TrainOptions;

/* How a box is drawn around an object: prompts.h. */
typedef enum BoxKind { BOX_JITTERED, BOX_SHIFTED, BOX_LOOSE } BoxKind;

/* After which rounds, but the last, an optimizer step of its own follows. */
typedef enum RoundSteps { ROUNDS_TOGETHER, ROUNDS_FIRST_ALONE, ROUNDS_EACH_ALONE } RoundSteps;

typedef struct Scheme {
    const char *name;
    int identity; /* in the hash of a run's settings: of two that plan alike, the same */

    /* Everything that it lays down, over defaults and recipe.  VOXPERT_BAD_ARGUMENT: it is not of
     * the recipe. */
    Status (*apply)(struct TrainOptions *o, Error *error);

    const char *preset; /* how images are prepared; NULL: as ours, with the zoom of the options */

    /* Planning: the prompts of a step, `experts` NULL for a system without; no step has more than
     * the largest, where `ambiguous` says whether the model has several masks for a prompt; points
     * that a pass may have at once. */
    StepPlan (*plan)(const PromptRule *rule, const ExpertRule *experts, const PlanFacts *facts,
                     Random *r);
    StepPlan (*largest)(const PromptRule *rule, const PlanFacts *facts, bool ambiguous);
    int (*most_points)(const PromptRule *rule);
    bool needs_facts;    /* the plan depends on the batch; else the batch depends on the plan */
    bool always_prompts; /* no batch is without a prompt */
    bool prompts_texts;  /* names of objects, where the base reads text */

    /* Simulation. */
    BoxKind box;
    bool box_once;         /* a box is forgotten after the first round */
    bool central_point;    /* a first point is near the middle of its object */
    bool replaces_points;  /* a round's points take the place of the ones before */
    bool probability_mask; /* a mask prompt is the probability, not the logit */

    /* What the rounds train. */
    RoundSteps steps;
    bool multimask_always;     /* rounds after the first train one of the ambiguous masks, too */
    bool best_by_quality;      /* of these the one of highest predicted quality; else the nearest */
    bool trains_first_prompts; /* rounds after the first do not train the prompt encoder */
} Scheme;

extern const Scheme scheme_voxpert, scheme_paper; /* scheme_voxpert.c, scheme_paper.c */
extern const Scheme scheme_sam_med2d;             /* scheme_sam_med2d.c */
extern const Scheme scheme_segmote;               /* scheme_segmote.c */

const Scheme *scheme_at(int index);          /* NULL past the last */
const Scheme *scheme_find(const char *name); /* NULL: there is none of that name */

/* Whether an optimizer step follows on a round that is not the last. */
bool scheme_ends_step(const Scheme *scheme, int round);

/* Globs of the three tables that the published code of SAM-Med2D and SegMoTE wraps anew in each
 * pass, so that they are never updated. */
enum { REWRAPPED_TABLES = 3 };
extern const char *const rewrapped_tables[REWRAPPED_TABLES];

/* Plans that the scheme of ours and those derived from it share. */
StepPlan plan_clicks(const PromptRule *rule, const ExpertRule *experts, const PlanFacts *facts,
                     Random *r);
StepPlan plan_clicks_largest(const PromptRule *rule, const PlanFacts *facts, bool ambiguous);
int plan_clicks_points(const PromptRule *rule);

#endif
