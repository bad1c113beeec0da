// Every gradient of whole small models against central differences, in double, on the reference backend.
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/backend/backend.h"
#include "core/base/mem.h"
#include "core/nn/model.h"
#include "core/train/loss.h"
#include "tests/support/sources.h"

#define BATCH 5
#define DIFFERENCE 1e-6 // half the distance of two losses
#define TOLERANCE 1e-7  // of a gradient, plus the same share of it: rounding of the losses over DIFFERENCE

struct rig { // a model on the reference backend: its program computes loss and gradients, no step
    struct backend *backend;
    struct model *model;
    struct plan *plan;
    struct binding binding;
    struct step_args args;
    double *weights, *gradients;
};

static struct buffer *add_buffer(struct rig *rig, enum slot slot, enum dtype dtype, size_t count) {
    struct error error = {0};
    struct buffer *buffer = NULL;
    if (rig->backend->api->allocate(rig->backend, dtype, count, &buffer, &error)) {
        fail_msg("%s", error.text);
    }
    rig->binding.slots[slot] = buffer;
    return buffer;
}

static void fill_inputs(struct rig *rig, enum source_task task) {
    struct error error = {0};
    size_t count = BATCH * (size_t)shape_count(rig->model->sample);
    double *x = mem_alloc(count, sizeof *x), targets[BATCH];
    int32_t labels[BATCH];
    for (size_t i = 0; i < count; i++) {
        x[i] = 2 * fixture_unit(1, (uint32_t)i) - 1;
    }
    for (uint32_t i = 0; i < BATCH; i++) {
        labels[i] = (int32_t)(fixture_unit(2, i) * (double)rig->model->outputs);
        targets[i] = fixture_unit(2, i);
    }
    struct buffer *features = add_buffer(rig, SLOT_FEATURES, DTYPE_F64, count);
    rig->backend->api->upload(rig->backend, features, 0, count, x, &error);
    bool classify = task == SOURCE_CLASSIFY;
    struct buffer *truth =
        add_buffer(rig, classify ? SLOT_LABELS : SLOT_TARGETS, classify ? DTYPE_I32 : DTYPE_F64, BATCH);
    rig->backend->api->upload(rig->backend, truth, 0, BATCH, classify ? (void *)labels : (void *)targets, &error);
    mem_free(x);
}

static void fill_weights(struct rig *rig) {
    size_t count = rig->model->weight_count;
    float *start = mem_alloc(count, sizeof *start);
    rig->weights = mem_alloc(count, sizeof *rig->weights);
    rig->gradients = mem_alloc(count, sizeof *rig->gradients);
    model_initialize(rig->model, 7, start, NULL);
    for (size_t i = 0; i < count; i++) {
        rig->weights[i] = (double)start[i];
    }
    add_buffer(rig, SLOT_WEIGHTS, DTYPE_F64, count);
    add_buffer(rig, SLOT_GRADIENTS, DTYPE_F64, count);
    add_buffer(rig, SLOT_METRICS, DTYPE_F64, METRIC_SLOTS * METRIC_COUNT);
    mem_free(start);
}

static void prepare(struct rig *rig, enum source_task task) {
    struct error error = {0};
    struct program program = {.batch = BATCH};
    const struct loss *loss = NULL;
    struct layer_pass *passes = mem_alloc(rig->model->count + 1, sizeof *passes);
    value_id x = program_value(&program, SLOT_FEATURES, 0, DTYPE_F64, shape_batch(BATCH, rig->model->sample));
    value_id truth = task == SOURCE_CLASSIFY
                         ? program_value(&program, SLOT_LABELS, 0, DTYPE_I32, shape_make(1, &program.batch))
                         : program_value(&program, SLOT_TARGETS, 0, DTYPE_F64, shape_make(2, (int64_t[]){BATCH, 1}));
    value_id logits = model_forward(rig->model, &program, DTYPE_F64, true, x, passes);
    loss_choose("auto", task, &loss, &error);
    value_id gradient = loss->write(&program, DTYPE_F64, logits, truth, true);
    model_backward(rig->model, &program, gradient, passes);
    if (program_check(&program, &error) ||
        rig->backend->api->prepare(rig->backend, &program, &rig->binding, &rig->plan, &error)) {
        fail_msg("%s", error.text);
    }
    program_free(&program);
    mem_free(passes);
}

static void rig_open(struct rig *rig, const struct train_params *params, struct shape sample, int64_t outputs,
                     enum source_task task) {
    struct error error = {0};
    struct backend_options options = {0};
    *rig = (struct rig){.args = {.seed = 3, .step = 11, .label_smoothing = params->label_smoothing}};
    if (backend_open("ref", &options, &rig->backend, &error) ||
        model_make(params, sample, outputs, &rig->model, &error)) {
        fail_msg("%s", error.text);
    }
    fill_inputs(rig, task);
    fill_weights(rig);
    prepare(rig, task);
}

static void rig_close(struct rig *rig) {
    rig->backend->api->discard(rig->backend, rig->plan);
    for (int i = 0; i < SLOT_COUNT; i++) {
        rig->backend->api->release(rig->backend, rig->binding.slots[i]);
    }
    backend_close(rig->backend);
    model_free(rig->model);
    mem_free(rig->weights);
    mem_free(rig->gradients);
}

// Mean loss at the weights as they stand.
static double rig_loss(struct rig *rig) {
    struct error error = {0};
    double sums[METRIC_COUNT];
    const struct backend_api *api = rig->backend->api;
    if (api->upload(rig->backend, rig->binding.slots[SLOT_WEIGHTS], 0, rig->model->weight_count, rig->weights,
                    &error) ||
        api->run(rig->backend, rig->plan, &rig->args, &error) ||
        api->download(rig->backend, rig->binding.slots[SLOT_METRICS], 0, METRIC_COUNT, sums, &error)) {
        fail_msg("%s", error.text);
    }
    return sums[METRIC_LOSS] / BATCH;
}

// All weights of small layers, about `most` of each large one; returns how many gradients were not 0.
static size_t check_layer(struct rig *rig, const struct layer *layer, size_t most) {
    size_t stride = layer->weight_count / most + 1, alive = 0;
    for (size_t i = 0; i < layer->weight_count; i += stride) {
        size_t at = layer->weight_offset + i;
        double kept = rig->weights[at], gradient = rig->gradients[at];
        rig->weights[at] = kept + DIFFERENCE;
        double above = rig_loss(rig);
        rig->weights[at] = kept - DIFFERENCE;
        double numeric = (above - rig_loss(rig)) / (2 * DIFFERENCE);
        rig->weights[at] = kept;
        if (fabs(numeric - gradient) > TOLERANCE * (1 + fabs(gradient))) {
            fail_msg("%s, weight %zu: gradient %.12g, difference quotient %.12g", layer->name, i, gradient, numeric);
        }
        alive += gradient != 0;
    }
    return alive;
}

static void check_all(struct rig *rig, size_t most) {
    struct error error = {0};
    rig_loss(rig);
    assert_int_equal(rig->backend->api->download(rig->backend, rig->binding.slots[SLOT_GRADIENTS], 0,
                                                 rig->model->weight_count, rig->gradients, &error),
                     STATUS_OK);
    for (size_t i = 0; i < rig->model->count; i++) {
        const struct layer *layer = &rig->model->layers[i];
        size_t alive = check_layer(rig, layer, most);
        assert_true(layer->weight_count == 0 || alive > 0);
    }
}

static void check_model(const struct train_params *params, struct shape sample, int64_t outputs, enum source_task task,
                        size_t most) {
    struct rig rig;
    rig_open(&rig, params, sample, outputs, task);
    check_all(&rig, most);
    rig_close(&rig);
}

static struct train_params params_of(const char *model, const char *hidden, const char *activation) {
    struct train_params params;
    params_defaults(&train_table, &params);
    snprintf(params.model, sizeof params.model, "%s", model);
    snprintf(params.hidden, sizeof params.hidden, "%s", hidden);
    snprintf(params.activation, sizeof params.activation, "%s", activation);
    return params;
}

static struct shape row(int64_t features) {
    return shape_make(1, &features);
}

static void linear_with_smoothing(void **state) {
    (void)state;
    struct train_params params = params_of("linear", "8", "relu");
    check_model(&params, row(7), 4, SOURCE_CLASSIFY, 100);
    params.label_smoothing = 0.2;
    check_model(&params, row(7), 4, SOURCE_CLASSIFY, 100);
}

static void mlp_with_each_activation(void **state) {
    (void)state;
    for (int i = 0; i < ACTIVATION_COUNT; i++) {
        struct train_params params = params_of("mlp", "9,6", activation_name((enum activation)i));
        check_model(&params, row(5), 3, SOURCE_CLASSIFY, 200);
        check_model(&params, row(5), 1, SOURCE_REGRESS, 200);
    }
}

static void mlp_with_dropout(void **state) {
    (void)state;
    struct train_params params = params_of("mlp", "12,12", "tanh");
    params.dropout = 0.4;
    check_model(&params, row(5), 3, SOURCE_CLASSIFY, 200);
}

static void mlp_on_images(void **state) {
    (void)state;
    struct train_params params = params_of("mlp", "6", "sigmoid");
    check_model(&params, shape_make(3, (int64_t[]){2, 3, 4}), 3, SOURCE_CLASSIFY, 200);
}

static void lenet5_on_small_and_large_images(void **state) {
    (void)state;
    struct train_params params = params_of("lenet5", "1", "relu");
    params.label_smoothing = 0.1;
    check_model(&params, shape_make(3, (int64_t[]){1, 28, 28}), 10, SOURCE_CLASSIFY, 12);
    params = params_of("lenet5", "1", "tanh");
    params.dropout = 0.3;
    check_model(&params, shape_make(3, (int64_t[]){2, 33, 30}), 3, SOURCE_CLASSIFY, 8);
}

// What the architectures do not use: strides, padding, groups, no bias, average pooling.
static void build_odd(struct model *model) {
    struct error error = {0};
    struct layer layers[] = {
        {.kind = &layer_convolution,
         .setting.convolution =
             {.filters = 4, .kernel = {3, 2}, .stride = {2, 1}, .padding = {1, 0}, .groups = 1, .bias = true}},
        {.kind = &layer_activation, .setting.activation = ACTIVATION_TANH},
        {.kind = &layer_convolution,
         .setting.convolution = {.filters = 6, .kernel = {3, 3}, .stride = {1, 1}, .padding = {1, 1}, .groups = 2}},
        {.kind = &layer_pool,
         .setting.pool = {.kind = POOL_AVERAGE, .window = {3, 3}, .stride = {2, 2}, .padding = {1, 1}}},
        {.kind = &layer_pool,
         .setting.pool = {.kind = POOL_MAX, .window = {2, 2}, .stride = {1, 1}, .padding = {1, 0}}},
        {.kind = &layer_flatten},
        {.kind = &layer_dense, .setting.dense = {.outputs = 3}},
    };
    for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++) {
        layers[i].input = (int)i - 1;
        layers[i].other = -2;
        if (model_add(model, layers[i], &error)) {
            fail_msg("%s", error.text);
        }
    }
}

// A layer that joins two branches, so that an output with two readers gets the sum of their gradients.
static enum status join_configure(struct layer *layer, struct error *error) {
    (void)error;
    layer->out = layer->in;
    return STATUS_OK;
}

static void join_forward(const struct layer *layer, struct layer_pass *pass) {
    pass->output = program_temporary(pass->program, pass->real, shape_batch(pass->program->batch, layer->out));
    struct op *op = program_op(pass->program, OP_ADD);
    op->in[0] = pass->input;
    op->in[1] = pass->other;
    op->out[0] = pass->output;
}

static void join_backward(const struct layer *layer, struct layer_pass *pass) {
    (void)layer;
    pass->input_gradient = pass->output_gradient;
    pass->other_gradient = pass->output_gradient;
}

static const struct layer_kind layer_join = {
    .name = "join", .configure = join_configure, .forward = join_forward, .backward = join_backward};

static void build_branches(struct model *model) {
    struct error error = {0};
    struct layer layers[] = {
        {.kind = &layer_flatten, .input = -1, .other = -2},
        {.kind = &layer_dense, .input = 0, .other = -2, .setting.dense = {.outputs = 5, .bias = true}},
        {.kind = &layer_activation, .input = 1, .other = -2, .setting.activation = ACTIVATION_TANH},
        {.kind = &layer_dense, .input = 2, .other = -2, .setting.dense = {.outputs = 5, .bias = true}},
        {.kind = &layer_join, .input = 3, .other = 2},
        {.kind = &layer_dense, .input = 4, .other = -2, .setting.dense = {.outputs = 3, .bias = true}},
    };
    for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++) {
        assert_int_equal(model_add(model, layers[i], &error), STATUS_OK);
    }
}

static void check_built(void (*build)(struct model *model)) {
    struct rig rig = {.args = {.seed = 3}};
    struct error error = {0};
    struct backend_options options = {0};
    rig.model = mem_alloc(1, sizeof *rig.model);
    rig.model->sample = shape_make(3, (int64_t[]){2, 9, 8});
    rig.model->outputs = 3;
    build(rig.model);
    assert_int_equal(backend_open("ref", &options, &rig.backend, &error), STATUS_OK);
    fill_inputs(&rig, SOURCE_CLASSIFY);
    fill_weights(&rig);
    prepare(&rig, SOURCE_CLASSIFY);
    check_all(&rig, 300);
    rig_close(&rig);
}

static void every_setting_of_windows(void **state) {
    (void)state;
    check_built(build_odd);
}

static void branches_add_their_gradients(void **state) {
    (void)state;
    check_built(build_branches);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linear_with_smoothing),
        cmocka_unit_test(mlp_with_each_activation),
        cmocka_unit_test(mlp_with_dropout),
        cmocka_unit_test(mlp_on_images),
        cmocka_unit_test(lenet5_on_small_and_large_images),
        cmocka_unit_test(every_setting_of_windows),
        cmocka_unit_test(branches_add_their_gradients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
