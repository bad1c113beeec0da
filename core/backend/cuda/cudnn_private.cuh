// What cudnn.cu, the library and its descriptors, and cudnn_plan.cu, a convolution in them, share. Only where the header
// was there at building.
#ifndef CORE_BACKEND_CUDA_CUDNN_PRIVATE_CUH
#define CORE_BACKEND_CUDA_CUDNN_PRIVATE_CUH

#include "core/backend/cuda/cudnn.cuh"

#if !defined(CUDA_STANDIN) && __has_include(<cudnn_graph.h>)
#define HAS_CUDNN 1
#include <cudnn.h>

#define CUDNN_ENTRY_POINTS(X)             \
    X(cudnnCreate)                  \
    X(cudnnDestroy)                 \
    X(cudnnSetStream)               \
    X(cudnnGetVersion)              \
    X(cudnnGetErrorString)          \
    X(cudnnBackendCreateDescriptor) \
    X(cudnnBackendDestroyDescriptor) \
    X(cudnnBackendFinalize)         \
    X(cudnnBackendSetAttribute)     \
    X(cudnnBackendGetAttribute)     \
    X(cudnnBackendExecute)

struct cudnn {
    void *library;
    cudnnHandle_t handle; // NULL until the first convolution
    bool failed;          // it could not be made
#define DECLARE(name) decltype(&::name) name;
    CUDNN_ENTRY_POINTS(DECLARE)
#undef DECLARE
};

#define DESCRIPTORS_MOST 64

struct cudnn_convolution {
    cudnnBackendDescriptor_t owned[DESCRIPTORS_MOST]; // in the order in which they were made
    int count;
    cudnnBackendDescriptor_t graph, plan;
    size_t workspace;
};

struct attribute {
    int name; // cudnnBackendAttributeName_t
    cudnnBackendAttributeType_t type;
    int64_t count;
    const void *value;
};

bool cudnn_ready(struct cuda_backend *backend); // the library is there, and its handle made
// Made, filled, finalized unless `open`, and owned by the convolution; NULL: cuDNN refused.
cudnnBackendDescriptor_t cudnn_make(struct cudnn *cudnn, struct cudnn_convolution *c, cudnnBackendDescriptorType_t type,
                                    const struct attribute *attributes, size_t count, bool open);
#define CUDNN_MAKE(type, attributes) \
    cudnn_make(cudnn, c, type, attributes, sizeof(attributes) / sizeof *(attributes), false)
void cudnn_drop(struct cudnn *cudnn, struct cudnn_convolution *c); // all that it owns
#endif

#endif
