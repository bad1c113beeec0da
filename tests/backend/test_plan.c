// What holds for the plans of every backend in main memory: a failed allocation leaves nothing behind,
// a run allocates nothing, wrong bindings and arguments are refused. And the registry.
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "core/backend/cpu/threads.h"
#include "core/base/mem.h"
#include "tests/support/op_cases.h"

static struct backend *open_backend(const char *name, int threads) {
    struct error error = {0};
    struct backend *backend = NULL;
    struct backend_options options = {.threads = threads};
    if (backend_open(name, &options, &backend, &error)) {
        fail_msg("%s", error.text);
    }
    return backend;
}

// Rows gathered, a convolution, flattened, relu, dense, squared error: what plans are made of.
struct fixture {
    struct backend *backend;
    struct program program;
    struct binding binding;
};

static value_id one(struct program *p, enum op_kind kind, value_id a, value_id b, value_id out) {
    struct op *op = program_op(p, kind);
    op->in[0] = a;
    op->in[1] = b;
    op->out[0] = out;
    op->attr.activation = ACTIVATION_RELU;
    return out;
}

static value_id image_part(struct program *p, value_id x) {
    value_id w = program_value(p, SLOT_WEIGHTS, 0, DTYPE_F32, shape_make(4, (int64_t[]){16, 1, 3, 3}));
    value_id y = program_temporary(p, DTYPE_F32, shape_make(4, (int64_t[]){5, 16, 4, 4}));
    struct op *op = program_op(p, OP_CONVOLUTION);
    op->in[0] = x;
    op->in[1] = w;
    op->out[0] = y;
    op->attr.convolution.stride[0] = op->attr.convolution.stride[1] = op->attr.convolution.groups = 1;
    return one(p, OP_COPY, y, VALUE_NONE, program_temporary(p, DTYPE_F32, shape_make(2, (int64_t[]){5, 256})));
}

static void build(struct program *p) {
    value_id rows = program_value(p, SLOT_ROWS, 0, DTYPE_I32, shape_make(1, (int64_t[]){5}));
    value_id features = program_value(p, SLOT_FEATURES, 0, DTYPE_F32, shape_make(4, (int64_t[]){9, 1, 6, 6}));
    value_id targets = program_value(p, SLOT_TARGETS, 0, DTYPE_F32, shape_make(2, (int64_t[]){9, 3}));
    struct shape small = shape_make(2, (int64_t[]){5, 3});
    value_id t = program_temporary(p, DTYPE_F32, small), y = program_temporary(p, DTYPE_F32, small);
    value_id x = program_temporary(p, DTYPE_F32, shape_make(4, (int64_t[]){5, 1, 6, 6}));
    one(p, OP_GATHER, rows, features, x);
    one(p, OP_GATHER_TARGETS, rows, targets, t);
    value_id flat = image_part(p, x);
    one(p, OP_ACTIVATION, flat, VALUE_NONE, flat);
    value_id w = program_value(p, SLOT_WEIGHTS, 144, DTYPE_F32, shape_make(2, (int64_t[]){3, 256}));
    one(p, OP_DENSE, flat, w, y);
    one(p, OP_SQUARED_ERROR, y, t, program_value(p, SLOT_OUTPUTS, 0, DTYPE_F32, small));
}

static void set_up(struct fixture *f, const char *name) {
    static const struct {
        enum dtype dtype;
        size_t count;
    } slots[SLOT_COUNT] = {
        [SLOT_WEIGHTS] = {DTYPE_F32, 144 + 768}, [SLOT_FEATURES] = {DTYPE_F32, 324}, [SLOT_TARGETS] = {DTYPE_F32, 27},
        [SLOT_ROWS] = {DTYPE_I32, 20},           [SLOT_OUTPUTS] = {DTYPE_F32, 15},
        [SLOT_METRICS] = {DTYPE_F64, METRIC_SLOTS * METRIC_COUNT},
    };
    *f = (struct fixture){.backend = open_backend(name, 1)};
    struct error error = {0};
    for (int i = 0; i < SLOT_COUNT; i++) {
        if (slots[i].count > 0) {
            assert_int_equal(f->backend->api->allocate(f->backend, slots[i].dtype, slots[i].count,
                                                       &f->binding.slots[i], &error),
                             STATUS_OK);
        }
    }
    build(&f->program);
    assert_int_equal(program_check(&f->program, &error), STATUS_OK);
}

static void tear_down(struct fixture *f) {
    for (int i = 0; i < SLOT_COUNT; i++) {
        f->backend->api->release(f->backend, f->binding.slots[i]);
    }
    program_free(&f->program);
    backend_close(f->backend);
}

static void allocations_fail(const char *name) {
    struct fixture f;
    set_up(&f, name);
    unsigned long after = 0;
    enum status status = STATUS_MEMORY;
    while (status != STATUS_OK) {
        struct plan *plan = NULL;
        struct error error = {0};
        mem_fail_at(++after);
        status = f.backend->api->prepare(f.backend, &f.program, &f.binding, &plan, &error);
        mem_fail_at(0);
        assert_true(status == STATUS_OK || (status == STATUS_MEMORY && plan == NULL && error.text[0] != '\0'));
        f.backend->api->discard(f.backend, plan);
        assert_true(after < 1000);
    }
    assert_true(after > 3); // some did fail
    tear_down(&f);
}

static void test_allocations(void **state) {
    (void)state;
    allocations_fail("ref");
    allocations_fail("cpu");
    for (unsigned long after = 1; after < 3; after++) {
        struct fixture f = {.backend = open_backend("cpu", 1)};
        struct buffer *buffer = NULL;
        struct error error = {0};
        mem_fail_at(after);
        assert_int_equal(f.backend->api->allocate(f.backend, DTYPE_F32, 10, &buffer, &error), STATUS_MEMORY);
        mem_fail_at(0);
        assert_null(buffer);
        backend_close(f.backend);
    }
    struct backend *backend = NULL;
    struct error error = {0};
    mem_fail_at(1);
    assert_int_equal(backend_open("cpu", &(struct backend_options){0}, &backend, &error), STATUS_MEMORY);
    mem_fail_at(0);
    assert_null(backend);
}

static void run_allocates_nothing(const char *name) {
    struct fixture f;
    struct plan *plan = NULL;
    struct error error = {0};
    set_up(&f, name);
    assert_int_equal(f.backend->api->prepare(f.backend, &f.program, &f.binding, &plan, &error), STATUS_OK);
    assert_true(f.backend->api->plan_bytes(plan) > 0);
    unsigned long before = mem_calls();
    for (int i = 0; i < 3; i++) {
        struct step_args args = {.step = (uint64_t)i, .first = 15};
        assert_int_equal(f.backend->api->run(f.backend, plan, &args, &error), STATUS_OK);
    }
    assert_int_equal(mem_calls(), before);
    f.backend->api->discard(f.backend, plan);
    tear_down(&f);
}

static void test_run(void **state) {
    (void)state;
    run_allocates_nothing("ref");
    run_allocates_nothing("cpu");
}

static void refusals(const char *name) {
    struct fixture f;
    struct plan *plan = NULL;
    struct error error = {0};
    set_up(&f, name);
    const struct backend_api *api = f.backend->api;
    struct buffer *rows = f.binding.slots[SLOT_ROWS], *metrics = f.binding.slots[SLOT_METRICS];
    f.binding.slots[SLOT_METRICS] = NULL;
    assert_int_equal(api->prepare(f.backend, &f.program, &f.binding, &plan, &error), STATUS_INVALID);
    f.binding.slots[SLOT_METRICS] = metrics;
    f.binding.slots[SLOT_ROWS] = f.binding.slots[SLOT_TARGETS]; // f32, not i32
    assert_int_equal(api->prepare(f.backend, &f.program, &f.binding, &plan, &error), STATUS_INVALID);
    f.binding.slots[SLOT_ROWS] = rows;
    f.program.values[2].shape.size[0] = 10; // one row more than the buffer of targets holds
    assert_int_equal(api->prepare(f.backend, &f.program, &f.binding, &plan, &error), STATUS_INVALID);
    f.program.values[2].shape.size[0] = 9;
    assert_int_equal(api->prepare(f.backend, &f.program, &f.binding, &plan, &error), STATUS_OK);
    struct step_args late = {.first = 16}, huge = {.first = SIZE_MAX}, slot = {.metric_slot = METRIC_SLOTS};
    struct step_args negative = {.metric_slot = -1};
    assert_int_equal(api->run(f.backend, plan, &late, &error), STATUS_INVALID);
    assert_int_equal(api->run(f.backend, plan, &huge, &error), STATUS_INVALID);
    assert_int_equal(api->run(f.backend, plan, &slot, &error), STATUS_INVALID);
    assert_int_equal(api->run(f.backend, plan, &negative, &error), STATUS_INVALID);
    int32_t number[30] = {0};
    assert_int_equal(api->upload(f.backend, rows, 15, 6, number, &error), STATUS_INVALID);
    assert_int_equal(api->download(f.backend, rows, SIZE_MAX, 2, number, &error), STATUS_INVALID);
    assert_int_equal(api->upload(f.backend, rows, 15, 5, number, &error), STATUS_OK);
    api->discard(f.backend, plan);
    api->discard(f.backend, NULL);
    tear_down(&f);
}

static void test_refusals(void **state) {
    (void)state;
    refusals("ref");
    refusals("cpu");
}

// The cpu backend says what it cannot do instead of doing something else.
static void test_doubles(void **state) {
    (void)state;
    struct backend *cpu = open_backend("cpu", 1), *other = NULL;
    struct error error = {0};
    struct op_result result;
    assert_int_equal(op_case_run(cpu, &op_cases[0], DTYPE_F64, 1, NULL, 1, &result, &error), STATUS_UNSUPPORTED);
    assert_non_null(strstr(error.text, "f64"));
    op_result_free(&result);
    backend_close(cpu);
    struct backend_options options = {.precision = PRECISION_F16};
    assert_int_equal(backend_open("cpu", &options, &other, &error), STATUS_UNSUPPORTED);
    assert_non_null(strstr(error.text, "fp16"));
}

// Two threads give the same bits twice, and what one thread gives up to rounding.
static void test_threads(void **state) {
    (void)state;
    struct backend *two = open_backend("cpu", 2), *one_thread = open_backend("cpu", 1);
    struct error error = {0};
    for (size_t i = 0; i < op_case_count; i++) {
        if (strstr(op_cases[i].name, "large") == NULL) {
            continue;
        }
        struct op_result a, b, c;
        assert_int_equal(op_case_run(two, &op_cases[i], DTYPE_F32, 1, NULL, 1, &a, &error), STATUS_OK);
        assert_int_equal(op_case_run(two, &op_cases[i], DTYPE_F32, 1, NULL, 1, &b, &error), STATUS_OK);
        assert_int_equal(op_case_run(one_thread, &op_cases[i], DTYPE_F32, 1, NULL, 1, &c, &error), STATUS_OK);
        assert_memory_equal(a.output, b.output, a.outputs * sizeof *a.output);
        assert_true(normalized_error(a.output, c.output, a.outputs) < 1e-6);
        op_result_free(&a);
        op_result_free(&b);
        op_result_free(&c);
    }
    backend_close(two);
    backend_close(one_thread);
    assert_int_equal(threads_for(1e6, 4), 1);
    assert_int_equal(threads_for(1e8, 4), 4);
    assert_int_equal(threads_for(1e12, 0), threads_available());
}

static void test_registry(void **state) {
    (void)state;
    struct backend *backend = NULL;
    struct error error = {0};
    bool ref = false, cpu = false;
    for (size_t i = 0; i < backend_count(); i++) {
        const struct backend_entry *entry = backend_entry(i);
        assert_true((entry->api == NULL) == (entry->reason[0] != '\0'));
        ref = ref || (strcmp(entry->name, "ref") == 0 && entry->api != NULL);
        cpu = cpu || (strcmp(entry->name, "cpu") == 0 && entry->api != NULL);
    }
    assert_true(ref && cpu);
    assert_int_equal(backend_open("abacus", &(struct backend_options){0}, &backend, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "abacus"));
    assert_int_equal(backend_open("auto", &(struct backend_options){0}, &backend, &error), STATUS_OK);
    assert_string_not_equal(backend->api->name, "ref");
    struct device_info info;
    backend->api->describe(backend, &info);
    assert_true(info.name[0] != '\0' && info.memory_total > 0 && info.threads > 0);
    backend_close(backend);
    backend_close(NULL);
    enum precision precision;
    for (int i = 0; i < PRECISION_COUNT; i++) {
        assert_int_equal(precision_parse(precision_name((enum precision)i), &precision, &error), STATUS_OK);
        assert_int_equal(precision, i);
    }
    assert_int_equal(precision_parse("f8", &precision, &error), STATUS_INVALID);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_allocations), cmocka_unit_test(test_run),     cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_doubles),     cmocka_unit_test(test_threads), cmocka_unit_test(test_registry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
