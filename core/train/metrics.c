#include "core/train/metrics.h"

#include <math.h>

void metrics_step(const double sums[METRIC_COUNT], const struct source *source, struct step_result *result) {
    double rows = (double)result->batch;
    bool classify = source->task == SOURCE_CLASSIFY;
    result->loss = sums[METRIC_LOSS] / sums[METRIC_ROWS];
    result->weight = sums[METRIC_ROWS];
    result->clip = sums[METRIC_CLIP];
    result->accuracy = classify ? sums[METRIC_CORRECT] / rows : NAN;
    result->rmse = classify ? NAN : sqrt(sums[METRIC_SQUARED_ERROR] / rows) * source->target_sd;
    result->gradient_norm = sqrt(sums[METRIC_GRADIENT_SQ]);
    result->update_norm = sqrt(sums[METRIC_UPDATE_SQ]);
    result->weight_norm = sqrt(sums[METRIC_WEIGHT_SQ]);
    result->scale = sums[METRIC_SCALE];
    result->skipped = sums[METRIC_SKIPPED] > 0;
    result->finite = isfinite(result->loss) &&
                     (result->skipped || (isfinite(result->gradient_norm) && isfinite(result->weight_norm)));
}

void metrics_add(struct metrics *metrics, const double sums[METRIC_COUNT], const struct source *source,
                 const uint32_t *rows, size_t count, const float *predictions) {
    metrics->rows += count;
    metrics->loss += sums[METRIC_LOSS];
    metrics->weight += sums[METRIC_ROWS];
    metrics->correct += sums[METRIC_CORRECT];
    metrics->squared += sums[METRIC_SQUARED_ERROR];
    for (size_t i = 0; predictions != NULL && i < count; i++) {
        metrics->absolute += fabs((double)predictions[i] - (double)source->targets[rows[i]]);
    }
}

// Σ (target − mean)², standardized units.
static double spread(const struct source *source, const uint32_t *rows, size_t count) {
    double sum = 0, squares = 0;
    for (size_t i = 0; i < count; i++) {
        sum += (double)source->targets[rows[i]];
    }
    double mean = sum / (double)count;
    for (size_t i = 0; i < count; i++) {
        double difference = (double)source->targets[rows[i]] - mean;
        squares += difference * difference;
    }
    return squares;
}

static double r_squared(const struct metrics *metrics, double total) {
    if (metrics->rows < 2) {
        return NAN;
    }
    if (total == 0) {
        return metrics->squared == 0 ? 1 : 0;
    }
    return 1 - metrics->squared / total;
}

void metrics_finish(const struct metrics *metrics, const struct source *source, const uint32_t *rows,
                    struct evaluation *evaluation) {
    double count = (double)metrics->rows;
    *evaluation =
        (struct evaluation){.rows = metrics->rows, .loss = NAN, .accuracy = NAN, .rmse = NAN, .mae = NAN, .r2 = NAN};
    if (metrics->rows == 0) {
        return;
    }
    evaluation->loss = metrics->loss / metrics->weight;
    if (source->task == SOURCE_CLASSIFY) {
        evaluation->accuracy = metrics->correct / count;
        return;
    }
    evaluation->rmse = sqrt(metrics->squared / count) * source->target_sd;
    evaluation->mae = metrics->absolute / count * source->target_sd;
    evaluation->r2 = r_squared(metrics, spread(source, rows, metrics->rows));
}
