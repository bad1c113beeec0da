// Tables made on the spot for tests of pipelines, splits and sources. Everything aborts when memory
// runs out; dataset_free ends what is made.
#ifndef TESTS_DATASETS_STEPS_SUPPORT_H
#define TESTS_DATASETS_STEPS_SUPPORT_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "datasets/pipeline.h"
#include "tests/support/test.h"

// cmocka's assert_float_equal compares as floats.
#define assert_near(a, b, distance) assert_true(fabs((double)(a) - (double)(b)) <= (distance))

// An empty table of a dataset: rows begin at line 2, as after a header.
static inline struct dataset *dataset_of(size_t rows) {
    struct error error;
    struct dataset *dataset = mem_alloc(1, sizeof *dataset);
    if (dataset == NULL || table_make(rows, "made.csv", &dataset->table, &error) != STATUS_OK)
        abort();
    dataset->kind = DATASET_TABLE;
    dataset->name = mem_string("made.csv");
    if (table_set_line(dataset->table, 0, 2, &error) != STATUS_OK)
        abort();
    return dataset;
}

// NaN = missing.
static inline struct column *add_numbers(struct dataset *dataset, const char *name, const double *values) {
    struct error error;
    struct column *column = column_make(name, COLUMN_NUMERIC, dataset->table->rows, &error);
    if (column == NULL)
        abort();
    column->integer = true;
    for (size_t row = 0; row < column->rows; row++) {
        column->values[row] = values[row];
        column->integer = column->integer && (isnan(values[row]) || trunc(values[row]) == values[row]);
        if (isnan(values[row]) && column_set_missing(column, row, &error) != STATUS_OK)
            abort();
    }
    if (table_add(dataset->table, column, &error) != STATUS_OK)
        abort();
    return column;
}

// NULL = missing.
static inline struct column *add_words(struct dataset *dataset, const char *name, const char *const *words) {
    struct error error;
    struct column *column = column_make(name, COLUMN_CATEGORY, dataset->table->rows, &error);
    for (size_t row = 0; column != NULL && row < column->rows; row++) {
        enum status status = words[row] == NULL
                                 ? column_set_missing(column, row, &error)
                                 : column_word(column, words[row], strlen(words[row]), &column->codes[row], &error);
        if (status != STATUS_OK)
            abort();
    }
    if (column == NULL)
        abort();
    column_seal(column);
    if (table_add(dataset->table, column, &error) != STATUS_OK)
        abort();
    return column;
}

// 1 = training, 0 = validation; NULL = all train.
static inline struct split split_of(size_t rows, const int *train) {
    struct split split = {.part = mem_alloc(rows, 1), .rows = rows};
    if (split.part == NULL)
        abort();
    for (size_t row = 0; row < rows; row++)
        split.part[row] = train == NULL || train[row] ? PART_TRAIN : PART_VALIDATION;
    return split;
}

static inline struct pipeline *parse_steps(const char *text) {
    struct error error;
    struct pipeline *pipeline = NULL;
    if (pipeline_parse(text, &pipeline, &error) != STATUS_OK) {
        fprintf(stderr, "%s\n", error.text);
        abort();
    }
    return pipeline;
}

static inline struct prepared *run_pipeline(struct pipeline *pipeline, struct dataset *dataset,
                                            const struct split *split) {
    struct error error = {0};
    struct prepared *prepared = NULL;
    if (pipeline_run(pipeline, dataset, split, &prepared, NULL, &error) != STATUS_OK)
        fail_msg("%s", error.text);
    return prepared;
}

// Fitting these steps fails with that sentence; all rows train.
static inline void steps_refused(const char *steps, struct dataset *dataset, const char *sentence) {
    struct error error = {0};
    struct prepared *prepared = NULL;
    struct split split = split_of(dataset_rows(dataset), NULL);
    struct pipeline *pipeline = parse_steps(steps);
    assert_int_not_equal(pipeline_run(pipeline, dataset, &split, &prepared, NULL, &error), STATUS_OK);
    if (strstr(error.text, sentence) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", sentence, error.text);
    pipeline_free(pipeline);
    split_free(&split);
}

static inline const struct table *last_stage(const struct prepared *prepared) {
    return prepared->stages[prepared->stage_count - 1];
}

static inline const struct column *column_named(const struct table *table, const char *name) {
    int index = table_find(table, name);
    return index < 0 ? NULL : table->columns[index];
}

#endif
