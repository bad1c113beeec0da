#include "core/lab/layers.h"

#include <math.h>

#include "core/base/mem.h"

enum { ROWS_MOST = 1024 };

void layer_meter_close(struct layer_meter *meter) {
    mem_free(meter->now);
    mem_free(meter->start);
    *meter = (struct layer_meter){0};
}

size_t layers_rows(const struct trainer *trainer) {
    size_t count, least = trainer_gradient_least(trainer), rows = (size_t)trainer_params(trainer)->batch;
    trainer_rows(trainer, &count);
    rows = rows > ROWS_MOST ? ROWS_MOST : rows;
    rows = rows < count ? rows : count;
    return rows > least ? rows : least;
}

// The weights that the run's seed begins with are made once.
static enum status make_ready(struct layer_meter *meter, const struct trainer *trainer, struct error *error) {
    const struct model *model = trainer_model(trainer);
    uint64_t seed = (uint64_t)trainer_params(trainer)->seed;
    size_t weights = model->weight_count, all = weights + model->state_count;
    if (meter->start != NULL && meter->weights == weights && meter->seed == seed) {
        return STATUS_OK;
    }
    layer_meter_close(meter);
    meter->now = mem_alloc(weights, sizeof *meter->now);
    meter->start = mem_alloc(all, sizeof *meter->start);
    if (meter->now == NULL || meter->start == NULL) {
        layer_meter_close(meter);
        return error_memory(error, "copies of the weights", (weights + all) * sizeof *meter->now);
    }
    model_initialize(model, seed, meter->start, meter->start + weights);
    meter->weights = weights;
    meter->seed = seed;
    return STATUS_OK;
}

static void lengths(const struct layer_meter *meter, size_t from, size_t count, double *moved, double *norm) {
    double off = 0, square = 0;
    for (size_t i = from; i < from + count; i++) {
        double now = (double)meter->now[i], by = now - (double)meter->start[i];
        off += by * by;
        square += now * now;
    }
    *moved = sqrt(off);
    *norm = sqrt(square);
}

enum status layers_measure(struct layer_meter *meter, struct noise_meter *draws, struct trainer *trainer,
                           uint64_t index, struct error *error) {
    enum status status = make_ready(meter, trainer, error);
    if (!status) {
        status = noise_gradient(draws, trainer, index, layers_rows(trainer), error);
    }
    if (!status) {
        status = trainer_weights(trainer, meter->now, error);
    }
    if (!status) {
        lengths(meter, 0, meter->weights, &meter->distance, &meter->length);
    }
    return status;
}

struct layer_look layers_look(const struct layer_meter *meter, const struct noise_meter *draws,
                              const struct layer *layer) {
    size_t from = layer->weight_offset, count = layer->weight_count;
    struct layer_look look = {.histogram = histogram_make(meter->now + from, draws->sum + from, count)};
    lengths(meter, from, count, &look.moved, &look.norm);
    return look;
}
