// Sums of columns: the gradient of a bias.
#include "core/backend/cuda/sums.cuh"

template <typename T> __global__ static void column_parts(const T *dy, struct sums s, double *partial) {
    sum_rows<1>(s, partial, [=](long long row, long long column, double *sum) {
        sum[0] += (double)real_of(dy[row * s.columns + column]);
    });
}

__global__ static void column_sums(struct sums s, const double *partial, double factor, float *out) {
    FOR_EACH(column, s.columns)
        out[column] = (float)(sum_parts(s, partial, 0, column) * factor);
}

size_t column_sums_bytes(long long rows, long long columns) {
    return (size_t)(sums_of(rows, columns).parts * columns) * sizeof(double);
}

void queue_column_sums(struct cuda_backend *backend, const struct prepared_op *op, int dy, float *sums, long long rows,
                       long long columns) {
    struct sums s = sums_of(rows, columns);
    double *partial = (double *)op->workspace;
    WITH_REAL(op->in_form[dy].type, Real,
              LAUNCH(column_parts<Real>, sums_blocks(s), BLOCK, backend->stream, (const Real *)op->in[dy], s, partial));
    LAUNCH(column_sums, cuda_blocks(columns), BLOCK, backend->stream, s, partial, 1.0 / (double)op->scale, sums);
}
