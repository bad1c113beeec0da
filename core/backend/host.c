#include "core/backend/host.h"

#include <pthread.h>
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

enum status host_upload(struct backend *backend, struct buffer *buffer, size_t offset, size_t count, const void *data,
                        struct error *error) {
    (void)backend;
    enum status status = buffer_check(buffer, offset, count, error);
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
    enum status status = buffer_check(buffer, offset, count, error);
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

static pthread_once_t named = PTHREAD_ONCE_INIT;
static char processor[128] = "processor";

static void read_name(void) {
    char line[256];
    FILE *file = fopen("/proc/cpuinfo", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        const char *value = strstr(line, ": ");
        if (strncmp(line, "model name", 10) == 0 && value != NULL) {
            snprintf(processor, sizeof processor, "%.*s", (int)strcspn(value + 2, "\n"), value + 2);
            break;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
}

void host_processor_name(char *name, size_t size) {
    pthread_once(&named, read_name); // every run of a sweep asks
    snprintf(name, size, "%s", processor);
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
