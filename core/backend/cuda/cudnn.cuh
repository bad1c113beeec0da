// Convolutions through cuDNN's graph API, where its header was there at building and its library is there now; else
// convolution.cu does them as products. The library is opened with the backend, its handle made at the first
// convolution. A shape that no engine of it takes is done as products too.
#ifndef CORE_BACKEND_CUDA_CUDNN_CUH
#define CORE_BACKEND_CUDA_CUDNN_CUH

#include "core/backend/cuda/cuda.cuh"

struct cudnn_shape {
    enum op_kind kind;
    long long x[4], w[4], y[4]; // sizes in logical order; in memory channels are innermost
    long long stride[2], padding[2];
    enum dtype type;            // of all three
    const void *at[3];          // x, w, y: how they are aligned
    bool exact;                 // f32 operands are not to be rounded to TF32
};

void cudnn_open(struct cuda_backend *backend); // fills backend->convolutions
void cudnn_close(struct cuda_backend *backend);
// NULL where it cannot be done. cudnn_convolution_free ends it; NULL allowed.
struct cudnn_convolution *cudnn_convolution_make(struct cuda_backend *backend, const struct cudnn_shape *shape);
void cudnn_convolution_free(struct cuda_backend *backend, struct cudnn_convolution *convolution);
size_t cudnn_convolution_workspace(const struct cudnn_convolution *convolution);
enum status cudnn_convolution_queue(struct cuda_backend *backend, const struct cudnn_convolution *convolution,
                                    void *x, void *w, void *y, void *workspace, struct error *error);

// What follows is between cudnn_plan.cu and cudnn_tune.cu.
#define CUDNN_CANDIDATES 8
#define CUDNN_WORKSPACE_MOST ((size_t)512 << 20)

struct cudnn_candidate {
    struct cudnn_convolution *convolution;
    int number; // in the order that cuDNN's heuristics give
};
// The fastest of `count` candidates, best guess first. What was found is kept on disk for the device and the version,
// so that the next run computes the same bits; where it cannot be kept, the first is taken.
int cudnn_fastest(struct cuda_backend *backend, const struct cudnn_shape *shape, size_t version,
                  const struct cudnn_candidate *candidates, int count);

#endif
