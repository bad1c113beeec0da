#include "core/train/metrics_numbers.h"

#include <math.h>
#include <stdbool.h>

#define LARGEST 1e140

enum status number_metrics_add(struct number_metrics *metrics, const double *truth, const double *predicted,
                               size_t count, struct error *error) {
    for (size_t i = 0; i < count; i++)
        if (!(fabs(predicted[i]) <= LARGEST) || fabs(truth[i]) > LARGEST)
            return error_set(error, STATUS_NUMERIC,
                             "the model predicts %g where the value is %g: figures need finite numbers up to %g",
                             predicted[i], truth[i], LARGEST);
    for (size_t i = 0; i < count; i++) {
        if (isnan(truth[i])) {
            metrics->unknown++;
            continue;
        }
        double wrong = predicted[i] - truth[i];
        metrics->least = metrics->rows == 0 ? truth[i] : fmin(metrics->least, truth[i]);
        metrics->most = metrics->rows == 0 ? truth[i] : fmax(metrics->most, truth[i]);
        metrics->rows++;
        exact_add(&metrics->error, wrong);
        exact_add(&metrics->absolute, fabs(wrong));
        exact_add_square(&metrics->squared, wrong);
        exact_add(&metrics->truth, truth[i]);
        exact_add_square(&metrics->truth_squared, truth[i]);
    }
    return STATUS_OK;
}

void number_metrics_merge(struct number_metrics *metrics, const struct number_metrics *other) {
    if (other->rows > 0) {
        metrics->least = metrics->rows == 0 ? other->least : fmin(metrics->least, other->least);
        metrics->most = metrics->rows == 0 ? other->most : fmax(metrics->most, other->most);
    }
    metrics->rows += other->rows;
    metrics->unknown += other->unknown;
    exact_merge(&metrics->error, &other->error);
    exact_merge(&metrics->absolute, &other->absolute);
    exact_merge(&metrics->squared, &other->squared);
    exact_merge(&metrics->truth, &other->truth);
    exact_merge(&metrics->truth_squared, &other->truth_squared);
}

// Σ(y − ȳ)² = Σy² − (Σy)²/n: the sums have 106 bits, so what the difference cancels is there to be lost.
static double spread(const struct number_metrics *metrics) {
    double square, square_low, sum, sum_low, n = (double)metrics->rows;
    exact_value2(&metrics->truth_squared, &square, &square_low);
    exact_value2(&metrics->truth, &sum, &sum_low);
    struct exact_sum rest = {0}; // n·Σy² − (Σy)², every product with what it rounds off
    const double factors[][2] = {{n, square}, {n, square_low}, {-sum, sum}, {-2 * sum, sum_low}, {-sum_low, sum_low}};
    for (size_t i = 0; i < sizeof factors / sizeof factors[0]; i++) {
        double product = factors[i][0] * factors[i][1];
        exact_add(&rest, product);
        exact_add(&rest, fma(factors[i][0], factors[i][1], -product));
    }
    return exact_value(&rest) / n;
}

struct number_figures number_metrics_figures(const struct number_metrics *metrics) {
    struct number_figures figures = {metrics->rows, metrics->unknown, NAN, NAN, NAN, NAN};
    double n = (double)metrics->rows, squared = exact_value(&metrics->squared);
    if (metrics->rows == 0)
        return figures;
    figures.rmse = sqrt(squared / n);
    figures.mae = exact_value(&metrics->absolute) / n;
    figures.bias = exact_value(&metrics->error) / n;
    bool constant = metrics->least >= metrics->most;
    if (metrics->rows >= 2)
        figures.r2 = constant ? (double)(squared <= 0) : 1 - squared / spread(metrics);
    return figures;
}
