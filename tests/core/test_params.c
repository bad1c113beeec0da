#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/str.h"
#include "core/params.h"
#include "tests/support/test.h"

static struct train_params defaults(void) {
    struct train_params params;
    params_defaults(&train_table, &params);
    return params;
}

// Every default parses, lies in its own range and reads back as itself.
static void test_every_row_is_complete(void **state) {
    (void)state;
    struct train_params params = defaults(), again = params;
    for (size_t i = 0; i < train_table.count; i++) {
        const struct param *row = &train_table.rows[i];
        char text[PARAM_TEXT_SIZE];
        struct error error = {0};
        assert_true(row->name && row->label && row->group && row->fallback && row->help);
        assert_true(strlen(row->help) <= 110);
        assert_ptr_equal(params_find(&train_table, row->name), row); // no name twice
        assert_int_equal(params_set(&train_table, &again, row->name, row->fallback, &error), STATUS_OK);
        params_get(row, &params, text);
        assert_int_equal(params_set(&train_table, &again, row->name, text, &error), STATUS_OK);
        assert_true(params_equal(row, &params, &again));
        assert_true(params_range_text(row, text)[0] != '\0');
        if (row->type == PARAM_INTEGER || row->type == PARAM_REAL)
            assert_true(row->low < row->high && (!row->log_scale || row->step > 1));
    }
    assert_memory_equal(&params, &again, sizeof params);
}

// No field of the struct is left without a row: the rows' fields cover it but for padding.
static void test_every_field_has_a_row(void **state) {
    (void)state;
    size_t covered = 0, fields = 0;
    for (size_t i = 0; i < train_table.count; i++) {
        enum param_type type = train_table.rows[i].type;
        covered += type == PARAM_INTEGER || type == PARAM_REAL ? 8 : type == PARAM_SWITCH ? 1 : PARAM_TEXT_SIZE;
        fields += train_table.rows[i].type == PARAM_SWITCH;
    }
    assert_true(covered <= train_table.struct_size);
    assert_true(train_table.struct_size - covered <= 7 * fields);
}

static void test_shipped_defaults(void **state) {
    (void)state;
    struct train_params params = defaults();
    assert_string_equal(params.recipe, "auto");
    assert_string_equal(params.hidden, "64,64");
    assert_true(params.validation == 0.2 && params.test == 0);
    assert_true(params.lr == 0.05 && params.momentum == 0.9 && params.weight_decay == 0.003);
    assert_true(params.batch == 32 && params.epochs == 20 && params.seed == 1);
}

static void test_setting(void **state) {
    (void)state;
    struct train_params params = defaults();
    struct error error;
    assert_int_equal(params_set(&train_table, &params, "lr", "0.001", &error), STATUS_OK);
    assert_true(params.lr == 0.001);
    assert_int_equal(params_set(&train_table, &params, "weight-decay", "5e-4", &error), STATUS_OK);
    assert_int_equal(params_set(&train_table, &params, "weight_decay", "5e-4", &error), STATUS_OK);
    assert_true(params.weight_decay == 5e-4);
    assert_int_equal(params_set(&train_table, &params, "batch", "128", &error), STATUS_OK);
    assert_int_equal(params.batch, 128);
    assert_int_equal(params_set(&train_table, &params, "nesterov", "on", &error), STATUS_OK);
    assert_true(params.nesterov);
    assert_int_equal(params_set(&train_table, &params, "model", "mlp", &error), STATUS_OK);
    assert_string_equal(params.model, "mlp");
    assert_int_equal(params_set(&train_table, &params, "target", "Überlebt", &error), STATUS_OK);
    assert_int_equal(params_set(&train_table, &params, "hidden", "8, 16,32", &error), STATUS_OK);
    int64_t widths[4];
    assert_int_equal(params_widths(params.hidden, widths, 4), 3);
    assert_true(widths[0] == 8 && widths[1] == 16 && widths[2] == 32);
    assert_int_equal(params_widths(params.hidden, widths, 2), 2);
}

static void test_refusals_name_text_and_range(void **state) {
    (void)state;
    static const struct {
        const char *name, *text, *sentence;
    } cases[] = {
        {"lr", "-1", "learning rate -1: must be greater than 0 and at most 100"},
        {"lr", "nan", "learning rate nan: must be greater than 0 and at most 100"},
        {"lr", "inf", "learning rate inf: must be greater than 0 and at most 100"},
        {"lr", "fast", "learning rate fast: is not a number; must be greater than 0 and at most 100"},
        {"momentum", "1", "momentum 1: must be at least 0 and less than 1"},
        {"batch", "0", "batch size 0: must be a whole number from 1 to 1000000 rows"},
        {"batch", "3.5", "batch size 3.5: must be a whole number from 1 to 1000000 rows"},
        {"batch", "", "batch size (empty): must be a whole number from 1 to 1000000 rows"},
        {"weight_decay", "11", "weight decay 11: must be from 0 to 10"},
        {"optimizer", "sdg", "optimizer sdg: must be one of sgd, adagrad, rmsprop, adam, adamw, muon"},
        {"device", "gpu", "device gpu: must be one of auto, cpu, cuda, ref"},
        {"model", "mlp|linear", "model mlp|linear: must be one of auto, linear, mlp, mlp_embedding, lenet5, vgg, resnet18, "
         "resnet18_imagenet, resnet20, fastnet"},
        {"nesterov", "maybe", "Nesterov maybe: must be yes or no"},
        {"hidden", "64,,64", "hidden widths 64,,64: must be whole numbers from 1 to 65536, separated by commas"},
        {"hidden", "64,0", "hidden widths 64,0: must be whole numbers from 1 to 65536, separated by commas"},
        {"hidden", "64,", "hidden widths 64,: must be whole numbers from 1 to 65536, separated by commas"},
        {"hidden", "", "hidden widths (empty): must be whole numbers from 1 to 65536, separated by commas"},
        {"target", "\xff", "target \xff: is not valid UTF-8; must be text of at most 255 bytes"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct train_params params = defaults(), before = params;
        struct error error = {0};
        assert_int_equal(params_set(&train_table, &params, cases[i].name, cases[i].text, &error), STATUS_INVALID);
        assert_string_equal(error.text, cases[i].sentence);
        assert_memory_equal(&params, &before, sizeof params);
    }
}

static void test_text_too_long(void **state) {
    (void)state;
    struct train_params params = defaults();
    struct error error;
    char text[PARAM_TEXT_SIZE + 1];
    memset(text, 'x', PARAM_TEXT_SIZE);
    text[PARAM_TEXT_SIZE] = '\0';
    assert_int_equal(params_set(&train_table, &params, "target", text, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "at most 255"));
    text[PARAM_TEXT_SIZE - 1] = '\0';
    assert_int_equal(params_set(&train_table, &params, "target", text, &error), STATUS_OK);
    assert_string_equal(params.target, text);
}

static void test_unknown_names(void **state) {
    (void)state;
    struct train_params params = defaults();
    struct error error;
    assert_int_equal(params_set(&train_table, &params, "momentun", "1", &error), STATUS_INVALID);
    assert_string_equal(error.text, "there is no parameter \"momentun\"; did you mean \"momentum\"?");
    assert_int_equal(params_set(&train_table, &params, "epoch", "1", &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "\"epochs\"?"));
    assert_int_equal(params_set(&train_table, &params, "weight-decai", "1", &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "\"weight_decay\"?"));
    assert_int_equal(params_set(&train_table, &params, "zzzzzzzz", "1", &error), STATUS_INVALID);
    assert_string_equal(error.text, "there is no parameter \"zzzzzzzz\"; --help lists them all");
    assert_null(params_find(&train_table, ""));
    assert_null(params_find(&train_table, "l"));
}

static const char *nudged(struct train_params *params, const char *name, int direction) {
    static char text[PARAM_TEXT_SIZE];
    struct error error = {0};
    params_nudge(params_find(&train_table, name), params, direction, text);
    assert_int_equal(params_set(&train_table, params, name, text, &error), STATUS_OK);
    return text;
}

static void assert_used(const struct train_params *params, const char *name, const char *sentence) {
    char why[PARAM_TEXT_SIZE] = "";
    bool used = params_used(&train_table, params_find(&train_table, name), params, why);
    assert_int_equal(used, sentence[0] == '\0');
    assert_string_equal(why, sentence);
}

static void test_parameters_belong_to_others(void **state) {
    (void)state;
    struct train_params params = defaults();
    assert_used(&params, "hidden", "");
    assert_used(&params, "width", "width is used with model vgg, resnet18, resnet18_imagenet, resnet20; it is auto");
    assert_used(&params, "embedding_from", "embed from is used with model mlp_embedding; it is auto");
    snprintf(params.model, sizeof params.model, "mlp_embedding");
    assert_used(&params, "embedding_from", "");
    snprintf(params.model, sizeof params.model, "vgg");
    assert_used(&params, "width", "");
    snprintf(params.model_file, sizeof params.model_file, "net.txt");
    static const char *const rows[][2] = {{"model", "model"},           {"width", "width"},
                                          {"hidden", "hidden widths"},  {"activation", "activation"},
                                          {"batch_norm", "batch norm"}, {"dropout", "dropout"},
                                          {"embedding_width", "embedding width"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char sentence[PARAM_TEXT_SIZE];
        snprintf(sentence, sizeof sentence, "%s is not used with a model file; it is net.txt", rows[i][1]);
        assert_used(&params, rows[i][0], sentence);
    }
    assert_used(&params, "embedding_from", ""); // a file may have them too
    assert_used(&params, "model_file", "");
    assert_used(&params, "batch", "");
}

static void test_nudging(void **state) {
    (void)state;
    struct train_params params = defaults();
    assert_string_equal(nudged(&params, "lr", 1), "0.1");
    assert_string_equal(nudged(&params, "lr", -1), "0.05");
    assert_string_equal(nudged(&params, "lr", -1), "0.025");
    assert_string_equal(nudged(&params, "momentum", 1), "0.95");
    assert_string_equal(nudged(&params, "momentum", 1), "0.95"); // 1 is outside
    assert_string_equal(nudged(&params, "weight_decay", -1), "0.0029");
    assert_string_equal(nudged(&params, "weight_decay", 1), "0.003");
    assert_string_equal(nudged(&params, "batch", 1), "64");
    assert_string_equal(nudged(&params, "epochs", 1), "25");
    assert_string_equal(nudged(&params, "flip", 1), "yes");
    assert_string_equal(nudged(&params, "flip", 1), "no");
    assert_string_equal(nudged(&params, "activation", 1), "tanh");
    assert_string_equal(nudged(&params, "activation", 1), "sigmoid");
    assert_string_equal(nudged(&params, "activation", 1), "gelu");
    assert_string_equal(nudged(&params, "activation", 1), "silu");
    assert_string_equal(nudged(&params, "activation", 1), "relu");
    assert_string_equal(nudged(&params, "activation", -1), "silu");
    assert_string_equal(nudged(&params, "optimizer", -1), "muon");
    assert_string_equal(nudged(&params, "hidden", 1), "64,64");
    params.batch = 1;
    assert_string_equal(nudged(&params, "batch", -1), "1");
    params.batch = 1000000;
    assert_string_equal(nudged(&params, "batch", 1), "1000000");
    params.lr = 80;
    assert_string_equal(nudged(&params, "lr", 1), "100");
}

// Whatever is pressed however often, the value stays in range and below one scale never sticks.
static void test_nudging_stays_in_range(void **state) {
    (void)state;
    for (size_t i = 0; i < train_table.count; i++) {
        for (int direction = -1; direction <= 1; direction += 2) {
            struct train_params params = defaults();
            for (int press = 0; press < 60; press++)
                nudged(&params, train_table.rows[i].name, direction);
        }
    }
}

// A table of another struct, as pipeline steps have: no limits, open ends, units.
struct step_values {
    double any, share;
    int64_t count, rows;
    char columns[PARAM_TEXT_SIZE];
};

static const struct param step_rows[] = {
    {.name = "any", .label = "any", .type = PARAM_REAL, .offset = offsetof(struct step_values, any), .fallback = "1"},
    {.name = "share",
     .label = "share",
     .type = PARAM_REAL,
     .offset = offsetof(struct step_values, share),
     .fallback = "0.5",
     .low = 0,
     .low_open = true,
     .high = 1,
     .high_open = true},
    {.name = "count",
     .label = "count",
     .type = PARAM_INTEGER,
     .offset = offsetof(struct step_values, count),
     .fallback = "-3"},
    {.name = "rows",
     .label = "rows",
     .type = PARAM_INTEGER,
     .offset = offsetof(struct step_values, rows),
     .fallback = "5",
     .low = 2,
     .high = INFINITY,
     .unit = "rows"},
    {.name = "columns",
     .label = "columns",
     .type = PARAM_COLUMNS,
     .offset = offsetof(struct step_values, columns),
     .fallback = ""},
};
static const struct param_table step_table = {step_rows, sizeof step_rows / sizeof step_rows[0],
                                              sizeof(struct step_values)};

static void test_other_tables(void **state) {
    (void)state;
    struct step_values values;
    struct error error;
    char text[PARAM_TEXT_SIZE];
    params_defaults(&step_table, &values);
    assert_true(values.any == 1 && values.share == 0.5 && values.count == -3 && values.rows == 5);
    assert_string_equal(params_range_text(&step_rows[0], text), "any number");
    assert_string_equal(params_range_text(&step_rows[1], text), "greater than 0 and less than 1");
    assert_string_equal(params_range_text(&step_rows[2], text), "a whole number");
    assert_string_equal(params_range_text(&step_rows[3], text), "a whole number at least 2 rows");
    assert_int_equal(params_set(&step_table, &values, "any", "-1e300", &error), STATUS_OK);
    assert_int_equal(params_set(&step_table, &values, "any", "nan", &error), STATUS_INVALID);
    assert_int_equal(params_set(&step_table, &values, "share", "0", &error), STATUS_INVALID);
    assert_int_equal(params_set(&step_table, &values, "count", "-9223372036854775808", &error), STATUS_OK);
    assert_string_equal(params_get(&step_rows[2], &values, text), "-9223372036854775808");
    assert_int_equal(params_set(&step_table, &values, "rows", "1", &error), STATUS_INVALID);
    assert_int_equal(params_set(&step_table, &values, "columns", "age,weight", &error), STATUS_OK);
    assert_string_equal(values.columns, "age,weight");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row_is_complete),
        cmocka_unit_test(test_every_field_has_a_row),
        cmocka_unit_test(test_shipped_defaults),
        cmocka_unit_test(test_setting),
        cmocka_unit_test(test_refusals_name_text_and_range),
        cmocka_unit_test(test_text_too_long),
        cmocka_unit_test(test_unknown_names),
        cmocka_unit_test(test_parameters_belong_to_others),
        cmocka_unit_test(test_nudging),
        cmocka_unit_test(test_nudging_stays_in_range),
        cmocka_unit_test(test_other_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
