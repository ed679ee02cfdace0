/* sam_config.h - what the readers of configurations share; see sam.h for the public part. */
#ifndef SYSTEMS_SAM_CONFIG_H
#define SYSTEMS_SAM_CONFIG_H

#include "systems/sam.h"

/* Fills in what follows from the rest, and refuses numbers that no model of the family has, so that
 * a hostile file cannot ask for the moon.  `file` is for the message. */
MUST_CHECK Status sam_config_complete(SamConfig *c, const char *file, Error *error);

#endif
