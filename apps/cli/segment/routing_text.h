/* routing_text.h - what routers did, in reports and as CSV.
 *
 * Columns: image, object, layer, token, logit_1 .. logit_E, gate_1 .. gate_E, confidence, expert
 * (of the largest gate), chosen_token (whose mask is the object's), entropy (of the token's
 * softmax over all logits / ln E: voxpert_routing_entropy) and image_entropy, its mean over all of
 * the image's objects, layers and tokens.  All are counted from 1. */
#ifndef CLI_SEGMENT_ROUTING_TEXT_H
#define CLI_SEGMENT_ROUTING_TEXT_H

#include <jansson.h>

#include <voxpert/experts.h>
#include <voxpert/file.h>

#include "cli/common/table_file.h"

/* Mean entropy of objects that have such a record as "routing"; -1 where none has. */
double routing_entropy_of(const json_t *objects);

/* The whole file at once, below the names of its columns: `lines` adds images. */
VoxpertStatus routing_csv_write(const char *path, int experts, TableLines *lines,
                                const void *context, VoxpertError *error);
void routing_csv_image(FILE *to, const char *image, const json_t *objects);

#endif
