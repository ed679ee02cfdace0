#include "weights/dialects.h"

#include <stdbool.h>
#include <string.h>

#include "base/memory.h"

static const char *const nests[] = {
    "model_state_dict", /* SAM-Med3D, SegMoTE */
    "model",            /* SAM-Med2D */
    "state_dict",       /* Lightning, MONAI */
    NULL,
};

typedef struct Rename {
    const char *from, *to;
} Rename;

/* SegMoTE grew out of HQ-SAM's names; its released files may have either. */
static const Rename renames[] = {
    {"hq_token", "expert_tokens"},
    {"hq_mlp", "expert_mlp"},
    {"output_hypernetworks_mlps_hq", "expert_output_mlps"},
    {"embedding_encoder", "expert_embedding_encoder"},
    {"embedding_maskfeature", "expert_feature_fusion"},
};

enum { MOST_GROWTH = 2 }; /* no `to` is more than twice as long as its `from` */

const char *dialect_nest(size_t index) { return nests[index]; }

static bool text_lies_at(const char *want, const char *at, const char *end) {
    size_t length = strlen(want);
    return (size_t)(end - at) >= length && memcmp(at, want, length) == 0;
}

/* `from` may be a part of `to` ("embedding_encoder"): then it is left alone where `to` is. */
static bool is_renamed_already(const Rename *r, const char *start, const char *at,
                               const char *end) {
    const char *inside = strstr(r->to, r->from);
    return inside && at - start >= inside - r->to &&
           text_lies_at(r->to, at - (inside - r->to), end);
}

static const Rename *rename_at(const char *start, const char *at, const char *end) {
    for (size_t i = 0; i < sizeof renames / sizeof *renames; i++) {
        if (text_lies_at(renames[i].from, at, end) &&
            !is_renamed_already(&renames[i], start, at, end))
            return &renames[i];
    }
    return NULL;
}

char *dialect_name(const char *stored, size_t length) {
    char *name = memory_new(MOST_GROWTH * length + 1), *out = name;
    if (!name) return NULL;
    for (const char *at = stored, *end = stored + length; at < end;) {
        const Rename *r = rename_at(stored, at, end);
        if (r) {
            out = stpcpy(out, r->to);
            at += strlen(r->from);
        } else {
            *out++ = *at++;
        }
    }
    return name;
}
