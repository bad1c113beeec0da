// What the files of the CUDA plugin share. The plugin is one shared object that exports
// `batchlab_backend` and nothing else; error_set, op_name, binding_check and their like come from the program
// that opens it.
// cuBLASLt is opened at run time (products.cu), so that probing loads nothing big.
// One thread at a time uses a backend. Everything queues on one stream, except what is uploaded ahead (memory.cu).
#ifndef CORE_BACKEND_CUDA_CUDA_CUH
#define CORE_BACKEND_CUDA_CUDA_CUH

#include <cuda_runtime.h>
#include <math.h>

extern "C" {
#include "core/backend/binding.h"
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
struct product;  // one product made ready
struct cudnn;    // cuDNN, where it is (cudnn.cuh)
struct cudnn_convolution;

// Pinned memory on its way to the card: the driver copies from there while the processor goes on.
struct staging {
    void *pinned;
    size_t bytes;
    cudaEvent_t copied; // what was in it is on the card; NULL: made with the memory
};
#define STAGINGS 2 // features, and what they are

struct cuda_backend {
    struct backend base; // first
    int device;
    enum precision precision;
    cudaStream_t stream;
    struct products *products;
    struct cudnn *cudnn;   // NULL: convolutions are products
    char convolutions[80]; // which way they are computed, and why, as `devices` says it
    struct cudaDeviceProp properties;
    cudaStream_t copies; // NULL until something is uploaded ahead
    struct staging staging[STAGINGS];
    int next_staging;
    cudaEvent_t ahead; // what the next step waits for; NULL: nothing
};

// step_args as kernels read it: in device memory, so that a captured graph serves every step.
struct device_args {
    unsigned long long seed, step, epoch;
    long long first;
    struct augment augment;
    int metric_slot, nesterov;
    int before; // metric slot of the step before, of those that were queued together; -1: this is their first
    float lr, momentum, weight_decay, label_smoothing;
    float muon_lr, muon_loss; // of what Muon updates: like lr and loss
    float pull, loss; // weight decay through the gradient; what decoupled decay takes of every weight
    float keep1, keep2, rms_keep, take1, take2, rms_take; // shares of the moments that stay and that come in
    float correct1, correct2, epsilon, clip, keep_average, huber_delta, denominator; // adam: 1/(1 − beta1^t), 1/√(1 − beta2^t)
};

// How the elements of a value lie in memory: their type, and whether maps and filters of rank 4 have their
// channels innermost ([batch, height, width, channels]). forms.cu says who takes what.
struct form {
    enum dtype type;
    bool channels_last;
};

// One operation made ready. `queue` launches its kernels on the stream.
struct prepared_op {
    enum status (*queue)(struct cuda_backend *backend, const struct prepared_op *op, struct error *error);
    struct op op;
    void *in[OP_INPUTS], *out[OP_OUTPUTS]; // device addresses; NULL where the op has VALUE_NONE
    struct shape in_shape[OP_INPUTS], out_shape[OP_OUTPUTS];
    struct form in_form[OP_INPUTS], out_form[OP_OUTPUTS];
    struct device_args *args;       // device
    double *metrics;                // device, [METRIC_SLOTS][METRIC_COUNT]; NULL when not bound
    void *workspace;                // device, as large as this kind of operation asks for; its content lasts for one
    struct product *product[3];     // products, as many as the operation needs
    struct cudnn_convolution *cudnn; // NULL: by products
    float scale; // of gradients between operations: a power of two that keeps small ones from vanishing in fp16, else 1
    float *scaling; // device, [SCALING_COUNT]: that of losses is this one's factor, which OP_CLIP takes out; NULL: none
};

enum status cuda_check(cudaError_t code, const char *what, struct error *error);
unsigned cuda_blocks(long long count); // blocks of an element-wise launch

// memory.cu
enum status cuda_allocate(struct backend *backend, enum dtype dtype, size_t count, struct buffer **buffer,
                          struct error *error);
void cuda_release(struct backend *backend, struct buffer *buffer);
enum status cuda_upload(struct backend *backend, struct buffer *buffer, size_t offset, size_t count, const void *data,
                        struct error *error);
enum status cuda_upload_ahead(struct backend *backend, struct buffer *buffer, size_t offset, size_t count,
                              const void *data, struct error *error);
enum status staging_wait(struct cuda_backend *backend, struct error *error); // what is queued next, for what came ahead
void staging_close(struct cuda_backend *backend);
enum status cuda_download(struct backend *backend, struct buffer *buffer, size_t offset, size_t count, void *data,
                          struct error *error);

// plan.cu
enum status cuda_prepare(struct backend *backend, const struct program *program, const struct binding *binding,
                         struct plan **plan, struct error *error);
void cuda_discard(struct backend *backend, struct plan *plan);
size_t cuda_plan_bytes(const struct plan *plan);
enum status cuda_run(struct backend *backend, struct plan *plan, const struct step_args *args, struct error *error);
enum status cuda_run_many(struct backend *backend, struct plan *plan, const struct step_args *args, size_t count,
                          struct error *error);

// forms.cu: the program with every value in a form, and copies into another form where an operation needs one.
struct formed_value {
    struct value value;
    struct form form;
};
struct formed_program {
    struct formed_value *values; // the program's own first, then those that copies made
    struct op *ops;
    size_t value_count, op_count;
};
enum status program_form(const struct cuda_backend *backend, const struct program *program,
                         struct formed_program *formed, struct error *error); // formed_free ends it
void formed_free(struct formed_program *formed);
size_t form_bytes(const struct formed_value *value);

// products.cu: matrix products through cuBLASLt, column-major: D = factor·op(A) op(B) + keep·D.
struct matrix {
    long long rows, columns, leading; // as stored; elements from column to column
    long long next;                   // elements from one matrix of a group to the next
    enum dtype type;
};
struct product_shape {
    struct matrix a, b, d;
    bool transpose_a, transpose_b;
    int groups;       // products of that shape, one beside the other
    const void *bias; // of D's type, length d.rows, added to every column; NULL: none. One group only
};
enum status products_open(struct cuda_backend *backend, struct error *error);
void products_close(struct cuda_backend *backend);
// The addresses say how the operands are aligned. product_free ends it; NULL allowed.
enum status product_make(struct cuda_backend *backend, const struct product_shape *shape, const void *a, const void *b,
                         const void *d, struct product **product, struct error *error);
void product_free(struct cuda_backend *backend, struct product *product);
enum status product_queue(struct cuda_backend *backend, const struct product *product, float factor, const void *a,
                          const void *b, void *d, float keep, struct error *error);

// What a kind of operation needs before it can be queued: `prepare`, which does not know the workspace yet, then
// `workspace`. Both may be NULL.
typedef enum status queue_op(struct cuda_backend *backend, const struct prepared_op *op, struct error *error);
typedef size_t workspace_op(const struct prepared_op *op); // bytes
typedef enum status prepare_op(struct cuda_backend *backend, struct prepared_op *op, struct error *error);
struct op_row {
    queue_op *queue;
    workspace_op *workspace;
    prepare_op *prepare;
};

// dense.cu, convolution.cu
queue_op queue_dense, queue_dense_weight_gradient;
queue_op queue_convolution;
prepare_op prepare_dense, prepare_convolution;
workspace_op dense_workspace, convolution_workspace;
// sums.cu: sums [columns] of dy [rows, columns], of the size that `scale` has made of it
size_t column_sums_bytes(long long rows, long long columns);
void queue_column_sums(struct cuda_backend *backend, const struct prepared_op *op, int dy, float *sums, long long rows,
                       long long columns);

// gather.cu, elementwise.cu, embedding.cu, pool.cu, batch_norm.cu, layer_norm.cu, losses.cu, optimizer.cu
queue_op queue_gather, queue_gather_labels, queue_gather_targets;
queue_op queue_activation, queue_activation_gradient, queue_dropout, queue_add, queue_scale, queue_copy;
queue_op queue_pool, queue_pool_gradient;
queue_op queue_batch_norm, queue_batch_norm_gradient, queue_layer_norm, queue_layer_norm_gradient;
queue_op queue_columns, queue_embedding, queue_embedding_gradient;
queue_op queue_softmax_cross_entropy, queue_binary_cross_entropy, queue_error;
queue_op queue_optimizer, queue_average, queue_clip;
workspace_op batch_norm_workspace, optimizer_workspace;
// muon.cu
queue_op queue_muon;
workspace_op muon_workspace;
prepare_op prepare_muon;
// optimizer.cu: blocks of a kernel that sums squares, and what adds |g|², |Δw|², |w|² [3][NORM_BLOCKS] in the workspace
// and writes them where the operation is asked for norms
unsigned norm_blocks(long long count);
void queue_norms(struct cuda_backend *backend, const struct prepared_op *op, unsigned blocks);

void optimizer_args(const struct step_args *args, struct device_args *now); // optimizer.cu: fills what is its

// ---- device helpers -----------------------------------------------------------------------------

#ifdef __CUDACC__
// The sum of one value per thread, in a fixed order: the same bits every time. Every thread of a
// block of BLOCK threads calls it and gets the sum.
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

// The block's sum goes to its place of partial [blocks].
__device__ inline void put_block_sum(double *partial, double value) {
    double sum = block_sum(value);
    if (threadIdx.x == 0)
        partial[blockIdx.x] = sum;
}

// One of this step's figures.
__device__ inline double *figure(double *metrics, const struct device_args *args, enum metric metric) {
    return metrics + args->metric_slot * METRIC_COUNT + metric;
}

// Has one of the steps that were queued together with this one gone wrong before it? A step that is held has no finite
// figures itself, so that the one before knows of all.
__device__ inline bool is_halted(const double *metrics, const struct device_args *args) {
    if (!metrics || args->before < 0)
        return false;
    const double *figures = metrics + args->before * METRIC_COUNT;
    bool finite = isfinite(figures[METRIC_GRADIENT_SQ]) && isfinite(figures[METRIC_WEIGHT_SQ]);
    return !isfinite(figures[METRIC_LOSS]) || !(finite || figures[METRIC_SKIPPED] > 0.0);
}

// Has its gradient overflowed? OP_CLIP says so.
__device__ inline bool is_skipped(double *metrics, const struct device_args *args) {
    return metrics && *figure(metrics, args, METRIC_SKIPPED) > 0.0;
}

// Is this a step that an optimizer with guards leaves out? What does one that clips multiply the gradient by?
__device__ inline bool is_held(int guards, double *metrics, const struct device_args *args) {
    return is_halted(metrics, args) ||
           (guards && (!isfinite(*figure(metrics, args, METRIC_LOSS)) || is_skipped(metrics, args)));
}
__device__ inline float clip_of(int clips, double *metrics, const struct device_args *args) {
    return clips ? (float)*figure(metrics, args, METRIC_CLIP) : 1.0f;
}
#endif

#endif
