// The trade-off between steps and samples: (S/Smin - 1)(E/Emin - 1) = 1 with E = B·S, that is the straight line
// E = Emin + Smin·B over batch sizes (McCandlish et al. 2018, "An Empirical Model of Large-Batch Training"). Smin is
// the least number of steps at any batch size, Emin the least number of samples; Emin/Smin is the critical batch size.
// Plain arithmetic on the caller's arrays; nothing is kept. Any thread.
#ifndef CORE_LAB_TRADEOFF_H
#define CORE_LAB_TRADEOFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"

struct tradeoff_point { // one run that reached the target
    double batch, samples;
};

struct tradeoff {
    double e_min, s_min;   // samples; steps
    double critical_batch; // e_min / s_min; NaN where s_min <= 0 or e_min < 0: `resolved` is false
    double low, high;      // 95 % interval of it; NaN where there is none (too few points), high may be infinite
    const char *method;    // of the interval: "bootstrap", "fieller" or "none"
    bool resolved;
};

// Weighted least squares, each point by 1/samples²: errors count in proportion, for samples span orders of magnitude.
// The interval: where every batch size has several runs, by drawing each one's runs anew with replacement (2000 times,
// percentiles 2.5 and 97.5; draws whose Smin is not positive count as infinite, with a negative Emin as 0); else by
// Fieller's theorem for the ratio of the two coefficients with n - 2 degrees of freedom (n > 2). Points of one batch size need
// not stand together. STATUS_INVALID with fewer than two batch sizes.
enum status tradeoff_fit(const struct tradeoff_point *points, size_t count, uint64_t seed, struct tradeoff *fit,
                         struct error *error);

// The line alone: e_min and s_min with their covariance (of the weighted residuals; NaN with two points).
struct tradeoff_line {
    double e_min, s_min, e_variance, s_variance, covariance;
};
// False where the points have fewer than two batch sizes.
bool tradeoff_line_fit(const struct tradeoff_point *points, size_t count, struct tradeoff_line *line);

// Seconds to the target at batch size B whose step takes `step` seconds: (Smin + Emin/B)·step.
double tradeoff_seconds(const struct tradeoff *fit, double batch, double step);

#endif
