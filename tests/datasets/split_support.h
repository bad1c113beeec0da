// Tables for tests of splits, whose cells lie in memory or in the cache's file (cells_set_memory), and splits
// of them. Everything aborts or fails the test on an error.
#ifndef TESTS_DATASETS_SPLIT_SUPPORT_H
#define TESTS_DATASETS_SPLIT_SUPPORT_H

#include "tests/support/test.h"

#include "tests/datasets/steps_support.h"

static inline void finish_column(struct dataset *dataset, struct column_maker *maker) {
    struct error error;
    struct column *column = NULL;
    if (column_maker_finish(maker, &column, &error) != STATUS_OK ||
        table_add(dataset->table, column, &error) != STATUS_OK)
        abort();
    column_maker_close(maker);
}

// NaN = missing.
static inline void make_numbers(struct dataset *dataset, const char *name, enum column_type type,
                                const double *values) {
    struct error error;
    struct column_maker maker;
    if (column_maker_open(&maker, name, type, &error) != STATUS_OK)
        abort();
    for (size_t row = 0; row < dataset->table->rows; row++) {
        uint64_t missing = isnan(values[row]) ? 1u : 0u;
        double value = missing ? 0 : values[row];
        if (column_maker_add(&maker, &value, NULL, &missing, 1, &error) != STATUS_OK)
            abort();
    }
    maker.column->integer = false;
    finish_column(dataset, &maker);
}

// "PREFIXnumber" for every number; below 0 = missing.
static inline void make_words(struct dataset *dataset, const char *name, const char *prefix, const int *numbers) {
    struct error error;
    struct column_maker maker;
    char word[32];
    if (column_maker_open(&maker, name, COLUMN_CATEGORY, &error) != STATUS_OK)
        abort();
    for (size_t row = 0; row < dataset->table->rows; row++) {
        uint64_t missing = numbers[row] < 0;
        uint32_t code = 0;
        snprintf(word, sizeof word, "%s%d", prefix, numbers[row]);
        if (!missing && column_word(maker.column, word, strlen(word), &code, &error) != STATUS_OK)
            abort();
        if (column_maker_add(&maker, NULL, &code, &missing, 1, &error) != STATUS_OK)
            abort();
    }
    finish_column(dataset, &maker);
}

static inline struct split split_with(const struct dataset *dataset, struct split_settings settings) {
    struct error error = {0};
    struct split split = {0};
    if (split_make(dataset, &settings, &split, NULL, &error) != STATUS_OK)
        fail_msg("%s: %s", settings.kind, error.text);
    assert_int_equal(split.rows, dataset_rows(dataset));
    for (size_t row = 0; row < split.rows; row++)
        assert_true(split.part[row] < PART_COUNT);
    return split;
}

static inline void split_refused(const struct dataset *dataset, struct split_settings settings, const char *sentence) {
    struct error error = {0};
    struct split split = {0};
    if (split_make(dataset, &settings, &split, NULL, &error) == STATUS_OK)
        fail_msg("%s is not refused", settings.kind);
    if (strstr(error.text, sentence) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", sentence, error.text);
    assert_null(split.part);
    assert_null(split.left_out);
}

static inline size_t part_rows(const struct split *split, enum part part) {
    size_t count = 0;
    for (size_t row = 0; row < split->rows; row++)
        count += split->part[row] == part;
    return count;
}

#endif
