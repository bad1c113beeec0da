// Kernels compute in f32 (sums in double) whatever type their operands have in memory: `real_of` reads, `store`
// writes and rounds. WITH_REAL runs a statement for the type that is meant.
#ifndef CORE_BACKEND_CUDA_REAL_CUH
#define CORE_BACKEND_CUDA_REAL_CUH

#include "core/backend/cuda/cuda.cuh"

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#define FOR_EACH(i, count) \
    for (long long i = blockIdx.x * (long long)BLOCK + threadIdx.x; i < (count); i += (long long)gridDim.x * BLOCK)

#define WITH_REAL(type, Real, ...)       \
    do {                                 \
        if ((type) == DTYPE_BF16) {      \
            typedef __nv_bfloat16 Real;  \
            __VA_ARGS__;                 \
        } else if ((type) == DTYPE_F16) { \
            typedef __half Real;         \
            __VA_ARGS__;                 \
        } else {                         \
            typedef float Real;          \
            __VA_ARGS__;                 \
        }                                \
    } while (0)

__device__ inline float real_of(float x) {
    return x;
}
__device__ inline float real_of(__nv_bfloat16 x) {
    return __bfloat162float(x);
}
__device__ inline float real_of(__half x) {
    return __half2float(x);
}
__device__ inline void store(float *to, float x) {
    *to = x;
}
__device__ inline void store(__nv_bfloat16 *to, float x) {
    *to = __float2bfloat16_rn(x);
}
__device__ inline void store(__half *to, float x) {
    *to = __float2half_rn(x);
}

// Where the elements of a sample lie: channels innermost, or (channels 1) in logical order.
struct order {
    long long channels, plane;
};

static inline struct order order_of(const struct shape *shape, struct form form) {
    long long sample = (long long)shape_count(*shape) / shape->size[0];
    if (!form.channels_last)
        return {1, sample};
    return {shape->size[1], sample / shape->size[1]};
}

// The logical index of what lies at `place`, and back.
__device__ inline long long logical_of(struct order o, long long place) {
    long long sample = o.channels * o.plane, rest = place % sample;
    return place - rest + rest % o.channels * o.plane + rest / o.channels;
}
__device__ inline long long place_of(struct order o, long long logical) {
    long long sample = o.channels * o.plane, rest = logical % sample;
    return logical - rest + rest % o.plane * o.channels + rest / o.plane;
}

#endif
