// One pass over the flat weight block.
#include "core/backend/cuda/cuda.cuh"

// w, g, v [count]; partial sums of |g|², |Δw|², |w|² go to scratch[3][NORM_BLOCKS].
__global__ static void sgd(float *w, const float *g, float *v, long long count, double *scratch,
                           const struct device_args *args) {
    float lr = args->lr, momentum = args->momentum, decay = args->weight_decay;
    int nesterov = args->nesterov;
    double gradient_sq = 0.0, update_sq = 0.0, weight_sq = 0.0;
    for (long long i = blockIdx.x * (long long)BLOCK + threadIdx.x; i < count; i += (long long)gridDim.x * BLOCK) {
        float own = g[i], pulled = own + decay * w[i], direction = pulled;
        if (v) {
            float velocity = momentum * v[i] + pulled;
            v[i] = velocity;
            direction = nesterov ? pulled + momentum * velocity : velocity;
        }
        float update = lr * direction, next = w[i] - update;
        w[i] = next;
        gradient_sq += (double)own * (double)own;
        update_sq += (double)update * (double)update;
        weight_sq += (double)next * (double)next;
    }
    gradient_sq = block_sum(gradient_sq);
    update_sq = block_sum(update_sq);
    weight_sq = block_sum(weight_sq);
    if (threadIdx.x == 0) {
        scratch[blockIdx.x] = gradient_sq;
        scratch[NORM_BLOCKS + blockIdx.x] = update_sq;
        scratch[2 * NORM_BLOCKS + blockIdx.x] = weight_sq;
    }
}

// One block of BLOCK = NORM_BLOCKS threads adds the partial sums in their order.
__global__ static void sgd_norms(const double *scratch, int blocks, double *metrics, const struct device_args *args) {
    static_assert(BLOCK == NORM_BLOCKS, "one thread per partial sum");
    double *slot = metrics + args->metric_slot * METRIC_COUNT;
    const enum metric names[3] = {METRIC_GRADIENT_SQ, METRIC_UPDATE_SQ, METRIC_WEIGHT_SQ};
    for (int norm = 0; norm < 3; norm++) {
        double part = (int)threadIdx.x < blocks ? scratch[norm * NORM_BLOCKS + threadIdx.x] : 0.0;
        double total = block_sum(part);
        if (threadIdx.x == 0)
            slot[names[norm]] = total;
    }
}

enum status queue_sgd(struct cuda_backend *backend, const struct prepared_op *op, struct error *error) {
    (void)error;
    long long count = shape_count(op->in_shape[0]);
    unsigned blocks = cuda_blocks(count);
    if (blocks > NORM_BLOCKS)
        blocks = NORM_BLOCKS;
    LAUNCH(sgd, blocks, BLOCK, backend->stream, (float *)op->in[0], (const float *)op->in[1], (float *)op->in[2], count,
           op->scratch, op->args);
    if (op->op.attr.optimizer.norms && op->metrics)
        LAUNCH(sgd_norms, 1, BLOCK, backend->stream, op->scratch, (int)blocks, op->metrics, op->args);
    return STATUS_OK;
}
