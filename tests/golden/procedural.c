#include "tests/golden/procedural.h"

#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "base/text.h"

static uint64_t start_of(const char *name) { return hash_fnv1a(name, strlen(name)); }

/* The upper 24 bits of step `index + 1`; written out so that the loops below can be vectorised. */
static inline int32_t bits_at(uint64_t start, size_t index) {
    uint64_t x = start + ((uint64_t)index + 1) * 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    x ^= x >> 31;
    return (int32_t)(x >> 40);
}

/* ---- The table ---------------------------------------------------------------------------- */

static bool ends(const char *name, const char *suffix) {
    size_t n = strlen(name), m = strlen(suffix);
    return n >= m && memcmp(name + n - m, suffix, m) == 0;
}

static bool is_embedding(const char *name) {
    static const char *const suffixes[] = {"_token", "_tokens", "_token.weight", "_tokens.weight",
                                           "_embed.weight"};
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        if (ends(name, suffixes[i])) return true;
    }
    return strstr(name, "pos_embed") || strstr(name, "point_embeddings");
}

static double fan_in(int rank, const size_t *dim, bool transposed) {
    if (rank == 0) return 1.0;
    if (transposed || rank == 1) return (double)dim[0];
    size_t product = 1;
    for (int i = 1; i < rank; i++) product *= dim[i];
    return (double)product;
}

ProceduralRule procedural_rule(const char *name, int rank, const size_t *dim, bool transposed) {
    if (ends(name, "num_batches_tracked")) return (ProceduralRule){0.0, 0.0};
    if (ends(name, "running_mean")) return (ProceduralRule){0.0, 0.1};
    if (ends(name, "running_var")) return (ProceduralRule){1.25, 0.25};
    if (text_starts(name, "input.")) return (ProceduralRule){0.0, 1.0};
    if (strstr(name, "rel_pos")) return (ProceduralRule){0.0, 0.2};
    if (ends(name, "attention_biases")) return (ProceduralRule){0.0, 0.5};
    if (ends(name, "positional_encoding_gaussian_matrix")) return (ProceduralRule){0.0, 1.0};
    if (is_embedding(name)) return (ProceduralRule){0.0, 0.5};
    if (ends(name, "bias")) return (ProceduralRule){0.0, 0.1};
    if (rank <= 1 && (ends(name, "weight") || ends(name, "gamma")))
        return (ProceduralRule){1.0, 0.1};
    return (ProceduralRule){0.0, sqrt(3.0 / fan_in(rank, dim, transposed))};
}

/* ---- Values ------------------------------------------------------------------------------- */

static inline float value_of(ProceduralRule rule, int32_t bits) {
    return (float)(rule.offset + rule.scale * (2.0 * ((double)bits * 0x1p-24) - 1.0));
}

double procedural_uniform(const char *name, size_t index) {
    return (double)bits_at(start_of(name), index) * 0x1p-24;
}

float procedural_value(const char *name, int rank, const size_t *dim, bool transposed,
                       size_t index) {
    return value_of(procedural_rule(name, rank, dim, transposed), bits_at(start_of(name), index));
}

void procedural_tensor(const char *name, int rank, const size_t *dim, bool transposed, float *out) {
    ProceduralRule rule = procedural_rule(name, rank, dim, transposed);
    uint64_t start = start_of(name);
    size_t count = 1;
    for (int i = 0; i < rank; i++) count *= dim[i];
    for (size_t i = 0; i < count; i++) out[i] = value_of(rule, bits_at(start, i));
}

void procedural_bytes(const char *name, size_t count, uint8_t *out) {
    uint64_t start = start_of(name);
    for (size_t i = 0; i < count; i++) out[i] = (uint8_t)(bits_at(start, i) >> 16);
}
