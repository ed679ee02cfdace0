/* engine.h - the model of a run, loaded once, and the session that its images go through. */
#ifndef CLI_SEGMENT_ENGINE_H
#define CLI_SEGMENT_ENGINE_H

#include <voxpert/exchange.h>
#include <voxpert/experts.h>

#include "cli/common/common.h"

typedef struct EngineOptions {
    const char *model, *preset; /* NULL: built-in; as the file says */
    const char *base;           /* of an adapter; NULL: built-in */
    const char *vocab;          /* of a text tower, or NULL */
    const char *cache;          /* folder, or NULL */
    const char *expert;         /* number or name; NULL or "auto": the router decides */
    bool strict, cache_half;
} EngineOptions;

typedef struct Engine {
    VoxpertModel *model;
    VoxpertSession *session;
    json_t *about; /* see engine_about */
    Listener listener;
    json_t *warnings; /* of the model; those of its opening stay, a case takes its own */
    size_t opening;   /* how many those are */
    double load_seconds;
    int experts, prompt_tokens; /* that the model has; 0: none */
    int expert;                 /* 1, 2, ...: the one that was asked for; 0: none */
} Engine;

/* --model, --base, --preset, --strict and --vocab.  VOXPERT_BAD_ARGUMENT. */
VoxpertStatus engine_flags(EngineOptions *out, const Options *options, VoxpertError *error);

/* --cache, --cache-half and --expert.  VOXPERT_BAD_ARGUMENT. */
VoxpertStatus session_flags(EngineOptions *out, const Options *options, VoxpertError *error);

/* --zoom: 1; --no-zoom: -1; neither: 0.  VOXPERT_BAD_ARGUMENT. */
VoxpertStatus zoom_flags(int *zoom, const Options *options, VoxpertError *error);

/* The model alone.  Errors: those of voxpert_model_open. */
VoxpertStatus engine_model(Listener *listener, VoxpertModel **out, const EngineOptions *options,
                           VoxpertError *error);

/* Does nothing if it is open.  Errors: those of voxpert_model_open. */
VoxpertStatus engine_open(Engine *e, const Common *common, const EngineOptions *options,
                          VoxpertError *error);

/* Adds what the model warned of: when it was opened, and since a case last took it. */
void engine_take_warnings(Engine *e, json_t *into);

/* What a report says of the model.  Made when it is first asked for: the hash of the weights takes
 * a second for a large model. */
json_t *engine_about(Engine *e);

void engine_close(Engine *e); /* a zeroed one is fine */

#endif
