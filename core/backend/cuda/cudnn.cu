// cuDNN's library: opened and started, its descriptors made and dropped.
#include "core/backend/cuda/cudnn_private.cuh"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef HAS_CUDNN

void cudnn_open(struct cuda_backend *backend) {
    char name[32];
    const char *wanted = getenv("BATCHLAB_CUDNN");
    struct cudnn *cudnn = (struct cudnn *)calloc(1, sizeof *cudnn);
    snprintf(name, sizeof name, "libcudnn.so.%d", CUDNN_MAJOR);
    snprintf(backend->convolutions, sizeof backend->convolutions, "convolutions as products, %s not found", name);
    if (wanted && strcmp(wanted, "no") == 0) {
        snprintf(backend->convolutions, sizeof backend->convolutions, "convolutions as products, BATCHLAB_CUDNN=no");
        free(cudnn);
        return;
    }
    if (cudnn)
        cudnn->library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    bool whole = cudnn && cudnn->library;
#define RESOLVE(entry) \
    whole = whole && (cudnn->entry = (decltype(&::entry))dlsym(cudnn->library, #entry)) != NULL;
    CUDNN_ENTRY_POINTS(RESOLVE)
#undef RESOLVE
    if (!whole) {
        if (cudnn && cudnn->library)
            dlclose(cudnn->library);
        free(cudnn);
        return;
    }
    size_t version = cudnn->cudnnGetVersion();
    snprintf(backend->convolutions, sizeof backend->convolutions, "cuDNN %zu.%zu.%zu", version / 10000,
             version / 100 % 100, version % 100);
    backend->cudnn = cudnn;
}

void cudnn_close(struct cuda_backend *backend) {
    struct cudnn *cudnn = backend->cudnn;
    if (!cudnn)
        return;
    if (cudnn->handle)
        cudnn->cudnnDestroy(cudnn->handle);
    dlclose(cudnn->library);
    free(cudnn);
    backend->cudnn = NULL;
}

bool cudnn_ready(struct cuda_backend *backend) {
    struct cudnn *cudnn = backend->cudnn;
    if (!cudnn || cudnn->failed)
        return false;
    if (!cudnn->handle) {
        cudnn->failed = cudnn->cudnnCreate(&cudnn->handle) != CUDNN_STATUS_SUCCESS ||
                        cudnn->cudnnSetStream(cudnn->handle, backend->stream) != CUDNN_STATUS_SUCCESS;
        if (cudnn->failed)
            snprintf(backend->convolutions, sizeof backend->convolutions,
                     "convolutions as products, cuDNN could not be started");
    }
    return !cudnn->failed;
}

// ---- descriptors --------------------------------------------------------------------------------

cudnnBackendDescriptor_t cudnn_make(struct cudnn *cudnn, struct cudnn_convolution *c, cudnnBackendDescriptorType_t type,
                                    const struct attribute *attributes, size_t count, bool open) {
    cudnnBackendDescriptor_t made = NULL;
    if (c->count == DESCRIPTORS_MOST || cudnn->cudnnBackendCreateDescriptor(type, &made) != CUDNN_STATUS_SUCCESS)
        return NULL;
    c->owned[c->count++] = made;
    for (size_t i = 0; i < count; i++)
        if (cudnn->cudnnBackendSetAttribute(made, (cudnnBackendAttributeName_t)attributes[i].name, attributes[i].type,
                                            attributes[i].count, attributes[i].value) != CUDNN_STATUS_SUCCESS)
            return NULL;
    return open || cudnn->cudnnBackendFinalize(made) == CUDNN_STATUS_SUCCESS ? made : NULL;
}

void cudnn_drop(struct cudnn *cudnn, struct cudnn_convolution *c) {
    while (c->count > 0)
        cudnn->cudnnBackendDestroyDescriptor(c->owned[--c->count]);
}

#else

void cudnn_open(struct cuda_backend *backend) {
    snprintf(backend->convolutions, sizeof backend->convolutions, "convolutions as products, built without cuDNN");
}

void cudnn_close(struct cuda_backend *) {
}

struct cudnn_convolution *cudnn_convolution_make(struct cuda_backend *, const struct cudnn_shape *) {
    return NULL;
}

void cudnn_convolution_free(struct cuda_backend *, struct cudnn_convolution *) {
}

size_t cudnn_convolution_workspace(const struct cudnn_convolution *) {
    return 0;
}

enum status cudnn_convolution_queue(struct cuda_backend *, const struct cudnn_convolution *, void *, void *, void *,
                                    void *, struct error *error) {
    return error_set(error, STATUS_STATE, "this build has no cuDNN");
}

#endif
