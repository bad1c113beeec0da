// Takes noise samples of a trainer: rows drawn at random, their gradients in parts. The rows of sample number i
// depend on (seed, i) alone; the run itself is not touched (gradient.h). Owns its arrays; borrows the trainer for the
// length of a call. The trainer's thread.
#ifndef CORE_LAB_NOISE_METER_H
#define CORE_LAB_NOISE_METER_H

#include "core/base/task.h"
#include "core/lab/noise_scale.h"
#include "core/train/gradient.h"

struct noise_meter {
    uint64_t seed;
    uint32_t *order;  // [count] the training rows, in their order between two samples
    uint32_t *places; // [place_capacity] where the rows of a batch were taken from
    size_t place_capacity;
    const uint32_t *rows;
    size_t count;
    double *sum; // [weights] the gradient of a batch (of a sample: the sum over its parts)
    size_t weights;
};

void noise_meter_close(struct noise_meter *meter); // safe on {0}
// Can batches of `batch` rows in parts of `part` be measured with this model and these rows? If not, a sentence.
enum status noise_check(const struct trainer *trainer, size_t batch, size_t part, struct error *error);
// Batch and part for measuring along with a run: about the run's own batch in 8 parts. False: too few rows.
bool noise_choose(const struct trainer *trainer, size_t *batch, size_t *part);
// Sample number `index`. An all-zero meter with a seed is ready; it makes its arrays at the first sample.
enum status noise_measure(struct noise_meter *meter, struct trainer *trainer, uint64_t index, size_t batch, size_t part,
                          struct noise_sample *sample, struct error *error);

// The gradient of the mean loss of `rows` rows, drawn at random by (seed, index) too: in meter->sum.
enum status noise_gradient(struct noise_meter *meter, struct trainer *trainer, uint64_t index, size_t rows,
                           struct error *error);

struct noise_exact {                        // of all training rows
    double trace, gradient_sq, noise_scale; // noise_scale.h; infinite where the gradient is 0
    double loss;
};
// From every training row's own gradient: as many forward and backward passes. Refused with batch normalization.
enum status noise_exact(struct noise_meter *meter, struct trainer *trainer, struct noise_exact *exact,
                        struct task *task, struct error *error);

#endif
