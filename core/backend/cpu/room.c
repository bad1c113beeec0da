#include "core/backend/cpu/room.h"

#include <oneapi/dnnl/dnnl.h>
#include <pthread.h>
#include <stdatomic.h>

#include "core/backend/cpu/threads.h"
#include "core/base/mem.h"

// Measured with oneDNN 2.6: the kernels of dnnl_sgemm take 18 MB, those of a convolution up to 2 MB.
#define ROOM_FOR_PRODUCTS ((size_t)32 << 20)
#define ROOM_FOR_PRIMITIVE ((size_t)8 << 20)
#define ROOM_BESIDE_THREADS ((size_t)8 << 20)

static enum status room(size_t bytes, const char *what, struct error *error) {
    return mem_space_left() < bytes ? error_memory(error, what, bytes) : STATUS_OK;
}

enum status room_for_primitive(struct error *error) {
    return room(ROOM_FOR_PRIMITIVE, "a kernel of oneDNN", error);
}

static pthread_once_t products_once = PTHREAD_ONCE_INIT;
static atomic_bool products_made;
static dnnl_status_t products_status;

// One thread and small products: all kernels come with the first one of each way.
static void make_products(void) {
    const float a[4] = {1, 0, 0, 1};
    float c[4];
    const char ways[][2] = {{'N', 'T'}, {'N', 'N'}, {'T', 'N'}};
    for (int i = 0; products_status == dnnl_success && i < 3; i++) {
        products_status = dnnl_sgemm(ways[i][0], ways[i][1], 2, 2, 2, 1, a, 2, a, 2, 0, c, 2);
    }
    atomic_store(&products_made, true);
}

enum status room_for_products(struct error *error) {
    enum status status = products_made ? STATUS_OK : room(ROOM_FOR_PRODUCTS, "the matrix products of oneDNN", error);
    if (status != STATUS_OK) {
        return status;
    }
    pthread_once(&products_once, make_products);
    return products_status
               ? error_set(error, STATUS_DEVICE, "oneDNN's matrix products failed, status %d.", (int)products_status)
               : STATUS_OK;
}

static void nothing(void *context, int part, int parts) {
    (void)context, (void)part, (void)parts;
}

enum status room_for_threads(int count, struct error *error) {
    static _Thread_local int started = 1; // the runtime keeps them for the thread that asked for them
    pthread_attr_t usual;
    size_t stack = 0;
    if (count <= started) {
        return STATUS_OK;
    }
    if (pthread_attr_init(&usual) == 0) {
        pthread_attr_getstacksize(&usual, &stack);
        pthread_attr_destroy(&usual);
    }
    size_t needed = (size_t)(count - started) * stack + ROOM_BESIDE_THREADS;
    enum status status = room(needed, "threads that compute", error);
    if (status == STATUS_OK) {
        threads_share(count, nothing, NULL);
        started = count;
    }
    return status;
}
