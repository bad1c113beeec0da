#include "core/nn/initialize.h"

#include <math.h>

void initialize_uniform(struct rng *rng, float *weights, size_t count, double fan_in) {
    double bound = 1 / sqrt(fan_in);
    for (size_t i = 0; i < count; i++) {
        weights[i] = (float)(bound * (2 * rng_uniform(rng) - 1));
    }
}
