// Windows of a convolution or a pooling over maps with channels innermost.
#ifndef CORE_BACKEND_CUDA_WINDOWS_CUH
#define CORE_BACKEND_CUDA_WINDOWS_CUH

#include "core/backend/cuda/real.cuh"

struct windows {
    long long batch;
    int channels, height, width, out_height, out_width;
    int window_height, window_width, stride_height, stride_width, padding_height, padding_width;
};

static inline struct windows windows_of(const struct shape *x, const struct shape *y, const int window[2],
                                        const int stride[2], const int padding[2]) {
    return {x->size[0],      (int)x->size[1], (int)x->size[2], (int)x->size[3], (int)y->size[2], (int)y->size[3],
            window[0],       window[1],       stride[0],       stride[1],       padding[0],      padding[1]};
}

// The window whose tap `tap` falls on `cell`; −1 when there is none.
__device__ inline int window_over(int cell, int tap, int stride, int padding, int count) {
    int start = cell + padding - tap;
    return start >= 0 && start % stride == 0 && start / stride < count ? start / stride : -1;
}

#endif
