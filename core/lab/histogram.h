// How the weights of a layer and their gradients spread, in bins that histograms of different times share. Plain values.
// Weights: bin i of 64 holds reach·(i/32 − 1) ≤ w < reach·((i + 1)/32 − 1). `reach` is a power of 2 above every |w|, so
// that a histogram folds into one of more reach without any loss of place: two bins become one.
// Gradients by their size, a bin for every factor of 2: bin i of 40 holds 2^(i − 34) ≤ |g| < 2^(i − 33); what is smaller
// but not 0 is in the first, what is larger in the last.
#ifndef CORE_LAB_HISTOGRAM_H
#define CORE_LAB_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

enum { WEIGHT_BINS = 64, GRADIENT_BINS = 40, GRADIENT_LOWEST = -34 };

struct layer_histogram {
    double reach;
    uint32_t weights[WEIGHT_BINS], gradients[GRADIENT_BINS];
    uint32_t zeros;                       // gradients of 0: units that nothing passes through
    uint32_t bad_weights, bad_gradients;  // not finite
};

// Of `count` weights and as many gradients.
struct layer_histogram histogram_make(const float *weights, const double *gradients, size_t count);
// Its weights, folded into bins up to `reach`, a power of 2 not below its own.
void histogram_fold(const struct layer_histogram *histogram, double reach, double counts[WEIGHT_BINS]);

#endif
