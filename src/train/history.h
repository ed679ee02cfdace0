/* history.h - what a run reported, in the forms that people look at.
 *
 * `history.jsonl` has one object a line; `history.csv` and a TensorBoard event file say the same,
 * and where there are experts `routing.csv` how many of the tokens each had: of all sets, of each,
 * and where sets state a modality of each modality.
 * A resumed run drops what was reported after the checkpoint that it goes on from. */
#ifndef TRAIN_HISTORY_H
#define TRAIN_HISTORY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

typedef struct HistoryRow {
    long step;
    double loss, dice, lr, norm; /* means since the row before */
    double seconds;              /* of the whole run so far */
    bool validated;
    double box, click1, click5, score; /* macro Dice of the validation part; score: their mean */
    bool routed;
    double entropy, importance_cv2, load_cv2; /* of the routers: routing_tally.h */
    double effective_experts;                 /* of all tokens */
    const double *usage; /* [1 + sets + modalities,experts] shares of all tokens, then of each
                            set's, then of each modality's; or NULL */
} HistoryRow;

/* Whom `usage` is about. */
typedef struct HistoryExperts {
    int experts;
    size_t sets;
    const char *const *set; /* names, the caller's */
    size_t modalities;      /* 0: no set states one */
    const char *const *modality;
    const int *modality_of; /* [sets]; -1: none */
} HistoryExperts;

typedef struct History {
    char *folder;
    HistoryExperts experts;
    HistoryRow *row; /* with usages of their own */
    size_t count, capacity;
} History;

/* Reads `folder`/history.jsonl up to and with `last_step`; none if there is no such file.
 * `experts`: NULL where there are none.  VOXPERT_BAD_INPUT names the line that is no row. */
MUST_CHECK Status history_open(History *h, const char *folder, const HistoryExperts *experts,
                               long last_step, Error *error);
void history_close(History *h); /* zeroed is fine */

/* Takes a copy. */
MUST_CHECK Status history_add(History *h, const HistoryRow *row, Error *error);

/* Writes all files anew, each at once or not at all. */
MUST_CHECK Status history_write(const History *h, Error *error);

/* curves.svg and curves.png by gnuplot; *drawn is false where there is none. */
MUST_CHECK Status history_draw(const History *h, bool *drawn, Error *error);

#endif
