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
    [OP_BATCH_NORM] = "batch_norm",
    [OP_BATCH_NORM_GRADIENT] = "batch_norm_gradient",
    [OP_LAYER_NORM] = "layer_norm",
    [OP_LAYER_NORM_GRADIENT] = "layer_norm_gradient",
    [OP_ACTIVATION] = "activation",
    [OP_ACTIVATION_GRADIENT] = "activation_gradient",
    [OP_DROPOUT] = "dropout",
    [OP_DROPOUT_GRADIENT] = "dropout_gradient",
    [OP_SOFTMAX_CROSS_ENTROPY] = "softmax_cross_entropy",
    [OP_BINARY_CROSS_ENTROPY] = "binary_cross_entropy",
    [OP_SQUARED_ERROR] = "squared_error",
    [OP_ABSOLUTE_ERROR] = "absolute_error",
    [OP_HUBER] = "huber",
    [OP_ADD] = "add",
    [OP_SCALE] = "scale",
    [OP_COPY] = "copy",
    [OP_COLUMNS] = "columns",
    [OP_EMBEDDING] = "embedding",
    [OP_EMBEDDING_GRADIENT] = "embedding_gradient",
    [OP_SGD] = "sgd",
    [OP_ADAGRAD] = "adagrad",
    [OP_RMSPROP] = "rmsprop",
    [OP_ADAM] = "adam",
    [OP_MUON] = "muon",
    [OP_AVERAGE] = "average",
    [OP_CLIP] = "clip",
};

const char *op_name(enum op_kind kind) {
    return kind < OP_COUNT ? names[kind] : "unknown";
}

bool op_gathers(enum op_kind kind) {
    return kind == OP_GATHER || kind == OP_GATHER_LABELS || kind == OP_GATHER_TARGETS;
}

bool op_is_loss(enum op_kind kind) {
    return kind == OP_SOFTMAX_CROSS_ENTROPY || kind == OP_BINARY_CROSS_ENTROPY || kind == OP_SQUARED_ERROR ||
           kind == OP_ABSOLUTE_ERROR || kind == OP_HUBER;
}

bool op_is_optimizer(enum op_kind kind) {
    return kind == OP_SGD || kind == OP_ADAGRAD || kind == OP_RMSPROP || kind == OP_ADAM || kind == OP_MUON;
}

// X, the next X, A and B.
int64_t muon_work(int64_t rows, int64_t columns) {
    int64_t less = rows < columns ? rows : columns;
    return 2 * rows * columns + 2 * less * less;
}

bool op_updates(const struct op *op, value_id id) {
    bool updates = op->kind == OP_AVERAGE && op->in[1] == id;
    for (int k = 0; op_is_optimizer(op->kind) && k < OP_INPUTS; k++) {
        updates = updates || (k != 1 && op->in[k] == id);
    }
    return updates;
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
    for (int i = 0; i < OP_INPUTS; i++) {
        op->in[i] = VALUE_NONE;
    }
    for (int i = 0; i < OP_OUTPUTS; i++) {
        op->out[i] = VALUE_NONE;
    }
    return op;
}

void program_free(struct program *program) {
    mem_free(program->values);
    mem_free(program->ops);
    *program = (struct program){0};
}

bool activation_from_input(enum activation activation) {
    return activation == ACTIVATION_GELU || activation == ACTIVATION_SILU;
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

// Evaluation is one multiplication and one addition; training works out mean and variance too.
static double batch_norm_flops(const struct program *program, const struct op *op) {
    int each = (op->attr.norm.training ? 9 : 2) + (op->in[5] != VALUE_NONE) + op->attr.norm.relu;
    return each * count_of(program, op->in[0]);
}

static double muon_flops(struct shape shape) {
    double more = (double)shape.size[0], less = (double)shape.size[1];
    if (less > more) {
        more = (double)shape.size[1];
        less = (double)shape.size[0];
    }
    return 10 * more * less + 5 * (4 * less * less * more + 2 * less * less * less);
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
    case OP_BATCH_NORM:
        return batch_norm_flops(program, op);
    case OP_LAYER_NORM:
        return 9 * count_of(program, op->in[0]); // 5 for the figures, 4 for the result
    case OP_BATCH_NORM_GRADIENT:
    case OP_LAYER_NORM_GRADIENT:
        return 11 * count_of(program, op->in[0]); // 5 for the sums, 6 for the result
    case OP_ACTIVATION:
    case OP_ACTIVATION_GRADIENT:
    case OP_ADD:
    case OP_SCALE:
        return count_of(program, op->in[0]);
    case OP_DROPOUT:
    case OP_DROPOUT_GRADIENT:
        return 2 * count_of(program, op->in[0]);
    case OP_SOFTMAX_CROSS_ENTROPY:
    case OP_BINARY_CROSS_ENTROPY:
    case OP_SQUARED_ERROR:
    case OP_ABSOLUTE_ERROR:
    case OP_HUBER:
        return 5 * count_of(program, op->in[0]);
    case OP_SGD:
        return (op->attr.optimizer.norms ? 12 : 6) * count_of(program, op->in[0]);
    case OP_ADAGRAD:
    case OP_RMSPROP:
    case OP_ADAM:
        return (op->attr.optimizer.norms ? 20 : 14) * count_of(program, op->in[0]);
    case OP_MUON:
        return muon_flops(program->values[op->in[0]].shape);
    case OP_AVERAGE:
        return 3 * count_of(program, op->in[0]);
    case OP_CLIP:
        return 2 * count_of(program, op->in[0]);
    case OP_EMBEDDING_GRADIENT:
        return (double)program->values[op->in[0]].shape.size[0] * (double)program->values[op->out[0]].shape.size[1];
    case OP_GATHER_LABELS:
    case OP_GATHER_TARGETS:
    case OP_COPY:
    case OP_COLUMNS:
    case OP_EMBEDDING:
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
