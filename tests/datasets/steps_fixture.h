// Steps against other implementations: cases as the scripts in tests/fixtures write them. Every case: columns
// as read, which rows train, the steps as `--steps` takes them, and the columns expected afterwards, in order.
// A case may have "origins": the rows (as read) that are left, when steps drop some.
#ifndef TESTS_DATASETS_STEPS_FIXTURE_H
#define TESTS_DATASETS_STEPS_FIXTURE_H

#include "tests/support/test.h"

#include <stdio.h>

#include "core/base/file.h"
#include "tests/datasets/steps_support.h"

enum { FIXTURE_ROWS = 1024 };

static inline size_t array_size(const cJSON *array) {
    return (size_t)cJSON_GetArraySize(array);
}

static inline bool holds_words(const cJSON *values) {
    const cJSON *value;
    cJSON_ArrayForEach(value, values) {
        if (cJSON_IsString(value))
            return true;
    }
    return false;
}

static inline void add_column(struct dataset *dataset, const cJSON *column) {
    const char *name = cJSON_GetObjectItem(column, "name")->valuestring;
    const cJSON *values = cJSON_GetObjectItem(column, "values"), *value;
    double numbers[FIXTURE_ROWS];
    const char *words[FIXTURE_ROWS];
    size_t row = 0;
    assert_true(array_size(values) <= FIXTURE_ROWS);
    cJSON_ArrayForEach(value, values) {
        numbers[row] = cJSON_IsNull(value) ? NAN : value->valuedouble;
        words[row++] = cJSON_IsNull(value) ? NULL : value->valuestring;
    }
    if (holds_words(values))
        add_words(dataset, name, words);
    else
        add_numbers(dataset, name, numbers);
}

// Root mean square: what "relative" refers to, so that a value that happens to lie near 0 after an
// offset was taken away is not asked for more digits than the numbers had.
static inline double scale_of(const cJSON *values) {
    const cJSON *value;
    double largest = 0, sum = 0;
    cJSON_ArrayForEach(value, values) largest = fmax(largest, cJSON_IsNumber(value) ? fabs(value->valuedouble) : 0);
    cJSON_ArrayForEach(value, values) {
        double share = cJSON_IsNumber(value) && largest > 0 ? value->valuedouble / largest : 0;
        sum += share * share;
    }
    return largest * sqrt(sum / cJSON_GetArraySize(values));
}

static inline void check_cell(const struct column *column, size_t row, const cJSON *expected, double scale) {
    char room[64];
    if (cJSON_IsNull(expected)) {
        assert_true(column_is_missing(column, row));
        return;
    }
    assert_false(column_is_missing(column, row));
    if (cJSON_IsString(expected)) {
        assert_string_equal(column_text(column, row, room), expected->valuestring);
        return;
    }
    double want = expected->valuedouble, got = column_number(column, row);
    if (!(fabs(got - want) <= 1e-9 * fmax(fabs(want), scale)))
        fail_msg("row %zu of %s: %.17g, expected %.17g", row, column->name, got, want);
}

static inline void check_case(const cJSON *item) {
    struct error error = {0};
    const cJSON *columns = cJSON_GetObjectItem(item, "columns"), *expected = cJSON_GetObjectItem(item, "expected");
    const cJSON *train = cJSON_GetObjectItem(item, "train"), *column, *value;
    size_t rows = array_size(train);
    int training[FIXTURE_ROWS];
    struct dataset *dataset = dataset_of(rows);
    cJSON_ArrayForEach(column, columns) add_column(dataset, column);
    for (size_t row = 0; row < rows; row++)
        training[row] = cJSON_GetArrayItem(train, (int)row)->valueint;
    struct split split = split_of(rows, training);
    struct pipeline *pipeline = parse_steps(cJSON_GetObjectItem(item, "steps")->valuestring);
    struct prepared *prepared = NULL;
    if (pipeline_run(pipeline, dataset, &split, &prepared, NULL, &error) != STATUS_OK)
        fail_msg("%s", error.text);
    const struct table *table = last_stage(prepared);
    const cJSON *origins = cJSON_GetObjectItem(item, "origins");
    assert_int_equal(table->rows, origins == NULL ? rows : array_size(origins));
    for (size_t row = 0; row < table->rows && origins != NULL; row++)
        assert_int_equal(table_origin(table, row), cJSON_GetArrayItem(origins, (int)row)->valueint);
    assert_int_equal(table->column_count, array_size(expected));
    size_t index = 0;
    cJSON_ArrayForEach(column, expected) {
        size_t row = 0;
        double scale = scale_of(cJSON_GetObjectItem(column, "values"));
        assert_string_equal(table->columns[index]->name, cJSON_GetObjectItem(column, "name")->valuestring);
        cJSON_ArrayForEach(value, cJSON_GetObjectItem(column, "values"))
            check_cell(table->columns[index], row++, value, scale);
        index++;
    }
    prepared_free(prepared);
    pipeline_free(pipeline);
    split_free(&split);
    dataset_free(dataset);
}

static inline void check_fixture(const char *path, int least) {
    struct error error;
    char *text = NULL;
    size_t size;
    assert_int_equal(file_read(path, 0, &text, &size, &error), STATUS_OK);
    cJSON *cases = cJSON_Parse(text), *item;
    assert_true(cJSON_GetArraySize(cases) >= least);
    cJSON_ArrayForEach(item, cases) {
        print_message("  %s\n", cJSON_GetObjectItem(item, "name")->valuestring);
        check_case(item);
    }
    cJSON_Delete(cases);
    mem_free(text);
}

#endif
