// Losses with their gradients and the step's metrics, each in one block: batches are small beside
// the products, and one block sums in a fixed order.
#include "core/backend/cuda/real.cuh"

// What the gradient is multiplied by.
struct loss_scale {
    double fixed;
    const float *scaling; // NULL: nothing else
};
static struct loss_scale loss_scale_of(const struct prepared_op *op) {
    return {(double)op->scale, op->scaling};
}
__device__ static double scale_now(struct loss_scale scale) {
    return scale.scaling ? (double)scale.scaling[SCALING_FACTOR] : scale.fixed;
}

// The loss, the rows' weight and what else is counted, summed over the batch.
__device__ static void write_figures(double *metrics, const struct device_args *args, double loss, double rows,
                                     enum metric other, double counted) {
    if (threadIdx.x == 0 && metrics) {
        *figure(metrics, args, METRIC_LOSS) = loss;
        *figure(metrics, args, METRIC_ROWS) = rows;
        *figure(metrics, args, other) = counted;
    }
}

// logits [batch, classes], class_weights [classes] or NULL. Each thread takes whole rows; sums are kept in double.
template <typename T>
__global__ static void softmax_cross_entropy(const float *logits, const int *labels, const float *class_weights,
                                             T *gradient, float *probabilities, long long batch, long long classes,
                                             struct loss_scale scaled, double *metrics, const struct device_args *args) {
    double scale = scale_now(scaled);
    double smoothing = (double)args->label_smoothing, off = smoothing / (double)classes;
    double loss = 0.0, correct = 0.0, weight = 0.0;
    for (long long row = threadIdx.x; row < batch; row += BLOCK)
        weight += class_weights ? (double)class_weights[labels[row]] : 1.0;
    weight = block_sum(weight);
    double denominator = args->denominator > 0.0f ? (double)args->denominator : weight;
    for (long long row = threadIdx.x; row < batch; row += BLOCK) {
        const float *z = logits + row * classes;
        long long best = 0;
        for (long long c = 1; c < classes; c++)
            if (z[c] > z[best])
                best = c;
        double top = (double)z[best], exponentials = 0.0, total = 0.0;
        int label = labels[row];
        for (long long c = 0; c < classes; c++) {
            exponentials += exp((double)z[c] - top);
            total += (class_weights ? (double)class_weights[c] : 1.0) * (off + (c == label ? 1.0 - smoothing : 0.0));
        }
        double normalizer = top + log(exponentials);
        for (long long c = 0; c < classes; c++) {
            double own = class_weights ? (double)class_weights[c] : 1.0;
            double target = own * (off + (c == label ? 1.0 - smoothing : 0.0));
            double share = exp((double)z[c] - normalizer);
            loss += target > 0.0 ? target * (normalizer - (double)z[c]) : 0.0;
            if (probabilities)
                probabilities[row * classes + c] = (float)share;
            if (gradient)
                store(&gradient[row * classes + c], (float)(scale * ((total * share - target) / denominator)));
        }
        correct += best == label ? 1.0 : 0.0;
    }
    loss = block_sum(loss);
    write_figures(metrics, args, loss, weight, METRIC_CORRECT, block_sum(correct));
}

enum status queue_softmax_cross_entropy(struct cuda_backend *backend, const struct prepared_op *op,
                                        struct error *error) {
    (void)error;
    WITH_REAL(op->out_form[0].type, Real,
              LAUNCH(softmax_cross_entropy<Real>, 1, BLOCK, backend->stream, (const float *)op->in[0],
                     (const int *)op->in[1], (const float *)op->in[2], (Real *)op->out[0], (float *)op->out[1],
                     (long long)op->in_shape[0].size[0], (long long)op->in_shape[0].size[1], loss_scale_of(op),
                     op->metrics, op->args));
    return STATUS_OK;
}

// log(1 + e^z), whatever z.
__device__ static double softplus(double z) {
    return (z > 0.0 ? z : 0.0) + log1p(exp(-fabs(z)));
}

// logits [batch], class_weights [2] or NULL.
template <typename T>
__global__ static void binary_cross_entropy(const float *logits, const int *labels, const float *class_weights,
                                            T *gradient, long long batch, struct loss_scale scaled, double *metrics,
                                            const struct device_args *args) {
    double scale = scale_now(scaled);
    double none = class_weights ? (double)class_weights[0] : 1.0, one = class_weights ? (double)class_weights[1] : 1.0;
    double smoothing = (double)args->label_smoothing, even = smoothing / 2.0, loss = 0.0, correct = 0.0, weight = 0.0;
    for (long long row = threadIdx.x; row < batch; row += BLOCK)
        weight += labels[row] == 1 ? one : none;
    weight = block_sum(weight);
    double denominator = args->denominator > 0.0f ? (double)args->denominator : weight;
    for (long long row = threadIdx.x; row < batch; row += BLOCK) {
        bool label = labels[row] == 1;
        double z = (double)logits[row];
        double target1 = one * (even + (label ? 1.0 - smoothing : 0.0));
        double target0 = none * (even + (label ? 0.0 : 1.0 - smoothing));
        loss += (target1 > 0.0 ? target1 * softplus(-z) : 0.0) + (target0 > 0.0 ? target0 * softplus(z) : 0.0);
        correct += (z > 0.0) == label ? 1.0 : 0.0;
        if (gradient)
            store(&gradient[row],
                  (float)(scale * (((target1 + target0) / (1.0 + exp(-z)) - target1) / denominator)));
    }
    loss = block_sum(loss);
    write_figures(metrics, args, loss, weight, METRIC_CORRECT, block_sum(correct));
}

enum status queue_binary_cross_entropy(struct cuda_backend *backend, const struct prepared_op *op,
                                       struct error *error) {
    (void)error;
    WITH_REAL(op->out_form[0].type, Real,
              LAUNCH(binary_cross_entropy<Real>, 1, BLOCK, backend->stream, (const float *)op->in[0],
                     (const int *)op->in[1], (const float *)op->in[2], (Real *)op->out[0],
                     (long long)op->in_shape[0].size[0], loss_scale_of(op), op->metrics, op->args));
    return STATUS_OK;
}

// Loss and slope of one difference.
__device__ static double error_of(int kind, float delta, float d, float *slope) {
    float size = fabsf(d), sign = d > 0.0f ? 1.0f : d < 0.0f ? -1.0f : d;
    if (kind == OP_ABSOLUTE_ERROR) {
        *slope = sign;
        return (double)size;
    }
    if (kind == OP_HUBER) {
        *slope = size > delta ? delta * sign : d;
        return size > delta ? (double)delta * ((double)size - (double)delta / 2.0) : (double)d * (double)d / 2.0;
    }
    *slope = 2.0f * d;
    return (double)d * (double)d;
}

// y, targets [batch, width]
template <typename T>
__global__ static void error_loss(int kind, const float *y, const float *targets, T *gradient, long long batch,
                                  long long width, struct loss_scale scaled, double *metrics, const struct device_args *args) {
    double scale = scale_now(scaled);
    double total = 0.0, squares = 0.0;
    double denominator = (args->denominator > 0.0f ? (double)args->denominator : (double)batch) * (double)width;
    for (long long i = threadIdx.x; i < batch * width; i += BLOCK) {
        float difference = y[i] - targets[i], slope;
        total += error_of(kind, args->huber_delta, difference, &slope);
        squares += (double)difference * (double)difference;
        if (gradient)
            store(&gradient[i], (float)(scale * ((double)slope / denominator)));
    }
    total = block_sum(total) / (double)width;
    write_figures(metrics, args, total, (double)batch, METRIC_SQUARED_ERROR, block_sum(squares) / (double)width);
}

enum status queue_error(struct cuda_backend *backend, const struct prepared_op *op, struct error *error) {
    (void)error;
    WITH_REAL(op->out_form[0].type, Real,
              LAUNCH(error_loss<Real>, 1, BLOCK, backend->stream, (int)op->op.kind, (const float *)op->in[0],
                     (const float *)op->in[1], (Real *)op->out[0], (long long)op->in_shape[0].size[0],
                     (long long)op->in_shape[0].size[1], loss_scale_of(op), op->metrics, op->args));
    return STATUS_OK;
}
