#include "core/train/sampler.h"

#include <assert.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/rng.h"

enum status sampler_open(struct sampler *sampler, const uint32_t *rows, size_t count, uint64_t seed,
                         struct error *error) {
    assert(count > 0);
    *sampler = (struct sampler){.rows = rows, .count = count, .seed = seed, .ordered_epoch = UINT64_MAX};
    sampler->order = mem_alloc(count, sizeof *sampler->order);
    if (sampler->order == NULL) {
        return error_memory(error, "the order of the training rows", count * sizeof *sampler->order);
    }
    return STATUS_OK;
}

void sampler_close(struct sampler *sampler) {
    mem_free(sampler->order);
    *sampler = (struct sampler){0};
}

const uint32_t *sampler_order(struct sampler *sampler, bool *fresh) {
    *fresh = sampler->ordered_epoch != sampler->epoch;
    if (*fresh) {
        struct rng rng = rng_make(sampler->seed, RNG_SHUFFLE, sampler->epoch);
        memcpy(sampler->order, sampler->rows, sampler->count * sizeof *sampler->order);
        rng_shuffle(&rng, sampler->order, sampler->count);
        sampler->ordered_epoch = sampler->epoch;
    }
    return sampler->order;
}

size_t sampler_next(const struct sampler *sampler, size_t batch) {
    size_t left = sampler->count - sampler->position;
    return batch < left ? batch : left;
}

bool sampler_advance(struct sampler *sampler, size_t taken, size_t batch, bool drop_last) {
    assert(taken <= sampler->count - sampler->position);
    sampler->position += taken;
    size_t left = sampler->count - sampler->position;
    bool ended = left == 0 || (drop_last && left < batch);
    if (ended) {
        sampler->epoch++;
        sampler->position = 0;
    }
    return ended;
}

void sampler_seek(struct sampler *sampler, uint64_t epoch, size_t position) {
    assert(position < sampler->count);
    sampler->epoch = epoch;
    sampler->position = position;
}

double sampler_epochs(const struct sampler *sampler) {
    return (double)sampler->epoch + (double)sampler->position / (double)sampler->count;
}

// A rest shorter than a batch is one step when it stands alone (the batch has grown) or is kept.
static uint64_t steps_of(size_t rows, size_t batch, bool drop_last) {
    size_t full = rows / batch, rest = rows % batch;
    return full + (rest > 0 && (full == 0 || !drop_last) ? 1 : 0);
}

uint64_t sampler_steps_left(const struct sampler *sampler, uint64_t epochs, size_t batch, bool drop_last) {
    if (sampler->epoch >= epochs) {
        return 0;
    }
    return steps_of(sampler->count - sampler->position, batch, drop_last) +
           (epochs - sampler->epoch - 1) * steps_of(sampler->count, batch, drop_last);
}
