// Filters that whiten patches of the training pictures: of their covariance (means not taken away) the
// eigenvectors, divided by √(λ + 5e-4), largest first, then the same with the other sign — as in
// Jordan, "94% on CIFAR-10 in 3.29 seconds" (2024).
#ifndef CORE_TRAIN_WHITEN_H
#define CORE_TRAIN_WHITEN_H

#include "core/nn/model.h"
#include "core/train/source.h"

// Sets what the model's layers of START_WHITEN have in `state`; nothing where there are none. Looks at
// the first 5000 training rows. A layer has twice as many filters as a patch has numbers; others start at 0.
enum status whiten_start(const struct model *model, const struct source *source, float *state, struct error *error);

// Eigenvalues, largest first, and orthonormal eigenvectors (row i belongs to value i) of a symmetric
// matrix [size][size], which is used up. By Jacobi's rotations.
void eigen_symmetric(int size, double *matrix, double *values, double *vectors);

#endif
