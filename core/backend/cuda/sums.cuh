// Sums over the rows of a matrix [rows, columns], for many rows and in a fixed order: blocks of SUM_LANES columns
// and a share of the rows write partial sums in double, which are added in their order.
#ifndef CORE_BACKEND_CUDA_SUMS_CUH
#define CORE_BACKEND_CUDA_SUMS_CUH

#include "core/backend/cuda/real.cuh"

#define SUM_LANES 32
#define SUM_GROUPS (BLOCK / SUM_LANES) // rows that a block reads at a time
#define SUM_ROWS 16                    // rows that a thread should have before more blocks share the work
#define SUM_BLOCKS 1024                // enough to fill a GPU

struct sums {
    long long rows, columns;
    int parts; // partial sums of every column
};

// A function of the shape alone: the order of the sum never changes.
static inline struct sums sums_of(long long rows, long long columns) {
    long long wide = (columns + SUM_LANES - 1) / SUM_LANES;
    long long most = (rows + SUM_GROUPS * SUM_ROWS - 1) / (SUM_GROUPS * SUM_ROWS), fills = SUM_BLOCKS / wide;
    long long parts = most < fills ? most : fills;
    return {rows, columns, (int)(parts < 1 ? 1 : parts)};
}
static inline unsigned sums_blocks(struct sums s) {
    return (unsigned)((s.columns + SUM_LANES - 1) / SUM_LANES * s.parts);
}

#ifdef __CUDACC__
// Calls add(row, column, sums) for the rows of this thread, adds over the block's groups and writes
// partial [sums][parts][columns].
template <int count, typename Add> __device__ void sum_rows(struct sums s, double *partial, Add add) {
    __shared__ double shared[count][SUM_GROUPS][SUM_LANES];
    long long wide = (s.columns + SUM_LANES - 1) / SUM_LANES;
    long long part = blockIdx.x / wide, column = blockIdx.x % wide * SUM_LANES + threadIdx.x % SUM_LANES;
    unsigned group = threadIdx.x / SUM_LANES;
    double own[count] = {};
    if (column < s.columns)
        for (long long row = part * SUM_GROUPS + group; row < s.rows; row += (long long)s.parts * SUM_GROUPS)
            add(row, column, own);
    for (int k = 0; k < count; k++)
        shared[k][group][threadIdx.x % SUM_LANES] = own[k];
    __syncthreads();
    for (int k = 0; group == 0 && column < s.columns && k < count; k++) {
        double sum = own[k];
        for (unsigned other = 1; other < SUM_GROUPS; other++)
            sum += shared[k][other][threadIdx.x % SUM_LANES];
        partial[(k * s.parts + part) * s.columns + column] = sum;
    }
}

// Sum number k of a column.
__device__ inline double sum_parts(struct sums s, const double *partial, int k, long long column) {
    double sum = 0.0;
    for (int part = 0; part < s.parts; part++)
        sum += partial[((long long)k * s.parts + part) * s.columns + column];
    return sum;
}
#endif

#endif
