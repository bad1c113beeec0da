// Shapes, weight counts, names, refusals and starting weights of layers and architectures.
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/nn/build.h"
#include "core/nn/model.h"

static struct train_params params_of(const char *model) {
    struct train_params params;
    params_defaults(&train_table, &params);
    snprintf(params.model, sizeof params.model, "%s", model);
    return params;
}

static struct shape image(int64_t channels, int64_t height, int64_t width) {
    return shape_make(3, (int64_t[]){channels, height, width});
}

static struct shape row(int64_t features) {
    return shape_make(1, &features);
}

static struct model *make(const struct train_params *params, struct shape sample, int64_t outputs) {
    struct model *model = NULL;
    struct error error = {0};
    if (model_make(params, (struct model_data){.sample = sample, .outputs = outputs}, &model, &error)) {
        fail_msg("%s", error.text);
    }
    return model;
}

static void assert_refused(const struct train_params *params, struct shape sample, int64_t outputs, const char *word) {
    struct model *model = NULL;
    struct error error = {0};
    struct model_data data = {.sample = sample, .outputs = outputs};
    assert_int_equal(model_make(params, data, &model, &error), STATUS_INVALID);
    assert_null(model);
    if (strstr(error.text, word) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", error.text, word);
    }
}

// PyTorch's own counts: sum(p.numel() for p in net.parameters()) of the same networks.
static void weight_counts(void **state) {
    (void)state;
    const struct {
        const char *model, *hidden;
        struct shape sample;
        int64_t outputs;
        size_t weights;
    } cases[] = {
        {"lenet5", "1", image(3, 32, 32), 10, 62006},
        {"lenet5", "1", image(1, 28, 28), 10, 61706},
        {"mlp", "64,64", row(30), 2, 6274},
        {"mlp", "512,512", image(1, 28, 28), 10, 669706},
        {"linear", "1", row(4), 3, 15},
        {"linear", "1", image(1, 8, 8), 10, 650},
        {"resnet18", "1", image(3, 32, 32), 10, 11173962},
        {"resnet18_imagenet", "1", image(3, 32, 32), 10, 11181642},
        {"resnet18_imagenet", "1", image(3, 224, 224), 1000, 11689512},
        {"resnet20", "1", image(3, 32, 32), 10, 272474},
        {"fastnet", "1", image(3, 32, 32), 10, 1971352}, // and 288 frozen ones
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct train_params params = params_of(cases[i].model);
        snprintf(params.hidden, sizeof params.hidden, "%s", cases[i].hidden);
        struct model *model = make(&params, cases[i].sample, cases[i].outputs);
        assert_int_equal(model->weight_count, cases[i].weights);
        size_t sum = 0;
        for (size_t j = 0; j < model->count; j++) {
            assert_int_equal(model->layers[j].weight_offset, sum);
            sum += model->layers[j].weight_count;
        }
        assert_int_equal(sum, cases[i].weights);
        model_free(model);
    }
}

static void lenet5_shapes(void **state) {
    (void)state;
    struct train_params params = params_of("lenet5");
    struct model *model = make(&params, image(1, 28, 28), 10);
    const char *shapes[] = {"6×28×28", "6×28×28", "6×14×14", "16×10×10", "16×10×10", "16×5×5",
                            "400",     "120",     "120",     "84",       "84",       "10"};
    const char *names[] = {"conv1",    "relu1",  "max_pool1", "conv2",  "relu2", "max_pool2",
                           "flatten1", "dense1", "relu3",     "dense2", "relu4", "dense3"};
    assert_int_equal(model->count, sizeof names / sizeof names[0]);
    for (size_t i = 0; i < model->count; i++) {
        char text[64];
        assert_string_equal(model->layers[i].name, names[i]);
        assert_string_equal(shape_text(model->layers[i].out, text), shapes[i]);
    }
    char settings[96];
    assert_string_equal(layer_convolution.describe(&model->layers[0], settings), "6 filters 5×5, padding 2");
    assert_string_equal(layer_pool.describe(&model->layers[2], settings), "max 2×2, stride 2");
    assert_string_equal(layer_dense.describe(&model->layers[7], settings), "400 → 120");
    model_free(model);
}

static void batch_norm_stands_behind_every_hidden_layer(void **state) {
    (void)state;
    struct train_params params = params_of("lenet5");
    params.batch_norm = true;
    struct model *model = make(&params, image(1, 28, 28), 10);
    size_t norms = 0;
    for (size_t i = 0; i < model->count; i++) {
        if (model->layers[i].kind == &layer_batch_norm) {
            const struct layer *before = &model->layers[i - 1];
            assert_true(before->kind == &layer_convolution || before->kind == &layer_dense);
            assert_string_equal(model->layers[i + 1].kind->name, "activation");
            norms++;
        }
    }
    assert_int_equal(norms, 4);
    assert_false(model->layers[0].setting.convolution.bias); // the shift of the norm does that
    model_free(model);
}

static void automatic_choice(void **state) {
    (void)state;
    struct train_params params = params_of("auto");
    const struct {
        struct shape sample;
        const char *name;
    } cases[] = {{image(1, 28, 28), "lenet5"},
                 {image(3, 40, 30), "lenet5"},
                 {image(1, 27, 60), "mlp"},
                 {image(1, 8, 8), "mlp"},
                 {row(5000), "mlp"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct model *model = make(&params, cases[i].sample, 4);
        assert_string_equal(model->name, cases[i].name);
        model_free(model);
    }
}

static void dropout_and_activation_follow_the_parameters(void **state) {
    (void)state;
    struct train_params params = params_of("mlp");
    params.dropout = 0.25;
    snprintf(params.activation, sizeof params.activation, "tanh");
    struct model *model = make(&params, row(3), 2);
    const char *names[] = {"dense1", "tanh1", "dropout1", "dense2", "tanh2", "dropout2", "dense3"};
    assert_int_equal(model->count, 7);
    for (size_t i = 0; i < model->count; i++) {
        assert_string_equal(model->layers[i].name, names[i]);
        assert_int_equal(model->layers[i].index, i);
    }
    assert_true(model->layers[2].setting.dropout == 0.25);
    model_free(model);
}

static void refusals(void **state) {
    (void)state;
    struct train_params params = params_of("lenet5");
    assert_refused(&params, row(30), 2, "lenet5 does not fit samples of shape 30");
    assert_refused(&params, image(1, 27, 28), 2, "1×27×28");
    params = params_of("mlp");
    params.hidden[0] = '\0';
    assert_refused(&params, row(3), 2, "hidden widths");
    snprintf(params.hidden, sizeof params.hidden, "65536,65536");
    assert_refused(&params, row(3), 2, "dense2");
    memset(params.hidden, 0, sizeof params.hidden);
    for (int i = 0; i < 65; i++) {
        snprintf(params.hidden + 2 * i, sizeof params.hidden - (size_t)(2 * i), "%s", i < 64 ? "2," : "2");
    }
    assert_refused(&params, row(3), 2, "at most 64");
    params = params_of("resnet");
    assert_refused(&params, row(3), 2, "resnet");
    params = params_of("resnet18");
    assert_refused(&params, row(3), 2, "images of at least 8×8");
    params = params_of("fastnet");
    assert_refused(&params, image(3, 28, 28), 2, "31×31");
    params = params_of("linear");
    assert_refused(&params, row(3), 0, "0 outputs");
    assert_refused(&params, row(0), 2, "no model");
    params = params_of("mlp");
    snprintf(params.activation, sizeof params.activation, "wave");
    assert_refused(&params, row(3), 2, "wave");
}

static void layers_refuse_what_does_not_fit(void **state) {
    (void)state;
    struct model model = {.sample = image(2, 6, 6)};
    const struct {
        struct layer layer;
        const char *word;
    } cases[] = {
        {{.kind = &layer_dense, .setting.dense = {.outputs = 3}}, "flatten"},
        {{.kind = &layer_convolution,
          .setting.convolution = {.filters = 1, .kernel = {7, 7}, .stride = {1, 1}, .groups = 1}},
         "7×7"},
        {{.kind = &layer_convolution,
          .setting.convolution = {.filters = 3, .kernel = {3, 3}, .stride = {1, 1}, .groups = 2}},
         "groups"},
        {{.kind = &layer_convolution,
          .setting.convolution = {.filters = 3, .kernel = {3, 3}, .stride = {0, 1}, .groups = 1}},
         "stride"},
        {{.kind = &layer_pool, .setting.pool = {.window = {2, 2}, .stride = {2, 2}, .padding = {2, 2}}}, "half"},
        {{.kind = &layer_pool, .setting.pool = {.window = {9, 2}, .stride = {2, 2}}}, "9×2"},
        {{.kind = &layer_dropout, .setting.dropout = 1}, "dropout"},
        {{.kind = &layer_dropout, .setting.dropout = NAN}, "dropout"},
        {{.kind = &layer_activation, .setting.activation = ACTIVATION_COUNT}, "activation"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct error error = {0};
        struct layer layer = cases[i].layer;
        layer.input = -1;
        layer.other = -2;
        assert_int_equal(model_add(&model, layer, &error), STATUS_INVALID);
        assert_int_equal(model.count, 0);
        if (strstr(error.text, cases[i].word) == NULL) {
            fail_msg("\"%s\" does not say \"%s\"", error.text, cases[i].word);
        }
    }
    mem_free(model.layers);
}

// Uniform in ±1/√fan_in: bounds are kept and nearly reached, mean 0, variance bound²/3.
static void starting_weights(void **state) {
    (void)state;
    struct train_params params = params_of("lenet5");
    struct model *model = make(&params, image(3, 32, 32), 10);
    float *weights = mem_alloc(model->weight_count, sizeof *weights),
          *again = mem_alloc(model->weight_count, sizeof *again);
    model_initialize(model, 5, weights, NULL);
    model_initialize(model, 5, again, NULL);
    assert_memory_equal(weights, again, model->weight_count * sizeof *weights);
    model_initialize(model, 6, again, NULL);
    assert_memory_not_equal(weights, again, model->weight_count * sizeof *weights);
    const double fan_in[] = {75, 0, 0, 150, 0, 0, 0, 400, 0, 120, 0, 84};
    for (size_t i = 0; i < model->count; i++) {
        const struct layer *layer = &model->layers[i];
        double most = 0, sum = 0, squares = 0, count = (double)layer->weight_count;
        for (size_t j = 0; j < layer->weight_count; j++) {
            double w = (double)weights[layer->weight_offset + j];
            most = fmax(most, fabs(w));
            sum += w;
            squares += w * w;
        }
        if (layer->weight_count == 0) {
            continue;
        }
        double bound = 1 / sqrt(fan_in[i]);
        assert_true(most <= bound * (1 + 1e-7) && most > 0.95 * bound);
        assert_true(fabs(sum / count) < 4 * bound / sqrt(3 * count));
        assert_true(fabs(squares / count - bound * bound / 3) < 0.1 * bound * bound);
    }
    mem_free(weights);
    mem_free(again);
    model_free(model);
}

// 2·MACs plus one addition per output for the bias; LeNet-5's first layer: 6·28·28·75 MACs.
static void figures(void **state) {
    (void)state;
    struct train_params params = params_of("lenet5");
    struct model *model = make(&params, image(3, 32, 32), 10);
    struct layer_figures first = model_figures(model, 0), dense = model_figures(model, 7);
    assert_true(first.flops == 2.0 * 6 * 28 * 28 * 75 + 6 * 28 * 28);
    assert_int_equal(first.weights, 456);
    assert_int_equal(first.activation_bytes, 6 * 28 * 28 * 4);
    assert_true(dense.flops == 2.0 * 400 * 120 + 120);
    model_free(model);
}

// Multiplications of a forward pass as published: 0.555, 0.037 and 1.814, 0.0408, 0.118 thousand millions.
static void multiplications(void **state) {
    (void)state;
    const struct {
        const char *model;
        struct shape sample;
        int64_t outputs;
        double multiplications;
    } cases[] = {
        {"resnet18", image(3, 32, 32), 10, 555422720},
        {"resnet18_imagenet", image(3, 32, 32), 10, 37016576},
        {"resnet18_imagenet", image(3, 224, 224), 1000, 1814073344},
        {"resnet20", image(3, 32, 32), 10, 40813184},
        {"fastnet", image(3, 32, 32), 10, 118.1e6},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct train_params params = params_of(cases[i].model);
        struct model *model = make(&params, cases[i].sample, cases[i].outputs);
        double sum = 0;
        for (size_t j = 0; j < model->count; j++) {
            const struct layer *layer = &model->layers[j];
            bool product = layer->kind == &layer_convolution || layer->kind == &layer_dense;
            bool bias = layer->kind == &layer_dense ? layer->setting.dense.bias : layer->setting.convolution.bias;
            double biases = bias ? (double)shape_count(layer->out) : 0;
            sum += product ? (model_figures(model, j).flops - biases) / 2 : 0;
        }
        if (fabs(sum / cases[i].multiplications - 1) > 1e-3) {
            fail_msg("%s: %.0f multiplications instead of %.0f", cases[i].model, sum, cases[i].multiplications);
        }
        model_free(model);
    }
}

// He: variance 2/fan_out; norms start as the identity, their running figures as 0 and 1.
static void starting_weights_of_resnets(void **state) {
    (void)state;
    struct train_params params = params_of("resnet20");
    struct model *model = make(&params, image(3, 32, 32), 10);
    float *weights = mem_alloc(model->weight_count, sizeof *weights);
    float *figures = mem_alloc(model->state_count, sizeof *figures);
    model_initialize(model, 5, weights, figures);
    for (size_t i = 0; i < model->count; i++) {
        const struct layer *layer = &model->layers[i];
        double squares = 0;
        for (size_t j = 0; j < layer->weight_count; j++) {
            double w = (double)weights[layer->weight_offset + j];
            squares += w * w;
            assert_true(layer->kind != &layer_batch_norm || w == (j < layer->weight_count / 2 ? 1 : 0));
        }
        for (size_t j = 0; j < layer->state_count; j++) {
            assert_true(figures[layer->state_offset + j] == (j < layer->state_count / 2 ? 0 : 1));
        }
        if (layer->kind == &layer_convolution) {
            const int *kernel = layer->setting.convolution.kernel;
            double fan_out = (double)layer->setting.convolution.filters * kernel[0] * kernel[1];
            double count = (double)layer->weight_count;
            assert_true(fabs(squares / count * fan_out / 2 - 1) < 5 * sqrt(2 / count)); // 5 standard errors
        }
    }
    mem_free(weights);
    mem_free(figures);
    model_free(model);
}

// The first filters pass their channel on; the whitening filters are not among the trained weights.
static void starting_weights_of_the_fast_net(void **state) {
    (void)state;
    struct train_params params = params_of("fastnet");
    struct model *model = make(&params, image(3, 32, 32), 10);
    float *weights = mem_alloc(model->weight_count, sizeof *weights);
    float *figures = mem_alloc(model->state_count, sizeof *figures);
    model_initialize(model, 5, weights, figures);
    assert_string_equal(model->layers[0].name, "whiten1");
    assert_int_equal(model->layers[0].weight_count, 24);
    assert_int_equal(model->layers[0].state_count, 288);
    const struct layer *layer = &model->layers[2]; // 24 channels to 64 filters
    const float *filters = weights + layer->weight_offset;
    for (size_t i = 0; i < 64 * 24 * 9; i++) {
        size_t filter = i / (24 * 9), channel = i / 9 % 24, tap = i % 9;
        if (filter < 24) {
            assert_true(filters[i] == (channel == filter && tap == 4 ? 1 : 0));
        } else {
            assert_true(fabs((double)filters[i]) <= 1 / sqrt(24 * 9.0));
        }
    }
    mem_free(weights);
    mem_free(figures);
    model_free(model);
}

// Python: min(600, round(1.6 * n**0.56)), as fastai's emb_sz_rule.
static void embedding_widths(void **state) {
    (void)state;
    static const int64_t rule[][2] = {{1, 2}, {2, 2}, {10, 6}, {43, 13}, {101, 21}, {1000, 77}, {100000, 600}};
    for (size_t i = 0; i < sizeof rule / sizeof *rule; i++) {
        assert_int_equal(embedding_width(rule[i][0]), rule[i][1]);
    }
}

static void embeddings(void **state) {
    (void)state;
    static const uint32_t categories[] = {0, 0, 43, 10};
    static char first[] = "age", second[] = "hours", place[] = "a name of a column that has more than forty bytes, ääää",
                work[] = "work";
    char *names[] = {first, second, place, work}, text[96];
    struct train_params params = params_of("mlp_embedding");
    struct model_data data = {.sample = row(4), .outputs = 2, .categories = categories, .names = names};
    struct model *model = NULL;
    struct error error = {0};
    assert_int_equal(model_make(&params, data, &model, &error), STATUS_OK);
    assert_int_equal(model->count, 3 + 5);
    assert_int_equal(model->weight_count, 43 * 13 + 10 * 6 + 64 * (2 + 13 + 6 + 1) + 64 * 65 + 2 * 65);
    assert_string_equal(model->layers[0].kind->describe(&model->layers[0], text), "2 of 4 columns");
    assert_string_equal(model->layers[2].kind->describe(&model->layers[2], text), "work: 10 × 6");
    assert_string_equal(model->layers[1].kind->describe(&model->layers[1], text),
                        "a name of a column that has more than forty byt: 43 × 13");
    assert_int_equal(model_figures(model, 1).weights, 43 * 13);
    float *weights = mem_alloc(model->weight_count, sizeof *weights), state_figures[1];
    model_initialize(model, 5, weights, state_figures);
    double sum = 0, squares = 0;
    for (size_t i = 0; i < 43 * 13; i++) { // row 0 stands for what is not known
        assert_true(i >= 13 || weights[i] == 0);
        sum += (double)weights[i];
        squares += (double)weights[i] * (double)weights[i];
    }
    assert_true(fabs(sum / (42 * 13)) < 4 / sqrt(42 * 13.0)); // four standard errors of N(0, 1)
    assert_true(fabs(squares / (42 * 13) - 1) < 4 * sqrt(2 / (42 * 13.0)));
    mem_free(weights);
    model_free(model);
    params.embedding_width = 4;
    assert_int_equal(model_make(&params, data, &model, &error), STATUS_OK);
    assert_int_equal(model->layers[0].out.size[0], 2 + 4 + 4);
    model_free(model);
    model = NULL;
    snprintf(params.model, sizeof params.model, "mlp"); // an index is no quantity
    assert_int_equal(model_make(&params, data, &model, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "column \"work\" comes as an index"));
    params = params_of("mlp_embedding");
    assert_refused(&params, row(4), 2, "nothing to embed");
    assert_refused(&params, image(1, 8, 8), 2, "does not fit");
    assert_true(model_embeds(&params));
    params = params_of("mlp");
    assert_false(model_embeds(&params));
}

static void tables(void **state) {
    (void)state;
    assert_int_equal(layer_kind_count(), 13);
    assert_string_equal(layer_kind_at(0)->name, "dense");
    for (size_t i = 0; i < architecture_count(); i++) {
        struct error error = {0};
        struct train_params params = params_of("auto");
        // every architecture is a choice of the parameter, and the other way round
        assert_int_equal(params_set(&train_table, &params, "model", architecture_at(i)->name, &error), STATUS_OK);
    }
}

static void out_of_memory(void **state) {
    (void)state;
    struct train_params params = params_of("lenet5");
    unsigned long before = mem_calls();
    model_free(make(&params, image(1, 28, 28), 10));
    unsigned long calls = mem_calls() - before;
    for (unsigned long at = 1; at <= calls; at++) {
        struct model *model = NULL;
        struct error error = {0};
        mem_fail_at(at);
        enum status status = model_make(&params, (struct model_data){.sample = image(1, 28, 28), .outputs = 10}, &model, &error);
        mem_fail_at(0);
        assert_int_equal(status, STATUS_MEMORY);
        assert_null(model);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weight_counts),
        cmocka_unit_test(lenet5_shapes),
        cmocka_unit_test(embedding_widths),
        cmocka_unit_test(embeddings),
        cmocka_unit_test(batch_norm_stands_behind_every_hidden_layer),
        cmocka_unit_test(automatic_choice),
        cmocka_unit_test(dropout_and_activation_follow_the_parameters),
        cmocka_unit_test(refusals),
        cmocka_unit_test(layers_refuse_what_does_not_fit),
        cmocka_unit_test(starting_weights),
        cmocka_unit_test(figures),
        cmocka_unit_test(tables),
        cmocka_unit_test(out_of_memory),
        cmocka_unit_test(multiplications),
        cmocka_unit_test(starting_weights_of_resnets),
        cmocka_unit_test(starting_weights_of_the_fast_net),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
