// Which rows come next. An epoch is one permutation of the training rows, keyed by (seed, epoch)
// alone; a step takes the next rows of it, however many. So every row is visited exactly once per
// epoch whatever happens to the batch size midway, and (epoch, position) is the whole state.
// The sampler owns its order and borrows the row numbers. One thread.
#ifndef CORE_TRAIN_SAMPLER_H
#define CORE_TRAIN_SAMPLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"

struct sampler {
    const uint32_t *rows; // borrowed
    size_t count;
    uint64_t seed, epoch;
    size_t position; // rows of this epoch that are done
    uint32_t *order; // [count]; holds the permutation of `ordered_epoch`
    uint64_t ordered_epoch;
};

enum status sampler_open(struct sampler *sampler, const uint32_t *rows, size_t count, uint64_t seed,
                         struct error *error);
void sampler_close(struct sampler *sampler); // safe on {0}
// The permutation of the present epoch, [count]; true in *fresh when this call made it. No allocation.
const uint32_t *sampler_order(struct sampler *sampler, bool *fresh);
// Rows of the next step: `batch`, or what is left of the epoch.
size_t sampler_next(const struct sampler *sampler, size_t batch);
// `taken` rows are done. True when that ended the epoch. With drop_last, fewer than `batch` rows left
// end it too; a rest that is short only because the batch grew meanwhile is still visited.
bool sampler_advance(struct sampler *sampler, size_t taken, size_t batch, bool drop_last);
void sampler_seek(struct sampler *sampler, uint64_t epoch, size_t position);
double sampler_epochs(const struct sampler *sampler); // done, fractional
// Steps from here to the end of epoch number `epochs`.
uint64_t sampler_steps_left(const struct sampler *sampler, uint64_t epochs, size_t batch, bool drop_last);

#endif
