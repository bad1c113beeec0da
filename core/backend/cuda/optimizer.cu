// One pass over the flat weight block.
#include "core/backend/cuda/real.cuh"

void optimizer_args(const struct step_args *args, struct device_args *now) {
    double t = (double)args->step + 1;
    now->pull = (float)(args->decoupled ? 0 : args->weight_decay);
    now->loss = (float)(args->decoupled ? args->lr * args->weight_decay : 0);
    now->muon_lr = (float)args->muon_lr;
    now->muon_loss = (float)(args->decoupled ? args->muon_lr * args->weight_decay : 0);
    now->keep1 = (float)args->beta1;
    now->keep2 = (float)args->beta2;
    now->rms_keep = (float)args->rms_decay;
    now->take1 = (float)(1 - args->beta1);
    now->take2 = (float)(1 - args->beta2);
    now->rms_take = (float)(1 - args->rms_decay);
    now->correct1 = (float)(1 / (1 - pow(args->beta1, t)));
    now->correct2 = (float)(1 / sqrt(1 - pow(args->beta2, t)));
    now->epsilon = (float)args->epsilon;
    now->clip = (float)args->clip;
    now->keep_average = args->step == 0 ? 0.0f : (float)args->average;
}

// Where a weight is to move against g; its moments a and b move along.
template <int rule>
__device__ static float move_of(const struct device_args *args, float g, long long i, float *a, float *b) {
    if (rule == OP_ADAGRAD) {
        a[i] += g * g;
        return g / (sqrtf(a[i]) + args->epsilon);
    }
    if (rule == OP_RMSPROP) {
        a[i] = args->rms_keep * a[i] + args->rms_take * g * g;
        b[i] = args->momentum * b[i] + g / (sqrtf(a[i]) + args->epsilon);
        return b[i];
    }
    if (rule == OP_ADAM) {
        a[i] = args->keep1 * a[i] + args->take1 * g;
        b[i] = args->keep2 * b[i] + args->take2 * g * g;
        return args->correct1 * a[i] / (sqrtf(b[i]) * args->correct2 + args->epsilon);
    }
    if (!a)
        return g;
    a[i] = args->momentum * a[i] + g;
    return args->nesterov ? g + args->momentum * a[i] : a[i];
}

// w, g, a, b [count]; partial sums of |g|², |Δw|², |w|² go to scratch[3][NORM_BLOCKS].
template <int rule>
__global__ static void optimize(float *w, const float *g, float *a, float *b, long long count, double *scratch,
                                double *metrics, int clips, int guards, const struct device_args *args) {
    bool held = is_held(guards, metrics, args);
    float clip = clip_of(clips, metrics, args);
    double gradient_sq = held ? NAN : 0.0, update_sq = gradient_sq, weight_sq = gradient_sq;
    FOR_EACH(i, held ? 0 : count) {
        float own = g[i], before = w[i];
        float move = move_of<rule>(args, clip * own + args->pull * before, i, a, b);
        float change = args->lr * move + args->loss * before, next = before - change;
        w[i] = next;
        gradient_sq += (double)own * (double)own;
        update_sq += (double)change * (double)change;
        weight_sq += (double)next * (double)next;
    }
    put_block_sum(scratch, gradient_sq);
    put_block_sum(scratch + NORM_BLOCKS, update_sq);
    put_block_sum(scratch + 2 * NORM_BLOCKS, weight_sq);
}

// One block of BLOCK = NORM_BLOCKS threads adds the partial sums in their order.
__global__ static void add_norms(const double *scratch, int blocks, int adds, double *metrics,
                                 const struct device_args *args) {
    static_assert(BLOCK == NORM_BLOCKS, "one thread per partial sum");
    const enum metric names[3] = {METRIC_GRADIENT_SQ, METRIC_UPDATE_SQ, METRIC_WEIGHT_SQ};
    for (int norm = 0; norm < 3; norm++) {
        double part = (int)threadIdx.x < blocks ? scratch[norm * NORM_BLOCKS + threadIdx.x] : 0.0;
        double total = block_sum(part);
        double *sum = figure(metrics, args, names[norm]);
        if (threadIdx.x == 0)
            *sum = adds ? *sum + total : total;
    }
}

unsigned norm_blocks(long long count) {
    unsigned blocks = cuda_blocks(count);
    return blocks > NORM_BLOCKS ? NORM_BLOCKS : blocks;
}

void queue_norms(struct cuda_backend *backend, const struct prepared_op *op, unsigned blocks) {
    if (op->op.attr.optimizer.norms && op->metrics)
        LAUNCH(add_norms, 1, BLOCK, backend->stream, (double *)op->workspace, (int)blocks,
               (int)op->op.attr.optimizer.adds, op->metrics, op->args);
}

size_t optimizer_workspace(const struct prepared_op *op) {
    (void)op;
    return 3 * NORM_BLOCKS * sizeof(double);
}

#define OPTIMIZE(rule)                                                                                                 \
    LAUNCH(optimize<rule>, blocks, BLOCK, backend->stream, (float *)op->in[0], (const float *)op->in[1],               \
           (float *)op->in[2], (float *)op->in[3], count, (double *)op->workspace, op->metrics,                            \
           (int)op->op.attr.optimizer.clips, (int)op->op.attr.optimizer.guards, op->args)

enum status queue_optimizer(struct cuda_backend *backend, const struct prepared_op *op, struct error *error) {
    (void)error;
    long long count = shape_count(op->in_shape[0]);
    unsigned blocks = norm_blocks(count);
    if (op->op.kind == OP_ADAGRAD)
        OPTIMIZE(OP_ADAGRAD);
    else if (op->op.kind == OP_RMSPROP)
        OPTIMIZE(OP_RMSPROP);
    else if (op->op.kind == OP_ADAM)
        OPTIMIZE(OP_ADAM);
    else
        OPTIMIZE(OP_SGD);
    queue_norms(backend, op, blocks);
    return STATUS_OK;
}

// ---- clipping, and the scale of gradients -----------------------------------------------------------

// Σ g²; a gradient that was scaled gets its own size back.
__global__ static void square_sums(float *g, long long count, const float *scaling, double *scratch,
                                   const struct device_args *args) {
    double sum = 0.0;
    float own = scaling ? 1.0f / scaling[SCALING_FACTOR] : 1.0f;
    FOR_EACH(i, scaling || args->clip > 0.0f ? count : 0) {
        float value = own * g[i];
        if (scaling)
            g[i] = value;
        sum += (double)value * (double)value;
    }
    put_block_sum(scratch, sum);
}

// What becomes of the step and of the factor, now that |g|² of the weights is known. One thread. True: it is skipped.
__device__ static bool judge(double square, float *scaling, double *metrics, const struct device_args *args) {
    float factor = scaling[SCALING_FACTOR];
    bool counts = isfinite(*figure(metrics, args, METRIC_LOSS)) && !is_halted(metrics, args);
    bool skipped = counts && !isfinite(square) && factor > SCALING_LEAST;
    *figure(metrics, args, METRIC_SCALE) = (double)factor;
    *figure(metrics, args, METRIC_SKIPPED) = skipped ? 1.0 : 0.0;
    if (skipped) {
        scaling[SCALING_FACTOR] = factor / 2.0f;
        scaling[SCALING_GOOD] = 0.0f;
        scaling[SCALING_SKIPPED] += 1.0f;
    } else if (counts && isfinite(square) && ++scaling[SCALING_GOOD] >= SCALING_PATIENCE) {
        scaling[SCALING_FACTOR] = factor < SCALING_MOST ? 2.0f * factor : factor;
        scaling[SCALING_GOOD] = 0.0f;
    }
    return skipped;
}

// The moments have not seen the steps that were skipped.
__device__ static void correct_moments(float skipped, struct device_args *args) {
    double t = (double)args->step + 1.0 - (double)skipped;
    if (skipped > 0.0f) {
        args->correct1 = (float)(1.0 / (1.0 - pow((double)args->keep1, t)));
        args->correct2 = (float)(1.0 / sqrt(1.0 - pow((double)args->keep2, t)));
    }
}

__global__ static void clip_factor(const double *scratch, int blocks, float *scaling, double *metrics,
                                   struct device_args *args) {
    double total = block_sum((int)threadIdx.x < blocks ? scratch[threadIdx.x] : 0.0);
    double factor = args->clip > 0.0f ? (double)args->clip / (sqrt(total) + 1e-6) : 1.0;
    if (threadIdx.x != 0)
        return;
    bool skipped = scaling && judge(total, scaling, metrics, args);
    if (scaling)
        correct_moments(scaling[SCALING_SKIPPED], args);
    *figure(metrics, args, METRIC_CLIP) = skipped || factor > 1.0 ? 1.0 : factor;
}

enum status queue_clip(struct cuda_backend *backend, const struct prepared_op *op, struct error *error) {
    (void)error;
    long long count = shape_count(op->in_shape[0]);
    unsigned blocks = norm_blocks(count);
    LAUNCH(square_sums, blocks, BLOCK, backend->stream, (float *)op->in[0], count, (const float *)op->scaling,
           (double *)op->workspace, op->args);
    LAUNCH(clip_factor, 1, BLOCK, backend->stream, (double *)op->workspace, (int)blocks, op->scaling, op->metrics,
           op->args);
    return STATUS_OK;
}

// ---- averaged weights ---------------------------------------------------------------------------

__global__ static void average(const float *w, float *a, long long count, double *metrics,
                               const struct device_args *args) {
    float keep = args->keep_average, take = 1.0f - keep;
    bool left = is_halted(metrics, args) || is_skipped(metrics, args);
    FOR_EACH(i, left ? 0 : count)
        a[i] = keep * a[i] + take * w[i];
}

enum status queue_average(struct cuda_backend *backend, const struct prepared_op *op, struct error *error) {
    (void)error;
    long long count = shape_count(op->in_shape[0]);
    LAUNCH(average, cuda_blocks(count), BLOCK, backend->stream, (const float *)op->in[0], (float *)op->in[1], count,
           op->metrics, op->args);
    return STATUS_OK;
}
