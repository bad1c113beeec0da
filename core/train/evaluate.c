// Evaluation and prediction: whole parts or given rows, in large batches, without dropout or augmentation.
#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/train/metrics.h"
#include "core/train/state.h"

static enum status check_truth(const struct trainer *trainer, struct error *error) {
    const struct source *source = trainer->source;
    if (source->task == SOURCE_CLASSIFY ? source->labels == NULL : source->targets == NULL) {
        return error_set(error, STATUS_STATE, "the data has no target column, so there is nothing to measure against");
    }
    return STATUS_OK;
}

// Runs rows [first, first + count) of a part and adds their sums. predictions: [count], or NULL.
static enum status evaluate_chunk(struct trainer *trainer, enum part part, size_t first, size_t count,
                                  float *predictions, struct metrics *metrics, struct error *error) {
    const struct backend_api *api = trainer->backend->api;
    struct binding *binding = &trainer->device.bindings[PLAN_EVALUATE];
    bool staged = trainer->device.staged;
    struct step_args args = {
        .first = staged ? 0 : trainer->device.part_first[part] + first,
        .label_smoothing = trainer->params.label_smoothing,
        .huber_delta = trainer->params.huber_delta,
    };
    double sums[METRIC_COUNT];
    struct plan *plan = NULL;
    enum status status = plans_get(trainer, PLAN_EVALUATE, count, &plan, error);
    if (!status && staged) {
        status = stage_rows(trainer, trainer->source->part_rows[part] + first, count, error);
    }
    if (!status) {
        status = api->run(trainer->backend, plan, &args, error);
    }
    if (!status) {
        status = api->download(trainer->backend, binding->slots[SLOT_METRICS], 0, METRIC_COUNT, sums, error);
    }
    if (!status && predictions != NULL) {
        status = api->download(trainer->backend, binding->slots[SLOT_OUTPUTS], 0, count, predictions, error);
    }
    if (!status) {
        metrics_add(metrics, sums, trainer->source, trainer->source->part_rows[part] + first, count, predictions);
    }
    return status;
}

enum status trainer_evaluate(struct trainer *trainer, enum part part, struct evaluation *evaluation, struct task *task,
                             struct error *error) {
    const struct source *source = trainer->source;
    size_t rows = source->part_count[part], chunk = trainer->device.chunk;
    struct metrics metrics = {0};
    float *predictions = NULL;
    enum status status = check_truth(trainer, error);
    if (!status) {
        status = device_open_data(trainer, error);
    }
    if (!status && source->task == SOURCE_REGRESS) {
        predictions = mem_alloc(chunk, sizeof *predictions);
        status = predictions == NULL ? error_memory(error, "predictions", chunk * sizeof *predictions) : STATUS_OK;
    }
    task_begin(task, "Evaluating", "rows", rows);
    for (size_t first = 0; !status && first < rows; first += chunk) {
        size_t count = rows - first < chunk ? rows - first : chunk;
        status = evaluate_chunk(trainer, part, first, count, predictions, &metrics, error);
        status = status ? status : task_step(task, count, error);
    }
    if (!status) {
        metrics_finish(&metrics, source, source->part_rows[part], evaluation);
    }
    mem_free(predictions);
    return status;
}

// ---- prediction ----------------------------------------------------------------------------------------

static enum status check_encoding(const struct trainer *trainer, const struct source *source, struct error *error) {
    if (source->dtype != trainer->source->dtype || !shape_equal(source->sample, trainer->model->sample)) {
        char have[64], want[64];
        return error_set(error, STATUS_INVALID, "the data's rows are %s of %s, but the model reads %s of %s",
                         shape_text(source->sample, have), dtype_name(source->dtype),
                         shape_text(trainer->model->sample, want), dtype_name(trainer->source->dtype));
    }
    return STATUS_OK;
}

enum { SOFTMAX_ROOM = 64 };

// In double, each exponential once where there is room to keep it.
static void softmax(float *row, size_t count) {
    double most = -INFINITY, sum = 0, kept[SOFTMAX_ROOM];
    bool keeps = count <= SOFTMAX_ROOM;
    for (size_t i = 0; i < count; i++) {
        most = (double)row[i] > most ? (double)row[i] : most;
    }
    for (size_t i = 0; i < count; i++) {
        double off = (double)row[i] - most, value = off == 0 ? 1 : exp(off);
        sum += value;
        kept[keeps ? i : 0] = value;
    }
    for (size_t i = 0; i < count; i++) {
        row[i] = (float)((keeps ? kept[i] : exp((double)row[i] - most)) / sum);
    }
}

// One logit a row, packed at the start of `out`, becomes the probabilities of both classes.
static void split_logits(float *out, size_t count) {
    for (size_t i = count; i-- > 0;) { // from the end: what is still to be read lies before what is written
        double z = (double)out[i];
        out[2 * i + 1] = (float)(1 / (1 + exp(-z)));
        out[2 * i] = (float)(1 / (1 + exp(z)));
    }
}

// Numbers a row that trainer_predict gives.
static size_t figures_of(const struct trainer *trainer) {
    return trainer->source->task == SOURCE_CLASSIFY ? trainer->source->classes : 1;
}

// Logits become probabilities, standardized predictions become the target's own unit.
static void finish_rows(const struct trainer *trainer, float *out, size_t count) {
    size_t outputs = (size_t)trainer->model->outputs;
    const struct source *source = trainer->source;
    if (outputs < figures_of(trainer)) {
        split_logits(out, count);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (source->task == SOURCE_CLASSIFY) {
            softmax(out + i * outputs, outputs);
        } else {
            out[i] = (float)((double)out[i] * source->target_sd + source->target_mean);
        }
    }
}

// `staging` holds the features of one chunk.
static enum status predict_chunk(struct trainer *trainer, const struct source *source, const uint32_t *rows,
                                 size_t count, char *staging, float *out, struct error *error) {
    const struct backend_api *api = trainer->backend->api;
    struct binding *binding = &trainer->device.bindings[PLAN_PREDICT];
    size_t elements = (size_t)shape_count(source->sample);
    struct step_args args = {0};
    struct plan *plan = NULL;
    enum status status = source_gather(source, rows, count, staging, error);
    if (!status) {
        status = plans_get(trainer, PLAN_PREDICT, count, &plan, error);
    }
    if (!status) {
        status = api->upload(trainer->backend, binding->slots[SLOT_FEATURES], 0, count * elements, staging, error);
    }
    if (!status) {
        status = api->run(trainer->backend, plan, &args, error);
    }
    if (!status) {
        status = api->download(trainer->backend, binding->slots[SLOT_OUTPUTS], 0,
                               count * (size_t)trainer->model->outputs, out, error);
    }
    if (!status) {
        finish_rows(trainer, out, count);
    }
    return status;
}

enum status trainer_predict(struct trainer *trainer, const struct source *source, const uint32_t *rows, size_t count,
                            float *out, struct task *task, struct error *error) {
    size_t chunk = trainer->device.chunk, figures = figures_of(trainer);
    char *staging = NULL;
    enum status status = check_encoding(trainer, source, error);
    if (!status) {
        status = device_open_prediction(trainer, error);
    }
    if (!status) {
        size_t bytes = (size_t)shape_count(source->sample) * dtype_size(source->dtype);
        size_t room = count < chunk ? count : chunk;
        staging = mem_alloc(room, bytes);
        status = staging == NULL ? error_memory(error, "rows to predict", room * bytes) : STATUS_OK;
    }
    task_begin(task, "Predicting", "rows", count);
    for (size_t first = 0; !status && first < count; first += chunk) {
        size_t now = count - first < chunk ? count - first : chunk;
        status = predict_chunk(trainer, source, rows + first, now, staging, out + first * figures, error);
        status = status ? status : task_step(task, now, error);
    }
    mem_free(staging);
    return status;
}
