// Pooling over maps with channels innermost: a thread for every cell of what is written, so that sums have an order.
#include "core/backend/cuda/windows.cuh"

static struct windows pool_windows(const struct prepared_op *op, const struct shape *x, const struct shape *y) {
    return windows_of(x, y, op->op.attr.pool.window, op->op.attr.pool.stride, op->op.attr.pool.padding);
}

// `where` (max only, may be NULL): the cell of the plane that was taken; the first of equals.
template <typename T>
__global__ static void pool(T *y, int *where, const T *x, struct windows w, int takes_most, long long count) {
    FOR_EACH(i, count) {
        int channel = (int)(i % w.channels), out_x = (int)(i / w.channels % w.out_width);
        int out_y = (int)(i / w.channels / w.out_width % w.out_height), best = -1;
        const T *plane = x + i / w.channels / w.out_width / w.out_height * w.height * w.width * w.channels + channel;
        int top = out_y * w.stride_height - w.padding_height, left = out_x * w.stride_width - w.padding_width;
        float most = 0.0f, sum = 0.0f;
        for (int at_y = top < 0 ? 0 : top; at_y < top + w.window_height && at_y < w.height; at_y++)
            for (int at_x = left < 0 ? 0 : left; at_x < left + w.window_width && at_x < w.width; at_x++) {
                int cell = at_y * w.width + at_x;
                float value = real_of(plane[(long long)cell * w.channels]);
                sum += value;
                if (best < 0 || value > most) {
                    most = value;
                    best = cell;
                }
            }
        store(&y[i], takes_most ? most : sum / (float)(w.window_height * w.window_width));
        if (where)
            where[i] = best;
    }
}

enum status queue_pool(struct cuda_backend *backend, const struct prepared_op *op, struct error *error) {
    (void)error;
    struct windows w = pool_windows(op, &op->in_shape[0], &op->out_shape[0]);
    long long count = shape_count(op->out_shape[0]);
    WITH_REAL(op->in_form[0].type, Real,
              LAUNCH(pool<Real>, cuda_blocks(count), BLOCK, backend->stream, (Real *)op->out[0], (int *)op->out[1],
                     (const Real *)op->in[0], w, (int)(op->op.attr.pool.kind == POOL_MAX), count));
    return STATUS_OK;
}

template <typename T>
__global__ static void pool_gradient(T *dx, const T *dy, const int *where, struct windows w, long long count) {
    float share = where ? 1.0f : 1.0f / (float)(w.window_height * w.window_width);
    FOR_EACH(i, count) {
        int channel = (int)(i % w.channels), at_x = (int)(i / w.channels % w.width);
        int at_y = (int)(i / w.channels / w.width % w.height);
        long long picture = i / w.channels / w.width / w.height;
        float sum = 0.0f;
        for (int tap_y = 0; tap_y < w.window_height; tap_y++) {
            int out_y = window_over(at_y, tap_y, w.stride_height, w.padding_height, w.out_height);
            for (int tap_x = 0; out_y >= 0 && tap_x < w.window_width; tap_x++) {
                int out_x = window_over(at_x, tap_x, w.stride_width, w.padding_width, w.out_width);
                long long from = ((picture * w.out_height + out_y) * w.out_width + out_x) * w.channels + channel;
                if (out_x >= 0 && (!where || where[from] == at_y * w.width + at_x))
                    sum += real_of(dy[from]) * share;
            }
        }
        store(&dx[i], sum);
    }
}

enum status queue_pool_gradient(struct cuda_backend *backend, const struct prepared_op *op, struct error *error) {
    (void)error;
    struct windows w = pool_windows(op, &op->out_shape[0], &op->in_shape[0]);
    long long count = shape_count(op->out_shape[0]);
    WITH_REAL(op->in_form[0].type, Real,
              LAUNCH(pool_gradient<Real>, cuda_blocks(count), BLOCK, backend->stream, (Real *)op->out[0],
                     (const Real *)op->in[0], (const int *)op->in[1], w, count));
    return STATUS_OK;
}
