// What the files of the CUDA plugin share. The plugin is one shared object that exports
// `batchlab_backend` and nothing else; error_set, dtype_size and op_name come from the program that
// opens it.
// cuBLASLt is opened at run time (products.cu), so that probing loads nothing big.
// One thread at a time uses a backend. Everything queues on one stream.
#ifndef CORE_BACKEND_CUDA_CUDA_CUH
#define CORE_BACKEND_CUDA_CUDA_CUH

#include <cuda_runtime.h>

extern "C" {
#include "core/backend/backend.h"
#include "core/base/rng.h"
}

// Every launch goes through here, so that a test build can run the same kernels on the CPU.
#ifndef LAUNCH
#define LAUNCH(kernel, blocks, threads, stream, ...) kernel<<<(blocks), (threads), 0, (stream)>>>(__VA_ARGS__)
#endif

#define BLOCK 256       // threads of an element-wise block; a multiple of the warp
#define BLOCKS_MOST 4096 // element-wise kernels stride over the rest
#define NORM_BLOCKS 256 // partial sums of a norm: fixed, so that the sum's order never changes

struct products; // cuBLASLt: handle, workspace, entry points (products.cu)

struct cuda_backend {
    struct backend base; // first
    int device;
    enum precision precision;
    cudaStream_t stream;
    struct products *products;
    struct cudaDeviceProp properties;
};

struct buffer {
    void *data; // device
    enum dtype dtype;
    size_t count;
};

// step_args as kernels read it: in device memory, so that a captured graph serves every step.
struct device_args {
    unsigned long long seed, step, epoch;
    long long first;
    struct augment augment;
    int metric_slot, nesterov;
    float lr, momentum, weight_decay, label_smoothing;
};

// One operation made ready. `queue` launches its kernels on the stream.
struct prepared_op {
    enum status (*queue)(struct cuda_backend *backend, const struct prepared_op *op, struct error *error);
    struct op op;
    void *in[4], *out[3];             // device addresses; NULL where the op has VALUE_NONE
    struct shape in_shape[4], out_shape[3];
    enum dtype in_type[4];
    const struct device_args *args;   // device
    double *metrics;                  // device, [METRIC_SLOTS][METRIC_COUNT]; NULL when not bound
    double *scratch;                  // device: partial sums
    struct product *product;          // products: the chosen algorithm
};

enum status cuda_check(cudaError_t code, const char *what, struct error *error);
unsigned cuda_blocks(long long count); // blocks of an element-wise launch

// memory.cu
enum status cuda_allocate(struct backend *backend, enum dtype dtype, size_t count, struct buffer **buffer,
                          struct error *error);
void cuda_release(struct backend *backend, struct buffer *buffer);
enum status cuda_upload(struct backend *backend, struct buffer *buffer, size_t offset, size_t count, const void *data,
                        struct error *error);
enum status cuda_download(struct backend *backend, struct buffer *buffer, size_t offset, size_t count, void *data,
                          struct error *error);

// plan.cu
enum status cuda_prepare(struct backend *backend, const struct program *program, const struct binding *binding,
                         struct plan **plan, struct error *error);
void cuda_discard(struct backend *backend, struct plan *plan);
size_t cuda_plan_bytes(const struct plan *plan);
enum status cuda_run(struct backend *backend, struct plan *plan, const struct step_args *args, struct error *error);

// products.cu: dense layers through cuBLASLt
enum status products_open(struct cuda_backend *backend, struct error *error);
void products_close(struct cuda_backend *backend);
enum status product_prepare(struct cuda_backend *backend, struct prepared_op *op, struct error *error);
void product_discard(struct cuda_backend *backend, struct prepared_op *op);
enum status queue_dense(struct cuda_backend *backend, const struct prepared_op *op, struct error *error);
enum status queue_dense_input_gradient(struct cuda_backend *backend, const struct prepared_op *op, struct error *error);
enum status queue_dense_weight_gradient(struct cuda_backend *backend, const struct prepared_op *op,
                                        struct error *error);

// gather.cu, elementwise.cu, losses.cu, optimizer.cu
typedef enum status queue_op(struct cuda_backend *backend, const struct prepared_op *op, struct error *error);
queue_op queue_gather, queue_gather_labels, queue_gather_targets;
queue_op queue_activation, queue_activation_gradient, queue_dropout, queue_add, queue_copy;
queue_op queue_softmax_cross_entropy, queue_squared_error;
queue_op queue_sgd;

// ---- device helpers -----------------------------------------------------------------------------

#ifdef __CUDACC__
// The sum of one value per thread, in a fixed order: the same bits every time. Every thread of a
// block of BLOCK threads calls it; thread 0 gets the sum.
template <typename T> __device__ T block_sum(T value) {
    __shared__ T shared[BLOCK];
    shared[threadIdx.x] = value;
    __syncthreads();
    for (unsigned half = BLOCK / 2; half > 0; half /= 2) {
        if (threadIdx.x < half)
            shared[threadIdx.x] += shared[threadIdx.x + half];
        __syncthreads();
    }
    T sum = shared[0];
    __syncthreads(); // shared[] may be used again at once
    return sum;
}
#endif

#endif
