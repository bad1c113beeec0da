// One number in, one number out: activations, dropout, addition, copies.
#include "core/backend/cuda/philox.cuh"

#define FOR_EACH(i, count) \
    for (long long i = blockIdx.x * (long long)BLOCK + threadIdx.x; i < (count); i += (long long)gridDim.x * BLOCK)

__global__ static void activation(float *y, const float *x, long long count, enum activation kind) {
    FOR_EACH(i, count) {
        float value = x[i];
        y[i] = kind == ACTIVATION_RELU ? (value > 0.0f || value != value ? value : 0.0f) // NaN passes
               : kind == ACTIVATION_TANH ? tanhf(value)
                                         : 1.0f / (1.0f + expf(-value));
    }
}

__global__ static void activation_gradient(float *dx, const float *dy, const float *y, long long count,
                                           enum activation kind) {
    FOR_EACH(i, count) {
        float slope = kind == ACTIVATION_RELU   ? (y[i] > 0.0f ? 1.0f : 0.0f)
                      : kind == ACTIVATION_TANH ? 1.0f - y[i] * y[i]
                                                : y[i] * (1.0f - y[i]);
        dx[i] = dy[i] * slope;
    }
}

enum status queue_activation(struct cuda_backend *backend, const struct prepared_op *op, struct error *error) {
    (void)error;
    long long count = shape_count(op->out_shape[0]);
    LAUNCH(activation, cuda_blocks(count), BLOCK, backend->stream, (float *)op->out[0], (const float *)op->in[0], count,
           op->op.attr.activation);
    return STATUS_OK;
}

enum status queue_activation_gradient(struct cuda_backend *backend, const struct prepared_op *op,
                                      struct error *error) {
    (void)error;
    long long count = shape_count(op->out_shape[0]);
    LAUNCH(activation_gradient, cuda_blocks(count), BLOCK, backend->stream, (float *)op->out[0],
           (const float *)op->in[0], (const float *)op->in[1], count, op->op.attr.activation);
    return STATUS_OK;
}

// Forward and backward are the same: scale what the mask keeps. One Philox block serves four elements.
__global__ static void dropout(float *out, const float *in, long long count, double probability, int layer,
                               const struct device_args *args) {
    double scale = 1.0 / (1.0 - probability), edge = probability * 0x1p32;
    unsigned long long index = args->step << 8 | (unsigned)layer;
    FOR_EACH(quad, (count + 3) / 4) {
        uint4 draw = stream_block(args->seed, RNG_DROPOUT, index, (unsigned)quad);
        const uint32_t words[4] = {draw.x, draw.y, draw.z, draw.w};
        for (int j = 0; j < 4 && 4 * quad + j < count; j++)
            out[4 * quad + j] = (double)words[j] >= edge ? (float)((double)in[4 * quad + j] * scale) : 0.0f;
    }
}

enum status queue_dropout(struct cuda_backend *backend, const struct prepared_op *op, struct error *error) {
    (void)error;
    long long count = shape_count(op->out_shape[0]);
    LAUNCH(dropout, cuda_blocks((count + 3) / 4), BLOCK, backend->stream, (float *)op->out[0],
           (const float *)op->in[0], count, op->op.attr.dropout.probability, op->op.attr.dropout.layer, op->args);
    return STATUS_OK;
}

__global__ static void add(float *out, const float *a, const float *b, long long count) {
    FOR_EACH(i, count)
        out[i] = a[i] + b[i];
}

enum status queue_add(struct cuda_backend *backend, const struct prepared_op *op, struct error *error) {
    (void)error;
    long long count = shape_count(op->out_shape[0]);
    LAUNCH(add, cuda_blocks(count), BLOCK, backend->stream, (float *)op->out[0], (const float *)op->in[0],
           (const float *)op->in[1], count);
    return STATUS_OK;
}

enum status queue_copy(struct cuda_backend *backend, const struct prepared_op *op, struct error *error) {
    if (op->out[0] == op->in[0])
        return STATUS_OK;
    size_t bytes = (size_t)shape_count(op->out_shape[0]) * dtype_size(op->in_type[0]);
    return cuda_check(cudaMemcpyAsync(op->out[0], op->in[0], bytes, cudaMemcpyDeviceToDevice, backend->stream),
                      "copying", error);
}
