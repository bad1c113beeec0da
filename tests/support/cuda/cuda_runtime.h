// A stand-in for the CUDA runtime: the plugin's sources compile against it with g++, and every kernel,
// launch bound, buffer size and capture runs on the CPU. Each block's threads are fibers that switch at
// __syncthreads; their order is shuffled by $BATCHLAB_STANDIN_SEED, so that a race shows up as a
// difference between orders. Memory is the host's: sanitizers see every access. New memory is filled
// with NaN, so that reading what nobody wrote shows too. What it cannot show: rounding of tensor cores,
// and time. One thread at a time.
#ifndef TESTS_SUPPORT_CUDA_RUNTIME_H
#define TESTS_SUPPORT_CUDA_RUNTIME_H

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>

#define CUDA_STANDIN 1
#define CUDART_VERSION 13000
#define COLUMNS_BYTES 20000ll // of a convolution: small, so that even small ones go in chunks
#define __CUDACC__ 1
#define __global__
#define __device__
#define __host__
#define __shared__ static

struct dim3_standin {
    unsigned x, y, z;
};
extern dim3_standin threadIdx, blockIdx, blockDim, gridDim;

struct uint2 {
    uint32_t x, y;
};
struct uint4 {
    uint32_t x, y, z, w;
};
static inline uint2 make_uint2(uint32_t x, uint32_t y) {
    return {x, y};
}
static inline uint4 make_uint4(uint32_t x, uint32_t y, uint32_t z, uint32_t w) {
    return {x, y, z, w};
}
static inline uint32_t __umulhi(uint32_t a, uint32_t b) {
    return (uint32_t)((uint64_t)a * b >> 32);
}
static inline double __dadd_rn(double a, double b) {
    return a + b;
}
static inline double __dmul_rn(double a, double b) {
    return a * b;
}
static inline double __ddiv_rn(double a, double b) {
    return a / b;
}
void __syncthreads();

// ---- the runtime's own functions ------------------------------------------------------------------------

enum cudaError_t {
    cudaSuccess = 0,
    cudaErrorInvalidValue = 1,
    cudaErrorMemoryAllocation = 2,
    cudaErrorInsufficientDriver = 35,
    cudaErrorIllegalState = 401,
};
enum cudaMemcpyKind { cudaMemcpyHostToDevice = 1, cudaMemcpyDeviceToHost = 2, cudaMemcpyDeviceToDevice = 3 };
enum cudaStreamCaptureMode { cudaStreamCaptureModeRelaxed = 2 };
#define cudaStreamNonBlocking 1u
#define cudaEventDisableTiming 2u

struct cudaDeviceProp {
    char name[256];
    int major, minor, multiProcessorCount, pciDomainID, pciBusID, pciDeviceID;
};

typedef struct standin_stream *cudaStream_t;
typedef struct standin_event *cudaEvent_t;
typedef struct standin_graph *cudaGraph_t;
typedef struct standin_graph *cudaGraphExec_t;

cudaError_t cudaGetDeviceCount(int *count);
cudaError_t cudaDriverGetVersion(int *version);
cudaError_t cudaRuntimeGetVersion(int *version);
cudaError_t cudaSetDevice(int device);
cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int device);
cudaError_t cudaMemGetInfo(size_t *free_bytes, size_t *total); // $BATCHLAB_STANDIN_MEMORY bytes are free, when set
cudaError_t cudaMalloc(void **pointer, size_t bytes); // fails at the $BATCHLAB_STANDIN_FAIL-th call, when set
cudaError_t cudaFree(void *pointer);
cudaError_t cudaMemsetAsync(void *pointer, int value, size_t bytes, cudaStream_t stream);
cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind kind, cudaStream_t stream);
cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned flags);
cudaError_t cudaStreamCreateWithPriority(cudaStream_t *stream, unsigned flags, int priority); // puts its work off
cudaError_t cudaStreamDestroy(cudaStream_t stream);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags);
cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned flags);
cudaError_t cudaEventDestroy(cudaEvent_t event);
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream);
cudaError_t cudaEventSynchronize(cudaEvent_t event);
cudaError_t cudaMallocHost(void **pointer, size_t bytes);
cudaError_t cudaFreeHost(void *pointer);
cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode);
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *graph);
cudaError_t cudaGraphInstantiate(cudaGraphExec_t *executable, cudaGraph_t graph, unsigned long long flags);
cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream);
cudaError_t cudaGraphDestroy(cudaGraph_t graph);
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable);
cudaError_t cudaGetLastError();
const char *cudaGetErrorString(cudaError_t code);

// ---- work on a stream -----------------------------------------------------------------------------------

// Runs now, or is recorded while the stream captures. On a stream with a priority work is put off until somebody waits
// for it, as late as it could be on a card: a wait that is missing shows.
void standin_queue(cudaStream_t stream, const std::function<void()> &work);
void standin_grid(unsigned blocks, unsigned threads, const std::function<void()> &thread);

template <typename Kernel, typename... Arguments>
void standin_launch(Kernel kernel, unsigned blocks, unsigned threads, cudaStream_t stream, Arguments... arguments) {
    standin_queue(stream, [=] { standin_grid(blocks, threads, [=] { kernel(arguments...); }); });
}
#define LAUNCH(kernel, blocks, threads, stream, ...) standin_launch(kernel, blocks, threads, stream, __VA_ARGS__)

#endif
