// From sums over rows to figures. Sums are kept in double and divided last, so that figures of an
// epoch or a part are means over rows, not over batches.
#ifndef CORE_TRAIN_METRICS_H
#define CORE_TRAIN_METRICS_H

#include "core/train/trainer.h"

// loss, accuracy, rmse, the norms and `finite` of a result whose `batch` is set.
void metrics_step(const double sums[METRIC_COUNT], const struct source *source, struct step_result *result);

struct metrics { // of an evaluation; {0} to begin
    size_t rows;
    double loss, weight, correct, squared, absolute; // sums; errors in standardized units
};

// Adds one batch. predictions: [count] for regression, NULL for classification; rows: its row numbers.
void metrics_add(struct metrics *metrics, const double sums[METRIC_COUNT], const struct source *source,
                 const uint32_t *rows, size_t count, const float *predictions);
// Figures over the rows added, which are `rows` of the source. R² as scikit-learn's r2_score: with
// constant targets 1 for a perfect fit and 0 otherwise; NaN below two rows. No rows: NaN figures.
void metrics_finish(const struct metrics *metrics, const struct source *source, const uint32_t *rows,
                    struct evaluation *evaluation);

#endif
