/* eval_folder.h - the golden runner's function for the folder eval. */
#ifndef TESTS_GOLDEN_EVAL_FOLDER_H
#define TESTS_GOLDEN_EVAL_FOLDER_H

#include <stdbool.h>
#include <stdio.h>

/* Runs every part and prints a line for each number or list of numbers, and one for each part with
 * its worst error.  False: a failure, a value that nothing computes or a file that cannot be read.
 */
bool golden_eval_folder(const char *folder, FILE *report);

#endif
