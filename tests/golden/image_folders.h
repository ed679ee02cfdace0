/* image_folders.h - the golden runner's function for folders of image files: png, jpeg, tiff, bmp,
 * nifti, orientation. */
#ifndef TESTS_GOLDEN_IMAGE_FOLDERS_H
#define TESTS_GOLDEN_IMAGE_FOLDERS_H

#include <stdbool.h>
#include <stdio.h>

/* Reads every file that expected.json lists and compares all that the listing says of it: voxels
 * exactly, affines within 1e-5 mm.  Prints for each file its name and ok, or FAIL and what differs.
 * False: a difference, a file that cannot be read, or a field of the listing that is not known. */
bool golden_image_folder(const char *folder, FILE *report);

#endif
