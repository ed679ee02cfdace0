/* route_case.h - one image of `voxpert experts route`. */
#ifndef CLI_EXPERTS_ROUTE_CASE_H
#define CLI_EXPERTS_ROUTE_CASE_H

#include "cli/segment/engine.h"
#include "cli/segment/object_flags.h"
#include "cli/segment/routing_text.h"

typedef struct RouteCase {
    const char *image; /* path */
    VoxpertFileOptions file;
    VoxpertObjects *objects; /* what is asked; empty: nothing, the image is the prompt */
    VoxpertSegmentOptions segment;
    const char *figure; /* "out/scan" for out/scan_object1.png, ...; NULL: no figures */
} RouteCase;

/* "out/scan_object1.png"; the caller frees. */
char *route_figure(const char *figure, int object);

/* `*record`: {image, objects, entropy, figures}.  The engine is opened once the prompts make sense.
 * Figures of an image appear together or not at all. */
VoxpertStatus route_case_run(const Common *common, const EngineOptions *options, Engine *engine,
                             const RouteCase *c, json_t **record, VoxpertError *error);

#endif
