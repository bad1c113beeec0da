// One number in, one number out: activations, dropout, addition, copies.
#include "core/backend/cuda/philox.cuh"
#include "core/backend/cuda/real.cuh"

__device__ static float sigmoid(float x) {
    return 1.0f / (1.0f + expf(-x));
}

// Φ, the normal distribution function.
__device__ static float normal_below(float x) {
    return 0.5f * erfcf(-0.70710678f * x);
}

__device__ static float activate(enum activation kind, float x) {
    switch (kind) {
    case ACTIVATION_RELU:
        return x > 0.0f || x != x ? x : 0.0f; // NaN passes
    case ACTIVATION_TANH:
        return tanhf(x);
    case ACTIVATION_SIGMOID:
        return sigmoid(x);
    case ACTIVATION_GELU:
        return x * normal_below(x);
    default: // SiLU
        return x * sigmoid(x);
    }
}

// `y` is what went in where activation_from_input.
__device__ static float activation_slope(enum activation kind, float y) {
    switch (kind) {
    case ACTIVATION_RELU:
        return y > 0.0f ? 1.0f : 0.0f;
    case ACTIVATION_TANH:
        return 1.0f - y * y;
    case ACTIVATION_SIGMOID:
        return y * (1.0f - y);
    case ACTIVATION_GELU:
        return normal_below(y) + y * 0.39894228f * expf(-0.5f * y * y);
    default: { // SiLU
        float s = sigmoid(y);
        return s * (1.0f + y * (1.0f - s));
    }
    }
}

template <typename T> __global__ static void activation(T *y, const T *x, long long count, enum activation kind) {
    FOR_EACH(i, count)
        store(&y[i], activate(kind, real_of(x[i])));
}

template <typename T>
__global__ static void activation_gradient(T *dx, const T *dy, const T *y, long long count, enum activation kind) {
    FOR_EACH(i, count)
        store(&dx[i], real_of(dy[i]) * activation_slope(kind, real_of(y[i])));
}

enum status queue_activation(struct cuda_backend *backend, const struct prepared_op *op, struct error *error) {
    (void)error;
    long long count = shape_count(op->out_shape[0]);
    WITH_REAL(op->in_form[0].type, Real,
              LAUNCH(activation<Real>, cuda_blocks(count), BLOCK, backend->stream, (Real *)op->out[0],
                     (const Real *)op->in[0], count, op->op.attr.activation));
    return STATUS_OK;
}

enum status queue_activation_gradient(struct cuda_backend *backend, const struct prepared_op *op,
                                      struct error *error) {
    (void)error;
    long long count = shape_count(op->out_shape[0]);
    WITH_REAL(op->in_form[0].type, Real,
              LAUNCH(activation_gradient<Real>, cuda_blocks(count), BLOCK, backend->stream, (Real *)op->out[0],
                     (const Real *)op->in[0], (const Real *)op->in[1], count, op->op.attr.activation));
    return STATUS_OK;
}

// Forward and backward are the same: scale what the mask keeps. One Philox block serves four elements, which are
// numbered in logical order.
template <typename T>
__global__ static void dropout(T *out, const T *in, struct order order, long long count, double probability, int layer,
                               const struct device_args *args) {
    double scale = 1.0 / (1.0 - probability), edge = probability * 0x1p32;
    unsigned long long index = args->step << 8 | (unsigned)layer;
    FOR_EACH(quad, (count + 3) / 4) {
        uint4 draw = stream_block(args->seed, RNG_DROPOUT, index, (unsigned)quad);
        const uint32_t words[4] = {draw.x, draw.y, draw.z, draw.w};
        for (int j = 0; j < 4 && 4 * quad + j < count; j++) {
            long long i = place_of(order, 4 * quad + j);
            store(&out[i], (double)words[j] >= edge ? (float)((double)real_of(in[i]) * scale) : 0.0f);
        }
    }
}

enum status queue_dropout(struct cuda_backend *backend, const struct prepared_op *op, struct error *error) {
    (void)error;
    long long count = shape_count(op->out_shape[0]);
    struct order order = order_of(&op->out_shape[0], op->out_form[0]);
    WITH_REAL(op->in_form[0].type, Real,
              LAUNCH(dropout<Real>, cuda_blocks((count + 3) / 4), BLOCK, backend->stream, (Real *)op->out[0],
                     (const Real *)op->in[0], order, count, op->op.attr.dropout.probability,
                     op->op.attr.dropout.layer, op->args));
    return STATUS_OK;
}

template <typename T> __global__ static void add(T *out, const T *a, const T *b, long long count) {
    FOR_EACH(i, count)
        store(&out[i], real_of(a[i]) + real_of(b[i]));
}

enum status queue_add(struct cuda_backend *backend, const struct prepared_op *op, struct error *error) {
    (void)error;
    long long count = shape_count(op->out_shape[0]);
    WITH_REAL(op->in_form[0].type, Real,
              LAUNCH(add<Real>, cuda_blocks(count), BLOCK, backend->stream, (Real *)op->out[0],
                     (const Real *)op->in[0], (const Real *)op->in[1], count));
    return STATUS_OK;
}

template <typename T> __global__ static void scale(T *out, const T *a, float factor, long long count) {
    FOR_EACH(i, count)
        store(&out[i], factor * real_of(a[i]));
}

enum status queue_scale(struct cuda_backend *backend, const struct prepared_op *op, struct error *error) {
    (void)error;
    long long count = shape_count(op->out_shape[0]);
    WITH_REAL(op->in_form[0].type, Real,
              LAUNCH(scale<Real>, cuda_blocks(count), BLOCK, backend->stream, (Real *)op->out[0],
                     (const Real *)op->in[0], (float)op->op.attr.factor, count));
    return STATUS_OK;
}

// ---- copies -------------------------------------------------------------------------------------

// What lies at `place` of the copy lies at the place of the same logical index of the original.
template <typename To, typename From>
__global__ static void reorder(To *to, const From *from, struct order order_to, struct order order_from,
                               long long count) {
    FOR_EACH(i, count)
        store(&to[i], real_of(from[place_of(order_from, logical_of(order_to, i))]));
}

__global__ static void reorder_words(int *to, const int *from, struct order order_to, struct order order_from,
                                     long long count) {
    FOR_EACH(i, count)
        to[i] = from[place_of(order_from, logical_of(order_to, i))];
}

template <typename To> static void launch_reorder(struct cuda_backend *backend, const struct prepared_op *op) {
    long long count = shape_count(op->out_shape[0]);
    WITH_REAL(op->in_form[0].type, From,
              LAUNCH((reorder<To, From>), cuda_blocks(count), BLOCK, backend->stream, (To *)op->out[0],
                     (const From *)op->in[0], order_of(&op->out_shape[0], op->out_form[0]),
                     order_of(&op->in_shape[0], op->in_form[0]), count));
}

enum status queue_copy(struct cuda_backend *backend, const struct prepared_op *op, struct error *error) {
    struct form to = op->out_form[0], from = op->in_form[0];
    long long count = shape_count(op->out_shape[0]);
    if (op->out[0] == op->in[0])
        return STATUS_OK;
    bool shaped = shape_equal(op->out_shape[0], op->in_shape[0]) || !to.channels_last;
    if (to.type == from.type && to.channels_last == from.channels_last && shaped)
        return cuda_check(cudaMemcpyAsync(op->out[0], op->in[0], (size_t)count * dtype_size(to.type),
                                          cudaMemcpyDeviceToDevice, backend->stream),
                          "copying", error);
    if (to.type == DTYPE_I32)
        LAUNCH(reorder_words, cuda_blocks(count), BLOCK, backend->stream, (int *)op->out[0], (const int *)op->in[0],
               order_of(&op->out_shape[0], to), order_of(&op->in_shape[0], from), count);
    else
        WITH_REAL(to.type, To, launch_reorder<To>(backend, op));
    return STATUS_OK;
}
