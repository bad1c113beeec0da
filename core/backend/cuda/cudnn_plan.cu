// A convolution as cuDNN's descriptors: operation, graph, engines, execution plan.
#include "core/backend/cuda/cudnn_private.cuh"

#ifdef HAS_CUDNN
#include <stdlib.h>

static cudnnDataType_t data_type(enum dtype type) {
    return type == DTYPE_BF16 ? CUDNN_DATA_BFLOAT16 : type == DTYPE_F16 ? CUDNN_DATA_HALF : CUDNN_DATA_FLOAT;
}

// At most 16: more is of no use to any engine.
static int64_t alignment_of(const void *address) {
    int64_t alignment = 16;
    while ((uintptr_t)address % (uintptr_t)alignment)
        alignment /= 2;
    return alignment;
}

static cudnnBackendDescriptor_t make_tensor(struct cudnn *cudnn, struct cudnn_convolution *c, int64_t id,
                                            const long long size[4], enum dtype type, const void *address) {
    int64_t sizes[4] = {size[0], size[1], size[2], size[3]}, alignment = alignment_of(address);
    int64_t strides[4] = {size[1] * size[2] * size[3], 1, size[3] * size[1], size[1]};
    cudnnDataType_t data = data_type(type);
    const struct attribute attributes[] = {
        {CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &data},
        {CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, 4, sizes},
        {CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, 4, strides},
        {CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, 1, &id},
        {CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, CUDNN_TYPE_INT64, 1, &alignment},
    };
    return CUDNN_MAKE(CUDNN_BACKEND_TENSOR_DESCRIPTOR, attributes);
}

static cudnnBackendDescriptor_t make_windows(struct cudnn *cudnn, struct cudnn_convolution *c,
                                             const struct cudnn_shape *shape) {
    int64_t spatial = 2, stride[2] = {shape->stride[0], shape->stride[1]}, dilation[2] = {1, 1};
    int64_t padding[2] = {shape->padding[0], shape->padding[1]};
    cudnnDataType_t compute = CUDNN_DATA_FLOAT;
    cudnnConvolutionMode_t mode = CUDNN_CROSS_CORRELATION;
    const struct attribute attributes[] = {
        {CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, CUDNN_TYPE_INT64, 1, &spatial},
        {CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &compute},
        {CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, 1, &mode},
        {CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, CUDNN_TYPE_INT64, 2, padding},
        {CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, CUDNN_TYPE_INT64, 2, padding},
        {CUDNN_ATTR_CONVOLUTION_DILATIONS, CUDNN_TYPE_INT64, 2, dilation},
        {CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, CUDNN_TYPE_INT64, 2, stride},
    };
    return CUDNN_MAKE(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR, attributes);
}

// How the three operations name their parts.
static const struct operation {
    enum op_kind kind;
    cudnnBackendDescriptorType_t type;
    cudnnBackendAttributeName_t x, w, y, windows, alpha, beta;
} operations[] = {
    {OP_CONVOLUTION, CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
     CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
     CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
     CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA},
    {OP_CONVOLUTION_INPUT_GRADIENT, CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA},
    {OP_CONVOLUTION_WEIGHT_GRADIENT, CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA},
};

// CUDNN_ATTR_OPERATIONGRAPH_HANDLE and CUDNN_ATTR_EXECUTION_PLAN_HANDLE: newer headers mark the names as deprecated,
// older libraries need them.
enum { GRAPH_HANDLE = 800, PLAN_HANDLE = 400 };

static bool make_graph(struct cudnn *cudnn, struct cudnn_convolution *c, const struct cudnn_shape *shape) {
    const struct operation *operation = operations;
    while (operation->kind != shape->kind)
        operation++;
    cudnnBackendDescriptor_t x = make_tensor(cudnn, c, 'x', shape->x, shape->type, shape->at[0]);
    cudnnBackendDescriptor_t w = make_tensor(cudnn, c, 'w', shape->w, shape->type, shape->at[1]);
    cudnnBackendDescriptor_t y = make_tensor(cudnn, c, 'y', shape->y, shape->type, shape->at[2]);
    cudnnBackendDescriptor_t windows = make_windows(cudnn, c, shape);
    float alpha = 1.0f, beta = 0.0f;
    if (!x || !w || !y || !windows)
        return false;
    const struct attribute parts[] = {
        {operation->x, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &x},
        {operation->w, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &w},
        {operation->y, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &y},
        {operation->windows, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &windows},
        {operation->alpha, CUDNN_TYPE_FLOAT, 1, &alpha},
        {operation->beta, CUDNN_TYPE_FLOAT, 1, &beta},
    };
    cudnnBackendDescriptor_t only = CUDNN_MAKE(operation->type, parts);
    if (!only)
        return false;
    const struct attribute graph[] = {
        {GRAPH_HANDLE, CUDNN_TYPE_HANDLE, 1, &cudnn->handle},
        {CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &only},
    };
    c->graph = CUDNN_MAKE(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR, graph);
    return c->graph != NULL;
}

// ---- engines and plans --------------------------------------------------------------------------

// Which ways to compute it cuDNN proposes, best guess first. Returns how many.
static int propose(struct cudnn *cudnn, struct cudnn_convolution *c, cudnnBackendHeurMode_t mode,
                   cudnnBackendDescriptor_t *configurations, int most) {
    const struct attribute attributes[] = {
        {CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &c->graph},
        {CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, 1, &mode},
    };
    cudnnBackendDescriptor_t heuristics = CUDNN_MAKE(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR, attributes);
    int64_t found = 0;
    if (!heuristics)
        return 0;
    for (int i = 0; i < most; i++)
        if (!(configurations[i] = cudnn_make(cudnn, c, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR, NULL, 0, true)))
            most = i;
    if (most == 0 || cudnn->cudnnBackendGetAttribute(heuristics, CUDNN_ATTR_ENGINEHEUR_RESULTS,
                                                     CUDNN_TYPE_BACKEND_DESCRIPTOR, most, &found,
                                                     configurations) != CUDNN_STATUS_SUCCESS)
        return 0;
    return (int)(found < most ? found : most);
}

// Always the same bits, and no rounding that was not asked for.
static bool acceptable(struct cudnn *cudnn, struct cudnn_convolution *c, cudnnBackendDescriptor_t configuration,
                       bool exact) {
    cudnnBackendNumericalNote_t notes[CUDNN_NUMERICAL_NOTE_TYPE_COUNT];
    int64_t count = 0;
    cudnnBackendDescriptor_t engine = cudnn_make(cudnn, c, CUDNN_BACKEND_ENGINE_DESCRIPTOR, NULL, 0, true);
    if (!engine || cudnn->cudnnBackendGetAttribute(configuration, CUDNN_ATTR_ENGINECFG_ENGINE,
                                                   CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &count,
                                                   &engine) != CUDNN_STATUS_SUCCESS)
        return false;
    if (cudnn->cudnnBackendGetAttribute(engine, CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE,
                                        CUDNN_NUMERICAL_NOTE_TYPE_COUNT, &count, notes) != CUDNN_STATUS_SUCCESS)
        return false;
    for (int64_t i = 0; i < count; i++)
        if (notes[i] == CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC ||
            notes[i] == CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION ||
            notes[i] == CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS ||
            (exact && notes[i] == CUDNN_NUMERICAL_NOTE_TENSOR_CORE))
            return false;
    return true;
}

static bool make_plan(struct cudnn *cudnn, struct cudnn_convolution *c, cudnnBackendDescriptor_t configuration) {
    const struct attribute attributes[] = {
        {PLAN_HANDLE, CUDNN_TYPE_HANDLE, 1, &cudnn->handle},
        {CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &configuration},
    };
    int64_t bytes = 0, count = 0;
    c->plan = CUDNN_MAKE(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR, attributes);
    if (!c->plan || cudnn->cudnnBackendGetAttribute(c->plan, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64,
                                                    1, &count, &bytes) != CUDNN_STATUS_SUCCESS)
        return false;
    c->workspace = (size_t)bytes;
    return c->workspace <= CUDNN_WORKSPACE_MOST;
}

// Number `number` of what cuDNN proposes, as a convolution of its own; NULL where it does not do. `*end`: there are no more.
static struct cudnn_convolution *make_candidate(struct cudnn *cudnn, const struct cudnn_shape *shape, int number,
                                                bool *end) {
    struct cudnn_convolution *c = (struct cudnn_convolution *)calloc(1, sizeof *c);
    cudnnBackendDescriptor_t proposed[2 * CUDNN_CANDIDATES];
    int count = 0;
    if (c && make_graph(cudnn, c, shape)) {
        count = propose(cudnn, c, CUDNN_HEUR_MODE_A, proposed, CUDNN_CANDIDATES);
        count += propose(cudnn, c, CUDNN_HEUR_MODE_FALLBACK, proposed + count, CUDNN_CANDIDATES);
    }
    *end = number >= count;
    if (!*end && acceptable(cudnn, c, proposed[number], shape->exact) && make_plan(cudnn, c, proposed[number]))
        return c;
    if (c)
        cudnn_drop(cudnn, c);
    free(c);
    return NULL;
}

struct cudnn_convolution *cudnn_convolution_make(struct cuda_backend *backend, const struct cudnn_shape *shape) {
    struct cudnn_candidate candidates[CUDNN_CANDIDATES];
    int count = 0;
    bool end = !cudnn_ready(backend);
    for (int number = 0; !end && count < CUDNN_CANDIDATES; number++) {
        candidates[count].number = number;
        candidates[count].convolution = make_candidate(backend->cudnn, shape, number, &end);
        count += candidates[count].convolution != NULL;
    }
    if (count == 0)
        return NULL;
    int fastest = cudnn_fastest(backend, shape, backend->cudnn->cudnnGetVersion(), candidates, count);
    for (int i = 0; i < count; i++)
        if (i != fastest)
            cudnn_convolution_free(backend, candidates[i].convolution);
    return candidates[fastest].convolution;
}

void cudnn_convolution_free(struct cuda_backend *backend, struct cudnn_convolution *c) {
    if (!c)
        return;
    cudnn_drop(backend->cudnn, c);
    free(c);
}

size_t cudnn_convolution_workspace(const struct cudnn_convolution *c) {
    return c->workspace;
}

enum status cudnn_convolution_queue(struct cuda_backend *backend, const struct cudnn_convolution *convolution, void *x,
                                    void *w, void *y, void *workspace, struct error *error) {
    struct cudnn *cudnn = backend->cudnn;
    struct cudnn_convolution pack = {}, *c = &pack;
    const int64_t ids[3] = {'x', 'w', 'y'};
    void *addresses[3] = {x, w, y};
    const struct attribute attributes[] = {
        {CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, 3, ids},
        {CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, 3, addresses},
        {CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, 1, &workspace},
    };
    cudnnBackendDescriptor_t variant = CUDNN_MAKE(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR, attributes);
    cudnnStatus_t code = variant ? cudnn->cudnnBackendExecute(cudnn->handle, convolution->plan, variant)
                                 : CUDNN_STATUS_BAD_PARAM;
    cudnn_drop(cudnn, c);
    if (code == CUDNN_STATUS_SUCCESS)
        return STATUS_OK;
    return error_set(error, STATUS_DEVICE, "cuDNN failed (%s): set BATCHLAB_CUDNN=no to do without it",
                     cudnn->cudnnGetErrorString(code));
}

#endif
