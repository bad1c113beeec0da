// Programs of one step — training, evaluation, prediction — and the plans a backend made of them,
// kept by use and batch size so that no step waits for one.
#include "core/base/mem.h"
#include "core/train/state.h"

static bool trains(enum plan_use use) {
    return use != PLAN_EVALUATE && use != PLAN_PREDICT;
}

static struct op *add_gather(struct program *program, enum op_kind kind, value_id rows, value_id from, value_id to) {
    struct op *op = program_op(program, kind);
    op->in[0] = rows;
    op->in[1] = from;
    op->out[0] = to;
    return op;
}

// Rows of the data's buffers on the device: all, or those of a stage.
static int64_t rows_held(const struct trainer *trainer, const struct program *program) {
    int64_t staged = (int64_t)trainer->device.stage.capacity * trainer->device.stage.regions;
    if (trainer->source->features != NULL && !trainer->device.staged) {
        return (int64_t)trainer->source->rows;
    }
    return staged > program->batch ? staged : program->batch;
}

static value_id write_features(const struct trainer *trainer, struct program *program, enum plan_use use,
                               value_id rows) {
    const struct source *source = trainer->source;
    if (use == PLAN_PREDICT && source->dtype == DTYPE_F32) { // the rows lie there one after the other
        return program_value(program, SLOT_FEATURES, 0, DTYPE_F32, shape_batch(program->batch, trainer->model->sample));
    }
    int64_t count = use == PLAN_PREDICT ? (int64_t)trainer->device.chunk : rows_held(trainer, program);
    value_id features =
        program_value(program, SLOT_FEATURES, 0, source->dtype, shape_batch(count, trainer->model->sample));
    value_id x = program_temporary(program, DTYPE_F32, shape_batch(program->batch, trainer->model->sample));
    struct op *op = add_gather(program, OP_GATHER, rows, features, x);
    op->attr.gather.training = trains(use) && source->sample.rank == 3; // augmentation is for images
    for (int i = 0; i < IMAGE_CHANNELS_MOST; i++) {
        op->attr.gather.mean[i] = source->pixel_mean[i];
        op->attr.gather.sd[i] = source->pixel_sd[i];
    }
    return x;
}

static value_id write_truth(const struct trainer *trainer, struct program *program, value_id rows) {
    int64_t count = rows_held(trainer, program);
    if (trainer->source->task == SOURCE_CLASSIFY) {
        value_id labels = program_value(program, SLOT_LABELS, 0, DTYPE_I32, shape_make(1, &count));
        value_id truth = program_temporary(program, DTYPE_I32, shape_make(1, &program->batch));
        add_gather(program, OP_GATHER_LABELS, rows, labels, truth);
        return truth;
    }
    struct shape one = shape_make(1, (int64_t[]){1});
    value_id targets = program_value(program, SLOT_TARGETS, 0, DTYPE_F32, shape_batch(count, one));
    value_id truth = program_temporary(program, DTYPE_F32, shape_batch(program->batch, one));
    add_gather(program, OP_GATHER_TARGETS, rows, targets, truth);
    return truth;
}

static void write_outputs(const struct trainer *trainer, struct program *program, value_id logits) {
    struct shape shape = shape_make(2, (int64_t[]){program->batch, trainer->model->outputs});
    value_id outputs = program_value(program, SLOT_OUTPUTS, 0, DTYPE_F32, shape);
    struct op *op = program_op(program, OP_COPY);
    op->in[0] = logits;
    op->out[0] = outputs;
}

static void write_update(const struct trainer *trainer, struct program *program, enum slot gradients) {
    size_t count = trainer->model->weight_count;
    optimizer_write(trainer->optimizer, program, DTYPE_F32, trainer->model, gradients);
    if (trainer->params.ema > 0) {
        average_write(program, DTYPE_F32, count);
    }
}

// The gradient of a part begins the sum, or is added to it.
static void write_sum(const struct trainer *trainer, struct program *program, bool first) {
    struct shape shape = shape_make(1, (int64_t[]){(int64_t)trainer->model->weight_count});
    value_id gradients = program_value(program, SLOT_GRADIENTS, 0, DTYPE_F32, shape);
    value_id sum = program_value(program, SLOT_SUM, 0, DTYPE_F32, shape);
    struct op *op = program_op(program, first ? OP_COPY : OP_ADD);
    op->in[0] = first ? gradients : sum;
    op->in[1] = first ? VALUE_NONE : gradients;
    op->out[0] = sum;
}

static void write_backward(const struct trainer *trainer, struct program *program, enum plan_use use, value_id gradient,
                           struct layer_pass *passes) {
    model_backward(trainer->model, program, gradient, passes);
    if (use == PLAN_TRAIN) {
        write_update(trainer, program, SLOT_GRADIENTS);
    } else if (use != PLAN_GRADIENT) {
        write_sum(trainer, program, use == PLAN_FIRST_PART);
    }
}

// `passes`: model->count + 1 entries.
static void write_program(const struct trainer *trainer, struct program *program, enum plan_use use,
                          struct layer_pass *passes) {
    if (use == PLAN_UPDATE) {
        write_update(trainer, program, SLOT_SUM);
        return;
    }
    value_id rows = program_value(program, SLOT_ROWS, 0, DTYPE_I32, shape_make(1, &program->batch));
    value_id x = write_features(trainer, program, use, rows);
    value_id truth = use == PLAN_PREDICT ? VALUE_NONE : write_truth(trainer, program, rows);
    value_id logits = model_forward(trainer->model, program, DTYPE_F32, trains(use), x, passes);
    if (use == PLAN_PREDICT || (use == PLAN_EVALUATE && trainer->source->task == SOURCE_REGRESS)) {
        write_outputs(trainer, program, logits);
    }
    if (use == PLAN_PREDICT) {
        return;
    }
    bool weighted = loss_weighted(&trainer->params, trainer->source);
    value_id gradient = loss_write(trainer->loss, program, DTYPE_F32, logits, truth, weighted, trains(use));
    if (trains(use)) {
        write_backward(trainer, program, use, gradient, passes);
    }
}

enum status plan_program(const struct trainer *trainer, enum plan_use use, struct program *program,
                         struct error *error) {
    size_t count = trainer->model->count + 1;
    struct layer_pass *passes = mem_alloc(count, sizeof *passes);
    if (passes == NULL) {
        return error_memory(error, "a program", count * sizeof *passes);
    }
    write_program(trainer, program, use, passes);
    program_fuse(program);
    mem_free(passes);
    return program_check(program, error);
}

static void write_inspection(const struct trainer *trainer, struct program *program, struct layer_pass *passes,
                             size_t *count) {
    const struct model *model = trainer->model;
    value_id rows = program_value(program, SLOT_ROWS, 0, DTYPE_I32, shape_make(1, &program->batch));
    value_id x = write_features(trainer, program, PLAN_TRAIN, rows);
    model_forward(model, program, DTYPE_F32, true, x, passes);
    *count = 0;
    for (size_t i = 0; i < model->count && !program->failed; i++) {
        int64_t size = shape_count(model->layers[i].out) * program->batch;
        value_id out = program_value(program, SLOT_OUTPUTS, *count, DTYPE_F32, shape_make(1, &size));
        struct op *op = program_op(program, OP_COPY);
        op->in[0] = passes[i + 1].output;
        op->out[0] = out;
        *count += (size_t)size;
    }
}

enum status plan_inspection(const struct trainer *trainer, struct program *program, size_t *count,
                            struct error *error) {
    struct layer_pass *passes = mem_alloc(trainer->model->count + 1, sizeof *passes);
    if (passes == NULL) {
        return error_memory(error, "a program", 0);
    }
    write_inspection(trainer, program, passes, count);
    mem_free(passes);
    return program_check(program, error);
}

static enum status make_plan(struct trainer *trainer, enum plan_use use, size_t batch, struct plan **plan,
                             struct error *error) {
    struct program program = {.batch = (int64_t)batch};
    enum status status = plan_program(trainer, use, &program, error);
    if (!status) {
        bool own = !trains(use) || use == PLAN_GRADIENT;
        const struct binding *binding = &trainer->device.bindings[own ? use : PLAN_TRAIN];
        status = trainer->backend->api->prepare(trainer->backend, &program, binding, plan, error);
    }
    if (status) {
        error_prefix(error, "batch of %zu rows", batch);
    }
    program_free(&program);
    return status;
}

static struct plan_entry *find(struct plans *plans, enum plan_use use, size_t batch) {
    for (size_t i = 0; i < plans->count; i++) {
        if (plans->entries[i].batch == batch && plans->entries[i].use == use) {
            return &plans->entries[i];
        }
    }
    return NULL;
}

static struct plan_entry *make_room(struct trainer *trainer) {
    struct plans *plans = &trainer->plans;
    if (plans->count < PLANS_MOST) {
        return &plans->entries[plans->count++];
    }
    struct plan_entry *oldest = &plans->entries[0];
    for (size_t i = 1; i < plans->count; i++) {
        oldest = plans->entries[i].used < oldest->used ? &plans->entries[i] : oldest;
    }
    trainer->backend->api->discard(trainer->backend, oldest->plan);
    return oldest;
}

enum status plans_get(struct trainer *trainer, enum plan_use use, size_t batch, struct plan **plan,
                      struct error *error) {
    struct plan_entry *entry = find(&trainer->plans, use, batch);
    if (entry == NULL) {
        struct plan *made = NULL;
        enum status status = make_plan(trainer, use, batch, &made, error);
        if (status) {
            return status;
        }
        entry = make_room(trainer);
        *entry = (struct plan_entry){.plan = made, .use = use, .batch = batch};
    }
    entry->used = ++trainer->plans.clock;
    *plan = entry->plan;
    return STATUS_OK;
}

enum status plans_ready(struct trainer *trainer, const struct sampler *sampler, size_t batch, bool drop_last,
                        struct error *error) {
    size_t left = sampler->count - sampler->position;
    size_t sizes[] = {batch, left < batch || !drop_last ? left % batch : 0, drop_last ? 0 : sampler->count % batch};
    enum status status = trainer->device.staged ? stage_reserve(trainer, batch, error) : STATUS_OK;
    for (size_t i = 0; !status && i < sizeof sizes / sizeof sizes[0]; i++) {
        if (sizes[i] > 0) {
            status = parts_ready(trainer, sizes[i], error);
        }
    }
    return status;
}

void plans_close(struct trainer *trainer) {
    for (size_t i = 0; i < trainer->plans.count; i++) {
        trainer->backend->api->discard(trainer->backend, trainer->plans.entries[i].plan);
    }
    trainer->plans = (struct plans){0};
}

int trainer_threads(const struct trainer *trainer) {
    int most = 0;
    for (size_t i = 0; trainer->backend->api->plan_threads != NULL && i < trainer->plans.count; i++) {
        const struct plan_entry *entry = &trainer->plans.entries[i];
        int threads = trains(entry->use) ? trainer->backend->api->plan_threads(entry->plan) : 0;
        most = threads > most ? threads : most;
    }
    return most;
}

size_t plans_bytes(const struct trainer *trainer) {
    size_t bytes = 0;
    for (size_t i = 0; i < trainer->plans.count; i++) {
        bytes += trainer->backend->api->plan_bytes(trainer->plans.entries[i].plan);
    }
    return bytes;
}
