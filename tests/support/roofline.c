#include "tests/support/roofline.h"

#include <math.h>
#include <oneapi/dnnl/dnnl.h>

#include "core/backend/cpu/threads.h"
#include "core/base/clock.h"
#include "core/base/mem.h"
#include "tests/support/sources.h"

enum { TRIES = 5 };

static void fill(float *x, size_t count) {
    for (size_t i = 0; i < count; i++) {
        x[i] = (float)fixture_unit(1, (uint32_t)i);
    }
}

double roofline_product(void) {
    enum { SIDE = 1024 };
    float *a = mem_alloc(3 * SIDE * SIDE, sizeof *a), *b = a + SIDE * SIDE, *c = b + SIDE * SIDE;
    double best = 0;
    if (a == NULL) {
        return NAN;
    }
    threads_set(threads_available()); // a step before it may have set fewer
    fill(a, 3 * SIDE * SIDE);
    for (int i = 0; i < TRIES; i++) {
        double start = clock_now();
        dnnl_sgemm('N', 'N', SIDE, SIDE, SIDE, 1, a, SIDE, b, SIDE, 0, c, SIDE);
        best = fmax(best, 2e-9 * SIDE * SIDE * SIDE / (clock_now() - start));
    }
    mem_free(a);
    return best;
}

// ---- a convolution --------------------------------------------------------------------------------

enum { BATCH = 16, MAPS = 64, WIDE = 32 };

static dnnl_memory_t operand(dnnl_engine_t engine, dnnl_primitive_desc_t description, dnnl_query_t what) {
    const dnnl_memory_desc_t *layout = dnnl_primitive_desc_query_md(description, what, 0);
    dnnl_memory_t memory = NULL;
    void *data = NULL;
    if (dnnl_memory_create(&memory, layout, engine, DNNL_MEMORY_ALLOCATE) == dnnl_success &&
        dnnl_memory_get_data_handle(memory, &data) == dnnl_success) {
        fill(data, dnnl_memory_desc_get_size(layout) / sizeof(float));
    }
    return memory;
}

static double best_rate(dnnl_stream_t stream, dnnl_primitive_t primitive, const dnnl_exec_arg_t args[3]) {
    double best = 0, work = 2e-9 * BATCH * MAPS * MAPS * WIDE * WIDE * 9;
    for (int i = 0; i < TRIES; i++) {
        double start = clock_now();
        if (dnnl_primitive_execute(primitive, stream, 3, args) != dnnl_success) {
            return NAN;
        }
        best = fmax(best, work / (clock_now() - start));
    }
    return best;
}

static dnnl_primitive_desc_t describe(dnnl_engine_t engine) {
    const dnnl_dims_t map = {BATCH, MAPS, WIDE, WIDE}, filter = {MAPS, MAPS, 3, 3}, ones = {1, 1};
    dnnl_memory_desc_t x, w;
    dnnl_convolution_desc_t convolution;
    dnnl_primitive_desc_t made = NULL;
    dnnl_memory_desc_init_by_tag(&x, 4, map, dnnl_f32, dnnl_format_tag_any);
    dnnl_memory_desc_init_by_tag(&w, 4, filter, dnnl_f32, dnnl_format_tag_any);
    dnnl_convolution_forward_desc_init(&convolution, dnnl_forward_training, dnnl_convolution_direct, &x, &w, NULL, &x,
                                       ones, ones, ones);
    dnnl_primitive_desc_create(&made, &convolution, NULL, engine, NULL);
    return made;
}

double roofline_convolution(void) {
    dnnl_engine_t engine = NULL;
    dnnl_stream_t stream = NULL;
    dnnl_primitive_t primitive = NULL;
    double best = NAN;
    threads_set(threads_available());
    if (dnnl_engine_create(&engine, dnnl_cpu, 0) != dnnl_success) {
        return NAN;
    }
    dnnl_primitive_desc_t description = describe(engine);
    if (description != NULL && dnnl_stream_create(&stream, engine, dnnl_stream_default_flags) == dnnl_success &&
        dnnl_primitive_create(&primitive, description) == dnnl_success) {
        dnnl_exec_arg_t args[3] = {{DNNL_ARG_SRC, operand(engine, description, dnnl_query_src_md)},
                                   {DNNL_ARG_WEIGHTS, operand(engine, description, dnnl_query_weights_md)},
                                   {DNNL_ARG_DST, operand(engine, description, dnnl_query_dst_md)}};
        best = best_rate(stream, primitive, args);
        for (int i = 0; i < 3; i++) {
            dnnl_memory_destroy(args[i].memory);
        }
    }
    dnnl_primitive_destroy(primitive);
    dnnl_primitive_desc_destroy(description);
    dnnl_stream_destroy(stream);
    dnnl_engine_destroy(engine);
    return best;
}
