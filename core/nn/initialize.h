// Starting weights. PyTorch's default for dense and convolution layers, Kaiming uniform with a = √5,
// comes down to one uniform range for weights and bias alike.
#ifndef CORE_NN_INITIALIZE_H
#define CORE_NN_INITIALIZE_H

#include <stddef.h>

#include "core/base/rng.h"

// count draws, uniform in ±1/√fan_in.
void initialize_uniform(struct rng *rng, float *weights, size_t count, double fan_in);

// count draws, normal with variance 2/fan_out (He et al. 2015, for ReLUs, by what comes out).
void initialize_he(struct rng *rng, float *weights, size_t count, double fan_out);

#endif
