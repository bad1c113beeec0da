#include "core/train/trainer.h"

#include <math.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/train/memory.h"
#include "core/train/metrics.h"
#include "core/train/state.h"
#include "core/train/whiten.h"

// ---- opening and closing -------------------------------------------------------------------------

void trainer_close(struct trainer *trainer) {
    if (trainer == NULL) {
        return;
    }
    plans_close(trainer);
    gradient_close(trainer);
    device_close(trainer);
    sampler_close(&trainer->sampler);
    model_free(trainer->model);
    mem_free(trainer->changes);
    mem_free(trainer->class_weights);
    source_release(trainer->source);
    mem_free(trainer);
}

static enum status open_parts(struct trainer *trainer, struct error *error) {
    const struct source *source = trainer->source;
    enum status status = loss_choose(trainer->params.loss, source->task, &trainer->loss, error);
    if (!status) { // also for a checkpoint that nobody has checked
        status = loss_fits(trainer->loss, source, error);
    }
    if (!status) {
        status = optimizer_choose(trainer->params.optimizer, &trainer->optimizer, error);
    }
    if (!status) {
        status = model_make(&trainer->params, trainer_model_data(&trainer->params, source), &trainer->model, error);
    }
    if (!status && loss_weighted(&trainer->params, source)) {
        trainer->class_weights = mem_alloc(source->classes, sizeof *trainer->class_weights);
        status = trainer->class_weights == NULL
                     ? error_memory(error, "weights of classes", source->classes * sizeof *trainer->class_weights)
                     : loss_class_weights(&trainer->params, source, trainer->class_weights, error);
    }
    if (!status) {
        status = device_open(trainer, error);
    }
    return status;
}

static enum status open_training(struct trainer *trainer, struct error *error) {
    const struct source *source = trainer->source;
    enum status status = device_open_data(trainer, error);
    if (!status) {
        status = sampler_open(&trainer->sampler, source->part_rows[PART_TRAIN], source->part_count[PART_TRAIN],
                              (uint64_t)trainer->params.seed, error);
    }
    if (!status) {
        status =
            plans_ready(trainer, &trainer->sampler, (size_t)trainer->params.batch, trainer->params.drop_last, error);
    }
    return status;
}

enum status trainer_create(struct trainer **trainer, const struct train_params *params, struct source *source,
                           struct backend *backend, bool predicts_only, struct error *error) {
    struct trainer *made = mem_alloc(1, sizeof *made);
    if (made == NULL) {
        return error_memory(error, "a trainer", sizeof *made);
    }
    made->params = *params;
    made->source = source_share(source);
    made->backend = backend;
    made->predicts_only = predicts_only;
    made->rate_factor = 1;
    enum status status = open_parts(made, error);
    if (!status && !predicts_only) {
        status = open_training(made, error);
    }
    if (status) {
        trainer_close(made);
        return status;
    }
    *trainer = made;
    return STATUS_OK;
}

static enum status initialize(struct trainer *trainer, struct error *error) {
    const struct model *model = trainer->model;
    size_t count = model->weight_count + model->state_count;
    float *values = mem_alloc(count, sizeof *values);
    if (values == NULL) {
        return error_memory(error, "starting weights", count * sizeof *values);
    }
    float *state = values + model->weight_count;
    model_initialize(model, (uint64_t)trainer->params.seed, values, state);
    enum status status = whiten_start(model, trainer->source, state, error);
    if (!status) {
        status = trainer_set_weights(trainer, values, error);
    }
    if (!status) {
        status = device_write(trainer, SLOT_STATE, model->state_count, state, error);
    }
    mem_free(values);
    return status;
}

enum status trainer_backend(const struct train_params *params, struct backend **backend, struct error *error) {
    struct backend_options options = {.threads = (int)params->threads};
    enum status status = precision_parse(params->precision, &options.precision, error);
    return status ? status : backend_open(params->device, &options, backend, error);
}

enum status trainer_open(struct trainer **trainer, const struct train_params *params, struct source *source,
                         struct backend *backend, struct error *error) {
    struct trainer *made = NULL;
    enum status status = trainer_check(params, source, error);
    if (!status) {
        status = train_memory_check(params, source, backend, 0, error);
    }
    if (!status) {
        status = trainer_create(&made, params, source, backend, false, error);
    }
    if (!status) {
        status = initialize(made, error);
    }
    if (status) {
        trainer_close(made);
        return status;
    }
    *trainer = made;
    return STATUS_OK;
}

// ---- around steps ---------------------------------------------------------------------------------

enum status trainer_wait(struct trainer *trainer, double seconds, bool *ready, struct error *error) {
    struct feed *feed = trainer->device.stage.feed;
    *ready = true;
    if (feed == NULL || trainer_finished(trainer)) {
        return STATUS_OK;
    }
    size_t batch = sampler_next(&trainer->sampler, (size_t)trainer->params.batch);
    return stage_has(trainer, batch) ? STATUS_OK : feed_wait(feed, stage_place(trainer), batch, seconds, ready, error);
}

bool trainer_reads_ahead(const struct trainer *trainer, double *reading, double *waiting) {
    if (trainer->device.stage.feed == NULL) {
        return false;
    }
    struct feed_times times = feed_times(trainer->device.stage.feed);
    *reading = times.reading;
    *waiting = times.waiting;
    return true;
}

void trainer_set_rate_factor(struct trainer *trainer, double factor) {
    trainer->rate_factor = factor;
}

// ---- what others read ----------------------------------------------------------------------------------

const struct train_params *trainer_params(const struct trainer *trainer) {
    return &trainer->params;
}

const struct model *trainer_model(const struct trainer *trainer) {
    return trainer->model;
}

const struct parameter_change *trainer_changes(const struct trainer *trainer, size_t *count) {
    *count = trainer->change_count;
    return trainer->changes;
}

uint64_t trainer_steps_done(const struct trainer *trainer) {
    return trainer->steps;
}

uint64_t trainer_samples_done(const struct trainer *trainer) {
    return trainer->samples;
}

double trainer_epochs_done(const struct trainer *trainer) {
    return trainer->predicts_only ? 0 : sampler_epochs(&trainer->sampler);
}

uint64_t trainer_steps_left(const struct trainer *trainer) {
    if (trainer->predicts_only) {
        return 0;
    }
    return sampler_steps_left(&trainer->sampler, (uint64_t)trainer->params.epochs, (size_t)trainer->params.batch,
                              trainer->params.drop_last);
}

bool trainer_finished(const struct trainer *trainer) {
    return trainer->sampler.epoch >= (uint64_t)trainer->params.epochs;
}

size_t trainer_bytes(const struct trainer *trainer) {
    return trainer->device.bytes + plans_bytes(trainer);
}

enum status trainer_weights(struct trainer *trainer, float *weights, struct error *error) {
    return device_read(trainer, SLOT_WEIGHTS, trainer->model->weight_count, weights, error);
}

enum status trainer_set_weights(struct trainer *trainer, const float *weights, struct error *error) {
    size_t count = trainer->model->weight_count;
    enum status status = device_write(trainer, SLOT_WEIGHTS, count, weights, error);
    return status || trainer->params.ema <= 0 ? status : device_write(trainer, SLOT_AVERAGE, count, weights, error);
}
