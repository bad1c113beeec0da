#include "core/lab/noise_scale.h"

#include <math.h>

#include "core/lab/interval.h"

double noise_trace(const struct noise_sample *sample) {
    return (sample->part_sq - sample->batch_sq) / (1 / (double)sample->part - 1 / (double)sample->batch);
}

double noise_gradient_sq(const struct noise_sample *sample) {
    double batch = (double)sample->batch, part = (double)sample->part;
    double finite = sample->population > 0 ? noise_trace(sample) / (double)sample->population : 0;
    return (batch * sample->batch_sq - part * sample->part_sq) / (batch - part) + finite;
}

double noise_diversity(const struct noise_sample *sample) {
    return sample->part_sq / sample->batch_sq * (double)sample->part / (double)sample->batch;
}

void noise_add(struct noise_average *average, const struct noise_sample *sample, double decay) {
    double trace = noise_trace(sample), gradient = noise_gradient_sq(sample);
    if (!isfinite(trace) || !isfinite(gradient)) {
        return;
    }
    average->count += 1;
    average->weight = decay * average->weight + 1;
    average->weight_sq = decay * decay * average->weight_sq + 1;
    average->trace = decay * average->trace + trace;
    average->gradient = decay * average->gradient + gradient;
    average->trace_sq = decay * average->trace_sq + trace * trace;
    average->gradient_sq = decay * average->gradient_sq + gradient * gradient;
    average->product = decay * average->product + trace * gradient;
    average->parts = decay * average->parts + noise_diversity(sample);
}

// ---- the interval -----------------------------------------------------------------------------------

static double covariance(double products, double mean_a, double mean_b, double count) {
    return (products - mean_a * mean_b) / (count - 1); // of the means: /count, and ·count/(count − 1)
}

struct noise_estimate noise_means(const struct noise_average *average) {
    double weight = average->weight;
    struct noise_estimate means = {.trace = average->trace / weight,
                                   .gradient_sq = average->gradient / weight,
                                   .diversity = average->parts / weight,
                                   .low = NAN,
                                   .high = INFINITY};
    means.noise_scale = means.gradient_sq > 0 ? means.trace / means.gradient_sq : (double)NAN;
    return means;
}

struct noise_estimate noise_estimate(const struct noise_average *average) {
    struct noise_estimate estimate = noise_means(average);
    if (average->count < 3) {
        return estimate;
    }
    double weight = average->weight, count = weight * weight / average->weight_sq;
    struct ratio ratio = {.top = estimate.trace, .bottom = estimate.gradient_sq};
    ratio.top_top = covariance(average->trace_sq / weight, ratio.top, ratio.top, count);
    ratio.top_bottom = covariance(average->product / weight, ratio.top, ratio.bottom, count);
    ratio.bottom_bottom = covariance(average->gradient_sq / weight, ratio.bottom, ratio.bottom, count);
    ratio_interval(&ratio, student_quantile(0.995, count - 1), &estimate.low, &estimate.high);
    estimate.resolved = isfinite(estimate.high);
    return estimate;
}

// ---- what it means ----------------------------------------------------------------------------------

double noise_share_left(double noise_scale, double batch) {
    return noise_scale / (noise_scale + batch);
}

double noise_steps(double noise_scale, double batch, double other) {
    return (1 + noise_scale / other) / (1 + noise_scale / batch);
}

double noise_samples(double noise_scale, double batch, double other) {
    return noise_steps(noise_scale, batch, other) * other / batch;
}
