// Batch normalization over values as rows [batch · positions, channels] (maps have channels innermost): sums of
// every channel in double and in a fixed order, a thread for every channel that turns them into what the channel
// is multiplied by, and one pass over the values.
#include "core/backend/cuda/sums.cuh"

struct channel { // what the pass over the values needs to know of it; forward, backward
    float center, factor, shift;  // y = (x − center)·factor + shift
    float inverse, share, slope;  // dx = factor·(g − share − (x − center)·inverse·slope)
};

struct batch_norm {
    const float *scale, *shift;
    float *running_mean, *running_variance, *mean, *inverse, *dscale, *dshift;
    double epsilon, momentum;
    int training;
    double unscale; // of the gradients of scale and shift
    const double *metrics;
    const struct device_args *args;
};

static struct sums channel_sums(const struct prepared_op *op) {
    const struct shape *shape = &op->in_shape[0];
    return sums_of((long long)shape_count(*shape) / shape->size[1], shape->size[1]);
}

// The partial sums, then the channels.
size_t batch_norm_workspace(const struct prepared_op *op) {
    struct sums s = channel_sums(op);
    return (size_t)(2 * s.parts * s.columns) * sizeof(double) + (size_t)s.columns * sizeof(struct channel);
}

static double *partial_of(const struct prepared_op *op) {
    return (double *)op->workspace;
}
static struct channel *channels_of(const struct prepared_op *op) {
    struct sums s = channel_sums(op);
    return (struct channel *)(partial_of(op) + 2 * s.parts * s.columns);
}

// ---- forward ------------------------------------------------------------------------------------

// Sums of x and its square, less the channel's first value, so that a large mean takes no digits away.
template <typename T> __global__ static void moment_parts(const T *x, struct sums s, double *partial) {
    sum_rows<2>(s, partial, [=](long long row, long long column, double *sum) {
        double off = (double)real_of(x[row * s.columns + column]) - (double)real_of(x[column]);
        sum[0] += off;
        sum[1] += off * off;
    });
}

template <typename T>
__global__ static void channel_forward(const T *x, struct sums s, const double *partial, struct batch_norm o,
                                       struct channel *channels) {
    FOR_EACH(c, s.columns) {
        double mean = (double)o.running_mean[c], variance = (double)o.running_variance[c];
        if (o.training) {
            double count = (double)s.rows, off = sum_parts(s, partial, 0, c) / count;
            mean = (double)real_of(x[c]) + off;
            variance = fmax(sum_parts(s, partial, 1, c) / count - off * off, 0.0);
        }
        double inverse = 1.0 / sqrt(variance + o.epsilon);
        channels[c].center = (float)mean;
        channels[c].factor = (float)(inverse * (o.scale ? (double)o.scale[c] : 1.0));
        channels[c].shift = o.shift ? o.shift[c] : 0.0f;
        if (!o.training)
            continue;
        o.mean[c] = (float)mean;
        o.inverse[c] = (float)inverse;
        if (s.rows > 1 && !is_halted(o.metrics, o.args)) {
            double unbiased = variance * (double)s.rows / (double)(s.rows - 1), keep = 1.0 - o.momentum;
            o.running_mean[c] = (float)(keep * (double)o.running_mean[c] + o.momentum * mean);
            o.running_variance[c] = (float)(keep * (double)o.running_variance[c] + o.momentum * unbiased);
        }
    }
}

template <typename T>
__global__ static void normalize(T *y, const T *x, const T *residual, const struct channel *channels, long long width,
                                 int relu, long long count) {
    FOR_EACH(i, count) {
        struct channel c = channels[i % width];
        float value = (real_of(x[i]) - c.center) * c.factor + c.shift + (residual ? real_of(residual[i]) : 0.0f);
        store(&y[i], relu && value <= 0.0f ? 0.0f : value); // NaN passes
    }
}

template <typename T> static void launch_batch_norm(struct cuda_backend *backend, const struct prepared_op *op) {
    struct sums s = channel_sums(op);
    long long count = shape_count(op->in_shape[0]);
    double *partial = partial_of(op);
    struct channel *channels = channels_of(op);
    const T *x = (const T *)op->in[0];
    struct batch_norm o = {(const float *)op->in[1],  (const float *)op->in[2],   (float *)op->in[3],
                           (float *)op->in[4],        (float *)op->out[1],        (float *)op->out[2],
                           NULL,                      NULL,                       op->op.attr.norm.epsilon,
                           op->op.attr.norm.momentum, op->op.attr.norm.training,  1.0,
                           op->metrics,               op->args};
    if (o.training)
        LAUNCH(moment_parts<T>, sums_blocks(s), BLOCK, backend->stream, x, s, partial);
    LAUNCH(channel_forward<T>, cuda_blocks(s.columns), BLOCK, backend->stream, x, s, partial, o, channels);
    LAUNCH(normalize<T>, cuda_blocks(count), BLOCK, backend->stream, (T *)op->out[0], x, (const T *)op->in[5], channels,
           s.columns, (int)op->op.attr.norm.relu, count);
}

enum status queue_batch_norm(struct cuda_backend *backend, const struct prepared_op *op, struct error *error) {
    (void)error;
    WITH_REAL(op->in_form[0].type, Real, launch_batch_norm<Real>(backend, op));
    return STATUS_OK;
}

// ---- backward -----------------------------------------------------------------------------------

// dy where y is not held at 0; `y` may be NULL.
template <typename T> __device__ static float passed(const T *dy, const T *y, long long i) {
    return y && real_of(y[i]) <= 0.0f ? 0.0f : real_of(dy[i]);
}

template <typename T>
__global__ static void slope_parts(const T *dy, const T *x, const T *y, const float *mean, const float *inverse,
                                   struct sums s, double *partial) {
    sum_rows<2>(s, partial, [=](long long row, long long column, double *sum) {
        long long i = row * s.columns + column;
        float g = passed(dy, y, i);
        sum[0] += (double)g;
        sum[1] += (double)g * (double)((real_of(x[i]) - mean[column]) * inverse[column]);
    });
}

__global__ static void channel_backward(struct sums s, const double *partial, struct batch_norm o,
                                        struct channel *channels) {
    FOR_EACH(c, s.columns) {
        double sum = sum_parts(s, partial, 0, c), product = sum_parts(s, partial, 1, c);
        channels[c].center = o.mean[c];
        channels[c].inverse = o.inverse[c];
        channels[c].factor = o.inverse[c] * (o.scale ? o.scale[c] : 1.0f);
        channels[c].share = (float)(sum / (double)s.rows);
        channels[c].slope = (float)(product / (double)s.rows);
        if (o.dscale)
            o.dscale[c] = (float)(product * o.unscale);
        if (o.dshift)
            o.dshift[c] = (float)(sum * o.unscale);
    }
}

template <typename T>
__global__ static void normalize_back(T *dx, T *dresidual, const T *dy, const T *x, const T *y,
                                      const struct channel *channels, long long width, long long count) {
    FOR_EACH(i, count) {
        struct channel c = channels[i % width];
        float g = passed(dy, y, i);
        if (dx)
            store(&dx[i], c.factor * (g - c.share - (real_of(x[i]) - c.center) * c.inverse * c.slope));
        if (dresidual)
            store(&dresidual[i], g);
    }
}

template <typename T> static void launch_gradient(struct cuda_backend *backend, const struct prepared_op *op) {
    struct sums s = channel_sums(op);
    long long count = shape_count(op->in_shape[0]);
    double *partial = partial_of(op);
    struct channel *channels = channels_of(op);
    const T *dy = (const T *)op->in[0], *x = (const T *)op->in[1], *y = (const T *)op->in[5];
    struct batch_norm o = {};
    o.scale = (const float *)op->in[2];
    o.mean = (float *)op->in[3];
    o.inverse = (float *)op->in[4];
    o.dscale = (float *)op->out[1];
    o.dshift = (float *)op->out[2];
    o.unscale = 1.0 / (double)op->scale;
    LAUNCH(slope_parts<T>, sums_blocks(s), BLOCK, backend->stream, dy, x, y, (const float *)o.mean,
           (const float *)o.inverse, s, partial);
    LAUNCH(channel_backward, cuda_blocks(s.columns), BLOCK, backend->stream, s, partial, o, channels);
    if (op->out[0] || op->out[3])
        LAUNCH(normalize_back<T>, cuda_blocks(count), BLOCK, backend->stream, (T *)op->out[0], (T *)op->out[3], dy, x,
               y, channels, s.columns, count);
}

enum status queue_batch_norm_gradient(struct cuda_backend *backend, const struct prepared_op *op,
                                      struct error *error) {
    (void)error;
    WITH_REAL(op->in_form[0].type, Real, launch_gradient<Real>(backend, op));
    return STATUS_OK;
}
