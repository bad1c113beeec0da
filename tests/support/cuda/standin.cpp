// The stand-in's runtime, scheduler and products.
#include <cublasLt.h>
#include <cuda_runtime.h>

#undef dlopen
#undef dlsym
#undef dlclose

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ucontext.h>
#include <vector>

dim3_standin threadIdx, blockIdx, blockDim, gridDim;

// ---- fibers ---------------------------------------------------------------------------------------------

#define STACK_BYTES ((size_t)128 << 10)
#define THREADS_MOST 1024

struct fiber {
    ucontext_t context;
    std::vector<char> stack;
    bool ended, waiting;
};

static std::vector<fiber> fibers(THREADS_MOST);
static ucontext_t scheduler;
static size_t running;
static const std::function<void()> *thread_body;

static void fiber_main() {
    (*thread_body)();
    fibers[running].ended = true;
    swapcontext(&fibers[running].context, &scheduler);
}

void __syncthreads() {
    fibers[running].waiting = true;
    swapcontext(&fibers[running].context, &scheduler);
}

static uint64_t next_random(uint64_t *state) { // splitmix64 (Steele, Lea, Flood 2014)
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static std::vector<unsigned> shuffled(unsigned count) {
    static uint64_t state = getenv("BATCHLAB_STANDIN_SEED") ? strtoull(getenv("BATCHLAB_STANDIN_SEED"), NULL, 10) : 0;
    std::vector<unsigned> order(count);
    for (unsigned i = 0; i < count; i++)
        order[i] = i;
    for (unsigned left = count; left > 1 && getenv("BATCHLAB_STANDIN_SEED"); left--)
        std::swap(order[left - 1], order[next_random(&state) % left]);
    return order;
}

static void start_fiber(unsigned index) {
    fiber &f = fibers[index];
    f.stack.resize(STACK_BYTES);
    f.ended = f.waiting = false;
    getcontext(&f.context);
    f.context.uc_stack.ss_sp = f.stack.data();
    f.context.uc_stack.ss_size = f.stack.size();
    f.context.uc_link = &scheduler;
    makecontext(&f.context, fiber_main, 0);
}

// Runs every living fiber up to its next barrier. Returns how many wait there.
static unsigned run_phase(unsigned threads) {
    unsigned waiting = 0;
    for (unsigned index : shuffled(threads)) {
        if (fibers[index].ended)
            continue;
        running = index;
        threadIdx = {index, 0, 0};
        fibers[index].waiting = false;
        swapcontext(&scheduler, &fibers[index].context);
        waiting += fibers[index].waiting;
    }
    return waiting;
}

void standin_grid(unsigned blocks, unsigned threads, const std::function<void()> &body) {
    if (threads == 0 || threads > THREADS_MOST || blocks == 0) {
        fprintf(stderr, "a launch of %u blocks of %u threads is refused by every GPU\n", blocks, threads);
        abort();
    }
    gridDim = {blocks, 1, 1};
    blockDim = {threads, 1, 1};
    thread_body = &body;
    for (unsigned block : shuffled(blocks)) {
        blockIdx = {block, 0, 0};
        for (unsigned i = 0; i < threads; i++)
            start_fiber(i);
        unsigned waiting;
        while ((waiting = run_phase(threads)) > 0)
            if (waiting != threads) {
                fprintf(stderr, "%u of %u threads reached a barrier that the others did not\n", waiting, threads);
                abort();
            }
    }
}

// ---- streams and graphs ---------------------------------------------------------------------------------

struct standin_graph {
    std::vector<std::function<void()>> work;
};
struct standin_stream {
    standin_graph *capturing;
};

void standin_queue(cudaStream_t stream, const std::function<void()> &work) {
    if (stream->capturing)
        stream->capturing->work.push_back(work);
    else
        work();
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned) {
    *stream = new standin_stream{NULL};
    return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
    delete stream;
    return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
    return stream->capturing ? cudaErrorIllegalState : cudaSuccess;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
    if (stream->capturing)
        return cudaErrorIllegalState;
    stream->capturing = new standin_graph;
    return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *graph) {
    *graph = stream->capturing;
    stream->capturing = NULL;
    return *graph ? cudaSuccess : cudaErrorIllegalState;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *executable, cudaGraph_t graph, unsigned long long) {
    *executable = new standin_graph(*graph);
    return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t) {
    for (const auto &work : executable->work)
        work();
    return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
    delete graph;
    return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
    delete executable;
    return cudaSuccess;
}

// ---- device and memory ----------------------------------------------------------------------------------

cudaError_t cudaGetDeviceCount(int *count) {
    *count = 1;
    return cudaSuccess;
}

cudaError_t cudaDriverGetVersion(int *version) {
    *version = CUDART_VERSION;
    return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int *version) {
    *version = CUDART_VERSION;
    return cudaSuccess;
}

cudaError_t cudaSetDevice(int device) {
    return device == 0 ? cudaSuccess : cudaErrorInvalidValue;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int) {
    *properties = {};
    snprintf(properties->name, sizeof properties->name, "CUDA on the CPU (tests)");
    properties->major = 9;
    properties->multiProcessorCount = 1;
    return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t *free_bytes, size_t *total) {
    *free_bytes = *total = (size_t)8 << 30;
    return cudaSuccess;
}

cudaError_t cudaMalloc(void **pointer, size_t bytes) {
    static long calls;
    const char *fail = getenv("BATCHLAB_STANDIN_FAIL");
    *pointer = NULL;
    if (fail && ++calls == strtol(fail, NULL, 10))
        return cudaErrorMemoryAllocation;
    *pointer = aligned_alloc(256, (bytes + 255) / 256 * 256);
    if (!*pointer)
        return cudaErrorMemoryAllocation;
    memset(*pointer, 0xff, bytes); // NaN in every floating type
    return cudaSuccess;
}

cudaError_t cudaFree(void *pointer) {
    free(pointer);
    return cudaSuccess;
}

cudaError_t cudaMemsetAsync(void *pointer, int value, size_t bytes, cudaStream_t stream) {
    standin_queue(stream, [=] { memset(pointer, value, bytes); });
    return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind, cudaStream_t stream) {
    standin_queue(stream, [=] { memcpy(to, from, bytes); });
    return cudaSuccess;
}

cudaError_t cudaGetLastError() {
    return cudaSuccess;
}

const char *cudaGetErrorString(cudaError_t code) {
    return code == cudaErrorMemoryAllocation ? "out of memory" : "an error of the stand-in";
}

// ---- products -------------------------------------------------------------------------------------------

struct standin_description {
    cublasOperation_t a, b;
    cublasLtEpilogue_t epilogue;
    const float *bias;
};
struct standin_layout {
    uint64_t rows, columns;
    int64_t leading;
};
struct standin_preference {
    size_t workspace;
};

cublasStatus_t cublasLtCreate(cublasLtHandle_t *handle) {
    *handle = (cublasLtHandle_t)1;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtDestroy(cublasLtHandle_t) {
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t *description, cublasComputeType_t, cudaDataType_t) {
    *description = new standin_description{CUBLAS_OP_N, CUBLAS_OP_N, CUBLASLT_EPILOGUE_DEFAULT, NULL};
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t description) {
    delete description;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t description, cublasLtMatmulDescAttributes_t name,
                                              const void *value, size_t size) {
    if (name == CUBLASLT_MATMUL_DESC_TRANSA && size == sizeof description->a)
        memcpy(&description->a, value, size);
    else if (name == CUBLASLT_MATMUL_DESC_TRANSB && size == sizeof description->b)
        memcpy(&description->b, value, size);
    else if (name == CUBLASLT_MATMUL_DESC_EPILOGUE && size == sizeof description->epilogue)
        memcpy(&description->epilogue, value, size);
    else if (name == CUBLASLT_MATMUL_DESC_BIAS_POINTER && size == sizeof description->bias)
        memcpy(&description->bias, value, size);
    else
        return CUBLAS_STATUS_INVALID_VALUE;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t *layout, cudaDataType_t, uint64_t rows,
                                          uint64_t columns, int64_t leading) {
    if (leading < (int64_t)rows)
        return CUBLAS_STATUS_INVALID_VALUE;
    *layout = new standin_layout{rows, columns, leading};
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout) {
    delete layout;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t *preference) {
    *preference = new standin_preference{0};
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference) {
    delete preference;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t, cublasLtMatmulPreferenceAttributes_t,
                                                    const void *, size_t) {
    return CUBLAS_STATUS_SUCCESS;
}

// The shapes must fit: D is op(A) rows × op(B) columns, and the inner sides are equal.
static bool fits(const standin_description *description, const standin_layout *a, const standin_layout *b,
                 const standin_layout *d) {
    bool ta = description->a == CUBLAS_OP_T, tb = description->b == CUBLAS_OP_T;
    uint64_t rows = ta ? a->columns : a->rows, inner_a = ta ? a->rows : a->columns;
    uint64_t inner_b = tb ? b->columns : b->rows, columns = tb ? b->rows : b->columns;
    return inner_a == inner_b && d->rows == rows && d->columns == columns;
}

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t, cublasLtMatmulDesc_t description,
                                              cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                              cublasLtMatrixLayout_t, cublasLtMatrixLayout_t d,
                                              cublasLtMatmulPreference_t, int, cublasLtMatmulHeuristicResult_t *results,
                                              int *found) {
    *found = fits(description, a, b, d) ? 1 : 0;
    results[0].algo.chosen = 1;
    return *found ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_INVALID_VALUE;
}

static void multiply(standin_description how, standin_layout a, const float *pa, standin_layout b, const float *pb,
                     standin_layout d, float *pd, float alpha) {
    bool ta = how.a == CUBLAS_OP_T, tb = how.b == CUBLAS_OP_T;
    uint64_t inner = ta ? a.rows : a.columns;
    for (uint64_t column = 0; column < d.columns; column++)
        for (uint64_t row = 0; row < d.rows; row++) {
            double sum = 0;
            for (uint64_t k = 0; k < inner; k++)
                sum += (double)(ta ? pa[k + row * (uint64_t)a.leading] : pa[row + k * (uint64_t)a.leading]) *
                       (double)(tb ? pb[column + k * (uint64_t)b.leading] : pb[k + column * (uint64_t)b.leading]);
            sum *= (double)alpha;
            if (how.epilogue == CUBLASLT_EPILOGUE_BIAS)
                sum += (double)how.bias[row];
            pd[row + column * (uint64_t)d.leading] = (float)sum;
        }
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t, cublasLtMatmulDesc_t description, const void *alpha, const void *a,
                              cublasLtMatrixLayout_t layout_a, const void *b, cublasLtMatrixLayout_t layout_b,
                              const void *beta, const void *, cublasLtMatrixLayout_t, void *d,
                              cublasLtMatrixLayout_t layout_d, const cublasLtMatmulAlgo_t *algorithm, void *, size_t,
                              cudaStream_t stream) {
    if (!algorithm->chosen || *(const float *)beta != 0.0f || !fits(description, layout_a, layout_b, layout_d))
        return CUBLAS_STATUS_INVALID_VALUE;
    standin_description how = *description;
    standin_layout la = *layout_a, lb = *layout_b, ld = *layout_d;
    float scale = *(const float *)alpha;
    standin_queue(stream, [=] { multiply(how, la, (const float *)a, lb, (const float *)b, ld, (float *)d, scale); });
    return CUBLAS_STATUS_SUCCESS;
}

void *standin_symbol(const char *name) {
    static const struct {
        const char *name;
        void *address;
    } symbols[] = {
#define SYMBOL(entry) {#entry, (void *)&entry},
        SYMBOL(cublasLtCreate) SYMBOL(cublasLtDestroy) SYMBOL(cublasLtMatmul) SYMBOL(cublasLtMatmulDescCreate)
        SYMBOL(cublasLtMatmulDescDestroy) SYMBOL(cublasLtMatmulDescSetAttribute) SYMBOL(cublasLtMatrixLayoutCreate)
        SYMBOL(cublasLtMatrixLayoutDestroy) SYMBOL(cublasLtMatmulPreferenceCreate)
        SYMBOL(cublasLtMatmulPreferenceDestroy) SYMBOL(cublasLtMatmulPreferenceSetAttribute)
        SYMBOL(cublasLtMatmulAlgoGetHeuristic)
#undef SYMBOL
    };
    for (const auto &symbol : symbols)
        if (strcmp(symbol.name, name) == 0)
            return symbol.address;
    return NULL;
}
