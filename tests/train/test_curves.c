// Loss curves of the trainer against PyTorch's, from the same weights over the same rows
// (tests/fixtures/make_train.py), on the reference backend and on the CPU's.
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/train/sampler.h"
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
    {"lenet28", "model=lenet5 batch=2 lr=0.01 momentum=0.9", 40, 10, 1, 28, 1e-4},
    {"lenet32", "model=lenet5 batch=2 lr=0.01 momentum=0.9", 40, 10, 3, 32, 1e-4},
};

static void fill_table(struct source *source, const uint32_t *order, size_t classes) {
    float *x = source_numbers(source);
    for (uint32_t i = 0; i < TABLE_ROWS; i++) {
        float *row = x + (size_t)order[i] * 6;
        for (uint32_t j = 0; j < 6; j++) {
            row[j] = (float)(2 * fixture_unit(1, i * 6 + j) - 1);
        }
        if (classes > 0) {
            int32_t label = (int32_t)(fixture_unit(2, i) * (double)classes);
            source_labels(source)[order[i]] = label;
            row[label] += 1;
        } else {
            source_targets(source)[order[i]] =
                (float)((double)row[0] - 0.5 * (double)row[1] + (double)row[2] * (double)row[3]);
        }
    }
}

static void fill_images(struct source *source, const uint32_t *order, size_t classes) {
    uint32_t pixels = (uint32_t)shape_count(source->sample);
    for (uint32_t i = 0; i < source->rows; i++) {
        for (uint32_t j = 0; j < pixels; j++) {
            source_pixels(source)[(size_t)order[i] * pixels + j] = (uint8_t)(fixture_unit(1, i * pixels + j) * 256);
        }
        source_labels(source)[order[i]] = (int32_t)(fixture_unit(2, i) * (double)classes);
    }
    for (int c = 0; c < 4; c++) {
        source->pixel_mean[c] = 0.5f;
        source->pixel_sd[c] = 0.25f;
    }
}

// The fixture's row i lies where the sampler goes i-th.
static struct source *make_source(const struct curve_case *c, const struct train_params *params) {
    bool table = c->side == 0;
    struct shape sample =
        table ? shape_make(1, (int64_t[]){6}) : shape_make(3, (int64_t[]){c->channels, c->side, c->side});
    struct source *source = source_zeros(c->rows, sample, table ? DTYPE_F32 : DTYPE_U8, c->classes);
    struct sampler sampler;
    struct error error = {0};
    bool fresh;
    assert_int_equal(sampler_open(&sampler, source->part_rows[PART_TRAIN], c->rows, (uint64_t)params->seed, &error),
                     STATUS_OK);
    (table ? fill_table : fill_images)(source, sampler_order(&sampler, &fresh), c->classes);
    sampler_close(&sampler);
    return source;
}

static void set_weights(struct trainer *trainer) {
    const struct model *model = trainer_model(trainer);
    float *weights = mem_alloc(model->weight_count, sizeof *weights);
    struct error error = {0};
    for (size_t i = 0; i < model->count; i++) {
        const struct layer *layer = &model->layers[i];
        double fan_in = layer->in.rank == 3 ? (double)layer->in.size[0] * 25 : (double)layer->in.size[0];
        for (size_t j = 0; j < layer->weight_count; j++) {
            uint32_t at = (uint32_t)(layer->weight_offset + j);
            weights[at] = (float)(1 / sqrt(fan_in) * (2 * fixture_unit(3, at) - 1));
        }
    }
    assert_int_equal(trainer_set_weights(trainer, weights, &error), STATUS_OK);
    mem_free(weights);
}

static double weight_norm(struct trainer *trainer) {
    size_t count = trainer_model(trainer)->weight_count;
    float *weights = mem_alloc(count, sizeof *weights);
    struct error error = {0};
    double sum = 0;
    assert_int_equal(trainer_weights(trainer, weights, &error), STATUS_OK);
    for (size_t i = 0; i < count; i++) {
        sum += (double)weights[i] * (double)weights[i];
    }
    mem_free(weights);
    return sqrt(sum);
}

static void check_case(const struct curve_case *c, const char *backend_name) {
    struct train_params params = test_params(c->settings);
    double want[200], norm, worst = 0;
    size_t count = fixture_read("curve", c->name, want, 200);
    fixture_read("weights", c->name, &norm, 1);
    struct source *source = make_source(c, &params);
    struct backend *backend = test_backend(backend_name);
    struct trainer *trainer = test_trainer(c->settings, source, backend);
    set_weights(trainer);
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
    assert_true(fabs(weight_norm(trainer) / norm - 1) <= c->tolerance);
    print_message("%-10s %-4s worst relative difference %.1e\n", c->name, backend_name, worst);
    trainer_close(trainer);
    backend_close(backend);
    source_release(source);
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
