#include "core/backend/binding.h"

static bool writes_metrics(const struct op *op) {
    return op_is_loss(op->kind) || op->kind == OP_CLIP ||
           (op_is_optimizer(op->kind) &&
            (op->attr.optimizer.norms || op->attr.optimizer.clips || op->attr.optimizer.guards));
}

static enum status check_slot(const struct binding *binding, enum slot slot, enum dtype dtype, size_t needed,
                              struct error *error) {
    const struct buffer *buffer = binding->slots[slot];
    if (buffer == NULL) {
        return error_set(error, STATUS_INVALID, "The program uses slot %d, but no buffer is bound to it.", (int)slot);
    }
    if (buffer->dtype != dtype || buffer->count < needed) {
        return error_set(error, STATUS_INVALID, "Slot %d holds %zu %s where the program needs %zu %s.", (int)slot,
                         buffer->count, dtype_name(buffer->dtype), needed, dtype_name(dtype));
    }
    return STATUS_OK;
}

enum status binding_check(const struct program *program, const struct binding *binding, struct error *error) {
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < program->value_count; i++) {
        const struct value *value = &program->values[i];
        if (value->slot != SLOT_TEMPORARY) {
            size_t needed = value->offset + (size_t)shape_count(value->shape);
            status = check_slot(binding, value->slot, value->dtype, needed, error);
        }
    }
    for (size_t i = 0; status == STATUS_OK && i < program->op_count; i++) {
        if (writes_metrics(&program->ops[i])) {
            status = check_slot(binding, SLOT_METRICS, DTYPE_F64, (size_t)METRIC_SLOTS * METRIC_COUNT, error);
        }
    }
    return status;
}

void *binding_address(const struct binding *binding, const struct value *value) {
    if (value->slot == SLOT_TEMPORARY) {
        return NULL;
    }
    return (char *)binding->slots[value->slot]->data + value->offset * dtype_size(value->dtype);
}

enum status buffer_check(const struct buffer *buffer, size_t offset, size_t count, struct error *error) {
    if (offset > buffer->count || count > buffer->count - offset) {
        return error_set(error, STATUS_INVALID, "Elements %zu to %zu lie outside a buffer of %zu.", offset,
                         offset + count, buffer->count);
    }
    return STATUS_OK;
}

struct step_limits binding_limits(const struct binding *binding, const struct program *program) {
    struct step_limits limits = {0};
    if (binding->slots[SLOT_METRICS] != NULL) {
        limits.metrics = binding->slots[SLOT_METRICS]->data;
    }
    for (size_t i = 0; i < program->value_count; i++) {
        const struct value *value = &program->values[i];
        if (value->slot == SLOT_ROWS) {
            size_t end = value->offset + (size_t)value->shape.size[0];
            limits.batch = end > limits.batch ? end : limits.batch;
            limits.rows = binding->slots[SLOT_ROWS]->count;
        }
    }
    return limits;
}

enum status step_args_check(const struct step_limits *limits, const struct step_args *args, struct error *error) {
    if (args->first > limits->rows || limits->batch > limits->rows - args->first) {
        return error_set(error, STATUS_INVALID, "A batch of %zu from row %zu on goes beyond the %zu rows there are.",
                         limits->batch, args->first, limits->rows);
    }
    if (args->metric_slot < 0 || args->metric_slot >= METRIC_SLOTS) {
        return error_set(error, STATUS_INVALID, "There is no metric slot %d; they go from 0 to %d.", args->metric_slot,
                         METRIC_SLOTS - 1);
    }
    return STATUS_OK;
}
