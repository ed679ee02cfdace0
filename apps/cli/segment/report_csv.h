/* report_csv.h - reports of `voxpert segment` as a table: a line for each object, and one for each
 * image that failed or in which nothing was found.
 *
 * Columns: image, slice, object, label, value, score, area_px, x, y, width, height (bounds of the
 * mask in pixels, COCO's), mask (its file), status (done or failed), message,
 * warnings (sentences of the image with "; " between). */
#ifndef CLI_SEGMENT_REPORT_CSV_H
#define CLI_SEGMENT_REPORT_CSV_H

#include <jansson.h>

#include "cli/common/table_file.h"

/* The whole file at once; `lines` adds images below the names of the columns.
 * VOXPERT_BAD_OUTPUT, VOXPERT_OUT_OF_MEMORY. */
VoxpertStatus report_csv_write(const char *path, TableLines *lines, const void *context,
                               VoxpertError *error);
void report_csv_image(FILE *to, const json_t *report); /* of one image, done or failed */

#endif
