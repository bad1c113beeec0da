#include "core/lab/noise_meter.h"

#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/rng.h"

enum { PARTS = 8, ROWS_LEAST = 64, ROWS_MOST = 1024 }; // of samples taken along with a run

void noise_meter_close(struct noise_meter *meter) {
    mem_free(meter->order);
    mem_free(meter->places);
    mem_free(meter->sum);
    *meter = (struct noise_meter){.seed = meter->seed};
}

// The run may have other rows since the last sample.
static enum status make_ready(struct noise_meter *meter, const struct trainer *trainer, struct error *error) {
    size_t count, weights = trainer_model(trainer)->weight_count;
    const uint32_t *rows = trainer_rows(trainer, &count);
    if (meter->rows == rows && meter->count == count && meter->weights == weights) {
        return STATUS_OK;
    }
    noise_meter_close(meter);
    meter->order = mem_copy(rows, count * sizeof *rows);
    meter->sum = mem_alloc(weights, sizeof *meter->sum);
    if (meter->order == NULL || meter->sum == NULL) {
        noise_meter_close(meter);
        return error_memory(error, "gradient statistics", weights * sizeof *meter->sum);
    }
    meter->rows = rows;
    meter->count = count;
    meter->weights = weights;
    return STATUS_OK;
}

enum status noise_check(const struct trainer *trainer, size_t batch, size_t part, struct error *error) {
    size_t count, least = trainer_gradient_least(trainer);
    trainer_rows(trainer, &count);
    if (part < least) {
        return error_set(error, STATUS_INVALID,
                         "micro-batch of %zu rows: batch normalization needs parts of at least 2 rows, which are "
                         "batches of their own",
                         part);
    }
    if (batch <= part || batch % part != 0) {
        return error_set(error, STATUS_INVALID,
                         "batch of %zu rows in parts of %zu: the batch must be at least twice the micro-batch, and a "
                         "multiple of it",
                         batch, part);
    }
    if (batch > count) {
        return error_set(error, STATUS_INVALID, "batch of %zu rows: there are only %zu training rows", batch, count);
    }
    return STATUS_OK;
}

bool noise_choose(const struct trainer *trainer, size_t *batch, size_t *part) {
    size_t count, least = trainer_gradient_least(trainer), rows = (size_t)trainer_params(trainer)->batch;
    trainer_rows(trainer, &count);
    rows = rows < ROWS_LEAST ? ROWS_LEAST : rows > ROWS_MOST ? ROWS_MOST : rows;
    rows = rows < count ? rows : count;
    size_t parts = rows / PARTS >= least ? PARTS : rows / least;
    *part = parts > 1 ? rows / parts : 0;
    *batch = *part * parts;
    return parts > 1;
}

static void swap(uint32_t *order, size_t a, size_t b) {
    uint32_t row = order[a];
    order[a] = order[b];
    order[b] = row;
}

// `batch` rows drawn at random come to the front; put_back undoes it, in less time than all rows would take.
static enum status draw(struct noise_meter *meter, uint64_t index, size_t batch, struct error *error) {
    struct rng rng = rng_make(meter->seed, RNG_NOISE, index);
    if (!vec_reserve(&meter->places, &meter->place_capacity, batch, sizeof *meter->places)) {
        return error_memory(error, "gradient statistics", batch * sizeof *meter->places);
    }
    for (size_t i = 0; i < batch; i++) {
        meter->places[i] = (uint32_t)(i + rng_below(&rng, meter->count - i));
        swap(meter->order, i, meter->places[i]);
    }
    return STATUS_OK;
}

static void put_back(struct noise_meter *meter, size_t batch) {
    for (size_t i = batch; i-- > 0;) {
        swap(meter->order, i, meter->places[i]);
    }
}

// s and |Σ G_b|² of the first `batch` rows of the order.
static enum status measure_parts(struct noise_meter *meter, struct trainer *trainer, size_t batch, size_t part,
                                 double *part_sq, double *sum_sq, struct error *error) {
    struct gradient_figures figures;
    enum status status = STATUS_OK;
    *part_sq = *sum_sq = 0;
    memset(meter->sum, 0, meter->weights * sizeof *meter->sum);
    for (size_t done = 0; !status && done < batch; done += part) {
        status = trainer_gradient(trainer, meter->order + done, part, meter->sum, &figures, error);
        *part_sq += figures.square * (double)part / (double)batch;
    }
    for (size_t i = 0; !status && i < meter->weights; i++) {
        *sum_sq += meter->sum[i] * meter->sum[i];
    }
    return status;
}

enum status noise_measure(struct noise_meter *meter, struct trainer *trainer, uint64_t index, size_t batch, size_t part,
                          struct noise_sample *sample, struct error *error) {
    double part_sq, sum_sq, parts = (double)batch / (double)part;
    enum status status = noise_check(trainer, batch, part, error);
    if (!status) {
        status = make_ready(meter, trainer, error);
    }
    if (!status) {
        status = draw(meter, index, batch, error);
    }
    if (status) {
        return status;
    }
    status = measure_parts(meter, trainer, batch, part, &part_sq, &sum_sq, error);
    put_back(meter, batch);
    *sample = (struct noise_sample){.batch = batch,
                                    .part = part,
                                    .population = meter->count,
                                    .part_sq = part_sq,
                                    .batch_sq = sum_sq / (parts * parts)};
    return status;
}

enum status noise_gradient(struct noise_meter *meter, struct trainer *trainer, uint64_t index, size_t rows,
                           struct error *error) {
    struct gradient_figures figures;
    enum status status = make_ready(meter, trainer, error);
    if (!status && rows > meter->count) {
        status = error_set(error, STATUS_INVALID, "a gradient of %zu rows: there are only %zu training rows", rows,
                           meter->count);
    }
    if (!status) {
        status = draw(meter, index, rows, error);
    }
    if (status) {
        return status;
    }
    memset(meter->sum, 0, meter->weights * sizeof *meter->sum);
    status = trainer_gradient(trainer, meter->order, rows, meter->sum, &figures, error);
    put_back(meter, rows);
    return status;
}

enum status noise_exact(struct noise_meter *meter, struct trainer *trainer, struct noise_exact *exact,
                        struct task *task, struct error *error) {
    struct gradient_figures figures;
    double squares = 0, mean_sq = 0, loss = 0;
    enum status status = STATUS_OK;
    if (trainer_gradient_least(trainer) > 1) {
        return error_set(error, STATUS_UNSUPPORTED,
                         "the exact noise scale needs every row's own gradient, which a model with batch normalization "
                         "does not have");
    }
    status = make_ready(meter, trainer, error);
    if (status) {
        return status;
    }
    double count = (double)meter->count;
    memset(meter->sum, 0, meter->weights * sizeof *meter->sum);
    task_begin(task, "Gradients of all rows", "rows", meter->count);
    for (size_t i = 0; !status && i < meter->count; i++) {
        status = trainer_gradient(trainer, meter->rows + i, 1, meter->sum, &figures, error);
        squares += figures.square;
        loss += figures.loss / count;
        status = status ? status : task_step(task, 1, error);
    }
    for (size_t i = 0; !status && i < meter->weights; i++) {
        mean_sq += meter->sum[i] / count * (meter->sum[i] / count);
    }
    exact->gradient_sq = mean_sq;
    exact->trace = meter->count > 1 ? (squares - count * mean_sq) / (count - 1) : 0;
    exact->noise_scale = mean_sq > 0 ? exact->trace / mean_sq : (double)INFINITY;
    exact->loss = loss;
    return status;
}
