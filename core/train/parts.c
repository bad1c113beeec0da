// One step's batch on the device: whole, or in parts of params.micro_batch rows whose gradients add up to the
// batch's, so that it may be larger than memory has room for at once. Every part divides its loss by the whole
// batch's rows (or class weights), so that the sum is the gradient of the batch's mean; only rounding differs, and
// what looks at a batch as such: batch normalization sees parts, dropout draws another mask for each.
#include <math.h>

#include "core/train/state.h"

#define PART_SHIFT 40 // of step_args.step: parts of one step draw different masks

// Rows of a part; all of them where the batch goes through whole.
static size_t part_of(const struct trainer *trainer, size_t batch) {
    size_t most = (size_t)trainer->params.micro_batch;
    return most > 0 && most < batch ? most : batch;
}

enum status parts_ready(struct trainer *trainer, size_t batch, struct error *error) {
    struct plan *plan;
    size_t part = part_of(trainer, batch);
    if (part == batch) {
        return plans_get(trainer, PLAN_TRAIN, batch, &plan, error);
    }
    enum status status = plans_get(trainer, PLAN_FIRST_PART, part, &plan, error);
    if (!status && batch / part > 1) {
        status = plans_get(trainer, PLAN_PART, part, &plan, error);
    }
    if (!status && batch % part > 0) {
        status = plans_get(trainer, PLAN_PART, batch % part, &plan, error);
    }
    return status ? status : plans_get(trainer, PLAN_UPDATE, 1, &plan, error);
}

bool parts_whole(const struct trainer *trainer, size_t batch) {
    return part_of(trainer, batch) == batch;
}

// The figures of `count` steps whose slots follow each other; the first comes after the last.
static enum status read_figures(struct trainer *trainer, size_t slot, size_t count, double *sums,
                                struct error *error) {
    struct buffer *metrics = trainer->device.bindings[PLAN_TRAIN].slots[SLOT_METRICS];
    enum status status = STATUS_OK;
    for (size_t done = 0; !status && done < count;) {
        size_t left = count - done, some = left < METRIC_SLOTS - slot ? left : METRIC_SLOTS - slot;
        status = trainer->backend->api->download(trainer->backend, metrics, slot * METRIC_COUNT, some * METRIC_COUNT,
                                                 sums + done * METRIC_COUNT, error);
        done += some;
        slot = 0;
    }
    return status;
}

static enum status run(struct trainer *trainer, enum plan_use use, size_t rows, const struct step_args *args,
                       double sums[METRIC_COUNT], struct error *error) {
    const struct backend_api *api = trainer->backend->api;
    struct plan *plan = NULL;
    enum status status = plans_get(trainer, use, rows, &plan, error);
    if (!status) {
        status = api->run(trainer->backend, plan, args, error);
    }
    if (!status && use == PLAN_TRAIN && trainer->device.staged) {
        status = stage_ahead(trainer, rows, error);
    }
    if (!status) {
        status = read_figures(trainer, (size_t)args->metric_slot, 1, sums, error);
    }
    return status;
}

enum status parts_run_many(struct trainer *trainer, size_t batch, const struct step_args *args, size_t count,
                           double (*sums)[METRIC_COUNT], struct error *error) {
    struct plan *plan = NULL;
    enum status status = plans_get(trainer, PLAN_TRAIN, batch, &plan, error);
    if (!status) {
        status = trainer->backend->api->run_many(trainer->backend, plan, args, count, error);
    }
    return status ? status : read_figures(trainer, (size_t)args[0].metric_slot, count, sums[0], error);
}

// What the batch's loss is divided by: its rows, or the sum of their class weights.
static double weight_of(const struct trainer *trainer, size_t first, size_t batch) {
    double sum = trainer->class_weights == NULL ? (double)batch : 0;
    for (size_t i = first; trainer->class_weights != NULL && i < first + batch; i++) {
        sum += (double)trainer->class_weights[trainer->source->labels[trainer->sampler.order[i]]];
    }
    return sum;
}

static void add(double sums[METRIC_COUNT], const double part[METRIC_COUNT]) {
    static const enum metric added[] = {METRIC_LOSS, METRIC_ROWS, METRIC_CORRECT, METRIC_SQUARED_ERROR};
    for (size_t i = 0; i < sizeof added / sizeof added[0]; i++) {
        sums[added[i]] += part[added[i]];
    }
}

static enum status run_parts(struct trainer *trainer, size_t batch, size_t part, const struct step_args *args,
                             double sums[METRIC_COUNT], struct error *error) {
    struct step_args own = *args;
    double figures[METRIC_COUNT];
    enum status status = STATUS_OK;
    own.denominator = weight_of(trainer, args->first, batch);
    for (size_t done = 0; !status && done < batch; done += part) {
        size_t rows = batch - done < part ? batch - done : part;
        own.step = args->step | (uint64_t)(done / part) << PART_SHIFT;
        own.first = args->first + done;
        status = run(trainer, done == 0 ? PLAN_FIRST_PART : PLAN_PART, rows, &own, figures, error);
        own.gathered = NULL; // the time of the first part's gathering only
        if (!status) {
            add(sums, figures);
        }
    }
    return status;
}

enum status parts_run(struct trainer *trainer, size_t batch, const struct step_args *args, double sums[METRIC_COUNT],
                      struct error *error) {
    size_t part = part_of(trainer, batch);
    double figures[METRIC_COUNT];
    if (part == batch) {
        return run(trainer, PLAN_TRAIN, batch, args, sums, error);
    }
    for (int i = 0; i < METRIC_COUNT; i++) {
        sums[i] = 0;
    }
    sums[METRIC_GRADIENT_SQ] = sums[METRIC_UPDATE_SQ] = sums[METRIC_WEIGHT_SQ] = NAN;
    sums[METRIC_CLIP] = 1;
    enum status status = run_parts(trainer, batch, part, args, sums, error);
    if (status || !isfinite(sums[METRIC_LOSS])) { // the weights stay as they are
        return status;
    }
    struct step_args update = *args;
    update.first = 0; // it reads no rows
    update.gathered = NULL;
    status = run(trainer, PLAN_UPDATE, 1, &update, figures, error);
    for (int i = METRIC_GRADIENT_SQ; !status && i < METRIC_COUNT; i++) {
        sums[i] = figures[i];
    }
    return status;
}
