// A plan: each operation with its addresses, kernels and product algorithms chosen, captured once
// into a CUDA graph. What changes from step to step lies in device memory (device_args), written by
// a small kernel in front of the graph, so that no change needs another capture.
#include "core/backend/cuda/cuda.cuh"

#include <stdlib.h>
#include <string.h>

struct plan {
    struct prepared_op *ops;
    size_t count;
    char *temporaries; // device: every SLOT_TEMPORARY value, one block
    size_t bytes;
    struct device_args *args; // device
    double *scratch;          // device
    cudaGraph_t graph;
    cudaGraphExec_t executable;
};

static queue_op *const queue_table[OP_COUNT] = {
    /* OP_GATHER */ queue_gather,
    /* OP_GATHER_LABELS */ queue_gather_labels,
    /* OP_GATHER_TARGETS */ queue_gather_targets,
    /* OP_DENSE */ queue_dense,
    /* OP_DENSE_INPUT_GRADIENT */ queue_dense_input_gradient,
    /* OP_DENSE_WEIGHT_GRADIENT */ queue_dense_weight_gradient,
    /* OP_CONVOLUTION */ NULL,
    /* OP_CONVOLUTION_INPUT_GRADIENT */ NULL,
    /* OP_CONVOLUTION_WEIGHT_GRADIENT */ NULL,
    /* OP_POOL */ NULL,
    /* OP_POOL_GRADIENT */ NULL,
    /* OP_ACTIVATION */ queue_activation,
    /* OP_ACTIVATION_GRADIENT */ queue_activation_gradient,
    /* OP_DROPOUT */ queue_dropout,
    /* OP_DROPOUT_GRADIENT */ queue_dropout,
    /* OP_SOFTMAX_CROSS_ENTROPY */ queue_softmax_cross_entropy,
    /* OP_SQUARED_ERROR */ queue_squared_error,
    /* OP_ADD */ queue_add,
    /* OP_COPY */ queue_copy,
    /* OP_SGD */ queue_sgd,
};

static size_t value_bytes(const struct value *value) {
    return (size_t)shape_count(value->shape) * dtype_size(value->dtype);
}

static size_t aligned(size_t bytes) {
    return (bytes + 255) & ~(size_t)255;
}

// The device address of every value: carved from the plan's block, or inside a bound buffer.
static enum status place_values(struct plan *plan, const struct program *program, const struct binding *binding,
                                void **addresses, struct error *error) {
    size_t bytes = 0;
    for (size_t i = 0; i < program->value_count; i++)
        if (program->values[i].slot == SLOT_TEMPORARY)
            bytes += aligned(value_bytes(&program->values[i]));
    plan->bytes = bytes;
    enum status status = cuda_check(cudaMalloc((void **)&plan->temporaries, bytes ? bytes : 1), "activations", error);
    if (status)
        return status;
    size_t used = 0;
    for (size_t i = 0; i < program->value_count; i++) {
        const struct value *value = &program->values[i];
        if (value->slot == SLOT_TEMPORARY) {
            addresses[i] = plan->temporaries + used;
            used += aligned(value_bytes(value));
            continue;
        }
        const struct buffer *buffer = binding->slots[value->slot];
        if (!buffer)
            return error_set(error, STATUS_INVALID, "a program uses buffer %d, which is not bound", (int)value->slot);
        addresses[i] = (char *)buffer->data + value->offset * dtype_size(value->dtype);
    }
    return STATUS_OK;
}

static enum status prepare_op(struct cuda_backend *backend, struct plan *plan, const struct program *program,
                              const struct binding *binding, void *const *addresses, size_t index,
                              struct error *error) {
    const struct op *op = &program->ops[index];
    struct prepared_op *ready = &plan->ops[index];
    ready->op = *op;
    ready->queue = queue_table[op->kind];
    if (!ready->queue)
        return error_set(error, STATUS_UNSUPPORTED, "the cuda backend has no %s: use --device cpu for this model",
                         op_name(op->kind));
    for (int i = 0; i < 4; i++)
        if (op->in[i] != VALUE_NONE) {
            ready->in[i] = addresses[op->in[i]];
            ready->in_shape[i] = program->values[op->in[i]].shape;
            ready->in_type[i] = program->values[op->in[i]].dtype;
            if (ready->in_type[i] == DTYPE_F64)
                return error_set(error, STATUS_UNSUPPORTED, "the cuda backend does not compute in double precision");
        }
    for (int i = 0; i < 3; i++)
        if (op->out[i] != VALUE_NONE) {
            ready->out[i] = addresses[op->out[i]];
            ready->out_shape[i] = program->values[op->out[i]].shape;
        }
    ready->args = plan->args;
    ready->scratch = plan->scratch;
    ready->metrics = binding->slots[SLOT_METRICS] ? (double *)binding->slots[SLOT_METRICS]->data : NULL;
    return product_prepare(backend, ready, error);
}

static enum status queue_all(struct cuda_backend *backend, struct plan *plan, struct error *error) {
    for (size_t i = 0; i < plan->count; i++) {
        enum status status = plan->ops[i].queue(backend, &plan->ops[i], error);
        if (status)
            return status;
        status = cuda_check(cudaGetLastError(), op_name(plan->ops[i].op.kind), error);
        if (status)
            return status;
    }
    return STATUS_OK;
}

static enum status capture(struct cuda_backend *backend, struct plan *plan, struct error *error) {
    enum status status = cuda_check(cudaStreamBeginCapture(backend->stream, cudaStreamCaptureModeThreadLocal),
                                    "beginning a capture", error);
    if (status)
        return status;
    status = queue_all(backend, plan, error);
    cudaError_t ended = cudaStreamEndCapture(backend->stream, &plan->graph); // also after a failure
    if (status)
        return status;
    if ((status = cuda_check(ended, "ending a capture", error)))
        return status;
    return cuda_check(cudaGraphInstantiate(&plan->executable, plan->graph, 0), "making a graph", error);
}

enum status cuda_prepare(struct backend *base, const struct program *program, const struct binding *binding,
                         struct plan **out, struct error *error) {
    struct cuda_backend *backend = (struct cuda_backend *)base;
    struct plan *plan = (struct plan *)calloc(1, sizeof *plan);
    void **addresses = (void **)calloc(program->value_count + 1, sizeof *addresses);
    enum status status = STATUS_OK;
    if (plan)
        plan->ops = (struct prepared_op *)calloc(program->op_count + 1, sizeof *plan->ops);
    if (!plan || !addresses || !plan->ops)
        status = error_memory(error, "a plan", program->op_count * sizeof *plan->ops);
    if (!status)
        status = cuda_check(cudaMalloc((void **)&plan->args, sizeof *plan->args), "step arguments", error);
    if (!status)
        status = cuda_check(cudaMalloc((void **)&plan->scratch, 3 * NORM_BLOCKS * sizeof *plan->scratch),
                            "partial sums", error);
    if (!status)
        status = place_values(plan, program, binding, addresses, error);
    for (size_t i = 0; !status && i < program->op_count; i++) {
        status = prepare_op(backend, plan, program, binding, addresses, i, error);
        plan->count = i + 1;
    }
    if (!status)
        status = capture(backend, plan, error);
    free(addresses);
    if (status) {
        cudaGetLastError();
        cuda_discard(base, plan);
        return status;
    }
    *out = plan;
    return STATUS_OK;
}

void cuda_discard(struct backend *base, struct plan *plan) {
    struct cuda_backend *backend = (struct cuda_backend *)base;
    if (!plan)
        return;
    cudaStreamSynchronize(backend->stream);
    if (plan->executable)
        cudaGraphExecDestroy(plan->executable);
    if (plan->graph)
        cudaGraphDestroy(plan->graph);
    for (size_t i = 0; i < plan->count; i++)
        product_discard(backend, &plan->ops[i]);
    cudaFree(plan->temporaries);
    cudaFree(plan->args);
    cudaFree(plan->scratch);
    free(plan->ops);
    free(plan);
}

size_t cuda_plan_bytes(const struct plan *plan) {
    return plan->bytes;
}

__global__ static void set_args(struct device_args *target, struct device_args args) {
    *target = args;
}

enum status cuda_run(struct backend *base, struct plan *plan, const struct step_args *args, struct error *error) {
    struct cuda_backend *backend = (struct cuda_backend *)base;
    struct device_args now;
    now.seed = args->seed;
    now.step = args->step;
    now.first = (long long)args->first;
    now.metric_slot = args->metric_slot;
    now.epoch = args->epoch;
    now.augment = args->augment;
    now.nesterov = args->nesterov;
    now.lr = (float)args->lr;
    now.momentum = (float)args->momentum;
    now.weight_decay = (float)args->weight_decay;
    now.label_smoothing = (float)args->label_smoothing;
    LAUNCH(set_args, 1, 1, backend->stream, plan->args, now);
    enum status status = cuda_check(cudaGetLastError(), "setting the step", error);
    if (status)
        return status;
    return cuda_check(cudaGraphLaunch(plan->executable, backend->stream), "launching the step", error);
}
