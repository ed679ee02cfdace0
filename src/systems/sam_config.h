/* sam_config.h - what the readers of configurations share; see sam.h for the public part. */
#ifndef SYSTEMS_SAM_CONFIG_H
#define SYSTEMS_SAM_CONFIG_H

#include <jansson.h>

#include "base/text.h"
#include "systems/sam.h"

/* Fills in what follows from the rest, and refuses numbers that no model of the family has, so that
 * a hostile file cannot ask for the moon.  `file` is for the message. */
MUST_CHECK Status sam_config_complete(SamConfig *c, const char *file, Error *error);

/* Of a checkpoint with transformers' names, after shapes filled `c`: takes what its config.json
 * says (NULL: it has none) beside them.  VOXPERT_BAD_MODEL names the field that is wrong, or does
 * not agree with the tensors. */
MUST_CHECK Status sam_config_take_transformers(SamConfig *c, const char *json, const char *path,
                                               Error *error);

/* An int of a configuration, a whole number from 0 to 2^20.  A table of them ends with {0}. */
typedef struct ConfigField {
    const char *name;
    size_t offset;
} ConfigField;

void config_write_fields(Text *t, const void *config, const ConfigField *table);

/* NULL, or the name of the first that is missing or out of range. */
const char *config_take_fields(void *config, const ConfigField *table, const json_t *json);

/* One of `words`, which end with NULL, by its index; -1 if it is none. */
int config_take_word(const json_t *json, const char *name, const char *const *words);

/* Takes what a JSON object holds; the name of the field that is wrong, or NULL. */
typedef const char *ConfigTake(void *config, const json_t *json);

/* `file` is for the message.  VOXPERT_BAD_MODEL: it is no object, or a field is wrong. */
MUST_CHECK Status config_parse(void *config, ConfigTake *take, const char *json, const char *file,
                               Error *error);

#endif
