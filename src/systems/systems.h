/* systems.h - one line for each published system, and what their rows share; the list of them is in
 * systems.c. */
#ifndef SYSTEMS_SYSTEMS_H
#define SYSTEMS_SYSTEMS_H

#include "systems/system.h"

extern const SystemOps sam_system;     /* sam_system.c */
extern const SystemOps imis_system;    /* imis_system.c */
extern const SystemOps segmote_system; /* segmote_system.c */

/* Declares a plain SAM of that configuration; its parameters have no values yet. */
void system_declare_sam(System *s, const SamConfig *config);

/* Declares the experts of that configuration around the base that is declared already. */
void system_declare_segmote(System *s, const SegmoteConfig *config);

#endif
