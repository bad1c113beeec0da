// Embeddings: rows of a table in place of the index that a column holds, and their gradient.
#include "core/backend/cuda/real.cuh"

__global__ static void columns(const float *x, float *y, long long inputs, long long outputs, long long given,
                               long long count) {
    FOR_EACH(i, count) {
        long long column = i % outputs;
        y[i] = column < given ? x[i / outputs * inputs + column] : 0.0f;
    }
}

enum status queue_columns(struct cuda_backend *backend, const struct prepared_op *op, struct error *error) {
    (void)error;
    long long count = shape_count(op->out_shape[0]);
    LAUNCH(columns, cuda_blocks(count), BLOCK, backend->stream, (const float *)op->in[0], (float *)op->out[0],
           (long long)op->in_shape[0].size[1], (long long)op->out_shape[0].size[1], (long long)op->op.attr.columns,
           count);
    return STATUS_OK;
}

struct table { // where a row of the batch finds its index, and its columns of y
    const float *indices;
    long long inputs, outputs, rows, width; // inputs: from one index to the next
};

__device__ static long long table_row(struct table table, long long i) {
    float index = table.indices[i * table.inputs];
    return index >= 0.0f && index < (float)table.rows ? (long long)index : 0;
}

// y: from the first of the columns on.
__global__ static void embedding(float *y, const float *w, struct table table, long long count) {
    FOR_EACH(i, count) {
        long long row = i / table.width, column = i % table.width;
        y[row * table.outputs + column] = w[table_row(table, row) * table.width + column];
    }
}

static struct table table_of(const struct prepared_op *op, struct shape w) {
    struct table table;
    table.indices = (const float *)op->in[1] + op->op.attr.embedding.column;
    table.inputs = op->in_shape[1].size[1];
    table.outputs = op->in_shape[0].size[1];
    table.rows = w.size[0];
    table.width = w.size[1];
    return table;
}

enum status queue_embedding(struct cuda_backend *backend, const struct prepared_op *op, struct error *error) {
    (void)error;
    struct table table = table_of(op, op->in_shape[2]);
    long long count = op->in_shape[0].size[0] * table.width;
    LAUNCH(embedding, cuda_blocks(count), BLOCK, backend->stream, (float *)op->out[0] + op->op.attr.embedding.at,
           (const float *)op->in[2], table, count);
    return STATUS_OK;
}

__global__ static void clear(float *w, long long count) {
    FOR_EACH(i, count)
        w[i] = 0.0f;
}

// One block for each row of the batch; only that of the first row with an index works: it adds up what all rows with it
// have, in their order, so that the sum is the same every time. dy: from the first of the columns on.
__global__ static void embedding_gradient(const float *dy, float *dw, struct table table, long long batch,
                                          float unscale) {
    __shared__ int repeated;
    long long first = blockIdx.x, k = table_row(table, first);
    if (threadIdx.x == 0)
        repeated = 0;
    __syncthreads();
    for (long long i = threadIdx.x; i < first; i += BLOCK)
        if (table_row(table, i) == k)
            repeated = 1; // whoever writes it writes the same
    __syncthreads();
    if (repeated)
        return;
    for (long long column = threadIdx.x; column < table.width; column += BLOCK) {
        float sum = 0.0f;
        for (long long i = first; i < batch; i++)
            if (table_row(table, i) == k)
                sum += dy[i * table.outputs + column];
        dw[k * table.width + column] = unscale * sum;
    }
}

enum status queue_embedding_gradient(struct cuda_backend *backend, const struct prepared_op *op, struct error *error) {
    (void)error;
    struct table table = table_of(op, op->out_shape[0]);
    long long batch = op->in_shape[0].size[0], count = shape_count(op->out_shape[0]);
    LAUNCH(clear, cuda_blocks(count), BLOCK, backend->stream, (float *)op->out[0], count);
    LAUNCH(embedding_gradient, (unsigned)batch, BLOCK, backend->stream,
           (const float *)op->in[0] + op->op.attr.embedding.at, (float *)op->out[0], table, batch, 1.0f / op->scale);
    return STATUS_OK;
}
