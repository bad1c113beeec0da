// Buffers on the card.
#include "core/backend/cuda/cuda.cuh"

#include <stdlib.h>
#include <string.h>

enum status cuda_allocate(struct backend *base, enum dtype dtype, size_t count, struct buffer **out,
                          struct error *error) {
    struct cuda_backend *backend = (struct cuda_backend *)base;
    size_t size = dtype_size(dtype);
    if (count > SIZE_MAX / size)
        return error_set(error, STATUS_INVALID, "a buffer of %zu elements is larger than memory can be", count);
    struct buffer *buffer = (struct buffer *)calloc(1, sizeof *buffer);
    if (!buffer)
        return error_memory(error, "a GPU buffer", sizeof *buffer);
    buffer->dtype = dtype;
    buffer->count = count;
    size_t bytes = count ? count * size : size;
    enum status status = cuda_check(cudaMalloc(&buffer->data, bytes), "allocating a buffer", error);
    if (!status)
        status = cuda_check(cudaMemsetAsync(buffer->data, 0, bytes, backend->stream), "clearing a buffer", error);
    if (status) {
        cudaGetLastError(); // an allocation that failed must not fail the next launch
        cuda_release(base, buffer);
        return status;
    }
    *out = buffer;
    return STATUS_OK;
}

void cuda_release(struct backend *base, struct buffer *buffer) {
    struct cuda_backend *backend = (struct cuda_backend *)base;
    if (!buffer)
        return;
    if (backend->copies)
        cudaStreamSynchronize(backend->copies); // one may be on its way there
    cudaFree(buffer->data);
    free(buffer);
}

enum status cuda_upload(struct backend *base, struct buffer *buffer, size_t offset, size_t count, const void *data,
                        struct error *error) {
    struct cuda_backend *backend = (struct cuda_backend *)base;
    enum status status = buffer_check(buffer, offset, count, error);
    if (status)
        return status;
    size_t size = dtype_size(buffer->dtype);
    return cuda_check(cudaMemcpyAsync((char *)buffer->data + offset * size, data, count * size, cudaMemcpyHostToDevice,
                                      backend->stream),
                      "copying to the GPU", error);
}

enum status cuda_download(struct backend *base, struct buffer *buffer, size_t offset, size_t count, void *data,
                          struct error *error) {
    struct cuda_backend *backend = (struct cuda_backend *)base;
    enum status status = buffer_check(buffer, offset, count, error);
    if (status)
        return status;
    size_t size = dtype_size(buffer->dtype);
    status = cuda_check(cudaMemcpyAsync(data, (const char *)buffer->data + offset * size, count * size,
                                        cudaMemcpyDeviceToHost, backend->stream),
                        "copying from the GPU", error);
    if (status)
        return status;
    return cuda_check(cudaStreamSynchronize(backend->stream), "waiting for a copy", error);
}

// ---- ahead of the step that reads it -----------------------------------------------------------------------------

static enum status staging_open(struct cuda_backend *backend, struct staging *staging, size_t bytes, struct error *error) {
    enum status status = STATUS_OK;
    if (!backend->copies)
        status = cuda_check(cudaStreamCreateWithPriority(&backend->copies, cudaStreamNonBlocking, -1), "creating a stream", error);
    if (!status && !staging->copied)
        status = cuda_check(cudaEventCreateWithFlags(&staging->copied, cudaEventDisableTiming), "creating an event", error);
    if (status || bytes <= staging->bytes)
        return status;
    cudaFreeHost(staging->pinned);
    staging->pinned = NULL;
    staging->bytes = 0;
    status = cuda_check(cudaMallocHost(&staging->pinned, bytes), "pinning memory for rows on their way", error);
    if (status) {
        cudaGetLastError();
        return status;
    }
    staging->bytes = bytes;
    return STATUS_OK;
}

// One copy after the other leaves through the pinned memories in turn; the last one's event stands for all before it.
enum status cuda_upload_ahead(struct backend *base, struct buffer *buffer, size_t offset, size_t count, const void *data,
                              struct error *error) {
    struct cuda_backend *backend = (struct cuda_backend *)base;
    struct staging *staging = &backend->staging[backend->next_staging];
    size_t size = dtype_size(buffer->dtype);
    enum status status = buffer_check(buffer, offset, count, error);
    if (!status && staging->copied)
        status = cuda_check(cudaEventSynchronize(staging->copied), "waiting for a copy", error);
    if (!status)
        status = staging_open(backend, staging, count * size, error);
    if (status)
        return status;
    memcpy(staging->pinned, data, count * size);
    status = cuda_check(cudaMemcpyAsync((char *)buffer->data + offset * size, staging->pinned, count * size,
                                        cudaMemcpyHostToDevice, backend->copies),
                        "copying to the GPU", error);
    if (!status)
        status = cuda_check(cudaEventRecord(staging->copied, backend->copies), "marking a copy", error);
    if (status)
        return status;
    backend->ahead = staging->copied;
    backend->next_staging = (backend->next_staging + 1) % STAGINGS;
    return STATUS_OK;
}

enum status staging_wait(struct cuda_backend *backend, struct error *error) {
    cudaEvent_t ahead = backend->ahead;
    backend->ahead = NULL;
    return ahead ? cuda_check(cudaStreamWaitEvent(backend->stream, ahead, 0), "waiting for rows on their way", error)
                 : STATUS_OK;
}

void staging_close(struct cuda_backend *backend) {
    if (backend->copies)
        cudaStreamSynchronize(backend->copies);
    for (int i = 0; i < STAGINGS; i++) {
        cudaFreeHost(backend->staging[i].pinned);
        if (backend->staging[i].copied)
            cudaEventDestroy(backend->staging[i].copied);
    }
    if (backend->copies)
        cudaStreamDestroy(backend->copies);
}
