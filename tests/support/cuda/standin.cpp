// The stand-in's runtime, scheduler and products.
#include <cublasLt.h>
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#undef dlopen
#undef dlsym
#undef dlclose

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#ifndef __x86_64__
#include <ucontext.h>
#endif
#include <vector>

dim3_standin threadIdx, blockIdx, blockDim, gridDim;

// ---- fibers ---------------------------------------------------------------------------------------------

#define STACK_BYTES ((size_t)128 << 10)
#define THREADS_MOST 1024

// From one stack to another. swapcontext would do, but asks the kernel for the signal mask each time: ten times as slow.
#ifdef __x86_64__
typedef void *stack_place;
extern "C" void standin_switch(stack_place *from, stack_place to);
asm(".text\n.globl standin_switch\n.hidden standin_switch\n.type standin_switch, @function\nstandin_switch:\n"
    "push %rbp\npush %rbx\npush %r12\npush %r13\npush %r14\npush %r15\n"
    "mov %rsp, (%rdi)\nmov %rsi, %rsp\n"
    "pop %r15\npop %r14\npop %r13\npop %r12\npop %rbx\npop %rbp\nret\n"
    ".size standin_switch, .-standin_switch\n");

static void switch_stack(stack_place *from, stack_place *to) {
    standin_switch(from, *to);
}

// As standin_switch leaves a stack: six registers, then where to go on.
static void begin_stack(stack_place *place, std::vector<char> &stack, void (*entry)()) {
    uintptr_t top = ((uintptr_t)stack.data() + stack.size()) & ~(uintptr_t)15;
    void **words = (void **)(top - 16);
    words[0] = (void *)entry;
    memset(words - 6, 0, 6 * sizeof *words);
    *place = words - 6;
}
#else
typedef ucontext_t stack_place;

static void switch_stack(stack_place *from, stack_place *to) {
    swapcontext(from, to);
}

static void begin_stack(stack_place *place, std::vector<char> &stack, void (*entry)()) {
    getcontext(place);
    place->uc_stack.ss_sp = stack.data();
    place->uc_stack.ss_size = stack.size();
    place->uc_link = NULL;
    makecontext(place, entry, 0);
}
#endif

// A fiber runs thread after thread of the block until one waits at a barrier; then another fiber takes the threads
// that have not begun. A kernel without barriers needs one fiber for a whole block.
struct fiber {
    stack_place place;
    std::vector<char> stack;
    unsigned thread; // which one it runs, or waits with
    bool waiting;
};

static std::vector<fiber> fibers(THREADS_MOST);
static stack_place scheduler;
static size_t running;
static const std::function<void()> *thread_body;
static std::vector<unsigned> turn; // the threads of the block in the order in which they begin
static size_t begun;

static void fiber_main() {
    fiber &own = fibers[running];
    for (;;) {
        while (begun < turn.size()) {
            own.thread = turn[begun++];
            threadIdx = {own.thread, 0, 0};
            (*thread_body)();
        }
        switch_stack(&own.place, &scheduler); // nothing left to begin
    }
}

void __syncthreads() {
    fiber &own = fibers[running];
    own.waiting = true;
    switch_stack(&own.place, &scheduler);
}

static uint64_t next_random(uint64_t *state) { // splitmix64 (Steele, Lea, Flood 2014)
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static void shuffle(std::vector<unsigned> &order) {
    static const char *const seed = getenv("BATCHLAB_STANDIN_SEED");
    static uint64_t state = seed ? strtoull(seed, NULL, 10) : 0;
    for (size_t left = order.size(); seed && left > 1; left--)
        std::swap(order[left - 1], order[next_random(&state) % left]);
}

static std::vector<unsigned> shuffled(unsigned count) {
    std::vector<unsigned> order(count);
    for (unsigned i = 0; i < count; i++)
        order[i] = i;
    shuffle(order);
    return order;
}

static void run_fiber(size_t index) {
    fiber &f = fibers[index];
    if (f.stack.empty()) {
        f.stack.resize(STACK_BYTES);
        begin_stack(&f.place, f.stack, fiber_main);
    }
    f.waiting = false;
    running = index;
    threadIdx = {f.thread, 0, 0};
    switch_stack(&scheduler, &f.place);
}

// Every thread of the block up to the first barrier. Returns how many wait there.
static unsigned begin_block(unsigned threads) {
    unsigned waiting = 0;
    turn = shuffled(threads);
    begun = 0;
    while (begun < threads) {
        run_fiber(waiting);
        waiting += fibers[waiting].waiting;
    }
    return waiting;
}

// The threads that wait, up to the next barrier. A fiber whose thread ended is free again.
static unsigned next_phase(unsigned waited) {
    unsigned waiting = 0;
    for (unsigned index : shuffled(waited)) {
        run_fiber(index);
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
        for (unsigned waiting = begin_block(threads); waiting > 0; waiting = next_phase(waiting))
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
    bool puts_off;
    std::deque<std::function<void()>> put_off;
    size_t done; // of its work, ever
};
struct standin_event {
    cudaStream_t stream; // NULL: nothing was recorded
    size_t behind;       // so much of its work
};

static void catch_up(cudaStream_t stream, size_t until) {
    while (stream->done < until) {
        std::function<void()> work = stream->put_off.front();
        stream->put_off.pop_front();
        stream->done++;
        work();
    }
}

static size_t queued(cudaStream_t stream) {
    return stream->done + stream->put_off.size();
}

void standin_queue(cudaStream_t stream, const std::function<void()> &work) {
    if (stream->capturing)
        stream->capturing->work.push_back(work);
    else if (stream->puts_off)
        stream->put_off.push_back(work);
    else
        work();
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned) {
    *stream = new standin_stream{NULL, false, {}, 0};
    return cudaSuccess;
}

cudaError_t cudaStreamCreateWithPriority(cudaStream_t *stream, unsigned, int) {
    *stream = new standin_stream{NULL, true, {}, 0};
    return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
    catch_up(stream, queued(stream));
    delete stream;
    return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
    if (stream->capturing)
        return cudaErrorIllegalState;
    catch_up(stream, queued(stream));
    return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned) {
    *event = new standin_event{NULL, 0};
    return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
    delete event;
    return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
    *event = {stream, queued(stream)};
    return cudaSuccess;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
    if (event->stream)
        catch_up(event->stream, event->behind);
    return cudaSuccess;
}

// A stream whose work runs at once waits at once.
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
    if (stream->capturing)
        return cudaErrorIllegalState;
    if (stream->puts_off)
        stream->put_off.push_back([=] { cudaEventSynchronize(event); });
    else
        cudaEventSynchronize(event);
    return cudaSuccess;
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

#define MEMORY_BYTES ((size_t)8 << 30)

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
    const char *free_now = getenv("BATCHLAB_STANDIN_MEMORY");
    *free_bytes = free_now ? strtoull(free_now, NULL, 10) : MEMORY_BYTES;
    *total = MEMORY_BYTES;
    return cudaSuccess;
}

cudaError_t cudaMalloc(void **pointer, size_t bytes) {
    static long calls;
    const char *fail = getenv("BATCHLAB_STANDIN_FAIL");
    *pointer = NULL;
    if (bytes > MEMORY_BYTES)
        return cudaErrorMemoryAllocation;
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

cudaError_t cudaMallocHost(void **pointer, size_t bytes) {
    *pointer = malloc(bytes);
    return *pointer ? cudaSuccess : cudaErrorMemoryAllocation;
}

cudaError_t cudaFreeHost(void *pointer) {
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
    cublasComputeType_t compute;
    cublasOperation_t a, b;
    cublasLtEpilogue_t epilogue;
    const void *bias;
};
struct standin_layout {
    cudaDataType_t type;
    uint64_t rows, columns;
    int64_t leading, next;
    int32_t groups;
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

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t *description, cublasComputeType_t compute,
                                        cudaDataType_t) {
    *description = new standin_description{compute, CUBLAS_OP_N, CUBLAS_OP_N, CUBLASLT_EPILOGUE_DEFAULT, NULL};
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

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t *layout, cudaDataType_t type, uint64_t rows,
                                          uint64_t columns, int64_t leading) {
    if (leading < (int64_t)rows)
        return CUBLAS_STATUS_INVALID_VALUE;
    *layout = new standin_layout{type, rows, columns, leading, 0, 1};
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatrixLayoutSetAttribute(cublasLtMatrixLayout_t layout, cublasLtMatrixLayoutAttribute_t name,
                                                const void *value, size_t size) {
    if (name == CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT && size == sizeof layout->groups)
        memcpy(&layout->groups, value, size);
    else if (name == CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET && size == sizeof layout->next)
        memcpy(&layout->next, value, size);
    else
        return CUBLAS_STATUS_INVALID_VALUE;
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

// The shapes must fit: D is op(A) rows × op(B) columns, the inner sides are equal, and so are the numbers of
// groups. The types must be among those that cuBLASLt multiplies.
static bool fits(const standin_description *description, const standin_layout *a, const standin_layout *b,
                 const standin_layout *d) {
    bool ta = description->a == CUBLAS_OP_T, tb = description->b == CUBLAS_OP_T;
    uint64_t rows = ta ? a->columns : a->rows, inner_a = ta ? a->rows : a->columns;
    uint64_t inner_b = tb ? b->columns : b->rows, columns = tb ? b->rows : b->columns;
    bool types = a->type == b->type && (d->type == a->type || d->type == CUDA_R_32F);
    bool groups = a->groups == b->groups && a->groups == d->groups;
    return types && groups && inner_a == inner_b && d->rows == rows && d->columns == columns;
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

static float element(const void *matrix, cudaDataType_t type, uint64_t index) {
    if (type == CUDA_R_16BF)
        return __bfloat162float(((const __nv_bfloat16 *)matrix)[index]);
    if (type == CUDA_R_16F)
        return __half2float(((const __half *)matrix)[index]);
    return ((const float *)matrix)[index];
}

static void put_element(void *matrix, cudaDataType_t type, uint64_t index, float value) {
    if (type == CUDA_R_16BF)
        ((__nv_bfloat16 *)matrix)[index] = __float2bfloat16_rn(value);
    else if (type == CUDA_R_16F)
        ((__half *)matrix)[index] = __float2half_rn(value);
    else
        ((float *)matrix)[index] = value;
}

// 10 bits behind the point, as tensor cores take f32 for TF32: to the nearest, ties away from zero.
static float tf32(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    if ((bits & 0x7f800000u) != 0x7f800000u)
        bits = (bits + 0x1000u) & ~0x1fffu;
    memcpy(&x, &bits, sizeof x);
    return x;
}

// op(matrix) of one group as rows of `inner` numbers, so that the sums below go along memory.
static std::vector<float> rows_of(const void *matrix, const standin_layout &layout, bool rows_lie, int group,
                                  bool rounds) {
    uint64_t rows = rows_lie ? layout.columns : layout.rows, inner = rows_lie ? layout.rows : layout.columns;
    uint64_t row_step = rows_lie ? (uint64_t)layout.leading : 1, inner_step = rows_lie ? 1 : (uint64_t)layout.leading;
    std::vector<float> out(rows * inner);
    for (uint64_t row = 0; row < rows; row++)
        for (uint64_t k = 0; k < inner; k++) {
            uint64_t index = (uint64_t)(group * layout.next) + row * row_step + k * inner_step;
            float value = element(matrix, layout.type, index);
            out[row * inner + k] = rounds ? tf32(value) : value;
        }
    return out;
}

static void multiply(const standin_description &how, const standin_layout &a, const void *pa, const standin_layout &b,
                     const void *pb, const standin_layout &d, void *pd, float alpha, float beta, int group) {
    bool rounds = how.compute == CUBLAS_COMPUTE_32F_FAST_TF32;
    std::vector<float> left = rows_of(pa, a, how.a == CUBLAS_OP_T, group, rounds);
    std::vector<float> right = rows_of(pb, b, how.b != CUBLAS_OP_T, group, rounds);
    uint64_t inner = how.a == CUBLAS_OP_T ? a.rows : a.columns;
    for (uint64_t column = 0; column < d.columns; column++)
        for (uint64_t row = 0; row < d.rows; row++) {
            uint64_t index = (uint64_t)(group * d.next) + row + column * (uint64_t)d.leading;
            const float *x = &left[row * inner], *y = &right[column * inner];
            double sum = 0;
            for (uint64_t k = 0; k < inner; k++)
                sum += (double)x[k] * (double)y[k];
            sum *= (double)alpha;
            if (beta != 0.0f)
                sum += (double)beta * (double)element(pd, d.type, index);
            if (how.epilogue == CUBLASLT_EPILOGUE_BIAS)
                sum += (double)element(how.bias, d.type, row);
            put_element(pd, d.type, index, (float)sum);
        }
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t, cublasLtMatmulDesc_t description, const void *alpha, const void *a,
                              cublasLtMatrixLayout_t layout_a, const void *b, cublasLtMatrixLayout_t layout_b,
                              const void *beta, const void *c, cublasLtMatrixLayout_t, void *d,
                              cublasLtMatrixLayout_t layout_d, const cublasLtMatmulAlgo_t *algorithm, void *, size_t,
                              cudaStream_t stream) {
    if (!algorithm->chosen || c != d || !fits(description, layout_a, layout_b, layout_d))
        return CUBLAS_STATUS_INVALID_VALUE;
    standin_description how = *description;
    standin_layout la = *layout_a, lb = *layout_b, ld = *layout_d;
    float scale = *(const float *)alpha, keep = *(const float *)beta;
    standin_queue(stream, [=] {
        for (int group = 0; group < ld.groups; group++)
            multiply(how, la, a, lb, b, ld, d, scale, keep, group);
    });
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
        SYMBOL(cublasLtMatrixLayoutDestroy) SYMBOL(cublasLtMatrixLayoutSetAttribute)
        SYMBOL(cublasLtMatmulPreferenceCreate)
        SYMBOL(cublasLtMatmulPreferenceDestroy) SYMBOL(cublasLtMatmulPreferenceSetAttribute)
        SYMBOL(cublasLtMatmulAlgoGetHeuristic)
#undef SYMBOL
    };
    for (const auto &symbol : symbols)
        if (strcmp(symbol.name, name) == 0)
            return symbol.address;
    return NULL;
}
