// Every operation of every backend against plain loops. BATCHLAB_TEST_BACKEND=NAME tests that one
// alone, and fails where it is absent; otherwise all that are present are tested.
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "tests/support/op_cases.h"

// One part in a few million: f32 arithmetic in another order. Products on a GPU may round more.
static double tolerance_of(const char *name) {
    return strcmp(name, "cuda") == 0 ? 1e-4 : 5e-6;
}

static struct backend *open_backend(const char *name) {
    struct error error = {0};
    struct backend *backend = NULL;
    if (backend_open(name, &(struct backend_options){0}, &backend, &error)) {
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

static void compare_all(struct backend *backend, struct backend *ref, double tolerance) {
    size_t tested = 0;
    for (size_t i = 0; i < op_case_count; i++) {
        const struct op_case *c = &op_cases[i];
        struct op_result have = {0}, want = {0};
        if (!run_case(backend, c, i, &have)) {
            continue;
        }
        assert_true(run_case(ref, c, i, &want));
        compare("a result", have.output, want.output, want.outputs, tolerance, c);
        if (c->args.epoch > 0 && memcmp(have.output, want.output, want.outputs * sizeof *want.output) != 0) {
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
    compare_all(backend, ref, tolerance_of(name));
    backend_close(backend);
    backend_close(ref);
}

static bool wanted(const char *name) {
    const char *asked = getenv("BATCHLAB_TEST_BACKEND");
    return asked == NULL || *asked == '\0' || strcmp(asked, name) == 0;
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
                bool updates = first.inputs > 0 && strncmp(op_cases[i].name, "sgd", 3) == 0;
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_backends),
        cmocka_unit_test(test_kernel_sets),
        cmocka_unit_test(test_determinism),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
