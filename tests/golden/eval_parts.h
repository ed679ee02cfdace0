/* eval_parts.h - the parts of the golden folder eval: one function for each of its JSON files.
 *
 * Each runs all that `root`, the file's content, lists.  A further part is a line in eval_folder.c,
 * and its function here. */
#ifndef TESTS_GOLDEN_EVAL_PARTS_H
#define TESTS_GOLDEN_EVAL_PARTS_H

#include "tests/golden/eval_run.h"

void eval_distances(EvalRun *run, json_t *root);     /* edt.json */
void eval_components(EvalRun *run, json_t *root);    /* components.json */
void eval_surface_table(EvalRun *run, json_t *root); /* surface_table.json */
void eval_surfaces(EvalRun *run, json_t *root);      /* surface.json */
void eval_statistics(EvalRun *run, json_t *root);    /* statistics.json */
void eval_evaluation(EvalRun *run, json_t *root);    /* folder.json */
void eval_quality(EvalRun *run, json_t *root);       /* quality.json */
void eval_datasets(EvalRun *run, json_t *root);      /* datasets.json */

#endif
