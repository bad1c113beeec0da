// What the weights of a run are like where it has come to: how sharp the minimum is, how far from the start, and the
// loss on the way from one run to another. From the trainer's thread; afterwards the trainer is as it was.
#ifndef CORE_LAB_PROBE_H
#define CORE_LAB_PROBE_H

#include "core/base/task.h"
#include "core/train/keep.h"

// Keskar et al. 2016: 100·(max f − f)/(1 + f), f the mean loss over `rows`, the maximum over the box
// |δ_i| ≤ epsilon·(|w_i| + 1). It is climbed by steps towards the corner that the gradient points to (Frank and Wolfe),
// each taken only where f grows: from the weights, and from corners drawn by the run's seed, since at a minimum the
// gradient says little. What is found is a lower end of the maximum. f is what is trained on: with changes of pictures,
// and with batch norm by batches of the run's size, each a batch of its own.
struct sharpness {
    double loss, largest, sharpness;
    int steps; // that were taken, all climbs together
};
enum { SHARPNESS_STEPS = 20, SHARPNESS_CLIMBS = 5 };
#define SHARPNESS_EPSILON 1e-3
enum status probe_sharpness(struct trainer *trainer, const uint32_t *rows, size_t count, double epsilon,
                            struct sharpness *found, struct task *task, struct error *error);
// Of `most` training rows, drawn by the run's seed; of all where there are no more. *count: how many it was.
enum { SHARPNESS_ROWS = 2048 };
enum status probe_sharpness_of_rows(struct trainer *trainer, size_t most, struct sharpness *found, size_t *count,
                                    struct task *task, struct error *error);

// |w − w₀| from the weights the run's seed starts with (Hoffer et al. 2017: it grows with the logarithm of the steps).
struct distance {
    double moved, norm, start; // |w − w₀|, |w|, |w₀|
};
enum status probe_distance(struct trainer *trainer, struct distance *found, struct error *error);

// The models of `trainer` and `other` mixed, `share` of the other: weights that predict and running figures alike.
// train, validation: [points] evaluations at `points` ≥ 2 even shares from 0 to 1.
// Refused with a sentence where the two have other layers.
enum status probe_line(struct trainer *trainer, struct trainer *other, size_t points, struct evaluation *train,
                       struct evaluation *validation, struct task *task, struct error *error);

#endif
