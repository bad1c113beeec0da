#include <assert.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/train/memory.h"
#include "core/train/state.h"

#define CHUNK_MOST 1024
#define CHUNK_BYTES ((size_t)64 << 20) // of the largest activation

static enum status add_buffer(struct trainer *trainer, enum dtype dtype, size_t count, struct buffer **buffer,
                              struct error *error) {
    struct device *device = &trainer->device;
    assert(device->owned_count < sizeof device->owned / sizeof device->owned[0]);
    if (count == 0) {
        return STATUS_OK;
    }
    enum status status = trainer->backend->api->allocate(trainer->backend, dtype, count, buffer, error);
    if (!status) {
        device->owned[device->owned_count++] = *buffer;
        device->bytes += count * dtype_size(dtype);
    }
    return status;
}

static enum status fill_buffer(struct trainer *trainer, enum dtype dtype, size_t count, const void *data,
                               struct buffer **buffer, struct error *error) {
    enum status status = add_buffer(trainer, dtype, count, buffer, error);
    if (!status && count > 0) {
        status = trainer->backend->api->upload(trainer->backend, *buffer, 0, count, data, error);
    }
    return status;
}

// The features of a source where they lie, if the backend can read them there: a copy would take their memory twice.
static enum status place_features(struct trainer *trainer, size_t count, struct buffer **buffer, struct error *error) {
    const struct source *source = trainer->source;
    struct device *device = &trainer->device;
    if (trainer->backend->api->borrow == NULL || count == 0) {
        return fill_buffer(trainer, source->dtype, count, source->features, buffer, error);
    }
    assert(device->owned_count < sizeof device->owned / sizeof device->owned[0]);
    enum status status =
        trainer->backend->api->borrow(trainer->backend, source->dtype, count, source->features, buffer, error);
    if (!status) {
        device->owned[device->owned_count++] = *buffer;
        device->bytes += count * dtype_size(source->dtype);
    }
    return status;
}

// A failed opening takes back what it had, so that it can be tried again.
static void release_from(struct trainer *trainer, size_t owned_count, size_t bytes) {
    struct device *device = &trainer->device;
    while (device->owned_count > owned_count) {
        trainer->backend->api->release(trainer->backend, device->owned[--device->owned_count]);
    }
    device->bytes = bytes;
}

size_t device_chunk(const struct model *model) {
    size_t largest = (size_t)shape_count(model->sample) * sizeof(float);
    for (size_t i = 0; i < model->count; i++) {
        size_t bytes = (size_t)shape_count(model->layers[i].out) * sizeof(float);
        largest = bytes > largest ? bytes : largest;
    }
    size_t chunk = CHUNK_BYTES / largest;
    return chunk < 1 ? 1 : chunk > CHUNK_MOST ? CHUNK_MOST : chunk;
}

static enum status open_scaling(struct trainer *trainer, struct error *error) {
    const float begin[SCALING_COUNT] = {[SCALING_FACTOR] = SCALING_START};
    return fill_buffer(trainer, DTYPE_F32, SCALING_COUNT, begin, &trainer->device.bindings[PLAN_TRAIN].slots[SLOT_SCALING],
                       error);
}

// ---- what only some parameters ask for ----------------------------------------------------------------

static enum status make_block(struct trainer *trainer, enum slot slot, struct error *error) {
    struct buffer **buffer = &trainer->device.bindings[PLAN_TRAIN].slots[slot];
    size_t weights = trainer->model->weight_count;
    return *buffer != NULL ? STATUS_OK : add_buffer(trainer, DTYPE_F32, weights, buffer, error);
}

enum status device_make_sum(struct trainer *trainer, struct error *error) {
    return make_block(trainer, SLOT_SUM, error);
}

static enum status make_average(struct trainer *trainer, struct error *error) {
    return make_block(trainer, SLOT_AVERAGE, error);
}

enum status device_start_average(struct trainer *trainer, struct error *error) {
    size_t count = trainer->model->weight_count;
    float *weights = mem_alloc(count, sizeof *weights);
    if (weights == NULL) {
        return error_memory(error, "averaged weights", count * sizeof *weights);
    }
    enum status status = make_average(trainer, error);
    if (!status) {
        status = device_read(trainer, SLOT_WEIGHTS, count, weights, error);
    }
    if (!status) {
        status = device_write(trainer, SLOT_AVERAGE, count, weights, error);
    }
    mem_free(weights);
    return status;
}

void device_use_average(struct trainer *trainer, bool average) {
    struct binding *bindings = trainer->device.bindings;
    struct buffer *weights = bindings[PLAN_TRAIN].slots[average ? SLOT_AVERAGE : SLOT_WEIGHTS];
    bindings[PLAN_EVALUATE].slots[SLOT_WEIGHTS] = bindings[PLAN_PREDICT].slots[SLOT_WEIGHTS] = weights;
}

enum status device_make_class_weights(struct trainer *trainer, struct error *error) {
    struct buffer *buffer = trainer->device.bindings[PLAN_TRAIN].slots[SLOT_CLASS_WEIGHTS];
    size_t classes = trainer->source->classes;
    if (buffer != NULL) {
        return trainer->backend->api->upload(trainer->backend, buffer, 0, classes, trainer->class_weights, error);
    }
    enum status status = fill_buffer(trainer, DTYPE_F32, classes, trainer->class_weights, &buffer, error);
    for (int use = 0; !status && use < PLAN_USES; use++) {
        trainer->device.bindings[use].slots[SLOT_CLASS_WEIGHTS] = buffer;
    }
    return status;
}

void device_back_to(struct trainer *trainer, const struct device *old) {
    static const enum slot slots[] = {SLOT_WEIGHTS, SLOT_SUM, SLOT_AVERAGE, SLOT_CLASS_WEIGHTS};
    release_from(trainer, old->owned_count, old->bytes);
    for (int use = 0; use < PLAN_USES; use++) {
        for (size_t i = 0; i < sizeof slots / sizeof slots[0]; i++) {
            trainer->device.bindings[use].slots[slots[i]] = old->bindings[use].slots[slots[i]];
        }
    }
}

// ---- opening ----------------------------------------------------------------------------------------

static enum status open_training(struct trainer *trainer, struct error *error) {
    struct binding *train = &trainer->device.bindings[PLAN_TRAIN];
    size_t weights = trainer->model->weight_count;
    enum status status = add_buffer(trainer, DTYPE_F32, weights, &train->slots[SLOT_GRADIENTS], error);
    for (int i = 0; !status && i < trainer->optimizer->moments; i++) {
        status = add_buffer(trainer, DTYPE_F32, weights, &train->slots[SLOT_MOMENT1 + i], error);
    }
    if (!status && trainer->params.micro_batch > 0) {
        status = device_make_sum(trainer, error);
    }
    if (!status && trainer->params.ema > 0) {
        status = make_average(trainer, error);
        device_use_average(trainer, !status);
    }
    if (!status) {
        status = add_buffer(trainer, DTYPE_F64, METRIC_SLOTS * METRIC_COUNT, &train->slots[SLOT_METRICS], error);
    }
    return status ? status : open_scaling(trainer, error);
}

enum status device_open(struct trainer *trainer, struct error *error) {
    struct device *device = &trainer->device;
    const struct model *model = trainer->model;
    struct buffer *weights = NULL, *state = NULL, *metrics = NULL, *outputs = NULL;
    device->chunk = device_chunk(model);
    enum status status = add_buffer(trainer, DTYPE_F32, model->weight_count, &weights, error);
    if (!status) {
        status = add_buffer(trainer, DTYPE_F32, model->state_count, &state, error);
    }
    if (!status) { // apart from training's, so that an evaluation between two steps disturbs nothing
        status = add_buffer(trainer, DTYPE_F64, METRIC_SLOTS * METRIC_COUNT, &metrics, error);
    }
    if (!status) {
        status = add_buffer(trainer, DTYPE_F32, device->chunk * (size_t)model->outputs, &outputs, error);
    }
    for (int use = 0; use < PLAN_USES; use++) {
        struct buffer **slots = device->bindings[use].slots;
        slots[SLOT_WEIGHTS] = weights;
        slots[SLOT_STATE] = state;
        slots[SLOT_METRICS] = use == PLAN_EVALUATE ? metrics : NULL;
        slots[SLOT_OUTPUTS] = use == PLAN_TRAIN ? NULL : outputs;
    }
    if (!status && trainer->class_weights != NULL) {
        status = device_make_class_weights(trainer, error);
    }
    return status || trainer->predicts_only ? status : open_training(trainer, error);
}

// The rows of all parts, one part after the other.
static enum status open_part_rows(struct trainer *trainer, struct error *error) {
    const struct source *source = trainer->source;
    struct buffer **rows = &trainer->device.bindings[PLAN_EVALUATE].slots[SLOT_ROWS];
    size_t total = 0;
    for (int part = 0; part < PART_COUNT; part++) {
        trainer->device.part_first[part] = total;
        total += source->part_count[part];
    }
    enum status status = add_buffer(trainer, DTYPE_I32, total, rows, error);
    for (int part = 0; !status && part < PART_COUNT; part++) {
        if (source->part_count[part] > 0) {
            status = trainer->backend->api->upload(trainer->backend, *rows, trainer->device.part_first[part],
                                                   source->part_count[part], source->part_rows[part], error);
        }
    }
    return status;
}

enum status device_open_data(struct trainer *trainer, struct error *error) {
    const struct source *source = trainer->source;
    struct binding *train = &trainer->device.bindings[PLAN_TRAIN], *evaluate = &trainer->device.bindings[PLAN_EVALUATE];
    bool classify = source->task == SOURCE_CLASSIFY;
    struct buffer *features = NULL, *truth = NULL;
    size_t count, owned_before = trainer->device.owned_count, bytes_before = trainer->device.bytes;
    if (trainer->device.has_data) {
        return STATUS_OK;
    }
    if (source->rows > INT32_MAX || !size_multiply(source->rows, (size_t)shape_count(source->sample), &count)) {
        return error_set(error, STATUS_UNSUPPORTED, "the data has %zu rows; at most %d can be trained on", source->rows,
                         INT32_MAX);
    }
    bool room = source->features != NULL && (!train_memory_can_stage(source, trainer->backend) ||
                                             train_memory_has_room(&trainer->params, trainer->source, trainer->backend));
    trainer->device.staged = !room && count > 0;
    if (trainer->device.staged) {
        enum status status = stage_open(trainer, error);
        trainer->device.has_data = status == STATUS_OK;
        return status;
    }
    enum status status = place_features(trainer, count, &features, error);
    if (!status) {
        status = fill_buffer(trainer, classify ? DTYPE_I32 : DTYPE_F32, source->rows,
                             classify ? (const void *)source->labels : source->targets, &truth, error);
    }
    if (!status) {
        status = open_part_rows(trainer, error);
    }
    if (!status && !trainer->predicts_only) {
        status = add_buffer(trainer, DTYPE_I32, source->part_count[PART_TRAIN], &train->slots[SLOT_ROWS], error);
    }
    if (status) {
        release_from(trainer, owned_before, bytes_before);
        return status;
    }
    trainer->device.data_first = owned_before;
    trainer->device.data_bytes = trainer->device.bytes - bytes_before;
    trainer->device.data_count = trainer->device.owned_count - owned_before;
    train->slots[SLOT_FEATURES] = evaluate->slots[SLOT_FEATURES] = features;
    train->slots[classify ? SLOT_LABELS : SLOT_TARGETS] = truth;
    evaluate->slots[classify ? SLOT_LABELS : SLOT_TARGETS] = truth;
    trainer->device.has_data = true;
    return STATUS_OK;
}

enum status device_open_prediction(struct trainer *trainer, struct error *error) {
    struct device *device = &trainer->device;
    struct buffer **slots = device->bindings[PLAN_PREDICT].slots;
    size_t chunk = device->chunk, owned_before = device->owned_count, bytes_before = device->bytes;
    if (device->has_prediction) {
        return STATUS_OK;
    }
    int32_t *rows = mem_alloc(chunk, sizeof *rows);
    if (rows == NULL) {
        return error_memory(error, "row numbers of a prediction", chunk * sizeof *rows);
    }
    for (size_t i = 0; i < chunk; i++) {
        rows[i] = (int32_t)i;
    }
    enum status status = fill_buffer(trainer, DTYPE_I32, chunk, rows, &slots[SLOT_ROWS], error);
    if (!status) {
        status = add_buffer(trainer, trainer->source->dtype, chunk * (size_t)shape_count(trainer->model->sample),
                            &slots[SLOT_FEATURES], error);
    }
    mem_free(rows);
    if (status) {
        release_from(trainer, owned_before, bytes_before);
    }
    device->has_prediction = status == STATUS_OK;
    return status;
}

enum status device_change_data(struct trainer *trainer, struct error *error) {
    struct device old = trainer->device, *device = &trainer->device;
    device->owned_count -= old.data_count;
    memmove(device->owned + old.data_first, old.owned + old.data_first + old.data_count,
            (device->owned_count - old.data_first) * sizeof *old.owned);
    device->bytes -= old.data_bytes;
    device->has_data = false;
    device->data_count = device->data_bytes = 0;
    device->stage = (struct stage){0};
    enum status status = device_open_data(trainer, error);
    if (status) {
        *device = old;
        return status;
    }
    stage_close(trainer, &old.stage);
    for (size_t i = 0; i < old.data_count; i++) {
        trainer->backend->api->release(trainer->backend, old.owned[old.data_first + i]);
    }
    return STATUS_OK;
}

void device_close(struct trainer *trainer) {
    stage_close(trainer, &trainer->device.stage);
    release_from(trainer, 0, 0);
    trainer->device = (struct device){0};
}

enum status device_write(struct trainer *trainer, enum slot slot, size_t count, const float *data,
                         struct error *error) {
    struct buffer *buffer = trainer->device.bindings[PLAN_TRAIN].slots[slot];
    return count == 0 ? STATUS_OK : trainer->backend->api->upload(trainer->backend, buffer, 0, count, data, error);
}

enum status device_read(struct trainer *trainer, enum slot slot, size_t count, float *data, struct error *error) {
    struct buffer *buffer = trainer->device.bindings[PLAN_TRAIN].slots[slot];
    return count == 0 ? STATUS_OK : trainer->backend->api->download(trainer->backend, buffer, 0, count, data, error);
}
