/* resize_folder.h - the golden runner's function for the folder image/resize. */
#ifndef TESTS_GOLDEN_RESIZE_FOLDER_H
#define TESTS_GOLDEN_RESIZE_FOLDER_H

#include <stdbool.h>
#include <stdio.h>

/* Runs every case of uint8.json and float.json in `folder` and prints, for each result, its name,
 * the largest absolute difference, the tolerance, and ok or FAIL.  False: a failure, an unknown
 * method or a file that cannot be read. */
bool golden_resize_folder(const char *folder, FILE *report);

#endif
