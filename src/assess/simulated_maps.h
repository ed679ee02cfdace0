/* simulated_maps.h - how good the label maps are that a model gives for simulated prompts. */
#ifndef ASSESS_SIMULATED_MAPS_H
#define ASSESS_SIMULATED_MAPS_H

#include "assess/simulate.h"
#include "eval/evaluation.h"

/* Predicts every case with the simulation's model, calls `done` (or NULL) for each, and evaluates
 * all of them by `rule`.  Where the rule names no labels they are those that the data set names,
 * else those that are found; where labels are numbers of objects, or the model answers for all of
 * them together, there is one, "foreground".  Errors: those of simulation_predict() and
 * evaluation_of_maps(). */
MUST_CHECK Status simulation_evaluate(Evaluation *out, Simulation *s, const EvaluationRule *rule,
                                      const CaseWork *work, Error *error);

#endif
