// Losses with their gradients and the step's metrics, each in one block: batches are small beside
// the products, and one block sums in a fixed order.
#include "core/backend/cuda/cuda.cuh"

// logits [batch, classes]. Each thread takes whole rows; loss and hits are summed in double.
__global__ static void softmax_cross_entropy(const float *logits, const int *labels, float *gradient,
                                             float *probabilities, long long batch, long long classes,
                                             double *metrics, const struct device_args *args) {
    float smoothing = args->label_smoothing, off = smoothing / (float)classes;
    double loss = 0.0, correct = 0.0;
    for (long long row = threadIdx.x; row < batch; row += BLOCK) {
        const float *z = logits + row * classes;
        long long best = 0;
        for (long long c = 1; c < classes; c++)
            if (z[c] > z[best])
                best = c;
        float top = z[best];
        double total = 0.0, sum = 0.0;
        for (long long c = 0; c < classes; c++) {
            total += exp((double)z[c] - (double)top);
            sum += (double)z[c] - (double)top;
        }
        double log_total = log(total);
        int label = labels[row];
        double own = (double)z[label] - (double)top;
        loss += log_total - (1.0 - (double)smoothing) * own - (double)off * sum;
        correct += best == label ? 1.0 : 0.0;
        for (long long c = 0; c < classes; c++) {
            float share = (float)exp((double)z[c] - (double)top - log_total);
            if (probabilities)
                probabilities[row * classes + c] = share;
            if (gradient)
                gradient[row * classes + c] =
                    (share - off - (c == label ? 1.0f - smoothing : 0.0f)) / (float)batch;
        }
    }
    loss = block_sum(loss);
    correct = block_sum(correct);
    if (threadIdx.x == 0 && metrics) {
        double *slot = metrics + args->metric_slot * METRIC_COUNT;
        slot[METRIC_LOSS] = loss;
        slot[METRIC_CORRECT] = correct;
    }
}

enum status queue_softmax_cross_entropy(struct cuda_backend *backend, const struct prepared_op *op,
                                        struct error *error) {
    (void)error;
    LAUNCH(softmax_cross_entropy, 1, BLOCK, backend->stream, (const float *)op->in[0], (const int *)op->in[1],
           (float *)op->out[0], (float *)op->out[1], (long long)op->in_shape[0].size[0],
           (long long)op->in_shape[0].size[1], op->metrics, op->args);
    return STATUS_OK;
}

// y, targets [batch, width]
__global__ static void squared_error(const float *y, const float *targets, float *gradient, long long batch,
                                     long long width, double *metrics, const struct device_args *args) {
    double total = 0.0;
    for (long long i = threadIdx.x; i < batch * width; i += BLOCK) {
        float difference = y[i] - targets[i];
        total += (double)difference * (double)difference;
        if (gradient)
            gradient[i] = 2.0f * difference / (float)(batch * width);
    }
    total = block_sum(total) / (double)width;
    if (threadIdx.x == 0 && metrics) {
        double *slot = metrics + args->metric_slot * METRIC_COUNT;
        slot[METRIC_LOSS] = total;
        slot[METRIC_SQUARED_ERROR] = total;
    }
}

enum status queue_squared_error(struct cuda_backend *backend, const struct prepared_op *op, struct error *error) {
    (void)error;
    LAUNCH(squared_error, 1, BLOCK, backend->stream, (const float *)op->in[0], (const float *)op->in[1],
           (float *)op->out[0], (long long)op->in_shape[0].size[0], (long long)op->in_shape[0].size[1], op->metrics,
           op->args);
    return STATUS_OK;
}
