#include "core/train/trainer.h"

#include <assert.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/train/metrics.h"
#include "core/train/state.h"

// ---- opening and closing -------------------------------------------------------------------------

void trainer_close(struct trainer *trainer) {
    if (trainer == NULL) {
        return;
    }
    plans_close(trainer);
    device_close(trainer);
    sampler_close(&trainer->sampler);
    model_free(trainer->model);
    mem_free(trainer->changes);
    source_release(trainer->source);
    mem_free(trainer);
}

static enum status open_parts(struct trainer *trainer, struct error *error) {
    const struct source *source = trainer->source;
    enum status status = loss_choose(trainer->params.loss, source->task, &trainer->loss, error);
    if (!status) {
        status = optimizer_choose(trainer->params.optimizer, &trainer->optimizer, error);
    }
    if (!status) {
        status = model_make(&trainer->params, source->sample, source_outputs(source), &trainer->model, error);
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
    enum status status = device_write(trainer, SLOT_WEIGHTS, model->weight_count, values, error);
    if (!status) {
        status = device_write(trainer, SLOT_STATE, model->state_count, state, error);
    }
    mem_free(values);
    return status;
}

enum status trainer_open(struct trainer **trainer, const struct train_params *params, struct source *source,
                         struct backend *backend, struct error *error) {
    struct trainer *made = NULL;
    enum status status = trainer_check(params, source, error);
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

// ---- one step --------------------------------------------------------------------------------------

static enum status check_can_step(const struct trainer *trainer, struct error *error) {
    if (trainer->predicts_only) {
        return error_set(error, STATUS_STATE, "this model was opened for prediction only; resume its run to train it");
    }
    if (trainer_finished(trainer)) {
        return error_set(error, STATUS_STATE, "all %lld epochs are done; raise the number of epochs to go on",
                         (long long)trainer->params.epochs);
    }
    return STATUS_OK;
}

// A new epoch's order goes to the device once; steps then only move along it.
static enum status load_order(struct trainer *trainer, struct error *error) {
    bool fresh;
    const uint32_t *order = sampler_order(&trainer->sampler, &fresh);
    if (!fresh) {
        return STATUS_OK;
    }
    struct buffer *rows = trainer->device.bindings[PLAN_TRAIN].slots[SLOT_ROWS];
    enum status status = trainer->backend->api->upload(trainer->backend, rows, 0, trainer->sampler.count, order, error);
    if (status) {
        trainer->sampler.ordered_epoch = UINT64_MAX; // to be sent again
    }
    return status;
}

static struct step_args step_arguments(const struct trainer *trainer) {
    const struct train_params *params = &trainer->params;
    return (struct step_args){
        .seed = (uint64_t)params->seed,
        .step = trainer->steps,
        .first = trainer->sampler.position,
        .metric_slot = (int)(trainer->steps % METRIC_SLOTS),
        .lr = schedule_rate(params, sampler_epochs(&trainer->sampler)),
        .momentum = params->momentum,
        .weight_decay = params->weight_decay,
        .label_smoothing = params->label_smoothing,
        .nesterov = params->nesterov,
        .epoch = trainer->sampler.epoch,
        .augment = trainer_augment(params),
    };
}

static enum status read_metrics(struct trainer *trainer, int slot, double sums[METRIC_COUNT], struct error *error) {
    struct buffer *metrics = trainer->device.bindings[PLAN_TRAIN].slots[SLOT_METRICS];
    return trainer->backend->api->download(trainer->backend, metrics, (size_t)slot * METRIC_COUNT, METRIC_COUNT, sums,
                                           error);
}

enum status trainer_step(struct trainer *trainer, struct step_result *result, struct error *error) {
    struct plan *plan = NULL;
    double sums[METRIC_COUNT];
    size_t full = (size_t)trainer->params.batch;
    enum status status = check_can_step(trainer, error);
    if (!status) {
        status = load_order(trainer, error);
    }
    size_t batch = status ? 0 : sampler_next(&trainer->sampler, full);
    if (!status) {
        status = plans_get(trainer, PLAN_TRAIN, batch, &plan, error);
    }
    if (status) {
        return status;
    }
    struct step_args args = step_arguments(trainer);
    status = trainer->backend->api->run(trainer->backend, plan, &args, error);
    if (!status) {
        status = read_metrics(trainer, args.metric_slot, sums, error);
    }
    if (status) {
        return status;
    }
    bool ended = sampler_advance(&trainer->sampler, batch, full, trainer->params.drop_last);
    trainer->steps++;
    trainer->samples += batch;
    *result = (struct step_result){
        .step = trainer->steps,
        .samples = trainer->samples,
        .epoch = sampler_epochs(&trainer->sampler),
        .batch = batch,
        .lr = args.lr,
        .epoch_ended = ended,
    };
    metrics_step(sums, trainer->source, result);
    return STATUS_OK;
}

// ---- live changes ------------------------------------------------------------------------------------

// Room for one more change, filled in but not counted yet.
static struct parameter_change *next_change(struct trainer *trainer) {
    if (!vec_reserve(&trainer->changes, &trainer->change_capacity, trainer->change_count + 1,
                     sizeof *trainer->changes)) {
        return NULL;
    }
    return &trainer->changes[trainer->change_count];
}

static enum status apply_change(struct trainer *trainer, const struct param *row, const struct train_params *changed,
                                struct error *error) {
    enum status status = trainer_check(changed, trainer->source, error);
    if (!status && changed->batch != trainer->params.batch) {
        status = plans_ready(trainer, &trainer->sampler, (size_t)changed->batch, changed->drop_last, error);
    }
    if (status) {
        return status;
    }
    struct parameter_change *change = next_change(trainer);
    if (change == NULL) {
        return error_memory(error, "the log of changes", sizeof *change);
    }
    *change = (struct parameter_change){.step = trainer->steps};
    strncpy(change->name, row->name, sizeof change->name - 1);
    params_get(row, &trainer->params, change->from);
    params_get(row, changed, change->to);
    trainer->change_count++;
    trainer->params = *changed;
    return STATUS_OK;
}

enum status trainer_set(struct trainer *trainer, const char *name, const char *text, struct error *error) {
    const struct param *row = params_find(&train_table, name);
    struct train_params changed = trainer->params;
    if (trainer->predicts_only) {
        return error_set(error, STATUS_STATE, "this model was opened for prediction only; nothing can be changed");
    }
    if (row != NULL && !row->live) {
        return error_set(error, STATUS_STATE, "%s cannot change while a run lives; set it before the start",
                         row->label);
    }
    enum status status = params_set(&train_table, &changed, name, text, error);
    if (status || params_equal(row, &trainer->params, &changed)) {
        return status;
    }
    return apply_change(trainer, row, &changed, error);
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
    return device_write(trainer, SLOT_WEIGHTS, trainer->model->weight_count, weights, error);
}
