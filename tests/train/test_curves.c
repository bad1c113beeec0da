// Loss curves of the trainer against PyTorch's, from the same weights over the same rows
// (tests/fixtures/make_train.py), on the reference backend and on the CPU's.
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/fixture.h"
#include "tests/support/sources.h"
#include "tests/support/trainers.h"

#define TABLE_ROWS 797

static const struct curve_case {
    const char *name, *settings;
    size_t rows, classes;   // classes 0: regression
    int64_t channels, side; // side 0: a table of 6 columns
    double tolerance;
} cases[] = {
    {"sgd", "model=mlp hidden=16,8 batch=8 lr=0.1 momentum=0", TABLE_ROWS, 3, 0, 0, 1e-5},
    {"momentum", "model=mlp hidden=16,8 batch=8 lr=0.05 momentum=0.9", TABLE_ROWS, 3, 0, 0, 1e-5},
    {"nesterov", "model=mlp hidden=16,8 batch=8 lr=0.05 momentum=0.9 nesterov=yes", TABLE_ROWS, 3, 0, 0, 1e-5},
    {"decay", "model=mlp hidden=16,8 activation=tanh batch=8 lr=0.05 momentum=0.9 weight_decay=0.01", TABLE_ROWS, 3, 0,
     0, 1e-5},
    {"smoothing", "model=mlp hidden=16,8 activation=sigmoid batch=8 lr=0.1 momentum=0.9 label_smoothing=0.1",
     TABLE_ROWS, 3, 0, 0, 1e-5},
    {"linear", "model=linear batch=8 lr=0.1 momentum=0.5 weight_decay=0.001", TABLE_ROWS, 3, 0, 0, 1e-5},
    {"squared", "model=mlp hidden=16,8 activation=tanh batch=8 lr=0.05 momentum=0.9", TABLE_ROWS, 0, 0, 0, 1e-5},
    {"adagrad", "model=mlp hidden=16,8 activation=tanh batch=8 lr=0.05 optimizer=adagrad", TABLE_ROWS, 3, 0, 0, 1e-5},
    {"rmsprop", "model=mlp hidden=16,8 activation=tanh batch=8 lr=0.002 optimizer=rmsprop momentum=0.5 rms_decay=0.95",
     TABLE_ROWS, 3, 0, 0, 1e-5},
    {"adam", "model=mlp hidden=16,8 activation=tanh batch=8 lr=0.01 optimizer=adam", TABLE_ROWS, 3, 0, 0, 1e-5},
    {"adamw", "model=mlp hidden=16,8 activation=tanh batch=8 lr=0.01 optimizer=adamw weight_decay=0.1", TABLE_ROWS, 3,
     0, 0, 1e-5},
    {"clipped", "model=mlp hidden=16,8 activation=tanh batch=8 lr=0.05 momentum=0.9 clip=0.3", TABLE_ROWS, 3, 0, 0,
     1e-5},
    {"absolute", "model=mlp hidden=16,8 activation=tanh batch=8 lr=0.02 momentum=0 loss=absolute", TABLE_ROWS, 0, 0, 0,
     1e-5},
    {"huber", "model=mlp hidden=16,8 activation=tanh batch=8 lr=0.05 momentum=0 loss=huber huber_delta=0.5", TABLE_ROWS,
     0, 0, 0, 1e-5},
    {"weighted",
     "model=mlp hidden=16,8 activation=tanh batch=8 lr=0.05 momentum=0 class_weights=0.5,3,1.25 label_smoothing=0.1",
     TABLE_ROWS, 3, 0, 0, 1e-5},
    {"averaged", "model=mlp hidden=16,8 activation=tanh batch=8 lr=0.05 momentum=0.9 ema=0.95", TABLE_ROWS, 3, 0, 0,
     1e-5},
    {"embedding", "model=mlp_embedding hidden=16,8 activation=tanh batch=8 lr=0.05 momentum=0.9", TABLE_ROWS, 3, 0, 0,
     1e-5},
    {"embedding_adam",
     "model=mlp_embedding embedding_width=7 hidden=16,8 activation=tanh batch=8 lr=0.01 optimizer=adam", TABLE_ROWS, 3,
     0, 0, 1e-5},
    {"scheduled",
     "model=mlp hidden=16,8 activation=tanh batch=8 lr=0.1 momentum=0.9 schedule=cosine warmup=0.25 epochs=1",
     TABLE_ROWS, 3, 0, 0, 1e-5},
    {"binary", "model=mlp loss=binary hidden=16,8 activation=tanh batch=8 lr=0.05 momentum=0.9", TABLE_ROWS, 2, 0, 0,
     1e-5},
    {"binary_weighted",
     "model=mlp loss=binary hidden=16,8 activation=tanh batch=8 lr=0.05 momentum=0 class_weights=0.5,3 "
     "label_smoothing=0.1",
     TABLE_ROWS, 2, 0, 0, 1e-5},
    {"lenet28", "model=lenet5 batch=2 lr=0.01 momentum=0.9", 40, 10, 1, 28, 1e-4},
    {"lenet32", "model=lenet5 batch=2 lr=0.01 momentum=0.9", 40, 10, 3, 32, 1e-4},
};

static void fill_table(struct source *source, const uint32_t *order) {
    float *x = source_numbers(source);
    for (uint32_t i = 0; i < TABLE_ROWS; i++) {
        float *row = x + (size_t)order[i] * 6;
        for (uint32_t j = 0; j < 6; j++) {
            row[j] = (float)(2 * fixture_unit(1, i * 6 + j) - 1);
        }
        if (source->classes > 0) {
            int32_t label = (int32_t)(fixture_unit(2, i) * (double)source->classes);
            source_labels(source)[order[i]] = label;
            row[label] += 1;
        } else {
            source_targets(source)[order[i]] =
                (float)((double)row[0] - 0.5 * (double)row[1] + (double)row[2] * (double)row[3]);
        }
    }
}

// The last two columns are indices.
static void fill_mixed(struct source *source, const uint32_t *order) {
    static const uint32_t categories[] = {9, 30};
    fill_table(source, order);
    for (size_t k = 0; k < 2; k++) {
        source_index(source, 4 + k, categories[k]);
        for (uint32_t i = 0; i < TABLE_ROWS; i++) {
            float index = (float)floor(fixture_unit(1, i * 6 + 4 + (uint32_t)k) * categories[k]);
            source_numbers(source)[(size_t)order[i] * 6 + 4 + k] = index;
        }
    }
}

static struct source *make_source(const struct curve_case *c, const struct train_params *params) {
    bool table = c->side == 0, mixed = strncmp(c->name, "embedding", strlen("embedding")) == 0;
    struct shape sample =
        table ? shape_make(1, (int64_t[]){6}) : shape_make(3, (int64_t[]){c->channels, c->side, c->side});
    return fixture_source(c->rows, sample, c->classes, (uint64_t)params->seed,
                          mixed ? fill_mixed : table ? fill_table : fixture_pictures);
}

// What is measured with averaged weights.
static void check_average(const struct curve_case *c, struct trainer *trainer) {
    struct evaluation evaluation;
    struct error error = {0};
    double want;
    fixture_read("evaluated", c->name, &want, 1);
    assert_int_equal(trainer_evaluate(trainer, PART_TRAIN, &evaluation, NULL, &error), STATUS_OK);
    assert_true(fabs(evaluation.loss / want - 1) <= c->tolerance);
}

static void check_case(const struct curve_case *c, const char *backend_name) {
    struct train_params params = test_params(c->settings);
    double want[200], norm, worst = 0;
    size_t count = fixture_read("curve", c->name, want, 200);
    fixture_read("weights", c->name, &norm, 1);
    struct source *source = make_source(c, &params);
    struct backend *backend = test_backend(backend_name);
    struct trainer *trainer = test_trainer(c->settings, source, backend);
    fixture_weights(trainer);
    for (size_t i = 0; i < count; i++) {
        struct step_result result = test_step(trainer);
        worst = fmax(worst, fabs(result.loss / want[i] - 1));
        if (!(fabs(result.loss / want[i] - 1) <= c->tolerance)) {
            fail_msg("%s on %s, step %zu: loss %.9g, PyTorch %.9g", c->name, backend_name, i + 1, result.loss, want[i]);
        }
        assert_int_equal(result.epoch_ended, i + 1 == count);
        if (i + 1 == count && fabs(result.weight_norm / norm - 1) > c->tolerance) {
            fail_msg("%s on %s: |w| %.9g, PyTorch %.9g", c->name, backend_name, result.weight_norm, norm);
        }
    }
    assert_true(fabs(test_norm(trainer, SLOT_WEIGHTS, trainer_model(trainer)->weight_count) / norm - 1) <=
                c->tolerance);
    if (params.ema > 0) {
        check_average(c, trainer);
    }
    print_message("%-10s %-4s worst relative difference %.1e\n", c->name, backend_name, worst);
    test_close(trainer, backend, source);
}

static void on_the_reference(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        check_case(&cases[i], "ref");
    }
}

static void on_the_cpu(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        check_case(&cases[i], "cpu");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(on_the_reference), cmocka_unit_test(on_the_cpu)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
