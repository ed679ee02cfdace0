/* dialects.h - how published checkpoints differ from what we call canonical, as tables. */
#ifndef WEIGHTS_DIALECTS_H
#define WEIGHTS_DIALECTS_H

#include <stdbool.h>
#include <stddef.h>

/* Keys under which training scripts keep the state dict, the most telling first; NULL after the
 * last. */
const char *dialect_nest(size_t index);

/* Whether a name is that of a part of a SAM, as published or as transformers names it. */
bool dialect_is_part(const char *name);

/* Whether a name is that of transformers' SamModel and of nobody else. */
bool dialect_is_transformers(const char *name);

/* Bytes of the wrappers that a name begins with ("model.sam." of "model.sam.image_encoder.x"), as
 * torch.nn.DataParallel, Lightning and training scripts put before it; 0: none. */
size_t dialect_wrapper(const char *name);

/* The same whatever it is, where a part of a SAM follows it ("backbone." of
 * "backbone.image_encoder.x"); SIZE_MAX: none does. */
size_t dialect_any_wrapper(const char *name);

/* Removes what torch.compile and FSDP put between the parts of a name ("_orig_mod."), wherever it
 * is, and DataParallel's "module." behind the name of a part. */
void dialect_unwrap(char *name);

/* A copy of a stored name (`length` bytes) with the old parts of it replaced; to be freed with
 * memory_free; NULL when out of memory.  A canonical name stays as it is. */
char *dialect_name(const char *stored, size_t length);

/* The same from the name of transformers' SamModel to the published one (docs/spec/sam.md, 14; the
 * inverse of its convert_sam_to_hf.py). */
char *dialect_from_transformers(const char *name);

#endif
