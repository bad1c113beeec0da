// A model at one moment, copied out of its trainer.
#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/train/keep.h"
#include "core/train/state.h"

enum status trainer_copy(struct trainer *trainer, struct model_copy **out, struct error *error) {
    const struct model *model = trainer->model;
    struct model_copy *copy = mem_alloc(1, sizeof *copy);
    double begun = clock_now();
    if (copy == NULL)
        return error_memory(error, "a copy of the model", sizeof *copy);
    copy->params = trainer->params;
    copy->step = trainer->steps;
    copy->fingerprint = trainer->source->fingerprint;
    copy->epoch = trainer_epochs_done(trainer);
    copy->weight_count = model->weight_count;
    copy->state_count = model->state_count;
    size_t count = model->weight_count + model->state_count;
    copy->values = mem_alloc(count, sizeof *copy->values);
    enum status status =
        copy->values == NULL ? error_memory(error, "a copy of the model", count * sizeof *copy->values) : STATUS_OK;
    if (!status)
        status = trainer_read_model(trainer, copy->values, copy->values + model->weight_count, error);
    copy->seconds = clock_now() - begun;
    if (status)
        model_copy_free(copy);
    else
        *out = copy;
    return status;
}

void model_copy_free(struct model_copy *copy) {
    if (copy != NULL)
        mem_free(copy->values);
    mem_free(copy);
}

enum status trainer_open_copy(struct trainer **out, const struct model_copy *copy, struct source *source,
                              struct backend *backend, struct error *error) {
    struct trainer *trainer = NULL;
    enum status status = trainer_create(&trainer, &copy->params, source, backend, true, error);
    if (status)
        return status;
    const struct model *model = trainer->model;
    if (model->weight_count != copy->weight_count || model->state_count != copy->state_count)
        status = error_set(error, STATUS_INVALID, "the model that trains has %zu weights, one for this data has %zu",
                           copy->weight_count, model->weight_count);
    if (!status)
        status = device_write(trainer, SLOT_WEIGHTS, copy->weight_count, copy->values, error);
    if (!status)
        status = device_write(trainer, SLOT_STATE, copy->state_count, copy->values + copy->weight_count, error);
    if (status) {
        trainer_close(trainer);
        return status;
    }
    trainer->steps = copy->step;
    *out = trainer;
    return STATUS_OK;
}
