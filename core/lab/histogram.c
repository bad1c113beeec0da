#include "core/lab/histogram.h"

#include <math.h>
#include <string.h>

static double reach_of(const float *weights, size_t count) {
    float most = 0;
    int exponent;
    for (size_t i = 0; i < count; i++) {
        float size = fabsf(weights[i]);
        most = isfinite(size) && size > most ? size : most;
    }
    frexp((double)most, &exponent); // most = f·2^exponent, f from 0.5 to below 1
    return most > 0 ? ldexp(1, exponent) : 1;
}

static void count_weights(struct layer_histogram *histogram, const float *weights, size_t count) {
    double scale = WEIGHT_BINS / 2 / histogram->reach;
    for (size_t i = 0; i < count; i++) {
        if (isfinite(weights[i])) {
            histogram->weights[(int)floor((double)weights[i] * scale) + WEIGHT_BINS / 2]++;
        } else {
            histogram->bad_weights++;
        }
    }
}

// The exponent of a number as floats have it: far cheaper than a logarithm.
static void count_gradients(struct layer_histogram *histogram, const double *gradients, size_t count) {
    for (size_t i = 0; i < count; i++) {
        float value = (float)gradients[i];
        uint32_t bits;
        memcpy(&bits, &value, sizeof bits);
        int exponent = (int)(bits >> 23 & 0xff) - 127, bin = exponent - GRADIENT_LOWEST;
        if (value == 0) {
            histogram->zeros++;
        } else if (!isfinite(value)) {
            histogram->bad_gradients++;
        } else {
            histogram->gradients[bin < 0 ? 0 : bin < GRADIENT_BINS ? bin : GRADIENT_BINS - 1]++;
        }
    }
}

struct layer_histogram histogram_make(const float *weights, const double *gradients, size_t count) {
    struct layer_histogram histogram = {.reach = reach_of(weights, count)};
    count_weights(&histogram, weights, count);
    count_gradients(&histogram, gradients, count);
    return histogram;
}

void histogram_fold(const struct layer_histogram *histogram, double reach, double counts[WEIGHT_BINS]) {
    double factor = histogram->reach / reach;
    memset(counts, 0, WEIGHT_BINS * sizeof *counts);
    for (int i = 0; i < WEIGHT_BINS; i++) {
        counts[WEIGHT_BINS / 2 + (int)floor((i - WEIGHT_BINS / 2) * factor)] += histogram->weights[i];
    }
}
