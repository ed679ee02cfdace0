/* One body, compiled for each number of rows and vectors, so that the sums stay in registers. */
#include "compute/cpu/tile.h"

#include "compute/cpu/vec.h"

#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

#define INLINE static inline __attribute__((always_inline))

INLINE void tile_body(float *c, size_t c_row, const float *a, size_t a_row, size_t a_step,
                      const float *b, size_t b_step, size_t depth, bool add, const Ahead *ahead,
                      const int rows, const int vectors) {
    Vec sum[TILE_ROWS][TILE_VECTORS];
    float *there = c; /* wanted at the end, and fetched in the first turns */
    UNROLL for (int i = 0; i < rows; i++) {
        UNROLL for (int v = 0; v < vectors; v++) sum[i][v] = vec_zero();
    }
    const char *wanted = ahead ? ahead->at : NULL;
    for (size_t s = 0; s < depth; s++) {
        if (s < (size_t)rows) {
            __builtin_prefetch(there, 1);
            if (vectors > 1) __builtin_prefetch(there + LANES, 1);
            there += c_row;
        }
        if (ahead) {
            __builtin_prefetch(wanted);
            wanted += ahead->step;
        }
        Vec b0 = vec_load(b), b1 = vectors > 1 ? vec_load(b + LANES) : b0;
        UNROLL for (int i = 0; i < rows; i++) {
            Vec x = vec_set(a[(size_t)i * a_row]);
            sum[i][0] = vec_fma(x, b0, sum[i][0]);
            if (vectors > 1) sum[i][1] = vec_fma(x, b1, sum[i][1]);
        }
        a += a_step;
        b += b_step;
    }
    /* What is there already comes last: long sums are then sums of short ones. */
    UNROLL for (int v = 0; v < vectors; v++) {
        float *to = c + v * LANES;
        UNROLL for (int i = 0; i < rows; i++, to += c_row) {
            if (add) sum[i][v] += vec_load(to);
            vec_store(to, sum[i][v]);
        }
    }
}

#define TILE(rows, vectors)                                                                        \
    static void packed_##rows##_##vectors(float *c, size_t c_row, const float *a, size_t a_step,   \
                                          const float *b, size_t b_step, size_t depth, bool add) { \
        tile_body(c, c_row, a, 1, a_step, b, b_step, depth, add, NULL, rows, vectors);             \
    }                                                                                              \
    static void rows_##rows##_##vectors(float *c, size_t c_row, const float *a, size_t a_row,      \
                                        const float *b, size_t b_step, size_t depth, bool add,     \
                                        Ahead ahead) {                                             \
        tile_body(c, c_row, a, a_row, 1, b, b_step, depth, add, &ahead, rows, vectors);            \
    }

#define TILES_TO_6(X, vectors)                                                                     \
    X(1, vectors) X(2, vectors) X(3, vectors) X(4, vectors) X(5, vectors) X(6, vectors)
#define TILES_TO_14(X, vectors)                                                                    \
    TILES_TO_6(X, vectors)                                                                         \
    X(7, vectors)                                                                                  \
    X(8, vectors)                                                                                  \
    X(9, vectors) X(10, vectors) X(11, vectors) X(12, vectors) X(13, vectors) X(14, vectors)
#if KERNEL_LANES == 16
#define TILES TILES_TO_14
#else
#define TILES TILES_TO_6
#endif

#define TILE_PACKED_NAME(rows, vectors) packed_##rows##_##vectors,
#define TILE_ROWS_NAME(rows, vectors)   rows_##rows##_##vectors,

TILES(TILE, 1)
TILES(TILE, 2)

TileFn *const tile_packed[TILE_VECTORS][TILE_ROWS] = {{TILES(TILE_PACKED_NAME, 1)},
                                                      {TILES(TILE_PACKED_NAME, 2)}};
TileRowsFn *const tile_rows[TILE_VECTORS][TILE_ROWS] = {{TILES(TILE_ROWS_NAME, 1)},
                                                        {TILES(TILE_ROWS_NAME, 2)}};
