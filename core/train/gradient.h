// Gradients of chosen rows at the present weights, for looking at: no weight, moment, running figure, counter or
// generator of the run changes, so that a run with such looks gives the bits of one without.
// What is taken is the gradient of the mean loss before clipping and weight decay, with this epoch's changes of
// pictures and, where there is dropout, a mask of the present step. With g_i the gradient of row i alone, the gradient
// of rows R is Σ g_i / |R|; where classes have weights, g_i holds weight_i / (the mean weight of the training rows), so
// that the mean of all g_i is the gradient of the weighted mean loss, and means over rows drawn at random are unbiased.
// A model with batch normalization sees these rows as a batch of their own: then there is no gradient of one row.
// From the trainer's thread, between two steps.
#ifndef CORE_TRAIN_GRADIENT_H
#define CORE_TRAIN_GRADIENT_H

#include "core/train/trainer.h"

struct gradient_figures {
    double square; // |G|²
    double loss;   // mean over these rows
};

// rows[count]: numbers of the source. `sum`: [weight_count], the gradient is added to it; NULL: not wanted.
// Models without batch normalization take many rows in pieces; the others all at once.
enum status trainer_gradient(struct trainer *trainer, const uint32_t *rows, size_t count, double *sum,
                             struct gradient_figures *figures, struct error *error);
// Makes ready what gradients of `count` rows need, so that the first one takes no longer than the others.
enum status trainer_gradient_ready(struct trainer *trainer, size_t count, struct error *error);
// Rows that a gradient needs at least: 2 where there is batch normalization.
size_t trainer_gradient_least(const struct trainer *trainer);
// Training rows, ascending.
const uint32_t *trainer_rows(const struct trainer *trainer, size_t *count);

#endif
