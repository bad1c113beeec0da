// Every gradient of whole small models against central differences, in double, on the reference backend.
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/backend/backend.h"
#include "core/base/mem.h"
#include "core/nn/model_file.h"
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
    bool fused; // operations joined as in training
    const char *loss;
    int64_t classes;
    const uint32_t *categories; // NULL: every column is a number
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
        uint32_t below = rig->categories != NULL ? rig->categories[i % (count / BATCH)] : 0;
        double u = fixture_unit(1, (uint32_t)i);
        x[i] = below > 0 ? floor(u * below) : 2 * u - 1;
    }
    for (uint32_t i = 0; i < BATCH; i++) {
        labels[i] = (int32_t)(fixture_unit(2, i) * (double)rig->classes);
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
    float *state = mem_alloc(rig->model->state_count + 1, sizeof *state);
    model_initialize(rig->model, 7, start, state);
    for (size_t i = 0; i < count; i++) {
        rig->weights[i] = (double)start[i];
    }
    add_buffer(rig, SLOT_WEIGHTS, DTYPE_F64, count);
    add_buffer(rig, SLOT_GRADIENTS, DTYPE_F64, count);
    add_buffer(rig, SLOT_METRICS, DTYPE_F64, METRIC_SLOTS * METRIC_COUNT);
    if (rig->model->state_count > 0) { // figures of the batch are used in training: these may be anything
        add_buffer(rig, SLOT_STATE, DTYPE_F64, rig->model->state_count);
    }
    mem_free(start);
    mem_free(state);
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
    if (loss_choose(rig->loss, task, &loss, &error)) {
        fail_msg("%s", error.text);
    }
    value_id gradient = loss_write(loss, &program, DTYPE_F64, logits, truth, false, true);
    model_backward(rig->model, &program, gradient, passes);
    if (rig->fused) {
        program_fuse(&program);
    }
    if (program_check(&program, &error) ||
        rig->backend->api->prepare(rig->backend, &program, &rig->binding, &rig->plan, &error)) {
        fail_msg("%s", error.text);
    }
    program_free(&program);
    mem_free(passes);
}

static void rig_open(struct rig *rig, const struct train_params *params, struct shape sample, int64_t outputs,
                     enum source_task task, const uint32_t *categories) {
    struct error error = {0};
    struct backend_options options = {0};
    rig->args = (struct step_args){.seed = 3, .step = 11, .label_smoothing = params->label_smoothing};
    rig->loss = params->loss;
    rig->classes = outputs;
    rig->categories = categories;
    struct model_data data = {.sample = sample, .outputs = outputs, .categories = categories};
    data.outputs = strcmp(params->loss, "binary") == 0 ? 1 : outputs;
    if (backend_open("ref", &options, &rig->backend, &error) ||
        model_make(params, data, &rig->model, &error)) {
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
    struct rig rig = {.fused = sample.rank == 3}; // pooling and activations change places
    rig_open(&rig, params, sample, outputs, task, NULL);
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

// One table has rows that no row of the batch asks for: their gradient is 0.
static void embeddings(void **state) {
    (void)state;
    struct train_params params = params_of("mlp_embedding", "6", "tanh");
    static const uint32_t mixed[] = {0, 0, 3, 40}, indices[] = {2, 5};
    struct rig rig = {0};
    rig_open(&rig, &params, row(4), 3, SOURCE_CLASSIFY, mixed);
    check_all(&rig, 500);
    rig_close(&rig);
    rig = (struct rig){0};
    params.dropout = 0.3;
    params.embedding_width = 3;
    rig_open(&rig, &params, row(2), 1, SOURCE_REGRESS, indices);
    check_all(&rig, 500);
    rig_close(&rig);
}

static void binary_loss(void **state) {
    (void)state;
    struct train_params params = params_of("mlp", "9,6", "gelu");
    snprintf(params.loss, sizeof params.loss, "binary");
    check_model(&params, row(5), 2, SOURCE_CLASSIFY, 200);
    params.label_smoothing = 0.2;
    check_model(&params, row(5), 2, SOURCE_CLASSIFY, 200);
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

static void build_branches(struct model *model) {
    struct error error = {0};
    struct layer layers[] = {
        {.kind = &layer_flatten, .input = -1, .other = -2},
        {.kind = &layer_dense, .input = 0, .other = -2, .setting.dense = {.outputs = 5, .bias = true}},
        {.kind = &layer_activation, .input = 1, .other = -2, .setting.activation = ACTIVATION_TANH},
        {.kind = &layer_dense, .input = 2, .other = -2, .setting.dense = {.outputs = 5, .bias = true}},
        {.kind = &layer_add, .input = 3, .other = 2},
        {.kind = &layer_dense, .input = 4, .other = -2, .setting.dense = {.outputs = 3, .bias = true}},
    };
    for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++) {
        assert_int_equal(model_add(model, layers[i], &error), STATUS_OK);
    }
}

// Every layer that normalizes, joins or scales, in a residual block with a shortcut and one without.
static const char normal_net[] = "conv 6 3 stride 2 padding 1 no-bias start he\nbatch_norm\nrelu\n"
                                 "residual\n conv 6 3 padding 1 no-bias start he\n batch_norm\n relu\n"
                                 " conv 6 3 padding 1 no-bias\n batch_norm epsilon 0.01\nend\nrelu\n"
                                 "residual\n conv 8 3 stride 2 padding 1\n batch_norm\n"
                                 "shortcut\n conv 8 1 stride 2 start dirac\n batch_norm fixed-scale\nend\ntanh\n"
                                 "layer_norm\ngelu\nscale 0.7\nglobal_max_pool\ndense 7\nbatch_norm\nsilu\n"
                                 "layer_norm\ndense 3\n";

static void build_normal(struct model *model) {
    struct error error = {0};
    if (model_parse(model, "net.txt", normal_net, &error)) {
        fail_msg("%s", error.text);
    }
}

static void build_pooled(struct model *model) {
    struct error error = {0};
    if (model_parse(model, "net.txt", "conv 5 2\nsilu\nglobal_average_pool\nbatch_norm\ngelu\ndense 3\n", &error)) {
        fail_msg("%s", error.text);
    }
}

static void check_built(void (*build)(struct model *model), bool fused) {
    struct rig rig = {.args = {.seed = 3}, .fused = fused, .loss = "auto", .classes = 3};
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
    check_built(build_odd, false);
}

static void branches_add_their_gradients(void **state) {
    (void)state;
    check_built(build_branches, false);
}

static void normalization(void **state) {
    (void)state;
    check_built(build_normal, false);
    check_built(build_pooled, false);
}

// Joined operations have the same gradients.
static void joined_operations(void **state) {
    (void)state;
    check_built(build_normal, true);
    check_built(build_pooled, true);
    struct train_params params = params_of("mlp", "9,6", "relu");
    params.batch_norm = true;
    check_model(&params, row(5), 3, SOURCE_CLASSIFY, 200);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linear_with_smoothing),
        cmocka_unit_test(mlp_with_each_activation),
        cmocka_unit_test(mlp_with_dropout),
        cmocka_unit_test(mlp_on_images),
        cmocka_unit_test(embeddings),
        cmocka_unit_test(binary_loss),
        cmocka_unit_test(lenet5_on_small_and_large_images),
        cmocka_unit_test(every_setting_of_windows),
        cmocka_unit_test(branches_add_their_gradients),
        cmocka_unit_test(normalization),
        cmocka_unit_test(joined_operations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
