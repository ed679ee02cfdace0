/* attention_position.h - what positions add to the scores of a tile of queries. */
#ifndef COMPUTE_CPU_ATTENTION_POSITION_H
#define COMPUTE_CPU_ATTENTION_POSITION_H

#include "compute/cpu/attention_part.h"

/* A tile of queries on its way through the keys; all [.][QUERY_TILE], a query in each lane. */
typedef struct QueryTile {
    size_t first, count; /* slots; lanes beyond count hold zeros */
    int vectors;         /* in use: 1 or 2 */
    float *q;            /* [head_dim], unscaled */
    float *h, *w;        /* [side]: terms of key row y' and key column x' */
    float *o;            /* [head_dim]: sum of values so far */
    float *max, *sum;    /* of the softmax so far */
} QueryTile;

/* Tables of POSITION_DECOMPOSED as panels. */
typedef struct Tables {
    float *h, *w;   /* packed */
    float *product; /* room for [2 side - 1][QUERY_TILE] */
    int side, dim;
} Tables;

#define tables_size KERNEL_NAME(tables_size)
size_t tables_size(int side, int dim); /* floats */

#define tables_pack KERNEL_NAME(tables_pack)
Tables tables_pack(float *room, const AttentionInputs *in, int side, int dim);

/* Fills tile->h and tile->w, [side][QUERY_TILE], from tile->q. */
#define tables_apply KERNEL_NAME(tables_apply)
void tables_apply(const Tables *t, const Part *p, const QueryTile *tile);

/* The padded keys of a window in closed form (exact: a padded key's score is one number for the
 * query, plus a term of its row, plus a term of its column).  All of QUERY_TILE lanes. */
typedef struct Pads {
    float max[TILE_COLS]; /* largest score */
    float sum[TILE_COLS]; /* sum of exp(score - max) */
} Pads;

/* False if nothing is padded.  pad_k is this head's. */
#define pads_sum KERNEL_NAME(pads_sum)
bool pads_sum(Pads *pads, const Part *p, const QueryTile *tile, const float *pad_k);

/* bias[key][lane] of POSITION_TABLE for keys first .. first + count - 1; `table` is this head's. */
#define table_bias KERNEL_NAME(table_bias)
void table_bias(float *bias, const Part *p, size_t query, const float *table, size_t first,
                size_t count);

/* ---- Back --------------------------------------------------------------------------------- */

/* What the backward pass carries for a tile, beside the tile itself. */
typedef struct TileBack {
    float *dq;               /* [head_dim][QUERY_TILE] */
    float *dh, *dw;          /* of the tile's h and w */
    float *dy;               /* [head_dim][QUERY_TILE] */
    float *q_rows, *dy_rows; /* [QUERY_TILE][dim_row], zero beyond head_dim */
    float *lse, *whole;      /* [QUERY_TILE]: ln of the softmax' denominator; dy.y */
} TileBack;

/* Gradients of the tables, [2 side - 1][dim_row]; NULL: frozen. */
typedef struct TablesBack {
    float *h, *w;
    float *product; /* room for [2 side - 1][QUERY_TILE] */
    size_t dim_row;
} TablesBack;

/* From back->dh and back->dw: adds to the tables' gradients, and to back->dq if not NULL. */
#define tables_back KERNEL_NAME(tables_back)
void tables_back(const TablesBack *d, const AttentionInputs *in, const Part *p,
                 const QueryTile *tile, const TileBack *back);

/* Adds the padded keys' share to dh, dw, dq and to pad_dk, pad_dv [head_dim]; pad_dk lacks the
 * factor `scale`. */
#define pads_back KERNEL_NAME(pads_back)
void pads_back(float *pad_dk, float *pad_dv, const Part *p, const QueryTile *tile,
               const TileBack *back, const float *pad_k, const float *pad_v);

/* table[.] += ds[key][lane] of its cell. */
#define table_back KERNEL_NAME(table_back)
void table_back(float *table, const Part *p, const QueryTile *tile, const float *ds, size_t first,
                size_t count);

#endif
