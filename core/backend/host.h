// What backends that compute in main memory share: buffers are plain arrays, and a value's place in
// a bound buffer is an address that never changes. Internal to core/backend; each function follows
// the rules of backend.h for the entry it fills.
#ifndef CORE_BACKEND_HOST_H
#define CORE_BACKEND_HOST_H

#include "core/backend/backend.h"

#define HOST_ALIGNMENT 64 // bytes: a cache line, a full vector

struct buffer {
    enum dtype dtype;
    size_t count;
    void *data;
    bool borrowed; // not the buffer's own, and only read
};

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

// Every slot the program uses is bound to a buffer of its type that is large enough.
enum status host_check_binding(const struct program *program, const struct binding *binding, struct error *error);
// Address of a value in its bound buffer; NULL for a temporary.
void *host_address(const struct value *value, const struct binding *binding);

// The part of a plan that answers whether a step's arguments fit its buffers.
struct host_limits {
    size_t rows, batch;    // numbers in SLOT_ROWS; how many of them a step reads (0 = none)
    double *metrics;       // [METRIC_SLOTS][METRIC_COUNT], NULL where unused
};
struct host_limits host_limits(const struct program *program, const struct binding *binding);
enum status host_check_step(const struct host_limits *limits, const struct step_args *args, struct error *error);

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
