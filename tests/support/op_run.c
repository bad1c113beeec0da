// Runs the cases of op_cases.c.
#include "tests/support/op_cases.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/mem.h"
#include "core/base/rng.h"

enum { ROW_NUMBERS = 1100 }; // in SLOT_ROWS, more than any case reads

struct run {
    struct backend *backend;
    const struct backend_api *api;
    struct op_builder builder;
    struct binding binding;
    struct plan *plan;
    struct error *error;
    enum status status;
};

static void keep(struct run *run, enum status status) {
    run->status = run->status ? run->status : status;
}

static void make_slot(struct run *run, enum slot slot, enum dtype dtype, size_t count, const void *data) {
    if (run->status == STATUS_OK && count > 0) {
        keep(run, run->api->allocate(run->backend, dtype, count, &run->binding.slots[slot], run->error));
    }
    if (run->status == STATUS_OK && count > 0) {
        keep(run, run->api->upload(run->backend, run->binding.slots[slot], 0, count, data, run->error));
    }
}

// Uploads doubles as the real type of the run.
static void make_real_slot(struct run *run, enum slot slot, size_t count, const double *data) {
    float *narrow = mem_alloc(count, sizeof *narrow);
    for (size_t i = 0; narrow != NULL && i < count; i++) {
        narrow[i] = (float)data[i];
    }
    if (narrow == NULL) {
        keep(run, error_memory(run->error, "a test", 0));
    } else {
        make_slot(run, slot, run->builder.real, count, run->builder.real == DTYPE_F64 ? (const void *)data : narrow);
    }
    mem_free(narrow);
}

enum precision op_case_precision(void) {
    const char *asked = getenv("BATCHLAB_TEST_PRECISION");
    enum precision precision = PRECISION_F32;
    struct error error;
    if (asked != NULL && precision_parse(asked, &precision, &error) != STATUS_OK) {
        fprintf(stderr, "%s\n", error.text);
        abort();
    }
    return precision;
}

double precision_unit(enum precision precision) {
    static const int bits[PRECISION_COUNT] = {24, 11, 8, 11}; // of a number, the first one included
    return ldexp(1, -bits[precision]);
}

static double rounded(double x) {
    int exponent;
    double fraction = frexp(x, &exponent), bits = 1 / precision_unit(op_case_precision());
    return ldexp(nearbyint(fraction * bits) / bits, exponent);
}

static void make_random_slot(struct run *run, enum slot slot, size_t count, uint64_t seed, const double *given) {
    double *data = mem_alloc(count, sizeof *data);
    struct rng rng = rng_make(seed, RNG_TEST, slot);
    for (size_t i = 0; data != NULL && i < count; i++) {
        data[i] = given != NULL ? given[i] : rounded((double)(float)rng_normal(&rng));
    }
    if (data != NULL) {
        make_real_slot(run, slot, count, data);
    }
    mem_free(data);
}

static void make_integer_slot(struct run *run, enum slot slot, size_t count, uint64_t seed, int64_t below) {
    int32_t *data = mem_alloc(count, sizeof *data);
    struct rng rng = rng_make(seed, RNG_TEST, 100 + slot);
    for (size_t i = 0; data != NULL && i < count; i++) {
        data[i] = (int32_t)rng_below(&rng, (uint64_t)(below > 0 ? below : 1));
    }
    if (data != NULL) {
        make_slot(run, slot, DTYPE_I32, count, data);
    }
    mem_free(data);
}

void op_case_rows(const struct op_case *op_case, uint64_t seed, int32_t *rows) {
    struct rng rng = rng_make(seed, RNG_TEST, 100 + SLOT_ROWS); // as above
    for (size_t i = 0; i < op_case->args.first + (size_t)op_case->size[0]; i++) {
        int32_t row = (int32_t)rng_below(&rng, (uint64_t)op_case->size[0] + 7);
        if (i >= op_case->args.first) {
            rows[i - op_case->args.first] = row;
        }
    }
}

static void make_pixel_slot(struct run *run, size_t count, uint64_t seed) {
    uint8_t *data = mem_alloc(count, 1);
    struct rng rng = rng_make(seed, RNG_TEST, 200);
    for (size_t i = 0; data != NULL && i < count; i++) {
        data[i] = (uint8_t)rng_u32(&rng);
    }
    if (data != NULL) {
        make_slot(run, SLOT_FEATURES, DTYPE_U8, count, data);
    }
    mem_free(data);
}

// A backend that leaves an element unwritten is found out: nothing it computes is this large.
static void make_rubbish_slot(struct run *run, size_t count) {
    double *data = mem_alloc(count, sizeof *data);
    for (size_t i = 0; data != NULL && i < count; i++) {
        data[i] = 1e30;
    }
    if (data != NULL) {
        make_real_slot(run, SLOT_OUTPUTS, count, data);
    }
    mem_free(data);
}

static void make_slots(struct run *run, uint64_t seed, const double *inputs) {
    struct op_builder *b = &run->builder;
    double metrics[METRIC_SLOTS * METRIC_COUNT] = {0};
    make_random_slot(run, SLOT_WEIGHTS, b->inputs, seed, inputs);
    make_random_slot(run, SLOT_MOMENT1, b->moments, seed, NULL);
    make_random_slot(run, SLOT_TARGETS, (size_t)b->target_count, seed, NULL);
    make_rubbish_slot(run, b->outputs);
    make_integer_slot(run, SLOT_LABELS, (size_t)b->labels, seed, b->classes);
    make_integer_slot(run, SLOT_STATE, b->whole, seed, 1000000);
    make_integer_slot(run, SLOT_ROWS, b->batch > 0 ? ROW_NUMBERS : 0, seed, b->feature_rows);
    make_slot(run, SLOT_METRICS, DTYPE_F64, METRIC_SLOTS * METRIC_COUNT, metrics);
    if (b->pixels) {
        make_pixel_slot(run, (size_t)b->feature_count, seed);
    } else {
        make_random_slot(run, SLOT_FEATURES, (size_t)b->feature_count, seed, NULL);
    }
}

static double *fetch_reals(struct run *run, enum slot slot, size_t count) {
    double *data = mem_alloc(count, sizeof *data);
    float *narrow = mem_alloc(count, sizeof *narrow);
    bool wide = run->builder.real == DTYPE_F64;
    if (run->status == STATUS_OK && count > 0 && data != NULL && narrow != NULL) {
        keep(run, run->api->download(run->backend, run->binding.slots[slot], 0, count, wide ? (void *)data : narrow,
                                     run->error));
        for (size_t i = 0; !wide && i < count; i++) {
            data[i] = (double)narrow[i];
        }
    }
    mem_free(narrow);
    return data;
}

static void fetch(struct run *run, struct op_result *result) {
    const struct op_builder *b = &run->builder;
    *result = (struct op_result){b->outputs, b->inputs, b->moments, b->whole, NULL, NULL, NULL, NULL, {0}};
    result->output = fetch_reals(run, SLOT_OUTPUTS, b->outputs);
    result->input = fetch_reals(run, SLOT_WEIGHTS, b->inputs);
    result->moment = fetch_reals(run, SLOT_MOMENT1, b->moments);
    result->integer = mem_alloc(b->whole, sizeof *result->integer);
    if (run->status == STATUS_OK && b->whole > 0) {
        keep(run, run->api->download(run->backend, run->binding.slots[SLOT_STATE], 0, b->whole, result->integer,
                                     run->error));
    }
    if (run->status == STATUS_OK) {
        size_t from = (size_t)b->op_case->args.metric_slot * METRIC_COUNT;
        keep(run, run->api->download(run->backend, run->binding.slots[SLOT_METRICS], from, METRIC_COUNT,
                                     result->metrics, run->error));
    }
}

enum status op_case_run(struct backend *backend, const struct op_case *op_case, enum dtype real, uint64_t seed,
                        const double *inputs, int repeat, struct op_result *result, struct error *error) {
    struct run run = {.backend = backend, .api = backend->api, .error = error};
    run.builder.op_case = op_case;
    run.builder.real = real;
    run.builder.program.batch = op_case->size[0];
    op_case->build(&run.builder);
    keep(&run, program_check(&run.builder.program, error));
    make_slots(&run, seed, inputs);
    if (run.status == STATUS_OK) {
        keep(&run, run.api->prepare(backend, &run.builder.program, &run.binding, &run.plan, error));
    }
    for (int i = 0; i < repeat && run.status == STATUS_OK; i++) {
        keep(&run, run.api->run(backend, run.plan, &op_case->args, error));
    }
    fetch(&run, result);
    run.api->discard(backend, run.plan);
    for (int i = 0; i < SLOT_COUNT; i++) {
        run.api->release(backend, run.binding.slots[i]);
    }
    program_free(&run.builder.program);
    return run.status;
}

void op_result_free(struct op_result *result) {
    mem_free(result->output);
    mem_free(result->input);
    mem_free(result->moment);
    mem_free(result->integer);
    *result = (struct op_result){0};
}

double normalized_error(const double *a, const double *b, size_t count) {
    double difference = 0, size = 0;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(a[i]) || !isfinite(b[i])) {
            return INFINITY;
        }
        difference += (a[i] - b[i]) * (a[i] - b[i]);
        size += b[i] * b[i];
    }
    return sqrt(size > 0 ? difference / size : difference);
}
