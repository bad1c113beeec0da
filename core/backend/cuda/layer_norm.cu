// Layer normalization: a block for every sample, which sums in double and in a fixed order. Scale and shift are in
// logical order, whatever the order of the sample is.
#include "core/backend/cuda/real.cuh"

template <typename T>
__global__ static void layer_norm(const T *all, const float *scale, const float *shift, T *out, float *means,
                                  float *inverses, struct order order, long long count, double epsilon) {
    const T *x = all + blockIdx.x * count;
    T *y = out + blockIdx.x * count;
    double sum = 0.0, squares = 0.0;
    for (long long i = threadIdx.x; i < count; i += BLOCK)
        sum += (double)real_of(x[i]);
    double mean = block_sum(sum) / (double)count;
    for (long long i = threadIdx.x; i < count; i += BLOCK)
        squares += ((double)real_of(x[i]) - mean) * ((double)real_of(x[i]) - mean);
    float inverse = (float)(1.0 / sqrt(block_sum(squares) / (double)count + epsilon)), center = (float)mean;
    for (long long i = threadIdx.x; i < count; i += BLOCK) {
        long long weight = logical_of(order, i);
        store(&y[i], (real_of(x[i]) - center) * inverse * (scale ? scale[weight] : 1.0f) +
                         (shift ? shift[weight] : 0.0f));
    }
    if (threadIdx.x == 0 && means)
        means[blockIdx.x] = center;
    if (threadIdx.x == 0 && inverses)
        inverses[blockIdx.x] = inverse;
}

enum status queue_layer_norm(struct cuda_backend *backend, const struct prepared_op *op, struct error *error) {
    (void)error;
    long long batch = op->in_shape[0].size[0], count = shape_count(op->in_shape[0]) / batch;
    struct order order = order_of(&op->in_shape[0], op->in_form[0]);
    WITH_REAL(op->in_form[0].type, Real,
              LAUNCH(layer_norm<Real>, (unsigned)batch, BLOCK, backend->stream, (const Real *)op->in[0],
                     (const float *)op->in[1], (const float *)op->in[2], (Real *)op->out[0], (float *)op->out[1],
                     (float *)op->out[2], order, count, op->op.attr.norm.epsilon));
    return STATUS_OK;
}

template <typename T>
__global__ static void layer_norm_input(const T *slopes, const T *all, const float *scale, const float *means,
                                        const float *inverses, T *out, struct order order, long long count) {
    const T *dy = slopes + blockIdx.x * count, *x = all + blockIdx.x * count;
    T *dx = out + blockIdx.x * count;
    float mean = means[blockIdx.x], inverse = inverses[blockIdx.x];
    double sum = 0.0, product = 0.0;
    for (long long i = threadIdx.x; i < count; i += BLOCK) {
        float h = real_of(dy[i]) * (scale ? scale[logical_of(order, i)] : 1.0f);
        sum += (double)h;
        product += (double)h * (double)((real_of(x[i]) - mean) * inverse);
    }
    float share = (float)(block_sum(sum) / (double)count), slope = (float)(block_sum(product) / (double)count);
    for (long long i = threadIdx.x; i < count; i += BLOCK) {
        float h = real_of(dy[i]) * (scale ? scale[logical_of(order, i)] : 1.0f);
        store(&dx[i], inverse * (h - share - (real_of(x[i]) - mean) * inverse * slope));
    }
}

// One thread for each element of a sample, over the batch in its order.
template <typename T>
__global__ static void layer_norm_weights(const T *dy, const T *x, const float *means, const float *inverses,
                                          float *dscale, float *dshift, double unscale, struct order order,
                                          long long batch, long long count) {
    FOR_EACH(i, count) {
        double sum = 0.0, product = 0.0;
        for (long long n = 0; n < batch; n++) {
            float g = real_of(dy[n * count + i]);
            sum += (double)g;
            product += (double)g * (double)((real_of(x[n * count + i]) - means[n]) * inverses[n]);
        }
        if (dscale)
            dscale[logical_of(order, i)] = (float)(product * unscale);
        if (dshift)
            dshift[logical_of(order, i)] = (float)(sum * unscale);
    }
}

enum status queue_layer_norm_gradient(struct cuda_backend *backend, const struct prepared_op *op,
                                      struct error *error) {
    (void)error;
    long long batch = op->in_shape[0].size[0], count = shape_count(op->in_shape[0]) / batch;
    const float *scale = (const float *)op->in[2], *means = (const float *)op->in[3];
    const float *inverses = (const float *)op->in[4];
    struct order order = order_of(&op->in_shape[0], op->in_form[0]);
    if (op->out[0])
        WITH_REAL(op->in_form[0].type, Real,
                  LAUNCH(layer_norm_input<Real>, (unsigned)batch, BLOCK, backend->stream, (const Real *)op->in[0],
                         (const Real *)op->in[1], scale, means, inverses, (Real *)op->out[0], order, count));
    if (op->out[1] || op->out[2])
        WITH_REAL(op->in_form[0].type, Real,
                  LAUNCH(layer_norm_weights<Real>, cuda_blocks(count), BLOCK, backend->stream,
                         (const Real *)op->in[0], (const Real *)op->in[1], means, inverses, (float *)op->out[1],
                         (float *)op->out[2], 1.0 / (double)op->scale, order, batch, count));
    return STATUS_OK;
}
