#include "core/train/memory.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/train/state.h"

#define ALIGNMENT 64

struct life { // of a temporary: from the first operation that touches it to the last
    uint64_t bytes;
    size_t first, last;
    bool used;
};

static void touch(struct life *lives, value_id id, size_t op) {
    if (id == VALUE_NONE)
        return;
    struct life *life = &lives[id];
    life->first = life->used ? life->first : op;
    life->last = op;
    life->used = true;
}

static void note_lives(const struct program *program, struct life *lives) {
    for (size_t i = 0; i < program->value_count; i++) {
        const struct value *value = &program->values[i];
        uint64_t bytes = (uint64_t)shape_count(value->shape) * dtype_size(value->dtype);
        if (value->slot == SLOT_TEMPORARY)
            lives[i].bytes = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
    for (size_t i = 0; i < program->op_count; i++) {
        for (int k = 0; k < OP_INPUTS; k++)
            touch(lives, program->ops[i].in[k], i);
        for (int k = 0; k < OP_OUTPUTS; k++)
            touch(lives, program->ops[i].out[k], i);
    }
}

// The most that live at once, or all of them.
static uint64_t peak(const struct program *program, const struct life *lives, bool reuses) {
    uint64_t most = 0;
    for (size_t op = 0; op < (reuses ? program->op_count : 1); op++) {
        uint64_t sum = 0;
        for (size_t i = 0; i < program->value_count; i++)
            sum += !reuses || (lives[i].used && lives[i].first <= op && op <= lives[i].last) ? lives[i].bytes : 0;
        most = sum > most ? sum : most;
    }
    return most;
}

static enum status temporaries(const struct trainer *trainer, enum plan_use use, size_t batch, bool reuses,
                               uint64_t *bytes, struct error *error) {
    struct program program = {.batch = (int64_t)batch};
    if (batch == 0)
        return STATUS_OK;
    enum status status = plan_program(trainer, use, &program, error);
    struct life *lives = status ? NULL : mem_alloc(program.value_count + 1, sizeof *lives);
    if (!status && lives == NULL)
        status = error_memory(error, "the plan of a step's memory", program.value_count * sizeof *lives);
    if (!status) {
        note_lives(&program, lives);
        *bytes += peak(&program, lives, reuses);
    }
    mem_free(lives);
    program_free(&program);
    return status;
}

// Of a batch: whole, or of the parts it goes through the model in (parts.c).
static enum status step_temporaries(const struct trainer *trainer, size_t batch, bool reuses, uint64_t *bytes,
                                    struct error *error) {
    size_t part = (size_t)trainer->params.micro_batch;
    if (part == 0 || part >= batch)
        return temporaries(trainer, PLAN_TRAIN, batch, reuses, bytes, error);
    enum status status = temporaries(trainer, PLAN_FIRST_PART, part, reuses, bytes, error);
    if (!status && batch / part > 1)
        status = temporaries(trainer, PLAN_PART, part, reuses, bytes, error);
    return status ? status : temporaries(trainer, PLAN_PART, batch % part, reuses, bytes, error);
}

static void fill_fixed(const struct trainer *trainer, size_t batch, struct train_memory *memory) {
    const struct source *source = trainer->source;
    const struct model *model = trainer->model;
    uint64_t sample = (uint64_t)shape_count(source->sample) * dtype_size(source->dtype), rows = 0;
    for (int part = 0; part < PART_COUNT; part++)
        rows += source->part_count[part];
    rows += source->part_count[PART_TRAIN];
    memory->data = source->rows * (sample + sizeof(float)) + rows * sizeof(int32_t);
    uint64_t chunk = trainer->device.chunk;
    memory->staged = (batch > chunk ? batch : chunk) * (sample + sizeof(float) + sizeof(int32_t)) +
                     source->part_count[PART_TRAIN] * sizeof(int32_t);
    if (source->features == NULL)
        memory->data = memory->staged;
    memory->weights = (model->weight_count + model->state_count) * sizeof(float);
    uint64_t blocks = 1 + (uint64_t)trainer->optimizer->moments; // the gradient too
    blocks += (trainer->params.ema > 0 ? 1u : 0u) + (trainer->params.micro_batch > 0 ? 1u : 0u);
    memory->optimizer = blocks * model->weight_count * sizeof(float);
    memory->evaluation = trainer->device.chunk * (uint64_t)model->outputs * sizeof(float);
}

static enum status choose_parts(struct trainer *trainer, struct error *error) {
    enum status status = loss_choose(trainer->params.loss, trainer->source->task, &trainer->loss, error);
    if (!status)
        status = optimizer_choose(trainer->params.optimizer, &trainer->optimizer, error);
    if (!status)
        status = model_make(&trainer->params, trainer_model_data(&trainer->params, trainer->source), &trainer->model,
                            error);
    return status;
}

enum status train_memory_plan(const struct train_params *params, struct source *source, size_t batch, bool reuses,
                              struct train_memory *memory, struct error *error) {
    struct trainer trainer = {.params = *params, .source = source}; // never opened: it only writes programs
    size_t rows = source->part_count[PART_TRAIN], validation = source->part_count[PART_VALIDATION];
    size_t rest = rows > batch && !params->drop_last ? rows % batch : 0;
    *memory = (struct train_memory){0};
    enum status status = choose_parts(&trainer, error);
    if (!status) {
        trainer.device.chunk = device_chunk(trainer.model);
        fill_fixed(&trainer, batch, memory);
        size_t chunk = validation < trainer.device.chunk ? validation : trainer.device.chunk;
        status = temporaries(&trainer, PLAN_EVALUATE, chunk, reuses, &memory->evaluation, error);
    }
    if (!status)
        status = step_temporaries(&trainer, batch, reuses, &memory->step, error);
    if (!status)
        status = step_temporaries(&trainer, rest, reuses, &memory->step, error);
    model_free(trainer.model);
    return status;
}

uint64_t train_memory_total(const struct train_memory *memory) {
    return memory->data + memory->weights + memory->optimizer + memory->evaluation + memory->step;
}

// Pictures are changed by their place in the set, which a stage does not know.
bool train_memory_can_stage(const struct source *source, const struct backend *backend) {
    return source->features == NULL || (backend->api->upload_ahead != NULL && source->sample.rank == 1);
}

bool train_memory_has_room(const struct train_params *params, struct source *source, struct backend *backend) {
    struct train_memory memory;
    struct device_info info = {0};
    struct error ignored;
    if (train_memory_plan(params, source, (size_t)params->batch, false, &memory, &ignored))
        return true;
    backend->api->describe(backend, &info);
    return info.memory_free == 0 || memory.data + memory.step + memory.evaluation <= info.memory_free;
}

// "3.25 GB"
static const char *size_text(uint64_t bytes, char out[32]) {
    bool large = bytes >= 1000000000;
    snprintf(out, 32, large ? "%.3g GB" : "%.3g MB", (double)bytes / (large ? 1e9 : 1e6));
    return out;
}

enum status train_memory_check(const struct train_params *params, struct source *source, struct backend *backend,
                               uint64_t taken, struct error *error) {
    struct train_memory memory;
    struct device_info info = {0};
    char total[32], left[32], weights[32], step[32], rest[32];
    enum status status = train_memory_plan(params, source, (size_t)params->batch,
                                           strcmp(backend->api->name, "cpu") == 0, &memory, error);
    if (status)
        return status;
    if (backend->api->borrow != NULL && source->features != NULL)
        memory.data = 0;
    backend->api->describe(backend, &info);
    bool whole = source->features != NULL && train_memory_total(&memory) <= info.memory_free + taken;
    if (!whole && train_memory_can_stage(source, backend))
        memory.data = memory.staged * (uint64_t)stage_regions(backend);
    if (taken == 0 && memory.weights > memory.evaluation) // while they start they are there twice, and no evaluation
        memory.weights += memory.weights - memory.evaluation;
    uint64_t needed = train_memory_total(&memory);
    if (info.memory_free == 0 || needed <= info.memory_free + taken)
        return STATUS_OK;
    return error_set(error, STATUS_MEMORY,
                     "training needs about %s of memory (weights, gradients and moments %s, a step of %lld rows %s, data "
                     "and evaluation %s) and %s has %s free; choose a smaller model or batch, or a micro-batch",
                     size_text(needed, total), size_text(memory.weights + memory.optimizer, weights),
                     (long long)params->batch, size_text(memory.step, step),
                     size_text(memory.data + memory.evaluation, rest), backend->api->name,
                     size_text(info.memory_free + taken, left));
}
