// Models written as text: what is built, and where mistakes are found.
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/nn/model_file.h"
#include "tests/support/scratch.h"

static struct model *empty(void) {
    struct model *model = mem_alloc(1, sizeof *model);
    model->sample = shape_make(3, (int64_t[]){3, 32, 32});
    model->outputs = 10;
    return model;
}

static struct model *parse(const char *text) {
    struct model *model = empty();
    struct error error = {0};
    if (model_parse(model, "net.txt", text, &error)) {
        fail_msg("%s", error.text);
    }
    return model;
}

static const char resnet8[] = "# a small residual net\n"
                              "conv 8 3x3 padding 1 no-bias start he\n"
                              "batch_norm\r\n"
                              "\n"
                              "relu\n"
                              "residual   # shapes stay\n"
                              "  conv 8 3x3 padding 1 no-bias start he\n"
                              "  batch_norm\n"
                              "  relu\n"
                              "  conv 8 3 padding 1x1 no-bias start he\n"
                              "  batch_norm\n"
                              "end\n"
                              "relu\n"
                              "residual\n"
                              "  conv 16 3 stride 2 padding 1 no-bias\n"
                              "  batch_norm epsilon 0.001 momentum 0.2 fixed-scale\n"
                              "shortcut\n"
                              "  conv 16 1 stride 2 no-bias\n"
                              "end\n"
                              "gelu\n"
                              "global_average_pool\n"
                              "dense outputs";

// By hand: 3·8·9 + 16, twice 8·8·9 + 16, 8·16·9 + 16, 8·16, 16·10 + 10.
static void residual_blocks(void **state) {
    (void)state;
    struct model *model = parse(resnet8);
    const char *names[] = {"conv1", "batch_norm1", "relu1", "conv2",        "batch_norm2", "relu2",
                           "conv3", "batch_norm3", "add1",  "relu3",        "conv4",       "batch_norm4",
                           "conv5", "add2",        "gelu1", "global_pool1", "dense1"};
    assert_int_equal(model->count, sizeof names / sizeof *names);
    for (size_t i = 0; i < model->count; i++) {
        assert_string_equal(model->layers[i].name, names[i]);
    }
    assert_int_equal(model->layers[8].input, 7);
    assert_int_equal(model->layers[8].other, 2);
    assert_int_equal(model->layers[12].input, 9);
    assert_int_equal(model->layers[13].input, 11);
    assert_int_equal(model->layers[13].other, 12);
    assert_true(model->layers[11].setting.batch_norm.epsilon == 0.001);
    assert_true(model->layers[11].setting.batch_norm.momentum == 0.2);
    assert_int_equal(model->weight_count, 232 + 2 * 592 + 1168 + 128 + 170);
    assert_int_equal(model->state_count, 2 * (8 + 8 + 8 + 16));
    model_free(model);
}

static void every_layer(void **state) {
    (void)state;
    struct model *model =
        parse("conv 6 3x5 stride 1x2 padding 1x2 groups 3\ntanh\nmax_pool 2\naverage_pool 3x2 stride 2 "
              "padding 1\nlayer_norm\nsigmoid\nsilu\ndropout 0.25\nscale -0.5\nconv 4 1 start dirac\n"
              "global_max_pool\ndense 7 no-bias\ndense 10\n");
    char text[64];
    const char *shapes[] = {"6×32×16", "6×32×16", "6×16×8", "6×8×5", "6×8×5", "6×8×5", "6×8×5",
                            "6×8×5",   "6×8×5",   "4×8×5",  "4",     "7",     "10"};
    assert_int_equal(model->count, sizeof shapes / sizeof *shapes);
    for (size_t i = 0; i < model->count; i++) {
        assert_string_equal(shape_text(model->layers[i].out, text), shapes[i]);
    }
    assert_false(model->layers[11].setting.dense.bias);
    model_free(model);
}

static void mistakes(void **state) {
    (void)state;
    static const struct {
        const char *text, *sentence;
    } cases[] = {
        {"", "net.txt: there is no layer in it"},
        {"flatten\ndense 9", "net.txt: the last layer gives 9 where the data need 10"},
        {"conv 10 3", "net.txt: the last layer gives 10×30×30 where the data need 10"},
        {"\n  cnov 3 3", "net.txt line 2, column 3: there is no layer cnov; did you mean \"conv\"?"},
        {"transformer", "net.txt line 1, column 1: there is no layer transformer; there are conv, dense"},
        {"conv", "net.txt line 1, column 5: the number of filters is missing"},
        {"conv 0 3", "net.txt line 1, column 6: the number of filters 0: a whole number from 1 on"},
        {"conv 4", "net.txt line 1, column 7: the filter's size is missing"},
        {"conv 4 3x", "net.txt line 1, column 8: the filter's size 3x"},
        {"conv 4 3x0", "column 8: the filter's size 3x0: a size such as 3 or 3x5, from 1 to 65536"},
        {"conv 4 3 pad 1", "column 10: pad is not a setting of this layer; stride, padding, groups"},
        {"conv 4 3 start zero", "column 16: start zero: he or dirac"},
        {"conv 4 3 stride", "column 16: the stride is missing"},
        {"conv 4 99", "net.txt line 1: conv1: a 99×99 window does not fit on a 32×32 map"},
        {"conv 4 3 groups 2", "net.txt line 1: conv1: 2 groups must divide"},
        {"dense 10", "net.txt line 1: dense1: a dense layer reads flat rows"},
        {"flatten\ndense many", "line 2, column 7: many: a whole number from 1 on, or the word outputs"},
        {"relu 3", "column 6: 3: nothing more was expected"},
        {"dropout x", "column 9: the share dropped x: a number is needed"},
        {"dropout 1", "line 1: dropout1: dropout 1; at least 0 and below 1"},
        {"scale 0", "line 1: scale1: factor 0"},
        {"batch_norm epsilon -1", "line 1: batch_norm1: epsilon -1"},
        {"end", "column 1: end closes no block"},
        {"embedding 7", "column 11: 7 is not a setting of this layer; width is"},
        {"embedding width", "column 16: the width is missing"},
        {"embedding width 3 4", "column 19: 4: nothing more was expected"},
        {"flatten\nembedding", "line 2, column 1: embedding has to be the first layer"},
        {"embedding", "line 1: no column of the data comes as an index"},
        {"shortcut", "column 1: shortcut belongs once"},
        {"residual\nconv 3 3 padding 1\nshortcut\nconv 3 1\nshortcut", "line 5, column 1: shortcut belongs once"},
        {"\nresidual\nrelu", "line 2, column 1: the block that begins here has no end"},
        {"residual\nend", "the block that begins on line 1 is empty"},
        {"residual\nconv 4 3\nend", "line 3: add1: 4×30×30 and 3×32×32 cannot be added"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct model *model = empty();
        struct error error = {0};
        assert_int_equal(model_parse(model, "net.txt", cases[i].text, &error), STATUS_INVALID);
        if (strstr(error.text, cases[i].sentence) == NULL) {
            fail_msg("\"%s\" does not say \"%s\"", error.text, cases[i].sentence);
        }
        model_free(model);
    }
}

static void deep_blocks_and_long_lines(void **state) {
    (void)state;
    char text[2048] = "";
    struct error error = {0};
    struct model *model = empty();
    for (int i = 0; i < 17; i++) {
        strcat(text, "residual\n");
    }
    assert_int_equal(model_parse(model, "net.txt", text, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "line 17, column"));
    memset(text, 'a', 600);
    text[600] = '\0';
    error = (struct error){0};
    assert_int_equal(model_parse(model, "net.txt", text, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "longer than 511 bytes"));
    model_free(model);
}

// Whatever half of a file there is: a model or a sentence.
static void every_beginning(void **state) {
    (void)state;
    char text[sizeof resnet8];
    for (size_t length = 0; length <= strlen(resnet8); length++) {
        struct model *model = empty();
        struct error error = {0};
        memcpy(text, resnet8, length);
        text[length] = '\0';
        enum status status = model_parse(model, "net.txt", text, &error);
        assert_int_equal(status, length == strlen(resnet8) ? STATUS_OK : STATUS_INVALID);
        assert_true(status == STATUS_OK || error.text[0] != '\0');
        model_free(model);
    }
}

static void from_a_file(void **state) {
    (void)state;
    struct train_params params;
    struct error error = {0};
    struct model *model = NULL;
    struct model_data data = {.sample = shape_make(3, (int64_t[]){3, 32, 32}), .outputs = 10};
    params_defaults(&train_table, &params);
    snprintf(params.model_file, sizeof params.model_file, "/nonexistent/net.txt");
    assert_int_not_equal(model_make(&params, data, &model, &error), STATUS_OK);
    assert_non_null(strstr(error.text, "/nonexistent/net.txt"));
    snprintf(params.model_file, sizeof params.model_file, "%s", scratch_file("small.txt", resnet8, strlen(resnet8)));
    error = (struct error){0};
    assert_int_equal(model_make(&params, data, &model, &error), STATUS_OK);
    assert_string_equal(model->name, "small.txt");
    assert_int_equal(model->count, 17);
    model_free(model);
}

static void out_of_memory(void **state) {
    (void)state;
    unsigned long before = mem_calls();
    model_free(parse(resnet8));
    unsigned long calls = mem_calls() - before;
    for (unsigned long at = 1; at < calls; at++) {
        struct model *model = empty();
        struct error error = {0};
        mem_fail_at(at);
        assert_int_equal(model_parse(model, "net.txt", resnet8, &error), STATUS_MEMORY);
        mem_fail_at(0);
        model_free(model);
    }
}

static void embeddings(void **state) {
    (void)state;
    static const char net[] = " # tables\n embedding width 3\ndense 5\nrelu\ndense outputs\n";
    static const uint32_t categories[] = {0, 4, 9};
    struct train_params params;
    struct error error = {0};
    struct model *model = NULL;
    struct model_data data = {.sample = shape_make(1, (int64_t[]){3}), .outputs = 2, .categories = categories};
    params_defaults(&train_table, &params);
    snprintf(params.model_file, sizeof params.model_file, "%s", scratch_file("tables.txt", net, strlen(net)));
    assert_true(model_embeds(&params));
    assert_int_equal(model_make(&params, data, &model, &error), STATUS_OK);
    assert_int_equal(model->weight_count, 4 * 3 + 9 * 3 + 5 * 8 + 2 * 6);
    assert_string_equal(model->layers[2].name, "embedding2");
    model_free(model);
    static const char plain[] = "dense 5 # embedding\nembeddings\n#embedding\ndense outputs\n";
    snprintf(params.model_file, sizeof params.model_file, "%s", scratch_file("plain.txt", plain, strlen(plain)));
    assert_false(model_embeds(&params));
    snprintf(params.model_file, sizeof params.model_file, "/nonexistent/net.txt");
    assert_false(model_embeds(&params));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(residual_blocks), cmocka_unit_test(every_layer),
        cmocka_unit_test(mistakes),        cmocka_unit_test(deep_blocks_and_long_lines),
        cmocka_unit_test(every_beginning), cmocka_unit_test(from_a_file),
        cmocka_unit_test(embeddings),      cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
