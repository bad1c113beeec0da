// Figures of how well scores rank rows: one class against the rest. Rows with the same score are one threshold, as
// in scikit-learn (roc_auc_score, average_precision_score), so the order of rows cannot show. One thread.
#ifndef CORE_TRAIN_METRICS_RANKED_H
#define CORE_TRAIN_METRICS_RANKED_H

#include "core/base/status.h"

#include <stddef.h>
#include <stdint.h>

struct ranked_score { // rows from one threshold down to and including it, highest score first
    float score;
    uint64_t positives, negatives; // rows with this score or a higher one
};

struct ranking {
    struct ranked_score *items; // one per distinct score
    size_t count, capacity;
    uint64_t positives, negatives; // of all rows
    uint64_t *keys, *other;        // scratch
    size_t key_capacity;
};

// Ranks rows 0 … count-1: scores[i · stride], finite; a row is positive where labels[i] == positive. What the
// ranking held is replaced; its room is used again. {0} is an empty one.
enum status ranking_make(struct ranking *ranking, const float *scores, size_t stride, const int32_t *labels,
                         size_t count, int32_t positive, struct error *error);
void ranking_free(struct ranking *ranking);
// The share of pairs of a positive and a negative row that stand in the right order, ties counting half; exact but
// for the last division. NaN without rows of both kinds.
double ranking_auc(const struct ranking *ranking);
// Σ (R_i − R_{i−1}) · P_i over thresholds from the highest: recall R, precision P. NaN without positive rows.
double ranking_average_precision(const struct ranking *ranking);

#endif
