// Muon: the direction of momentum, made orthogonal by five steps of Newton and Schulz, which are products. X has no more
// rows than columns: it is the transposed of a tall matrix. Row-major as everything of ours, so that the products are
// those of the transposed.
#include "core/backend/cuda/real.cuh"

struct muon {
    long long rows, columns, less, more, count;
    float *x, *y, *a, *b; // [less, more] twice, [less, less] twice: in the operation's work
    double *sums;         // [4][NORM_BLOCKS]: |g|², |Δw|², |w|², |direction|²
    unsigned blocks;
};

enum { MUON_GRADIENT, MUON_UPDATE, MUON_WEIGHT, MUON_LENGTH, MUON_SUMS };
enum { SQUARE, CUBE, FIFTH }; // products: A = XXᵀ, A², and what X is multiplied by

static struct muon muon_of(const struct prepared_op *op) {
    struct muon m = {};
    m.rows = op->in_shape[0].size[0];
    m.columns = op->in_shape[0].size[1];
    m.less = m.rows < m.columns ? m.rows : m.columns;
    m.count = m.rows * m.columns;
    m.more = m.count / m.less;
    m.x = (float *)op->out[0];
    m.y = m.x + m.count;
    m.a = m.y + m.count;
    m.b = m.a + m.less * m.less;
    m.sums = (double *)op->workspace;
    m.blocks = norm_blocks(m.count);
    return m;
}

size_t muon_workspace(const struct prepared_op *op) {
    (void)op;
    return MUON_SUMS * NORM_BLOCKS * sizeof(double);
}

enum status prepare_muon(struct cuda_backend *backend, struct prepared_op *op, struct error *error) {
    struct muon m = muon_of(op);
    struct matrix x = {m.more, m.less, m.more, 0, DTYPE_F32}, a = {m.less, m.less, m.less, 0, DTYPE_F32};
    const struct product_shape shapes[3] = {{x, x, a, true, false, 1, NULL},
                                            {a, a, a, false, false, 1, NULL},
                                            {x, a, x, false, false, 1, NULL}};
    // X and Y change places: as little aligned as both are.
    const void *least = (const void *)((uintptr_t)m.x | (uintptr_t)m.y | (uintptr_t)m.a | (uintptr_t)m.b);
    enum status status = STATUS_OK;
    for (int i = 0; !status && i < 3; i++)
        status = product_make(backend, &shapes[i], least, least, least, &op->product[i], error);
    return status;
}

// Where element i of [rows, columns] lies in X.
__device__ static long long muon_place(const struct muon &m, long long i) {
    return m.rows > m.columns ? i % m.columns * m.rows + i / m.columns : i;
}

// The velocity moves; X becomes the direction. A step that is held leaves the velocity alone.
__global__ static void muon_direction(struct muon m, const float *w, const float *g, float *v, double *metrics,
                                      int clips, int guards, const struct device_args *args) {
    bool held = is_held(guards, metrics, args);
    float clip = clip_of(clips, metrics, args);
    double gradient_sq = held ? NAN : 0.0, length = 0.0;
    FOR_EACH(i, m.count) {
        float own = clip * g[i] + args->pull * w[i], velocity = args->momentum * v[i] + own;
        float direction = args->nesterov ? own + args->momentum * velocity : velocity;
        m.x[muon_place(m, i)] = held ? 0.0f : direction;
        if (!held)
            v[i] = velocity;
        gradient_sq += (double)g[i] * (double)g[i];
        length += (double)direction * (double)direction;
    }
    put_block_sum(m.sums + MUON_GRADIENT * NORM_BLOCKS, gradient_sq);
    put_block_sum(m.sums + MUON_LENGTH * NORM_BLOCKS, length);
}

__global__ static void muon_normalize(struct muon m) {
    static_assert(BLOCK == NORM_BLOCKS, "one thread per partial sum");
    double length = block_sum(threadIdx.x < m.blocks ? m.sums[MUON_LENGTH * NORM_BLOCKS + threadIdx.x] : 0.0);
    float factor = (float)(1.0 / (sqrt(length) + 1e-7));
    FOR_EACH(i, m.count)
        m.x[i] *= factor;
}

__global__ static void muon_update(struct muon m, float *w, double *metrics, int guards,
                                   const struct device_args *args) {
    bool held = is_held(guards, metrics, args);
    float tall = m.rows > m.columns ? sqrtf((float)m.rows / (float)m.columns) : 1.0f;
    double update_sq = held ? NAN : 0.0, weight_sq = update_sq;
    FOR_EACH(i, m.count) {
        float before = w[i], change = args->muon_lr * tall * m.x[muon_place(m, i)] + args->muon_loss * before;
        float next = before - change;
        if (!held)
            w[i] = next;
        update_sq += (double)change * (double)change;
        weight_sq += (double)next * (double)next;
    }
    put_block_sum(m.sums + MUON_UPDATE * NORM_BLOCKS, update_sq);
    put_block_sum(m.sums + MUON_WEIGHT * NORM_BLOCKS, weight_sq);
}

static enum status copy(struct cuda_backend *backend, float *to, const float *from, long long count,
                        struct error *error) {
    return cuda_check(cudaMemcpyAsync(to, from, (size_t)count * sizeof *to, cudaMemcpyDeviceToDevice, backend->stream),
                      "copying", error);
}

// X = aX + (bA + cA²)X, in Y; then they change places.
static enum status queue_step(struct cuda_backend *backend, const struct prepared_op *op, struct muon *m,
                              struct error *error) {
    float *x = m->x;
    enum status status = product_queue(backend, op->product[SQUARE], 1.0f, m->x, m->x, m->a, 0.0f, error);
    if (!status)
        status = copy(backend, m->b, m->a, m->less * m->less, error);
    if (!status)
        status = product_queue(backend, op->product[CUBE], 2.0315f, m->a, m->a, m->b, -4.7750f, error);
    if (!status)
        status = copy(backend, m->y, m->x, m->count, error);
    if (!status)
        status = product_queue(backend, op->product[FIFTH], 1.0f, m->x, m->b, m->y, 3.4445f, error);
    m->x = m->y;
    m->y = x;
    return status;
}

enum status queue_muon(struct cuda_backend *backend, const struct prepared_op *op, struct error *error) {
    struct muon m = muon_of(op);
    enum status status = STATUS_OK;
    LAUNCH(muon_direction, m.blocks, BLOCK, backend->stream, m, (const float *)op->in[0], (const float *)op->in[1],
           (float *)op->in[2], op->metrics, (int)op->op.attr.optimizer.clips,
           (int)op->op.attr.optimizer.guards, op->args);
    LAUNCH(muon_normalize, m.blocks, BLOCK, backend->stream, m);
    for (int i = 0; !status && i < 5; i++)
        status = queue_step(backend, op, &m, error);
    if (status)
        return status;
    LAUNCH(muon_update, m.blocks, BLOCK, backend->stream, m, (float *)op->in[0], op->metrics,
           (int)op->op.attr.optimizer.guards, op->args);
    queue_norms(backend, op, m.blocks);
    return STATUS_OK;
}
