/* prompts_csv.h - boxes and points of a spreadsheet, as the prompts file that says the same.
 *
 *     image,x0,y0,x1,y1,label,slice,value          image,x,y,positive,object
 *     scan.png,40,52,120,131,lesion,,1             scan.png,80,90,1,1
 *
 * The first line names the columns, in any order and case:
 *     image (file, filename, name)                 always
 *     x0 y0 x1 y1 (xmin ymin xmax ymax, x1 y1 x2 y2, or x y width height)    a box
 *     x y, positive (1, 0, true, false, + or -; default 1)                   a point
 *     label, value, slice, class, expert, text, mask                         as in a prompts file
 *     object                                       rows of an image that share it are one object
 * What a sheet may look like, voxpert/text.h says.  A width or a height is above 0.  Numbers may
 * have a decimal comma where commas do not separate the fields (semicolons, tabs, quotes); "1,234",
 * which may be thousands, is taken between semicolons alone. */
#ifndef CLI_SEGMENT_PROMPTS_CSV_H
#define CLI_SEGMENT_PROMPTS_CSV_H

#include <jansson.h>
#include <stdbool.h>

#include <voxpert/error.h>

/* A list of entries, or NULL with VOXPERT_BAD_INPUT, which names file and line.  `*unused`, which
 * the caller frees, names the columns that mean nothing here, or is NULL.
 * `*class_is_label`: a class beside a box or a point was taken as the object's label. */
json_t *prompts_csv_read(const char *text, size_t length, const char *file, char **unused,
                         bool *class_is_label, VoxpertError *error);

#endif
