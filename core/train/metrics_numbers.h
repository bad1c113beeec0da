// Figures of predicted numbers over many rows, in the unit of what is predicted. Sums are exact (metrics_sum.h), so
// neither the order of rows nor how they were grouped shows in the last bit.
//   RMSE = √(mean (ŷ − y)²)    MAE = mean |ŷ − y|    bias = mean (ŷ − y)
//   R²   = 1 − Σ(ŷ − y)²/Σ(y − ȳ)²; constant y: 1 for a perfect fit, else 0; NaN below two rows (scikit-learn's
//   r2_score)
#ifndef CORE_TRAIN_METRICS_NUMBERS_H
#define CORE_TRAIN_METRICS_NUMBERS_H

#include "core/base/status.h"
#include "core/train/metrics_sum.h"

#include <stddef.h>

struct number_metrics { // {0} to begin
    size_t rows;
    uint64_t unknown;   // rows without a true value: in no figure
    double least, most; // true values
    struct exact_sum error, absolute, squared, truth, truth_squared;
};

struct number_figures {
    size_t rows;
    uint64_t unknown;
    double rmse, mae, r2, bias;
};

// truth NaN where the value is not known. A prediction that is not finite, or numbers beyond 1e140, are
// STATUS_NUMERIC, and nothing of the batch counts.
enum status number_metrics_add(struct number_metrics *metrics, const double *truth, const double *predicted,
                               size_t count, struct error *error);
void number_metrics_merge(struct number_metrics *metrics, const struct number_metrics *other);
struct number_figures number_metrics_figures(const struct number_metrics *metrics); // NaN without rows

#endif
