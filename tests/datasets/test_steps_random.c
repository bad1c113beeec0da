// Steps on 300 random small tables against scikit-learn: tests/fixtures/steps_random.json, written by
// make_steps_random.py.
#include "tests/support/test.h"

#include "core/base/file.h"
#include "tests/datasets/random_tables.h"

static double word_number(const char *word) {
    double sum = 0;
    for (; *word != '\0'; word++)
        sum += (unsigned char)*word;
    return sum;
}

struct figures {
    double missing, sum, weighted, scale;
};

static struct figures figures_of(const struct column *column) {
    struct figures figures = {0};
    for (size_t row = 0; row < column->rows; row++) {
        if (column_is_missing(column, row)) {
            figures.missing++;
            continue;
        }
        double value = column_has_values(column) ? column_number(column, row)
                                                 : word_number(column->words[column_code(column, row)]);
        double weight = 1 + (double)((row * 7919 + 13) % 101) / 101;
        figures.sum += value;
        figures.weighted += value * weight;
        figures.scale += fabs(value) * weight;
    }
    return figures;
}

// Columns of the result but the target, in order. Of target encoding only rows that do not train are compared: those
// that do are cross-fitted.
static void check_columns(const char *what, const struct table *table, const cJSON *expected, double tolerance) {
    const cJSON *column;
    size_t index = 0;
    cJSON_ArrayForEach(column, expected) {
        index += (int)index == table->target;
        assert_in_range(index, 0, table->column_count - 1);
        struct figures got = figures_of(table->columns[index]);
        double missing = cJSON_GetArrayItem(column, 0)->valuedouble, sum = cJSON_GetArrayItem(column, 1)->valuedouble;
        double weighted = cJSON_GetArrayItem(column, 2)->valuedouble, most = tolerance * (got.scale + 1e-2);
        if (got.missing != missing || !(fabs(got.sum - sum) <= most) || !(fabs(got.weighted - weighted) <= most))
            fail_msg("%s, %s: %g missing, %.17g, %.17g; expected %g, %.17g, %.17g", what, table->columns[index]->name,
                     got.missing, got.sum, got.weighted, missing, sum, weighted);
        index++;
    }
    index += (int)index == table->target;
    assert_int_equal(index, table->column_count);
}

// Cells of training rows become missing.
static void hide_training(struct table *table, const char *name, const int *train) {
    struct error error;
    int index = table_find(table, name);
    struct column *copy = column_copy(table->columns[index], &error);
    for (size_t row = 0; row < table->rows; row++)
        if (train[row])
            assert_int_equal(column_set_missing(copy, row, &error), STATUS_OK);
    table_replace(table, (size_t)index, copy);
}

static void check_result(uint64_t seed, const char *steps, const cJSON *expected) {
    struct error error = {0};
    int train[RANDOM_ROWS_MOST];
    char what[256];
    struct dataset *dataset = random_table(seed, train);
    struct split split = split_of(dataset->table->rows, train);
    struct pipeline *pipeline = parse_steps(steps);
    struct prepared *prepared = NULL;
    snprintf(what, sizeof what, "table %llu, %s", (unsigned long long)seed, steps);
    enum status status = pipeline_run(pipeline, dataset, &split, &prepared, NULL, &error);
    if (cJSON_IsNull(expected)) {
        assert_int_equal(status, STATUS_NUMERIC);
        assert_non_null(strstr(error.text, "column \"n0\" is infinite"));
    } else if (status != STATUS_OK) {
        fail_msg("%s: %s", what, error.text);
    } else {
        struct table *table = NULL;
        assert_int_equal(table_share(last_stage(prepared), &table, &error), STATUS_OK);
        if (strncmp(steps, "target", 6) == 0) {
            hide_training(table, "w0", train);
            hide_training(table, "w1", train);
        }
        // Two searches for the same maximum agree on it to half the digits.
        check_columns(what, table, expected, strncmp(steps, "yeo", 3) == 0 ? 2e-6 : 1e-9);
        table_free(table);
    }
    prepared_free(prepared);
    pipeline_free(pipeline);
    split_free(&split);
    dataset_free(dataset);
}

static void check_all(size_t least) {
    struct error error;
    char *text = NULL;
    size_t size, refused = 0;
    assert_int_equal(file_read("tests/fixtures/steps_random.json", 0, &text, &size, &error), STATUS_OK);
    cJSON *fixture = cJSON_Parse(text), *result;
    const cJSON *steps = cJSON_GetObjectItem(fixture, "steps"), *results = cJSON_GetObjectItem(fixture, "results");
    assert_true((size_t)cJSON_GetArraySize(results) >= least);
    cJSON_ArrayForEach(result, results) {
        const cJSON *expected = cJSON_GetArrayItem(result, 2);
        refused += cJSON_IsNull(expected) ? 1 : 0;
        check_result((uint64_t)cJSON_GetArrayItem(result, 0)->valuedouble,
                     cJSON_GetArrayItem(steps, cJSON_GetArrayItem(result, 1)->valueint)->valuestring, expected);
    }
    assert_true(refused > 20);
    cJSON_Delete(fixture);
    mem_free(text);
}

static void in_memory(void **state) {
    (void)state;
    check_all(4000);
}

// The same with every column that is made put into the file of the cache.
static void in_a_file(void **state) {
    (void)state;
    cells_set_memory(1);
    check_all(4000);
    cells_set_memory(0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(in_memory), cmocka_unit_test(in_a_file)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
