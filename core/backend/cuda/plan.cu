// A plan: each operation with its addresses, forms, kernels and product algorithms chosen, captured once
// into a CUDA graph. What changes from step to step lies in device memory (device_args), written by
// a small kernel in front of the graph, so that no change needs another capture. Where steps are so short that
// launching them is what takes the time, a second graph holds several, each with arguments of its own.
#include "core/backend/cuda/cudnn.cuh"

#include <stdlib.h>
#include <string.h>

#define STEPS_TOGETHER 8 // in the second graph
#define SHORT_FLOPS 1e10 // of a step: a GPU does them in about 0.1 ms

struct plan {
    struct prepared_op *ops;
    size_t count;
    char *temporaries; // device: every SLOT_TEMPORARY value, one block
    char *workspace;   // device: what one operation at a time works with
    size_t bytes;      // of both
    struct device_args *args; // device, [STEPS_TOGETHER]
    float scale;              // of gradients between operations
    float *scaling;           // device: in place of it; NULL: none
    struct step_limits limits;
    cudaGraphExec_t one, several; // several: STEPS_TOGETHER; NULL where a step is not short
};

static const struct op_row rows[OP_COUNT] = {
    /* OP_GATHER */ {queue_gather, NULL, NULL},
    /* OP_GATHER_LABELS */ {queue_gather_labels, NULL, NULL},
    /* OP_GATHER_TARGETS */ {queue_gather_targets, NULL, NULL},
    /* OP_DENSE */ {queue_dense, NULL, prepare_dense},
    /* OP_DENSE_INPUT_GRADIENT */ {queue_dense, NULL, prepare_dense},
    /* OP_DENSE_WEIGHT_GRADIENT */ {queue_dense_weight_gradient, dense_workspace, prepare_dense},
    /* OP_CONVOLUTION */ {queue_convolution, convolution_workspace, prepare_convolution},
    /* OP_CONVOLUTION_INPUT_GRADIENT */ {queue_convolution, convolution_workspace, prepare_convolution},
    /* OP_CONVOLUTION_WEIGHT_GRADIENT */ {queue_convolution, convolution_workspace, prepare_convolution},
    /* OP_POOL */ {queue_pool, NULL, NULL},
    /* OP_POOL_GRADIENT */ {queue_pool_gradient, NULL, NULL},
    /* OP_BATCH_NORM */ {queue_batch_norm, batch_norm_workspace, NULL},
    /* OP_BATCH_NORM_GRADIENT */ {queue_batch_norm_gradient, batch_norm_workspace, NULL},
    /* OP_LAYER_NORM */ {queue_layer_norm, NULL, NULL},
    /* OP_LAYER_NORM_GRADIENT */ {queue_layer_norm_gradient, NULL, NULL},
    /* OP_ACTIVATION */ {queue_activation, NULL, NULL},
    /* OP_ACTIVATION_GRADIENT */ {queue_activation_gradient, NULL, NULL},
    /* OP_DROPOUT */ {queue_dropout, NULL, NULL},
    /* OP_DROPOUT_GRADIENT */ {queue_dropout, NULL, NULL},
    /* OP_SOFTMAX_CROSS_ENTROPY */ {queue_softmax_cross_entropy, NULL, NULL},
    /* OP_BINARY_CROSS_ENTROPY */ {queue_binary_cross_entropy, NULL, NULL},
    /* OP_SQUARED_ERROR */ {queue_error, NULL, NULL},
    /* OP_ABSOLUTE_ERROR */ {queue_error, NULL, NULL},
    /* OP_HUBER */ {queue_error, NULL, NULL},
    /* OP_ADD */ {queue_add, NULL, NULL},
    /* OP_SCALE */ {queue_scale, NULL, NULL},
    /* OP_COPY */ {queue_copy, NULL, NULL},
    /* OP_COLUMNS */ {queue_columns, NULL, NULL},
    /* OP_EMBEDDING */ {queue_embedding, NULL, NULL},
    /* OP_EMBEDDING_GRADIENT */ {queue_embedding_gradient, NULL, NULL},
    /* OP_SGD */ {queue_optimizer, optimizer_workspace, NULL},
    /* OP_ADAGRAD */ {queue_optimizer, optimizer_workspace, NULL},
    /* OP_RMSPROP */ {queue_optimizer, optimizer_workspace, NULL},
    /* OP_ADAM */ {queue_optimizer, optimizer_workspace, NULL},
    /* OP_MUON */ {queue_muon, muon_workspace, prepare_muon},
    /* OP_AVERAGE */ {queue_average, NULL, NULL},
    /* OP_CLIP */ {queue_clip, optimizer_workspace, NULL},
};

static size_t aligned(size_t bytes) {
    return (bytes + 255) & ~(size_t)255;
}

// The device address of every value: carved from the plan's block, or inside a bound buffer.
static enum status place_values(struct plan *plan, const struct formed_program *program, const struct binding *binding,
                                void **addresses, struct error *error) {
    size_t bytes = 0;
    for (size_t i = 0; i < program->value_count; i++)
        if (program->values[i].value.slot == SLOT_TEMPORARY)
            bytes += aligned(form_bytes(&program->values[i]));
    plan->bytes += bytes;
    enum status status = cuda_check(cudaMalloc((void **)&plan->temporaries, bytes ? bytes : 1), "activations", error);
    if (status)
        return status;
    size_t used = 0;
    for (size_t i = 0; i < program->value_count; i++) {
        const struct value *value = &program->values[i].value;
        if (value->slot == SLOT_TEMPORARY) {
            addresses[i] = plan->temporaries + used;
            used += aligned(form_bytes(&program->values[i]));
            continue;
        }
        addresses[i] = binding_address(binding, value);
    }
    return STATUS_OK;
}

static enum status fill_op(struct plan *plan, const struct formed_program *program, void *const *addresses,
                           size_t index, struct error *error) {
    const struct op *op = &program->ops[index];
    struct prepared_op *ready = &plan->ops[index];
    ready->op = *op;
    ready->queue = rows[op->kind].queue;
    if (!ready->queue) // an operation that is newer than this table
        return error_set(error, STATUS_UNSUPPORTED, "the cuda backend has no %s: use --device cpu for this model",
                         op_name(op->kind));
    for (int i = 0; i < OP_INPUTS; i++)
        if (op->in[i] != VALUE_NONE) {
            ready->in[i] = addresses[op->in[i]];
            ready->in_shape[i] = program->values[op->in[i]].value.shape;
            ready->in_form[i] = program->values[op->in[i]].form;
            if (ready->in_form[i].type == DTYPE_F64)
                return error_set(error, STATUS_UNSUPPORTED, "the cuda backend does not compute in double precision");
        }
    for (int i = 0; i < OP_OUTPUTS; i++)
        if (op->out[i] != VALUE_NONE) {
            ready->out[i] = addresses[op->out[i]];
            ready->out_shape[i] = program->values[op->out[i]].value.shape;
            ready->out_form[i] = program->values[op->out[i]].form;
        }
    ready->args = plan->args;
    ready->scale = plan->scale;
    ready->scaling = plan->scaling;
    ready->metrics = plan->limits.metrics;
    return STATUS_OK;
}

// How many losses write a gradient for the operations behind them (or, with `outside`, for the caller to read)?
static int loss_gradients(const struct program *program, bool outside) {
    int count = 0;
    for (size_t i = 0; i < program->op_count; i++) {
        value_id gradient = op_is_loss(program->ops[i].kind) ? program->ops[i].out[0] : VALUE_NONE;
        count += gradient != VALUE_NONE && (program->values[gradient].slot != SLOT_TEMPORARY) == outside;
    }
    return count;
}

// In fp16 what is small is nothing: gradients are made larger by the factor in SLOT_SCALING, where that is bound. Else by
// a power of two that is 64 to 128 times the batch (they are those of a mean over it): those of single rows then lie
// around 1, and 500 times as much still fits; those of weights then have their own size at once. So has a gradient of a
// loss that the caller reads.
static enum status choose_scale(const struct cuda_backend *backend, const struct program *program,
                                const struct binding *binding, struct plan *plan, struct error *error) {
    const struct buffer *scaling = binding->slots[SLOT_SCALING];
    plan->scale = 1.0f;
    if (backend->precision != PRECISION_F16 || loss_gradients(program, true) > 0)
        return STATUS_OK;
    if (scaling && (scaling->dtype != DTYPE_F32 || scaling->count < SCALING_COUNT))
        return error_set(error, STATUS_INVALID, "the scale of gradients takes %d f32 numbers", (int)SCALING_COUNT);
    if (scaling)
        plan->scaling = (float *)scaling->data;
    else if (loss_gradients(program, false) > 0)
        while (plan->scale < 64.0f * (float)program->batch)
            plan->scale *= 2.0f;
    return STATUS_OK;
}

// One workspace serves all: operations run one after the other.
static enum status make_workspace(struct plan *plan, struct error *error) {
    size_t bytes = 0;
    for (size_t i = 0; i < plan->count; i++) {
        workspace_op *wants = rows[plan->ops[i].op.kind].workspace;
        size_t wanted = wants ? wants(&plan->ops[i]) : 0;
        bytes = wanted > bytes ? wanted : bytes;
    }
    plan->bytes += bytes;
    enum status status = cuda_check(cudaMalloc((void **)&plan->workspace, bytes ? bytes : 1), "workspace", error);
    for (size_t i = 0; !status && i < plan->count; i++)
        plan->ops[i].workspace = plan->workspace;
    return status;
}

static enum status make_ops(struct cuda_backend *backend, struct plan *plan, const struct formed_program *program,
                            const struct binding *binding, struct error *error) {
    void **addresses = (void **)calloc(program->value_count + 1, sizeof *addresses);
    plan->ops = (struct prepared_op *)calloc(program->op_count + 1, sizeof *plan->ops);
    enum status status = STATUS_OK;
    if (!addresses || !plan->ops)
        status = error_memory(error, "a plan", program->op_count * sizeof *plan->ops);
    if (!status)
        status = cuda_check(cudaMalloc((void **)&plan->args, STEPS_TOGETHER * sizeof *plan->args), "step arguments", error);
    if (!status)
        status = place_values(plan, program, binding, addresses, error);
    for (size_t i = 0; !status && i < program->op_count; i++) {
        status = fill_op(plan, program, addresses, i, error);
        plan->count = i + 1;
    }
    for (size_t i = 0; !status && i < plan->count; i++)
        if (rows[plan->ops[i].op.kind].prepare)
            status = rows[plan->ops[i].op.kind].prepare(backend, &plan->ops[i], error);
    if (!status)
        status = make_workspace(plan, error);
    free(addresses);
    return status;
}

static enum status queue_step(struct cuda_backend *backend, struct plan *plan, int step, struct error *error) {
    for (size_t i = 0; i < plan->count; i++) {
        plan->ops[i].args = plan->args + step;
        enum status status = plan->ops[i].queue(backend, &plan->ops[i], error);
        if (status)
            return status;
        status = cuda_check(cudaGetLastError(), op_name(plan->ops[i].op.kind), error);
        if (status)
            return status;
    }
    return STATUS_OK;
}

static enum status capture(struct cuda_backend *backend, struct plan *plan, int steps, cudaGraphExec_t *executable,
                           struct error *error) {
    cudaGraph_t graph = NULL;
    // Relaxed: libraries load kernels at their first use, which may be in here.
    enum status status = cuda_check(cudaStreamBeginCapture(backend->stream, cudaStreamCaptureModeRelaxed),
                                    "beginning a capture", error);
    if (status)
        return status;
    for (int step = 0; !status && step < steps; step++)
        status = queue_step(backend, plan, step, error);
    cudaError_t ended = cudaStreamEndCapture(backend->stream, &graph); // also after a failure
    if (!status)
        status = cuda_check(ended, "ending a capture", error);
    if (!status)
        status = cuda_check(cudaGraphInstantiate(executable, graph, 0), "making a graph", error);
    if (graph)
        cudaGraphDestroy(graph);
    return status;
}

static bool trains(const struct program *program) {
    for (size_t i = 0; i < program->op_count; i++)
        if (op_is_optimizer(program->ops[i].kind))
            return true;
    return false;
}

enum status cuda_prepare(struct backend *base, const struct program *program, const struct binding *binding,
                         struct plan **out, struct error *error) {
    struct cuda_backend *backend = (struct cuda_backend *)base;
    struct plan *plan = (struct plan *)calloc(1, sizeof *plan);
    struct formed_program formed = {};
    enum status status = plan ? STATUS_OK : error_memory(error, "a plan", sizeof *plan);
    if (!status)
        status = binding_check(program, binding, error);
    if (!status)
        status = program_form(backend, program, &formed, error);
    if (!status) {
        plan->limits = binding_limits(binding, program);
        status = choose_scale(backend, program, binding, plan, error);
    }
    if (!status)
        status = make_ops(backend, plan, &formed, binding, error);
    if (!status)
        status = capture(backend, plan, 1, &plan->one, error);
    if (!status && trains(program) && program_flops(program) <= SHORT_FLOPS)
        status = capture(backend, plan, STEPS_TOGETHER, &plan->several, error);
    formed_free(&formed);
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
    if (plan->one)
        cudaGraphExecDestroy(plan->one);
    if (plan->several)
        cudaGraphExecDestroy(plan->several);
    for (size_t i = 0; i < plan->count; i++) {
        for (struct product *product : plan->ops[i].product)
            product_free(backend, product);
        cudnn_convolution_free(backend, plan->ops[i].cudnn);
    }
    cudaFree(plan->temporaries);
    cudaFree(plan->workspace);
    cudaFree(plan->args);
    free(plan->ops);
    free(plan);
}

size_t cuda_plan_bytes(const struct plan *plan) {
    return plan->bytes;
}

struct several_args {
    struct device_args at[STEPS_TOGETHER];
};
static_assert(sizeof(struct several_args) <= 4096, "a kernel takes no more arguments");

__global__ static void set_args(struct device_args *target, struct device_args args) {
    *target = args;
}
__global__ static void set_several_args(struct device_args *target, struct several_args args) {
    target[threadIdx.x] = args.at[threadIdx.x];
}

// `before`: the step before, of those that are queued together; NULL: there is none.
static struct device_args device_args_of(const struct step_args *args, const struct step_args *before) {
    struct device_args now;
    now.seed = args->seed;
    now.step = args->step;
    now.first = (long long)args->first;
    now.metric_slot = args->metric_slot;
    now.before = before ? before->metric_slot : -1;
    now.epoch = args->epoch;
    now.augment = args->augment;
    now.nesterov = args->nesterov;
    now.lr = (float)args->lr;
    now.momentum = (float)args->momentum;
    now.weight_decay = (float)args->weight_decay;
    now.label_smoothing = (float)args->label_smoothing;
    now.huber_delta = (float)args->huber_delta;
    now.denominator = (float)args->denominator;
    optimizer_args(args, &now);
    return now;
}

static enum status launch(struct cuda_backend *backend, cudaGraphExec_t graph, struct error *error) {
    enum status status = cuda_check(cudaGetLastError(), "setting the step", error);
    if (!status)
        status = staging_wait(backend, error);
    return status ? status : cuda_check(cudaGraphLaunch(graph, backend->stream), "launching the step", error);
}

enum status cuda_run_many(struct backend *base, struct plan *plan, const struct step_args *args, size_t count,
                          struct error *error) {
    struct cuda_backend *backend = (struct cuda_backend *)base;
    enum status status = STATUS_OK;
    for (size_t i = 0; !status && i < count; i++)
        status = step_args_check(&plan->limits, &args[i], error);
    for (size_t done = 0; !status && done < count;) {
        struct several_args now;
        size_t together = plan->several && count - done >= STEPS_TOGETHER ? STEPS_TOGETHER : 1;
        for (size_t i = 0; i < together; i++, done++)
            now.at[i] = device_args_of(&args[done], done > 0 ? &args[done - 1] : NULL);
        if (together == 1)
            LAUNCH(set_args, 1, 1, backend->stream, plan->args, now.at[0]);
        else
            LAUNCH(set_several_args, 1, STEPS_TOGETHER, backend->stream, plan->args, now);
        status = launch(backend, together == 1 ? plan->one : plan->several, error);
    }
    return status;
}

enum status cuda_run(struct backend *base, struct plan *plan, const struct step_args *args, struct error *error) {
    return cuda_run_many(base, plan, args, 1, error);
}
