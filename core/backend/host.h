// What backends that compute in main memory share: buffers are plain arrays. Internal to core/backend; each function follows
// the rules of backend.h for the entry it fills.
#ifndef CORE_BACKEND_HOST_H
#define CORE_BACKEND_HOST_H

#include "core/backend/binding.h"

#define HOST_ALIGNMENT 64 // bytes: a cache line, a full vector

enum status host_allocate(struct backend *backend, enum dtype dtype, size_t count, struct buffer **buffer,
                          struct error *error);
enum status host_borrow(struct backend *backend, enum dtype dtype, size_t count, const void *data,
                        struct buffer **buffer, struct error *error);
void host_release(struct backend *backend, struct buffer *buffer);
enum status host_upload(struct backend *backend, struct buffer *buffer, size_t offset, size_t count, const void *data,
                        struct error *error);
enum status host_download(struct backend *backend, struct buffer *buffer, size_t offset, size_t count, void *data,
                          struct error *error);
enum status host_sync(struct backend *backend, struct error *error);

uint64_t host_memory_total(void); // bytes of the machine
uint64_t host_memory_free(void);
void host_processor_name(char *name, size_t size); // "AMD EPYC 9755"; "processor" when the system does not say

// Sizes of a convolution or pooling, whichever operand they are read from.
struct windows {
    int64_t batch, channels, height, width;      // x
    int64_t outputs, out_height, out_width;      // y
    int64_t window_height, window_width, groups;
    int64_t stride[2], padding[2];
};
struct windows windows_convolution(const struct op *op, struct shape x, struct shape w, struct shape y);
struct windows windows_pool(const struct op *op, struct shape x, struct shape y);

#endif
