#include "core/train/keep.h"

#include "core/base/mem.h"
#include "core/train/state.h"

static const enum slot slots[] = {SLOT_WEIGHTS, SLOT_STATE, SLOT_MOMENT1, SLOT_MOMENT2, SLOT_AVERAGE, SLOT_SCALING};
enum { BLOCKS = sizeof slots / sizeof slots[0] };

struct trainer_kept {
    const struct source *source; // to be recognized, not used
    float *blocks[BLOCKS];
    uint64_t steps, samples, epoch;
    size_t position, last_first, last_batch;
    bool last_loss_finite;
};

static size_t block_count(const struct trainer *trainer, int block) {
    if (trainer->device.bindings[PLAN_TRAIN].slots[slots[block]] == NULL) {
        return 0;
    }
    return slots[block] == SLOT_STATE     ? trainer->model->state_count
           : slots[block] == SLOT_SCALING ? SCALING_COUNT
                                          : trainer->model->weight_count;
}

void trainer_kept_free(struct trainer_kept *kept) {
    for (int i = 0; kept != NULL && i < BLOCKS; i++) {
        mem_free(kept->blocks[i]);
    }
    mem_free(kept);
}

static enum status read_blocks(struct trainer *trainer, struct trainer_kept *kept, struct error *error) {
    enum status status = STATUS_OK;
    for (int i = 0; !status && i < BLOCKS; i++) {
        size_t count = block_count(trainer, i);
        kept->blocks[i] = count > 0 ? mem_alloc(count, sizeof *kept->blocks[i]) : NULL;
        status = count > 0 && kept->blocks[i] == NULL
                     ? error_memory(error, "a copy of the weights", count * sizeof *kept->blocks[i])
                     : device_read(trainer, slots[i], count, kept->blocks[i], error);
    }
    return status;
}

enum status trainer_keep(struct trainer *trainer, struct trainer_kept **out, struct error *error) {
    struct trainer_kept *kept = mem_alloc(1, sizeof *kept);
    if (kept == NULL) {
        return error_memory(error, "a copy of the weights", sizeof *kept);
    }
    kept->source = trainer->source;
    kept->steps = trainer->steps;
    kept->samples = trainer->samples;
    kept->epoch = trainer->sampler.epoch;
    kept->position = trainer->sampler.position;
    kept->last_first = trainer->last_first;
    kept->last_batch = trainer->last_batch;
    kept->last_loss_finite = trainer->last_loss_finite;
    enum status status = read_blocks(trainer, kept, error);
    if (status) {
        trainer_kept_free(kept);
        return status;
    }
    *out = kept;
    return STATUS_OK;
}

enum status trainer_return(struct trainer *trainer, const struct trainer_kept *kept, struct error *error) {
    enum status status = STATUS_OK;
    if (kept->source != trainer->source) {
        return error_set(error, STATUS_STATE, "the run has other rows by now; it cannot go back to before them");
    }
    for (int i = 0; !status && i < BLOCKS; i++) {
        status = device_write(trainer, slots[i], block_count(trainer, i), kept->blocks[i], error);
    }
    trainer->steps = kept->steps;
    trainer->samples = kept->samples;
    trainer->last_first = kept->last_first;
    trainer->last_batch = kept->last_batch;
    trainer->last_loss_finite = kept->last_loss_finite;
    sampler_seek(&trainer->sampler, kept->epoch, kept->position);
    return status;
}

enum status trainer_read_model(struct trainer *trainer, float *weights, float *state, struct error *error) {
    enum slot slot = trainer->params.ema > 0 && !trainer->predicts_only ? SLOT_AVERAGE : SLOT_WEIGHTS;
    enum status status = device_read(trainer, slot, trainer->model->weight_count, weights, error);
    return status ? status : device_read(trainer, SLOT_STATE, trainer->model->state_count, state, error);
}

enum status trainer_write_model(struct trainer *trainer, const float *weights, const float *state,
                                struct error *error) {
    enum status status = trainer_set_weights(trainer, weights, error);
    return status ? status : device_write(trainer, SLOT_STATE, trainer->model->state_count, state, error);
}
