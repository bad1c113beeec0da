// Buffers on the card.
#include "core/backend/cuda/cuda.cuh"

#include <stdlib.h>

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
    (void)base;
    if (!buffer)
        return;
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
