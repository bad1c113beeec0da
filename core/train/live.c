// Parameters that change while a run lives. Some change what a step is made of: layers, weights of classes, buffers of
// sums and averages, plans. All of that is made first; the old is given back only when the new is ready.
#include <string.h>

#include "core/base/mem.h"
#include "core/train/memory.h"
#include "core/train/state.h"

// What a change may replace.
struct replaced {
    struct train_params params;
    struct model *model;
    float *class_weights;
    struct device device;
    struct plans plans;
};

// A model's file says itself what is dropped.
static bool other_layers(const struct train_params *a, const struct train_params *b) {
    return a->dropout != b->dropout && b->model_file[0] == '\0';
}

static bool other_programs(const struct train_params *a, const struct train_params *b) {
    return other_layers(a, b) || strcmp(a->class_weights, b->class_weights) != 0 || (a->ema > 0) != (b->ema > 0) ||
           (a->micro_batch > 0) != (b->micro_batch > 0);
}

static enum status make_class_weights(struct trainer *trainer, struct error *error) {
    const struct source *source = trainer->source;
    trainer->class_weights = NULL;
    if (!loss_weighted(&trainer->params, source)) {
        return STATUS_OK;
    }
    trainer->class_weights = mem_alloc(source->classes, sizeof *trainer->class_weights);
    if (trainer->class_weights == NULL) {
        return error_memory(error, "weights of classes", source->classes * sizeof *trainer->class_weights);
    }
    enum status status = loss_class_weights(&trainer->params, source, trainer->class_weights, error);
    return status ? status : device_make_class_weights(trainer, error);
}

// For the parameters that the trainer has now, in place of `old`.
static enum status replace(struct trainer *trainer, const struct replaced *old, struct error *error) {
    const struct train_params *params = &trainer->params;
    enum status status = STATUS_OK;
    trainer->plans = (struct plans){0};
    if (other_layers(&old->params, params)) {
        trainer->model = NULL;
        status = model_make(params, trainer_model_data(params, trainer->source), &trainer->model, error);
    }
    if (!status && strcmp(old->params.class_weights, params->class_weights) != 0) {
        status = make_class_weights(trainer, error);
    }
    if (!status && params->ema > 0 && old->params.ema <= 0) {
        status = device_start_average(trainer, error);
    }
    device_use_average(trainer, params->ema > 0);
    return !status && params->micro_batch > 0 ? device_make_sum(trainer, error) : status;
}

static void give_back(struct trainer *trainer, struct replaced *old) {
    struct plans now = trainer->plans;
    trainer->plans = old->plans;
    plans_close(trainer);
    trainer->plans = now;
    if (old->model != trainer->model) {
        model_free(old->model);
    }
    if (old->class_weights != trainer->class_weights) {
        mem_free(old->class_weights);
    }
}

// New plans go first: they are bound to the buffers.
static void put_back(struct trainer *trainer, const struct replaced *old, bool replaces) {
    struct error ignored;
    if (replaces) {
        plans_close(trainer);
        trainer->plans = old->plans;
    }
    if (trainer->model != old->model) {
        model_free(trainer->model);
    }
    if (trainer->class_weights != old->class_weights) {
        mem_free(trainer->class_weights);
    }
    trainer->params = old->params;
    trainer->model = old->model;
    trainer->class_weights = old->class_weights;
    device_back_to(trainer, &old->device);
    if (trainer->class_weights != NULL) {
        device_make_class_weights(trainer, &ignored);
    }
}

enum status live_take_over(struct trainer *trainer, const struct train_params *params, const struct sampler *next,
                           struct error *error) {
    enum status status = trainer->device.staged ? stage_reserve(trainer, (size_t)params->batch, error) : STATUS_OK;
    struct replaced old = {trainer->params, trainer->model, trainer->class_weights, trainer->device, trainer->plans};
    bool replaces = other_programs(&old.params, params);
    trainer->params = *params;
    if (!status && replaces) {
        status = replace(trainer, &old, error);
    }
    if (!status) {
        status = plans_ready(trainer, next, (size_t)params->batch, params->drop_last, error);
    }
    if (status) {
        put_back(trainer, &old, replaces);
    } else if (replaces) {
        give_back(trainer, &old);
    }
    return status;
}

// ---- one parameter -----------------------------------------------------------------------------------

// Room for one more change, filled in but not counted yet.
static struct parameter_change *next_change(struct trainer *trainer) {
    if (!vec_reserve(&trainer->changes, &trainer->change_capacity, trainer->change_count + 1,
                     sizeof *trainer->changes)) {
        return NULL;
    }
    return &trainer->changes[trainer->change_count];
}

static bool takes_more_memory(const struct train_params *now, const struct train_params *changed) {
    return changed->batch > now->batch || changed->micro_batch != now->micro_batch || other_programs(now, changed);
}

static enum status apply_change(struct trainer *trainer, const struct param *row, const struct train_params *changed,
                                struct error *error) {
    struct parameter_change *change = next_change(trainer);
    if (change == NULL) {
        return error_memory(error, "the log of changes", sizeof *change);
    }
    *change = (struct parameter_change){.step = trainer->steps};
    strncpy(change->name, row->name, sizeof change->name - 1);
    params_get(row, &trainer->params, change->from);
    params_get(row, changed, change->to);
    enum status status = trainer_check(changed, trainer->source, error);
    if (!status && takes_more_memory(&trainer->params, changed)) {
        status = train_memory_check(changed, trainer->source, trainer->backend, trainer_bytes(trainer), error);
    }
    if (!status) {
        status = live_take_over(trainer, changed, &trainer->sampler, error);
    }
    trainer->change_count += !status;
    return status;
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
    char why[PARAM_TEXT_SIZE];
    if (!params_used(&train_table, row, &changed, why)) {
        return error_set(error, STATUS_STATE, "%s", why);
    }
    return apply_change(trainer, row, &changed, error);
}
