#include "core/train/gradient.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/train/state.h"

static bool sees_batches(const struct model *model) {
    for (size_t i = 0; i < model->count; i++) {
        if (model->layers[i].kind == &layer_batch_norm) {
            return true;
        }
    }
    return false;
}

size_t trainer_gradient_least(const struct trainer *trainer) {
    return sees_batches(trainer->model) ? 2 : 1;
}

const uint32_t *trainer_rows(const struct trainer *trainer, size_t *count) {
    *count = trainer->source->part_count[PART_TRAIN];
    return trainer->source->part_rows[PART_TRAIN];
}

// Rows that go through the model at once.
static size_t piece_of(const struct trainer *trainer, size_t count) {
    size_t chunk = trainer->device.chunk;
    return sees_batches(trainer->model) || count < chunk ? count : chunk;
}

void gradient_close(struct trainer *trainer) {
    struct gradient_room *room = &trainer->gradient;
    trainer->backend->api->release(trainer->backend, room->rows);
    trainer->backend->api->release(trainer->backend, room->state);
    trainer->device.bytes -= room->bytes;
    mem_free(room->numbers);
    mem_free(room->part);
    mem_free(room->piece);
    mem_free(room->kept_state);
    *room = (struct gradient_room){0};
}

static enum status make_room(struct trainer *trainer, size_t capacity, struct error *error) {
    const struct backend_api *api = trainer->backend->api;
    struct gradient_room *room = &trainer->gradient;
    size_t weights = trainer->model->weight_count, state = trainer->model->state_count;
    room->numbers = mem_alloc(capacity, sizeof *room->numbers);
    room->part = mem_alloc(weights, sizeof *room->part);
    room->piece = mem_alloc(weights, sizeof *room->piece);
    room->kept_state = mem_alloc(state > 0 ? state : 1, sizeof *room->kept_state);
    if (room->numbers == NULL || room->part == NULL || room->piece == NULL || room->kept_state == NULL) {
        return error_memory(error, "a gradient", weights * sizeof *room->part);
    }
    enum status status = api->allocate(trainer->backend, DTYPE_I32, capacity, &room->rows, error);
    if (!status && state > 0) {
        status = api->allocate(trainer->backend, DTYPE_F32, state, &room->state, error);
    }
    room->capacity = capacity;
    room->bytes = capacity * sizeof(int32_t) + state * sizeof(float);
    trainer->device.bytes += room->bytes;
    return status;
}

// The data may be another since the last time, and a stage may have grown: plans were closed then.
static void bind(struct trainer *trainer) {
    const struct binding *train = &trainer->device.bindings[PLAN_TRAIN];
    struct binding *own = &trainer->device.bindings[PLAN_GRADIENT];
    *own = *train;
    own->slots[SLOT_ROWS] = trainer->gradient.rows;
    own->slots[SLOT_STATE] = trainer->gradient.state;
    own->slots[SLOT_METRICS] = trainer->device.bindings[PLAN_EVALUATE].slots[SLOT_METRICS];
    own->slots[SLOT_SCALING] = NULL; // a part's gradient is larger than the batch's, and the caller reads it
}

// Room for pieces of `piece` rows. A larger one takes the place of what there is, and plans know where that was.
static enum status reserve(struct trainer *trainer, size_t piece, struct error *error) {
    enum status status = STATUS_OK;
    if (piece > trainer->gradient.capacity) {
        plans_close(trainer);
        gradient_close(trainer);
        status = make_room(trainer, piece, error);
        if (status) {
            gradient_close(trainer);
        }
    }
    if (!status && trainer->device.staged) {
        status = stage_reserve(trainer, piece, error);
    }
    bind(trainer);
    return status;
}

static enum status check(const struct trainer *trainer, size_t count, struct error *error) {
    if (trainer->predicts_only) {
        return error_set(error, STATUS_STATE, "this model was opened for prediction only; it has no gradients");
    }
    if (count < trainer_gradient_least(trainer)) {
        return error_set(error, STATUS_INVALID,
                         count == 0 ? "a gradient of no rows was asked for; give at least one"
                                    : "batch normalization needs at least 2 rows at once; one row has no gradient of "
                                      "its own");
    }
    return STATUS_OK;
}

enum status trainer_gradient_ready(struct trainer *trainer, size_t count, struct error *error) {
    struct plan *plan;
    size_t piece = piece_of(trainer, count);
    enum status status = check(trainer, count, error);
    if (!status) {
        status = reserve(trainer, piece, error);
    }
    if (!status) {
        status = plans_get(trainer, PLAN_GRADIENT, piece, &plan, error);
    }
    if (!status && count % piece > 0) {
        status = plans_get(trainer, PLAN_GRADIENT, count % piece, &plan, error);
    }
    return status;
}

// ---- one gradient -------------------------------------------------------------------------------------

// Filters that are not trained lie among the running figures, so that these are copied.
static enum status copy_state(struct trainer *trainer, struct error *error) {
    size_t count = trainer->model->state_count;
    enum status status = device_read(trainer, SLOT_STATE, count, trainer->gradient.kept_state, error);
    return status || count == 0 ? status
                                : trainer->backend->api->upload(trainer->backend, trainer->gradient.state, 0, count,
                                                                trainer->gradient.kept_state, error);
}

// The numbers by which the program finds its rows; those of a stage are brought there first.
static enum status place_rows(struct trainer *trainer, const uint32_t *rows, size_t count, struct error *error) {
    struct gradient_room *room = &trainer->gradient;
    for (size_t i = 0; i < count; i++) {
        room->numbers[i] = trainer->device.staged ? stage_first(trainer) + (int32_t)i : (int32_t)rows[i];
    }
    enum status status = trainer->device.staged ? stage_rows(trainer, rows, count, error) : STATUS_OK;
    return status ? status
                  : trainer->backend->api->upload(trainer->backend, room->rows, 0, count, room->numbers, error);
}

static double mean_weight(const struct trainer *trainer) {
    const struct source *source = trainer->source;
    size_t count = source->part_count[PART_TRAIN];
    double sum = 0;
    for (size_t i = 0; trainer->class_weights != NULL && i < count; i++) {
        sum += (double)trainer->class_weights[source->labels[source->part_rows[PART_TRAIN][i]]];
    }
    return trainer->class_weights == NULL ? 1 : sum / (double)count;
}

static enum status run_piece(struct trainer *trainer, const uint32_t *rows, size_t count, const struct step_args *args,
                             float *gradient, double sums[METRIC_COUNT], struct error *error) {
    const struct backend_api *api = trainer->backend->api;
    const struct binding *binding = &trainer->device.bindings[PLAN_GRADIENT];
    struct plan *plan = NULL;
    enum status status = place_rows(trainer, rows, count, error);
    if (!status) {
        status = copy_state(trainer, error);
    }
    if (!status) {
        status = plans_get(trainer, PLAN_GRADIENT, count, &plan, error);
    }
    if (!status) {
        status = api->run(trainer->backend, plan, args, error);
    }
    if (!status) {
        status = api->download(trainer->backend, binding->slots[SLOT_METRICS], 0, METRIC_COUNT, sums, error);
    }
    return status ? status : device_read(trainer, SLOT_GRADIENTS, trainer->model->weight_count, gradient, error);
}

static void add(float *restrict to, const float *restrict from, size_t count) {
    for (size_t i = 0; i < count; i++) {
        to[i] += from[i];
    }
}

// |g|², and g added to `sum` unless that is NULL. Four sums at once: one alone waits for itself.
static double square_and_add(const float *restrict g, double *restrict sum, size_t count) {
    double squares[4] = {0};
    size_t i = 0;
    for (; i + 4 <= count; i += 4) {
        for (size_t k = 0; k < 4; k++) {
            double value = (double)g[i + k];
            squares[k] += value * value;
        }
        for (size_t k = 0; sum != NULL && k < 4; k++) {
            sum[i + k] += (double)g[i + k];
        }
    }
    for (; i < count; i++) {
        squares[0] += (double)g[i] * (double)g[i];
        if (sum != NULL) {
            sum[i] += (double)g[i];
        }
    }
    return (squares[0] + squares[1]) + (squares[2] + squares[3]);
}

static enum status run_pieces(struct trainer *trainer, const uint32_t *rows, size_t count, double *loss,
                              struct error *error) {
    struct gradient_room *room = &trainer->gradient;
    size_t weights = trainer->model->weight_count, piece = piece_of(trainer, count);
    struct step_args args = trainer_arguments(trainer);
    double sums[METRIC_COUNT];
    enum status status = STATUS_OK;
    args.first = 0;
    args.metric_slot = 0;
    args.denominator = (double)count * mean_weight(trainer);
    *loss = 0;
    for (size_t done = 0; !status && done < count; done += piece) {
        size_t now = count - done < piece ? count - done : piece;
        status = run_piece(trainer, rows + done, now, &args, done == 0 ? room->part : room->piece, sums, error);
        if (!status) {
            *loss += sums[METRIC_LOSS] / args.denominator;
        }
        if (!status && done > 0) {
            add(room->part, room->piece, weights);
        }
    }
    return status;
}

enum status trainer_gradient(struct trainer *trainer, const uint32_t *rows, size_t count, double *sum,
                             struct gradient_figures *figures, struct error *error) {
    enum status status = check(trainer, count, error);
    if (!status) {
        status = reserve(trainer, piece_of(trainer, count), error);
    }
    if (!status) {
        status = run_pieces(trainer, rows, count, &figures->loss, error);
    }
    if (!status) {
        figures->square = square_and_add(trainer->gradient.part, sum, trainer->model->weight_count);
    }
    return status;
}
