// The plugin's door: probe, open, describe, close, and the one exported symbol.
#include "core/backend/cuda/cudnn.cuh"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum status cuda_check(cudaError_t code, const char *what, struct error *error) {
    if (code == cudaSuccess)
        return STATUS_OK;
    if (code == cudaErrorMemoryAllocation)
        return error_set(error, STATUS_MEMORY, "the GPU ran out of memory (%s): choose a smaller batch or model", what);
    return error_set(error, STATUS_DEVICE, "the GPU failed (%s: %s)", what, cudaGetErrorString(code));
}

unsigned cuda_blocks(long long count) {
    long long blocks = (count + BLOCK - 1) / BLOCK;
    return (unsigned)(blocks < 1 ? 1 : blocks > BLOCKS_MOST ? BLOCKS_MOST : blocks);
}

static enum status probe(struct error *error) {
    int count = 0;
    cudaError_t code = cudaGetDeviceCount(&count);
    if (code == cudaErrorInsufficientDriver) {
        int driver = 0, runtime = 0;
        cudaDriverGetVersion(&driver);
        cudaRuntimeGetVersion(&runtime);
        if (driver == 0)
            return error_set(error, STATUS_MISSING, "no GPU driver is installed (libcuda.so.1 not found)");
        return error_set(error, STATUS_UNSUPPORTED,
                         "the GPU driver supports CUDA %d.%d and this build needs %d.%d: update the driver",
                         driver / 1000, driver % 1000 / 10, runtime / 1000, runtime % 1000 / 10);
    }
    if (code != cudaSuccess)
        return error_set(error, STATUS_MISSING, "no GPU can be used (%s)", cudaGetErrorString(code));
    if (count == 0)
        return error_set(error, STATUS_MISSING, "the driver finds no GPU");
    return STATUS_OK;
}

static void close_backend(struct backend *base) {
    struct cuda_backend *backend = (struct cuda_backend *)base;
    if (!backend)
        return;
    cudnn_close(backend);
    products_close(backend);
    staging_close(backend);
    if (backend->stream)
        cudaStreamDestroy(backend->stream);
    free(backend);
}

static enum status open_device(struct cuda_backend *backend, struct error *error) {
    int count = 0;
    enum status status = cuda_check(cudaGetDeviceCount(&count), "counting devices", error);
    if (status)
        return status;
    if (backend->device < 0 || backend->device >= count)
        return error_set(error, STATUS_INVALID, "there is no GPU %d: this machine has %d", backend->device, count);
    if ((status = cuda_check(cudaSetDevice(backend->device), "choosing the device", error)) ||
        (status = cuda_check(cudaGetDeviceProperties(&backend->properties, backend->device), "describing the device",
                             error)))
        return status;
    if (backend->properties.major < 8)
        return error_set(error, STATUS_UNSUPPORTED, "%s has compute capability %d.%d; this build needs 8.0 or later",
                         backend->properties.name, backend->properties.major, backend->properties.minor);
    return cuda_check(cudaStreamCreateWithFlags(&backend->stream, cudaStreamNonBlocking), "creating a stream", error);
}

extern const struct backend_api cuda_api;

static enum status open_backend(const struct backend_options *options, struct backend **out, struct error *error) {
    struct cuda_backend *backend = (struct cuda_backend *)calloc(1, sizeof *backend);
    if (!backend)
        return error_memory(error, "opening the GPU", sizeof *backend);
    backend->base.api = &cuda_api;
    backend->device = options->device;
    backend->precision = options->precision;
    enum status status = open_device(backend, error);
    if (!status)
        status = products_open(backend, error);
    if (!status)
        cudnn_open(backend);
    if (status) {
        close_backend(&backend->base);
        return status;
    }
    *out = &backend->base;
    return STATUS_OK;
}

static void describe(struct backend *base, struct device_info *info) {
    struct cuda_backend *backend = (struct cuda_backend *)base;
    size_t free_bytes = 0, total = 0;
    int runtime = 0;
    cudaMemGetInfo(&free_bytes, &total);
    cudaRuntimeGetVersion(&runtime);
    memset(info, 0, sizeof *info);
    snprintf(info->name, sizeof info->name, "%.127s", backend->properties.name);
    snprintf(info->detail, sizeof info->detail, "CUDA %d.%d, compute capability %d.%d, %s", runtime / 1000,
             runtime % 1000 / 10, backend->properties.major, backend->properties.minor, backend->convolutions);
    info->memory_total = total;
    info->memory_free = free_bytes;
    info->threads = backend->properties.multiProcessorCount;
    info->precisions = (1u << PRECISION_COUNT) - 1;
    info->asynchronous = true;
    snprintf(info->bus, sizeof info->bus, "%08x:%02x:%02x.0", (unsigned)backend->properties.pciDomainID,
             (unsigned)backend->properties.pciBusID & 0xFFu, (unsigned)backend->properties.pciDeviceID & 0xFFu);
}

static enum status sync(struct backend *base, struct error *error) {
    struct cuda_backend *backend = (struct cuda_backend *)base;
    return cuda_check(cudaStreamSynchronize(backend->stream), "waiting for the step", error);
}

const struct backend_api cuda_api = {
    BACKEND_VERSION, "cuda",      probe,        open_backend, close_backend,  describe, cuda_allocate,
    cuda_release,    cuda_upload, cuda_download, cuda_prepare, cuda_discard, cuda_plan_bytes, cuda_run, sync, NULL,
    cuda_run_many,   cuda_upload_ahead, NULL,
};

extern "C" __attribute__((visibility("default"))) const struct backend_api *batchlab_backend(uint32_t version) {
    return version == BACKEND_VERSION ? &cuda_api : NULL;
}
