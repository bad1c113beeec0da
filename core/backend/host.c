#include "core/backend/host.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/mem.h"

enum status host_allocate(struct backend *backend, enum dtype dtype, size_t count, struct buffer **buffer,
                          struct error *error) {
    (void)backend;
    struct buffer *made = mem_alloc(1, sizeof *made);
    void *data = mem_aligned(HOST_ALIGNMENT, count, dtype_size(dtype));
    if (made == NULL || data == NULL) {
        mem_free(made);
        mem_free(data);
        return error_memory(error, "a buffer", (unsigned long long)count * dtype_size(dtype));
    }
    *made = (struct buffer){.dtype = dtype, .count = count, .data = data};
    *buffer = made;
    return STATUS_OK;
}

enum status host_borrow(struct backend *backend, enum dtype dtype, size_t count, const void *data,
                        struct buffer **buffer, struct error *error) {
    (void)backend;
    struct buffer *made = mem_alloc(1, sizeof *made);
    if (made == NULL) {
        return error_memory(error, "a buffer", sizeof *made);
    }
    *made = (struct buffer){.dtype = dtype, .count = count, .data = (void *)(uintptr_t)data, .borrowed = true};
    *buffer = made;
    return STATUS_OK;
}

void host_release(struct backend *backend, struct buffer *buffer) {
    (void)backend;
    if (buffer != NULL) {
        mem_free(buffer->borrowed ? NULL : buffer->data);
        mem_free(buffer);
    }
}

static enum status check_range(const struct buffer *buffer, size_t offset, size_t count, struct error *error) {
    if (offset > buffer->count || count > buffer->count - offset) {
        return error_set(error, STATUS_INVALID, "Elements %zu to %zu lie outside a buffer of %zu.", offset,
                         offset + count, buffer->count);
    }
    return STATUS_OK;
}

enum status host_upload(struct backend *backend, struct buffer *buffer, size_t offset, size_t count, const void *data,
                        struct error *error) {
    (void)backend;
    enum status status = check_range(buffer, offset, count, error);
    if (status == STATUS_OK && buffer->borrowed) {
        return error_set(error, STATUS_INVALID, "A borrowed buffer is only read.");
    }
    if (status == STATUS_OK && count > 0) {
        size_t size = dtype_size(buffer->dtype);
        memcpy((char *)buffer->data + offset * size, data, count * size);
    }
    return status;
}

enum status host_download(struct backend *backend, struct buffer *buffer, size_t offset, size_t count, void *data,
                          struct error *error) {
    (void)backend;
    enum status status = check_range(buffer, offset, count, error);
    if (status == STATUS_OK && count > 0) {
        size_t size = dtype_size(buffer->dtype);
        memcpy(data, (const char *)buffer->data + offset * size, count * size);
    }
    return status;
}

enum status host_sync(struct backend *backend, struct error *error) {
    (void)backend;
    (void)error;
    return STATUS_OK;
}

// ---- binding ----------------------------------------------------------------------------------

static bool writes_metrics(const struct op *op) {
    return op->kind == OP_SOFTMAX_CROSS_ENTROPY || op->kind == OP_SQUARED_ERROR ||
           (op->kind == OP_SGD && op->attr.optimizer.norms);
}

static enum status check_slot(const struct binding *binding, enum slot slot, enum dtype dtype, size_t needed,
                              struct error *error) {
    const struct buffer *buffer = binding->slots[slot];
    if (buffer == NULL) {
        return error_set(error, STATUS_INVALID, "The program uses slot %d, but no buffer is bound to it.", (int)slot);
    }
    if (buffer->dtype != dtype || buffer->count < needed) {
        return error_set(error, STATUS_INVALID, "Slot %d holds %zu %s where the program needs %zu %s.", (int)slot,
                         buffer->count, dtype_name(buffer->dtype), needed, dtype_name(dtype));
    }
    return STATUS_OK;
}

enum status host_check_binding(const struct program *program, const struct binding *binding, struct error *error) {
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < program->value_count; i++) {
        const struct value *value = &program->values[i];
        if (value->slot != SLOT_TEMPORARY) {
            size_t needed = value->offset + (size_t)shape_count(value->shape);
            status = check_slot(binding, value->slot, value->dtype, needed, error);
        }
    }
    for (size_t i = 0; status == STATUS_OK && i < program->op_count; i++) {
        if (writes_metrics(&program->ops[i])) {
            status = check_slot(binding, SLOT_METRICS, DTYPE_F64, (size_t)METRIC_SLOTS * METRIC_COUNT, error);
        }
    }
    return status;
}

void *host_address(const struct value *value, const struct binding *binding) {
    if (value->slot == SLOT_TEMPORARY) {
        return NULL;
    }
    return (char *)binding->slots[value->slot]->data + value->offset * dtype_size(value->dtype);
}

struct host_limits host_limits(const struct program *program, const struct binding *binding) {
    struct host_limits limits = {0};
    if (binding->slots[SLOT_METRICS] != NULL) {
        limits.metrics = binding->slots[SLOT_METRICS]->data;
    }
    for (size_t i = 0; i < program->value_count; i++) {
        const struct value *value = &program->values[i];
        if (value->slot == SLOT_ROWS) {
            size_t end = value->offset + (size_t)value->shape.size[0];
            limits.batch = end > limits.batch ? end : limits.batch;
            limits.rows = binding->slots[SLOT_ROWS]->count;
        }
    }
    return limits;
}

enum status host_check_step(const struct host_limits *limits, const struct step_args *args, struct error *error) {
    if (args->first > limits->rows || limits->batch > limits->rows - args->first) {
        return error_set(error, STATUS_INVALID, "A batch of %zu from row %zu on goes beyond the %zu rows there are.",
                         limits->batch, args->first, limits->rows);
    }
    if (args->metric_slot < 0 || args->metric_slot >= METRIC_SLOTS) {
        return error_set(error, STATUS_INVALID, "There is no metric slot %d; they go from 0 to %d.", args->metric_slot,
                         METRIC_SLOTS - 1);
    }
    return STATUS_OK;
}

// ---- the machine ------------------------------------------------------------------------------

static uint64_t pages(int name) {
    long count = sysconf(name), size = sysconf(_SC_PAGESIZE);
    return count > 0 && size > 0 ? (uint64_t)count * (uint64_t)size : 0;
}

uint64_t host_memory_total(void) {
    return pages(_SC_PHYS_PAGES);
}

uint64_t host_memory_free(void) {
    return mem_left();
}

void host_processor_name(char *name, size_t size) {
    char line[256];
    snprintf(name, size, "processor");
    FILE *file = fopen("/proc/cpuinfo", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        const char *value = strstr(line, ": ");
        if (strncmp(line, "model name", 10) == 0 && value != NULL) {
            snprintf(name, size, "%.*s", (int)strcspn(value + 2, "\n"), value + 2);
            break;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
}

// ---- geometry ---------------------------------------------------------------------------------

struct windows windows_convolution(const struct op *op, struct shape x, struct shape w, struct shape y) {
    return (struct windows){
        .batch = x.size[0],
        .channels = x.size[1],
        .height = x.size[2],
        .width = x.size[3],
        .outputs = y.size[1],
        .out_height = y.size[2],
        .out_width = y.size[3],
        .window_height = w.size[2],
        .window_width = w.size[3],
        .groups = op->attr.convolution.groups,
        .stride = {op->attr.convolution.stride[0], op->attr.convolution.stride[1]},
        .padding = {op->attr.convolution.padding[0], op->attr.convolution.padding[1]},
    };
}

struct windows windows_pool(const struct op *op, struct shape x, struct shape y) {
    return (struct windows){
        .batch = x.size[0],
        .channels = x.size[1],
        .height = x.size[2],
        .width = x.size[3],
        .outputs = y.size[1],
        .out_height = y.size[2],
        .out_width = y.size[3],
        .window_height = op->attr.pool.window[0],
        .window_width = op->attr.pool.window[1],
        .groups = x.size[1],
        .stride = {op->attr.pool.stride[0], op->attr.pool.stride[1]},
        .padding = {op->attr.pool.padding[0], op->attr.pool.padding[1]},
    };
}
