// Every operation of every backend against plain loops. BATCHLAB_TEST_BACKEND=NAME tests that one
// alone, and fails where it is absent; otherwise all that are present are tested. BATCHLAB_TEST_PRECISION=NAME has it
// compute in that precision.
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "tests/support/op_cases.h"

// One part in a few million: f32 arithmetic in another order. Products on a GPU may round more. In other precisions
// what lies between operations is rounded too, to a few of their units; where that carries a value over a kink (of
// ReLU, of a largest value) a slope appears or vanishes: a share of about `unit` of all, whose norm is its root. Muon's
// fifteen products of steep polynomials get as much.
static double tolerance_of(const char *name, const struct op_case *c) {
    double most = strcmp(name, "cuda") == 0 ? 1e-4 : 5e-6, unit = precision_unit(op_case_precision());
    bool muon = strstr(c->name, "muon") != NULL;
    bool several = strstr(c->name, "chain") != NULL || strstr(c->name, "block") != NULL;
    bool kinks = strstr(c->name, "relu") != NULL || strstr(c->name, "image") != NULL || strstr(c->name, "block") != NULL;
    if (op_case_precision() == PRECISION_F32) {
        return most;
    }
    return (several && kinks) || muon ? 3 * sqrt(unit) : several ? 16 * unit : 4 * unit;
}

static struct backend *open_backend(const char *name) {
    struct error error = {0};
    struct backend *backend = NULL;
    struct backend_options options = {.precision = strcmp(name, "ref") == 0 ? PRECISION_F32 : op_case_precision()};
    if (backend_open(name, &options, &backend, &error)) {
        fail_msg("%s", error.text);
    }
    return backend;
}

static void compare(const char *what, const double *a, const double *b, size_t count, double tolerance,
                    const struct op_case *c) {
    double off = normalized_error(a, b, count);
    if (!(off < tolerance)) {
        fail_msg("%s %lld×%lld×%lld×%lld variant %d: %s is off by %g", c->name, (long long)c->size[0],
                 (long long)c->size[1], (long long)c->size[2], (long long)c->size[3], c->variant, what, off);
    }
}

static bool run_case(struct backend *backend, const struct op_case *c, uint64_t seed, struct op_result *result) {
    struct error error = {0};
    enum status status = op_case_run(backend, c, DTYPE_F32, seed, NULL, 1, result, &error);
    if (status == STATUS_UNSUPPORTED) {
        op_result_free(result);
        print_message("%s: %s\n", c->name, error.text);
        return false;
    }
    if (status != STATUS_OK) {
        fail_msg("%s: %s", c->name, error.text);
    }
    return true;
}

static void compare_all(struct backend *backend, struct backend *ref, const char *name) {
    size_t tested = 0;
    for (size_t i = 0; i < op_case_count; i++) {
        const struct op_case *c = &op_cases[i];
        struct op_result have = {0}, want = {0};
        double tolerance = tolerance_of(name, c);
        if (!run_case(backend, c, i, &have)) {
            continue;
        }
        assert_true(run_case(ref, c, i, &want));
        compare("a result", have.output, want.output, want.outputs, tolerance, c);
        if (c->args.epoch > 0 && op_case_precision() == PRECISION_F32 && memcmp(have.output, want.output, want.outputs * sizeof *want.output) != 0) {
            fail_msg("%s: pictures are not changed bit for bit as by the reference", c->name);
        }
        compare("what it read or updated", have.input, want.input, want.inputs, tolerance, c);
        compare("the velocity", have.moment, want.moment, want.moments, tolerance, c);
        for (int k = 0; k < METRIC_COUNT; k++) {
            compare("a figure", &have.metrics[k], &want.metrics[k], 1, tolerance, c);
        }
        if (want.whole > 0) {
            assert_memory_equal(have.integer, want.integer, want.whole * sizeof *want.integer);
        }
        op_result_free(&have);
        op_result_free(&want);
        tested++;
    }
    print_message("%zu of %zu cases\n", tested, op_case_count);
    assert_true(tested > 0);
}

static void against_ref(const char *name) {
    struct backend *backend = open_backend(name), *ref = open_backend("ref");
    struct device_info info;
    backend->api->describe(backend, &info);
    print_message("%s: %s, %s\n", name, info.name, info.detail);
    compare_all(backend, ref, name);
    backend_close(backend);
    backend_close(ref);
}

static bool wanted(const char *name) {
    const char *asked = getenv("BATCHLAB_TEST_BACKEND");
    return asked == NULL || *asked == '\0' || strcmp(asked, name) == 0;
}

// ---- bf16: 8 bits of every operand of a product, sums in f32 -----------------------------------------

// To the nearest number of 8 significant bits, ties to the even one; no case comes near the ends of the range.
static double round_to_bf16(double x) {
    int exponent = 0;
    double mantissa = frexp(x, &exponent);
    return ldexp(nearbyint(mantissa * 256), exponent - 8);
}

static void run_bf16(struct backend *backend, const struct op_case *c, const double *inputs, struct op_result *result) {
    struct error error = {0};
    if (op_case_run(backend, c, DTYPE_F32, 1, inputs, 1, result, &error)) {
        fail_msg("%s: %s", c->name, error.text);
    }
}

// Operands of one product that are bf16 already are not rounded again: what is left is the order of a sum.
static void compare_rounded(struct backend *backend, struct backend *ref, const struct op_case *c, struct op_result *at) {
    struct op_result have = {0}, want = {0};
    for (size_t i = 0; i < at->inputs; i++) {
        at->input[i] = round_to_bf16(at->input[i]);
    }
    run_bf16(backend, c, at->input, &have);
    run_bf16(ref, c, at->input, &want);
    compare("a result of bf16 numbers", have.output, want.output, want.outputs, 5e-6, c);
    op_result_free(&have);
    op_result_free(&want);
}

// Each operand is off by at most 2^-9 of itself. In a chain that changes slopes too: of a ReLU where what goes in comes
// across 0 (one in a thousand, 4 % of the gradient's length), of a tanh near its ends.
static bool compare_bf16(struct backend *backend, struct backend *ref, const struct op_case *c) {
    struct op_result have = {0}, want = {0};
    bool named = strncmp(c->name, "convolution", 11) == 0 || strncmp(c->name, "dense", 5) == 0;
    bool product = named && strstr(c->name, "chain") == NULL;
    run_bf16(backend, c, NULL, &have);
    run_bf16(ref, c, NULL, &want);
    compare("a result in bf16", have.output, want.output, want.outputs, product ? 4e-3 : 5e-2, c);
    bool rounded = normalized_error(have.output, want.output, want.outputs) > 1e-4;
    if (product) {
        compare_rounded(backend, ref, c, &want);
    }
    op_result_free(&have);
    op_result_free(&want);
    return rounded;
}

static void test_bf16(void **state) {
    (void)state;
    struct backend_options options = {.precision = PRECISION_BF16};
    struct backend *backend = NULL, *ref = open_backend("ref");
    struct error error = {0};
    size_t rounded = 0;
    if (!wanted("cpu") || backend_open("cpu", &options, &backend, &error)) {
        print_message("%s\n", error.text);
        backend_close(ref);
        skip();
    }
    for (size_t i = 0; i < op_case_count; i++) {
        rounded += compare_bf16(backend, ref, &op_cases[i]);
    }
    print_message("%zu of %zu cases were rounded\n", rounded, op_case_count);
    assert_true(rounded > 20);
    backend_close(backend);
    backend_close(ref);
}

static void test_backends(void **state) {
    (void)state;
    const char *asked = getenv("BATCHLAB_TEST_BACKEND");
    if (asked != NULL && *asked != '\0') {
        against_ref(asked);
        return;
    }
    for (size_t i = 0; i < backend_count(); i++) {
        const struct backend_entry *entry = backend_entry(i);
        if (entry->api != NULL && strcmp(entry->name, "ref") != 0) {
            against_ref(entry->name);
        }
    }
}

// Each set of kernels, whatever this processor would choose by itself.
static void test_kernel_sets(void **state) {
    (void)state;
    static const char *const sets[] = {"portable", "avx2", "avx512"};
    for (size_t i = 0; wanted("cpu") && i < sizeof sets / sizeof *sets; i++) {
        setenv("BATCHLAB_KERNELS", sets[i], 1);
        against_ref("cpu");
    }
    unsetenv("BATCHLAB_KERNELS");
}

// The same bits from run to run, in a new plan and in the same.
static void test_determinism(void **state) {
    (void)state;
    for (size_t k = 0; k < backend_count(); k++) {
        const struct backend_entry *entry = backend_entry(k);
        if (entry->api == NULL || !wanted(entry->name)) {
            continue;
        }
        struct backend *backend = open_backend(entry->name);
        for (size_t i = 0; i < op_case_count; i++) {
            struct op_result first = {0}, second = {0};
            struct error error = {0};
            if (run_case(backend, &op_cases[i], 1, &first)) {
                bool updates = first.inputs > 0 && (strncmp(op_cases[i].name, "sgd", 3) == 0 ||
                                                     strncmp(op_cases[i].name, "update", 6) == 0);
                assert_int_equal(op_case_run(backend, &op_cases[i], DTYPE_F32, 1, NULL, updates ? 1 : 3, &second, &error),
                                 STATUS_OK);
                assert_memory_equal(first.output, second.output, first.outputs * sizeof *first.output);
                assert_memory_equal(first.input, second.input, first.inputs * sizeof *first.input);
                assert_memory_equal(first.metrics, second.metrics, sizeof first.metrics);
            }
            op_result_free(&first);
            op_result_free(&second);
        }
        backend_close(backend);
    }
}

static const struct op_case *first_case(const char *name) {
    size_t i = 0;
    while (strcmp(op_cases[i].name, name) != 0) {
        i++;
        assert_true(i < op_case_count);
    }
    return &op_cases[i];
}

// Rows and figures that are not there are refused before anything is read or written.
static void refuses_steps(const char *name) {
    static const struct step_args wrong[] = {
        {.first = SIZE_MAX}, {.first = 1000000}, {.metric_slot = METRIC_SLOTS}, {.metric_slot = -1}};
    struct backend *backend = open_backend(name);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct op_case c = *first_case("gather targets");
        struct op_result result = {0};
        struct error error = {0};
        c.args = wrong[i];
        assert_int_equal(op_case_run(backend, &c, DTYPE_F32, 1, NULL, 1, &result, &error), STATUS_INVALID);
        assert_non_null(strstr(error.text, i < 2 ? "goes beyond" : "no metric slot"));
        op_result_free(&result);
    }
    backend_close(backend);
}

static void test_refusals(void **state) {
    (void)state;
    for (size_t i = 0; i < backend_count(); i++) {
        if (backend_entry(i)->api != NULL && wanted(backend_entry(i)->name)) {
            refuses_steps(backend_entry(i)->name);
        }
    }
}

// A GPU that has not as much memory says so in a sentence, and goes on computing.
static void test_out_of_memory(void **state) {
    (void)state;
    struct backend *gpu = NULL, *ref = open_backend("ref");
    for (size_t i = 0; i < backend_count(); i++) {
        if (strcmp(backend_entry(i)->name, "cuda") == 0 && backend_entry(i)->api != NULL && wanted("cuda")) {
            gpu = open_backend("cuda");
        }
    }
    if (gpu != NULL) {
        struct buffer *buffer = NULL;
        struct error error = {0};
        assert_int_equal(gpu->api->allocate(gpu, DTYPE_F32, (size_t)1 << 44, &buffer, &error), STATUS_MEMORY);
        assert_non_null(strstr(error.text, "ran out of memory"));
        assert_null(buffer);
        struct op_result have = {0}, want = {0};
        assert_true(run_case(gpu, &op_cases[0], 1, &have) && run_case(ref, &op_cases[0], 1, &want));
        compare("a result", have.output, want.output, want.outputs, tolerance_of("cuda", &op_cases[0]), &op_cases[0]);
        op_result_free(&have);
        op_result_free(&want);
    }
    backend_close(gpu);
    backend_close(ref);
    if (gpu == NULL) {
        skip();
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_backends),
        cmocka_unit_test(test_kernel_sets),
        cmocka_unit_test(test_bf16),
        cmocka_unit_test(test_determinism),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
