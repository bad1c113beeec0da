// Where a step that was not finite went wrong first. Not in the way of steps: it allocates, and takes its time.
#include <math.h>
#include <stdio.h>

#include "core/base/mem.h"
#include "core/train/state.h"

#define ROWS_AT_ONCE 8

static bool all_finite(const float *values, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(values[i])) {
            return false;
        }
    }
    return true;
}

// ---- data -----------------------------------------------------------------------------------------------

// `values`: room for a row.
static bool blame_row(const struct source *source, uint32_t row, float *values, char *text) {
    struct error error;
    size_t width = (size_t)shape_count(source->sample);
    unsigned long long origin = (source->origin != NULL ? source->origin[row] : row) + 1;
    if (source->task == SOURCE_REGRESS && !isfinite(source->targets[row])) {
        snprintf(text, ERROR_TEXT_SIZE, "in the data: the target of row %llu", origin);
        return true;
    }
    if (source->dtype != DTYPE_F32 || source_read(source, row, 1, values, &error)) {
        return false;
    }
    for (size_t i = 0; i < width; i++) {
        if (!isfinite(values[i])) {
            snprintf(text, ERROR_TEXT_SIZE, "in the data: row %llu, column %.80s, is %s", origin,
                     source->feature_names != NULL ? source->feature_names[i] : "of pixels",
                     isnan(values[i]) ? "not a number" : "infinite");
            return true;
        }
    }
    return false;
}

static bool blame_data(const struct trainer *trainer, char *text) {
    float *values = mem_alloc(1, source_row_bytes(trainer->source));
    bool found = false;
    for (size_t i = 0; values != NULL && !found && i < trainer->last_batch; i++) {
        found = blame_row(trainer->source, trainer->sampler.order[trainer->last_first + i], values, text);
    }
    mem_free(values);
    return found;
}

// ---- blocks of weights ------------------------------------------------------------------------------------

// The first layer, or with `backward` the last, whose piece of the block is not finite.
static const struct layer *find_layer(const struct model *model, const float *block, bool backward) {
    const struct layer *found = NULL;
    for (size_t i = 0; i < model->count && (backward || found == NULL); i++) {
        const struct layer *layer = &model->layers[i];
        found = all_finite(block + layer->weight_offset, layer->weight_count) ? found : layer;
    }
    return found;
}

static bool blame_block(struct trainer *trainer, enum slot slot, const char *what, bool backward, char *text) {
    size_t count = trainer->model->weight_count;
    float *block = mem_alloc(count, sizeof *block);
    struct error error;
    const struct layer *layer = NULL;
    if (block != NULL && device_read(trainer, slot, count, block, &error) == STATUS_OK) {
        layer = find_layer(trainer->model, block, backward);
    }
    if (layer != NULL) {
        snprintf(text, ERROR_TEXT_SIZE, "in the %s of layer %s", what, layer->name);
    }
    mem_free(block);
    return layer != NULL;
}

// ---- the forward pass ---------------------------------------------------------------------------------------

struct inspection {
    struct trainer *trainer;
    struct buffer *outputs;
    struct plan *plan;
    float *values; // [count]
    size_t count, rows;
};

static enum status inspection_open(struct inspection *in, struct error *error) {
    struct trainer *trainer = in->trainer;
    const struct backend_api *api = trainer->backend->api;
    struct program program = {.batch = (int64_t)in->rows};
    enum status status = plan_inspection(trainer, &program, &in->count, error);
    if (!status) {
        in->values = mem_alloc(in->count, sizeof *in->values);
        status = in->values == NULL ? error_memory(error, "a look at the layers", in->count * sizeof *in->values)
                                    : api->allocate(trainer->backend, DTYPE_F32, in->count, &in->outputs, error);
    }
    if (!status) {
        struct binding binding = trainer->device.bindings[PLAN_TRAIN];
        binding.slots[SLOT_OUTPUTS] = in->outputs;
        status = api->prepare(trainer->backend, &program, &binding, &in->plan, error);
    }
    program_free(&program);
    return status;
}

static void inspection_close(struct inspection *in) {
    const struct backend_api *api = in->trainer->backend->api;
    api->discard(in->trainer->backend, in->plan);
    api->release(in->trainer->backend, in->outputs);
    mem_free(in->values);
}

// The first layer whose output is not finite for rows from `first` on; NULL: none.
static const struct layer *inspect(struct inspection *in, size_t first, struct error *error) {
    struct trainer *trainer = in->trainer;
    const struct backend_api *api = trainer->backend->api;
    const float *at = in->values;
    struct step_args args = {.seed = (uint64_t)trainer->params.seed,
                             .step = trainer->steps - 1,
                             .first = first,
                             .epoch = trainer->sampler.ordered_epoch,
                             .augment = trainer_augment(&trainer->params)};
    if (api->run(trainer->backend, in->plan, &args, error) ||
        api->download(trainer->backend, in->outputs, 0, in->count, in->values, error)) {
        return NULL;
    }
    for (size_t i = 0; i < trainer->model->count; i++) {
        const struct layer *layer = &trainer->model->layers[i];
        size_t count = (size_t)shape_count(layer->out) * in->rows;
        if (!all_finite(at, count)) {
            return layer;
        }
        at += count;
    }
    return NULL;
}

static bool blame_forward(struct trainer *trainer, char *text) {
    size_t batch = trainer->last_batch;
    struct inspection in = {.trainer = trainer, .rows = batch < ROWS_AT_ONCE ? batch : ROWS_AT_ONCE};
    struct error error;
    const struct layer *layer = NULL;
    bool opened = inspection_open(&in, &error) == STATUS_OK;
    for (size_t done = 0; opened && layer == NULL && done < batch; done += in.rows) {
        size_t first = done + in.rows > batch ? batch - in.rows : done; // the last rows again rather than another plan
        layer = inspect(&in, trainer->last_first + first, &error);
    }
    if (layer != NULL) {
        snprintf(text, ERROR_TEXT_SIZE, "from layer %s on", layer->name);
    }
    inspection_close(&in);
    return layer != NULL;
}

// Where rows come to the device batch by batch, an evaluation may have been there since.
static bool bring_back(struct trainer *trainer) {
    struct error error;
    return !trainer->device.staged ||
           stage_again(trainer, trainer->last_first, trainer->last_batch, &error) == STATUS_OK;
}

bool trainer_blame(struct trainer *trainer, char text[ERROR_TEXT_SIZE]) {
    size_t part = (size_t)trainer->params.micro_batch;
    enum slot gradients = part > 0 && part < trainer->last_batch ? SLOT_SUM : SLOT_GRADIENTS;
    text[0] = '\0';
    if (trainer->predicts_only || trainer->last_batch == 0) {
        return false;
    }
    if (blame_data(trainer, text)) {
        return true;
    }
    if (!bring_back(trainer)) {
        return false;
    }
    // What comes first is looked at first: weights of before the step, activations, then backward from the last layer.
    if (!trainer->last_loss_finite) {
        if (!blame_block(trainer, SLOT_WEIGHTS, "weights", false, text)) {
            blame_forward(trainer, text);
        }
    } else if (!blame_block(trainer, gradients, "gradient", true, text)) {
        blame_block(trainer, SLOT_WEIGHTS, "weights", false, text);
    }
    return false;
}
