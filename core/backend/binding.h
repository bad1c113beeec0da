// What every backend looks at before it computes: that buffers fit a program, and a step's arguments fit the buffers.
// Backends make buffers of the type below; where `data` lies is their own affair.
#ifndef CORE_BACKEND_BINDING_H
#define CORE_BACKEND_BINDING_H

#include "core/backend/backend.h"

struct buffer {
    enum dtype dtype;
    size_t count;
    void *data;    // in the memory of the device
    bool borrowed; // not the buffer's own, and only read
};

// Every slot that the program uses is bound to a buffer of its type that is large enough.
enum status binding_check(const struct program *program, const struct binding *binding, struct error *error);
// Address of a value in its bound buffer; NULL for a temporary.
void *binding_address(const struct binding *binding, const struct value *value);
// Elements from `offset` on lie in the buffer.
enum status buffer_check(const struct buffer *buffer, size_t offset, size_t count, struct error *error);

// What a plan keeps to answer whether a step's arguments fit its buffers.
struct step_limits {
    size_t rows, batch; // numbers in SLOT_ROWS; how many of them a step reads (0: none)
    double *metrics;    // [METRIC_SLOTS][METRIC_COUNT] in the memory of the device; NULL where unused
};
struct step_limits binding_limits(const struct binding *binding, const struct program *program);
enum status step_args_check(const struct step_limits *limits, const struct step_args *args, struct error *error);

#endif
