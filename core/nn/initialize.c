#include "core/nn/initialize.h"

#include <math.h>

void initialize_he(struct rng *rng, float *weights, size_t count, double fan_out) {
    double sd = sqrt(2 / fan_out);
    for (size_t i = 0; i < count; i++) {
        weights[i] = (float)(sd * rng_normal(rng));
    }
}

void initialize_uniform(struct rng *rng, float *weights, size_t count, double fan_in) {
    double bound = 1 / sqrt(fan_in);
    for (size_t i = 0; i < count; i++) {
        weights[i] = (float)(bound * (2 * rng_uniform(rng) - 1));
    }
}
