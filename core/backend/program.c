#include "core/backend/program.h"

#include "core/base/mem.h"

static const char *const names[OP_COUNT] = {
    [OP_GATHER] = "gather",
    [OP_GATHER_LABELS] = "gather_labels",
    [OP_GATHER_TARGETS] = "gather_targets",
    [OP_DENSE] = "dense",
    [OP_DENSE_INPUT_GRADIENT] = "dense_input_gradient",
    [OP_DENSE_WEIGHT_GRADIENT] = "dense_weight_gradient",
    [OP_CONVOLUTION] = "convolution",
    [OP_CONVOLUTION_INPUT_GRADIENT] = "convolution_input_gradient",
    [OP_CONVOLUTION_WEIGHT_GRADIENT] = "convolution_weight_gradient",
    [OP_POOL] = "pool",
    [OP_POOL_GRADIENT] = "pool_gradient",
    [OP_ACTIVATION] = "activation",
    [OP_ACTIVATION_GRADIENT] = "activation_gradient",
    [OP_DROPOUT] = "dropout",
    [OP_DROPOUT_GRADIENT] = "dropout_gradient",
    [OP_SOFTMAX_CROSS_ENTROPY] = "softmax_cross_entropy",
    [OP_SQUARED_ERROR] = "squared_error",
    [OP_ADD] = "add",
    [OP_COPY] = "copy",
    [OP_SGD] = "sgd",
};

const char *op_name(enum op_kind kind) {
    return kind < OP_COUNT ? names[kind] : "unknown";
}

value_id program_value(struct program *program, enum slot slot, size_t offset, enum dtype dtype, struct shape shape) {
    size_t index = program->value_count;
    if (program->failed || index >= INT32_MAX ||
        !vec_reserve(&program->values, &program->value_capacity, index + 1, sizeof *program->values)) {
        program->failed = true;
        return VALUE_NONE;
    }
    program->values[index] = (struct value){.shape = shape, .dtype = dtype, .slot = slot, .offset = offset};
    program->value_count++;
    return (value_id)index;
}

value_id program_temporary(struct program *program, enum dtype dtype, struct shape shape) {
    return program_value(program, SLOT_TEMPORARY, 0, dtype, shape);
}

struct op *program_op(struct program *program, enum op_kind kind) {
    static _Thread_local struct op scratch; // written and forgotten once memory has run out
    struct op *op = &scratch;
    if (!program->failed &&
        vec_reserve(&program->ops, &program->op_capacity, program->op_count + 1, sizeof *program->ops)) {
        op = &program->ops[program->op_count++];
    } else {
        program->failed = true;
    }
    *op = (struct op){.kind = kind};
    for (int i = 0; i < 4; i++) {
        op->in[i] = VALUE_NONE;
    }
    for (int i = 0; i < 3; i++) {
        op->out[i] = VALUE_NONE;
    }
    return op;
}

void program_free(struct program *program) {
    mem_free(program->values);
    mem_free(program->ops);
    *program = (struct program){0};
}

// ---- how much work ----------------------------------------------------------------------------

static double count_of(const struct program *program, value_id id) {
    return id == VALUE_NONE ? 0 : (double)shape_count(program->values[id].shape);
}

// Taps in the padding are counted too: the nominal figure that papers quote.
static double convolution_flops(const struct program *program, value_id y, value_id w) {
    return 2 * count_of(program, y) * count_of(program, w) / (double)program->values[w].shape.size[0];
}

static double product_flops(const struct program *program, value_id rows, value_id w) {
    return 2 * (double)program->values[rows].shape.size[0] * count_of(program, w);
}

static double pool_flops(const struct program *program, const struct op *op, value_id y) {
    return count_of(program, y) * op->attr.pool.window[0] * op->attr.pool.window[1];
}

double op_flops(const struct program *program, const struct op *op) {
    switch (op->kind) {
    case OP_GATHER:
        return 2 * count_of(program, op->out[0]);
    case OP_DENSE:
        return product_flops(program, op->in[0], op->in[1]) + (op->in[2] == VALUE_NONE ? 0 : count_of(program, op->out[0]));
    case OP_DENSE_INPUT_GRADIENT:
        return product_flops(program, op->in[0], op->in[1]);
    case OP_DENSE_WEIGHT_GRADIENT:
        return product_flops(program, op->in[0], op->out[0]) + (op->out[1] == VALUE_NONE ? 0 : count_of(program, op->in[1]));
    case OP_CONVOLUTION:
        return convolution_flops(program, op->out[0], op->in[1]) +
               (op->in[2] == VALUE_NONE ? 0 : count_of(program, op->out[0]));
    case OP_CONVOLUTION_INPUT_GRADIENT:
        return convolution_flops(program, op->in[0], op->in[1]);
    case OP_CONVOLUTION_WEIGHT_GRADIENT:
        return convolution_flops(program, op->in[1], op->out[0]) +
               (op->out[1] == VALUE_NONE ? 0 : count_of(program, op->in[1]));
    case OP_POOL:
        return pool_flops(program, op, op->out[0]);
    case OP_POOL_GRADIENT:
        return pool_flops(program, op, op->in[0]);
    case OP_ACTIVATION:
    case OP_ACTIVATION_GRADIENT:
    case OP_ADD:
        return count_of(program, op->in[0]);
    case OP_DROPOUT:
    case OP_DROPOUT_GRADIENT:
        return 2 * count_of(program, op->in[0]);
    case OP_SOFTMAX_CROSS_ENTROPY:
    case OP_SQUARED_ERROR:
        return 5 * count_of(program, op->in[0]);
    case OP_SGD:
        return (op->attr.optimizer.norms ? 12 : 6) * count_of(program, op->in[0]);
    case OP_GATHER_LABELS:
    case OP_GATHER_TARGETS:
    case OP_COPY:
    case OP_COUNT:
        return 0;
    }
    return 0;
}

double program_flops(const struct program *program) {
    double flops = 0;
    for (size_t i = 0; i < program->op_count; i++) {
        flops += op_flops(program, &program->ops[i]);
    }
    return flops;
}
