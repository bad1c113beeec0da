// Losses and their gradients against PyTorch's (tests/fixtures/make_train.py), and the weights of classes.
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/train/loss.h"
#include "tests/support/fixture.h"
#include "tests/support/op_cases.h"
#include "tests/support/sources.h"
#include "tests/support/trainers.h"

#define ROWS 5

static const struct loss_case {
    const char *name, *loss;
    size_t width;
    bool weighted;
    double smoothing, delta;
} cases[] = {
    {"cross_entropy", "cross_entropy", 3, false, 0, 0},
    {"smoothed", "cross_entropy", 3, false, 0.2, 0},
    {"weighted", "cross_entropy", 3, true, 0, 0},
    {"weighted_smoothed", "cross_entropy", 3, true, 0.2, 0},
    {"binary", "binary", 1, false, 0, 0},
    {"binary_smoothed", "binary", 1, false, 0.2, 0},
    {"binary_weighted", "binary", 1, true, 0.2, 0},
    {"squared", "squared", 1, false, 0, 0},
    {"absolute", "absolute", 1, false, 0, 0},
    {"huber", "huber", 1, false, 0, 0.75},
};

static struct buffer *make(struct backend *backend, enum dtype dtype, size_t count, const void *data) {
    struct buffer *buffer = NULL;
    struct error error = {0};
    assert_int_equal(backend->api->allocate(backend, dtype, count, &buffer, &error), STATUS_OK);
    if (data != NULL) {
        assert_int_equal(backend->api->upload(backend, buffer, 0, count, data, &error), STATUS_OK);
    }
    return buffer;
}

static bool classifies(const struct loss_case *c) {
    return strcmp(loss_task_name(c->loss), "classify") == 0;
}

static void fill(struct backend *backend, const struct loss_case *c, struct binding *binding) {
    float z[ROWS * 3], targets[ROWS], weights[] = {0.5f, 3, 1.25f};
    int32_t labels[ROWS];
    for (uint32_t i = 0; i < ROWS; i++) {
        labels[i] = (int32_t)(fixture_unit(8, i) * (c->width > 1 ? 3 : 2));
        targets[i] = (float)(4 * fixture_unit(9, i) - 2);
    }
    for (uint32_t i = 0; i < ROWS * c->width; i++) {
        z[i] = (float)(4 * fixture_unit(7, i) - 2);
    }
    binding->slots[SLOT_WEIGHTS] = make(backend, DTYPE_F32, ROWS * c->width, z);
    binding->slots[SLOT_LABELS] = make(backend, DTYPE_I32, ROWS, labels);
    binding->slots[SLOT_TARGETS] = make(backend, DTYPE_F32, ROWS, targets);
    binding->slots[SLOT_CLASS_WEIGHTS] = make(backend, DTYPE_F32, 3, weights);
    binding->slots[SLOT_OUTPUTS] = make(backend, DTYPE_F32, ROWS * c->width, NULL);
    binding->slots[SLOT_METRICS] = make(backend, DTYPE_F64, METRIC_SLOTS * METRIC_COUNT, NULL);
}

static void write_case(const struct loss_case *c, struct program *program) {
    struct shape wide = shape_make(2, (int64_t[]){ROWS, (int64_t)c->width}), rows = shape_make(1, (int64_t[]){ROWS});
    const struct loss *loss = NULL;
    struct error error = {0};
    bool classify = classifies(c);
    assert_int_equal(loss_choose(c->loss, classify ? SOURCE_CLASSIFY : SOURCE_REGRESS, &loss, &error), STATUS_OK);
    value_id z = program_value(program, SLOT_WEIGHTS, 0, DTYPE_F32, wide);
    value_id truth = classify ? program_value(program, SLOT_LABELS, 0, DTYPE_I32, rows)
                              : program_value(program, SLOT_TARGETS, 0, DTYPE_F32, wide);
    value_id gradient = loss_write(loss, program, DTYPE_F32, z, truth, c->weighted, true);
    value_id out = program_value(program, SLOT_OUTPUTS, 0, DTYPE_F32, wide);
    struct op *op = program_op(program, OP_COPY);
    op->in[0] = gradient;
    op->out[0] = out;
}

static void check_case(const struct loss_case *c, const char *name) {
    struct backend *backend = test_backend(name);
    struct binding binding = {{0}};
    struct program program = {.batch = ROWS};
    struct plan *plan = NULL;
    struct step_args args = {.label_smoothing = c->smoothing, .huber_delta = c->delta};
    struct error error = {0};
    double want[1 + ROWS * 3], have[1 + ROWS * 3], metrics[METRIC_COUNT];
    float gradient[ROWS * 3];
    size_t count = fixture_read("loss", c->name, want, sizeof want / sizeof want[0]);
    assert_int_equal(count, 1 + ROWS * c->width);
    fill(backend, c, &binding);
    write_case(c, &program);
    assert_int_equal(backend->api->prepare(backend, &program, &binding, &plan, &error), STATUS_OK);
    assert_int_equal(backend->api->run(backend, plan, &args, &error), STATUS_OK);
    assert_int_equal(backend->api->download(backend, binding.slots[SLOT_METRICS], 0, METRIC_COUNT, metrics, &error),
                     STATUS_OK);
    assert_int_equal(backend->api->download(backend, binding.slots[SLOT_OUTPUTS], 0, count - 1, gradient, &error),
                     STATUS_OK);
    have[0] = metrics[METRIC_LOSS] / metrics[METRIC_ROWS];
    for (size_t i = 1; i < count; i++) {
        have[i] = (double)gradient[i - 1];
    }
    print_message("%-18s %-4s off by %.1e\n", c->name, name, normalized_error(have, want, count));
    assert_true(fabs(have[0] / want[0] - 1) < 1e-6);
    assert_true(normalized_error(have + 1, want + 1, count - 1) < 1e-6);
    backend->api->discard(backend, plan);
    for (int i = 0; i < SLOT_COUNT; i++) {
        backend->api->release(backend, binding.slots[i]);
    }
    program_free(&program);
    backend_close(backend);
}

static void as_pytorch(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        check_case(&cases[i], "ref");
        check_case(&cases[i], "cpu");
    }
}

// ---- weights of classes -------------------------------------------------------------------------------------

static enum status weights_of(const char *text, struct source *source, float *weights, struct error *error) {
    struct train_params params = test_params("");
    snprintf(params.class_weights, sizeof params.class_weights, "%s", text);
    return loss_class_weights(&params, source, weights, error);
}

// n/(k·n_c), as scikit-learn's compute_class_weight("balanced"): 6 rows of class 0, 3 of 1, 1 of 2.
static void balanced_weights(void **state) {
    (void)state;
    struct source *source = source_zeros(10, shape_make(1, (int64_t[]){2}), DTYPE_F32, 4);
    const int32_t labels[] = {0, 0, 0, 0, 0, 0, 1, 1, 1, 2};
    float weights[4];
    struct error error = {0};
    memcpy(source_labels(source), labels, sizeof labels);
    assert_int_equal(weights_of("balanced", source, weights, &error), STATUS_OK);
    assert_true(fabs((double)weights[0] - 10.0 / 18) < 1e-7 && fabs((double)weights[1] - 10.0 / 9) < 1e-7);
    assert_true(fabs((double)weights[2] - 10.0 / 3) < 1e-6 && weights[3] == 1); // nobody is in it
    source_release(source);
}

static void given_weights(void **state) {
    (void)state;
    struct source *source = source_zeros(10, shape_make(1, (int64_t[]){2}), DTYPE_F32, 3);
    float weights[3];
    char text[200];
    struct error error = {0};
    assert_int_equal(weights_of("1,2.5,0.25", source, weights, &error), STATUS_OK);
    assert_true(weights[0] == 1 && weights[1] == 2.5f && weights[2] == 0.25f);
    snprintf(text, sizeof text, "%s=7", source->class_names[1]);
    assert_int_equal(weights_of(text, source, weights, &error), STATUS_OK);
    assert_true(weights[0] == 1 && weights[1] == 7 && weights[2] == 1);
    static const char *const wrong[] = {"", "1,2", "1,2,3,4", "1,2,0", "1,-2,3", "1,nan,3", "nobody=3", "=", "1,,3"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(weights_of(wrong[i], source, weights, &error), STATUS_INVALID);
        assert_non_null(strstr(error.text, "class weights"));
    }
    source_release(source);
}

static void what_fits_the_target(void **state) {
    (void)state;
    struct source *numbers = source_plane(20, 3, 1, 1);
    static const char *const wrong[] = {"label_smoothing=0.1", "class_weights=balanced"};
    for (size_t i = 0; i < 2; i++) {
        struct train_params params = test_params(wrong[i]);
        struct backend *backend = test_backend("ref");
        struct trainer *trainer = NULL;
        struct error error = {0};
        params.batch = 4;
        assert_int_equal(trainer_open(&trainer, &params, numbers, backend, &error), STATUS_INVALID);
        assert_non_null(strstr(error.text, "for classes"));
        backend_close(backend);
    }
    source_release(numbers);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_pytorch),
        cmocka_unit_test(balanced_weights),
        cmocka_unit_test(given_weights),
        cmocka_unit_test(what_fits_the_target),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
